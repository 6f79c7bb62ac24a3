/**
 * `HuntShard` as others may ask it (class: src/shard/object.ts). One shard owns
 * some of a hunt's teams: their log, state and live sockets. Its object is named
 * `hunt/shard` (ids.ts) and is placed near its region's players. A `Refusal` is
 * an expected failure; a thrown error is a defect, or the object restarts.
 */
// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";
import type { Me } from "../contract/me.ts";
import type { Refusal } from "../errors.ts";
import type { JoinRequest } from "../hunt/admit.ts";
import type { CompiledHunt } from "../hunt/compiled.ts";
import type { PhaseState } from "../hunt/phase.ts";
import type { PrizeChanges } from "../hunt/prize-changes.ts";
import type {
  Announcement,
  Fact,
  OriginSums,
  OriginTeam,
  Position,
  Range,
  ReplayLine,
  ReplayResult,
  ScoreReport,
  TeamAction,
} from "../protocol.ts";
import type { Win } from "./prizes.ts";

/** What control tells its shards; a higher `revision` replaces a lower one. */
export interface ShardConfig {
  revision: number;
  version: number;
  phase: PhaseState;
  announcements: Announcement[];
  /** Id of the key behind generated codes. */
  codeKey?: string;
  prizes?: PrizeChanges;
  /** Left out when the shard is known to have this version. */
  compiled?: CompiledHunt;
}

/** A joining as a shard gets it. */
export interface Joining extends JoinRequest {
  /** Of the team to join; absent: `create` makes one. */
  joinCode?: string;
  /** The key that an older engine would have given this joining. */
  olderKey?: string;
}

export interface Joined {
  player: { id: string; name: string };
  team: { id: string; name: string; joinCode?: string };
}

/** What a shard holds of what is limited. */
export interface ShardLoad {
  /** Size of its database. */
  bytes: number;
  /** The most commands that waited for a commit at once since the object started. */
  waitingPeak: number;
  /** Live sockets, about. */
  sockets: number;
}

export interface ShardStats {
  totals: Totals;
  clues: ClueCounts[];
  seq: number;
  shipped: number;
  archived: number;
  /** Rows written since the object started, as billed. */
  rowsWritten: number;
}

/** What a verified ticket says. */
export interface TicketClaims {
  id: string;
  team: string;
  player: string;
  /** When the ticket ends, epoch ms. */
  expires: number;
  /** When the token it was made for ends, epoch ms: nobody plays longer than that. */
  until: number;
  /** The keyed digest of the network that the socket comes from, where limits by address hold. */
  network?: string;
}

/** The header that carries a verified ticket to the shard; objects are reached through the edge only. */
export const TICKET_HEADER = "X-Hunt-Ticket";

/** A team as an organiser sees it. Times are epoch ms. */
export interface TeamRow {
  id: string;
  name: string;
  bracket?: string;
  members: { id: string; name: string }[];
  score: number;
  solves: number;
  joinedAt: number;
  joinCode?: string;
  banned: boolean;
  hidden: boolean;
}

export interface TeamRows {
  teams: TeamRow[];
  /** Where the next page begins; absent: there is none. */
  next?: number;
}

/** A team that tries without solving. Times are epoch ms. */
export interface StuckTeam {
  id: string;
  name: string;
  solves: number;
  /** The last solve, or when the team could begin. */
  since: number;
  lastTryAt: number;
  /** The open clue most tried in vain, and how often. */
  clue: string;
  wrong: number;
}

/** Where a player was last, as the device said. `at`: epoch ms. */
export interface Checkin extends Position {
  team: string;
  name: string;
  player: string;
  at: number;
}

export interface Totals {
  players: number;
  teams: number;
  /** Facts that came of a player's event. */
  events: number;
  outcomes: Record<string, number>;
  /** By clue id: attempts are `correct` and `incorrect` ones, check-ins out of range included. */
  clues: { clue: string; attempts: number; solves: number }[];
}

export interface ClueCounts {
  clue: string;
  title: string;
  /** Teams for which the clue is open or solved. */
  open: number;
  attempts: number;
  solves: number;
  /** Seconds from opening to solve, rising; each stands for `weight` solves. */
  solveSeconds: number[];
  weight: number;
}

export interface RefoldReport {
  facts: number;
  teams: number;
  mismatches: { team?: string; what: string }[];
  /** What the origin must hold of this shard once everything is archived. */
  origin: OriginSums;
}

/** A win as an organiser is shown it: who, and the code; null: the shard's log does not have it. */
export type WinnerRow = { name: string; player: string; code?: string; revoked: boolean } | null;

export interface ShardObject extends Rpc.DurableObjectBranded {
  // ── Control ──────────────────────────────────────────────────────────────

  /** Takes a new configuration. `missing`: the compiled hunt is needed too. */
  configure(config: ShardConfig): { missing: boolean };

  // ── Players ──────────────────────────────────────────────────────────────

  /** The upgrade to a player's live socket; the edge has verified the ticket in `TICKET_HEADER`. */
  fetch(request: Request): Promise<Response>;
  /** Joins a player: makes a team, or finds the one of `joinCode`. Safe to repeat with the same key. */
  join(request: Joining): Promise<Joined | Refusal>;
  /** Whether a joining with this key made a team here whose name folds to `name`. */
  hasMade(key: string, name: string): Promise<boolean>;
  /** Decides commands (JSON text of `Command[]`, at most `EVENTS_MAX`); the response's JSON text. Safe to repeat. */
  play(team: string, player: string, commands: string): Promise<string | Refusal>;
  /** All that the player sees. */
  me(team: string, player: string): Promise<Me | Refusal>;
  /** The clues that the player sees, by id. */
  cluesSeen(team: string, player: string): Promise<string[] | Refusal>;
  /** The team's score over time, epoch ms; during a freeze, up to the freeze. */
  history(team: string): Promise<{ points: { at: number; score: number }[] } | Refusal>;

  // ── Organisers ───────────────────────────────────────────────────────────

  /** Applies an organiser's action to a team. Not idempotent: an award sent twice counts twice. */
  organise(team: string, action: TeamAction): Promise<{ score: number } | Refusal>;
  /** Teams by their place in the shard, from `after` on; with `wanted` those it names. */
  teams(after: number, limit: number, wanted?: string): Promise<TeamRows | Refusal>;
  /** Teams that try without solving, longest stuck first. */
  stuck(than: { stuckMs: number; activeMs: number; limit: number }): Promise<StuckTeam[] | Refusal>;
  /** The last believable check-ins of players, the newest first. */
  checkins(limit: number): Promise<Checkin[] | Refusal>;
  stats(): Promise<ShardStats | Refusal>;
  /** Durable facts after `after`, as the log keeps them; an empty list ends the export. */
  exportFacts(after: number): Promise<Fact[]>;
  /** Refolds the whole log and compares it with the state in use. */
  verify(): Promise<RefoldReport>;
  /** What the origin must hold of these teams; `moving`: facts of the team may be on their way. */
  originTeams(teams: string[]): ({ team: OriginTeam; moving: boolean } | null)[];
  /** Replays import lines of this shard's teams, each at its own time. */
  replay(lines: ReplayLine[]): Promise<ReplayResult[] | Refusal>;

  // ── The leaderboard ──────────────────────────────────────────────────────

  /** The score facts after `after`, for standings that catch up. */
  scoreFacts(after: number): Promise<ScoreReport>;

  // ── The vault ────────────────────────────────────────────────────────────

  /** Records wins that the vault gave and the log may not have yet. Safe to repeat. */
  recordWins(wins: readonly Win[]): Promise<Refusal | undefined>;
  /** Names and codes of wins, one row a win. */
  winners(wins: readonly Pick<Win, "prize" | "team" | "player" | "unit">[]): Promise<WinnerRow[] | Refusal>;

  // ── The queue and the origin ─────────────────────────────────────────────

  /** The origin holds these facts. */
  archived(ranges: Range[]): void;
  /** The origin refuses these facts; they are kept as a dead letter. */
  buried(range: Range): void;
  /** The origin is another one, or lost its rows: sends the whole log again. */
  rearchive(): { facts: number };
  /** What of this shard is on its way to the origin: segments of its log, and since when (epoch ms) the oldest waits. */
  backlog(): { segments: number; since?: number };

  // ── Advice ───────────────────────────────────────────────────────────────

  /** How near the shard is to its limits. */
  load(): ShardLoad;
}
