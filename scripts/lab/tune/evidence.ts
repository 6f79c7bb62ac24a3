/** The findings of `npm run tune`: docs/tune/evidence.json, read when docs/parameters.md is made. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Interval } from "./bootstrap.ts";
import type { Effect } from "./morris.ts";

export interface Confirmed extends Interval {
  name: string;
  /** The two values that were compared. */
  from: number;
  to: number;
  pairs: number;
}

export interface Evidence {
  date: string;
  machine: string;
  quick: boolean;
  target: number;
  /** ms. */
  p99: number;
  /** requests/s, of each search. */
  knees: { rate: number; limit: string }[];
  /** The load of screening and confirmation, requests/s. */
  load: number;
  /** In ms of p99 at that load. */
  screening: Effect[];
  confirmed: Confirmed[];
  recommended: Record<string, number>;
  worst: Record<string, number>;
  /** p99 of the worst sensible block less that of the recommended one, ms. */
  gain: Interval & { recommended: number; worst: number; pairs: number };
  unproven: string[];
}

export const EVIDENCE = join(import.meta.dirname, "../../../docs/tune/evidence.json");

/** Undefined where nothing was tuned yet. */
export function readEvidence(): Evidence | undefined {
  try {
    return JSON.parse(readFileSync(EVIDENCE, "utf8")) as Evidence;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Puts the known effect of a parameter into words. */
export function measuredEffect(name: string, evidence: Evidence | undefined): string {
  if (!evidence) return "not measured";
  const ms = (value: number): string => `${value > 0 ? "+" : "−"}${Math.abs(value).toFixed(1)} ms`;
  const found = evidence.confirmed.find((each) => each.name === name);
  if (found) {
    const { from, to, difference, low, high, pairs } = found;
    const interval = `95 % of ${pairs} pairs: ${ms(low)} … ${ms(high)}`;
    return low > 0 || high < 0
      ? `${from} → ${to}: ${ms(difference)} of p99 (${interval})`
      : `${from} → ${to}: no measured effect (${interval})`;
  }
  const screened = evidence.screening.find((each) => each.name === name);
  if (screened) return `screened only: μ* ${screened.muStar.toFixed(1)} ms of p99, among the least`;
  return "not measured here";
}
