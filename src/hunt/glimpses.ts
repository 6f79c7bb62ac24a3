/** What teams were last shown, so that a player who names an ETag is told only what changed since. PURE. */
import type { Glance, Glimpse } from "./look.ts";
import type { Team } from "./team.ts";

/** Fingerprints remembered over all teams: 8 MB. */
const PRINTS_MAX = 1_000_000;

/** Looks remembered of a team: several players look, one after the other. */
const LOOKS_OF_TEAM = 8;

type Kept = Glimpse & { etag: string };

/** Teams that memory drops are forgotten with them: their players get all once more. */
export class Glimpses {
  #teams = new WeakMap<Team, Kept[]>();
  #count = 0;

  find(team: Team, etag: string): Glimpse | undefined {
    return this.#teams.get(team)?.find((kept) => kept.etag === etag);
  }

  keep({ team, etag, hunt, prints, withdrawn, announced }: Glance): void {
    let kept = this.#teams.get(team);
    if (kept?.some((one) => one.etag === etag)) return;
    if (this.#count + prints.length > PRINTS_MAX) {
      this.#teams = new WeakMap();
      this.#count = 0;
      kept = undefined;
    }
    if (!kept) {
      kept = [];
      this.#teams.set(team, kept);
    }
    kept.push({ etag, hunt, prints, withdrawn, announced });
    this.#count += prints.length;
    if (kept.length > LOOKS_OF_TEAM) this.#count -= kept.shift()?.prints.length ?? 0;
  }
}
