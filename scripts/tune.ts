/**
 * `npm run tune -- --target 2000 --p99 500ms`: finds the knee of the engine on
 * this machine, screens the parameters, confirms those that matter, and
 * recommends a [vars] block with its evidence. Options:
 *   --target n (requests/s the operator expects)   --p99 500ms   --quick (ten minutes)
 *   --minutes n (time for all of it)   --resume (go on where it stopped)
 *   --out file (docs/tune/evidence.json)   --state file
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { PARAMETERS } from "../src/config.ts";
import { actionsOf } from "./lab/load/crowd.ts";
import { arrivalsOf, stretchesOf } from "./lab/load/profile.ts";
import { quantileMs, runLoad } from "./lab/load/run.ts";
import { openStage, type Stage } from "./lab/load/stage.ts";
import { chance } from "./lab/measure/chance.ts";
import { differenceOf, isEffect } from "./lab/tune/bootstrap.ts";
import { type Confirmed, EVIDENCE, type Evidence } from "./lab/tune/evidence.ts";
import { findKnee, type Knee, type Step } from "./lab/tune/knee.ts";
import { effectsOf, type Factor, meanOf, trajectory } from "./lab/tune/morris.ts";

const CLUES = 50;
const PLAYERS = 300;

/** Sensible values of what can matter on one machine, lowest first. */
const FACTORS: Factor[] = [
  { name: "SHARDS_PER_REGION", levels: [1, 2, 4, 8] },
  { name: "WAITING_COMMANDS_MAX", levels: [200, 1_000, 2_000, 10_000] },
  { name: "PAGE_FLUSH_FACTS", levels: [1_000, 5_000, 20_000, 100_000] },
  { name: "SHIP_DELAY_MS", levels: [100, 500, 1_000, 2_000] },
  { name: "SHIP_WINDOW_MESSAGES", levels: [4, 16, 64, 256] },
  { name: "REPORT_DELAY_MS", levels: [50, 200, 500, 1_000] },
  { name: "PUBLISH_DELAY_MS", levels: [1_000, 2_000, 5_000, 10_000] },
  { name: "LEADERBOARD_MEMORY_MS", levels: [0, 100, 500, 2_000] },
  { name: "HUNT_MEMORY_MS", levels: [0, 100, 1_000, 10_000] },
  { name: "METRICS_FLUSH_MS", levels: [500, 2_000, 10_000, 60_000] },
];

/** What one machine cannot show of these. */
const UNPROVEN = [
  "SHARDS_PER_REGION: here all objects share one process; on the platform each has a thread of its own. Size it by 500–1,000 requests/s a shard.",
  "HUNT_MEMORY_MS, LEADERBOARD_MEMORY_MS, LEADERBOARD_KV_MAX_AGE_MS: KV is on this disk here; across the world it lags by up to a minute.",
  "ORIGIN_*, GATE_*, LOOKUP_*: depend on your database and its distance; `npm run story` and the fault suite show how they act.",
  "QUEUE_BACKLOG_MAX, RESEND_AFTER_MS: the local queue loses nothing and holds about 10,000 messages.",
  "LIVE_*: sockets of thousands of phones on mobile networks.",
];

const { values } = parseArgs({
  options: {
    target: { type: "string", default: "1000" },
    p99: { type: "string", default: "500ms" },
    quick: { type: "boolean", default: false },
    minutes: { type: "string" },
    resume: { type: "boolean", default: false },
    out: { type: "string", default: EVIDENCE },
    state: { type: "string", default: ".data/tune-state.json" },
  },
});

function fail(message: string): never {
  process.stderr.write(`tune: ${message}\n`);
  process.exit(2);
}
const target = Number(values.target);
if (!(target >= 1 && target <= 1_000_000)) fail("--target must be 1 to 1000000 requests/s");
const p99 = Number(/^(\d+)(?:ms)?$/.exec(values.p99)?.[1]);
if (!(p99 >= 1)) fail("--p99 must be like 500ms");
const minutes = Number(values.minutes ?? (values.quick ? 10 : 60));
if (!(minutes >= 1 && minutes <= 1_440)) fail("--minutes must be 1 to 1440");

const SECONDS = values.quick ? 4 : 8;
const TRAJECTORIES = values.quick ? 2 : 6;
const PAIRS = values.quick ? 5 : 10;
const CONFIRMED_MAX = values.quick ? 3 : 6;
const deadline = Date.now() + minutes * 60_000;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** What was measured so far, by what it was: a run that is resumed measures nothing twice. */
const statePath = resolve(process.env.INIT_CWD ?? process.cwd(), values.state);
const measured = new Map<string, unknown>(values.resume ? readState() : []);

function readState(): [string, unknown][] {
  try {
    const state = JSON.parse(readFileSync(statePath, "utf8")) as {
      settings: unknown;
      measured: [string, unknown][];
    };
    if (JSON.stringify(state.settings) !== JSON.stringify(settings())) {
      fail(`${statePath} is of a run with other settings; leave --resume out to begin anew`);
    }
    return state.measured;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function settings(): object {
  return { target, p99, quick: values.quick };
}

async function once<T>(what: string, measure: () => Promise<T>): Promise<T> {
  if (measured.has(what)) return measured.get(what) as T;
  const result = await measure();
  measured.set(what, result);
  mkdirSync(dirname(statePath), { recursive: true });
  writeFileSync(statePath, JSON.stringify({ settings: settings(), measured: [...measured] }));
  return result;
}

const isLate = (): boolean => Date.now() > deadline;

const scratch = mkdtempSync(join(tmpdir(), "hunt-tune-"));
let seed = 0;

/** An open loop of `seconds` on a stage. */
async function stepOn(stage: Stage, rate: number, seconds: number): Promise<Step> {
  seed += 1;
  const random = chance(seed);
  const actions = actionsOf(arrivalsOf(stretchesOf("soak", rate, seconds), random), {
    players: PLAYERS,
    clues: CLUES,
    mode: "http",
    random,
  });
  // Ids differ from those of the step before: a repeated id is not a new event.
  const renamed = (function* () {
    for (const action of actions) {
      yield { ...action, events: action.events.map((event) => ({ ...event, id: `${seed}-${event.id}` })) };
    }
  })();
  const run = await runLoad(renamed, stage);
  const third = Math.max(1, Math.floor(run.seconds.length / 3));
  const meanLatency = (from: number, to?: number): number =>
    meanOf(run.seconds.slice(from, to).flatMap(({ latencies }) => latencies));
  return {
    rate,
    offered: run.offered,
    failed: run.failed,
    p99: quantileMs(run.all, 99),
    first: meanLatency(0, third),
    last: meanLatency(-third),
    achieved: Math.min(1, seconds / run.took),
  };
}

async function kneeOf(vars: Record<string, string>): Promise<Knee> {
  const stage = await openStage({ players: PLAYERS, sockets: 0, scratch, vars });
  try {
    await stepOn(stage, 200, 2); // code is compiled then
    return await findKnee(Math.min(400, target), { p99 }, async (rate) => {
      await sleep(500);
      const step = await stepOn(stage, rate, SECONDS);
      say(
        `  ${rate.toFixed(0)}/s: p99 ${step.p99.toFixed(0)} ms, ${(step.achieved * 100).toFixed(1)} % in time, ${step.failed} failed`,
      );
      return step;
    });
  } finally {
    await stage.close();
  }
}

/** p99 of a block of vars under the load, ms. */
async function p99Of(vars: Record<string, number>, rate: number): Promise<number> {
  const stage = await openStage({
    players: PLAYERS,
    sockets: 0,
    scratch,
    vars: Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)])),
  });
  try {
    await stepOn(stage, rate / 2, 2);
    return (await stepOn(stage, rate, SECONDS)).p99;
  } finally {
    await stage.close();
  }
}

const defaultOf = (name: string): number =>
  Number((PARAMETERS as Record<string, { default: number | string }>)[name]?.default);

try {
  const random = chance(17);
  const knees: Knee[] = [];
  for (const round of [1, 2]) {
    say(`knee, search ${round}`);
    knees.push(await once(`knee ${round}`, () => kneeOf({})));
  }
  const knee = Math.min(...knees.map(({ rate }) => rate));
  say(`the knee is at ${knees.map(({ rate, limit }) => `${rate.toFixed(0)}/s (${limit})`).join(" and ")}`);
  if (knee <= 0) throw new Error("no load at all was carried within the target");
  const load = Math.round(Math.min(Math.max(target, knee * 0.5), knee * 0.8));

  say(`screening ${FACTORS.length} parameters at ${load}/s`);
  const runs: { points: number[][]; responses: number[] }[] = [];
  for (let round = 0; round < TRAJECTORIES && !isLate(); round += 1) {
    const points = trajectory(FACTORS, random);
    const responses: number[] = [];
    for (const [index, point] of points.entries()) {
      const vars = Object.fromEntries(
        FACTORS.map(({ name, levels }, factor) => [name, levels[point[factor] ?? 0] ?? 0]),
      );
      responses.push(await once(`screen ${round} ${index}`, () => p99Of(vars, load)));
      say(`  ${round + 1}.${index}: p99 ${responses.at(-1)?.toFixed(1)} ms`);
      if (isLate()) break;
    }
    runs.push({ points: points.slice(0, responses.length), responses });
  }
  const screening = effectsOf(FACTORS, runs);

  const confirmed: Confirmed[] = [];
  const recommended: Record<string, number> = {};
  const worst: Record<string, number> = {};
  for (const { name, mu } of screening) {
    const levels = FACTORS.find((factor) => factor.name === name)?.levels ?? [];
    const low = levels[0] ?? 0;
    const high = levels.at(-1) ?? 0;
    worst[name] = mu > 0 ? high : low;
    if (confirmed.length >= CONFIRMED_MAX || isLate()) continue;
    const other = mu > 0 ? low : high;
    const from = defaultOf(name);
    const to = other === from ? worst[name] : other;
    say(`${name}: ${from} against ${to}`);
    const before: number[] = [];
    const after: number[] = [];
    for (let pair = 0; pair < PAIRS && !isLate(); pair += 1) {
      // In turn, so that a machine that slows down disturbs both alike.
      for (const first of pair % 2 === 0 ? [true, false] : [false, true]) {
        const value = await once(`pair ${name} ${pair} ${first}`, () =>
          p99Of({ [name]: first ? from : to }, load),
        );
        (first ? before : after).push(value);
      }
    }
    const pairs = Math.min(before.length, after.length);
    if (pairs < 3) continue;
    const interval = differenceOf(before.slice(0, pairs), after.slice(0, pairs), random);
    confirmed.push({ name, from, to, pairs, ...interval });
    if (isEffect(interval)) recommended[name] = interval.difference < 0 ? to : from;
  }

  say("the recommended block against the worst sensible one");
  const good: number[] = [];
  const bad: number[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    for (const first of pair % 2 === 0 ? [true, false] : [false, true]) {
      const value = await once(`gain ${pair} ${first}`, () => p99Of(first ? recommended : worst, load));
      (first ? good : bad).push(value);
    }
    if (isLate() && good.length >= 3) break;
  }
  const gain = {
    ...differenceOf(good, bad, random),
    recommended: [...good].sort((a, b) => a - b)[good.length >> 1] ?? 0,
    worst: [...bad].sort((a, b) => a - b)[bad.length >> 1] ?? 0,
    pairs: good.length,
  };
  const evidence: Evidence = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}, shared with the load generator`,
    quick: values.quick,
    target,
    p99,
    knees: knees.map(({ rate, limit }) => ({ rate: Math.round(rate), limit })),
    load,
    screening,
    confirmed,
    recommended,
    worst,
    gain,
    unproven: UNPROVEN,
  };
  const out = resolve(process.env.INIT_CWD ?? process.cwd(), values.out);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify(evidence, null, 2)}\n`);
  print(evidence);
  say(out);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function print({ knees, confirmed, recommended, gain, unproven }: Evidence): void {
  const block = Object.entries(recommended).map(([name, value]) => {
    const found = confirmed.find((each) => each.name === name);
    const reason = found
      ? `# ${found.from} → ${found.to}: ${found.difference.toFixed(1)} ms of p99, 95 %: ${found.low.toFixed(1)} … ${found.high.toFixed(1)}`
      : "";
    return `${name} = "${value}" ${reason}`;
  });
  console.log(`# knee: ${knees.map(({ rate, limit }) => `${rate}/s (${limit})`).join(", ")}`);
  console.log("[vars]");
  console.log(block.length > 0 ? block.join("\n") : "# the defaults: nothing measured speaks against them");
  console.log(
    `# p99 ${gain.recommended.toFixed(1)} ms with these, ${gain.worst.toFixed(1)} ms with the worst sensible values (difference ${gain.difference.toFixed(1)}, 95 %: ${gain.low.toFixed(1)} … ${gain.high.toFixed(1)})`,
  );
  console.log("# unproven here:");
  for (const line of unproven) console.log(`#   ${line}`);
}
