/** Reading request bodies: bounded, of the right type, as strict text and JSON. */
import { encodingOfInvalid, encodingOfStart } from "../encoding.ts";
import { RequestError } from "../errors.ts";
import type { RequestTimer } from "./request-timer.ts";

/** Longest body on player routes and small organiser routes, bytes. */
export const BODY_BYTES = 64 * 1_024;

/** How long a body may take to arrive, ms; of a streamed one, each part of it. */
export const BODY_TIME = 30_000;

/** Stateless as long as it is not used for streaming. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** A key that libraries downstream may take for an object's prototype. */
const PROTO = "__proto__";
const PROTO_KEY = /"__proto__"\s*:/;

const protoKey = (): RequestError => new RequestError("bad_request", `${PROTO} is not a key here`);

/** The media type without its parameters, lower case. */
export function mediaType(request: Request): string {
  return (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function decoded(bytes: Uint8Array): string {
  let encoding = encodingOfStart(bytes);
  try {
    if (encoding === undefined) return strictUtf8.decode(bytes);
  } catch {
    encoding = encodingOfInvalid(bytes);
  }
  throw new RequestError("bad_request", `the body is not valid UTF-8: it looks like ${encoding}`);
}

/** As `request.text()` decodes: what is not UTF-8 becomes U+FFFD. */
const lenientUtf8 = new TextDecoder("utf-8", { fatal: false, ignoreBOM: false });

/**
 * A small body as text, without the detour over bytes where its length is announced: on the
 * event path that detour costs more than the parsing. What is not UTF-8 becomes U+FFFD on
 * every road, so that it spoils only the event it stands in.
 */
async function readLenientText(request: Request, limit: number, timer: RequestTimer): Promise<string> {
  const announced = request.headers.get("content-length");
  if (announced === null) return lenientUtf8.decode(await readBytes(request, limit));
  if (Number(announced) > limit) throw tooLarge(limit);
  try {
    return await inTimeBy(timer, request.text());
  } catch (error) {
    throw error instanceof RequestError ? error : cutOff();
  }
}

/** The body as text. Throws `payload_too_large`, or `bad_request` when it is not UTF-8 or empty. */
export async function readText(request: Request, limit: number): Promise<string> {
  const read = await readBytes(request, limit);
  const bytes = read instanceof Uint8Array ? read : new Uint8Array(read);
  const text = decoded(bytes);
  if (text.trim() === "") throw new RequestError("bad_request", "the body is empty");
  return text;
}

async function readBytes(request: Request, limit: number): Promise<ArrayBuffer | Uint8Array> {
  try {
    return await inTime(readWithin(request, limit));
  } catch (error) {
    throw error instanceof RequestError ? error : cutOff();
  }
}

/** Reading fails when the sender goes away: nobody hears this error, but it is none of the engine's. */
export function cutOff(): RequestError {
  return new RequestError("bad_request", "the body was cut off");
}

/** What was read; throws `timeout` when that takes too long, so that a sender cannot hold a request open. */
export async function inTime<Read>(reading: Promise<Read>): Promise<Read> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(tooSlow()), BODY_TIME);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** As `inTime`, by the timer of a request that waits for other things as well. */
function inTimeBy<Read>(timer: RequestTimer, reading: Promise<Read>): Promise<Read> {
  return new Promise((done, fail) => {
    const late = timer.arm(BODY_TIME, () => fail(tooSlow()));
    reading.then(
      (read) => {
        late.cancel();
        done(read);
      },
      (error: unknown) => {
        late.cancel();
        fail(error);
      },
    );
  });
}

async function readWithin(request: Request, limit: number): Promise<ArrayBuffer | Uint8Array> {
  const announced = request.headers.get("content-length");
  if (announced !== null) {
    if (Number(announced) > limit) throw tooLarge(limit);
    return request.arrayBuffer();
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Not `for await`: an early end would cancel the body, see `readOn`.
  const reader = request.body?.getReader();
  try {
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      const chunk = next.value as Uint8Array;
      size += chunk.byteLength;
      if (size > limit) throw tooLarge(limit);
      chunks.push(chunk);
    }
  } finally {
    reader?.releaseLock();
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/**
 * Bounds of reading on after a refusal, bytes and ms: the sender may not look for
 * a response before it has sent. One that is silent for `silentMs` has looked, or
 * has nothing more to send.
 */
const READ_ON = { bytes: 64_000_000, ms: 10_000, silentMs: 500 };

/**
 * Reads the rest of a refused body and throws it away, up to a bound; undefined:
 * the rest is so small that the connection holds it anyway. While it runs, the
 * response must not end: the connection is closed then, and breaks on a sender
 * that has not looked for the response yet.
 */
export function readOn(request: Request): Promise<void> | undefined {
  const { body } = request;
  const announced = request.headers.get("content-length");
  if (!body || body.locked || (announced !== null && Number(announced) <= BODY_BYTES)) return undefined;
  return throwAway(body.getReader({ mode: "byob" }));
}

/** What one read takes at most, bytes: a reader without a buffer of its own gets 4 KB each time. */
const PIECE_BYTES = 65_536;

async function throwAway(reader: ReadableStreamBYOBReader): Promise<void> {
  const until = Date.now() + READ_ON.ms;
  let bytes = 0;
  let isOver = false;
  const reading = async (): Promise<void> => {
    let buffer = new ArrayBuffer(PIECE_BYTES);
    while (!isOver && bytes < READ_ON.bytes && Date.now() < until) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done || !value) return;
      bytes += value.byteLength;
      buffer = value.buffer as ArrayBuffer;
    }
    if (!isOver) await reader.cancel();
  };
  // The sender went away: nothing is left to read.
  const ended = reading().catch(() => undefined);
  // One timer for many reads, because a timer costs more than a read.
  for (let before = -1; before !== bytes; ) {
    before = bytes;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<boolean>((done) => {
      timer = setTimeout(done, READ_ON.silentMs, false);
    });
    const isEnd = await Promise.race([ended.then(() => true), silence]);
    clearTimeout(timer);
    if (isEnd) return;
  }
  isOver = true;
}

function tooSlow(): RequestError {
  return new RequestError("timeout", `the body did not arrive within ${BODY_TIME / 1_000} seconds`);
}

function tooLarge(limit: number): RequestError {
  return new RequestError("payload_too_large", `the body may have ${limit} bytes at most`);
}

/**
 * The JSON body, unchecked in shape. Throws `unsupported_media_type`,
 * `payload_too_large`, or `bad_request` for what is empty, no UTF-8 or no JSON.
 */
export async function readJson(request: Request, limit: number): Promise<unknown> {
  requireJson(request);
  const text = await readText(request, limit);
  if (PROTO_KEY.test(text)) throw protoKey();
  return parseJson(text);
}

/**
 * The JSON body of many things that are each checked by themselves: text that is no UTF-8, and
 * keys that no schema has, are left to the one that they stand in. Throws as `readJson` does.
 */
export async function readJsonOfParts(
  request: Request,
  limit: number,
  timer: RequestTimer,
): Promise<unknown> {
  requireJson(request);
  const body = parseJson(await readLenientText(request, limit, timer));
  if (typeof body === "object" && body !== null && Object.hasOwn(body, PROTO)) throw protoKey();
  return body;
}

function requireJson(request: Request): void {
  if (request.headers.get("content-type") === "application/json") return;
  const type = mediaType(request);
  if (type !== "application/json" && !type.endsWith("+json")) {
    throw new RequestError("unsupported_media_type", "send application/json");
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the body: it is not passed on.
    const isEmpty = text.trim() === "";
    throw new RequestError("bad_request", isEmpty ? "the body is empty" : "the body is not valid JSON");
  }
}
