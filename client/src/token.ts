/** What a player's token says of itself. The engine alone checks tokens: nothing here is believed. PURE. */
import { isObject, parsed } from "./json.ts";

/** The part of a token's life, its last, in which it is renewed. */
const LAST = 0.25;

/** Whether the token has ended, or is in the last part of its life. `now`: epoch ms; what is no token is never due. */
export function isDue(token: string, now: number): boolean {
  const { iat, exp } = payloadOf(token) ?? {};
  if (typeof exp !== "number") return false;
  const begun = typeof iat === "number" ? iat : exp;
  return now / 1_000 >= exp - (exp - begun) * LAST;
}

/** Whose it is; undefined: it does not say. */
export function playerOf(token: string): string | undefined {
  const { sub } = payloadOf(token) ?? {};
  return typeof sub === "string" ? sub : undefined;
}

function payloadOf(token: string): Record<string, unknown> | undefined {
  const part = token.split(".")[1] ?? "";
  try {
    const value = parsed(atob(part.replaceAll("-", "+").replaceAll("_", "/")));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
