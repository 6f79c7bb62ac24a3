/** What was counted in the last minute, beside the sums: for figures that only a rate tells. PURE. */
import type { Counts } from "../objects/metrics.ts";
import type { MetricName } from "./catalogue.ts";
import { addTo, nothing, SEPARATOR } from "./metrics.ts";

/** Length of a slot, ms, and how many are remembered. */
const SLOT = 10_000;
const SLOTS = 6;

/** Time of which `sum` tells, s, when it was counted all along. */
export const RECENT_SECONDS = (SLOT * SLOTS) / 1_000;

/** The metrics that are remembered: those that advice judges by (control/advice/judge.ts). */
const REMEMBERED: ReadonlySet<string> = new Set<MetricName>([
  "hunt_cache_reads_total",
  "hunt_origin_calls_total",
  "hunt_origin_call_duration_seconds",
  "hunt_queue_messages_total",
  "hunt_ship_messages_total",
]);

export class RecentCounts {
  #slots: { slot: number; counts: Counts }[] = [];

  /** `now`: epoch ms. */
  add(counts: Counts, now: number): void {
    const slot = Math.floor(now / SLOT);
    this.#drop(slot);
    let last = this.#slots.at(-1);
    if (last?.slot !== slot) {
      last = { slot, counts: nothing() };
      this.#slots.push(last);
    }
    addTo(last.counts, onlyRemembered(counts));
  }

  sum(now: number): Counts {
    this.#drop(Math.floor(now / SLOT));
    const sum = nothing();
    for (const { counts } of this.#slots) addTo(sum, counts);
    return sum;
  }

  /** Slots that are too old, or ahead because the clock was. */
  #drop(present: number): void {
    this.#slots = this.#slots.filter(({ slot }) => slot > present - SLOTS && slot <= present);
  }
}

function onlyRemembered({ counters, histograms }: Counts): Counts {
  const remembered = ([key]: [string, unknown]): boolean =>
    REMEMBERED.has(key.slice(0, key.indexOf(SEPARATOR)));
  return {
    counters: Object.fromEntries(Object.entries(counters).filter(remembered)),
    histograms: Object.fromEntries(Object.entries(histograms).filter(remembered)),
  };
}
