/**
 * The engine killed while teams are renamed, left, joined and made: afterwards the
 * log and all that follows from it agree, every name is one team's, and every seat one player's.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { below, chance } from "../../scripts/lab/measure/chance.ts";
import type { Joined } from "../../src/contract/join.ts";
import type { Teams } from "../../src/contract/teams.ts";
import { Client, type Player, sleep } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { startByNpm } from "../e2e/npm-start.ts";

const ROUNDS = process.env.FAULTS === "long" ? 8 : 2;
const TEAMS = 6;
const MAX_SIZE = 3;
const NAMES = 10;

/** When the kill comes after the load began, ms. */
const KILL = { min: 300, max: 1_200 };

/** Longest wait for the first change, ms. */
const PATIENCE = 60_000;

/** How old a reservation must be before another team may take it over, ms. */
const ABANDONED = 31_000;

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const random = chance(seed);
let dataDir: string;

beforeAll(async () => {
  process.stdout.write(`kill test of teams: SEED=${seed}\n`);
  dataDir = await mkdtemp(join(tmpdir(), "hunt-kill-teams-"));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const start = () => startByNpm(dataDir, { RESEND_AFTER_MS: "1000" });

/** What fetch throws when the other side is gone; an assertion is something else. */
const isConnectionLost = (error: unknown): boolean =>
  error instanceof TypeError || (error as { code?: string }).code === "ECONNRESET";

const rowsOf = async (client: Client): Promise<Teams["teams"]> =>
  (await client.organise<Teams>("GET", "/v1/hunts/shaken/teams?limit=500")).body.teams;

test(`[TE-22] [TE-23] [TE-24] kill -9 while teams change loses and doubles no seat and no name (SEED=${seed})`, {
  timeout: 1_800_000,
}, async () => {
  let engine = await start();
  let client = await Client.of(engine);
  await client.publish("shaken", manyClues(1, { teams: { mode: "teams", maxSize: MAX_SIZE } }));
  const captains: Player[] = [];
  for (let team = 0; team < TEAMS; team += 1) captains.push(await client.team("shaken", `Name ${team}`));

  for (let round = 1; round <= ROUNDS; round += 1) {
    let isOver = false;
    let done = 0;
    const send = async (method: string, path: string, token: string, json?: unknown) => {
      const answer = await client.call<Joined>(method, `/v1/hunts/shaken${path}`, { token, json });
      done += 1;
      return answer;
    };
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
    const loads = captains.flatMap(({ token, team }, index) => [
      until(() => send("PATCH", "/team", token, { name: `Name ${below(random, NAMES)}` })),
      until(async () => {
        const name = `Mate ${index}`;
        const joined = await client.call<Joined>("POST", "/v1/hunts/shaken/players", {
          json: { name, team: { join: team.joinCode } },
        });
        if (joined.status !== 201) return;
        if (random() < 0.5) await send("POST", "/team/leave", joined.body.token);
        else await send("DELETE", `/team/members/${joined.body.player.id}`, token);
      }),
    ]);
    // A busy machine takes long for the first ones.
    for (let waited = 0; done === 0 && waited < PATIENCE; waited += 20) await sleep(20);
    await sleep(KILL.min + random() * (KILL.max - KILL.min));
    await engine.killAll();
    isOver = true;
    await Promise.all(loads);
    expect(done, `round ${round}`).toBeGreaterThan(0);

    engine = await start();
    client = await Client.of(engine);
    await client.verify("shaken");
    const rows = await rowsOf(client);
    expect(new Set(rows.map(({ name }) => name)).size, "every name is one team's").toBe(TEAMS);
    for (const row of rows) {
      const ids = row.members.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeLessThanOrEqual(MAX_SIZE);
      expect(ids).toContain(captains.find(({ team }) => team.id === row.id)?.id);
    }
    process.stdout.write(`kill test of teams: round ${round}: ${done} changes before the kill\n`);
  }

  // No name got lost: what no team bears can be had, once, when its reservation is old enough.
  await sleep(ABANDONED);
  const borne = new Set((await rowsOf(client)).map(({ name }) => name));
  for (let name = 0; name < NAMES; name += 1) {
    const joining = { name: "Heir", team: { create: `Name ${name}` } };
    const answer = await client.call("POST", "/v1/hunts/shaken/players", { json: joining });
    expect(answer.status, `Name ${name}`).toBe(borne.has(`Name ${name}`) ? 409 : 201);
  }
  await client.verify("shaken");
  await engine.killAll();
});
