/** Reading request bodies: bounded, of the right type, as strict text and JSON. */
import { RequestError } from "../errors.ts";

/** Longest body on player routes and small organiser routes, bytes. */
export const BODY_BYTES = 64 * 1_024;

/** How long a body may take to arrive, ms; of a streamed one, each part of it. */
export const BODY_TIME = 30_000;

/** Stateless as long as it is not used for streaming. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** A key that libraries downstream may take for an object's prototype. */
const PROTO_KEY = /"__proto__"\s*:/;

/** The media type without its parameters, lower case. */
export function mediaType(request: Request): string {
  return (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/**
 * A small body as text, without the detour over bytes: on the event path that
 * detour costs more than the parsing. What is not UTF-8 shows as U+FFFD then,
 * so that character itself is refused as well.
 */
async function readSmallText(request: Request, limit: number): Promise<string> {
  const announced = request.headers.get("content-length");
  if (announced === null) return readText(request, limit);
  if (Number(announced) > limit) throw tooLarge(limit);
  let text: string;
  try {
    text = await inTime(request.text());
  } catch (error) {
    throw error instanceof RequestError ? error : cutOff();
  }
  if (text.includes("\ufffd")) {
    throw new RequestError("bad_request", "the body is not valid UTF-8, or holds the character U+FFFD");
  }
  return text;
}

/** The body as text. Throws `payload_too_large`, or `bad_request` when it is not UTF-8. */
export async function readText(request: Request, limit: number): Promise<string> {
  const bytes = await readBytes(request, limit);
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new RequestError("bad_request", "the body is not valid UTF-8");
  }
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
  return throwAway(body.getReader());
}

const silence = (): Promise<undefined> =>
  new Promise((done) => {
    setTimeout(() => done(undefined), READ_ON.silentMs);
  });

async function throwAway(reader: ReadableStreamDefaultReader): Promise<void> {
  const until = Date.now() + READ_ON.ms;
  try {
    for (let bytes = 0; bytes < READ_ON.bytes && Date.now() < until; ) {
      const next = await Promise.race([reader.read(), silence()]);
      if (!next || next.done) return;
      bytes += (next.value as Uint8Array).byteLength;
    }
    await reader.cancel();
  } catch {
    // The sender went away: nothing is left to read.
  }
}

function tooSlow(): RequestError {
  return new RequestError("timeout", `the body did not arrive within ${BODY_TIME / 1_000} seconds`);
}

function tooLarge(limit: number): RequestError {
  return new RequestError("payload_too_large", `the body may have ${limit} bytes at most`);
}

/**
 * The JSON body, unchecked in shape. Throws `unsupported_media_type`,
 * `payload_too_large`, or `bad_request` for what is no JSON.
 */
export async function readJson(request: Request, limit: number): Promise<unknown> {
  requireJson(request);
  return parseJson(await readSmallText(request, limit));
}

function requireJson(request: Request): void {
  if (request.headers.get("content-type") === "application/json") return;
  const type = mediaType(request);
  if (type !== "application/json" && !type.endsWith("+json")) {
    throw new RequestError("unsupported_media_type", "send application/json");
  }
}

function parseJson(text: string): unknown {
  if (PROTO_KEY.test(text)) throw new RequestError("bad_request", "__proto__ is not a key here");
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the body: it is not passed on.
    throw new RequestError("bad_request", "the body is not valid JSON");
  }
}
