/**
 * The engine killed while players join, play and are forgotten: who was told to be forgotten stays so, nobody
 * else is, the log and all that follows from it agree, and no byte is left of who is forgotten.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { below, chance } from "../../scripts/lab/measure/chance.ts";
import type { Joined } from "../../src/contract/join.ts";
import type { Leaderboard } from "../../src/contract/standings.ts";
import { foundIn } from "../bytes.ts";
import { Client, linesOf, type Player, sleep } from "../contract/client.ts";
import { everyOutcome, PIER } from "../contract/hunts.ts";
import { startByNpm } from "../e2e/npm-start.ts";

const HUNT = "forgetful";
const ROUNDS = process.env.FAULTS === "long" ? 8 : 2;
const LANES = 6;

/** When the kill comes after the load began, ms. */
const KILL = { min: 400, max: 1_500 };

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const random = chance(seed);
let dataDir: string;

beforeAll(async () => {
  process.stdout.write(`kill test of forgetting: SEED=${seed}\n`);
  dataDir = await mkdtemp(join(tmpdir(), "hunt-kill-forget-"));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const start = () => startByNpm(dataDir, { RESEND_AFTER_MS: "1000" });

/** What fetch throws when the other side is gone; an assertion is something else. */
const isConnectionLost = (error: unknown): boolean =>
  error instanceof TypeError || (error as { code?: string }).code === "ECONNRESET";

/** Nobody's name is part of another's. */
const nameOf = (number: number): string => `Canary ${String(number).padStart(6, "0")}`;

interface Known {
  player: Player;
  team: string;
}

test(`[PD-7] kill -9 while players are forgotten forgets wholly or not at all (SEED=${seed})`, {
  timeout: 1_800_000,
}, async () => {
  let engine = await start();
  let client = await Client.of(engine);
  await client.publish(
    HUNT,
    everyOutcome({ teams: { mode: "teams", maxSize: 100 }, players: { require: "anyone" } }),
  );
  const captains = await Promise.all(
    Array.from({ length: LANES }, (_, lane) => client.team(HUNT, `Stays ${lane}`)),
  );
  let names = 0;
  /** Told: the engine said so. Asked: it may have heard it. */
  const told: Known[] = [];
  const asked: Known[] = [];
  const stay: Known[] = [];

  for (let round = 1; round <= ROUNDS; round += 1) {
    let isOver = false;
    const until = async (step: () => Promise<unknown>): Promise<void> => {
      while (!isOver) {
        try {
          await step();
        } catch (error) {
          if (!isConnectionLost(error)) throw error;
          return;
        }
      }
    };
    const loads = captains.map((captain) =>
      until(async () => {
        names += 1;
        const name = nameOf(names);
        const joined = await client.call<Joined>("POST", `/v1/hunts/${HUNT}/players`, {
          json: { name, externalId: `id of ${name}`, team: { join: captain.team.joinCode } },
        });
        if (joined.status !== 201) return;
        const { player, team, token, returnCode } = joined.body;
        const known = { player: { hunt: HUNT, ...player, team, token, returnCode }, team: team.id };
        await client.call("POST", `/v1/hunts/${HUNT}/events`, {
          token,
          json: {
            events: [
              {
                id: `e${names}`,
                type: "checkin",
                clue: "pier",
                position: { ...PIER, lat: PIER.lat + below(random, 100) / 1_000 },
              },
            ],
          },
        });
        if (random() < 0.3) {
          stay.push(known);
          return;
        }
        asked.push(known);
        const forgotten = await client.call("DELETE", `/v1/hunts/${HUNT}/me`, { token });
        if (forgotten.status !== 204) return;
        asked.splice(asked.indexOf(known), 1);
        told.push(known);
      }),
    );
    await sleep(KILL.min + random() * (KILL.max - KILL.min));
    await engine.killAll();
    isOver = true;
    await Promise.all(loads);
    expect(told.length, `round ${round}`).toBeGreaterThan(0);

    engine = await start();
    client = await Client.of(engine);
    await client.verify(HUNT);
    const text = (await client.organise<string>("GET", `/v1/hunts/${HUNT}/export`)).text;
    for (const { player } of told) {
      expect(text.includes(player.name), player.name).toBe(false);
      const look = await client.call("GET", `/v1/hunts/${HUNT}/me`, { token: player.token });
      expect(look.status, player.name).toBe(401);
    }
    for (const { player } of stay) {
      expect(text.includes(player.name), player.name).toBe(true);
    }
    // Who asked and heard nothing is forgotten wholly, or not at all.
    const facts = linesOf(text).map(
      (line) => JSON.parse(line) as { type: string; player?: string; person?: object },
    );
    for (const { player } of asked) {
      const isForgotten = facts.some(({ type, player: of }) => type === "forget" && of === player.id);
      const isNamed = facts.some(({ player: of, person }) => of === player.id && person);
      expect(isForgotten, player.name).toBe(!isNamed);
    }
    process.stdout.write(
      `kill test of forgetting: round ${round}: ${told.length} told, ${asked.length} asked, ${stay.length} stay\n`,
    );
  }

  // They ask again: a request is safe to repeat.
  for (const { player } of asked) {
    const again = await client.call("DELETE", `/v1/hunts/${HUNT}/me`, { token: player.token });
    expect(again.status, player.name).toBe(204);
  }
  const board = async () =>
    (await client.call<Leaderboard>("GET", `/v1/hunts/${HUNT}/leaderboard`)).body.entries;
  // Some check-ins were near enough: the standings have them a moment after the start.
  const exported = (await client.organise<string>("GET", `/v1/hunts/${HUNT}/export`)).text;
  const solved = linesOf(exported)
    .map((line) => JSON.parse(line) as { outcome?: string; team?: string })
    .filter(({ outcome }) => outcome === "correct");
  const solvers = new Set(solved.map(({ team }) => team)).size;
  await expect
    .poll(async () => (await board()).filter(({ solves }) => solves > 0).length, { timeout: 60_000 })
    .toBe(solvers);
  const before = await board();
  await client.organise("POST", `/v1/hunts/${HUNT}/rearchive`, { reason: "a test" });
  await vi.waitFor(
    async () => {
      const { body } = await client.organise<{ shards: { seq: number; archived: number }[] }>(
        "GET",
        `/v1/hunts/${HUNT}/stats`,
      );
      for (const { seq, archived } of body.shards) expect(archived).toBe(seq);
    },
    { timeout: 180_000, interval: 300 },
  );
  await client.verify(HUNT);
  expect(await board()).toEqual(before);
  await engine.killAll();
  // It compacts the databases when it starts.
  engine = await start();
  await engine.killAll();
  const gone = [...told, ...asked].map(({ player }) => [player.id, player.name]);
  expect(foundIn(dataDir, Object.fromEntries(gone))).toEqual([]);
  expect(foundIn(dataDir, { one: stay[0]?.player.name ?? "" }).join()).toContain("one in ");
});
