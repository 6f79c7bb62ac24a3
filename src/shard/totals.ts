/** Running counts of a shard, folded from its facts like everything else. */
import type { Totals } from "../objects/shard.ts";
import type { Fact } from "../protocol.ts";

export class TotalsCounter {
  players = 0;
  teams = 0;
  events = 0;
  readonly outcomes = new Map<string, number>();
  readonly clues = new Map<string, { attempts: number; solves: number }>();

  static from(stored: Totals): TotalsCounter {
    const counter = new TotalsCounter();
    counter.players = stored.players;
    counter.teams = stored.teams;
    counter.events = stored.events;
    for (const [outcome, count] of Object.entries(stored.outcomes)) counter.outcomes.set(outcome, count);
    for (const { clue, ...counts } of stored.clues) counter.clues.set(clue, counts);
    return counter;
  }

  count(fact: Fact): void {
    if (fact.type === "join") {
      this.players += 1;
      if (fact.created) this.teams += 1;
      return;
    }
    if (!("outcome" in fact)) return;
    this.events += 1;
    this.outcomes.set(fact.outcome, (this.outcomes.get(fact.outcome) ?? 0) + 1);
    const attempt =
      fact.outcome === "correct" || fact.outcome === "incorrect" || fact.outcome === "out_of_range";
    if (!attempt || fact.clue === undefined) return;
    const counts = this.clues.get(fact.clue) ?? { attempts: 0, solves: 0 };
    counts.attempts += 1;
    if (fact.outcome === "correct") counts.solves += 1;
    this.clues.set(fact.clue, counts);
  }

  toJSON(): Totals {
    return {
      players: this.players,
      teams: this.teams,
      events: this.events,
      outcomes: Object.fromEntries(this.outcomes),
      clues: [...this.clues].map(([clue, counts]) => ({ clue, ...counts })),
    };
  }
}
