/** Texts: UTF-8 without control characters, passed on as they are. */
import { type Cleaner, Unfit } from "../flow.ts";

/** Bytes looked at in one go. */
const PIECE = 65_536;

/** Control characters but tabs, ends of lines and of pages. */
const CONTROL = /(?![\t\n\r\f\u0080-\u009f])\p{Cc}/u;

const decoding = (flowing: TextDecoder, bytes: Uint8Array | undefined): string => {
  try {
    return bytes ? flowing.decode(bytes, { stream: true }) : flowing.decode();
  } catch {
    throw new Unfit("it is no text in UTF-8");
  }
};

export const text: Cleaner = function* (flow) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (;;) {
    const bytes: Uint8Array | undefined = yield* flow.some(PIECE);
    const read = decoding(decoder, bytes);
    if (CONTROL.test(read)) throw new Unfit("it has control characters: it is no text");
    if (!bytes) return;
    flow.emit(bytes);
  }
};
