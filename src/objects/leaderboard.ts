/**
 * `Leaderboard` as others may ask it (class: src/leaderboard/object.ts): the
 * standings of one hunt, named by the hunt's id, and `LiveBoard`, its children
 * with the spectators it has no room for (src/leaderboard/live-object.ts).
 */

// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";
import type { Roots, Step } from "../contract/proof.ts";
import type { Refusal } from "../errors.ts";
import type { SolvesShown } from "../hunt/compiled.ts";
import type { PhaseState } from "../hunt/phase.ts";
import type { StandingsRules } from "../hunt/score.ts";
import type {
  Announcement,
  LeaderboardEntry,
  ReportResult,
  ScoreReport,
  ShardStandings,
  StandingsRow,
} from "../protocol.ts";
import type { Rehearsal } from "./rehearsal.ts";
import type { FactsOfSubtree } from "./shard.ts";

/** The leaderboard's configuration, from control; a higher `revision` replaces a lower one. */
export interface BoardConfig {
  revision: number;
  rules: StandingsRules;
  phase: PhaseState;
  opens?: number;
  closes?: number;
  freeze?: number;
  results?: "manual";
  /** An organiser has released the results. */
  released?: true;
  /** What everybody may see of solves; absent: nothing. */
  solvesShown?: SolvesShown;
  /** Clues of the hunt, and those of them that are open from its start; absent: a control of an earlier release. */
  clues?: { all: string[]; start: string[] };
  /** Which of the hunts that had this id (incarnation.ts). Absent: 0. */
  incarnation?: number;
  rehearsal?: Rehearsal;
  /** Those for everybody, the newest last. */
  announcements?: Announcement[];
  /** Ids of those that were taken back last. */
  takenBack?: string[];
}

export interface BoardQuery {
  limit: number;
  offset: number;
  bracket?: string;
  /** Sees through a freeze. */
  organiser: boolean;
}

/** The rows around a team. */
export type AroundQuery = Omit<BoardQuery, "offset">;

export interface BoardPage {
  asOf: number;
  frozen: boolean;
  total: number;
  entries: LeaderboardEntry[];
}

/** Whose look at the solves of a clue it is. */
export interface ClueSolvesQuery {
  /** Sees through a freeze, and who solved it in every hunt. */
  organiser: boolean;
  /** Somebody who plays no part, and knows only what is open to all. */
  anybody: boolean;
}

export interface FirstSolver {
  team: { id: string; name: string };
  /** Epoch ms. */
  at: number;
}

/** Teams that solved a clue and are neither banned nor hidden; without `first` who they are is not shown. */
export interface ClueSolves {
  asOf: number;
  count: number;
  first?: FirstSolver[];
}

/** The header that carries a returning spectator's last position to the leaderboard. */
export const SINCE_HEADER = "X-Hunt-Since";

export interface LivePage {
  asOf: number;
  frozen: boolean;
  total: number;
  entries: LeaderboardEntry[];
}

/** News for a child's spectators. */
export interface Showing {
  page?: LivePage;
  phase: string;
  /** Frames for every spectator: phases, announcements. */
  words: object[];
}

/** Children of one leaderboard at most: with 10,000 sockets each, 320,000 spectators. */
export const CHILDREN_MAX = 32;

/** The name of a hunt's n-th child; `hunt` is a slug and holds no slash. */
export const childName = (hunt: string, index: number): string => `${hunt}/live-${index}`;

/** Where a root has a fact: the stored subtree with its leaf, and the way from there to the root. */
export interface PlacedFact {
  subtree: FactsOfSubtree;
  /** The subtree's. */
  hash: string;
  steps: Step[];
  root: string;
  /** Epoch ms. */
  at: number;
}

/** Roots in one page; a page with so many never changes. */
export const ROOTS_IN_PAGE = 60;

export interface TeamCount {
  teams: number;
  /** When the count is of, epoch ms; none: of now. While a log cannot be read it is of before, 0 when nothing was stored. */
  asOf?: number;
}

/** A team as webhooks may tell of it. */
export interface PublicTeam {
  name: string;
  /** Banned or hidden. */
  isConcealed: boolean;
  /** The standings that everybody sees know it; one that joined during a freeze they do not. */
  isPublic: boolean;
  /** Its place as everybody sees it. */
  rank?: number;
}

/** What a shard is told of its teams. */
export interface LookedAt {
  ranks: (number | null)[];
  /** The places in their brackets; absent: a leaderboard of an earlier release. */
  inBrackets?: (number | null)[];
  word: ShardStandings;
}

export interface LeaderboardObject extends Rpc.DurableObjectBranded {
  /** A spectator's socket; the edge lets only upgrades through. */
  fetch(request: Request): Promise<Response>;
  /** Takes a new configuration; an older one changes nothing. */
  configure(config: BoardConfig): Promise<void>;
  /** A child object has its first spectator; undefined before the hunt is published. */
  watch(child: string): Promise<{ page: LivePage; phase: string } | undefined>;
  /**
   * Takes a shard's report; its result comes when it shows. A gap before it or no room
   * for it: the watermark in the result tells the shard where to start again.
   */
  report(report: ScoreReport): Promise<ReportResult>;
  /** Makes the standings anew from the logs: one of them had a gap, which is closed. Safe to repeat. */
  rebuild(): void;
  /** The newest fact of the shard that the standings or the roots have heard of; 0: none. */
  heardOf(shard: string): number;
  /** The rules that the standings are computed by; undefined before the hunt is published. */
  rules(): StandingsRules | undefined;
  /** Places of these teams as organisers see them, through a freeze; null: none. */
  organiserRanks(teams: string[]): Promise<(number | null)[]>;
  /**
   * For a shard that shows its teams: their places as everybody may see
   * them (null: none), and the values of its clues.
   */
  look(shard: string, teams: string[]): Promise<LookedAt>;
  /**
   * The values of clues as everybody may know them, and whether the team is banned or hidden as far as
   * everybody may know: while the standings stand still, as of then.
   */
  lookPublic(shard: string, team: string): Promise<{ isConcealed: boolean; word: ShardStandings }>;
  /** One page of the standings. */
  read(query: BoardQuery): Promise<BoardPage>;
  /** The rows around a team; refused where it has no place: unknown, banned, hidden, of another bracket. */
  around(team: string, query: AroundQuery): Promise<BoardPage | Refusal>;
  /** Who solved a clue; refused where there is none that may be seen. */
  clueSolves(clue: string, query: ClueSolvesQuery): Promise<ClueSolves | Refusal>;
  /** The roots of a page, from 0; none: they have not been made. `unavailable`: their rows are not as they were written. */
  roots(page: number): Roots | Refusal;
  /** Where a root has the fact; `not_found`, with the seconds until the next root: none has it yet. */
  placed(shard: string, seq: number): PlacedFact | Refusal;
  /** For webhooks; null: no such team is known yet. */
  publicTeams(teams: string[]): Promise<(PublicTeam | null)[]>;
  /** Clues that a team which is neither banned nor hidden has solved, through a freeze. */
  solvedClues(): Promise<string[]>;
  /** Teams that joined, hidden and banned ones included. */
  teamCount(): Promise<TeamCount>;
  /** Teams from number `from` on, and the watermarks this page is as of; for verification. */
  dump(
    from: number,
  ): Promise<{ marks: { shard: string; mark: number }[]; rows: StandingsRow[]; next?: number }>;
  /** The hunt is deleted: closes all sockets and erases what is stored. Safe to repeat. */
  erase(): Promise<void>;
}

export interface LiveBoardObject extends Rpc.DurableObjectBranded {
  /** A spectator's socket; the edge lets only upgrades through. */
  fetch(request: Request): Promise<Response>;
  /** Shows this to its spectators. False: nobody watches, and nothing more needs to come. */
  show(showing: Showing): boolean;
  /** The hunt is deleted: closes all sockets. Safe to repeat. */
  erase(): Promise<void>;
}
