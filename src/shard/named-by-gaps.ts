/** The teams that a gap of the log concerns, as far as its broken bytes say which. */
import { makesTeam } from "../hunt/evolve.ts";
import type { Gap } from "./gaps.ts";

export class NamedByGaps {
  readonly #isKnown: (team: string) => boolean;
  readonly #named = new Map<Gap, { teams: ReadonlySet<string> | undefined }>();

  /** `isKnown`: whether something other than a gap names the team. */
  constructor(isKnown: (team: string) => boolean) {
    this.#isKnown = isKnown;
  }

  /** Undefined: the bytes name a team that nothing else knows, or cannot be read, so that it may be any. */
  by(gap: Gap): ReadonlySet<string> | undefined {
    const known = this.#named.get(gap);
    if (known) return known.teams;
    const teams = new Set(gap.said.map(({ team }) => team));
    const made = new Set(gap.said.flatMap((fact) => (makesTeam(fact) ? [fact.team] : [])));
    const isCertain = gap.isReadable && [...teams].every((team) => made.has(team) || this.#isKnown(team));
    const named = isCertain ? teams : undefined;
    this.#named.set(gap, { teams: named });
    return named;
  }
}
