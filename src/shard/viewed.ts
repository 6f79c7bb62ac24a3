/** The team that an organiser looks as. */
import { type Refusal, refuse } from "../errors.ts";
import type { Team } from "../hunt/team.ts";
import { ordinalOf } from "../objects/ids.ts";
import type { Viewing } from "../objects/shard.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import { BROKEN } from "./read-only.ts";

export function viewedTeam(
  current: CurrentHunt,
  { teams }: Pick<Journal, "teams">,
  id: string,
  { incarnation }: Viewing,
): Team | Refusal {
  const team = incarnation === (current.incarnation ?? 0) ? teams.get(id) : undefined;
  if (team && !team.merged) return team;
  return teams.isMissing(ordinalOf(id)) ? BROKEN : refuse("not_found", "no such team");
}
