/**
 * Who may call a route: the one place that turns a token into a right. A
 * declaration names one of these; its check runs before anything else of the
 * request is looked at, and leaves who asks on the context. Which organisers may
 * call which route is the table's (role-table.ts).
 */
import type { MiddlewareHandler } from "hono";
import { publicHunt } from "../cache/kv.ts";
import { SLUG } from "../contract/basics.ts";
import { ALL_HUNTS, closedBy, isOwners, mayIn, type Rights, rolesOf } from "../contract/role-table.ts";
import { OPEN_TABLES } from "../contract/table-names.ts";
import { RequestError } from "../errors.ts";
import { calling, directoryStub } from "../objects/call.ts";
import type { Actor } from "../objects/control.ts";
import type { Secrets } from "../secrets.ts";
import {
  type OrganiserClaims,
  organiserIn,
  type PlayerClaims,
  type Revocable,
  requireLapsed,
  requireMonitor,
  requireOrganiser,
  requirePlayer,
  type ViewClaims,
  viewIn,
} from "./auth.ts";
import { huntOf } from "./hunt.ts";
import { limitAddress, limitForgery, limitJoining, limitPlayer } from "./limits.ts";
import { listedRights, refuseRevoked } from "./organisers.ts";
import type { AppEnv, Asked, Request$ } from "./request.ts";
import { seatedAt } from "./seats.ts";

/** The kinds of token, as /openapi.json names them. */
export type TokenKind = "player" | "organiser" | "ops";

type Leaving<Variables extends object> = MiddlewareHandler<{
  Bindings: AppEnv["Bindings"];
  Variables: Asked & Variables;
}>;

export interface Role<Variables extends object = object> {
  /** The kinds of token that open the route; none: no token is asked for. */
  tokens: readonly TokenKind[];
  /** The check of the route that is named so (`routeName`). */
  checkFor(route: string): Leaving<Variables>;
}

const always =
  <Variables extends object>(check: Leaving<Variables>) =>
  (): Leaving<Variables> =>
    check;

/** Without a token, and within the rate of an address. */
export const anyone: Role = {
  tokens: [],
  checkFor: always(async (c, next) => {
    await limitAddress(c.env, c.req.raw, c.get("now"));
    await next();
  }),
};

/** Without a token, and within the joinings of an address. */
export const newcomer: Role = {
  tokens: [],
  checkFor: always(async (c, next) => {
    await limitJoining(c.env, c.req.raw, c.get("now"));
    await next();
  }),
};

/** Without a token and without a rate: what costs nothing, or checks by itself. */
export const open: Role = { tokens: [], checkFor: always((_, next) => next()) };

/** A player whose token its shard has found good. Routes that carry the crowd ask with their own call (`playerOf`). */
export const player: Role<{ player: PlayerClaims }> = {
  tokens: ["player"],
  checkFor: always(async (c, next) => {
    c.set("player", await seatedPlayerOf(c));
    await next();
  }),
};

/** A player whose token may be void: the handler's call asks the shard. */
export const unseatedPlayer: Role<{ player: PlayerClaims }> = {
  tokens: ["player"],
  checkFor: always(async (c, next) => {
    c.set("player", await playerOf(c));
    await next();
  }),
};

/** As `unseatedPlayer`, or an organiser who looks as a team. */
export const looker: Role<{ looker: PlayerClaims | ViewClaims }> = {
  tokens: ["player"],
  checkFor: always(async (c, next) => {
    c.set("looker", (await viewerOf(c)) ?? (await playerOf(c)));
    await next();
  }),
};

/** A player whose token may have ended not long ago, for the route that renews it. */
export const lapsedPlayer: Role<{ player: PlayerClaims }> = {
  tokens: ["player"],
  checkFor: always(async (c, next) => {
    c.set("player", await playerOf(c, undefined, requireLapsed));
    await next();
  }),
};

/** An organiser whose token has a role that the table names for the route, in the hunt that the path names. */
export const organiser: Role<{ by: Actor; organiser: OrganiserClaims }> = {
  tokens: ["organiser"],
  checkFor: (route) => async (c, next) => {
    const claims = await tokenOf(c, requireOrganiser);
    await stillGood(c, claims);
    await admit(c, claims, route);
    c.set("organiser", claims);
    c.set("by", { actor: claims.subject, request: c.get("requestId") });
    await next();
  },
};

/** A player of the hunt, or an organiser as the table says, who leaves no `player`. */
export const playerOrOrganiser: Role<{ player: PlayerClaims | undefined }> = {
  tokens: ["player", "organiser"],
  checkFor: (route) => async (c, next) => {
    const claims = await organiserIn(c.env, c.req.header("authorization"), c.get("now"));
    if (claims) {
      await stillGood(c, claims);
      await admit(c, claims, route);
    }
    c.set("player", claims ? undefined : await seatedPlayerOf(c));
    await next();
  },
};

/** Whoever may do this is an owner of the hunt. */
const OWNERS_ONLY = "DELETE /v1/hunts/{hunt}";

/** Throws `forbidden` for an organiser of the hunt that is no owner of it. */
export const refuseAllButOwners = (c: Tokened & { get(name: "organiser"): OrganiserClaims }): Promise<void> =>
  admit(c, c.get("organiser"), OWNERS_ONLY);

/** Whoever may read this may have the tables that tell no more. */
const OPEN_TO_ALL = "GET /v1/hunts/{hunt}/stats";

/**
 * As `organiser`; tables of what every organiser sees are for all of them, and results that are public for anybody
 * without a token, within the rate of an address.
 */
export const exporter: Role<{ by?: Actor; organiser?: OrganiserClaims }> = {
  tokens: ["organiser"],
  checkFor: (route) => {
    const usual = organiser.checkFor(route) as MiddlewareHandler;
    const open = organiser.checkFor(OPEN_TO_ALL) as MiddlewareHandler;
    const owners = organiser.checkFor(OWNERS_ONLY) as MiddlewareHandler;
    return async (c, next) => {
      const format = c.req.query("format");
      if (format === "ctftime" && c.req.header("authorization") === undefined) {
        await limitAddress(c.env, c.req.raw, c.get("now"));
        await next();
        return;
      }
      if (format === "backup") return owners(c, next);
      const isOpen = OPEN_TABLES.some((table) => table === (c.req.query("what") ?? "standings"));
      await (format === "ctftime" || (format === "csv" && isOpen) ? open : usual)(c, next);
    };
  },
};

/** A message that is signed instead of carrying a token. */
export const isSignedFeed = ({ headers }: Request): boolean =>
  headers.has("webhook-signature") && !headers.has("authorization");

/** As `organiser`, or a company's system that signs what it sends: the handler checks the signature, within a rate. */
export const registrar: Role = {
  tokens: ["organiser"],
  checkFor: (route) => {
    const usual = organiser.checkFor(route) as MiddlewareHandler;
    return async (c, next) => {
      await (isSignedFeed(c.req.raw) ? next() : usual(c, next));
    };
  },
};

/** A scraper with an ops token, or an organiser as the table says. */
export const ops: Role = {
  tokens: ["ops", "organiser"],
  checkFor: (route) => async (c, next) => {
    const claims = await organiserIn(c.env, c.req.header("authorization"), c.get("now"));
    if (claims) {
      await stillGood(c, claims);
      await admit(c, claims, route);
    } else {
      // A monitor sees figures alone, and most needs them while an object does not respond.
      await stillGood(c, await tokenOf(c, requireMonitor)).catch((error: unknown) => {
        if (!(error instanceof RequestError) || error.code === "unauthenticated") throw error;
      });
    }
    await next();
  },
};

async function seatedPlayerOf(c: Tokened): Promise<PlayerClaims> {
  const claims = await playerOf(c);
  await seatedAt(c.env, claims);
  return claims;
}

/**
 * Whether an organiser who may see the hunt asks, on a route that is open to
 * everybody: then it sees more. Throws `unavailable` when nobody can say whether
 * its token was revoked.
 */
export async function isOrganiserOf(c: Tokened, hunt: string): Promise<boolean> {
  const now = c.get("now");
  const claims = await organiserIn(c.env, c.req.header("authorization"), now);
  if (!claims || claims.roles.length === 0 || !mayIn(claims, hunt)) return false;
  try {
    await refuseRevoked(c.env, claims, now);
    return !(await isOfBefore(c, claims, hunt));
  } catch (error) {
    if (error instanceof RequestError && error.code === "unauthenticated") return false;
    throw error;
  }
}

/** Throws as `refuseRevoked` does; a revoked token is within the rate of its address. */
const stillGood = (c: Tokened, token: Revocable): Promise<void> =>
  limitForgery(c.env, c.req.raw, c.get("now"), refuseRevoked(c.env, token, c.get("now")));

/** Throws `forbidden` for a role that the route is not for, or another hunt. */
async function admit(c: Tokened, claims: OrganiserClaims, route: string): Promise<void> {
  const hunt = c.req.param("hunt");
  refuseBeyond(claims, route, hunt);
  if (hunt !== undefined && (await isOfBefore(c, claims, hunt))) {
    throw new RequestError("forbidden", "the token is for a hunt of this id that was deleted");
  }
  if (!claims.isListed || !isOwners(route) || route === JOB) return;
  // Who left the list has a token that says otherwise for some hours.
  const listed = await listedRights(c.env, claims.subject);
  if (!listed) throw new RequestError("forbidden", "this person is no longer in the list of organisers");
  refuseBeyond(listed, route, hunt);
}

/** Tells of what is gone, and with it perhaps its owner's line in the list. */
const JOB = "GET /v1/jobs/{job}";

type Named = Pick<OrganiserClaims, "hunts" | "iat">;

/** Whether the token names a hunt of this id that was deleted since: the one that there is now is another. */
async function isOfBefore(c: Tokened, { hunts, iat }: Named, hunt: string): Promise<boolean> {
  if (hunts.includes(ALL_HUNTS) || !SLUG.test(hunt)) return false;
  const entry = await calling(() => publicHunt(c.env, hunt, c.get("now"), true));
  if (!("refused" in entry)) return iat < (entry.voidBefore ?? 0);
  const { method, path } = c.req;
  const isMade = method === "PUT" || (method === "POST" && path.endsWith("/import"));
  if (entry.refused !== "not_found" || !isMade) return false;
  // Whoever makes it anew.
  const beginning = await calling(async () => directoryStub(c.env).beginning(hunt));
  return !("refused" in beginning) && iat < (beginning.voidBefore ?? 0);
}

/** What the token may do in the hunts that there are now. */
export async function rightsNow(c: Tokened, { roles, hunts, iat }: OrganiserClaims): Promise<Rights> {
  const areOfBefore = await Promise.all(hunts.map((hunt) => isOfBefore(c, { hunts, iat }, hunt)));
  return { roles, hunts: hunts.filter((_, index) => !areOfBefore[index]) };
}

function refuseBeyond(rights: Rights, route: string, hunt: string | undefined): void {
  const closed = closedBy(rights, route, hunt);
  if (closed === undefined) return;
  const details = {
    role: `this is for ${rolesOf(route).join(", ")}`,
    hunt: "the token is for other hunts",
    all: "this is of every hunt, and the token is for some",
  };
  throw new RequestError("forbidden", details[closed]);
}

type Tokened = Pick<Request$, "env" | "req" | "get">;

/** What the request's token says; a refused one is within the rate of its address. */
function tokenOf<Claims>(
  c: Tokened,
  verify: (secrets: Secrets, authorization: string | undefined, now: number) => Promise<Claims>,
): Promise<Claims> {
  const now = c.get("now");
  return limitForgery(c.env, c.req.raw, now, verify(c.env, c.req.header("authorization"), now));
}

/** The team that the request's token looks as; undefined: it is another token. Throws `forbidden` for another hunt's. */
export async function viewerOf(c: Tokened): Promise<ViewClaims | undefined> {
  const now = c.get("now");
  const claims = await limitForgery(c.env, c.req.raw, now, viewIn(c.env, c.req.header("authorization"), now));
  if (claims && claims.hunt !== huntOf(c)) {
    throw new RequestError("forbidden", "the token is for another hunt");
  }
  return claims;
}

/**
 * The player behind the request's token, within its rate; throws `forbidden`
 * for another hunt's. Whether the token is void its shard alone knows, in the
 * call that the route makes (`gen`). For routes that take no middleware. `first` may refuse
 * the player before the rate is asked.
 */
export async function playerOf(
  c: Tokened,
  first?: (claims: PlayerClaims) => void,
  require = requirePlayer,
): Promise<PlayerClaims> {
  const claims = await tokenOf(c, require);
  if (claims.hunt !== huntOf(c)) throw new RequestError("forbidden", "the token is for another hunt");
  first?.(claims);
  await limitPlayer(c.env, claims.player, c.get("now"));
  return claims;
}
