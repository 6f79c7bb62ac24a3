/**
 * The phase of a hunt: what organisers did by hand and what the definition's
 * times do by themselves. PURE: shards and control compute it alike.
 */

import { isAhead } from "../ahead.ts";
import type { Phase } from "../contract/basics.ts";
import { type Refusal, refuse } from "../errors.ts";

export type { Phase };

/** What happened by hand (or was made final); the definition's times come on top. */
export interface PhaseState {
  /** The first moment the hunt was live (by hand, by `opens`, or by an import's first line), epoch ms. */
  openedAt?: number;
  /** Made live by hand, or found live by its time when a new version came. */
  live: boolean;
  paused: boolean;
  endedAt?: number;
  /** `openedAt`, and `endedAt`, came of the definition's times and not by hand. */
  openedByTime?: true;
  endedByTime?: true;
}

export interface HuntTimes {
  opens?: number;
  closes?: number;
}

export const INITIAL_PHASE: PhaseState = { live: false, paused: false };

/** The phase at `now` (epoch ms). */
export function phaseAt(state: PhaseState, times: HuntTimes, now: number): Phase {
  // Whatever this machine's clock says: `endedAt` is never set ahead of its time.
  if (state.endedAt !== undefined) return "ended";
  if (times.closes !== undefined && now >= times.closes) return "ended";
  const live = state.live || (times.opens !== undefined && now >= times.opens);
  if (!live) return "draft";
  return state.paused ? "paused" : "live";
}

/** When the hunt opened or will open by itself; `Infinity`: only by hand. Epoch ms. */
export function openedAt(state: PhaseState, times: HuntTimes): number {
  return Math.min(state.openedAt ?? Number.POSITIVE_INFINITY, times.opens ?? Number.POSITIVE_INFINITY);
}

/** When the hunt ended or will end by itself; `Infinity`: only by hand. Epoch ms. */
export function endsAt(state: PhaseState, times: HuntTimes): number {
  return Math.min(state.endedAt ?? Number.POSITIVE_INFINITY, times.closes ?? Number.POSITIVE_INFINITY);
}

/** The first of these times that is still ahead; undefined: none is. Epoch ms. */
export function nextOf(times: readonly (number | undefined)[], now: number): number | undefined {
  const ahead = times.filter((at) => at !== undefined && at > now) as number[];
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/** Moves by hand: draft→live, live↔paused, live/paused→ended; anything else is refused. */
export function changePhase(
  state: PhaseState,
  times: HuntTimes,
  to: Exclude<Phase, "draft">,
  now: number,
): PhaseState | Refusal {
  const from = phaseAt(state, times, now);
  const allowed =
    (from === "draft" && to === "live") ||
    (from === "live" && (to === "paused" || to === "ended")) ||
    (from === "paused" && (to === "live" || to === "ended"));
  if (!allowed) return refuse("conflict", `the hunt is ${from}: it cannot become ${to}`);
  const settled = settlePhase(state, times, now);
  if (to === "ended") return { ...settled, endedAt: now };
  return { ...settled, openedAt: settled.openedAt ?? now, live: true, paused: to === "paused" };
}

/**
 * Makes what the times have already done final, so that a new version with
 * other times does not take back an opening or an ending that players saw.
 */
export function settlePhase(state: PhaseState, times: HuntTimes, now: number): PhaseState {
  const settled = { ...state };
  const opened = openedAt(state, times);
  if (opened <= now) {
    if (state.openedAt === undefined && !state.live) settled.openedByTime = true;
    settled.openedAt = opened;
    if (times.opens !== undefined && times.opens <= now) settled.live = true;
  }
  const ended = endsAt(state, times);
  if (ended <= now) {
    if (state.endedAt === undefined) settled.endedByTime = true;
    settled.endedAt = ended;
  }
  return settled;
}

/** Whether the state has a time that a wrong clock gave it. An import's first line may lie anywhere. */
export const isDatedAhead = ({ live, openedAt: opened, endedAt }: PhaseState, now: number): boolean =>
  (live && opened !== undefined && isAhead(opened, now)) || (endedAt !== undefined && isAhead(endedAt, now));

/**
 * The state once the clock is right again. What was done by hand stays done, as
 * of now; an opening or ending by the definition's times, when the clock was ahead, has not come yet.
 */
export function rightPhase(state: PhaseState, now: number): PhaseState {
  const { openedAt: opened, endedAt, openedByTime, endedByTime, live, ...rest } = state;
  const isOpeningAhead = live && opened !== undefined && isAhead(opened, now);
  const isEndAhead = endedAt !== undefined && isAhead(endedAt, now);
  const begun: Partial<PhaseState> & { live: boolean } = isOpeningAhead
    ? openedByTime
      ? { live: false }
      : { live, openedAt: now }
    : {
        live,
        ...(opened === undefined ? {} : { openedAt: opened }),
        ...(openedByTime ? { openedByTime } : {}),
      };
  const over: Partial<PhaseState> = isEndAhead
    ? endedByTime
      ? {}
      : { endedAt: now }
    : { ...(endedAt === undefined ? {} : { endedAt }), ...(endedByTime ? { endedByTime } : {}) };
  return { ...rest, ...begun, ...over };
}
