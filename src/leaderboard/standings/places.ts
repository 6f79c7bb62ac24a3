/**
 * The places of teams: the order of [LB-3] and [LB-4] over the teams' columns, for
 * everybody and for each bracket. A team leaves the order before its keys
 * change (`touch`) and comes back with `settle`, so a batch of facts moves a
 * team once, and a large batch is sorted instead of moved team by team.
 */
import type { Scoring } from "../../hunt/compiled.ts";
import type { Numbered } from "./numbered.ts";
import { type CompareTeams, RankIndex } from "./rank-index.ts";
import { type SortKey, sortInSteps } from "./sort.ts";
import { FINISHED, isShown, PENDING, PLACED, STATE_FLAGS, type TeamTable } from "./team-table.ts";

/**
 * More moves than this share of all teams: sorting anew is cheaper. Measured at
 * 10^6 teams: 3–5 µs to move one in one index, 150–200 ms to rescore and sort all.
 */
const MOVES_SHARE = 1 / 32;
const MOVES_MIN = 16;
/**
 * From this share on a batch is merged into the order instead of moved team by
 * team. Measured at 10^6 teams: 15 ms and 1–2 µs a team instead of 6–7 µs.
 */
const MERGE_SHARE = 1 / 256;
/** Teams looked at in one step of sorting all, about 1 ms. */
const STEP_TEAMS = 131_072;
/** Above the most solves a team can have (they are counted in 16 bits). */
const SOLVES_LIMIT = 65_536;

export class Places {
  readonly #ranking: Scoring["ranking"];
  readonly #teams: TeamTable;
  readonly #shards: Numbered;
  #everyone: RankIndex;
  /** By bracket number − 1 (teams without a bracket have number 0); made when first needed. */
  #brackets: RankIndex[] = [];
  #pending: number[] = [];
  #sortAnew = false;
  /** Touched teams stay in the indexes under keys that are no longer theirs, until they are merged. */
  #merging = false;

  constructor(ranking: Scoring["ranking"], teams: TeamTable, shards: Numbered) {
    this.#ranking = ranking;
    this.#teams = teams;
    this.#shards = shards;
    this.#everyone = new RankIndex(this.#compare());
  }

  /** Teams touched since the last `settle`. */
  get pending(): readonly number[] {
    return this.#pending;
  }

  /** Whether moving this many teams costs more than sorting all of them. */
  isMany(moves: number): boolean {
    return this.#sortAnew || moves > Math.max(MOVES_MIN, this.#teams.count * MOVES_SHARE);
  }

  /** Scores of teams that were not touched have changed: `settle` will sort all. */
  requireSort(): void {
    this.#sortAnew = true;
  }

  /** So many teams will be touched before the next `settle`. O(1). */
  expect(moves: number): void {
    if (moves > Math.max(MOVES_MIN, this.#teams.count * MERGE_SHARE)) this.#merging = true;
  }

  /** At exit the team's keys may change. O(log n) the first time after `settle`, O(1) in a large batch. */
  touch(team: number): void {
    const { flags, bracket } = this.#teams;
    const bits = flags[team] as number;
    if ((bits & PENDING) !== 0) return;
    if ((bits & PLACED) !== 0 && !this.#sortAnew && !this.#merging) {
      this.#everyone.remove(team);
      this.#bracket(bracket[team] as number)?.remove(team);
    }
    flags[team] = (bits & ~PLACED) | PENDING;
    this.#pending.push(team);
  }

  /** At exit the team's bracket may change; its keys may not have changed since the last `settle`, unless it left then. */
  leaveBracket(team: number): void {
    this.touch(team);
    // While many come, they stay where they were until they are merged, by the bracket they have then.
    if (this.#merging) this.#sortAnew = true;
  }

  /**
   * Puts every touched team where it belongs now, in steps of a few ms; no read
   * and no `touch` until the last. O(log n) each, O(n) for many.
   */
  *settleInSteps(): Generator<void, void> {
    if (this.isMany(this.#pending.length)) yield* this.#sortAll();
    else if (this.#merging) yield* this.#merge();
    else for (const team of this.#pending) this.#place(team);
    this.#pending = [];
    this.#sortAnew = false;
    this.#merging = false;
  }

  /** Teams with a place, of all (0) or of a bracket's number. O(1). */
  size(bracket: number): number {
    return this.#index(bracket)?.size ?? 0;
  }

  /** Teams before this one, of all (0) or of a bracket's number; undefined if it has no place there. O(log n). */
  position(team: number, bracket: number): number | undefined {
    if (((this.#teams.flags[team] as number) & PLACED) === 0) return undefined;
    if (bracket !== 0 && this.#teams.bracket[team] !== bracket) return undefined;
    return this.#index(bracket)?.rankOf(team);
  }

  /** Up to `count` teams in order from a position on. O(log n + count). */
  slice(bracket: number, from: number, count: number): Uint32Array {
    return this.#index(bracket)?.slice(from, count) ?? new Uint32Array(0);
  }

  /** The same order over copies of the columns and shards. O(n). */
  clone(teams: TeamTable, shards: Numbered): Places {
    const copy = new Places(this.#ranking, teams, shards);
    const compare = copy.#compare();
    copy.#everyone = this.#everyone.clone(compare);
    copy.#brackets = this.#brackets.map((index) => index.clone(compare));
    copy.#pending = [...this.#pending];
    copy.#sortAnew = this.#sortAnew;
    copy.#merging = this.#merging;
    return copy;
  }

  #place(team: number): void {
    const { flags, bracket } = this.#teams;
    const bits = (flags[team] as number) & ~PENDING;
    flags[team] = bits;
    if (!isShown(bits)) return;
    flags[team] = bits | PLACED;
    this.#everyone.insert(team);
    this.#bracket(bracket[team] as number)?.insert(team);
  }

  /** Merges the touched teams into the indexes, from which it takes them first. */
  *#merge(): Generator<void, void> {
    const { flags, bracket, keyAt } = this.#teams;
    const shown = Uint32Array.from(this.#pending.filter((team) => isShown(flags[team] as number)));
    yield* sortInSteps(shown, this.#primaryKey(), keyAt, this.#everyone.compare);
    const leaves = (team: number): boolean => ((flags[team] as number) & PENDING) !== 0;
    this.#everyone.merge(shown, leaves);
    yield;
    const used = new Set(this.#pending.map((team) => bracket[team] as number));
    used.delete(0);
    for (const number of used) {
      this.#bracket(number)?.merge(
        shown.filter((team) => bracket[team] === number),
        leaves,
      );
      yield;
    }
    for (const team of this.#pending) {
      const bits = (flags[team] as number) & ~PENDING;
      flags[team] = isShown(bits) ? bits | PLACED : bits;
    }
  }

  *#sortAll(): Generator<void, void> {
    const { flags, bracket, extent, count } = this.#teams;
    const room = new Uint32Array(count);
    let shown = 0;
    for (let team = 0; team < extent; team++) {
      const bits = (flags[team] as number) & STATE_FLAGS;
      flags[team] = bits;
      if (team % STEP_TEAMS === STEP_TEAMS - 1) yield;
      if (!isShown(bits)) continue;
      flags[team] = bits | PLACED;
      room[shown++] = team;
    }
    const sorted = room.subarray(0, shown);
    yield* sortInSteps(sorted, this.#primaryKey(), this.#teams.keyAt, this.#everyone.compare);
    this.#everyone.rebuild(sorted);
    yield;

    // A stable partition by bracket: `starts[n]` is where the teams of bracket n begin.
    const starts = [0, 0];
    for (let i = 0; i < shown; i++) {
      const next = (bracket[sorted[i] as number] as number) + 1;
      while (starts.length <= next) starts.push(0);
      starts[next] = (starts[next] as number) + 1;
    }
    for (let n = 1; n < starts.length; n++) starts[n] = (starts[n] as number) + (starts[n - 1] as number);
    yield;
    const ends = Uint32Array.from(starts);
    const parts = new Uint32Array(shown);
    for (let i = 0; i < shown; i++) {
      const team = sorted[i] as number;
      const n = bracket[team] as number;
      const slot = ends[n] as number;
      parts[slot] = team;
      ends[n] = slot + 1;
    }
    yield;
    for (let n = 1; n < Math.max(starts.length - 1, this.#brackets.length + 1); n++) {
      this.#bracket(n)?.rebuild(parts.subarray(starts[n] ?? shown, ends[n] ?? shown));
    }
  }

  #index(bracket: number): RankIndex | undefined {
    return bracket === 0 ? this.#everyone : this.#brackets[bracket - 1];
  }

  /** The index of a team's bracket; undefined for number 0, no bracket. */
  #bracket(number: number): RankIndex | undefined {
    while (this.#brackets.length < number) this.#brackets.push(new RankIndex(this.#compare()));
    return this.#brackets[number - 1];
  }

  /** The order for two teams. Its first key is `#primaryKey`, its second `keyAt`. */
  #compare(): CompareTeams {
    const teams = this.#teams;
    const byTieBreak: CompareTeams = (a, b) => {
      const time = (teams.keyAt[a] as number) - (teams.keyAt[b] as number);
      if (time !== 0) return time;
      const order = this.#shards.order();
      const shard = (order[teams.shard[a] as number] as number) - (order[teams.shard[b] as number] as number);
      return shard !== 0 ? shard : (teams.keySeq[a] as number) - (teams.keySeq[b] as number);
    };
    if (this.#ranking === "score") {
      return (a, b) => {
        const points = (teams.score[b] as number) - (teams.score[a] as number);
        return points !== 0 ? points : byTieBreak(a, b);
      };
    }
    return (a, b) => {
      const byClass = finishClass(teams, a) - finishClass(teams, b);
      return byClass !== 0 ? byClass : byTieBreak(a, b);
    };
  }

  #primaryKey(): SortKey {
    if (this.#ranking === "score") return { values: this.#teams.score, descending: true };
    const classes = new Uint32Array(this.#teams.extent);
    for (let team = 0; team < classes.length; team++) classes[team] = finishClass(this.#teams, team);
    return { values: classes, descending: false };
  }
}

/** 0 for teams that finished, then one class per number of solves, more first. */
function finishClass({ flags, solves }: TeamTable, team: number): number {
  return ((flags[team] as number) & FINISHED) !== 0 ? 0 : SOLVES_LIMIT - (solves[team] as number);
}
