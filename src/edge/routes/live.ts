/** Routes of the live sockets: a ticket, and the upgrade to the team's shard or to the leaderboard. */
import type { z } from "zod";
import { isYoung } from "../../ahead.ts";
import { BoundedMap } from "../../bounded-map.ts";
import { liveQuery, ticket as ticketResponse } from "../../contract/live.ts";
import { ERRORS, type ErrorCode, type Refusal, RequestError } from "../../errors.ts";
import { calling, leaderboardStub, liveBoardStub, shardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import { CHILDREN_MAX, childName, SINCE_HEADER } from "../../objects/leaderboard.ts";
import { TICKET_HEADER, type TicketClaims } from "../../objects/shard.ts";
import { signTicket, verifyTicket } from "../auth.ts";
import { declared } from "../declare.ts";
import { allowedOrigin } from "../headers.ts";
import { huntEntry, huntOf, iso, shardOf } from "../hunt.ts";
import { limitAddress, limitedParty, limitForgery, limitPlayer } from "../limits.ts";
import type { App, Asking } from "../request.ts";
import { open, player } from "../roles.ts";

export function liveRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/tickets",
      summary: "A ticket for one live socket: 30 s, one use",
      role: player,
      responses: { 200: { description: "The ticket", schema: ticketResponse } },
    }),
    async (c) => {
      const { ticket, expiresAt } = await signTicket(c.env, c.get("player"), c.get("now"));
      return c.json({ ticket, expiresAt: iso(expiresAt) }, 200);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/live",
      summary: "WebSocket: with a ticket the player's, without one a spectator's",
      // A spectator counts against its address, a player against its own rate.
      role: open,
      hunt: "unchecked",
      query: liveQuery,
      responses: { 101: { description: "The socket (frames: ClientFrame, ServerFrame; docs/live.md)" } },
      errors: ["bad_request", "unauthenticated", "forbidden"],
    }),
    (c) => openSocket(c, c.req.valid("query")),
  );
}

async function openSocket(c: Asking, { ticket, since }: LiveQuery): Promise<Response> {
  const hunt = huntOf(c);
  const now = c.get("now");
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
    throw new RequestError("bad_request", "this route is a WebSocket: send an upgrade");
  }
  // A page of another site could use its visitor's network; what has no Origin is no page.
  const origin = c.req.header("origin");
  if (origin !== undefined && allowedOrigin(origin, c.env, "everyone") === undefined) {
    throw new RequestError("forbidden", "pages of this origin may not open sockets here");
  }
  if (ticket === undefined) await limitAddress(c.env, c.req.raw, now);
  const claims =
    ticket === undefined
      ? undefined
      : await limitForgery(c.env, c.req.raw, now, verifyTicket(c.env, ticket, hunt, now));
  // A ticket is spent in the shard: sent again and again, it must not get there.
  if (claims) await limitPlayer(c.env, claims.player, now);
  await huntEntry(c.env, hunt, now);
  const network = limitedParty(c.env, c.req.raw);
  const from = network === undefined ? {} : { network };
  const response = await upgrade(c.env, hunt, claims && { ...claims, ...from }, since, now);
  if (response.status === 101) return response;
  const refusal = (await response.json()) as Partial<Refusal>;
  const code: ErrorCode = refusal.refused && refusal.refused in ERRORS ? refusal.refused : "internal";
  throw new RequestError(code, refusal.detail ?? "the socket could not be opened");
}

/** Per hunt, the first child object that may have room, as this isolate saw it, and when, epoch ms. */
const firstChild = new BoundedMap<string, { child: number; at: number }>(1_000);

type LiveQuery = z.infer<typeof liveQuery>;

/** How long that is believed, ms: sockets go as well. */
const BELIEVED = 10_000;

/** A spectator's socket: in the leaderboard object while it has room, then in its children, one after the other. */
async function watch(env: Env, hunt: string, headers: Headers, now: number): Promise<Response> {
  const open = (stub: () => Fetcher) => calling(() => stub().fetch("https://leaderboard/live", { headers }));
  const seen = firstChild.get(hunt);
  const started = seen && isYoung(seen.at, now, BELIEVED) ? seen.child : undefined;
  if (started === undefined) {
    const response = await open(() => leaderboardStub(env, hunt));
    if (response.status === 101 || !(await isFull(response.clone()))) return response;
  }
  for (let child = started ?? 0; child < CHILDREN_MAX; child += 1) {
    const response = await open(() => liveBoardStub(env, childName(hunt, child)));
    if (response.status === 101 || !(await isFull(response.clone()))) {
      // Asked again from the root on when the time is up, however many come meanwhile.
      firstChild.set(hunt, { child, at: started === undefined ? now : (seen?.at ?? now) });
      return response;
    }
  }
  firstChild.delete(hunt);
  throw new RequestError("overloaded", "the leaderboard has too many live sockets");
}

async function isFull(response: Response): Promise<boolean> {
  return ((await response.json()) as Partial<Refusal>).refused === "overloaded";
}

async function upgrade(
  env: Env,
  hunt: string,
  claims: TicketClaims | undefined,
  since: string | undefined,
  now: number,
): Promise<Response> {
  const headers = new Headers({ Upgrade: "websocket" });
  if (since !== undefined) headers.set(SINCE_HEADER, since);
  if (!claims) return watch(env, hunt, headers, now);
  headers.set(TICKET_HEADER, JSON.stringify(claims));
  const { shard } = shardOf(claims.team);
  return calling(() => shardStub(env, hunt, shard).fetch("https://shard/live", { headers }));
}
