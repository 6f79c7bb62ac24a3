/**
 * Ships the log to the queue: many facts a message, in order, again when the
 * origin has not acknowledged them in time. The loop runs over injected
 * dependencies; the object wires them.
 */
import { type FactMessage, PROTOCOL_VERSION } from "../protocol.ts";

/**
 * Characters of facts in one message. The platform's limit is 128 KB; what is
 * not ASCII takes up to three bytes a character, so the text is measured.
 */
const MESSAGE_BYTES_MAX = 100_000;

/** Messages in one `sendBatch`, bounded by its 256 KB. */
const BATCH_MESSAGES_MAX = 2;

/** Batches in one turn of the loop; the rest waits for the next turn. */
const BATCHES_PER_TURN = 8;

/** Bytes of fresh segments kept in memory until they are shipped. */
const FRESH_BYTES_MAX = 4_000_000;

/** Consecutive facts as JSON, separated by commas. */
export interface Segment {
  first: number;
  last: number;
  body: string;
}

/** Facts handed to the queue and not yet acknowledged, at most: an origin that is away must not fill it. */
const IN_FLIGHT_MAX = 200_000;

/** Longest wait before unacknowledged facts are sent again, as a multiple of `resendAfter`. */
const RESEND_BACKOFF_MAX = 32;

export interface ShipDeps {
  hunt: string;
  shard: string;
  /** Seq of the newest durable fact. */
  durable(): number;
  segments(after: number): Iterable<Segment>;
  send(messages: string[]): Promise<void>;
  /** Persists the archived watermark. */
  saveArchived(seq: number): void;
  now(): number;
  resendAfter: number;
}

export class Shipper {
  readonly #deps: ShipDeps;
  /** Everything up to here is in the origin, for certain. */
  #archived: number;
  /** Everything up to here was handed to the queue. */
  #shipped: number;
  /** Acknowledged ranges beyond the watermark, because messages come in any order. */
  #ahead: { first: number; last: number }[] = [];
  #lastProgress: number;
  /** Doubles with every resending that brought no acknowledgement. */
  #backoff = 1;
  #running = false;
  /** The newest segments, so that shipping need not read them back; older ones are in the log. */
  #fresh: Segment[] = [];
  #freshBytes = 0;

  constructor(deps: ShipDeps, archived: number) {
    this.#deps = deps;
    this.#archived = archived;
    this.#shipped = archived;
    this.#lastProgress = deps.now();
  }

  get archived(): number {
    return this.#archived;
  }

  get shipped(): number {
    return this.#shipped;
  }

  /** Whether something is not yet in the origin. */
  get behind(): boolean {
    return this.#archived < this.#deps.durable();
  }

  /** Takes a segment that has just become durable. */
  add(segment: Segment): void {
    if (this.#freshBytes > FRESH_BYTES_MAX) {
      this.#fresh = [];
      this.#freshBytes = 0;
    }
    this.#fresh.push(segment);
    this.#freshBytes += segment.body.length;
  }

  /**
   * One turn: sends what is new; sends again what stayed unacknowledged for
   * too long. Resolves to whether more is waiting. Throws what `send` throws;
   * nothing is lost then, the next turn starts at the same place.
   */
  async turn(): Promise<boolean> {
    if (this.#running) return false;
    this.#running = true;
    try {
      if (this.#shipped > this.#archived && this.#overdue()) {
        this.#shipped = this.#archived;
        this.#ahead = [];
        this.#lastProgress = this.#deps.now();
        this.#backoff = Math.min(RESEND_BACKOFF_MAX, this.#backoff * 2);
      }
      for (let batch = 0; batch < BATCHES_PER_TURN; batch += 1) {
        if (this.#shipped - this.#archived >= IN_FLIGHT_MAX) return false;
        const messages = this.#pack();
        if (messages.length === 0) return false;
        if (this.#shipped === this.#archived) this.#lastProgress = this.#deps.now();
        await this.#deps.send(messages.map((message) => message.body));
        // An acknowledgement may have gone past it meanwhile.
        this.#shipped = Math.max(this.#shipped, messages.at(-1)?.last ?? 0);
      }
      return this.#shipped < this.#deps.durable();
    } finally {
      this.#running = false;
    }
  }

  #overdue(): boolean {
    return this.#deps.now() - this.#lastProgress > this.#deps.resendAfter * this.#backoff;
  }

  /** The origin holds the facts `first` to `last`. */
  acknowledge(first: number, last: number): void {
    this.#ahead.push({ first, last });
    this.#ahead.sort((a, b) => a.first - b.first);
    const before = this.#archived;
    for (let next = this.#ahead[0]; next && next.first <= this.#archived + 1; next = this.#ahead[0]) {
      this.#archived = Math.max(this.#archived, next.last);
      this.#ahead.shift();
    }
    if (this.#archived === before) return;
    this.#backoff = 1;
    this.#shipped = Math.max(this.#shipped, this.#archived);
    this.#lastProgress = this.#deps.now();
    this.#deps.saveArchived(this.#archived);
  }

  /** The next messages, made of whole segments without decoding them. */
  #pack(): { body: string; last: number }[] {
    const durable = this.#deps.durable();
    const messages: { body: string; last: number }[] = [];
    let first = this.#shipped + 1;
    let bodies: string[] = [];
    let bytes = 0;
    let last = this.#shipped;
    const close = (): void => {
      if (bodies.length === 0) return;
      messages.push({ body: this.#message(first, bodies), last });
      first = last + 1;
      bodies = [];
      bytes = 0;
    };
    for (const segment of this.#unshipped()) {
      if (segment.last > durable) break;
      const size = Buffer.byteLength(segment.body);
      if (bytes > 0 && bytes + size > MESSAGE_BYTES_MAX) close();
      if (messages.length === BATCH_MESSAGES_MAX) return messages;
      if (bodies.length === 0) first = segment.first;
      bodies.push(segment.body);
      bytes += size + 1;
      last = segment.last;
    }
    close();
    return messages;
  }

  /** The segments after the shipped watermark: out of memory when they are all there. */
  #unshipped(): Iterable<Segment> {
    const shipped = this.#shipped;
    while ((this.#fresh[0]?.last ?? Number.POSITIVE_INFINITY) <= shipped) {
      this.#freshBytes -= this.#fresh.shift()?.body.length ?? 0;
    }
    return this.#fresh[0]?.first === shipped + 1 ? this.#fresh : this.#deps.segments(shipped);
  }

  #message(first: number, bodies: readonly string[]): string {
    const head: Omit<FactMessage, "facts"> = {
      v: PROTOCOL_VERSION,
      hunt: this.#deps.hunt,
      shard: this.#deps.shard,
      first,
    };
    return `${JSON.stringify(head).slice(0, -1)},"facts":[${bodies.join(",")}]}`;
  }
}
