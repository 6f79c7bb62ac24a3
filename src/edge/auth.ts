/**
 * Tokens: HS256 JWTs. Players' tokens and tickets are signed with one key ring,
 * organisers' and ops tokens with another. Within a ring the audience tells the
 * kinds apart, so that none is taken for another.
 */
import { decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import { RequestError } from "../errors.ts";
import type { TicketClaims } from "../objects/shard.ts";
import { currentKey, keyById, keyRing, type Secrets } from "../secrets.ts";

const PLAYER_AUDIENCE = "hunt-player";
const ORGANISER_AUDIENCE = "hunt-organiser";
const TICKET_AUDIENCE = "hunt-ticket";
const OPS_AUDIENCE = "hunt-ops";

/** Life of a ticket, ms: enough to open a socket with it. */
const TICKET_LIFE = 30_000;

/** Longest token looked at, characters. */
const TOKEN_MAX = 2_048;

/** Verified tokens an isolate remembers; the oldest go first. */
const REMEMBERED_MAX = 20_000;

export interface PlayerClaims {
  hunt: string;
  team: string;
  player: string;
  /** Seconds since the epoch. */
  exp: number;
}

interface OrganiserClaims {
  subject: string;
  exp: number;
}

/** Signs a player's token; `expiresAt` is epoch ms. */
export async function signPlayerToken(
  secrets: Secrets,
  claims: Omit<PlayerClaims, "exp">,
  now: number,
  expiresAt: number,
): Promise<string> {
  const key = currentKey("PLAYER_TOKEN_KEYS", secrets.PLAYER_TOKEN_KEYS);
  return new SignJWT({ hunt: claims.hunt, team: claims.team })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.id })
    .setAudience(PLAYER_AUDIENCE)
    .setSubject(claims.player)
    .setIssuedAt(Math.floor(now / 1_000))
    .setExpirationTime(Math.floor(expiresAt / 1_000))
    .sign(key.bytes);
}

/** The player behind the request's token; throws `unauthenticated`. */
export async function requirePlayer(
  secrets: Secrets,
  authorization: string | undefined,
  now: number,
): Promise<PlayerClaims> {
  return players.get(authorization ?? "", now) ?? (await verifyPlayer(secrets, authorization ?? "", now));
}

/** A ticket for one live socket: it goes into a URL, so it is short-lived and the shard takes it once. */
export async function signTicket(
  secrets: Secrets,
  { hunt, team, player, exp }: PlayerClaims,
  now: number,
): Promise<{ ticket: string; expiresAt: number }> {
  const key = currentKey("PLAYER_TOKEN_KEYS", secrets.PLAYER_TOKEN_KEYS);
  // Whole seconds, as the claim has them.
  const expiresAt = Math.floor(now / 1_000) * 1_000 + TICKET_LIFE;
  const ticket = await new SignJWT({ hunt, team, until: exp })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.id })
    .setAudience(TICKET_AUDIENCE)
    .setSubject(player)
    .setJti(crypto.randomUUID())
    .setExpirationTime(expiresAt / 1_000)
    .sign(key.bytes);
  return { ticket, expiresAt };
}

/** The claims of a ticket; throws `unauthenticated`, or `forbidden` for another hunt's. */
export async function verifyTicket(
  secrets: Secrets,
  ticket: string,
  hunt: string,
  now: number,
): Promise<TicketClaims> {
  if (ticket.length > TOKEN_MAX) throw invalidToken();
  const payload = await verify(secrets, "PLAYER_TOKEN_KEYS", TICKET_AUDIENCE, ticket, now);
  const { sub, jti, team, exp, until } = payload;
  if (typeof sub !== "string" || typeof jti !== "string" || typeof team !== "string") throw invalidToken();
  if (exp === undefined || typeof until !== "number") throw invalidToken();
  if (payload.hunt !== hunt) throw new RequestError("forbidden", "the ticket is for another hunt");
  return { id: jti, team, player: sub, expires: exp * 1_000, until: until * 1_000 };
}

/** The organiser behind the request's token; throws `unauthenticated`. */
export async function requireOrganiser(
  secrets: Secrets,
  authorization: string | undefined,
  now: number,
): Promise<OrganiserClaims> {
  const token = bearer(authorization);
  return organisers.get(token, now) ?? (await verifyOrganiser(secrets, token, now));
}

/**
 * Admits readers of the metrics: organisers, and scrapers with an ops token,
 * which opens nothing else. Throws `unauthenticated`.
 */
export async function requireOps(
  secrets: Secrets,
  authorization: string | undefined,
  now: number,
): Promise<void> {
  if (await isOrganiser(secrets, authorization, now)) return;
  await verify(secrets, "ORGANISER_TOKEN_KEYS", OPS_AUDIENCE, bearer(authorization), now);
}

/** Whether an organiser asks, on a route that is open to everybody. */
export async function isOrganiser(
  secrets: Secrets,
  authorization: string | undefined,
  now: number,
): Promise<boolean> {
  if (authorization === undefined) return false;
  try {
    await requireOrganiser(secrets, authorization, now);
    return true;
  } catch (error) {
    if (error instanceof RequestError) return false;
    throw error;
  }
}

/** Verified claims by the text that was sent: an isolate sees the same player again and again. */
class Remembered<Claims extends { exp: number }> {
  readonly #claims = new Map<string, Claims>();

  get(sent: string, now: number): Claims | undefined {
    const claims = this.#claims.get(sent);
    return claims && claims.exp * 1_000 > now ? claims : undefined;
  }

  set(sent: string, claims: Claims): Claims {
    if (this.#claims.size >= REMEMBERED_MAX) {
      const oldest = this.#claims.keys().next().value;
      if (oldest !== undefined) this.#claims.delete(oldest);
    }
    this.#claims.set(sent, claims);
    return claims;
  }
}

/** By the whole header: looking into it costs as much as finding it. */
const players = new Remembered<PlayerClaims>();
/** By the token. */
const organisers = new Remembered<OrganiserClaims>();

function bearer(authorization: string | undefined): string {
  const token = /^Bearer ([A-Za-z0-9._-]+)$/i.exec(authorization ?? "")?.[1];
  if (!token || token.length > TOKEN_MAX) {
    throw new RequestError("unauthenticated", "send the token as: Authorization: Bearer …");
  }
  return token;
}

async function verifyPlayer(secrets: Secrets, authorization: string, now: number): Promise<PlayerClaims> {
  const token = bearer(authorization);
  const payload = await verify(secrets, "PLAYER_TOKEN_KEYS", PLAYER_AUDIENCE, token, now);
  const { sub, hunt, team, exp } = payload;
  if (typeof sub !== "string" || typeof hunt !== "string" || typeof team !== "string" || exp === undefined) {
    throw invalidToken();
  }
  return players.set(authorization, { player: sub, hunt, team, exp });
}

async function verifyOrganiser(secrets: Secrets, token: string, now: number): Promise<OrganiserClaims> {
  const { sub, exp } = await verify(secrets, "ORGANISER_TOKEN_KEYS", ORGANISER_AUDIENCE, token, now);
  if (typeof sub !== "string" || exp === undefined) throw invalidToken();
  return organisers.set(token, { subject: sub, exp });
}

async function verify(secrets: Secrets, ring: keyof Secrets, audience: string, token: string, now: number) {
  // An unusable ring is the engine's fault and must not pass for the token's.
  keyRing(ring, secrets[ring]);
  try {
    const { kid } = decodeProtectedHeader(token);
    const key = kid === undefined ? undefined : keyById(ring, secrets[ring], kid);
    if (!key) throw invalidToken();
    const { payload } = await jwtVerify(token, key.bytes, {
      algorithms: ["HS256"],
      audience,
      typ: "JWT",
      requiredClaims: ["exp", "sub"],
      currentDate: new Date(now),
    });
    return payload;
  } catch {
    // Every fault of a token gets the same response, so that it tells a forger nothing.
    throw invalidToken();
  }
}

function invalidToken(): RequestError {
  return new RequestError("unauthenticated", "the token is not valid here, or has expired");
}
