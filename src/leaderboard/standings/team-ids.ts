/**
 * Team ids and names as bytes, numbered in the order they come. A million
 * strings with a Map cost over 100 MB of heap; here a team costs the bytes of
 * its id and name plus about 15. A prefix that many ids share (the shard's name) is
 * stored once. Nothing of a team but its name changes, and that in all copies of the
 * standings at once, so they share it.
 */
import { Numbered } from "./numbered.ts";

/** Records live in chunks of at most 1 MiB; a position is chunk · 2^20 + offset. */
const CHUNK_BITS = 20;
const CHUNK_BYTES = 1 << CHUNK_BITS;
const FIRST_CHUNK_BYTES = 1 << 12;
/** A record: one byte for the id's length, two for the name's, then both. An id begins with its prefix's number. */
const RECORD_HEAD_BYTES = 3;
const ID_BYTES_MAX = 255;
const NAME_BYTES_MAX = 65_535;
/** The hash table is doubled when it is more than half full. */
const FIRST_TABLE_SLOTS = 64;
/** A prefix's number has one byte; 0 is none. More prefixes than that are no prefixes. */
const PREFIXES_MAX = 255;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class TeamIds {
  #chunks: Uint8Array[] = [new Uint8Array(FIRST_CHUNK_BYTES)];
  /** Bytes used of the last chunk. */
  #used = 0;
  #positions: Uint32Array;
  /** Open addressing, linear probing; holds team + 1, 0 is free. */
  #table: Uint32Array;
  readonly #prefixes: Numbered;
  #size = 0;
  /** An id as it is stored: the number of its prefix, then the rest in UTF-8. */
  readonly #scratch = new Uint8Array(ID_BYTES_MAX);
  readonly #head = new Uint8Array(RECORD_HEAD_BYTES);

  /** Room for `count` teams without growing; `prefixes` as they were stored with the records. */
  constructor(count = 0, prefixes: readonly string[] = [""]) {
    let slots = FIRST_TABLE_SLOTS;
    while (slots < 2 * count) slots *= 2;
    this.#positions = new Uint32Array(slots / 2);
    this.#table = new Uint32Array(slots);
    this.#prefixes = new Numbered(prefixes);
  }

  /** Prefixes of ids by number; records hold the number. */
  get prefixes(): readonly string[] {
    return this.#prefixes.names;
  }

  /** Teams added; numbers run from 0 to `size − 1`. O(1). */
  get size(): number {
    return this.#size;
  }

  /** The team's number, given now if the id is new; an id that has one keeps its first name. O(1) amortised. */
  add(id: string, name: string): number {
    const length = id === "" ? undefined : this.#encode(id, true);
    if (length === undefined) throw new Error(`team id of 1–${ID_BYTES_MAX} bytes expected`);
    const existing = this.#probe(length);
    if (existing >= 0) return existing;
    return this.#append(this.#scratch.subarray(0, length), encoder.encode(name));
  }

  /** Gives the team another name. The bytes of the earlier one stay. O(length). */
  rename(team: number, name: string): void {
    if (this.nameOf(team) === name) return;
    const record = this.#record(team);
    const id = record.slice(RECORD_HEAD_BYTES, RECORD_HEAD_BYTES + (record[0] as number));
    this.#positions[team] = this.#write(id, encoder.encode(name));
  }

  /** The team's number, or undefined. O(1). */
  indexOf(id: string): number | undefined {
    const length = this.#encode(id, false);
    if (length === undefined) return undefined;
    const found = this.#probe(length);
    return found < 0 ? undefined : found;
  }

  /** Id of a team. O(length). */
  idOf(team: number): string {
    const record = this.#record(team);
    const prefix = this.#prefixes.names[record[RECORD_HEAD_BYTES] as number] as string;
    return (
      prefix +
      decoder.decode(record.subarray(RECORD_HEAD_BYTES + 1, RECORD_HEAD_BYTES + (record[0] as number)))
    );
  }

  /** Name of a team; unpaired surrogates come back as U+FFFD. O(length). */
  nameOf(team: number): string {
    const record = this.#record(team);
    return decoder.decode(record.subarray(RECORD_HEAD_BYTES + (record[0] as number)));
  }

  #record(team: number): Uint8Array {
    const position = this.#positions[team] as number;
    const chunk = this.#chunks[position >>> CHUNK_BITS] as Uint8Array;
    const offset = position & (CHUNK_BYTES - 1);
    return chunk.subarray(offset, offset + recordBytes(chunk, offset));
  }

  /** The records of these teams, as many in one view as lie next to each other. */
  *records(teams: Uint32Array): Generator<Uint8Array, void> {
    for (let i = 0; i < teams.length; ) {
      const first = this.#positions[teams[i] as number] as number;
      const chunk = this.#chunks[first >>> CHUNK_BITS] as Uint8Array;
      const start = first & (CHUNK_BYTES - 1);
      let end = start + recordBytes(chunk, start);
      for (i += 1; i < teams.length && this.#positions[teams[i] as number] === first - start + end; i += 1) {
        // The next chunk begins where a full one ends.
        if (end >= CHUNK_BYTES) break;
        end += recordBytes(chunk, end);
      }
      yield chunk.subarray(start, end);
    }
  }

  /** Adds a team whose record `fill` reads, piece by piece. O(1) amortised. */
  addRecord(fill: (target: Uint8Array) => void): number {
    fill(this.#head);
    const length = this.#head[0] as number;
    const bytes = recordBytes(this.#head, 0);
    const position = this.#reserve(bytes);
    const chunk = this.#chunks[position >>> CHUNK_BITS] as Uint8Array;
    const offset = position & (CHUNK_BYTES - 1);
    for (let i = 0; i < RECORD_HEAD_BYTES; i++) chunk[offset + i] = this.#head[i] as number;
    fill(chunk.subarray(offset + RECORD_HEAD_BYTES, offset + bytes));
    for (let i = 0; i < length; i++) this.#scratch[i] = chunk[offset + RECORD_HEAD_BYTES + i] as number;
    return this.#enter(position, length);
  }

  /** Puts the id into the scratch; returns its length there, undefined if it is too long or cannot be known. */
  #encode(id: string, adds: boolean): number | undefined {
    if (id.length >= ID_BYTES_MAX) return undefined;
    // weur-0-1z-abcde: everything before the last two parts.
    const cut = id.lastIndexOf("-", id.lastIndexOf("-") - 1) + 1;
    let prefix = this.#prefixes.find(id.slice(0, cut));
    if (prefix === undefined && this.#prefixes.names.length <= PREFIXES_MAX) {
      if (!adds) return undefined;
      prefix = this.#prefixes.number(id.slice(0, cut));
    }
    this.#scratch[0] = prefix ?? 0;
    const from = prefix === undefined ? 0 : cut;
    for (let i = from; i < id.length; i++) {
      const unit = id.charCodeAt(i);
      if (unit >= 0x80) {
        const rest = id.slice(from);
        const { read, written } = encoder.encodeInto(rest, this.#scratch.subarray(1));
        return read === rest.length ? written + 1 : undefined;
      }
      this.#scratch[i - from + 1] = unit;
    }
    return id.length - from + 1;
  }

  /** The team whose id is in the scratch, or −1 − (the free table slot for it). */
  #probe(length: number): number {
    const mask = this.#table.length - 1;
    let slot = hashOf(this.#scratch, 0, length) & mask;
    for (;;) {
      const entry = this.#table[slot] as number;
      if (entry === 0) return -1 - slot;
      if (this.#hasId(entry - 1, length)) return entry - 1;
      slot = (slot + 1) & mask;
    }
  }

  #hasId(team: number, length: number): boolean {
    const position = this.#positions[team] as number;
    const chunk = this.#chunks[position >>> CHUNK_BITS] as Uint8Array;
    const offset = position & (CHUNK_BYTES - 1);
    if (chunk[offset] !== length) return false;
    for (let i = 0; i < length; i++) {
      if (chunk[offset + RECORD_HEAD_BYTES + i] !== this.#scratch[i]) return false;
    }
    return true;
  }

  #append(id: Uint8Array, name: Uint8Array): number {
    return this.#enter(this.#write(id, name), id.length);
  }

  /** Writes a record; returns its position. */
  #write(id: Uint8Array, name: Uint8Array): number {
    if (name.length > NAME_BYTES_MAX) throw new Error(`team name over ${NAME_BYTES_MAX} bytes`);
    const position = this.#reserve(RECORD_HEAD_BYTES + id.length + name.length);
    const chunk = this.#chunks[position >>> CHUNK_BITS] as Uint8Array;
    const offset = position & (CHUNK_BYTES - 1);
    chunk[offset] = id.length;
    chunk[offset + 1] = name.length & 0xff;
    chunk[offset + 2] = name.length >>> 8;
    chunk.set(id, offset + RECORD_HEAD_BYTES);
    chunk.set(name, offset + RECORD_HEAD_BYTES + id.length);
    return position;
  }

  /** Numbers the team whose record is at `position` and whose id is in the scratch. */
  #enter(position: number, length: number): number {
    const team = this.#size;
    if (team === this.#positions.length) this.#grow();
    const slot = -1 - this.#probe(length);
    if (slot < 0) throw new Error("the team has a number already");
    this.#positions[team] = position;
    this.#table[slot] = team + 1;
    this.#size += 1;
    return team;
  }

  /** Makes room in the last chunk, or opens the next; returns the position. */
  #reserve(bytes: number): number {
    let chunk = this.#chunks.at(-1) as Uint8Array;
    if (this.#used + bytes > CHUNK_BYTES) {
      chunk = new Uint8Array(CHUNK_BYTES);
      this.#chunks.push(chunk);
      this.#used = 0;
    } else if (this.#used + bytes > chunk.length) {
      const larger = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(2 * chunk.length, this.#used + bytes)));
      larger.set(chunk);
      this.#chunks[this.#chunks.length - 1] = larger;
    }
    const position = (this.#chunks.length - 1) * CHUNK_BYTES + this.#used;
    this.#used += bytes;
    return position;
  }

  #grow(): void {
    const positions = new Uint32Array(this.#positions.length * 2);
    positions.set(this.#positions);
    this.#positions = positions;
    this.#table = new Uint32Array(positions.length * 2);
    const mask = this.#table.length - 1;
    for (let team = 0; team < this.#size; team++) {
      const position = positions[team] as number;
      const chunk = this.#chunks[position >>> CHUNK_BITS] as Uint8Array;
      const offset = position & (CHUNK_BYTES - 1);
      let slot = hashOf(chunk, offset + RECORD_HEAD_BYTES, chunk[offset] as number) & mask;
      while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
      this.#table[slot] = team + 1;
    }
  }
}

/** Length of the record that starts at `offset`; its first three bytes must be there. */
function recordBytes(bytes: Uint8Array, offset: number): number {
  const name = (bytes[offset + 1] as number) + ((bytes[offset + 2] as number) << 8);
  return RECORD_HEAD_BYTES + (bytes[offset] as number) + name;
}

/** FNV-1a, finished so that the low bits depend on all of it. */
function hashOf(bytes: Uint8Array, from: number, length: number): number {
  let hash = 0x811c_9dc5;
  for (let i = from; i < from + length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x0100_0193);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b_3c6d) >>> 0;
}
