/** Push messages: a player's device wants to be told what happens, or no more. */
import { configOf } from "../../config.ts";
import { pushBody, pushQuery } from "../../contract/push.ts";
import { accepted, type Issue, RequestError } from "../../errors.ts";
import { calling, shardStub } from "../../objects/call.ts";
import { allowedIn, refuseEndpoint } from "../../push/endpoint.ts";
import { isFit } from "../../push/seal.ts";
import { pushKey } from "../../push/vapid.ts";
import { declared } from "../declare.ts";
import { huntEntry, shardOf } from "../hunt.ts";
import { limitLooks } from "../limits.ts";
import { type App, publicOrigin } from "../request.ts";
import { unseatedPlayer } from "../roles.ts";

export function pushRoutes(app: App): void {
  app.openapi(
    declared({
      method: "put",
      path: "/v1/hunts/{hunt}/me/push",
      summary:
        "Tell this device what happens, by Web Push: announcements, what the organisers answer, clues that open by time or by an organiser's hand. Again: it takes the place of the same device's; of more than five the oldest ends",
      role: unseatedPlayer,
      json: pushBody,
      responses: { 204: { description: "From now on" } },
      errors: ["conflict", "forbidden", "unavailable"],
    }),
    async (c) => {
      const { hunt, team, player, gen } = c.get("player");
      const { endpoint, keys, lang } = c.req.valid("json");
      limitLooks(c.env, team, c.get("now"));
      const key = pushKey(c.env);
      if (!key) throw new RequestError("conflict", "this engine sends no push messages");
      const { rehearsal } = await huntEntry(c.env, hunt, c.get("now"));
      if (rehearsal) throw new RequestError("conflict", "nothing of a rehearsal leaves the engine");
      const refused = refuseEndpoint(endpoint, allowedIn(configOf(c.env).PUSH_ALLOW));
      if (refused !== undefined) throw unfit("endpoint", refused);
      if (!(await isFit(keys))) throw unfit("keys", "must be a public key of P-256, and 16 bytes");
      const { shard } = shardOf(team);
      const device = {
        endpoint,
        ...keys,
        ...(lang === undefined ? {} : { lang }),
        kid: key.id,
        site: publicOrigin(c),
      };
      accepted(
        await calling(async () => shardStub(c.env, hunt, shard).subscribe({ team, player, gen }, device)),
      );
      return c.body(null, 204);
    },
  );

  app.openapi(
    declared({
      method: "delete",
      path: "/v1/hunts/{hunt}/me/push",
      summary: "No more push messages: to one device, or to all of the player's",
      role: unseatedPlayer,
      query: pushQuery,
      responses: { 204: { description: "From now on" } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const { hunt, team, player, gen } = c.get("player");
      const { device } = c.req.valid("query");
      limitLooks(c.env, team, c.get("now"));
      const { shard } = shardOf(team);
      accepted(
        await calling(async () => shardStub(c.env, hunt, shard).unsubscribe({ team, player, gen }, device)),
      );
      return c.body(null, 204);
    },
  );
}

function unfit(path: string, message: string): RequestError {
  const issue: Issue = { path, code: "invalid_value", message };
  return new RequestError("invalid", "the content does not have the right form", [issue]);
}
