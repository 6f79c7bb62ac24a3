/**
 * Records runs of the local engine that go wrong, for the tests of advice:
 *
 *   node scripts/lab/advice/record.ts [scenario…]
 *
 * writes test/control/advice/recordings/<scenario>.json.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readConfig } from "../../../src/config.ts";
import type { Reading } from "../../../src/control/advice/judge.ts";
import { startPostgres } from "../../local/postgres.ts";
import { buildEntry } from "../engine-entry.ts";
import { startProxy } from "../faults/proxy.ts";
import { startEngineContestant } from "../story/contestant.ts";
import type { Recording } from "./recording.ts";
import { SCENARIOS, type Scenario, type Stage } from "./scenarios.ts";

const FOLDER = join(import.meta.dirname, "..", "..", "..", "test", "control", "advice", "recordings");

/** Between two samples, ms. */
const EVERY = 1_000;

/** Samples that are kept after a player noticed. */
const AFTER = 2;

const asked = process.argv.slice(2);
const entry = await buildEntry(new URL("./reading/worker.ts", import.meta.url));
await mkdir(FOLDER, { recursive: true });
for (const scenario of SCENARIOS) {
  if (asked.length > 0 && !asked.includes(scenario.name)) continue;
  const recording = await record(scenario);
  const { samples, ...head } = recording;
  // A sample a line.
  const text = `${textOf(head).slice(0, -1)},"samples":[\n${samples.map(textOf).join(",\n")}\n]}\n`;
  await writeFile(join(FOLDER, `${scenario.name}.json`), text);
  console.log(
    `${scenario.name}: ${recording.requests} requests, ${samples.length} samples, wrong from ${recording.wrongFrom ?? "never"}, noticed ${recording.noticed ? `at ${recording.noticed.at} s: ${recording.noticed.what}` : "by nobody"}`,
  );
}

/** Figures to a thousandth. */
function textOf(value: object): string {
  return JSON.stringify(value, (_, each) =>
    typeof each === "number" ? Math.round(each * 1_000) / 1_000 : each,
  );
}

async function record({ name, what, vars, run }: Scenario): Promise<Recording> {
  const postgres = await startPostgres();
  const address = new URL(postgres.url);
  const proxy = await startProxy({ upstream: { host: address.hostname, port: Number(address.port) } });
  address.port = String(proxy.port);
  try {
    const all = { ...vars, METRICS_FLUSH_MS: "1000" };
    const engine = await startEngineContestant(address.href, { vars: all, entry });
    try {
      const samples: Recording["samples"] = [];
      let requests = 0;
      let noticed: Recording["noticed"];
      let wrongFrom: number | undefined;
      let began = 0;
      const now = (): number => Math.round((performance.now() - began) / 10) / 100;
      const stage: Stage = {
        url: engine.url,
        proxy,
        organise: engine.organise,
        begin: () => {
          began = performance.now();
        },
        now,
        wrong: () => {
          wrongFrom ??= now();
        },
        requested: (count = 1) => {
          requests += count;
        },
        failed: (what, at = now()) => {
          if (noticed === undefined || at < noticed.at) noticed = { at, what };
        },
        hasNoticed: () => noticed !== undefined,
      };
      let isOver = false;
      const sampling = (async () => {
        for (;;) {
          await sleep(EVERY);
          if (isOver) return;
          if (began === 0) continue;
          const at = now();
          const response = await fetch(new URL("/-/reading", engine.url));
          if (!response.ok) throw new Error(`no reading: ${response.status} ${await response.text()}`);
          samples.push({ at, reading: (await response.json()) as Reading });
        }
      })();
      await run(stage);
      isOver = true;
      await sampling;
      const last = noticed?.at ?? Number.POSITIVE_INFINITY;
      const before = samples.filter(({ at }) => at <= last);
      const config = readConfig(all);
      return {
        scenario: name,
        what,
        vars: all,
        limits: {
          SHARD_FULL_BYTES: config.SHARD_FULL_BYTES,
          WAITING_COMMANDS_MAX: config.WAITING_COMMANDS_MAX,
          LIVE_SOCKETS_PER_OBJECT: config.LIVE_SOCKETS_PER_OBJECT,
          QUEUE_BACKLOG_MAX: config.QUEUE_BACKLOG_MAX,
          ORIGIN_TIMEOUT_MS: config.ORIGIN_TIMEOUT_MS,
          LOOKUP_LIMIT_MS: config.LOOKUP_LIMIT_MS,
          GATE_MIN_CALLS: config.GATE_MIN_CALLS,
          GATE_FAILED_SHARE: config.GATE_FAILED_SHARE,
          GATE_SLOW_SHARE: config.GATE_SLOW_SHARE,
        },
        ...(wrongFrom === undefined ? {} : { wrongFrom }),
        ...(noticed === undefined ? {} : { noticed }),
        requests,
        samples: samples.slice(0, before.length + AFTER),
      };
    } finally {
      await engine.stop();
    }
  } finally {
    await proxy.close();
    await postgres.stop();
  }
}
