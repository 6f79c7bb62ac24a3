/**
 * `HuntControl` as others may ask it (class: src/control/object.ts): the control
 * plane of one hunt, named by the hunt's id. It keeps the definition, the phase,
 * announcements, the list of shards and the audit, and tells the shards of each
 * change before it gives the result. No player's request passes through it.
 */
// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";
import type { Issue, Refusal } from "../errors.ts";
import type { PublicHunt } from "../hunt/compiled.ts";
import type { Phase, PhaseState } from "../hunt/phase.ts";
import type { Announcement, TeamAction } from "../protocol.ts";
import type { VaultConfig } from "./prizes.ts";
import type { ShardConfig } from "./shard.ts";

/** The organiser behind a call, for the audit. */
export interface Actor {
  actor: string;
  request: string;
}

export type PublishResult =
  | { version: number; created: boolean; warnings: Issue[] }
  | (Refusal & { issues?: Issue[] });

export interface AuditEntry {
  /** Epoch ms. */
  at: number;
  /** Subject of the organiser's token. */
  actor: string;
  action: string;
  /** Never holds a secret, an answer or a code. `refused`: the code of the error that an attempt ended in. */
  detail: Record<string, string | number | boolean>;
  /** The `X-Request-Id` it came with. */
  request: string;
}

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
  /** Beside those for everybody: those about these clues; absent: all. */
  clues?: string[];
}

export interface AnnouncementPage {
  announcements: Announcement[];
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
  /** Id of the pepper that answer digests are made with. */
  pepper: string;
  /** SHA-256 of the seed of the prize draws, hex; only of hunts with prizes. */
  drawHash?: string;
  prizes?: PublicPrizeChanges;
}

/** The organisers' changes of the prizes, by id. `at`: epoch ms. */
export type PublicPrizeChanges = Record<string, { added: { units: number; at: number }[]; withdrawn?: true }>;

export interface KeyIds {
  /** Of the pepper that its answers were digested with when it was last published. */
  pepper?: string;
  /** Of the key that made its codes. */
  codeKey?: string;
}

/** A call that changes something gives its result when the change is in force everywhere. */
export interface ControlObject extends Rpc.DurableObjectBranded {
  /** Publishes a definition, or only checks it. `ifMatch`: the version it replaces. */
  publish(
    source: string,
    format: "json" | "yaml",
    options: { dryRun: boolean; ifMatch?: number },
    by: Actor,
  ): Promise<PublishResult>;
  definition(): { version: number; format: "json" | "yaml"; source: string } | Refusal;
  /** The public half of the hunt; also the content of the KV entry. */
  publicEntry(): PublicEntry | Refusal;
  setPhase(to: Exclude<Phase, "draft">, by: Actor): Promise<{ phase: Phase } | Refusal>;
  announce(text: string, clue: string | undefined, by: Actor): Promise<{ id: string; at: number } | Refusal>;
  /** Announcements page by page, the newest first; refuses an unknown `before`. */
  announcements(query: AnnouncementQuery): AnnouncementPage | Refusal;
  /** Raises the number of active shards per region; new teams land on the new ones. */
  grow(shardsPerRegion: number, by: Actor): Promise<{ shardsPerRegion: number } | Refusal>;
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
  /** The seed of the draws, once nobody can claim any more. */
  drawSeed(): { seed: string } | Refusal;
  /** Carries out an action on a team. Not idempotent: an award sent twice counts twice. */
  actOnTeam(team: string, action: TeamAction, by: Actor): Promise<{ score: number } | Refusal>;
  /** Takes a win back, and says whose it was. Safe to repeat. */
  revoke(prize: string, unit: number, reason: string, by: Actor): Promise<{ team: string } | Refusal>;
  /** Sends the logs of all shards to the origin again. Safe to repeat. */
  rearchive(reason: string, by: Actor): Promise<{ facts: number } | Refusal>;
  /** Sends the hunt's dead letters to the origin again; without `ids` all. Safe to repeat. */
  redrive(ids: readonly string[] | undefined, by: Actor): Promise<{ redriven: number } | Refusal>;
  /** Opens the door for an import whose first line is at `firstAt`, epoch ms. */
  beginImport(firstAt: number, by: Actor): Promise<{ shardsPerRegion: number } | Refusal>;
  /** Ids of the keys that the hunt was made with; empty of one that was never published. */
  keyIds(): Promise<KeyIds>;
  /** The codes to print, one a scan clue. */
  codes(): { clue: string; title: string; code: string }[] | Refusal;
  /** A shard's first contact: it is listed before it gets the configuration. */
  attach(shard: string): ShardConfig | Refusal;
  /** The shards that took part so far. */
  shards(): string[];
  /** A page of the audit: the newest entries, or those before the one that `before` names. */
  audit(before: number | undefined, limit: number): AuditPage;
  /**
   * Records a reading of what is secret or personal: one line for a person, a reading and an hour.
   * `at`: epoch ms by the caller's clock, so that both mean the same hour.
   */
  recordReading(reading: ReadingOf, by: Actor, at: number): Refusal | undefined;
}
