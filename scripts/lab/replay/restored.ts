/**
 * The real hunt of gph2020.ts, backed up from an engine on D1 and restored on one with other keys on PostgreSQL: are
 * the standings the same, does it verify, is it played on? Prints figures as JSON; exit code 1 when something differs.
 * It takes minutes, so it is no part of the tests:
 *
 *   GPH2020=../shared/data/gph2020 node scripts/bootstrap.mjs scripts/lab/replay/restored.ts
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Verification } from "../../../src/contract/data.ts";
import { main } from "../../hunt/main.ts";
import { type Engine, startEngine } from "../../local/engine.ts";
import { startPostgres } from "../../local/postgres.ts";
import { mintOrganiserToken } from "../../local/secrets.ts";
import { convert, DEFAULT_FOLDER } from "./gph2020.ts";

const HUNT = "gph2020";
const VARS = { RATE_LIMITS: "off" };

/** Entries of the leaderboard asked for at once: the most there are. */
const PAGE = 500;

/** How long the standings may take to have all facts, ms. */
const PATIENCE = 120_000;

type Verified = Pick<Verification, "ok" | "facts" | "teams" | "mismatches">;

interface Board {
  entries: { rank: number; score: number; team: { id: string; name: string } }[];
  total: number;
}

/** What it does now, for who waits. */
const tell = (what: string): void => {
  process.stderr.write(`${what} …\n`);
};

const seconds = (since: number): number => Math.round((performance.now() - since) / 100) / 10;

class Caller {
  readonly #engine: Engine;
  readonly token: string;

  constructor(engine: Engine, token: string) {
    this.#engine = engine;
    this.token = token;
  }

  get url(): string {
    return this.#engine.url.href;
  }

  async call<Told>(method: string, path: string, body?: string | object, token = this.token): Promise<Told> {
    const isText = typeof body === "string";
    const response = await fetch(new URL(`/v1/hunts/${HUNT}${path}`, this.#engine.url), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined
          ? {}
          : { "content-type": isText ? "application/x-ndjson" : "application/json" }),
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as Told;
  }

  async places(): Promise<Board["entries"]> {
    const rows: Board["entries"] = [];
    for (let offset = 0; ; offset += PAGE) {
      const { entries, total } = await this.call<Board>("GET", `/leaderboard?limit=${PAGE}&offset=${offset}`);
      rows.push(...entries);
      if (offset + PAGE >= total) return rows;
    }
  }

  /** The command line; throws when it fails. */
  async run(...words: string[]): Promise<number> {
    const begun = performance.now();
    const env = { HUNT_TOKEN: this.token };
    const exit = await main([...words, "--url", this.url], { ...process, env });
    if (exit !== 0) throw new Error(`${words[0]} ended with ${exit}`);
    return seconds(begun);
  }
}

/** The origin of a busy machine may be behind for longer than one verification waits. */
async function verifiedBy(of: Caller): Promise<Verified> {
  const until = performance.now() + PATIENCE;
  for (;;) {
    const told = await of.call<Verified>("GET", "/verify");
    if (told.ok || performance.now() > until) return told;
    tell(`once more, because of: ${JSON.stringify(told.mismatches.slice(0, 3))}`);
    await new Promise((done) => setTimeout(done, 500));
  }
}

async function untilEqual<Value>(read: () => Promise<Value>, expected: Value): Promise<boolean> {
  const until = performance.now() + PATIENCE;
  for (;;) {
    if (isDeepStrictEqual(await read(), expected)) return true;
    if (performance.now() > until) return false;
    await new Promise((done) => setTimeout(done, 500));
  }
}

const folder = await mkdtemp(join(tmpdir(), "hunt-restored-"));
const postgres = await startPostgres();
const engines: Engine[] = [];
try {
  const { definition, lines } = convert(process.env.GPH2020 ?? DEFAULT_FOLDER, { posthunt: false });
  const first = await startEngine({ dataDir: join(folder, "first"), vars: VARS });
  engines.push(first);
  const from = new Caller(first, await mintOrganiserToken(first.secrets));
  await from.call("PUT", "", { ...definition, hunt: HUNT });
  tell("importing the record");
  await from.call("POST", "/import", lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  tell("verifying");
  const verified = await from.call<Verified>("GET", "/verify");
  const places = await from.places();

  tell("backing it up");
  const target = join(folder, "backup");
  const backupSeconds = await from.run("backup", HUNT, target, "--quiet");
  const { size } = await stat(join(target, "hunt.ndjson"));

  tell("starting on PostgreSQL");
  const second = await startEngine({
    dataDir: join(folder, "second"),
    vars: VARS,
    origin: { postgres: postgres.url },
  });
  engines.push(second);
  const to = new Caller(second, await mintOrganiserToken(second.secrets));
  tell("restoring");
  const restoreSeconds = await to.run("restore", target, "--quiet");
  tell("comparing");
  const areSame = await untilEqual(() => to.places(), places);
  const again = await verifiedBy(to);

  tell("playing on");
  // Its time is past: with another end it goes on, and a team of then solves one more clue.
  await to.call("PUT", "", {
    ...definition,
    hunt: HUNT,
    closes: new Date(Date.now() + 86_400_000).toISOString(),
  });
  await to.call("POST", "/phase", { phase: "live", reopen: true, reason: "the copy goes on" });
  const joined = await to.call<{ token: string; player: { id: string } }>("POST", "/players", {
    name: "Who came later",
    team: { create: "Late Comers" },
  });
  const [clue] = definition.clues.filter(({ opens }) => opens === undefined || opens === "start");
  const { results } = await to.call<{ results: { outcome: string }[] }>(
    "POST",
    "/events",
    { events: [{ id: "e1", type: "answer", clue: clue?.id, answer: clue?.answers?.[0] }] },
    joined.token,
  );
  const after = await verifiedBy(to);
  const figures = {
    facts: verified.facts,
    teams: verified.teams,
    megabytes: Math.round(size / 100_000) / 10,
    backupSeconds,
    restoreSeconds,
    areStandingsTheSame: areSame,
    differences: [...again.mismatches, ...after.mismatches].slice(0, 5),
    isVerified: again.ok && again.facts === verified.facts && again.teams === verified.teams,
    playedOn: results[0]?.outcome,
    isVerifiedAfterwards: after.ok && after.facts > again.facts,
  };
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  const isRight =
    areSame && figures.isVerified && figures.playedOn === "correct" && figures.isVerifiedAfterwards;
  process.exitCode = isRight ? 0 : 1;
} finally {
  for (const engine of engines) await engine.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
