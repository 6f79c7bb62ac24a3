/**
 * WebP without Exif, XMP and chunks that nobody knows. The file says its length at its beginning, before
 * it is known what goes: so those become empty chunks of the same length, which every reader passes over.
 */
import { bytesOf, type Cleaner, type Flow, latin, Unfit } from "../flow.ts";

const EMPTY = bytesOf("JUNK");

const KEPT = new Set(["VP8 ", "VP8L", "ALPH", "ANIM", "ICCP"]);

/** In VP8X: there is Exif, there is XMP. */
const METADATA_FLAGS = 0x0c;

/** Of a moving picture's frame, before its own chunks. */
const FRAME_HEAD = 16;

export const webp: Cleaner = function* (flow) {
  const head = yield* flow.take(12);
  flow.emit(head);
  const end = 8 + padded(length32(head, 4));
  yield* chunks(flow, end, false);
};

function* chunks(flow: Flow, end: number, isFrame: boolean): Generator<void, void> {
  while (flow.at + 8 <= end) {
    const head = (yield* flow.take(8)).slice();
    const type = latin(head, 0, 4);
    const length = padded(length32(head, 4));
    if (flow.at + length > end) throw new Unfit("a chunk is longer than the file");
    if (KEPT.has(type)) {
      flow.emit(head);
      yield* flow.pass(length);
    } else if (type === "VP8X" && length >= 10) {
      flow.emit(head);
      const features = (yield* flow.take(length)).slice();
      features[0] = (features[0] as number) & ~METADATA_FLAGS;
      flow.emit(features);
    } else if (type === "ANMF" && !isFrame && length >= FRAME_HEAD) {
      flow.emit(head);
      const frameEnd = flow.at + length;
      yield* flow.pass(FRAME_HEAD);
      yield* chunks(flow, frameEnd, true);
      yield* flow.zero(frameEnd - flow.at);
    } else {
      head.set(EMPTY, 0);
      flow.emit(head);
      yield* flow.zero(length);
    }
  }
}

const length32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) +
  (bytes[at + 1] as number) * 256 +
  (bytes[at + 2] as number) * 65_536 +
  (bytes[at + 3] as number) * 16_777_216;

const padded = (length: number): number => length + (length % 2);
