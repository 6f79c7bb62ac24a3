/**
 * An issuer of ID tokens as the engine meets it: its discovery document, its keys,
 * and what it gives for a code. Both are fetched and remembered; a key that is not
 * known is looked for again, so that issuers may change theirs at any time.
 */
import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import { BoundedMap } from "../bounded-map.ts";
import { configOf } from "../config.ts";
import type { AuthorizationCode } from "../contract/organisers.ts";
import { RequestError } from "../errors.ts";

/** Least time between two fetches of one issuer's keys, or of a document that failed, ms: made-up tokens cost no more. */
const AGAIN_AFTER = 2_000;

/** How long a fetched key is believed, ms: one that its issuer takes back is refused by then. */
const KEYS_KEPT = 600_000;

/** How long an issuer may take to respond, ms. */
const ISSUER_TIME = 5_000;

/** How long a discovery document is believed, ms. */
const DISCOVERY_KEPT = 3_600_000;

/** How far the issuer's clock may be off, seconds. */
const CLOCKS_APART = 30;

/** Bytes of an issuer's response that are read: some ID tokens carry the groups of their person. */
const RESPONSE_MAX = 262_144;

/** Signatures by keys of which the engine holds the public half alone. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

/** What the engine needs of a discovery document (OpenID Connect Discovery §3). */
export interface Discovery {
  keysUrl: string;
  /** Where browsers go, and where codes are changed; undefined: it has no codes. */
  authorizationEndpoint: string | undefined;
  tokenEndpoint: string | undefined;
  /** It can send browsers back with the code behind the hash. */
  hasFragment: boolean;
  /** A secret goes into the body because the header is not taken. */
  isSecretPosted: boolean;
}

/** By address; they are the deployment's own few. */
const keySets = new BoundedMap<string, JWTVerifyGetKey>(10);
const discovered = new BoundedMap<string, { discovery: Discovery; at: number }>(10);
const failed = new BoundedMap<string, { why: string; at: number }>(10);

/** The issuer's side failed, and not the proof. */
class Unreachable extends Error {}

function unavailable(error: Unreachable): RequestError {
  console.warn({ message: "an issuer cannot be asked", error: error.message });
  return new RequestError("unavailable", "the issuer cannot be asked now");
}

/** Every fault of a proof gets the same response, so that it tells a forger nothing. */
export const notGood = (): RequestError =>
  new RequestError("unauthenticated", "the proof of who signs in is not valid here, or has expired");

const isYoung = (at: number, age: number, now: number): boolean => now >= at && now - at < age;

/** Throws `unavailable`. */
export async function discoveryOf(issuer: string, now: number): Promise<Discovery> {
  const known = discovered.get(issuer);
  if (known && isYoung(known.at, DISCOVERY_KEPT, now)) return known.discovery;
  const before = failed.get(issuer);
  if (before && isYoung(before.at, AGAIN_AFTER, now)) throw unavailable(new Unreachable(before.why));
  try {
    const discovery = await discover(issuer);
    discovered.set(issuer, { discovery, at: now });
    return discovery;
  } catch (error) {
    failed.set(issuer, { why: String(error), at: now });
    throw unavailable(new Unreachable(String(error)));
  }
}

async function discover(issuer: string): Promise<Discovery> {
  const address = `${issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`;
  const response = await fetch(address, { redirect: "manual", signal: AbortSignal.timeout(ISSUER_TIME) });
  if (!response.ok) throw new Error(`${address} responded with ${response.status}`);
  const told = await objectIn(response);
  if (told.issuer !== issuer) throw new Error(`${address} is of another issuer`);
  const addressIn = (name: string): string | undefined => {
    const url = told[name];
    if (typeof url !== "string") return undefined;
    // As the parameter would be.
    configOf({ OIDC_KEYS_URL: url.split("?")[0] });
    return url;
  };
  const keysUrl = addressIn("jwks_uri");
  if (keysUrl === undefined) throw new Error(`${address} names no keys`);
  const lists = (name: string): string[] | undefined => {
    const list = told[name];
    return Array.isArray(list) ? list.map(String) : undefined;
  };
  const methods = lists("token_endpoint_auth_methods_supported");
  return {
    keysUrl,
    authorizationEndpoint: addressIn("authorization_endpoint"),
    tokenEndpoint: addressIn("token_endpoint"),
    hasFragment: lists("response_modes_supported")?.includes("fragment") ?? false,
    isSecretPosted: methods?.includes("client_secret_basic") === false,
  };
}

/** The object of a JSON response. Throws for anything else. */
async function objectIn(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  const told = text.length <= RESPONSE_MAX ? (JSON.parse(text) as unknown) : undefined;
  if (told === null || typeof told !== "object") throw new Error("no JSON object came");
  return told as Record<string, unknown>;
}

export interface ClientOfIssuer {
  issuer: string;
  clientId: string;
  /** Undefined: a public client, which PKCE alone proves. */
  secret: string | undefined;
}

/**
 * The ID token for a code (RFC 6749 §4.1.3, RFC 7636 §4.5). The engine asks for it
 * and not the page: many issuers answer no page of another origin, and a secret has
 * no place there. Throws `unauthenticated` for a code that is not good, `unavailable`.
 */
export async function idTokenFor(
  { issuer, clientId, secret }: ClientOfIssuer,
  { code, codeVerifier, redirectUri }: AuthorizationCode,
  now: number,
): Promise<string> {
  const { tokenEndpoint, isSecretPosted } = await discoveryOf(issuer, now);
  if (tokenEndpoint === undefined) {
    throw unavailable(new Unreachable(`${issuer} names no token_endpoint`));
  }
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectUri,
    code_verifier: codeVerifier,
  });
  const headers: Record<string, string> = {
    "Content-Type": "application/x-www-form-urlencoded",
    Accept: "application/json",
  };
  if (secret !== undefined && !isSecretPosted) headers.Authorization = basic(clientId, secret);
  else {
    body.set("client_id", clientId);
    if (secret !== undefined) body.set("client_secret", secret);
  }
  try {
    const response = await fetch(tokenEndpoint, {
      method: "POST",
      headers,
      body: body.toString(),
      redirect: "manual",
      signal: AbortSignal.timeout(ISSUER_TIME),
    });
    const told = await objectIn(response);
    // The code's fault; anything else is the configuration's or the issuer's (RFC 6749 §5.2).
    if (told.error === "invalid_grant" || told.error === "invalid_request") throw notGood();
    if (!response.ok || typeof told.id_token !== "string") {
      throw new Error(`${tokenEndpoint} responded with ${response.status} and no ID token`);
    }
    return told.id_token;
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw unavailable(new Unreachable(String(error)));
  }
}

/** RFC 6749 §2.3.1: both are percent-encoded first; blanks as well, which every decoder of forms reads. */
const basic = (clientId: string, secret: string): string =>
  `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`)}`;

interface Expected {
  issuer: string;
  audience: string;
  keysUrl: string;
}

/** The claims of a token that is good. Throws `unauthenticated`, and `unavailable` when the keys cannot be had. */
export async function verified(
  token: string,
  { issuer, audience, keysUrl }: Expected,
  now: number,
): Promise<JWTPayload> {
  try {
    // Before any key is fetched for it.
    if (!ALGORITHMS.includes(decodeProtectedHeader(token).alg ?? "")) throw notGood();
    const { payload } = await jwtVerify(token, keysAt(keysUrl), {
      algorithms: ALGORITHMS,
      issuer,
      audience,
      requiredClaims: ["exp", "sub"],
      clockTolerance: CLOCKS_APART,
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    if (error instanceof Unreachable) throw unavailable(error);
    throw notGood();
  }
}

function keysAt(url: string): JWTVerifyGetKey {
  const known = keySets.get(url);
  if (known) return known;
  const remote = createRemoteJWKSet(new URL(url), {
    cooldownDuration: AGAIN_AFTER,
    cacheMaxAge: KEYS_KEPT,
    timeoutDuration: ISSUER_TIME,
  });
  const tell: JWTVerifyGetKey = async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JOSENotSupported) throw error;
      throw new Unreachable(String(error));
    }
  };
  return keySets.set(url, tell);
}
