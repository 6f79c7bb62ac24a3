/**
 * Tells everyone of the hunt's state: shards, vault, leaderboard, KV. An
 * organiser's call ends when its change is in force everywhere. When one of
 * them cannot be told, the call is refused and the alarm repeats the fan-out.
 */
import type { Alarm } from "../alarm.ts";
import { publicKey } from "../cache/entry.ts";
import { signedText } from "../cache/signed.ts";
import { type Clock, within } from "../clock.ts";
import { type Refusal, refuse } from "../errors.ts";
import {
  calling,
  directoryStub,
  leaderboardStub,
  outboxStub,
  shardStub,
  vaultStub,
} from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import type { ControlReason } from "./alarm-reasons.ts";
import { boardConfigOf, publicEntryOf, shardConfigOf, vaultConfigOf, webhookConfigOf } from "./configs.ts";
import type { Published } from "./publish.ts";
import type { StateStore } from "./state.ts";

/** Shards told at the same time. */
const WIDTH = 32;

/** Attempts per shard within one fan-out, each with a fresh stub. */
const ATTEMPTS = 3;

/** How long one object may take to be told, ms. */
const DEADLINE = 10_000;

/** When an incomplete fan-out is repeated, ms. */
const RETRY_DELAY = 2_000;

interface FanOutDeps {
  hunt: string;
  env: Pick<Env, "SHARD" | "LEADERBOARD" | "PRIZES" | "DIRECTORY" | "WEBHOOKS" | "CACHE" | "ANSWER_PEPPERS">;
  /** The hunt's, and the engine's, by which entries of KV are dated. */
  clock: Clock;
  engineClock: Pick<Clock, "now">;
  state: StateStore;
  published(): Published | undefined;
  /** The seed of the prize draws. */
  seed(): string;
  alarm: Pick<Alarm<ControlReason>, "set">;
}

export class FanOut {
  readonly #deps: FanOutDeps;

  constructor(deps: FanOutDeps) {
    this.#deps = deps;
  }

  /**
   * Sets the alarm. Before anybody is told: a crash in the middle must not
   * leave some on the old state.
   */
  arm(): void {
    this.#deps.alarm.set("fan-out", this.#deps.clock.now() + RETRY_DELAY);
  }

  /** Tells everyone the present state; refuses when that is incomplete, and then the caller may repeat it. */
  async tellEveryone(): Promise<Refusal | undefined> {
    const { state } = this.#deps;
    const revision = state.current?.revision;
    const { shards } = state;
    // First: a prize that a shard is told of must be known to the vault.
    const vault = await this.#tellVault();
    const failed: string[] = [];
    for (let from = 0; from < shards.length; from += WIDTH) {
      const group = shards.slice(from, from + WIDTH);
      const told = await Promise.all(group.map((shard) => this.#tellShard(shard)));
      failed.push(...group.filter((_, index) => !told[index]));
    }
    const board = await this.#tellLeaderboard();
    // Behind the leaderboard, which they ask. They hold up nobody's change: the alarm tells them later.
    const webhooks = await this.#tellWebhooks();
    await this.#writeEntry();
    const missing = [
      ...(vault ? [] : ["the prize vault"]),
      ...(failed.length === 0 ? [] : [`${failed.length} of ${shards.length} shards`]),
      ...(board ? [] : ["the leaderboard"]),
    ];
    if (missing.length === 0) {
      if (!webhooks) this.arm();
      else if (state.current?.revision === revision) state.note({ told: true });
      return undefined;
    }
    this.arm();
    return refuse("unavailable", `${missing.join(" and ")} could not be told yet; repeat the request`);
  }

  /**
   * The alarm's work: repeats an incomplete fan-out. After a complete one it
   * writes the entry once more: when two writes to KV overlap, the older one may
   * come last.
   */
  async repeat(): Promise<void> {
    const { state, env, hunt } = this.#deps;
    if (!state.current || state.current.told) {
      await this.#writeEntry();
      return;
    }
    try {
      await directoryStub(env).add(hunt);
      await this.tellEveryone();
    } catch (error) {
      console.warn({ message: "fan-out failed, the alarm repeats it", error: String(error) });
      this.arm();
    }
  }

  async #tellShard(shard: string): Promise<boolean> {
    const { env, hunt } = this.#deps;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const told = await this.#told("a shard", { shard, attempt }, async ({ state, compiled }) => {
        const stub = shardStub(env, hunt, shard);
        const { missing } = await stub.configure(shardConfigOf(state, compiled, false));
        if (missing) await stub.configure(shardConfigOf(state, compiled, true));
      });
      if (told) return true;
    }
    return false;
  }

  #tellVault(): Promise<boolean> {
    const { env, hunt, seed } = this.#deps;
    return this.#told("the prize vault", {}, async ({ state, compiled }) => {
      if (compiled.hunt.prizes.length === 0) return;
      await vaultStub(env, hunt).configure(vaultConfigOf(state, compiled, seed()));
    });
  }

  #tellLeaderboard(): Promise<boolean> {
    const { env, hunt } = this.#deps;
    return this.#told("the leaderboard", {}, ({ state, compiled }) =>
      leaderboardStub(env, hunt).configure(boardConfigOf(state, compiled)),
    );
  }

  /** Also erases the outboxes of those that versions dropped. */
  async #tellWebhooks(): Promise<boolean> {
    const { env, hunt, state } = this.#deps;
    const lives = state.current?.webhooks ?? [];
    const told = await Promise.all(
      lives.map(({ id, dropped }) =>
        this.#told("a webhook's outbox", {}, async (published) => {
          if (dropped) return calling(async () => outboxStub(env, hunt, id).erase());
          const config = webhookConfigOf(published.state, published.compiled, id);
          if (config) await outboxStub(env, hunt, id).configure(config);
        }),
      ),
    );
    const left = (state.current?.webhooks ?? []).filter(
      ({ id, dropped }) =>
        !(dropped && lives.some((life, index) => life.id === id && life.dropped && told[index])),
    );
    if (left.length < (state.current?.webhooks?.length ?? 0)) state.note({ webhooks: left });
    return told.every(Boolean);
  }

  /** Tells one of them the state as it is at that moment; false: it could not be told. */
  async #told(
    whom: string,
    about: { shard?: string; attempt?: number },
    tell: (published: Published) => Promise<void>,
  ): Promise<boolean> {
    const published = this.#deps.published();
    if (!published) return true;
    try {
      await within(this.#deps.clock, DEADLINE, tell(published));
      return true;
    } catch (error) {
      console.warn({ message: `${whom} could not be told`, ...about, error: String(error) });
      return false;
    }
  }

  /** KV is a cache: when it refuses (one write a second and key), the alarm writes it later. */
  async #writeEntry(): Promise<void> {
    const { env, hunt, engineClock } = this.#deps;
    const published = this.#deps.published();
    if (!published) return;
    try {
      const entry = publicEntryOf(published.state, published.compiled);
      const key = publicKey(hunt);
      await env.CACHE.put(key, signedText(env, key, JSON.stringify(entry), engineClock.now()));
    } catch (error) {
      console.warn({ message: "the public entry could not be written", error: String(error) });
      this.arm();
    }
  }
}
