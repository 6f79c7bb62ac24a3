/**
 * Files in the bucket (R2): taken as they come, cleaned on the way, of unknown length. A small one is put
 * in one go, a longer one in parts. The bucket copies and renames nothing, so a content gets a random key at once,
 * and its digest is known at the end.
 */
import { createHash } from "node:crypto";
import { ASSET_BYTES, ASSET_ENDINGS, assetTypeOf, endingOf } from "../contract/asset-types.ts";
import type { MediaKind } from "../contract/media.ts";
import { SENT_BYTES } from "../contract/submissions.ts";
import { RequestError } from "../errors.ts";
import { cleanSvg, SVG_BYTES } from "./clean/svg.ts";
import type { StoredContent } from "./content.ts";
import { type Cleaner, Flow, Unfit } from "./flow.ts";
import { cleanerOf, HEAD_BYTES, sentFormOf } from "./forms.ts";

/** Of a part but the last, bytes: the least that R2 takes, and all parts are as long. */
export const PART_BYTES = 5 * 1_024 * 1_024;

/** What uploads hold at the same time in an isolate of 128 MB, bytes. */
const HELD_MAX = 60_000_000;

/** All keys of a hunt begin so. */
export const assetPrefix = (hunt: string): string => `hunts/${hunt}/`;
export const objectKey = (hunt: string, key: string): string => assetPrefix(hunt) + key;

interface Coming {
  bucket: R2Bucket;
  hunt: string;
  key: string;
  /** The next bytes; undefined: there are no more. Throws when they do not come. */
  next(): Promise<Uint8Array | undefined>;
  /** Called before the first part is sent, so that somebody can end what this isolate leaves behind. */
  begun(uploadId: string): Promise<void>;
}

/** A file of the hunt, under the name that it gets. */
export interface Upload extends Coming {
  name: string;
}

/** A file that a player sends. `accepts`: the kinds that the clue takes. */
export interface Sent extends Coming {
  accepts(kind: MediaKind): boolean;
}

/** What a file is by its beginning. */
interface Known {
  cleaner: Cleaner;
  type: string;
  /** Longest that it may be, bytes. */
  max: number;
  /** It is looked at whole. */
  isDrawing?: boolean;
}

/** Bytes held in this isolate. */
let held = 0;

/** Throws `unsupported_media_type` for a name whose ending no file of a hunt has. */
export function requireKnownEnding(name: string): void {
  if (assetTypeOf(name)) return;
  const ending = endingOf(name);
  throw new RequestError(
    "unsupported_media_type",
    `${ending === "" ? "a name without an ending" : `.${ending}`} is no file of a hunt; the endings: ${ASSET_ENDINGS.join(", ")}`,
  );
}

/** Stores the file. What was begun in the bucket is ended when it throws. */
export async function storeUpload(upload: Upload): Promise<StoredContent> {
  const { name } = upload;
  const { key } = upload;
  const { sha256, size, sent } = await storeAs(upload, `.${endingOf(name)}`, (head) => {
    const cleaner = cleanerOf(name, head);
    const type = assetTypeOf(name)?.type ?? "";
    if (cleaner) return { cleaner, type, max: ASSET_BYTES, isDrawing: endingOf(name) === "svg" };
    const why = `its first bytes are not those of a .${endingOf(name)} file`;
    throw new RequestError("unsupported_media_type", why);
  });
  return { key, sha256, sent, size };
}

/** Stores a file that a player sends, as what its first bytes say that it is. As `storeUpload` otherwise. */
export async function storeSent(sent: Sent): Promise<{ type: string; size: number; sha256: string }> {
  const { type, size, sha256 } = await storeAs(sent, "file", (head) => {
    const form = sentFormOf(head, sent.accepts);
    if (form && sent.accepts(form.kind)) return { ...form, max: SENT_BYTES[form.kind] };
    const why = form ? `this clue takes no ${form.type}` : "its first bytes are of nothing that can be sent";
    throw new RequestError("unsupported_media_type", why);
  });
  return { type, size, sha256 };
}

async function storeAs(
  coming: Coming,
  called: string,
  know: (head: Uint8Array) => Known,
): Promise<{ type: string; size: number; sha256: string; sent: string }> {
  const { bucket, hunt, key } = coming;
  const sink = new Sink(bucket, objectKey(hunt, key), coming.begun);
  try {
    const { sent, type } = await pump(coming, sink, know);
    return { ...(await sink.finish()), sent, type };
  } catch (error) {
    await sink.abort();
    throw errorFor(error, called);
  } finally {
    sink.free();
  }
}

function errorFor(error: unknown, called: string): unknown {
  if (!(error instanceof Unfit)) return error;
  const detail = `this is no ${called} that can be taken: ${error.message}`;
  return new RequestError("unsupported_media_type", detail);
}

/** Reads the file, and sends on what is to be stored. */
async function pump(
  { next }: Coming,
  sink: Sink,
  know: (head: Uint8Array) => Known,
): Promise<{ sent: string; type: string }> {
  const digest = createHash("sha256");
  let size = 0;
  let max = ASSET_BYTES;
  const read = async (): Promise<Uint8Array | undefined> => {
    const bytes = await next();
    if (!bytes) return undefined;
    size += bytes.byteLength;
    if (size > max) throw tooLarge(max);
    digest.update(bytes);
    return bytes;
  };
  const { head, isWhole } = await headOf(read);
  if (head.byteLength === 0) throw new RequestError("bad_request", "the body is empty");
  const { cleaner, type, isDrawing = false, ...known } = know(head);
  max = known.max;
  sink.type = type;
  const flow = new Flow(cleaner);
  const drawing: Uint8Array[] = [];
  const take = async (parts: readonly Uint8Array[]): Promise<void> => {
    if (isDrawing && size > SVG_BYTES) throw tooLarge(SVG_BYTES);
    for (const part of parts) {
      if (isDrawing) {
        // As bytes, as text, and cleaned.
        sink.hold(3 * part.byteLength);
        drawing.push(part.slice());
      } else await sink.write(part);
    }
  };
  await take(flow.push(head));
  if (!isWhole) {
    for (let bytes = await read(); bytes; bytes = await read()) await take(flow.push(bytes));
  }
  await take(flow.end());
  if (isDrawing) {
    const source = new TextDecoder().decode(Buffer.concat(drawing));
    await sink.write(new TextEncoder().encode(cleanSvg(source)));
  }
  return { sent: digest.digest("hex"), type };
}

/** So many first bytes as tell what it is. */
async function headOf(
  read: () => Promise<Uint8Array | undefined>,
): Promise<{ head: Uint8Array; isWhole: boolean }> {
  let head = new Uint8Array(0);
  while (head.byteLength < HEAD_BYTES) {
    const bytes = await read();
    if (!bytes) return { head, isWhole: true };
    const longer = new Uint8Array(head.byteLength + bytes.byteLength);
    longer.set(head);
    longer.set(bytes, head.byteLength);
    head = longer;
  }
  return { head, isWhole: false };
}

const tooLarge = (limit: number): RequestError =>
  new RequestError("payload_too_large", `the file may have ${limit} bytes at most`);

/** Where the bytes go: one object of the bucket. */
class Sink {
  /** The media type, which is known before anything is sent. */
  type = "";
  /** Of `held`, its own. */
  #held = 0;
  readonly #bucket: R2Bucket;
  readonly #key: string;
  readonly #begun: (uploadId: string) => Promise<void>;
  readonly #digest = createHash("sha256");
  #size = 0;
  #part = new Uint8Array(0);
  #filled = 0;
  #upload: R2MultipartUpload | undefined;
  readonly #parts: R2UploadedPart[] = [];

  constructor(bucket: R2Bucket, key: string, begun: (uploadId: string) => Promise<void>) {
    this.#bucket = bucket;
    this.#key = key;
    this.#begun = begun;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#digest.update(bytes);
    this.#size += bytes.byteLength;
    for (let from = 0; from < bytes.byteLength; ) {
      const some = bytes.subarray(from, from + PART_BYTES - this.#filled);
      this.#room(this.#filled + some.byteLength);
      this.#part.set(some, this.#filled);
      this.#filled += some.byteLength;
      from += some.byteLength;
      if (this.#filled === PART_BYTES) await this.#send();
    }
  }

  async finish(): Promise<{ sha256: string; size: number }> {
    if (this.#size === 0) throw new Unfit("nothing is left of it");
    if (this.#upload) {
      if (this.#filled > 0) await this.#send();
      const upload = this.#upload;
      await stored(() => upload.complete(this.#parts));
    } else {
      const httpMetadata = { contentType: this.type };
      const bytes = this.#part.subarray(0, this.#filled);
      await stored(() => this.#bucket.put(this.#key, bytes, { httpMetadata }));
    }
    return { sha256: this.#digest.digest("hex"), size: this.#size };
  }

  async abort(): Promise<void> {
    const upload = this.#upload;
    // Whoever was told of it ends it later, and so does the bucket after some days.
    if (upload) await upload.abort().catch(() => undefined);
  }

  /** Memory for so many bytes, until `free`. */
  hold(bytes: number): void {
    if (held + bytes > HELD_MAX) throw new RequestError("overloaded", "too many files come at the same time");
    held += bytes;
    this.#held += bytes;
  }

  free(): void {
    held -= this.#held;
    this.#held = 0;
    this.#part = new Uint8Array(0);
  }

  async #send(): Promise<void> {
    if (!this.#upload) {
      const httpMetadata = { contentType: this.type };
      const upload = await stored(() => this.#bucket.createMultipartUpload(this.#key, { httpMetadata }));
      this.#upload = upload;
      await this.#begun(upload.uploadId);
    }
    const upload = this.#upload;
    const bytes = this.#part.subarray(0, this.#filled);
    this.#parts.push(await stored(() => upload.uploadPart(this.#parts.length + 1, bytes)));
    this.#filled = 0;
  }

  /** Grows by doubling, so that a small file holds little. */
  #room(length: number): void {
    if (length <= this.#part.byteLength) return;
    const size = Math.min(PART_BYTES, Math.max(length, 2 * this.#part.byteLength, 16_384));
    const more = size - this.#part.byteLength;
    this.hold(more);
    const larger = new Uint8Array(size);
    larger.set(this.#part.subarray(0, this.#filled));
    this.#part = larger;
  }
}

/** What the bucket says; throws `unavailable` when it does not. */
export async function stored<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RequestError) throw error;
    console.warn({ message: "the bucket of files did not respond", error: String(error) });
    throw new RequestError("unavailable", "files cannot be read or stored now");
  }
}
