/**
 * The reports of an isolate to the gate, and the view that it gave last. Counts
 * are of the held view's epoch; a report that may be lost is sent again, and the
 * gate applies it once.
 */
import type { GateDelta, GateReport, GateView, LeaseResult } from "../../objects/gate-report.ts";

/** Longest a call waits for the gate's result, ms; then the isolate decides alone. */
export const ASK_MS = 250;

/** After the gate did not answer, calls do not wait for it again for this long, ms. */
const GATE_AWAY_MS = 1_000;

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

/** Reports without a result that are held to be sent again. */
const UNCONFIRMED_MAX = 4;

/** Lease results in one report; more do not come together. */
const LEASES_MAX = 16;

export interface ReportsDeps {
  gate: { report(report: GateReport): Promise<GateView> };
  /** Names this guard to the gate; another one after a restart. */
  isolate: string;
  /** Epoch ms. */
  now(): number;
  random(): number;
  /** Calls back once after `ms`; the function it returns stops that. */
  timer(ms: number, fire: () => void): () => void;
}

interface HeldView {
  view: GateView;
  /** Epoch ms. */
  at: number;
  until: number;
}

type Counts = Pick<GateDelta, "calls" | "succeeded" | "failed" | "timedOut" | "slow">;

const NOTHING: Readonly<Counts> = { calls: 0, succeeded: 0, failed: 0, timedOut: 0, slow: 0 };

export class Reports {
  readonly #deps: ReportsDeps;
  #held: HeldView | undefined;
  /** The gate did not answer; not asked before this time, epoch ms. */
  #awayUntil = 0;
  #isPrompt = true;
  /** Calls since the last report, in the held view's epoch. */
  #counts: Counts = { ...NOTHING };
  #countsSince = 0;
  #succeededAt: number | undefined;
  #leases: LeaseResult[] = [];
  #flush = 0;
  #reportedAt = 0;
  #successReportedAt = 0;
  /** Sent, but not known to have arrived. */
  #unconfirmed: { delta: GateDelta; at: number; sentAt: number }[] = [];

  constructor(deps: ReportsDeps) {
    this.#deps = deps;
  }

  /** The view last heard, which may be old. */
  get held(): Readonly<HeldView> | undefined {
    return this.#held;
  }

  /** The last result came in time: a lease would not come too late. */
  get isPrompt(): boolean {
    return this.#isPrompt;
  }

  /** The gate did not answer a moment ago. */
  get isAway(): boolean {
    const left = this.#awayUntil - this.#deps.now();
    // Told by a clock that was ahead, it is no pause for as long.
    return left > 0 && left <= GATE_AWAY_MS;
  }

  /** The view, unless it is too old to go by. */
  get fresh(): GateView | undefined {
    const held = this.#held;
    const now = this.#deps.now();
    // A clock set back makes the view old, not eternal.
    return held && now >= held.at && now < held.until ? held.view : undefined;
  }

  get isClosed(): boolean {
    return this.fresh?.state === "closed";
  }

  /** Adds to the next report, when it is of the epoch that holds now; `epoch` undefined: of none. */
  count(epoch: number | undefined, counts: Partial<Counts>): void {
    if (epoch === undefined || epoch !== this.#held?.view.epoch) return;
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

  addLease(result: LeaseResult): void {
    this.#leases.push(result);
    if (this.#leases.length > LEASES_MAX) this.#leases.shift();
  }

  /** Tells of a success if the gate wants to hear of it at once. */
  success(): void {
    const now = this.#deps.now();
    if (!this.#mayTellSuccess(now)) return;
    this.#successReportedAt = now;
    // Nobody waits for it: it is a hint, which may be lost with the request.
    void this.send();
  }

  #mayTellSuccess(now: number): boolean {
    const view = this.#held?.view;
    if (view?.state !== "closed" || !view.tellSuccess || this.isAway) return false;
    return now - this.#successReportedAt >= SUCCESSES_EVERY_MS || now < this.#successReportedAt;
  }

  /** Tells of failures, at once or after the shortest pause: the first to wake reports for all. */
  async failure(): Promise<void> {
    const since = this.#deps.now() - this.#reportedAt;
    if (since >= 0 && since < FAILURES_EVERY_MS) await sleep(this.#deps, FAILURES_EVERY_MS - since);
    const { failed, slow } = this.#counts;
    if (failed + slow > 0 && !this.isAway) await this.send();
  }

  /**
   * Tells the gate everything new; with `starting` (the call's time limit, ms)
   * also asks for a call to begin. Resolves to the gate's view, or to undefined
   * when none came in time.
   */
  async send(starting?: number): Promise<GateView | undefined> {
    const sentAt = this.#deps.now();
    const sent = this.#take(sentAt);
    const report: GateReport = { isolate: this.#deps.isolate, deltas: sent };
    if (starting !== undefined) report.starting = starting;
    this.#reportedAt = sentAt;
    let late = false;
    const reported = this.#deps.gate.report(report).then((view) => {
      this.#confirm(sent);
      this.#hold(view);
      if (late && view.state === "half_open" && view.lease !== undefined) {
        this.addLease({ id: view.lease, result: "unused" });
      }
      return view;
    });
    // A report that fails counts as one without a result.
    const view = await this.#within(
      ASK_MS,
      reported.catch(() => undefined),
    );
    late = true;
    this.#isPrompt = view !== undefined;
    this.#awayUntil = view ? 0 : this.#deps.now() + GATE_AWAY_MS;
    return view;
  }

  /** The deltas of the next report: everything new, and everything that seems lost. */
  #take(now: number): GateDelta[] {
    this.#unconfirmed = this.#unconfirmed.filter(({ at }) => now - at <= COUNTS_MAX_AGE_MS && now >= at);
    const again = this.#unconfirmed.filter(({ sentAt }) => now - sentAt >= ASK_MS);
    for (const one of again) one.sentAt = now;
    const deltas = again.map(({ delta }) => delta);
    // Old counts of an isolate that was idle: the gate would take them for calls of now.
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
    // A result that was overtaken by one of a later epoch is old.
    if (this.#held && view.epoch < this.#held.view.epoch) return;
    const now = this.#deps.now();
    if (view.epoch !== this.#held?.view.epoch) this.#forgetCounts(now);
    const jitter = Math.min(TTL_JITTER * view.ttl, TTL_JITTER_MAX_MS) * this.#deps.random();
    this.#held = { view, at: now, until: now + view.ttl + jitter };
  }

  /** The view is used up: the next call asks the gate, without a pause between good probes. */
  expire(): void {
    if (this.#held) this.#held.until = this.#deps.now();
  }

  /** Resolves with the result, or undefined after `ms`, by the timer of the request that waits. */
  #within<T>(ms: number, result: Promise<T | undefined>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const stop = this.#deps.timer(ms, () => resolve(undefined));
      result.finally(stop).then(resolve, reject);
    });
  }
}

export function sleep({ timer }: Pick<ReportsDeps, "timer">, ms: number): Promise<void> {
  return new Promise((resolve) => {
    timer(ms, resolve);
  });
}
