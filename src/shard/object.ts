/**
 * `HuntShard`: owns some of a hunt's teams. All of a team's events pass through
 * one shard, so they are totally ordered; everything it reports as recorded is in
 * its log. This file wires the parts; each method is one call of a part.
 */
import { DurableObject } from "cloudflare:workers";
import { Alarm } from "../alarm.ts";
import { aheadBy, type Clock, systemClock, watched } from "../clock.ts";
import { configOf } from "../config.ts";
import type { BackupThread } from "../contract/backup.ts";
import type { Thread } from "../contract/help.ts";
import type { Me } from "../contract/me.ts";
import type { Uploaded } from "../contract/submissions.ts";
import { eraseObject, FAREWELL } from "../erase.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Context } from "../hunt/context.ts";
import type { Place } from "../hunt/look.ts";
import type { Merge } from "../hunt/merge.ts";
import type { Move } from "../hunt/move.ts";
import { organise } from "../hunt/organise.ts";
import type { Regrade } from "../hunt/regrade.ts";
import { scoreOf } from "../hunt/team-score.ts";
import { WrongTexts } from "../intake/wrong-texts.ts";
import { LazySql } from "../lazy-sql.ts";
import type { BackupPage, BackupSegments, BroughtCode, PartsTaken, RestorePart } from "../objects/backup.ts";
import {
  calling,
  controlStub,
  leaderboardStub,
  orRefusal,
  outboxStub,
  registryStub,
  shardStub,
  vaultStub,
} from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { type JoinCode, ordinalOf, parseObjectName, parseTeamId } from "../objects/ids.ts";
import type { Look, Spoken, ToldPair } from "../objects/looks.ts";
import { ownName } from "../objects/own-name.ts";
import type { Win } from "../objects/prizes.ts";
import { aheadOf } from "../objects/rehearsal.ts";
import type {
  Checkin,
  ClueSolver,
  Departed,
  FactsOfSubtree,
  FactsPage,
  FactsWanted,
  Forgetter,
  Forgotten,
  ForgottenPage,
  GaveWrong,
  GuessesPage,
  HandedOver,
  Hearing,
  HelpAction,
  HelpAsked,
  HelpBeside,
  HelpPage,
  HelpWanted,
  Joined,
  Joining,
  JudgeAction,
  JudgedPart,
  LeafRange,
  Made,
  MadeTeam,
  Merging,
  Organised,
  PersonalData,
  ProvenFact,
  ProvenSubtree,
  PushAsked,
  RefoldReport,
  RegisteredPlayers,
  RegradeRun,
  Said,
  Seat,
  SentContent,
  SentPage,
  SentSubmission,
  SentWanted,
  ShardConfig,
  ShardLoad,
  ShardObject,
  ShardStats,
  SolvedClue,
  Staff,
  StuckTeam,
  SubtreeHashes,
  TeamChanged,
  TeamPage,
  TeamRows,
  TeamToMake,
  Undone,
  Viewer,
  Viewing,
  Weighed,
  Whereabouts,
  WinnerRow,
  WrongGiven,
} from "../objects/shard.ts";
import type { WebhookMark, WebhookReport, WebhookTaken, WebhookWish } from "../objects/webhooks.ts";
import type { Exported, ExportedGap, Persons } from "../people/personal.ts";
import { Leaves } from "../proof/leaves.ts";
import {
  type ChangedBy,
  type Command,
  type Leaving,
  type OriginTeam,
  type Range,
  type ReplayLine,
  type ReplayResult,
  resultsText,
  type ScoreReport,
  type TeamAction,
  type TeamChange,
} from "../protocol.ts";
import type { Device, Pushing } from "../push/message.ts";
import { flushMeter } from "../telemetry/flush.ts";
import { Backups } from "./backup.ts";
import { isOfBrokenTree, mendTrees } from "./broken-trees.ts";
import { ShardBudgets } from "./budgets.ts";
import { ClaimDesk } from "./claims.ts";
import { CountedSql } from "./counted-sql.ts";
import { CurrentHunt } from "./current-hunt.ts";
import { Delivery, type ShardReason } from "./delivery.ts";
import { Forgetting } from "./forgetting.ts";
import { Help } from "./help.ts";
import { HelpStore } from "./help-store.ts";
import { Journal, type JournalDeps } from "./journal.ts";
import { Judging } from "./judging.ts";
import { Languages } from "./languages.ts";
import { LiveSockets } from "./live.ts";
import { LivePlay } from "./live-play.ts";
import { LoadTeller } from "./load.ts";
import { Looks } from "./looks.ts";
import { Merges } from "./merges.ts";
import { ShardMeter } from "./meter.ts";
import { Moves } from "./moves.ts";
import { OpeningsTold } from "./openings-told.ts";
import { lastCheckins, registeredPlayers, solversOf, solvesOf, stuckTeams, teamRows } from "./organiser.ts";
import { Past } from "./past.ts";
import { PersonData } from "./person-data.ts";
import { Play } from "./play.ts";
import { Players } from "./players.ts";
import { Push } from "./push.ts";
import { PushStore } from "./push-store.ts";
import { queueFigures } from "./queue-figures.ts";
import { RankCache } from "./ranks.ts";
import { BROKEN } from "./read-only.ts";
import { RecentWork } from "./recent-work.ts";
import { Regrades } from "./regrades.ts";
import { Replay } from "./replay.ts";
import { Reporter, scoreReport } from "./report.ts";
import { RestoredCodes } from "./restored-codes.ts";
import { Sessions } from "./sessions.ts";
import { Shipper } from "./ship.ts";
import { countClues } from "./stats.ts";
import { ShardStore } from "./store.ts";
import { takeBack } from "./take-back.ts";
import { Texts } from "./texts.ts";
import { ShardTime } from "./time.ts";
import { ToldTo } from "./told-to.ts";
import { UploadStore } from "./upload-store.ts";
import { Uploads } from "./uploads.ts";
import { originTeams, refold } from "./verify.ts";
import { Waiting } from "./waiting.ts";
import { Webhooks } from "./webhooks.ts";
import { Wins } from "./wins.ts";
import { WrongAnswers } from "./wrong-answers.ts";

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
  readonly #looks: Looks;
  readonly #play: Play;
  readonly #wins: Wins;
  readonly #moves: Moves;
  readonly #merges: Merges;
  readonly #regrades: Regrades;
  readonly #replay: Replay;
  readonly #backups: Backups;
  readonly #codes: RestoredCodes;
  readonly #sessions: Sessions;
  readonly #forgetting: Forgetting;
  readonly #personData: PersonData;
  readonly #past: Past;
  readonly #wrong: WrongAnswers;
  readonly #help: Help;
  readonly #uploads: Uploads;
  readonly #judging: Judging;
  readonly #push: Push;
  readonly #shipper: Shipper;
  readonly #delivery: Delivery;
  readonly #webhooks: Webhooks;
  readonly #sockets: LiveSockets;
  readonly #openings: OpeningsTold;
  readonly #live: LivePlay;
  readonly #recent: RecentWork;
  readonly #leaves: Leaves;
  readonly #load: LoadTeller;
  readonly #store: ShardStore;
  /** Makes tables anew whose tree is broken; false: none is. */
  readonly #mend: () => boolean;
  /** This instance has looked for broken trees since it began. */
  #isMended = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { hunt, shard } = parseObjectName(ownName(ctx, env.SHARD));
    const config = configOf(env);
    const { storage } = ctx;
    const engineClock = watched(
      { now: () => this.clock().now(), after: (ms, signal) => this.clock().after(ms, signal) },
      (by) => {
        alarm.wentBack(by);
        this.#openings.wentBack();
        this.#push.wentBack();
        this.#delivery.wentBack();
      },
    );
    const lazy = new LazySql(storage.sql);
    const sql = new CountedSql(lazy, () => this.#mendLater());
    const mend = (bytes?: number): boolean => {
      const mended = mendTrees(lazy, bytes);
      if (mended?.isEndUnsure) new ShardStore(lazy).saveUnsure();
      return mended !== undefined;
    };
    mend(storage.sql.databaseSize);
    const store = new ShardStore(sql);
    this.#store = store;
    let rehearsal = store.rehearsal();
    const ahead = (): number => aheadOf({ rehearsal });
    const clock = aheadBy(engineClock, ahead);
    this.#mend = () => {
      const mended = mendTrees(lazy);
      // This instance knows where the log ended.
      if (mended?.isEndUnsure) store.saveEnd(this.#journal.log.head);
      return mended !== undefined;
    };
    const recent = new RecentWork(() => clock.now());
    this.#recent = recent;
    const meter = new ShardMeter(shard, recent);
    const alarm = new Alarm<ShardReason>({
      clock,
      storage,
      ahead,
      // A billed row like any other.
      written: () => {
        sql.rowsWritten += 1;
      },
    });
    this.#shard = shard;
    this.#sql = sql;

    this.#time = new ShardTime(shard, clock);
    const journalDeps: JournalDeps = {
      sql,
      sync: () => storage.sync(),
      clock,
      time: this.#time,
      known: Math.max(store.settled(), store.end()),
      isEndUnsure: store.isEndUnsure(),
      pageFlushFacts: config.PAGE_FLUSH_FACTS,
      besideOf: (draft) => this.#uploads.besideOf(draft),
      committing: () => this.#delivery.arm(),
      committed: (facts, segments, ms) => {
        meter.committed(facts, ms);
        this.#live.committed(facts);
        this.#help.committed(facts);
        this.#judging.committed(facts);
        this.#push.committed(facts);
        this.#delivery.committed(facts, segments);
      },
      setAside: () => meter.setAside(),
      failed: (error) => {
        console.error({ message: "commit failed, shard restarts from its log", error: String(error) });
        if (isOfBrokenTree(error)) this.#endMended();
        else ctx.abort("commit failed");
      },
      lostIndex: () => {
        void storage.sync().then(() => ctx.abort("the index of used ids is made again"));
      },
      broken: (gap) => {
        meter.broken();
        this.#delivery.broken(gap);
      },
    };
    try {
      this.#journal = new Journal(journalDeps);
    } catch (error) {
      // Of a large log, which was not looked at before.
      if (!isOfBrokenTree(error) || !mend()) throw error;
      this.#journal = new Journal({ ...journalDeps, isEndUnsure: store.isEndUnsure() });
    }
    const { log, teams } = this.#journal;
    this.#leaves = new Leaves({ shard, segments: (after) => log.segments(after), now: () => clock.now() });
    const budgets = new ShardBudgets(
      config,
      () => storage.sql.databaseSize,
      () => meter.limited(),
    );
    budgets.resume(teams.untouched(), this.#time.now());
    this.#load = new LoadTeller({
      totals: () => teams.totals,
      isFull: () => budgets.isFull(this.#time.now()),
      report: () => this.#delivery.report(),
    });

    const codes = new RestoredCodes(sql);
    this.#codes = codes;
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
      knowsIds: () => teams.ids.knowsAll,
      told: new ToldTo({
        stored: () => store.toldTo(),
        save: (told) => store.saveToldTo(told),
        teams: () => teams.all(),
      }),
      drained: (prize) => desk.drained(prize),
      restoredCode: (prize, unit) => codes.of(prize, unit),
      uploads: { of: (team, upload, clue) => this.#uploads.of(team, upload, clue) },
      asked: (team, prize) => this.#wins.asked(team, prize),
      changed: (before, changed) => {
        rehearsal = changed.rehearsal;
        desk.forget();
        this.#live.changed(before, changed);
        if (before?.restoring !== undefined && changed.restoring === undefined) {
          meter.restored(log.durable);
          this.#delivery.release();
        }
        if (changed.webhooks !== undefined && this.#webhooks.behind) this.#delivery.arm();
        this.#push.changed(before, changed);
        this.#delivery.armByTime();
      },
    });

    this.#shipper = new Shipper(
      {
        hunt,
        incarnation: () => this.#current.incarnation,
        shard,
        isArchived: () => rehearsal === undefined,
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
    // The origin's copies of such a log have names in their facts: they are sent again, without.
    if (log.rewritten) this.#shipper.startOver();
    const reporter = new Reporter({
      shard,
      durable: () => log.durable,
      read: (after, limit) => log.read(after, limit),
      recounts: (facts) => this.#journal.recounts.of(facts),
      report: (report) => leaderboardStub(env, hunt).report(report),
      load: () => this.#load.take(),
      takeStandings: (standings) => this.#current.takeStandings(standings),
      lost: (upto) => {
        // Where the end is not known, a repair asks for it.
        if (!log.isEndUnsure) void this.#endAt(upto);
      },
    });
    this.#webhooks = new Webhooks({
      shard,
      wishes: () => this.#current.webhooks,
      durable: () => log.durable,
      read: (after, limit) => this.#journal.durableFacts(after, limit),
      before: (at) => log.before(at),
      threads: (after) => this.#help.asked(after),
      lastThread: () => this.#help.last,
      imported: () => store.imported(),
      begin: async (webhook, start) =>
        (await outboxStub(env, hunt, webhook).begin(shard, start)) as WebhookMark,
      report: async (webhook, report) =>
        (await outboxStub(env, hunt, webhook).report(report)) as WebhookTaken,
      standings: async () => {
        if (reporter.behind) await reporter.turn();
        return !reporter.behind;
      },
      after: (ms) => clock.after(ms),
    });
    this.#delivery = new Delivery({
      log,
      shipper: this.#shipper,
      reporter,
      webhooks: this.#webhooks,
      isHeld: () => this.#current.isRestoring,
      alarm,
      clock,
      meter,
      shipDelay: config.SHIP_DELAY_MS,
      reportDelay: config.REPORT_DELAY_MS,
      // By then the standings have the facts.
      webhookDelay: config.REPORT_DELAY_MS + PUSH_MARGIN,
      // Beside shipping, which follows every burst of events: nothing is woken for metrics.
      shipping: () => {
        meter.rows(sql.rowsWritten);
        flushMeter(env, () => ctx);
      },
      nextByTime: () => {
        const times = [this.#push.next];
        if (this.#sockets.any) times.push(this.#current.nextPhase(clock.now()), this.#openings.next);
        const known = times.filter((at) => at !== undefined);
        return known.length === 0 ? undefined : Math.min(...known);
      },
    });

    const ranks = new RankCache<Place>(clock, async (asked) => {
      const { ranks: found, inBrackets, word } = await leaderboardStub(env, hunt).look(shard, asked);
      // A shard without solves of its own hears of the others' here.
      this.#current.takeStandings(word);
      return found.map((rank, index) => {
        const inBracket = inBrackets?.[index] ?? undefined;
        return rank === null ? null : { rank, ...(inBracket === undefined ? {} : { inBracket }) };
      });
    });
    const rankOf = async (team: string): Promise<number | undefined> => (await ranks.rankOf(team))?.rank;
    const overloaded = (everybody: boolean): void => {
      meter.overloaded();
      if (everybody) this.#load.refused();
    };
    const waiting = new Waiting(config.WAITING_COMMANDS_MAX, overloaded, recent);
    const parts = { current: this.#current, journal: this.#journal, time: this.#time };
    const languages = new Languages(sql);
    this.#players = new Players({
      ...parts,
      speaks: (player, locale) => languages.joined(player, locale),
      shard,
      secrets: env,
      waiting,
      budgets,
      refused: () => this.#load.refused(),
      lookPublic: (team) =>
        orRefusal(calling(async () => leaderboardStub(env, hunt).lookPublic(shard, team))),
    });
    this.#sessions = new Sessions({ ...parts, secrets: env, players: this.#players, budgets });
    this.#forgetting = new Forgetting({
      ...parts,
      forgotten: (player) => languages.forget(player),
      sql,
      secrets: env,
      players: this.#players,
      release: async (name, keys) => {
        const registry = () => registryStub(env, hunt, name);
        for (const key of keys) await calling(async () => registry().release(name, key));
      },
      // Who is forgotten in a rehearsal stays registered for the hunt itself.
      unregister: async (externalIds, at) => {
        if (rehearsal === undefined) await takeBack(env, externalIds, at);
      },
      forgetIn: async (team, player, why) => {
        const place = parseTeamId(team)?.shard;
        if (place === undefined) return refuse("not_found", "no such team");
        if (place === shard) return this.#forgetting.forget(team, player, why, true);
        return calling(async () => shardStub(env, hunt, place).forget(team, player, why, true));
      },
      wake: (delay) => alarm.set("forget", clock.now() + delay),
    });
    this.#help = new Help({
      ...parts,
      players: this.#players,
      store: new HelpStore(sql, log.keys),
      asked: () => {
        if (this.#webhooks.behind) this.#delivery.tellWebhooks();
      },
      tell: (team, thread) => {
        if (this.#sockets.isWatching(team)) this.#sockets.tellTeam(team, { thread });
      },
      answered: (team, thread) => this.#push.answered(team, thread),
    });
    this.#uploads = new Uploads({
      ...parts,
      hunt,
      bucket: env.ASSETS_BUCKET,
      players: this.#players,
      store: new UploadStore(sql),
      isFull: (now) => budgets.isFull(now),
      wake: (delay) => alarm.set("uploads", clock.now() + delay),
    });
    this.#judging = new Judging({
      ...parts,
      hunt,
      secrets: env,
      clock: engineClock,
      leases: { read: () => store.leases(), save: (leases) => store.saveLeases(leases) },
      organise: (team, action) => this.organise(team, action),
      cleared: () => this.#uploads.turn(),
      tell: (team, frame) => {
        if (this.#sockets.isWatching(team)) this.#sockets.tellTeam(team, frame);
      },
    });
    this.#push = new Push({
      ...parts,
      hunt,
      shard,
      players: this.#players,
      help: () => this.#help,
      store: new PushStore(sql, log.keys),
      until: { read: () => store.pushedUntil(), save: (until) => store.savePushedUntil(until) },
      send: async (messages) => {
        await env.PUSH.sendBatch(messages.map((body) => ({ body, contentType: "text" })));
      },
      wake: (delay) => alarm.set("push", clock.now() + delay),
      arm: () => this.#delivery.armByTime(),
      dropped: (messages) => meter.pushDropped(messages),
    });
    this.#personData = new PersonData({
      ...parts,
      players: this.#players,
      help: this.#help,
      push: this.#push,
    });
    this.#past = new Past({ ...parts, players: this.#players, secrets: env });
    this.#wrong = new WrongAnswers({ ...parts, secrets: env });
    const texts = new Texts(env, hunt, shard, engineClock);
    this.#looks = new Looks({
      ...parts,
      players: this.#players,
      texts,
      languages,
      ranksOf: (teams) => ranks.ranksOf(teams),
      left: (prize) => desk.left(prize),
      sentOf: (team, submission) => this.#judging.sentOf(team, submission),
    });
    this.#wins = new Wins({ ...parts, desk });
    this.#moves = new Moves({
      ...parts,
      players: this.#players,
      wins: this.#wins,
      winsOf: (player) =>
        orRefusal(calling(async () => (await vaultStub(env, hunt).winsOf(player)) as Win[] | Refusal)),
    });
    this.#merges = new Merges({
      ...parts,
      players: this.#players,
      moves: this.#moves,
      wins: this.#wins,
    });
    this.#play = new Play({
      ...parts,
      languages,
      secrets: env,
      texts,
      waiting,
      players: this.#players,
      wins: this.#wins,
      budgets,
      meter,
    });
    this.#regrades = new Regrades({ ...parts, secrets: env });
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
    this.#backups = new Backups({
      shard,
      current: this.#current,
      journal: this.#journal,
      store,
      codes,
      help: this.#help,
    });
    this.#sockets = new LiveSockets({
      ctx,
      sql,
      // Tickets and tokens end by the engine's.
      clock: engineClock,
      socketsMax: config.LIVE_SOCKETS_PER_OBJECT,
      limited: config.RATE_LIMITS === "on",
      play: (from, events) => {
        recent.framed();
        return this.#live.events(from, events);
      },
      news: (team, news) => this.#live.frameOf(team, news),
      // By then the standings have the facts.
      pushDelay: config.REPORT_DELAY_MS + PUSH_MARGIN,
    });
    this.#openings = new OpeningsTold({
      ...parts,
      sockets: this.#sockets,
      arm: () => this.#delivery.armByTime(),
    });
    this.#live = new LivePlay({
      ...parts,
      hunt,
      secrets: env,
      players: this.#players,
      play: this.#play,
      sockets: this.#sockets,
      openings: this.#openings,
      budgets,
      meter,
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

    if (log.isEndUnsure) meter.broken();
    for (const gap of log.gaps) {
      meter.broken();
      this.#delivery.broken(gap);
    }
    meter.begin(this.#shipper.settled);
    void ctx.blockConcurrencyWhile(async () => {
      await alarm.resume();
      this.#delivery.resume();
      if (this.#forgetting.isBehind) alarm.set("forget", clock.now());
      if (this.#push.isBehind) alarm.set("push", clock.now());
      this.#uploads.arm();
      // A log whose ids are quickly read makes the first requests wait; a longer one refuses them.
      if (!teams.ids.knowsAll) await Promise.race([this.#readIds(), clock.after(IDS_WAIT)]);
    });
  }

  /** A statement failed because of a broken tree: tables are made anew when it has ended. */
  #mendLater(): void {
    if (this.#isMended) return;
    this.#isMended = true;
    queueMicrotask(() => {
      try {
        if (this.#mend()) this.#endMended();
      } catch (error) {
        console.error({ message: "a broken table could not be made anew", error: String(error) });
      }
    });
  }

  /** The next instance begins with the tables as they are now. */
  #endMended(): void {
    this.#mendLater();
    const end = (): void => this.ctx.abort("a table of the shard was made anew");
    void Promise.resolve()
      .then(() => this.ctx.storage.sync())
      .then(end, end);
  }

  /** Reads the ids that this version does not know yet, letting others in between. */
  async #readIds(): Promise<void> {
    try {
      for (const _ of this.#journal.teams.ids.readSlices()) await new Promise((done) => setTimeout(done));
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

  makeTeams(teams: readonly TeamToMake[]): Promise<(MadeTeam | Refusal)[] | Refusal> {
    return this.#players.makeTeams(teams);
  }

  nameOf(team: string): Promise<{ name: string } | Refusal> {
    return this.#players.nameOf(team);
  }

  changeTeam(team: string, by: ChangedBy, change: TeamChange): Promise<TeamChanged | Refusal> {
    return this.#players.change(team, by, change);
  }

  async hasMade(key: string, name?: string): Promise<Made | Refusal> {
    this.#knowsAllIds();
    return this.#players.hasMade(key, name);
  }

  async joinedBy(key: string): Promise<Whereabouts | Refusal> {
    this.#knowsAllIds();
    return this.#players.joinedBy(key);
  }

  whereIs(team: string, player: string, gen?: number): Promise<Whereabouts | Refusal> {
    return this.#moves.whereIs(team, player, gen);
  }

  /** Throws while it does not; marked like a restart, so that the caller asks again. */
  #knowsAllIds(): void {
    if (!this.#journal.teams.ids.knowsAll)
      throw Object.assign(new Error("reading the log"), { retryable: true });
  }

  seated(seat: Seat): Promise<Joined | Refusal> {
    return this.#sessions.seated(seat);
  }

  comeBack(code: JoinCode): Promise<Joined | Refusal> {
    return this.#sessions.comeBack(code);
  }

  endSessions(seat: Seat, key: string): Promise<Joined | Refusal> {
    return this.#sessions.end(seat, key);
  }

  /** Both ways as text, because that is what a call carries at the least cost. */
  async play(team: string, player: string, commands: string, gen?: number): Promise<string | Refusal> {
    const played = await this.#play.play({ team, player, gen }, JSON.parse(commands) as Command[]);
    return "refused" in played ? played : resultsText(played);
  }

  async playAll(asked: string): Promise<(string | Refusal | null)[]> {
    const all = JSON.parse(asked) as [team: string, player: string, gen: number, commands: Command[]][];
    const played = await Promise.allSettled(
      all.map(([team, player, gen, commands]) => this.#play.play({ team, player, gen }, commands)),
    );
    return played.map((each) => {
      if (each.status === "rejected") return null;
      return "refused" in each.value ? each.value : resultsText(each.value);
    });
  }

  me(team: string, player: string): Promise<Me | Refusal> {
    this.#recent.looked();
    return this.#looks.me(team, player);
  }

  looks(asked: string): Promise<ToldPair[]> {
    this.#recent.looked();
    return this.#looks.looks(JSON.parse(asked) as Look[]);
  }

  viewed(team: string, viewing: Viewing): Promise<{ text: string; spoken?: Spoken } | Refusal> {
    return this.#looks.viewed(team, viewing);
  }

  text(digest: string): Promise<string | Refusal | undefined> {
    this.#recent.looked();
    return this.#looks.text(digest);
  }

  personalData(
    team: string,
    player: string,
    seat: { gen?: number | undefined } | "earlier",
    after: number,
  ): Promise<PersonalData | Refusal> {
    return this.#personData.read(team, player, seat, after);
  }

  forget(team: string, player: string, by: Forgetter, isFollowing?: boolean): Promise<Forgotten | Refusal> {
    return this.#forgetting.forget(team, player, by, isFollowing);
  }

  hears(team: string, player: string, gen?: number): Promise<Hearing | Refusal> {
    return this.#players.hears(team, player, gen);
  }

  subscribe(seat: Seat, device: Device): Promise<{ done: true } | Refusal> {
    return this.#push.subscribe(seat, device);
  }

  unsubscribe(seat: Seat, device?: string): Promise<{ done: true } | Refusal> {
    return this.#push.unsubscribe(seat, device);
  }

  askForHelp(seat: Seat, clue: string | undefined, said: Said): Promise<Thread | Refusal> {
    return this.#help.ask(seat, clue, said);
  }

  helpThreads(seat: Seat): Promise<Thread[] | Refusal> {
    return this.#help.threads(seat);
  }

  askMore(seat: Seat, thread: number, said: Said): Promise<Thread | Refusal> {
    return this.#help.askMore(seat, thread, said);
  }

  guesses(
    team: string,
    seat: { player: string; gen?: number | undefined } | Viewing,
    clue: string,
    below: number | undefined,
    limit: number,
  ): Promise<GuessesPage | Refusal> {
    return this.#past.guesses(team, seat, clue, below, limit);
  }

  teamPage(
    team: string,
    viewer: Viewer & { clues?: readonly string[] | undefined },
    language: string | undefined,
  ): Promise<TeamPage | Refusal> {
    return this.#players.teamPage(team, viewer, language);
  }

  solversOf(clue: string, until: number, limit: number): Promise<ClueSolver[] | Refusal> {
    return this.#reading(() => solversOf(this.#journal.teams, clue, until, limit));
  }

  history(team: string, viewer: Viewer): Promise<{ points: { at: number; score: number }[] } | Refusal> {
    return this.#players.history(team, viewer);
  }

  override async fetch(request: Request): Promise<Response> {
    const response = await this.#live.open(request);
    if (response.status === 101) this.#delivery.armByTime();
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

  async organise(teamId: string, action: TeamAction): Promise<Organised | Refusal> {
    const refused = await this.#current.ready();
    if (refused) return refused;
    const now = this.#time.now();
    const context = this.#current.context(now);
    const { teams } = this.#journal;
    const team = teams.get(teamId);
    if (!team) return teams.isMissing(ordinalOf(teamId)) ? BROKEN : refuse("not_found", "no such team");
    // What it won stays in its log.
    if (team.merged && action.type !== "revoke") return refuse("not_found", "no such team");
    const readOnly = teams.readOnly(team);
    if (readOnly) return readOnly;
    const decision = organise(context, team, action, now);
    if ("refused" in decision) return decision;
    for (const draft of decision.facts) {
      const beside =
        draft.type === "unlock" ? (): void => this.#push.opened(draft.team, draft.clue) : undefined;
      this.#journal.append(draft, beside);
    }
    await this.#journal.committed();
    const { score = scoreOf(context, teams.get(teamId) ?? team), unlocked } = decision;
    return { score, ...(unlocked === undefined ? {} : { unlocked }) };
  }

  async returnMember(
    team: string,
    player: string,
    reason: string,
  ): Promise<{ returnCode: string } | Refusal> {
    const returned = await this.#sessions.returnMember(team, player, reason);
    return "refused" in returned ? returned : { returnCode: returned.returnCode };
  }

  forgetAll(after: number): Promise<ForgottenPage | Refusal> {
    return this.#forgetting.forgetAll(after);
  }

  keepSeat(move: Move): Promise<TeamChanged | Refusal> {
    return this.#moves.keepSeat(move);
  }

  async depart(move: Move): Promise<Departed | Refusal> {
    const departed = await this.#moves.depart(move);
    return "refused" in departed ? departed : { ...departed, ...this.#codes.carried([departed.leaving]) };
  }

  arrive(move: Move, leaving: Leaving, codes: readonly BroughtCode[] = []): Promise<TeamChanged | Refusal> {
    this.#codes.take(codes);
    return this.#moves.arrive(move, leaving);
  }

  giveUpSeat(move: Move): Promise<TeamChanged | Refusal> {
    return this.#moves.giveUpSeat(move);
  }

  mergingOf(team: string): Promise<Merging | Refusal> {
    return this.#merges.mergingOf(team);
  }

  keepSeats(merge: Merge): Promise<TeamChanged | Refusal> {
    return this.#merges.keepSeats(merge);
  }

  async handOver(merge: Merge): Promise<HandedOver | Refusal> {
    const handed = await this.#merges.handOver(merge);
    if ("refused" in handed) return handed;
    return { ...handed, ...this.#codes.carried(handed.leavings.map(([, leaving]) => leaving)) };
  }

  takeOver(merge: Merge, handed: HandedOver): Promise<TeamChanged | Refusal> {
    this.#codes.take(handed.codes ?? []);
    return this.#merges.takeOver(merge, handed);
  }

  giveUpSeats(merge: Merge): Promise<TeamChanged | Refusal> {
    return this.#merges.giveUpSeats(merge);
  }

  leadsTo(by: { code: string } | { team: string }): Promise<{ team?: string }> {
    return this.#merges.leadsTo(by);
  }

  judgeAgain(run: RegradeRun, after: number): Promise<JudgedPart | Refusal> {
    return this.#regrades.judgeAgain(run, after);
  }

  weigh(run: string, from: number, regrade?: Regrade): Promise<Weighed | Refusal> {
    return this.#regrades.weigh(run, from, regrade);
  }

  undoRegrade(regrade: Regrade, after: number): Promise<Undone | Refusal> {
    return this.#regrades.undoRegrade(regrade, after);
  }

  /** Reads what is durable, under the rules as they are then. */
  async #reading<Value>(read: (context: Context, now: number) => Value): Promise<Value | Refusal> {
    const refused = await this.#current.ready();
    if (refused) return refused;
    await this.#journal.committed();
    const now = this.#time.now();
    return read(this.#current.context(now), now);
  }

  teams(after: number, limit: number, wanted?: string, persons = true): Promise<TeamRows | Refusal> {
    const asked = { after, limit, wanted, persons };
    return this.#reading((context) => teamRows(context, this.#journal.teams, asked));
  }

  registeredPlayers(after: number): Promise<RegisteredPlayers | Refusal> {
    return this.#reading(() => registeredPlayers(this.#journal.teams, after));
  }

  solvesOf(teams: readonly string[]): Promise<SolvedClue[][] | Refusal> {
    return this.#reading((context) => solvesOf(context, this.#journal.teams, teams));
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

  facts(wanted: FactsWanted, below: number | undefined, limit: number): Promise<FactsPage | Refusal> {
    return this.#past.facts(wanted, below, limit);
  }

  wrongAnswers(clue: string, limit: number): Promise<WrongGiven[] | Refusal> {
    return this.#wrong.of(clue, limit);
  }

  gaveWrong(clue: string, answer: string, limit: number): Promise<GaveWrong | Refusal> {
    return this.#wrong.gave(clue, answer, limit);
  }

  helpQueue(wanted: HelpWanted): Promise<HelpPage | Refusal> {
    return this.#help.queue(wanted);
  }

  triedAt(team: string, clue: string, limit: number): Promise<GuessesPage | Refusal> {
    return this.#past.triedAt(team, clue, limit);
  }

  helpBeside(team: string, thread: number): Promise<HelpBeside | Refusal> {
    return this.#help.beside(team, thread);
  }

  helpAct(team: string, thread: number, action: HelpAction, staff: Staff): Promise<HelpAsked | Refusal> {
    return this.#help.act(team, thread, action, staff);
  }

  submissions(wanted: SentWanted): Promise<SentPage | Refusal> {
    return this.#judging.queue(wanted);
  }

  judge(
    team: string,
    submission: number,
    action: JudgeAction,
    staff: Staff,
  ): Promise<{ submission: SentSubmission } | Refusal> {
    return this.#judging.act(team, submission, action, staff);
  }

  beginUpload(
    seat: Seat,
    clue: string,
    id: string,
    multipart?: string,
  ): Promise<{ accept: string[] } | Refusal> {
    return this.#uploads.begin(seat, clue, id, multipart);
  }

  storeUpload(seat: Seat, id: string, content: SentContent): Promise<Uploaded | Refusal> {
    return this.#uploads.stored(seat, id, content);
  }

  async cancelUpload(id: string): Promise<void> {
    this.#uploads.cancel(id);
  }

  async exportFacts(after: number): Promise<(Exported | ExportedGap)[]> {
    await this.#journal.committed();
    return this.#journal.log.exported(after, EXPORT_FACTS_MAX);
  }

  async verify(): Promise<RefoldReport> {
    await this.#journal.committed();
    // After a restart only the alarm would ship what the queue lost, later than verification waits for the origin.
    if (this.#shipper.behind) this.#delivery.ship(0);
    return refold(this.#journal.log, this.#journal.teams, this.#current.isStatic);
  }

  originTeams(teams: string[]): ({ team: OriginTeam; moving: boolean } | null)[] {
    return originTeams(this.#journal.log, this.#journal.teams, this.#shipper.settled, teams);
  }

  async replay(lines: ReplayLine[]): Promise<ReplayResult[] | Refusal> {
    const refused = await this.#current.ready();
    if (refused) return refused;
    const commands = lines.flatMap((line) => (line.type === "command" ? [line.command] : []));
    const unjudged = this.#current.refuseImport(this.#time.now()) ?? this.#current.unjudged(commands);
    if (unjudged) return unjudged;
    const { log } = this.#journal;
    const first = log.head + 1;
    const results = lines.map((line) => this.#replay.line(line));
    this.#store.saveImported({ first, last: log.head });
    await this.#journal.committed();
    return results;
  }

  backupSegments(after: number): Promise<BackupSegments> {
    return this.#backups.segments(after);
  }

  backupTold(): Record<string, string> {
    return this.#backups.told;
  }

  backupThreads(after: number): BackupPage<BackupThread> {
    return this.#backups.threads(after);
  }

  backupCodes(wins: readonly { prize: string; unit: number }[]): Promise<(string | null)[] | Refusal> {
    return this.#backups.codes(wins);
  }

  restore(attempt: string, parts: readonly RestorePart[]): Promise<PartsTaken | Refusal> {
    return this.#backups.take(attempt, parts);
  }

  // ── The leaderboard, the vault, the queue's consumers ───────────────────

  async scoreFacts(after: number): Promise<ScoreReport> {
    await this.#journal.committed();
    const { recounts } = this.#journal;
    const read = this.#journal.durableFacts(after, SCORE_FACTS_MAX);
    const report = scoreReport(this.#shard, after, read, recounts.of(read.facts));
    return { ...report, load: this.#load.present() };
  }

  async webhookFacts(wish: WebhookWish, after: WebhookMark | null): Promise<WebhookReport> {
    await this.#journal.committed();
    return this.#webhooks.facts(wish, after);
  }

  recordWins(wins: readonly Win[]): Promise<Refusal | undefined> {
    return this.#wins.record(wins);
  }

  winners(
    wins: readonly Pick<Win, "prize" | "team" | "player" | "unit">[],
    contact: readonly string[] = [],
  ): Promise<WinnerRow[] | Refusal> {
    return this.#wins.winners(wins, contact);
  }

  subtrees(range: LeafRange): SubtreeHashes {
    return this.#leaves.subtrees(range);
  }

  proveFact(seq: number, subtree: FactsOfSubtree, team?: string): ProvenFact | Refusal {
    return this.#leaves.prove(seq, subtree, team);
  }

  persons(first: number, last: number): Persons {
    return this.#journal.log.persons(first, last);
  }

  pushes(asked: PushAsked[]): Promise<(Pushing | null)[] | Refusal> {
    return this.#push.pushes(asked);
  }

  dropSubscriptions(targets: Pick<PushAsked, "n" | "id">[]): void {
    this.#push.drop(targets);
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

  lostBehind(): number | undefined {
    const { log } = this.#journal;
    return log.isEndUnsure ? log.head : undefined;
  }

  async endsAt(upto: number): Promise<void> {
    if (this.#journal.log.isEndUnsure) await this.#endAt(upto);
  }

  /** What the log lacks up to there is a gap of the next instance; who called asks again. */
  async #endAt(upto: number): Promise<void> {
    console.error({ message: "the log lost its newest facts", upto });
    this.#store.saveEnd(upto);
    this.#forgetting.dropStrayKeys();
    await this.ctx.storage.sync();
    this.ctx.abort("the end of the log is known");
  }

  async gaps(): Promise<Range[]> {
    await this.#journal.committed();
    const { log } = this.#journal;
    // Only reading notices them.
    for (const _ of log.parts(0));
    return log.gaps.map(({ first, last }) => ({ first, last }));
  }

  async mend(gap: Range, body: string): Promise<boolean> {
    const { log } = this.#journal;
    while (log.gathering.length > 0) await this.#journal.committed();
    const isMended = this.#take(gap, body, false);
    await this.ctx.storage.sync();
    return isMended;
  }

  async mendProven(bodies: (Range & { body: string })[], subtrees: ProvenSubtree[]): Promise<boolean[]> {
    const { log } = this.#journal;
    while (log.gathering.length > 0) await this.#journal.committed();
    const proven = this.#leaves.proven(bodies, subtrees);
    const mended = bodies.map((each, index) => proven[index] === true && this.#take(each, each.body, true));
    await this.ctx.storage.sync();
    return mended;
  }

  /** Puts the body into the gap of the log; `isProven`: whatever its hashes say. */
  #take({ first, last }: Range, body: string, isProven: boolean): boolean {
    const { log, teams } = this.#journal;
    const gap = log.gapAt(first);
    if (!gap) return log.at(first) !== undefined;
    if (!log.mend({ first, last }, body, isProven)) return false;
    teams.mended(gap);
    this.#wrong.forget();
    if (log.gaps.length === 0) this.#forgetting.dropStrayKeys();
    this.#delivery.mended({ first, last });
    return true;
  }

  async erase(): Promise<void> {
    if (this.#sockets.any) {
      this.#sockets.closeAll();
      await this.clock().after(FAREWELL);
    }
    await this.#uploads.abortAll();
    await eraseObject(this.ctx);
  }

  backlog(): { segments: number; since?: number } {
    return this.#delivery.backlog();
  }

  load(): ShardLoad {
    return {
      bytes: this.ctx.storage.sql.databaseSize,
      sockets: this.#sockets.count,
      teams: this.#journal.teams.totals.teams,
      ...this.#recent.told(),
    };
  }

  override alarm(): Promise<void> {
    return this.#delivery.alarm(async () => {
      if (await this.#current.ready()) return false;
      await this.#forgetting.turn();
      this.#live.tellByTime();
      await this.#push.turn();
      await this.#uploads.turn();
      return true;
    });
  }
}
