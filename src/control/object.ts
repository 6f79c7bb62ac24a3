/**
 * `HuntControl`: the control plane of one hunt. Keeps the versions of the
 * definition, the phase, announcements, the list of shards and the audit, and
 * tells the shards before it answers. No player request passes through it.
 */

import { DurableObject } from "cloudflare:workers";
import { publicKey } from "../cache/entry.ts";
import { configOf } from "../config.ts";
import { type Refusal, refuse } from "../errors.ts";
import { codesOf } from "../hunt/codes.ts";
import { compile } from "../hunt/compile.ts";
import type { CompiledHunt, CompiledPrize, PublicHunt } from "../hunt/compiled.ts";
import { parseDefinition } from "../hunt/definition.ts";
import {
  changePhase,
  INITIAL_PHASE,
  type Phase,
  type PhaseState,
  phaseAt,
  settlePhase,
} from "../hunt/phase.ts";
import {
  changeOf,
  fixedIssues,
  type PrizeChange,
  type PrizeChanges,
  rulesOf,
  withStock,
  withWithdrawn,
} from "../hunt/prize-changes.ts";
import { directoryStub, leaderboardStub, shardStub, vaultStub } from "../objects/call.ts";
import type {
  Actor,
  AuditEntry,
  ControlObject,
  PublicEntry,
  PublicPrizeChanges,
  PublishAnswer,
} from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { isPlaced, randomText } from "../objects/ids.ts";
import type { VaultConfig } from "../objects/prizes.ts";
import type { ShardConfig } from "../objects/shard.ts";
import { stockOf } from "../prizes/allocate.ts";
import { hashOfSeed } from "../prizes/draw.ts";
import type { Announcement } from "../protocol.ts";
import { currentKey, digester, keyById, scanCode } from "../secrets.ts";
import { StoredText } from "../stored-text.ts";
import { AuditLog } from "./audit.ts";

/** Announcements kept; the oldest go first. */
const ANNOUNCEMENTS_MAX = 200;

/** Announcements the leaderboard is told, for its spectators' sockets. */
const BOARD_ANNOUNCEMENTS = 20;

/** Shards told at the same time. */
const FAN_OUT = 32;

/** Attempts per shard within one fan-out, each with a fresh stub. */
const FAN_OUT_ATTEMPTS = 3;

/** When an incomplete fan-out is repeated, ms. */
const FAN_OUT_RETRY = 2_000;

interface State {
  revision: number;
  version: number;
  phase: PhaseState;
  announcements: Announcement[];
  /** Shards that took part so far. */
  shards: string[];
  /** Active shards per region: new teams land on 0 … n − 1. */
  shardsPerRegion: number;
  /** The key that made the hunt's printed codes: it stays when the ring turns. */
  codeKey: string;
  /** Of the prize draws: made once, public after the end. Absent in hunts published before there were prizes. */
  drawSeed?: string;
  prizes?: PrizeChanges;
  format: "json" | "yaml";
  /** The last fan-out reached everyone. */
  told: boolean;
}

/** Bytes of a draw's seed: as hard to guess as its hash to turn round. */
const SEED_BYTES = 32;

function newSeed(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(SEED_BYTES))).toString("hex");
}

/** What everybody may know of the organisers' changes: no codes. */
function publicChanges(prizes: PrizeChanges): PublicPrizeChanges {
  return Object.fromEntries(
    Object.entries(prizes).map(([prize, { added, withdrawn }]) => [
      prize,
      { added: added.map(({ units, at }) => ({ units, at })), ...(withdrawn ? { withdrawn } : {}) },
    ]),
  );
}

export class HuntControl extends DurableObject<Env> implements ControlObject {
  readonly #hunt: string;
  readonly #texts: StoredText;
  readonly #audit: AuditLog;
  #state: State | undefined;
  #compiled: { hunt: CompiledHunt; public: PublicHunt } | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#hunt = ctx.id.name ?? "";
    this.#texts = new StoredText(ctx.storage.sql);
    this.#audit = new AuditLog(ctx.storage.sql);
    const state = this.#texts.read("state");
    if (state !== undefined) this.#state = JSON.parse(state);
  }

  /** Epoch ms; replaced by tests. */
  protected now(): number {
    return Date.now();
  }

  /** Publishes a definition, or only checks it. `ifMatch`: the version it replaces. */
  async publish(
    source: string,
    format: "json" | "yaml",
    options: { dryRun: boolean; ifMatch?: number },
    by: Actor,
  ): Promise<PublishAnswer> {
    const before = this.#state;
    if (options.ifMatch !== undefined && options.ifMatch !== (before?.version ?? 0)) {
      return refuse("precondition_failed", `the published version is ${before?.version ?? 0}`);
    }
    const codeKey = before?.codeKey ?? currentKey("CODE_KEYS", this.env.CODE_KEYS).id;
    const compiled = this.#compile(source, format, codeKey);
    if ("issues" in compiled) {
      return { ...refuse("invalid", "the definition has errors"), issues: compiled.issues };
    }
    const old = before ? this.#compiledHunt()?.hunt : undefined;
    if (before && old && phaseAt(before.phase, old, this.now()) !== "draft") {
      const issues = fixedIssues(old.prizes, compiled.hunt.prizes);
      if (issues.length > 0)
        return { ...refuse("invalid", "the prizes of a running hunt are fixed"), issues };
    }
    const version = (before?.version ?? 0) + 1;
    if (options.dryRun) {
      return { version: before?.version ?? 0, created: !before, warnings: compiled.warnings };
    }
    this.#state = {
      revision: (before?.revision ?? 0) + 1,
      version,
      phase: before && old ? settlePhase(before.phase, old, this.now()) : INITIAL_PHASE,
      announcements: before?.announcements ?? [],
      shards: before?.shards ?? [],
      shardsPerRegion: before?.shardsPerRegion ?? configOf(this.env).SHARDS_PER_REGION,
      codeKey,
      drawSeed: before?.drawSeed ?? newSeed(),
      ...(before?.prizes ? { prizes: before.prizes } : {}),
      format,
      told: false,
    };
    this.#texts.write("definition", source);
    this.#compiled = { hunt: compiled.hunt, public: compiled.public };
    this.#save();
    this.#audit.record({ ...by, at: this.now(), action: "publish", detail: { version } });
    if (!before) await directoryStub(this.env).add(this.#hunt);
    const told = await this.#tellEveryone();
    return told ?? { version, created: !before, warnings: compiled.warnings };
  }

  #compile(source: string, format: "json" | "yaml", codeKey: string) {
    const parsed = parseDefinition(source, format);
    if ("issues" in parsed) return { issues: parsed.issues };
    const pepper = currentKey("ANSWER_PEPPERS", this.env.ANSWER_PEPPERS);
    const key = keyById("CODE_KEYS", this.env.CODE_KEYS, codeKey);
    if (!key) throw new Error("the key of this hunt's printed codes is no longer in CODE_KEYS");
    return compile(parsed.definition, {
      hunt: this.#hunt,
      digest: digester(pepper, this.#hunt),
      codeFor: (clue) => scanCode(key, this.#hunt, clue),
      pepper: pepper.id,
    });
  }

  /** The compiled hunt, made again from the definition after a start. */
  #compiledHunt(): { hunt: CompiledHunt; public: PublicHunt } | undefined {
    const source = this.#texts.read("definition");
    if (!this.#compiled && this.#state && source !== undefined) {
      const compiled = this.#compile(source, this.#state.format, this.#state.codeKey);
      // Published definitions were accepted; a newer engine may be stricter.
      if ("issues" in compiled)
        throw new Error(`the published definition no longer compiles: ${compiled.issues[0]?.message}`);
      this.#compiled = { hunt: compiled.hunt, public: compiled.public };
    }
    return this.#compiled;
  }

  definition(): { version: number; format: "json" | "yaml"; source: string } | Refusal {
    const source = this.#texts.read("definition");
    if (!this.#state || source === undefined) return refuse("not_found", "no such hunt");
    return { version: this.#state.version, format: this.#state.format, source };
  }

  /** What everybody may know; also the content of the KV entry. */
  publicEntry(): PublicEntry | Refusal {
    const compiled = this.#compiledHunt();
    if (!this.#state || !compiled) return refuse("not_found", "no such hunt");
    const { version, revision, phase, shardsPerRegion, prizes, drawSeed } = this.#state;
    return {
      v: 1,
      hunt: compiled.public,
      ...(compiled.hunt.prizes.length > 0 && drawSeed !== undefined
        ? { drawHash: hashOfSeed(drawSeed) }
        : {}),
      ...(prizes === undefined ? {} : { prizes: publicChanges(prizes) }),
      version,
      revision,
      phase,
      shardsPerRegion,
      pepper: compiled.hunt.pepper,
    };
  }

  async setPhase(to: Exclude<Phase, "draft">, by: Actor): Promise<{ phase: Phase } | Refusal> {
    const compiled = this.#compiledHunt();
    const state = this.#state;
    if (!state || !compiled) return refuse("not_found", "no such hunt");
    const now = this.now();
    // A repeated call after an incomplete fan-out finishes the fan-out.
    const repeated = !state.told && phaseAt(state.phase, compiled.hunt, now) === to;
    if (!repeated) {
      const phase = changePhase(state.phase, compiled.hunt, to, now);
      if ("refused" in phase) return phase;
      this.#change({ phase });
      this.#audit.record({ ...by, at: now, action: "phase", detail: { to } });
    }
    return (await this.#tellEveryone()) ?? { phase: to };
  }

  async announce(
    text: string,
    clue: string | undefined,
    by: Actor,
  ): Promise<{ id: string; at: number } | Refusal> {
    const compiled = this.#compiledHunt();
    const state = this.#state;
    if (!state || !compiled) return refuse("not_found", "no such hunt");
    if (clue !== undefined && !compiled.hunt.clues.some((known) => known.id === clue)) {
      return refuse("invalid", `there is no clue ${clue}`);
    }
    const announcement: Announcement = {
      id: `a-${randomText(10).toLowerCase()}`,
      at: this.now(),
      text,
      ...(clue === undefined ? {} : { clue }),
    };
    this.#change({ announcements: [...state.announcements, announcement].slice(-ANNOUNCEMENTS_MAX) });
    const detail = { id: announcement.id, ...(clue === undefined ? {} : { clue }) };
    this.#audit.record({ ...by, at: announcement.at, action: "announce", detail });
    return (await this.#tellEveryone()) ?? { id: announcement.id, at: announcement.at };
  }

  /** Adds units to a prize; the vault knows of them when this answers. */
  addStock(
    prize: string,
    units: number,
    codes: string[] | undefined,
    reason: string,
    by: Actor,
  ): Promise<{ stock: number } | Refusal> {
    return this.#changePrize(prize, "stock", { units, reason }, by, (compiled, change) =>
      withStock(compiled, change, units, codes, this.now()),
    );
  }

  /** Takes a prize out of the hunt, or puts it back: claims that come after this answers are refused. */
  withdraw(
    prize: string,
    withdrawn: boolean,
    reason: string,
    by: Actor,
  ): Promise<{ stock: number } | Refusal> {
    return this.#changePrize(prize, withdrawn ? "withdraw" : "restore", { reason }, by, (_, change) =>
      withWithdrawn(change, withdrawn),
    );
  }

  async #changePrize(
    prize: string,
    action: string,
    detail: AuditEntry["detail"],
    by: Actor,
    change: (compiled: CompiledPrize, change: PrizeChange) => PrizeChange | Refusal,
  ): Promise<{ stock: number } | Refusal> {
    const compiled = this.#compiledHunt()?.hunt.prizes.find(({ id }) => id === prize);
    if (!this.#state || !compiled) return refuse("not_found", "no such prize");
    const changed = change(compiled, changeOf(this.#state.prizes, prize));
    if ("refused" in changed) return changed;
    const prizes = { ...this.#state.prizes, [prize]: changed };
    this.#change({ prizes });
    this.#audit.record({ ...by, at: this.now(), action, detail: { prize, ...detail } });
    return (await this.#tellEveryone()) ?? { stock: stockOf(rulesOf(compiled, prizes)) };
  }

  /** What the vault hands out. */
  vaultConfig(): VaultConfig | Refusal {
    const compiled = this.#compiledHunt();
    if (!this.#state || !compiled) return refuse("not_found", "no such hunt");
    const { revision, prizes } = this.#state;
    if (this.#state.drawSeed === undefined) {
      // Published by an engine that had no draws.
      this.#state.drawSeed = newSeed();
      this.#save();
    }
    return {
      revision,
      seed: this.#state.drawSeed,
      prizes: compiled.hunt.prizes.map((prize) => rulesOf(prize, prizes)),
    };
  }

  /** The seed of the draws, once nobody can claim any more. */
  drawSeed(): { seed: string } | Refusal {
    const compiled = this.#compiledHunt();
    if (!this.#state || !compiled) return refuse("not_found", "no such hunt");
    const ended = phaseAt(this.#state.phase, compiled.hunt, this.now()) === "ended";
    if (!ended || this.#state.drawSeed === undefined) {
      return refuse("conflict", "the seed is told when the hunt has ended");
    }
    return { seed: this.#state.drawSeed };
  }

  /** Raises the number of active shards per region; new teams land on the new ones. */
  async grow(shardsPerRegion: number, by: Actor): Promise<{ shardsPerRegion: number } | Refusal> {
    if (!this.#state) return refuse("not_found", "no such hunt");
    if (shardsPerRegion < this.#state.shardsPerRegion) {
      return refuse(
        "conflict",
        `the hunt has ${this.#state.shardsPerRegion} shards a region: teams do not move back`,
      );
    }
    this.#change({ shardsPerRegion });
    this.#audit.record({ ...by, at: this.now(), action: "shards", detail: { shardsPerRegion } });
    return (await this.#tellEveryone()) ?? { shardsPerRegion };
  }

  /**
   * Opens the door for an import whose first line is at `firstAt`: only before
   * the hunt is live, or when its whole time is past and nobody played.
   */
  async beginImport(firstAt: number, by: Actor): Promise<{ shardsPerRegion: number } | Refusal> {
    const compiled = this.#compiledHunt();
    const state = this.#state;
    if (!state || !compiled) return refuse("not_found", "no such hunt");
    const now = this.now();
    const phase = phaseAt(state.phase, compiled.hunt, now);
    const wasLive = state.phase.live || state.phase.endedAt !== undefined;
    const past = phase === "ended" && !wasLive && compiled.hunt.opens !== undefined;
    if (phase !== "draft" && !past)
      return refuse("conflict", `the hunt is ${phase}: import before it is live`);
    if (compiled.hunt.opens === undefined && state.phase.openedAt === undefined) {
      this.#change({ phase: { ...state.phase, openedAt: firstAt } });
      const refused = await this.#tellEveryone();
      if (refused) return refused;
    }
    this.#audit.record({ ...by, at: now, action: "import", detail: {} });
    return { shardsPerRegion: state.shardsPerRegion };
  }

  codes(by: Actor): { clue: string; title: string; code: string }[] | Refusal {
    const compiled = this.#compiledHunt();
    const source = this.#texts.read("definition");
    if (!this.#state || !compiled || source === undefined) return refuse("not_found", "no such hunt");
    const parsed = parseDefinition(source, this.#state.format);
    const key = keyById("CODE_KEYS", this.env.CODE_KEYS, this.#state.codeKey);
    if ("issues" in parsed || !key) return refuse("unavailable", "the codes cannot be made");
    this.#audit.record({ ...by, at: this.now(), action: "codes", detail: {} });
    return codesOf(parsed.definition, (clue) => scanCode(key, this.#hunt, clue)).map(({ clue, code }) => ({
      clue: clue.id,
      title: clue.title,
      code,
    }));
  }

  /**
   * A shard's first contact: it is listed before it gets the configuration.
   * Only shards that teams are placed on: a guessed join code or team id can
   * name any.
   */
  attach(shard: string): ShardConfig | Refusal {
    if (!this.#state || !this.#compiledHunt()) return refuse("not_found", "no such hunt");
    if (!isPlaced(shard, this.#state.shardsPerRegion)) return refuse("not_found", "no such shard");
    if (!this.#state.shards.includes(shard)) {
      this.#state.shards = [...this.#state.shards, shard];
      this.#save();
    }
    return this.#shardConfig(true);
  }

  shards(): string[] {
    return this.#state?.shards ?? [];
  }

  audit(): AuditEntry[] {
    return this.#audit.list();
  }

  /** Records an organiser action that another object carried out. */
  recordAction(entry: AuditEntry): void {
    this.#audit.record(entry);
  }

  #change(changes: Partial<State>): void {
    if (!this.#state) throw new Error("a hunt that does not exist cannot change");
    this.#state = { ...this.#state, ...changes, revision: this.#state.revision + 1, told: false };
    this.#save();
  }

  #save(): void {
    this.#texts.write("state", JSON.stringify(this.#state));
    // Set before anybody is told: a crash in the middle must not leave some on the old state.
    if (this.#state && !this.#state.told) void this.ctx.storage.setAlarm(Date.now() + FAN_OUT_RETRY);
  }

  #shardConfig(withCompiled: boolean): ShardConfig {
    const compiled = this.#compiledHunt();
    if (!this.#state || !compiled) throw new Error("a hunt that does not exist has no configuration");
    const { revision, version, phase, announcements, codeKey, prizes } = this.#state;
    return {
      revision,
      version,
      phase,
      announcements,
      codeKey,
      ...(prizes === undefined ? {} : { prizes }),
      ...(withCompiled ? { compiled: compiled.hunt } : {}),
    };
  }

  /**
   * Tells every shard, the standings and KV the present state. Refuses when a
   * shard could not be told; the alarm repeats it then, and so may the caller.
   */
  async #tellEveryone(): Promise<Refusal | undefined> {
    const revision = this.#state?.revision;
    const shards = this.#state?.shards ?? [];
    const failed: string[] = [];
    // First: what a shard is told of prizes, the vault must know.
    const vault = await this.#tellVault();
    for (let from = 0; from < shards.length; from += FAN_OUT) {
      const told = await Promise.all(
        shards.slice(from, from + FAN_OUT).map((shard) => this.#tellShard(shard)),
      );
      failed.push(...told.filter((shard) => shard !== undefined));
    }
    const board = await this.#tellLeaderboard();
    await this.#publishEntry();
    if (failed.length === 0 && board && vault) {
      if (this.#state && this.#state.revision === revision) {
        this.#state.told = true;
        this.#save();
      }
      return undefined;
    }
    await this.ctx.storage.setAlarm(Date.now() + FAN_OUT_RETRY);
    return refuse(
      "unavailable",
      `${failed.length} of ${shards.length} shards could not be told yet; repeat the request`,
    );
  }

  async #tellShard(shard: string): Promise<string | undefined> {
    for (let attempt = 0; attempt < FAN_OUT_ATTEMPTS; attempt += 1) {
      try {
        const stub = shardStub(this.env, this.#hunt, shard);
        const { missing } = await stub.configure(this.#shardConfig(false));
        if (missing) await stub.configure(this.#shardConfig(true));
        return undefined;
      } catch (error) {
        console.warn({ message: "a shard could not be told", shard, attempt, error: String(error) });
      }
    }
    return shard;
  }

  async #tellVault(): Promise<boolean> {
    const config = this.vaultConfig();
    if ("refused" in config || config.prizes.length === 0) return true;
    try {
      await vaultStub(this.env, this.#hunt).configure(config);
      return true;
    } catch (error) {
      console.warn({ message: "the prize vault could not be told", error: String(error) });
      return false;
    }
  }

  async #tellLeaderboard(): Promise<boolean> {
    const compiled = this.#compiledHunt();
    if (!this.#state || !compiled) return true;
    const { scoring, clues, brackets, freeze, opens, closes } = compiled.hunt;
    try {
      await leaderboardStub(this.env, this.#hunt).configure({
        revision: this.#state.revision,
        rules: {
          scoring,
          clues: clues.map(({ id, points }) => ({ id, points })),
          brackets: brackets.map(({ id }) => id),
        },
        phase: this.#state.phase,
        announcements: this.#state.announcements
          .filter(({ clue }) => clue === undefined)
          .slice(-BOARD_ANNOUNCEMENTS),
        ...(freeze === undefined ? {} : { freeze }),
        ...(opens === undefined ? {} : { opens }),
        ...(closes === undefined ? {} : { closes }),
      });
      return true;
    } catch (error) {
      console.warn({ message: "the leaderboard could not be told", error: String(error) });
      return false;
    }
  }

  /** KV is a cache: when it refuses (one write a second and key), the alarm writes it later. */
  async #publishEntry(): Promise<void> {
    const entry = this.publicEntry();
    if ("refused" in entry) return;
    try {
      await this.env.CACHE.put(publicKey(this.#hunt), JSON.stringify(entry));
    } catch (error) {
      console.warn({ message: "the public entry could not be written", error: String(error) });
      await this.ctx.storage.setAlarm(Date.now() + FAN_OUT_RETRY);
    }
  }

  override async alarm(): Promise<void> {
    if (!this.#state || this.#state.told) {
      await this.#publishEntry();
      return;
    }
    try {
      await directoryStub(this.env).add(this.#hunt);
      await this.#tellEveryone();
    } catch (error) {
      console.warn({ message: "fan-out failed, the alarm repeats it", error: String(error) });
      await this.ctx.storage.setAlarm(Date.now() + FAN_OUT_RETRY);
    }
  }
}
