/**
 * Ships the log to the queue: many facts a message, in order, again when the
 * origin has not acknowledged them in time, and no faster than the queue and
 * the origin take them. The loop runs over injected dependencies; the object
 * wires them.
 */
import { type FactMessage, PROTOCOL_VERSION, type Range } from "../protocol.ts";
import { Flight, withoutRange, withRange } from "./flight.ts";

/**
 * Bytes of facts in one message. The platform's limit is 128 KB; what is
 * not ASCII takes up to three bytes a character, so the text is measured.
 */
const MESSAGE_BYTES_MAX = 100_000;

/** Messages in one `sendBatch`, bounded by its 256 KB. */
const BATCH_MESSAGES_MAX = 2;

/** Batches in one turn of the loop; the rest waits for the next turn. */
const BATCHES_PER_TURN = 8;

/** Bytes of fresh segments kept in memory until they are shipped. */
const FRESH_BYTES_MAX = 4_000_000;

/** How long to wait before a queue that is too full is looked at again, ms. */
const FULL_WAIT = 2_000;

/** How long to wait before the queue is asked again about messages that it seems to hold, ms. */
const HELD_WAIT = 5_000;

/** How long the queue is believed to hold a message, as a multiple of `resendAfter`; then the message is sent again anyway. */
const HELD_MAX = 30;

/** Ranges of dead letters remembered one by one; beyond it the first two are joined, with all that lies between. */
const BURIED_MAX = 1_000;

/** Consecutive facts as JSON, separated by commas. */
export interface Segment extends Range {
  body: string;
}

/** The queue's own figures. */
export interface QueueFigures {
  /** Messages waiting. */
  backlog: number;
  /** When the oldest of them was sent, epoch ms. */
  oldest?: number;
}

export interface ShipDeps {
  hunt: string;
  /** Which of the hunts that had this id (src/objects/incarnation.ts). */
  incarnation(): number | undefined;
  shard: string;
  /** False in a rehearsal: all facts count as settled, and none is sent. */
  isArchived(): boolean;
  /** Seq of the newest durable fact. */
  durable(): number;
  segments(after: number): Iterable<Segment>;
  /** Sends one batch; the queue's figures after it. */
  send(messages: string[]): Promise<QueueFigures>;
  /** Asks the queue how it is. */
  figures(): Promise<QueueFigures>;
  /** Persists the settled watermark. */
  saveSettled(seq: number): void;
  /** Persists which facts are dead letters. */
  saveBuried(ranges: readonly Range[]): void;
  now(): number;
  resendAfter: number;
  /** Unacknowledged messages at most. */
  window: number;
  /** Messages in the queue beyond which nothing new is shipped. */
  backlogMax: number;
}

export class Shipper {
  readonly #deps: ShipDeps;
  #flight: Flight;
  /** Facts that are dead letters, as far as is known; disjoint, in order. */
  #buried: Range[];
  #running = false;
  /** The newest segments, so that shipping need not read them back; older ones are in the log. */
  #fresh: Segment[] = [];
  #freshBytes = 0;
  /** Epoch ms before which a full queue is not asked again. */
  #fullUntil = 0;
  /** Messages sent more than once. */
  #resends = 0;

  /** `settled` and `buried`: as they were saved. */
  constructor(deps: ShipDeps, settled: number, buried: readonly Range[] = []) {
    this.#deps = deps;
    this.#flight = new Flight(settled, { window: deps.window, resendAfter: deps.resendAfter });
    this.#buried = [...buried];
  }

  /** Everything up to here is in the origin, for certain. */
  get archived(): number {
    return Math.min(this.settled, (this.#buried[0]?.first ?? Number.POSITIVE_INFINITY) - 1);
  }

  /** Everything up to here is in the origin, or a dead letter that an organiser may redrive. */
  get settled(): number {
    return this.#flight.settled;
  }

  get shipped(): number {
    return this.#flight.shipped;
  }

  get resends(): number {
    return this.#resends;
  }

  /** Whether a durable fact is neither in the origin nor a dead letter. */
  get behind(): boolean {
    return this.settled < this.#deps.durable();
  }

  /** Counts nothing as settled any more: everything is sent again, from the first fact on. */
  startOver(): void {
    const { window, resendAfter } = this.#deps;
    this.#flight = new Flight(0, { window, resendAfter });
    this.#deps.saveSettled(0);
    this.#bury([]);
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
   * One turn: sends overdue messages again, then new ones, as far as window and
   * queue have room. Resolves to the time until the next turn is due, ms;
   * undefined: only an acknowledgement or a new fact makes one due. If `send`
   * throws, so does this; nothing is lost then, and the next turn starts at the
   * same place.
   */
  async turn(): Promise<number | undefined> {
    if (!this.#deps.isArchived()) {
      const { settled } = this;
      if (this.behind) this.#settle({ first: settled + 1, last: this.#deps.durable() });
      this.#fresh = [];
      this.#freshBytes = 0;
      return undefined;
    }
    if (this.#running) return undefined;
    this.#running = true;
    try {
      const flight = this.#flight;
      const held = await this.#sendAgain(flight);
      for (let batch = 0; batch < BATCHES_PER_TURN; batch += 1) {
        // Started over during an await: the new flight has turns of its own.
        if (this.#flight !== flight) return 0;
        const { now } = this.#deps;
        const full = Math.min(FULL_WAIT, this.#fullUntil - now());
        if (full > 0) return full;
        const messages = this.#pack(Math.min(BATCH_MESSAGES_MAX, flight.room));
        if (messages.length === 0) return this.#untilDue(held);
        this.#note(await this.#deps.send(messages.map(({ body }) => body)));
        for (const message of messages) flight.sent(message, now());
      }
      if (this.#flight !== flight) return 0;
      return this.shipped < this.#deps.durable() ? 0 : this.#untilDue(held);
    } finally {
      this.#running = false;
    }
  }

  /** Sends overdue messages again. Returns how long to wait when the queue seems to hold them still. */
  async #sendAgain(flight: Flight): Promise<number | undefined> {
    const { now, resendAfter } = this.#deps;
    const overdue = flight.overdue(now());
    if (overdue.length === 0) return undefined;
    const { backlog, oldest } = await this.#deps.figures();
    const lost = overdue.filter((message) => {
      // The queue's oldest message was sent no later than this one: this one probably waits behind it, or is it.
      const held = backlog > 0 && (oldest ?? Number.POSITIVE_INFINITY) <= message.at;
      return !held || now() - message.at > resendAfter * HELD_MAX;
    });
    for (let at = 0; at < lost.length; at += BATCH_MESSAGES_MAX) {
      const again = lost.slice(at, at + BATCH_MESSAGES_MAX);
      const messages = again.flatMap((message) => this.#reread(message));
      if (messages.length > 0) this.#note(await this.#deps.send(messages));
      for (const message of again) flight.resent(message, now());
      this.#resends += again.length;
    }
    return lost.length < overdue.length ? HELD_WAIT : undefined;
  }

  #untilDue(held: number | undefined): number | undefined {
    const { nextDue } = this.#flight;
    if (nextDue === undefined) return undefined;
    return Math.max(held ?? 0, nextDue - this.#deps.now(), 0);
  }

  #note({ backlog }: QueueFigures): void {
    this.#fullUntil = backlog >= this.#deps.backlogMax ? this.#deps.now() + FULL_WAIT : 0;
  }

  /** The origin holds these facts. Ignores a range that was never durable here: it cannot be true. */
  acknowledge(first: number, last: number): void {
    if (last > this.#deps.durable() || first > last) return;
    this.#settle({ first, last });
    if (this.#buried.some((range) => range.first <= last && first <= range.last)) {
      this.#bury(withoutRange(this.#buried, { first, last }));
    }
  }

  /**
   * The origin refuses these facts, and a dead letter keeps them; or the log
   * cannot give them. They are not sent again: they would only be refused again,
   * and take up the window.
   */
  buried(first: number, last: number): void {
    if (last > this.#deps.durable() || first > last) return;
    // Another message brought them, or they are dead letters already.
    if (this.#flight.isSettled({ first, last })) return;
    this.#bury(withRange(this.#buried, { first, last }));
    this.#settle({ first, last });
  }

  #settle(range: Range): void {
    if (this.#flight.acknowledge(range, this.#deps.now())) this.#deps.saveSettled(this.settled);
  }

  #bury(ranges: Range[]): void {
    const [one, two, ...rest] = ranges;
    const many = ranges.length > BURIED_MAX && one && two;
    this.#buried = many ? [{ first: one.first, last: two.last }, ...rest] : ranges;
    this.#deps.saveBuried(this.#buried);
  }

  /** The next messages, `most` at most, made of whole segments without decoding them. */
  #pack(most: number): (Range & { body: string })[] {
    const messages: (Range & { body: string })[] = [];
    if (most === 0) return messages;
    const durable = this.#deps.durable();
    let first = this.shipped + 1;
    let bodies: string[] = [];
    let bytes = 0;
    let last = this.shipped;
    const close = (): void => {
      if (bodies.length === 0) return;
      messages.push({ first, last, body: this.#message(first, bodies) });
      first = last + 1;
      bodies = [];
      bytes = 0;
    };
    for (const segment of this.#unshipped()) {
      if (segment.last > durable) break;
      const size = Buffer.byteLength(segment.body);
      // The facts of a message are consecutive: a gap of the log ends it.
      if (segment.first !== last + 1 || (bytes > 0 && bytes + size > MESSAGE_BYTES_MAX)) close();
      if (messages.length === most) return messages;
      if (bodies.length === 0) first = segment.first;
      bodies.push(segment.body);
      bytes += size + 1;
      last = segment.last;
    }
    close();
    return messages;
  }

  /** A message as it was sent, read back from the log: messages are made of whole segments. Several where the log has a gap by now. */
  #reread({ first, last }: Range): string[] {
    const messages: string[] = [];
    let bodies: string[] = [];
    let from = first;
    let upto = first - 1;
    const close = (): void => {
      if (bodies.length > 0) messages.push(this.#message(from, bodies));
      bodies = [];
    };
    for (const segment of this.#deps.segments(first - 1)) {
      if (segment.last > last) break;
      if (segment.first !== upto + 1) close();
      if (bodies.length === 0) from = segment.first;
      bodies.push(segment.body);
      upto = segment.last;
    }
    close();
    return messages;
  }

  /** The segments after the shipped watermark: from memory if all of them are there, else from the log. */
  #unshipped(): Iterable<Segment> {
    const { shipped } = this;
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
    const incarnation = this.#deps.incarnation();
    if (incarnation !== undefined) head.incarnation = incarnation;
    return `${JSON.stringify(head).slice(0, -1)},"facts":[${bodies.join(",")}]}`;
  }
}
