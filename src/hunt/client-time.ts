/**
 * Client time: an event that waited on a device without a network says when it
 * happened. Its *effective time* is that moment, as far as it can be believed:
 * not before the effective time of the player's last recorded event, nor after
 * the engine's own. So whoever was silent for half an hour may have walked for
 * half an hour, and no longer, in one request or in several.
 */
import type { PlayFact } from "../protocol.ts";
import type { Team } from "./team.ts";

/** The effective time of an event that the engine decides at `now`; both epoch ms. `clientAt`: as the client sent it. */
export function effectiveTime(team: Team, player: string, clientAt: string | undefined, now: number): number {
  const given = clientAt === undefined ? Number.NaN : Date.parse(clientAt);
  if (Number.isNaN(given)) return now;
  const member = team.members.find(({ id }) => id === player);
  const earliest = member?.effectiveAt ?? member?.joinedAt ?? now;
  return Math.min(now, Math.max(given, earliest));
}

/** Folds a recorded event: the player's next one did not happen before it. */
export function noteEffectiveTime(team: Team, { player, at, behind }: PlayFact): void {
  if (behind === undefined) return;
  const member = team.members.find(({ id }) => id === player);
  if (member) member.effectiveAt = at - behind;
}
