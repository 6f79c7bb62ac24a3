/**
 * The log of a shard and its group commit. One row per commit: a segment of
 * consecutive facts. While one commit is becoming durable, new facts gather
 * for the next; nobody waits on a timer. Reading checks each segment
 * (checked-log.ts) and what is kept beside it (log-persons.ts).
 */
import type { Clock } from "../clock.ts";
import type { Sql } from "../lazy-sql.ts";
import { PersonKeys } from "../people/keys.ts";
import {
  commitmentTo,
  type Exported,
  type ExportedGap,
  type Persons,
  partsOf,
  whole,
} from "../people/personal.ts";
import type { Fact, NewFact, Range } from "../protocol.ts";
import { chainHash, NO_HASH } from "./chain.ts";
import { CheckedLog } from "./checked-log.ts";
import type { Gap } from "./gaps.ts";
import { type Beside, forgottenBeside, LogPersons, sealed, slotsIn } from "./log-persons.ts";
import { rewriteLog } from "./rewrite-log.ts";
import { sealLog } from "./seal-log.ts";
import { SegmentRows, type StoredSegment } from "./segment-rows.ts";
import type { Segment } from "./ship.ts";

/**
 * Bytes of facts at which a row is full. With the one fact that fills it (at
 * most about 35 KB, an arrival) it must fit one queue message of 128 KB, because it is
 * shipped whole. In bytes, because a character takes up to three.
 */
const SEGMENT_BYTES_MAX = 60_000;

export interface LogHooks {
  /** In the commit's transaction, after its rows: everything up to `head` is in the log. */
  beforeSync(head: number): void;
  /** The commit is durable: its facts, the segments that hold them, in order, and how long that took. */
  committed(facts: readonly Fact[], segments: readonly Segment[], ms: number): void;
  /** The commit failed: memory is ahead of the log and must be thrown away. */
  failed(error: unknown): void;
  /** A segment does not check, and nothing here can mend it. */
  broken(gap: Gap): void;
  /** Where the key of the fact's player stands; undefined: it has none in this team yet. */
  slotOf?(fact: NewFact): number | undefined;
}

/** What is known elsewhere of where the log ends. */
export interface LogEnd {
  /** See `CheckedLog.head`. */
  knownBehind?: (head: number) => number;
  /** See `SegmentLog`. */
  isEndUnsure?: boolean;
}

/** A segment with its place in the chain. */
export interface ChainedSegment extends Segment {
  hash: string;
}

/** As another log can take it. */
export interface CopiedSegment extends ChainedSegment {
  persons: Persons;
}

interface Deferred {
  promise: Promise<void>;
  resolve(): void;
}

function deferred(): Deferred {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

export class SegmentLog {
  /** This start made a log of an earlier engine into the present form. */
  readonly rewritten: boolean;
  /** Newest facts may be lost of which nobody told yet: nothing may be appended, lest it gets their numbers. */
  readonly isEndUnsure: boolean;
  /** What is kept beside it is sealed under them. */
  readonly keys: PersonKeys;
  readonly #rows: SegmentRows;
  readonly #checked: CheckedLog;
  readonly #beside: LogPersons;
  readonly #sync: () => Promise<void>;
  readonly #clock: Pick<Clock, "now">;
  readonly #hooks: LogHooks;
  #head: number;
  #durable: number;
  #facts: Fact[] = [];
  #bodies: string[] = [];
  /** Of the facts that gather. */
  #persons: Beside | undefined;
  /** Of the newest segment. */
  #hash: string;
  #inFlight: Deferred | undefined;
  #next: Deferred | undefined;
  #committing = false;
  #crowded = false;
  #appended = 0;
  /** Where a deleted key stands, for facts of a copied log whose persons were forgotten. */
  #forgottenSlot: number | undefined;

  /** `sync` resolves when everything written so far is durable. */
  constructor(
    sql: Sql,
    sync: () => Promise<void>,
    clock: Pick<Clock, "now">,
    hooks: LogHooks,
    { knownBehind = () => 0, isEndUnsure = false }: LogEnd = {},
  ) {
    this.#rows = new SegmentRows(sql);
    this.#checked = new CheckedLog(this.#rows, (gap) => hooks.broken(gap));
    this.#sync = sync;
    this.#clock = clock;
    this.#hooks = hooks;
    this.keys = new PersonKeys(sql, () => this.#rows.hasSealed());
    this.#beside = new LogPersons(this.keys);
    this.rewritten = rewriteLog(sql, this.#rows);
    if (this.rewritten || this.keys.isNew) sealLog(sql, this.#rows, this.keys);
    this.isEndUnsure = isEndUnsure;
    this.#head = this.#checked.head(knownBehind);
    this.#hash = this.#rows.newest()?.hash ?? NO_HASH;
    this.#durable = this.#head;
  }

  /** Seq of the newest fact, durable or not; 0 when empty. */
  get head(): number {
    return this.#head;
  }

  /** Seq of the newest durable fact. */
  get durable(): number {
    return this.#durable;
  }

  /** The facts that wait for the next commit; no row holds them yet. */
  get gathering(): readonly Fact[] {
    return this.#facts;
  }

  /** Bytes of facts, and of what is kept beside them, appended in this life of the log. */
  get appended(): number {
    return this.#appended;
  }

  /**
   * Numbers the fact and puts it into the commit that is gathering. The draft
   * becomes the fact. `fold` has it first: when it throws, the log is as it was.
   */
  append(draft: NewFact, fold?: (fact: Fact) => void): Fact {
    if (this.isEndUnsure) throw new Error("a fact is appended to a log whose end is not known");
    const seq = this.#head + 1;
    const parts = partsOf(draft);
    const json = JSON.stringify(parts?.logged ?? draft);
    const head = `{"seq":${seq},`;
    const fact = draft as Fact;
    fact.seq = seq;
    const slot = parts && this.#slotFor(draft);
    if (slot !== undefined) fact.slot = slot;
    fold?.(fact);
    const beside = parts && slot !== undefined && sealed(this.keys, seq, slot, parts.personal);
    if (beside) {
      this.#persons ??= {};
      this.#persons[seq] = beside;
      this.#appended += beside[1].length;
    }
    if (parts) fact.personal = parts.logged.personal;
    this.#head = seq;
    this.#bodies.push(head + json.slice(1));
    // Of the parts: measuring the whole would first write it out a second time.
    this.#appended += head.length + Buffer.byteLength(json) - 1;
    this.#facts.push(fact);
    return fact;
  }

  #slotFor(draft: NewFact): number {
    const own = this.#hooks.slotOf?.(draft);
    // A key that is lost seals nothing.
    return own !== undefined && typeof this.keys.at(own) === "object" ? own : this.keys.give();
  }

  /**
   * Takes a segment of the log that this one is a copy of: the same facts under the same hash, and what was kept beside
   * them. Nothing may be gathering; it is durable after `taken`. Why it is not taken; undefined: it is. What `fold`
   * throws goes on: memory and log have a part of the segment then.
   */
  take(segment: ChainedSegment, persons: Persons, fold: (fact: Fact) => void): string | undefined {
    const { first, last, body, hash } = segment;
    if (this.isEndUnsure || this.#facts.length > 0) throw new Error("a log that is in use takes no segments");
    if (last <= this.#head && this.#rows.at(first)?.hash === hash) return undefined;
    if (first !== this.#head + 1) return `it does not follow fact ${this.#head}`;
    const facts = chainHash(this.#hash, first, body) === hash ? factsIn(body) : undefined;
    if (
      !facts ||
      facts.length !== last - first + 1 ||
      facts.some(({ seq }, index) => seq !== first + index)
    ) {
      return "its facts are not as they were recorded";
    }
    const isTold = ({ seq, personal }: Fact): boolean => {
      const person = persons[seq];
      return person === undefined || (personal !== undefined && commitmentTo(person) === personal);
    };
    if (!facts.every(isTold)) return "names or positions are not those that its facts commit to";
    const beside: Beside = {};
    for (const fact of facts) {
      if (fact.personal === undefined) {
        fold(fact);
        continue;
      }
      const person = persons[fact.seq];
      const slot = person ? this.#slotFor(fact) : this.#slotOfForgotten(fact);
      fold({ ...whole(fact, person), slot });
      const entry = person ? sealed(this.keys, fact.seq, slot, person) : forgottenBeside(fact.seq, slot);
      if (entry) beside[fact.seq] = entry;
    }
    this.#rows.insert({ first, last, body, persons: textOf(beside, first, last), hash });
    this.#hash = hash;
    this.#head = last;
    this.#hooks.beforeSync(last);
    return undefined;
  }

  /** What was taken is durable. */
  async taken(): Promise<void> {
    const head = this.#head;
    await this.#sync();
    this.#durable = Math.max(this.#durable, head);
  }

  #slotOfForgotten(fact: NewFact): number {
    const own = this.#hooks.slotOf?.(fact);
    if (own !== undefined && this.keys.at(own) === "deleted") return own;
    if (this.#forgottenSlot === undefined) {
      this.#forgottenSlot = this.keys.give();
      this.keys.delete([this.#forgottenSlot]);
    }
    return this.#forgottenSlot;
  }

  /**
   * Resolves when every fact appended so far is durable. Starts a commit
   * unless one is under way; then the facts go into the next one.
   */
  committed(): Promise<void> {
    if (this.#facts.length === 0) return this.#inFlight?.promise ?? Promise.resolve();
    this.#next ??= deferred();
    const { promise } = this.#next;
    if (!this.#committing) void this.#commit();
    return promise;
  }

  async #commit(): Promise<void> {
    this.#committing = true;
    while (this.#next && this.#facts.length > 0) {
      const commit = this.#next;
      let facts: Fact[];
      let segments: Segment[];
      let begun: number;
      try {
        // Lets the requests that have arrived come in first: with nothing written
        // this waits one turn of the event loop, and no timer's delay.
        if (this.#crowded) await this.#sync();
        facts = this.#facts;
        const bodies = this.#bodies;
        const persons = this.#persons;
        this.#inFlight = commit;
        this.#next = undefined;
        this.#facts = [];
        this.#bodies = [];
        this.#persons = undefined;
        begun = this.#clock.now();
        segments = this.#insert(facts, bodies, persons);
        this.#hooks.beforeSync(this.#head);
        await this.#sync();
      } catch (error) {
        // The waiting callers are not resolved: the object is about to be
        // aborted, which fails their calls in a way that may be retried.
        this.#hooks.failed(error);
        return;
      }
      this.#durable = facts.at(-1)?.seq ?? this.#durable;
      this.#inFlight = undefined;
      // Several facts came together: more are probably on their way.
      this.#crowded = facts.length > 1;
      commit.resolve();
      this.#hooks.committed(facts, segments, this.#clock.now() - begun);
    }
    this.#committing = false;
  }

  #insert(facts: readonly Fact[], bodies: readonly string[], persons: Beside | undefined): Segment[] {
    const segments: Segment[] = [];
    // Bytes are not counted when everything fits even at three a character.
    const beside = (seq = 0): number => {
      const entry = persons?.[seq];
      return Array.isArray(entry) ? entry[1].length : 0;
    };
    let characters = bodies.reduce((sum, body) => sum + body.length, 0);
    if (persons) for (const { seq } of facts) characters += beside(seq);
    const measure = characters * 3 < SEGMENT_BYTES_MAX ? (): number => 0 : Buffer.byteLength;
    let from = 0;
    let bytes = 0;
    for (let index = 0; index < bodies.length; index += 1) {
      bytes += measure(bodies[index] ?? "") + beside(facts[index]?.seq);
      // Cut before a fact that would overflow it, so that only a single fact can be longer.
      const next =
        index + 1 < bodies.length
          ? measure(bodies[index + 1] ?? "") + beside(facts[index + 1]?.seq)
          : SEGMENT_BYTES_MAX;
      if (bytes + next < SEGMENT_BYTES_MAX) continue;
      const first = facts[from]?.seq ?? 0;
      const last = facts[index]?.seq ?? 0;
      const body = bodies.slice(from, index + 1).join(",");
      this.#hash = chainHash(this.#hash, first, body);
      const sealedOf = persons ? textOf(persons, first, last) : null;
      this.#rows.insert({ first, last, body, persons: sealedOf, hash: this.#hash });
      segments.push({ first, last, body });
      from = index + 1;
      bytes = 0;
    }
    return segments;
  }

  /**
   * Deletes the keys under which the log can give nothing any more: what rows that got lost or do not fit had beside
   * them stands on in the file, and nobody could say whose it is. `inUse`: what else is sealed under.
   */
  dropStrayKeys(inUse: Iterable<number>): void {
    const used = new Set(inUse);
    const take = (slots: readonly number[]): void => {
      for (const slot of slots) used.add(slot);
    };
    take(slotsIn(JSON.stringify(this.#persons ?? {})));
    for (const part of this.parts(0)) {
      if ("body" in part) take(this.#beside.slotsOf(part));
      // A repair brings back what this is beside.
      else for (const row of this.#rows.within(part)) take(slotsIn(row.persons ?? ""));
    }
    this.keys.keepOnly(used);
  }

  /** The fact numbered `seq`, also when its commit is still gathering. */
  at(seq: number): Fact | undefined {
    const gathering = this.#facts[0];
    if (gathering && seq >= gathering.seq) return this.#facts[seq - gathering.seq];
    const segment = this.#checked.with(seq);
    return segment && this.factsOf(segment)[seq - segment.first];
  }

  /** The facts up to `seq`, the newest first, down to the first gap. */
  *downFrom(seq: number): Generator<Fact> {
    let next = Math.min(seq, this.#head);
    const gathering = this.#facts[0]?.seq ?? this.#head + 1;
    for (; next >= gathering; next -= 1) yield this.#facts[next - gathering] as Fact;
    for (let segment = this.#checked.with(next); segment; segment = this.#checked.with(next)) {
      for (const fact of this.factsOf(segment).reverse()) {
        if (fact.seq <= next) yield fact;
      }
      next = segment.first - 1;
    }
  }

  /** See `CheckedLog`. */
  get gaps(): readonly Gap[] {
    return this.#checked.gaps;
  }

  /** See `CheckedLog`. */
  gapAt(seq: number): Gap | undefined {
    return this.#checked.gapAt(seq);
  }

  /** See `LogPersons`. */
  get lostPersons(): readonly number[] {
    return this.#beside.lost;
  }

  /** See `CheckedLog`. */
  segments(after: number): Generator<StoredSegment> {
    return this.#checked.segments(after);
  }

  /** See `CheckedLog`. */
  parts(after: number): Generator<StoredSegment | Gap> {
    return this.#checked.parts(after);
  }

  /** See `LogPersons`. */
  factsOf(segment: StoredSegment): Fact[] {
    return this.#beside.factsOf(segment);
  }

  /** Segments with facts between `after` and `upto` whose text has this; those that do not check are left out. */
  *segmentsWith(text: string, after: number, upto: number): Generator<StoredSegment> {
    for (const first of this.#rows.having([text], after, upto)) {
      const segment = this.#checked.with(first);
      if (segment) yield segment;
    }
  }

  /** As `segmentsWith`, of all these texts, the newest first. */
  *segmentsDown(texts: readonly string[], after: number, upto: number): Generator<StoredSegment> {
    for (const first of this.#rows.having(texts, after, upto).reverse()) {
      const segment = this.#checked.with(first);
      if (segment) yield segment;
    }
  }

  /** Closes a gap, if the body is what was logged (see `CheckedLog`). Nothing may be gathering. */
  mend(gap: Range, body: string, isProven: boolean): boolean {
    if (!this.#checked.take(gap, body, isProven)) return false;
    this.#hash = this.#rows.newest()?.hash ?? NO_HASH;
    return true;
  }

  /** Segments whose first fact comes after `after`. */
  countSegments(after: number): number {
    return this.#rows.count(after);
  }

  /** The facts of a segment as they are logged, each with what is kept beside it. */
  exportedOf(segment: StoredSegment): Exported[] {
    const persons = this.#beside.of(segment);
    return (JSON.parse(`[${segment.body}]`) as Fact[]).map((fact) => {
      const person = persons[fact.seq];
      return person ? { ...fact, person } : fact;
    });
  }

  /** As `read`, of durable facts, as they are logged, each with what is kept beside it; gaps are told. */
  exported(after: number, limit: number): (Exported | ExportedGap)[] {
    const lines: (Exported | ExportedGap)[] = [];
    for (const part of this.parts(after)) {
      if (part.last > this.#durable) break;
      if ("body" in part) {
        for (const fact of this.exportedOf(part)) if (fact.seq > after) lines.push(fact);
      } else lines.push({ type: "gap", first: Math.max(part.first, after + 1), seq: part.last });
      if (lines.length >= limit) break;
    }
    return lines;
  }

  /**
   * Durable segments behind fact `after` as they are stored, and what is kept beside them: about `bytes`, one at least.
   * `gap`: the log cannot give what follows.
   */
  copied(after: number, bytes: number): { segments: CopiedSegment[]; gap?: Range } {
    const segments: CopiedSegment[] = [];
    let size = 0;
    for (const part of this.parts(after)) {
      if (part.last > this.#durable || size >= bytes) break;
      const hash = "body" in part ? this.#rows.at(part.first)?.hash : undefined;
      if (!("body" in part) || hash === undefined) {
        return { segments, gap: { first: part.first, last: part.last } };
      }
      const persons = this.#beside.of(part);
      const { first, last, body } = part;
      segments.push({ first, last, body, hash, persons });
      size += body.length + (part.persons?.length ?? 0);
    }
    return { segments };
  }

  /** The number of the fact behind which all of this time and later stand, if the clock never went back. */
  before(at: number): number {
    // The segment of `low` begins before that time, the one of `high` does not.
    let low = 0;
    let high = this.#head + 1;
    while (low + 1 < high) {
      const middle = Math.floor((low + high) / 2);
      const row = this.#rows.beginningOf(middle);
      if (!row || timeIn(row.text) < at) low = middle;
      else high = Math.max(low + 1, row.first);
    }
    return Math.max(0, (this.#rows.beginningOf(low)?.first ?? 1) - 1);
  }

  /** What is kept beside these facts. */
  persons(first: number, last: number): Persons {
    const persons: Persons = {};
    for (const segment of this.segments(first - 1)) {
      if (segment.first > last) break;
      for (const [seq, personal] of Object.entries(this.#beside.of(segment))) {
        if (Number(seq) >= first && Number(seq) <= last) persons[Number(seq)] = personal;
      }
    }
    return persons;
  }

  /**
   * At most about `limit` logged facts after `after` (whole segments), in order.
   * `upto`: nothing is left out up to it but gaps.
   */
  read(after: number, limit: number): { facts: Fact[]; upto: number } {
    const facts: Fact[] = [];
    let upto = after;
    for (const part of this.parts(after)) {
      if ("body" in part) for (const fact of this.factsOf(part)) if (fact.seq > after) facts.push(fact);
      upto = part.last;
      if (facts.length >= limit) break;
    }
    return { facts, upto };
  }
}

/** Of the first fact of a body, epoch ms; 0 where it does not stand at its beginning. */
const timeIn = (body: string): number => Number(/^\{"seq":\d+,"at":(\d+)/.exec(body)?.[1] ?? 0);

/** Undefined: the body is none. */
function factsIn(body: string): Fact[] | undefined {
  try {
    const facts: unknown = JSON.parse(`[${body}]`);
    return (facts as Fact[]).every((fact) => typeof fact === "object" && fact !== null)
      ? (facts as Fact[])
      : undefined;
  } catch {
    return undefined;
  }
}

/** Of the facts `first` to `last`; null: nothing. */
function textOf(persons: Beside, first: number, last: number): string | null {
  const entries = Object.entries(persons).filter(([seq]) => Number(seq) >= first && Number(seq) <= last);
  return entries.length === 0 ? null : JSON.stringify(Object.fromEntries(entries));
}
