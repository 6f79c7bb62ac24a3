/** Single trials of a tuning: an engine with certain vars under a certain load. */
import { setTimeout as sleep } from "node:timers/promises";
import { actionsOf } from "../load/crowd.ts";
import { arrivalsOf, stretchesOf } from "../load/profile.ts";
import { quantileMs, runLoad } from "../load/run.ts";
import { openStage, type Stage } from "../load/stage.ts";
import { chance } from "../measure/chance.ts";
import { meanOf } from "../measure/statistics.ts";
import { findKnee, type Knee, type Slo, type Step } from "./knee.ts";

const CLUES = 50;
const PLAYERS = 300;

/** Seconds before a trial, in which code is compiled. */
const WARM_UP = 2;

export class Trials {
  readonly #scratch: string;
  readonly #seconds: number;
  readonly #say: (line: string) => void;
  #seed = 0;

  /** `seconds`: of one load; `scratch`: a folder for the engines' data. */
  constructor(scratch: string, seconds: number, say: (line: string) => void) {
    this.#scratch = scratch;
    this.#seconds = seconds;
    this.#say = say;
  }

  /** Searches the knee of the engine as it is, from this rate on. */
  knee(from: number, slo: Slo): Promise<Knee> {
    return this.#onStage({}, async (stage) => {
      await this.#step(stage, 200, WARM_UP);
      return findKnee(from, slo, async (rate) => {
        await sleep(500);
        const step = await this.#step(stage, rate, this.#seconds);
        this.#say(
          `  ${rate.toFixed(0)}/s: p99 ${step.p99.toFixed(0)} ms, ${(step.achieved * 100).toFixed(1)} % in time, ${step.failed} failed`,
        );
        return step;
      });
    });
  }

  /** Gives the p99 of an engine with these vars at this rate, ms. */
  p99(vars: Record<string, number>, rate: number): Promise<number> {
    const texts = Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)]));
    return this.#onStage(texts, async (stage) => {
      await this.#step(stage, rate / 2, WARM_UP);
      return (await this.#step(stage, rate, this.#seconds)).p99;
    });
  }

  async #onStage<T>(vars: Record<string, string>, work: (stage: Stage) => Promise<T>): Promise<T> {
    const stage = await openStage({ players: PLAYERS, sockets: 0, scratch: this.#scratch, vars });
    try {
      return await work(stage);
    } finally {
      await stage.close();
    }
  }

  /** An open loop of `seconds` on a stage. */
  async #step(stage: Stage, rate: number, seconds: number): Promise<Step> {
    this.#seed += 1;
    const seed = this.#seed;
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
      meanOf(run.seconds.slice(from, to).flatMap(({ latencies }) => latencies)) || 0;
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
}
