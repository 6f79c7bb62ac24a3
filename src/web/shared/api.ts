/** Calls on the engine from the pages, by the client library's. What it takes and gives: src/contract. */
import { HuntProblem as Problem } from "../../../client/src/problem.ts";
import { type Call, isJson, problemOf, request } from "../../../client/src/request.ts";
import { decoded, encoded, parsed } from "./outside.ts";

export type { Call };
export { Problem };

/** Longest that a text is waited for, ms. */
const TIMEOUT = 15_000;

/** Calls the engine; throws `Problem`. */
export const call = <Told>(path: string, options: Call = {}): Promise<Told> =>
  request<Told>((address, init) => fetch(address, init), path, options);

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
  throw problemOf(response, isJson(response) ? parsed(told) : undefined);
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
