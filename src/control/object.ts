/**
 * `HuntControl`: the control plane of one hunt, as its interface says
 * (src/objects/control.ts). This file puts its parts together; each call is
 * carried out by the part that it names.
 */

import { DurableObject } from "cloudflare:workers";
import { Alarm } from "../alarm.ts";
import type { StoredContent } from "../assets/content.ts";
import { publicKey } from "../cache/entry.ts";
import { aheadBy, type Clock, systemClock, watched } from "../clock.ts";
import { configOf } from "../config.ts";
import type { BackupAnnouncement } from "../contract/backup.ts";
import type { Preview } from "../contract/preview.ts";
import { REGISTRATIONS } from "../contract/webhook-types.ts";
import { eraseObject } from "../erase.ts";
import { type Issue, type Refusal, refuse } from "../errors.ts";
import { allowedHosts } from "../hooks/address.ts";
import { secretBytes, secretText } from "../hooks/sign.ts";
import { isDatedAhead, isOver, type Phase, type PhaseState, phaseAt, rightPhase } from "../hunt/phase.ts";
import { RULES_VERSION } from "../hunt/rules-version.ts";
import { LazySql } from "../lazy-sql.ts";
import type { AssetUse, StoredAsset } from "../objects/assets.ts";
import type { BackupHead, BackupPage, RestoreHead } from "../objects/backup.ts";
import { calling, directoryStub, orRefusal } from "../objects/call.ts";
import type {
  Actor,
  AnnouncementPage,
  AnnouncementQuery,
  AuditEntry,
  AuditPage,
  ClueChanged,
  ClueWish,
  ControlObject,
  Course,
  KeyIds,
  MergedInto,
  NewAnnouncement,
  Nudged,
  NudgeWish,
  PreviewWish,
  PublicEntry,
  PublishOptions,
  PublishResult,
  ReadingOf,
  Regraded,
  RehearsalMade,
  RehearsalWish,
  Rehearsed,
  RepairReport,
  RestoreBegun,
  RestoredLines,
  Sealed,
  WebhookInUse,
} from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { isPlaced } from "../objects/ids.ts";
import type { BoardConfig } from "../objects/leaderboard.ts";
import type { Beginning } from "../objects/names.ts";
import { ownName } from "../objects/own-name.ts";
import type { VaultConfig } from "../objects/prizes.ts";
import { aheadOf } from "../objects/rehearsal.ts";
import type {
  HelpAction,
  HelpAsked,
  JudgeAction,
  Organised,
  SentSubmission,
  ShardConfig,
  TeamChanged,
} from "../objects/shard.ts";
import type { DeliveryTry, WebhookConfig } from "../objects/webhooks.ts";
import { growthLimits } from "../placement/growth.ts";
import type { LoadFigures } from "../placement/loads.ts";
import type { Announcement, TeamAction, TeamChange } from "../protocol.ts";
import { currentKey } from "../secrets.ts";
import { StoredText } from "../stored-text.ts";
import { flushMeter } from "../telemetry/flush.ts";
import { Actions } from "./actions.ts";
import type { ControlReason } from "./alarm-reasons.ts";
import { AnnouncementStore } from "./announcements.ts";
import { Announcing } from "./announcing.ts";
import { Assets } from "./assets.ts";
import { AuditLog } from "./audit.ts";
import { Backups } from "./backups.ts";
import { Changes } from "./changes.ts";
import { ClueDesk } from "./clue-changes.ts";
import {
  boardConfigOf,
  type Compiled,
  publicEntryOf,
  shardConfigOf,
  vaultConfigOf,
  webhookConfigOf,
} from "./configs.ts";
import { FanOut } from "./fan-out.ts";
import { Merges } from "./merges.ts";
import { Moves } from "./moves.ts";
import { Nudging } from "./nudging.ts";
import { preview } from "./preview.ts";
import { newSeed, type Published, Publisher } from "./publish.ts";
import { Regrades } from "./regrades.ts";
import { Rehearsals } from "./rehearsals.ts";
import { Retention } from "./retention.ts";
import { type PhaseByHand, StateStore } from "./state.ts";

const NO_WEBHOOK = refuse("not_found", "the hunt has no such webhook");

export class HuntControl extends DurableObject<Env> implements ControlObject {
  readonly #hunt: string;
  readonly #state: StateStore;
  readonly #audit: AuditLog;
  readonly #announcing: Announcing;
  readonly #publisher: Publisher;
  readonly #fanOut: FanOut;
  readonly #changes: Changes;
  readonly #actions: Actions;
  readonly #retention: Retention;
  readonly #moves: Moves;
  readonly #merges: Merges;
  readonly #regrades: Regrades;
  readonly #clueDesk: ClueDesk;
  readonly #nudging: Nudging;
  readonly #assets: Assets;
  readonly #rehearsals: Rehearsals;
  readonly #backups: Backups;
  readonly #alarm: Alarm<ControlReason>;
  /** The hunt's. */
  readonly #clock: Clock;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const hunt = ownName(ctx, env.CONTROL);
    const engineClock = watched({ ...systemClock, now: () => this.now() }, (by) => alarm.wentBack(by));
    const ahead = (): number => aheadOf(state.current ?? state.sealed);
    const clock = aheadBy(engineClock, ahead);
    const { now } = clock;
    const published = () => this.#publisher.published();
    const sql = new LazySql(ctx.storage.sql);
    const texts = new StoredText(sql);
    const state = new StateStore({ texts, changed: () => this.#fanOut.arm() });
    const audit = new AuditLog(sql);
    const alarm = new Alarm<ControlReason>({ clock, storage: ctx.storage, ahead });
    this.#hunt = hunt;
    this.#state = state;
    this.#audit = audit;
    this.#alarm = alarm;
    this.#clock = clock;
    this.#assets = new Assets({
      hunt,
      env,
      texts,
      state,
      audit,
      now: () => engineClock.now(),
      wake: (delay) => alarm.set("assets", now() + delay),
      named: () => this.#publisher.assetsNamed(),
      definition: () => this.#publisher.source(),
      changed: () => {
        this.#publisher.assetsChanged();
        state.change({ assets: (state.current?.assets ?? 0) + 1 });
        return this.#fanOut.tellEveryone();
      },
    });
    this.#publisher = new Publisher({
      hunt,
      assets: () => this.#assets.refs(),
      texts,
      state,
      secrets: env,
      now,
      shardsPerRegion: configOf(env).SHARDS_PER_REGION,
      allowedHosts: allowedHosts(configOf(env).WEBHOOK_ALLOW),
    });
    this.#fanOut = new FanOut({
      hunt,
      env,
      clock,
      engineClock,
      state,
      published,
      seed: () => this.#seed(),
      alarm,
    });
    const tellEveryone = () => this.#fanOut.tellEveryone();
    const announcements = new AnnouncementStore(sql, state.current?.announcements ?? []);
    this.#announcing = new Announcing({
      state,
      audit,
      store: announcements,
      hunt: () => this.#inUse(),
      tellEveryone,
      now,
      alarm,
    });
    this.#changes = new Changes({
      state,
      audit,
      hunt: () => this.#inUse(),
      tellEveryone,
      now,
      growth: growthLimits(configOf(env)),
    });
    this.#moves = new Moves({ hunt, env, sql, clock, state, audit, alarm });
    this.#merges = new Merges({ hunt, env, sql, clock, state, audit, alarm });
    this.#regrades = new Regrades({
      hunt,
      env,
      clock,
      texts,
      audit,
      alarm,
      atOnce: configOf(env).JUDGED_AT_ONCE,
      published: () => this.#inUse(),
    });
    this.#clueDesk = new ClueDesk({
      state,
      audit,
      regrades: this.#regrades,
      published: () => this.#inUse(),
      tellEveryone,
      now,
    });
    this.#rehearsals = new Rehearsals({
      hunt,
      env,
      state,
      audit,
      clock: engineClock,
      assets: this.#assets,
      publisher: this.#publisher,
      published: () => this.#inUse(),
    });
    this.#backups = new Backups({
      hunt,
      env,
      texts,
      state,
      audit,
      announcements,
      publisher: this.#publisher,
      published: () => this.#inUse(),
      underWay: () => this.#moves.count + this.#merges.count,
      beginning: () => this.#beginning({ dryRun: false }),
      announceVersion: (isFirst) => this.#announceVersion(isFirst),
      now,
    });
    this.#actions = new Actions({ hunt, env, state, audit, now, moves: this.#moves });
    this.#retention = new Retention({
      hunt,
      env,
      texts,
      audit,
      setting: configOf(env).RETENTION,
      published: () => this.#published(),
      alarm,
      now,
    });
    this.#nudging = new Nudging({
      hunt,
      env,
      shards: () => state.shards,
      definition: () => this.#publisher.definition(),
      publish: (source, format, options, by) => this.publish(source, format, options, by),
      actOnTeam: (team, action, by) => this.#actions.actOnTeam(team, action, by),
      announce: (announcement, by) => this.#announcing.announce(announcement, by),
    });
    void ctx.blockConcurrencyWhile(async () => {
      await alarm.resume();
      // An engine with other rules made what everyone was told: it is made anew.
      if (state.current && state.current.rules !== RULES_VERSION) {
        state.note({ rules: RULES_VERSION, told: false });
      }
      // Whatever became of the alarm: a fan-out that is incomplete is repeated.
      if (state.current?.told === false) this.#fanOut.arm();
      // The setting may be another one by now.
      if (state.current) this.#retention.arm();
      this.#announcing.arm();
      this.#moves.begin();
      this.#merges.begin();
      this.#regrades.begin();
      this.#assets.arm();
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
    options: PublishOptions,
    by: Actor,
  ): Promise<PublishResult> {
    this.#rightPhase();
    const beginning = await this.#beginning(options);
    if ("refused" in beginning) return beginning;
    const { halfRestored } = this.#backups;
    if (halfRestored) return halfRestored;
    if (!options.dryRun) {
      const final = this.#final();
      if (final) return final;
    }
    if (!options.dryRun && this.#regrades.isMaking) {
      return refuse(
        "conflict",
        "the log is being judged again by the present version; publish it in a moment",
      );
    }
    let candidate: Compiled | undefined;
    const published = this.#publisher.publish(source, format, options, beginning, (checked) => {
      candidate = checked;
    });
    if ("refused" in published) return published;
    if (options.dryRun) {
      if (!options.effects || !candidate) return published;
      const effects = await this.#regrades.effects({ hunt: candidate.hunt });
      return "refused" in effects ? effects : { ...published, effects };
    }
    const { version } = published;
    const detail = { version, ...(options.endNow ? { endNow: true } : {}) };
    this.#state.note({ pepper: currentKey("ANSWER_PEPPERS", this.env.ANSWER_PEPPERS).id });
    this.#audit.record({ ...by, at: this.#clock.now(), action: "publish", detail });
    return (await this.#announceVersion(published.created)) ?? published;
  }

  /** A version is stored: everyone is told of it. */
  async #announceVersion(isFirst: boolean): Promise<Refusal | undefined> {
    if (isFirst) {
      const unlisted = await orRefusal(calling(async () => directoryStub(this.env).add(this.#hunt)));
      if (unlisted) return unlisted;
    }
    this.#retention.arm();
    return this.#fanOut.tellEveryone();
  }

  rehearse(wish: RehearsalWish, by: Actor): Promise<Rehearsed> {
    return this.#rehearsals.make(wish, by);
  }

  endRehearsal(by: Actor): Promise<{ was: string } | Refusal> {
    return this.#rehearsals.end(by);
  }

  /** Safe to repeat: one that is there is made whole. */
  async beginRehearsal(made: RehearsalMade, by: Actor): Promise<Rehearsed> {
    const { current } = this.#state;
    if (current && current.rehearsal?.of !== made.of) {
      return refuse("conflict", `another hunt has the id ${this.#hunt}`);
    }
    if (!current) {
      const beginning = await this.#beginning({ dryRun: false });
      if ("refused" in beginning) return beginning;
      const uncopied = await this.#assets.copyFrom(made.of, made.files);
      if (uncopied) return uncopied;
      const rehearsed = this.#publisher.rehearse(made, beginning);
      if ("refused" in rehearsed) return rehearsed;
      this.#state.note({ pepper: currentKey("ANSWER_PEPPERS", this.env.ANSWER_PEPPERS).id });
      const detail = { version: 1, of: made.of };
      this.#audit.record({ ...by, at: this.#clock.now(), action: "publish", detail });
    }
    return (await this.#announceVersion(true)) ?? { version: 1 };
  }

  /** What the hunt begins with, if it is not there yet. */
  async #beginning({ dryRun }: Pick<PublishOptions, "dryRun">): Promise<Beginning | Refusal> {
    if (this.#state.current || dryRun) return {};
    if (this.#state.sealed) return refuse("conflict", "the hunt of this id is being deleted");
    return await orRefusal(
      calling(async () => (await directoryStub(this.env).beginning(this.#hunt)) as Beginning | Refusal),
    );
  }

  preview(wish: PreviewWish): Preview | (Refusal & { issues?: Issue[] }) {
    const { env } = this;
    const { now } = this.#clock;
    return preview({ hunt: this.#hunt, secrets: env, publisher: this.#publisher, now }, wish);
  }

  assets(): (StoredAsset & { usedIn: AssetUse[] })[] {
    return this.#state.sealed ? [] : this.#assets.list();
  }

  asset(name: string): StoredAsset | undefined {
    return this.#state.sealed ? undefined : this.#assets.find(name);
  }

  beginAsset(name: string, key: string, uploadId?: string): Refusal | undefined {
    return this.#assets.begin(name, key, uploadId);
  }

  storeAsset(name: string, content: StoredContent, by: Actor): Promise<{ created: boolean } | Refusal> {
    return this.#assets.commit(name, content, by);
  }

  cancelAsset(key: string): Promise<void> {
    return this.#assets.cancel(key);
  }

  removeAsset(name: string, by: Actor): Promise<Refusal | { removed: true }> {
    return this.#assets.remove(name, by);
  }

  abortAssets(): Promise<void> {
    return this.#assets.abortAll();
  }

  definition(): { version: number; format: "json" | "yaml"; source: string } | Refusal {
    return this.#publisher.definition();
  }

  tolerated(): Issue[] {
    const hunt = this.#published();
    return "refused" in hunt ? [] : hunt.compiled.tolerated;
  }

  publicEntry(isLost = false): PublicEntry | Refusal {
    const hunt = this.#published();
    if ("refused" in hunt) return hunt;
    if (isLost) this.#fanOut.arm();
    return publicEntryOf(hunt.state, hunt.compiled);
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

  async setPhase(to: PhaseByHand, by: Actor): Promise<{ phase: PhaseByHand } | Refusal> {
    this.#rightPhase();
    const set = await this.#changes.setPhase(to, by);
    this.#retention.arm();
    return set;
  }

  async reopen(reason: string, by: Actor): Promise<{ phase: "live" } | Refusal> {
    this.#rightPhase();
    const reopened = await this.#changes.reopen(reason, by);
    this.#retention.arm();
    return reopened;
  }

  release(by: Actor): Promise<{ released: true } | Refusal> {
    this.#rightPhase();
    return this.#changes.release(by);
  }

  async nudge(wish: NudgeWish, by: Actor): Promise<Nudged | Refusal> {
    const final = wish.dryRun ? undefined : this.#final();
    return final ?? this.#nudging.nudge(wish, by);
  }

  announce(announcement: NewAnnouncement, by: Actor): Promise<{ id: string; at: number } | Refusal> {
    return this.#announcing.announce(announcement, by);
  }

  editAnnouncement(id: string, text: string, reason: string, by: Actor): Promise<Announcement | Refusal> {
    return this.#announcing.edit(id, text, reason, by);
  }

  removeAnnouncement(id: string, reason: string, by: Actor): Promise<{ removed: true } | Refusal> {
    return this.#announcing.remove(id, reason, by);
  }

  announcements(query: AnnouncementQuery): AnnouncementPage | Refusal {
    if (!this.#state.current) return refuse("not_found", "no such hunt");
    return this.#announcing.page(query);
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

  async crowded(figures: LoadFigures): Promise<{ shardsPerRegion: number } | Refusal> {
    this.#rightPhase();
    const grown = await this.#changes.growBySelf(figures);
    flushMeter(this.env, () => this.ctx);
    return grown;
  }

  beginImport(firstAt: number, by: Actor): Promise<{ shardsPerRegion: number } | Refusal> {
    return this.#changes.beginImport(firstAt, by);
  }

  // ── Actions that others carry out ────────────────────────────────────────

  async actOnTeam(team: string, action: TeamAction, by: Actor): Promise<Organised | Refusal> {
    const final = this.#final();
    if (final) return final;
    return this.#actions.actOnTeam(team, action, by);
  }

  returnMember(
    team: string,
    player: string,
    reason: string,
    by: Actor,
  ): Promise<{ returnCode: string } | Refusal> {
    return this.#actions.returnMember(team, player, reason, by);
  }

  async regrade(asked: { dryRun: boolean; reason?: string }, by: Actor): Promise<Regraded | Refusal> {
    if (asked.dryRun) return this.#regrades.effects();
    return this.#final() ?? this.#regrades.regrade(asked.reason, by);
  }

  async undoRegrade(id: string, reason: string, by: Actor): Promise<{ teams: number } | Refusal> {
    return this.#final() ?? this.#regrades.undo(id, reason, by);
  }

  async changeClue(clue: string, wish: ClueWish, by: Actor): Promise<ClueChanged | Refusal> {
    const final = wish.dryRun ? undefined : this.#final();
    return final ?? this.#clueDesk.change(clue, wish, by);
  }

  noteTeams(teams: number, by: Actor): { noted: true } | Refusal {
    const hunt = this.#published();
    if ("refused" in hunt) return hunt;
    this.#audit.record({ ...by, at: this.#clock.now(), action: "make", detail: { teams } });
    return { noted: true };
  }

  help(
    team: string,
    thread: number,
    action: HelpAction,
    mayRelease: boolean,
    by: Actor,
  ): Promise<HelpAsked | Refusal> {
    return this.#actions.help(team, thread, action, mayRelease, by);
  }

  async judge(
    team: string,
    submission: number,
    action: JudgeAction,
    mayRelease: boolean,
    by: Actor,
  ): Promise<{ submission: SentSubmission } | Refusal> {
    const refused = action.type === "verdict" ? this.#final() : undefined;
    return refused ?? this.#actions.judge(team, submission, action, mayRelease, by);
  }

  noteView(team: string, reason: string, by: Actor): { incarnation: number } | Refusal {
    const hunt = this.#published();
    if ("refused" in hunt) return hunt;
    this.#audit.record({ ...by, at: this.#clock.now(), action: "view", detail: { team, reason } });
    return { incarnation: hunt.state.incarnation ?? 0 };
  }

  async changeTeam(
    team: string,
    change: TeamChange,
    reason: string,
    by: Actor,
  ): Promise<TeamChanged | Refusal> {
    const corrects = change.type === "remove" || (change.type === "alter" && change.bracket !== undefined);
    const final = corrects ? this.#final() : undefined;
    if (final) return final;
    return this.#actions.changeTeam(team, change, reason, by);
  }

  forget(team: string, player: string, reason: string, by: Actor): Promise<Refusal | { done: true }> {
    return this.#actions.forget(team, player, reason, by);
  }

  async movePlayer(
    team: string,
    player: string,
    to: string,
    reason: string,
    by: Actor,
  ): Promise<TeamChanged | Refusal> {
    const final = this.#final();
    if (final) return final;
    return this.#moves.move(team, player, to, reason, by);
  }

  async mergeTeams(team: string, into: string, reason: string, by: Actor): Promise<MergedInto | Refusal> {
    const final = this.#final();
    if (final) return final;
    return this.#merges.merge(team, into, reason, by);
  }

  revoke(prize: string, unit: number, reason: string, by: Actor): Promise<{ team: string } | Refusal> {
    return this.#actions.revoke(prize, unit, reason, by);
  }

  async rearchive(reason: string, by: Actor): Promise<{ facts: number } | Refusal> {
    return this.#withoutOrigin() ?? this.#actions.rearchive(reason, by);
  }

  /** Why it is not asked for anything of this hunt; undefined: it is. */
  #withoutOrigin(): Refusal | undefined {
    if (!this.#state.current?.rehearsal) return undefined;
    return refuse("conflict", "nothing of a rehearsal is at the origin");
  }

  async repair(reason: string, by: Actor): Promise<RepairReport | Refusal> {
    return this.#withoutOrigin() ?? this.#actions.repair(reason, by);
  }

  redrive(ids: readonly string[] | undefined, by: Actor): Promise<{ redriven: number } | Refusal> {
    return this.#actions.redrive(ids, by);
  }

  audit(before: number | undefined, limit: number): AuditPage {
    return this.#state.sealed ? { entries: [] } : this.#audit.list(before, limit);
  }

  recordReading(reading: ReadingOf, by: Actor, at: number): Refusal | undefined {
    if (!this.#state.current) return refuse("not_found", "no such hunt");
    this.#audit.recordReading(reading, by, at + aheadOf(this.#state.current));
    return undefined;
  }

  // ── Backups ──────────────────────────────────────────────────────────────

  backup(): BackupHead | Refusal {
    return this.#backups.head();
  }

  backupMark(): string {
    return this.#backups.mark();
  }

  backupAnnouncements(after: number): BackupPage<BackupAnnouncement> {
    return this.#backups.announcements(after);
  }

  backupAudit(after: number): BackupPage<AuditEntry> {
    return this.#backups.audit(after);
  }

  beginRestore(head: RestoreHead, by: Actor): Promise<RestoreBegun | (Refusal & { issues?: Issue[] })> {
    this.#rightPhase();
    return this.#backups.begin(head, by);
  }

  restore(attempt: string, lines: RestoredLines): Refusal | undefined {
    return this.#backups.take(attempt, lines);
  }

  finishRestore(
    attempt: string,
    facts: number,
    by: Actor,
  ): Promise<{ phase: Phase; version: number } | Refusal> {
    return this.#backups.finish(attempt, facts, by);
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

  course(): Course | undefined {
    const hunt = this.#published();
    if ("refused" in hunt) return undefined;
    const { phase, shards, shardsPerRegion } = hunt.state;
    const { opens } = hunt.compiled.hunt;
    return {
      phase: phaseAt(phase, hunt.compiled.hunt, this.#clock.now()),
      ...(opens === undefined ? {} : { opens }),
      shardsPerRegion,
      shards: [...shards],
    };
  }

  vaultConfig(): VaultConfig | Refusal {
    const hunt = this.#published();
    return "refused" in hunt ? hunt : vaultConfigOf(hunt.state, hunt.compiled, this.#seed());
  }

  webhookConfig(id: string): WebhookConfig | Refusal {
    const hunt = this.#published();
    return "refused" in hunt ? hunt : (webhookConfigOf(hunt.state, hunt.compiled, id) ?? NO_WEBHOOK);
  }

  clueTitles(): string[] | Refusal {
    const hunt = this.#published();
    return "refused" in hunt ? hunt : hunt.compiled.hunt.clues.map(({ title }) => title);
  }

  webhooks(): WebhookInUse[] | Refusal {
    const hunt = this.#published();
    if ("refused" in hunt) return hunt;
    return hunt.compiled.hunt.webhooks.flatMap(({ id, url, as, on }) => {
      const isInUse = webhookConfigOf(hunt.state, hunt.compiled, id) !== undefined;
      return isInUse ? [{ id, host: new URL(url).host, as, on }] : [];
    });
  }

  webhookSecret(id: string): { secret: string } | Refusal {
    const hunt = this.#published();
    if ("refused" in hunt) return hunt;
    const { codeKey, incarnation } = hunt.state;
    if (id !== REGISTRATIONS && "refused" in this.webhookConfig(id)) return NO_WEBHOOK;
    const secret = secretBytes(this.env, { hunt: this.#hunt, incarnation, codeKey, id });
    if (!secret) {
      return refuse("unavailable", "the key that the hunt's secrets are made with is no longer in CODE_KEYS");
    }
    return { secret: secretText(secret) };
  }

  testWebhook(id: string, by: Actor): Promise<DeliveryTry | Refusal> {
    const missing = this.webhookConfig(id);
    return "refused" in missing ? Promise.resolve(missing) : this.#actions.testWebhook(id, by);
  }

  redeliver(id: string, ids: string[] | undefined, by: Actor): Promise<{ redelivered: number } | Refusal> {
    const missing = this.webhookConfig(id);
    return "refused" in missing ? Promise.resolve(missing) : this.#actions.redeliver(id, ids, by);
  }

  boardConfig(): BoardConfig | Refusal {
    const hunt = this.#published();
    return "refused" in hunt ? hunt : boardConfigOf(hunt.state, hunt.compiled);
  }

  drawSeed(): { seed: string } | Refusal {
    const hunt = this.#published();
    if ("refused" in hunt) return hunt;
    const ended = isOver(phaseAt(hunt.state.phase, hunt.compiled.hunt, this.#clock.now()));
    const { drawSeed } = hunt.state;
    if (!ended || drawSeed === undefined) {
      return refuse("conflict", "the seed is told when the hunt has ended");
    }
    if (!hunt.state.seedTold) this.#state.note({ seedTold: true });
    return { seed: drawSeed };
  }

  /** Of the prize draws; made here for a hunt that was published by an engine without draws. */
  #seed(): string {
    if (this.#state.current?.drawSeed === undefined) this.#state.note({ drawSeed: newSeed() });
    return this.#state.current?.drawSeed ?? "";
  }

  // ── Deletion ─────────────────────────────────────────────────────────────

  seal(rehearsalOf?: string): Sealed | Refusal {
    this.#rightPhase();
    const { current } = this.#state;
    if (rehearsalOf !== undefined) {
      const known = current ?? this.#state.sealed;
      if (known?.rehearsal?.of !== rehearsalOf) return refuse("not_found", "no such rehearsal");
    }
    if (current) {
      const open = current.rehearsal || current.restoring ? undefined : this.#openPhase(current.phase);
      if (open) return refuse("conflict", `the hunt is ${open}: end it before it is deleted`);
      if (this.#rehearsals.isBusy) return refuse("unavailable", "its rehearsal is being made or removed");
      this.#state.seal();
    }
    const { sealed } = this.#state;
    if (!sealed) return refuse("not_found", "no such hunt");
    const { incarnation = 0, shards, rehearsal, rehearsedAs, webhooks = [] } = sealed;
    return {
      incarnation,
      shards: [...shards],
      webhooks: webhooks.map(({ id }) => id),
      ...(rehearsal ? { isRehearsal: true as const } : {}),
      ...(rehearsedAs === undefined ? {} : { rehearsedAs }),
    };
  }

  /** Live or paused; a hunt whose definition compiles no more is what it was set to by hand. */
  #openPhase(phase: PhaseState): "live" | "paused" | undefined {
    const hunt = this.#publisher.hunt();
    const now = phaseAt(phase, "refused" in hunt ? {} : hunt.compiled.hunt, this.#clock.now());
    return now === "live" || now === "paused" ? now : undefined;
  }

  async erase(): Promise<Refusal | undefined> {
    if (this.#state.current) return refuse("conflict", "the hunt is not being deleted");
    await eraseObject(this.ctx);
    return undefined;
  }

  // ── The rest ─────────────────────────────────────────────────────────────

  override alarm(): Promise<void> {
    return this.#alarm.run(async (isDue) => {
      this.#rightPhase();
      await Promise.all([this.#moves.resume(), this.#merges.resume(), this.#fanOut.repeat()]);
      if (isDue("regrades")) await this.#regrades.resume();
      if (isDue("announce")) await this.#announcing.sendDue();
      if (isDue("retention")) await this.#retention.turn();
      if (isDue("assets")) await this.#assets.turn();
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

  /** Why nothing is corrected any more; undefined: it is. */
  #final(): Refusal | undefined {
    return this.#state.current?.phase.finalAt === undefined ? undefined : FINAL;
  }

  /** The hunt as organisers may change it: not while half of it is restored. */
  #inUse(): Published | Refusal {
    return this.#backups.halfRestored ?? this.#published();
  }

  #published(): Published | Refusal {
    this.#rightPhase();
    return this.#publisher.hunt();
  }
}

const FINAL = refuse("conflict", "the hunt is final: nothing is corrected any more");
