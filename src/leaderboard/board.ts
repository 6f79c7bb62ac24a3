/**
 * The standings of a hunt under the configuration that holds: takes the shards'
 * reports, decides who may see which standings, writes them down and rebuilds
 * them from the shards' logs where the stored data does not suffice.
 */
import { CLOCK_TOLERANCE, isAhead } from "../ahead.ts";
import type { Clock } from "../clock.ts";
import { endsAt } from "../hunt/phase.ts";
import type { StandingsRules } from "../hunt/score.ts";
import type { BoardConfig, BoardPage, BoardQuery } from "../objects/leaderboard.ts";
import type { ReportResult, ScoreReport, ShardStandings, StandingsRow } from "../protocol.ts";
import { assertKnownForm } from "../stored-form.ts";
import type { StoredText } from "../stored-text.ts";
import { meter } from "../telemetry/meter.ts";
import { CatchUp, type CatchUpDeps } from "./catch-up.ts";
import { Keeper, type Misdated } from "./keeper.ts";
import type { Standings } from "./standings/standings.ts";
import { View } from "./standings/view.ts";
import type { StoredView } from "./stored-view.ts";

/** Teams in one result of `dump`: 64 bytes each or so, well under what a call takes. */
const DUMP_TEAMS = 20_000;

/** The form of the stored configuration. */
const CONFIG_FORM = 1;

/** Spans of misdated facts remembered. */
const MISDATED_MAX = 8;

/**
 * Standings of more teams are not rebuilt because some facts are misdated: it would
 * take longer than readers wait, and all that is wrong is the order of equal scores.
 */
const REBUILT_TEAMS_MAX = 20_000;

/** Standings somebody may see. */
export interface Reading {
  /** Settled; undefined before the hunt is published. */
  standings: Standings | undefined;
  frozen: boolean;
  /** Epoch ms. */
  asOf: number;
}

export interface BoardDeps extends Omit<CatchUpDeps, "keeper" | "clock"> {
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
  /** Spans of times that a wrong clock told while this instance ran; the newest first. */
  #misdated: Misdated[] = [];

  constructor(deps: BoardDeps) {
    this.#deps = deps;
    this.#catchUp = new CatchUp({ ...deps, keeper: () => this.#keeper });
  }

  /** Reads what an earlier instance stored, and pulls later facts from the logs. */
  restore(): void {
    const config = this.#deps.texts.read("config");
    if (config === undefined) return;
    this.#config = configIn(config);
    const { rules, freeze } = this.#config;
    const stored = this.#deps.snapshots.read(rules, freeze);
    this.#keeper = this.#keep(stored?.view ?? new View(rules, freeze), stored?.marks);
    this.#catchUp.start();
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
    this.#deps.texts.write("config", JSON.stringify({ v: CONFIG_FORM, ...config }));
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

  #rulesNow(): [StandingsRules, number | undefined] {
    if (!this.#config) throw new Error("the leaderboard does not know its hunt yet");
    return [this.#config.rules, this.#config.freeze];
  }

  #emptyView(): View {
    return new View(...this.#rulesNow());
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
    const values = view.isSettled ? view.all.word(report.shard) : undefined;
    return { watermark: keeper.taken(report.shard), word: { asOf: now, ...values } };
  }

  /** What `read` makes of the standings as everybody may see them. */
  public<Value>(read: (reading: Reading) => Value): Promise<Value> {
    return this.#settled((keeper) => {
      const now = this.#deps.clock.now();
      const config = this.#config;
      const frozen =
        config?.freeze !== undefined && now >= config.freeze && now < endsAt(config.phase, config);
      if (!frozen) return read({ standings: keeper?.view.all, frozen: false, asOf: now });
      return read({ standings: keeper?.view.frozenView(), frozen: true, asOf: config.freeze ?? now });
    });
  }

  /** What `read` makes of the standings as organisers see them, through a freeze. */
  organisers<Value>(read: (reading: Reading) => Value): Promise<Value> {
    return this.#settled((keeper) =>
      read({ standings: keeper?.view.all, frozen: false, asOf: this.#deps.clock.now() }),
    );
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
  look(shard: string, teams: string[]): Promise<{ ranks: (number | null)[]; word: ShardStandings }> {
    return this.public((reading) => ({
      ranks: ranksOf(reading, teams),
      word: { asOf: this.#deps.clock.now(), ...this.#keeper?.view.all.word(shard) },
    }));
  }

  page({ limit, offset, bracket, around, organiser }: BoardQuery): Promise<BoardPage> {
    const read = ({ standings, frozen, asOf }: Reading): BoardPage => {
      if (!standings) return { asOf, frozen, total: 0, entries: [] };
      const entries =
        around === undefined
          ? standings.page({ offset, limit, bracket })
          : standings.around(around, limit, bracket);
      return { asOf, frozen, total: standings.total(bracket), entries };
    };
    return organiser ? this.organisers(read) : this.public(read);
  }

  async teamCount(): Promise<number> {
    await this.#catchUp.wait();
    return this.#keeper?.view.all.teamCount ?? 0;
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
        if (view.freeze !== undefined && this.#deps.clock.now() < view.freeze) view.thaw();
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

function configIn(text: string): BoardConfig {
  const { v, ...config } = JSON.parse(text) as BoardConfig & { v?: number };
  assertKnownForm("the leaderboard's configuration", { v }, CONFIG_FORM);
  return config;
}

export const ranksOf = ({ standings }: Reading, teams: readonly string[]): (number | null)[] =>
  teams.map((team) => standings?.rank(team) ?? null);
