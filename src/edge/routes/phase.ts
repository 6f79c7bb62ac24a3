/** The running hunt: its phase, announcements, growth. */
import { forgetHunt } from "../../cache/kv.ts";
import {
  type AnnouncementRow,
  announced,
  announcementBody,
  announcementEdit,
  announcementRow,
  announcements,
  announcementsQuery,
  growBody,
  grown,
  phaseBody,
  phaseNow,
  released,
} from "../../contract/running.ts";
import { reasonQuery } from "../../contract/team.ts";
import { accepted, type Refusal, RequestError } from "../../errors.ts";
import { calling, callingOnce, controlStub, shardStub } from "../../objects/call.ts";
import { isOwnTeamId } from "../../objects/check-part.ts";
import type { AnnouncementPage } from "../../objects/control.ts";
import type { Env } from "../../objects/env.ts";
import type { Hearing } from "../../objects/shard.ts";
import type { Announcement } from "../../protocol.ts";
import { toldOf } from "../../sockets/announcements.ts";
import type { PlayerClaims } from "../auth.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, iso, shardOf, shardOfNamed } from "../hunt.ts";
import type { App, Asking } from "../request.ts";
import { organiser, playerOrOrganiser } from "../roles.ts";

export function phaseRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/phase",
      summary: "Start, pause, resume, end or reopen the hunt, or make it final",
      role: organiser,
      json: phaseBody,
      responses: { 200: { description: "The phase, in force everywhere", schema: phaseNow } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { phase, reopen, reason } = c.req.valid("json");
      const changed = await callingOnce(async () =>
        reopen
          ? controlStub(c.env, hunt).reopen(reason ?? "", c.get("by"))
          : controlStub(c.env, hunt).setPhase(phase, c.get("by")),
      );
      forgetHunt(hunt);
      return c.json({ phase: accepted(changed).phase }, 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/results/release",
      summary: "Release the results of a hunt with `results: manual`, after its end",
      role: organiser,
      responses: { 200: { description: "Everybody sees the results", schema: released } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const done = await calling(async () => controlStub(c.env, hunt).release(c.get("by")));
      forgetHunt(hunt);
      return c.json({ released: accepted(done).released }, 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/announcements",
      summary:
        "Tell all players something, or those who have a clue open, or some teams; now or later; as an erratum it stands at the clue",
      role: organiser,
      json: announcementBody,
      responses: { 201: { description: "Announced", schema: announced } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const { at: sentAt, ...written } = c.req.valid("json");
      const hunt = huntOf(c);
      await checkTeams(c, hunt, written.to?.teams ?? []);
      const announcement = { ...written, ...(sentAt === undefined ? {} : { at: Date.parse(sentAt) }) };
      // Not repeated by itself: players would be told twice.
      const { id, at } = accepted(
        await callingOnce(async () => controlStub(c.env, hunt).announce(announcement, c.get("by"))),
      );
      return c.json({ id, at: iso(at) }, 201);
    },
  );

  app.openapi(
    declared({
      method: "patch",
      path: "/v1/hunts/{hunt}/announcements/{announcement}",
      summary: "Give an announcement another text: who was told is told the new one",
      role: organiser,
      json: announcementEdit,
      responses: { 200: { description: "The announcement now", schema: announcementRow } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { announcement: id } = c.req.valid("param");
      const { text, reason } = c.req.valid("json");
      const by = c.get("by");
      const edited = await calling(async () =>
        controlStub(c.env, hunt).editAnnouncement(id, text, reason, by),
      );
      return c.json(rowOf(accepted(edited as Announcement | Refusal), true), 200);
    },
  );

  app.openapi(
    declared({
      method: "delete",
      path: "/v1/hunts/{hunt}/announcements/{announcement}",
      summary: "Take an announcement back, or one that is not sent yet",
      role: organiser,
      query: reasonQuery,
      responses: { 204: { description: "Taken back" } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { announcement: id } = c.req.valid("param");
      const { reason } = c.req.valid("query");
      const by = c.get("by");
      accepted(await calling(async () => controlStub(c.env, hunt).removeAnnouncement(id, reason, by)));
      return c.body(null, 204);
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
      const hearing = player && { team: player.team, ...(await hearingOf(c.env, player)) };
      if (!player) await huntEntry(c.env, hunt, c.get("now"), true);
      const query = { limit, ...(cursor === undefined ? {} : { before: cursor }), ...hearing };
      const page = accepted(await calling(async () => controlStub(c.env, hunt).announcements(query)));
      const last = page.announcements.at(-1);
      return c.json(
        {
          announcements: page.announcements.map((each) => rowOf(each, player === undefined)),
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

/** A list of the organiser has what only those are told. */
function rowOf(
  { scheduled, ...announcement }: AnnouncementPage["announcements"][number],
  isOrganisers: boolean,
): AnnouncementRow {
  const { to } = announcement;
  return {
    ...toldOf(announcement),
    ...(isOrganisers && to !== undefined ? { to } : {}),
    ...(isOrganisers && scheduled ? { scheduled } : {}),
  };
}

/** Throws `invalid` for a team that the hunt does not have. */
async function checkTeams(c: Asking, hunt: string, teams: readonly string[]): Promise<void> {
  for (const [place, team] of teams.entries()) {
    const isKnown = async (): Promise<void> => {
      const shard = await shardOfNamed(c.env, hunt, team, c.get("now"));
      // An id that an older engine may have made: its shard knows.
      if (isOwnTeamId(c.env, hunt, team)) return;
      accepted(await calling(async () => shardStub(c.env, hunt, shard).nameOf(team)));
    };
    await isKnown().catch((error: unknown) => {
      if (!(error instanceof RequestError) || error.code !== "not_found") throw error;
      const issue = {
        path: `to.teams.${place}`,
        code: "invalid_value" as const,
        message: `there is no team ${team}`,
      };
      throw new RequestError("invalid", "the content does not have the right form", [issue]);
    });
  }
}

/** What decides which announcements the player's team is told, which its shard knows. */
async function hearingOf(env: Env, { hunt, team, player, gen }: PlayerClaims): Promise<Hearing> {
  const { shard } = shardOf(team);
  return accepted(
    (await calling(async () => shardStub(env, hunt, shard).hears(team, player, gen))) as Hearing | Refusal,
  );
}
