/** The winners of a prize as a table, with a column for each field by which they are reached. PURE. */
import { type Cell, csvOf } from "./csv.ts";
import type { Winner } from "./prizes.ts";

const HEAD = ["unit", "at", "team", "teamName", "player", "playerName", "code", "revoked"];

/** By field, its label, in the order that winners have them. */
export function contactFields(winners: readonly Winner[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const { contact } of winners) for (const { id, label } of contact ?? []) fields.set(id, label);
  return fields;
}

/** What the winner gave in the field; undefined: nothing. */
export const contactOf = ({ contact }: Winner, field: string): Cell =>
  contact?.find(({ id }) => id === field)?.value;

export function winnersCsv(winners: readonly Winner[]): string {
  const fields = contactFields(winners);
  const rows = winners.map((winner) => [
    ...[winner.unit, winner.at, winner.team, winner.name, winner.player, winner.playerName],
    ...[winner.code, winner.revoked],
    ...[...fields.keys()].map((id) => contactOf(winner, id)),
  ]);
  return csvOf([[...HEAD, ...fields.values()], ...rows]);
}
