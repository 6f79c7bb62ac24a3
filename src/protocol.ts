/**
 * What passes between the parts of the engine: what a player does (events,
 * validated and digested: commands), what the log keeps (facts), and what the
 * standings are fed. The wire to the outside is src/contract; what both share
 * has its shape there.
 */
import type { Position } from "./contract/basics.ts";
import type { RecordedOutcome, Result } from "./contract/play.ts";

export type { Position } from "./contract/basics.ts";
export type {
  PlayerEvent,
  RecordedOutcome,
  Result,
  Results,
  UnrecordedOutcome,
} from "./contract/play.ts";

export const PROTOCOL_VERSION = 1;

/** An event as the rules decide it: checked, with the digests of its text or code. */
export type Command = { id: string; clientAt?: string } & (
  | {
      type: "answer";
      clue: string;
      answer: string;
      /** By compare mode: those of the hunt (made at the edge) or the clue's (in the shard). Null: the text is nothing in that mode. */
      digests: Partial<Record<CompareMode, string | null>>;
      /** Id of the pepper the digests were made with. */
      pepper: string;
      /** The version of the rules they were made by; absent: 1. */
      rules?: number;
      /** Too many wrong texts come from this address: not judged before then, epoch ms. */
      heldUntil?: number;
    }
  | {
      type: "scan";
      /** As scanned; it goes no further than the shard's memory. */
      code: string;
      /** Stands for what was scanned. */
      codeDigest: string;
      /** By which the code may be known, the likeliest first. Absent: an earlier engine's edge sent it. */
      codeDigests?: string[];
      pepper: string;
      rules?: number;
      /** As of an answer. */
      heldUntil?: number;
    }
  | { type: "checkin"; clue: string; position: Position }
  | { type: "hint"; clue: string; hint: string }
  | { type: "claim"; prize: string }
  | { type: "start" }
);

/** The response's JSON text; `asOf`: epoch ms. */
export function resultsText({ results, asOf }: { results: readonly Result[]; asOf: number }): string {
  return JSON.stringify({ results, asOf: new Date(asOf).toISOString() });
}

/** What every fact carries. `seq` is consecutive per shard from 1; `at` is epoch ms. */
export interface FactHead {
  seq: number;
  at: number;
  team: string;
  /** Commitment to what is personal of it, which is kept beside the log (src/people/personal.ts). Absent before it is logged. */
  personal?: string;
  /** Where the key stands that this is sealed under (src/people/keys.ts). Beside the log, and in no line of it. */
  slot?: number;
}

/** A player joined; the first of a team also carries the team's own data. */
export interface JoinFact extends FactHead {
  type: "join";
  player: string;
  name: string;
  /** Idempotency key or a random id: a repeated join finds this fact again. */
  event: string;
  externalId?: string;
  locale?: string;
  provisional?: true;
  created?: { name: string; bracket?: string; joinCode?: string };
  /** What the player gave in the fields that the hunt asks; kept beside the log, as the consents are. */
  fields?: GivenField[];
  consents?: GivenConsent[];
  /** What led the player here, by the link's word. */
  source?: string;
  /** The hunt asks for a country, and nobody knew the player's. */
  country?: "unknown";
  /** The hunt asks for a check that a person joins, and it could not be made. */
  check?: "unchecked";
  /** The hunt asks for an age, and the player has it. */
  oldEnough?: true;
  /** The team was made beforehand, and this is its first player. */
  first?: true;
}

/** What somebody gave in a field. */
export interface GivenField {
  id: string;
  value: string | number | boolean;
}

/** What somebody agreed to: base64url of the SHA-256 of the text, and when (epoch ms). */
export interface GivenConsent {
  id: string;
  text: string;
  at: number;
}

/** What one player's event came to. Never holds a scan code or the digest of an accepted answer. */
export interface PlayFact extends FactHead {
  type: "answer" | "scan" | "checkin" | "hint" | "claim" | "start";
  outcome: RecordedOutcome;
  player: string;
  event: string;
  /** The client's clock, as evidence. */
  clientAt?: string;
  /**
   * Milliseconds from the event's effective time (src/hunt/client-time.ts) to `at`. Absent: recorded by an engine
   * without effective times; the fold takes nothing of those.
   */
  behind?: number;
  clue?: string;
  answer?: string;
  /** Of a wrong answer: the end of its digest, which tells equal texts; empty: nothing of it remained. */
  wrongText?: string;
  codeDigest?: string;
  /** Of a scan: the pepper's id and the ends of the digests that it may be known by, of one that solved that of its clue's code. */
  codeEnds?: string;
  position?: Position;
  /** Of a journey that was too fast: when it is no longer, epoch ms. */
  retryAt?: number;
  /** Metres from the place, never less than the truth (checkins). */
  distance?: number;
  hint?: string;
  cost?: number;
  prize?: string;
  /** The unit of the prize that a `won` claim got, from 0. */
  unit?: number;
  /** When the vault decided a claim, epoch ms. */
  drawnAt?: number;
  /** What the attempt bucket held after this `incorrect`, `unknown_code` or `missed`. */
  attemptsLeft?: number;
  points?: number;
  /** Of a solve: points that time and wrong tries took from the clue's value; absent: none. */
  less?: number;
  /** The team's score after this fact, as the player was told. */
  score?: number;
  unlocked?: string[];
  message?: string;
}

/**
 * What an organiser did to a team, or the engine noted about it. `salt`: random, because the rest could be guessed,
 * and whoever proves the fact beside it is told its hash. Absent before it is logged, and in logs of earlier engines.
 */
export type TeamFact = FactHead & { salt?: string } & (
    | { type: "award"; points: number; reason: string; score: number; event?: string }
    | { type: "unlock"; clue: string; reason: string; event?: string }
    | { type: "ban" | "unban" | "hide" | "show"; reason: string; event?: string }
    /** Tries are given back: those at the clue, those at codes (`codes`), or with neither all that the team used. */
    | { type: "reset"; clue?: string; codes?: true; reason: string }
    /** A win taken back; its unit goes to nobody else. */
    | { type: "revoke"; prize: string; unit: number; reason: string; event?: string }
    /** With moving scores: a `{points: n}` condition was met now and stays met. */
    | { type: "reached"; points: number }
    /**
     * A solve that is no event of a player: by an organiser's hand, or one that counts from another time by now
     * (`instead`: the points that it counted before). `solvedAt`: from when on it counts, epoch ms. `player`: who
     * had solved it; absent: nobody, it is by hand. `unlocked`: as in a player's fact. `more`: it counts together
     * with others of the team that stand beside it in the log; true: the next fact is one of them.
     */
    | ({
        type: "solve";
        clue: string;
        solvedAt: number;
        /** The fact as which it counts among others of its time; absent: itself. */
        as?: number;
        points: number;
        /** As of a player's solve. */
        less?: number;
        instead?: number;
        score: number;
        unlocked?: string[];
        player?: string;
        more?: boolean;
        reason: string;
      } & Regraded)
    /** A solve is taken back; it gave `points`. `more`: as above. */
    | ({
        type: "unsolve";
        clue: string;
        points: number;
        score: number;
        more?: boolean;
        reason: string;
      } & Regraded)
    /** What was open stays open, each clue from its own time on (epoch ms), although what had opened it is gone. */
    | { type: "opened"; clues: { clue: string; at: number }[] }
    /** All that the member signed in with is void: it has generation `gen` from now on. With `reason`: by an organiser; with `key`: by the member, whose request is found again by it. */
    | { type: "void"; member: string; gen: number; reason?: string; key?: string }
  );

/**
 * What a regrade changed (src/hunt/regrade.ts), or its undoing. `was`: the solve that there was before; absent: none.
 * Absent `regrade`: an organiser did it by hand.
 */
export interface Regraded {
  regrade?: string;
  was?: SolveBefore;
  /** The regrade is undone. */
  undone?: true;
}

/** `at`: from when on it counted, epoch ms; `player`: absent: it was by hand. */
export interface SolveBefore {
  at: number;
  seq: number;
  points: number;
  less?: number;
  player?: string;
}

/**
 * Who is in a team, what it is called, where it competes. `by`: the player who did it; absent: an organiser, who
 * gives a `reason`. Those that name a player have no `salt`: its id is random enough.
 */
export type MemberFact = FactHead & { salt?: string; by?: string; reason?: string } & (
    | { type: "leave" | "captain"; player: string }
    /** `last`: nobody is left. */
    | { type: "remove"; player: string; last?: true }
    /** The code that the team is joined by from now on. */
    | { type: "code"; joinCode: string }
    /** `nameKey`: the key under which the name is reserved; a solo player's team has none, and `player` instead. */
    | { type: "rename"; name: string; nameKey?: string; player?: string }
    | { type: "bracket"; bracket: string }
  );

/** A prize that a player won in an earlier team. `team`: that one. */
export interface CarriedWin {
  prize: string;
  unit: number;
  team: string;
  event: string;
  at: number;
  revoked?: true;
}

/** An event of a player that was recorded in an earlier team, as far as a repetition of it must be known. */
export type CarriedEvent = Pick<PlayFact, "type" | "event" | "outcome" | "clue" | "hint" | "prize" | "unit">;

/**
 * A player goes to another team, which may be another shard's: a seat is kept for it (`seat`), it leaves the
 * old team (`depart`), and takes the seat (`arrive`) or gives it up (`unseat`). All name the same `move`. They
 * have no `salt`: its id is random enough.
 */
export type MoveFact = FactHead & { move: string; player: string } & (
    | { type: "seat"; from: string; reason: string }
    /** `last`: nobody is in the team, or comes. */
    | { type: "unseat"; last?: true }
    /** `last`: nobody is left. */
    | { type: "depart"; to: string; reason: string; last?: true }
    | Arrival
  );

/** `gen`: of the player from now on (see `generationOf`). `first`: the team had nobody. */
export interface Arrival {
  type: "arrive";
  from: string;
  gen: number;
  first?: true;
  provisional?: true;
  name: string;
  externalId?: string;
  fields?: GivenField[];
  consents?: GivenConsent[];
  /** Effective time of the player's last recorded event, epoch ms. */
  effectiveAt?: number;
  /** Where it last reached a place, and when; epoch ms. */
  position?: Position;
  reached?: { at: number; effectiveAt?: number };
  wins?: CarriedWin[];
  /** Its last events, the oldest first. */
  events?: CarriedEvent[];
}

/** What goes with a player to another team. */
export type Leaving = Omit<Arrival, "type" | "from" | "first">;

/**
 * A team is merged into another one, which may be another shard's. The emptied one's facts: each player departs,
 * its solves are taken back, and then `merge`: what its hints and awards gave (`adjusted`) is gone as well.
 * `after`: the fact before all of these. The other one's: each player arrives, solves, and then what else counts
 * in it from now on (`absorb`, several where one does not hold it). `more`: as of a solve.
 */
export type MergeFact = FactHead & {
  salt?: string;
  merge: string;
  reason: string;
  score: number;
  more: boolean;
} & (
    | { type: "merge"; into: string; adjusted: number; after: number }
    | ({ type: "absorb"; from: string } & Absorbed)
  );

/** What comes to a team beside players and solves. Times are epoch ms. */
export interface Absorbed {
  hints?: { clue: string; hint: string; at: number; cost: number }[];
  awards?: { at: number; points: number }[];
  /** Units that players won who were gone by then: they count for the limits. */
  wins?: { prize: string; unit: number }[];
}

/** All that a merged team leaves to the other one, beside its players. Times are epoch ms. */
export interface Legacy extends Required<Absorbed> {
  /** `player`: absent: by an organiser's hand. */
  solves: { clue: string; at: number; points: number; less?: number; player?: string }[];
  /** Clues that organisers opened, or that stay open to it. */
  opened: { clue: string; at: number }[];
}

/** A team that an organiser made before anybody came. `event`: the key under which its name is reserved. */
export interface MakeFact extends FactHead {
  type: "make";
  salt?: string;
  event: string;
  name: string;
  bracket?: string;
  joinCode: string;
}

/**
 * What tells who the player is was deleted. `why`: the player asked for it, or an organiser, or it was kept for as
 * long as the hunt says. An organiser's reason is in the audit alone: it may name the person.
 */
export interface ForgetFact extends FactHead {
  type: "forget";
  player: string;
  why: "asked" | "organiser" | "retention";
  /** The team is named after the player, and has a neutral name from now on. */
  alone?: true;
  /** The player was in the team no more. */
  gone?: true;
}

export type Fact = JoinFact | PlayFact | TeamFact | MemberFact | MoveFact | MergeFact | MakeFact | ForgetFact;

/** What stands for a name that was forgotten. */
export const FORGOTTEN_NAME = "–";

/** A fact before the log numbers it. */
export type NewFact = DistributiveOmit<Fact, "seq">;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/**
 * What the standings need of a fact; everything else never reaches them. `empty`: nobody is in the team yet, so
 * that it has no place. `filled`: its first player came; `emptied`: its last one was removed.
 */
export type ScoreFact = { seq: number; at: number; team: string } & (
  | { type: "join"; name: string; bracket?: string; empty?: true }
  | { type: "rename"; name: string }
  | { type: "bracket"; bracket: string }
  /** Its own time began, from which its ties are broken. */
  | { type: "start" }
  | { type: "solve"; clue: string; points: number; less?: number }
  | { type: "adjust"; points: number }
  | Recount
  | { type: "ban" | "unban" | "hide" | "show" | "emptied" | "filled" }
);

/**
 * A solve was taken back, or counts from another time than its fact's: the team's solves right after that fact,
 * by `(at, seq)`. `by`: how many points more they give than before; `adjust`: other points that come with them.
 * `joined`: what breaks the team's ties without any.
 */
export interface Recount {
  type: "recount";
  solves: CountedSolve[];
  by: number;
  adjust?: number;
  joined: { at: number; seq: number };
}

export interface CountedSolve {
  clue: string;
  at: number;
  seq: number;
  points: number;
  less?: number;
}

/** How much score facts weigh in what is bounded: one each, and one for each solve of a recount. */
export function sizeOf(facts: readonly ScoreFact[]): number {
  let size = facts.length;
  for (const fact of facts) if (fact.type === "recount") size += fact.solves.length;
  return size;
}

/** A shard's report: the score facts with `after < seq <= upto`, none left out. */
export interface ScoreReport {
  shard: string;
  after: number;
  upto: number;
  facts: ScoreFact[];
  /** Absent: an older engine's, or read for standings that catch up. */
  load?: ReportedLoad;
}

/** How busy a shard is, as it tells with its reports. */
export interface ReportedLoad {
  /** All there are. */
  teams: number;
  /** Players' events recorded since the beginning. */
  events: number;
  /** `busy`: it refused something since the report before. */
  refuses?: Refuses;
}

/** Why a shard refuses new teams: too much waits for a commit, or its database is as large as it may be. */
export type Refuses = "busy" | "full";

/**
 * What a shard must know of the standings, because it follows from the global
 * order: the present value of each clue, and the first-solve bonuses of the
 * shard's own teams. Both are absent with static scoring.
 */
export interface ShardStandings {
  asOf: number;
  values?: { clue: string; value: number }[];
  bonuses?: { team: string; clue: string; points: number }[];
  /** While the standings stand still: the same as of then, which is all that players may see. */
  shown?: Omit<ShardStandings, "shown">;
}

export interface LeaderboardEntry {
  rank: number;
  team: { id: string; name: string; bracket?: string };
  score: number;
  solves: number;
  /** Epoch ms. */
  lastSolveAt?: number;
}

/** Consecutive facts of one shard as they travel to the origin. `first`: seq of the first. */
export interface FactMessage {
  v: typeof PROTOCOL_VERSION;
  hunt: string;
  /** Which of the hunts that had this id (src/objects/incarnation.ts); absent: 0. */
  incarnation?: number;
  shard: string;
  first: number;
  facts: Fact[];
}

/** A player as the company registered it; the engine only reads these while a hunt runs. */
export interface Registration {
  /** The company's own id, as a joining player gives it. */
  externalId: string;
  name?: string;
  locale?: string;
  bracket?: string;
  /** May not take part. */
  blocked?: boolean;
  /** When the engine was told, epoch ms: messages come in any order, and an older one replaces no newer one. */
  at?: number;
}

/** Registrations on their way to the origin: `REGISTRATIONS_MAX` at most; a later one of a player replaces an earlier one. */
export interface RegistrationMessage {
  v: typeof PROTOCOL_VERSION;
  kind: "registrations";
  registrations: Registration[];
}

/** The result of a report to the standings. */
export interface ReportResult {
  /** They hold this shard's facts up to here. */
  watermark: number;
  word: ShardStandings;
}

/** A message from the organisers to all players; with `clue` to those who have it open. */
export interface Announcement {
  id: string;
  /** When it is sent, epoch ms. */
  at: number;
  text: string;
  clue?: string;
  /**
   * Only to teams of whom all of this holds: judged when it is sent, but for `unsolved`, which holds until the team
   * solves the clue.
   */
  to?: { teams?: string[]; bracket?: string; unsolved?: string };
  /** It corrects the clue, and stands at it. */
  erratum?: true;
  /** When its text was changed last, epoch ms. */
  edited?: number;
}

/** What an organiser does to one team. */
export type TeamAction =
  | { type: "award"; points: number; reason: string }
  | { type: "unlock"; clue: string; reason: string }
  | { type: "ban" | "unban" | "hide" | "show"; reason: string }
  | { type: "revoke"; prize: string; unit: number; reason: string }
  /** `at`: from when on it counts, epoch ms; absent: from now on. */
  | { type: "solve"; clue: string; at?: number; reason: string }
  | { type: "unsolve"; clue: string; reason: string }
  /** Without `clue`: of every bucket. */
  | { type: "reset"; clue?: string; reason: string };

/** What a captain or an organiser changes of a team, or a player of its own membership. */
export type TeamChange =
  | { type: "leave" }
  | { type: "remove" | "captain"; player: string }
  | { type: "code" }
  /** `nameKey`: under which the name is reserved; absent in solo hunts. */
  | { type: "alter"; name?: string; nameKey?: string; bracket?: string };

/** Who changes a team: one of its players, or an organiser. */
export type ChangedBy = { player: string; gen?: number | undefined } | { reason: string };

/** One checked line of an import, as a shard replays it. `at` is epoch ms. */
export type ReplayLine = {
  /** From 1. */
  line: number;
  at: number;
  /** The team's joining key: the same for every line of the team. */
  key: string;
  team: string;
  player?: string;
} & (
  | { type: "join"; id: string; bracket?: string }
  | { type: "command"; command: Command }
  | { type: "action"; id: string; action: TeamAction }
);

/** What became of an import line: replayed (whatever the outcome), or refused. */
export type ReplayResult = { line: number } & ({ outcome: string } | { code: string; message: string });

/** Consecutive facts, as one message carries them. */
export interface Range {
  first: number;
  last: number;
}

/** Sums over what the origin holds of one shard, for comparison with its log. */
export interface OriginSums {
  /** Distinct facts archived, by seq. */
  facts: number;
  teams: number;
  players: number;
  solves: number;
  /** Units of prizes won. */
  wins: number;
  /** Σ of the teams' recorded scores. */
  score: number;
}

/** What the origin's derived rows say of one team. */
export interface OriginTeam {
  team: string;
  players: number;
  solves: number;
  /** As last recorded; 0 when no fact carried one. */
  score: number;
  banned: boolean;
  hidden: boolean;
}

/** A team as `dump` shows it; `rank` is missing where the team has no place. */
export interface StandingsRow {
  team: string;
  score: number;
  solves: number;
  rank?: number;
}

/**
 * One player's claim; `event` is its id, unique in the team. `carried`: units of the prize that were won in other
 * teams and count for the limits, by present members of the team and by this player.
 */
export interface Claim {
  prize: string;
  team: string;
  player: string;
  event: string;
  carried?: { byTeam: number; byPlayer: number };
}

export type CompareMode = "letters" | "words" | "exact" | "number";

/**
 * Makes a digest of a normalised text. `scope` is the clue id for answers and
 * `"code"` for scan codes; the platform side binds hunt and pepper.
 */
export type DigestText = (scope: { clue: string; mode: CompareMode } | "code", text: string) => string;
