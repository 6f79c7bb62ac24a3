/**
 * The engine killed while a rehearsal is played, made anew and removed: its clock goes on, what was begun is finished by
 * itself or by the next call, and nothing of an earlier one is left.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { below, chance } from "../../scripts/lab/measure/chance.ts";
import type { Hunt, Hunts } from "../../src/contract/hunt.ts";
import type { Rehearsal } from "../../src/contract/rehearsal.ts";
import { type Answer, Client, sleep } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { startByNpm } from "../e2e/npm-start.ts";

const ROUNDS = process.env.FAULTS === "long" ? 6 : 2;
const DAY = 86_400_000;

/** How long a test may take between two looks at a clock, ms. */
const SLACK = 120_000;

/** When the kill comes after a rehearsal is made anew, ms: into its removal, or what follows it. */
const KILL = { min: 50, max: 5_000 };

/** Tries until the engine has gone on with what the kill broke off, and the time between them, ms. */
const TRIES = 30;
const AGAIN = 1_000;

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const random = chance(seed);
let dataDir: string;

beforeAll(async () => {
  process.stdout.write(`kill test of rehearsals: SEED=${seed}\n`);
  dataDir = await mkdtemp(join(tmpdir(), "hunt-kill-rehearsal-"));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const start = () => startByNpm(dataDir, { ORIGIN_TIMEOUT_MS: "500" });

test(`[REH-2] [REH-6] kill -9 while a rehearsal is played, made anew and removed (SEED=${seed})`, {
  timeout: 1_800_000,
}, async () => {
  let engine = await start();
  let client = await Client.of(engine);
  const restart = async (): Promise<void> => {
    await engine.killAll();
    engine = await start();
    client = await Client.of(engine);
  };
  const ask = (method: string, json?: object): Promise<Answer<Rehearsal>> =>
    client.organise<Rehearsal>(method, "/v1/hunts/evening/rehearsal", json);
  /** Until it is done: a kill may have left something that goes on by itself. */
  const settled = async (method: string, status: number, json?: object): Promise<Answer<Rehearsal>> => {
    for (let tries = 0; ; tries += 1) {
      const answer = await ask(method, json);
      if (answer.status === status) return answer;
      expect([409, 503], answer.text).toContain(answer.status);
      expect(tries, answer.text).toBeLessThan(TRIES);
      await sleep(AGAIN);
    }
  };
  const ahead = async (): Promise<number> => {
    const { body } = await client.call<Hunt>("GET", "/v1/hunts/evening-rehearsal");
    return Date.parse(body.serverTime) - Date.now();
  };

  const opens = new Date(Date.now() + 30 * DAY).toISOString();
  await client.publish("evening", manyClues(2, { opens }), "draft");
  for (let round = 1; round <= ROUNDS; round += 1) {
    const shift = (30 + round) * DAY;
    const at = new Date(Date.now() + shift).toISOString();
    const { token } = (await settled("POST", 201, { at })).body;
    const player = await client.team("evening-rehearsal", `Owls ${round}`);
    await client.playOne(player, { id: "e1", type: "answer", clue: "c0", answer: "right 0" });
    await restart();
    expect(Math.abs((await ahead()) - shift)).toBeLessThan(SLACK);
    const me = await client.me(player);
    expect(me).toMatchObject({ phase: "live", team: { score: 10 } });
    expect(Math.abs(Date.parse(me.serverTime) - Date.now() - shift)).toBeLessThan(SLACK);
    expect((await client.board("evening-rehearsal")).entries).toHaveLength(1);
    expect(
      (await client.playOne(player, { id: "e2", type: "answer", clue: "c1", answer: "right 1" })).outcome,
    ).toBe("correct");
    await client.verify("evening-rehearsal");

    const broken = ask("POST", { at }).catch(() => undefined);
    await sleep(KILL.min + below(random, KILL.max - KILL.min));
    await restart();
    await broken;
    const anew = (await settled("POST", 201, {})).body;
    expect(Math.abs(await ahead())).toBeLessThan(SLACK);
    const stats = await client.call<{ teams: number }>("GET", "/v1/hunts/evening-rehearsal/stats", {
      token: anew.token,
    });
    expect(stats.body.teams).toBe(0);
    for (const [path, old] of [
      ["stats", token],
      ["me", player.token],
    ] as const) {
      const { status } = await client.call("GET", `/v1/hunts/evening-rehearsal/${path}`, { token: old });
      expect([401, 403]).toContain(status);
    }

    const ended = ask("DELETE").catch(() => undefined);
    await sleep(KILL.min + below(random, KILL.max - KILL.min));
    await restart();
    await ended;
    // It was removed, or is by the next call.
    for (let tries = 0; ; tries += 1) {
      const { status, text } = await ask("DELETE");
      if (status === 204 || status === 404) break;
      expect([409, 503], text).toContain(status);
      expect(tries, text).toBeLessThan(TRIES);
      await sleep(AGAIN);
    }
    const { hunts } = (await client.organise<Hunts>("GET", "/v1/hunts")).body;
    // Beside the demo, which an engine begins with.
    expect(hunts.map(({ hunt }) => hunt).filter((id) => id !== "harbour-nights")).toEqual(["evening"]);
  }
  await engine.killAll();
});
