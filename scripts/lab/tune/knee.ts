/**
 * The knee: the highest load that is still carried. On a machine that others use
 * its figure is one of the minute, so it is searched beside the floor's, step by
 * step in turn, and given as a ratio to it. Pure.
 */

/** The result of one step. */
export interface Step {
  /** Offered, requests/s. */
  rate: number;
  /** Answered by the time the step should have ended, as a share of those offered. */
  achieved: number;
  /** ms. */
  p99: number;
  /** Mean latency of the first and the last third of the step, ms. */
  first: number;
  last: number;
  failed: number;
  offered: number;
}

export interface Slo {
  /** ms. */
  p99: number;
}

/** Share of requests that may fail. */
const FAILED_MAX = 0.001;

/** Below this the server responds more slowly than it is asked. */
const ACHIEVED_MIN = 0.97;

/** By Little's law requests under way are rate times latency: where that grows within a step, a queue grows. */
const GROWTH_MAX = 3;

/** Growth below this latency is noise, ms. */
const GROWTH_FROM = 50;

/** Why the step was not carried; undefined: it was. */
export function whyNot(step: Step, slo: Slo): string | undefined {
  if (step.failed > step.offered * FAILED_MAX) return "errors";
  if (step.achieved < ACHIEVED_MIN) return "achieved";
  if (step.p99 > slo.p99) return "p99";
  if (step.last > GROWTH_FROM && step.last > step.first * GROWTH_MAX) return "queue grows";
  return undefined;
}

/** Ratios of neighbouring rates: the first until something fails, then a smaller one after each turn. */
const RATIOS = [1.5, 1.25, 1.12, 1.08];

/** Steps after those that only led to the knee: each tells little, on a machine that others use. */
const STEPS = 40;

/** Steps that lead there, at most. */
const LEAD_MAX = 20;

/** Below this rate nothing is carried at all. */
const RATE_MIN = 1;

/**
 * A search that goes up while a rate is carried and down while it is not: it
 * stays about the rate that is carried half of the time, and follows a machine
 * that slows down. One bad moment moves it by a step.
 */
export class Staircase {
  #rate: number;
  /** From carried to failed, or back. */
  #turns = 0;
  #wentUp: boolean | undefined;
  readonly #limits = new Map<string, number>();

  constructor(from: number) {
    this.#rate = from;
  }

  /** The next rate to offer. */
  get next(): number {
    return this.#rate;
  }

  /** It has come near the knee. */
  get isNear(): boolean {
    return this.#turns >= RATIOS.length - 1;
  }

  /** Nothing is carried. */
  get isNothing(): boolean {
    return this.#rate < RATE_MIN;
  }

  /** The rate was offered; `why`: it was not carried. */
  offered(why: string | undefined): void {
    const isCarried = why === undefined;
    if (why !== undefined) this.#limits.set(why, (this.#limits.get(why) ?? 0) + 1);
    if (this.#wentUp !== undefined && this.#wentUp !== isCarried) this.#turns += 1;
    this.#wentUp = isCarried;
    const ratio = RATIOS[Math.min(this.#turns, RATIOS.length - 1)] ?? 1;
    this.#rate *= isCarried ? ratio : 1 / ratio;
  }

  /** Why rates were not carried, most often. */
  get limit(): string {
    return [...this.#limits].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "none found";
  }
}

export interface Knee {
  /** Requests/s, and of the floor. */
  rate: number;
  floor: number;
  limit: string;
}

const geometricMean = (rates: readonly number[]): number =>
  Math.exp(rates.reduce((sum, rate) => sum + Math.log(rate), 0) / rates.length);

/**
 * Searches both in turn; `measure` is called with each rate. The knee is the
 * geometric mean of the rates that were offered once both were near, so that what is
 * compared is of the same minutes.
 */
export async function findKnee(
  from: { engine: number; floor: number },
  slo: Slo,
  measure: (which: "engine" | "floor", rate: number) => Promise<Step>,
): Promise<Knee> {
  const engine = new Staircase(from.engine);
  const floor = new Staircase(from.floor);
  const offered: { engine: number; floor: number }[] = [];
  for (let lead = 0; offered.length < STEPS; ) {
    if (engine.isNothing || floor.isNothing) return { rate: 0, floor: 0, limit: engine.limit };
    const isNear = (engine.isNear && floor.isNear) || lead >= LEAD_MAX;
    if (isNear) offered.push({ engine: engine.next, floor: floor.next });
    else lead += 1;
    engine.offered(whyNot(await measure("engine", engine.next), slo));
    floor.offered(whyNot(await measure("floor", floor.next), slo));
  }
  return {
    rate: geometricMean(offered.map((pair) => pair.engine)),
    floor: geometricMean(offered.map((pair) => pair.floor)),
    limit: engine.limit,
  };
}

/** Two knees agree when their ratios to the floor lie within this of each other. */
const AGREES = 0.1;

export const ratioOf = ({ rate, floor }: Knee): number => rate / floor;

export const agree = (one: Knee, other: Knee): boolean =>
  Math.abs(ratioOf(other) / ratioOf(one) - 1) <= AGREES;
