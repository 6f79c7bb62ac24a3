/** Files in the bucket as a route takes and tells them: a body piece by piece, a file by the request's headers. */
import { stored } from "../assets/store.ts";
import { RequestError } from "../errors.ts";
import type { Env } from "../objects/env.ts";
import { cutOff, inTime } from "./body.ts";
import { fileResponse } from "./headers.ts";
import type { Request$ } from "./request.ts";

/** The body of an upload, piece by piece. */
export class BodyReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #isWaiting = false;

  constructor(request: Request) {
    this.#reader = request.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  }

  async next(): Promise<Uint8Array | undefined> {
    if (!this.#reader) return undefined;
    this.#isWaiting = true;
    try {
      const { value } = await inTime(this.#reader.read());
      this.#isWaiting = false;
      return value;
    } catch (error) {
      throw error instanceof RequestError ? error : cutOff();
    }
  }

  /** What is left of the body may be read on (`readOn`), unless a piece that never came is still awaited. */
  release(): void {
    if (this.#isWaiting) this.#reader?.cancel().catch(() => undefined);
    else this.#reader?.releaseLock();
  }
}

/** How a file is told. */
interface Telling {
  /** Its media type; absent: as the bucket has it. */
  type?: string;
  caching: string;
  /** Under which it is saved; absent: the browser makes one. */
  name?: string;
  /** In a page; else it is saved. */
  isShown: boolean;
  /** What it may do that is opened by itself. */
  policy?: string;
}

/** The response with the object of the bucket, as the request's headers ask for it; undefined: there is none. */
export async function storedFile(
  c: Request$,
  key: string,
  { type, caching, name, isShown, policy }: Telling,
): Promise<Response | undefined> {
  const asked = { headers: c.req.raw.headers, isHead: c.req.method === "HEAD" };
  const file = await read(c.env, key, asked);
  if (!file) return undefined;
  const { status, body, etag, size, part } = file;
  const headers: Record<string, string> = {
    ETag: etag,
    "Cache-Control": caching,
    "Accept-Ranges": "bytes",
  };
  if (status === 416) headers["Content-Range"] = `bytes */${size}`;
  if (part) {
    headers["Content-Length"] = String(part.length);
    if (status === 206) {
      headers["Content-Range"] = `bytes ${part.offset}-${part.offset + part.length - 1}/${size}`;
    }
    headers["Content-Type"] = type ?? file.type ?? "application/octet-stream";
    const named = name === undefined ? "" : `; filename="${name}"`;
    headers["Content-Disposition"] = `${isShown ? "inline" : "attachment"}${named}`;
    // Pages of other sites may show what their address opens: they have the ticket, or need none.
    headers["Cross-Origin-Resource-Policy"] = "cross-origin";
    if (policy !== undefined) headers["Content-Security-Policy"] = policy;
  }
  return fileResponse(c, status, body, headers);
}

interface Told {
  status: 200 | 206 | 304 | 416;
  body: ReadableStream | null;
  etag: string;
  size: number;
  /** As it was stored. */
  type: string | undefined;
  /** What of it is told. */
  part?: { offset: number; length: number };
}

/** The object as the request's headers ask for it; undefined: there is none. */
async function read(
  env: Pick<Env, "ASSETS_BUCKET">,
  key: string,
  { headers, isHead }: { headers: Headers; isHead: boolean },
): Promise<Told | undefined> {
  const range = headers.get("range");
  const has = headers.get("if-none-match");
  const wanted = range === null ? undefined : rangeOf(range);
  // What depends on the object is decided before its bytes are asked for.
  const known =
    isHead || has !== null || wanted ? await stored(() => env.ASSETS_BUCKET.head(key)) : undefined;
  if (known === null) return undefined;
  if (known) {
    const { httpEtag: etag, size, httpMetadata } = known;
    const type = httpMetadata?.contentType;
    if (has !== null && isListed(has, etag)) return { status: 304, body: null, etag, size, type };
    const condition = headers.get("if-range");
    const part = wanted && (condition === null || condition === etag) ? partOf(wanted, size) : undefined;
    if (part === "none") return { status: 416, body: null, etag, size, type };
    const status = part ? 206 : 200;
    if (isHead) return { status, body: null, etag, size, type, part: part ?? { offset: 0, length: size } };
    if (part) {
      const object = await stored(() => env.ASSETS_BUCKET.get(key, { range: part }));
      return object ? { status, body: object.body, etag, size, type, part } : undefined;
    }
  }
  const object = await stored(() => env.ASSETS_BUCKET.get(key));
  if (!object) return undefined;
  const { body, size, httpEtag, httpMetadata } = object;
  const type = httpMetadata?.contentType;
  return { status: 200, body, etag: httpEtag, size, type, part: { offset: 0, length: size } };
}

type Wanted = { from: number; to: number } | { last: number };

/** One range of bytes; undefined: the header is not understood, or asks for several, and is passed over. */
function rangeOf(header: string): Wanted | undefined {
  const [, from = "", to = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.replaceAll(" ", "")) ?? [];
  if (from === "") return to === "" ? undefined : { last: Number(to) };
  const end = to === "" ? Number.POSITIVE_INFINITY : Number(to);
  return end < Number(from) ? undefined : { from: Number(from), to: end };
}

/** What there is of it; `none`: nothing. */
function partOf(wanted: Wanted, size: number): { offset: number; length: number } | "none" {
  if ("last" in wanted) {
    const length = Math.min(wanted.last, size);
    return length === 0 ? "none" : { offset: size - length, length };
  }
  if (wanted.from >= size) return "none";
  return { offset: wanted.from, length: Math.min(wanted.to, size - 1) - wanted.from + 1 };
}

const isListed = (header: string, etag: string): boolean =>
  header.trim() === "*" || header.split(",").some((one) => one.trim().replace(/^W\//, "") === etag);
