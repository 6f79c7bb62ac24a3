/** Searches the knee of the engine on this machine beside the floor, until it is found twice: docs/tune/knee.json. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startFloor } from "../bench/floor.ts";
import { actionsOf } from "../load/crowd.ts";
import { arrivalsOf, stretchesOf } from "../load/profile.ts";
import { quantileMs, runLoad, type Target } from "../load/run.ts";
import { openStage } from "../load/stage.ts";
import { chance } from "../measure/chance.ts";
import { meanOf } from "../measure/statistics.ts";
import { agree, findKnee, type Knee, type Step } from "./knee.ts";
import { RESULTS } from "./results.ts";
import { machine } from "./run.ts";

const CLUES = 50;
const PLAYERS = 300;

/** Of one step: many short ones follow the machine. */
const SECONDS = 2;

/** The responses to a step's last requests may come so much later, s. */
const GRACE = 0.1;

/** Before the search, in which code is compiled, s. */
const WARM_UP = 3;

/** Searches at most, until two in a row agree. */
const SEARCHES_MAX = 4;

const FROM = { engine: 800, floor: 1_200 };

export interface KneeResult {
  date: string;
  machine: string;
  /** ms. */
  p99: number;
  knees: Knee[];
}

const FILE = join(RESULTS, "knee.json");

export function readKnee(): KneeResult | undefined {
  try {
    return JSON.parse(readFileSync(FILE, "utf8")) as KneeResult;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

export async function searchKnee(p99: number, say: (line: string) => void): Promise<KneeResult> {
  const scratch = mkdtempSync(join(tmpdir(), "hunt-knee-"));
  try {
    const knees: Knee[] = [];
    while (knees.length < SEARCHES_MAX) {
      say(`knee, search ${knees.length + 1}`);
      knees.push(await searchOnce(scratch, p99, say));
      const [before, last] = knees.slice(-2);
      if (before && last && agree(before, last)) break;
    }
    const result: KneeResult = {
      date: new Date().toISOString().slice(0, 10),
      machine: machine(),
      p99,
      knees,
    };
    writeFileSync(FILE, `${JSON.stringify(result, null, 2)}\n`);
    return result;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function searchOnce(scratch: string, p99: number, say: (line: string) => void): Promise<Knee> {
  const floor = await startFloor(scratch);
  const stage = await openStage({ players: PLAYERS, sockets: 0, scratch });
  try {
    const targets: Record<"engine" | "floor", Target> = {
      engine: stage,
      floor: { origin: floor.url, hunt: "rpc", players: stage.players },
    };
    let seed = 0;
    const step = async (which: "engine" | "floor", rate: number, seconds: number): Promise<Step> => {
      seed += 1;
      return offer(targets[which], rate, seconds, seed);
    };
    for (const which of ["engine", "floor"] as const) await step(which, 200, WARM_UP);
    return await findKnee(FROM, { p99 }, async (which, rate) => {
      await sleep(300);
      const measured = await step(which, rate, SECONDS);
      say(
        `  ${which} ${rate.toFixed(0)}/s: p99 ${measured.p99.toFixed(0)} ms, ${(measured.achieved * 100).toFixed(1)} % in time, ${measured.failed} failed`,
      );
      return measured;
    });
  } finally {
    await stage.close();
    await floor.stop();
  }
}

/** An open loop of some seconds. */
async function offer(target: Target, rate: number, seconds: number, seed: number): Promise<Step> {
  const random = chance(seed);
  const actions = actionsOf(arrivalsOf(stretchesOf("soak", rate, seconds), random), {
    players: PLAYERS,
    clues: CLUES,
    mode: "http",
    random,
    // Ids differ from those of the step before: a repeated id is not a new event.
    name: `k${seed}`,
  });
  const run = await runLoad(actions, target);
  const third = Math.max(1, Math.floor(run.seconds.length / 3));
  const meanLatency = (from: number, to?: number): number =>
    meanOf(run.seconds.slice(from, to).flatMap(({ latencies }) => latencies)) || 0;
  return {
    rate,
    offered: run.offered,
    failed: run.failed,
    p99: quantileMs(run.all, 99),
    first: meanLatency(0, third),
    last: meanLatency(-third),
    achieved: Math.min(1, seconds / (run.took - GRACE)),
  };
}
