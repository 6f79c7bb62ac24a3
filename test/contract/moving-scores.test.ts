import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, type Player, sleep } from "./client.ts";
import { manyClues } from "./hunts.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({
    vars: {
      RATE_LIMITS: "off",
      SHARDS_PER_REGION: "8",
      REPORT_DELAY_MS: "10",
      LEADERBOARD_MEMORY_MS: "0",
      LEADERBOARD_KV_MAX_AGE_MS: "0",
    },
  });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

/** From 100 down to 50 by the sixth solve; 30, 20 for the first two. */
const scoring = { decay: { kind: "linear", minimum: 50, solves: 5 }, firstSolves: [30, 20] };

/** Teams that live in different shards. */
async function scattered(hunt: string, count: number): Promise<Player[]> {
  const teams = new Map<string, Player>();
  for (let index = 0; teams.size < count && index < 200; index += 1) {
    const player = await client.team(hunt, `Team ${index}`);
    const shard = player.team.id.split("-").slice(0, 2).join("-");
    if (!teams.has(shard)) teams.set(shard, player);
  }
  expect(teams.size).toBe(count);
  return [...teams.values()];
}

async function solve(player: Player): Promise<void> {
  const result = await client.playOne(player, { id: "s0", type: "answer", clue: "c0", answer: "right 0" });
  expect(result.outcome).toBe("correct");
}

const scoreOf = async (player: Player): Promise<number> => (await client.me(player)).team.score;
const boardOf = async (hunt: string): Promise<number[]> =>
  (await client.board(hunt)).entries.map(({ score }) => score).filter((score) => score > 0);

function definition(more: object = {}): object {
  const hunt = manyClues(2, { scoring, ...more }) as { clues: { points: number }[] };
  return { ...hunt, clues: hunt.clues.map((clue) => ({ ...clue, points: 100 })) };
}

test("[API-40] decay and first solves move the score of every solver, also in shards where nothing happens", async () => {
  await client.publish("moving", definition());
  const [first, second, third] = (await scattered("moving", 3)) as [Player, Player, Player];
  await solve(first);
  await expect.poll(() => scoreOf(first)).toBe(130);
  await solve(second);
  await solve(third);
  // 100 − 50 · 2/5 for all three; the first two keep their bonus.
  await expect.poll(() => boardOf("moving")).toEqual([110, 100, 80]);
  for (const [player, score] of [
    [first, 110],
    [second, 100],
    [third, 80],
  ] as const) {
    await expect.poll(() => scoreOf(player)).toBe(score);
  }
  const ban = await client.organise("POST", `/v1/hunts/moving/teams/${first.team.id}/ban`, {
    reason: "a test",
  });
  expect(ban.status).toBe(200);
  // A ban counts the solve out, and hands its bonus to nobody.
  await expect.poll(() => boardOf("moving")).toEqual([110, 90]);
  expect((await client.organise("GET", "/v1/hunts/moving/verify")).body).toMatchObject({ ok: true });
});

test("[API-44] a team's history during a freeze does not tell of solves behind it", async () => {
  const closes = new Date(Date.now() + 2 * 86_400_000).toISOString();
  await client.publish("still", definition({ closes }));
  const [early, late] = (await scattered("still", 2)) as [Player, Player];
  await solve(early);
  await expect.poll(() => boardOf("still")).toEqual([130]);
  await client.publishSoon("still", (freeze) => definition({ freeze, closes }));
  await solve(late);
  await sleep(500);
  expect(await scoreOf(early)).toBe(130);
  const history = await client.call<{ points: { score: number }[] }>(
    "GET",
    `/v1/hunts/still/leaderboard/${early.team.id}/history`,
  );
  expect(history.body.points.at(-1)?.score).toBe(130);
  expect(await boardOf("still")).toEqual([130]);
});
