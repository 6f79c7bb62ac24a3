/**
 * `HuntControl`: the control plane of one hunt, as its interface says
 * (src/objects/control.ts). This file puts its parts together; each call is
 * carried out by the part that it names.
 */

import { DurableObject } from "cloudflare:workers";
import { Alarm } from "../alarm.ts";
import { publicKey } from "../cache/entry.ts";
import { type Clock, systemClock, watched } from "../clock.ts";
import { configOf } from "../config.ts";
import { type Refusal, refuse } from "../errors.ts";
import { isDatedAhead, phaseAt, rightPhase } from "../hunt/phase.ts";
import { LazySql } from "../lazy-sql.ts";
import { calling, directoryStub, orRefusal } from "../objects/call.ts";
import type {
  Actor,
  AnnouncementPage,
  AnnouncementQuery,
  AuditPage,
  ControlObject,
  KeyIds,
  PublicEntry,
  PublishResult,
  ReadingOf,
} from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { isPlaced } from "../objects/ids.ts";
import type { VaultConfig } from "../objects/prizes.ts";
import type { ShardConfig } from "../objects/shard.ts";
import type { TeamAction } from "../protocol.ts";
import { currentKey } from "../secrets.ts";
import { StoredText } from "../stored-text.ts";
import { Actions } from "./actions.ts";
import { AnnouncementStore } from "./announcements.ts";
import { AuditLog } from "./audit.ts";
import { Changes } from "./changes.ts";
import { publicEntryOf, shardConfigOf, vaultConfigOf } from "./configs.ts";
import { FanOut } from "./fan-out.ts";
import { newSeed, type Published, Publisher } from "./publish.ts";
import { type PhaseByHand, StateStore } from "./state.ts";

export class HuntControl extends DurableObject<Env> implements ControlObject {
  readonly #hunt: string;
  readonly #state: StateStore;
  readonly #audit: AuditLog;
  readonly #announcements: AnnouncementStore;
  readonly #publisher: Publisher;
  readonly #fanOut: FanOut;
  readonly #changes: Changes;
  readonly #actions: Actions;
  readonly #alarm: Alarm<"fan-out">;
  readonly #clock: Clock;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const hunt = ctx.id.name ?? "";
    const clock = watched({ ...systemClock, now: () => this.now() }, (by) => alarm.wentBack(by));
    const { now } = clock;
    const published = () => this.#publisher.published();
    const sql = new LazySql(ctx.storage.sql);
    const texts = new StoredText(sql);
    const state = new StateStore({ texts, changed: () => this.#fanOut.arm() });
    const audit = new AuditLog(sql);
    const alarm = new Alarm<"fan-out">({ clock, storage: ctx.storage });
    this.#hunt = hunt;
    this.#state = state;
    this.#audit = audit;
    this.#alarm = alarm;
    this.#clock = clock;
    this.#publisher = new Publisher({
      hunt,
      texts,
      state,
      secrets: env,
      now,
      shardsPerRegion: configOf(env).SHARDS_PER_REGION,
    });
    this.#fanOut = new FanOut({ hunt, env, clock, state, published, seed: () => this.#seed(), alarm });
    const tellEveryone = () => this.#fanOut.tellEveryone();
    this.#announcements = new AnnouncementStore(sql, state.current?.announcements ?? []);
    const announcements = this.#announcements;
    this.#changes = new Changes({
      state,
      audit,
      announcements,
      hunt: () => this.#published(),
      tellEveryone,
      now,
    });
    this.#actions = new Actions({ hunt, env, state, audit, now });
    void ctx.blockConcurrencyWhile(async () => {
      await alarm.resume();
      // Whatever became of the alarm: a fan-out that is incomplete is repeated.
      if (state.current?.told === false) this.#fanOut.arm();
    });
  }

  /** Epoch ms; replaced by tests. */
  protected now(): number {
    return Date.now();
  }

  // ── The definition ───────────────────────────────────────────────────────

  async publish(
    source: string,
    format: "json" | "yaml",
    options: { dryRun: boolean; ifMatch?: number },
    by: Actor,
  ): Promise<PublishResult> {
    this.#rightPhase();
    const published = this.#publisher.publish(source, format, options);
    if ("refused" in published || options.dryRun) return published;
    const { version } = published;
    this.#state.note({ pepper: currentKey("ANSWER_PEPPERS", this.env.ANSWER_PEPPERS).id });
    this.#audit.record({ ...by, at: this.now(), action: "publish", detail: { version } });
    if (published.created) {
      const unlisted = await orRefusal(calling(async () => directoryStub(this.env).add(this.#hunt)));
      if (unlisted) return unlisted;
    }
    return (await this.#fanOut.tellEveryone()) ?? published;
  }

  definition(): { version: number; format: "json" | "yaml"; source: string } | Refusal {
    return this.#publisher.definition();
  }

  publicEntry(): PublicEntry | Refusal {
    const hunt = this.#published();
    return "refused" in hunt ? hunt : publicEntryOf(hunt.state, hunt.compiled);
  }

  async keyIds(): Promise<KeyIds> {
    const { current } = this.#state;
    if (!current) return {};
    const pepper = current.pepper ?? (await this.#publishedPepper());
    return { codeKey: current.codeKey, ...(pepper === undefined ? {} : { pepper }) };
  }

  /** Of a hunt published before its pepper was noted: by the copy of its public half, for telling only. */
  async #publishedPepper(): Promise<string | undefined> {
    const text = await this.env.CACHE.get(publicKey(this.#hunt)).catch(() => null);
    return /"pepper":"([a-z0-9]{1,16})"/.exec(text ?? "")?.[1];
  }

  codes(): { clue: string; title: string; code: string }[] | Refusal {
    return this.#publisher.codes();
  }

  // ── Changes ──────────────────────────────────────────────────────────────

  setPhase(to: PhaseByHand, by: Actor): Promise<{ phase: PhaseByHand } | Refusal> {
    this.#rightPhase();
    return this.#changes.setPhase(to, by);
  }

  announce(text: string, clue: string | undefined, by: Actor): Promise<{ id: string; at: number } | Refusal> {
    return this.#changes.announce(text, clue, by);
  }

  announcements(query: AnnouncementQuery): AnnouncementPage | Refusal {
    if (!this.#state.current) return refuse("not_found", "no such hunt");
    return this.#announcements.page(query);
  }

  addStock(
    prize: string,
    units: number,
    codes: string[] | undefined,
    reason: string,
    by: Actor,
  ): Promise<{ stock: number } | Refusal> {
    return this.#changes.addStock(prize, units, codes, reason, by);
  }

  withdraw(
    prize: string,
    withdrawn: boolean,
    reason: string,
    by: Actor,
  ): Promise<{ stock: number } | Refusal> {
    return this.#changes.withdraw(prize, withdrawn, reason, by);
  }

  grow(shardsPerRegion: number, by: Actor): Promise<{ shardsPerRegion: number } | Refusal> {
    return this.#changes.grow(shardsPerRegion, by);
  }

  beginImport(firstAt: number, by: Actor): Promise<{ shardsPerRegion: number } | Refusal> {
    return this.#changes.beginImport(firstAt, by);
  }

  // ── Actions that others carry out ────────────────────────────────────────

  actOnTeam(team: string, action: TeamAction, by: Actor): Promise<{ score: number } | Refusal> {
    return this.#actions.actOnTeam(team, action, by);
  }

  revoke(prize: string, unit: number, reason: string, by: Actor): Promise<{ team: string } | Refusal> {
    return this.#actions.revoke(prize, unit, reason, by);
  }

  rearchive(reason: string, by: Actor): Promise<{ facts: number } | Refusal> {
    return this.#actions.rearchive(reason, by);
  }

  redrive(ids: readonly string[] | undefined, by: Actor): Promise<{ redriven: number } | Refusal> {
    return this.#actions.redrive(ids, by);
  }

  audit(before: number | undefined, limit: number): AuditPage {
    return this.#audit.list(before, limit);
  }

  recordReading(reading: ReadingOf, by: Actor, at: number): Refusal | undefined {
    if (!this.#state.current) return refuse("not_found", "no such hunt");
    this.#audit.recordReading(reading, by, at);
    return undefined;
  }

  // ── Shards and vault ─────────────────────────────────────────────────────

  /** Only of shards that teams are placed on: a guessed join code or team id can name any. */
  attach(shard: string): ShardConfig | Refusal {
    const hunt = this.#published();
    if ("refused" in hunt) return hunt;
    const { shards, shardsPerRegion } = hunt.state;
    if (!isPlaced(shard, shardsPerRegion)) return refuse("not_found", "no such shard");
    if (!shards.includes(shard)) this.#state.note({ shards: [...shards, shard] });
    return shardConfigOf(hunt.state, hunt.compiled, true);
  }

  shards(): string[] {
    this.#rightPhase();
    return [...this.#state.shards];
  }

  vaultConfig(): VaultConfig | Refusal {
    const hunt = this.#published();
    return "refused" in hunt ? hunt : vaultConfigOf(hunt.state, hunt.compiled, this.#seed());
  }

  drawSeed(): { seed: string } | Refusal {
    const hunt = this.#published();
    if ("refused" in hunt) return hunt;
    const ended = phaseAt(hunt.state.phase, hunt.compiled.hunt, this.now()) === "ended";
    const { drawSeed } = hunt.state;
    if (!ended || drawSeed === undefined) {
      return refuse("conflict", "the seed is told when the hunt has ended");
    }
    return { seed: drawSeed };
  }

  /** Of the prize draws; made here for a hunt that was published by an engine without draws. */
  #seed(): string {
    if (this.#state.current?.drawSeed === undefined) this.#state.note({ drawSeed: newSeed() });
    return this.#state.current?.drawSeed ?? "";
  }

  // ── The rest ─────────────────────────────────────────────────────────────

  override alarm(): Promise<void> {
    return this.#alarm.run(() => {
      this.#rightPhase();
      return this.#fanOut.repeat();
    });
  }

  /** Times that a wrong clock gave the phase are put right, and everyone is told. */
  #rightPhase(): void {
    const now = this.#clock.now();
    const phase = this.#state.current?.phase;
    if (!phase || !isDatedAhead(phase, now)) return;
    const right = rightPhase(phase, now);
    this.#state.change({ phase: right });
    this.#audit.record({ actor: "engine", request: "clock", at: now, action: "clock", detail: {} });
    console.warn({ message: "the phase had times ahead of the clock", hunt: this.#hunt });
  }

  #published(): Published | Refusal {
    this.#rightPhase();
    return this.#publisher.hunt();
  }
}
