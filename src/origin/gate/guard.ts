/**
 * The isolate's side of the gate: every call on the origin runs through a
 * guard, which decides by the gate's view, bounds the calls at the same time
 * and the time of each, and repeats some that failed. `reports.ts` tells the
 * gate what came of them; `../guarded.ts` wires the dependencies.
 *
 * An isolate may end any request at any await (its client went away), and with
 * it all that the request would still have done. So nothing here waits for
 * another request without a time limit of its own, and what a request holds (a
 * place, the right to ask the gate) ends by time as well.
 */
import type { GateView } from "../../objects/gate-report.ts";
import { OriginRejected } from "../store.ts";
import { ASK_MS, Reports, type ReportsDeps, sleep } from "./reports.ts";
import { Throttle } from "./throttle.ts";
import { WaitingLine } from "./waiting-line.ts";

/** A closed view this much older than its life is still used while another request asks, ms. */
const STALE_MS = 5_000;

/** A failure is quick, and may be repeated, when it came within this time, ms. */
const QUICK_MS = 250;

/** Calls that earn one retry: retries add 10 % to the origin's load at most. */
const CALLS_PER_RETRY = 10;

/** Retries an isolate can save up. */
const RETRIES_MAX = 10;

/** Wait before a repetition, ms: half of it at least, by chance. */
const RETRY_DELAY_MS = 100;

/** The wait in a refusal when the gate names none, ms; by chance half to one and a half of it. */
const RETRY_AFTER_MS = 1_000;

export type UnavailableReason = "open" | "half_open" | "throttled" | "busy" | "timeout" | "failed";

/** The call was not made, or failed by the origin's fault ("timeout", "failed": it may have had its effect). */
export class OriginUnavailable extends Error {
  readonly reason: UnavailableReason;
  readonly retryAfterMs: number;

  constructor(reason: UnavailableReason, retryAfterMs: number, options?: ErrorOptions) {
    super(`the origin is unavailable: ${reason}`, options);
    this.name = "OriginUnavailable";
    this.reason = reason;
    this.retryAfterMs = Math.max(1, Math.round(retryAfterMs));
  }
}

export interface GuardParameters {
  timeoutMs: number;
  slowMs: number;
  concurrency: number;
}

export interface GuardDeps extends ReportsDeps {
  parameters: GuardParameters;
}

export interface RunOptions {
  /** Time limit of one attempt, ms; ORIGIN_TIMEOUT_MS when not given. */
  timeoutMs?: number;
  /** The caller gives the call up. A `TimeoutError` as its reason counts as the origin's timeout. */
  signal?: AbortSignal;
}

/** How a call was let through. */
interface Admission {
  /** The gate's epoch; undefined when the isolate decided alone. */
  epoch?: number;
  lease?: string;
}

type Outcome<T> =
  | { kind: "returned"; value: T }
  | { kind: "rejected"; error: OriginRejected }
  | { kind: "failed"; error: unknown; timedOut: boolean }
  /** Its caller gave it up. */
  | { kind: "dropped"; error: unknown };

export class OriginGuard {
  readonly #deps: GuardDeps;
  readonly #line: WaitingLine;
  readonly #throttle = new Throttle();
  readonly #reports: Reports;
  /** Since when a request has been asking the gate, epoch ms. */
  #asking: number | undefined;
  readonly #awaitingView = new Set<() => void>();
  /** Retry budget: each call earns a fraction of a retry. */
  #retryCredit = 0;

  constructor(deps: GuardDeps) {
    this.#deps = deps;
    this.#line = new WaitingLine(deps.parameters.concurrency, deps);
    this.#reports = new Reports(deps);
  }

  /**
   * Makes a call on the origin, at most twice. `call` gets a signal that is
   * aborted when its time is over. Rejects with `OriginRejected` as the call
   * did, with the reason of `options.signal` when that is aborted, and with
   * `OriginUnavailable` in all other cases.
   */
  async run<T>(call: (signal: AbortSignal) => Promise<T>, options: RunOptions = {}): Promise<T> {
    const timeoutMs = options.timeoutMs ?? this.#deps.parameters.timeoutMs;
    options.signal?.throwIfAborted();
    this.#refuseEarly();
    // Two attempts, the reports before and after them, and the wait between.
    const leave = await this.#line.enter(timeoutMs, 2 * timeoutMs + 8 * ASK_MS);
    if (!leave) throw this.#unavailable("busy");
    try {
      const admission = await this.#admit(timeoutMs);
      this.#retryCredit = Math.min(RETRIES_MAX * CALLS_PER_RETRY, this.#retryCredit + 1);
      const begun = this.#deps.now();
      let outcome = await this.#attempt(call, timeoutMs, options.signal, admission);
      const quick = this.#deps.now() - begun < QUICK_MS;
      if (outcome.kind === "failed" && !outcome.timedOut && quick && this.#mayRepeat(admission)) {
        this.#retryCredit -= CALLS_PER_RETRY;
        await sleep(this.#deps, RETRY_DELAY_MS * (0.5 + this.#deps.random() / 2));
        if (this.#reports.isClosed) {
          const again = this.#begin();
          outcome = await this.#attempt(call, timeoutMs, options.signal, again);
        }
      }
      if (outcome.kind === "returned") return outcome.value;
      if (outcome.kind === "rejected" || outcome.kind === "dropped") throw outcome.error;
      throw this.#unavailable(outcome.timedOut ? "timeout" : "failed", outcome.error);
    } finally {
      leave();
    }
  }

  /** A view that forbids calls needs no place in the line. */
  #refuseEarly(): void {
    const view = this.#reports.fresh;
    if (view && view.state !== "closed") throw this.#unavailable(view.state);
  }

  /** Resolves when the call may begin, which counts it; rejects when it may not. */
  async #admit(timeoutMs: number): Promise<Admission> {
    const fresh = this.#reports.fresh;
    if (fresh) return this.#byView(fresh, true);
    const now = this.#deps.now();
    if (this.#reports.isAway) return this.#alone();
    // A question ahead of the clock was asked while that was wrong: nobody waits for it.
    const asked = this.#asking === undefined ? ASK_MS : now - this.#asking;
    if (this.#asking !== undefined && asked >= 0 && asked < ASK_MS) {
      const held = this.#reports.held;
      if (held && held.view.state !== "closed") throw this.#unavailable(held.view.state);
      if (held && now >= held.at && now < held.until + STALE_MS) return this.#byView(held.view, true);
      await this.#nextView(this.#asking + ASK_MS - now);
      const view = this.#reports.fresh;
      return view ? this.#byView(view, true) : this.#alone();
    }
    // A lease that comes too late would be lost, and open the gate again.
    const starting = this.#reports.isPrompt || this.#reports.held?.view.state === "closed";
    this.#asking = now;
    const view = await this.#reports.send(starting ? timeoutMs : undefined);
    if (this.#asking === now) this.#asking = undefined;
    for (const wake of this.#awaitingView) wake();
    return view ? this.#byView(view, !starting) : this.#alone();
  }

  /** `counting`: the gate has not heard of this call by a report that asked for it. */
  #byView(view: GateView, counting: boolean): Admission {
    if (view.state === "closed") {
      return counting ? this.#begin() : { epoch: view.epoch };
    }
    // A lease belongs to the call that asked for it.
    const lease = view.state === "half_open" && !counting ? view.lease : undefined;
    if (lease === undefined) throw this.#unavailable(view.state);
    return { epoch: view.epoch, lease };
  }

  /** The gate cannot be asked: chance decides. */
  #alone(): Admission {
    const now = this.#deps.now();
    if (this.#deps.random() >= this.#throttle.share(now)) return {};
    this.#throttle.request(now, "refused");
    throw this.#unavailable("throttled");
  }

  /** A call that begins without having been announced. */
  #begin(): Admission {
    const admission: Admission = this.#reports.held ? { epoch: this.#reports.held.view.epoch } : {};
    this.#reports.count(admission.epoch, { calls: 1 });
    return admission;
  }

  async #attempt<T>(
    call: (signal: AbortSignal) => Promise<T>,
    timeoutMs: number,
    outer: AbortSignal | undefined,
    admission: Admission,
  ): Promise<Outcome<T>> {
    const begun = this.#deps.now();
    const outcome: Outcome<T> = outer?.aborted
      ? { kind: "dropped", error: outer.reason }
      : await this.#timed(call, timeoutMs, outer);
    const now = this.#deps.now();
    const took = now - begun;
    const failed = outcome.kind === "failed";
    const timedOut = failed && outcome.timedOut;
    const slow = outcome.kind !== "dropped" && (timedOut || took > this.#deps.parameters.slowMs);
    const succeeded = outcome.kind === "returned" || outcome.kind === "rejected";
    if (outcome.kind !== "dropped") this.#throttle.request(now, succeeded ? "accepted" : "failed");
    this.#reports.count(admission.epoch, {
      succeeded: Number(succeeded),
      failed: Number(failed),
      timedOut: Number(timedOut),
      slow: Number(slow),
    });
    if (admission.lease !== undefined) {
      const result = outcome.kind === "dropped" ? "unused" : failed || slow ? "failed" : "ok";
      this.#reports.addLease({ id: admission.lease, result });
      await this.#reports.send();
      // A good probe is followed by the next without a pause; the gate bounds them.
      if (result === "ok" && this.#reports.held?.view.state === "half_open") this.#reports.expire();
    } else if (failed || slow) await this.#reports.failure();
    else if (succeeded) this.#reports.success();
    return outcome;
  }

  /** Runs the call within its time; never rejects. */
  async #timed<T>(
    call: (signal: AbortSignal) => Promise<T>,
    timeoutMs: number,
    outer: AbortSignal | undefined,
  ): Promise<Outcome<T>> {
    const controller = new AbortController();
    const ends: (() => void)[] = [];
    const ended = new Promise<Outcome<T>>((resolve) => {
      const give = (outcome: Outcome<T>, reason: unknown): void => {
        resolve(outcome);
        controller.abort(reason);
      };
      const timeout = (error: unknown): void => give({ kind: "failed", error, timedOut: true }, error);
      ends.push(this.#deps.timer(timeoutMs, () => timeout(new Error(`no result within ${timeoutMs} ms`))));
      if (!outer) return;
      const onAbort = (): void => {
        const reason: unknown = outer.reason;
        if (reason instanceof Error && reason.name === "TimeoutError") timeout(reason);
        else give({ kind: "dropped", error: reason }, reason);
      };
      outer.addEventListener("abort", onAbort, { once: true });
      ends.push(() => outer.removeEventListener("abort", onAbort));
    });
    try {
      return await Promise.race([settle(call, controller.signal), ended]);
    } finally {
      for (const end of ends) end();
    }
  }

  #mayRepeat(admission: Admission): boolean {
    return admission.lease === undefined && this.#retryCredit >= CALLS_PER_RETRY && this.#reports.isClosed;
  }

  #unavailable(reason: UnavailableReason, cause?: unknown): OriginUnavailable {
    const held = this.#reports.held;
    const left =
      held && held.view.state !== "closed"
        ? Math.min(held.until - this.#deps.now(), held.until - held.at)
        : 0;
    const wait = Math.max(left, RETRY_AFTER_MS * (0.5 + this.#deps.random()));
    return new OriginUnavailable(reason, wait, cause === undefined ? {} : { cause });
  }

  /** Resolves when another request has asked the gate, or after `ms`. */
  #nextView(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        stop();
        this.#awaitingView.delete(wake);
        resolve();
      };
      const stop = this.#deps.timer(ms, wake);
      this.#awaitingView.add(wake);
    });
  }
}

async function settle<T>(
  call: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<Outcome<T>> {
  try {
    return { kind: "returned", value: await call(signal) };
  } catch (error) {
    if (error instanceof OriginRejected) return { kind: "rejected", error };
    return { kind: "failed", error, timedOut: false };
  }
}
