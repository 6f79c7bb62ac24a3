/**
 * A queue between a test and a consumer that does what the real one may do and
 * the local simulator never does: it repeats, reorders, delays and loses
 * messages, by seed, in virtual time.
 *
 *   const queue = new FaultyQueue((batch) => consume(batch, deps), { seed, copies: 3, reorder: 1 });
 *   queue.send(message);
 *   await queue.drain();
 *   expect(queue.counts.repeated).toBeGreaterThan(0);
 *
 * As Cloudflare Queues: the first ack or retry call on a message wins, also
 * over ackAll and retryAll; a consumer that throws has all messages retried
 * that it did not settle; one that returns has them acknowledged; a message
 * that failed `maxRetries + 1` times goes to the dead letters.
 */
import type { Message, MessageBatch, QueueRetryOptions } from "@cloudflare/workers-types";
import { chance } from "../../scripts/lab/measure/chance.ts";

/** Batches in one drain before it is taken for endless. */
const BATCHES_MAX = 100_000;

/** What it resolves with is not looked at. */
export type Consumer = (batch: MessageBatch<unknown>) => Promise<unknown>;

export interface QueueOptions {
  name?: string;
  /** Most messages in a batch; default 10. */
  maxBatchSize?: number;
  /** Default 3. */
  maxRetries?: number;
  /** Before a redelivery without a delay of its own, seconds; default 0. */
  retryDelay?: number;
  /** Batches delivered at the same time; default 1. */
  concurrency?: number;
  /** Virtual time at the start, epoch ms. */
  now?: number;

  /** Default 1. */
  seed?: number;
  /** Every message sent waits so many times, under one id; default 1. */
  copies?: number;
  /** Chance that an acknowledgement is lost and the message comes again. */
  repeat?: number;
  /** Chance for each place in a batch that any due message takes it, not the oldest. */
  reorder?: number;
  /** Chance that a message waits longer, up to `delayMax` seconds (default 60). */
  delay?: number;
  delayMax?: number;
  /** Chance that a message is lost after it was accepted. */
  drop?: number;
}

export interface DeadLetter {
  id: string;
  body: unknown;
  attempts: number;
}

/** How often each thing happened, to messages unless said otherwise. */
export interface QueueCounts {
  sent: number;
  batches: number;
  /** Deliveries: one message delivered twice counts twice. */
  delivered: number;
  acked: number;
  retried: number;
  dead: number;
  /** Batches whose consumer threw. */
  threw: number;
  /** ack or retry calls that came when the message was already settled. */
  ignored: number;
  /** Faults: extra copies made, acknowledgements lost. */
  copied: number;
  repeated: number;
  /** Deliveries before a message that was due earlier. */
  reordered: number;
  delayed: number;
  dropped: number;
}

interface Waiting {
  id: string;
  body: unknown;
  sentAt: number;
  /** Delivered no earlier, epoch ms. */
  due: number;
  /** Deliveries that failed so far. */
  failed: number;
  /** Deliveries so far. */
  deliveries: number;
  /** For a stable order of what is due at the same time. */
  place: number;
}

type Verdict = { kind: "ack" } | { kind: "retry"; delay: number | undefined };

export class FaultyQueue {
  readonly deadLetters: DeadLetter[] = [];
  /** Bodies that were lost. */
  readonly lost: unknown[] = [];
  readonly counts: QueueCounts = {
    sent: 0,
    batches: 0,
    delivered: 0,
    acked: 0,
    retried: 0,
    dead: 0,
    threw: 0,
    ignored: 0,
    copied: 0,
    repeated: 0,
    reordered: 0,
    delayed: 0,
    dropped: 0,
  };
  readonly #consumer: Consumer;
  readonly #options: Required<QueueOptions>;
  readonly #random: () => number;
  readonly #waiting: Waiting[] = [];
  #now: number;
  #placed = 0;

  constructor(consumer: Consumer, options: QueueOptions = {}) {
    this.#consumer = consumer;
    this.#options = {
      name: "faulty",
      maxBatchSize: 10,
      maxRetries: 3,
      retryDelay: 0,
      concurrency: 1,
      now: Date.UTC(2026, 0, 1),
      seed: 1,
      copies: 1,
      repeat: 0,
      reorder: 0,
      delay: 0,
      delayMax: 60,
      drop: 0,
      ...options,
    };
    this.#random = chance(this.#options.seed);
    this.#now = this.#options.now;
  }

  /** Virtual time, epoch ms: for a consumer that needs a clock. */
  get now(): number {
    return this.#now;
  }

  /** Messages that wait, due or not. */
  get backlog(): number {
    return this.#waiting.length;
  }

  send(body: unknown, { delaySeconds = 0 }: { delaySeconds?: number } = {}): void {
    this.counts.sent += 1;
    if (this.#happens(this.#options.drop)) {
      this.counts.dropped += 1;
      this.lost.push(body);
      return;
    }
    const id = `m${this.counts.sent}`;
    for (let copy = 0; copy < this.#options.copies; copy += 1) {
      if (copy > 0) this.counts.copied += 1;
      this.#put(
        { id, body: structuredClone(body), sentAt: this.#now, due: 0, failed: 0, deliveries: 0, place: 0 },
        delaySeconds,
      );
    }
  }

  sendBatch(messages: Iterable<{ body: unknown; delaySeconds?: number }>): void {
    for (const { body, ...options } of messages) this.send(body, options);
  }

  /** Sends the dead letters again, as a redrive does. */
  redrive(): void {
    for (const { body } of this.deadLetters.splice(0)) this.send(body);
  }

  /** Delivers what is due within the next seconds of virtual time, which pass. */
  async advance(seconds: number): Promise<void> {
    const end = this.#now + seconds * 1_000;
    await this.#deliverUntil(end);
    this.#now = end;
  }

  /** Delivers until nothing waits any more; virtual time jumps to what is due next. */
  drain(): Promise<void> {
    return this.#deliverUntil(Number.POSITIVE_INFINITY);
  }

  async #deliverUntil(end: number): Promise<void> {
    const { concurrency, seed } = this.#options;
    for (let batches = 0; ; batches += 1) {
      const next = this.#waiting.reduce(
        (due, message) => Math.min(due, message.due),
        Number.POSITIVE_INFINITY,
      );
      if (next > end || next === Number.POSITIVE_INFINITY) return;
      if (batches >= BATCHES_MAX)
        throw new Error(`the queue does not drain: ${this.backlog} messages wait (seed ${seed})`);
      this.#now = Math.max(this.#now, next);
      const taken: Waiting[][] = [];
      while (taken.length < concurrency) {
        const batch = this.#take();
        if (batch.length === 0) break;
        taken.push(batch);
      }
      await Promise.all(taken.map((batch) => this.#deliver(batch)));
    }
  }

  /** Takes the next batch out of what is due. */
  #take(): Waiting[] {
    const due = this.#waiting
      .filter((message) => message.due <= this.#now)
      .sort((a, b) => a.due - b.due || a.place - b.place);
    const batch: Waiting[] = [];
    while (due.length > 0 && batch.length < this.#options.maxBatchSize) {
      const index = this.#happens(this.#options.reorder) ? Math.floor(this.#random() * due.length) : 0;
      const [message] = due.splice(index, 1);
      if (!message) break;
      if (index > 0) this.counts.reordered += 1;
      this.#waiting.splice(this.#waiting.indexOf(message), 1);
      batch.push(message);
    }
    return batch;
  }

  async #deliver(taken: Waiting[]): Promise<void> {
    this.counts.batches += 1;
    this.counts.delivered += taken.length;
    for (const message of taken) message.deliveries += 1;
    const batch = new Batch(this.#options.name, taken, this.backlog);
    let threw = false;
    try {
      await this.#consumer(batch);
    } catch {
      threw = true; // as on the platform: the messages tell of it, by coming again
      this.counts.threw += 1;
    }
    const verdicts = batch.settle(threw);
    this.counts.ignored += batch.ignored;
    for (const message of taken) {
      const verdict = verdicts.get(message);
      if (verdict?.kind === "retry") this.#retry(message, verdict.delay);
      else this.#ack(message);
    }
  }

  #ack(message: Waiting): void {
    if (this.#happens(this.#options.repeat)) {
      this.counts.repeated += 1;
      this.#put(message, 0);
    } else this.counts.acked += 1;
  }

  #retry(message: Waiting, delay: number | undefined): void {
    message.failed += 1;
    if (message.failed > this.#options.maxRetries) {
      this.counts.dead += 1;
      this.deadLetters.push({ id: message.id, body: message.body, attempts: message.deliveries });
    } else {
      this.counts.retried += 1;
      this.#put(message, delay ?? this.#options.retryDelay);
    }
  }

  #put(message: Waiting, delaySeconds: number): void {
    let delay = delaySeconds * 1_000;
    if (this.#happens(this.#options.delay)) {
      this.counts.delayed += 1;
      delay += this.#random() * this.#options.delayMax * 1_000;
    }
    message.due = this.#now + Math.ceil(delay);
    message.place = this.#placed;
    this.#placed += 1;
    this.#waiting.push(message);
  }

  /** Draws only for faults that are on, so that each has the same course whatever else is off. */
  #happens(chance: number): boolean {
    return chance > 0 && this.#random() < chance;
  }
}

/** A batch as the consumer sees it, and what it said of each message. */
class Batch implements MessageBatch<unknown> {
  readonly queue: string;
  readonly messages: readonly Message<unknown>[];
  readonly metadata: MessageBatch["metadata"];
  ignored = 0;
  readonly #taken: readonly Waiting[];
  readonly #verdicts = new Map<Waiting, Verdict>();
  #forAll: Verdict | undefined;
  #over = false;

  constructor(queue: string, taken: readonly Waiting[], backlog: number) {
    this.queue = queue;
    this.#taken = taken;
    this.metadata = { metrics: { backlogCount: backlog, backlogBytes: 0 } };
    this.messages = taken.map((message) => ({
      id: message.id,
      timestamp: new Date(message.sentAt),
      body: structuredClone(message.body), // a consumer that changes it must not be seen by the next
      attempts: message.deliveries,
      ack: () => this.#say(message, { kind: "ack" }),
      retry: (options?: QueueRetryOptions) =>
        this.#say(message, { kind: "retry", delay: options?.delaySeconds }),
    }));
  }

  ackAll(): void {
    this.#sayAll({ kind: "ack" });
  }

  retryAll(options?: QueueRetryOptions): void {
    this.#sayAll({ kind: "retry", delay: options?.delaySeconds });
  }

  /** The consumer is over: nothing it says counts from here on. */
  settle(threw: boolean): ReadonlyMap<Waiting, Verdict> {
    this.#over = true;
    const unsaid: Verdict = this.#forAll ?? (threw ? { kind: "retry", delay: undefined } : { kind: "ack" });
    return new Map(this.#taken.map((message) => [message, this.#verdicts.get(message) ?? unsaid]));
  }

  #say(message: Waiting, verdict: Verdict): void {
    if (this.#over || this.#forAll || this.#verdicts.has(message)) this.ignored += 1;
    else this.#verdicts.set(message, verdict);
  }

  #sayAll(verdict: Verdict): void {
    if (this.#over || this.#forAll) this.ignored += 1;
    else this.#forAll = verdict;
  }
}
