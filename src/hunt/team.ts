/**
 * The state of one team: the fold of its facts by `evolve`, and its stored
 * form. Everything a rule reads about a team is here.
 */
import type { Position } from "../protocol.ts";

export interface Solve {
  at: number;
  seq: number;
  /** As recorded; with moving scores the standings know the present value. */
  points: number;
}

/** A token bucket: `tokens` were left at `at`; `wrong` counts for good. */
export interface Attempts {
  wrong: number;
  tokens: number;
  at: number;
}

/** A unit of a prize that the team won, and the player who claimed it. */
export interface Win {
  prize: string;
  unit: number;
  player: string;
  event: string;
  at: number;
  revoked?: true;
}

export interface Member {
  id: string;
  name: string;
  joinedAt: number;
  externalId?: string;
  provisional?: true;
  /** The last check-in that was believable. */
  lastCheckin?: Position & { at: number };
}

export interface Team {
  id: string;
  name: string;
  bracket?: string;
  joinCode?: string;
  joinedAt: number;
  joinSeq: number;
  /** Time of the newest fact: an import must not go back behind it. */
  lastAt: number;
  /** The score the team was last told; with moving scores not what it is now. */
  told?: number;
  members: Member[];
  solves: Map<string, Solve>;
  attempts: Map<string, Attempts>;
  /** The bucket that unknown scan codes draw on. */
  codes?: Attempts;
  /** `clue/hint` → when it was taken. */
  hints: Map<string, number>;
  /** Clues an organiser opened by hand → when. */
  opened: Map<string, number>;
  /** With moving scores: `{points: n}` conditions met → when. */
  reached: Map<number, number>;
  /** Every new highest recorded score and when: answers "since when ≥ n". */
  peaks: { at: number; score: number }[];
  /** Σ recorded points of the solves. */
  earned: number;
  /** Hint costs and awards, in order. */
  adjustments: { at: number; seq: number; points: number }[];
  /** Σ of `adjustments`. */
  adjusted: number;
  banned: boolean;
  hidden: boolean;
  /** Units of prizes won, in order; absent: none. */
  wins?: Win[];
  /**
   * Seq of the first fact that this version does not know or cannot fold; the
   * state is that before it. The team is read-only until newer code, which can,
   * folds the rest.
   */
  newerFrom?: number;
  /** Why the fact at `newerFrom` cannot be folded, and by which `FOLD_FORM`; absent: it is of an unknown type. */
  unfoldable?: { seq: number; why: string; form: number };
  /**
   * Types of facts in this state that the first version does not know. A version
   * that adds a type lists it here when it folds the first fact of it, so that
   * an older one, back after a rollback, sees from a page that it must not play on.
   */
  kinds?: string[];
  /** The buckets that claims without a win draw on, by prize; absent: none yet. */
  tries?: { prize: string; bucket: Attempts }[];
}

/** Key of `Team.hints`. Slugs hold no slash, so it is unambiguous. */
export const hintKey = (clue: string, hint: string): string => `${clue}/${hint}`;

/** The recorded score: exact with static scoring. */
export const recordedScore = (team: Team): number => team.earned + team.adjusted;

/** A team as JSON text. `reviveTeam` of the parsed text equals the team; equal teams give equal text. */
export function encodeTeam(team: Team): string {
  return JSON.stringify({
    ...team,
    solves: [...team.solves],
    attempts: [...team.attempts],
    hints: [...team.hints],
    opened: [...team.opened],
    reached: [...team.reached],
  });
}

/** Rebuilds the maps of a team parsed from `encodeTeam`'s JSON, which is the engine's own and trusted. */
export function reviveTeam(stored: StoredTeam): Team {
  return {
    ...stored,
    solves: new Map(stored.solves),
    attempts: new Map(stored.attempts),
    hints: new Map(stored.hints),
    opened: new Map(stored.opened),
    reached: new Map(stored.reached),
  };
}

/** `Team` with its maps as entry lists. */
export type StoredTeam = {
  [K in keyof Team]: Team[K] extends Map<infer Key, infer Value> ? [Key, Value][] : Team[K];
};
