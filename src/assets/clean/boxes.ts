/**
 * Files of boxes (ISO 14496-12): MP4, M4A, AVIF. Boxes of metadata become `free` ones of the same length, so that
 * nothing else moves; in AVIF the items of Exif and XMP, which its index names, are emptied where they stand.
 */
import { bytesOf, type Cleaner, type Flow, latin, Unfit, u16, u32 } from "../flow.ts";

const FREE = bytesOf("free");

/** Boxes that hold boxes, on the way to metadata. */
const HOLDS = new Set(["moov", "trak", "moof", "traf"]);

/** Titles, places, makes, and boxes that only their maker knows. */
const EMPTIED = new Set(["udta", "meta", "uuid"]);

/** Longest index of an AVIF, bytes. */
const INDEX_MAX = 1_024 * 1_024;

/** A name that no reader takes for an item's type. */
const NO_ITEM = bytesOf("skip");
const METADATA_ITEMS = new Set(["Exif", "mime", "uri "]);

export const film: Cleaner = function* (flow) {
  yield* boxes(flow, Number.POSITIVE_INFINITY, false);
};

export const avif: Cleaner = function* (flow) {
  yield* boxes(flow, Number.POSITIVE_INFINITY, true);
};

function* boxes(flow: Flow, end: number, isImage: boolean): Generator<void, void> {
  while (flow.at < end && !(yield* flow.isOver())) {
    const head = yield* headOf(flow, end);
    if (!head) return;
    const { type, length, bytes } = head;
    if (isImage && type === "meta") {
      if (length > INDEX_MAX) throw new Unfit(`its index is longer than ${INDEX_MAX} bytes`);
      flow.emit(bytes);
      const from = flow.at;
      const index = (yield* flow.take(length)).slice();
      emptyItems(flow, index, from);
      flow.emit(index);
    } else if (EMPTIED.has(type)) {
      const renamed = bytes.slice();
      renamed.set(FREE, 4);
      flow.emit(renamed);
      yield* flow.zero(length);
    } else if (HOLDS.has(type)) {
      flow.emit(bytes);
      // Inside a film there is no index of items.
      yield* boxes(flow, flow.at + length, false);
    } else {
      flow.emit(bytes);
      yield* flow.pass(length);
    }
  }
}

interface Head {
  type: string;
  /** Bytes behind the head. */
  length: number;
  bytes: Uint8Array;
}

/** Undefined: what is left is no box; it is passed on, because no reader takes it for one. */
function* headOf(flow: Flow, end: number): Generator<void, Head | undefined> {
  const seen = yield* flow.peek(8);
  const short = seen ? u32(seen, 0) : 0;
  const isWhole = short === 0 && seen !== undefined;
  const isLong = short === 1;
  if (!seen || (short < 8 && !isWhole && !isLong)) {
    yield* flow.pass(end - flow.at);
    return undefined;
  }
  const bytes = yield* flow.take(isLong ? 16 : 8);
  const length = isLong ? u32(bytes, 8) * 2 ** 32 + u32(bytes, 12) - 16 : short - 8;
  const left = end - flow.at;
  const told = isWhole ? left : length;
  if (told < 0 || told > left) throw new Unfit("a box is longer than the one that it stands in");
  return { type: latin(bytes, 4, 8), length: told, bytes };
}

/** The index without its items of metadata, whose bytes are emptied. `from`: where the index stands in the file. */
function emptyItems(flow: Flow, index: Uint8Array, from: number): void {
  const inner = innerBoxes(index, 4, index.byteLength);
  const named = inner.find(({ type }) => type === "iinf");
  const placed = inner.find(({ type }) => type === "iloc");
  const data = inner.find(({ type }) => type === "idat");
  if (!named) return;
  const ids = new Set<number>();
  const version = index[named.from] as number;
  for (const entry of innerBoxes(index, named.from + (version === 0 ? 6 : 8), named.to)) {
    if (entry.type !== "infe") continue;
    const isWide = (index[entry.from] as number) === 3;
    const id = isWide ? u32(index, entry.from + 4) : u16(index, entry.from + 4);
    const typeAt = entry.from + (isWide ? 10 : 8);
    if (!METADATA_ITEMS.has(latin(index, typeAt, typeAt + 4))) continue;
    index.set(NO_ITEM, typeAt);
    // Its name, and of XMP the type of its content.
    index.fill(0, typeAt + 4, entry.to);
    ids.add(id);
  }
  for (const box of inner) {
    if (EMPTIED.has(box.type)) {
      index.set(FREE, box.from - 4);
      index.fill(0, box.from, box.to);
    }
  }
  if (ids.size === 0 || !placed) return;
  for (const { id, method, offset, length } of placesOf(index, placed.from, placed.to)) {
    if (!ids.has(id)) continue;
    if (method === 0) {
      const isHere = offset >= from && offset + length <= from + index.byteLength;
      if (isHere) index.fill(0, offset - from, offset - from + length);
      else flow.blank(offset, length === 0 ? Number.POSITIVE_INFINITY : offset + length);
    } else if (method === 1 && data) {
      const to = length === 0 ? data.to : data.from + offset + length;
      index.fill(0, Math.min(data.from + offset, data.to), Math.min(to, data.to));
    }
  }
}

interface Box {
  type: string;
  /** Behind its head. */
  from: number;
  to: number;
}

function innerBoxes(bytes: Uint8Array, from: number, to: number): Box[] {
  const found: Box[] = [];
  for (let at = from; at + 8 <= to; ) {
    const length = u32(bytes, at);
    if (length < 8 || at + length > to) throw new Unfit("its index is damaged");
    found.push({ type: latin(bytes, at + 4, at + 8), from: at + 8, to: at + length });
    at += length;
  }
  return found;
}

interface Place {
  id: number;
  /** 0: in the file; 1: in the index's own data. */
  method: number;
  offset: number;
  length: number;
}

/** Where the items stand (`iloc`). */
function placesOf(bytes: Uint8Array, from: number, to: number): Place[] {
  let at = from;
  const number = (width: number): number => {
    if (at + width > to) throw new Unfit("its index is damaged");
    let value = 0;
    for (let byte = 0; byte < width; byte += 1) value = value * 256 + (bytes[at + byte] as number);
    at += width;
    return value;
  };
  const version = number(1);
  number(3);
  const sizes = number(2);
  const [offsetWidth, lengthWidth, baseWidth] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexWidth = version > 0 ? sizes & 15 : 0;
  const places: Place[] = [];
  for (let items = number(version < 2 ? 2 : 4); items > 0; items -= 1) {
    const id = number(version < 2 ? 2 : 4);
    const method = version > 0 ? number(2) & 15 : 0;
    number(2);
    const base = number(baseWidth);
    for (let extents = number(2); extents > 0; extents -= 1) {
      number(indexWidth);
      const offset = base + number(offsetWidth);
      places.push({ id, method, offset, length: number(lengthWidth) });
    }
  }
  return places;
}
