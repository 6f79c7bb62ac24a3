/**
 * `DeadLetters` as others may ask it (class: src/queue/dead-letters-object.ts):
 * the dead letters of one hunt, named by its id, and one object for those of no hunt.
 */
// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";

/** A dead letter as it is kept. */
export interface DeadLetter {
  /** The same message gives the same id, however often it dies. */
  id: string;
  /** Epoch ms. */
  at: number;
  error: string;
  attempts: number;
  /** Of a message of facts. */
  shard?: string;
  first?: number;
  last?: number;
  /** JSON text as it travels in the queue. */
  body: string;
}

/** A letter as organisers see it: what it says of players stays in the log. */
export interface ListedLetter {
  id: string;
  at: number;
  error: string;
  attempts: number;
  deaths: number;
  shard?: string;
  first?: number;
  last?: number;
}

/** The object that keeps what belongs to no hunt; not a slug, so no hunt is called so. */
export const UNATTRIBUTED = "/";

export interface DeadLettersObject extends Rpc.DurableObjectBranded {
  /** Keeps a letter; the same message again replaces it. */
  store(letter: DeadLetter): void;
  /** The newest first, a bounded number of them. */
  list(): { letters: ListedLetter[]; total: number };
  /** Sends letters back to the queue; without `ids` all. The result is their number. */
  redrive(ids?: readonly string[]): Promise<number>;
}
