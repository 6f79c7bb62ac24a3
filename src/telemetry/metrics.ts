/**
 * Metrics, pure: what there is to count, the meter that counts where the work
 * happens, the sums of what meters counted, and Prometheus' text format.
 *
 * Everything counted is a sum that only grows, so that parts may be added up
 * in any order: what is under way or behind is the difference of two counters.
 * What cannot be a sum (the gate's state, the queue's backlog) is asked for
 * when `/metrics` is read.
 */

interface Definition {
  type: "counter" | "histogram";
  help: string;
  labels: readonly string[];
  /** Upper edges, rising (histograms). */
  buckets?: readonly number[];
}

/** Seconds; with edges at 0.2 and 0.5, the mean and p99 that others reached. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10];

/** Seconds behind: seconds are good, minutes are not. */
const LAG_SECONDS = [0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3_600];

/**
 * Every metric that is summed. Labels are route templates, classes and names
 * from the code: never ids of hunts, teams or players, never what a client sent.
 */
export const METRICS = {
  hunt_http_requests_total: {
    type: "counter",
    help: "Requests answered, by route template and class of the status",
    labels: ["method", "route", "status"],
  },
  hunt_http_request_duration_seconds: {
    type: "histogram",
    help: "Time from a request's arrival at the Worker to its answer",
    labels: ["route"],
    buckets: SECONDS,
  },
  hunt_errors_total: {
    type: "counter",
    help: "Requests refused or failed, by error code",
    labels: ["code"],
  },
  hunt_rate_limited_total: {
    type: "counter",
    help: "Requests beyond the rate of their token or address",
    labels: ["by"],
  },
  hunt_events_total: {
    type: "counter",
    help: "Events decided, by type and outcome",
    labels: ["type", "outcome"],
  },
  hunt_event_duplicates_total: {
    type: "counter",
    help: "Events that had been recorded before and got their first outcome again",
    labels: [],
  },
  hunt_joins_total: { type: "counter", help: "Players who joined", labels: [] },
  hunt_commands_overloaded_total: {
    type: "counter",
    help: "Commands refused because too many wait for a commit",
    labels: [],
  },
  hunt_commit_facts: {
    type: "histogram",
    help: "Facts in one commit of a shard's log",
    labels: [],
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
  },
  hunt_commit_duration_seconds: {
    type: "histogram",
    help: "Time until a commit was durable",
    labels: [],
    buckets: [0.001, 0.0025, ...SECONDS],
  },
  hunt_rows_written_total: {
    type: "counter",
    help: "Rows written by shards, as billed",
    labels: ["shard_bucket"],
  },
  hunt_facts_committed_total: {
    type: "counter",
    help: "Facts made durable",
    labels: ["shard_bucket"],
  },
  hunt_facts_settled_total: {
    type: "counter",
    help: "Facts that the origin holds, or a dead letter",
    labels: ["shard_bucket"],
  },
  hunt_ship_messages_total: {
    type: "counter",
    help: "Messages that shards sent to the queue",
    labels: ["kind"],
  },
  hunt_delivery_failures_total: {
    type: "counter",
    help: "Turns of shipping, reporting or publishing that failed and are repeated",
    labels: ["stage"],
  },
  hunt_queue_messages_total: {
    type: "counter",
    help: "Messages the consumer took, by what became of them",
    labels: ["result"],
  },
  hunt_queue_batch_duration_seconds: {
    type: "histogram",
    help: "Time the consumer took for a batch",
    labels: [],
    buckets: SECONDS,
  },
  hunt_archive_lag_seconds: {
    type: "histogram",
    help: "Age of a message's newest fact when the origin held it",
    labels: [],
    buckets: LAG_SECONDS,
  },
  hunt_dead_letters_total: { type: "counter", help: "Messages kept as dead letters", labels: [] },
  hunt_origin_calls_total: {
    type: "counter",
    help: "Calls on the origin, by what became of them",
    labels: ["call", "result"],
  },
  hunt_origin_call_duration_seconds: {
    type: "histogram",
    help: "Time of calls that reached the origin or ran out of time",
    labels: ["call"],
    buckets: SECONDS,
  },
  hunt_cache_reads_total: {
    type: "counter",
    help: "Reads of the cache tier, by where the value came from",
    labels: ["cache", "source"],
  },
  hunt_leaderboard_reports_total: { type: "counter", help: "Reports the leaderboards took", labels: [] },
  hunt_leaderboard_lag_seconds: {
    type: "histogram",
    help: "Age of a report's newest fact when it showed in the standings",
    labels: [],
    buckets: [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60],
  },
  hunt_leaderboard_publish_duration_seconds: {
    type: "histogram",
    help: "Time to write the standings to KV",
    labels: [],
    buckets: SECONDS,
  },
  hunt_live_sockets_opened_total: { type: "counter", help: "Live sockets accepted", labels: ["object"] },
  hunt_live_sockets_closed_total: {
    type: "counter",
    help: "Live sockets that ended, by who ended them",
    labels: ["object", "reason"],
  },
  hunt_live_frames_total: {
    type: "counter",
    help: "Frames over live sockets",
    labels: ["direction"],
  },
  hunt_alarms_total: { type: "counter", help: "Alarms that ran", labels: ["object"] },
  hunt_metrics_flushes_total: { type: "counter", help: "Flushes that metrics objects took", labels: [] },
  hunt_metrics_dropped_total: {
    type: "counter",
    help: "Counts dropped because a meter had too many series",
    labels: [],
  },
} as const satisfies Record<string, Definition>;

export type Metrics = typeof METRICS;
type Name = keyof Metrics;
type NamesOf<Type> = { [K in Name]: Metrics[K]["type"] extends Type ? K : never }[Name];
export type CounterName = NamesOf<"counter">;
export type HistogramName = NamesOf<"histogram">;

/** Longest value of a label, characters. */
const LABEL_MAX = 80;

/** Series of one meter at most: beyond it counts are dropped, and that is counted. */
export const SERIES_MAX = 2_000;

/** Between a metric's name and its labels' values in a series' key. */
const SEPARATOR = "\u001f";

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

  /** `value` in the metric's unit; what is no number is left out. */
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

/** What was counted, by series key. */
export interface Counts {
  counters: Record<string, number>;
  histograms: Record<string, { counts: number[]; sum: number }>;
}

export const nothing = (): Counts => ({ counters: {}, histograms: {} });

/** The key of a series: the metric's name and its labels' values, in the order of their definition. */
function keyOf(name: Name, values: readonly string[]): string {
  const { labels } = METRICS[name];
  if (values.length !== labels.length) throw new Error(`${name} has ${labels.length} labels`);
  return [name, ...values.map((value) => value.slice(0, LABEL_MAX))].join(SEPARATOR);
}

/** Counts where the work happens. A cell may be kept and added to: `take` empties it. */
export class Meter {
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();

  counter(name: CounterName, ...values: string[]): Counter {
    const key = keyOf(name, values);
    const known = this.#counters.get(key);
    if (known) return known;
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
    const known = this.#histograms.get(key);
    if (known) return known;
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

  /** What was counted since the last time; undefined: nothing. */
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
    const known = sums.histograms[key];
    if (known && known.counts.length === counts.length) {
      known.sum += sum;
      for (const [index, count] of counts.entries()) known.counts[index] = (known.counts[index] ?? 0) + count;
    } else if (known || series >= seriesMax)
      dropped += 1; // another version's edges
    else {
      series += 1;
      sums.histograms[key] = { counts: [...counts], sum };
    }
  }
  return dropped;
}

/** A value as of now, made when the metrics are read. */
export interface Gauge {
  name: string;
  help: string;
  samples: { labels?: Record<string, string>; value: number }[];
}

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Prometheus' text format (0.0.4): every metric with its help, also before anything was counted. */
export function prometheusText(sums: Counts, gauges: readonly Gauge[]): string {
  const lines: string[] = [];
  const head = (name: string, type: string, help: string): void => {
    lines.push(`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`);
    lines.push(`# TYPE ${name} ${type}`);
  };
  const bySeries = groupByName(sums);
  for (const [name, { type, help, labels, ...rest }] of Object.entries(METRICS) as [Name, Definition][]) {
    head(name, type, help);
    const found = bySeries.get(name) ?? [];
    // A metric without labels is there from the start, at zero: rates of it are never "no data".
    const samples = found.length === 0 && labels.length === 0 ? [{ values: [], key: name }] : found;
    for (const { values, key } of samples) {
      const own: [string, string][] = labels.map((label, index) => [label, values[index] ?? ""]);
      if (type === "counter") {
        lines.push(`${name}${labelText(own)} ${numberText(sums.counters[key] ?? 0)}`);
        continue;
      }
      const edges = rest.buckets ?? [];
      const { counts, sum } = sums.histograms[key] ?? { counts: [], sum: 0 };
      let upto = 0;
      for (const [index, edge] of [...edges, Number.POSITIVE_INFINITY].entries()) {
        upto += counts[index] ?? 0;
        lines.push(`${name}_bucket${labelText([...own, ["le", numberText(edge)]])} ${upto}`);
      }
      lines.push(`${name}_sum${labelText(own)} ${numberText(sum)}`, `${name}_count${labelText(own)} ${upto}`);
    }
  }
  for (const { name, help, samples } of gauges) {
    head(name, "gauge", help);
    for (const { labels = {}, value } of samples) {
      lines.push(`${name}${labelText(Object.entries(labels))} ${numberText(value)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function groupByName(sums: Counts): Map<string, { key: string; values: string[] }[]> {
  const groups = new Map<string, { key: string; values: string[] }[]>();
  for (const key of [...Object.keys(sums.counters), ...Object.keys(sums.histograms)].sort()) {
    const [name = "", ...values] = key.split(SEPARATOR);
    const group = groups.get(name);
    if (group) group.push({ key, values });
    else groups.set(name, [{ key, values }]);
  }
  return groups;
}

function labelText(labels: readonly [string, string][]): string {
  if (labels.length === 0) return "";
  return `{${labels.map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}}`;
}

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
