/** The running hunt: its phase, announcements, growth. */
import { forgetHunt } from "../../cache/kv.ts";
import {
  announced,
  announcementBody,
  announcements,
  announcementsQuery,
  growBody,
  grown,
  phaseBody,
  phaseNow,
} from "../../contract/running.ts";
import { accepted } from "../../errors.ts";
import { calling, callingOnce, controlStub, shardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import type { PlayerClaims } from "../auth.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, iso, shardOf } from "../hunt.ts";
import type { App } from "../request.ts";
import { organiser, playerOrOrganiser } from "../roles.ts";

export function phaseRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/phase",
      summary: "Start, pause, resume or end the hunt",
      role: organiser,
      json: phaseBody,
      responses: { 200: { description: "The phase, in force everywhere", schema: phaseNow } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { phase } = c.req.valid("json");
      const changed = await callingOnce(async () => controlStub(c.env, hunt).setPhase(phase, c.get("by")));
      forgetHunt(hunt);
      return c.json({ phase: accepted(changed).phase }, 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/announcements",
      summary: "Tell all players something, or those who have a clue open",
      role: organiser,
      json: announcementBody,
      responses: { 201: { description: "Announced", schema: announced } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const { text, clue } = c.req.valid("json");
      const hunt = huntOf(c);
      // Not repeated by itself: players would be told twice.
      const { id, at } = accepted(
        await callingOnce(async () => controlStub(c.env, hunt).announce(text, clue, c.get("by"))),
      );
      return c.json({ id, at: iso(at) }, 201);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/announcements",
      summary: "Announcements, page by page: all for organisers, for a player those that its team may see",
      role: playerOrOrganiser,
      query: announcementsQuery,
      responses: { 200: { description: "The newest first", schema: announcements } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { cursor, limit } = c.req.valid("query");
      const player = c.get("player");
      const clues = player && (await cluesSeen(c.env, player));
      if (!player) await huntEntry(c.env, hunt, c.get("now"), true);
      const query = {
        limit,
        ...(cursor === undefined ? {} : { before: cursor }),
        ...(clues ? { clues } : {}),
      };
      const page = accepted(await calling(async () => controlStub(c.env, hunt).announcements(query)));
      const last = page.announcements.at(-1);
      return c.json(
        {
          announcements: page.announcements.map((each) => ({ ...each, at: iso(each.at) })),
          ...(page.more && last ? { cursor: last.id } : {}),
        },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/shards",
      summary: "Grow the hunt: new teams land on new shards, nobody moves",
      role: organiser,
      json: growBody,
      responses: { 200: { description: "The shards per region now", schema: grown } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { shardsPerRegion } = c.req.valid("json");
      const changed = await callingOnce(async () =>
        controlStub(c.env, hunt).grow(shardsPerRegion, c.get("by")),
      );
      forgetHunt(hunt);
      return c.json({ shardsPerRegion: accepted(changed).shardsPerRegion }, 200);
    },
  );
}

/** The clues that the player sees, which its shard knows. */
async function cluesSeen(env: Env, { hunt, team, player }: PlayerClaims): Promise<string[]> {
  const { shard } = shardOf(team);
  return accepted(await calling(async () => shardStub(env, hunt, shard).cluesSeen(team, player)));
}
