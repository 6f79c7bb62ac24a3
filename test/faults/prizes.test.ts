/**
 * FAULT-4, at the size of a campaign: 10,000 teams claim one
 * of 7 units at once, while shards and the vault are put away and the engine is
 * killed with SIGKILL in the middle. On one, two and twenty shards.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Result } from "../../src/protocol.ts";
import { Client, sleep } from "../contract/client.ts";
import { seeded } from "../hunt/random.ts";

const TEAMS = 10_000;
const STOCK = 7;

/** Connections of the crowd: requests beyond them wait in line, all are sent at once. */
const CONNECTIONS = 200;

/** Answers after which the engine is killed. */
const KILL_AFTER = { min: 1_500, max: 6_000 };

/** What is put away while the crowd claims: workerd lets an object finish its timers first, some seconds each. */
const EVICTIONS = ["PrizeVault", "HuntShard", "HuntShard"] as const;

/** Longest that one of them is waited for, ms: a call that the kill cuts off is never answered. */
const EVICTION_MAX = 5_000;

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const draw = seeded(seed);
let scratch: string;

beforeAll(async () => {
  process.stdout.write(`prize test: SEED=${seed}\n`);
  scratch = await mkdtemp(join(tmpdir(), "hunt-prize-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

interface Claimant {
  team: string;
  token: string;
}

async function send(
  engine: Engine,
  agent: Agent,
  path: string,
  body: object,
  token?: string,
): Promise<unknown> {
  const answer = await request(new URL(path, engine.url), {
    dispatcher: agent,
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${answer.statusCode} ${text}`);
  return JSON.parse(text);
}

/** All claim at once; what is not answered is missing in the result. */
async function claimAll(
  engine: Engine,
  claimants: readonly Claimant[],
  answered: (count: number) => void = () => undefined,
): Promise<{ results: Map<string, Result>; failed: number }> {
  const agent = new Agent({ connections: CONNECTIONS });
  const results = new Map<string, Result>();
  let failed = 0;
  await Promise.all(
    claimants.map(async ({ team, token }) => {
      try {
        const event = { id: "claim", type: "claim", prize: "shell" };
        const answer = (await send(engine, agent, "/v1/hunts/crowd/events", { events: [event] }, token)) as {
          results: [Result];
        };
        results.set(team, answer.results[0]);
        answered(results.size);
      } catch {
        failed += 1;
      }
    }),
  );
  await agent.destroy();
  return { results, failed };
}

test.each([1, 2, 20])(
  `[PRIZE-1] [PRIZE-2] [PRIZE-4] 10,000 claims on 7 units with evictions and a kill, %i shards (SEED=${seed})`,
  { timeout: 1_800_000 },
  async (shards) => {
    const dataDir = join(scratch, String(shards));
    const start = () =>
      startEngine({
        dataDir,
        vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: String(shards), WAITING_COMMANDS_MAX: "20000" },
        // Of calls that the kill cuts off.
        log: () => undefined,
      });
    let engine = await start();
    let client = await Client.of(engine);
    await client.publish("crowd", {
      format: 1,
      title: "Crowd",
      teams: { mode: "solo" },
      rounds: [{ id: "r", title: "R" }],
      clues: [{ id: "c", round: "r", title: "C", kind: "answer", answers: ["a"], points: 1 }],
      prizes: [{ id: "shell", title: "Shell", mode: "first-come", stock: STOCK }],
    });
    const agent = new Agent({ connections: CONNECTIONS });
    const claimants = await Promise.all(
      Array.from({ length: TEAMS }, async (_, index): Promise<Claimant> => {
        const joined = await send(engine, agent, "/v1/hunts/crowd/players", { name: `P${index}` });
        const { team, token } = joined as { team: { id: string }; token: string };
        return { team: team.id, token };
      }),
    );
    await agent.close();
    const names = [...new Set(claimants.map(({ team }) => team.split("-").slice(0, 2).join("-")))];
    expect(names).toHaveLength(shards);

    // The vault and shards lose their memory while the crowd claims, then all is killed.
    let evicted = 0;
    let over = false;
    const evict = async (): Promise<void> => {
      for (const kind of EVICTIONS) {
        if (over) return;
        const shard = names[draw(names.length)] ?? "";
        const name = kind === "PrizeVault" ? "crowd" : `crowd/${shard}`;
        const put = engine.miniflare
          .unsafeEvictDurableObject("treasure-hunt-engine", kind, { name })
          .then(() => {
            evicted += 1;
          })
          // It is not running, or the engine is gone.
          .catch(() => undefined);
        await Promise.race([put, sleep(EVICTION_MAX)]);
      }
    };
    const killAfter = KILL_AFTER.min + draw(KILL_AFTER.max - KILL_AFTER.min);
    let killed: Promise<void> | undefined;
    const evicting = evict();
    const first = await claimAll(engine, claimants, (count) => {
      if (count < killAfter || killed) return;
      over = true;
      killed = engine.kill();
    });
    over = true;
    await killed;
    await evicting;
    expect(first.failed).toBeGreaterThan(0);
    expect(first.results.size).toBeGreaterThanOrEqual(killAfter);

    engine = await start();
    client = await Client.of(engine);
    const second = await claimAll(engine, claimants);
    expect(second.failed).toBe(0);
    const owners = [...second.results].filter(([, { outcome }]) => outcome === "won");
    const refused = [...second.results].filter(([, { outcome }]) => outcome === "sold_out");
    expect(owners).toHaveLength(STOCK);
    expect(refused).toHaveLength(TEAMS - STOCK);
    expect(new Set(owners.map(([, { prize }]) => prize?.code)).size).toBe(STOCK);
    // Who was told something before the kill is told the same after it.
    for (const [team, result] of first.results) {
      const { duplicate, ...again } = second.results.get(team) ?? {};
      expect(again, team).toEqual({ ...result });
      expect(duplicate).toBe(result.seq === undefined ? undefined : true);
    }
    // And a third time, with nothing in memory of either.
    const third = await claimAll(engine, claimants.slice(0, 500));
    for (const [team, result] of third.results) {
      const { duplicate: _, ...before } = second.results.get(team) ?? {};
      const { duplicate: __, ...again } = result;
      expect(again).toEqual(before);
    }
    const stats = await client.organise<{ prizes: { won: number }[]; outcomes: Record<string, number> }>(
      "GET",
      "/v1/hunts/crowd/stats",
    );
    expect(stats.body.prizes[0]).toMatchObject({ won: STOCK, left: 0 });
    expect(stats.body.outcomes.won).toBe(STOCK);
    await client.verify("crowd");
    process.stdout.write(
      `prize test: ${shards} shards: ${first.results.size} answered before the kill, ${first.failed} not, ${evicted} evictions\n`,
    );
    await engine.stop();
  },
);
