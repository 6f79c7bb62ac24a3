/** The knee: the highest load that is still carried. Pure. */

/** The result of one step of a ramp. */
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

export interface Knee {
  /** The highest rate carried, requests/s; 0: none. */
  rate: number;
  /** Why the next rate was not carried. */
  limit: string;
  steps: Step[];
}

/** Ratio of neighbouring rates at which the search ends. */
const PRECISION = 1.08;

/** Ratio of the ramp's steps. */
const RAMP = 1.5;

const STEPS_MAX = 16;

/** Ramps up from `from` until a step fails, then halves the gap. `measure` is called with each rate. */
export async function findKnee(
  from: number,
  slo: Slo,
  measure: (rate: number) => Promise<Step>,
): Promise<Knee> {
  const steps: Step[] = [];
  let carried = 0;
  let failed = Number.POSITIVE_INFINITY;
  let limit = "none found";
  while (steps.length < STEPS_MAX && !(failed / (carried || 1) <= PRECISION)) {
    const rate = Number.isFinite(failed)
      ? carried === 0
        ? failed / RAMP
        : Math.sqrt(carried * failed)
      : carried === 0
        ? from
        : carried * RAMP;
    if (rate < 1) break;
    let step = await measure(rate);
    steps.push(step);
    let why = whyNot(step, slo);
    if (why !== undefined && steps.length < STEPS_MAX) {
      // A machine that others use stands still now and then: once is no knee.
      step = await measure(rate);
      steps.push(step);
      why = whyNot(step, slo);
    }
    if (why === undefined) carried = Math.max(carried, rate);
    else {
      failed = Math.min(failed, rate);
      limit = why;
    }
  }
  return { rate: carried, limit, steps };
}
