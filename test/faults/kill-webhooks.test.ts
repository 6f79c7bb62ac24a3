/**
 * The engine killed while webhooks are told what players do, by a receiver that takes its time: afterwards everything was
 * told at least once, what came twice has one id and one text, and nothing has two ids.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chance } from "../../scripts/lab/measure/chance.ts";
import { Client, type Player, sleep } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { Receiver } from "../contract/receiver.ts";
import { startByNpm } from "../e2e/npm-start.ts";

const HUNT = "called";
const ROUNDS = process.env.FAULTS === "long" ? 6 : 2;
const TEAMS = 6;
const CLUES = 400;

/** How long the receiver takes over a message, ms: so messages are always under way. */
const TAKES = 100;

/** When the kill comes after the first message of a round, ms. */
const KILL = { min: 200, max: 1_200 };

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const random = chance(seed);
let dataDir: string;
let receiver: Receiver;

beforeAll(async () => {
  process.stdout.write(`kill test of webhooks: SEED=${seed}\n`);
  dataDir = await mkdtemp(join(tmpdir(), "hunt-kill-webhooks-"));
  receiver = await Receiver.start();
  receiver.reply = () => ({ status: 204, after: TAKES });
});
afterAll(async () => {
  receiver.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const start = () =>
  startByNpm(dataDir, {
    RESEND_AFTER_MS: "1000",
    SHARDS_PER_REGION: "2",
    WEBHOOK_ALLOW: receiver.host,
  });

/** What fetch throws when the other side is gone; an assertion is something else. */
const isConnectionLost = (error: unknown): boolean =>
  error instanceof TypeError || (error as { code?: string }).code === "ECONNRESET";

interface Told {
  type: string;
  data: { team?: { id: string }; clue?: { id: string } };
}

/** What each message is about, by its id. */
function told(): Map<string, string> {
  const byId = new Map<string, string>();
  const texts = new Map<string, string>();
  for (const { headers, body } of receiver.messages) {
    const id = String(headers["webhook-id"]);
    expect(texts.get(id) ?? body, "a message that comes again is the same").toBe(body);
    texts.set(id, body);
    const { type, data } = JSON.parse(body) as Told;
    byId.set(id, [type, data.team?.id, data.clue?.id].join(" "));
  }
  return byId;
}

test(`[HOOK-17] kill -9 with webhooks under way: everything is told at least once, and under one id (SEED=${seed})`, {
  timeout: 900_000,
}, async () => {
  let engine = await start();
  let client = await Client.of(engine);
  await client.publish(
    HUNT,
    manyClues(CLUES, { webhooks: [{ url: receiver.url(), on: ["joined", "solved", "first_solve"] }] }),
  );
  const players: Player[] = [];
  for (let team = 0; team < TEAMS; team += 1) players.push(await client.team(HUNT, `Team ${team}`));
  let next = 0;
  let twice = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const before = receiver.messages.length;
    let isOver = false;
    const loads = players.map(async (player) => {
      while (!isOver) {
        const clue = next;
        next += 1;
        try {
          await client.call("POST", `/v1/hunts/${HUNT}/events`, {
            token: player.token,
            json: { events: [{ id: `e${clue}`, type: "answer", clue: `c${clue}`, answer: `right ${clue}` }] },
          });
        } catch (error) {
          if (!isConnectionLost(error)) throw error;
          return;
        }
        await sleep(50);
      }
    });
    await expect.poll(() => receiver.messages.length, { timeout: 60_000 }).toBeGreaterThan(before);
    await sleep(KILL.min + random() * (KILL.max - KILL.min));
    await engine.killAll();
    isOver = true;
    await Promise.all(loads);
    const untilKill = receiver.messages.length;

    engine = await start();
    client = await Client.of(engine);
    const facts = await client.export(HUNT);
    const expected = facts.flatMap(({ type, outcome, team, clue }) => {
      if (type === "join") return [`joined ${team} `];
      return outcome === "correct" ? [`solved ${team} ${clue}`, `first_solve ${team} ${clue}`] : [];
    });
    expect(expected.length).toBeGreaterThan(TEAMS);
    await expect
      .poll(() => [...new Set(told().values())].sort(), { timeout: 120_000, interval: 500 })
      .toEqual([...new Set(expected)].sort());
    const things = [...told().values()];
    expect(new Set(things).size, "nothing has two ids").toBe(things.length);
    twice = receiver.messages.length - things.length;
    process.stdout.write(
      `kill test of webhooks: round ${round}: ${untilKill} messages until the kill, ${things.length} in all, ${twice} came again\n`,
    );
  }
  expect(twice, "some were under way").toBeGreaterThan(0);
  await engine.killAll();
});
