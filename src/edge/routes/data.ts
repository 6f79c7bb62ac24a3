/** Routes of the hunt's data: numbers, export, import, verification, audit. */
import { verifyHunt } from "../../control/verify.ts";
import { accepted } from "../../errors.ts";
import { calling, shardStub, vaultStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import type { PrizeStock } from "../../objects/prizes.ts";
import { guardedOrigin } from "../../origin/guarded.ts";
import { openOrigin } from "../../origin/open.ts";
import { medianOf } from "../../shard/stats.ts";
import { BODY_MAX, check, readJson } from "../body.ts";
import { huntEntry, huntOf, iso } from "../hunt.ts";
import { type App, route } from "../openapi.ts";
import { control, JSON_BODY, organiserOf, shardsOf } from "../organiser.ts";
import { answers, reasonBody } from "../schemas.ts";
import { exportFacts } from "./export.ts";
import { importLines } from "./import.ts";

/** Check-ins told at most. */
const CHECKINS_MAX = 500;

export function dataRoutes(app: App): void {
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
      path: "/v1/hunts/{hunt}/checkins",
      summary: "Where players checked in last, the newest first: for the organisers' map",
      auth: "organiser",
      answers: { 200: { description: "500 at most", schema: answers.checkins } },
      errors: ["not_found"],
    },
    async (c) => {
      await organiserOf(c);
      const hunt = huntOf(c);
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      const parts = await Promise.all(
        shards.map(async (shard) =>
          accepted(await calling(async () => shardStub(c.env, hunt, shard).checkins(CHECKINS_MAX))),
        ),
      );
      const newest = parts.flat().sort((a, b) => b.at - a.at);
      return c.json({
        checkins: newest.slice(0, CHECKINS_MAX).map(({ at, ...checkin }) => ({ ...checkin, at: iso(at) })),
      });
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
      const store = openOrigin(c.env);
      try {
        return c.json(await verifyHunt(c.env, guardedOrigin(c.env, store), hunt, shards));
      } finally {
        await store.close();
      }
    },
  );

  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/rearchive",
      summary: "Send every log to the origin again: it is another one, or lost its rows",
      auth: "organiser",
      body: { types: JSON_BODY, schema: reasonBody },
      answers: { 202: { description: "Facts on their way", schema: answers.rearchive } },
      errors: ["not_found"],
    },
    async (c) => {
      const by = await organiserOf(c);
      const hunt = huntOf(c);
      const { reason } = check(reasonBody, await readJson(c.req.raw, BODY_MAX));
      const shards = await shardsOf(c.env, hunt, c.get("now"));
      let facts = 0;
      for (const shard of shards) {
        facts += (await calling(async () => shardStub(c.env, hunt, shard).rearchive())).facts;
      }
      await control(c.env, hunt).recordAction({
        ...by,
        at: c.get("now"),
        action: "rearchive",
        detail: { facts, reason },
      });
      return c.json({ facts }, 202);
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

/** Stock and wins of each prize; none when the hunt has no prizes. */
async function prizeStats(env: Env, hunt: string): Promise<PrizeStock[]> {
  const { prizes } = (await huntEntry(env, hunt, Date.now())).hunt;
  if (prizes.length === 0) return [];
  const stock = await calling(async () => vaultStub(env, hunt).stock());
  return "refused" in stock ? [] : stock;
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
  const clues = (parts[0]?.clues ?? []).map(({ clue, title }, index) => {
    const each = parts.flatMap((part) => part.clues[index] ?? []);
    const median = medianOf(each);
    return {
      clue,
      title,
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
    prizes: await prizeStats(env, hunt),
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
