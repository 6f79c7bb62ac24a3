/** The hunt in numbers. */
import { type Stats, stats } from "../../contract/data.ts";
import { accepted } from "../../errors.ts";
import { calling, shardStub, vaultStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
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
  return "refused" in stock ? [] : stock;
}

async function statsOf(env: Env, hunt: string, shards: readonly string[]): Promise<Stats> {
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
