/**
 * The messages that a shard has handed to the queue and the origin has not
 * acknowledged: how many may be under way, and which must be sent again. PURE.
 */
import type { Range } from "../protocol.ts";

/** Longest wait before a message is sent again, as a multiple of `resendAfter`. */
const RESEND_BACKOFF_MAX = 4;

/** Messages under way at first after a start: nothing is known of the origin yet. */
const WINDOW_START = 8;

/** A message under way. */
export interface Sent extends Range {
  /** When it was last sent, epoch ms. */
  at: number;
  /** How often it was sent. */
  tries: number;
}

export interface FlightLimits {
  /** Messages under way at most. */
  window: number;
  /** How long a message may stay unacknowledged before it is sent again, ms; doubles with each try. */
  resendAfter: number;
}

export class Flight {
  readonly #limits: FlightLimits;
  /** Everything up to here is in the origin, or a dead letter, for certain. */
  #settled: number;
  /** Everything up to here was handed to the queue. */
  #shipped: number;
  /** Unacknowledged messages, in the order of their facts. */
  #sent: Sent[] = [];
  /** Settled ranges beyond the watermark, because messages come in any order; disjoint, in order. */
  #ahead: Range[] = [];
  /** Messages that may be under way: doubles with every acknowledgement up to the window; one after a silence. */
  #allowed: number;
  /** When the origin last acknowledged anything, or the first message went out after none was under way; epoch ms. */
  #heardAt = 0;
  /** Probes sent since the origin went silent, and the earliest time of the next, epoch ms. */
  #probes = 0;
  #quietUntil = 0;

  constructor(settled: number, limits: FlightLimits) {
    this.#settled = settled;
    this.#shipped = settled;
    this.#limits = limits;
    this.#allowed = Math.min(WINDOW_START, limits.window);
  }

  get settled(): number {
    return this.#settled;
  }

  get shipped(): number {
    return this.#shipped;
  }

  /** Messages that may be sent in addition to those under way. */
  get room(): number {
    return Math.max(0, this.#allowed - this.#sent.length);
  }

  /** A new message was sent. An acknowledgement may have gone past it meanwhile. */
  sent({ first, last }: Range, now: number): void {
    this.#shipped = Math.max(this.#shipped, last);
    if (this.#sent.length === 0) this.#heardAt = now;
    if (!this.isSettled({ first, last })) this.#sent.push({ first, last, at: now, tries: 1 });
  }

  /** A message was sent again. */
  resent(message: Sent, now: number): void {
    message.at = now;
    message.tries += 1;
    if (now - this.#heardAt <= this.#limits.resendAfter) return;
    this.#quietUntil = now + this.#backoff(this.#probes);
    this.#probes += 1;
  }

  /**
   * The messages to send again now. After a silence the origin is probably
   * away: then a single message probes it, and acknowledgements open the window.
   */
  overdue(now: number): Sent[] {
    this.#disbelieve(now);
    const due = now < this.#quietUntil ? [] : this.#sent.filter((message) => this.#dueAt(message) <= now);
    if (due.length === 0) return due;
    if (now - this.#heardAt > this.#limits.resendAfter) this.#allowed = 1;
    return due.slice(0, this.#allowed);
  }

  /** If the clock went back, it was ahead before: times that lie ahead of it now are taken as now. */
  #disbelieve(now: number): void {
    for (const message of this.#sent) message.at = Math.min(message.at, now);
    this.#heardAt = Math.min(this.#heardAt, now);
    this.#quietUntil = Math.min(this.#quietUntil, now + this.#backoff(this.#probes));
  }

  /** When the next message becomes overdue; undefined when none is under way. Epoch ms. */
  get nextDue(): number | undefined {
    if (this.#sent.length === 0) return undefined;
    return Math.max(this.#quietUntil, Math.min(...this.#sent.map((message) => this.#dueAt(message))));
  }

  #dueAt({ at, tries }: Sent): number {
    return at + this.#backoff(tries - 1) + 1;
  }

  #backoff(times: number): number {
    return this.#limits.resendAfter * Math.min(RESEND_BACKOFF_MAX, 2 ** times);
  }

  /** The origin holds these facts, or a dead letter does. Returns whether the watermark moved. */
  acknowledge({ first, last }: Range, now: number): boolean {
    this.#heardAt = now;
    this.#probes = 0;
    this.#quietUntil = 0;
    this.#allowed = Math.min(this.#limits.window, this.#allowed * 2);
    const before = this.#settled;
    if (first <= this.#settled + 1) this.#settled = Math.max(this.#settled, last);
    else this.#ahead = withRange(this.#ahead, { first, last });
    for (let next = this.#ahead[0]; next && next.first <= this.#settled + 1; next = this.#ahead[0]) {
      this.#settled = Math.max(this.#settled, next.last);
      this.#ahead.shift();
    }
    this.#shipped = Math.max(this.#shipped, this.#settled);
    this.#sent = this.#sent.filter((message) => !this.isSettled(message));
    return this.#settled !== before;
  }

  isSettled({ first, last }: Range): boolean {
    return last <= this.#settled || this.#ahead.some((range) => range.first <= first && last <= range.last);
  }
}

/** The ranges and `added`; disjoint, in order. */
export function withRange(ranges: readonly Range[], added: Range): Range[] {
  const joined: Range[] = [];
  for (const range of [...ranges, added].sort((a, b) => a.first - b.first)) {
    const before = joined.at(-1);
    if (before && range.first <= before.last + 1) before.last = Math.max(before.last, range.last);
    else joined.push({ ...range });
  }
  return joined;
}

/** The ranges without `removed`. */
export function withoutRange(ranges: readonly Range[], removed: Range): Range[] {
  return ranges.flatMap(({ first, last }) =>
    [
      { first, last: Math.min(last, removed.first - 1) },
      { first: Math.max(first, removed.last + 1), last },
    ].filter((rest) => rest.first <= rest.last),
  );
}
