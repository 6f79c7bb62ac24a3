/**
 * `DeadLetters` as others may ask it (class: src/queue/dead-letters-object.ts):
 * the dead letters of one hunt, named by its id, and one object for those of no hunt.
 */
// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";

/** A dead letter as it is stored. */
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

/** A letter as organisers see it: its body, which may name players, is not shown. */
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

/** The object with the letters of no hunt; not a slug, so no hunt is called so. */
export const UNATTRIBUTED = "/";

export interface DeadLettersObject extends Rpc.DurableObjectBranded {
  /** Stores a letter; the same message again replaces it. */
  store(letter: DeadLetter): void;
  /** The newest first, a bounded number of them. */
  list(): { letters: ListedLetter[]; total: number };
  /** Sends letters back to the queue; without `ids` all. The result is their number. */
  redrive(ids?: readonly string[]): Promise<number>;
  /** Of the letters of no hunt: drops those that name this one, which is deleted. Safe to repeat. */
  forgetHunt(hunt: string): void;
  /** The hunt is deleted: erases what is stored. Safe to repeat. */
  erase(): Promise<void>;
}
