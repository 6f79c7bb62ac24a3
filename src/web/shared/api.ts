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
}

/** Calls the engine; throws `Problem`. What is no JSON is not the engine's: a portal of the network's, for example. */
export async function call<Told>(
  path: string,
  { method, token, json, body, type, headers }: Call = {},
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
      signal: AbortSignal.timeout(TIMEOUT),
    });
    text = await response.text();
  } catch (error) {
    throw new Problem(0, "offline", String(error));
  }
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  const told = isJson ? parsed(text) : undefined;
  if (response.ok) {
    if (told === undefined) throw new Problem(0, "offline", "somebody else than the engine responded");
    return told as Told;
  }
  const seconds = Number(response.headers.get("retry-after"));
  const after = seconds > 0 ? seconds : undefined;
  const refusal = (isObject(told) ? told : {}) as {
    code?: unknown;
    detail?: string;
    issues?: Problem["issues"];
  };
  const { code, detail = response.statusText, issues } = refusal;
  // A portal or a proxy on the way, not the engine.
  if (typeof code !== "string") throw new Problem(0, "offline", `${response.status} ${detail}`, [], after);
  throw new Problem(response.status, code, detail, issues, after);
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

/** The hunt that the page's address names: `/play/harbour-nights`. */
export const huntOfPage = (): string => decoded(location.pathname.split("/")[2] ?? "");
