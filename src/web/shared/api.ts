/** Calls on the engine from the pages. What it takes and gives: src/contract. */
import type { Issue } from "../../contract/problem.ts";
import { decoded, encoded, isObject, parsed } from "./outside.ts";

/** The engine's refusal (application/problem+json), or that it was not reached (`status` 0). */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly issues: readonly Issue[];
  /** Seconds, where the engine names them. */
  readonly retryAfter: number | undefined;

  constructor(
    status: number,
    code: string,
    detail: string,
    issues: Problem["issues"] = [],
    retryAfter?: number,
  ) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.issues = issues;
    this.retryAfter = retryAfter;
  }

  /** The same request may be sent again. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Longest that a response is waited for, ms. */
const TIMEOUT = 15_000;

export interface Call {
  method?: string;
  token?: string | undefined;
  json?: unknown;
  body?: string;
  type?: string;
  headers?: Record<string, string>;
  /** Hears the response's ETag. */
  tagged?: (etag: string | undefined) => void;
  /** Waits as long as the browser does: for what takes long, or happens also when nobody waits for it. */
  patient?: boolean;
}

/** Calls the engine; throws `Problem`. What is no JSON is not the engine's: a portal of the network's, for example. */
export async function call<Told>(
  path: string,
  { method, token, json, body, type, headers, tagged, patient = false }: Call = {},
): Promise<Told> {
  const sent = json === undefined ? body : JSON.stringify(json);
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method: method ?? (sent === undefined ? "GET" : "POST"),
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(sent === undefined ? {} : { "content-type": type ?? "application/json" }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
      ...(patient ? {} : { signal: AbortSignal.timeout(TIMEOUT) }),
    });
    text = await response.text();
  } catch (error) {
    throw new Problem(0, "offline", String(error));
  }
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  const told = isJson ? parsed(text) : undefined;
  if (response.ok) {
    // Nothing is told.
    if (response.status === 204) return undefined as Told;
    if (told === undefined) throw new Problem(0, "offline", "somebody else than the engine responded");
    tagged?.(response.headers.get("etag") ?? undefined);
    return told as Told;
  }
  throw refusalOf(response, told);
}

/** A text of the engine's, by an address that it told; throws `Problem`. */
export async function text(path: string): Promise<string> {
  let response: Response;
  let told: string;
  try {
    // What is kept of it, the page keeps itself, and forgets when the player leaves.
    response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
    told = await response.text();
  } catch (error) {
    throw new Problem(0, "offline", String(error));
  }
  if (response.ok && response.headers.get("content-type")?.startsWith("text/markdown")) return told;
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  throw refusalOf(response, isJson ? parsed(told) : undefined);
}

function refusalOf(response: Response, told: unknown): Problem {
  const seconds = Number(response.headers.get("retry-after"));
  const after = seconds > 0 ? seconds : undefined;
  const refusal = (isObject(told) ? told : {}) as {
    code?: unknown;
    detail?: string;
    issues?: Problem["issues"];
  };
  const { code, detail = response.statusText, issues } = refusal;
  // A portal or a proxy on the way, not the engine.
  if (typeof code !== "string") return new Problem(0, "offline", `${response.status} ${detail}`, [], after);
  return new Problem(response.status, code, detail, issues, after);
}

/** What is no JSON: a file, a stream. Throws `Problem`. */
export async function fetched(path: string, token: string | undefined): Promise<Response> {
  try {
    return await fetch(path, { headers: { authorization: `Bearer ${token ?? ""}` } });
  } catch (error) {
    throw new Problem(0, "offline", String(error));
  }
}

/** The path of a hunt's route. */
export const huntPath = (hunt: string, rest = ""): string => `/v1/hunts/${encoded(hunt)}${rest}`;

/** The hunt that the page's address names: `/play/harbour-nights`; an app may have encoded the `#` behind it. */
export const huntOfPage = (): string => decoded(location.pathname.split("/")[2] ?? "").split("#")[0] ?? "";
