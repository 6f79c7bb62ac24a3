import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, expectProblem, type Player } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";

const CLUES = 60;

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "1" } });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

interface Numbers {
  teams: number;
  shards: { shard: string; teams: number }[];
}

const numbers = async (): Promise<Numbers> =>
  (await client.organise<Numbers>("GET", "/v1/hunts/grown/stats")).body;

const grow = (shardsPerRegion: unknown) =>
  client.organise("POST", "/v1/hunts/grown/shards", { shardsPerRegion });

async function join(count: number, word: string): Promise<Player[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => client.team("grown", `${word} ${index}`)));
}

test("[REC-5] a live hunt grows: new teams land on new shards, nobody moves, nothing is lost", async () => {
  await client.publish("grown", manyClues(CLUES));
  const early = await join(8, "Early");
  expect((await numbers()).shards).toHaveLength(1);
  // They play on without a break while the hunt grows under them.
  let growing = true;
  const playing = early.map(async (team) => {
    let clue = 0;
    for (; clue < CLUES - 1 && (growing || clue < 5); clue += 1) {
      const event = { id: `e${clue}`, type: "answer", clue: `c${clue}`, answer: `right ${clue}` } as const;
      expect(await client.playOne(team, event)).toMatchObject({ outcome: "correct", score: (clue + 1) * 10 });
    }
    return clue;
  });
  expect((await grow(6)).body).toEqual({ shardsPerRegion: 6 });
  const late = await join(30, "Late");
  growing = false;
  const solved = await Promise.all(playing);
  const after = await numbers();
  expect(after.teams).toBe(38);
  expect(after.shards.length).toBeGreaterThan(3);
  expect(after.shards.length).toBeLessThanOrEqual(6);
  // Team-mates find teams on new shards at once, and everybody can play.
  for (const team of late) {
    await client.join("grown", { name: "Mate", team: { join: team.team.joinCode ?? "" } });
    expect(
      await client.playOne(team, { id: "e", type: "answer", clue: "c0", answer: "right 0" }),
    ).toMatchObject({
      outcome: "correct",
    });
  }
  for (const [index, team] of early.entries()) {
    const me = await client.me(team);
    expect(me.team).toMatchObject({ id: team.team.id, score: (solved[index] ?? 0) * 10 });
  }
  await expect
    .poll(
      async () => (await client.board("grown", "?limit=500")).entries.filter(({ score }) => score > 0).length,
      { timeout: 45_000 },
    )
    .toBe(38);
  const lines = await client.export("grown");
  expect(lines).toHaveLength(38 + 30 + 30 + solved.reduce((sum, clues) => sum + clues, 0));
  // The phase reaches the new shards as well.
  await client.setPhase("grown", "paused");
  for (const team of [...early, ...late]) {
    expect(await client.playOne(team, { id: "p", type: "answer", clue: "c59", answer: "x" })).toMatchObject({
      outcome: "paused",
    });
  }
  await client.verify("grown");
});

test("[REC-6] a hunt does not shrink, and the number has bounds", async () => {
  expectProblem(await grow(5), "conflict");
  expect((await grow(6)).status).toBe(200);
  for (const bad of [0, -1, 1.5, 1_001, "7", null]) expectProblem(await grow(bad), "invalid");
});
