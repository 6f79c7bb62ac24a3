/**
 * Which limits of the engine come near, long before they are reached, and what to
 * change: for operators. Asked of the shards of all hunts and of the queue; nothing
 * is kept for it.
 */
import { configOf } from "../config.ts";
import type { Advice } from "../contract/ops.ts";
import { calling, shardStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import type { ShardLoad } from "../objects/shard.ts";
import { inLanes, shardsOfAll } from "./backlog.ts";

/** Shards named for one limit at most: those nearest to it. */
const NAMED_MAX = 10;

/** Shares of a limit from which it is told. */
const TOLD_AT = { database: 0.25, waiting: 0.5, sockets: 0.7, queue: 0.5 };

interface Loaded extends ShardLoad {
  hunt: string;
  shard: string;
}

interface ShardLimit {
  limit: string;
  max: number;
  toldAt: number;
  change: (hunt: string) => string;
  holds: (load: ShardLoad) => number;
  evidence: (value: number) => string;
}

/** The nearest limit first. Throws when the list of hunts cannot be read; shards that do not respond are left out. */
export async function adviceOf(env: Env): Promise<Advice["advice"]> {
  const config = configOf(env);
  const { shards } = await shardsOfAll(env);
  const loads: Loaded[] = [];
  await inLanes(shards, async ({ hunt, shard }) => {
    try {
      loads.push({ hunt, shard, ...(await calling(async () => shardStub(env, hunt, shard).load())) });
    } catch (error) {
      console.warn({ message: "a shard did not tell its load", shard, error: String(error) });
    }
  });
  const grow = (hunt: string) =>
    `npm run hunt -- shards ${hunt} N: new teams land on new shards, those there stay`;
  const limits: ShardLimit[] = [
    {
      limit: "SHARD_FULL_BYTES",
      max: config.SHARD_FULL_BYTES,
      toldAt: TOLD_AT.database,
      change: grow,
      holds: ({ bytes }) => bytes,
      evidence: (value) =>
        `a database of ${Math.ceil(value / 1_000_000)} MB; from the limit on only solves and organisers' acts are recorded`,
    },
    {
      limit: "WAITING_COMMANDS_MAX",
      max: config.WAITING_COMMANDS_MAX,
      toldAt: TOLD_AT.waiting,
      change: grow,
      holds: ({ waitingPeak }) => waitingPeak,
      evidence: (value) =>
        `${value} events waited at once since the object started; beyond the limit they are refused`,
    },
    {
      limit: "LIVE_SOCKETS_PER_OBJECT",
      max: config.LIVE_SOCKETS_PER_OBJECT,
      toldAt: TOLD_AT.sockets,
      change: (hunt) => `${grow(hunt)}; or raise LIVE_SOCKETS_PER_OBJECT (the platform holds 32,768)`,
      holds: ({ sockets }) => sockets,
      evidence: (value) => `${value} live sockets; beyond the limit players poll`,
    },
  ];
  const advice = limits.flatMap((limit) => adviceOn(limit, loads));
  advice.push(...(await queueAdvice(env, config.QUEUE_BACKLOG_MAX)));
  return advice.sort((a, b) => b.at - a.at);
}

function adviceOn({ limit, max, toldAt, change, holds, evidence }: ShardLimit, loads: readonly Loaded[]) {
  return loads
    .map((load) => ({ load, value: holds(load), at: shareOf(holds(load), max) }))
    .filter(({ at }) => at >= toldAt)
    .sort((a, b) => b.at - a.at)
    .slice(0, NAMED_MAX)
    .map(({ load: { hunt, shard }, value, at }) => ({
      limit,
      at,
      change: change(hunt),
      evidence: `shard ${shard} of ${hunt}: ${evidence(value)}`,
    }));
}

async function queueAdvice(env: Env, max: number): Promise<Advice["advice"]> {
  const backlogCount = await env.FACTS.metrics().then(
    (metrics) => metrics.backlogCount,
    (error: unknown) => {
      console.warn({ message: "the queue did not tell its backlog", error: String(error) });
      return 0;
    },
  );
  const at = shareOf(backlogCount, max);
  if (at < TOLD_AT.queue) return [];
  return [
    {
      limit: "QUEUE_BACKLOG_MAX",
      at,
      change: "see whether the origin is slow (GET /v1/ops/origin); raise ORIGIN_CONCURRENCY if it is not",
      evidence: `${backlogCount} messages wait in the queue; beyond the limit shards keep theirs in their logs`,
    },
  ];
}

/** To a thousandth. */
const shareOf = (value: number, max: number): number => Math.round((value / max) * 1_000) / 1_000;
