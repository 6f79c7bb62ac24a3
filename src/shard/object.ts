/**
 * `HuntShard`: owns some of a hunt's teams. All of a team's events pass through
 * one shard, so they are totally ordered; everything it reports as recorded is in
 * its log. This file wires the parts; each method is one call of a part.
 */
import { DurableObject } from "cloudflare:workers";
import { Alarm } from "../alarm.ts";
import { type Clock, systemClock, watched } from "../clock.ts";
import { configOf } from "../config.ts";
import type { Me } from "../contract/me.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Context } from "../hunt/context.ts";
import { organise } from "../hunt/organise.ts";
import { scoreOf } from "../hunt/team-score.ts";
import { WrongTexts } from "../intake/wrong-texts.ts";
import { LazySql } from "../lazy-sql.ts";
import { calling, controlStub, leaderboardStub, orRefusal, vaultStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { parseObjectName } from "../objects/ids.ts";
import type { Win } from "../objects/prizes.ts";
import type {
  Checkin,
  Joined,
  Joining,
  RefoldReport,
  ShardConfig,
  ShardLoad,
  ShardObject,
  ShardStats,
  StuckTeam,
  TeamRows,
  WinnerRow,
} from "../objects/shard.ts";
import {
  type Command,
  type Fact,
  type OriginTeam,
  type Range,
  type ReplayLine,
  type ReplayResult,
  resultsText,
  type ScoreReport,
  type TeamAction,
} from "../protocol.ts";
import { flushMeter } from "../telemetry/flush.ts";
import { ShardBudgets } from "./budgets.ts";
import { ClaimDesk } from "./claims.ts";
import { CountedSql } from "./counted-sql.ts";
import { CurrentHunt, READ_ONLY } from "./current-hunt.ts";
import { Delivery, type ShardReason } from "./delivery.ts";
import { Journal } from "./journal.ts";
import { LiveSockets } from "./live.ts";
import { LivePlay } from "./live-play.ts";
import { ShardMeter } from "./meter.ts";
import { lastCheckins, stuckTeams, teamRows } from "./organiser.ts";
import { Play } from "./play.ts";
import { Players } from "./players.ts";
import { queueFigures } from "./queue-figures.ts";
import { RankCache } from "./ranks.ts";
import { Replay } from "./replay.ts";
import { Reporter, scoreReport } from "./report.ts";
import { Shipper } from "./ship.ts";
import { countClues } from "./stats.ts";
import { ShardStore } from "./store.ts";
import { ShardTime } from "./time.ts";
import { originTeams, refold } from "./verify.ts";
import { Waiting } from "./waiting.ts";
import { Wins } from "./wins.ts";

/** How much later than the report to the standings a team's news are pushed, ms. */
const PUSH_MARGIN = 100;

/** How long a start waits for the ids of its log to be read, ms; the platform gives up after 30 s. */
const IDS_WAIT = 10_000;

/** Facts in one result of `scoreFacts`. */
const SCORE_FACTS_MAX = 10_000;

/** Facts in one result of `exportFacts`, about (whole segments). */
const EXPORT_FACTS_MAX = 5_000;

export class HuntShard extends DurableObject<Env> implements ShardObject {
  readonly #shard: string;
  readonly #sql: CountedSql;
  readonly #time: ShardTime;
  readonly #journal: Journal;
  readonly #current: CurrentHunt;
  readonly #players: Players;
  readonly #play: Play;
  readonly #wins: Wins;
  readonly #replay: Replay;
  readonly #shipper: Shipper;
  readonly #delivery: Delivery;
  readonly #sockets: LiveSockets;
  readonly #live: LivePlay;
  readonly #waiting: Waiting;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { hunt, shard } = parseObjectName(ctx.id.name ?? "");
    const config = configOf(env);
    const { storage } = ctx;
    const clock = watched(
      { now: () => this.clock().now(), after: (ms, signal) => this.clock().after(ms, signal) },
      (by) => {
        alarm.wentBack(by);
        this.#delivery.wentBack();
      },
    );
    const sql = new CountedSql(new LazySql(storage.sql));
    const store = new ShardStore(sql);
    const meter = new ShardMeter(shard);
    const alarm = new Alarm<ShardReason>({
      clock,
      storage,
      // A billed row like any other.
      written: () => {
        sql.rowsWritten += 1;
      },
    });
    this.#shard = shard;
    this.#sql = sql;

    this.#time = new ShardTime(shard, clock);
    this.#journal = new Journal({
      sql,
      sync: () => storage.sync(),
      clock,
      time: this.#time,
      pageFlushFacts: config.PAGE_FLUSH_FACTS,
      committing: () => this.#delivery.arm(),
      committed: (facts, segments, ms) => {
        meter.committed(facts, ms);
        this.#live.committed(facts);
        this.#delivery.committed(facts, segments);
      },
      failed: (error) => {
        console.error({ message: "commit failed, shard restarts from its log", error: String(error) });
        ctx.abort("commit failed");
      },
    });
    const { log, teams } = this.#journal;
    const budgets = new ShardBudgets(config, () => storage.sql.databaseSize);
    budgets.resume(teams.untouched(), this.#time.now());

    const desk = new ClaimDesk({
      shard,
      revision: () => this.#current.revision,
      call: (request) => vaultStub(env, hunt).claim(request),
      clock,
    });
    this.#current = new CurrentHunt({
      hunt,
      secrets: env,
      store,
      budgets,
      attach: () =>
        orRefusal(calling(async () => (await controlStub(env, hunt).attach(shard)) as ShardConfig | Refusal)),
      knowsIds: () => teams.knowsIds,
      drained: (prize) => desk.drained(prize),
      asked: (team, prize) => this.#wins.asked(team, prize),
      changed: (before, changed) => {
        desk.forget();
        this.#live.changed(before, changed);
        this.#delivery.armForPhase();
      },
    });

    this.#shipper = new Shipper(
      {
        hunt,
        shard,
        durable: () => log.durable,
        segments: (after) => log.segments(after),
        send: async (messages) => {
          const sent = await env.FACTS.sendBatch(messages.map((body) => ({ body, contentType: "text" })));
          meter.sent(messages.length, this.#shipper.resends);
          return queueFigures(sent.metadata.metrics);
        },
        figures: async () => queueFigures(await env.FACTS.metrics()),
        saveSettled: (seq) => store.saveSettled(seq),
        saveBuried: (ranges) => store.saveBuried(ranges),
        now: () => clock.now(),
        resendAfter: config.RESEND_AFTER_MS,
        window: config.SHIP_WINDOW_MESSAGES,
        backlogMax: config.QUEUE_BACKLOG_MAX,
      },
      store.settled(),
      store.buried(),
    );
    this.#delivery = new Delivery({
      log,
      shipper: this.#shipper,
      reporter: new Reporter({
        shard,
        durable: () => log.durable,
        read: (after, limit) => log.read(after, limit),
        report: (report) => leaderboardStub(env, hunt).report(report),
        takeStandings: (standings) => this.#current.takeStandings(standings),
      }),
      alarm,
      clock,
      meter,
      shipDelay: config.SHIP_DELAY_MS,
      reportDelay: config.REPORT_DELAY_MS,
      // Beside shipping, which follows every burst of events: nothing is woken for metrics.
      shipping: () => {
        meter.rows(sql.rowsWritten);
        flushMeter(env, () => ctx);
      },
      nextPhase: () => (this.#sockets.any ? this.#current.nextPhase(clock.now()) : undefined),
    });

    const ranks = new RankCache(clock, async (asked) => {
      const { ranks: found, word } = await leaderboardStub(env, hunt).look(shard, asked);
      // A shard without solves of its own hears of the others' here.
      this.#current.takeStandings(word);
      return found;
    });
    const rankOf = async (team: string): Promise<number | undefined> =>
      (await ranks.rankOf(team)) ?? undefined;
    const waiting = new Waiting(config.WAITING_COMMANDS_MAX, () => meter.overloaded());
    this.#waiting = waiting;
    const parts = { current: this.#current, journal: this.#journal, time: this.#time };
    this.#players = new Players({
      ...parts,
      shard,
      secrets: env,
      waiting,
      budgets,
      rankOf,
      left: (prize) => desk.left(prize),
      publicWord: () => orRefusal(calling(async () => leaderboardStub(env, hunt).publicWord(shard))),
    });
    this.#wins = new Wins({ ...parts, desk });
    this.#play = new Play({
      ...parts,
      secrets: env,
      waiting,
      players: this.#players,
      wins: this.#wins,
      budgets,
      meter,
    });
    this.#replay = new Replay({
      shard,
      secrets: env,
      teams,
      context: (at) => this.#current.importContext(at),
      append: (draft) => this.#journal.append(draft),
      play: (context, team, player, command, at) => {
        this.#journal.noteReached(context, team, at);
        const decided = this.#play.decide(context, team.id, player, command, at);
        if ("claim" in decided) throw new Error("an import does not ask the vault");
        return decided;
      },
    });
    this.#sockets = new LiveSockets({
      ctx,
      sql,
      clock,
      socketsMax: config.LIVE_SOCKETS_PER_OBJECT,
      limited: config.RATE_LIMITS === "on",
      play: (from, events) => this.#live.events(from, events),
      news: (team, news) => this.#live.frameOf(team, news),
      // By then the standings have the facts.
      pushDelay: config.REPORT_DELAY_MS + PUSH_MARGIN,
    });
    this.#live = new LivePlay({
      ...parts,
      hunt,
      secrets: env,
      players: this.#players,
      play: this.#play,
      sockets: this.#sockets,
      rankOf,
      ...(config.RATE_LIMITS === "on"
        ? {
            wrongTexts: new WrongTexts(
              config.WRONG_RATE,
              async (key) => (await env.WRONG_PLACE_RATE.limit({ key })).success,
            ),
          }
        : {}),
    });

    meter.begin(this.#shipper.settled);
    void ctx.blockConcurrencyWhile(async () => {
      await alarm.resume();
      this.#delivery.resume();
      // A log whose ids are quickly read makes the first requests wait; a longer one refuses them.
      if (!teams.knowsIds) await Promise.race([this.#readIds(), clock.after(IDS_WAIT)]);
    });
  }

  /** Reads the ids that this version does not know yet, letting others in between. */
  async #readIds(): Promise<void> {
    try {
      for (const _ of this.#journal.teams.readIds()) await new Promise((done) => setTimeout(done));
    } catch (error) {
      console.error({ message: "reading ids failed, shard starts again", error: String(error) });
      this.ctx.abort("reading ids failed");
    }
  }

  /** The one clock of all parts; replaced by tests. */
  protected clock(): Clock {
    return systemClock;
  }

  configure(config: ShardConfig): { missing: boolean } {
    return this.#current.configure(config);
  }

  // ── Players ─────────────────────────────────────────────────────────────

  join(request: Joining): Promise<Joined | Refusal> {
    return this.#players.join(request);
  }

  async hasMade(key: string, name: string): Promise<boolean> {
    // Marked like a restart, so that the caller asks again.
    if (!this.#journal.teams.knowsIds) throw Object.assign(new Error("reading the log"), { retryable: true });
    return this.#players.hasMade(key, name);
  }

  /** Both ways as text, because that is what a call carries at the least cost. */
  async play(team: string, player: string, commands: string): Promise<string | Refusal> {
    const played = await this.#play.play(team, player, JSON.parse(commands) as Command[]);
    return "refused" in played ? played : resultsText(played);
  }

  me(team: string, player: string): Promise<Me | Refusal> {
    return this.#players.me(team, player);
  }

  cluesSeen(team: string, player: string): Promise<string[] | Refusal> {
    return this.#players.cluesSeen(team, player);
  }

  history(team: string): Promise<{ points: { at: number; score: number }[] } | Refusal> {
    return this.#players.history(team);
  }

  override async fetch(request: Request): Promise<Response> {
    const response = await this.#live.open(request);
    if (response.status === 101) this.#delivery.armForPhase();
    return response;
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return this.#sockets.message(socket, data);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#sockets.closed(socket, code);
  }

  override webSocketError(socket: WebSocket): void {
    this.#sockets.closed(socket);
  }

  // ── Organisers ──────────────────────────────────────────────────────────

  async organise(teamId: string, action: TeamAction): Promise<{ score: number } | Refusal> {
    const refused = await this.#current.ready();
    if (refused) return refused;
    const now = this.#time.now();
    const context = this.#current.context(now);
    const team = this.#journal.teams.get(teamId);
    if (!team) return refuse("not_found", "no such team");
    if (team.newerFrom !== undefined) return READ_ONLY;
    const decision = organise(context, team, action, now);
    if ("refused" in decision) return decision;
    for (const draft of decision.facts) this.#journal.append(draft);
    await this.#journal.committed();
    return { score: scoreOf(context, this.#journal.teams.get(teamId) ?? team) };
  }

  /** Reads what is durable, under the rules as they are then. */
  async #reading<Value>(read: (context: Context, now: number) => Value): Promise<Value | Refusal> {
    const refused = await this.#current.ready();
    if (refused) return refused;
    await this.#journal.committed();
    const now = this.#time.now();
    return read(this.#current.context(now), now);
  }

  teams(after: number, limit: number, wanted?: string): Promise<TeamRows | Refusal> {
    return this.#reading((context) => teamRows(context, this.#journal.teams, { after, limit, wanted }));
  }

  stuck(than: { stuckMs: number; activeMs: number; limit: number }): Promise<StuckTeam[] | Refusal> {
    return this.#reading((context, now) => stuckTeams(context, this.#journal.teams.all(), now, than));
  }

  checkins(limit: number): Promise<Checkin[] | Refusal> {
    return this.#reading(() => lastCheckins(this.#journal.teams, limit));
  }

  stats(): Promise<ShardStats | Refusal> {
    const { teams, log } = this.#journal;
    return this.#reading((context, now) => ({
      totals: teams.totals.toJSON(),
      clues: countClues(context, teams.all(), teams.totals, now),
      seq: log.durable,
      shipped: this.#shipper.shipped,
      archived: this.#shipper.archived,
      rowsWritten: this.#sql.rowsWritten,
    }));
  }

  async exportFacts(after: number): Promise<Fact[]> {
    await this.#journal.committed();
    return this.#journal.durableFacts(after, EXPORT_FACTS_MAX);
  }

  async verify(): Promise<RefoldReport> {
    await this.#journal.committed();
    // After a restart only the alarm would ship what the queue lost, later than verification waits for the origin.
    if (this.#shipper.behind) this.#delivery.ship(0);
    return refold(this.#journal.log, this.#journal.teams);
  }

  originTeams(teams: string[]): ({ team: OriginTeam; moving: boolean } | null)[] {
    return originTeams(this.#journal.log, this.#journal.teams, this.#shipper.settled, teams);
  }

  async replay(lines: ReplayLine[]): Promise<ReplayResult[] | Refusal> {
    const refused = await this.#current.ready();
    if (refused) return refused;
    const commands = lines.flatMap((line) => (line.type === "command" ? [line.command] : []));
    const unjudged = this.#current.unjudged(commands);
    if (unjudged) return unjudged;
    const results = lines.map((line) => this.#replay.line(line));
    await this.#journal.committed();
    return results;
  }

  // ── The leaderboard, the vault, the queue's consumers ───────────────────

  async scoreFacts(after: number): Promise<ScoreReport> {
    await this.#journal.committed();
    return scoreReport(this.#shard, after, this.#journal.durableFacts(after, SCORE_FACTS_MAX));
  }

  recordWins(wins: readonly Win[]): Promise<Refusal | undefined> {
    return this.#wins.record(wins);
  }

  winners(wins: readonly Pick<Win, "prize" | "team" | "player" | "unit">[]): Promise<WinnerRow[] | Refusal> {
    return this.#wins.winners(wins);
  }

  archived(ranges: Range[]): void {
    this.#delivery.archived(ranges);
  }

  buried(range: Range): void {
    this.#delivery.buried(range);
  }

  rearchive(): { facts: number } {
    return this.#delivery.startOver();
  }

  backlog(): { segments: number; since?: number } {
    return this.#delivery.backlog();
  }

  load(): ShardLoad {
    return {
      bytes: this.ctx.storage.sql.databaseSize,
      waitingPeak: this.#waiting.peak,
      sockets: this.#sockets.count,
    };
  }

  override alarm(): Promise<void> {
    return this.#delivery.alarm(async () => {
      if (await this.#current.ready()) return false;
      this.#live.tellPhase();
      return true;
    });
  }
}
