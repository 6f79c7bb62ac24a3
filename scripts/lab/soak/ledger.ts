/**
 * What players sent and were told. Every promise of the engine on events is
 * checked against it: when a result comes, and against the export at the end.
 */
import type { PlayerEvent, Result } from "../../../src/contract/play.ts";

/** Faults told at most; the rest are counted. */
const FAULTS_MAX = 50;

interface Sent {
  team: string;
  event: PlayerEvent;
  /** The result that carried a `seq`, as it came first. */
  recorded?: Result;
}

/** A line of the export, as far as it is compared. */
export interface LoggedFact {
  shard: string;
  seq: number;
  team: string;
  event?: string;
  outcome?: string;
  type: string;
  /** Of a gap, the first fact that lacks; `seq` is the last. */
  first?: number;
}

export class Ledger {
  readonly #sent = new Map<string, Sent>();
  readonly faults: string[] = [];
  results = 0;
  duplicates = 0;
  /** Recorded events whose facts the export says it cannot give. */
  lost = 0;

  get events(): number {
    return this.#sent.size;
  }

  fault(text: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(text);
  }

  /** An event is about to be sent, for the first time or again. */
  sending(team: string, event: PlayerEvent): void {
    const key = `${team} ${event.id}`;
    if (!this.#sent.has(key)) this.#sent.set(key, { team, event });
  }

  received(team: string, event: PlayerEvent, result: Result | undefined): void {
    const sent = this.#sent.get(`${team} ${event.id}`);
    if (!sent || !result) {
      this.fault(`no result for ${team} ${event.id}`);
      return;
    }
    this.results += 1;
    if (result.id !== event.id) this.fault(`${event.id} got the result of ${result.id}`);
    const before = sent.recorded;
    if (before) {
      this.duplicates += 1;
      const same = JSON.stringify(sorted({ ...before, duplicate: true })) === JSON.stringify(sorted(result));
      if (!same)
        this.fault(`${team} ${event.id} was ${JSON.stringify(before)}, then ${JSON.stringify(result)}`);
    } else if (result.seq !== undefined) {
      const { duplicate: _, ...first } = result;
      sent.recorded = first;
    }
  }

  /** Compares everything with the log: all lines of the export, in any order. */
  compare(facts: readonly LoggedFact[]): void {
    const seqs = new Map<string, number>();
    const logged = new Map<string, LoggedFact[]>();
    const gaps = facts.filter(({ type }) => type === "gap");
    for (const fact of facts) {
      const next = (seqs.get(fact.shard) ?? 0) + 1;
      if ((fact.first ?? fact.seq) !== next)
        this.fault(`${fact.shard} has fact ${fact.seq} where ${next} was due`);
      seqs.set(fact.shard, fact.seq);
      if (fact.event === undefined) continue;
      const key = `${fact.team} ${fact.event}`;
      logged.set(key, [...(logged.get(key) ?? []), fact]);
    }
    for (const [key, { recorded }] of this.#sent) {
      const found = logged.get(key) ?? [];
      if (found.length > 1) this.fault(`${key} is in the log ${found.length} times`);
      const [fact] = found;
      if (!recorded) continue;
      const { seq = 0 } = recorded;
      const isOfTeam = ({ shard, first = 0, seq: last }: LoggedFact): boolean =>
        key.startsWith(`${shard}-`) && first <= seq && seq <= last;
      if (!fact && gaps.some(isOfTeam)) this.lost += 1;
      else if (!fact)
        this.fault(`${key} was told ${recorded.outcome} with seq ${recorded.seq}, and is not in the log`);
      else if (fact.seq !== recorded.seq || fact.outcome !== recorded.outcome) {
        this.fault(
          `${key} was told ${recorded.outcome} ${recorded.seq}; the log has ${fact.outcome} ${fact.seq}`,
        );
      }
    }
  }
}

/** By the names of the keys, so that two results compare as texts. */
function sorted(result: Result): object {
  return Object.fromEntries(Object.entries(result).sort(([a], [b]) => (a < b ? -1 : 1)));
}
