/**
 * `WebhookOutbox` as others may ask it (class: src/hooks/object.ts): the outbox of one webhook of a hunt. What
 * shards tell it is told once a fact, by a mark for each shard, as to the standings.
 */
// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";
import type { DeliveryState, WebhookType } from "../contract/webhook-types.ts";
import type { Refusal } from "../errors.ts";
import type { Webhook } from "../hunt/compiled.ts";
import type { PhaseState } from "../hunt/phase.ts";
import type { Announcement } from "../protocol.ts";

/** The name of a webhook's object; `hunt` is a slug and holds no slash. */
export const outboxName = (hunt: string, webhook: string): string => `${hunt}/${webhook}`;

/** From control; a higher `revision` replaces a lower one. Times are epoch ms. */
export interface WebhookConfig {
  revision: number;
  version: number;
  hunt: string;
  incarnation?: number;
  /** Id of the key that its secret is derived from. */
  codeKey: string;
  webhook: Webhook;
  /** What happened before is not told. */
  since: number;
  phase: PhaseState;
  opens?: number;
  closes?: number;
  freeze?: number;
  results?: "manual";
  released?: true;
  /** The clue that ends the hunt for a team. */
  finish?: string;
  /** Titles by id. */
  clues: Record<string, string>;
  prizes: Record<string, string>;
  /** Those for everybody, the newest last. */
  announcements: Announcement[];
}

/** What a shard must know of a webhook. */
export interface WebhookWish {
  id: string;
  on: WebhookType[];
  since: number;
}

/** How far the outbox knows a shard: its last fact, and its last request for help. */
export interface WebhookMark {
  seq: number;
  thread: number;
}

/** A fact as far as webhooks are concerned. `at`: epoch ms. */
export interface WebhookFact {
  seq: number;
  at: number;
  team: string;
  /** `concealed`: banned or hidden; `forgotten`: the team bears a person's name no more. */
  what: "joined" | "solved" | "won" | "submitted" | "judged" | "concealed" | "forgotten";
  clue?: string;
  points?: number;
  prize?: string;
  /** The number of its fact. */
  submission?: number;
  /** What led the player here. */
  source?: string;
}

/** A team asks for help. `at`: epoch ms. */
export interface WebhookThread {
  n: number;
  at: number;
  team: string;
  id: string;
  clue?: string;
}

/** What a shard has after `after` and up to `upto`, none left out. */
export interface WebhookReport {
  shard: string;
  after: WebhookMark;
  upto: WebhookMark;
  facts: WebhookFact[];
  threads: WebhookThread[];
  /** There is more behind it by now. */
  more: boolean;
}

/** `pause`: there was no room for it; ask again after so many ms. */
export interface WebhookTaken {
  mark: WebhookMark;
  pause?: number;
}

export interface DeliveryTry {
  /** Epoch ms. */
  at: number;
  /** Of the response; absent: there was none. */
  status?: number;
  error?: string;
  ms: number;
}

export interface StoredDelivery {
  id: string;
  type: string;
  /** When it happened, epoch ms. */
  at: number;
  state: DeliveryState;
  tries: DeliveryTry[];
  /** When it is tried next, epoch ms. */
  due?: number;
  body: string;
  headers: Record<string, string>;
  /** The beginning of the last response. */
  response?: string;
}

export interface OutboxPage {
  disabled: boolean;
  pending: number;
  /** Failed and dead ones that can be delivered again. */
  undelivered: number;
  /** The newest first. */
  deliveries: StoredDelivery[];
}

export interface WebhookOutboxObject extends Rpc.DurableObjectBranded {
  /** Takes a new configuration; an older one changes nothing. */
  configure(config: WebhookConfig): Promise<void>;
  /** How far it knows the shard; one that it never heard of begins at `start`. */
  begin(shard: string, start: WebhookMark): WebhookMark;
  /** Takes what a shard tells; what it knows already changes nothing. */
  report(report: WebhookReport): Promise<WebhookTaken>;
  deliveries(limit: number): OutboxPage;
  /** Sends a test now, and says what came of it. */
  sendTest(): Promise<DeliveryTry | Refusal>;
  /** Delivers again: those of `ids`, else all that failed or are dead. */
  redeliver(ids?: readonly string[]): { redelivered: number } | Refusal;
  /** The webhook or the hunt is no more: erases what is stored. Safe to repeat. */
  erase(): Promise<void>;
}
