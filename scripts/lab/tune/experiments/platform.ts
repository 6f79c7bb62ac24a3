/**
 * Simulations of engine classes whose types name the platform. They have a
 * tsconfig of their own, and what they can be asked stands here, without it.
 */
import type { Figures } from "../experiment.ts";

/** src/cache/kv.ts in isolates that share a KV. */
export interface CacheSimulation {
  /** A hunt that changes, read by many. */
  hunt(vars: Record<string, number>, seed: number): Promise<Figures>;
  /** A hunt that does not change, of which somebody puts an old entry back into KV. */
  putBack(vars: Record<string, number>, seed: number): Promise<Figures>;
  /** Standings that move all the time; `late`: KV is a minute behind. */
  board(vars: Record<string, number>, seed: number, late: boolean): Promise<Figures>;
}

/** src/proof/roots.ts over the logs of many shards. */
export interface RootsSimulation {
  roots(every: number, seed: number): Promise<Figures>;
}

/** src/telemetry/flush.ts in many isolates. */
export interface FlushSimulation {
  flushes(every: number, seed: number): Promise<Figures>;
}

const load = async <Simulation>(file: string): Promise<Simulation> =>
  (await import(new URL(`./platform/${file}`, import.meta.url).href)) as Simulation;

export const cacheSimulation = (): Promise<CacheSimulation> => load("cache.ts");
export const rootsSimulation = (): Promise<RootsSimulation> => load("roots.ts");
export const flushSimulation = (): Promise<FlushSimulation> => load("flush.ts");
