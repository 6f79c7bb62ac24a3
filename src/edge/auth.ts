/**
 * Tokens: HS256 JWTs. Players' tokens and tickets are signed with one key ring,
 * organisers' and ops tokens with another. Within a ring the audience tells the
 * kinds apart, so that none is taken for another.
 */
import { decodeJwt, decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { ALL_HUNTS, ORGANISER_ROLES, type OrganiserRole } from "../contract/role-table.ts";
import { RequestError } from "../errors.ts";
import type { TicketClaims } from "../objects/shard.ts";
import { currentKey, keyById, keyRing, type Secrets } from "../secrets.ts";

const PLAYER_AUDIENCE = "hunt-player";
const ORGANISER_AUDIENCE = "hunt-organiser";
const TICKET_AUDIENCE = "hunt-ticket";
const OPS_AUDIENCE = "hunt-ops";
const VIEW_AUDIENCE = "hunt-view";

/** How long an organiser looks as a team by one token, ms. */
const VIEW_LIFE = 600_000;

/** Life of a ticket, ms: enough to open a socket with it. */
const TICKET_LIFE = 30_000;

/** Longest token looked at, characters: an organiser's names hunts, HUNTS_NAMED_MAX of the longest. */
const TOKEN_MAX = 8_192;

/** A player's token can be renewed for so long after its end, seconds. */
const RENEWED_AFTER = 90 * 86_400;

/** Verified tokens an isolate remembers; the oldest go first. */
const REMEMBERED_MAX = 20_000;

export interface PlayerClaims {
  hunt: string;
  team: string;
  player: string;
  /** See `Seat`. */
  gen?: number;
  /** Seconds since the epoch. */
  exp: number;
}

/** An organiser who looks as a team. */
export interface ViewClaims {
  hunt: string;
  team: string;
  /** Which of the hunts that had this id. */
  incarnation: number;
}

/** An organiser, and what its token may do. */
export interface OrganiserClaims {
  subject: string;
  roles: readonly OrganiserRole[];
  /** Slugs; `*`: every hunt. */
  hunts: readonly string[];
  /** The token's id; older tokens have none. */
  id?: string;
  /** Its person signed in by the list of organisers, and its rights end with the line there. */
  isListed: boolean;
  /** When it was made, seconds since the epoch; 0: it does not say. */
  iat: number;
  exp: number;
}

/** What a token that was revoked has in common with the entry that revoked it. */
export type Revocable = Pick<OrganiserClaims, "subject" | "id" | "iat">;

/** Signs a player's token; `expiresAt` is epoch ms. */
export async function signPlayerToken(
  secrets: Secrets,
  claims: Omit<PlayerClaims, "exp">,
  now: number,
  expiresAt: number,
): Promise<string> {
  const key = currentKey("PLAYER_TOKEN_KEYS", secrets.PLAYER_TOKEN_KEYS);
  return new SignJWT({ hunt: claims.hunt, team: claims.team, ...generation(claims.gen) })
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

/**
 * The player behind a token that may have ended in the last 90 days: it opens nothing but
 * its own renewal. Throws `unauthenticated`.
 */
export async function requireLapsed(
  secrets: Secrets,
  authorization: string | undefined,
  now: number,
): Promise<PlayerClaims> {
  const token = bearer(authorization);
  await refuseView(secrets, authorization, now);
  return claimsOf(await verify(secrets, "PLAYER_TOKEN_KEYS", PLAYER_AUDIENCE, token, now, RENEWED_AFTER));
}

/** A token that looks as the team and does nothing; `expiresAt` is epoch ms. */
export async function signViewToken(
  secrets: Secrets,
  { hunt, team, incarnation }: ViewClaims,
  by: string,
  now: number,
): Promise<{ token: string; expiresAt: number }> {
  const key = currentKey("PLAYER_TOKEN_KEYS", secrets.PLAYER_TOKEN_KEYS);
  const expiresAt = Math.floor(now / 1_000) * 1_000 + VIEW_LIFE;
  const token = await new SignJWT({ hunt, team, incarnation })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.id })
    .setAudience(VIEW_AUDIENCE)
    .setSubject(by)
    .setIssuedAt(Math.floor(now / 1_000))
    .setExpirationTime(expiresAt / 1_000)
    .sign(key.bytes);
  return { token, expiresAt };
}

/** The team that the request's token looks as; undefined: it is another token, or none. */
export async function viewIn(
  secrets: Secrets,
  authorization: string | undefined,
  now: number,
): Promise<ViewClaims | undefined> {
  if (!isForView(authorization)) return undefined;
  const claims = await verify(secrets, "PLAYER_TOKEN_KEYS", VIEW_AUDIENCE, bearer(authorization), now);
  const { hunt, team, incarnation } = claims;
  if (typeof hunt !== "string" || typeof team !== "string" || typeof incarnation !== "number") {
    throw invalidToken();
  }
  return { hunt, team, incarnation };
}

/** By what it says of itself, unverified. */
function isForView(authorization: string | undefined): boolean {
  try {
    return decodeJwt(bearer(authorization)).aud === VIEW_AUDIENCE;
  } catch {
    return false;
  }
}

/** Throws `forbidden` for a good token that only looks. */
async function refuseView(secrets: Secrets, authorization: string | undefined, now: number): Promise<void> {
  if (!(await viewIn(secrets, authorization, now))) return;
  throw new RequestError("forbidden", "this token looks as a team, and does nothing else");
}

/** A ticket for one live socket: it goes into a URL, so it is short-lived and the shard takes it once. */
export async function signTicket(
  secrets: Secrets,
  { hunt, team, player, gen, exp }: PlayerClaims,
  now: number,
): Promise<{ ticket: string; expiresAt: number }> {
  const key = currentKey("PLAYER_TOKEN_KEYS", secrets.PLAYER_TOKEN_KEYS);
  // Whole seconds, as the claim has them.
  const expiresAt = Math.floor(now / 1_000) * 1_000 + TICKET_LIFE;
  const ticket = await new SignJWT({ hunt, team, ...generation(gen), until: exp })
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
  const gen = generation(payload.gen);
  return { id: jti, team, player: sub, ...gen, expires: exp * 1_000, until: until * 1_000 };
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

/** `isListed`: for somebody who signed in by the list of organisers. `expiresAt` is epoch ms. */
export async function signOrganiserToken(
  secrets: Secrets,
  { subject, roles, hunts, isListed }: Pick<OrganiserClaims, "subject" | "roles" | "hunts" | "isListed">,
  now: number,
  expiresAt: number,
): Promise<string> {
  const key = currentKey("ORGANISER_TOKEN_KEYS", secrets.ORGANISER_TOKEN_KEYS);
  return new SignJWT({ roles, hunts, ...(isListed ? { listed: true } : {}) })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.id })
    .setAudience(ORGANISER_AUDIENCE)
    .setSubject(subject)
    .setJti(crypto.randomUUID())
    .setIssuedAt(Math.floor(now / 1_000))
    .setExpirationTime(Math.floor(expiresAt / 1_000))
    .sign(key.bytes);
}

/** The monitor behind the request's ops token; throws `unauthenticated`. */
export async function requireMonitor(
  secrets: Secrets,
  authorization: string | undefined,
  now: number,
): Promise<Revocable> {
  const token = bearer(authorization);
  return revocable(await verify(secrets, "ORGANISER_TOKEN_KEYS", OPS_AUDIENCE, token, now));
}

/** The organiser that asks, on a route that others may use as well; undefined: somebody else. */
export async function organiserIn(
  secrets: Secrets,
  authorization: string | undefined,
  now: number,
): Promise<OrganiserClaims | undefined> {
  if (authorization === undefined) return undefined;
  try {
    return await requireOrganiser(secrets, authorization, now);
  } catch (error) {
    if (error instanceof RequestError) return undefined;
    throw error;
  }
}

/** The hunt's player behind the request's token, on a route that is open to everybody; undefined: somebody else. */
export async function playerIn(
  secrets: Secrets,
  authorization: string | undefined,
  hunt: string,
  now: number,
): Promise<PlayerClaims | undefined> {
  if (authorization === undefined) return undefined;
  try {
    const claims = await requirePlayer(secrets, authorization, now);
    return claims.hunt === hunt ? claims : undefined;
  } catch (error) {
    if (error instanceof RequestError) return undefined;
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
  await refuseView(secrets, authorization, now);
  const claims = claimsOf(await verify(secrets, "PLAYER_TOKEN_KEYS", PLAYER_AUDIENCE, token, now));
  return players.set(authorization, claims);
}

function claimsOf({ sub, hunt, team, gen, exp }: JWTPayload): PlayerClaims {
  if (typeof sub !== "string" || typeof hunt !== "string" || typeof team !== "string" || exp === undefined) {
    throw invalidToken();
  }
  return { player: sub, hunt, team, ...generation(gen), exp };
}

/** The claim of a generation; that of the first is left out. Throws `unauthenticated` for what is none. */
function generation(gen: unknown): { gen?: number } {
  if (gen === undefined || gen === 0) return {};
  if (typeof gen !== "number" || !Number.isSafeInteger(gen) || gen < 0) throw invalidToken();
  return { gen };
}

async function verifyOrganiser(secrets: Secrets, token: string, now: number): Promise<OrganiserClaims> {
  const payload = await verify(secrets, "ORGANISER_TOKEN_KEYS", ORGANISER_AUDIENCE, token, now);
  const { exp, listed } = payload;
  if (exp === undefined) throw invalidToken();
  const claims = { ...revocable(payload), ...rightsIn(payload), isListed: listed === true, exp };
  return organisers.set(token, claims);
}

function revocable({ sub, jti, iat }: JWTPayload): Revocable {
  if (typeof sub !== "string") throw invalidToken();
  return { subject: sub, iat: iat ?? 0, ...(typeof jti === "string" ? { id: jti } : {}) };
}

/** A token of before roles has neither claim and may do all; with one of them it needs both. */
function rightsIn({ roles, hunts }: JWTPayload): Pick<OrganiserClaims, "roles" | "hunts"> {
  if (roles === undefined && hunts === undefined) return { roles: ["owner"], hunts: [ALL_HUNTS] };
  if (!isTexts(roles) || !isTexts(hunts)) throw invalidToken();
  // A later engine may know more roles; they open nothing here.
  return { roles: ORGANISER_ROLES.filter((role) => roles.includes(role)), hunts };
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");

/** `lapsed`: seconds since its end after which the token still counts. */
async function verify(
  secrets: Secrets,
  ring: keyof Secrets,
  audience: string,
  token: string,
  now: number,
  lapsed = 0,
) {
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
      // It has no `nbf`, which a tolerance would move as well.
      clockTolerance: lapsed,
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
