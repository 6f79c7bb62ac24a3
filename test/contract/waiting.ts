/** Waiting for what queues and timers bring, however busy the machine is. */
import { expect, vi } from "vitest";
import type { Engine } from "../../scripts/local/engine.ts";
import type { Client } from "./client.ts";

const PATIENCE = { timeout: 90_000, interval: 50 };

/** The origin has so many registrations, of ids that begin so; the queue has them for a moment. */
export async function registrationsThere(engine: Engine, count: number, prefix = ""): Promise<void> {
  const database = await engine.miniflare.getD1Database("ORIGIN_DB");
  const counting = database
    .prepare("SELECT count(*) AS n FROM registration WHERE substr(external_id, 1, ?) = ?")
    .bind(prefix.length, prefix);
  await vi.waitFor(async () => expect(await counting.first("n")).toBeGreaterThanOrEqual(count), PATIENCE);
}

/** The standings are in KV. */
export async function boardInKv(engine: Engine, hunt: string): Promise<void> {
  const kv = await engine.miniflare.getKVNamespace("CACHE");
  await vi.waitFor(async () => expect(await kv.get(`board/${hunt}`, "text")).not.toBeNull(), PATIENCE);
}

/** The origin has all facts. */
export async function allArchived(client: Client, hunt: string): Promise<void> {
  await vi.waitFor(async () => {
    const stats = await client.organise<{ shards: { seq: number; archived: number }[] }>(
      "GET",
      `/v1/hunts/${hunt}/stats`,
    );
    for (const { seq, archived } of stats.body.shards) expect(archived).toBe(seq);
  }, PATIENCE);
}

/** Vars with which standings follow at once, on two shards. */
export const AT_ONCE = {
  RATE_LIMITS: "off",
  REPORT_DELAY_MS: "10",
  LEADERBOARD_MEMORY_MS: "0",
  LEADERBOARD_KV_MAX_AGE_MS: "0",
  SHARDS_PER_REGION: "2",
} as const;
