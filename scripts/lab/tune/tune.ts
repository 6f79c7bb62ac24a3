/**
 * Finds the knee of the engine on this machine, screens the parameters, confirms
 * those that matter, and recommends a [vars] block with its evidence.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { PARAMETERS } from "../../../src/config.ts";
import { type Chance, chance } from "../measure/chance.ts";
import { medianOf } from "../measure/statistics.ts";
import { differenceOf, isEffect } from "./bootstrap.ts";
import type { Confirmed, Evidence } from "./evidence.ts";
import type { Knee } from "./knee.ts";
import type { Measurements } from "./measurements.ts";
import { type Effect, effectsOf, type Factor, type Point, trajectory } from "./morris.ts";
import { Trials } from "./trials.ts";

/** Sensible values of the parameters that can matter on one machine, lowest first. */
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

/** Effects that one machine cannot show. */
const UNPROVEN = [
  "SHARDS_PER_REGION: here all objects share one process; on the platform each has a thread of its own. Size it by 500–1,000 requests/s a shard.",
  "HUNT_MEMORY_MS, LEADERBOARD_MEMORY_MS, LEADERBOARD_KV_MAX_AGE_MS: KV is on this disk here; across the world it lags by up to a minute.",
  "ORIGIN_*, GATE_*, LOOKUP_*: depend on your database and its distance; `npm run story` and the fault suite show how they act.",
  "QUEUE_BACKLOG_MAX, RESEND_AFTER_MS: the local queue loses nothing and holds about 10,000 messages.",
  "LIVE_*: sockets of thousands of phones on mobile networks.",
];

/** Fewer pairs give no interval worth a word. */
const PAIRS_MIN = 3;

/** How much is measured. */
interface Thoroughness {
  /** Of one load. */
  seconds: number;
  trajectories: number;
  pairs: number;
  /** Parameters that are confirmed, at most. */
  confirmed: number;
}

const QUICK: Thoroughness = { seconds: 4, trajectories: 2, pairs: 5, confirmed: 3 };
const FULL: Thoroughness = { seconds: 8, trajectories: 6, pairs: 10, confirmed: 6 };

export interface TuneSettings {
  /** The load the operator expects, requests/s. */
  target: number;
  /** ms. */
  p99: number;
  quick: boolean;
  /** Time for all of it. */
  minutes: number;
  say(line: string): void;
}

export async function tune(settings: TuneSettings, measurements: Measurements): Promise<Evidence> {
  const scratch = mkdtempSync(join(tmpdir(), "hunt-tune-"));
  try {
    return await new Tuning(settings, measurements, scratch).run();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

class Tuning {
  readonly #settings: TuneSettings;
  readonly #measurements: Measurements;
  readonly #trials: Trials;
  readonly #thorough: Thoroughness;
  readonly #random: Chance = chance(17);
  readonly #deadline: number;

  constructor(settings: TuneSettings, measurements: Measurements, scratch: string) {
    this.#settings = settings;
    this.#measurements = measurements;
    this.#thorough = settings.quick ? QUICK : FULL;
    this.#trials = new Trials(scratch, this.#thorough.seconds, settings.say);
    this.#deadline = Date.now() + settings.minutes * 60_000;
  }

  async run(): Promise<Evidence> {
    const { target, p99, quick, say } = this.#settings;
    const knees = await this.#knees();
    const knee = Math.min(...knees.map(({ rate }) => rate));
    say(`the knee is at ${knees.map(({ rate, limit }) => `${rate.toFixed(0)}/s (${limit})`).join(" and ")}`);
    if (knee <= 0) throw new Error("no load at all was carried within the target");
    const load = Math.round(Math.min(Math.max(target, knee * 0.5), knee * 0.8));
    const screening = await this.#screen(load);
    const { confirmed, recommended, worst } = await this.#confirm(screening, load);
    say("the recommended block against the worst sensible one");
    const { before, after } = await this.#pairs("gain", recommended, worst, load, PAIRS_MIN);
    return {
      date: new Date().toISOString().slice(0, 10),
      machine: `${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}, shared with the load generator`,
      quick,
      target,
      p99,
      knees: knees.map(({ rate, limit }) => ({ rate: Math.round(rate), limit })),
      load,
      screening,
      confirmed,
      recommended,
      worst,
      gain: {
        ...differenceOf(before, after, this.#random),
        recommended: medianOf(before),
        worst: medianOf(after),
        pairs: before.length,
      },
      unproven: UNPROVEN,
    };
  }

  get #isLate(): boolean {
    return Date.now() > this.#deadline;
  }

  async #knees(): Promise<Knee[]> {
    const { target, p99, say } = this.#settings;
    const knees: Knee[] = [];
    for (const search of [1, 2]) {
      say(`knee, search ${search}`);
      const measure = () => this.#trials.knee(Math.min(400, target), { p99 });
      knees.push(await this.#measurements.once(`knee ${search}`, measure));
    }
    return knees;
  }

  /** Tells which parameters matter at all, by Morris' elementary effects. */
  async #screen(load: number): Promise<Effect[]> {
    const { say } = this.#settings;
    say(`screening ${FACTORS.length} parameters at ${load}/s`);
    const runs: { points: Point[]; responses: number[] }[] = [];
    for (let round = 0; round < this.#thorough.trajectories && !this.#isLate; round += 1) {
      const points = trajectory(FACTORS, this.#random);
      const responses: number[] = [];
      for (const [index, point] of points.entries()) {
        const vars = Object.fromEntries(
          FACTORS.map(({ name, levels }, factor) => [name, levels[point[factor] ?? 0] ?? 0]),
        );
        const measure = () => this.#trials.p99(vars, load);
        responses.push(await this.#measurements.once(`screen ${round} ${index}`, measure));
        say(`  ${round + 1}.${index}: p99 ${responses.at(-1)?.toFixed(1)} ms`);
        if (this.#isLate) break;
      }
      runs.push({ points: points.slice(0, responses.length), responses });
    }
    return effectsOf(FACTORS, runs);
  }

  /** Compares pairs for those that matter most. */
  async #confirm(
    screening: readonly Effect[],
    load: number,
  ): Promise<Pick<Evidence, "confirmed" | "recommended" | "worst">> {
    const confirmed: Confirmed[] = [];
    const recommended: Record<string, number> = {};
    const worst: Record<string, number> = {};
    for (const { name, mu } of screening) {
      const levels = FACTORS.find((factor) => factor.name === name)?.levels ?? [];
      const low = levels[0] ?? 0;
      const high = levels.at(-1) ?? 0;
      worst[name] = mu > 0 ? high : low;
      if (confirmed.length >= this.#thorough.confirmed || this.#isLate) continue;
      const other = mu > 0 ? low : high;
      const from = defaultOf(name);
      const to = other === from ? worst[name] : other;
      this.#settings.say(`${name}: ${from} against ${to}`);
      const { before, after } = await this.#pairs(`pair ${name}`, { [name]: from }, { [name]: to }, load);
      if (before.length < PAIRS_MIN) continue;
      const interval = differenceOf(before, after, this.#random);
      confirmed.push({ name, from, to, pairs: before.length, ...interval });
      if (isEffect(interval)) recommended[name] = interval.difference < 0 ? to : from;
    }
    return { confirmed, recommended, worst };
  }

  /** Measures two blocks in turn, so that a machine that slows down disturbs both alike; at least `least` pairs. */
  async #pairs(
    title: string,
    one: Record<string, number>,
    other: Record<string, number>,
    load: number,
    least = 0,
  ): Promise<{ before: number[]; after: number[] }> {
    const before: number[] = [];
    const after: number[] = [];
    for (let pair = 0; pair < this.#thorough.pairs && !(this.#isLate && pair >= least); pair += 1) {
      for (const first of pair % 2 === 0 ? [true, false] : [false, true]) {
        const measure = () => this.#trials.p99(first ? one : other, load);
        const value = await this.#measurements.once(`${title} ${pair} ${first}`, measure);
        (first ? before : after).push(value);
      }
    }
    return { before, after };
  }
}

const defaultOf = (name: string): number =>
  Number((PARAMETERS as Record<string, { default: number | string }>)[name]?.default);
