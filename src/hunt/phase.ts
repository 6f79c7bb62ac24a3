/**
 * The phase of a hunt: what organisers did by hand and what the definition's
 * times do by themselves. PURE: shards and control compute it alike.
 */

import { isAhead } from "../ahead.ts";
import type { Phase } from "../contract/basics.ts";
import { type Issue, type Refusal, refuse } from "../errors.ts";

export type { Phase };

/** What happened by hand (or was made final); the definition's times come on top. */
export interface PhaseState {
  /** The first moment the hunt was live (by hand, by `opens`, or by an import's first line), epoch ms. */
  openedAt?: number;
  /** Made live by hand, or found live by its time when a new version came. */
  live: boolean;
  paused: boolean;
  endedAt?: number;
  /** From then on nothing is corrected any more, epoch ms. */
  finalAt?: number;
  /** `openedAt`, and `endedAt`, came of the definition's times and not by hand. */
  openedByTime?: true;
  endedByTime?: true;
  /** The version in use was published to a draft when its whole time was past: nobody played, and nothing is final. */
  missed?: true;
}

export interface HuntTimes {
  opens?: number;
  closes?: number;
}

export const INITIAL_PHASE: PhaseState = { live: false, paused: false };

/** The phase at `now` (epoch ms). */
export function phaseAt(state: PhaseState, times: HuntTimes, now: number): Phase {
  // Whatever this machine's clock says: `endedAt` is never set ahead of its time.
  if (state.finalAt !== undefined) return "final";
  if (state.endedAt !== undefined) return "ended";
  // What never opened does not end: a draft stays one until its times are put right.
  if (!hasOpened(state, times, now)) return "draft";
  if (times.closes !== undefined && now >= times.closes) return "ended";
  return state.paused ? "paused" : "live";
}

const hasOpened = ({ live }: PhaseState, { opens }: HuntTimes, now: number): boolean =>
  live || (opens !== undefined && now >= opens);

/** Nobody plays any more. */
export const isOver = (phase: Phase): phase is "ended" | "final" => phase === "ended" || phase === "final";

/** Whether an import may be replayed: before the hunt is live, or when its whole time is past and nobody played. */
export function mayImport(state: PhaseState, times: HuntTimes, now: number): boolean {
  const phase = phaseAt(state, times, now);
  const wasLive = state.live || state.endedAt !== undefined;
  return phase === "draft" || (phase === "ended" && !wasLive && times.opens !== undefined);
}

/** When the hunt opened or will open by itself; `Infinity`: only by hand. Epoch ms. */
export function openedAt(state: PhaseState, times: HuntTimes): number {
  // It is live: another `opens` changes nothing any more.
  if (state.live && state.openedAt !== undefined) return state.openedAt;
  return Math.min(state.openedAt ?? Number.POSITIVE_INFINITY, times.opens ?? Number.POSITIVE_INFINITY);
}

/** When the hunt ended or will end by itself; `Infinity`: only by hand. Epoch ms. */
export function endsAt(state: PhaseState, times: HuntTimes): number {
  return Math.min(state.endedAt ?? Number.POSITIVE_INFINITY, times.closes ?? Number.POSITIVE_INFINITY);
}

/** So long after the end solutions are told to everybody, ms; and as soon as the hunt is final. */
const SOLUTIONS_AFTER = 24 * 3_600_000;

/** When solutions are told to everybody; `Infinity`: nobody knows yet. Epoch ms. */
export const solutionsToldAt = (state: PhaseState, times: HuntTimes): number =>
  Math.min(state.finalAt ?? Number.POSITIVE_INFINITY, endsAt(state, times) + SOLUTIONS_AFTER);

/** The first of these times that is still ahead; undefined: none is. Epoch ms. */
export function nextOf(times: readonly (number | undefined)[], now: number): number | undefined {
  const ahead = times.filter((at) => at !== undefined && at > now) as number[];
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/** Moves by hand: draft→live, live↔paused, live/paused→ended→final; anything else is refused. */
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
    (from === "paused" && (to === "live" || to === "ended")) ||
    (from === "ended" && to === "final");
  if (!allowed) return refuse("conflict", `the hunt is ${from}: it cannot become ${to}`);
  if (from === "draft" && times.closes !== undefined && times.closes <= now) {
    return refuse("conflict", "the hunt's closes is past: publish another one first");
  }
  const settled = settlePhase(state, times, now);
  if (to === "ended") return { ...settled, endedAt: now };
  if (to === "final") return { ...settled, finalAt: now };
  return { ...settled, openedAt: settled.openedAt ?? now, live: true, paused: to === "paused" };
}

/** A hunt that has ended goes on; what was paused then is not any more. */
export function reopenPhase(state: PhaseState, times: HuntTimes, now: number): PhaseState | Refusal {
  const from = phaseAt(state, times, now);
  if (from !== "ended") return refuse("conflict", `the hunt is ${from}: it cannot be reopened`);
  if (times.closes !== undefined && times.closes <= now) {
    return refuse("conflict", "the hunt's closes is past: publish another one first");
  }
  if (openedAt(state, times) > now) return refuse("conflict", "the hunt was never open");
  const { endedAt: _, endedByTime: __, ...rest } = state;
  return { ...rest, openedAt: openedAt(state, times), live: true, paused: false };
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
  if (ended <= now && (state.endedAt !== undefined || hasOpened(settled, times, now))) {
    if (state.endedAt === undefined) settled.endedByTime = true;
    settled.endedAt = ended;
  }
  return settled;
}

/** How a definition is published over another: what it finds, and what it does to the hunt's phase. */
export interface Republished {
  /** Undefined: never published, or the one in use cannot be read. */
  before: HuntTimes | undefined;
  after: HuntTimes;
  /** The organiser says that a `closes` which is past shall end the hunt. */
  endNow: boolean;
}

/** The phases before (`from`) and after a publication, and what there is to say about the new times. */
export function republish(
  state: PhaseState,
  { before, after, endNow }: Republished,
  now: number,
): { from: Phase; phase: PhaseState; issues: Issue[]; warnings: Issue[] } {
  const { missed, ...begun } = state;
  const from = missed ? "draft" : phaseAt(state, before ?? {}, now);
  const settled = missed || !before ? begun : settlePhase(state, before, now);
  const isPast = after.closes !== undefined && after.closes <= now;
  const warnings: Issue[] = [];
  if (from !== "draft" && before && after.opens !== undefined && after.opens !== before.opens) {
    warnings.push({
      path: "opens",
      code: "opens-has-no-effect",
      message: "the hunt has opened already: another time changes nothing",
    });
  }
  if (!isPast || isOver(from)) return { from, phase: settled, issues: [], warnings };
  const closes: Issue = { path: "closes", code: "closes-in-past", message: CLOSES_IN_PAST[from] };
  if (from === "draft") {
    const isMissed = hasOpened(settled, after, now);
    return {
      from,
      phase: isMissed ? { ...settled, missed: true } : settled,
      issues: [],
      warnings: [...warnings, closes],
    };
  }
  return endNow
    ? { from, phase: { ...settled, endedAt: now }, issues: [], warnings }
    : { from, phase: settled, issues: [closes], warnings };
}

const RUNNING = "this time is past and would end the running hunt for good; endNow=true says that it shall";
const CLOSES_IN_PAST = {
  draft: "this time is past: nobody can play before another one is published",
  live: RUNNING,
  paused: RUNNING,
};

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
