/**
 * Limits at the edge: requests per token and per address. An address is what
 * one party has of it: `networkOf`.
 */
import { configOf } from "../config.ts";
import { RequestError } from "../errors.ts";
import type { Env } from "../objects/env.ts";
import { meter } from "../telemetry/meter.ts";
import { addressOf, networkOf } from "./address.ts";

/** Refuses a player's request beyond the rate of its token (figures: wrangler.toml, `ratelimits`). */
export async function limitPlayer(env: Env, player: string): Promise<void> {
  if (configOf(env).RATE_LIMITS === "off") return;
  const { success } = await env.PLAYER_RATE.limit({ key: player });
  if (success) return;
  meter.add("hunt_rate_limited_total", 1, "player");
  throw new RequestError("rate_limited", "too many requests of this player");
}

/** Refuses a request without a token beyond the rate of its address. */
export async function limitAddress(env: Env, request: Request): Promise<void> {
  if (configOf(env).RATE_LIMITS === "off") return;
  const address = addressOf(env, request);
  if (address === null) return;
  const { success } = await env.ADDRESS_RATE.limit({ key: networkOf(address) });
  if (success) return;
  meter.add("hunt_rate_limited_total", 1, "address");
  throw new RequestError("rate_limited", "too many requests from this address");
}
