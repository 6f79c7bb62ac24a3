/**
 * Signing in by OpenID Connect: to the issuer and back (authorization code with
 * PKCE, RFC 7636). What this tab made up for the trip (state, nonce, verifier) stays in
 * it, so that nobody is signed in by a link that another began.
 */
import { signal } from "@preact/signals";
import type { AuthorizationCode, Session, SignInWay } from "../../contract/organisers.ts";
import { call } from "../shared/api.ts";
import { tab } from "../shared/device.ts";
import { hasTexts, objectIn } from "../shared/outside.ts";

const KEY = "sign-in";

/** What the way back is held against. */
interface Trip {
  state: string;
  nonce: string;
  verifier: string;
  issuer: string;
  /** The view that was asked for. */
  route: string;
}

/** What the issuer sent back. */
interface Brought {
  state: string;
  /** `iss` of RFC 9207. */
  issuer: string | null;
  code: string | null;
}

/** Brought back by the address of this page, until it is used. */
export const brought = signal<Brought | undefined>(undefined);

/** PKCE needs a digest, which browsers give to secure pages alone. */
export const canSignIn = (): boolean => globalThis.crypto?.subtle !== undefined;

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** 256 bits that nobody can guess. */
const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** Where the issuer sends the browser back to: as it must be registered there. */
const redirectUri = (): string => `${location.origin}/organise`;

/** Leaves for the issuer; throws `Problem`. */
export async function leaveForIssuer(route: string): Promise<void> {
  const { issuer, clientId, authorizationEndpoint, responseMode } = await call<SignInWay>("/v1/session");
  const trip: Trip = { state: random(), nonce: random(), verifier: random(), issuer, route };
  tab.remember(KEY, JSON.stringify(trip));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(trip.verifier));
  const target = new URL(authorizationEndpoint);
  const asked = {
    response_type: "code",
    response_mode: responseMode,
    client_id: clientId,
    redirect_uri: redirectUri(),
    scope: "openid email",
    state: trip.state,
    nonce: trip.nonce,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(asked)) target.searchParams.set(name, value);
  location.assign(target);
}

/** Takes what an issuer sent back out of the address and the history at once; whether there was something. */
export function takeBrought(): boolean {
  const behind = location.hash.slice(1);
  for (const text of [behind, location.search.slice(1)]) {
    const told = new URLSearchParams(text);
    const state = told.get("state");
    if (state === null || !(told.has("code") || told.has("error"))) continue;
    brought.value = { state, issuer: told.get("iss"), code: told.get("code") };
    history.replaceState(null, "", location.pathname + (text === behind ? location.search : location.hash));
    return true;
  }
  return false;
}

/** Serves once. */
function tripKept(): Trip | undefined {
  const kept = objectIn(tab.recall(KEY));
  tab.forget(KEY);
  const isTrip = hasTexts(kept, "state", "nonce", "verifier", "issuer", "route");
  return isTrip ? (kept as unknown as Trip) : undefined;
}

/**
 * Signs in with what was brought back. `stray`: it belongs to no sign-in that this tab began;
 * `refused`: the issuer let nobody in. Throws `Problem`.
 */
export async function arrive({
  state,
  issuer,
  code,
}: Brought): Promise<{ token: string; route: string } | "stray" | "refused"> {
  const trip = tripKept();
  if (!trip || trip.state !== state || (issuer !== null && issuer !== trip.issuer)) return "stray";
  if (code === null) return "refused";
  const authorization: AuthorizationCode = {
    code,
    codeVerifier: trip.verifier,
    nonce: trip.nonce,
    redirectUri: redirectUri(),
  };
  const { token } = await call<Session>("/v1/session", { json: { authorization } });
  return { token, route: trip.route };
}
