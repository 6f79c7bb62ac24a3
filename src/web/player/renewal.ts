/** When a player's token is renewed, and by which call. PURE. */
import { isObject, parsed } from "../shared/outside.ts";

/** The part of a token's life, its last, in which it is renewed. */
const LAST = 0.25;

/** Whether the token has ended, or is in the last part of its life. `now`: epoch ms; what is no token is never due. */
export function isDue(token: string, now: number): boolean {
  const payload = payloadOf(token);
  const { iat, exp } = payload ?? {};
  if (typeof exp !== "number") return false;
  const begun = typeof iat === "number" ? iat : exp;
  return now / 1_000 >= exp - (exp - begun) * LAST;
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

/** A link or a QR code for coming back carries the code behind `#`; an app may have encoded the marks. */
export const returnCodeIn = (address: string): string | undefined =>
  /(?:#|%23)return(?:=|%3D)([^&#]+)/i.exec(address)?.[1];
