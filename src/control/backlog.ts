/** What the shards of every hunt have not yet in the origin. Asked by operators, not by players. */

import { controlStub, directoryStub, shardStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";

/** Objects asked at the same time. */
const FAN_OUT = 16;

/** Shards asked at most, over all hunts; an answer that stopped there says so. */
const SHARDS_MAX = 2_000;

export interface Backlog {
  /** Segments of the shards' logs that the origin does not hold for certain. */
  segments: number;
  /** Age of the oldest of them; 0 without any. */
  oldestSeconds: number;
  /** Shards that could not be asked, or were too many. */
  unknownShards: number;
}

export async function backlogOf(env: Env, now: number): Promise<Backlog> {
  const backlog: Backlog = { segments: 0, oldestSeconds: 0, unknownShards: 0 };
  const all: { hunt: string; shard: string }[] = [];
  const hunts = await directoryStub(env).list();
  await inLanes(hunts, async (hunt) => {
    const shards = await controlStub(env, hunt).shards();
    all.push(...shards.map((shard) => ({ hunt, shard })));
  });
  backlog.unknownShards = Math.max(0, all.length - SHARDS_MAX);
  await inLanes(all.slice(0, SHARDS_MAX), async ({ hunt, shard }) => {
    try {
      const { segments, since } = await shardStub(env, hunt, shard).backlog();
      backlog.segments += segments;
      if (since !== undefined) backlog.oldestSeconds = Math.max(backlog.oldestSeconds, (now - since) / 1_000);
    } catch (error) {
      console.warn({ message: "a shard did not tell its backlog", error: String(error) });
      backlog.unknownShards += 1;
    }
  });
  return backlog;
}

async function inLanes<Item>(items: readonly Item[], each: (item: Item) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const lane = async (): Promise<void> => {
    for (const item of waiting) await each(item);
  };
  await Promise.all(Array.from({ length: Math.min(FAN_OUT, items.length) }, lane));
}
