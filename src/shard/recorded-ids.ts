/**
 * Which ids were used, and the fact recorded under each. The index (recall.ts)
 * only points at facts: the log has the id itself, and is asked.
 */
import { Damaged, tellDropped } from "../checksum.ts";
import type { Fact } from "../protocol.ts";
import { CHECKPOINT_FACTS } from "./checkpoints.ts";
import type { Gap } from "./gaps.ts";
import type { SegmentLog } from "./log.ts";
import { ALIKE_MAX, type RecallIndex } from "./recall.ts";

/** Facts read in one slice, about, where a start puts reading the ids off. */
const IDS_PER_SLICE = 10_000;

/** Numbers of an entry of the index. */
const ENTRY_NUMBERS = 3;

/** The recall key of an event of a team, or of a joining (any team). */
export const eventKey = (team: string, event: string): string => `${team}\n${event}`;
export const joinKey = (key: string): string => `\n${key}`;

/** Whether an id was used cannot be said at a bounded cost: it must not be used. */
export class IdRefused extends Error {}

export class RecordedIds {
  readonly #index: RecallIndex;
  readonly #log: SegmentLog;
  readonly #lostIndex: (() => void) | undefined;
  /** Ids of facts behind this seq are still to be read from the log; undefined: all are known. */
  #after: number | undefined;
  /** For the next checkpoint. */
  #entries: number[] = [];

  /** `lostIndex`: the index was dropped, and the next start makes it again. */
  constructor(index: RecallIndex, log: SegmentLog, lostIndex?: () => void) {
    this.#index = index;
    this.#log = log;
    this.#lostIndex = lostIndex;
  }

  /** Whether the id of every fact is known; if not, `readSlices` makes it so, and nobody may play before. */
  get knowsAll(): boolean {
    return this.#after === undefined;
  }

  /** Ids of facts up to here are in the index's own rows. */
  get covered(): number {
    return this.#index.covered;
  }

  /** Leaves the ids of facts after this one to `readSlices`. */
  putOff(after: number): void {
    this.#after = after;
  }

  /** Reads the ids of a log whose index is of an earlier version, or got lost, in slices; what is read stays read. */
  *readSlices(): Generator<void, void> {
    if (this.#after === undefined) return;
    let read = 0;
    let last = this.#after;
    for (const part of this.#log.parts(last)) {
      if ("body" in part) {
        for (const fact of this.#log.factsOf(part)) if (fact.seq > last) this.#add(fact);
      } else this.#addOf(part);
      read += part.last - last;
      last = part.last;
      if (read < IDS_PER_SLICE) continue;
      read = 0;
      this.#index.settle(last, false);
      yield;
    }
    this.#index.settle(last, true);
    this.#after = undefined;
  }

  /** Notes the id of a fact, for the next checkpoint too. */
  note(fact: Fact): void {
    this.#add(fact, this.#entries);
  }

  /** Notes the ids of a gap's facts, as far as its bytes say them: they must not be used again. */
  noteGap(gap: Gap): void {
    this.#addOf(gap, this.#entries);
  }

  /** An index made while the fact could not be read may not have its id, and is made again. */
  noteMissed(fact: Fact): void {
    const key = keyOf(fact);
    if (key === undefined || this.#find(key).includes(fact.seq)) return;
    this.#index.add(key, fact.seq);
    this.#index.forget();
  }

  #add(fact: Fact, entries?: number[]): void {
    const key = keyOf(fact);
    if (key !== undefined) this.#index.add(key, fact.seq, entries);
  }

  #addOf({ said, first, last }: Gap, entries?: number[]): void {
    for (const fact of said) {
      if (first <= fact.seq && fact.seq <= last && typeof fact.team === "string") this.#add(fact, entries);
    }
  }

  /** The fact recorded under this recall key, if any. Throws `IdRefused` when finding out would cost too much. */
  recorded(key: string): Fact | undefined {
    const seqs = this.#find(key);
    for (let index = 0; index < seqs.length; index += 1) {
      if (index === ALIKE_MAX) throw new IdRefused("too many ids are like this one");
      const seq = seqs[index] as number;
      const fact = this.#log.at(seq);
      if (fact && keyOf(fact) === key) return fact;
      if (!fact && this.#log.gapAt(seq)) throw new IdRefused("its fact is not as it was written");
    }
    return undefined;
  }

  /** Whether the recall key was used, as far as can be said: one that may have been counts as used. */
  isUsed(key: string): boolean {
    try {
      return this.recorded(key) !== undefined;
    } catch (error) {
      if (!(error instanceof IdRefused)) throw error;
      return true;
    }
  }

  /** The entries of a checkpoint, when one is due. */
  packed(): ArrayBuffer | undefined {
    if (this.#entries.length < ENTRY_NUMBERS * CHECKPOINT_FACTS) return undefined;
    const packed = this.#index.pack(this.#entries);
    this.#entries = [];
    return packed;
  }

  /** The index's own work in a commit; true: `covered` rose. The commit must not fail by what is derived. */
  advance(head: number): boolean {
    try {
      return this.#index.advance(head);
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      this.#drop();
      return false;
    }
  }

  #find(key: string): readonly number[] {
    try {
      return this.#index.find(key);
    } catch (error) {
      if (error instanceof Damaged) this.#drop();
      throw error;
    }
  }

  #drop(): void {
    tellDropped("the index of used ids");
    this.#index.forget();
    this.#lostIndex?.();
  }
}

/** The recall key of a fact that has an id. */
function keyOf(fact: Fact): string | undefined {
  if (!("event" in fact) || fact.event === undefined) return undefined;
  return fact.type === "join" || fact.type === "make" ? joinKey(fact.event) : eventKey(fact.team, fact.event);
}
