/** PNG with the chunks alone that the picture needs: no texts, no Exif, no time, nothing of makers, and nothing behind it. */
import { type Cleaner, latin, Unfit, u32 } from "../flow.ts";

const KEPT = new Set(
  (
    "IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT pHYs bKGD hIST sPLT " +
    // Of moving pictures, and of how colours are meant.
    "acTL fcTL fdAT cICP mDCV cLLI"
  ).split(" "),
);

const SIGNATURE_BYTES = 8;
const CHECKSUM_BYTES = 4;

export const png: Cleaner = function* (flow) {
  flow.emit(yield* flow.take(SIGNATURE_BYTES));
  for (;;) {
    const head = yield* flow.take(8);
    const type = latin(head, 4, 8);
    const length = u32(head, 0) + CHECKSUM_BYTES;
    if (!/^[A-Za-z]{4}$/.test(type)) throw new Unfit("a chunk has no name");
    if (KEPT.has(type)) {
      flow.emit(head);
      yield* flow.pass(length);
    } else yield* flow.skip(length);
    if (type === "IEND") return;
  }
};
