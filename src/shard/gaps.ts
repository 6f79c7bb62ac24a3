/**
 * Gaps in a shard's log: facts that it cannot give, because their segment is not
 * as it was written. What the broken bytes say is believed in one direction only:
 * it can stop a team or an id, and never makes a fact.
 */
import type { Fact, Range } from "../protocol.ts";

export interface Gap extends Range {
  /** Facts that the broken bytes say, as far as they can be read; more may have been there unless `isReadable`. */
  said: readonly Fact[];
  /** The bytes read as so many whole facts. If not, any team may have had one of them. */
  isReadable: boolean;
}

export class Gaps {
  /** In order. */
  #gaps: Gap[] = [];

  get all(): readonly Gap[] {
    return this.#gaps;
  }

  /** The gap that the fact of this number lies in. */
  at(seq: number): Gap | undefined {
    return this.#gaps.find(({ first, last }) => first <= seq && seq <= last);
  }

  /** False: it was known. */
  add(gap: Gap): boolean {
    if (this.#gaps.some(({ first, last }) => first === gap.first && last === gap.last)) return false;
    this.#gaps = [...this.#gaps, gap].sort((a, b) => a.first - b.first);
    return true;
  }

  remove(gap: Gap): void {
    this.#gaps = this.#gaps.filter((own) => own !== gap);
  }
}

/** A gap of these numbers whose segment has this body now; undefined: it has no segment. */
export function gapOf({ first, last }: Range, body: string | undefined): Gap {
  const said = body === undefined ? undefined : factsIn(body);
  const isReadable =
    said !== undefined &&
    said.length === last - first + 1 &&
    said.every((fact, index) => fact.seq === first + index && typeof fact.team === "string");
  return { first, last, said: said ?? factsAmong(body ?? ""), isReadable };
}

/** Between the facts of a body; a string in one has its quotes escaped. */
const BETWEEN = /(?<=\}),(?=\{"seq":)/;

/** Facts of a body of which others cannot be read. */
function factsAmong(body: string): Fact[] {
  return body.split(BETWEEN).flatMap((piece) => factsIn(piece) ?? []);
}

/** The facts of a body that may be broken; undefined: it is no list of facts. */
export function factsIn(body: string): Fact[] | undefined {
  try {
    const facts = JSON.parse(`[${body}]`) as (Fact | null)[];
    const isList = facts.length > 0 && facts.every((fact) => Number.isSafeInteger(fact?.seq));
    return isList ? (facts as Fact[]) : undefined;
  } catch {
    return undefined;
  }
}
