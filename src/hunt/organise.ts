/** What an organiser does to one team → the facts it makes. PURE. */
import { type Refusal, refuse } from "../errors.ts";
import type { NewFact, TeamAction } from "../protocol.ts";
import type { Context } from "./context.ts";
import type { Team } from "./team.ts";
import { newlyReached, reachedFacts, scoreOf } from "./team-score.ts";

/** The facts of `action` at `now`; none when the team is already as wanted. */
export function organise(
  context: Context,
  team: Team,
  action: TeamAction,
  now: number,
): { facts: NewFact[] } | Refusal {
  const head = { at: now, team: team.id, reason: action.reason };
  switch (action.type) {
    case "award": {
      // After the end no place may change (docs/api.md, standings).
      if (context.phase === "ended") return refuse("conflict", "the hunt has ended: its places are final");
      const score = scoreOf(context, team) + action.points;
      const reached = newlyReached(context, team, score);
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
      const win = team.wins?.find(({ prize, unit }) => prize === action.prize && unit === action.unit);
      if (!win) return refuse("not_found", "the team has not won this unit");
      if (win.revoked) return { facts: [] };
      return { facts: [{ ...head, type: "revoke", prize: action.prize, unit: action.unit }] };
    }
    case "ban":
    case "unban":
      return { facts: team.banned === (action.type === "ban") ? [] : [{ ...head, type: action.type }] };
    case "hide":
    case "show":
      return { facts: team.hidden === (action.type === "hide") ? [] : [{ ...head, type: action.type }] };
  }
}
