/** Prizes as control keeps them: what organisers changed while the hunt runs, and what may no longer change. PURE. */
import { type Issue, type Refusal, refuse } from "../errors.ts";
import type { CompiledPrize } from "./compiled.ts";

/** Batches of stock added to one prize at most, and units in all of them. */
const BATCHES_MAX = 1_000;
const ADDED_MAX = 1_000_000;

/** What organisers did to a prize beside its definition. */
export interface PrizeChange {
  /** In order; `codes` where the prize has a list of its own, one a unit. `at`: epoch ms. */
  added: { units: number; at: number; codes?: string[] }[];
  withdrawn?: true;
}

export type PrizeChanges = Readonly<Record<string, PrizeChange>>;

const NONE: PrizeChange = { added: [] };

export const changeOf = (changes: PrizeChanges | undefined, prize: string): PrizeChange =>
  changes?.[prize] ?? NONE;

/** A prize as the vault hands it out. */
export function rulesOf(prize: CompiledPrize, changes: PrizeChanges | undefined): PrizeRules {
  const { id, mode, stock, perTeam, perPlayer, odds, window } = prize;
  const { added, withdrawn } = changeOf(changes, id);
  return {
    id,
    mode,
    stock: [{ units: stock }, ...added.map(({ units, at }) => ({ units, at }))],
    perTeam,
    ...(perPlayer === undefined ? {} : { perPlayer }),
    ...(odds === undefined ? {} : { odds }),
    ...(window ? { window } : {}),
    ...(withdrawn ? { withdrawn } : {}),
  };
}

/** The change with more stock at `now` (epoch ms), or why not. */
export function withStock(
  prize: CompiledPrize,
  change: PrizeChange,
  units: number,
  codes: readonly string[] | undefined,
  now: number,
): PrizeChange | Refusal {
  if (prize.window && now >= prize.window.to) {
    return refuse("conflict", `the window of ${prize.id} is over: nobody could win what is added`);
  }
  const added = change.added.reduce((sum, batch) => sum + batch.units, units);
  if (added > ADDED_MAX || change.added.length >= BATCHES_MAX) {
    return refuse("conflict", `a prize takes ${ADDED_MAX} more units at most, in ${BATCHES_MAX} batches`);
  }
  if (prize.codes && codes?.length !== units) {
    return refuse("invalid", `${prize.id} has a list of codes: give one for each of the ${units} units`);
  }
  if (!prize.codes && codes) {
    return refuse("invalid", `the codes of ${prize.id} are generated: give none`);
  }
  const known = new Set([...(prize.codes ?? []), ...change.added.flatMap((batch) => batch.codes ?? [])]);
  for (const code of codes ?? []) {
    if (known.has(code)) return refuse("invalid", "a code is given twice");
    known.add(code);
  }
  return { ...change, added: [...change.added, { units, at: now, ...(codes ? { codes: [...codes] } : {}) }] };
}

export function withWithdrawn(change: PrizeChange, withdrawn: boolean): PrizeChange {
  const { withdrawn: _, ...rest } = change;
  return withdrawn ? { ...rest, withdrawn: true } : rest;
}

/** The code of a unit where the organiser gave a list: the definition's first, then those of the batches. */
export function givenCode(prize: CompiledPrize, change: PrizeChange, unit: number): string | undefined {
  let first = prize.stock;
  if (unit < first) return prize.codes?.[unit];
  for (const { units, codes } of change.added) {
    if (unit < first + units) return codes?.[unit - first];
    first += units;
  }
  return undefined;
}

/**
 * Once a hunt has been live, what a draw or a code depends on stays: otherwise
 * a unit could be drawn twice, and no published hash could be checked. Stock is
 * added and prizes are withdrawn by routes of their own.
 */
export function fixedIssues(before: readonly CompiledPrize[], after: readonly CompiledPrize[]): Issue[] {
  const now = new Map(after.map((prize, index) => [prize.id, { prize, index }]));
  return before.flatMap((old) => {
    const found = now.get(old.id);
    const issue = (path: string, message: string): Issue => ({ path, code: "prize-fixed", message });
    if (!found) return [issue("prizes", `${old.id} may have been won: withdraw it instead of taking it out`)];
    const at = `prizes.${found.index}`;
    const keys = ["mode", "stock", "odds", "window", "codes"] as const;
    return keys
      .filter((key) => JSON.stringify(old[key]) !== JSON.stringify(found.prize[key]))
      .map((key) =>
        issue(
          `${at}.${key}`,
          `${key} of ${old.id} cannot change once the hunt has been live: add stock or withdraw`,
        ),
      );
  });
}

/** A prize as the vault hands it out. Times are epoch ms. */
export interface PrizeRules {
  id: string;
  mode: "first-come" | "instant-win" | "odds";
  /** Units in the order they came; `at`: when an organiser added them, absent for the definition's. */
  stock: readonly { units: number; at?: number }[];
  perTeam: number;
  perPlayer?: number;
  odds?: number;
  window?: { from: number; to: number };
  withdrawn?: true;
}
