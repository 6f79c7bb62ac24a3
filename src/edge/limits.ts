/**
 * Limits at the edge: requests per token and per address, joinings and unknown return codes per address.
 * An address is what one party has of it: `networkOf`.
 */
import { BoundedMap } from "../bounded-map.ts";
import { configOf, placeShare } from "../config.ts";
import { derivedMac } from "../derived-mac.ts";
import { RequestError } from "../errors.ts";
import { base64url } from "../hmac.ts";
import { EventRate, TOO_MANY_EVENTS } from "../intake/event-rate.ts";
import { WrongTexts } from "../intake/wrong-texts.ts";
import type { Env } from "../objects/env.ts";
import { currentKey } from "../secrets.ts";
import { meter } from "../telemetry/meter.ts";
import { addressOf, networkOf } from "./address.ts";

/** Every 429 asks for at least this long a wait, ms. */
const PAUSE = 1_000;

/** Whom the platform's counter refused, and when: for a moment it is not asked again. */
const refused = new BoundedMap<string, number>(20_000);

async function mayGoOn(limiter: RateLimit, key: string, now: number): Promise<boolean> {
  const at = refused.get(key);
  if (at !== undefined && now >= at && now - at < PAUSE) return false;
  const { success } = await limiter.limit({ key });
  if (!success) refused.set(key, now);
  return success;
}

/** Refuses a player's request beyond the rate of its token (figures: wrangler.toml, `ratelimits`). `now`: epoch ms. */
export async function limitPlayer(env: Env, player: string, now: number): Promise<void> {
  if (configOf(env).RATE_LIMITS === "off") return;
  if (await mayGoOn(env.PLAYER_RATE, player, now)) return;
  meter.add("hunt_rate_limited_total", 1, "player");
  throw new RequestError("rate_limited", "too many requests of this player");
}

/** Refuses a request without a token beyond the rate of its address. */
export async function limitAddress(env: Env, request: Request, now: number): Promise<void> {
  const network = limitedNetwork(env, request);
  if (network === undefined || (await mayGoOn(env.ADDRESS_RATE, network, now))) return;
  meter.add("hunt_rate_limited_total", 1, "address");
  throw new RequestError("rate_limited", "too many requests from this address");
}

/**
 * What `verifying` gives. A token that it refuses counts as a request without
 * one: forging is within the rate of an address, and good tokens play on behind it.
 */
export async function limitForgery<Claims>(
  env: Env,
  request: Request,
  now: number,
  verifying: Promise<Claims>,
): Promise<Claims> {
  try {
    return await verifying;
  } catch (error) {
    if (error instanceof RequestError && error.code === "unauthenticated")
      await limitAddress(env, request, now);
    throw error;
  }
}

/** Purpose of the key that digests networks, and the bytes of a digest. */
const NETWORKS = "networks";
const DIGEST_BYTES = 16;

/**
 * The keyed digest of the request's network, so that no address is kept or handed
 * on in clear; undefined: no limit by address holds.
 */
export function limitedParty(env: Env, request: Request): string | undefined {
  const network = limitedNetwork(env, request);
  if (network === undefined) return undefined;
  const { bytes } = currentKey("PLAYER_TOKEN_KEYS", env.PLAYER_TOKEN_KEYS);
  return base64url(derivedMac(bytes, NETWORKS).digest(network), DIGEST_BYTES);
}

/** This isolate's count of wrong texts, by its environment, which it has for life. */
const wrongTexts = new WeakMap<Env, WrongTexts>();

export function wrongTextsOf(env: Env): WrongTexts {
  const known = wrongTexts.get(env);
  if (known) return known;
  const tell = async (key: string) => (await env.WRONG_PLACE_RATE.limit({ key })).success;
  const made = new WrongTexts(configOf(env).WRONG_RATE, tell);
  wrongTexts.set(env, made);
  return made;
}

/** The network that limits of this request are counted for; undefined: it has none. */
export function limitedNetwork(env: Env, request: Request): string | undefined {
  if (configOf(env).RATE_LIMITS === "off") return undefined;
  const address = addressOf(env, request);
  return address === null ? undefined : networkOf(address);
}

/** What this isolate saw of teams, by its environment: their events, and how often they looked. */
const eventRates = new WeakMap<Env, EventRate>();
const lookRates = new WeakMap<Env, EventRate>();

/** Undefined: teams are not limited. */
function rateOf(rates: WeakMap<Env, EventRate>, env: Env): EventRate | undefined {
  const known = rates.get(env);
  if (known) return known;
  const { RATE_LIMITS, TEAM_EVENTS_PER_MINUTE } = configOf(env);
  if (RATE_LIMITS === "off") return undefined;
  const made = new EventRate(TEAM_EVENTS_PER_MINUTE);
  rates.set(env, made);
  return made;
}

/** Refuses a team that was refused a moment ago, before its request is read. `now`: epoch ms. */
export function limitFlood(env: Env, team: string, now: number): void {
  if (rateOf(eventRates, env)?.isPaused(team, now)) throw floods();
}

/** Refuses the events of a team that sends too many, before work is put into them. */
export function limitEvents(env: Env, team: string, count: number, now: number): void {
  const seconds = rateOf(eventRates, env)?.take(team, count, now) ?? 0;
  if (seconds > 0) throw floods(seconds);
}

/** Refuses a look at `/me` when the team's players look too often: each has a rate, and a team many players. */
export function limitLooks(env: Env, team: string, now: number): void {
  const seconds = rateOf(lookRates, env)?.take(team, 1, now) ?? 0;
  if (seconds > 0) throw floods(seconds, "the team's players look more often than one team may");
}

function floods(seconds?: number, detail = TOO_MANY_EVENTS): RequestError {
  meter.add("hunt_rate_limited_total", 1, "team");
  return new RequestError("overloaded", detail, undefined, seconds);
}

/** Length of a window of joinings, which begins with its first, ms. */
const MINUTE = 60_000;

interface Window {
  count: number;
  /** Epoch ms. */
  until: number;
}

/** Joinings by network, as this isolate saw them; and return codes that nobody had. */
const joinings = new BoundedMap<string, Window>(20_000);
const unknownCodes = new BoundedMap<string, Window>(20_000);

/** The network's window that runs at `now`, or a new one. */
function windowOf(windows: BoundedMap<string, Window>, network: string, now: number): Window {
  const known = windows.get(network);
  // A window far ahead was opened while the clock was wrong.
  const running = known && known.until > now && known.until <= now + MINUTE ? known : undefined;
  return running ?? windows.set(network, { count: 0, until: now + MINUTE });
}

/**
 * Refuses a joining beyond the rate of its address. This isolate counts exactly,
 * the platform adds up the isolates of a place, roughly. `now`: epoch ms.
 */
export async function limitJoining(env: Env, request: Request, now: number): Promise<void> {
  const network = limitedNetwork(env, request);
  if (network === undefined) return;
  const window = windowOf(joinings, network, now);
  window.count += 1;
  const { JOIN_RATE } = configOf(env);
  if (window.count <= JOIN_RATE) {
    if (window.count % placeShare(JOIN_RATE) !== 0) return;
    if ((await env.JOIN_PLACE_RATE.limit({ key: network })).success) return;
  }
  throw untilItsEnd(window, now, "joining", "too many joinings from this address");
}

/** Return codes a minute from one address that nobody has. The figure of RETURN_PLACE_RATE in wrangler.toml. */
const UNKNOWN_CODES_MAX = 10;

const TOO_MANY_CODES = "too many unknown return codes from this address";

/** Refuses to look at a return code from an address that has tried too many: right ones, too. */
export function limitReturning(env: Env, request: Request, now: number): void {
  const network = limitedNetwork(env, request);
  const window = network === undefined ? undefined : unknownCodes.get(network);
  if (!window || window.until <= now || window.until > now + MINUTE) return;
  if (window.count > UNKNOWN_CODES_MAX) throw untilItsEnd(window, now, "returning", TOO_MANY_CODES);
}

/**
 * Counts a return code that nobody has, and refuses its address when that was one too many. This
 * isolate counts exactly, the platform adds up the isolates of a place.
 */
export async function countUnknownCode(env: Env, request: Request, now: number): Promise<void> {
  const network = limitedNetwork(env, request);
  if (network === undefined) return;
  const window = windowOf(unknownCodes, network, now);
  window.count += 1;
  const { success } = await env.RETURN_PLACE_RATE.limit({ key: network });
  if (!success) window.count = Math.max(window.count, UNKNOWN_CODES_MAX + 1);
  if (window.count > UNKNOWN_CODES_MAX) throw untilItsEnd(window, now, "returning", TOO_MANY_CODES);
}

function untilItsEnd({ until }: Window, now: number, by: string, detail: string): RequestError {
  meter.add("hunt_rate_limited_total", 1, by);
  const seconds = Math.max(1, Math.ceil((until - now) / 1_000));
  return new RequestError("rate_limited", detail, undefined, seconds);
}
