/** Whether a verdict no longer says how things are. PURE. */

import type { MeApart } from "../../contract/me.ts";
import type { PlayerEvent, Result } from "../../contract/play.ts";
import { isOver } from "../shared/over.ts";

/** A result as it was heard. */
export interface Heard extends Result {
  event: PlayerEvent;
  /** What the page knew then. */
  known: MeApart | undefined;
}

/** `me`: what the page knows now; `now`: the engine's time, epoch ms. */
export function isStale(heard: Heard, me: MeApart | undefined, now: number): boolean {
  const { outcome, event, known, retryAt } = heard;
  if (retryAt !== undefined && Date.parse(retryAt) <= now) return true;
  // Nothing was heard since.
  if (!me || me === known) return false;
  const clue = me.clues.find(({ id }) => id === (heard.clue ?? ("clue" in event ? event.clue : undefined)));
  switch (outcome) {
    case "correct":
    case "already_solved":
    case "taken":
    case "won":
    case "already_won":
    case "missed":
      return false;
    case "paused":
      return me.phase !== "paused";
    case "started":
      return me.team.startedAt !== undefined;
    case "not_started":
      return me.team.startedAt !== undefined;
    case "time_up":
      return me.team.endsAt === undefined || Date.parse(me.team.endsAt) > now;
    case "not_open":
      return me.phase !== "draft";
    case "ended":
      return !isOver(me.phase);
    case "closed":
      return clue?.withdrawn !== true && clue?.state !== "closed";
    case "banned":
      return !me.team.banned;
    case "unaffordable":
      return clue?.state === "solved" || me.team.score > (known?.team.score ?? 0);
    case "sold_out":
      return left(heard, me) !== left(heard, known);
    case "not_eligible":
      return prizeOf(heard, me)?.eligible === true && prizeOf(heard, known)?.eligible !== true;
    default:
      // A team-mate was right meanwhile: whatever this says of a try, it is over.
      return clue?.state === "solved";
  }
}

const prizeOf = ({ event }: Heard, me: MeApart | undefined) =>
  me?.prizes?.find(({ id }) => event.type === "claim" && id === event.prize);

const left = (heard: Heard, me: MeApart | undefined): number | undefined => prizeOf(heard, me)?.left;

/** The clues that were solved in the look before and are not any more: what was told of their solves is over. */
export function reopened(before: LookedAt | undefined, after: LookedAt): string[] {
  const open = new Set(after.clues.flatMap(({ id, state }) => (state === "open" ? [id] : [])));
  return (before?.clues ?? []).flatMap(({ id, state }) => (state === "solved" && open.has(id) ? [id] : []));
}

type LookedAt = Pick<MeApart, "clues">;
