/**
 * JPEG without what tells where and by what it was made: Exif, XMP, IPTC, comments, makers' segments, and what
 * stands behind the picture (previews, films, depth). Of Exif the orientation stays, in a segment of our own.
 */
import { bytesOf, type Cleaner, type Flow, latin, Unfit, u16 } from "../flow.ts";

const EOI = 0xd9;
const SOS = 0xda;
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP14 = 0xee;
const COMMENT = 0xfe;

const EXIF = "Exif\0\0";
const ORIENTATION = 0x0112;

export const jpeg: Cleaner = function* (flow) {
  flow.emit(yield* flow.take(2));
  for (;;) {
    const marker = yield* nextMarker(flow);
    if (marker === EOI) {
      flow.emit(Uint8Array.of(0xff, EOI));
      return;
    }
    const isAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
    if (isAlone) {
      flow.emit(Uint8Array.of(0xff, marker));
      continue;
    }
    const head = yield* flow.take(2);
    const length = u16(head, 0) - 2;
    if (length < 0) throw new Unfit("a segment has no length");
    const segment = yield* flow.take(length);
    const kept = keptOf(marker, segment, head);
    if (kept) for (const part of kept) flow.emit(part);
    if (marker === SOS && !(yield* passScan(flow))) return;
  }
};

function* nextMarker(flow: Flow): Generator<void, number> {
  const [start] = yield* flow.take(1);
  if (start !== 0xff) throw new Unfit("a segment does not begin where the one before it ends");
  for (;;) {
    const [marker] = yield* flow.take(1);
    if (marker !== undefined && marker !== 0xff) return marker;
  }
}

/** What stays of a segment; undefined: nothing. */
function keptOf(marker: number, segment: Uint8Array, head: Uint8Array): Uint8Array[] | undefined {
  const whole = [Uint8Array.of(0xff, marker), head, segment];
  const begins = (text: string): boolean => latin(segment, 0, text.length) === text;
  switch (marker) {
    case APP0:
      return begins("JFIF\0") ? whole : undefined;
    case APP1:
      return begins(EXIF) ? orientationOf(segment.subarray(EXIF.length)) : undefined;
    case APP2:
      return begins("ICC_PROFILE\0") ? whole : undefined;
    case APP14:
      return begins("Adobe") ? whole : undefined;
    default:
      // Other makers' segments, reserved ones, comments.
      return (marker > APP2 && marker < APP14) || (marker > APP14 && marker <= COMMENT) ? undefined : whole;
  }
}

/** A segment that says how the picture is to be turned, and nothing else; undefined: not at all. */
function orientationOf(tiff: Uint8Array): Uint8Array[] | undefined {
  const little = latin(tiff, 0, 2) === "II";
  if (!little && latin(tiff, 0, 2) !== "MM") return undefined;
  const short = (at: number): number =>
    little ? (tiff[at] ?? 0) | ((tiff[at + 1] ?? 0) << 8) : ((tiff[at] ?? 0) << 8) | (tiff[at + 1] ?? 0);
  const long = (at: number): number =>
    little ? short(at + 2) * 65_536 + short(at) : short(at) * 65_536 + short(at + 2);
  if (tiff.byteLength < 14) return undefined;
  const directory = long(4);
  const entries = directory + 2 <= tiff.byteLength ? short(directory) : 0;
  for (let entry = 0; entry < entries; entry += 1) {
    const at = directory + 2 + entry * 12;
    if (at + 12 > tiff.byteLength) return undefined;
    if (short(at) !== ORIENTATION) continue;
    const turned = short(at + 8);
    return turned > 1 && turned <= 8 ? [segmentOf(turned)] : undefined;
  }
  return undefined;
}

function segmentOf(orientation: number): Uint8Array {
  // Big-endian, one directory with one entry (type SHORT, one value), and no next directory.
  const tiff = [
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    1,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const body = [...bytesOf(EXIF), ...tiff];
  const length = body.length + 2;
  return Uint8Array.of(0xff, APP1, length >> 8, length & 255, ...body);
}

/** Passes on the coded picture up to the next segment, whose 0xff stays; false: the file ended in it. */
function* passScan(flow: Flow): Generator<void, boolean> {
  for (;;) {
    if (!(yield* flow.passUpTo(0xff))) return false;
    const next = yield* flow.peek(2);
    if (!next) return false;
    const marker = next[1] as number;
    // A byte of the picture, a restart, or filling: all of them go on.
    const isPicture = marker === 0 || (marker >= 0xd0 && marker <= 0xd7);
    if (isPicture) flow.emit(yield* flow.take(2));
    else if (marker === 0xff) flow.emit(yield* flow.take(1));
    else return true;
  }
}
