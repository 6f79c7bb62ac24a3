/** Who signs in as an organiser: what an OIDC issuer or Cloudflare Access says, signed with their keys. */
import type { JWTPayload } from "jose";
import { configOf } from "../config.ts";
import type { AuthorizationCode, SignInWay } from "../contract/organisers.ts";
import { RequestError } from "../errors.ts";
import type { Env } from "../objects/env.ts";
import { discoveryOf, idTokenFor, notGood, verified } from "./issuer.ts";

type Asked = Pick<Env, "OIDC_CLIENT_SECRET">;

export interface Proof {
  idToken?: string | undefined;
  /** What the browser brought back from the issuer. */
  authorization?: AuthorizationCode | undefined;
  /** What Cloudflare Access says. */
  assertion?: string | undefined;
}

/**
 * The e-mail address of the person, in lower case, as the issuer verified it. Throws
 * `unauthenticated` for a proof that is not good, `forbidden` where none is taken or the
 * address is not verified, `unavailable` when the issuer cannot be asked.
 */
export async function emailOf(env: Asked, proof: Proof, now: number): Promise<string> {
  const { idToken, authorization, assertion } = proof;
  if (authorization !== undefined) {
    const client = issuerOfCodes(env);
    if (!client) throw notSetUp("OIDC_ISSUER and OIDC_AUDIENCE");
    const told = await idTokenFor(client, authorization, now);
    return addressOf(await ownPayload(env, told, now), authorization.nonce);
  }
  if (idToken !== undefined) return addressOf(await ownPayload(env, idToken, now));
  if (assertion !== undefined) {
    const { ACCESS_TEAM_URL: team, ACCESS_AUD: audience } = configOf(env);
    if (team === "" || audience === "") throw notSetUp("ACCESS_TEAM_URL and ACCESS_AUD");
    const issuer = team.replace(/\/+$/, "");
    const keysUrl = `${issuer}/cdn-cgi/access/certs`;
    return addressIn(await verified(assertion, { issuer, audience, keysUrl }, now));
  }
  throw new RequestError("invalid", "send idToken or authorization, or come through Cloudflare Access", [
    { path: "idToken", code: "invalid_type", message: "is missing" },
  ]);
}

/** The issuer that signs browsers in here; undefined: none, or none with a discovery document. */
export function issuerOfCodes(env: Asked) {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: clientId, OIDC_KEYS_URL: keysUrl } = configOf(env);
  if (issuer === "" || clientId === "" || keysUrl !== "") return undefined;
  return { issuer, clientId, secret: env.OIDC_CLIENT_SECRET || undefined };
}

/** How a browser signs in. Throws `forbidden` where it cannot, `unavailable`. */
export async function signInWayOf(env: Asked, now: number): Promise<SignInWay> {
  const client = issuerOfCodes(env);
  if (!client) throw notSetUp("OIDC_ISSUER and OIDC_AUDIENCE");
  const { authorizationEndpoint, tokenEndpoint, hasFragment } = await discoveryOf(client.issuer, now);
  if (authorizationEndpoint === undefined || tokenEndpoint === undefined) {
    throw new RequestError("forbidden", "the issuer signs no browsers in: it names no endpoints for codes");
  }
  return {
    issuer: client.issuer,
    clientId: client.clientId,
    authorizationEndpoint,
    responseMode: hasFragment ? "fragment" : "query",
  };
}

const notSetUp = (parameters: string): RequestError =>
  new RequestError("forbidden", `this engine takes no such proof: ${parameters} are not set`);

/** The claims of an ID token of OIDC_ISSUER. */
async function ownPayload(env: Asked, idToken: string, now: number): Promise<JWTPayload> {
  const config = configOf(env);
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience } = config;
  if (issuer === "" || audience === "") throw notSetUp("OIDC_ISSUER and OIDC_AUDIENCE");
  const keysUrl = config.OIDC_KEYS_URL || (await discoveryOf(issuer, now)).keysUrl;
  const payload = await verified(idToken, { issuer, audience, keysUrl }, now);
  // One of several audiences may be anybody; then the token says for whom it was made (OpenID Connect Core §3.1.3.7).
  if (Array.isArray(payload.aud) && payload.aud.length > 1 && payload.azp !== audience) throw notGood();
  return payload;
}

/** `nonce`: what the token must repeat. */
function addressOf(payload: JWTPayload, nonce?: string): string {
  if (nonce !== undefined && payload.nonce !== nonce) throw notGood();
  if (payload.email_verified !== true) {
    throw new RequestError("forbidden", "the issuer has not verified the e-mail address");
  }
  return addressIn(payload);
}

function addressIn({ email }: JWTPayload): string {
  if (typeof email !== "string" || email === "") {
    throw new RequestError("forbidden", "the issuer names no e-mail address");
  }
  return email.toLowerCase();
}
