/** What share of the teams has solved each clue by when, really; and which clues leave what was foretold. */
import type { Facts } from "../../contract/guesses.ts";
import type { Curve } from "../../contract/simulation.ts";

/** Facts of one page, and pages at most: of more solves the newest are drawn. */
export const FACTS_A_PAGE = 200;
export const PAGES_MAX = 50;

/** A solve as the facts tell it. `at`: epoch ms. */
interface Solve {
  clue: string;
  at: number;
}

/** The solves of a hunt, read the newest first and then only what is new. */
export class Solves {
  readonly #read: (cursor: string | undefined) => Promise<Facts>;
  readonly #known = new Map<string, Solve>();
  /** All that happened since the opening was read. */
  isWhole = false;

  constructor(read: (cursor: string | undefined) => Promise<Facts>) {
    this.#read = read;
  }

  /** Reads until it meets what it knows. */
  async follow(): Promise<void> {
    let cursor: string | undefined;
    const isFirst = this.#known.size === 0;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const { facts, cursor: next } = await this.#read(cursor);
      let isKnown = false;
      for (const fact of facts) {
        const key = `${fact.shard} ${fact.seq}`;
        if (this.#known.has(key)) isKnown = true;
        else if ("clue" in fact && typeof fact.clue === "string") {
          this.#known.set(key, { clue: fact.clue, at: Date.parse(fact.at) });
        }
      }
      cursor = next;
      if (cursor === undefined || isKnown) {
        if (isFirst && cursor === undefined) this.isWhole = true;
        return;
      }
    }
  }

  /** When teams solved the clue, rising; epoch ms. */
  of(clue: string): number[] {
    const times: number[] = [];
    for (const solve of this.#known.values()) if (solve.clue === clue) times.push(solve.at);
    return times.sort((a, b) => a - b);
  }
}

/**
 * The share of `teams` that had solved a clue at each of `at` (ms since the opening), up to `elapsed`; null: later,
 * or before the first solve that is known. Counted back from `total`, so that what is known is right.
 */
export function shareAt(
  at: readonly number[],
  solvedAt: readonly number[],
  { total, teams, opensAt, elapsed, isWhole }: Told,
): (number | null)[] {
  const first = solvedAt[0];
  return at.map((time) => {
    if (time > elapsed || teams === 0) return null;
    if (!isWhole && (first === undefined || opensAt + time < first)) return null;
    const later = solvedAt.filter((solved) => solved > opensAt + time).length;
    return Math.max(0, total - later) / teams;
  });
}

interface Told {
  /** Teams that have solved it now. */
  total: number;
  teams: number;
  opensAt: number;
  elapsed: number;
  isWhole: boolean;
}

/** What was foretold for now. */
export function foretold(
  at: readonly number[],
  { low, mid, high }: Curve,
  elapsed: number,
): Band | undefined {
  const last = at.length - 1;
  if (last < 1) return undefined;
  let point = 0;
  while (point < last - 1 && (at[point + 1] as number) <= elapsed) point += 1;
  const [from, to] = [at[point] as number, at[point + 1] as number];
  const way = Math.min(1, Math.max(0, (elapsed - from) / (to - from)));
  const between = (curve: readonly number[]): number =>
    (curve[point] ?? 0) + ((curve[point + 1] ?? 0) - (curve[point] ?? 0)) * way;
  return { low: between(low), mid: between(mid), high: between(high) };
}

/** The curve at other times than those it has. */
export function curveAt(at: readonly number[], curve: Curve, times: readonly number[]): Curve {
  const bands = times.map((time) => foretold(at, curve, time));
  return {
    low: bands.map((band) => band?.low ?? 0),
    mid: bands.map((band) => band?.mid ?? 0),
    high: bands.map((band) => band?.high ?? 0),
  };
}

export interface Band {
  low: number;
  mid: number;
  high: number;
}

/** Teams by which a clue may be outside of its band before it is named. */
const TEAMS_OFF = 1;

/** Whether more or fewer teams have solved a clue than nine in ten runs had; undefined: neither. */
export function strays(band: Band, solved: number, teams: number): "more" | "fewer" | undefined {
  if (teams === 0) return undefined;
  const off = TEAMS_OFF / teams;
  const share = solved / teams;
  if (share > band.high + off) return "more";
  return share < band.low - off ? "fewer" : undefined;
}
