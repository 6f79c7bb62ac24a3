/** Rounds of closed loops: floors and engine take turns, so that a noisy machine disturbs them alike. */
import { cpuSeconds } from "../measure/cpu.ts";
import { quantileOf } from "../measure/statistics.ts";
import { type Call, closedLoop } from "./client.ts";
import { type Case, caseOf, ratioOf } from "./figures.ts";

export interface Contender {
  name: string;
  origin: string;
  /** Its workerd process, for CPU time. */
  pid: number | undefined;
  next(): Call;
  check?(body: string): boolean;
  /** Done before each of its turns, which it is no part of. */
  before?(): Promise<void>;
  /** Events in a request; default 1. Rates are events. */
  events?: number;
  connections?: number;
}

export interface Settings {
  rounds: number;
  seconds: number;
  connections: number;
  /** Of the opening; default: 2,000. */
  players?: number | undefined;
  /** The folder of a kept bundle that takes turns with the current engine. */
  baseline?: string | undefined;
  say(line: string): void;
}

/** Of one contender, round by round. */
export interface Rounds {
  /** Events per second. */
  rates: number[];
  /** CPU time of workerd per event, µs; empty where it cannot be known. */
  cpu: number[];
  /** Latency of the requests, ms. */
  p50: number[];
  p99: number[];
}

/** The ratios of one contender to another: of their rates, and of the CPU time of an event. Above 1 it is better. */
export function ratiosOf(all: ReadonlyMap<string, Rounds>, name: string, other: string): Case[] {
  const [own, others] = [all.get(name), all.get(other)];
  if (!own || !others) throw new Error(`${name} and ${other} did not take turns`);
  const title = `${name} / ${other}`;
  return [
    ratioOf(title, own.rates, others.rates),
    ...(own.cpu.length > 0 && others.cpu.length > 0
      ? [ratioOf(`${title}, CPU per event`, others.cpu, own.cpu)]
      : []),
  ];
}

/** Seconds of each contender before anything counts: code is compiled then. */
const WARM_UP = 2;

export async function takeTurns(
  contenders: readonly Contender[],
  { rounds, seconds, connections, say }: Settings,
): Promise<Map<string, Rounds>> {
  const all = new Map<string, Rounds>(
    contenders.map(({ name }) => [name, { rates: [], cpu: [], p50: [], p99: [] }]),
  );
  const once = async (contender: Contender, duration: number) => {
    const { origin, next, check } = contender;
    await contender.before?.();
    const cpu = cpuSeconds(contender.pid);
    const run = await closedLoop({
      origin,
      next,
      check,
      connections: contender.connections ?? connections,
      seconds: duration,
    });
    if (run.failed > 0) {
      throw new Error(
        `${run.failed} of ${run.requests} responses of ${contender.name} are wrong: ${run.failure}`,
      );
    }
    const events = run.requests * (contender.events ?? 1);
    return { run, events, cpu: ((cpuSeconds(contender.pid) ?? Number.NaN) - (cpu ?? 0)) * 1e6 };
  };
  say("warming up");
  for (const contender of contenders) await once(contender, WARM_UP);
  for (let round = 0; round < rounds; round += 1) {
    // Another one begins each time: garbage and flushes of one run fall into the next.
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round) % contenders.length];
      if (!contender) continue;
      const { run, events, cpu } = await once(contender, seconds);
      const figures = all.get(contender.name);
      figures?.rates.push(events / run.seconds);
      figures?.p50.push(quantileOf(run.latencies, 0.5));
      figures?.p99.push(quantileOf(run.latencies, 0.99));
      if (Number.isFinite(cpu)) figures?.cpu.push(cpu / events);
      const rate = `${(events / run.seconds).toFixed(0)}/s`.padStart(9);
      say(`round ${round + 1} ${contender.name.padEnd(24)} ${rate}  ${(cpu / events).toFixed(0)} µs CPU`);
    }
  }
  return all;
}

/** Rates, CPU time and latencies of each contender as cases. */
export function casesOf(all: ReadonlyMap<string, Rounds>): Case[] {
  return [...all].flatMap(([name, { rates, cpu, p50, p99 }]) => [
    caseOf(name, "1/s", rates),
    ...(cpu.length > 0 ? [caseOf(`${name}: CPU per event`, "µs", cpu)] : []),
    caseOf(`${name}: p50`, "ms", p50),
    caseOf(`${name}: p99`, "ms", p99),
  ]);
}
