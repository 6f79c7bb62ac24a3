/**
 * FAULT-5: the engine killed under load, with everything that
 * waited in memory lost. What was answered as recorded is there afterwards,
 * once, under the seq it was answered with.
 */
import { globSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { below, chance } from "../../scripts/lab/measure/chance.ts";
import type { PlayerEvent, Result } from "../../src/protocol.ts";
import { Client, type ExportedFact, type Player, sleep } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { startByNpm } from "../e2e/npm-start.ts";

const ROUNDS = process.env.FAULTS === "long" ? 10 : 3;
const TEAMS = 10;
const CLIENTS = 50;
const EVENTS_PER_REQUEST_MAX = 5;

/** When the kill comes after the load began, ms. */
const KILL = { min: 400, max: 1_400 };

/** Longest wait for the first results, ms. */
const PATIENCE = 60_000;

/** Clues of each client's own, so that no team-mate solves them first. */
const OWN_CLUES = 40;

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const random = chance(seed);
let dataDir: string;

beforeAll(async () => {
  process.stdout.write(`kill test: SEED=${seed}\n`);
  dataDir = await mkdtemp(join(tmpdir(), "hunt-kill-"));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

/** Messages in the queue are lost with the process; the shards send them again soon. */
const start = () => startByNpm(dataDir, { RESEND_AFTER_MS: "1000" });

/** Everything one client sent, and what it was answered. */
interface Sent {
  player: Player;
  event: PlayerEvent;
  result?: Result;
}

test(`[REC-1] nothing that was acknowledged is lost or doubled by kill -9 under load (SEED=${seed})`, {
  timeout: 1_800_000,
}, async () => {
  let engine = await start();
  let client = await Client.of(engine);
  // Clue 0 is for wrong answers, the others for right ones; every event is recorded.
  const clues = 1 + (CLIENTS / TEAMS) * OWN_CLUES;
  await client.publish(
    "killed",
    manyClues(clues, { attempts: { burst: 1_000, refillPerMinute: 1_000, perClue: 0 } }),
  );
  const players: Player[] = [];
  for (let team = 0; team < TEAMS; team += 1) {
    const founder = await client.team("killed", `Team ${team}`);
    players.push(founder);
    for (let mate = 1; mate < CLIENTS / TEAMS; mate += 1) {
      players.push(
        await client.join("killed", { name: `Mate ${mate}`, team: { join: founder.team.joinCode ?? "" } }),
      );
    }
  }
  const sent: Sent[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const load = new Load(client, players, round);
    // A busy machine takes long for the first ones.
    for (let waited = 0; load.answered === 0 && waited < PATIENCE; waited += 20) await sleep(20);
    await sleep(KILL.min + random() * (KILL.max - KILL.min));
    const inFlight = load.inFlight;
    await engine.killAll();
    await load.over();
    // The fault happened: requests were under way, and their answers never came.
    expect(inFlight, `round ${round}`).toBeGreaterThan(0);
    expect(load.failed, `round ${round}`).toBeGreaterThan(0);
    expect(load.sent.some(({ result }) => result)).toBe(true);
    sent.push(...load.sent);

    engine = await start();
    client = await Client.of(engine);
    const after = indexed(await client.export("killed"));
    for (const one of sent) {
      const lines = after.get(keyOf(one)) ?? [];
      if (one.result)
        expect(lines, told(one)).toMatchObject([{ seq: one.result.seq, outcome: one.result.outcome }]);
      else expect(lines.length, told(one)).toBeLessThanOrEqual(1);
    }
    await resend(client, load.sent);
    const settled = indexed(await client.export("killed"));
    for (const one of sent) {
      expect(settled.get(keyOf(one)), told(one)).toMatchObject([
        { seq: one.result?.seq, outcome: one.result?.outcome },
      ]);
    }
    const unanswered = load.sent.length - load.answered;
    process.stdout.write(
      `kill test: round ${round}: ${load.answered} events answered, ${unanswered} not, ${inFlight} requests in flight\n`,
    );
  }
  const verified = await client.verify("killed");
  expect(verified.facts).toBe(sent.length + CLIENTS);
  await engine.killAll();
});

test("[REC-9] what a killed engine had not shipped goes to the origin by the shard's alarm, though nobody comes", {
  timeout: 360_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "hunt-alarm-"));
  try {
    let engine = await startByNpm(folder, { SHIP_DELAY_MS: "60000" });
    const client = await Client.of(engine);
    await client.publish("silent", manyClues(1));
    await client.team("silent", "Alone");
    expect(archivedSegments(folder)).toBe(0);
    await engine.killAll();
    engine = await startByNpm(folder, {});
    // Asking the shard would make it ship. The alarm is due 20 s after the commit.
    for (let second = 0; archivedSegments(folder) === 0; second += 1) {
      expect(second, "the alarm ships").toBeLessThan(40);
      await sleep(1_000);
    }
    await engine.killAll();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** Segments of the hunt `silent` in the engine's D1, without asking the engine. */
function archivedSegments(folder: string): number {
  for (const file of globSync(`${folder}/**/*.sqlite`)) {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      const known = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'registration'").get();
      if (!known) continue;
      const row = database.prepare("SELECT count(*) AS count FROM segment WHERE hunt = 'silent'").get();
      return Number(row?.count);
    } finally {
      database.close();
    }
  }
  throw new Error("the engine has no D1");
}

/** Clients that send event after event until the engine is gone. */
class Load {
  readonly sent: Sent[] = [];
  inFlight = 0;
  answered = 0;
  failed = 0;
  readonly #client: Client;
  readonly #clients: Promise<void>[];

  constructor(client: Client, players: readonly Player[], round: number) {
    this.#client = client;
    this.#clients = players.map((player, index) => this.#play(player, index, round));
  }

  async over(): Promise<void> {
    await Promise.all(this.#clients);
  }

  async #play(player: Player, index: number, round: number): Promise<void> {
    const firstClue = 1 + (index % (CLIENTS / TEAMS)) * OWN_CLUES;
    let solved = (round - 1) * Math.floor(OWN_CLUES / ROUNDS);
    const solvedMax = round * Math.floor(OWN_CLUES / ROUNDS);
    for (let request = 0; this.failed === 0 || request === 0; request += 1) {
      const events: PlayerEvent[] = [];
      const count = 1 + below(random, EVENTS_PER_REQUEST_MAX);
      for (let event = 0; event < count; event += 1) {
        const id = `r${round}-${index}-${request}-${event}`;
        const right = solved < solvedMax && random() < 0.1;
        const clue = right ? firstClue + solved : 0;
        if (right) solved += 1;
        events.push({
          id,
          type: "answer",
          clue: `c${clue}`,
          answer: right ? `right ${clue}` : `wrong ${id}`,
        });
      }
      const own = events.map((event): Sent => ({ player, event }));
      this.sent.push(...own);
      this.inFlight += 1;
      try {
        const results = await this.#client.play(player, ...events);
        for (const [place, one] of own.entries()) {
          const result = results[place];
          expect(["correct", "incorrect"], JSON.stringify(result)).toContain(result?.outcome);
          if (result) one.result = result;
        }
        this.answered += own.length;
      } catch (error) {
        if (!isConnectionLost(error)) throw error;
        this.failed += 1;
        return;
      } finally {
        this.inFlight -= 1;
      }
    }
  }
}

/** Sends every event again: what was answered comes back the same as a duplicate, the rest is decided now or was. */
async function resend(client: Client, sent: readonly Sent[]): Promise<void> {
  const byPlayer = Map.groupBy(sent, ({ player }) => player);
  for (const [player, own] of byPlayer) {
    for (let from = 0; from < own.length; from += 100) {
      const some = own.slice(from, from + 100);
      const results = await client.play(player, ...some.map(({ event }) => event));
      for (const [place, one] of some.entries()) {
        const result = results[place];
        if (one.result) expect(result).toEqual({ ...one.result, duplicate: true });
        else if (result) one.result = result;
        expect(result?.seq).toBeGreaterThan(0);
      }
    }
  }
}

function indexed(lines: readonly ExportedFact[]): Map<string, ExportedFact[]> {
  const next = new Map<string, number>();
  for (const { shard, seq } of lines) {
    expect(seq, shard).toBe((next.get(shard) ?? 0) + 1);
    next.set(shard, seq);
  }
  return Map.groupBy(lines, ({ team, event }) => `${team} ${event}`);
}

/** For messages: an event and its answer, without the player's token. */
const told = ({ event, result }: Sent): string => JSON.stringify({ event, result });

const keyOf = ({ player, event }: Sent): string => `${player.team.id} ${event.id}`;

/** What fetch throws when the other side is gone; an assertion is something else. */
function isConnectionLost(error: unknown): boolean {
  return error instanceof TypeError || (error as { code?: string }).code === "ECONNRESET";
}
