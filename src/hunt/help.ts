/** Whether a team may ask the organisers now, and about what. PURE. */
import { type Refusal, refuse } from "../errors.ts";
import type { Context } from "./context.ts";
import { iso } from "./moment.ts";
import { isBeforeStart } from "./own-clock.ts";
import { seenOf } from "./seen.ts";
import type { Team } from "./team.ts";
import { opensAt, progressOf } from "./unlock.ts";

/** Why the team may not ask about the clue (undefined: about no clue) at `now`, epoch ms. `waiting`: threads of it that wait. */
export function refuseAsking(
  context: Context,
  team: Team,
  clue: string | undefined,
  waiting: number,
  now: number,
): Refusal | undefined {
  const { hunt, phase } = context;
  const { help } = hunt.compiled;
  if (!help) return NOT_OFFERED;
  if (clue === undefined && help.about === "clues") {
    return refuse("invalid", "clue: in this hunt each request names the clue that it is about");
  }
  if (clue !== undefined && !seenOf(context, team, now).some(({ id }) => id === clue)) {
    return refuse("not_found", "no such clue");
  }
  if (phase !== "live" && phase !== "paused") {
    return refuse("conflict", phase === "draft" ? "the hunt has not begun" : "the hunt has ended");
  }
  if (team.banned) return refuse("conflict", "the team is banned");
  if (clue !== undefined && team.solves.has(clue)) return refuse("conflict", "the team has solved this clue");
  if (isBeforeStart(hunt, team)) return refuse("conflict", "the team has not started yet");
  const from = fromWhen(context, team, clue, now);
  if (now < from) return refuse("conflict", `help is given from ${iso(from)} on`);
  if (waiting >= help.perTeam) {
    return refuse("conflict", `${help.perTeam} requests of this team wait already: they are answered first`);
  }
  return undefined;
}

/** From when on the team may ask, epoch ms. */
function fromWhen({ hunt, openedAt }: Context, team: Team, clue: string | undefined, now: number): number {
  const { from } = hunt.compiled.help ?? {};
  const progress = progressOf(hunt, team, openedAt, now);
  const compiled = clue === undefined ? undefined : hunt.clues.get(clue);
  const begin = compiled ? opensAt(hunt, compiled, team, progress) : progress.since;
  if (from === undefined) return begin;
  return "at" in from ? from.at : begin + from.after;
}

export const NOT_OFFERED = refuse("conflict", "in this hunt organisers are not asked here");
