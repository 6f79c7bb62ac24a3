/**
 * `Leaderboard` as others may ask it (class: src/leaderboard/object.ts): the
 * standings of one hunt, named by the hunt's id, and `LiveBoard`, its children
 * with the spectators it has no room for (src/leaderboard/live-object.ts).
 */

// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";
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

/** The leaderboard's configuration, from control; a higher `revision` replaces a lower one. */
export interface BoardConfig {
  revision: number;
  rules: StandingsRules;
  phase: PhaseState;
  opens?: number;
  closes?: number;
  freeze?: number;
  /** Those for everybody, the newest last. */
  announcements?: Announcement[];
}

export interface BoardQuery {
  limit: number;
  offset: number;
  bracket?: string;
  around?: string;
  /** Sees through a freeze. */
  organiser: boolean;
}

export interface BoardPage {
  asOf: number;
  frozen: boolean;
  total: number;
  entries: LeaderboardEntry[];
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
  /** The rules that the standings are computed by; undefined before the hunt is published. */
  rules(): StandingsRules | undefined;
  /** Places of these teams as organisers see them, through a freeze; null: none. */
  organiserRanks(teams: string[]): Promise<(number | null)[]>;
  /**
   * For a shard that shows its teams: their places as everybody may see
   * them (null: none), and the values of its clues.
   */
  look(shard: string, teams: string[]): Promise<{ ranks: (number | null)[]; word: ShardStandings }>;
  /** The values of clues as everybody may know them: during a freeze, as of the freeze. */
  publicWord(shard: string): Promise<ShardStandings>;
  /** One page of the standings. */
  read(query: BoardQuery): Promise<BoardPage>;
  /** Teams that joined, hidden and banned ones included. */
  teamCount(): Promise<number>;
  /** Teams from number `from` on, and the watermarks this page is as of; for verification. */
  dump(
    from: number,
  ): Promise<{ marks: { shard: string; mark: number }[]; rows: StandingsRow[]; next?: number }>;
}

export interface LiveBoardObject extends Rpc.DurableObjectBranded {
  /** A spectator's socket; the edge lets only upgrades through. */
  fetch(request: Request): Promise<Response>;
  /** Shows this to its spectators. False: nobody watches, and nothing more needs to come. */
  show(showing: Showing): boolean;
}
