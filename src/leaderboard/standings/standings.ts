/**
 * The standings of a hunt: every team's score and place, from the score facts
 * of all shards. Pure: no clock, no platform, and the same facts give the same
 * standings in whatever order the shards' reports come in, because nothing but
 * sums, sets and the order `(at, shard, seq)` enters.
 *
 * Facts go in with `apply`; `settle` revalues what moved and puts the touched
 * teams at their places, and must come before any read.
 */

import { firstSolvesOf, isDynamic, type StandingsRules } from "../../hunt/score.ts";
import type {
  CountedSolve,
  LeaderboardEntry,
  ScoreFact,
  ShardStandings,
  StandingsRow,
} from "../../protocol.ts";
import { Places } from "./places.ts";
import { readSnapshot, writeSnapshot } from "./snapshot.ts";
import { cloneState, emptyState, type StandingsState, underRules } from "./state.ts";
import { BANNED, EMPTY, FINISHED, HIDDEN, isHidden, isShown, PLANE_CLUES, PRESENT } from "./team-table.ts";

type Mark = "ban" | "unban" | "hide" | "show" | "emptied" | "filled";

const BITS: Record<Mark, number> = {
  ban: BANNED,
  unban: BANNED,
  hide: HIDDEN,
  show: HIDDEN,
  emptied: EMPTY,
  filled: EMPTY,
};

export class Standings {
  readonly #state: StandingsState;
  readonly #dynamic: boolean;
  #places: Places;
  /** Σ of first-solve bonuses per team; banned and hidden ones have none. As of the last `settle`. */
  #bonuses = new Map<number, number>();
  #bonusesDue = false;
  #changed = false;
  /** Another object took over the columns (`rerule`). */
  #spent = false;
  readonly #isHidden = (team: number): boolean => isHidden(this.#state.teams.flags[team] as number);

  /** Empty standings; `state` is for this class itself (copies, snapshots). */
  constructor(rules: StandingsRules, state: StandingsState = emptyState(rules)) {
    this.#state = state;
    this.#dynamic = isDynamic(rules) && state.teams.keepsSolved;
    this.#places = new Places(rules.scoring.ranking, state.teams, state.shards);
  }

  /** Empty standings that keep so many more first solves of a clue than get a bonus: see `FirstsMissing`. */
  static withSpare(rules: StandingsRules, spare: number): Standings {
    return new Standings(rules, emptyState(rules, spare));
  }

  /**
   * Takes in one fact. The facts of a shard must come in `seq` order, each
   * once; between shards any order does. Throws, and changes nothing, on what
   * cannot be: a repeated or late seq, a team that never joined or belongs to
   * another shard, a second join, a second solve of a clue, points or times
   * that are no numbers. O(log teams + first solves); O(solves of the team)
   * for bans, recounts and the like. `FirstsMissing`: these standings are of no more use.
   */
  apply(shard: string, fact: ScoreFact): void {
    this.#assertUsable();
    const { shards, lastSeqs, teams } = this.#state;
    const shardNumber = shards.find(shard);
    const lastSeq = shardNumber === undefined ? 0 : (lastSeqs[shardNumber] ?? 0);
    if (!(fact.seq > lastSeq)) fail(`${shard}: seq ${fact.seq} after ${lastSeq}`);
    if (!Number.isFinite(fact.at)) contradiction(`${shard}: seq ${fact.seq} has no time`);
    if ("points" in fact && !Number.isFinite(fact.points))
      contradiction(`${shard}: seq ${fact.seq} has no points`);
    if (fact.type === "recount" && !isCountable(fact))
      contradiction(`${shard}: seq ${fact.seq} counts no solves`);
    const team = this.#find(fact.team);
    if (fact.type === "join") {
      if (team !== undefined) contradiction(`${fact.team} joined twice`);
      this.#join(shards.number(shard), fact);
    } else {
      if (team === undefined) contradiction(`${fact.team} never joined`);
      if (teams.shard[team] !== shardNumber) contradiction(`${fact.team} is not of shard ${shard}`);
      if (fact.type === "solve") this.#solve(team, shard, fact);
      else if (fact.type === "recount") this.#recount(team, shard, fact);
      else if (fact.type === "start") this.#state.starts.set(team, fact.at);
      else if (fact.type === "adjust") this.#adjust(team, fact.points);
      else if (fact.type === "rename") this.#state.ids.rename(team, fact.name);
      else if (fact.type === "bracket") this.#moveTo(team, fact.bracket);
      else this.#mark(team, fact.type);
    }
    lastSeqs[shards.number(shard)] = fact.seq;
    this.#changed = true;
  }

  /**
   * Makes reads possible after `apply`: revalues clues and bonuses, puts every
   * touched team at its place. Returns whether any fact came since the last
   * call, so whether there is something to publish. A few µs per team moved;
   * when more than 1/32 of the teams move, all are sorted: O(teams · (1 + clues / 32)).
   */
  settle(): boolean {
    if (!this.isSettled) {
      for (const _ of this.settleInSteps());
      return true;
    }
    return false;
  }

  /**
   * The same in steps of a few ms, so that an owner can serve others between
   * them; nothing may be applied or read until the last one is taken.
   */
  *settleInSteps(): Generator<void, void> {
    if (this.isSettled) return;
    if (this.#dynamic) yield* this.#revalue();
    yield* this.#places.settleInSteps();
    this.#changed = false;
  }

  /** Whether reads are possible: nothing was applied since the last `settle`. */
  get isSettled(): boolean {
    this.#assertUsable();
    return !this.#changed;
  }

  /** Whether one team's solve may move the scores of others. */
  get isDynamic(): boolean {
    return this.#dynamic;
  }

  /** So many facts are about to be applied before the next `settle`: many at once cost less each. O(1). */
  expect(facts: number): void {
    this.#places.expect(facts);
  }

  /** Teams that joined, hidden and banned ones included. O(1); needs no `settle`. */
  get teamCount(): number {
    return this.#state.teams.count;
  }

  /** Whether the team joined. O(1); needs no `settle`. */
  has(team: string): boolean {
    return this.#find(team) !== undefined;
  }

  /** Score in points, of hidden and banned teams too; undefined if the team never joined. O(1). */
  score(team: string): number | undefined {
    this.#assertSettled();
    const found = this.#find(team);
    return found === undefined ? undefined : this.#state.teams.score[found];
  }

  /** Whether the team is banned or hidden; false if it never joined. O(1); needs no `settle`. */
  isConcealed(team: string): boolean {
    const found = this.#find(team);
    return found !== undefined && !isShown(this.#state.teams.flags[found] as number);
  }

  /** The team's name; undefined if it never joined. O(1); needs no `settle`. */
  nameOf(team: string): string | undefined {
    const found = this.#find(team);
    return found === undefined ? undefined : this.#state.ids.nameOf(found);
  }

  /** Clues that a team which is neither banned nor hidden has solved. O(clues); needs no `settle`. */
  solvedClues(): string[] {
    return this.#state.clues.rows.filter(({ counted }) => counted > 0).map(({ id }) => id);
  }

  /** Place from 1, or undefined for unknown, banned and hidden teams. O(log teams). */
  rank(team: string): number | undefined {
    this.#assertSettled();
    const found = this.#find(team);
    return found === undefined ? undefined : this.#rankOf(found);
  }

  /** Place from 1 among the teams of its bracket, or undefined for one without a bracket or a place. O(log teams). */
  bracketRank(team: string): number | undefined {
    this.#assertSettled();
    const found = this.#find(team);
    const bracket = found === undefined ? 0 : (this.#state.teams.bracket[found] as number);
    if (found === undefined || bracket === 0) return undefined;
    const position = this.#places.position(found, bracket);
    return position === undefined ? undefined : position + 1;
  }

  /** Teams that have a place, in all or in the bracket; 0 for an unknown bracket. O(1). */
  total(bracket?: string): number {
    this.#assertSettled();
    const number = this.#bracketNumber(bracket);
    return number === undefined ? 0 : this.#places.size(number);
  }

  /**
   * Up to `limit` rows from place `offset + 1` on. In a bracket's view the
   * ranks are those within the bracket. O(log teams + limit).
   */
  page({
    offset,
    limit,
    bracket,
  }: {
    offset: number;
    limit: number;
    bracket?: string | undefined;
  }): LeaderboardEntry[] {
    this.#assertSettled();
    const number = this.#bracketNumber(bracket);
    if (number === undefined) return [];
    const teams = this.#places.slice(number, offset, limit);
    return Array.from(teams, (team, i) => this.#entryOf(team, offset + i + 1));
  }

  /**
   * Up to `limit` rows with the team in the middle, moved at the ends of the
   * table so that they are as many as there can be. Empty if the team has no
   * place (in the bracket). O(log teams + limit).
   */
  around(team: string, limit: number, bracket?: string): LeaderboardEntry[] {
    this.#assertSettled();
    const found = this.#find(team);
    const number = this.#bracketNumber(bracket);
    if (found === undefined || number === undefined) return [];
    const position = this.#places.position(found, number);
    if (position === undefined) return [];
    const last = this.#places.size(number) - limit;
    return this.page({
      offset: Math.max(0, Math.min(position - Math.floor((limit - 1) / 2), last)),
      limit,
      bracket,
    });
  }

  /**
   * What a shard must be told of moving scores: the present value of every clue
   * of the hunt that anybody solved, in the hunt's order, and the first-solve
   * bonuses of the shard's own teams (a banned or hidden one has none). Undefined with
   * static scoring. O(clues · first solves).
   */
  word(shard: string): Required<Pick<ShardStandings, "values" | "bonuses">> | undefined {
    this.#assertSettled();
    const { rules, clues, ids } = this.#state;
    if (!isDynamic(rules)) return undefined;
    const values: { clue: string; value: number }[] = [];
    const bonuses: { team: string; clue: string; points: number }[] = [];
    for (const defined of rules.clues) {
      const { id: clue } = defined;
      const number = clues.find(clue);
      if (number === undefined || clues.row(number).solvers === 0) continue;
      values.push({ clue, value: clues.row(number).value });
      for (const [slot, solve] of clues.paid(number, this.#isHidden).entries()) {
        const points = firstSolvesOf(rules.scoring, defined)[slot] ?? 0;
        if (solve.shard !== shard || points === 0 || this.#isBanned(solve.team)) continue;
        bonuses.push({ team: ids.idOf(solve.team), clue, points });
      }
    }
    return { values, bonuses };
  }

  /**
   * Up to `limit` of the teams that joined, with score and place, from number
   * `from` on (numbers go by the order of joining here); `next` begins the
   * following page. O(limit · log teams).
   */
  dump(from: number, limit: number): { rows: StandingsRow[]; next?: number } {
    this.#assertSettled();
    const { teams, ids } = this.#state;
    const rows: StandingsRow[] = [];
    for (let team = from; team < teams.extent; team++) {
      if (((teams.flags[team] as number) & PRESENT) === 0) continue;
      if (rows.length === limit) return { rows, next: team };
      rows.push(this.#rowOf(team, ids.idOf(team)));
    }
    return { rows };
  }

  /** The team's row as `dump` shows it; undefined if it never joined. O(log teams). */
  row(id: string): StandingsRow | undefined {
    this.#assertSettled();
    const team = this.#find(id);
    return team === undefined ? undefined : this.#rowOf(team, id);
  }

  /**
   * An independent copy: what is applied to one does not show in the other.
   * Ids and names are shared (they never change), so both must be fed from the
   * same logs. A `thin` copy takes half the memory: with moving scores it keeps
   * them as of the last `settle`, other teams' solves and bans move them no more. O(teams).
   */
  clone({ thin } = { thin: false }): Standings {
    this.#assertUsable();
    const state = cloneState(this.#state, thin);
    const copy = new Standings(state.rules, state);
    copy.#places = this.#places.clone(state.teams, state.shards);
    copy.#bonuses = new Map(this.#bonuses);
    copy.#bonusesDue = this.#bonusesDue;
    copy.#changed = this.#changed;
    return copy;
  }

  /**
   * The same facts under new rules, yet to be settled; or undefined if that needs what
   * only the logs know (see `underRules`): the owner then rebuilds from them
   * and may go on using this object meanwhile. On success the columns move to
   * the new object (at 10^6 teams there is no room for two) and this one
   * throws when used. O(clues).
   */
  rerule(rules: StandingsRules): Standings | undefined {
    this.#assertUsable();
    const state = underRules(this.#state, rules);
    if (state === undefined) return undefined;
    this.#spent = true;
    return Standings.#derived(state);
  }

  /**
   * The whole state as chunks of at most 1.5 MB, one storage row each; made one
   * at a time, so nothing may be applied until the last one is taken. O(teams).
   */
  snapshot(): Generator<Uint8Array<ArrayBuffer>, void> {
    this.#assertUsable();
    return writeSnapshot(this.#state);
  }

  /**
   * The standings of a `snapshot`, settled, under `rules`. Undefined if the
   * snapshot is of another version or does not suffice for these rules (the
   * owner rebuilds from the logs); throws if its bytes are cut short. Takes
   * the chunks one by one. O(teams · (1 + clues / 32)).
   */
  static restore(rules: StandingsRules, chunks: Iterable<Uint8Array>): Standings | undefined {
    const stored = readSnapshot(chunks);
    const state = stored === undefined ? undefined : underRules(stored, rules);
    if (state === undefined) return undefined;
    const standings = Standings.#derived(state);
    standings.settle();
    return standings;
  }

  /** Standings of a state from which everything else is yet to be derived. */
  static #derived(state: StandingsState): Standings {
    const standings = new Standings(state.rules, state);
    standings.#bonusesDue = true;
    standings.#changed = true;
    standings.#places.requireSort();
    return standings;
  }

  #join(shard: number, fact: ScoreFact & { type: "join" }): void {
    const { ids, teams, brackets } = this.#state;
    const team = ids.add(fact.team, fact.name);
    teams.reserve(team);
    teams.count += 1;
    teams.shard[team] = shard;
    teams.bracket[team] = fact.bracket === undefined ? 0 : brackets.number(fact.bracket) + 1;
    teams.flags[team] = fact.empty ? PRESENT | EMPTY : PRESENT;
    teams.setKey(team, fact.at, fact.seq);
    this.#places.touch(team);
  }

  #solve(team: number, shard: string, fact: ScoreFact & { type: "solve" }): void {
    const { teams, clues, rules } = this.#state;
    const earlier = clues.find(fact.clue);
    if (earlier !== undefined && teams.hasSolved(team, earlier))
      contradiction(`${fact.team} solved ${fact.clue} twice`);
    const clue = earlier ?? clues.number(fact.clue);
    this.#places.touch(team);
    teams.markSolved(team, clue);
    teams.solves[team] = (teams.solves[team] as number) + 1;
    teams.setLastSolve(team, fact.at);
    clues.solvedBy(clue, isShown(teams.flags[team] as number));
    if (this.#breaksTies(team, fact)) teams.setKey(team, this.#tieTime(team, fact.at), fact.seq);
    if (rules.scoring.ranking === "finish" && fact.clue === rules.scoring.finish) {
      teams.flags[team] = (teams.flags[team] as number) | FINISHED;
    }
    if (!this.#dynamic) {
      teams.addPoints(team, fact.points);
      return;
    }
    if (fact.less) this.#state.less.add(team, clue, fact.less);
    this.#moveBonuses(clues.insertFirst(clue, { at: fact.at, shard, seq: fact.seq, team }, this.#isHidden));
  }

  /** The team's solves are these now, whatever they were. */
  #recount(
    team: number,
    shard: string,
    { solves, by, adjust = 0, joined }: ScoreFact & { type: "recount" },
  ): void {
    const { teams, clues, rules } = this.#state;
    const { ranking, finish } = rules.scoring;
    this.#places.touch(team);
    const flags = teams.flags[team] as number;
    const present = new Map(solves.map((solve) => [clues.number(solve.clue), solve]));
    teams.forEachSolved(team, (clue) => {
      if (!present.has(clue)) this.#unsolve(team, clue, isShown(flags));
    });
    // A thin copy does not know what they solved.
    if (teams.keepsSolved) {
      const { less } = this.#state;
      less.drop(team);
      if (this.#dynamic)
        for (const [clue, solve] of present) if (solve.less) less.add(team, clue, solve.less);
      for (const [clue, solve] of present) this.#solveAt(team, shard, clue, solve, isShown(flags));
    }
    teams.solves[team] = solves.length;
    const last = solves.at(-1);
    if (last) teams.setLastSolve(team, last.at);
    const finishing = ranking === "finish" ? solves.find(({ clue }) => clue === finish) : undefined;
    teams.flags[team] = finishing ? flags | FINISHED : flags & ~FINISHED;
    const breaking = finishing ?? solves.findLast((solve) => ranking === "finish" || this.#raises(solve));
    const { at, seq } = breaking ?? joined;
    teams.setKey(team, breaking ? this.#tieTime(team, at) : at, seq);
    teams.addPoints(team, this.#dynamic ? adjust : by + adjust);
  }

  /** `counted`: the team is shown. */
  #unsolve(team: number, clue: number, counted: boolean): void {
    const { teams, clues } = this.#state;
    teams.markUnsolved(team, clue);
    clues.unsolvedBy(clue, counted);
    if (this.#dynamic) this.#moveBonuses(clues.removeFirst(clue, team, this.#isHidden));
  }

  /** The solve counts as of this time and seq, whether the team had solved the clue or not. */
  #solveAt(team: number, shard: string, clue: number, { at, seq }: CountedSolve, counts: boolean): void {
    const { teams, clues } = this.#state;
    if (teams.hasSolved(team, clue)) {
      const first = clues.firstOf(clue, team);
      if (!this.#dynamic || (first?.at === at && first.seq === seq)) return;
      this.#unsolve(team, clue, counts);
    }
    teams.markSolved(team, clue);
    clues.solvedBy(clue, counts);
    if (this.#dynamic) this.#moveBonuses(clues.insertFirst(clue, { at, shard, seq, team }, this.#isHidden));
  }

  #moveBonuses(teams: readonly number[]): void {
    for (const team of teams) {
      this.#bonusesDue = true;
      this.#places.touch(team);
    }
  }

  /** Whether from now on this solve's time decides between the team and its equals. */
  #breaksTies(team: number, fact: ScoreFact & { type: "solve" }): boolean {
    const { teams, rules } = this.#state;
    if (rules.scoring.ranking === "finish") return ((teams.flags[team] as number) & FINISHED) === 0;
    return this.#raises(fact);
  }

  /** What of a solve's time decides between equals: with clocks of their own, the time since the team's start. */
  #tieTime(team: number, at: number): number {
    const { rules, starts } = this.#state;
    return rules.ownClock && rules.scoring.ranking === "score" ? at - (starts.get(team) ?? 0) : at;
  }

  /** With moving scores a fact's points are a guess of the shard's: the definition decides. */
  #raises({ clue, points }: Pick<CountedSolve, "clue" | "points">): boolean {
    return (this.#dynamic ? (this.#state.clues.pointsOf(clue) ?? 0) : points) > 0;
  }

  #adjust(team: number, points: number): void {
    const { teams } = this.#state;
    this.#places.touch(team);
    teams.addPoints(team, points);
  }

  /** Its places in both brackets change, and in all none. */
  #moveTo(team: number, bracket: string): void {
    const { teams, brackets } = this.#state;
    this.#places.leaveBracket(team);
    teams.bracket[team] = brackets.number(bracket) + 1;
  }

  #mark(team: number, type: Mark): void {
    const { teams, clues } = this.#state;
    this.#places.touch(team);
    const before = teams.flags[team] as number;
    const bit = BITS[type];
    const after = type === "ban" || type === "hide" || type === "emptied" ? before | bit : before & ~bit;
    teams.flags[team] = after;
    if (bit === BANNED) this.#bonusesDue = true;
    const by = Number(isShown(after)) - Number(isShown(before));
    if (by !== 0) teams.forEachSolved(team, (clue) => clues.count(clue, by));
    if (isHidden(after) === isHidden(before) || !this.#dynamic) return;
    teams.forEachSolved(team, (clue) => this.#moveBonuses(clues.remarked(clue, team, this.#isHidden)));
  }

  /** Brings the scores up to date. At exit every team whose place may change is touched, or all will be sorted. */
  *#revalue(): Generator<void, void> {
    const { rules, teams, clues, less } = this.#state;
    const places = this.#places;
    const value = (clue: number): number => (clue < clues.size ? clues.row(clue).value : 0);
    const moved = clues.revalue(rules.scoring);
    if (this.#bonusesDue) this.#sumBonuses();
    const affected = moved.reduce((sum, clue) => sum + clues.row(clue).solvers, 0);
    if (places.isMany(places.pending.length + affected)) {
      const bonus = rules.clues.reduce(
        (most, clue) => firstSolvesOf(rules.scoring, clue).reduce((a, b) => Math.max(a, b), most),
        0,
      );
      yield* teams.rescore(
        value,
        clues.rows.reduce((sum, row) => sum + Math.abs(row.value) + bonus, 0),
      );
      for (const team of less.teams())
        teams.score[team] = (teams.score[team] as number) - less.sumOf(team, value);
      for (const [team, bonus] of this.#bonuses) teams.score[team] = (teams.score[team] as number) + bonus;
      // Places by finish do not depend on the score: there the order still holds.
      if (rules.scoring.ranking === "score") places.requireSort();
      return;
    }
    // All leave before any score changes: the order finds a team by its old score.
    if (moved.length > 0) yield* this.#touchSolvers(moved);
    for (const team of places.pending) {
      let score = (teams.adjust[team] as number) + (this.#bonuses.get(team) ?? 0);
      teams.forEachSolved(team, (clue) => {
        score += clues.row(clue).value;
      });
      teams.setScore(team, score - less.sumOf(team, value));
    }
  }

  /** Touches every team that solved one of these clues, a plane of clues at a time. */
  *#touchSolvers(clues: number[]): Generator<void, void> {
    const { planes, extent } = this.#state.teams;
    const masks = new Map<number, number>();
    for (const clue of clues) {
      const plane = Math.floor(clue / PLANE_CLUES);
      masks.set(plane, (masks.get(plane) ?? 0) | (1 << (clue % PLANE_CLUES)));
    }
    for (const [number, mask] of masks) {
      const plane = planes[number] as Uint32Array;
      for (let team = 0; team < extent; team++) {
        if (((plane[team] as number) & mask) !== 0) this.#places.touch(team);
      }
      yield;
    }
  }

  #sumBonuses(): void {
    const { rules, clues } = this.#state;
    this.#bonusesDue = false;
    this.#bonuses.clear();
    for (const [clue, { id }] of clues.rows.entries()) {
      const defined = clues.definedOf(id);
      if (!defined) continue;
      for (const [slot, { team }] of clues.paid(clue, this.#isHidden).entries()) {
        if (this.#isBanned(team)) continue;
        const bonus = firstSolvesOf(rules.scoring, defined)[slot] ?? 0;
        this.#bonuses.set(team, (this.#bonuses.get(team) ?? 0) + bonus);
      }
    }
  }

  /** The team's number, if it joined these standings (a copy may know more ids). */
  #find(id: string): number | undefined {
    const { ids, teams } = this.#state;
    const team = ids.indexOf(id);
    return team !== undefined && ((teams.flags[team] ?? 0) & PRESENT) !== 0 ? team : undefined;
  }

  #isBanned(team: number): boolean {
    return ((this.#state.teams.flags[team] as number) & BANNED) !== 0;
  }

  /** 0 for the whole table; undefined for a bracket nobody knows. */
  #bracketNumber(bracket: string | undefined): number | undefined {
    if (bracket === undefined) return 0;
    const number = this.#state.brackets.find(bracket);
    return number === undefined ? undefined : number + 1;
  }

  #rankOf(team: number): number | undefined {
    const position = this.#places.position(team, 0);
    return position === undefined ? undefined : position + 1;
  }

  #rowOf(team: number, id: string): StandingsRow {
    const { teams } = this.#state;
    const rank = this.#rankOf(team);
    return {
      team: id,
      score: teams.score[team] as number,
      solves: teams.solves[team] as number,
      ...(rank !== undefined && { rank }),
    };
  }

  #entryOf(team: number, rank: number): LeaderboardEntry {
    const { ids, teams, brackets } = this.#state;
    const bracket = brackets.names[(teams.bracket[team] as number) - 1];
    const solves = teams.solves[team] as number;
    return {
      rank,
      team: { id: ids.idOf(team), name: ids.nameOf(team), ...(bracket !== undefined && { bracket }) },
      score: teams.score[team] as number,
      solves,
      ...(solves > 0 && { lastSolveAt: teams.lastSolve(team) }),
    };
  }

  #assertUsable(): void {
    if (this.#spent) fail("replaced by rerule");
  }

  #assertSettled(): void {
    this.#assertUsable();
    if (this.#changed) fail("settle() comes before reading");
  }
}

/** Whether all that is counted is a number, and no clue twice. */
const isCountable = ({ solves, by, adjust = 0, joined }: ScoreFact & { type: "recount" }): boolean =>
  [by, adjust, joined.at, ...solves.flatMap(({ at, points }) => [at, points])].every(Number.isFinite) &&
  new Set(solves.map(({ clue }) => clue)).size === solves.length;

/** The fact contradicts those before it; the standings are as they were. */
export class BadFact extends Error {}

function contradiction(message: string): never {
  throw new BadFact(`standings: ${message}`);
}

function fail(message: string): never {
  throw new Error(`standings: ${message}`);
}
