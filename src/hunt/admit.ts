/** Joining a hunt: who may, and the fact that comes of it. PURE. */

import { type Refusal, refuse } from "../errors.ts";
import type { NewFact } from "../protocol.ts";
import type { CompiledHunt } from "./compiled.ts";
import type { Phase } from "./phase.ts";
import type { Team } from "./team.ts";

/** A checked request to join, ids already chosen. */
export interface JoinRequest {
  /** Repeats of the same joining carry the same key. */
  key: string;
  player: string;
  name: string;
  externalId?: string;
  locale?: string;
  provisional?: true;
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
  if (phase === "ended") return refuse("conflict", "the hunt has ended");
  if (!team && !request.create) return refuse("not_found", "no team has this join code");
  if (team?.banned) return refuse("conflict", "the team is banned");
  if (team && team.members.length >= hunt.teams.maxSize) return refuse("conflict", "the team is full");
  const bracket = request.create?.bracket;
  if (bracket !== undefined && !hunt.brackets.some((known) => known.id === bracket)) {
    return refuse("invalid", `there is no bracket ${bracket}`);
  }
  const { key, player, name, externalId, locale, provisional, create } = request;
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
  };
}

/** Team names that look alike to a reader are the same: NFKC, case, spaces. */
export const foldName = (name: string): string =>
  name.normalize("NFKC").toUpperCase().toLowerCase().trim().replace(/\s+/gu, " ");
