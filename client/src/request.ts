/** One call on the engine: JSON there and back, refusals as `HuntProblem`. */
import { isObject, parsed } from "./json.ts";
import { HuntProblem } from "./problem.ts";
import type { Problem } from "./wire.ts";

/** Longest that a response is waited for, ms. */
const TIMEOUT = 15_000;

/** What of a response is read. */
export interface Response$ {
  readonly ok: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/** `fetch`, or what is called in its place. */
export type Fetch = (
  address: string,
  init: { method: string; headers: Record<string, string>; body?: string; signal: AbortSignal },
) => Promise<Response$>;

export interface Call {
  method?: string;
  token?: string | undefined;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, with `type`. */
  body?: string;
  type?: string;
  headers?: Record<string, string>;
  /** Hears the response's ETag. */
  tagged?: (etag: string | undefined) => void;
  /** Waits as long as the platform does: for what takes long, or happens also when nobody waits for it. */
  patient?: boolean;
  /** Ends the call; it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Throws `HuntProblem`. What is no JSON is not the engine's: a portal of the network's, for example. */
export async function request<Told>(
  fetcher: Fetch,
  address: string,
  { method, token, json, body, type, headers, tagged, patient = false, signal }: Call = {},
): Promise<Told> {
  const sent = json === undefined ? body : JSON.stringify(json);
  const stop = new AbortController();
  const aborted = (): void => stop.abort(signal?.reason);
  if (signal?.aborted) aborted();
  signal?.addEventListener("abort", aborted);
  const timer = patient ? undefined : setTimeout(() => stop.abort(new Error("no response in time")), TIMEOUT);
  let response: Response$;
  let text: string;
  try {
    response = await fetcher(address, {
      method: method ?? (sent === undefined ? "GET" : "POST"),
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(sent === undefined ? {} : { "content-type": type ?? "application/json" }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
      signal: stop.signal,
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new HuntProblem(0, "offline", String(error));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
  }
  const told = isJson(response) ? parsed(text) : undefined;
  if (response.ok) {
    // Nothing is told.
    if (response.status === 204) return undefined as Told;
    if (told === undefined) throw new HuntProblem(0, "offline", "somebody else than the engine responded");
    tagged?.(response.headers.get("etag") ?? undefined);
    return told as Told;
  }
  throw problemOf(response, told);
}

export const isJson = ({ headers }: Response$): boolean =>
  headers.get("content-type")?.includes("json") ?? false;

/** What a response that is not ok says. */
export function problemOf(response: Response$, told: unknown): HuntProblem {
  const seconds = Number(response.headers.get("retry-after"));
  const after = seconds > 0 ? seconds : undefined;
  const document = (isObject(told) ? told : {}) as unknown as Partial<Problem>;
  const { code, detail = response.statusText, issues } = document;
  // A portal or a proxy on the way, not the engine.
  if (typeof code !== "string") {
    return new HuntProblem(0, "offline", `${response.status} ${detail}`, [], after);
  }
  return new HuntProblem(response.status, code, detail, issues, after, document as Problem);
}
