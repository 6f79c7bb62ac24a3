/** Routes of the teams: awards, unlocks, bans, hiding, the list. */
import type { Actor } from "../control/object.ts";
import { accepted } from "../errors.ts";
import type { TeamAction } from "../protocol.ts";
import { BODY_MAX, check, readJson } from "./body.ts";
import { huntEntry, huntOf, iso, shardOf } from "./hunt.ts";
import { calling, shardStub } from "./objects.ts";
import { type App, type Request$, route } from "./openapi.ts";
import { control, JSON_BODY, organiserOf, shardsOf } from "./organiser.ts";
import { answers, awardBody, reasonBody, teamsQuery, unlockBody } from "./schemas.ts";

export function teamRoutes(app: App): void {
  const act = async (c: Request$, by: Actor, action: TeamAction): Promise<{ score: number }> => {
    const hunt = huntOf(c);
    const team = c.req.param("team") ?? "";
    const { shard } = shardOf(team, "not_found");
    await huntEntry(c.env, hunt, c.get("now"));
    // Not repeated by itself: an award given twice is two awards.
    const answer = accepted(await shardStub(c.env, hunt, shard).organise(team, action));
    const { type, ...detail } = action;
    await control(c.env, hunt).recordAction({
      ...by,
      at: c.get("now"),
      action: type,
      detail: { team, ...detail },
    });
    return answer;
  };

  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/teams/{team}/awards",
      summary: "Give points, or take them",
      auth: "organiser",
      body: { types: JSON_BODY, schema: awardBody },
      answers: { 201: { description: "The team's score now", schema: answers.award } },
      errors: ["not_found", "conflict"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const body = check(awardBody, await readJson(c.req.raw, BODY_MAX));
      return c.json({ score: (await act(c, by, { type: "award", ...body })).score }, 201);
    },
  );

  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/teams/{team}/unlocks",
      summary: "Open a clue for one team, whatever its condition says",
      auth: "organiser",
      body: { types: JSON_BODY, schema: unlockBody },
      answers: { 201: { description: "Opened", schema: answers.unlock } },
      errors: ["not_found"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const body = check(unlockBody, await readJson(c.req.raw, BODY_MAX));
      await act(c, by, { type: "unlock", ...body });
      return c.json({ unlocked: [body.clue] }, 201);
    },
  );

  for (const [type, answer] of [
    ["ban", { banned: true }],
    ["unban", { banned: false }],
    ["hide", { hidden: true }],
    ["show", { hidden: false }],
  ] as const) {
    route(
      app,
      {
        method: "post",
        path: `/v1/hunts/{hunt}/teams/{team}/${type}`,
        summary: `${type} a team`,
        auth: "organiser",
        body: { types: JSON_BODY, schema: reasonBody },
        answers: {
          200: {
            description: "The team's mark now",
            schema: "banned" in answer ? answers.banned : answers.hidden,
          },
        },
        errors: ["not_found"],
      },
      async (c) => {
        const by = await organiserOf(c);
        const { reason } = check(reasonBody, await readJson(c.req.raw, BODY_MAX));
        await act(c, by, { type, reason });
        return c.json(answer);
      },
    );
  }

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/teams",
      summary: "All teams, page by page",
      auth: "organiser",
      query: teamsQuery,
      answers: { 200: { description: "Teams, and the next page's cursor", schema: answers.teams } },
      errors: ["not_found", "invalid"],
    },
    async (c) => {
      await organiserOf(c);
      const hunt = huntOf(c);
      const { cursor, limit } = check(teamsQuery, c.req.query());
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      const [startShard = 0, start = 0] = (cursor ?? "0.0").split(".").map(Number);
      const teams: object[] = [];
      let next: string | undefined;
      let after = start;
      for (let index = startShard; index < shards.length; index += 1) {
        const shard = shards[index] ?? "";
        const page = accepted(
          await calling(async () => shardStub(c.env, hunt, shard).teams(after, limit - teams.length)),
        );
        const ranks = await c.env.LEADERBOARD.getByName(hunt).organiserRanks(page.teams.map(({ id }) => id));
        for (const [row, team] of page.teams.entries()) {
          const rank = ranks[row];
          teams.push({
            ...team,
            joinedAt: iso(team.joinedAt),
            ...(typeof rank === "number" ? { rank } : {}),
          });
        }
        if (page.next !== undefined) next = `${index}.${page.next}`;
        else if (teams.length >= limit && index + 1 < shards.length) next = `${index + 1}.0`;
        if (next !== undefined) break;
        after = 0;
      }
      return c.json({ teams, ...(next === undefined ? {} : { cursor: next }) });
    },
  );
}
