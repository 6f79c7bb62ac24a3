/**
 * `Leaderboard`: the standings of one hunt, fed by its shards with score facts
 * and a watermark per shard. Everything here is derived: a snapshot shortens
 * the way back after an eviction, the shards' logs fill what it misses.
 */

import { DurableObject } from "cloudflare:workers";
import { Alarm } from "../alarm.ts";
import { boardKey } from "../cache/entry.ts";
import { signedText } from "../cache/signed.ts";
import { type Clock, systemClock, watched } from "../clock.ts";
import { configOf } from "../config.ts";
import type { StandingsRules } from "../hunt/score.ts";
import { LazySql } from "../lazy-sql.ts";
import { controlStub, liveBoardStub, shardStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { randomText } from "../objects/ids.ts";
import {
  type BoardConfig,
  type BoardPage,
  type BoardQuery,
  type LeaderboardObject,
  type LivePage,
  SINCE_HEADER,
} from "../objects/leaderboard.ts";
import type { ReportResult, ScoreReport, ShardStandings, StandingsRow } from "../protocol.ts";
import { refusalResponse } from "../sockets/socket.ts";
import { StoredText } from "../stored-text.ts";
import { flushMeter } from "../telemetry/flush.ts";
import { meter } from "../telemetry/meter.ts";
import { Board, ranksOf } from "./board.ts";
import { BoardSockets, LIVE_ENTRIES } from "./live.ts";
import { BoardPublisher } from "./publish.ts";
import { Spectators } from "./spectators.ts";
import { StoredView } from "./stored-view.ts";

/** How often changed standings are written down, ms. */
const SNAPSHOT_EVERY = 30_000;

export class Leaderboard extends DurableObject<Env> implements LeaderboardObject {
  readonly #clock: Clock;
  /** For a snapshot of changed standings; for a phase, or a freeze, that begins or ends by its time. */
  readonly #alarm: Alarm<"snapshot" | "phase">;
  readonly #board: Board;
  readonly #publisher: BoardPublisher;
  readonly #live: BoardSockets;
  readonly #spectators: Spectators;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const hunt = ctx.id.name ?? "";
    const config = configOf(env);
    const { storage } = ctx;
    const sql = new LazySql(storage.sql);
    const texts = new StoredText(sql);
    const clock = watched({ now: () => this.now(), after: (ms, signal) => this.after(ms, signal) }, (by) => {
      this.#alarm.wentBack(by);
      void this.#board.wentBack(by).catch((error: unknown) => {
        console.warn({ message: "the freeze could not be put right", error: String(error) });
      });
      this.#spectators.timePassed();
      this.#publisher.changed();
    });
    this.#clock = clock;
    this.#alarm = new Alarm({ clock, storage });
    this.#board = new Board({
      clock,
      texts,
      snapshots: new StoredView(sql, texts),
      shards: async () => controlStub(env, hunt).shards(),
      pull: async (shard, after) => shardStub(env, hunt, shard).scoreFacts(after),
      changed: () => this.#changed(),
    });
    this.#publisher = new BoardPublisher({
      clock,
      hunt,
      delay: config.PUBLISH_DELAY_MS,
      config: () => this.#board.config,
      read: (read) => this.#board.public(read),
      put: (entry) => env.CACHE.put(boardKey(hunt), signedText(env, boardKey(hunt), entry, clock.now())),
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
      JSON.parse(texts.read("children") ?? "[]") as string[],
    );
    this.#board.restore();
    void ctx.blockConcurrencyWhile(() => this.#alarm.resume());
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
    if (!this.#board.install(config)) return;
    this.#spectators.news(before, config);
    await this.#board.rerule();
  }

  /**
   * Takes a shard's report; its result comes when it shows. A gap before it or
   * no room for it: the watermark in the result tells the shard where to start
   * again.
   */
  async report(report: ScoreReport): Promise<ReportResult> {
    const result = await this.#board.take(report);
    flushMeter(this.env, () => this.ctx);
    return result;
  }

  /** For a shard that shows its teams: their places as everybody may see them, and its clues' values. */
  look(shard: string, teams: string[]): Promise<{ ranks: (number | null)[]; word: ShardStandings }> {
    return this.#board.look(shard, teams);
  }

  /** The values of a shard's clues as everybody may know them: during a freeze, as of the freeze. */
  publicWord(shard: string): Promise<ShardStandings> {
    return this.#board.public(({ standings, asOf }) => ({ asOf, ...standings?.word(shard) }));
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

  /** Teams that joined, hidden and banned ones included. */
  teamCount(): Promise<number> {
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
