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
      /** Too many wrong texts come from this address: not judged before then, epoch ms. */
      heldUntil?: number;
    }
  | {
      type: "scan";
      /** As scanned; it goes no further than the shard's memory. */
      code: string;
      codeDigest: string;
      pepper: string;
      /** As of an answer. */
      heldUntil?: number;
    }
  | { type: "checkin"; clue: string; position: Position }
  | { type: "hint"; clue: string; hint: string }
  | { type: "claim"; prize: string }
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
}

/** What one player's event came to. Never holds a scan code or an accepted answer's digest. */
export interface PlayFact extends FactHead {
  type: "answer" | "scan" | "checkin" | "hint" | "claim";
  outcome: RecordedOutcome;
  player: string;
  event: string;
  /** The client's clock, as evidence. */
  clientAt?: string;
  clue?: string;
  answer?: string;
  codeDigest?: string;
  position?: Position;
  /** Metres from the place (checkins). */
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
  /** The team's score after this fact, as the player was told. */
  score?: number;
  unlocked?: string[];
  message?: string;
}

/** What an organiser did to a team, or the engine noted about it. */
export type TeamFact = FactHead &
  (
    | { type: "award"; points: number; reason: string; score: number; event?: string }
    | { type: "unlock"; clue: string; reason: string; event?: string }
    | { type: "ban" | "unban" | "hide" | "show"; reason: string; event?: string }
    /** A win taken back; its unit goes to nobody else. */
    | { type: "revoke"; prize: string; unit: number; reason: string; event?: string }
    /** With moving scores: a `{points: n}` condition was met now and stays met. */
    | { type: "reached"; points: number }
  );

export type Fact = JoinFact | PlayFact | TeamFact;

/** A fact before the log numbers it. */
export type NewFact = DistributiveOmit<Fact, "seq">;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** What the standings need of a fact; everything else never reaches them. */
export type ScoreFact = { seq: number; at: number; team: string } & (
  | { type: "join"; name: string; bracket?: string }
  | { type: "solve"; clue: string; points: number }
  | { type: "adjust"; points: number }
  | { type: "ban" | "unban" | "hide" | "show" }
);

/** A shard's report: the score facts with `after < seq <= upto`, none left out. */
export interface ScoreReport {
  shard: string;
  after: number;
  upto: number;
  facts: ScoreFact[];
}

/**
 * What a shard must know of the standings, because it follows from the global
 * order: the present value of each clue, and the first-solve bonuses of the
 * shard's own teams. Both are absent with static scoring.
 */
export interface ShardStandings {
  asOf: number;
  values?: { clue: string; value: number }[];
  bonuses?: { team: string; clue: string; points: number }[];
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
  /** Epoch ms. */
  at: number;
  text: string;
  clue?: string;
}

/** What an organiser does to one team. */
export type TeamAction =
  | { type: "award"; points: number; reason: string }
  | { type: "unlock"; clue: string; reason: string }
  | { type: "ban" | "unban" | "hide" | "show"; reason: string }
  | { type: "revoke"; prize: string; unit: number; reason: string };

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

/** One player's claim; `event` is its id, unique in the team. */
export interface Claim {
  prize: string;
  team: string;
  player: string;
  event: string;
}

export type CompareMode = "letters" | "words" | "exact" | "number";

/**
 * Makes a digest of a normalised text. `scope` is the clue id for answers and
 * `"code"` for scan codes; the platform side binds hunt and pepper.
 */
export type DigestText = (scope: { clue: string; mode: CompareMode } | "code", text: string) => string;
