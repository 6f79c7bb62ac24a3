/**
 * Experiments on engines that run: one for each value, side by side for the
 * whole experiment, so that in a round all values have the same minute of the
 * machine, with a floor beside them: a Worker and an object that do nothing.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Engine, startEngine } from "../../local/engine.ts";
import { mintOrganiserToken } from "../../local/secrets.ts";
import { type Floor, startFloor } from "../bench/floor.ts";
import { buildEntry } from "../engine-entry.ts";
import { meanOf, medianOf } from "../measure/statistics.ts";
import type { Bench, Experiment, Figures, Measured } from "./experiment.ts";

/** Calls on the floor before and after what is measured, one after the other. */
const FLOOR_CALLS = 25;

/** Longest wait for the queue, the standings or anything else to come to rest, ms. */
const REST_MAX = 60_000;

/** An engine with one value. */
export class Subject {
  readonly engine: Engine;
  readonly value: number;
  /** The Worker's log lines. */
  readonly lines: string[];
  readonly #token: string;
  #hunts = 0;

  private constructor(engine: Engine, value: number, lines: string[], token: string) {
    this.engine = engine;
    this.value = value;
    this.lines = lines;
    this.#token = token;
  }

  static async start(
    value: number,
    vars: Record<string, string>,
    entry: string,
    dataDir: string,
  ): Promise<Subject> {
    const lines: string[] = [];
    const engine = await startEngine({
      dataDir,
      vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "1", SHARDS_MAX: "1", ...vars },
      entry,
      log: (_, text) => lines.push(text),
    });
    return new Subject(engine, value, lines, await mintOrganiserToken(engine.secrets));
  }

  /** Any call; the status and the text. */
  async call(
    method: string,
    path: string,
    {
      body,
      token,
      address,
    }: { body?: unknown; token?: string | undefined; address?: string | undefined } = {},
  ): Promise<{ status: number; text: string }> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(new URL(path, this.engine.url), {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(address === undefined ? {} : { "cf-connecting-ip": address }),
        ...(body === undefined
          ? {}
          : { "content-type": typeof body === "string" ? "application/x-ndjson" : "application/json" }),
      },
      ...(body === undefined ? {} : { body: text }),
    });
    return { status: response.status, text: await response.text() };
  }

  /** A call that must succeed. */
  async ask<Told>(method: string, path: string, options: Parameters<Subject["call"]>[2] = {}): Promise<Told> {
    const { status, text } = await this.call(method, path, options);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`);
    return JSON.parse(text) as Told;
  }

  organise<Told>(method: string, path: string, body?: unknown): Promise<Told> {
    return this.ask<Told>(method, path, { token: this.#token, ...(body === undefined ? {} : { body }) });
  }

  /** Publishes a hunt that nobody has played yet, live at once unless told otherwise; its id. */
  async publish(definition: object, live = true): Promise<string> {
    this.#hunts += 1;
    const hunt = `tune-${this.#hunts}`;
    await this.organise("PUT", `/v1/hunts/${hunt}`, { ...definition, hunt });
    if (live) await this.organise("POST", `/v1/hunts/${hunt}/phase`, { phase: "live" });
    return hunt;
  }

  /** Billed calls so far (scripts/lab/bench/counting). */
  counts(): Promise<Record<string, number>> {
    return this.ask("GET", "/-/counts");
  }

  seen(): Promise<{ facts: number; messages: number; ageSum: number; mostInFlight: number }> {
    return this.ask("GET", "/-/seen");
  }

  disturb(originDelay: number): Promise<unknown> {
    return this.ask("PUT", "/-/disturb", { body: { originDelay } });
  }
}

/** Polls until it is so; throws when that does not come. */
export async function until(what: string, isSo: () => Promise<boolean>, every = 50): Promise<void> {
  for (const end = performance.now() + REST_MAX; performance.now() < end; await sleep(every)) {
    if (await isSo()) return;
  }
  throw new Error(`${what}: it does not come`);
}

/** Of the counts of two moments. */
export function between(
  before: Record<string, number>,
  after: Record<string, number>,
  isCounted: (name: string) => boolean,
): number {
  return Object.entries(after)
    .filter(([name]) => isCounted(name))
    .reduce((sum, [name, count]) => sum + count - (before[name] ?? 0), 0);
}

/** One trial: a value's engine in one round. */
export interface Trial {
  subject: Subject;
  round: number;
  seed: number;
  floor: Floor;
}

type OnEngines = Omit<Experiment, "how" | "rounds" | "open" | "floor"> & {
  rounds?: number;
  /** Of the engine with this value, beside the parameter itself. */
  vars?: Record<string, string | number>;
  /** One after the other, in another order each round: where they would disturb each other. */
  inTurn?: true;
  trial(trial: Trial): Promise<Figures>;
};

const ROUNDS = 5;

export function onEngines({ trial, vars = {}, inTurn, rounds = ROUNDS, ...declared }: OnEngines): Experiment {
  const { parameter, values } = declared;
  return {
    ...declared,
    how: "engine",
    rounds,
    floor: "a call on an object that does nothing, ms",
    async open(seed): Promise<Bench> {
      const scratch = mkdtempSync(join(tmpdir(), "hunt-tune-"));
      const subjects: Subject[] = [];
      let floor: Floor | undefined;
      const close = async (): Promise<void> => {
        await Promise.all(subjects.map(({ engine }) => engine.stop()));
        await floor?.stop();
        rmSync(scratch, { recursive: true, force: true });
      };
      try {
        const running = await startFloor(scratch);
        floor = running;
        const entry = await buildEntry(new URL("./disturbed/worker.ts", import.meta.url));
        for (const value of values) {
          const own = { ...vars, [parameter]: value };
          const texts = Object.fromEntries(Object.entries(own).map(([name, text]) => [name, String(text)]));
          subjects.push(await Subject.start(value, texts, entry, join(scratch, `engine-${subjects.length}`)));
        }
        const measure = async (subject: Subject, round: number): Promise<Figures> =>
          trial({ subject, round, seed: seed + round, floor: running });
        return {
          close,
          async round(number) {
            if (!inTurn) {
              const before = await floorMs(running);
              const figures = await Promise.all(subjects.map((subject) => measure(subject, number)));
              const rpc = meanOf([before, await floorMs(running)]);
              return subjects.map(({ value }, index) => ({
                value,
                figures: figures[index] ?? {},
                floor: { rpc },
              }));
            }
            const measured: Measured[] = [];
            const shift = number % subjects.length;
            for (const subject of [...subjects.slice(shift), ...subjects.slice(0, shift)]) {
              const before = await floorMs(running);
              const figures = await measure(subject, number);
              const rpc = meanOf([before, await floorMs(running)]);
              measured.push({ value: subject.value, figures, floor: { rpc } });
            }
            return measured;
          },
        };
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

/** The median of some calls on the floor, ms. */
async function floorMs({ url }: Floor): Promise<number> {
  const times: number[] = [];
  const body = JSON.stringify({ events: [] });
  for (let count = 0; count < FLOOR_CALLS; count += 1) {
    const begun = performance.now();
    const response = await fetch(new URL("/rpc", url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    await response.text();
    times.push(performance.now() - begun);
  }
  return medianOf(times);
}
