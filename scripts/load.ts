/**
 * `npm run load`: an open-loop load of players, with a report. Options:
 *   --profile ramp|step|soak|spike|replay   --rate n (highest, requests/s)   --seconds n
 *   --mode http|batch|socket|mix   --players n   --seed n   --out folder
 *   --replay file (an export, or lines with `t`, team)   --speed n
 *   --target url --token organiser-token [--mine]: an engine that runs already
 */
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startFloor } from "./lab/bench/floor.ts";
import { actionsOf, MODES, type Mode } from "./lab/load/crowd.ts";
import {
  arrivalsOf,
  type Due,
  PROFILES,
  type ProfileName,
  replayOf,
  stretchesOf,
} from "./lab/load/profile.ts";
import { type Calibration, generatorLimit, percentileOf, writeReport } from "./lab/load/report.ts";
import { type LoadRun, quantileMs, runLoad } from "./lab/load/run.ts";
import { isLoopback, openStage } from "./lab/load/stage.ts";
import { chance } from "./lab/measure/chance.ts";

const CLUES = 50;

/** Seconds of the null worker at the highest rate. */
const CALIBRATION = 4;

const { values } = parseArgs({
  options: {
    profile: { type: "string", default: "ramp" },
    rate: { type: "string", default: "500" },
    seconds: { type: "string", default: "30" },
    mode: { type: "string", default: "http" },
    players: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    out: { type: "string", default: "load-report" },
    replay: { type: "string" },
    speed: { type: "string", default: "1" },
    target: { type: "string" },
    token: { type: "string" },
    mine: { type: "boolean", default: false },
  },
});

function fail(message: string): never {
  process.stderr.write(`load: ${message}\n`);
  process.exit(2);
}

function count(name: "rate" | "seconds" | "players" | "seed" | "speed", least: number, most: number): number {
  const value = Number(values[name]);
  if (!(value >= least && value <= most)) fail(`--${name} must be ${least} to ${most}`);
  return value;
}

const oneOf = <Name extends string>(option: string, names: readonly Name[], given: string): Name =>
  names.find((name) => name === given) ?? fail(`--${option} must be one of ${names.join(", ")}`);

const profile: ProfileName = oneOf("profile", PROFILES, values.profile);
const mode: Mode = oneOf("mode", MODES, values.mode);
const seconds = count("seconds", 1, 86_400);
const rate = count("rate", 1, 1_000_000);
const players = Math.floor(count("players", 1, 100_000));
const seed = count("seed", 0, 2 ** 31);
const target = values.target === undefined ? undefined : readTarget(values.target);

function readTarget(given: string): { url: URL; token: string } {
  if (!URL.canParse(given)) fail("--target must be a URL");
  const url = new URL(given);
  if (!isLoopback(url) && !values.mine) {
    fail(`${url.host} is another machine: say --mine if it is yours to burden`);
  }
  const token = values.token ?? process.env.HUNT_TOKEN;
  if (!token) fail("a target needs --token, or HUNT_TOKEN: an organiser's, to make a hunt for the load");
  return { url, token };
}

async function dueOf(): Promise<Due[]> {
  const random = chance(seed);
  if (profile !== "replay") return [...arrivalsOf(stretchesOf(profile, rate, seconds), random)];
  if (values.replay === undefined) fail("--profile replay needs --replay file: an export of a hunt");
  const path = resolve(process.env.INIT_CWD ?? process.cwd(), values.replay);
  const text = await readFile(path, "utf8").catch(() => fail(`${path} cannot be read`));
  try {
    const speed = count("speed", 0.001, 1_000_000);
    return replayOf(text.split("\n"), speed).filter(({ at }) => at < seconds * 1_000);
  } catch (error) {
    return fail(`${path}: ${(error as Error).message}`);
  }
}

const tty = process.stderr.isTTY;
const BARS = "▁▂▃▄▅▆▇█";

/** One line a second; on a terminal in its place, with the last half minute's p99 as bars. */
function show(run: LoadRun): void {
  const done = run.seconds.slice(0, -1);
  const last = done.at(-1);
  if (!last) return;
  const p99 = done.slice(-30).map(({ latencies }) => percentileOf(latencies, 0.99));
  const most = Math.max(...p99, 1);
  const bars = p99.map((value) => BARS[Math.min(7, Math.floor((value / most) * 7.99))]).join("");
  const line = `${String(done.length).padStart(4)} s  ${String(last.offered).padStart(6)}/s  p50 ${percentileOf(last.latencies, 0.5).toFixed(1).padStart(7)} ms  p99 ${(p99.at(-1) ?? 0).toFixed(1).padStart(7)} ms  failed ${run.failed}`;
  process.stderr.write(tty ? `\r\u001b[K${line}  ${bars}` : `${line}\n`);
}

/** The same requests of the highest rate against a worker that does nothing: what the generator can. */
async function calibrate(scratch: string, highest: number): Promise<Calibration> {
  const floor = await startFloor(scratch);
  try {
    const random = chance(seed);
    const of = (length: number) =>
      actionsOf(arrivalsOf(stretchesOf("soak", highest, length), random), {
        players,
        clues: CLUES,
        mode: mode === "batch" ? "batch" : "http",
        random,
      });
    const stage = { origin: floor.url, hunt: "null", players: [{ token: "none" }] };
    await runLoad(of(1), stage); // code is compiled then
    const run = await runLoad(of(CALIBRATION), stage);
    return {
      rate: highest,
      p99: quantileMs(run.all, 99),
      latestSend: run.latestSend,
      achieved: Math.min(1, CALIBRATION / run.took),
    };
  } finally {
    await floor.stop();
  }
}

const scratch = mkdtempSync(join(tmpdir(), "hunt-load-"));
try {
  const due = await dueOf();
  if (due.length === 0) fail("there is nothing to send");
  const bySecond = new Map<number, number>();
  for (const { at } of due)
    bySecond.set(Math.floor(at / 1_000), (bySecond.get(Math.floor(at / 1_000)) ?? 0) + 1);
  const highest = Math.max(...bySecond.values());
  process.stderr.write(`calibrating: a null worker at ${highest}/s\n`);
  const calibration = await calibrate(scratch, highest);
  process.stderr.write(`${players} players join\n`);
  const wantsSockets = mode === "socket" || mode === "mix";
  const stage = await openStage({
    players,
    sockets: wantsSockets ? players : 0,
    target,
    scratch,
  });
  try {
    const random = chance(seed + 1);
    const actions = actionsOf(due, { players, clues: CLUES, mode, random });
    const run = await runLoad(actions, stage, show);
    process.stderr.write(tty ? "\n" : "");
    const out = resolve(process.env.INIT_CWD ?? process.cwd(), values.out);
    const text = await writeReport(
      out,
      run,
      {
        title: `Load: ${profile}`,
        settings: {
          profile,
          mode,
          "highest second": `${highest} requests`,
          seconds: (due.at(-1)?.at ?? 0) / 1_000,
          players,
          seed,
          target: target
            ? target.url.host
            : "an engine of its own on this machine, which the generator shares",
        },
      },
      calibration,
    );
    process.stdout.write(`${text}\n`);
    process.stderr.write(`${join(out, "report.md")}\n`);
    const limit = generatorLimit(run, calibration);
    if (limit !== undefined) process.stderr.write(`the generator is the limit: ${limit}\n`);
  } finally {
    await stage.close();
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
