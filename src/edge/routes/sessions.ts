/** Coming back by a return code, renewing a token, signing out everywhere else. */
import { joined } from "../../contract/join.ts";
import { comeBackBody, endedElsewhere, renewed, returned } from "../../contract/sessions.ts";
import { reasonBody } from "../../contract/teams.ts";
import { accepted, RequestError } from "../../errors.ts";
import { calling, callingOnce, controlStub, shardStub } from "../../objects/call.ts";
import { readReturnCode } from "../../objects/check-part.ts";
import type { Joined } from "../../objects/shard.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, iso, shardOf, shardOfNamed } from "../hunt.ts";
import { idempotent, requestKey } from "../idempotency.ts";
import { countUnknownCode, limitReturning } from "../limits.ts";
import type { App, Asking } from "../request.ts";
import { anyone, lapsedPlayer, organiser, unseatedPlayer } from "../roles.ts";
import { seatedNow, signedIn, tokenFor } from "../seats.ts";

export function sessionRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/sessions",
      summary: "Come back by a return code: the same player on another device",
      role: anyone,
      json: comeBackBody,
      personal: "player",
      responses: { 201: { description: "Who came back, and a token for this device", schema: joined } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const now = c.get("now");
      limitReturning(c.env, c.req.raw, now);
      const entry = await huntEntry(c.env, hunt, now);
      const seat = await comeBack(c, hunt, c.req.valid("json").returnCode);
      if (!seat) {
        await countUnknownCode(c.env, c.req.raw, now);
        throw new RequestError("not_found", "no such return code");
      }
      return c.json(await signedIn(c.env, entry, seat, now), 201);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/sessions/renew",
      summary: "A token that lasts longer, for one that is good or ended less than 90 days ago",
      role: lapsedPlayer,
      responses: {
        200: {
          description:
            "The new token; the old one stays as good as it is. Of who was moved to another team it is for that one",
          schema: renewed,
        },
      },
      errors: ["not_found", "unavailable"],
    }),
    async (c) => {
      const now = c.get("now");
      const entry = await huntEntry(c.env, huntOf(c), now);
      const seat = await seatedNow(c.env, c.get("player"));
      const { token, expiresAt } = await tokenFor(c.env, entry, seat, now);
      return c.json({ token, expiresAt: iso(expiresAt) }, 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/sessions/end",
      summary: "Sign out everywhere else. Idempotency-Key is honoured",
      role: unseatedPlayer,
      headers: idempotent,
      responses: {
        200: {
          description: "What is good from now on: all earlier tokens and the return code are void",
          schema: endedElsewhere,
        },
      },
      errors: ["bad_request", "not_found", "unavailable"],
    }),
    async (c) => {
      const now = c.get("now");
      const claims = c.get("player");
      const { hunt, team, gen } = claims;
      const entry = await huntEntry(c.env, hunt, now);
      const given = c.req.valid("header")["idempotency-key"];
      // Without one the request is repeated within the engine only.
      const key = requestKey(c.env, `${hunt}\n${claims.player}`, given ?? crypto.randomUUID());
      const { shard } = shardOf(team);
      const seat = accepted(
        await calling(async () =>
          shardStub(c.env, hunt, shard).endSessions({ team, player: claims.player, gen }, key),
        ),
      );
      const { token } = await tokenFor(c.env, entry, seat, now);
      return c.json({ token, returnCode: seat.returnCode }, 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/teams/{team}/members/{player}/return",
      summary: "A return code for a player who lost everything; all earlier tokens and codes are void",
      role: organiser,
      json: reasonBody,
      responses: { 201: { description: "The player's way back", schema: returned } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { team, player: member } = c.req.valid("param");
      const { reason } = c.req.valid("json");
      // A guessed id names no shard: control would write it into the audit.
      await shardOfNamed(c.env, hunt, team, c.get("now"));
      // Not repeated by itself: each time is another code.
      const { returnCode } = accepted(
        await callingOnce(async () =>
          controlStub(c.env, hunt).returnMember(team, member, reason, c.get("by")),
        ),
      );
      return c.json({ returnCode }, 201);
    },
  );
}

/** Whose return code it is; undefined: nobody's. Only a code that the engine made is asked about. */
async function comeBack(c: Asking, hunt: string, typed: string): Promise<Joined | undefined> {
  const code = readReturnCode(c.env, hunt, typed);
  if (!code) return undefined;
  const outcome = await calling(async () => shardStub(c.env, hunt, code.shard).comeBack(code));
  if ("refused" in outcome && outcome.refused === "not_found") return undefined;
  return accepted(outcome);
}
