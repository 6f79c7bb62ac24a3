/** Routes of the teams: awards, unlocks, bans, hiding, the list. */

import { accepted } from "../../errors.ts";
import { calling, leaderboardStub, shardStub } from "../../objects/call.ts";
import type { Actor } from "../../objects/control.ts";
import type { TeamAction } from "../../protocol.ts";
import { BODY_MAX, check, readJson } from "../body.ts";
import { huntEntry, huntOf, iso, shardOf } from "../hunt.ts";
import { type App, type Request$, route } from "../openapi.ts";
import { control, JSON_BODY, organiserOf, shardsOf } from "../organiser.ts";
import { answers, awardBody, reasonBody, stuckQuery, teamsQuery, unlockBody } from "../schemas.ts";

/** Calls on shards for one page of teams; a search that needs more goes on with the cursor. */
const CALLS_MAX = 20;

const MINUTE = 60_000;

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
      summary: "All teams, page by page; with `search` those that a name, an id or a code means",
      auth: "organiser",
      query: teamsQuery,
      answers: { 200: { description: "Teams, and the next page's cursor", schema: answers.teams } },
      errors: ["not_found", "invalid"],
    },
    async (c) => {
      await organiserOf(c);
      const hunt = huntOf(c);
      const { cursor, limit, search } = check(teamsQuery, c.req.query());
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      let [at = 0, after = 0] = (cursor ?? "0.0").split(".").map(Number);
      const teams: object[] = [];
      for (let calls = 0; at < shards.length && teams.length < limit && calls < CALLS_MAX; calls += 1) {
        const shard = shardStub(c.env, hunt, shards[at] ?? "");
        const page = accepted(await calling(async () => shard.teams(after, limit - teams.length, search)));
        const ids = page.teams.map(({ id }) => id);
        const ranks = ids.length === 0 ? [] : await leaderboardStub(c.env, hunt).organiserRanks(ids);
        for (const [row, team] of page.teams.entries()) {
          const rank = ranks[row];
          teams.push({
            ...team,
            joinedAt: iso(team.joinedAt),
            ...(typeof rank === "number" ? { rank } : {}),
          });
        }
        if (page.next === undefined) at += 1;
        after = page.next ?? 0;
      }
      return c.json({ teams, ...(at < shards.length ? { cursor: `${at}.${after}` } : {}) });
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/stuck",
      summary:
        "Teams that try but solved nothing for `minutes`, longest first; `active`: minutes since the last try",
      auth: "organiser",
      query: stuckQuery,
      answers: { 200: { description: "Who could use a hint", schema: answers.stuck } },
      errors: ["not_found", "invalid"],
    },
    async (c) => {
      await organiserOf(c);
      const hunt = huntOf(c);
      const { minutes, active, limit } = check(stuckQuery, c.req.query());
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      const than = { stuckMs: minutes * MINUTE, activeMs: active * MINUTE, limit };
      const parts = await Promise.all(
        shards.map(async (shard) =>
          accepted(await calling(async () => shardStub(c.env, hunt, shard).stuck(than))),
        ),
      );
      const longest = parts.flat().sort((a, b) => a.since - b.since);
      return c.json({
        teams: longest.slice(0, limit).map(({ id, name, since, lastTryAt, ...more }) => ({
          team: { id, name },
          since: iso(since),
          lastTryAt: iso(lastTryAt),
          ...more,
        })),
      });
    },
  );
}
