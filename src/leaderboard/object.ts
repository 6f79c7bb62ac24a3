/**
 * `Leaderboard`: the standings of one hunt, fed by its shards with score facts
 * and a watermark per shard. Everything here is derived: a snapshot shortens
 * the way back after an eviction, the shards' logs fill what it misses.
 */

import { DurableObject } from "cloudflare:workers";
import { Alarm } from "../alarm.ts";
import { boardKey, loadKey, type RootsEntry, rootsKey } from "../cache/entry.ts";
import { signedText } from "../cache/signed.ts";
import { aheadBy, type Clock, systemClock, watched } from "../clock.ts";
import { configOf } from "../config.ts";
import type { Roots as RootsPage } from "../contract/proof.ts";
import { eraseObject, FAREWELL } from "../erase.ts";
import { accepted, type Refusal } from "../errors.ts";
import type { StandingsRules } from "../hunt/score.ts";
import { LazySql } from "../lazy-sql.ts";
import { calling, controlStub, liveBoardStub, orRefusal, shardStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { randomText } from "../objects/ids.ts";
import { scopeOf } from "../objects/incarnation.ts";
import {
  type AroundQuery,
  type BoardConfig,
  type BoardPage,
  type BoardQuery,
  type ClueSolves,
  type ClueSolvesQuery,
  type LeaderboardObject,
  type LivePage,
  type LookedAt,
  type PlacedFact,
  type PublicTeam,
  SINCE_HEADER,
  type TeamCount,
} from "../objects/leaderboard.ts";
import { ownName } from "../objects/own-name.ts";
import { aheadOf } from "../objects/rehearsal.ts";
import { growthLimits } from "../placement/growth.ts";
import { Roots } from "../proof/roots.ts";
import type { ReportResult, ScoreReport, ShardStandings, StandingsRow } from "../protocol.ts";
import { refusalResponse } from "../sockets/socket.ts";
import { StoredText } from "../stored-text.ts";
import { flushMeter } from "../telemetry/flush.ts";
import { meter } from "../telemetry/meter.ts";
import { Board, ranksOf } from "./board.ts";
import { BoardSockets, LIVE_ENTRIES } from "./live.ts";
import { LoadPublisher } from "./loads.ts";
import { BoardPublisher } from "./publish.ts";
import { Spectators } from "./spectators.ts";
import { StoredView } from "./stored-view.ts";

/** How often changed standings are written down, ms. */
const SNAPSHOT_EVERY = 30_000;

export class Leaderboard extends DurableObject<Env> implements LeaderboardObject {
  readonly #hunt: string;
  readonly #clock: Clock;
  /** By which entries of KV are dated. */
  readonly #engineClock: Clock;
  /** For a root; for a snapshot of changed standings; for a phase, or a freeze, that begins or ends by its time. */
  readonly #alarm: Alarm<"snapshot" | "phase" | "root">;
  readonly #board: Board;
  readonly #publisher: BoardPublisher;
  readonly #live: BoardSockets;
  readonly #spectators: Spectators;
  readonly #roots: Roots;
  readonly #loads: LoadPublisher;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const hunt = ownName(ctx, env.LEADERBOARD);
    this.#hunt = hunt;
    const config = configOf(env);
    const { storage } = ctx;
    const sql = new LazySql(storage.sql);
    const texts = new StoredText(sql);
    const engineClock = watched(
      { now: () => this.now(), after: (ms, signal) => this.after(ms, signal) },
      (by) => {
        this.#alarm.wentBack(by);
        void this.#board.wentBack(by).catch((error: unknown) => {
          console.warn({ message: "the freeze could not be put right", error: String(error) });
        });
        this.#spectators.timePassed();
        this.#publisher.changed();
      },
    );
    const ahead = (): number => aheadOf(this.#board?.config);
    const clock = aheadBy(engineClock, ahead);
    this.#clock = clock;
    this.#engineClock = engineClock;
    this.#alarm = new Alarm({ clock, storage, ahead });
    this.#board = new Board({
      clock,
      texts,
      snapshots: new StoredView(sql, texts),
      shards: async () => controlStub(env, hunt).shards(),
      pull: async (shard, after) => {
        const report = await shardStub(env, hunt, shard).scoreFacts(after);
        this.#roots.heard(shard, report.upto);
        this.#loads.heard(shard, report.load);
        return report;
      },
      solversOf: async (shard, clue, until, limit) =>
        accepted(await calling(async () => shardStub(env, hunt, shard).solversOf(clue, until, limit))),
      changed: () => this.#changed(),
    });
    this.#publisher = new BoardPublisher({
      clock,
      hunt,
      delay: config.PUBLISH_DELAY_MS,
      config: () => this.#board.config,
      read: (read) => this.#board.public(read),
      put: (entry) => this.#publish(boardKey(this.#scope), entry),
    });
    this.#live = new BoardSockets({
      ctx,
      clock,
      socketsMax: config.LIVE_SOCKETS_PER_OBJECT,
      page: () => this.#firstPlaces(),
      life: randomText(8).toLowerCase(),
    });
    this.#spectators = new Spectators(
      {
        clock,
        sockets: this.#live,
        config: () => this.#board.config,
        page: async () => (this.#board.isCatchingUp ? undefined : this.#firstPlaces()),
        callAt: (time) => this.#alarm.set("phase", time),
        pushDelay: config.LIVE_PUSH_MS,
        show: async (child, showing) => liveBoardStub(env, child).show(showing),
        save: (children) => texts.write("children", JSON.stringify(children)),
      },
      JSON.parse(texts.readDerived("children") ?? "[]") as string[],
    );
    this.#loads = new LoadPublisher({
      clock,
      hunt,
      limits: growthLimits(config),
      isCatchingUp: () => this.#board.isCatchingUp,
      put: (entry) => this.#publish(loadKey(this.#scope), entry),
      crowded: async (figures) => {
        const grown = await orRefusal(calling(async () => controlStub(env, hunt).crowded(figures)));
        if ("refused" in grown) console.warn({ message: "a crowded hunt could not grow", hunt, ...grown });
      },
    });
    this.#roots = new Roots({
      sql,
      clock,
      every: config.ROOT_EVERY_MS,
      subtrees: (shard, range) => calling(async () => shardStub(env, hunt, shard).subtrees(range)),
      wake: (at) => this.#alarm.set("root", at),
      made: (page) => void this.#publishRoots(hunt, page),
    });
    const isWhole = this.#board.restore();
    void ctx.blockConcurrencyWhile(async () => {
      if (!isWhole) await this.#askControl();
      await this.#alarm.resume();
      this.#roots.resume();
    });
  }

  /** Throws when control cannot be asked: then the object starts again with the next call. */
  async #askControl(): Promise<void> {
    const told = await calling(async () => controlStub(this.env, this.#hunt).boardConfig());
    // Of a hunt that is deleted there is nothing to show, but what is stored is to be erased.
    if ("refused" in told && told.refused === "not_found") return;
    this.#board.install(accepted(told));
    this.#board.restore();
  }

  /** Epoch ms; replaced by tests, as `after` is. */
  protected now(): number {
    return systemClock.now();
  }

  protected after(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.after(ms, signal);
  }

  // ── Control and the shards ──────────────────────────────────────────────

  /** Takes a new configuration; an older one changes nothing. */
  async configure(config: BoardConfig): Promise<void> {
    const before = this.#board.config;
    const stoodStill = this.#board.standsStill;
    if (!this.#board.install(config)) return;
    this.#spectators.news(before, config);
    if (config.phase.endedAt !== undefined) this.#roots.ended();
    await this.#board.rerule();
    // Who ended the hunt, or released its results, may look at once.
    if (this.#board.standsStill !== stoodStill) await this.#publisher.publish();
  }

  /**
   * Takes a shard's report; its result comes when it shows. A gap before it or
   * no room for it: the watermark in the result tells the shard where to start
   * again.
   */
  async report(report: ScoreReport): Promise<ReportResult> {
    this.#roots.heard(report.shard, report.upto);
    this.#loads.heard(report.shard, report.load);
    const result = await this.#board.take(report);
    flushMeter(this.env, () => this.ctx);
    return result;
  }

  rebuild(): void {
    this.#board.rebuild();
  }

  heardOf(shard: string): number {
    return Math.max(this.#board.heardOf(shard), this.#roots.heardOf(shard));
  }

  /** For a shard that shows its teams: their places as everybody may see them, and its clues' values. */
  look(shard: string, teams: string[]): Promise<LookedAt> {
    return this.#board.look(shard, teams);
  }

  /** The values of a shard's clues, and of a team whether it has no place, as everybody may know it. */
  lookPublic(shard: string, team: string): Promise<{ isConcealed: boolean; word: ShardStandings }> {
    return this.#board.lookPublic(shard, team);
  }

  // ── Reading ─────────────────────────────────────────────────────────────

  /** The rules that the standings are computed by; undefined before the hunt is published. */
  rules(): StandingsRules | undefined {
    return this.#board.config?.rules;
  }

  /** Places of these teams as organisers see them, through a freeze; null: none. */
  organiserRanks(teams: string[]): Promise<(number | null)[]> {
    return this.#board.organisers((reading) => ranksOf(reading, teams));
  }

  /** One page of the standings. */
  read(query: BoardQuery): Promise<BoardPage> {
    return this.#board.page(query);
  }

  /** The rows around a team. */
  around(team: string, query: AroundQuery): Promise<BoardPage | Refusal> {
    return this.#board.around(team, query);
  }

  /** See `LeaderboardObject`. */
  clueSolves(clue: string, query: ClueSolvesQuery): Promise<ClueSolves | Refusal> {
    return orRefusal(this.#board.clueSolves(clue, query));
  }

  /** See `LeaderboardObject`. */
  publicTeams(teams: string[]): Promise<(PublicTeam | null)[]> {
    return this.#board.publicTeams(teams);
  }

  /** See `LeaderboardObject`. */
  solvedClues(): Promise<string[]> {
    return this.#board.solvedClues();
  }

  /** See `LeaderboardObject`. */
  teamCount(): Promise<TeamCount> {
    return this.#board.teamCount();
  }

  /**
   * Teams with score and place as the organisers see them, from number `from`
   * on, and the watermarks this page is as of; for verification.
   */
  dump(
    from: number,
  ): Promise<{ marks: { shard: string; mark: number }[]; rows: StandingsRow[]; next?: number }> {
    return this.#board.dump(from);
  }

  // ── Roots ───────────────────────────────────────────────────────────────

  roots(page: number): RootsPage | Refusal {
    return this.#roots.page(page);
  }

  placed(shard: string, seq: number): PlacedFact | Refusal {
    return this.#roots.placed(shard, seq);
  }

  async #publishRoots(hunt: string, page: number): Promise<void> {
    const told = this.#roots.page(page);
    if ("refused" in told) return;
    const entry: RootsEntry = { v: 1, hunt, page, ...told };
    try {
      await this.#publish(rootsKey(this.#scope, page), JSON.stringify(entry));
    } catch (error) {
      // Readers ask this object when the entry is old.
      console.warn({ message: "publishing roots failed", error: String(error) });
    }
  }

  /** By which its copies in KV are named. */
  get #scope(): string {
    return scopeOf(this.#hunt, this.#board.config?.incarnation);
  }

  #publish(key: string, entry: string): Promise<void> {
    return this.env.CACHE.put(key, signedText(this.env, key, entry, this.#engineClock.now()));
  }

  // ── Spectators ──────────────────────────────────────────────────────────

  /** A child object has its first spectator. */
  async watch(child: string): Promise<{ page: LivePage; phase: string } | undefined> {
    const watched = this.#spectators.watch(child);
    return watched && { ...watched, page: await this.#firstPlaces() };
  }

  #firstPlaces(): Promise<LivePage> {
    return this.#board.page({ offset: 0, limit: LIVE_ENTRIES, organiser: false });
  }

  /** A spectator's socket; the edge lets only upgrades through. */
  override async fetch(request: Request): Promise<Response> {
    const accepted = await this.#spectators.accept(request.headers.get(SINCE_HEADER));
    return "refused" in accepted ? refusalResponse(accepted) : accepted;
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return this.#live.message(socket, data);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#live.closed(socket, code);
  }

  override webSocketError(socket: WebSocket): void {
    this.#live.closed(socket);
  }

  async erase(): Promise<void> {
    if (this.#live.isWatched()) {
      this.#live.closeAll();
      await this.after(FAREWELL);
    }
    await eraseObject(this.ctx);
  }

  // ── Changes and time ────────────────────────────────────────────────────

  #changed(): void {
    this.#alarm.set("snapshot", this.#clock.now() + SNAPSHOT_EVERY);
    this.#spectators.changed();
    this.#publisher.changed();
  }

  override alarm(): Promise<void> {
    meter.add("hunt_alarms_total", 1, "leaderboard");
    return this.#alarm.run(async (isDue) => {
      if (isDue("phase")) this.#spectators.timePassed();
      if (isDue("root")) await this.#roots.turn();
      if (isDue("snapshot")) await this.#writeSnapshot();
    });
  }

  async #writeSnapshot(): Promise<void> {
    try {
      await this.#board.write();
    } catch (error) {
      this.#alarm.set("snapshot", this.#clock.now() + SNAPSHOT_EVERY);
      throw error;
    }
  }
}
