/**
 * Distinct wrong texts on one clue from one address within a minute, over all
 * teams: a player who makes a team for every few guesses still has one address.
 *
 * A text is reserved before it is judged, and given back unless it was wrong:
 * so right answers do not count, and guesses sent at the same time cannot pass
 * together. Texts that many players get wrong count once. One that the team gave
 * before (`repeated`) tells nobody anything new, and is given back as well.
 *
 * The counting is this isolate's (or this shard's, for sockets) and bounded; beyond
 * a tenth of the rate the platform's counter is told as well, which adds up the
 * isolates of a place, roughly.
 */
import { placeShare } from "../config.ts";
import { sha256 } from "../hmac.ts";
import type { Command, Result } from "../protocol.ts";

/** Length of a window, which begins with its first text, ms. */
const MINUTE = 60_000;

/** Wrong texts remembered in all: about 10 MB. The oldest window goes first. */
const TEXTS_MAX = 100_000;

/** Share of the rate from which the platform counts as well: calls of honest players cost nothing. */
const TOLD_FROM = 0.1;

/** How long an answer waits while as many others from its address are being judged as may be wrong, ms. */
const CROWD_WAIT = 1_000;

/** Codes tell no clue: unknown ones count together. No clue's id has a space. */
const CODES = "a code";

interface Window {
  /** Epoch ms. */
  until: number;
  wrong: Set<string>;
  /** Being judged, and by how many commands. */
  asked: Map<string, number>;
  /** The platform's counter says that it is enough. */
  over: boolean;
}

/** Texts of one request that are being judged: by the place of their command. */
export interface Reserved {
  network: string;
  entries: { index: number; key: string; window: Window; text: string }[];
}

export class WrongTexts {
  readonly #limit: number;
  readonly #tell: (key: string) => Promise<boolean>;
  readonly #windows = new Map<string, Window>();
  #texts = 0;

  /** `tell` counts one more wrong text under a key in the platform's counter; false: too many. */
  constructor(limit: number, tell: (key: string) => Promise<boolean>) {
    this.#limit = limit;
    this.#tell = tell;
  }

  /** Wrong texts remembered. */
  get size(): number {
    return this.#texts;
  }

  /**
   * Marks the commands that come too fast from `network` (`heldUntil`), and
   * reserves the texts of the others; the caller must `settle` them.
   */
  reserve(hunt: string, network: string, commands: readonly Command[], now: number): Reserved {
    const reserved: Reserved = { network, entries: [] };
    this.#forget(now);
    for (const [index, command] of commands.entries()) {
      if (command.type !== "answer" && command.type !== "scan") continue;
      const clue = command.type === "answer" ? command.clue : CODES;
      const key = `${hunt}\n${clue}\n${network}`;
      const window = this.#running(key, now) ?? this.#open(key, now);
      const text = textOf(command);
      const known = window.wrong.has(text);
      const asked = window.asked.get(text) ?? 0;
      if (window.over || window.wrong.size >= this.#limit) {
        command.heldUntil = window.until;
      } else if (!known && asked === 0 && window.wrong.size + window.asked.size >= this.#limit) {
        command.heldUntil = Math.min(window.until, now + CROWD_WAIT);
      } else if (!known) {
        window.asked.set(text, asked + 1);
        reserved.entries.push({ index, key, window, text });
      }
    }
    return reserved;
  }

  /**
   * Books the texts that were wrong, and gives the others back. `results`: those
   * of the commands; undefined: nothing was judged. Resolves when the platform
   * was told; never throws.
   */
  async settle({ entries }: Reserved, results: readonly Result[] | undefined): Promise<void> {
    const told: Promise<void>[] = [];
    for (const { index, key, window, text } of entries) {
      const { outcome, repeated } = results?.[index] ?? {};
      if (repeated || (outcome !== "incorrect" && outcome !== "unknown_code")) {
        this.#giveBack(key, window, text);
        continue;
      }
      window.asked.delete(text);
      if (window.wrong.has(text)) continue;
      window.wrong.add(text);
      if (this.#windows.get(key) === window) this.#texts += 1;
      const counted = window.wrong.size > this.#limit * TOLD_FROM;
      if (counted && window.wrong.size % placeShare(this.#limit) === 0) told.push(this.#count(key, window));
    }
    this.#makeRoom();
    await Promise.all(told);
  }

  async #count(key: string, window: Window): Promise<void> {
    try {
      if (!(await this.#tell(key))) window.over = true;
    } catch (error) {
      console.warn({ message: "wrong answers could not be counted", error: String(error) });
    }
  }

  #open(key: string, now: number): Window {
    const window: Window = { until: now + MINUTE, wrong: new Set(), asked: new Map(), over: false };
    this.#windows.set(key, window);
    return window;
  }

  #giveBack(key: string, window: Window, text: string): void {
    const asked = window.asked.get(text) ?? 0;
    if (asked > 1) window.asked.set(text, asked - 1);
    else window.asked.delete(text);
    // One without wrong texts holds nothing.
    const empty = window.wrong.size === 0 && window.asked.size === 0 && !window.over;
    if (empty && this.#windows.get(key) === window) this.#windows.delete(key);
  }

  /** The window of a key, unless it is over. */
  #running(key: string, now: number): Window | undefined {
    const window = this.#windows.get(key);
    if (!window || isRunning(window, now)) return window;
    this.#drop(key, window);
    return undefined;
  }

  /** Forgets windows that are over: the oldest stand first. */
  #forget(now: number): void {
    for (const [key, window] of this.#windows) {
      if (isRunning(window, now)) return;
      this.#drop(key, window);
    }
  }

  #makeRoom(): void {
    for (const [key, window] of this.#windows) {
      if (this.#texts <= TEXTS_MAX) return;
      this.#drop(key, window);
    }
  }

  #drop(key: string, window: Window): void {
    this.#texts -= window.wrong.size;
    this.#windows.delete(key);
  }
}

/** One far ahead was opened while the clock was wrong. */
const isRunning = ({ until }: Window, now: number): boolean => until > now && until <= now + MINUTE;

/** A text that is longer is remembered by its digest, characters. */
const AS_IT_IS = 64;

/** What stands for the text: over sockets an answer has not been digested yet. */
function textOf(command: Command & { type: "answer" | "scan" }): string {
  if (command.type === "scan") return command.codeDigest;
  const digests = Object.values(command.digests).join();
  if (digests !== "") return digests;
  const { answer } = command;
  return answer.length <= AS_IT_IS ? answer : Buffer.from(sha256(answer)).toString("base64url");
}
