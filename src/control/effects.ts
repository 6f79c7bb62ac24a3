/**
 * What a change of the definition does to everybody's places: the standings as they are and as they would be, both
 * made from what the shards weighed. PURE but for `pause`.
 */
import { CHANGES_MAX, type Effects } from "../contract/regrade.ts";
import type { StandingsRules } from "../hunt/score.ts";
import { Standings } from "../leaderboard/standings/standings.ts";
import type { WeighedTeam } from "../objects/shard.ts";
import type { CountedSolve, StandingsRow } from "../protocol.ts";

interface Counts {
  before: number;
  after: number;
}

/** Of a hunt that nobody plays yet. */
export const NO_EFFECTS: Effects = { events: 0, teamsMoved: 0, changes: [], clues: [], prizes: [] };

/** Adds up the teams of all shards. */
export class EffectsSum {
  readonly #before: Imagined;
  readonly #after: Imagined;
  readonly #seen = new Set<string>();
  readonly #solves = new Map<string, Counts>();
  readonly #eligible = new Map<string, Counts>();
  /** Teams whose solves change. */
  changed = 0;

  constructor(before: StandingsRules, after: StandingsRules) {
    this.#before = new Imagined(before);
    this.#after = new Imagined(after);
  }

  /** Teams of a shard; one that was added before is passed over. */
  add(shard: string, teams: readonly WeighedTeam[]): void {
    for (const team of teams) {
      if (this.#seen.has(team.team)) continue;
      this.#seen.add(team.team);
      const { before, after = before, eligible } = team;
      if (team.after) this.changed += 1;
      this.#before.add(shard, team, before);
      this.#after.add(shard, team, after);
      count(
        this.#solves,
        "before",
        before.map(({ clue }) => clue),
      );
      count(
        this.#solves,
        "after",
        after.map(({ clue }) => clue),
      );
      count(this.#eligible, "before", eligible?.before ?? []);
      count(this.#eligible, "after", eligible?.after ?? []);
    }
  }

  /** `pause` lets others in. */
  async effects(events: number, pause: () => Promise<void>): Promise<Effects> {
    await this.#before.settle(pause);
    await this.#after.settle(pause);
    const moved: Effects["changes"] = [];
    let teamsMoved = 0;
    for (let from: number | undefined = 0; from !== undefined; ) {
      // Both have the same teams, in the same order.
      const was: ReturnType<Imagined["rows"]> = this.#before.rows(from);
      const is = this.#after.rows(from);
      for (const [index, before] of was.rows.entries()) {
        const after = is.rows[index];
        if (!after || (before.score === after.score && before.rank === after.rank)) continue;
        teamsMoved += 1;
        moved.push({ team: before.team, before: placeOf(before), after: placeOf(after) });
      }
      if (moved.length > KEPT_MAX) keepLargest(moved);
      from = was.next;
      await pause();
    }
    keepLargest(moved);
    return {
      events,
      teamsMoved,
      changes: moved,
      clues: differing(this.#solves).map(([clue, solves]) => ({ clue, solves })),
      prizes: differing(this.#eligible).map(([prize, eligible]) => ({ prize, eligible })),
    };
  }
}

/** Changes held before the smaller ones are dropped. */
const KEPT_MAX = 20 * CHANGES_MAX;

const ROWS = 5_000;

const placeOf = ({ score, rank }: StandingsRow): Effects["changes"][number]["before"] => ({
  score,
  ...(rank === undefined ? {} : { rank }),
});

/** The largest difference of ranks first, then of scores. */
function keepLargest(changes: Effects["changes"]): void {
  const ranks = ({ before, after }: Effects["changes"][number]): number =>
    Math.abs((before.rank ?? 0) - (after.rank ?? 0));
  const scores = ({ before, after }: Effects["changes"][number]): number =>
    Math.abs(before.score - after.score);
  changes.sort((a, b) => ranks(b) - ranks(a) || scores(b) - scores(a) || (a.team < b.team ? -1 : 1));
  changes.splice(CHANGES_MAX);
}

function count(counts: Map<string, Counts>, when: keyof Counts, ids: readonly string[]): void {
  for (const id of ids) {
    const known = counts.get(id);
    if (known) known[when] += 1;
    else counts.set(id, { before: 0, after: 0, [when]: 1 });
  }
}

const differing = (counts: ReadonlyMap<string, Counts>): [string, Counts][] =>
  [...counts].filter(([, { before, after }]) => before !== after).sort(([a], [b]) => (a < b ? -1 : 1));

/** Standings of teams that are given whole. */
class Imagined {
  readonly #standings: Standings;
  readonly #seqs = new Map<string, number>();

  constructor(rules: StandingsRules) {
    this.#standings = new Standings(rules);
  }

  add(shard: string, team: WeighedTeam, solves: CountedSolve[]): void {
    const { team: id, joined, bracket, banned, hidden, empty, start, adjusted } = team;
    let seq = this.#seqs.get(shard) ?? 0;
    const head = () => {
      seq += 1;
      return { seq, at: joined.at, team: id };
    };
    const standings = this.#standings;
    standings.apply(shard, {
      ...head(),
      type: "join",
      name: "",
      ...(bracket === undefined ? {} : { bracket }),
      ...(empty ? { empty: true as const } : {}),
    });
    if (start !== undefined) standings.apply(shard, { ...head(), at: start, type: "start" });
    // Before the solves: they count for no value then.
    if (banned) standings.apply(shard, { ...head(), type: "ban" });
    if (hidden) standings.apply(shard, { ...head(), type: "hide" });
    const by = solves.reduce((sum, { points }) => sum + points, 0);
    standings.apply(shard, { ...head(), type: "recount", solves, by, adjust: adjusted, joined });
    this.#seqs.set(shard, seq);
  }

  async settle(pause: () => Promise<void>): Promise<void> {
    for (const _ of this.#standings.settleInSteps()) await pause();
  }

  rows(from: number): { rows: StandingsRow[]; next?: number } {
    return this.#standings.dump(from, ROWS);
  }
}
