/**
 * `HuntShard`: owns some of a hunt's teams. A thin shell around the pure
 * rules: load → decide → append → answer. All of a team's events pass through
 * one shard, so they are totally ordered; what the shard answers as recorded
 * is in its log.
 */

import { DurableObject } from "cloudflare:workers";
import { configOf } from "../config.ts";
import type { Me } from "../contract/me.ts";
import { type Refusal, refuse } from "../errors.ts";
import { admit, foldName, type JoinRequest } from "../hunt/admit.ts";
import { decideClaim } from "../hunt/claim.ts";
import type { Context, PrizeWord, ScoreWord } from "../hunt/context.ts";
import { decide, resultOf } from "../hunt/decide.ts";
import { type IndexedHunt, indexHunt } from "../hunt/indexed.ts";
import { CLOCK_TOLERANCE } from "../hunt/moment.ts";
import { organise } from "../hunt/organise.ts";
import { nextOf, openedAt, phaseAt } from "../hunt/phase.ts";
import { changeOf, givenCode } from "../hunt/prize-changes.ts";
import type { Team } from "../hunt/team.ts";
import { newlyReached, reachedFacts, scoreOf } from "../hunt/team-score.ts";
import { cluesOf, historyOf, meOf } from "../hunt/view.ts";
import { commandOf } from "../intake/digest.ts";
import { commandsOf } from "../intake/events.ts";
import { calling, controlStub, leaderboardStub, orRefusal, vaultStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { makeJoinCode, makeTeamId, parseJoinCode, parseObjectName } from "../objects/ids.ts";
import type { LeaderboardObject } from "../objects/leaderboard.ts";
import type { Win as VaultWin } from "../objects/prizes.ts";
import { WINS_MAX } from "../objects/prizes.ts";
import type { ShardObject } from "../objects/shard.ts";
import {
  type Checkin,
  type Joined,
  type RefoldReport,
  type ShardConfig,
  type ShardStats,
  type StuckTeam,
  type TeamRows,
  TICKET_HEADER,
  type TicketClaims,
} from "../objects/shard.ts";
import { generatedCode } from "../prizes/codes.ts";
import type { OriginTeam, Range } from "../protocol.ts";
import {
  answerText,
  type Command,
  type CompareMode,
  type Fact,
  type JoinFact,
  type NewFact,
  type PlayerEvent,
  type ReplayLine,
  type ReplayResult,
  type Result,
  type ScoreReport,
  type StandingsWord,
  type TeamAction,
} from "../protocol.ts";
import { keyById } from "../secrets.ts";
import { refusalResponse } from "../sockets/socket.ts";
import { flushMeter } from "../telemetry/flush.ts";
import { ClaimDesk, type Claimed, ClaimsUnderWay } from "./claims.ts";
import { CountedSql } from "./counted-sql.ts";
import { Delivery } from "./delivery.ts";
import { announcementFrame, LiveSockets, newAnnouncements, type Progress, progressOf } from "./live.ts";
import { factsOf, SegmentLog } from "./log.ts";
import { ShardMeter } from "./meter.ts";
import { lastCheckins, stuckTeams, teamRows } from "./organiser.ts";
import { RankCache } from "./ranks.ts";
import { redigest } from "./redigest.ts";
import { Replay } from "./replay.ts";
import { Reporter, scoreReport } from "./report.ts";
import { type QueueFigures, type Segment, Shipper } from "./ship.ts";
import { countClues } from "./stats.ts";
import { ShardStore } from "./store.ts";
import { eventKey, joinKey, TeamStore } from "./teams.ts";
import { originTeamOf, refold } from "./verify.ts";

/** How much later than the report to the standings a team's progress is pushed, ms. */
const PUSH_MARGIN = 100;

/** Facts in one answer of `scoreFacts`. */
const SCORE_FACTS_MAX = 10_000;

/** Facts in one answer of `exportFacts`, about (whole segments). */
const EXPORT_FACTS_MAX = 5_000;

export class HuntShard extends DurableObject<Env> implements ShardObject {
  readonly #hunt: string;
  readonly #shard: string;
  readonly #config: ReturnType<typeof configOf>;
  readonly #sql: CountedSql;
  readonly #store: ShardStore;
  readonly #log: SegmentLog;
  readonly #teams: TeamStore;
  readonly #shipper: Shipper;
  readonly #reporter: Reporter;
  readonly #ranks: RankCache;
  readonly #replay: Replay;
  readonly #desk: ClaimDesk;
  readonly #claims = new ClaimsUnderWay();
  #known: { config: ShardConfig; hunt: IndexedHunt } | undefined;
  #attaching: Promise<Refusal | undefined> | undefined;
  #word: ScoreWord | undefined;
  #waiting = 0;
  /** Time of the newest fact, epoch ms. */
  #lastAt = 0;
  readonly #live: LiveSockets;
  readonly #meter: ShardMeter;
  readonly #delivery: Delivery;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const name = parseObjectName(ctx.id.name ?? "");
    this.#hunt = name.hunt;
    this.#shard = name.shard;
    this.#config = configOf(env);
    const { storage } = ctx;
    this.#sql = new CountedSql(storage.sql);
    this.#store = new ShardStore(this.#sql);
    this.#meter = new ShardMeter(name.shard);
    this.#log = new SegmentLog(this.#sql, () => storage.sync(), {
      beforeSync: (head) => {
        this.#teams.beforeSync(head);
        this.#delivery.arm();
      },
      committed: (facts, segments, ms) => this.#committed(facts, segments, ms),
      failed: (error) => {
        console.error({ message: "commit failed, shard restarts from its log", error: String(error) });
        ctx.abort("commit failed");
      },
    });
    this.#teams = new TeamStore(this.#sql, this.#log, this.#config.PAGE_FLUSH_FACTS);
    this.#shipper = new Shipper(
      {
        hunt: this.#hunt,
        shard: this.#shard,
        durable: () => this.#log.durable,
        segments: (after) => this.#log.segments(after),
        send: async (messages) => {
          const sent = await env.FACTS.sendBatch(messages.map((body) => ({ body, contentType: "text" })));
          this.#meter.sent(messages.length, this.#shipper.resends);
          return queueFigures(sent.metadata.metrics);
        },
        figures: async () => queueFigures(await env.FACTS.metrics()),
        saveSettled: (seq) => this.#store.saveSettled(seq),
        saveBuried: (ranges) => this.#store.saveBuried(ranges),
        now: () => this.now(),
        resendAfter: this.#config.RESEND_AFTER_MS,
        window: this.#config.SHIP_WINDOW_MESSAGES,
        backlogMax: this.#config.QUEUE_BACKLOG_MAX,
      },
      this.#store.settled(),
      this.#store.buried(),
    );
    this.#reporter = new Reporter({
      shard: this.#shard,
      durable: () => this.#log.durable,
      read: (after, limit) => this.#log.read(after, limit),
      report: (report) => this.#leaderboard().report(report),
      heard: (word) => this.#heard(word),
    });
    this.#delivery = new Delivery({
      shipper: this.#shipper,
      reporter: this.#reporter,
      shipDelay: this.#config.SHIP_DELAY_MS,
      reportDelay: this.#config.REPORT_DELAY_MS,
      setAlarm: (at) => {
        // A billed row like any other.
        this.#sql.rowsWritten += 1;
        void storage.setAlarm(at);
      },
      shipping: () => this.#flushMeter(),
      failed: (what) => this.#meter.failed(what),
      nextPhase: () => (this.#live.any ? this.#nextPhase() : undefined),
    });
    this.#replay = new Replay({
      shard: this.#shard,
      teams: this.#teams,
      context: (at) => this.#replayContext(at),
      append: (draft) => this.#append(draft),
      play: (context, team, player, command, at) => {
        this.#noteReached(context, team, at);
        const decided = this.#decide(context, team.id, player, command, at);
        if ("claim" in decided) throw new Error("an import does not ask the vault");
        return decided;
      },
    });
    this.#desk = new ClaimDesk({
      shard: this.#shard,
      revision: () => this.#known?.config.revision ?? 0,
      call: (request) => vaultStub(env, this.#hunt).claim(request),
      wait: (ms) => new Promise((done) => setTimeout(done, ms)),
    });
    this.#ranks = new RankCache(async (teams) => {
      const { ranks, word } = await this.#leaderboard().look(this.#shard, teams);
      // A shard without solves of its own hears of the others' here.
      this.#heard(word);
      return ranks;
    });
    this.#live = new LiveSockets({
      ctx,
      sql: this.#sql,
      now: () => this.now(),
      socketsMax: this.#config.LIVE_SOCKETS_PER_OBJECT,
      limited: this.#config.RATE_LIMITS === "on",
      play: (team, player, events) => this.#playEvents(team, player, events),
      progress: (team, progress) => this.#progressFrame(team, progress),
      // By then the standings have heard of it.
      pushDelay: this.#config.REPORT_DELAY_MS + PUSH_MARGIN,
    });
    this.#meter.begin(this.#shipper.settled);
    const config = this.#store.config();
    if (config) this.#install(config);
    this.#lastAt = this.#log.at(this.#log.head)?.at ?? 0;
    void ctx.blockConcurrencyWhile(async () => {
      this.#delivery.resume((await storage.getAlarm()) ?? undefined);
    });
  }

  /** Epoch ms; replaced by tests. */
  protected now(): number {
    return Date.now();
  }

  /**
   * The shard's time for rules and facts, epoch ms: never behind its last fact
   * by a little, so that order and times agree; a clock that went back by more
   * was wrong before, and is believed now.
   */
  #time(): number {
    const now = this.now();
    if (now >= this.#lastAt) return now;
    if (this.#lastAt - now <= CLOCK_TOLERANCE) return this.#lastAt;
    console.warn({
      message: "the clock went back",
      shard: this.#shard,
      seconds: (this.#lastAt - now) / 1_000,
    });
    this.#lastAt = now;
    return now;
  }

  #leaderboard(): DurableObjectStub<LeaderboardObject> {
    // A fresh stub per call: a stub is broken after an exception.
    return leaderboardStub(this.env, this.#hunt);
  }

  // ── What control tells ──────────────────────────────────────────────────

  /** Takes a new configuration. `missing`: the compiled hunt is needed too. */
  configure(config: ShardConfig): { missing: boolean } {
    const known = this.#known?.config;
    if (known && config.revision < known.revision) return { missing: false };
    const compiled = config.compiled ?? (known?.version === config.version ? known.compiled : undefined);
    if (!compiled) return { missing: true };
    const complete = { ...config, compiled };
    this.#store.saveConfig(complete, config.compiled !== undefined);
    this.#install(complete);
    if (this.#live.any) this.#tellNews(known, complete);
    return { missing: false };
  }

  #install(config: ShardConfig): void {
    const { compiled } = config;
    if (!compiled) return;
    const same = this.#known?.config.compiled === compiled ? this.#known.hunt : undefined;
    this.#known = { config, hunt: same ?? indexHunt(compiled) };
    this.#desk.forget();
  }

  /** Makes sure the shard knows its hunt; the first contact asks control and is listed there. */
  async #ready(): Promise<Refusal | undefined> {
    if (this.#known) return undefined;
    this.#attaching ??= (async () => {
      const answer = await orRefusal(
        calling(async () => controlStub(this.env, this.#hunt).attach(this.#shard)),
      );
      if ("refused" in answer) return answer;
      this.configure(answer as ShardConfig);
      return undefined;
    })().finally(() => {
      this.#attaching = undefined;
    });
    return this.#attaching;
  }

  #context(now: number): Context {
    if (!this.#known) throw new Error("the shard is used before it knows its hunt");
    const { config, hunt } = this.#known;
    const phase = phaseAt(config.phase, hunt.compiled, now);
    const opened = openedAt(config.phase, hunt.compiled);
    return {
      hunt,
      phase,
      // A hunt that runs has opened, whatever control's clock said then.
      openedAt: phase === "draft" ? opened : Math.min(opened, now),
      ...(this.#word ? { word: this.#word } : {}),
      prizes: this.#prizes,
    };
  }

  readonly #prizes: PrizeWord = {
    withdrawn: (prize) => changeOf(this.#known?.config.prizes, prize).withdrawn === true,
    drained: (prize) => this.#desk.drained(prize),
    codeOf: (prize, unit) => this.#codeOf(prize, unit),
  };

  #codeOf(prize: string, unit: number): string | undefined {
    const { config, hunt } = this.#known ?? {};
    const compiled = hunt?.prizes.get(prize);
    if (!config || !compiled) return undefined;
    if (compiled.codes) return givenCode(compiled, changeOf(config.prizes, prize), unit);
    const key = keyById("CODE_KEYS", this.env.CODE_KEYS, config.codeKey ?? "");
    if (!key) {
      console.error({ message: "the key of this hunt's prize codes is no longer in CODE_KEYS" });
      return undefined;
    }
    return generatedCode(key, this.#hunt, prize, unit);
  }

  // ── Players ─────────────────────────────────────────────────────────────

  /** Joins a player: makes a team, or finds the one of `joinCode`. Safe to repeat with the same key. */
  async join(request: JoinRequest & { joinCode?: string }): Promise<Joined | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    if (this.#waiting >= this.#config.WAITING_COMMANDS_MAX) return this.#overloaded();
    const outcome = this.#admit(request, this.#time());
    if ("refused" in outcome) return outcome;
    this.#waiting += 1;
    try {
      await this.#log.committed();
    } finally {
      this.#waiting -= 1;
    }
    return joinedOf(outcome, this.#teams.get(outcome.team));
  }

  #admit(request: JoinRequest & { joinCode?: string }, now: number): JoinFact | Refusal {
    const earlier = this.#teams.recorded(joinKey(request.key));
    if (earlier?.type === "join") {
      const same =
        earlier.name === request.name &&
        earlier.created?.name === request.create?.name &&
        earlier.created?.bracket === request.create?.bracket;
      return same ? earlier : refuse("conflict", "this idempotency key was used with another body");
    }
    const { hunt, phase } = this.#context(now);
    let team: Team | undefined;
    let id: string;
    let { create } = request;
    if (create) {
      const ordinal = this.#teams.totals.teams;
      id = makeTeamId(this.#shard, ordinal);
      const solo = hunt.compiled.teams.mode === "solo";
      if (!solo) create = { ...create, joinCode: makeJoinCode(this.#shard, ordinal) };
    } else {
      const code = parseJoinCode(request.joinCode ?? "");
      const found = code && this.#teams.atOrdinal(code.ordinal);
      team = found && code && found.joinCode === code.code ? found : undefined;
      id = team?.id ?? "";
    }
    const fact = admit(hunt.compiled, phase, id, team, { ...request, ...(create ? { create } : {}) }, now);
    if ("refused" in fact) return fact;
    return this.#append(fact) as JoinFact;
  }

  /**
   * Decides a player's commands (JSON of `Command[]`) in order; the answer waits
   * for the commit. Resolves to the player's answer, JSON of `{results, asOf}`.
   * Both as text, because that is what a call carries at the least cost.
   */
  async play(teamId: string, player: string, commands: string): Promise<string | Refusal> {
    const played = await this.#play(teamId, player, JSON.parse(commands) as Command[]);
    return "refused" in played ? played : answerText(played);
  }

  async #play(
    teamId: string,
    player: string,
    commands: readonly Command[],
  ): Promise<{ results: Result[]; asOf: number } | Refusal> {
    if (!this.#known) {
      const refused = await this.#ready();
      if (refused) return refused;
    }
    if (this.#waiting + commands.length > this.#config.WAITING_COMMANDS_MAX) {
      return this.#overloaded();
    }
    const team = this.#memberOf(teamId, player);
    if ("refused" in team) return team;
    let now = this.#time();
    let context = this.#context(now);
    this.#noteReached(context, team, now);
    const results: Result[] = [];
    let refused: Refusal | undefined;
    this.#waiting += commands.length;
    try {
      for (const command of commands) {
        const decided = this.#decide(context, teamId, player, command, now);
        if (!("claim" in decided)) {
          results.push(decided);
          continue;
        }
        const claimed = await decided.claim;
        if ("refused" in claimed) {
          // Sent again, what was decided before it comes back as duplicates.
          refused = claimed;
          break;
        }
        results.push(claimed);
        // The hunt went on meanwhile.
        now = this.#time();
        context = this.#context(now);
      }
      this.#meter.decided(commands, results);
      await this.#log.committed();
    } finally {
      this.#waiting -= commands.length;
    }
    return refused ?? { results, asOf: context.hunt.dynamic ? (this.#word?.asOf ?? now) : now };
  }

  /** The result, or for a claim that only the vault can decide, the promise of it. */
  #decide(
    context: Context,
    teamId: string,
    player: string,
    command: Command,
    now: number,
  ): Result | { claim: Claimed } {
    const team = this.#teams.get(teamId);
    if (!team) throw new Error("a team vanished while its commands were decided");
    const key = eventKey(teamId, command.id);
    const shared = this.#claims.share(key, player, command);
    if (shared) return shared;
    const earlier = this.#teams.recorded(key);
    const recorded = earlier && "outcome" in earlier ? earlier : undefined;
    const current = redigest(context.hunt, command, this.env);
    const decision = decide(context, team, player, current, recorded, now);
    if ("claim" in decision) {
      const claim = this.#claim(teamId, player, command as Command & { type: "claim" });
      return { claim: this.#claims.add(key, player, decision.claim, claim) };
    }
    return this.#conclude(context, decision, player);
  }

  #conclude(context: Context, decision: { result: Result } | { facts: NewFact[] }, player: string): Result {
    if ("result" in decision) return decision.result;
    const [fact] = decision.facts.map((draft) => this.#append(draft));
    if (!fact || !("outcome" in fact)) throw new Error("a decision's first fact must be the player's");
    return resultOf(context, fact, player);
  }

  /** The vault decides, the shard records. A refusal: it could not be asked, and the claim may be sent again. */
  async #claim(teamId: string, player: string, command: Command & { type: "claim" }): Claimed {
    const { id: event, prize } = command;
    const word = await this.#desk.ask({ prize, team: teamId, player, event });
    if ("refused" in word) return word;
    const now = this.#time();
    const context = this.#context(now);
    const team = this.#teams.get(teamId);
    if (!team) throw new Error("a team vanished while its claim was decided");
    // The vault's alarm may have been here before its answer.
    const recorded = this.#teams.recorded(eventKey(teamId, event));
    if (recorded && "outcome" in recorded) return resultOf(context, recorded, player);
    return this.#conclude(context, decideClaim(context, team, player, command, word, now), player);
  }

  /**
   * Records wins that the vault gave and has not heard of again, whatever
   * became of the hunt or the team meanwhile. Resolves when all are in the log.
   */
  async recordWins(wins: readonly VaultWin[]): Promise<Refusal | undefined> {
    const refused = await this.#ready();
    if (refused) return refused;
    for (const { prize, team: id, unit, player, event, at } of wins.slice(0, WINS_MAX)) {
      const team = this.#teams.get(id);
      if (!team) return refuse("not_found", "a win names a team that this shard does not have");
      if (team.wins?.some((win) => win.prize === prize && win.unit === unit)) continue;
      // A client that lost its answer may have used the id for something else meanwhile; no client's id has a dot.
      const used = this.#teams.recorded(eventKey(id, event)) !== undefined;
      this.#append({
        at: this.#time(),
        team: id,
        type: "claim",
        outcome: "won",
        player,
        event: used ? `${event}.${prize}` : event,
        prize,
        unit,
        drawnAt: at,
      });
    }
    await this.#log.committed();
    return undefined;
  }

  /** What an organiser is told of winners: names and codes; null where the shard's log has no such win. */
  async winners(
    wins: readonly { prize: string; unit: number; team: string; player: string }[],
  ): Promise<({ name: string; player: string; code?: string; revoked: boolean } | null)[] | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    return wins.slice(0, WINS_MAX).map(({ prize, unit, team: id, player }) => {
      const team = this.#teams.get(id);
      const win = team?.wins?.find(
        (own) => own.prize === prize && own.unit === unit && own.player === player,
      );
      if (!team || !win) return null;
      const code = this.#codeOf(prize, unit);
      return {
        name: team.name,
        player: team.members.find((member) => member.id === player)?.name ?? "",
        ...(code === undefined ? {} : { code }),
        revoked: win.revoked === true,
      };
    });
  }

  /** What the player sees. A time condition opens a clue for whoever only looks. */
  async me(teamId: string, player: string): Promise<Me | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    const team = this.#memberOf(teamId, player);
    if ("refused" in team) return team;
    const rank = await this.#ranks.rankOf(teamId, this.now());
    const now = this.#time();
    const context = this.#context(now);
    this.#noteReached(context, team, now);
    await this.#log.committed();
    return meOf(
      context,
      this.#teams.get(teamId) ?? team,
      player,
      {
        rank: typeof rank === "number" ? rank : undefined,
        left: (prize) => this.#desk.left(prize),
        announcements: this.#known?.config.announcements ?? [],
      },
      now,
    );
  }

  /** The team's score over time; during a freeze, up to the freeze. */
  async history(teamId: string): Promise<{ points: { at: number; score: number }[] } | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    const team = this.#teams.get(teamId);
    if (!team) return refuse("not_found", "no such team");
    await this.#log.committed();
    const now = this.#time();
    const context = this.#context(now);
    const { freeze } = context.hunt.compiled;
    if (freeze === undefined || now < freeze || context.phase === "ended") {
      return { points: historyOf(context, team, Number.POSITIVE_INFINITY) };
    }
    // What clues are worth now would tell of solves behind the freeze.
    const told = context.hunt.dynamic
      ? await orRefusal(calling(async () => this.#leaderboard().publicWord(this.#shard)))
      : undefined;
    if (told && "refused" in told) return told;
    const word = told && wordOf(told);
    return { points: historyOf({ ...context, ...(word ? { word } : {}) }, team, freeze) };
  }

  /** Whether a joining with this key made a team here whose name folds to `name`. */
  async hasMade(key: string, name: string): Promise<boolean> {
    await this.#log.committed();
    const made = this.#teams.recorded(joinKey(key));
    return made?.type === "join" && made.created !== undefined && foldName(made.created.name) === name;
  }

  #overloaded(): Refusal {
    this.#meter.overloaded();
    return refuse("overloaded", "this part of the hunt has too many events waiting");
  }

  #memberOf(teamId: string, player: string): Team | Refusal {
    const team = this.#teams.get(teamId);
    if (!team?.members.some((member) => member.id === player)) {
      return refuse("forbidden", "the token's player is not a member of its team");
    }
    return team;
  }

  // ── Organisers ──────────────────────────────────────────────────────────

  /** Applies an organiser's action to a team. */
  async organise(teamId: string, action: TeamAction): Promise<{ score: number } | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    const now = this.#time();
    const context = this.#context(now);
    const team = this.#teams.get(teamId);
    if (!team) return refuse("not_found", "no such team");
    const decision = organise(context, team, action, now);
    if ("refused" in decision) return decision;
    for (const draft of decision.facts) this.#append(draft);
    await this.#log.committed();
    return { score: scoreOf(context, this.#teams.get(teamId) ?? team) };
  }

  /** Teams by their place in the shard, from `after` on; with `wanted` those it names. */
  async teams(after: number, limit: number, wanted?: string): Promise<TeamRows | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    await this.#log.committed();
    return teamRows(this.#context(this.#time()), this.#teams, { after, limit, wanted });
  }

  /** Teams that try without solving, longest stuck first. */
  async stuck(than: { stuckMs: number; activeMs: number; limit: number }): Promise<StuckTeam[] | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    await this.#log.committed();
    const now = this.#time();
    return stuckTeams(this.#context(now), this.#teams.all(), now, than);
  }

  /** The last believable check-ins of players, the newest first. */
  async checkins(limit: number): Promise<Checkin[] | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    await this.#log.committed();
    return lastCheckins(this.#teams, limit);
  }

  async stats(): Promise<ShardStats | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    await this.#log.committed();
    const now = this.#time();
    return {
      totals: this.#teams.totals.toJSON(),
      clues: countClues(this.#context(now), this.#teams.all(), this.#teams.totals, now),
      seq: this.#log.durable,
      shipped: this.#shipper.shipped,
      archived: this.#shipper.archived,
      rowsWritten: this.#sql.rowsWritten,
    };
  }

  /** Durable facts after `after`, as the log keeps them; an empty list ends the export. */
  async exportFacts(after: number): Promise<Fact[]> {
    await this.#log.committed();
    return this.#log.read(after, EXPORT_FACTS_MAX).filter((fact) => fact.seq <= this.#log.durable);
  }

  /** Refolds the whole log and compares it with the state in use. */
  async verify(): Promise<RefoldReport> {
    await this.#log.committed();
    // After a restart only the alarm would ship what the queue lost, later than verification waits for the origin.
    if (this.#shipper.behind) this.#delivery.ship(0);
    return refold(this.#log, this.#teams);
  }

  /** What the origin must hold of these teams; `moving`: facts of the team may be on their way. */
  originTeams(teams: string[]): ({ team: OriginTeam; moving: boolean } | null)[] {
    const moving = new Set<string>();
    for (const segment of this.#log.segments(this.#shipper.settled)) {
      for (const fact of factsOf(segment.body)) moving.add(fact.team);
    }
    for (const fact of this.#log.gathering) moving.add(fact.team);
    return teams.map((id) => {
      const team = this.#teams.get(id);
      return team ? { team: originTeamOf(team), moving: moving.has(id) } : null;
    });
  }

  /** Replays import lines of this shard's teams, each at its own time. */
  async replay(lines: ReplayLine[]): Promise<ReplayResult[] | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    const results = lines.map((line) => this.#replay.line(line));
    await this.#log.committed();
    return results;
  }

  /** An import runs on its own clock: a hunt without `opens` is live from its first line on. */
  #replayContext(at: number): Context {
    if (!this.#known) throw new Error("the shard is used before it knows its hunt");
    const { config, hunt } = this.#known;
    const phase = { ...config.phase, live: config.phase.live || hunt.compiled.opens === undefined };
    // An import hands out no prizes: the vault knows the present only.
    const { prizes: _, ...context } = this.#context(at);
    return { ...context, phase: phaseAt(phase, hunt.compiled, at) };
  }

  // ── Live sockets ────────────────────────────────────────────────────────

  /** The upgrade of a player's socket; the edge has verified the ticket. */
  override async fetch(request: Request): Promise<Response> {
    const refused = await this.#ready();
    if (refused) return refusalResponse(refused);
    const ticket = JSON.parse(request.headers.get(TICKET_HEADER) ?? "null") as TicketClaims | null;
    if (!ticket) return refusalResponse(refuse("unauthenticated", "a shard's socket needs a ticket"));
    const team = this.#memberOf(ticket.team, ticket.player);
    if ("refused" in team) return refusalResponse(team);
    const { phase } = this.#context(this.#time());
    const answer = this.#live.accept(ticket, { phase });
    this.#delivery.armForPhase();
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

  /** A frame's events: checked and digested here, then the same way as over HTTP. */
  async #playEvents(
    team: string,
    player: string,
    events: readonly unknown[],
  ): Promise<{ results: Result[]; asOf: number } | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    const { compiled, clues } = this.#context(this.#time()).hunt;
    const pepper = keyById("ANSWER_PEPPERS", this.env.ANSWER_PEPPERS, compiled.pepper);
    if (!pepper) throw new Error("the pepper of the published hunt is no longer in ANSWER_PEPPERS");
    // The shard knows the clue, and digests in its mode only.
    const modesOf = (event: PlayerEvent): CompareMode[] => {
      const clue = event.type === "answer" ? clues.get(event.clue) : undefined;
      return clue ? [clue.compare] : [];
    };
    const { commands, join } = commandsOf(events, true, (event) =>
      commandOf(event, this.#hunt, pepper, modesOf(event)),
    );
    if (commands.length === 0) return { results: join([]), asOf: this.#time() };
    const played = await this.#play(team, player, commands);
    return "refused" in played ? played : { results: join(played.results), asOf: played.asOf };
  }

  async #progressFrame(id: string, { solved, unlocked, won }: Progress): Promise<object | undefined> {
    const rank = await this.#ranks.rankOf(id, this.now());
    const team = this.#teams.get(id);
    if (!team) return undefined;
    const score = scoreOf(this.#context(this.#time()), team);
    return {
      team: {
        score,
        ...(typeof rank === "number" ? { rank } : {}),
        solved,
        unlocked,
        ...(won ? { won } : {}),
      },
    };
  }

  /** Announcements and a change of phase, to whom they concern. */
  #tellNews(before: ShardConfig | undefined, config: ShardConfig): void {
    const now = this.#time();
    const context = this.#context(now);
    for (const announcement of newAnnouncements(before, config)) {
      const { clue } = announcement;
      const concerns = (id: string): boolean => {
        const team = this.#teams.get(id);
        return team !== undefined && cluesOf(context, team, now).some((open) => open.id === clue);
      };
      this.#live.tellAll(announcementFrame(announcement), clue === undefined ? undefined : concerns);
    }
    this.#live.tellPhase(context.phase);
    this.#delivery.armForPhase();
  }

  /** The next moment at which `opens` or `closes` changes the phase, epoch ms. */
  #nextPhase(): number | undefined {
    const { opens, closes } = this.#known?.hunt.compiled ?? {};
    return nextOf([opens, closes], this.now());
  }

  // ── The log and what follows from it ────────────────────────────────────

  #append(draft: NewFact): Fact {
    const fact = this.#log.append(draft);
    this.#teams.apply(fact);
    this.#lastAt = fact.at;
    return fact;
  }

  /** With moving scores: notes point conditions that the standings' word fulfilled meanwhile. */
  #noteReached(context: Context, team: Team, now: number): void {
    if (!context.hunt.dynamic || context.phase !== "live") return;
    const reached = newlyReached(context, team, scoreOf(context, team));
    for (const draft of reachedFacts(team.id, reached, now)) this.#append(draft);
  }

  #committed(facts: readonly Fact[], segments: readonly Segment[], ms: number): void {
    this.#meter.committed(facts, ms);
    for (const segment of segments) this.#shipper.add(segment);
    if (this.#reporter.add(facts)) this.#delivery.report();
    if (this.#live.any) {
      for (const fact of facts) {
        const progress = progressOf(fact);
        if (progress) this.#live.noteProgress(fact.team, progress);
      }
    }
    this.#delivery.ship();
    // An alarm that ran while this commit became durable saw nothing to come back for.
    this.#delivery.arm();
  }

  /** Beside shipping, which follows every burst of events: nothing is woken for metrics. */
  #flushMeter(): void {
    this.#meter.rows(this.#sql.rowsWritten);
    flushMeter(this.env, () => this.ctx);
  }

  /** The standings' word: clue values and this shard's bonuses, complete each time. */
  #heard(word: StandingsWord): void {
    if (word.values || word.bonuses) this.#word = wordOf(word);
  }

  /** The score facts after `after`, for standings that catch up. */
  async scoreFacts(after: number): Promise<ScoreReport> {
    await this.#log.committed();
    const facts = this.#log.read(after, SCORE_FACTS_MAX).filter((fact) => fact.seq <= this.#log.durable);
    return scoreReport(this.#shard, after, facts);
  }

  /** The origin holds these facts. */
  archived(ranges: Range[]): void {
    for (const { first, last } of ranges) this.#shipper.acknowledge(first, last);
    this.#meter.settled(this.#shipper.settled);
    // Room in the window, or more to be sent again.
    if (this.#shipper.behind) this.#delivery.ship();
  }

  /** The origin refuses these facts; they are kept as a dead letter. */
  buried({ first, last }: Range): void {
    this.#shipper.buried(first, last);
    this.#meter.settled(this.#shipper.settled);
    if (this.#shipper.behind) this.#delivery.ship();
  }

  /** The origin is another one, or lost its rows: sends the whole log again. */
  rearchive(): { facts: number } {
    this.#shipper.startOver();
    this.#delivery.arm();
    this.#delivery.ship();
    return { facts: this.#log.durable };
  }

  /** What of this shard is on its way to the origin: segments of its log, and since when the oldest waits. */
  backlog(): { segments: number; since?: number } {
    if (this.#shipper.behind) this.#delivery.arm();
    const { settled } = this.#shipper;
    const since = this.#log.at(settled + 1)?.at;
    return { segments: this.#log.countSegments(settled), ...(since === undefined ? {} : { since }) };
  }

  override alarm(): Promise<void> {
    this.#meter.alarm();
    return this.#delivery.alarm(async () => {
      if (await this.#ready()) return false;
      if (this.#live.any) this.#live.tellPhase(this.#context(this.#time()).phase);
      return true;
    });
  }
}

function queueFigures(metrics: QueueMetrics): QueueFigures {
  // Without waiting messages it says 0, or nothing.
  const oldest = metrics.oldestMessageTimestamp?.valueOf() || undefined;
  return { backlog: metrics.backlogCount, ...(oldest === undefined ? {} : { oldest }) };
}

/** The standings' word, indexed. */
function wordOf(word: StandingsWord): ScoreWord {
  const bonuses = new Map<string, number>();
  const bonusOf = new Map<string, number>();
  for (const { team, clue, points } of word.bonuses ?? []) {
    bonuses.set(team, (bonuses.get(team) ?? 0) + points);
    bonusOf.set(`${team}/${clue}`, points);
  }
  return {
    asOf: word.asOf,
    values: new Map((word.values ?? []).map(({ clue, value }) => [clue, value])),
    bonuses,
    bonusOf,
  };
}

function joinedOf(fact: JoinFact, team: Team | undefined): Joined {
  return {
    player: { id: fact.player, name: fact.name },
    team: {
      id: fact.team,
      name: team?.name ?? "",
      ...(team?.joinCode === undefined ? {} : { joinCode: team.joinCode }),
    },
  };
}
