/**
 * `Leaderboard`: the standings of one hunt, fed by its shards with score facts
 * and a watermark per shard. Everything here is derived: a snapshot shortens
 * the way back after an eviction, the shards' logs fill what it misses.
 */

import { DurableObject } from "cloudflare:workers";
import { BOARD_ENTRIES_MAX, type BoardEntry, boardKey } from "../cache/entry.ts";
import { configOf } from "../config.ts";
import { endsAt } from "../hunt/phase.ts";
import type { StandingsRules } from "../hunt/score.ts";
import { controlStub, liveBoardStub, shardStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { randomText } from "../objects/ids.ts";
import type { LeaderboardObject } from "../objects/leaderboard.ts";
import {
  type BoardConfig,
  type BoardPage,
  type BoardQuery,
  type LivePage,
  SINCE_HEADER,
} from "../objects/leaderboard.ts";
import type { ReportAnswer, ScoreReport, StandingsRow, StandingsWord } from "../protocol.ts";
import { refusalResponse } from "../sockets/socket.ts";
import { StoredText } from "../stored-text.ts";
import { flushMeter } from "../telemetry/flush.ts";
import { meter } from "../telemetry/meter.ts";
import { Keeper } from "./keeper.ts";
import { BoardSockets, LIVE_ENTRIES } from "./live.ts";
import { Spectators } from "./spectators.ts";
import type { Standings } from "./standings/standings.ts";
import { View } from "./standings/view.ts";
import { StoredView } from "./stored-view.ts";

/** How often changed standings are written down, ms. */
const SNAPSHOT_EVERY = 30_000;

/** Longest a reader waits for the standings to catch up after a start, ms. */
const CATCH_UP_WAIT = 3_000;

/** When a failed catch-up is repeated, ms. */
const CATCH_UP_RETRY = 2_000;

/** Pulls per shard in one catch-up; each brings thousands of facts. */
const PULLS_MAX = 10_000;

/** Shards pulled at the same time (an object may hold six connections). */
const PULL_WIDTH = 6;

/** Teams in one answer of `dump`: 64 bytes each or so, well under what a call takes. */
const DUMP_TEAMS = 20_000;

export class Leaderboard extends DurableObject<Env> implements LeaderboardObject {
  readonly #hunt: string;
  readonly #texts: StoredText;
  readonly #snapshots: StoredView;
  readonly #publishDelay: number;
  #config: BoardConfig | undefined;
  #keeper: Keeper | undefined;
  #catchingUp: Promise<void> | undefined;
  #catchUpAgain = false;
  #publishTimer = false;
  #snapshotDue = false;
  /** When the alarm is due as far as this life of the object knows, epoch ms; `Infinity`: not at all. */
  #alarmAt: number | undefined;
  readonly #live: BoardSockets;
  readonly #spectators: Spectators;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#hunt = ctx.id.name ?? "";
    this.#texts = new StoredText(ctx.storage.sql);
    this.#publishDelay = configOf(env).PUBLISH_DELAY_MS;
    this.#snapshots = new StoredView(ctx.storage.sql, this.#texts);
    this.#live = new BoardSockets({
      ctx,
      socketsMax: configOf(env).LIVE_SOCKETS_PER_OBJECT,
      page: () => this.#page(),
      life: randomText(8).toLowerCase(),
    });
    this.#spectators = new Spectators(
      {
        sockets: this.#live,
        config: () => this.#config,
        now: () => this.now(),
        // What is being pulled together would be shown as the standings.
        page: async () => (this.#catchingUp ? undefined : this.#page()),
        callAt: (time) => this.#armAlarm(time),
        pushDelay: configOf(env).LIVE_PUSH_MS,
        show: async (child, showing) => liveBoardStub(env, child).show(showing),
        save: (children) => this.#texts.write("children", JSON.stringify(children)),
      },
      JSON.parse(this.#texts.read("children") ?? "[]") as string[],
    );
    const config = this.#texts.read("config");
    if (config === undefined) return;
    this.#config = JSON.parse(config) as BoardConfig;
    const { rules, freeze } = this.#config;
    const kept = this.#snapshots.read(rules, freeze);
    this.#keeper = this.#keep(kept?.view ?? new View(rules, freeze), kept?.marks ?? []);
    this.#catchUp();
  }

  #keep(view: View, marks: Iterable<[string, number]> = []): Keeper {
    const keeper: Keeper = new Keeper(view, marks, {
      // Not an empty `storage.sync()`: calls that arrive while storage is awaited are not let in.
      pause: () => scheduler.wait(0),
      clock: () => performance.now(),
      changed: () => this.#changed(),
      failed: (error) => {
        console.error({ message: "the standings are rebuilt from the logs", error: String(error) });
        if (this.#keeper !== keeper || !this.#config) return;
        this.#keeper = this.#keep(new View(this.#config.rules, this.#config.freeze));
        setTimeout(() => this.#catchUp(), CATCH_UP_RETRY);
      },
    });
    return keeper;
  }

  /** Epoch ms; replaced by tests. */
  protected now(): number {
    return Date.now();
  }

  /** Takes new rules or a new phase; rebuilds from the logs where the old data does not suffice. */
  async configure(config: BoardConfig): Promise<void> {
    if (this.#config && config.revision < this.#config.revision) return;
    const before = this.#config;
    this.#config = config;
    this.#spectators.news(before, config);
    this.#texts.write("config", JSON.stringify(config));
    const keeper = this.#keeper;
    if (!keeper) this.#keeper = this.#keep(new View(config.rules, config.freeze));
    // A newer configuration may have come while this one waited: then its rules are taken twice.
    else if (!(await keeper.change((view) => view.change(...this.#rulesNow(config))))) {
      this.#keeper = this.#keep(new View(...this.#rulesNow(config)));
      this.#catchUp();
    }
    this.#changed();
  }

  #rulesNow(config: BoardConfig): [StandingsRules, number | undefined] {
    const { rules, freeze } = this.#config ?? config;
    return [rules, freeze];
  }

  /** A child object has its first spectator. */
  async watch(child: string): Promise<{ page: LivePage; phase: string } | undefined> {
    const watched = this.#spectators.watch(child);
    return watched && { ...watched, page: await this.#page() };
  }

  #page(): Promise<LivePage> {
    return this.read({ offset: 0, limit: LIVE_ENTRIES, organiser: false });
  }

  /** A spectator's socket; the edge lets only upgrades through. */
  override async fetch(request: Request): Promise<Response> {
    const answer = await this.#spectators.accept(request.headers.get(SINCE_HEADER));
    return "refused" in answer ? refusalResponse(answer) : answer;
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

  /**
   * Takes a shard's report; answers when it shows. A gap before it or no room
   * for it: the answered watermark tells the shard where to start again.
   */
  async report(report: ScoreReport): Promise<ReportAnswer> {
    const keeper = this.#keeper;
    if (!keeper) throw new Error("the leaderboard does not know its hunt yet");
    keeper.take(report);
    await keeper.applied(report.shard, report.upto);
    meter.add("hunt_leaderboard_reports_total", 1);
    const newest = report.facts.at(-1)?.at;
    if (newest !== undefined) {
      meter.histogram("hunt_leaderboard_lag_seconds").observe(Math.max(0, this.now() - newest) / 1_000);
    }
    flushMeter(this.env, () => this.ctx);
    const { view } = keeper;
    // While catching up there is no word: the shard keeps what it was told before.
    const word: StandingsWord = {
      asOf: this.now(),
      ...(view.isSettled ? view.all.word(report.shard) : undefined),
    };
    return { watermark: keeper.taken(report.shard), word };
  }

  /** What the standings are computed by; undefined before the hunt is published. */
  rules(): StandingsRules | undefined {
    return this.#config?.rules;
  }

  /** Places of these teams as organisers see them, through a freeze; null: none. */
  async organiserRanks(teams: string[]): Promise<(number | null)[]> {
    const { standings } = await this.#organisers();
    return teams.map((team) => standings?.rank(team) ?? null);
  }

  /**
   * What a shard needs to show its teams: their places as everybody may see
   * them (null: none), and the word on its clues' values.
   */
  async look(shard: string, teams: string[]): Promise<{ ranks: (number | null)[]; word: StandingsWord }> {
    const { standings } = await this.#public();
    return {
      ranks: teams.map((team) => standings?.rank(team) ?? null),
      word: { asOf: this.now(), ...this.#keeper?.view.all.word(shard) },
    };
  }

  /** The word as everybody may know it: during a freeze, as of the freeze. */
  async publicWord(shard: string): Promise<StandingsWord> {
    const { standings, asOf } = await this.#public();
    return { asOf, ...standings?.word(shard) };
  }

  /** One page of the standings. */
  async read(query: BoardQuery): Promise<BoardPage> {
    const { standings, frozen, asOf } = query.organiser ? await this.#organisers() : await this.#public();
    if (!standings) return { asOf, frozen, total: 0, entries: [] };
    const { limit, offset, bracket, around } = query;
    return {
      asOf,
      frozen,
      total: standings.total(bracket),
      entries:
        around === undefined
          ? standings.page({ offset, limit, bracket })
          : standings.around(around, limit, bracket),
    };
  }

  /** Teams that joined, hidden and banned ones included. */
  async teamCount(): Promise<number> {
    await this.#caughtUp();
    return this.#keeper?.view.all.teamCount ?? 0;
  }

  /**
   * Teams with score and place as the organisers see them, from number `from`
   * on, and the watermarks this page is as of; for verification.
   */
  async dump(
    from: number,
  ): Promise<{ marks: { shard: string; mark: number }[]; rows: StandingsRow[]; next?: number }> {
    const { standings } = await this.#organisers();
    return {
      marks: [...(this.#keeper?.marks ?? [])].map(([shard, mark]) => ({ shard, mark })),
      ...(standings?.dump(from, DUMP_TEAMS) ?? { rows: [] }),
    };
  }

  async #organisers(): Promise<{ standings: Standings | undefined; frozen: boolean; asOf: number }> {
    await this.#readable();
    return { standings: this.#keeper?.view.all, frozen: false, asOf: this.now() };
  }

  async #public(): Promise<{ standings: Standings | undefined; frozen: boolean; asOf: number }> {
    await this.#readable();
    return this.#publicNow();
  }

  /** At exit the standings are settled until the next `await`. */
  async #readable(): Promise<void> {
    await this.#caughtUp();
    await this.#keeper?.ready();
  }

  #publicNow(): { standings: Standings | undefined; frozen: boolean; asOf: number } {
    const now = this.now();
    const config = this.#config;
    const frozen = config?.freeze !== undefined && now >= config.freeze && now < endsAt(config.phase, config);
    if (!frozen) return { standings: this.#keeper?.view.all, frozen: false, asOf: now };
    return { standings: this.#keeper?.view.frozenView(), frozen: true, asOf: config.freeze ?? now };
  }

  // ── Catching up ─────────────────────────────────────────────────────────

  #catchUp(): void {
    if (this.#catchingUp) {
      this.#catchUpAgain = true;
      return;
    }
    this.#catchUpAgain = false;
    this.#catchingUp = this.#pullEverything()
      .catch((error: unknown) => {
        console.warn({ message: "catching up failed, will be repeated", error: String(error) });
        // A shard without new facts never reports: nobody else would fill the gap.
        setTimeout(() => this.#catchUp(), CATCH_UP_RETRY);
      })
      .finally(() => {
        this.#catchingUp = undefined;
        if (this.#catchUpAgain) this.#catchUp();
      });
  }

  async #caughtUp(): Promise<void> {
    if (!this.#catchingUp) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const waited = new Promise<void>((done) => {
      timer = setTimeout(done, CATCH_UP_WAIT);
    });
    await Promise.race([this.#catchingUp, waited]);
    // A timer left behind keeps the object awake, and its successor after an eviction waiting.
    clearTimeout(timer);
  }

  async #pullEverything(): Promise<void> {
    const keeper = this.#keeper;
    if (!keeper) return;
    keeper.gather();
    try {
      const shards = await controlStub(this.env, this.#hunt).shards();
      const queue = [...new Set([...shards, ...keeper.marks.keys()])];
      const next = async (): Promise<void> => {
        for (let shard = queue.pop(); shard !== undefined; shard = queue.pop())
          await this.#pull(keeper, shard);
      };
      await Promise.all(Array.from({ length: PULL_WIDTH }, next));
    } finally {
      await keeper.gathered();
    }
  }

  async #pull(keeper: Keeper, shard: string): Promise<void> {
    const stub = shardStub(this.env, this.#hunt, shard);
    for (let pulls = 0; pulls < PULLS_MAX; pulls += 1) {
      const after = keeper.taken(shard);
      const report = await stub.scoreFacts(after);
      if (report.upto <= after || this.#keeper !== keeper) return;
      await keeper.room();
      keeper.take(report);
    }
  }

  // ── Publishing and keeping ──────────────────────────────────────────────

  #changed(): void {
    if (!this.#snapshotDue) {
      this.#snapshotDue = true;
      this.#armAlarm(Date.now() + SNAPSHOT_EVERY);
    }
    this.#spectators.changed();
    if (this.#publishTimer) return;
    this.#publishTimer = true;
    setTimeout(() => {
      this.#publishTimer = false;
      this.#publish().catch((error: unknown) => {
        // Readers fall back to this object when the entry is old.
        console.warn({ message: "publishing the leaderboard failed", error: String(error) });
        meter.add("hunt_delivery_failures_total", 1, "publish");
      });
    }, this.#publishDelay);
  }

  async #publish(): Promise<void> {
    const { standings, frozen, asOf } = await this.#public();
    if (!standings) return;
    const entry: BoardEntry = {
      v: 1,
      hunt: this.#hunt,
      at: this.now(),
      asOf,
      ...this.#untilNextChange(),
      frozen,
      total: standings.total(),
      entries: standings.page({ offset: 0, limit: BOARD_ENTRIES_MAX }),
    };
    const begun = Date.now();
    await this.env.CACHE.put(boardKey(this.#hunt), JSON.stringify(entry));
    meter.histogram("hunt_leaderboard_publish_duration_seconds").observe((Date.now() - begun) / 1_000);
  }

  /** When a freeze begins or the hunt ends by itself, what was published before is no longer right. */
  #untilNextChange(): { until?: number } {
    const { freeze, phase, ...times } = this.#config ?? {};
    const now = this.now();
    const next = [freeze ?? 0, phase ? endsAt(phase, times) : 0].filter(
      (at) => at > now && Number.isFinite(at),
    );
    return next.length === 0 ? {} : { until: Math.min(...next) };
  }

  /** Sets the alarm for `at` or for what else is due before, unless it is set for earlier. */
  #armAlarm(at: number): void {
    const due = Math.min(at, this.#spectators.nextTime ?? at);
    if (this.#alarmAt !== undefined && this.#alarmAt <= due) return;
    // An earlier life may have set it for a snapshot: that is not put off for long.
    this.#alarmAt = this.#alarmAt === undefined ? Math.min(due, Date.now() + SNAPSHOT_EVERY) : due;
    void this.ctx.storage.setAlarm(this.#alarmAt);
  }

  /** Writes the standings down, in pieces; reports wait meanwhile, reads do not. */
  override async alarm(): Promise<void> {
    meter.add("hunt_alarms_total", 1, "leaderboard");
    const isSnapshotDue = this.#snapshotDue || this.#alarmAt === undefined;
    this.#alarmAt = Number.POSITIVE_INFINITY;
    this.#spectators.timePassed();
    if (!isSnapshotDue) return;
    this.#snapshotDue = false;
    try {
      const keeper = this.#keeper;
      await keeper?.whileStill(() =>
        this.#snapshots.write(keeper.view, keeper.marks, () => keeper.breathe()),
      );
    } catch (error) {
      // The platform calls again.
      this.#snapshotDue = true;
      throw error;
    }
  }
}
