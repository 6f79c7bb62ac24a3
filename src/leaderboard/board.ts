/**
 * The standings of a hunt under the configuration that holds: takes the shards'
 * reports, decides who may see which standings, writes them down and rebuilds
 * them from the shards' logs where the stored data does not suffice.
 */
import { CLOCK_TOLERANCE, isAhead } from "../ahead.ts";
import { Damaged, tellDropped } from "../checksum.ts";
import type { Clock } from "../clock.ts";
import { type Refusal, refuse } from "../errors.ts";
import { isStillAt, type Still, stillOf } from "../hunt/freeze.ts";
import { isOver, phaseAt } from "../hunt/phase.ts";
import type { StandingsRules } from "../hunt/score.ts";
import type {
  AroundQuery,
  BoardConfig,
  BoardPage,
  BoardQuery,
  ClueSolves,
  ClueSolvesQuery,
  LookedAt,
  PublicTeam,
  TeamCount,
} from "../objects/leaderboard.ts";
import type { ReportResult, ScoreReport, ShardStandings, StandingsRow } from "../protocol.ts";
import { assertKnownForm } from "../stored-form.ts";
import type { StoredText } from "../stored-text.ts";
import { meter } from "../telemetry/meter.ts";
import { CatchUp, type CatchUpDeps } from "./catch-up.ts";
import { Keeper, type Misdated } from "./keeper.ts";
import { Solvers, type SolversDeps } from "./solvers.ts";
import { FirstsMissing, SPARE_FIRSTS } from "./standings/clue-table.ts";
import { Standings } from "./standings/standings.ts";
import { View } from "./standings/view.ts";
import type { StoredView } from "./stored-view.ts";

/** Teams in one result of `dump`: 64 bytes each or so, well under what a call takes. */
const DUMP_TEAMS = 20_000;

/** The form of the stored configuration. Form 2 is of a rehearsal: an engine that does not know that has another clock. */
const CONFIG_FORM = 2;
const USUAL_FORM = 1;

/** Spans of misdated facts remembered. */
const MISDATED_MAX = 8;

/**
 * Standings of more teams are not rebuilt because some facts are misdated: it would
 * take longer than readers wait, and all that is wrong is the order of equal scores.
 */
const REBUILT_TEAMS_MAX = 20_000;

const NO_FACTS = { fact: 0, mark: 0 };

/** Standings somebody may see. */
export interface Reading {
  /** Settled; undefined before the hunt is published. */
  standings: Standings | undefined;
  frozen: boolean;
  /** Epoch ms. */
  asOf: number;
}

export interface BoardDeps extends Omit<CatchUpDeps, "keeper" | "clock">, Pick<SolversDeps, "solversOf"> {
  clock: Clock;
  texts: StoredText;
  snapshots: StoredView;
  /** There is something new to read. */
  changed(): void;
}

export class Board {
  readonly #deps: BoardDeps;
  readonly #catchUp: CatchUp;
  #config: BoardConfig | undefined;
  #keeper: Keeper | undefined;
  /** The time that the standings began with, epoch ms: they are of then as long as a log could not be read since. */
  #begunAt = 0;
  /** Spans of times that a wrong clock told while this instance ran; the newest first. */
  #misdated: Misdated[] = [];
  /** First solves kept beside those that get a bonus. */
  #spare = SPARE_FIRSTS;
  readonly #solvers: Solvers;

  constructor(deps: BoardDeps) {
    this.#deps = deps;
    this.#catchUp = new CatchUp({ ...deps, keeper: () => this.#keeper });
    this.#solvers = new Solvers({ ...deps, shards: () => [...(this.#keeper?.marks.keys() ?? [])] });
  }

  /**
   * Reads what an earlier instance stored, and pulls later facts from the logs. False: the
   * configuration is not as it was written, and has to be installed anew.
   */
  restore(): boolean {
    let config: string | undefined;
    try {
      config = this.#deps.texts.read("config");
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      tellDropped("the stored config");
      return false;
    }
    if (config === undefined) return true;
    this.#config = configIn(config);
    const stored = this.#deps.snapshots.read(...this.#rulesNow());
    this.#keeper = this.#keep(stored?.view ?? this.#emptyView(), stored?.marks);
    const { fact, mark } = stored?.view.latest ?? NO_FACTS;
    this.#begunAt = Math.max(0, fact, mark);
    this.#catchUp.start();
    return true;
  }

  get config(): BoardConfig | undefined {
    return this.#config;
  }

  /** While this is true, the standings are incomplete. */
  get isCatchingUp(): boolean {
    return this.#catchUp.isUnderWay;
  }

  /** Takes a configuration and stores it. False: a newer one holds. The rules take effect with `rerule`. */
  install(config: BoardConfig): boolean {
    if (this.#config && config.revision < this.#config.revision) return false;
    this.#config = config;
    const v = config.rehearsal === undefined ? USUAL_FORM : CONFIG_FORM;
    this.#deps.texts.write("config", JSON.stringify({ v, ...config }));
    return true;
  }

  /** Puts the rules that hold into effect; rebuilds from the logs where the data does not suffice. */
  async rerule(): Promise<void> {
    if (!this.#keeper) this.#keeper = this.#keep(this.#emptyView());
    // If a newer configuration arrived during the await, its rules are applied twice, which is harmless.
    else if (!(await this.#keeper.change((view) => view.change(...this.#rulesNow())))) {
      this.#keeper = this.#keep(this.#emptyView());
      this.#catchUp.start();
    }
    this.#deps.changed();
  }

  /** Reads all logs anew: one had a gap when it was read, and has none now. So does the next instance, if this one ends before it has read them. */
  rebuild(): void {
    if (!this.#config) return;
    this.#deps.snapshots.drop();
    this.#keeper = this.#keep(this.#emptyView());
    this.#catchUp.start();
    this.#deps.changed();
  }

  /** From when on, and until when, everybody sees standings that stand still. */
  get still(): Still | undefined {
    return this.#config && stillOf(this.#config, this.#config.phase, this.#config.released === true);
  }

  /** Whether everybody sees them stand still now. */
  get standsStill(): boolean {
    return isStillAt(this.still, this.#deps.clock.now());
  }

  #rulesNow(): [StandingsRules, Still | undefined] {
    if (!this.#config) throw new Error("the leaderboard does not know its hunt yet");
    return [this.#config.rules, this.still];
  }

  #emptyView(): View {
    const [rules, still] = this.#rulesNow();
    this.#begunAt = 0;
    return new View(rules, still, { all: Standings.withSpare(rules, this.#spare), latest: NO_FACTS });
  }

  #keep(view: View, marks: Iterable<[string, number]> = []): Keeper {
    const keeper: Keeper = new Keeper(view, marks, {
      // Not an empty `storage.sync()`: calls that arrive while storage is awaited are not let in.
      pause: () => scheduler.wait(0),
      clock: () => performance.now(),
      now: () => this.#deps.clock.now(),
      misdated: () => this.#misdated,
      changed: () => this.#deps.changed(),
      failed: (error) => {
        console.error({ message: "the standings are rebuilt from the logs", error: String(error) });
        if (this.#keeper !== keeper) return;
        if (error instanceof FirstsMissing) this.#spare *= 2;
        this.#keeper = this.#keep(this.#emptyView());
        this.#catchUp.startLater();
      },
    });
    return keeper;
  }

  /** Takes a shard's report; resolves when it can be read, or at once when there was no room for it. */
  async take(report: ScoreReport): Promise<ReportResult> {
    const keeper = this.#keeper;
    if (!keeper) throw new Error("the leaderboard does not know its hunt yet");
    keeper.take(report);
    await keeper.applied(report.shard, report.upto);
    const now = this.#deps.clock.now();
    meter.add("hunt_leaderboard_reports_total", 1);
    const newest = report.facts.at(-1)?.at;
    if (newest !== undefined) {
      meter.histogram("hunt_leaderboard_lag_seconds").observe(Math.max(0, now - newest) / 1_000);
    }
    const { view } = keeper;
    // Without values while the standings catch up: the shard goes on with those it has.
    const word = view.isSettled ? this.#wordOf(view, report.shard, now) : { asOf: now };
    return { watermark: keeper.taken(report.shard), word };
  }

  /** See `LeaderboardObject.heardOf`. */
  heardOf(shard: string): number {
    return this.#keeper?.taken(shard) ?? 0;
  }

  /** With moving scores: the values that the engine decides by, and those that everybody sees. */
  #wordOf(view: View, shard: string, now: number): ShardStandings {
    const word = view.all.word(shard);
    if (!word) return { asOf: now };
    const { still } = this;
    if (!isStillAt(still, now)) return { asOf: now, ...word };
    return { asOf: now, ...word, shown: { asOf: still.from, ...view.frozenView().word(shard) } };
  }

  /** What `read` makes of the standings as everybody may see them. */
  public<Value>(read: (reading: Reading) => Value): Promise<Value> {
    return this.#settled((keeper) => {
      const asOf = this.#asOf;
      const { still } = this;
      if (!isStillAt(still, this.#deps.clock.now())) {
        return read({ standings: keeper?.view.all, frozen: false, asOf });
      }
      return read({ standings: keeper?.view.frozenView(), frozen: true, asOf: Math.min(asOf, still.from) });
    });
  }

  /** What `read` makes of the standings as organisers see them, through a freeze. */
  organisers<Value>(read: (reading: Reading) => Value): Promise<Value> {
    return this.#settled((keeper) => read({ standings: keeper?.view.all, frozen: false, asOf: this.#asOf }));
  }

  /** The time the standings are of, epoch ms. */
  get #asOf(): number {
    return this.#catchUp.isComplete ? this.#deps.clock.now() : this.#begunAt;
  }

  /** Calls `read` when the standings are settled: at once, for whoever else waited may change them. */
  async #settled<Value>(read: (keeper: Keeper | undefined) => Value): Promise<Value> {
    await this.#catchUp.wait();
    for (;;) {
      const keeper = this.#keeper;
      await keeper?.ready();
      if (keeper === this.#keeper && keeper?.view.isSettled !== false) return read(keeper);
    }
  }

  /** See `LeaderboardObject.look`. */
  look(shard: string, teams: string[]): Promise<LookedAt> {
    return this.public((reading) => {
      const now = this.#deps.clock.now();
      const view = this.#keeper?.view;
      return {
        // Without a log its teams' places are of before, and so are those of the others.
        ranks: this.#catchUp.isComplete ? ranksOf(reading, teams) : teams.map(() => null),
        inBrackets: teams.map((team) => reading.standings?.bracketRank(team) ?? null),
        word: view ? this.#wordOf(view, shard, now) : { asOf: now },
      };
    });
  }

  /** See `LeaderboardObject.lookPublic`. */
  lookPublic(shard: string, team: string): Promise<{ isConcealed: boolean; word: ShardStandings }> {
    return this.public(({ standings, asOf }) => ({
      isConcealed: standings?.isConcealed(team) === true,
      word: { asOf, ...standings?.word(shard) },
    }));
  }

  page({ limit, offset, bracket, organiser }: BoardQuery): Promise<BoardPage> {
    return this.#seenBy(organiser, (reading) =>
      pageOf(reading, bracket, (standings) => standings.page({ offset, limit, bracket })),
    );
  }

  /** See `LeaderboardObject.around`. */
  around(team: string, { limit, bracket, organiser }: AroundQuery): Promise<BoardPage | Refusal> {
    return this.#seenBy(organiser, (reading) => {
      const page = pageOf(reading, bracket, (standings) => standings.around(team, limit, bracket));
      if (page.entries.length > 0 || this.#joinedLater(reading.standings, team)) return page;
      return refuse("not_found", "no such team has a place here");
    });
  }

  #seenBy<Value>(organiser: boolean, read: (reading: Reading) => Value): Promise<Value> {
    return organiser ? this.organisers(read) : this.public(read);
  }

  /** Whether the team joined during a freeze: it has no place yet, and is no stranger. */
  #joinedLater(standings: Standings | undefined, team: string): boolean {
    const all = this.#keeper?.view.all;
    return standings?.has(team) === false && all?.has(team) === true && !all.isConcealed(team);
  }

  /** See `LeaderboardObject.publicTeams`. */
  publicTeams(teams: readonly string[]): Promise<(PublicTeam | null)[]> {
    return this.public(({ standings }) =>
      teams.map((team) => {
        const all = this.#keeper?.view.all;
        const name = all?.nameOf(team);
        if (all === undefined || name === undefined) return null;
        const rank = standings?.rank(team);
        return {
          name,
          isConcealed: all.isConcealed(team) || standings?.isConcealed(team) === true,
          isPublic: standings?.has(team) === true,
          ...(rank === undefined ? {} : { rank }),
        };
      }),
    );
  }

  /** See `LeaderboardObject.solvedClues`. */
  solvedClues(): Promise<string[]> {
    return this.organisers(({ standings }) => standings?.solvedClues() ?? []);
  }

  /** See `LeaderboardObject.clueSolves`. */
  async clueSolves(clue: string, { organiser, anybody }: ClueSolvesQuery): Promise<ClueSolves | Refusal> {
    const config = this.#config;
    if (!config || !isKnownClue(config, clue, anybody, this.#deps.clock.now())) {
      return refuse("not_found", "no such clue");
    }
    const { asOf, count } = await this.#seenBy(organiser, (reading) => ({
      asOf: reading.asOf,
      count: reading.standings?.solvers(clue) ?? 0,
    }));
    if (!organiser && config.solvesShown !== "names") return { asOf, count };
    const { still } = this;
    const stands = !organiser && isStillAt(still, this.#deps.clock.now());
    const shown = (): Standings | undefined => {
      const view = this.#keeper?.view;
      return stands ? view?.frozenView() : view?.all;
    };
    const first = await this.#solvers.first(clue, {
      until: stands ? still.from : Number.POSITIVE_INFINITY,
      nameOf: (team) => (shown()?.isConcealed(team) ? undefined : shown()?.nameOf(team)),
    });
    return { asOf, count, first };
  }

  /** See `LeaderboardObject.teamCount`. */
  async teamCount(): Promise<TeamCount> {
    await this.#catchUp.wait();
    const teams = this.#keeper?.view.all.teamCount ?? 0;
    return this.#catchUp.isComplete ? { teams } : { teams, asOf: this.#begunAt };
  }

  /** See `LeaderboardObject.dump`. */
  dump(
    from: number,
  ): Promise<{ marks: { shard: string; mark: number }[]; rows: StandingsRow[]; next?: number }> {
    return this.organisers(({ standings }) => ({
      marks: [...(this.#keeper?.marks ?? [])].map(([shard, mark]) => ({ shard, mark })),
      ...(standings?.dump(from, DUMP_TEAMS) ?? { rows: [] }),
    }));
  }

  /**
   * The clock went back by `by` ms, so it was ahead. Facts that were dated by it count as of now, in the
   * order of the logs, and not as behind a freeze that has not come.
   */
  async wentBack(by: number): Promise<void> {
    const keeper = this.#keeper;
    if (!keeper) return;
    const now = this.#deps.clock.now();
    // The shards' clock may have been a little further.
    const to = now + by + CLOCK_TOLERANCE;
    const isMisdated = isAhead(keeper.latest, now) && keeper.latest <= to;
    if (isMisdated) {
      const span = { from: now, to, marks: new Map(keeper.marks) };
      this.#misdated = [span, ...this.#misdated].slice(0, MISDATED_MAX);
    }
    if (isMisdated && keeper.view.all.teamCount <= REBUILT_TEAMS_MAX) {
      this.#keeper = this.#keep(this.#emptyView());
      this.#catchUp.start();
    } else {
      await keeper.change((view) => {
        if (view.still !== undefined && this.#deps.clock.now() < view.still.from) view.thaw();
        return true;
      });
    }
    this.#deps.changed();
  }

  /** Writes the standings down, in pieces; reports wait meanwhile, reads do not. */
  async write(): Promise<void> {
    const keeper = this.#keeper;
    await keeper?.whileStill(() =>
      this.#deps.snapshots.write(keeper.view, keeper.marks, () => keeper.breathe()),
    );
  }
}

/** Whether the hunt has the clue, and for `anybody` whether who plays no part may know of it. */
function isKnownClue(config: BoardConfig, clue: string, anybody: boolean, now: number): boolean {
  const { all, start } = config.clues ?? { all: config.rules.clues.map(({ id }) => id), start: [] };
  if (!anybody) return all.includes(clue);
  const phase = phaseAt(config.phase, config, now);
  return phase !== "draft" && (isOver(phase) ? all : start).includes(clue);
}

function configIn(text: string): BoardConfig {
  const { v, ...config } = JSON.parse(text) as BoardConfig & { v?: number };
  assertKnownForm("the leaderboard's configuration", { v }, CONFIG_FORM);
  return config;
}

function pageOf(
  { standings, frozen, asOf }: Reading,
  bracket: string | undefined,
  rowsOf: (standings: Standings) => BoardPage["entries"],
): BoardPage {
  if (!standings) return { asOf, frozen, total: 0, entries: [] };
  return { asOf, frozen, total: standings.total(bracket), entries: rowsOf(standings) };
}

export const ranksOf = ({ standings }: Reading, teams: readonly string[]): (number | null)[] =>
  teams.map((team) => standings?.rank(team) ?? null);
