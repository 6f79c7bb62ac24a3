import type { VaultDecision } from "../hunt/claim.ts";
import type { PrizeRules } from "../hunt/prize-changes.ts";
import type { Claim } from "../protocol.ts";
import { momentOf, winsAtOdds } from "./draw.ts";

/** Units of all batches. */
export const stockOf = ({ stock }: Pick<PrizeRules, "stock">): number =>
  stock.reduce((sum, { units }) => sum + units, 0);

/**
 * The window in which the winning moment of `unit` lies: units added while
 * the window is open are drawn from what is left of it. Undefined: no such unit.
 */
export function windowOf(
  { stock, window }: PrizeRules,
  unit: number,
): { from: number; to: number } | undefined {
  if (!window) return undefined;
  let first = 0;
  for (const { units, at } of stock) {
    if (unit < first + units) {
      return { from: Math.min(window.to, Math.max(window.from, at ?? window.from)), to: window.to };
    }
    first += units;
  }
  return undefined;
}

/** The units of one prize that are still there. */
export class Allocation {
  readonly rules: PrizeRules;
  readonly stock: number;
  readonly #seed: string;
  readonly #taken: Set<number>;
  /** Units in the order they are given, with the moment from which on. Instant-win only; made when first asked. */
  #moments: { unit: number; at: number }[] | undefined;
  #next = 0;

  /** `taken`: units given so far; the set becomes this object's own. */
  constructor(rules: PrizeRules, seed: string, taken: Set<number>) {
    this.rules = rules;
    this.stock = stockOf(rules);
    this.#seed = seed;
    this.#taken = taken;
  }

  get taken(): ReadonlySet<number> {
    return this.#taken;
  }

  get left(): number {
    return Math.max(0, this.stock - this.#taken.size);
  }

  /**
   * Decides a claim at `now` (epoch ms) of a team that won `byTeam` units so
   * far, `byPlayer` of them by this player. A win takes its unit.
   */
  decide(claim: Claim, byTeam: number, byPlayer: number, now: number): VaultDecision {
    const { mode, perTeam, perPlayer, odds, window, withdrawn } = this.rules;
    if (withdrawn || (window && (now < window.from || now > window.to))) return { outcome: "not_eligible" };
    if (byTeam >= perTeam || byPlayer >= (perPlayer ?? Number.POSITIVE_INFINITY)) {
      return { outcome: "already_won" };
    }
    if (this.left === 0) return { outcome: "sold_out" };
    if (mode === "odds" && !winsAtOdds(this.#seed, claim.prize, claim.team, claim.event, odds ?? 0)) {
      return { outcome: "missed", at: now };
    }
    const unit = mode === "instant-win" ? this.#dueUnit(now) : this.#nextUnit();
    if (unit === undefined) return { outcome: "missed", at: now };
    this.#taken.add(unit);
    return { outcome: "won", unit, at: now };
  }

  #nextUnit(): number {
    while (this.#taken.has(this.#next)) this.#next += 1;
    return this.#next;
  }

  /** The unit whose moment came first, of those that nobody has. */
  #dueUnit(now: number): number | undefined {
    this.#moments ??= momentsOf(this.rules, this.#seed);
    while (this.#taken.has(this.#moments[this.#next]?.unit ?? -1)) this.#next += 1;
    const next = this.#moments[this.#next];
    return next && next.at <= now ? next.unit : undefined;
  }
}

/** Every unit of an instant-win prize with its moment, in the order of the moments, then of the units. */
export function momentsOf(rules: PrizeRules, seed: string): { unit: number; at: number }[] {
  const moments: { unit: number; at: number }[] = [];
  for (let unit = 0; unit < stockOf(rules); unit += 1) {
    const window = windowOf(rules, unit);
    if (window) moments.push({ unit, at: momentOf(seed, rules.id, unit, window) });
  }
  return moments.sort((a, b) => a.at - b.at || a.unit - b.unit);
}
