/** The organiser's routes: definition, phase, teams, codes, numbers, audit. */
import { forgetHunt } from "../cache/kv.ts";
import type { Actor } from "../control/object.ts";
import { phaseAt } from "../control/phase.ts";
import { verifyHunt } from "../control/verify.ts";
import { accepted, RequestError } from "../errors.ts";
import type { TeamAction } from "../protocol.ts";
import { medianOf } from "../shard/stats.ts";
import type { Env } from "../worker.ts";
import { requireOrganiser } from "./auth.ts";
import { BODY_MAX, check, DEFINITION_MAX, mediaType, readJson, readText } from "./body.ts";
import { exportFacts } from "./export.ts";
import { importLines } from "./import.ts";
import { calling, shardStub } from "./objects.ts";
import { type App, type Request$, route } from "./openapi.ts";
import { huntEntry, huntOf, iso, shardOf } from "./player.ts";
import {
  announcementBody,
  answers,
  awardBody,
  phaseBody,
  publishQuery,
  reasonBody,
  shardsBody,
  teamsQuery,
  unlockBody,
} from "./schemas.ts";

const JSON_BODY = ["application/json"];
const YAML_TYPES = ["application/yaml", "application/x-yaml", "text/yaml"];

/** Hunts summed up at the same time for the list of hunts. */
const SUMMARIES = 16;

export function organiserRoutes(app: App): void {
  definitionRoutes(app);
  runningRoutes(app);
  teamRoutes(app);
  dataRoutes(app);
}

function definitionRoutes(app: App): void {
  route(
    app,
    {
      method: "put",
      path: "/v1/hunts/{hunt}",
      summary: "Publish a definition (JSON or YAML); dryRun=true only checks it",
      auth: "organiser",
      query: publishQuery,
      body: { types: [...JSON_BODY, ...YAML_TYPES] },
      answers: {
        200: { description: "A new version, or checked only", schema: answers.publish },
        201: { description: "The first version", schema: answers.publish },
      },
      errors: ["precondition_failed", "unavailable"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const { dryRun } = check(publishQuery, c.req.query());
      const type = mediaType(c.req.raw);
      const yaml = YAML_TYPES.includes(type);
      if (!yaml && type !== "application/json") {
        throw new RequestError("unsupported_media_type", "send application/json or application/yaml");
      }
      const source = await readText(c.req.raw, DEFINITION_MAX);
      const ifMatch = versionOf(c.req.header("if-match"));
      const answer = await control(c.env, hunt).publish(
        source,
        yaml ? "yaml" : "json",
        { dryRun: dryRun === "true", ...(ifMatch === undefined ? {} : { ifMatch }) },
        by,
      );
      forgetHunt(hunt);
      if ("refused" in answer) throw new RequestError(answer.refused, answer.detail, answer.issues);
      const { version, created, warnings } = answer;
      c.header("ETag", `"${version}"`);
      return c.json({ hunt, version, warnings }, created && dryRun === "false" ? 201 : 200);
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/definition",
      summary: "The definition as published",
      auth: "organiser",
      answers: {
        200: { description: "The source text, with its version as ETag", type: "application/yaml" },
      },
      errors: ["not_found"],
    },
    async (c) => {
      await organiserOf(c);
      const hunt = huntOf(c);
      const { source, format, version } = accepted(await control(c.env, hunt).definition());
      return c.body(source, 200, {
        "Content-Type": format === "json" ? "application/json" : "application/yaml",
        ETag: `"${version}"`,
      });
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts",
      summary: "All hunts",
      auth: "organiser",
      answers: { 200: { description: "The hunts", schema: answers.hunts } },
    },
    async (c) => {
      await organiserOf(c);
      const now = c.get("now");
      const ids = await c.env.DIRECTORY.getByName("all").list();
      const hunts: object[] = [];
      for (let from = 0; from < ids.length; from += SUMMARIES) {
        const some = ids.slice(from, from + SUMMARIES).map(async (hunt) => {
          const [entry, teams] = await Promise.all([
            control(c.env, hunt).publicEntry(),
            c.env.LEADERBOARD.getByName(hunt).teamCount(),
          ]);
          if ("refused" in entry) return [];
          const phase = phaseAt(entry.phase, entry.hunt, now);
          return [{ hunt, title: entry.hunt.title, phase, version: entry.version, teams }];
        });
        hunts.push(...(await Promise.all(some)).flat());
      }
      return c.json({ hunts });
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/codes",
      summary: "What the scan clues' QR codes carry",
      auth: "organiser",
      answers: { 200: { description: "A code per scan clue", schema: answers.codes } },
      errors: ["not_found"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const codes = accepted(await control(c.env, hunt).codes(by));
      const origin = new URL(c.req.url).origin;
      return c.json({
        codes: codes.map(({ clue, title, code }) => ({
          clue,
          title,
          code,
          // In the fragment: it is not sent to servers and stays out of their logs.
          url: `${origin}/play/${hunt}#code=${encodeURIComponent(code)}`,
        })),
      });
    },
  );
}

function runningRoutes(app: App): void {
  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/phase",
      summary: "Start, pause, resume or end the hunt",
      auth: "organiser",
      body: { types: JSON_BODY, schema: phaseBody },
      answers: { 200: { description: "The phase, in force everywhere", schema: answers.phase } },
      errors: ["not_found", "conflict", "unavailable"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const { phase } = check(phaseBody, await readJson(c.req.raw, BODY_MAX));
      const answer = await control(c.env, hunt).setPhase(phase, by);
      forgetHunt(hunt);
      return c.json({ phase: accepted(answer).phase });
    },
  );

  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/announcements",
      summary: "Tell all players something, or those who have a clue open",
      auth: "organiser",
      body: { types: JSON_BODY, schema: announcementBody },
      answers: { 201: { description: "Announced", schema: answers.announcement } },
      errors: ["not_found", "unavailable"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const { text, clue } = check(announcementBody, await readJson(c.req.raw, BODY_MAX));
      const { id, at } = accepted(await control(c.env, huntOf(c)).announce(text, clue, by));
      return c.json({ id, at: iso(at) }, 201);
    },
  );

  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/shards",
      summary: "Grow the hunt: new teams land on new shards, nobody moves",
      auth: "organiser",
      body: { types: JSON_BODY, schema: shardsBody },
      answers: { 200: { description: "The shards per region now", schema: answers.shards } },
      errors: ["not_found", "conflict", "unavailable"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const { shardsPerRegion } = check(shardsBody, await readJson(c.req.raw, BODY_MAX));
      const answer = await control(c.env, hunt).grow(shardsPerRegion, by);
      forgetHunt(hunt);
      return c.json(accepted(answer));
    },
  );
}

function teamRoutes(app: App): void {
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

function dataRoutes(app: App): void {
  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/stats",
      summary: "The hunt in numbers",
      auth: "organiser",
      answers: { 200: { description: "Counts over all shards", schema: answers.stats } },
      errors: ["not_found"],
    },
    async (c) => {
      await organiserOf(c);
      const hunt = huntOf(c);
      return c.json(await statsOf(c.env, hunt, await shardsOf(c.env, hunt, c.get("now"))));
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/export",
      summary: "Every fact, one a line, in (shard, seq) order",
      auth: "organiser",
      answers: { 200: { description: "NDJSON, streamed", type: "application/x-ndjson" } },
      errors: ["not_found"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      await control(c.env, hunt).recordAction({ ...by, at: c.get("now"), action: "export", detail: {} });
      return c.body(exportFacts(c.env, hunt, shards), 200, { "Content-Type": "application/x-ndjson" });
    },
  );

  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/import",
      summary: "Replay commands, one a line, each at its own time; before the hunt is live",
      auth: "organiser",
      body: { types: ["application/x-ndjson", "application/jsonl", "text/plain"] },
      answers: { 200: { description: "What became of the lines", schema: answers.import } },
      errors: ["not_found", "conflict"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const entry = await huntEntry(c.env, hunt, c.get("now"));
      return c.json(await importLines(c.env, entry, c.req.raw, by));
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/verify",
      summary: "Refold every log and compare states, standings and origin with it",
      auth: "organiser",
      answers: { 200: { description: "ok, or what differs", schema: answers.verify } },
      errors: ["not_found"],
    },
    async (c) => {
      await organiserOf(c);
      const hunt = huntOf(c);
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      return c.json(await verifyHunt(c.env, hunt, shards));
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/audit",
      summary: "Every organiser action, newest first",
      auth: "organiser",
      answers: { 200: { description: "Who, when, what, from which request", schema: answers.audit } },
      errors: ["not_found"],
    },
    async (c) => {
      await organiserOf(c);
      const hunt = huntOf(c);
      await huntEntry(c.env, hunt, c.get("now"));
      const entries = await control(c.env, hunt).audit();
      return c.json({ entries: entries.map((entry) => ({ ...entry, at: iso(entry.at) })) });
    },
  );
}

async function statsOf(env: Env, hunt: string, shards: readonly string[]) {
  const parts = await Promise.all(
    shards.map(async (shard) => ({
      shard,
      ...accepted(await calling(async () => shardStub(env, hunt, shard).stats())),
    })),
  );
  const sum = (of: (part: (typeof parts)[number]) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const outcomes: Record<string, number> = {};
  for (const { totals } of parts) {
    for (const [outcome, count] of Object.entries(totals.outcomes)) {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
    }
  }
  const clues = (parts[0]?.clues ?? []).map(({ clue }, index) => {
    const each = parts.flatMap((part) => part.clues[index] ?? []);
    const median = medianOf(each);
    return {
      clue,
      open: each.reduce((total, counts) => total + counts.open, 0),
      attempts: each.reduce((total, counts) => total + counts.attempts, 0),
      solves: each.reduce((total, counts) => total + counts.solves, 0),
      ...(median === undefined ? {} : { medianSolveSeconds: Math.round(median * 1_000) / 1_000 }),
    };
  });
  return {
    players: sum(({ totals }) => totals.players),
    teams: sum(({ totals }) => totals.teams),
    events: sum(({ totals }) => totals.events),
    facts: sum(({ seq }) => seq),
    outcomes,
    clues,
    prizes: [],
    shards: parts.map(({ shard, totals, seq, shipped, archived, rowsWritten }) => ({
      shard,
      teams: totals.teams,
      seq,
      shipped,
      archived,
      rowsWritten,
    })),
  };
}

/** The shards that took part, in order. Throws `not_found` for a hunt that does not exist. */
async function shardsOf(env: Env, hunt: string, now: number): Promise<string[]> {
  await huntEntry(env, hunt, now);
  return (await control(env, hunt).shards()).sort();
}

function control(env: Env, hunt: string) {
  return env.CONTROL.getByName(hunt);
}

async function organiserOf(c: Request$): Promise<Actor> {
  const { subject } = await requireOrganiser(c.env, c.req.header("authorization"), c.get("now"));
  return { actor: subject, request: c.get("requestId") };
}

/** The version in an `If-Match` header; `*` and none mean any. */
function versionOf(header: string | undefined): number | undefined {
  if (header === undefined || header === "*") return undefined;
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(header)?.[1];
  if (version === undefined) throw new RequestError("precondition_failed", 'If-Match must be a version: "3"');
  return Number(version);
}
