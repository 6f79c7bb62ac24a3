/** Calls on the engine: token, errors from problem+json, bounded retries. */
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type Dispatcher, request } from "undici";
import { isLoopback } from "../local/command-line.ts";
import { EXIT, Failure, type Refusal } from "./failure.ts";
import { clean } from "./text.ts";

/** How often a request is sent again after 429 or 503. */
const RETRIES_MAX = 5;

/** Longest wait before a retry, seconds, even if `Retry-After` asks for more. */
const RETRY_WAIT_MAX = 30;

/** First wait when there is no `Retry-After`, seconds; it doubles. */
const RETRY_WAIT = 1;

/** Bytes read at most of an error that is no problem document. */
const ERROR_BODY_MAX = 1_000_000;

/** Error codes of the network, beside undici's own. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPROTO",
]);

/** Nobody is there at all. */
const ABSENT_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Of undici, the HTTP parser, TLS and its certificates. */
const TRANSPORT_CODE = /^(?:UND_ERR_|HPE_|ERR_SSL|ERR_TLS|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

export interface Sending {
  query?: Record<string, string | number | undefined>;
  /** Sent as JSON. */
  body?: object;
  /** Instead of `body`: bytes of a type of their own; a function makes the stream anew for every attempt. */
  raw?: { type: string; data: string | (() => Readable) };
  headers?: Record<string, string>;
  /**
   * True for calls that, done twice, are two (an award): they are sent again
   * only when the engine says that it did not begin.
   */
  once?: boolean;
  /** False for a body that cannot be sent again (standard input). */
  replayable?: boolean;
  /** Hears the response's ETag. */
  tagged?: (etag: string | undefined) => void;
}

export interface EngineClientOptions {
  url: URL;
  token: () => Promise<string>;
  /** Where the token came from, for the error that it is not valid. */
  tokenFrom: string;
  note: (text: string) => void;
}

export class EngineClient {
  readonly #options: EngineClientOptions;

  constructor(options: EngineClientOptions) {
    this.#options = options;
  }

  get origin(): string {
    return this.#options.url.origin;
  }

  /** Calls the engine and gives its JSON; the caller names its type, one of src/contract. */
  async json<Told>(method: Dispatcher.HttpMethod, path: string, sending: Sending = {}): Promise<Told> {
    const body = await this.stream(method, path, sending);
    return this.#connected(async () => {
      const text = await body.text();
      try {
        return JSON.parse(text) as Told;
      } catch {
        throw new Failure(EXIT.refused, `${this.origin} did not respond with JSON: is it the engine?`);
      }
    });
  }

  /** The body of a successful response, as it comes. A break of the connection is the reader's to see. */
  async stream(method: Dispatcher.HttpMethod, path: string, sending: Sending = {}) {
    for (let attempt = 0; ; attempt += 1) {
      const { statusCode, headers, body } = await this.#send(method, path, sending);
      if (statusCode >= 200 && statusCode < 300) {
        sending.tagged?.([headers.etag ?? []].flat()[0]);
        return body;
      }
      const problem = await problemOf(statusCode, body);
      if (attempt >= RETRIES_MAX || !mayRepeat(statusCode, problem, sending)) throw this.#failure(problem);
      const wait = waitOf(headers["retry-after"], attempt);
      this.#options.note(`${clean(problem.title)} (${statusCode}); trying again in ${wait} s`);
      await sleep(wait * 1_000);
    }
  }

  async #send(method: Dispatcher.HttpMethod, path: string, sending: Sending) {
    const { url } = this.#options;
    const target = new URL(url.pathname.replace(/\/$/, "") + path, url);
    for (const [name, value] of Object.entries(sending.query ?? {})) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    const authorization = `Bearer ${await this.#options.token()}`;
    const { type, data } = sending.raw ?? { type: "application/json", data: jsonOf(sending.body) };
    return this.#connected(() =>
      request(target, {
        method,
        headers: {
          authorization,
          ...(data === undefined ? {} : { "content-type": type }),
          ...sending.headers,
        },
        ...(data === undefined ? {} : { body: typeof data === "string" ? data : data() }),
        // Verifying or importing a large hunt takes as long as it takes.
        headersTimeout: 0,
        bodyTimeout: 0,
      }),
    );
  }

  async #connected<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw this.broken(error);
    }
  }

  /** A broken connection as a failure; anything else as it is. */
  broken(error: unknown): unknown {
    const code = (error as { code?: unknown }).code;
    if (error instanceof Failure || typeof code !== "string") return error;
    if (ABSENT_CODES.has(code)) {
      const local = isLoopback(this.#options.url) ? "; start it with npm start, or give --url" : "";
      return new Failure(EXIT.unreachable, `no engine responds at ${this.origin} (${code})${local}`);
    }
    if (NETWORK_CODES.has(code) || TRANSPORT_CODE.test(code)) {
      return new Failure(EXIT.unreachable, `the connection to ${this.origin} broke (${code})`);
    }
    return error;
  }

  #failure(problem: Refusal): Failure {
    const title = clean(problem.title);
    const detail =
      problem.detail === undefined || problem.detail === problem.title ? "" : `: ${clean(problem.detail)}`;
    const hint = problem.status === 401 ? ` (the token is from ${this.#options.tokenFrom})` : "";
    const request =
      problem.status >= 500 && problem.requestId !== undefined
        ? ` (request ${clean(problem.requestId)})`
        : "";
    return new Failure(EXIT.refused, `${title}${detail}${hint}${request}`, problem);
  }
}

function jsonOf(body: object | undefined): string | undefined {
  return body === undefined ? undefined : JSON.stringify(body);
}

/** The problem document of an error response; if it is none, one made from the status. */
async function problemOf(status: number, body: Readable): Promise<Refusal> {
  const text = await textOf(body);
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === "object" && "title" in value && typeof value.title === "string") {
      return { ...(value as Refusal), status };
    }
  } catch {
    // Not JSON: a proxy's page, and its text says nothing to a person at a terminal.
  }
  return {
    title: `the response was ${status}`,
    status,
    detail: "without a problem document: is it the engine?",
  };
}

/** The start of a body, at most ERROR_BODY_MAX bytes. */
async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > ERROR_BODY_MAX) break;
    }
  } catch {
    // The status is known; of the text there is only the part that came.
  }
  return Buffer.concat(chunks).toString("utf8");
}

function mayRepeat(status: number, problem: Refusal, { once = false, replayable = true }: Sending): boolean {
  if (!replayable) return false;
  if (status === 429) return true;
  // `unavailable` may come after the deed; `overloaded` comes before it.
  return status === 503 && (!once || problem.code === "overloaded");
}

/** Seconds to wait, from `Retry-After` (RFC 9110 §10.2.3: seconds or a date). */
function waitOf(header: string | string[] | undefined, attempt: number): number {
  const text = (Array.isArray(header) ? header[0] : header) ?? "";
  const asked = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - Date.now()) / 1_000);
  const wait = Number.isNaN(asked) ? RETRY_WAIT * 2 ** attempt : asked;
  return Math.min(RETRY_WAIT_MAX, Math.max(0, wait));
}
