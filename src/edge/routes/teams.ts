/** Teams as organisers see them: lists, who is stuck, check-ins; and what organisers do to one. */

import { seesPersons } from "../../contract/role-table.ts";
import {
  attemptsReset,
  awardBody,
  awarded,
  banned,
  checkins,
  hidden,
  reasonBody,
  resetBody,
  solveBody,
  solvedByHand,
  stuckQuery,
  stuckTeams,
  type TeamRow,
  takenBack,
  teams,
  teamsQuery,
  unlockBody,
  unlocked,
} from "../../contract/teams.ts";
import { accepted } from "../../errors.ts";
import { calling, callingOnce, controlStub, leaderboardStub, shardStub } from "../../objects/call.ts";
import type { Actor } from "../../objects/control.ts";
import type { Organised } from "../../objects/shard.ts";
import type { TeamAction } from "../../protocol.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, iso, shardsOf } from "../hunt.ts";
import { noteReading } from "../readings.ts";
import type { App, Asking } from "../request.ts";
import { organiser } from "../roles.ts";

/** Calls on shards for one page of teams; a search that needs more goes on with the cursor. */
const CALLS_MAX = 20;

/** Check-ins told at most. */
const CHECKINS_MAX = 500;

const MINUTE = 60_000;

export function teamRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/teams/{team}/awards",
      summary: "Give points, or take them",
      role: organiser,
      json: awardBody,
      responses: { 201: { description: "The team's score now", schema: awarded } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const action = { type: "award", ...c.req.valid("json") } as const;
      return c.json({ score: (await act(c, c.get("by"), action)).score }, 201);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/teams/{team}/unlocks",
      summary: "Open a clue for one team, whatever its condition says",
      role: organiser,
      json: unlockBody,
      responses: { 201: { description: "Opened", schema: unlocked } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const action = { type: "unlock", ...c.req.valid("json") } as const;
      await act(c, c.get("by"), action);
      return c.json({ unlocked: [action.clue] }, 201);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/teams/{team}/solves",
      summary: "Count a clue as solved by a team, from now on or from a time before",
      role: organiser,
      json: solveBody,
      responses: { 201: { description: "It counts", schema: solvedByHand } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const { at, ...body } = c.req.valid("json");
      const action = { type: "solve", ...body, ...(at === undefined ? {} : { at: Date.parse(at) }) } as const;
      const { score, unlocked: opened = [] } = await act(c, c.get("by"), action);
      return c.json({ score, unlocked: opened }, 201);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/teams/{team}/solves/{clue}/undo",
      summary: "Take a solve back; what the team has open stays open",
      role: organiser,
      json: reasonBody,
      responses: { 200: { description: "The team's score now", schema: takenBack } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      const clue = c.req.param("clue");
      const action = { type: "unsolve", clue, ...c.req.valid("json") } as const;
      return c.json({ score: (await act(c, c.get("by"), action)).score }, 200);
    },
  );

  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/teams/{team}/attempts/reset",
      summary: "Give a team its tries back: full buckets, and tries of a clue counted anew",
      role: organiser,
      json: resetBody,
      responses: { 200: { description: "They are there again", schema: attemptsReset } },
      errors: ["conflict", "unavailable"],
    }),
    async (c) => {
      await act(c, c.get("by"), { type: "reset", ...c.req.valid("json") });
      return c.json({ reset: true as const }, 200);
    },
  );

  for (const [type, isBanned] of [
    ["ban", true],
    ["unban", false],
  ] as const) {
    app.openapi(
      declared({
        method: "post",
        path: `/v1/hunts/{hunt}/teams/{team}/${type}`,
        summary: `${type} a team`,
        role: organiser,
        json: reasonBody,
        responses: { 200: { description: "The team's mark now", schema: banned } },
        errors: ["conflict", "unavailable"],
      }),
      async (c) => {
        await act(c, c.get("by"), { type, ...c.req.valid("json") });
        return c.json({ banned: isBanned }, 200);
      },
    );
  }

  for (const [type, isHidden] of [
    ["hide", true],
    ["show", false],
  ] as const) {
    app.openapi(
      declared({
        method: "post",
        path: `/v1/hunts/{hunt}/teams/{team}/${type}`,
        summary: `${type} a team`,
        role: organiser,
        json: reasonBody,
        responses: { 200: { description: "The team's mark now", schema: hidden } },
        errors: ["conflict", "unavailable"],
      }),
      async (c) => {
        await act(c, c.get("by"), { type, ...c.req.valid("json") });
        return c.json({ hidden: isHidden }, 200);
      },
    );
  }

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/teams",
      summary:
        "All teams, page by page; with `search` those that a name, an id or a code means. Viewers and editors see no players' names and no codes",
      role: organiser,
      query: teamsQuery,
      responses: { 200: { description: "Teams, and the next page's cursor", schema: teams } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { cursor, limit, search } = c.req.valid("query");
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      const persons = seesPersons(c.get("organiser"));
      if (persons) await noteReading(c.env, hunt, c.get("by"), c.get("now"), "teams");
      let [at = 0, after = 0] = (cursor ?? "0.0").split(".").map(Number);
      const rows: TeamRow[] = [];
      for (let calls = 0; at < shards.length && rows.length < limit && calls < CALLS_MAX; calls += 1) {
        const shard = shards[at] ?? "";
        const room = limit - rows.length;
        const page = accepted(
          await calling(async () => shardStub(c.env, hunt, shard).teams(after, room, search, persons)),
        );
        const ids = page.teams.map(({ id }) => id);
        const ranks =
          ids.length === 0 ? [] : await calling(async () => leaderboardStub(c.env, hunt).organiserRanks(ids));
        for (const [row, { members, former, joinCode, ...team }] of page.teams.entries()) {
          const rank = ranks[row];
          rows.push({
            ...team,
            members: persons ? members : members.map(({ id }) => ({ id })),
            ...(persons && former !== undefined ? { former } : {}),
            ...(persons && joinCode !== undefined ? { joinCode } : {}),
            joinedAt: iso(team.joinedAt),
            ...(typeof rank === "number" ? { rank } : {}),
          });
        }
        if (page.next === undefined) at += 1;
        after = page.next ?? 0;
      }
      return c.json({ teams: rows, ...(at < shards.length ? { cursor: `${at}.${after}` } : {}) }, 200);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/stuck",
      summary:
        "Teams that try but solved nothing for `minutes`, longest first; `active`: minutes since the last try",
      role: organiser,
      query: stuckQuery,
      responses: { 200: { description: "Who could use a hint", schema: stuckTeams } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { minutes, active, limit } = c.req.valid("query");
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      const than = { stuckMs: minutes * MINUTE, activeMs: active * MINUTE, limit };
      const parts = await Promise.all(
        shards.map(async (shard) =>
          accepted(await calling(async () => shardStub(c.env, hunt, shard).stuck(than))),
        ),
      );
      const longest = parts.flat().sort((a, b) => a.since - b.since);
      return c.json(
        {
          teams: longest.slice(0, limit).map(({ id, name, since, lastTryAt, ...more }) => ({
            team: { id, name },
            since: iso(since),
            lastTryAt: iso(lastTryAt),
            ...more,
          })),
        },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/checkins",
      summary:
        "Where players checked in last, the newest first: for the organisers' map. Viewers and editors do not see who",
      role: organiser,
      responses: { 200: { description: "500 at most", schema: checkins } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      const persons = seesPersons(c.get("organiser"));
      if (persons) await noteReading(c.env, hunt, c.get("by"), c.get("now"), "checkins");
      const parts = await Promise.all(
        shards.map(async (shard) =>
          accepted(await calling(async () => shardStub(c.env, hunt, shard).checkins(CHECKINS_MAX))),
        ),
      );
      const newest = parts.flat().sort((a, b) => b.at - a.at);
      return c.json(
        {
          checkins: newest.slice(0, CHECKINS_MAX).map(({ at, player, ...checkin }) => ({
            ...checkin,
            ...(persons ? { player } : {}),
            at: iso(at),
          })),
        },
        200,
      );
    },
  );
}

async function act(c: Asking, by: Actor, action: TeamAction): Promise<Organised> {
  const hunt = huntOf(c);
  const team = c.req.param("team") ?? "";
  await huntEntry(c.env, hunt, c.get("now"));
  // Not repeated by itself: an award given twice is two awards.
  return accepted(await callingOnce(async () => controlStub(c.env, hunt).actOnTeam(team, action, by)));
}
