/** `MetricsHub` as others may ask it (class: src/telemetry/object.ts): adds up what the isolates counted. */
// By name: tests and scripts, which have Node's types only, read this interface too.
import type { Rpc } from "@cloudflare/workers-types";

/** What was counted, by series key. */
export interface Counts {
  counters: Record<string, number>;
  histograms: Record<string, { counts: number[]; sum: number }>;
}

export interface MetricsHubObject extends Rpc.DurableObjectBranded {
  /** Takes a sender's numbered flush; one that came before changes nothing. */
  add(sender: string, flush: number, counts: Counts): void;
  read(): Counts;
  /** What advice judges by, of the last minute; in memory only. */
  recent(): Counts;
}
