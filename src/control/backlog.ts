/** The facts on their way to the origin, summed over the shards of all hunts. Asked by operators, not by players. */

import { controlStub, directoryStub, shardStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";

/** Objects asked at the same time. */
const WIDTH = 16;

/** Shards asked at most, over all hunts; the rest counts as unknown. */
export const SHARDS_MAX = 2_000;

export interface Backlog {
  /** Segments of the shards' logs that the origin does not hold for certain. */
  segments: number;
  /** Age of the oldest of them; 0 without any. */
  oldestSeconds: number;
  /** Shards that could not be asked, or were too many. A hunt that cannot name its shards counts as one. */
  unknownShards: number;
}

/** Throws when the list of hunts cannot be read; the caller may repeat it. `now`: epoch ms. */
export async function backlogOf(env: Env, now: number): Promise<Backlog> {
  const { shards, unknown } = await shardsOfAll(env);
  const backlog: Backlog = { segments: 0, oldestSeconds: 0, unknownShards: unknown };
  await inLanes(shards, async ({ hunt, shard }) => {
    try {
      const { segments, since } = await shardStub(env, hunt, shard).backlog();
      backlog.segments += segments;
      if (since !== undefined) backlog.oldestSeconds = Math.max(backlog.oldestSeconds, (now - since) / 1_000);
    } catch (error) {
      console.warn({ message: "a part of the backlog is unknown", error: String(error) });
      backlog.unknownShards += 1;
    }
  });
  return backlog;
}

interface AllShards {
  /** `SHARDS_MAX` at most. */
  shards: { hunt: string; shard: string }[];
  /** How many more there are; a hunt that cannot name its shards counts as one. */
  unknown: number;
}

/** The shards of all hunts. Throws when the list of hunts cannot be read. */
export async function shardsOfAll(env: Env): Promise<AllShards> {
  const all: AllShards["shards"] = [];
  let unknown = 0;
  await inLanes(await directoryStub(env).list(), async (hunt) => {
    try {
      const shards = await controlStub(env, hunt).shards();
      all.push(...shards.map((shard) => ({ hunt, shard })));
    } catch (error) {
      console.warn({ message: "a hunt's shards are unknown", error: String(error) });
      unknown += 1;
    }
  });
  return { shards: all.slice(0, SHARDS_MAX), unknown: unknown + Math.max(0, all.length - SHARDS_MAX) };
}

/** Runs `each` for every item, `WIDTH` at a time. */
export async function inLanes<Item>(
  items: readonly Item[],
  each: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const lane = async (): Promise<void> => {
    for (const item of waiting) await each(item);
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, items.length) }, lane));
}
