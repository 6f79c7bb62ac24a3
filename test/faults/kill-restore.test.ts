/**
 * The engine killed in the middle of a restoration: nothing of the hunt is in use then, and the same file sent again
 * restores it whole; also when the kill comes as the last line does.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { below, chance } from "../../scripts/lab/measure/chance.ts";
import type { Imported } from "../../src/contract/data.ts";
import { type Answer, Client, type ExportedFact, linesOf, sleep } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { type Started, startByNpm } from "../e2e/npm-start.ts";

const HUNT = "brought";
const TEAMS = 30;
const CLUES = 60;

/** When the second kill comes after the last line, ms at most. */
const KILL_MAX = 400;

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const random = chance(seed);
const folders: string[] = [];

beforeAll(() => {
  process.stdout.write(`kill test of a restoration: SEED=${seed}\n`);
});
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "hunt-kill-restore-"));
  folders.push(made);
  return made;
}

const start = (dataDir: string) => startByNpm(dataDir, { SHARDS_PER_REGION: "3" });

const restored = (of: Client, text: string): Promise<Answer<Imported>> =>
  of.call("POST", `/v1/hunts/${HUNT}/import`, {
    token: of.organiserToken,
    body: text,
    type: "application/x-ndjson",
  });

const bySeq = (facts: ExportedFact[]): ExportedFact[] =>
  facts.toSorted((a, b) => (a.team < b.team ? -1 : a.team > b.team ? 1 : a.seq - b.seq));

/** Sends the lines up to `upto` and no more, until the connection is lost. */
async function sendPart(
  engine: Started,
  token: string,
  lines: readonly string[],
  upto: number,
): Promise<void> {
  let sent = 0;
  const part = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (sent === upto) {
        part.resolve();
        await new Promise(() => undefined);
      }
      controller.enqueue(new TextEncoder().encode(`${lines[sent]}\n`));
      sent += 1;
    },
  });
  const sending = fetch(new URL(`/v1/hunts/${HUNT}/import`, engine.url), {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson" },
    body,
    duplex: "half",
  } as RequestInit);
  const lost = expect(sending).rejects.toThrow();
  await part.promise;
  // What was sent reaches the objects.
  await sleep(300 + below(random, 700));
  await engine.killAll();
  await lost;
}

test(`[EXP-12] a kill -9 in the middle of a restoration leaves nothing in use, and the file sent again restores all (SEED=${seed})`, {
  timeout: 900_000,
}, async () => {
  const from = await start(await folder());
  const source = await Client.of(from);
  await source.publish(HUNT, manyClues(CLUES, { attempts: { burst: 1_000, refillPerMinute: 1_000 } }));
  await Promise.all(
    Array.from({ length: TEAMS }, async (_, team) => {
      const player = await source.team(HUNT, `Team ${team}`);
      const events = Array.from({ length: CLUES }, (__, clue) => ({
        id: `e${clue}`,
        type: "answer" as const,
        clue: `c${clue}`,
        answer: (clue + team) % 3 === 0 ? `wrong ${clue}` : `right ${clue}`,
      }));
      for (let at = 0; at < CLUES; at += 20) await source.play(player, ...events.slice(at, at + 20));
    }),
  );
  await source.setPhase(HUNT, "ended");
  const { text } = await source.organise<string>("GET", `/v1/hunts/${HUNT}/export?format=backup`);
  const facts = bySeq(await source.export(HUNT));
  expect(facts.length).toBeGreaterThan(TEAMS * CLUES);
  const { entries } = await source.board(HUNT);
  await from.killAll();

  const lines = linesOf(text);
  const segments = lines.flatMap((line, at) => (line.startsWith('{"type":"facts"') ? [at] : []));
  const dataDir = await folder();
  let engine = await start(dataDir);
  let client = await Client.of(engine);
  // Somewhere behind a first part of the log and before its last one.
  const middle = segments[1 + below(random, Math.max(1, segments.length - 2))] ?? 0;
  await sendPart(engine, client.organiserToken, lines, middle);

  engine = await start(dataDir);
  client = await Client.of(engine);
  const half = await client.call("POST", `/v1/hunts/${HUNT}/players`, {
    json: { name: "Eve", team: { create: "Eves" } },
  });
  expect(half.status, half.text).toBe(503);
  expect((await client.organise("POST", `/v1/hunts/${HUNT}/phase`, { phase: "live" })).status).toBe(409);
  // Once more killed, as the last line comes: then it is in use whole, or not at all.
  const last = restored(client, text).catch(() => undefined);
  await sleep(random() * KILL_MAX);
  await engine.killAll();
  await last;

  engine = await start(dataDir);
  client = await Client.of(engine);
  const whole = await restored(client, text);
  expect([200, 409], whole.text).toContain(whole.status);
  process.stdout.write(
    `kill test of a restoration: at line ${middle} of ${lines.length}, ${half.status}; then ${whole.status}\n`,
  );
  expect(bySeq(await client.export(HUNT))).toEqual(facts);
  await client.verify(HUNT);
  const { entries: after } = await client.board(HUNT);
  expect(after).toEqual(entries);
  await engine.killAll();
});
