/** A team's own time, where the hunt says that it runs from the team's start. PURE. */
import type { Context } from "./context.ts";
import type { IndexedHunt } from "./indexed.ts";
import { iso } from "./moment.ts";
import type { Team } from "./team.ts";
import type { Decision, Turn } from "./turn.ts";

export const hasOwnClock = ({ compiled }: IndexedHunt): boolean => compiled.teams.clock === "own";

/** Whether the team has yet to start. */
export const isBeforeStart = (hunt: IndexedHunt, { startedAt }: Pick<Team, "startedAt">): boolean =>
  hasOwnClock(hunt) && startedAt === undefined;

/** When the team's own time is over, epoch ms; `Infinity`: nothing of its own ends it. */
export function ownEndOf({ compiled }: IndexedHunt, { startedAt }: Pick<Team, "startedAt">): number {
  const { clock, limit } = compiled.teams;
  if (clock !== "own" || startedAt === undefined) return Number.POSITIVE_INFINITY;
  return startedAt + (limit ?? Number.POSITIVE_INFINITY);
}

/** When the team started, and when its time is over: as they are told; nothing where it has no time of its own. */
export function ownTimeOf(
  hunt: IndexedHunt,
  team: Pick<Team, "startedAt">,
): { startedAt?: string; endsAt?: string } {
  const { startedAt } = team;
  if (!hasOwnClock(hunt) || startedAt === undefined) return {};
  const endsAt = Math.min(ownEndOf(hunt, team), hunt.compiled.closes ?? Number.POSITIVE_INFINITY);
  return {
    startedAt: iso(startedAt),
    ...(endsAt === Number.POSITIVE_INFINITY ? {} : { endsAt: iso(endsAt) }),
  };
}

/** The decision on a start: one member starts for all, once. `event`: the event's id. */
export function decideStart({ hunt }: Context, turn: Turn, event: string): Decision {
  if (!hasOwnClock(hunt)) {
    return turn.tell("invalid", { message: "in this hunt time runs for all teams from its opening" });
  }
  if (turn.team.startedAt !== undefined) return { result: { id: event, outcome: "started" } };
  return turn.record("started", {});
}
