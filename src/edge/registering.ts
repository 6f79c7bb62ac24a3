/** Packs registrations into messages to the origin: nothing else writes there. */
import { RequestError } from "../errors.ts";
import type { Env } from "../objects/env.ts";
import { REGISTRATIONS_MAX, type Registration } from "../origin/store.ts";

/**
 * A queue message may have 128 KB, a batch of them 256 KB (the platform's limits), bytes; some is left for envelopes,
 * and sealed it has a third more.
 */
const MESSAGE_MAX = 90_000;
const BATCH_MAX = 240_000;

/** The message's text. */
export type Seal = (registrations: Registration[]) => string;

/** Packs registrations into messages, and messages into batches; one batch is under way at a time. */
export class Sender {
  readonly #queue: Env["FACTS"];
  readonly #seal: Seal;
  #registrations: Registration[] = [];
  #messageBytes = 0;
  #batch: string[] = [];
  #batchBytes = 0;

  constructor(queue: Env["FACTS"], seal: Seal) {
    this.#queue = queue;
    this.#seal = seal;
  }

  async add(registration: Registration): Promise<void> {
    const bytes = bytesOf(JSON.stringify(registration)) + 1;
    if (this.#registrations.length >= REGISTRATIONS_MAX || this.#messageBytes + bytes > MESSAGE_MAX) {
      await this.#closeMessage();
    }
    this.#registrations.push(registration);
    this.#messageBytes += bytes;
  }

  async finish(): Promise<void> {
    await this.#closeMessage();
    await this.#send();
  }

  async #closeMessage(): Promise<void> {
    if (this.#registrations.length === 0) return;
    const body = this.#seal(this.#registrations);
    const bytes = bytesOf(body);
    if (this.#batchBytes + bytes > BATCH_MAX) await this.#send();
    this.#batch.push(body);
    this.#batchBytes += bytes;
    this.#registrations = [];
    this.#messageBytes = 0;
  }

  async #send(): Promise<void> {
    if (this.#batch.length === 0) return;
    try {
      await this.#queue.sendBatch(this.#batch.map((body) => ({ body, contentType: "text" })));
    } catch (error) {
      console.warn({ message: "the queue took no registrations", error: String(error) });
      throw new RequestError("unavailable", "the queue takes nothing now: send all lines again");
    }
    this.#batch = [];
    this.#batchBytes = 0;
  }
}

const encoder = new TextEncoder();
const bytesOf = (text: string): number => encoder.encode(text).byteLength;
