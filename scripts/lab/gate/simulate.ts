/**
 * Many isolates call one origin for some minutes of virtual time, through the
 * engine's own guard and gate, or through a breaker in each isolate.
 */

import { PARAMETERS } from "../../../src/config.ts";
import type { GateReport, GateView } from "../../../src/objects/gate-report.ts";
import { Gate, type GateParameters } from "../../../src/origin/gate/gate.ts";
import {
  type GuardParameters,
  OriginGuard,
  OriginUnavailable,
  type UnavailableReason,
} from "../../../src/origin/gate/guard.ts";
import { SlidingCounts } from "../../../src/origin/gate/sliding.ts";
import { below, chance, waitOf } from "../measure/chance.ts";
import { VirtualClock } from "../measure/virtual-clock.ts";

/** Decides the fate of a call that begins at this time, ms since the start; a number: it answers after so many ms. */
export type Origin = (at: number, random: () => number) => "answers" | "fails" | "hangs" | number;

/** A call as its caller saw it. */
export interface Ended {
  /** When it was wanted, ms since the start. */
  at: number;
  /** Until its caller knew, ms. */
  took: number;
  end: "served" | UnavailableReason;
}

export interface Scenario {
  seed: number;
  isolates: number;
  callsPerSecond: number;
  seconds: number;
  origin: Origin;
  breaker: "gate" | "isolate" | "none";
  /** The calls come one after the other, none before the last has ended, as a plain loop makes them. */
  inTurn?: boolean;
  /** Whether the gate can be reached at this time, ms since the start. */
  gateReachable?: (at: number) => boolean;
  /** Instead of the defaults. */
  gate?: Partial<GateParameters>;
  guard?: Partial<GuardParameters>;
  /** Hears of every call that has ended, with `breaker: "gate"` or none. */
  watch?: (ended: Ended) => void;
}

export interface Simulated {
  offered: number;
  /** Calls that reached the origin, repetitions included. */
  reached: number;
  /** Calls turned away. */
  refused: number;
  /** Reports and questions at the gate. */
  reports: number;
  /** When the gate opened or closed, ms since the start. */
  changes: { at: number; state: GateView["state"] }[];
}

/** The way to the gate and back, ms: the nearest and the farthest isolate. */
const WAY_MS = [4, 80] as const;

/** The origin takes this long to respond on average, ms, by an exponential distribution. */
const ANSWER_MS = 30;

export const GATE_PARAMETERS: GateParameters = {
  minCalls: PARAMETERS.GATE_MIN_CALLS.default,
  failedShare: PARAMETERS.GATE_FAILED_SHARE.default,
  slowShare: PARAMETERS.GATE_SLOW_SHARE.default,
  openMs: PARAMETERS.GATE_OPEN_MS.default,
  openMaxMs: PARAMETERS.GATE_OPEN_MAX_MS.default,
  probesPerSecond: PARAMETERS.GATE_PROBES_PER_SECOND.default,
};

const GUARD_PARAMETERS: GuardParameters = {
  timeoutMs: PARAMETERS.ORIGIN_TIMEOUT_MS.default,
  slowMs: PARAMETERS.ORIGIN_SLOW_MS.default,
  concurrency: PARAMETERS.ORIGIN_CONCURRENCY.default,
};

/** Any start will do; the same for all runs. */
const START = 1_800_000_000_000;

/** Makes one call; false when it was turned away. */
type Caller = (call: (signal: AbortSignal) => Promise<void>) => Promise<boolean>;

export async function simulate(scenario: Scenario): Promise<Simulated> {
  const random = chance(scenario.seed);
  const clock = new VirtualClock(START);
  const since = (): number => clock.now() - START;
  const result: Simulated = { offered: 0, reached: 0, refused: 0, reports: 0, changes: [] };
  const gate = new Gate({ ...GATE_PARAMETERS, ...scenario.gate }, START);
  let state: GateView["state"] = "closed";

  const origin = async (signal: AbortSignal): Promise<void> => {
    result.reached += 1;
    const does = scenario.origin(since(), random);
    if (does === "hangs") {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }
    await clock.sleep(typeof does === "number" ? does : waitOf(random, 1 / ANSWER_MS));
    if (does === "fails") throw new Error("the origin fails");
  };

  const guarded = (index: number): Caller => {
    const way = WAY_MS[0] + (WAY_MS[1] - WAY_MS[0]) * random();
    const guard = new OriginGuard({
      gate: {
        async report(report: GateReport): Promise<GateView> {
          await clock.sleep(way / 2);
          if (scenario.gateReachable?.(since()) === false) throw new Error("the gate is away");
          result.reports += 1;
          const view = gate.report(JSON.parse(JSON.stringify(report)), clock.now(), random());
          if (view.state !== state) result.changes.push({ at: since(), state: view.state });
          state = view.state;
          await clock.sleep(way / 2);
          return view;
        },
      },
      isolate: `i-${index}`,
      parameters: { ...GUARD_PARAMETERS, ...scenario.guard },
      now: clock.now,
      timer: clock.timer,
      random,
    });
    return async (call) => {
      const at = since();
      const ended = (end: Ended["end"]): void => scenario.watch?.({ at, took: since() - at, end });
      try {
        await guard.run(call);
        ended("served");
        return true;
      } catch (error) {
        if (!(error instanceof OriginUnavailable)) throw error;
        ended(error.reason);
        return error.reason === "failed" || error.reason === "timeout";
      }
    };
  };

  const alone = (): Caller => {
    const breaker = scenario.breaker === "none" ? undefined : new WindowBreaker();
    return async (call) => {
      const probe = breaker?.admits(clock.now()) ?? "call";
      if (probe === "no") return false;
      const controller = new AbortController();
      const at = since();
      const stop = clock.timer(GUARD_PARAMETERS.timeoutMs, () => controller.abort(new Error("timeout")));
      let failed = false;
      try {
        await call(controller.signal);
      } catch {
        failed = true;
      }
      stop();
      const end = controller.signal.aborted ? "timeout" : failed ? "failed" : "served";
      scenario.watch?.({ at, took: since() - at, end });
      breaker?.ended(clock.now(), failed, probe, random());
      return true;
    };
  };

  const callers = new Map<number, Caller>();
  const callOnce = async (): Promise<void> => {
    const index = below(random, scenario.isolates);
    let caller = callers.get(index);
    if (!caller) {
      caller = scenario.breaker === "gate" ? guarded(index) : alone();
      callers.set(index, caller);
    }
    result.offered += 1;
    if (!(await caller(origin))) result.refused += 1;
  };

  const under: Promise<void>[] = [];
  const arrivals = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(1_000 * waitOf(random, scenario.callsPerSecond));
      if (since() >= scenario.seconds * 1_000) return;
      const call = callOnce();
      if (scenario.inTurn) await call;
      else under.push(call);
    }
  };
  under.push(arrivals());
  // Until the last call has ended, which may be repeated once.
  const timeoutMs = scenario.guard?.timeoutMs ?? GUARD_PARAMETERS.timeoutMs;
  await clock.runUntil(START + scenario.seconds * 1_000 + 7_000 + 2 * timeoutMs);
  await Promise.all(under);
  return result;
}

/** The breaker each isolate would have without the gate: a sliding window with the gate's figures. */
class WindowBreaker {
  readonly #window = new SlidingCounts(10, ["calls", "failed"]);
  #state: "closed" | "open" | "half_open" = "closed";
  #until = 0;
  #pauses = 0;
  #probes = 0;
  #good = 0;

  admits(now: number): "call" | "probe" | "no" {
    if (this.#state === "open" && now >= this.#until) {
      this.#state = "half_open";
      this.#probes = 0;
      this.#good = 0;
    }
    if (this.#state === "closed") return "call";
    if (this.#state === "open" || this.#probes >= 3) return "no";
    this.#probes += 1;
    return "probe";
  }

  ended(now: number, failed: boolean, made: "call" | "probe", random: number): void {
    if (made === "probe") {
      if (this.#state !== "half_open") return;
      if (failed) this.#open(now, random);
      else {
        this.#good += 1;
        if (this.#good === 3) this.#close();
      }
    } else if (this.#state === "closed") {
      this.#window.add(now, { calls: 1, failed: Number(failed) });
      const sums = this.#window.sum(now);
      const judged = sums.calls >= GATE_PARAMETERS.minCalls;
      if (judged && sums.failed >= GATE_PARAMETERS.failedShare * sums.calls) this.#open(now, random);
    }
  }

  #close(): void {
    this.#state = "closed";
    this.#pauses = 0;
    this.#window.clear();
  }

  #open(now: number, random: number): void {
    const { openMs, openMaxMs } = GATE_PARAMETERS;
    this.#state = "open";
    this.#until = now + Math.min(openMaxMs, openMs * 2 ** this.#pauses) * (0.75 + random / 2);
    this.#pauses += 1;
  }
}
