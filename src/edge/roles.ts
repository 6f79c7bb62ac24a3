/**
 * Who may call a route: the one place that turns a token into a role. A
 * declaration names one of these; its check runs before anything else of the
 * request is looked at, and leaves who asks on the context.
 */
import type { MiddlewareHandler } from "hono";
import { RequestError } from "../errors.ts";
import type { Actor } from "../objects/control.ts";
import { isOrganiser, type PlayerClaims, requireOps, requireOrganiser, requirePlayer } from "./auth.ts";
import { huntOf } from "./hunt.ts";
import { limitAddress, limitJoining, limitPlayer } from "./limits.ts";
import type { AppEnv, Asked, Request$ } from "./request.ts";

/** The kinds of token, as /openapi.json names them. */
export type TokenKind = "player" | "organiser" | "ops";

type Leaving<Variables extends object> = MiddlewareHandler<{
  Bindings: AppEnv["Bindings"];
  Variables: Asked & Variables;
}>;

export interface Role<Variables extends object = object> {
  /** The kinds of token that open the route; none: no token is asked for. */
  tokens: readonly TokenKind[];
  check: Leaving<Variables>;
}

/** Without a token, and within the rate of an address. */
export const anyone: Role = {
  tokens: [],
  check: async (c, next) => {
    await limitAddress(c.env, c.req.raw, c.get("now"));
    await next();
  },
};

/** Without a token, and within the joinings of an address. */
export const newcomer: Role = {
  tokens: [],
  check: async (c, next) => {
    await limitJoining(c.env, c.req.raw, c.get("now"));
    await next();
  },
};

/** Without a token and without a rate: what costs nothing, or checks by itself. */
export const open: Role = { tokens: [], check: (_, next) => next() };

export const player: Role<{ player: PlayerClaims }> = {
  tokens: ["player"],
  check: async (c, next) => {
    c.set("player", await playerOf(c));
    await next();
  },
};

export const organiser: Role<{ by: Actor }> = {
  tokens: ["organiser"],
  check: async (c, next) => {
    const { subject } = await requireOrganiser(c.env, c.req.header("authorization"), c.get("now"));
    c.set("by", { actor: subject, request: c.get("requestId") });
    await next();
  },
};

/** A player of the hunt, or an organiser, who leaves no `player`. */
export const playerOrOrganiser: Role<{ player: PlayerClaims | undefined }> = {
  tokens: ["player", "organiser"],
  check: async (c, next) => {
    const isBy = await isOrganiser(c.env, c.req.header("authorization"), c.get("now"));
    c.set("player", isBy ? undefined : await playerOf(c));
    await next();
  },
};

/** A scraper with an ops token, or an organiser. */
export const ops: Role = {
  tokens: ["ops", "organiser"],
  check: async (c, next) => {
    await requireOps(c.env, c.req.header("authorization"), c.get("now"));
    await next();
  },
};

/**
 * The player behind the request's token, within its rate; throws `forbidden`
 * for another hunt's. For routes that take no middleware. `first` may refuse
 * the player before the rate is asked.
 */
export async function playerOf(
  c: Pick<Request$, "env" | "req" | "get">,
  first?: (claims: PlayerClaims) => void,
): Promise<PlayerClaims> {
  const now = c.get("now");
  const claims = await requirePlayer(c.env, c.req.header("authorization"), now);
  if (claims.hunt !== huntOf(c)) throw new RequestError("forbidden", "the token is for another hunt");
  first?.(claims);
  await limitPlayer(c.env, claims.player, now);
  return claims;
}
