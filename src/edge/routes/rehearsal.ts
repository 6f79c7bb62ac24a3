/** The rehearsal of a hunt: made anew, and removed. */
import { forgetHunt } from "../../cache/kv.ts";
import { SLUG } from "../../contract/basics.ts";
import { DEFINITION_BYTES, textOfGiven } from "../../contract/definition.ts";
import { rehearsal, rehearsalBody } from "../../contract/rehearsal.ts";
import { mayIn } from "../../contract/role-table.ts";
import { accepted, RequestError } from "../../errors.ts";
import { calling, callingOnce, controlStub } from "../../objects/call.ts";
import { signOrganiserToken } from "../auth.ts";
import { declared } from "../declare.ts";
import { huntOf } from "../hunt.ts";
import { type App, publicOrigin } from "../request.ts";
import { organiser } from "../roles.ts";

/** Life of a rehearsal's token, ms: as long as a token of `hunt token` lives by itself. */
const TOKEN_LIFE = 30 * 86_400_000;

/** How far a rehearsal's clock may be from the engine's, ms: ten years. */
const AHEAD_MAX = 10 * 365 * 86_400_000;

export function rehearsalRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/rehearsal",
      summary:
        "Make the hunt's rehearsal, anew if there is one: a copy with a clock of its own, of which nothing leaves the engine",
      role: organiser,
      json: rehearsalBody,
      emptyBody: true,
      maxBytes: DEFINITION_BYTES,
      responses: { 201: { description: "The rehearsal", schema: rehearsal } },
      errors: ["bad_request", "conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { at: given, hunt: wished, definition } = c.req.valid("json");
      const as = wished ?? `${hunt}-rehearsal`;
      if (!SLUG.test(as)) throw faulty("hunt", "the hunt's id leaves no room for `-rehearsal`: give an id");
      if (!as.startsWith(`${hunt}-`) && !mayIn(c.get("organiser"), as)) {
        throw new RequestError(
          "forbidden",
          `the token is for other hunts; ids that begin with ${hunt}- are free`,
        );
      }
      const at = given === undefined ? undefined : Date.parse(given);
      if (at !== undefined && Math.abs(at - c.get("now")) > AHEAD_MAX) {
        throw faulty("at", "must be within ten years of now");
      }
      const wish = {
        hunt: as,
        ...(at === undefined ? {} : { at }),
        ...(definition === undefined ? {} : { definition: textOfGiven(definition) }),
      };
      const by = c.get("by");
      const made = await callingOnce(async () => controlStub(c.env, hunt).rehearse(wish, by));
      forgetHunt(as);
      if ("refused" in made) throw new RequestError(made.refused, made.detail, made.issues, made.retryAfter);
      // Not before it is there: tokens of earlier rehearsals are void by when they were made.
      const now = Date.now();
      const rights = { subject: by.actor, roles: ["owner"] as const, hunts: [as], isListed: false };
      const token = await signOrganiserToken(c.env, rights, now, now + TOKEN_LIFE);
      return c.json({ hunt: as, url: `${publicOrigin(c)}/play/${as}`, token }, 201);
    },
  );

  app.openapi(
    declared({
      method: "delete",
      path: "/v1/hunts/{hunt}/rehearsal",
      summary: "Remove the hunt's rehearsal: nothing of it is left",
      role: organiser,
      responses: { 204: { description: "It is gone" } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { was } = accepted(await calling(async () => controlStub(c.env, hunt).endRehearsal(c.get("by"))));
      forgetHunt(was);
      return c.body(null, 204);
    },
  );
}

const faulty = (path: string, message: string): RequestError =>
  new RequestError("invalid", "the content does not have the right form", [
    { path, code: "invalid_value", message },
  ]);
