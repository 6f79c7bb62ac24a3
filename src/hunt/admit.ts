/** Joining a hunt: who may, and the fact that comes of it. PURE. */

import { type Refusal, refuse } from "../errors.ts";
import type { GivenConsent, GivenField, NewFact } from "../protocol.ts";
import type { CompiledHunt } from "./compiled.ts";
import { FORMER_MAX } from "./membership.ts";
import { isOver, type Phase } from "./phase.ts";
import { isEmptied, seatsTaken, type Team } from "./team.ts";

/** A checked request to join, ids already chosen. */
export interface JoinRequest {
  /** Repeats of the same joining carry the same key. */
  key: string;
  player: string;
  name: string;
  externalId?: string;
  locale?: string;
  provisional?: true;
  fields?: GivenField[];
  /** `text`: the hash of what was agreed to. */
  consents?: Omit<GivenConsent, "at">[];
  source?: string;
  country?: "unknown";
  check?: "unchecked";
  oldEnough?: true;
  /** Present: makes this team; absent: joins an existing one. */
  create?: { name: string; bracket?: string; joinCode?: string };
}

/** The join fact for `team` (undefined: it is to be created), or why not. */
export function admit(
  hunt: Pick<CompiledHunt, "teams" | "brackets">,
  phase: Phase,
  teamId: string,
  team: Team | undefined,
  request: JoinRequest,
  now: number,
): NewFact | Refusal {
  if (isOver(phase)) return refuse("conflict", "the hunt has ended");
  if (!team && !request.create) return refuse("not_found", "no team has this join code");
  if (team?.banned) return refuse("conflict", "the team is banned");
  if (team && isEmptied(team)) return refuse("not_found", "no team has this join code");
  if ((team?.former?.length ?? 0) >= FORMER_MAX) {
    return refuse("conflict", "too many players have left this team for another to join it");
  }
  if (team && seatsTaken(team) >= hunt.teams.maxSize) return refuse("conflict", "the team is full");
  const bracket = request.create?.bracket;
  if (bracket !== undefined && !hunt.brackets.some((known) => known.id === bracket)) {
    return refuse("invalid", `there is no bracket ${bracket}`);
  }
  const { key, player, name, externalId, locale, provisional, create } = request;
  const { fields, consents, source, country, check, oldEnough } = request;
  return {
    at: now,
    team: teamId,
    type: "join",
    player,
    name,
    event: key,
    ...(externalId === undefined ? {} : { externalId }),
    ...(locale === undefined ? {} : { locale }),
    ...(provisional ? { provisional } : {}),
    ...(team || !create ? {} : { created: create }),
    ...(fields === undefined ? {} : { fields }),
    ...(consents === undefined ? {} : { consents: consents.map((each) => ({ ...each, at: now })) }),
    ...(source === undefined ? {} : { source }),
    ...(country === undefined ? {} : { country }),
    ...(check === undefined ? {} : { check }),
    ...(oldEnough === undefined ? {} : { oldEnough }),
    ...(team?.members.length === 0 && !team.keepsPlace ? { first: true as const } : {}),
  };
}
