/**
 * FAULT-6: PostgreSQL behind a proxy that freezes and then
 * refuses, under load. Players notice nothing, the gate opens and spares the
 * origin, and after healing everything arrives by itself.
 */
import { Client as PgClient } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PostgresMessages } from "../../scripts/lab/faults/postgres-messages.ts";
import { type FaultProxy, startProxy } from "../../scripts/lab/faults/proxy.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { type Postgres, startPostgres } from "../../scripts/local/postgres.ts";
import { Client, type Player, sleep } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { OpenLoad, quantile, type Shot } from "./load.ts";

/** `npm run test:faults -- --long`. */
const long = process.env.FAULTS === "long";
const SECONDS = long ? { before: 20, frozen: 25, stopped: 25 } : { before: 4, frozen: 8, stopped: 6 };

const TEAMS = 20;

/** Requests a second: far below what the engine carries, so that latency tells of faults, not of load. */
const RATE = 150;
const EVENTS = 2;

/** How soon the gate must open and close again, ms; and how soon the rest must have arrived. */
const OPEN_WITHIN = 5_000;
const CLOSED_WITHIN = 15_000;
const DRAINED_WITHIN = 30_000;

/** Probes a second that an origin behind an open gate may see. */
const PROBES_MAX = 5;

let postgres: Postgres;
let direct: PgClient;
let proxy: FaultProxy;
let engine: Engine;
let client: Client;
const logged: string[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  direct = new PgClient({ connectionString: postgres.url });
  await direct.connect();
  const url = new URL(postgres.url);
  proxy = await startProxy({
    upstream: { host: url.hostname, port: Number(url.port) },
    counter: () => new PostgresMessages(),
  });
  url.host = `${proxy.host}:${proxy.port}`;
  engine = await startEngine({
    origin: { postgres: url.href },
    vars: { RATE_LIMITS: "off" },
    log: (level, text) => {
      if (level === "error") logged.push(text);
    },
  });
  client = await Client.of(engine);
});
afterAll(async () => {
  await engine?.stop();
  await proxy?.close();
  await direct?.end();
  await postgres?.stop();
});

interface Origin {
  state: "closed" | "open" | "half_open";
  window: { calls: number; failed: number; slow: number };
  driver: string;
  backlog: { segments: number; oldestSeconds: number };
}

/** Facts in the origin's archive, asked past the proxy. */
async function archivedFacts(): Promise<number> {
  const { rows } = await direct.query<{ facts: string }>(
    "SELECT coalesce(sum(last - first + 1), 0) AS facts FROM segment WHERE hunt = 'outage'",
  );
  return Number(rows[0]?.facts);
}

/** Watches how many facts a second arrive; `most` is the best second. */
function watchArchive(): () => Promise<{ most: number }> {
  const seen: { at: number; facts: number }[] = [];
  let most = 0;
  let over = false;
  const watching = (async () => {
    while (!over) {
      seen.push({ at: Date.now(), facts: await archivedFacts() });
      const now = seen.at(-1);
      const before = seen.findLast(({ at }) => now && now.at - at >= 1_000);
      if (now && before) most = Math.max(most, (now.facts - before.facts) / ((now.at - before.at) / 1_000));
      await sleep(200);
    }
  })();
  return async () => {
    over = true;
    await watching;
    return { most };
  };
}

const origin = async (): Promise<Origin> => (await client.organise<Origin>("GET", "/v1/ops/origin")).body;

/** Ms until `is` holds of the origin; undefined when it did not in time. */
async function until(is: (origin: Origin) => boolean, within: number): Promise<number | undefined> {
  const started = Date.now();
  while (Date.now() - started < within) {
    if (is(await origin())) return Date.now() - started;
    await sleep(100);
  }
  return undefined;
}

test("[PR-4] [FAULT-6] an origin that freezes and then is gone costs players nothing and loses nothing", {
  timeout: 540_000,
}, async () => {
  await client.publish("outage", manyClues(2));
  const players: Player[] = [];
  for (let team = 0; team < TEAMS; team += 1) players.push(await client.team("outage", `Team ${team}`));
  expect(await until(({ backlog }) => backlog.segments === 0, 10_000)).toBeDefined();
  expect(await origin()).toMatchObject({ state: "closed", driver: "postgres" });

  const load = new OpenLoad(engine.url, players, (_, number) => ({
    id: `e${number}`,
    type: "answer",
    clue: "c0",
    answer: `wrong ${number}`,
  }));
  load.start(RATE, EVENTS);
  await sleep(SECONDS.before * 1_000);
  const began = Date.now();

  const heal = proxy.freeze();
  const opened = await until(({ state }) => state !== "closed", OPEN_WITHIN + 1_000);
  const watch = proxy.watch();
  await sleep(SECONDS.frozen * 1_000 - (Date.now() - began));
  const arrivals = watch();
  heal();
  await proxy.down();
  const stopping = Date.now();
  await sleep(SECONDS.stopped * 1_000);
  const away = await origin();
  const atUp = { facts: await archivedFacts(), statements: proxy.counts().messages.E ?? 0 };
  const archive = watchArchive();
  await proxy.up();
  const ended = Date.now();

  const closed = await until(({ state }) => state === "closed", CLOSED_WITHIN + 5_000);
  await sleep(1_000);
  await load.stop();
  const drained = await until(({ backlog }) => backlog.segments === 0, DRAINED_WITHIN);
  const { most } = await archive();
  const counts = proxy.counts();
  const drain = {
    facts: (await archivedFacts()) - atUp.facts,
    statements: (counts.messages.E ?? 0) - atUp.statements,
    timesArrival: most / (RATE * EVENTS),
  };

  const between = (from: number, to: number): Shot[] => load.shots.filter(({ at }) => at >= from && at < to);
  const before = between(began - SECONDS.before * 1_000 + 1_000, began);
  const during = between(began, ended);
  const p99 = { before: quantile(before, 0.99), during: quantile(during, 0.99) };
  process.stdout.write(
    `outage: gate open after ${opened} ms, closed ${closed} ms after healing, backlog zero after ${drained} ms more; ` +
      `event p99 ${p99.before} ms before, ${p99.during} ms during (x ${(p99.during / p99.before).toFixed(2)}); ` +
      `origin saw ${arrivals.connections} connections in ${arrivals.seconds.toFixed(0)} s behind the open gate, ${arrivals.most.connections} a second at most; ` +
      `backlog in the outage ${away.backlog.segments} segments; draining, ${drain.facts} facts by ${drain.statements} statements, ` +
      `${most.toFixed(0)} facts in the best second (x ${drain.timesArrival.toFixed(1)} of what arrived)\n`,
  );

  // The faults happened: calls were frozen, connections cut, and work piled up.
  expect(counts.faults.timeout).toBeGreaterThan(0);
  expect(stopping).toBeLessThan(ended);
  expect(away.backlog.segments).toBeGreaterThan(10);
  expect(away.backlog.oldestSeconds).toBeGreaterThan(SECONDS.frozen / 2);
  // Players noticed nothing.
  expect(load.shots.length).toBeGreaterThan(RATE * (SECONDS.frozen + SECONDS.stopped) * 0.8);
  expect(load.shots.filter(({ status }) => status !== 200)).toEqual([]);
  expect(Object.keys(load.outcomes)).toEqual(["incorrect"]);
  // No event waited for the origin, whose calls end after 1.5 s.
  expect(p99.during).toBeLessThan(1_000);
  // The gate did its work.
  expect(opened).toBeLessThan(OPEN_WITHIN);
  expect(arrivals.most.connections).toBeLessThanOrEqual(PROBES_MAX);
  expect(closed).toBeLessThan(CLOSED_WITHIN);
  expect(drained).toBeDefined();
  // A statement group carries many facts, and the backlog goes faster than it came.
  expect(drain.statements / drain.facts).toBeLessThan(1 / 20);
  if (long) expect(drain.timesArrival).toBeGreaterThan(10);
  const facts = load.shots.length * EVENTS + TEAMS;
  expect((await client.verify("outage")).facts).toBe(facts);
  expect(logged).toEqual([]);
});
