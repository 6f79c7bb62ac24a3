/** Which clues a team sees. PURE. */
import type { Context } from "./context.ts";
import type { Team } from "./team.ts";
import { openingsOf } from "./unlock.ts";
import { keeps } from "./withdrawn.ts";

/** A clue that a team sees. */
export interface Seen {
  id: string;
  round?: string;
}

/** The open and solved clues in the order of the definition, then those that a version dropped. Before the hunt opens: none. */
export function seenOf({ hunt, phase, openedAt }: Context, team: Team, now: number): Seen[] {
  if (phase === "draft") return [];
  const openings = openingsOf(hunt, team, openedAt, now);
  const seen: Seen[] = hunt.compiled.clues.filter(
    ({ id }, place) => (openings[place] ?? Number.POSITIVE_INFINITY) <= now || team.solves.has(id),
  );
  if (hunt.withdrawn.size === 0) return seen;
  for (const entry of hunt.withdrawn.values()) {
    if (entry.clue && keeps(team, entry)) {
      const { round } = entry.clue;
      seen.push({ id: entry.id, ...(round === undefined ? {} : { round }) });
    }
  }
  return seen;
}
