/** Running counts of a shard, folded from its facts like everything else. */
import { ordinalOf } from "../objects/ids.ts";
import type { Totals } from "../objects/shard.ts";
import type { Fact, Range } from "../protocol.ts";

/** Sources counted one by one: clients name them as they like. Players of others count under none (""). */
const SOURCES_MAX = 200;

export class TotalsCounter {
  players = 0;
  teams = 0;
  events = 0;
  /** Places before the next that no team of `teams` has: they may be of teams whose joinings lie in a gap of the log. */
  #beyond = 0;
  readonly outcomes = new Map<string, number>();
  readonly clues = new Map<string, { attempts: number; solves: number }>();
  readonly sources = new Map<string, number>();

  static from(stored: Totals): TotalsCounter {
    const counter = new TotalsCounter();
    counter.players = stored.players;
    counter.teams = stored.teams;
    counter.events = stored.events;
    counter.#beyond = stored.beyond ?? 0;
    for (const [outcome, count] of Object.entries(stored.outcomes)) counter.outcomes.set(outcome, count);
    for (const { source, players } of stored.sources ?? []) counter.sources.set(source, players);
    for (const { clue, ...counts } of stored.clues) counter.clues.set(clue, counts);
    return counter;
  }

  /** The place of the next team. */
  get places(): number {
    return this.teams + this.#beyond;
  }

  /** Leaves room for as many teams as the gap may have made. */
  passOver({ first, last }: Range): void {
    this.#beyond += last - first + 1;
  }

  /** Takes over what another one counted. */
  become(other: TotalsCounter): void {
    this.players = other.players;
    this.teams = other.teams;
    this.events = other.events;
    this.#beyond = other.#beyond;
    for (const [own, others] of [
      [this.outcomes, other.outcomes],
      [this.clues, other.clues],
      [this.sources, other.sources],
    ] as [Map<string, unknown>, Map<string, unknown>][]) {
      own.clear();
      for (const [key, value] of others) own.set(key, value);
    }
  }

  count(fact: Fact): void {
    if (fact.type === "join") {
      this.players += 1;
      if (fact.source !== undefined) this.#countSource(fact.source);
      if (fact.created) this.#countTeam(fact.team);
      return;
    }
    if (fact.type === "make") {
      this.#countTeam(fact.team);
      return;
    }
    const isGone = fact.type === "leave" || fact.type === "remove" || fact.type === "depart";
    if (isGone || (fact.type === "forget" && !fact.gone)) {
      this.players -= 1;
      return;
    }
    if (fact.type === "arrive") {
      this.players += 1;
      return;
    }
    if (fact.type === "solve" || fact.type === "unsolve") {
      // One that counts from another time was counted before.
      if (fact.type === "unsolve" || fact.instead === undefined) {
        this.#countsOf(fact.clue).solves += fact.type === "unsolve" ? -1 : 1;
      }
      return;
    }
    if (!("outcome" in fact)) return;
    this.events += 1;
    this.outcomes.set(fact.outcome, (this.outcomes.get(fact.outcome) ?? 0) + 1);
    const attempt =
      fact.outcome === "correct" || fact.outcome === "incorrect" || fact.outcome === "out_of_range";
    if (!attempt || fact.clue === undefined) return;
    const counts = this.#countsOf(fact.clue);
    counts.attempts += 1;
    if (fact.outcome === "correct") counts.solves += 1;
  }

  #countsOf(clue: string): { attempts: number; solves: number } {
    const known = this.clues.get(clue);
    if (known) return known;
    const counts = { attempts: 0, solves: 0 };
    this.clues.set(clue, counts);
    return counts;
  }

  #countSource(source: string): void {
    const isOneMore = !this.sources.has(source) && this.sources.size >= SOURCES_MAX;
    const counted = isOneMore ? "" : source;
    this.sources.set(counted, (this.sources.get(counted) ?? 0) + 1);
  }

  #countTeam(team: string): void {
    this.teams += 1;
    // Teams are made in the order of their places, so this one says how many the gaps had; one that was
    // made beside a gap has a place far behind, also when the gap is closed.
    this.#beyond = Math.max(0, ordinalOf(team) + 1 - this.teams);
  }

  toJSON(): Totals {
    return {
      players: this.players,
      teams: this.teams,
      events: this.events,
      ...(this.#beyond > 0 ? { beyond: this.#beyond } : {}),
      outcomes: Object.fromEntries(this.outcomes),
      clues: [...this.clues].map(([clue, counts]) => ({ clue, ...counts })),
      ...(this.sources.size > 0
        ? { sources: [...this.sources].map(([source, players]) => ({ source, players })) }
        : {}),
    };
  }
}
