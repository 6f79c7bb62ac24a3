/**
 * Limits at the edge: requests per token and per address, joinings per address.
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

/** What this isolate saw of teams' events, by its environment. */
const eventRates = new WeakMap<Env, EventRate>();

/** Undefined: teams are not limited. */
function eventRateOf(env: Env): EventRate | undefined {
  const known = eventRates.get(env);
  if (known) return known;
  const { RATE_LIMITS, TEAM_EVENTS_PER_MINUTE } = configOf(env);
  if (RATE_LIMITS === "off") return undefined;
  const made = new EventRate(TEAM_EVENTS_PER_MINUTE);
  eventRates.set(env, made);
  return made;
}

/** Refuses a team that was refused a moment ago, before its request is read. `now`: epoch ms. */
export function limitFlood(env: Env, team: string, now: number): void {
  if (eventRateOf(env)?.isPaused(team, now)) throw floods();
}

/** Refuses the events of a team that sends too many, before work is put into them. */
export function limitEvents(env: Env, team: string, count: number, now: number): void {
  const seconds = eventRateOf(env)?.take(team, count, now) ?? 0;
  if (seconds > 0) throw floods(seconds);
}

function floods(seconds?: number): RequestError {
  meter.add("hunt_rate_limited_total", 1, "team");
  return new RequestError("overloaded", TOO_MANY_EVENTS, undefined, seconds);
}

/** Length of a window of joinings, which begins with its first, ms. */
const MINUTE = 60_000;

/** Joinings by network, as this isolate saw them. */
const joinings = new BoundedMap<string, { count: number; until: number }>(20_000);

/**
 * Refuses a joining beyond the rate of its address. This isolate counts exactly,
 * the platform adds up the isolates of a place, roughly. `now`: epoch ms.
 */
export async function limitJoining(env: Env, request: Request, now: number): Promise<void> {
  const network = limitedNetwork(env, request);
  if (network === undefined) return;
  const known = joinings.get(network);
  // A window far ahead was opened while the clock was wrong.
  const running = known && known.until > now && known.until <= now + MINUTE ? known : undefined;
  const window = running ?? joinings.set(network, { count: 0, until: now + MINUTE });
  window.count += 1;
  const { JOIN_RATE } = configOf(env);
  if (window.count <= JOIN_RATE) {
    if (window.count % placeShare(JOIN_RATE) !== 0) return;
    if ((await env.JOIN_PLACE_RATE.limit({ key: network })).success) return;
  }
  meter.add("hunt_rate_limited_total", 1, "joining");
  const seconds = Math.max(1, Math.ceil((window.until - now) / 1_000));
  throw new RequestError("rate_limited", "too many joinings from this address", undefined, seconds);
}
