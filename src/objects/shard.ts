/**
 * `HuntShard` as others may ask it (class: src/shard/object.ts). One shard owns
 * some of a hunt's teams: their log, state and live sockets. Its object is named
 * `hunt/shard` (ids.ts) and is placed near its region's players. A `Refusal` is
 * an expected failure; a thrown error is a defect, or the object restarts.
 */
// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";
import type { Guess } from "../contract/guesses.ts";
import type { Thread, ThreadState } from "../contract/help.ts";
import type { Me } from "../contract/me.ts";
import type { Step } from "../contract/proof.ts";
import type { Refusal } from "../errors.ts";
import type { JoinRequest } from "../hunt/admit.ts";
import type { ClueChanges } from "../hunt/clue-changes.ts";
import type { CompiledHunt } from "../hunt/compiled.ts";
import type { Merge } from "../hunt/merge.ts";
import type { Move } from "../hunt/move.ts";
import type { PhaseState } from "../hunt/phase.ts";
import type { PrizeChanges } from "../hunt/prize-changes.ts";
import type { Regrade } from "../hunt/regrade.ts";
import type { Exported, ExportedGap, Persons } from "../people/personal.ts";
import type {
  Announcement,
  ChangedBy,
  CountedSolve,
  Fact,
  ForgetFact,
  GivenField,
  JoinFact,
  Leaving,
  Legacy,
  OriginSums,
  OriginTeam,
  Position,
  Range,
  ReplayLine,
  ReplayResult,
  ScoreReport,
  TeamAction,
  TeamChange,
} from "../protocol.ts";
import type { Device, Pushing, PushMessage } from "../push/message.ts";
import type { BackupSegments, BroughtCode, PartsTaken, RestorePart } from "./backup.ts";
import type { JoinCode } from "./ids.ts";
import type { Spoken, ToldPair } from "./looks.ts";
import type { Win } from "./prizes.ts";
import type { Rehearsal } from "./rehearsal.ts";
import type { WebhookMark, WebhookReport, WebhookWish } from "./webhooks.ts";

/** What control tells its shards; a higher `revision` replaces a lower one. */
export interface ShardConfig {
  revision: number;
  version: number;
  /** Of the rules that `compiled` is made by; absent: 1. */
  rules?: number;
  phase: PhaseState;
  announcements: Announcement[];
  /** Ids of those that were taken back last. */
  takenBack?: string[];
  /** Id of the key behind generated codes. */
  codeKey?: string;
  prizes?: PrizeChanges;
  /** Clues that organisers withdrew; absent: none. */
  clues?: ClueChanges;
  /** Another number: `compiled` has other contents of files. */
  assets?: number;
  /** An organiser has released the results. */
  released?: true;
  /** Which of the hunts that had this id (incarnation.ts). Absent: 0. */
  incarnation?: number;
  /** Absent: the hunt has none. */
  webhooks?: WebhookWish[];
  rehearsal?: Rehearsal;
  /** The hunt is being restored from a backup, under this name: the shard takes its parts, and nothing else. */
  restoring?: string;
  /** The hunt was restored from a backup. */
  restored?: true;
  /** Left out when the shard is known to have this version. */
  compiled?: CompiledHunt;
}

/** Who looks at something that is public. */
export interface Viewer {
  organiser?: boolean;
  player?: string | undefined;
  /** Of the player's token. */
  gen?: number | undefined;
}

/** A joining as a shard gets it. */
export interface Joining extends JoinRequest {
  /** Of the team to join; without it and `team`, `create` makes one. */
  joinCode?: string;
  /** The team to join, where another one's code leads to it. */
  team?: string;
  /** The key that an older engine would have given this joining. */
  olderKey?: string;
}

/** Who plays, and by what. Tokens for it are of generation `gen`; absent: 0. */
export interface Joined {
  player: { id: string; name: string };
  team: { id: string; name: string; joinCode?: string };
  gen?: number;
  returnCode: string;
}

/** What a token or ticket says of its player. `gen`: absent: 0 (see `generationOf`). */
export interface Seat {
  team: string;
  player: string;
  gen?: number | undefined;
}

/**
 * Whether a key made what it stands for. `team`: the one that it made, or renamed. `moved`: the player of the
 * joining went to another team.
 */
export interface Made {
  isMade: boolean;
  team?: string;
  moved?: Seat;
}

/** A team after a change. */
export interface TeamChanged {
  team: { id: string; name: string; bracket?: string; joinCode?: string };
  /** The name that it bears no more, and the key under which that is reserved. */
  freed?: { name: string; key: string };
}

/**
 * Where a player is: `joined`: in this team; `moved`: in another one, as its seat there says; neither: in none
 * of the hunt.
 */
export interface Whereabouts {
  joined?: Joined;
  moved?: Seat;
}

/** What goes with a player who left its team for another one. */
export interface Departed extends Pick<TeamChanged, "freed"> {
  leaving: Leaving;
  /** Of its wins, where they were brought along from another engine. Absent: this one makes them. */
  codes?: BroughtCode[];
}

/** Who is in a team that is to be merged; `into`: it was, into this one. */
export interface Merging {
  players: string[];
  into?: string;
}

/** All that a merged team had. `leavings`: what goes with each player. */
export interface HandedOver extends Pick<TeamChanged, "freed"> {
  leavings: [player: string, leaving: Leaving][];
  legacy: Legacy;
  /** As of `Departed`. */
  codes?: BroughtCode[];
}

/** A team to make before anybody comes. */
export interface TeamToMake {
  /** Under which its name is reserved. */
  key: string;
  name: string;
  bracket?: string | undefined;
  /** The key is of a team made so: if there is none yet, it is made. */
  isOwn: boolean;
}

/** A team that was made, or was there. `kept`: why its bracket is not the one that was asked for. */
export interface MadeTeam {
  id: string;
  name: string;
  joinCode: string;
  isNew: boolean;
  kept?: string;
}

/** What a shard holds of what is limited. */
export interface ShardLoad {
  /** Size of its database. */
  bytes: number;
  /** Live sockets, about. */
  sockets: number;
  teams: number;
  /** The most commands that waited for a commit at once in the last five minutes. */
  waitingPeak: number;
  /** Requests, and messages of live sockets, a second in the busiest five seconds of the last five minutes, and the events in them. */
  requests: number;
  messages: number;
  events: number;
  /** Teams made in the last five minutes. */
  newTeams: number;
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

/** Who has a player forgotten: the player, by its token's generation, or `why` of the fact. */
export type Forgetter = { gen?: number | undefined } | ForgetFact["why"];

export interface Forgotten {
  done: true;
  /** Teams that the player was in as well: for the shard that follows them. */
  teams?: string[];
}

export interface ForgottenPage {
  forgotten: number;
  /** Players of teams that cannot be written to now. */
  left: number;
  /** Where to go on; absent: that was all. */
  next?: number;
}

/** What a verified ticket says. */
export interface TicketClaims {
  id: string;
  team: string;
  player: string;
  /** Of the token it was made for; absent: 0. */
  gen?: number;
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
  captain?: string;
  members: { id: string; name: string; captain?: true }[];
  /** Who left, and is not forgotten; absent: nobody. */
  former?: { id: string; name: string }[];
  score: number;
  solves: number;
  joinedAt: number;
  joinCode?: string;
  banned: boolean;
  hidden: boolean;
}

/** What a shard keeps of a player. Times are epoch ms. */
export interface PersonalData {
  player: { id: string; name: string; joinedAt: number };
  team: { id: string; name: string; bracket?: string };
  externalId?: string;
  /** The fact that it came by. */
  joining?: JoinFact | (Fact & { type: "arrive" });
  lastCheckin?: Position & { at: number };
  wins: { prize: string; at: number; revoked?: true }[];
  /** Teams that the player came from; those of other shards keep facts of it as well. */
  earlier: string[];
  /** Devices that get push messages. */
  devices: { at: number; endpoint: string; lang?: string }[];
  /** What it wrote to the organisers; with the first facts alone. */
  messages: { at: number; clue?: string; text: string }[];
  /** What the log has of the player, in order, with what is kept beside it. */
  facts: Fact[];
  /** Where to go on reading; absent: that was all. */
  next?: number;
}

export interface TeamRows {
  teams: TeamRow[];
  /** Where the next page begins; absent: there is none. */
  next?: number;
}

export interface RegisteredPlayers {
  players: { id: string; externalId: string; joinedAt: number }[];
  /** Where the next page begins; absent: there is none. */
  next?: number;
}

/** A clue that a team has solved; `points`: as recorded. `at`: epoch ms. */
export interface SolvedClue {
  clue: string;
  title: string;
  at: number;
  points: number;
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
  /** Places of teams beyond `teams` that are not given again: their joinings lie in a gap of the log; absent: 0. */
  beyond?: number;
  /** By clue id: attempts are `correct` and `incorrect` ones, check-ins out of range included. */
  clues: { clue: string; attempts: number; solves: number }[];
  /** Players by what led them here, 200 of them; those of more by none. Absent: no link told. */
  sources?: { source: string; players: number }[];
}

export interface ClueCounts {
  clue: string;
  title: string;
  /** Teams for which the clue is open or solved. */
  open: number;
  attempts: number;
  solves: number;
  /** Organisers withdrew it. */
  withdrawn?: true;
  /** Seconds from opening to solve, rising; each stands for `weight` solves. */
  solveSeconds: number[];
  weight: number;
}

export interface RefoldReport {
  facts: number;
  teams: number;
  mismatches: { team?: string; what: string }[];
  /** Facts that the log cannot give; absent: none. The sums are without them. */
  gaps?: Range[];
  /** What the origin must hold of this shard once everything is archived. */
  origin: OriginSums;
}

/** A win as an organiser is shown it: who, and the code; null: the shard's log does not have it. */
export type WinnerRow = {
  name: string;
  player: string;
  code?: string;
  /** What the player gave in fields with `contact`; not of a revoked win. */
  contact?: GivenField[];
  revoked: boolean;
} | null;

/** Facts of a shard that a root takes, and where their leaves stand in it. */
export interface LeafRange {
  after: number;
  upto: number;
  /** Of the first of them, from 0. */
  place: number;
}

export interface SubtreeHashes {
  /** How many leaves from the first on; at least one, and the rest is asked for again. */
  leaves: number;
  /** The hashes of their largest complete subtrees (`subtreeSizes`), one text after the other. */
  hashes: string;
}

/** Consecutive facts that are the leaves of a complete subtree. */
export interface FactsOfSubtree {
  /** Seq of the first. */
  first: number;
  size: number;
}

/** And its hash, as a root has it. */
export interface ProvenSubtree extends FactsOfSubtree {
  hash: string;
}

/** A fact, and the way from it to its subtree. */
export interface ProvenFact {
  /** Its line of the export without `person`. */
  line: string;
  leaf: string;
  steps: Step[];
  /** The subtree's, by these steps. */
  hash: string;
}

/** Players whose commands go in one call. */
export const PLAYED_MAX = 64;

/** A thread of the help desk, as organisers see it. Times are epoch ms. */
export interface Asked {
  id: string;
  team: { id: string; name: string };
  clue?: string;
  state: ThreadState;
  /** Since when it waits; absent: it does not. */
  since?: number;
  claim?: { by: string; until: number };
  messages: { at: number; from: "team" | "staff"; by: string; text: string }[];
}

/** A message. The writer's `key` stands for it: sent again, nothing is said twice. */
export interface Said {
  text: string;
  key: string;
}

/** The place of a thread in the queue. `at`: since when it waits, else when something was said last. */
export interface HelpPlace {
  waits: boolean;
  at: number;
  id: string;
}

/** Which threads of the queue. */
export interface HelpWanted {
  state?: ThreadState;
  clue?: string;
  /** The last one of the page before. */
  after?: HelpPlace;
  limit: number;
  /** Characters, about: the page ends with the thread that passes it. */
  length: number;
}

export interface HelpPage {
  threads: Asked[];
  /** How many there are on all pages. */
  total: number;
  /** There are others behind these. */
  more: boolean;
}

export interface HelpAsked {
  thread: Asked;
}

/** A thread, and what one needs to answer it. */
export interface HelpBeside extends HelpAsked {
  hints: { id: string; text: string; cost: number; taken: boolean }[];
  solved: boolean;
}

export type HelpAction =
  | { type: "claim" | "release" | "close" }
  | { type: "reply"; text: string; close: boolean; key: string };

/** Who of the organisers acts. `mayRelease`: also what others have claimed. */
export interface Staff {
  name: string;
  mayRelease: boolean;
}

/** The clues that a team sees, those that it solved, and the announcements to a bracket that went to it. */
export interface Hearing {
  clues: string[];
  solved: string[];
  to: string[];
}

/** A push message that is to be carried out. */
export type PushAsked = Pick<PushMessage, "n" | "id" | "news" | "at">;

/** An organiser looks as a team, in the hunt of this incarnation. */
export interface Viewing {
  incarnation: number;
  /** As of a player's look. */
  lang?: string;
  accepts?: string;
}

/** Which facts are asked for; what is absent is not asked. */
export interface FactsWanted {
  team?: string;
  clue?: string;
  player?: string;
  type?: string;
  outcome?: string;
}

export interface FactsPage {
  /** The newest first. */
  facts: Exported[];
  /** The teams of these facts. */
  teams: { id: string; name: string }[];
  /** Those whose answer was not right, and is by the present definition; absent: none. */
  right?: number[];
  /** Ask below this fact for more; absent: that was all. */
  next?: number;
}

/** A try at a clue. `at`: epoch ms. */
export interface GuessMade extends Pick<Guess, "seq" | "type" | "outcome" | "answer" | "message" | "player"> {
  at: number;
}

export interface GuessesPage {
  guesses: GuessMade[];
  /** As of `FactsPage`. */
  next?: number;
}

/** A wrong answer, by teams of one shard. `key`: as the clue compares it; `times`: how often it was spelled so. */
export interface WrongGiven {
  key: string;
  answer: string;
  times: number;
  teams: number;
  count: number;
  /** Epoch ms. */
  first: number;
  last: number;
  nudge?: true;
}

/** Teams that gave a wrong answer and have not solved the clue, who gave it last first. */
export interface GaveWrong {
  teams: { team: string; last: number }[];
  /** All of them, however many are named. */
  total: number;
  /** What the present definition's nudge says to it; absent: it has none. */
  say?: string;
  /** The present definition accepts it. */
  isAccepted: boolean;
}

/** What an organiser's action came to: the team's score, and the clues that a solve opened. */
export interface Organised {
  score: number;
  unlocked?: string[];
}

/** A judging of the hunt's log again. */
export interface RegradeRun {
  run: string;
  /** The published version, which the shard must have. */
  version: number;
  /** The definition to judge by, where it is not the published one, and its withdrawn clues. */
  compiled?: CompiledHunt;
  clues?: ClueChanges;
  /** The one clue whose solves are looked at; absent: all. */
  only?: string;
  /** The withdrawn clues of before: what is open by them stays open. Absent: nothing changed in them. */
  before?: ClueChanges;
}

/** `after`: the last fact judged so far; `events`: how many of players' were among them. */
export interface JudgedPart {
  after: number;
  events: number;
  done: boolean;
}

/** A team as it is; `after`: its solves as they should be, where that is different. Both by when they count. */
export interface WeighedTeam {
  team: string;
  bracket?: string;
  joined: { at: number; seq: number };
  banned?: boolean;
  hidden?: boolean;
  empty?: boolean;
  /** When its own time began, epoch ms; absent: it did not. */
  start?: number;
  /** Σ of hints and awards. */
  adjusted: number;
  before: CountedSolve[];
  after?: CountedSolve[];
  /** Prizes that it may claim, and should; absent: none. */
  eligible?: { before: string[]; after: string[] };
}

/** A page of teams. */
export interface Weighed {
  teams: WeighedTeam[];
  /** Judged so far. */
  events: number;
  /** Where the next page begins; absent: there is none. */
  next?: number;
}

/** `teams`: so many were changed. */
export interface Undone {
  after: number;
  teams: number;
  done: boolean;
}

export interface ShardObject extends Rpc.DurableObjectBranded {
  // ── Control ──────────────────────────────────────────────────────────────

  /** Takes a new configuration. `missing`: the compiled hunt is needed too. */
  configure(config: ShardConfig): { missing: boolean };

  // ── Players ──────────────────────────────────────────────────────────────

  /** The upgrade to a player's live socket; the edge has verified the ticket in `TICKET_HEADER`. */
  fetch(request: Request): Promise<Response>;
  /** Joins a player: makes a team, or finds the one of `joinCode`. Safe to repeat with the same key. */
  join(request: Joining): Promise<Joined | Refusal>;
  /**
   * Whether a joining with this key is recorded here, and its player still in the team; with `name`:
   * whether the team that it made, or renamed, bears a name that folds to that.
   */
  hasMade(key: string, name?: string): Promise<Made | Refusal>;
  /** Who joined with this key, as it is now; neither: nobody, or no member of its team any more. */
  joinedBy(key: string): Promise<Whereabouts | Refusal>;
  /** Where a player of the team is now; `gen`: the one whose token is of this generation, and none whose is void. */
  whereIs(team: string, player: string, gen?: number): Promise<Whereabouts | Refusal>;
  /** Who plays by this token; `unauthenticated` when it is void, as from every other call that takes `gen`. */
  seated(seat: Seat): Promise<Joined | Refusal>;
  /** Who comes back by this return code, as `readReturnCode` read it; `not_found`: it is nobody's any more. */
  comeBack(code: JoinCode): Promise<Joined | Refusal>;
  /** The player signs out everywhere: voids all earlier tokens and its return code. Safe to repeat with the same key. */
  endSessions(seat: Seat, key: string): Promise<Joined | Refusal>;
  /** How the team is called. */
  nameOf(team: string): Promise<{ name: string } | Refusal>;
  /** Changes the team, or who is in it. A new code is another one each time; the rest is safe to repeat. */
  changeTeam(team: string, by: ChangedBy, change: TeamChange): Promise<TeamChanged | Refusal>;
  /** Decides commands (JSON text of `Command[]`, at most `EVENTS_MAX`); the response's JSON text. Safe to repeat. */
  play(team: string, player: string, commands: string, gen?: number): Promise<string | Refusal>;
  /**
   * As `play`, for several players at once (JSON text of `[team, player, gen, Command[]][]`, at most `PLAYED_MAX`);
   * null for one that failed: asked alone it says why.
   */
  playAll(asked: string): Promise<(string | Refusal | null)[]>;
  /**
   * Looks of players (JSON text of `Look[]`, at most `LOOKS_MAX`), each told as `toldOf` reads it (looks.ts).
   * Of long ones the first, one at least: the rest is asked for again.
   */
  looks(asked: string): Promise<ToldPair[]>;
  /** All that the team sees, as JSON text, for an organiser who looks as it. */
  viewed(team: string, viewing: Viewing): Promise<{ text: string; spoken?: Spoken } | Refusal>;
  /** A text of the hunt by its digest, for who has a ticket for it; undefined: there is none. */
  text(digest: string): Promise<string | Refusal | undefined>;
  /** All that the player sees: for an edge of an earlier release. */
  me(team: string, player: string): Promise<Me | Refusal>;
  /** What decides which announcements the player's team is told. */
  hears(team: string, player: string, gen?: number): Promise<Hearing | Refusal>;
  /** What the team tried at a clue that it sees, the newest first; for a player, or an organiser who looks as it. */
  guesses(
    team: string,
    seat: { player: string; gen?: number | undefined } | Viewing,
    clue: string,
    below: number | undefined,
    limit: number,
  ): Promise<GuessesPage | Refusal>;
  /**
   * The team's score over time, epoch ms; while the standings stand still, up to then, but for
   * organisers. A hidden or banned team's is for its own players and organisers only.
   */
  history(team: string, viewer: Viewer): Promise<{ points: { at: number; score: number }[] } | Refusal>;

  /** Asks the organisers, about a clue or not. Safe to repeat: the player's `key` stands for what it said first. */
  askForHelp(seat: Seat, clue: string | undefined, said: Said): Promise<Thread | Refusal>;
  /** What the player's team asked, the newest first. */
  helpThreads(seat: Seat): Promise<Thread[] | Refusal>;
  /** Says more in a thread of the player's team. Safe to repeat, as `askForHelp`. */
  askMore(seat: Seat, thread: number, said: Said): Promise<Thread | Refusal>;

  /** The device is told what happens, by push messages. Safe to repeat. */
  subscribe(seat: Seat, device: Device): Promise<{ done: true } | Refusal>;
  /** No more: this one (base64url of the SHA-256 of its endpoint), or all of the player's. Safe to repeat. */
  unsubscribe(seat: Seat, device?: string): Promise<{ done: true } | Refusal>;

  /** What is kept of the player, from the log's fact `after` on. `earlier`: of one who went to another team, where its token was good. */
  personalData(
    team: string,
    player: string,
    seat: { gen?: number | undefined } | "earlier",
    after: number,
  ): Promise<PersonalData | Refusal>;
  /**
   * Forgets a player of the team, also one who left: everything that tells who it is. `by`: the player's own seat, an
   * organiser, or the hunt's `retention`. `isFollowing`: a shard asks that it was in as well. Safe to repeat.
   */
  forget(team: string, player: string, by: Forgetter, isFollowing?: boolean): Promise<Forgotten | Refusal>;

  // ── Organisers ───────────────────────────────────────────────────────────

  /** Forgets the players of teams from place `after` on, a bounded number of them. Safe to repeat. */
  forgetAll(after: number): Promise<ForgottenPage | Refusal>;
  /** Applies an organiser's action to a team. Not idempotent: an award sent twice counts twice. */
  organise(team: string, action: TeamAction): Promise<Organised | Refusal>;
  /** Makes teams before anybody comes, or finds them by their keys. Safe to repeat. */
  makeTeams(teams: readonly TeamToMake[]): Promise<(MadeTeam | Refusal)[] | Refusal>;
  /** Voids all that a member signs in with, for who lost everything. Each time anew. */
  returnMember(team: string, player: string, reason: string): Promise<{ returnCode: string } | Refusal>;
  /**
   * The steps of a player's move to another team, which control drives. Each is safe to repeat, and
   * gives the same again. `keepSeat`: in the new team, unless it is full.
   */
  keepSeat(move: Move): Promise<TeamChanged | Refusal>;
  /** The player leaves the old team, and gives what goes with it. `not_found`: it is no member. */
  depart(move: Move): Promise<Departed | Refusal>;
  /** It takes its seat. */
  arrive(move: Move, leaving: Leaving, codes?: readonly BroughtCode[]): Promise<TeamChanged | Refusal>;
  /** Or the seat is free again. */
  giveUpSeat(move: Move): Promise<TeamChanged | Refusal>;
  /**
   * The steps of a merge of two teams, which control drives. Each is safe to repeat, and gives the same again.
   * `mergingOf`: the team that is to be merged.
   */
  mergingOf(team: string): Promise<Merging | Refusal>;
  /** In the other team, for all players of this one; none, unless all fit in. */
  keepSeats(merge: Merge): Promise<TeamChanged | Refusal>;
  /** The team is no more, and gives all that it had. `precondition_failed`: others are in it by now. */
  handOver(merge: Merge): Promise<HandedOver | Refusal>;
  /** The other one has it. */
  takeOver(merge: Merge, handed: HandedOver): Promise<TeamChanged | Refusal>;
  /** Or the seats are free again. */
  giveUpSeats(merge: Merge): Promise<TeamChanged | Refusal>;
  /** The team that this one, or the one that had the join code, was merged into; without `team`: into none. */
  leadsTo(by: { code: string } | { team: string }): Promise<{ team?: string }>;
  /**
   * Judges the log again, from the fact after `after` on; 0 begins. `precondition_failed`: the run is not known, or
   * was of another version, and is to begin from the beginning. Safe to repeat.
   */
  judgeAgain(run: RegradeRun, after: number): Promise<JudgedPart | Refusal>;
  /**
   * A page of teams, from the one at place `from` on, as they are and as they should be by the run; with `regrade`
   * they are made so. `precondition_failed` as above; `conflict`: more of the log is to be judged first. Safe to repeat.
   */
  weigh(run: string, from: number, regrade?: Regrade): Promise<Weighed | Refusal>;
  /** Takes back what the regrade changed, from the facts after `after` on. Safe to repeat. */
  undoRegrade(regrade: Regrade, after: number): Promise<Undone | Refusal>;
  /**
   * Teams by their place in the shard, from `after` on; with `wanted` those it names. `persons` false: not by
   * their players' names and codes, because who asks may not know these.
   */
  teams(after: number, limit: number, wanted?: string, persons?: boolean): Promise<TeamRows | Refusal>;
  /** A page of the threads in this state (undefined: those that wait), the longest wait first. */
  helpQueue(wanted: HelpWanted): Promise<HelpPage | Refusal>;
  /** What the team tried last at a clue, the newest first, whether it sees that or not. */
  triedAt(team: string, clue: string, limit: number): Promise<GuessesPage | Refusal>;
  /** A thread of the team, and what stands beside it. */
  helpBeside(team: string, thread: number): Promise<HelpBeside | Refusal>;
  /** What somebody of the organisers does with a thread. Safe to repeat: a reply's `key` stands for it. */
  helpAct(team: string, thread: number, action: HelpAction, staff: Staff): Promise<HelpAsked | Refusal>;
  /** Teams that try without solving, longest stuck first. */
  stuck(than: { stuckMs: number; activeMs: number; limit: number }): Promise<StuckTeam[] | Refusal>;
  /** The last believable check-ins of players, the newest first. */
  checkins(limit: number): Promise<Checkin[] | Refusal>;
  /** The company's ids of players who have one, by their team's place in the shard, from `after` on. */
  registeredPlayers(after: number): Promise<RegisteredPlayers | Refusal>;
  /** What each of these teams has solved, the first solve first; nothing for one that is not here. */
  solvesOf(teams: readonly string[]): Promise<SolvedClue[][] | Refusal>;
  stats(): Promise<ShardStats | Refusal>;
  /** Durable facts below `below`, the newest first; of a bounded part of the log, so that few or none may be there. */
  facts(wanted: FactsWanted, below: number | undefined, limit: number): Promise<FactsPage | Refusal>;
  /** Wrong answers of the clue, those of most teams first. */
  wrongAnswers(clue: string, limit: number): Promise<WrongGiven[] | Refusal>;
  /** Who gave this wrong answer, as the clue compares it, `limit` of them. */
  gaveWrong(clue: string, answer: string, limit: number): Promise<GaveWrong | Refusal>;
  /** Durable facts after `after`, as the log keeps them, and the gaps between them; an empty list ends the export. */
  exportFacts(after: number): Promise<(Exported | ExportedGap)[]>;
  /** Refolds the whole log and compares it with the state in use. */
  verify(): Promise<RefoldReport>;
  /** What the origin must hold of these teams; `moving`: facts of the team may be on their way. */
  originTeams(teams: string[]): ({ team: OriginTeam; moving: boolean } | null)[];
  /** Replays import lines of this shard's teams, each at its own time. */
  replay(lines: ReplayLine[]): Promise<ReplayResult[] | Refusal>;
  /** Durable segments behind fact `after`; none and no gap: there are no more. */
  backupSegments(after: number): Promise<BackupSegments>;
  /** To which of the shard's teams announcements to brackets went, by announcement. */
  backupTold(): Record<string, string>;
  /** What the winners of these units show; null: the code cannot be made. */
  backupCodes(wins: readonly { prize: string; unit: number }[]): Promise<(string | null)[] | Refusal>;
  /** Takes parts of the backup that is restored under this name. Safe to repeat. */
  restore(attempt: string, parts: readonly RestorePart[]): Promise<PartsTaken | Refusal>;

  // ── The leaderboard ──────────────────────────────────────────────────────

  /** The score facts after `after`, for standings that catch up. */
  scoreFacts(after: number): Promise<ScoreReport>;

  // ── Webhooks ─────────────────────────────────────────────────────────────

  /** What there is to tell a webhook behind the mark; null: since its beginning. The standings have it by then. */
  webhookFacts(wish: WebhookWish, after: WebhookMark | null): Promise<WebhookReport>;

  // ── Roots ────────────────────────────────────────────────────────────────

  /** Hashes of the facts' subtrees, of the first of them if they are many. Throws where the log is not as it was written. */
  subtrees(range: LeafRange): SubtreeHashes;
  /**
   * The fact, and the way from it to the subtree that has it; `unavailable`: the log has a gap there.
   * `team`: of the player who asks, to whom all but its team's play is `forbidden`.
   */
  proveFact(seq: number, subtree: FactsOfSubtree, team?: string): ProvenFact | Refusal;

  // ── The vault ────────────────────────────────────────────────────────────

  /** Records wins that the vault gave and the log may not have yet. Safe to repeat. */
  recordWins(wins: readonly Win[]): Promise<Refusal | undefined>;
  /** Names and codes of wins, one row a win, and what the winner gave in these fields. */
  winners(
    wins: readonly Pick<Win, "prize" | "team" | "player" | "unit">[],
    contact?: readonly string[],
  ): Promise<WinnerRow[] | Refusal>;

  // ── The queue and the origin ─────────────────────────────────────────────

  /** What is kept beside these facts, because it tells who somebody is. */
  persons(first: number, last: number): Persons;
  /** Where push messages go and what they say now, at most `PUSHES_MAX`; null: nobody is to get it any more. */
  pushes(asked: PushAsked[]): Promise<(Pushing | null)[] | Refusal>;
  /** Their push services know these subscriptions no more. Safe to repeat. */
  dropSubscriptions(targets: Pick<PushAsked, "n" | "id">[]): void;
  /** The origin holds these facts. */
  archived(ranges: Range[]): void;
  /** The origin refuses these facts; they are kept as a dead letter. */
  buried(range: Range): void;
  /** The origin is another one, or lost its rows: sends the whole log again. */
  rearchive(): { facts: number };
  /** The newest fact that the log has, where newer ones may be lost of which it does not know; undefined: it knows its end. */
  lostBehind(): number | undefined;
  /** The newest fact that anybody has or has heard of: what the log lacks up to it is a gap. Safe to repeat. */
  endsAt(upto: number): Promise<void>;
  /** Reads the whole log. The facts that it cannot give, because their segment does not check. */
  gaps(): Promise<Range[]>;
  /** Takes what a gap had, as it was logged, if its hash fits; then its teams play on. Safe to repeat. */
  mend(gap: Range, body: string): Promise<boolean>;
  /**
   * Takes bodies of gaps that no hash of the log proves: those whose facts, with what the log has, make the
   * hashes of these subtrees, which roots have. Which of them were taken.
   */
  mendProven(bodies: (Range & { body: string })[], subtrees: ProvenSubtree[]): Promise<boolean[]>;
  /** What of this shard is on its way to the origin: segments of its log, and since when (epoch ms) the oldest waits. */
  backlog(): { segments: number; since?: number };

  /** The hunt is deleted: closes all sockets and erases what is stored. Safe to repeat. */
  erase(): Promise<void>;

  // ── Advice ───────────────────────────────────────────────────────────────

  /** How near the shard is to its limits. */
  load(): ShardLoad;
}
