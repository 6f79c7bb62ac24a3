/**
 * What the standings need of a fact that took a solve back, or gave one another time: all solves of its team
 * as they were right after it, because the standings keep no times of solves. Of new facts they are noted when
 * these are folded; of older ones the log is folded again, for the teams concerned alone. Of facts that count
 * together (`more`) the last one has it for all.
 */
import { evolveAny } from "../hunt/evolve.ts";
import type { Team } from "../hunt/team.ts";
import type { Fact, Recount } from "../protocol.ts";
import type { SegmentLog } from "./log.ts";

/** Solves in the recounts that are noted until the standings have them, about 2 MB. */
const NOTED_MAX = 20_000;

/** Teams that are looked for by name, so that most segments need not be parsed. */
const LOOKED_FOR_MAX = 8;

type Recounting = Fact & { type: "solve" | "unsolve" | "merge" | "absorb" };

/** Whether it is no solve of its own time that comes to the others. */
export const isRecounting = (fact: Fact): boolean =>
  fact.type === "unsolve" ||
  fact.type === "merge" ||
  fact.type === "absorb" ||
  (fact.type === "solve" &&
    (fact.solvedAt !== fact.at ||
      fact.instead !== undefined ||
      fact.more !== undefined ||
      fact.as !== undefined));

export class Recounts {
  readonly #log: Pick<SegmentLog, "segments" | "factsOf">;
  readonly #noted = new Map<number, Recount>();
  #size = 0;
  readonly #sums = new Sums();

  constructor(log: Pick<SegmentLog, "segments" | "factsOf">) {
    this.#log = log;
  }

  /** `team`: right after the fact. */
  note(fact: Fact, team: Team | undefined): void {
    if (!team || !isRecounting(fact)) return;
    const recount = this.#sums.recountOf(fact as Recounting, team);
    if (!recount) return;
    this.#noted.set(fact.seq, recount);
    this.#size += recount.solves.length;
    for (const [seq, { solves }] of this.#noted) {
      if (this.#size <= NOTED_MAX) return;
      this.#noted.delete(seq);
      this.#size -= solves.length;
    }
  }

  /** By seq, of those of the facts (of the log, in order) that have one, and whose teams this version can fold. */
  of(facts: readonly Fact[]): ReadonlyMap<number, Recount> {
    const found = new Map<number, Recount>();
    const unknown = new Map<number, string>();
    for (const fact of facts) {
      if (!isRecounting(fact) || (fact as Recounting).more === true) continue;
      const noted = this.#noted.get(fact.seq);
      if (noted) found.set(fact.seq, noted);
      else unknown.set(fact.seq, fact.team);
    }
    if (unknown.size > 0) this.#foldAnew(unknown, found);
    return found;
  }

  #foldAnew(unknown: ReadonlyMap<number, string>, found: Map<number, Recount>): void {
    const ids = [...new Set(unknown.values())];
    const teams = new Map<string, Team | undefined>(ids.map((id) => [id, undefined]));
    const last = Math.max(...unknown.keys());
    const sums = new Sums();
    for (const segment of this.#log.segments(0)) {
      if (segment.first > last) return;
      if (ids.length <= LOOKED_FOR_MAX && !ids.some((id) => segment.body.includes(id))) continue;
      for (const fact of this.#log.factsOf(segment)) {
        if (!teams.has(fact.team)) continue;
        const team = evolveAny(teams.get(fact.team), fact);
        teams.set(fact.team, team);
        if (!team || team.newerFrom !== undefined || !isRecounting(fact)) continue;
        const recount = sums.recountOf(fact as Recounting, team);
        if (recount && unknown.has(fact.seq)) found.set(fact.seq, recount);
      }
    }
  }
}

/** Points that a fact brings: by solves, and otherwise. */
interface Change {
  by: number;
  adjust: number;
}

function changeOf(fact: Recounting): Change {
  switch (fact.type) {
    case "unsolve":
      return { by: -fact.points, adjust: 0 };
    case "solve":
      return { by: fact.points - (fact.instead ?? 0), adjust: 0 };
    case "merge":
      return { by: 0, adjust: -fact.adjusted };
    case "absorb": {
      const awards = fact.awards?.reduce((sum, { points }) => sum + points, 0) ?? 0;
      return { by: 0, adjust: (fact.hints ?? []).reduce((sum, { cost }) => sum - cost, awards) };
    }
  }
}

/** Adds up what facts that count together change. */
class Sums {
  /** By team: of those so far. */
  readonly #changes = new Map<string, Change>();

  /** `team`: right after the fact. Undefined: more of them follow. */
  recountOf(fact: Recounting, { id, solves, joinedAt, joinSeq }: Team): Recount | undefined {
    const own = changeOf(fact);
    const before = this.#changes.get(id);
    const by = own.by + (before?.by ?? 0);
    const adjust = own.adjust + (before?.adjust ?? 0);
    if (fact.more) {
      this.#changes.set(id, { by, adjust });
      return undefined;
    }
    this.#changes.delete(id);
    const present = [...solves].map(([clue, { at, seq, points, less }]) => ({
      clue,
      at,
      seq,
      points,
      ...(less === undefined ? {} : { less }),
    }));
    return {
      type: "recount",
      solves: present.sort((a, b) => a.at - b.at || a.seq - b.seq),
      by,
      ...(adjust === 0 ? {} : { adjust }),
      joined: { at: joinedAt, seq: joinSeq },
    };
  }
}
