/**
 * `HuntControl` as others may ask it (class: src/control/object.ts): the control
 * plane of one hunt, named by the hunt's id. It keeps the definition, the phase,
 * announcements, the list of shards and the audit, and tells the shards of each
 * change before it gives the result. No player's request passes through it.
 */
// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";
import type { StoredContent } from "../assets/content.ts";
import type { AuditAction } from "../contract/audit-actions.ts";
import type { BackupAnnouncement } from "../contract/backup.ts";
import type { Preview, PreviewBody } from "../contract/preview.ts";
import type { Effects } from "../contract/regrade.ts";
import type { WebhookShape, WebhookType } from "../contract/webhook-types.ts";
import type { Issue, Refusal } from "../errors.ts";
import type { PublicHunt } from "../hunt/compiled.ts";
import type { Phase, PhaseState } from "../hunt/phase.ts";
import type { LoadFigures } from "../placement/loads.ts";
import type { Announcement, TeamAction, TeamChange } from "../protocol.ts";
import type { AssetUse, StoredAsset } from "./assets.ts";
import type { BackupHead, BackupPage, RestoreHead } from "./backup.ts";
import type { BoardConfig } from "./leaderboard.ts";
import type { VaultConfig } from "./prizes.ts";
import type { Rehearsal } from "./rehearsal.ts";
import type {
  HelpAction,
  HelpAsked,
  JudgeAction,
  Organised,
  SentSubmission,
  ShardConfig,
  TeamChanged,
} from "./shard.ts";
import type { DeliveryTry, WebhookConfig } from "./webhooks.ts";

/** The organiser behind a call, for the audit. */
export interface Actor {
  actor: string;
  request: string;
}

export interface PublishOptions {
  dryRun: boolean;
  /** The version it replaces. */
  ifMatch?: number;
  /** A `closes` that is past ends the running hunt; without it such a definition is refused. */
  endNow?: boolean;
  /** Of a dry run: what the version would change, if the log were judged by it. */
  effects?: boolean;
}

export type PublishResult =
  | { version: number; created: boolean; warnings: Issue[]; effects?: Effects }
  | (Refusal & { issues?: Issue[] });

/** That a rehearsal is there, or why not. */
export type Rehearsed = { version: number } | (Refusal & { issues?: Issue[] });

export interface AuditEntry {
  /** Epoch ms. */
  at: number;
  /** Subject of the organiser's token. */
  actor: string;
  action: AuditAction;
  /** Never holds a secret, an answer or a code. `refused`: the code of the error that an attempt ended in. */
  detail: Record<string, string | number | boolean>;
  /** The `X-Request-Id` it came with. */
  request: string;
}

/** What is wanted of a clue. `dryRun`: only what it would move. */
export interface ClueWish {
  withdrawn: boolean;
  void?: boolean;
  reason: string;
  dryRun: boolean;
}

/** A clue as it is then, and what that moves. */
export interface ClueChanged {
  clue: string;
  withdrawn: boolean;
  void?: true;
  effects: Effects;
}

/** What a regrade changed; without an `id` nothing. */
export type Regraded = Effects & { id?: string };

/** What an organiser says to a wrong answer. `tell`: what the teams that gave it are told; absent: nothing. */
export interface NudgeWish {
  clue: string;
  answer: string;
  say: string;
  tell?: string;
  dryRun: boolean;
  reason: string;
}

/** The version that has the nudge, the teams concerned, and of how many in all. */
export interface Nudged {
  clue: string;
  version: number;
  teams: string[];
  total: number;
  /** Of a dry run: what the new definition would move. */
  effects?: Effects;
  /** Teams that have not got their tries back. */
  failed?: string[];
  announcement?: string;
}

/** The team that another one was merged into. */
export type MergedInto = Pick<TeamChanged, "team">;

export interface AuditPage {
  /** The newest first. */
  entries: AuditEntry[];
  /** Names the last of them, where older ones follow. */
  next?: number;
}

export interface AnnouncementQuery {
  /** The announcement that the page ends before; absent: it begins with the newest. */
  before?: string;
  limit: number;
  /** Of a player: the clues that its team sees. Absent: an organiser asks, who is told all. */
  clues?: string[];
  /** The player's team, the clues that it solved, and which of those that went to a bracket went to it. */
  team?: string;
  solved?: string[];
  to?: string[];
}

/** An announcement as an organiser writes it. `at`: when it is sent, epoch ms; past or absent: now. */
export interface NewAnnouncement extends Pick<Announcement, "text" | "clue" | "to" | "erratum"> {
  at?: number;
}

export interface AnnouncementPage {
  /** Of an organiser's page: those are `scheduled` that are not sent yet. */
  announcements: (Announcement & { scheduled?: true })[];
  /** Older ones follow. */
  more: boolean;
}

/** A reading of secrets or personal data: what was read, as the audit names it. */
export type ReadingOf = Pick<AuditEntry, "action" | "detail">;

/** The public half of a hunt, as control publishes it. */
export interface PublicEntry {
  v: 1;
  hunt: PublicHunt;
  version: number;
  revision: number;
  phase: PhaseState;
  shardsPerRegion: number;
  /** Absent: the hunt may have names that were reserved under the folding of engines before (`HuntState.begun`). */
  begun?: 2;
  /** Which of the hunts that had this id (incarnation.ts). Absent: 0. */
  incarnation?: number;
  /** Organisers' tokens that name the hunt and are of before are void here, seconds since the epoch. */
  voidBefore?: number;
  rehearsal?: Rehearsal;
  /** The hunt was restored from a backup: its join codes may have been made with the keys of another engine. */
  restored?: true;
  /** Id of the pepper that answer digests are made with. */
  pepper: string;
  /** SHA-256 of the seed of the prize draws, hex; only of hunts with prizes. */
  drawHash?: string;
  prizes?: PublicPrizeChanges;
}

/** The organisers' changes of the prizes, by id. `at`: epoch ms. */
export type PublicPrizeChanges = Record<string, { added: { units: number; at: number }[]; withdrawn?: true }>;

/** What became of the gaps of a hunt's logs. */
export interface RepairReport {
  /** Gaps that are closed. */
  repaired: number;
  /** Facts that they had. */
  facts: number;
  /** Those that stay, and why; without `first` and `last` a shard that could not be asked. */
  left: { shard: string; first?: number; last?: number; why: string }[];
}

/** The hunt as whoever watches its limits sees it. */
export interface Course {
  phase: Phase;
  /** When it goes live by itself, epoch ms. */
  opens?: number;
  shardsPerRegion: number;
  /** The shards that took part so far. */
  shards: string[];
}

export interface KeyIds {
  /** Of the pepper that its answers were digested with when it was last published. */
  pepper?: string;
  /** Of the key that made its codes. */
  codeKey?: string;
}

/** A hunt that is being deleted. */
export interface Sealed {
  incarnation: number;
  /** The shards that took part. */
  shards: string[];
  /** Its webhooks; absent: an earlier engine sealed it. */
  webhooks?: string[];
  /** The hunt is a rehearsal: nothing of it was ever outside of the engine. */
  isRehearsal?: true;
  /** The id of its own rehearsal, which goes with it and may be gone already. */
  rehearsedAs?: string;
}

/** A clue to be shown, and a try at it. */
export interface PreviewWish extends Omit<PreviewBody, "definition"> {
  source: string;
  format: "json" | "yaml";
}

/** A webhook as organisers see it; its address may hold a secret. */
export interface WebhookInUse {
  id: string;
  host: string;
  as: WebhookShape;
  on: WebhookType[];
}

/** A rehearsal as an organiser asks for it. */
export interface RehearsalWish {
  /** The id that it gets. */
  hunt: string;
  /** What time it is there, epoch ms; absent: what time it is. */
  at?: number;
  /** A definition instead of the published one. */
  definition?: { source: string; format: "json" | "yaml" };
}

/** What a rehearsal is made of, as the control of the hunt that it rehearses gives it. */
export interface RehearsalMade extends Rehearsal {
  source: string;
  format: "json" | "yaml";
  /** It was published before, maybe under looser rules. */
  isPublished: boolean;
  /** The files that it may name, which are copied. */
  files: StoredAsset[];
  /** By which the codes were made. */
  codeKey: string;
  begun?: 2;
  incarnation?: number;
  /** Codes that the hunt brought along when it was restored, by clue. */
  codes?: Record<string, string>;
}

/** A restoration that has begun: `attempt` names it in each of its calls. */
export interface RestoreBegun {
  attempt: string;
  /** The shards that the hunt may have facts in. */
  shards: string[];
  entry: PublicEntry;
}

/** Lines that control takes. */
export interface RestoredLines {
  announcements?: readonly BackupAnnouncement[];
  audit?: readonly AuditEntry[];
}

/** A call that changes something gives its result when the change is in force everywhere. */
export interface ControlObject extends Rpc.DurableObjectBranded {
  /** Publishes a definition, or only checks it. `ifMatch`: the version it replaces. */
  publish(
    source: string,
    format: "json" | "yaml",
    options: PublishOptions,
    by: Actor,
  ): Promise<PublishResult>;
  /** Shows a clue of a definition that need not be published, and says what a try at it would come to. Stores nothing. */
  preview(wish: PreviewWish): Preview | (Refusal & { issues?: Issue[] });
  /** The files of the hunt by name; those of a hunt that was not published yet as well. */
  assets(): (StoredAsset & { usedIn: AssetUse[] })[];
  asset(name: string): StoredAsset | undefined;
  /** A content is on its way to the bucket; `uploadId`: in parts, from now on. */
  beginAsset(name: string, key: string, uploadId?: string): Refusal | undefined;
  /** The content is in the bucket, and from now on the file's. `created`: there was none of this name. */
  storeAsset(name: string, content: StoredContent, by: Actor): Promise<{ created: boolean } | Refusal>;
  /** The content will not come. */
  cancelAsset(key: string): Promise<void>;
  /** Refuses while the published version names it. */
  removeAsset(name: string, by: Actor): Promise<Refusal | { removed: true }>;
  /** The hunt is being deleted: ends uploads that are under way. */
  abortAssets(): Promise<void>;
  definition(): { version: number; format: "json" | "yaml"; source: string } | Refusal;
  /** What this engine's rules would refuse of the definition in use, which was published before them. */
  tolerated(): Issue[];
  /**
   * The public half of the hunt; also the content of the KV entry. `isLost`: KV has none
   * that counts, so it is written again, lest every isolate asks here for ever.
   */
  publicEntry(isLost?: boolean): PublicEntry | Refusal;
  setPhase(to: Exclude<Phase, "draft">, by: Actor): Promise<{ phase: Phase } | Refusal>;
  /** A hunt that has ended goes on; a freeze holds again, and a release is void. Refused once it is final or its draws' seed was told. */
  reopen(reason: string, by: Actor): Promise<{ phase: Phase } | Refusal>;
  /** Releases the results of a hunt that has ended and holds them back. Safe to repeat. */
  release(by: Actor): Promise<{ released: true } | Refusal>;
  /** A nudge for a wrong answer: a version that has it, tries back, and word to the teams concerned; or what that would do. */
  nudge(wish: NudgeWish, by: Actor): Promise<Nudged | Refusal>;
  announce(announcement: NewAnnouncement, by: Actor): Promise<{ id: string; at: number } | Refusal>;
  /** Gives an announcement another text, also one that is not sent yet. */
  editAnnouncement(id: string, text: string, reason: string, by: Actor): Promise<Announcement | Refusal>;
  /** Takes an announcement back, or one that is not sent yet. */
  removeAnnouncement(id: string, reason: string, by: Actor): Promise<{ removed: true } | Refusal>;
  /** Announcements page by page, the newest first; refuses an unknown `before`. */
  announcements(query: AnnouncementQuery): AnnouncementPage | Refusal;
  /** Raises the number of active shards per region; new teams land on the new ones. */
  grow(shardsPerRegion: number, by: Actor): Promise<{ shardsPerRegion: number } | Refusal>;
  /** From the leaderboard: shards are crowded. Adds shards for new teams where that helps, up to SHARDS_MAX. Safe to repeat. */
  crowded(figures: LoadFigures): Promise<{ shardsPerRegion: number } | Refusal>;
  /** Adds units to a prize; the vault knows of them before the result. */
  addStock(
    prize: string,
    units: number,
    codes: string[] | undefined,
    reason: string,
    by: Actor,
  ): Promise<{ stock: number } | Refusal>;
  /** Takes a prize out of the hunt, or puts it back. */
  withdraw(
    prize: string,
    withdrawn: boolean,
    reason: string,
    by: Actor,
  ): Promise<{ stock: number } | Refusal>;
  /** The vault's configuration. */
  vaultConfig(): VaultConfig | Refusal;
  /** The leaderboard's: for one whose own copy is not as it was written. */
  boardConfig(): BoardConfig | Refusal;
  /** A webhook's: for an outbox whose own copy is not as it was written. */
  webhookConfig(id: string): WebhookConfig | Refusal;
  /** The titles of all clues, in the definition's order. */
  clueTitles(): string[] | Refusal;
  /** The webhooks in use. */
  webhooks(): WebhookInUse[] | Refusal;
  /** The secret of a webhook, or of the sign-up feed (`REGISTRATIONS`). */
  webhookSecret(id: string): { secret: string } | Refusal;
  /** Has a webhook send a test. Not repeated: each time one is sent. */
  testWebhook(id: string, by: Actor): Promise<DeliveryTry | Refusal>;
  /** Has a webhook deliver again: those of `ids`, else all that failed or are dead. */
  redeliver(id: string, ids: string[] | undefined, by: Actor): Promise<{ redelivered: number } | Refusal>;
  /** The seed of the draws, once nobody can claim any more. */
  drawSeed(): { seed: string } | Refusal;
  /** Carries out an action on a team. Not idempotent: an award sent twice counts twice. */
  actOnTeam(team: string, action: TeamAction, by: Actor): Promise<Organised | Refusal>;
  /** Voids all that a member signs in with, and says its new return code. Each time anew. */
  returnMember(
    team: string,
    player: string,
    reason: string,
    by: Actor,
  ): Promise<{ returnCode: string } | Refusal>;
  /** Changes a team, or who is in it, by an organiser's hand. Safe to repeat. */
  changeTeam(team: string, change: TeamChange, reason: string, by: Actor): Promise<TeamChanged | Refusal>;
  /** Forgets a player of the team, also one who left. Safe to repeat. */
  forget(team: string, player: string, reason: string, by: Actor): Promise<{ done: true } | Refusal>;
  /**
   * Moves a player to another team, and says that team. A refusal that passes: it may be moved yet, or the move is
   * undone. Safe to repeat.
   */
  movePlayer(
    team: string,
    player: string,
    to: string,
    reason: string,
    by: Actor,
  ): Promise<TeamChanged | Refusal>;
  /**
   * Merges the team into another one, and says that one. A refusal that passes: it may be merged yet, or the merge
   * is undone. Safe to repeat.
   */
  mergeTeams(team: string, into: string, reason: string, by: Actor): Promise<MergedInto | Refusal>;
  /**
   * Judges the log again by the present definition, and makes the teams' solves those that count by it, or with
   * `dryRun` only says what that would change. Sent again it changes nothing more.
   */
  regrade(asked: { dryRun: boolean; reason?: string }, by: Actor): Promise<Regraded | Refusal>;
  /** Takes back what a regrade changed; `conflict` while a later one stands. */
  undoRegrade(id: string, reason: string, by: Actor): Promise<{ teams: number } | Refusal>;
  /** Takes a clue out of play, with `void` out of the count as well, or puts it back. Safe to repeat. */
  changeClue(clue: string, wish: ClueWish, by: Actor): Promise<ClueChanged | Refusal>;
  /** Records that an organiser makes so many teams before anybody comes. */
  noteTeams(teams: number, by: Actor): { noted: true } | Refusal;
  /** What an organiser does with a team's thread of the help desk. Safe to repeat: a reply's `key` stands for it. */
  help(
    team: string,
    thread: number,
    action: HelpAction,
    mayRelease: boolean,
    by: Actor,
  ): Promise<HelpAsked | Refusal>;
  /** What a judge does with a submission of the team. Safe to repeat. */
  judge(
    team: string,
    submission: number,
    action: JudgeAction,
    mayRelease: boolean,
    by: Actor,
  ): Promise<{ submission: SentSubmission } | Refusal>;
  /** Records that an organiser looks as the team, and says in which of the hunts that had this id. */
  noteView(team: string, reason: string, by: Actor): { incarnation: number } | Refusal;
  /** Makes the hunt's rehearsal anew; the earlier one, and all of it, is gone by then. */
  rehearse(wish: RehearsalWish, by: Actor): Promise<Rehearsed>;
  /** Removes the hunt's rehearsal, of which nothing is left then, and says its id. `not_found`: it has none. */
  endRehearsal(by: Actor): Promise<{ was: string } | Refusal>;
  /** From the control of the hunt that it rehearses: becomes that rehearsal. */
  beginRehearsal(made: RehearsalMade, by: Actor): Promise<Rehearsed>;
  /** Takes a win back, and says whose it was. Safe to repeat. */
  revoke(prize: string, unit: number, reason: string, by: Actor): Promise<{ team: string } | Refusal>;
  /** Sends the logs of all shards to the origin again. Safe to repeat. */
  rearchive(reason: string, by: Actor): Promise<{ facts: number } | Refusal>;
  /** Closes the gaps of the shards' logs from the origin's archive, as far as that fits. Safe to repeat. */
  repair(reason: string, by: Actor): Promise<RepairReport | Refusal>;
  /** Sends the hunt's dead letters to the origin again; without `ids` all. Safe to repeat. */
  redrive(ids: readonly string[] | undefined, by: Actor): Promise<{ redriven: number } | Refusal>;
  /** Opens the door for an import whose first line is at `firstAt`, epoch ms. */
  beginImport(firstAt: number, by: Actor): Promise<{ shardsPerRegion: number } | Refusal>;
  /**
   * What the control plane has of the hunt, for a backup. Refuses while something is under way that several shards take
   * part in: they are read one after the other.
   */
  backup(): BackupHead | Refusal;
  /** Changes when something was under way since that several shards take part in. */
  backupMark(): string;
  backupAnnouncements(after: number): BackupPage<BackupAnnouncement>;
  backupAudit(after: number): BackupPage<AuditEntry>;
  /** Begins to restore the hunt from a backup: what half a restoration left is gone. Refuses where there is a hunt in use. */
  beginRestore(head: RestoreHead, by: Actor): Promise<RestoreBegun | (Refusal & { issues?: Issue[] })>;
  /** Takes lines of the backup, in order. Not repeated: a line taken twice is there twice. */
  restore(attempt: string, lines: RestoredLines): Refusal | undefined;
  /** All of the backup is there: from now on the hunt is in use. Safe to repeat. */
  finishRestore(
    attempt: string,
    facts: number,
    by: Actor,
  ): Promise<{ phase: Phase; version: number } | Refusal>;
  /** Ids of the keys that the hunt was made with; empty of one that was never published. */
  keyIds(): Promise<KeyIds>;
  /** The codes to print, one a scan clue. */
  codes(): { clue: string; title: string; code: string }[] | Refusal;
  /** A shard's first contact: it is listed before it gets the configuration. */
  attach(shard: string): ShardConfig | Refusal;
  /** The shards that took part so far. */
  shards(): string[];
  /** Where the hunt stands and how wide it is; undefined: it was never published. */
  course(): Course | undefined;
  /**
   * The hunt is being deleted: from now on it does not exist for anybody but the directory. Refuses
   * while it is live or paused, unless it is a rehearsal. `rehearsalOf`: refuses what is no rehearsal of that
   * hunt. Safe to repeat.
   */
  seal(rehearsalOf?: string): Sealed | Refusal;
  /** The last step of a deletion. Refuses a hunt that is not sealed. Safe to repeat. */
  erase(): Promise<Refusal | undefined>;
  /** A page of the audit: the newest entries, or those before the one that `before` names. */
  audit(before: number | undefined, limit: number): AuditPage;
  /**
   * Records a reading of what is secret or personal: one line for a person, a reading and an hour.
   * `at`: epoch ms by the caller's clock, so that both mean the same hour.
   */
  recordReading(reading: ReadingOf, by: Actor, at: number): Refusal | undefined;
}
