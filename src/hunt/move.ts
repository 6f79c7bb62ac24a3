/**
 * A player goes to another team in steps, each a wish of control → the facts it makes: a seat is kept in the
 * new team, the player leaves the old one, and takes the seat or gives it up. A step that was made before makes
 * no fact again. PURE.
 */
import { type Refusal, refuse } from "../errors.ts";
import type { Leaving, NewFact } from "../protocol.ts";
import type { CompiledHunt } from "./compiled.ts";
import { FORMER_MAX } from "./membership.ts";
import { isEmptied, seatsTaken, type Team } from "./team.ts";

/** The move that a step belongs to. */
export interface Move {
  /** Its id. */
  move: string;
  player: string;
  from: string;
  to: string;
  reason: string;
}

type Facts = { facts: NewFact[] };

const isMember = ({ members }: Team, player: string): boolean => members.some(({ id }) => id === player);

/** Keeps a seat in the new team. */
export function keepSeat(
  { teams }: Pick<CompiledHunt, "teams">,
  team: Team,
  { move, player, from, reason }: Move,
  now: number,
): Facts | Refusal {
  if (team.seats?.some((seat) => seat.move === move)) return { facts: [] };
  if (teams.mode === "solo") return refuse("conflict", "this hunt is played alone");
  if (team.merged) return refuse("not_found", "no such team");
  if (isMember(team, player)) return refuse("conflict", "the player is in this team already");
  if (isEmptied(team)) return refuse("conflict", "nobody is in this team any more");
  if ((team.former?.length ?? 0) >= FORMER_MAX) {
    return refuse("conflict", "too many players have left this team for another to come");
  }
  if (seatsTaken(team) >= teams.maxSize) return refuse("conflict", "the team is full");
  return { facts: [{ at: now, team: team.id, type: "seat", move, player, from, reason }] };
}

/** Gives the seat up that was kept. */
export function giveUpSeat(team: Team, { move, player }: Move, now: number): Facts {
  const others = team.seats?.filter((seat) => seat.move !== move) ?? [];
  if (others.length === (team.seats?.length ?? 0)) return { facts: [] };
  const isLast = team.former !== undefined && team.members.length + others.length === 0 && !team.keepsPlace;
  return {
    facts: [
      { at: now, team: team.id, type: "unseat", move, player, ...(isLast ? { last: true as const } : {}) },
    ],
  };
}

/** Whether the player left the team by this move. */
export const hasDeparted = ({ former }: Team, move: string): boolean =>
  former?.some(({ moved }) => moved?.move === move) === true;

/** Leaves the old team. */
export function depart(team: Team, { move, player, to, reason }: Move, now: number): Facts | Refusal {
  if (hasDeparted(team, move)) return { facts: [] };
  if (!isMember(team, player)) return refuse("not_found", "the team has no such player");
  const last = seatsTaken(team) === 1 ? { last: true as const } : {};
  return { facts: [{ at: now, team: team.id, type: "depart", move, player, to, reason, ...last }] };
}

/** Takes the seat that was kept; none is kept when it was taken before. */
export function arrive(team: Team, { move, player, from }: Move, leaving: Leaving, now: number): Facts {
  if (!team.seats?.some((seat) => seat.move === move)) return { facts: [] };
  const first = team.members.length === 0 && !team.keepsPlace ? { first: true as const } : {};
  return {
    facts: [{ at: now, team: team.id, type: "arrive", move, player, from, ...first, ...leaving }],
  };
}
