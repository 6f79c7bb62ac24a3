/**
 * The gate: a circuit breaker that all isolates share, because with thousands
 * of isolates a breaker in each never sees enough calls to open. Isolates
 * report their calls and learn whether they may go on. Pure: time (epoch
 * ms) and chance (0 to 1) are passed in; `object.ts` gives it a home.
 *
 * closed ──too many failed──▶ open ──pause over──▶ half open ──3 good probes──▶ closed
 *                              ▲                      │
 *                              └── failed or expired ─┘  (the pause doubles)
 */
import { BoundedMap } from "../../bounded-map.ts";
import type { GateDelta, GateReport, GateStatus, GateView, LeaseResult } from "../../objects/gate-report.ts";
import { SlidingCounts } from "./sliding.ts";

export interface GateParameters {
  minCalls: number;
  failedShare: number;
  slowShare: number;
  /** First pause, ms. */
  openMs: number;
  openMaxMs: number;
  probesPerSecond: number;
}

/** Seconds of the window whose shares are judged. */
const WINDOW_SECONDS = 10;

/**
 * A window younger than this is not judged, ms. Its first 20 calls alone have
 * half of them failed in 5 of 100 starts of an origin that fails 30 %; a whole
 * second of a busy origin's calls practically never does.
 */
const JUDGED_AFTER_MS = 1_000;

/**
 * The gate also opens when nothing has succeeded for this long, ms, although
 * earlier successes still fill the window. From there: a frozen origin is
 * noticed within 5 s (a call that begins at once fails after 1.5 s, and more
 * must follow). An origin that fails 30 % of r calls a second is silent for
 * 3 s with probability 0.3^3r: never, in practice, from 5 calls/s on.
 */
const SILENCE_MS = 3_000;

/**
 * Failures in a row needed for silence. An origin that fails 30 % has eight
 * once in 20,000 calls, so that traffic too slow for the window (below
 * 2 calls/s) loses under 1 % of its calls to false openings.
 */
const SILENCE_FAILURES = 8;

/**
 * Failures that a timeout is worth there, because it tells of the whole time it
 * waited: three are all that one caller, one call after the other, can bring
 * forward in 5 s.
 */
const TIMEOUT_FAILURES = 3;

/**
 * Share of the calls begun in the silence, and not known to have succeeded,
 * that must have failed: many successes are reported late or never (see
 * `tellSuccess`). In the first 3 s of a frozen origin 1.5 s of calls still
 * wait for their timeout, which leaves half.
 */
const SILENCE_SHARE = 0.5;

/**
 * Below so many reports a second the gate wants to hear of each success at
 * once: of few calls each must be known. Of many the share says enough, and
 * the gate has better things to do.
 */
const TELL_SUCCESS_REPORTS = 100;

/** Good probes that close the gate. */
const PROBES_TO_CLOSE = 3;

/** How long a lease lasts beyond the time limit of its call, ms: the way of the view and of the report, generously. */
const LEASE_GRACE_MS = 1_000;

/** Longest time limit of a probe, ms, as long as a parameter may set it. */
const PROBE_MAX_MS = 30_000;

/** How long a view is good for when the gate has little to do, ms. Isolates report once in that time. */
const TTL_MS = 1_000;

/** Longest a view is good for, ms: so long may an isolate call an origin whose gate has just opened. */
const TTL_MAX_MS = 5_000;

/** Reports a second from which on views last longer; one object serves 500 to 1,000 requests a second. */
const REPORTS_PER_SECOND = 500;

/** Isolates whose flush numbers are remembered, those that reported last. */
const ISOLATES_MAX = 10_000;

/** Flush numbers remembered of each isolate: it never has so many under way. */
const FLUSHES_MAX = 8;

/** A clock set back by more than this makes pauses and leases end at once, ms. */
const CLOCK_SKEW_MS = 1_000;

/** How long openings are remembered for operators, ms, and how many. */
const OPENINGS_MS = 600_000;
const OPENINGS_MAX = 20;

/** Bounds of a report. */
const COUNT_MAX = 1_000_000;
const DELTAS_MAX = 8;
const LEASES_MAX = 64;
const NAME_MAX = 64;

/** State that must survive a restart; changes with the phase only. A half-open gate is one whose pause is over. */
export type SavedGate = (
  | { state: "closed"; epoch: number; since: number }
  | { state: "open"; epoch: number; since: number; until: number; pauses: number }
) & {
  /** When it opened after it had been closed; absent: not yet, or an engine before had no such list. */
  openings?: number[];
};

type Phase =
  | {
      state: "closed";
      since: number;
      /** When the newest success became known; the closing counts as one. */
      succeeded: number;
    }
  | {
      state: "open";
      since: number;
      until: number;
      /** Openings in a row, this one included. */
      pauses: number;
    }
  | {
      state: "half_open";
      since: number;
      pauses: number;
      /** Probes under way: id → when the lease expires. */
      leases: Map<string, number>;
      succeeded: number;
    };

export class Gate {
  readonly #parameters: GateParameters;
  readonly #window = new SlidingCounts(WINDOW_SECONDS, [
    "calls",
    "succeeded",
    "failed",
    "timedOut",
    "slow",
    "reports",
  ]);
  #phase: Phase;
  /** Grows with every opening and closing. */
  #epoch: number;
  /** When the newest leases were given: the bound holds across openings and restarts. */
  #granted: number[];
  #leases = 0;
  /** When it opened after it had been closed, the newest last. */
  #openings: number[];
  /** Isolate → its newest flush numbers; in the order of their last report. */
  readonly #flushes = new BoundedMap<string, number[]>(ISOLATES_MAX);

  /** `saved`: as it was before a restart. */
  constructor(parameters: GateParameters, now: number, saved?: SavedGate) {
    this.#parameters = parameters;
    this.#epoch = saved?.epoch ?? 1;
    this.#openings = saved?.openings ?? [];
    this.#phase =
      saved?.state === "open"
        ? { state: "open", since: saved.since, until: saved.until, pauses: saved.pauses }
        : { state: "closed", since: saved?.since ?? now, succeeded: now };
    // How many leases were given before a restart is forgotten: assume the most.
    this.#granted = saved ? Array.from({ length: this.#probes() }, () => now) : [];
  }

  get saved(): SavedGate {
    const phase = this.#phase;
    const { since } = phase;
    const openings = this.#openings.length === 0 ? {} : { openings: this.#openings };
    if (phase.state === "closed") return { state: "closed", epoch: this.#epoch, since, ...openings };
    const until = phase.state === "open" ? phase.until : since;
    return { state: "open", epoch: this.#epoch, since, until, pauses: phase.pauses, ...openings };
  }

  status(now: number, random: number): GateStatus {
    this.#advance(now, random);
    const { calls, failed, slow } = this.#window.sum(now);
    const openings = this.#openings.filter((at) => at > now - OPENINGS_MS && at <= now).length;
    return { state: this.#phase.state, since: this.#phase.since, window: { calls, failed, slow }, openings };
  }

  /** Applies a report; the view tells what the isolate may do. */
  report(report: GateReport, now: number, random: number): GateView {
    this.#advance(now, random);
    this.#window.add(now, { reports: 1 });
    for (const delta of report.deltas) {
      if (this.#isNew(report.isolate, delta.flush)) this.#apply(delta, now, random);
    }
    if (this.#phase.state === "closed") {
      // Judged with the call that wants to begin, so that no report comes in unjudged.
      if (report.starting !== undefined) this.#window.add(now, { calls: 1 });
      if (this.#isFailing(now, this.#phase)) this.#open(now, 1, random);
    }
    return this.#view(report.starting, now);
  }

  #view(starting: number | undefined, now: number): GateView {
    const phase = this.#phase;
    const epoch = this.#epoch;
    switch (phase.state) {
      case "closed": {
        const tellSuccess = this.#reports(now) < TELL_SUCCESS_REPORTS;
        return { state: "closed", epoch, ttl: this.#ttl(now), tellSuccess };
      }
      case "open": {
        const left = Math.max(1, phase.until - now);
        return { state: "open", epoch, ttl: left, retryAfter: left };
      }
      case "half_open": {
        const ttl = this.#ttl(now);
        const view = { state: "half_open", epoch, ttl, retryAfter: ttl } as const;
        if (starting === undefined || !this.#mayProbe(now)) return view;
        this.#leases += 1;
        const lease = `${epoch}.${now}.${this.#leases}`;
        this.#granted.push(now);
        phase.leases.set(lease, now + Math.min(starting, PROBE_MAX_MS) + LEASE_GRACE_MS);
        return { ...view, lease };
      }
    }
  }

  /** Views last longer when more isolates ask than one object can serve. */
  #ttl(now: number): number {
    return Math.min(TTL_MAX_MS, Math.max(TTL_MS, (TTL_MS * this.#reports(now)) / REPORTS_PER_SECOND));
  }

  /** Reports of the last whole second. */
  #reports(now: number): number {
    const second = Math.floor(now / 1_000) * 1_000;
    return this.#window.sum(now, second - 1_000, second).reports;
  }

  #isNew(isolate: string, flush: number): boolean {
    const flushes = this.#flushes.get(isolate) ?? [];
    if (flushes.includes(flush)) return false;
    flushes.push(flush);
    if (flushes.length > FLUSHES_MAX) flushes.shift();
    this.#flushes.set(isolate, flushes);
    return true;
  }

  #apply(delta: GateDelta, now: number, random: number): void {
    if (delta.epoch === this.#epoch) {
      this.#window.add(now, delta);
      if (this.#phase.state === "closed" && delta.succeededAgo !== undefined) {
        this.#phase.succeeded = Math.max(this.#phase.succeeded, now - delta.succeededAgo);
      }
    }
    for (const { id, result } of delta.leases) this.#endProbe(id, result, now, random);
  }

  /** Only leases that are under way count: a late result of an older one says nothing. */
  #endProbe(id: string, result: LeaseResult["result"], now: number, random: number): void {
    const phase = this.#phase;
    if (phase.state !== "half_open" || !phase.leases.delete(id)) return;
    if (result === "failed") this.#open(now, phase.pauses + 1, random);
    else if (result === "ok") {
      phase.succeeded += 1;
      if (phase.succeeded >= PROBES_TO_CLOSE) this.#close(now);
    }
  }

  #isFailing(now: number, { since, succeeded }: Phase & { state: "closed" }): boolean {
    const { minCalls, failedShare, slowShare } = this.#parameters;
    const { calls, failed, slow } = this.#window.sum(now);
    if (calls >= minCalls && now - since >= JUDGED_AFTER_MS) {
      if (failed >= failedShare * calls || slow >= slowShare * calls) return true;
    }
    return this.#isSilent(now, succeeded);
  }

  #isSilent(now: number, succeeded: number): boolean {
    if (now - succeeded < SILENCE_MS) return false;
    // The known successes of these seconds are from before the silence.
    const silence = this.#window.sum(now, succeeded);
    const { failed, timedOut } = silence;
    if (failed + (TIMEOUT_FAILURES - 1) * timedOut < SILENCE_FAILURES) return false;
    return failed >= SILENCE_SHARE * (silence.calls - silence.succeeded);
  }

  /** Ends a pause and expires leases by time alone. */
  #advance(now: number, random: number): void {
    const phase = this.#phase;
    if (phase.state === "closed") {
      phase.since = Math.min(phase.since, now);
      phase.succeeded = Math.min(phase.succeeded, now);
    } else if (phase.state === "half_open") {
      for (const expires of phase.leases.values()) {
        const ahead = expires - now > PROBE_MAX_MS + LEASE_GRACE_MS + CLOCK_SKEW_MS;
        if (expires > now && !ahead) continue;
        // Open since it expired, not since somebody looked.
        this.#open(Math.min(expires, now), phase.pauses + 1, random);
        this.#advance(now, random);
        return;
      }
    } else if (now >= phase.until || now < phase.since - CLOCK_SKEW_MS) {
      this.#phase = {
        state: "half_open",
        since: Math.min(now, phase.until),
        pauses: phase.pauses,
        leases: new Map(),
        succeeded: 0,
      };
    }
  }

  #open(now: number, pauses: number, random: number): void {
    const { openMs, openMaxMs } = this.#parameters;
    const pause = Math.min(openMaxMs, openMs * 2 ** (pauses - 1)) * (0.75 + random / 2);
    this.#epoch += 1;
    if (pauses === 1) this.#openings = [...this.#openings, now].slice(-OPENINGS_MAX);
    this.#phase = { state: "open", since: now, until: now + pause, pauses };
  }

  #close(now: number): void {
    this.#epoch += 1;
    this.#window.clear();
    this.#phase = { state: "closed", since: now, succeeded: now };
  }

  /** Probes in one span of time; a rate below one a second makes the span longer. */
  #probes(): number {
    return Math.max(1, Math.floor(this.#parameters.probesPerSecond));
  }

  #mayProbe(now: number): boolean {
    const span = Math.max(1_000, 1_000 / this.#parameters.probesPerSecond);
    this.#granted = this.#granted.filter((at) => at > now - span && at <= now);
    return this.#granted.length < this.#probes();
  }
}

/** Reads a report that came over the wire; undefined when it is not one. */
export function readReport(value: unknown): GateReport | undefined {
  if (!isRecord(value)) return undefined;
  const { isolate, deltas, starting } = value;
  if (!isName(isolate)) return undefined;
  if (!Array.isArray(deltas) || deltas.length > DELTAS_MAX || !deltas.every(isDelta)) return undefined;
  if (starting === undefined) return { isolate, deltas };
  return isCount(starting) ? { isolate, deltas, starting } : undefined;
}

function isDelta(value: unknown): value is GateDelta {
  if (!isRecord(value)) return false;
  const { flush, epoch, calls, succeeded, failed, timedOut, slow, succeededAgo, leases } = value;
  return (
    Number.isSafeInteger(flush) &&
    Number.isSafeInteger(epoch) &&
    [calls, succeeded, failed, timedOut, slow].every(isCount) &&
    (succeededAgo === undefined || isCount(succeededAgo)) &&
    Array.isArray(leases) &&
    leases.length <= LEASES_MAX &&
    leases.every(isLeaseResult)
  );
}

function isLeaseResult(value: unknown): value is LeaseResult {
  return isRecord(value) && isName(value.id) && ["ok", "failed", "unused"].includes(String(value.result));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= NAME_MAX;
}

/** A finite number of 0 to a million: calls, or ms. */
function isCount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= COUNT_MAX;
}
