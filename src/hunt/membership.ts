/** Who is in a team, who leads it, what it is called and where it competes: a wish → the facts it makes. PURE. */
import { type Refusal, refuse } from "../errors.ts";
import type { ChangedBy, ForgetFact, NewFact, TeamChange } from "../protocol.ts";
import type { CompiledHunt } from "./compiled.ts";
import { captainOf, isAlone, isEmptied, seatsTaken, type Team } from "./team.ts";

/** Players who left a team or were removed, beyond which nobody joins it: they are kept with it. */
export const FORMER_MAX = 500;

const NOT_CAPTAIN = refuse("forbidden", "only the team's captain may do this");
const NO_PLAYER = refuse("not_found", "the team has no such player");

/** Whether the player was a member and is none any more: its tokens are void. */
export const hasLeft = ({ members, former }: Team, player: string): boolean =>
  former?.some(({ id }) => id === player) === true && !members.some(({ id }) => id === player);

/** The fact that forgets the player, who may have left; none when that is done. */
export function forgetPlayer(
  team: Team,
  player: string,
  why: ForgetFact["why"],
  now: number,
): { facts: NewFact[] } | Refusal {
  const isMember = team.members.some(({ id }) => id === player);
  // It may have come and gone several times.
  const former = team.former?.filter(({ id }) => id === player) ?? [];
  if (!isMember && former.length === 0) return NO_PLAYER;
  if (!isMember && former.every(({ forgotten }) => forgotten)) return { facts: [] };
  const alone = isAlone(team) ? { alone: true as const } : {};
  const gone = isMember ? {} : { gone: true as const };
  return { facts: [{ at: now, team: team.id, type: "forget", player, why, ...alone, ...gone }] };
}

/** The facts of `change` at `now`, or why not; none when the team is already as wanted. `joinCode`: makes a new one. */
export function changeTeam(
  hunt: Pick<CompiledHunt, "teams" | "brackets">,
  team: Team,
  by: ChangedBy,
  change: TeamChange,
  now: number,
  joinCode: () => string,
): { facts: NewFact[] } | Refusal {
  const self = "player" in by ? by.player : undefined;
  const head = { at: now, team: team.id, ...("player" in by ? { by: by.player } : { reason: by.reason }) };
  const isMember = (player: string): boolean => team.members.some(({ id }) => id === player);
  if (change.type === "leave") {
    if (self === undefined || !isMember(self)) return NO_PLAYER;
    if (team.members.length === 1) return refuse("conflict", "the last player of a team cannot leave it");
    return { facts: [{ at: now, team: team.id, type: "leave", player: self }] };
  }
  // It was handed over before: the same wish sent again.
  if (change.type === "captain" && captainOf(team) === change.player) return { facts: [] };
  if (self !== undefined && captainOf(team) !== self) return NOT_CAPTAIN;
  if (change.type === "remove") {
    if (hasLeft(team, change.player)) return { facts: [] };
    if (!isMember(change.player)) return NO_PLAYER;
    if (change.player === self) return refuse("conflict", "a captain leaves the team, and is not removed");
    const last = seatsTaken(team) === 1 ? { last: true as const } : {};
    return { facts: [{ ...head, type: "remove", player: change.player, ...last }] };
  }
  if (isEmptied(team)) return refuse("conflict", "nobody is in this team any more");
  if (self !== undefined && team.banned) return refuse("conflict", "the team is banned");
  switch (change.type) {
    case "captain":
      if (!isMember(change.player)) return NO_PLAYER;
      return { facts: [{ ...head, type: "captain", player: change.player }] };
    case "code":
      if (hunt.teams.mode === "solo")
        return refuse("conflict", "this hunt is played alone: no code leads here");
      return { facts: [{ ...head, type: "code", joinCode: joinCode() }] };
    case "alter":
      return alter(hunt, team, self, head, change);
  }
}

type Head = { at: number; team: string; by?: string; reason?: string };

/** Both or none: the team's name and its bracket. */
function alter(
  { teams, brackets }: Pick<CompiledHunt, "teams" | "brackets">,
  team: Team,
  self: string | undefined,
  head: Head,
  { name, nameKey, bracket }: TeamChange & { type: "alter" },
): { facts: NewFact[] } | Refusal {
  const facts: NewFact[] = [];
  if (bracket !== undefined && bracket !== team.bracket) {
    if (!brackets.some(({ id }) => id === bracket))
      return refuse("invalid", `there is no bracket ${bracket}`);
    if (self !== undefined && team.solves.size > 0) {
      return refuse("conflict", "the team has solved a clue: organisers alone can change its bracket now");
    }
    facts.push({ ...head, type: "bracket", bracket });
  }
  if (name !== undefined && name !== team.name) {
    const alone = teams.mode === "solo" ? team.members[0]?.id : undefined;
    facts.push({
      ...head,
      type: "rename",
      name,
      ...(nameKey === undefined ? {} : { nameKey }),
      ...(alone === undefined ? {} : { player: alone }),
    });
  }
  return { facts };
}
