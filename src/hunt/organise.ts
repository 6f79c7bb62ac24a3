/** What an organiser does to one team → the facts it makes. PURE. */
import { type Refusal, refuse } from "../errors.ts";
import type { NewFact, TeamAction } from "../protocol.ts";
import type { Context } from "./context.ts";
import { solveByHand, takenBack } from "./corrections.ts";
import { kindOf } from "./kinds/all.ts";
import { hasTried } from "./refill.ts";
import { submissionOf } from "./submissions.ts";
import type { Team } from "./team.ts";
import { asSeen, newlyReached, reachedFacts, scoreOf } from "./team-score.ts";
import { judged } from "./verdict.ts";

/** What an action makes. `score`: the team's then, where its facts and the standings do not say it yet. */
export interface Organised {
  facts: NewFact[];
  score?: number;
  /** What a solve opened. */
  unlocked?: string[];
}

/** The facts of `action` at `now`; none when the team is already as wanted. */
export function organise(context: Context, team: Team, action: TeamAction, now: number): Organised | Refusal {
  if (action.type === "judge") return judged(context, team, action, now);
  const head = { at: now, team: team.id, reason: action.reason };
  switch (action.type) {
    case "award": {
      const score = scoreOf(asSeen(context), team) + action.points;
      const reached = newlyReached(context, team, scoreOf(context, team) + action.points);
      return {
        facts: [
          { ...head, type: "award", points: action.points, score },
          ...reachedFacts(team.id, reached, now),
        ],
      };
    }
    case "unlock":
      if (!context.hunt.clues.has(action.clue)) return refuse("not_found", `there is no clue ${action.clue}`);
      if (team.opened.has(action.clue)) return { facts: [] };
      return { facts: [{ ...head, type: "unlock", clue: action.clue }] };
    case "revoke": {
      const wins = [...(team.wins ?? []), ...team.members.flatMap(({ won = [] }) => won)];
      const win = wins.find(({ prize, unit }) => prize === action.prize && unit === action.unit);
      if (!win) return refuse("not_found", "the team has not won this unit");
      if (win.revoked) return { facts: [] };
      return { facts: [{ ...head, type: "revoke", prize: action.prize, unit: action.unit }] };
    }
    case "clear": {
      const submission = submissionOf(team, action.submission);
      if (!submission) return refuse("not_found", "no such submission");
      if (submission.cleared) return { facts: [] };
      const { seq, clue } = submission;
      return { facts: [{ ...head, type: "cleared", submission: seq, clue }] };
    }
    case "solve":
      return solveByHand(context, team, action, now);
    case "unsolve":
      return takenBack(context, team, action, now);
    case "reset": {
      const { clue: id } = action;
      const clue = id === undefined ? undefined : context.hunt.clues.get(id);
      if (id !== undefined && !clue) return refuse("not_found", `there is no clue ${id}`);
      const codes = clue !== undefined && kindOf(clue).draws === "codes";
      if (!hasTried(team, id, codes)) return { facts: [] };
      const about = { ...(id === undefined ? {} : { clue: id }), ...(codes ? { codes } : {}) };
      return { facts: [{ ...head, type: "reset", ...about }] };
    }
    case "ban":
    case "unban":
      return { facts: team.banned === (action.type === "ban") ? [] : [{ ...head, type: action.type }] };
    case "hide":
    case "show":
      return { facts: team.hidden === (action.type === "hide") ? [] : [{ ...head, type: action.type }] };
  }
}
