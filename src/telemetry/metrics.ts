/**
 * The meter that counts where the work happens, and the sums of what meters
 * counted. PURE.
 */
import type { Counts } from "../objects/metrics.ts";
import { type CounterName, type HistogramName, METRICS, type MetricName } from "./catalogue.ts";

/** Longest value of a label, characters. */
const LABEL_MAX = 80;

/** Series of one meter at most: beyond it counts are dropped, and that is counted. */
export const SERIES_MAX = 2_000;

/** Between a metric's name and its labels' values in a series' key. */
export const SEPARATOR = "\u001f";

/** A counter's cell: add to `value`. */
export interface Counter {
  value: number;
}

/** A histogram's cell: how often each bucket was met (the last one is beyond all edges), and the sum. */
export class Histogram {
  readonly #edges: readonly number[];
  counts: number[];
  sum = 0;

  constructor(edges: readonly number[]) {
    this.#edges = edges;
    this.counts = new Array<number>(edges.length + 1).fill(0);
  }

  /** `value`: in the metric's unit; NaN is left out. */
  observe(value: number): void {
    if (Number.isNaN(value)) return;
    let bucket = 0;
    while (bucket < this.#edges.length && value > (this.#edges[bucket] ?? 0)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
  }

  clear(): void {
    this.counts.fill(0);
    this.sum = 0;
  }
}

export const nothing = (): Counts => ({ counters: {}, histograms: {} });

/** The key of a series: the metric's name and its labels' values, in the order of their definition. */
function keyOf(name: MetricName, values: readonly string[]): string {
  const { labels } = METRICS[name];
  if (values.length !== labels.length) throw new Error(`${name} has ${labels.length} labels`);
  return [name, ...values.map((value) => value.slice(0, LABEL_MAX))].join(SEPARATOR);
}

/** Counts where the work happens. A cell may be held and added to: `take` empties it. */
export class Meter {
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();

  counter(name: CounterName, ...values: string[]): Counter {
    const key = keyOf(name, values);
    const existing = this.#counters.get(key);
    if (existing) return existing;
    if (this.#isFull()) return this.#dropped();
    const made = { value: 0 };
    this.#counters.set(key, made);
    return made;
  }

  add(name: CounterName, count: number, ...values: string[]): void {
    this.counter(name, ...values).value += count;
  }

  histogram(name: HistogramName, ...values: string[]): Histogram {
    const key = keyOf(name, values);
    const existing = this.#histograms.get(key);
    if (existing) return existing;
    const made = new Histogram(METRICS[name].buckets);
    if (this.#isFull()) this.#dropped().value += 1;
    else this.#histograms.set(key, made);
    return made;
  }

  #isFull(): boolean {
    return this.#counters.size + this.#histograms.size >= SERIES_MAX;
  }

  /** One more than `SERIES_MAX`. */
  #dropped(): Counter {
    const key = keyOf("hunt_metrics_dropped_total", []);
    const cell = this.#counters.get(key) ?? { value: 0 };
    this.#counters.set(key, cell);
    return cell;
  }

  /** The counts since the last call; undefined: there are none. */
  take(): Counts | undefined {
    const taken = nothing();
    let any = false;
    for (const [key, cell] of this.#counters) {
      if (cell.value === 0) continue;
      taken.counters[key] = cell.value;
      cell.value = 0;
      any = true;
    }
    for (const [key, cell] of this.#histograms) {
      if (cell.counts.every((count) => count === 0)) continue;
      taken.histograms[key] = { counts: [...cell.counts], sum: cell.sum };
      cell.clear();
      any = true;
    }
    return any ? taken : undefined;
  }
}

/** Adds `more` to `sums`, up to `seriesMax` series. Returns how many counts found no room. */
export function addTo(sums: Counts, more: Counts, seriesMax = Number.POSITIVE_INFINITY): number {
  let series = Object.keys(sums.counters).length + Object.keys(sums.histograms).length;
  let dropped = 0;
  for (const [key, value] of Object.entries(more.counters)) {
    if (sums.counters[key] === undefined && series >= seriesMax) {
      dropped += 1;
      continue;
    }
    if (sums.counters[key] === undefined) series += 1;
    sums.counters[key] = (sums.counters[key] ?? 0) + value;
  }
  for (const [key, { counts, sum }] of Object.entries(more.histograms)) {
    const summed = sums.histograms[key];
    if (summed && summed.counts.length === counts.length) {
      summed.sum += sum;
      for (const [index, count] of counts.entries())
        summed.counts[index] = (summed.counts[index] ?? 0) + count;
    } else if (summed || series >= seriesMax)
      dropped += 1; // another version's edges
    else {
      series += 1;
      sums.histograms[key] = { counts: [...counts], sum };
    }
  }
  return dropped;
}
