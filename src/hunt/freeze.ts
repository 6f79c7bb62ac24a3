/**
 * From when on, and until when, the standings stand still for everybody but organisers: during a
 * freeze, and with `results: manual` from the end on until an organiser releases them. PURE.
 */
import { endsAt, type HuntTimes, type PhaseState } from "./phase.ts";

/** What the definition and the organisers say of it. */
export interface FreezeRules extends HuntTimes {
  freeze?: number;
  /** Present: the results are public when an organiser says so. */
  results?: "manual";
}

/** Times are epoch ms. */
export interface Still {
  /** What is later than this does not enter what everybody sees. */
  from: number;
  /** From then on everybody sees the whole truth; `Infinity`: not by itself. */
  until: number;
  /** Bans and the like later than this do not enter either; absent: they enter at once. */
  marksUntil?: number;
}

/** Undefined: nothing stands still, as far as is known now. `released`: an organiser has released the results. */
export function stillOf(rules: FreezeRules, phase: PhaseState, released: boolean): Still | undefined {
  const { freeze, results } = rules;
  const end = endsAt(phase, rules);
  if (results !== "manual") return freeze === undefined ? undefined : { from: freeze, until: end };
  const from = Math.min(freeze ?? Number.POSITIVE_INFINITY, end);
  if (released || from === Number.POSITIVE_INFINITY) return undefined;
  const marks = end === Number.POSITIVE_INFINITY ? {} : { marksUntil: end };
  return { from, until: Number.POSITIVE_INFINITY, ...marks };
}

/** Whether the standings stand still at `now`. */
export const isStillAt = (still: Still | undefined, now: number): still is Still =>
  still !== undefined && now >= still.from && now < still.until;

/** Whether at `now` not even bans show before the results are released. */
export const isHeldAt = (still: Still | undefined, now: number): boolean =>
  isStillAt(still, now) && now >= (still.marksUntil ?? Number.POSITIVE_INFINITY);
