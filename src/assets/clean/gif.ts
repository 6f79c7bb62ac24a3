/** GIF without comments and makers' blocks; how often it repeats stays. */
import { type Cleaner, type Flow, latin, Unfit } from "../flow.ts";

const TRAILER = 0x3b;
const IMAGE = 0x2c;
const EXTENSION = 0x21;
const CONTROL = 0xf9;
const APPLICATION = 0xff;

/** They say how often the pictures repeat. */
const LOOPS = ["NETSCAPE2.0", "ANIMEXTS1.0"];

export const gif: Cleaner = function* (flow) {
  const head = yield* flow.take(13);
  flow.emit(head);
  yield* flow.pass(tableBytes(head[10] as number));
  for (;;) {
    if (yield* flow.isOver()) return;
    const start = yield* flow.take(1);
    switch (start[0]) {
      case TRAILER:
        flow.emit(start);
        return;
      case IMAGE: {
        const image = yield* flow.take(9);
        flow.emit(start);
        flow.emit(image);
        // The table of colours, and the size of the codes.
        yield* flow.pass(tableBytes(image[8] as number) + 1);
        yield* blocks(flow, true);
        break;
      }
      case EXTENSION:
        yield* extension(flow, start);
        break;
      default:
        throw new Unfit("a block is of no known kind");
    }
  }
};

function* extension(flow: Flow, start: Uint8Array): Generator<void, void> {
  const label = yield* flow.take(1);
  if (label[0] === CONTROL) {
    flow.emit(start);
    flow.emit(label);
    yield* blocks(flow, true);
    return;
  }
  if (label[0] !== APPLICATION) return yield* blocks(flow, false);
  const length = yield* flow.take(1);
  const name = yield* flow.take(length[0] as number);
  const isLoop = LOOPS.includes(latin(name, 0, name.byteLength));
  if (isLoop) for (const part of [start, label, length, name]) flow.emit(part);
  yield* blocks(flow, isLoop);
}

/** Bytes of a table of colours. */
const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));

/** Blocks up to the empty one. */
function* blocks(flow: Flow, keep: boolean): Generator<void, void> {
  for (;;) {
    const length = yield* flow.take(1);
    if (keep) flow.emit(length);
    const bytes = length[0] as number;
    if (bytes === 0) return;
    yield* keep ? flow.pass(bytes) : flow.skip(bytes);
  }
}
