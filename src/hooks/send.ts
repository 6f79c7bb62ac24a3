/** One try: resolves the receiver's name, refuses what is private, sends, and reads the beginning of the response. */

import { configOf } from "../config.ts";
import type { Env } from "../objects/env.ts";
import type { DeliveryTry } from "../objects/webhooks.ts";
import { type Fetching, overPublicNet } from "../public-net.ts";
import { retryAfter } from "../retry-after.ts";
import { allowedHosts, FORBIDDEN, isPublicAddress, targetOf } from "./address.ts";

/** How long a receiver has for its response, ms. */
const TRY_MAX = 10_000;

/** How long a resolver has, ms, of that time. */
const RESOLVE_MAX = 3_000;

/** Of a response, what is kept, bytes. */
const RESPONSE_MAX = 1_024;

/** Of a resolver's response, bytes: it has some hundreds. */
const RESOLVED_MAX = 64_000;

export interface Sent {
  tried: DeliveryTry;
  /** `again`: by the schedule; `never`: by nobody but an organiser; `gone`: the receiver wants nothing any more. */
  result: "done" | "again" | "never" | "gone";
  /** The receiver asks for so long a wait, ms. */
  wait?: number;
  response?: string;
}

export interface SendDeps {
  env: Pick<Env, "WEBHOOK_NET"> & object;
  now(): number;
  /** Replaced by tests. */
  fetch?: Fetching | undefined;
}

class Unsendable extends Error {}

export async function send(
  { env, now, fetch: given }: SendDeps,
  address: string,
  headers: Record<string, string>,
  body: string,
): Promise<Sent> {
  const at = now();
  const begun = performance.now();
  const ended = (more: Pick<DeliveryTry, "status" | "error">): DeliveryTry => ({
    at,
    ...more,
    ms: Math.round(performance.now() - begun),
  });
  const { WEBHOOK_ALLOW, WEBHOOK_DNS_URL } = configOf(env);
  const target = targetOf(address, allowedHosts(WEBHOOK_ALLOW));
  if ("code" in target) return { tried: ended({ error: target.message }), result: "never" };
  const signal = AbortSignal.timeout(TRY_MAX);
  const outside: Fetching = given ?? ((url, init) => fetch(url, init));
  try {
    if (target.name !== undefined && !(await isPublicName(outside, WEBHOOK_DNS_URL, target.name))) {
      return { tried: ended({ error: `the name leads there: ${FORBIDDEN.message}` }), result: "never" };
    }
    const call = overPublicNet(env.WEBHOOK_NET, target.isAllowed, outside);
    const response = await call(target.url.href, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal,
    });
    const text = await beginningOf(response, RESPONSE_MAX);
    return { ...judged(response, now(), ended), ...(text === "" ? {} : { response: text }) };
  } catch (error) {
    return { tried: ended({ error: wordsOf(error, signal) }), result: "again" };
  }
}

function judged(
  response: Response,
  now: number,
  ended: (more: Pick<DeliveryTry, "status" | "error">) => DeliveryTry,
): Sent {
  const { status } = response;
  if (status >= 200 && status < 300) return { tried: ended({ status }), result: "done" };
  if (status === 410)
    return { tried: ended({ status, error: "the receiver wants no more" }), result: "gone" };
  if (status >= 300 && status < 400) {
    return { tried: ended({ status, error: "a redirect is not followed" }), result: "again" };
  }
  const asks = status === 429 || status === 503;
  const wait = asks ? retryAfter(response.headers.get("Retry-After"), now) : undefined;
  return { tried: ended({ status }), result: "again", ...(wait === undefined ? {} : { wait }) };
}

/** The platform's words name addresses now and then: these do not. */
function wordsOf(error: unknown, signal: AbortSignal): string {
  if (error instanceof Unsendable) return error.message;
  if (signal.aborted) return `no response within ${TRY_MAX / 1_000} s`;
  return "the receiver could not be reached";
}

interface Resolved {
  Status?: number;
  Answer?: { type?: number; data?: string }[];
}

/** IPv4 and IPv6, and their numbers in DNS. */
const ADDRESS_TYPES = { A: 1, AAAA: 28 } as const;

/** Asks for all addresses of the name; one that is private is enough to refuse it. */
async function isPublicName(outside: Fetching, resolver: string, name: string): Promise<boolean> {
  const found = await Promise.all(
    Object.entries(ADDRESS_TYPES).map(([type, number]) => resolve(outside, resolver, name, type, number)),
  );
  const addresses = found.flat();
  if (addresses.length === 0) throw new Unsendable("the name has no address");
  return addresses.every(isPublicAddress);
}

async function resolve(
  outside: Fetching,
  resolver: string,
  name: string,
  type: string,
  number: number,
): Promise<string[]> {
  try {
    const asked = await outside(`${resolver}?name=${encodeURIComponent(name)}&type=${type}`, {
      headers: { accept: "application/dns-json" },
      redirect: "manual",
      signal: AbortSignal.timeout(RESOLVE_MAX),
    });
    const { Status, Answer = [] } = JSON.parse(await beginningOf(asked, RESOLVED_MAX)) as Resolved;
    // 0: found; 3: there is no such name.
    if (asked.status !== 200 || (Status !== 0 && Status !== 3)) throw new Error(`DNS status ${Status}`);
    return Answer.flatMap(({ type: is, data }) => (is === number && data !== undefined ? [data] : []));
  } catch {
    throw new Unsendable("the name could not be resolved");
  }
}

/** The first bytes of a response's body, as text. */
async function beginningOf(response: Response, max: number): Promise<string> {
  if (!response.body) return "";
  const reader = response.body.getReader();
  const bytes = new Uint8Array(max);
  let length = 0;
  while (length < max) {
    const { done, value } = await reader.read();
    if (done) break;
    const part = (value as Uint8Array).subarray(0, max - length);
    bytes.set(part, length);
    length += part.length;
  }
  await reader.cancel().catch(() => undefined);
  return new TextDecoder().decode(bytes.subarray(0, length)).replaceAll("\ufffd", "").replaceAll("\0", "");
}
