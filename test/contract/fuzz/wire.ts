/** Requests as bytes on a connection, also such as no HTTP client sends. */
import { connect } from "node:net";

/** How long a response may take, ms. */
export const ANSWER_WITHIN = 30_000;

export interface RawResponse {
  status: number;
  headers: Headers;
  body: Buffer;
}

const NOTHING = Buffer.alloc(0);

/** No response within the time. */
export class Hang extends Error {}

/**
 * Sends `bytes`, closes its side when told so, and gives the first response,
 * without its body if it has none (that of HEAD).
 * Undefined: the engine closed the connection without one.
 */
export function exchange(
  url: URL,
  bytes: Buffer,
  { close, bodiless }: { close: boolean; bodiless: boolean },
): Promise<RawResponse | undefined> {
  return new Promise((done, fail) => {
    const socket = connect(Number(url.port), url.hostname);
    const chunks: Buffer[] = [];
    const end = (response: RawResponse | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      done(response);
    };
    const timer = setTimeout(() => {
      socket.destroy();
      fail(new Hang(`no response in ${ANSWER_WITHIN} ms`));
    }, ANSWER_WITHIN);
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const response = responseOf(Buffer.concat(chunks), bodiless);
      if (response) end(response);
    });
    socket.once("close", () => end(responseOf(Buffer.concat(chunks), true)));
    // A reset is a close without a response.
    socket.on("error", () => undefined);
    socket.write(bytes);
    if (close) socket.end();
  });
}

/** The response in these bytes, once it is whole; `ended`: nothing more comes, or belongs to it. */
function responseOf(bytes: Buffer, ended: boolean): RawResponse | undefined {
  const blank = bytes.indexOf("\r\n\r\n");
  if (blank < 0) return undefined;
  const [first = "", ...lines] = bytes.subarray(0, blank).toString("latin1").split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error(`no HTTP: ${first.slice(0, 100)}`);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const rest = bytes.subarray(blank + 4);
  if (status === 101 || status === 204 || status === 304) return { status, headers, body: NOTHING };
  const length = headers.get("content-length");
  if (length !== null) {
    return rest.length >= Number(length) || ended
      ? { status, headers, body: rest.subarray(0, Number(length)) }
      : undefined;
  }
  if (headers.get("transfer-encoding") === "chunked") {
    const body = unchunked(rest);
    return body === undefined && !ended ? undefined : { status, headers, body: body ?? NOTHING };
  }
  return ended ? { status, headers, body: rest } : undefined;
}

/** Undefined: its end has not come. */
function unchunked(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, line).toString("latin1"), 16);
    if (size === 0) return Buffer.concat(parts);
    if (bytes.length < line + 2 + size + 2) return undefined;
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}
