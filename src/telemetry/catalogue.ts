/**
 * Every metric that is summed: name, type, help, labels, buckets. PURE.
 *
 * Everything counted is a sum that only grows, so that parts may be added up
 * in any order: what is under way or behind is the difference of two counters.
 * Figures that are no sums (the gate's state, the queue's backlog) are asked for
 * when `/metrics` is read.
 */

export interface Definition {
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
 * Labels are route templates, classes and names from the code: never ids of
 * hunts, teams or players, never a client's text.
 */
export const METRICS = {
  hunt_http_requests_total: {
    type: "counter",
    help: "Requests, by route template and class of the status",
    labels: ["method", "route", "status"],
  },
  hunt_http_request_duration_seconds: {
    type: "histogram",
    help: "Time from a request's arrival at the Worker to its response",
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
    help: "Requests beyond the rate of their token, address or team",
    labels: ["by"],
  },
  hunt_entry_checks_total: {
    type: "counter",
    help: "Checks that a person joins (Turnstile), by result: passed, refused, unchecked (it could not be asked)",
    labels: ["result"],
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
  hunt_log_gaps_total: {
    type: "counter",
    help: "Segments of a log found not to be as they were written, once for each start of their shard",
    labels: ["shard_bucket"],
  },
  hunt_facts_settled_total: {
    type: "counter",
    help: "Facts that the origin holds, or a dead letter",
    labels: ["shard_bucket"],
  },
  hunt_facts_set_aside_total: {
    type: "counter",
    help: "Facts that a shard found it cannot fold, one a team: the team is read-only, see the log and verify",
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
  hunt_push_messages_total: {
    type: "counter",
    help: "Push messages to players' devices, by what became of them: sent; again (it will be tried once more); gone (the device takes none any more); void (nobody is to get it any more); failed; dropped (too many waited)",
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
  hunt_placements_total: {
    type: "counter",
    help: "New teams given a shard: between two by their load, among those that did not refuse, or the only one",
    labels: ["by"],
  },
  hunt_shards_added_total: {
    type: "counter",
    help: "Shards a region added to hunts, by the engine itself (GROW_AT) or by an organiser",
    labels: ["by"],
  },
  hunt_shard_spread: {
    type: "histogram",
    help: "Events of a region's busiest shard over the mean of its shards, each time loads are published",
    labels: [],
    buckets: [1.05, 1.1, 1.15, 1.25, 1.5, 2, 3, 5, 10],
  },
  hunt_vault_claims_total: {
    type: "counter",
    help: "Claims that the prize vaults decided, by outcome (what shards refuse themselves is not among them)",
    labels: ["outcome"],
  },
  hunt_vault_batch_claims: {
    type: "histogram",
    help: "Claims in one call on a prize vault",
    labels: [],
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  },
  hunt_webhook_deliveries_total: {
    type: "counter",
    help: "Messages to webhooks: queued, and what became of them: delivered, failed (not tried again), dead (every try failed), dropped (their team was hidden or banned, or the webhook disabled)",
    labels: ["state"],
  },
  hunt_webhook_tries_total: {
    type: "counter",
    help: "Calls on webhooks' receivers, by result: the class of the status, or none",
    labels: ["result"],
  },
  hunt_webhook_lag_seconds: {
    type: "histogram",
    help: "Age of what happened when a webhook's receiver had taken it",
    labels: [],
    buckets: LAG_SECONDS,
  },
  hunt_alarms_total: { type: "counter", help: "Alarms that ran", labels: ["object"] },
  hunt_metrics_flushes_total: { type: "counter", help: "Flushes that metrics objects took", labels: [] },
  hunt_metrics_dropped_total: {
    type: "counter",
    help: "Counts dropped because a meter had too many series",
    labels: [],
  },
} as const satisfies Record<string, Definition>;

type Metrics = typeof METRICS;
export type MetricName = keyof Metrics;
type NamesOf<Type> = { [K in MetricName]: Metrics[K]["type"] extends Type ? K : never }[MetricName];
export type CounterName = NamesOf<"counter">;
export type HistogramName = NamesOf<"histogram">;
