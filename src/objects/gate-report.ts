/** Reports of isolates to the origin's gate, and its views for them. */
export interface LeaseResult {
  id: string;
  /** Unused: the call was not made, or given up by its caller; it says nothing of the origin. */
  result: "ok" | "failed" | "unused";
}

/** An isolate's calls since its last flush. Applied once, however often it arrives. */
export interface GateDelta {
  /** Counts the deltas of this isolate. */
  flush: number;
  /** The gate's epoch in which these calls began. Of another epoch they say nothing about now. */
  epoch: number;
  /** Calls begun, without those announced by `starting`. */
  calls: number;
  succeeded: number;
  failed: number;
  /** Those of the failed that did not end in time. */
  timedOut: number;
  /** Calls that took too long, the timed out included. */
  slow: number;
  /** Age of the newest success, ms; absent when nothing succeeded. */
  succeededAgo?: number;
  leases: LeaseResult[];
}

export interface GateReport {
  /** Names the isolate, or another holder of a guard. */
  isolate: string;
  deltas: GateDelta[];
  /**
   * The isolate has a call to begin if it may; the call's time limit, ms.
   * Counting calls when they begin keeps the shares true: a success may never
   * be reported, because its isolate makes no further call.
   */
  starting?: number;
}

/** Says for the next `ttl` ms whether an isolate may make calls. */
export type GateView =
  | {
      state: "closed";
      epoch: number;
      ttl: number;
      /** Whether a success is to be reported at once; otherwise it can wait for the next report. */
      tellSuccess: boolean;
    }
  | { state: "open"; epoch: number; ttl: number; retryAfter: number }
  /** Only the holder of the lease may make a call, one. */
  | { state: "half_open"; epoch: number; ttl: number; retryAfter: number; lease?: string };

export interface GateStatus {
  state: "closed" | "open" | "half_open";
  /** Epoch ms. */
  since: number;
  /** The last 10 s. */
  window: { calls: number; failed: number; slow: number };
  /** How often it has opened after it was closed in the last ten minutes. */
  openings: number;
}
