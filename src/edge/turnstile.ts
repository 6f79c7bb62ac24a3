/** The check that a person joins: Cloudflare Turnstile's response, verified by its siteverify call. */
import { configOf } from "../config.ts";
import type { Env } from "../objects/env.ts";
import { meter } from "../telemetry/meter.ts";

/** How long siteverify may take, ms: a joining waits for it. */
const LIMIT = 3_000;

/** Bytes of its response that are read: it has a few hundred. */
const RESPONSE_MAX = 10_000;

/** What is wrong is the engine's secret, or Cloudflare's side: nothing is known of the person. */
const NOT_THE_PERSONS = new Set(["missing-input-secret", "invalid-input-secret", "internal-error"]);

/** `unchecked`: it could not be asked. Never rejects. */
export async function checkPerson(
  env: Pick<Env, "TURNSTILE_SECRET">,
  response: string | undefined,
): Promise<"passed" | "refused" | "unchecked"> {
  const found = await verified(env, response ?? "");
  // Without a response it is asked as well: while it is away, pages have none to send.
  const result = found === "passed" && !response ? "refused" : found;
  meter.add("hunt_entry_checks_total", 1, result);
  return result;
}

async function verified(
  env: Pick<Env, "TURNSTILE_SECRET">,
  response: string,
): Promise<"passed" | "refused" | "unchecked"> {
  const secret = env.TURNSTILE_SECRET;
  if (!secret) return away("the secret TURNSTILE_SECRET is not set");
  try {
    // No address of the player goes along: it is not needed.
    const asked = await fetch(configOf(env).TURNSTILE_URL, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ secret, response }).toString(),
      redirect: "manual",
      signal: AbortSignal.timeout(LIMIT),
    });
    const text = await asked.text();
    const told = text.length <= RESPONSE_MAX ? (JSON.parse(text) as unknown) : undefined;
    if (told === null || typeof told !== "object" || !("success" in told)) {
      return away(`siteverify responds with ${asked.status} and no result`);
    }
    if (told.success === true) return "passed";
    const codes = "error-codes" in told && Array.isArray(told["error-codes"]) ? told["error-codes"] : [];
    const own = codes.find((code) => NOT_THE_PERSONS.has(String(code)));
    return own === undefined ? "refused" : away(`siteverify responds with ${String(own)}`);
  } catch (error) {
    return away(error instanceof Error ? error.name : "no response");
  }
}

function away(why: string): "unchecked" {
  console.error({ message: "Turnstile could not be asked", why });
  return "unchecked";
}
