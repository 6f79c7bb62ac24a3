/** What the rules know beside the team and its event. */

import type { Command, SentFile } from "../protocol.ts";
import type { IndexedHunt } from "./indexed.ts";
import type { Phase } from "./phase.ts";
import type { Team } from "./team.ts";

export interface Context {
  hunt: IndexedHunt;
  phase: Phase;
  /** Solutions are told to everybody. */
  solutionsTold?: boolean;
  /** When the hunt opened, epoch ms; `Infinity` before that. */
  openedAt: number;
  /** With moving scores, the standings as last reported to the shard; undefined before that. */
  word?: IndexedStandings;
  /** While the standings stand still, the same as of then: all that players may see. See `asSeen`. */
  shown?: IndexedStandings;
  /** What only a live shard knows of prizes; without it, claims are refused. */
  prizes?: PrizeState;
  /** The files that teams sent; an import has none. */
  uploads?: Uploads;
  /** What a live shard grants beside the hunt's own limits; an import has none. */
  budgets?: Budgets;
}

/** Files that players sent, before a submission names them. */
export interface Uploads {
  /** Undefined: the team sent none under this id for the clue, or it is gone. */
  of(team: string, upload: string, clue: string): SentFile | undefined;
}

/** Budgets of players and teams that belong to the engine and not to the hunt (src/shard/budgets.ts). */
export interface Budgets {
  /** When the command is judged, epoch ms, if not now; undefined: now. */
  heldUntil(team: Team, player: string, command: Command, now: number): number | undefined;
}

/** What the organisers and the vault said of prizes. */
export interface PrizeState {
  withdrawn(prize: string): boolean;
  /** The vault has no unit left, nor one kept for a team of this shard. */
  drained(prize: string): boolean;
  /** The players whose claims of this prize for the team the vault is deciding, one entry each claim. */
  asked(team: string, prize: string): readonly string[];
  /** What the winner of a unit is shown; undefined: it cannot be made any more. */
  codeOf(prize: string, unit: number): string | undefined;
}

/** `ShardStandings`, indexed: present clue values and this shard's bonuses. */
export interface IndexedStandings {
  asOf: number;
  values: ReadonlyMap<string, number>;
  /** Team → its first-solve bonuses in all. */
  bonuses: ReadonlyMap<string, number>;
  /** `team/clue` → that bonus alone, where it is known. */
  bonusOf?: ReadonlyMap<string, number>;
}
