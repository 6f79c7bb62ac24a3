/**
 * The isolate's side of the gate: every call on the origin runs through a
 * guard, which knows the gate's view, bounds the calls at the same time and
 * the time of each, and reports what came of them. Its dependencies are
 * passed in; `guarded.ts` wires them.
 *
 * An isolate may end any request at any await (its client went away), and with
 * it all that the request would still have done. So nothing here waits for
 * another request without a time limit of its own, and what a request holds (a
 * place, the right to ask the gate) ends by time as well.
 */
import type { GateDelta, GateReport, GateView, LeaseResult } from "../../objects/gate-report.ts";
import { OriginRejected } from "../store.ts";
import { Throttle } from "./throttle.ts";
import { Line } from "./waiting-line.ts";

/** Longest a call waits for the gate's answer, ms; then the isolate decides alone. */
const ASK_MS = 250;

/** After the gate did not answer, calls do not wait for it again for this long, ms. */
const GATE_AWAY_MS = 1_000;

/** A closed view this much older than its life is still used while another request asks, ms. */
const STALE_MS = 5_000;

/**
 * Views live longer by chance, so that isolates do not all ask at the same
 * moment: up to this share, and this many ms, which a healed origin waits.
 */
const TTL_JITTER = 0.2;
const TTL_JITTER_MAX_MS = 500;

/** A failure is reported at once, but not more often than this, ms: the others go with the next report. */
const FAILURES_EVERY_MS = 100;

/** A success the gate wants to hear of at once is reported at most once in this time, ms. */
const SUCCESSES_EVERY_MS = 1_000;

/** Counts older than the gate's window say nothing any more, ms. */
const COUNTS_MAX_AGE_MS = 10_000;

/** Reports without an answer that are kept to be sent again. */
const UNCONFIRMED_MAX = 4;

/** Lease results in one report; more do not come together. */
const LEASES_MAX = 16;

/** A failure is quick, and may be repeated, when it came within this time, ms. */
const QUICK_MS = 250;

/** Calls that pay for one repetition: repetitions add 10 % to the origin's load at most. */
const CALLS_PER_RETRY = 10;

/** Repetitions an isolate can save up. */
const RETRIES_MAX = 10;

/** Wait before a repetition, ms: half of it at least, by chance. */
const RETRY_DELAY_MS = 100;

/** What a caller is told to wait when nobody knows better, ms; half to one and a half of it. */
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

export interface GuardDeps {
  gate: { report(report: GateReport): Promise<GateView> };
  /** Names this guard to the gate; another one after a restart. */
  isolate: string;
  parameters: GuardParameters;
  /** Epoch ms. */
  now(): number;
  random(): number;
  /** Calls back once after `ms`; the function it returns stops that. */
  timer(ms: number, fire: () => void): () => void;
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
  | { kind: "answered"; value: T }
  | { kind: "rejected"; error: OriginRejected }
  | { kind: "failed"; error: unknown; timedOut: boolean }
  /** Its caller gave it up. */
  | { kind: "dropped"; error: unknown };

interface HeldView {
  view: GateView;
  /** Epoch ms. */
  at: number;
  until: number;
}

type Counts = Pick<GateDelta, "calls" | "succeeded" | "failed" | "timedOut" | "slow">;

const NOTHING: Readonly<Counts> = { calls: 0, succeeded: 0, failed: 0, timedOut: 0, slow: 0 };

export class OriginGuard {
  readonly #deps: GuardDeps;
  readonly #line: Line;
  readonly #throttle = new Throttle();
  #held: HeldView | undefined;
  /** Since when a request has been asking the gate, epoch ms. */
  #asking: number | undefined;
  /** The gate did not answer; not asked before this time, epoch ms. */
  #awayUntil = 0;
  /** The last answer came in time: a lease would not come too late. */
  #prompt = true;
  readonly #awaitingView = new Set<() => void>();
  /** Calls that have not yet paid for a repetition. */
  #paying = 0;

  /** What the gate has not been told yet, of the held view's epoch. */
  #counts: Counts = { ...NOTHING };
  #countsSince = 0;
  #succeededAt: number | undefined;
  #leases: LeaseResult[] = [];
  #flush = 0;
  #reportedAt = 0;
  #toldSuccessAt = 0;
  /** Told, but not known to have arrived. */
  #unconfirmed: { delta: GateDelta; at: number; sentAt: number }[] = [];

  constructor(deps: GuardDeps) {
    this.#deps = deps;
    this.#line = new Line(deps.parameters.concurrency, deps);
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
    // Two attempts, the questions and reports around them, and the wait between.
    const leave = await this.#line.enter(timeoutMs, 2 * timeoutMs + 8 * ASK_MS);
    if (!leave) throw this.#unavailable("busy");
    try {
      const admission = await this.#admit(timeoutMs);
      this.#paying = Math.min(RETRIES_MAX * CALLS_PER_RETRY, this.#paying + 1);
      const begun = this.#deps.now();
      let outcome = await this.#attempt(call, timeoutMs, options.signal, admission);
      const quick = this.#deps.now() - begun < QUICK_MS;
      if (outcome.kind === "failed" && !outcome.timedOut && quick && this.#mayRepeat(admission)) {
        this.#paying -= CALLS_PER_RETRY;
        await this.#sleep(RETRY_DELAY_MS * (0.5 + this.#deps.random() / 2));
        if (this.#isClosed()) {
          const again = this.#begin();
          outcome = await this.#attempt(call, timeoutMs, options.signal, again);
        }
      }
      if (outcome.kind === "answered") return outcome.value;
      if (outcome.kind === "rejected" || outcome.kind === "dropped") throw outcome.error;
      throw this.#unavailable(outcome.timedOut ? "timeout" : "failed", outcome.error);
    } finally {
      leave();
    }
  }

  /** A view that forbids calls needs no place in the line. */
  #refuseEarly(): void {
    const view = this.#freshView();
    if (view && view.state !== "closed") throw this.#unavailable(view.state);
  }

  /** Resolves when the call may begin, which counts it; rejects when it may not. */
  async #admit(timeoutMs: number): Promise<Admission> {
    const fresh = this.#freshView();
    if (fresh) return this.#byView(fresh, true);
    const now = this.#deps.now();
    if (now < this.#awayUntil) return this.#alone();
    if (this.#asking !== undefined && now - this.#asking < ASK_MS) {
      const held = this.#held;
      if (held && held.view.state !== "closed") throw this.#unavailable(held.view.state);
      if (held && now < held.until + STALE_MS) return this.#byView(held.view, true);
      await this.#nextView(this.#asking + ASK_MS - now);
      const view = this.#freshView();
      return view ? this.#byView(view, true) : this.#alone();
    }
    // A lease that comes too late would be lost, and open the gate again.
    const starting = this.#prompt || this.#held?.view.state === "closed";
    this.#asking = now;
    const view = await this.#send(starting ? timeoutMs : undefined);
    if (this.#asking === now) this.#asking = undefined;
    for (const wake of this.#awaitingView) wake();
    return view ? this.#byView(view, !starting) : this.#alone();
  }

  /** `counting`: the gate has not been told of this call by a question. */
  #byView(view: GateView, counting: boolean): Admission {
    if (view.state === "closed") {
      return counting ? this.#begin() : { epoch: view.epoch };
    }
    // A lease belongs to the call that asked for it.
    const lease = view.state === "half_open" && !counting ? view.lease : undefined;
    if (lease === undefined) throw this.#unavailable(view.state);
    return { epoch: view.epoch, lease };
  }

  /** The gate does not answer: chance decides. */
  #alone(): Admission {
    const now = this.#deps.now();
    if (this.#deps.random() >= this.#throttle.share(now)) return {};
    this.#throttle.request(now, "refused");
    throw this.#unavailable("throttled");
  }

  /** A call that begins without having been announced. */
  #begin(): Admission {
    const admission: Admission = this.#held ? { epoch: this.#held.view.epoch } : {};
    this.#count(admission, { calls: 1 });
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
    const succeeded = outcome.kind === "answered" || outcome.kind === "rejected";
    if (outcome.kind !== "dropped") this.#throttle.request(now, succeeded ? "accepted" : "failed");
    this.#count(admission, {
      succeeded: Number(succeeded),
      failed: Number(failed),
      timedOut: Number(timedOut),
      slow: Number(slow),
    });
    if (admission.lease !== undefined) {
      const result = outcome.kind === "dropped" ? "unused" : failed || slow ? "failed" : "ok";
      this.#addLease({ id: admission.lease, result });
      await this.#send();
      // A good probe is followed by the next without a pause; the gate bounds them.
      if (result === "ok" && this.#held?.view.state === "half_open") this.#held.until = this.#deps.now();
    } else if (failed || slow) await this.#reportFailure();
    else if (succeeded && this.#mayTellSuccess(now)) {
      this.#toldSuccessAt = now;
      // Nobody waits for it: it is a hint, which may be lost with the request.
      void this.#send();
    }
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
      ends.push(this.#deps.timer(timeoutMs, () => timeout(new Error(`no answer within ${timeoutMs} ms`))));
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
      return await Promise.race([answer(call, controller.signal), ended]);
    } finally {
      for (const end of ends) end();
    }
  }

  #mayRepeat(admission: Admission): boolean {
    return admission.lease === undefined && this.#paying >= CALLS_PER_RETRY && this.#isClosed();
  }

  #isClosed(): boolean {
    return this.#freshView()?.state === "closed";
  }

  #freshView(): GateView | undefined {
    const held = this.#held;
    const now = this.#deps.now();
    // A clock set back makes the view old, not eternal.
    return held && now >= held.at && now < held.until ? held.view : undefined;
  }

  #isCounted(admission: Admission): boolean {
    return admission.epoch !== undefined && admission.epoch === this.#held?.view.epoch;
  }

  /** Adds to what the gate is told, when it is of the epoch that holds now. */
  #count(admission: Admission, counts: Partial<Counts>): void {
    if (!this.#isCounted(admission)) return;
    const now = this.#deps.now();
    if (this.#areCountsOld(now)) this.#forgetCounts(now);
    this.#counts.calls += counts.calls ?? 0;
    this.#counts.succeeded += counts.succeeded ?? 0;
    this.#counts.failed += counts.failed ?? 0;
    this.#counts.timedOut += counts.timedOut ?? 0;
    this.#counts.slow += counts.slow ?? 0;
    if (counts.succeeded) this.#succeededAt = now;
  }

  #areCountsOld(now: number): boolean {
    return now - this.#countsSince > COUNTS_MAX_AGE_MS || now < this.#countsSince;
  }

  #forgetCounts(now: number): void {
    this.#counts = { ...NOTHING };
    this.#countsSince = now;
    this.#succeededAt = undefined;
  }

  #addLease(result: LeaseResult): void {
    this.#leases.push(result);
    if (this.#leases.length > LEASES_MAX) this.#leases.shift();
  }

  #mayTellSuccess(now: number): boolean {
    const view = this.#held?.view;
    if (view?.state !== "closed" || !view.tellSuccess || now < this.#awayUntil) return false;
    return now - this.#toldSuccessAt >= SUCCESSES_EVERY_MS || now < this.#toldSuccessAt;
  }

  /** At once, or after the shortest pause, when whoever comes first reports for all. */
  async #reportFailure(): Promise<void> {
    const since = this.#deps.now() - this.#reportedAt;
    if (since >= 0 && since < FAILURES_EVERY_MS) await this.#sleep(FAILURES_EVERY_MS - since);
    const { failed, slow } = this.#counts;
    if (failed + slow > 0 && this.#deps.now() >= this.#awayUntil) await this.#send();
  }

  /**
   * Tells the gate what it has not been told; with `starting` also asks for a
   * call to begin. Resolves to its answer, or undefined when none came in time.
   */
  async #send(starting?: number): Promise<GateView | undefined> {
    const sentAt = this.#deps.now();
    const sent = this.#take(sentAt);
    const report: GateReport = { isolate: this.#deps.isolate, deltas: sent };
    if (starting !== undefined) report.starting = starting;
    this.#reportedAt = sentAt;
    let late = false;
    const answered = this.#deps.gate.report(report).then((view) => {
      this.#confirm(sent);
      this.#hold(view);
      if (late && view.state === "half_open" && view.lease !== undefined) {
        this.#addLease({ id: view.lease, result: "unused" });
      }
      return view;
    });
    // Failing is one way of not answering.
    const view = await this.#within(
      ASK_MS,
      answered.catch(() => undefined),
    );
    late = true;
    this.#prompt = view !== undefined;
    this.#awayUntil = view ? 0 : this.#deps.now() + GATE_AWAY_MS;
    return view;
  }

  /** What goes into the next report: everything new, and everything that seems lost. */
  #take(now: number): GateDelta[] {
    this.#unconfirmed = this.#unconfirmed.filter(({ at }) => now - at <= COUNTS_MAX_AGE_MS && now >= at);
    const again = this.#unconfirmed.filter(({ sentAt }) => now - sentAt >= ASK_MS);
    for (const one of again) one.sentAt = now;
    const deltas = again.map(({ delta }) => delta);
    // An isolate that was idle: the gate would take these for calls of now.
    if (this.#areCountsOld(now)) this.#forgetCounts(now);
    const { calls, succeeded, failed, slow } = this.#counts;
    if (calls + succeeded + failed + slow + this.#leases.length > 0 && this.#held) {
      this.#flush += 1;
      const delta: GateDelta = {
        flush: this.#flush,
        epoch: this.#held.view.epoch,
        ...this.#counts,
        leases: this.#leases,
      };
      if (this.#succeededAt !== undefined) delta.succeededAgo = Math.max(0, now - this.#succeededAt);
      this.#leases = [];
      this.#forgetCounts(now);
      this.#unconfirmed.push({ delta, at: now, sentAt: now });
      if (this.#unconfirmed.length > UNCONFIRMED_MAX) this.#unconfirmed.shift();
      deltas.push(delta);
    }
    return deltas;
  }

  #confirm(sent: readonly GateDelta[]): void {
    this.#unconfirmed = this.#unconfirmed.filter(({ delta }) => !sent.includes(delta));
  }

  #hold(view: GateView): void {
    // An answer that was overtaken by one of a later epoch is old.
    if (this.#held && view.epoch < this.#held.view.epoch) return;
    const now = this.#deps.now();
    if (view.epoch !== this.#held?.view.epoch) this.#forgetCounts(now);
    const jitter = Math.min(TTL_JITTER * view.ttl, TTL_JITTER_MAX_MS) * this.#deps.random();
    this.#held = { view, at: now, until: now + view.ttl + jitter };
  }

  #unavailable(reason: UnavailableReason, cause?: unknown): OriginUnavailable {
    const held = this.#held;
    const left = held && held.view.state !== "closed" ? held.until - this.#deps.now() : 0;
    const wait = Math.max(left, RETRY_AFTER_MS * (0.5 + this.#deps.random()));
    return new OriginUnavailable(reason, wait, cause === undefined ? {} : { cause });
  }

  /** Resolves with the answer, or undefined after `ms`, by the timer of the request that waits. */
  #within<T>(ms: number, answered: Promise<T | undefined>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const stop = this.#deps.timer(ms, () => resolve(undefined));
      answered.finally(stop).then(resolve, reject);
    });
  }

  /** Resolves when a question has ended, or after `ms`. */
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

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.timer(ms, resolve);
    });
  }
}

async function answer<T>(
  call: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<Outcome<T>> {
  try {
    return { kind: "answered", value: await call(signal) };
  } catch (error) {
    if (error instanceof OriginRejected) return { kind: "rejected", error };
    return { kind: "failed", error, timedOut: false };
  }
}
