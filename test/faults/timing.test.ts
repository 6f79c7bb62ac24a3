/**
 * Whether time tells a locked clue from one that does not exist (UN-20), over
 * HTTP and over a socket. Both kinds of question take turns in random order and
 * are compared by their ranks (Mann and Whitney), which a busy machine disturbs
 * alike. Power: with 1,000 of each the standard error is 0.013. A chance of 0.58
 * (one of the two is later in 58 of 100 pairs) is found in more than 97 of 100
 * runs, and without a difference the test fails once in 10,000.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { FrameSocket } from "../../scripts/lab/bench/socket.ts";
import { chance } from "../../scripts/lab/measure/chance.ts";
import { mannWhitney } from "../../scripts/lab/measure/statistics.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { PlayerEvent } from "../../src/contract/play.ts";
import { Client, type Player } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { ticketOf } from "../contract/socket.ts";

const SAMPLES = 1_000;
const WARM_UP = 200;

/** Further from a half than by chance: four standard errors. */
const FAR = 0.053;

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
let engine: Engine;
let client: Client;
let player: Player;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  // A condition as large as authors make them: all of many others.
  const solved = Array.from({ length: 150 }, (_, index) => ({ solved: `c${index}` }));
  const definition = manyClues(200) as { clues: { id: string; opens?: object }[] };
  for (const clue of definition.clues.slice(150)) clue.opens = { all: solved };
  await client.publish("timed", definition);
  player = await client.team("timed", "Timers");
});
afterAll(() => engine.stop());

/** Asks for a locked and a missing clue in random order. Gives the times of each, ms. */
async function timesOf(
  ask: (event: PlayerEvent) => Promise<void>,
): Promise<{ locked: number[]; missing: number[] }> {
  const random = chance(seed);
  const times = { locked: [] as number[], missing: [] as number[] };
  for (let number = 0; number < WARM_UP + 2 * SAMPLES; number += 1) {
    const which = random() < 0.5 ? "locked" : "missing";
    const clue = `${which === "locked" ? "c" : "d"}${150 + Math.floor(random() * 50)}`;
    const event: PlayerEvent = { id: `t-${number}`, type: "answer", clue, answer: `guess ${number}` };
    const begun = performance.now();
    await ask(event);
    if (number >= WARM_UP) times[which].push(performance.now() - begun);
  }
  return times;
}

function expectAlike({ locked, missing }: { locked: number[]; missing: number[] }): void {
  const { below, z } = mannWhitney(locked, missing);
  process.stdout.write(
    `timing: a missing clue is later with a chance of ${below.toFixed(3)} (z ${z.toFixed(1)}), SEED=${seed}\n`,
  );
  expect(Math.abs(below - 0.5), `SEED=${seed}`).toBeLessThan(FAR);
}

test("[SEC-140] time does not tell a locked clue from a missing one, over HTTP", {
  timeout: 360_000,
}, async () => {
  expectAlike(
    await timesOf(async (event) => {
      const result = await client.playOne(player, event);
      expect(result.outcome).toBe("locked");
    }),
  );
});

test("[SEC-140] nor over a socket", { timeout: 360_000 }, async () => {
  const url = new URL(`/v1/hunts/timed/live?ticket=${await ticketOf(client, player)}`, engine.url);
  url.protocol = "ws:";
  const socket = await FrameSocket.open(url, (frame) => frame.startsWith('{"results"'));
  expectAlike(
    await timesOf(async (event) => {
      expect(await socket.send(JSON.stringify({ events: [event] }))).toContain('"outcome":"locked"');
    }),
  );
  socket.close();
});
