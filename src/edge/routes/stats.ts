/** The hunt in numbers. */
import { type Stats, stats } from "../../contract/data.ts";
import { accepted } from "../../errors.ts";
import { calling, controlStub, shardStub, vaultStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import type { Totals } from "../../objects/shard.ts";
import { medianOf } from "../../shard/stats.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf, shardsOf } from "../hunt.ts";
import type { App } from "../request.ts";
import { organiser } from "../roles.ts";

export function statsRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/stats",
      summary: "The hunt in numbers",
      role: organiser,
      responses: { 200: { description: "Counts over all shards", schema: stats } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      return c.json(await statsOf(c.env, hunt, await shardsOf(c.env, hunt, c.get("now"))), 200);
    },
  );
}

/** Stock and wins of each prize; none when the hunt has no prizes. */
async function prizeStats(env: Env, hunt: string): Promise<Stats["prizes"]> {
  const { prizes } = (await huntEntry(env, hunt, Date.now())).hunt;
  if (prizes.length === 0) return [];
  const stock = await calling(async () => vaultStub(env, hunt).stock());
  // A vault that cannot say what it gave has not given nothing.
  if ("refused" in stock && stock.refused === "unavailable") return accepted(stock);
  return "refused" in stock ? [] : stock;
}

async function statsOf(env: Env, hunt: string, shards: readonly string[]): Promise<Stats> {
  const asked = shards.map(async (shard) => ({
    shard,
    ...accepted(await calling(async () => shardStub(env, hunt, shard).stats())),
  }));
  const [parts, prizes, tolerated] = await Promise.all([
    Promise.all(asked),
    prizeStats(env, hunt),
    calling(async () => controlStub(env, hunt).tolerated()),
  ]);
  const sum = (of: (part: (typeof parts)[number]) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const outcomes: Record<string, number> = {};
  for (const { totals } of parts) {
    for (const [outcome, count] of Object.entries(totals.outcomes)) {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
    }
  }
  const clues = (parts[0]?.clues ?? []).map(({ clue, title, withdrawn }, index) => {
    const each = parts.flatMap((part) => part.clues[index] ?? []);
    const median = medianOf(each);
    return {
      clue,
      title,
      open: each.reduce((total, counts) => total + counts.open, 0),
      attempts: each.reduce((total, counts) => total + counts.attempts, 0),
      solves: each.reduce((total, counts) => total + counts.solves, 0),
      ...(withdrawn ? { withdrawn } : {}),
      ...(median === undefined ? {} : { medianSolveSeconds: Math.round(median * 1_000) / 1_000 }),
    };
  });
  const sources = sourcesOf(parts.map(({ totals }) => totals));
  return {
    players: sum(({ totals }) => totals.players),
    teams: sum(({ totals }) => totals.teams),
    events: sum(({ totals }) => totals.events),
    facts: sum(({ seq }) => seq),
    outcomes,
    clues,
    prizes,
    ...(sources.length === 0 ? {} : { sources }),
    shards: parts.map(({ shard, totals, seq, shipped, archived, rowsWritten }) => ({
      shard,
      teams: totals.teams,
      seq,
      shipped,
      archived,
      rowsWritten,
    })),
    ...(tolerated.length === 0 ? {} : { tolerated }),
  };
}

/** Players of all shards by their source, the most first. */
function sourcesOf(totals: readonly Totals[]): { source: string; players: number }[] {
  const counts = new Map<string, number>();
  for (const { sources = [] } of totals) {
    for (const { source, players } of sources) counts.set(source, (counts.get(source) ?? 0) + players);
  }
  return [...counts]
    .map(([source, players]) => ({ source, players }))
    .sort((a, b) => b.players - a.players || (a.source < b.source ? -1 : 1));
}
