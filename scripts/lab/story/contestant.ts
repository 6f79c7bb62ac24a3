/** The two that get the load: each on its own database behind its own fault proxy. */
import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Plugin } from "esbuild";
import { NoOpLog } from "miniflare";
import { Client } from "pg";
import type { Verification } from "../../../src/contract/data.ts";
import type { ExportLine } from "../../../src/contract/export.ts";
import type { JoinBody, Joined } from "../../../src/contract/join.ts";
import type { OriginState } from "../../../src/contract/ops.ts";
import { type Engine, type EngineOptions, startEngine } from "../../local/engine.ts";
import { mintOrganiserToken } from "../../local/secrets.ts";
import { buildWorker, startWorker } from "../lone-worker.ts";
import { type Acknowledged, CLUES, type Player } from "./load.ts";

export const HUNT = "story";

/** How long an origin may take to hold everything once the load is over, ms. */
const SETTLE_MAX = 180_000;
const SETTLE_POLL = 250;

/** Shards ship all the time: younger facts are no backlog, s. */
const ON_ITS_WAY = 3;

/** Joins under way at once while the hunt is set up. */
const JOINS_AT_ONCE = 16;

/** How many events that were confirmed as recorded are kept. */
export interface Kept {
  acknowledged: number;
  lost: number;
  doubled: number;
}

export interface Contestant {
  name: "baseline" | "engine";
  url: URL;
  /** Whether the database holds everything but the events of the last seconds. */
  caughtUp(): Promise<boolean>;
  /** After the load: waits until the database holds everything and all agrees; throws when that does not come. */
  settle(): Promise<void>;
  kept(acknowledged: readonly Acknowledged[]): Promise<Kept>;
  stop(): Promise<void>;
}

/** Joins players over HTTP, as players do. */
export async function joinPlayers(url: URL, count: number): Promise<Player[]> {
  const players: Player[] = [];
  for (let from = 0; from < count; from += JOINS_AT_ONCE) {
    const some = Array.from({ length: Math.min(JOINS_AT_ONCE, count - from) }, async (_, index) => {
      const response = await fetch(new URL(`/v1/hunts/${HUNT}/players`, url), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: `Player ${from + index}` } satisfies JoinBody),
      });
      const text = await response.text();
      if (response.status !== 201) throw new Error(`joining failed: ${response.status} ${text}`);
      const { token, team } = JSON.parse(text) as Joined;
      return { token, team: team.id };
    });
    players.push(...(await Promise.all(some)));
  }
  return players;
}

function keptOf(acknowledged: readonly Acknowledged[], recorded: Iterable<Acknowledged>): Kept {
  const counts = new Map<string, number>();
  for (const { team, event } of recorded) {
    counts.set(`${team} ${event}`, (counts.get(`${team} ${event}`) ?? 0) + 1);
  }
  const found = acknowledged.map(({ team, event }) => counts.get(`${team} ${event}`) ?? 0);
  return {
    acknowledged: acknowledged.length,
    lost: found.filter((count) => count === 0).length,
    doubled: found.filter((count) => count > 1).length,
  };
}

/** Calls a route with an organiser's token. */
export type Organise = <Told>(method: string, path: string, body?: object | string) => Promise<Told>;

/** The engine, PostgreSQL its origin. */
export async function startEngineContestant(
  through: string,
  { vars = {}, ...more }: Pick<EngineOptions, "vars" | "entry"> = {},
): Promise<Contestant & { organise: Organise }> {
  const engine = await startEngine({
    ...more,
    origin: { postgres: through },
    vars: { RATE_LIMITS: "off", ...vars },
    log: () => undefined, // it warns of every failed call
  });
  const organise: Organise = (method, path, body) => callAsOrganiser(engine, method, path, body);
  await organise("PUT", `/v1/hunts/${HUNT}`, {
    format: 1,
    title: "The Story",
    teams: { mode: "solo" },
    attempts: { burst: 1_000, refillPerMinute: 1_000, perClue: 0 },
    rounds: [{ id: "all", title: "All" }],
    clues: clues().map(({ id, title, body, points, answer }) => ({
      id,
      round: "all",
      title,
      body,
      kind: "answer",
      points,
      answers: [answer],
    })),
  });
  await organise("POST", `/v1/hunts/${HUNT}/phase`, { phase: "live" });
  return {
    name: "engine",
    url: engine.url,
    organise,
    stop: () => engine.stop(),
    caughtUp: async () => {
      const { backlog } = await organise<OriginState>("GET", "/v1/ops/origin");
      return backlog.unknownShards === 0 && backlog.oldestSeconds <= ON_ITS_WAY;
    },
    settle: async () => {
      const deadline = performance.now() + SETTLE_MAX;
      for (;;) {
        const { backlog } = await organise<OriginState>("GET", "/v1/ops/origin");
        if (backlog.segments === 0 && backlog.unknownShards === 0) break;
        if (performance.now() > deadline) throw new Error(`the backlog stays: ${JSON.stringify(backlog)}`);
        await sleep(SETTLE_POLL);
      }
      const verified = await organise<Verification>("GET", `/v1/hunts/${HUNT}/verify`);
      if (!verified.ok) throw new Error(`the hunt is not whole: ${JSON.stringify(verified)}`);
    },
    kept: async (acknowledged) => {
      const token = await mintOrganiserToken(engine.secrets);
      const response = await fetch(new URL(`/v1/hunts/${HUNT}/export`, engine.url), {
        headers: { authorization: `Bearer ${token}` },
      });
      const lines = (await response.text()).split("\n").filter((line) => line !== "");
      return keptOf(
        acknowledged,
        lines.flatMap((line): Acknowledged[] => {
          const fact = JSON.parse(line) as ExportLine;
          return "event" in fact ? [{ team: fact.team, event: fact.event }] : [];
        }),
      );
    },
  };
}

async function callAsOrganiser<Told>(
  engine: Engine,
  method: string,
  path: string,
  body?: object | string,
): Promise<Told> {
  const token = await mintOrganiserToken(engine.secrets);
  const response = await fetch(new URL(path, engine.url), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": typeof body === "string" ? "application/x-ndjson" : "application/json",
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Told;
}

/**
 * The naive engine that the story begins with (baseline/worker.ts). `direct` is the same
 * database past the proxy: for the schema, the hunt, and looking at the end.
 */
export async function startBaseline(through: string, direct: string, scratch: string): Promise<Contestant> {
  await withClient(direct, async (client) => {
    await client.query(await readFile(join(import.meta.dirname, "baseline", "schema.sql"), "utf8"));
    await client.query("INSERT INTO hunt (id, title, phase) VALUES ($1, 'The Story', 'live')", [HUNT]);
    for (const { id, title, body, points, answer } of clues()) {
      await client.query("INSERT INTO clue (hunt, id, title, body, points) VALUES ($1, $2, $3, $4, $5)", [
        HUNT,
        id,
        title,
        body,
        points,
      ]);
      await client.query("INSERT INTO accepted_answer (hunt, clue, answer) VALUES ($1, $2, $3)", [
        HUNT,
        id,
        answer,
      ]);
    }
    await client.query("ANALYZE");
  });
  const script = join(scratch, "baseline.js");
  await buildWorker(new URL("./baseline/worker.ts", import.meta.url), script, {
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*", "pg-native"],
    plugins: [nodeModulesOfWorkerd],
  });
  const miniflare = startWorker("baseline", script, {
    durableObjects: { SERVER: { className: "Server", useSQLite: true } },
    hyperdrives: { DATABASE: through },
    // Every refused connection is a line.
    log: new NoOpLog(),
    handleStructuredLogs: () => undefined,
  });
  return {
    name: "baseline",
    url: await miniflare.ready,
    stop: () => miniflare.dispose(),
    caughtUp: async () => true, // it writes before it responds
    settle: async () => undefined,
    kept: (acknowledged) =>
      withClient(direct, async (client) => {
        const { rows } = await client.query<Acknowledged>("SELECT team::text, event FROM submission");
        return keptOf(acknowledged, rows);
      }),
  };
}

/** `require` of a Node module, in a bundle whose platform only imports them. */
const nodeModulesOfWorkerd: Plugin = {
  name: "node modules of workerd",
  setup(bundler) {
    const names = new RegExp(`^(node:)?(${builtinModules.join("|")})$`);
    bundler.onResolve({ filter: names }, ({ path, kind }) =>
      kind === "require-call"
        ? { path, namespace: "required-node-module" }
        : { path: path.startsWith("node:") ? path : `node:${path}`, external: true },
    );
    bundler.onLoad({ filter: /.*/, namespace: "required-node-module" }, ({ path }) => ({
      contents: `import found from "node:${path.replace(/^node:/, "")}"; module.exports = found;`,
    }));
  },
};

function clues(): { id: string; title: string; body: string; points: number; answer: string }[] {
  return Array.from({ length: CLUES }, (_, index) => ({
    id: `clue-${index}`,
    title: `Clue ${index}`,
    body: "Say the word.",
    points: 100,
    answer: `answer ${index}`,
  }));
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
