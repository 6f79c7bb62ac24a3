/**
 * The state of one team: the fold of its facts by `evolve`, and its stored
 * form. Everything a rule reads about a team is here.
 */
import type { CarriedEvent, CarriedWin, Position } from "../protocol.ts";
import { type Attempts, Buckets, type Peak, Peaks, type Solve, Solves } from "./packed.ts";

export type { Attempts, Solve } from "./packed.ts";

/** A solve that was taken back, or has another time now. `undoneAt`: when, epoch ms. */
export interface Undone extends Solve {
  clue: string;
  undoneAt: number;
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
  /** Where the key stands that what is personal of the member is sealed under; absent: nothing is. */
  slot?: number;
  /** Seq of the joining, where what the player gave is kept; absent: nothing is. */
  joinSeq?: number;
  provisional?: true;
  /** See `generationOf`. */
  gen?: number;
  /** The key of the member's own request that raised `gen` last, which may be sent again; absent: somebody else did. */
  voidedBy?: string;
  /** Effective time of the player's last recorded event, epoch ms; absent: that of the joining. */
  effectiveAt?: number;
  /** The last check-in that was believable: what organisers see. */
  lastCheckin?: Position & { at: number };
  /** Where the player last reached a place: the next journey begins there. */
  lastReached?: Reached;
  /** The team that the player came from; absent: it joined this one. */
  from?: string;
  /** What it won in earlier teams; absent: nothing. */
  won?: CarriedWin[];
  /** Its last events in earlier teams, the oldest first; absent: none. */
  before?: CarriedEvent[];
}

/**
 * How often everything was voided that the member could sign in with. Tokens, tickets and return codes
 * are of a generation, and good as long as it is the member's.
 */
export const generationOf = ({ gen = 0 }: Pick<Member, "gen">): number => gen;

/** A player who left the team, was removed from it, went to another one, or was forgotten. */
export interface FormerMember
  extends Pick<Member, "id" | "name" | "joinedAt" | "externalId" | "slot" | "joinSeq"> {
  leftAt: number;
  /** Of who went to another team. */
  moved?: Moved;
  /** What was personal of it is deleted. */
  forgotten?: true;
}

/** Where a player went, and what of it a second look must find. `gen`: its generation then; in the other team it has the next one. */
export interface Moved extends Pick<Member, "provisional" | "effectiveAt" | "lastReached"> {
  move: string;
  to: string;
  gen: number;
}

/** A seat that is kept for a player on its way from another team. */
export interface KeptSeat {
  move: string;
  player: string;
  from: string;
}

/** A check-in that reached its place. `effectiveAt`: of one with a client's time. Times are epoch ms. */
export type Reached = Position & { at: number; effectiveAt?: number };

export interface Team {
  id: string;
  name: string;
  bracket?: string;
  joinCode?: string;
  joinedAt: number;
  joinSeq: number;
  /** When its own time began, epoch ms; absent: it did not. */
  startedAt?: number;
  /** Time of the newest fact: an import must not go back behind it. */
  lastAt: number;
  /** The score the team was last told; with moving scores not what it is now. */
  told?: number;
  /** In the order they joined. */
  members: Member[];
  /** In the order they left; absent: nobody did. */
  former?: FormerMember[];
  /** The last one of the team was forgotten, not removed: it keeps name and place. */
  keepsPlace?: true;
  /** The team is no more: all that it had is another one's, which answers for its code. `after`: its last fact before. */
  merged?: { merge: string; into: string; after: number };
  /** The merges by which other teams came to this one, the last of them. */
  absorbed?: string[];
  /** Units won by players of merged teams who had left them: they count for the limits; absent: none. */
  inherited?: { prize: string; unit: number }[];
  /** Kept for players on their way; absent: none. */
  seats?: KeptSeat[];
  /** To whom the captaincy was handed over; absent: the longest-standing member has it. */
  captain?: string;
  /** The key under which the present name is reserved; absent: that of the joining that made the team. */
  nameKey?: string;
  solves: Solves;
  /** Solves that are none any more, the newest last; absent: none was taken back. */
  undone?: Undone[];
  /** How many facts changed solves that there were; absent: none. */
  corrected?: number;
  attempts: Buckets;
  /** The bucket that unknown scan codes draw on. */
  codes?: Attempts;
  /** `clue/hint` → when it was taken. */
  hints: Map<string, number>;
  /** Clues that an organiser opened by hand, or that stay open although what opened them is gone → since when. */
  opened: Map<string, number>;
  /** With moving scores: `{points: n}` conditions met → when. */
  reached: Map<number, number>;
  /** Every new highest recorded score and when: answers "since when ≥ n". A solve by hand is in it since it counts. */
  peaks: Peaks;
  /** Σ recorded points of the solves. */
  earned: number;
  /** Hint costs and awards, in order. `recordedAt`: of one that came from a merged team. */
  adjustments: { at: number; seq: number; points: number; recordedAt?: number }[];
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

/** The captain's id; undefined: nobody is in the team. */
export const captainOf = ({ captain, members }: Team): string | undefined => captain ?? members[0]?.id;

/**
 * Whether its last player was removed or went away, and nobody is on the way to it, or it was merged into another
 * one: it has no place, and its name is free.
 */
export const isEmptied = (team: Team): boolean =>
  team.merged !== undefined || (team.former !== undefined && seatsTaken(team) === 0 && !team.keepsPlace);

/** Seats that are taken or kept. */
export const seatsTaken = ({ members, seats }: Team): number => members.length + (seats?.length ?? 0);

/** The player that is in the team, or as it was there last. */
export const personOf = ({ members, former }: Team, player: string): Member | FormerMember | undefined =>
  members.find(({ id }) => id === player) ?? former?.findLast(({ id }) => id === player);

/** Where the player went that left the team; absent `gen`: when it left last. Undefined: to no other team. */
export const wentTo = ({ former }: Team, player: string, gen?: number): Moved | undefined =>
  former?.findLast(({ id, moved }) => id === player && (gen === undefined || moved?.gen === gen))?.moved;

/** Whether the team is named after the one player that it has or had. */
export const isAlone = ({ joinCode }: Pick<Team, "joinCode">): boolean => joinCode === undefined;

/** The recorded score: exact with static scoring. */
export const recordedScore = (team: Team): number => team.earned + team.adjusted;

/** A team as JSON text. `reviveTeam` of the parsed text equals the team; equal teams give equal text. */
export const encodeTeam = (team: Team): string => JSON.stringify(storedTeam(team));

/** With its maps and packed parts as lists, in the same order. */
export const storedTeam = (team: Team): StoredTeam => ({
  ...team,
  solves: [...team.solves],
  attempts: [...team.attempts],
  peaks: [...team.peaks],
  hints: [...team.hints],
  opened: [...team.opened],
  reached: [...team.reached],
});

/** Rebuilds the maps of a team parsed from `encodeTeam`'s JSON, which is the engine's own and trusted. */
export function reviveTeam(stored: StoredTeam): Team {
  return {
    ...stored,
    solves: new Solves(stored.solves),
    attempts: new Buckets(stored.attempts),
    peaks: new Peaks(stored.peaks),
    hints: new Map(stored.hints),
    opened: new Map(stored.opened),
    reached: new Map(stored.reached),
  };
}

/** `Team` with its maps and packed parts as lists. */
export type StoredTeam = {
  [K in keyof Team]: Team[K] extends Map<infer Key, infer Value>
    ? [Key, Value][]
    : Team[K] extends Solves
      ? [string, Solve][]
      : Team[K] extends Buckets
        ? [string, Attempts][]
        : Team[K] extends Peaks
          ? Peak[]
          : Team[K];
};

/** What a team has before it plays. */
export const unplayed = (): Omit<Team, "id" | "name" | "joinedAt" | "joinSeq" | "lastAt" | "members"> => ({
  solves: new Solves(),
  attempts: new Buckets(),
  hints: new Map(),
  opened: new Map(),
  reached: new Map(),
  peaks: new Peaks(),
  earned: 0,
  adjustments: [],
  adjusted: 0,
  banned: false,
  hidden: false,
});
