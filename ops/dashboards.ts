/**
 * The Grafana dashboards as code. `npm run dashboards` writes them to
 * ops/grafana; a test holds the files to this, and runs every expression
 * against a Prometheus that has scraped a loaded engine.
 */
import { VizOrientation } from "@grafana/grafana-foundation-sdk/common";
import {
  type Dashboard,
  DashboardBuilder,
  DatasourceVariableBuilder,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

interface PanelSpec {
  title: string;
  /** How to read it when it moves. */
  about: string;
  /** Grafana's unit. */
  unit: string;
  /** Legend → expression. */
  queries: Record<string, string>;
  /** One number instead of lines over time. */
  stat?: true;
}

interface DashboardSpec {
  uid: string;
  title: string;
  rows: { title: string; panels: PanelSpec[] }[];
}

const RATE = "$__rate_interval";
const rate = (series: string): string => `rate(${series}[${RATE}])`;
const per = (metric: string, label: string): string => `sum by (${label}) (${rate(metric)})`;
const total = (metric: string): string => `sum(${rate(metric)})`;
/** Zero where nothing was counted yet. */
const orZero = (expression: string): string => `${expression} or vector(0)`;
const quantile = (q: number, metric: string, matching = ""): string =>
  `histogram_quantile(${q}, sum by (le) (${rate(`${metric}_bucket${matching}`)}))`;
const mean = (metric: string): string => `${total(`${metric}_sum`)} / ${total(`${metric}_count`)}`;

const EVENTS = '{route="/v1/hunts/{hunt}/events"}';
const EVENTS_COUNTED = "sum by (type) (rate(hunt_events_total[$__rate_interval]))";

const DASHBOARDS: DashboardSpec[] = [
  {
    uid: "hunt-overview",
    title: "Hunt: overview",
    rows: [
      {
        title: "Rate, errors, duration",
        panels: [
          {
            title: "Requests",
            about: "By route. A route that falls silent while others go on is worth a look.",
            unit: "reqps",
            queries: { "{{route}}": per("hunt_http_requests_total", "route") },
          },
          {
            title: "Failed requests",
            about: "Share of answers with a 5xx status. Players' own mistakes are 4xx and do not count.",
            unit: "percentunit",
            queries: {
              failed: `(${total('hunt_http_requests_total{status="5xx"}')} or vector(0)) / ${total("hunt_http_requests_total")}`,
            },
          },
          {
            title: "Event latency",
            about: "At the Worker. Beyond 0.2 s players feel it, beyond 0.5 s they press again.",
            unit: "s",
            queries: {
              p50: quantile(0.5, "hunt_http_request_duration_seconds", EVENTS),
              p99: quantile(0.99, "hunt_http_request_duration_seconds", EVENTS),
            },
          },
          {
            title: "Latency by route, p99",
            about: "The slowest route is usually the one that asks an object far away.",
            unit: "s",
            queries: {
              "{{route}}": `histogram_quantile(0.99, sum by (le, route) (${rate("hunt_http_request_duration_seconds_bucket")}))`,
            },
          },
          {
            title: "Refusals",
            about:
              "By error code: rate_limited and overloaded are the engine's doing, the rest the clients'.",
            unit: "reqps",
            queries: { "{{code}}": orZero(per("hunt_errors_total", "code")) },
          },
          {
            title: "Beyond the rate",
            about: "Requests refused by the rate of a player or an address.",
            unit: "reqps",
            queries: { "{{by}}": orZero(per("hunt_rate_limited_total", "by")) },
          },
        ],
      },
      {
        title: "Now",
        panels: [
          {
            title: "Events",
            about: "Per second.",
            unit: "cps",
            stat: true,
            queries: { events: `sum(${EVENTS_COUNTED})` },
          },
          {
            title: "Facts behind",
            about: "Committed and not yet at the origin. It may grow while the origin is away.",
            unit: "short",
            stat: true,
            queries: { facts: "sum(hunt_facts_committed_total) - sum(hunt_facts_settled_total)" },
          },
          {
            title: "Gate closed",
            about: "1: the origin is asked. 0: it is being spared; players notice nothing.",
            unit: "short",
            stat: true,
            queries: { closed: 'hunt_gate_state{state="closed"}' },
          },
          {
            title: "Dead letters",
            about: "Messages the origin refuses. Read and redrive them.",
            unit: "short",
            stat: true,
            queries: { letters: "sum(hunt_dead_letters_total)" },
          },
        ],
      },
    ],
  },
  {
    uid: "hunt-objects",
    title: "Hunt: objects and queues",
    rows: [
      {
        title: "Shards",
        panels: [
          {
            title: "Facts committed",
            about: "By bucket of shards: uneven buckets mean uneven shards.",
            unit: "cps",
            queries: { "{{shard_bucket}}": per("hunt_facts_committed_total", "shard_bucket") },
          },
          {
            title: "Busiest shard over the mean",
            about:
              "Events of a region's busiest shard as times the mean of its shards. New teams go where less is; those that are there do not move.",
            unit: "short",
            queries: { p50: quantile(0.5, "hunt_shard_spread"), p99: quantile(0.99, "hunt_shard_spread") },
          },
          {
            title: "Growth, new teams",
            about:
              "Shards added, by whom. Teams placed: past a shard that refuses (refusal) when it is overloaded or full.",
            unit: "cps",
            queries: {
              "shards by {{by}}": orZero(per("hunt_shards_added_total", "by")),
              "teams by {{by}}": per("hunt_placements_total", "by"),
            },
          },
          {
            title: "Facts in a commit",
            about: "Grows with the load: that is how a durable write stays cheap.",
            unit: "short",
            queries: { mean: mean("hunt_commit_facts"), p99: quantile(0.99, "hunt_commit_facts") },
          },
          {
            title: "Commit duration",
            about: "What a player waits for at least.",
            unit: "s",
            queries: {
              p50: quantile(0.5, "hunt_commit_duration_seconds"),
              p99: quantile(0.99, "hunt_commit_duration_seconds"),
            },
          },
          {
            title: "Overloaded",
            about: "Commands refused because too many wait. More shards, or WAITING_COMMANDS_MAX.",
            unit: "cps",
            queries: { refused: total("hunt_commands_overloaded_total") },
          },
          {
            title: "Rows written per fact",
            about:
              "What the platform charges most for. 1 when commits hold one fact, a twentieth under load.",
            unit: "short",
            queries: { rows: `${total("hunt_rows_written_total")} / ${total("hunt_facts_committed_total")}` },
          },
          {
            title: "Alarms, failed turns",
            about: "Alarms are the backstop; failures are repeated by themselves.",
            unit: "cps",
            queries: {
              "alarms of {{object}}": orZero(per("hunt_alarms_total", "object")),
              "failed: {{stage}}": orZero(per("hunt_delivery_failures_total", "stage")),
            },
          },
        ],
      },
      {
        title: "Queue and consumer",
        panels: [
          {
            title: "Waiting in the queue",
            about: "Shards stop shipping at QUEUE_BACKLOG_MAX; what is behind stays in their logs.",
            unit: "short",
            queries: { "{{queue}}": "hunt_queue_backlog_messages" },
          },
          {
            title: "Age of the oldest message",
            about: "Rises while the gate is open.",
            unit: "s",
            queries: { "{{queue}}": "hunt_queue_oldest_seconds" },
          },
          {
            title: "Messages taken",
            about: "By what became of them: delayed and failed ones come again.",
            unit: "cps",
            queries: { "{{result}}": per("hunt_queue_messages_total", "result") },
          },
          {
            title: "Push messages",
            about: "By what became of them: gone devices have ended their subscription, again comes again.",
            unit: "cps",
            queries: { "{{result}}": per("hunt_push_messages_total", "result") },
          },
          {
            title: "Batch duration",
            about: "A batch takes as long as its slowest message.",
            unit: "s",
            queries: {
              p50: quantile(0.5, "hunt_queue_batch_duration_seconds"),
              p99: quantile(0.99, "hunt_queue_batch_duration_seconds"),
            },
          },
          {
            title: "Archive lag",
            about: "Age of a message's newest fact when the origin held it.",
            unit: "s",
            queries: {
              p50: quantile(0.5, "hunt_archive_lag_seconds"),
              p99: quantile(0.99, "hunt_archive_lag_seconds"),
            },
          },
          {
            title: "Messages shipped",
            about: "'again': not acknowledged within RESEND_AFTER_MS.",
            unit: "cps",
            queries: { "{{kind}}": per("hunt_ship_messages_total", "kind") },
          },
        ],
      },
    ],
  },
  {
    uid: "hunt-origin",
    title: "Hunt: origin and gate",
    rows: [
      {
        title: "Origin",
        panels: [
          {
            title: "Gate",
            about: "1 for the state it is in.",
            unit: "short",
            queries: { "{{state}}": "hunt_gate_state" },
          },
          {
            title: "Calls in the gate's window",
            about: "Of ten seconds: at half failed or four fifths slow the gate opens.",
            unit: "short",
            queries: { "{{result}}": "hunt_gate_window_calls" },
          },
          {
            title: "Calls",
            about: "By what became of them; open, half_open, throttled and busy were never made.",
            unit: "cps",
            queries: { "{{call}} {{result}}": per("hunt_origin_calls_total", "call, result") },
          },
          {
            title: "Call duration",
            about: "Beyond ORIGIN_SLOW_MS a call counts as slow, at ORIGIN_TIMEOUT_MS it is given up.",
            unit: "s",
            queries: {
              "{{call}} p99": `histogram_quantile(0.99, sum by (le, call) (${rate("hunt_origin_call_duration_seconds_bucket")}))`,
            },
          },
          {
            title: "Calls per event",
            about: "How well the origin is protected: hundreds of events travel in one call.",
            unit: "short",
            queries: {
              calls: `(${total('hunt_origin_calls_total{result="ok"}')} or vector(0)) / sum(${EVENTS_COUNTED})`,
            },
          },
          {
            title: "Look-ups of players",
            about: "hits and stale cost the origin nothing.",
            unit: "cps",
            queries: {
              "{{source}}": orZero(
                'sum by (source) (rate(hunt_cache_reads_total{cache="registration"}[$__rate_interval]))',
              ),
            },
          },
        ],
      },
    ],
  },
  {
    uid: "hunt-play",
    title: "Hunt: play",
    rows: [
      {
        title: "Players",
        panels: [
          {
            title: "Outcomes",
            about: "A hunt of real players has about three correct answers in ten.",
            unit: "cps",
            queries: { "{{outcome}}": per("hunt_events_total", "outcome") },
          },
          {
            title: "Correct answers",
            about:
              "Share of correct ones among answers. Falls when a clue is too hard, or guessed at by a machine.",
            unit: "percentunit",
            queries: {
              correct: `(${total('hunt_events_total{outcome="correct"}')} or vector(0)) / ${total("hunt_events_total")}`,
            },
          },
          {
            title: "Joins",
            about: "Players per second.",
            unit: "cps",
            queries: { joins: total("hunt_joins_total") },
          },
          {
            title: "Repeated events",
            about: "Sent again by clients that heard no answer: a bad network, or a slow engine.",
            unit: "cps",
            queries: { duplicates: total("hunt_event_duplicates_total") },
          },
          {
            title: "Claims at the prize vaults",
            about:
              "What the vaults decided; a drained prize is refused in the shards and does not come here. The mean batch says how well claims gather.",
            unit: "cps",
            queries: {
              "{{outcome}}": per("hunt_vault_claims_total", "outcome"),
              "claims per call": mean("hunt_vault_batch_claims"),
            },
          },
        ],
      },
      {
        title: "Standings and live sockets",
        panels: [
          {
            title: "Standings lag",
            about: "Age of a report's newest fact when it shows.",
            unit: "s",
            queries: {
              p50: quantile(0.5, "hunt_leaderboard_lag_seconds"),
              p99: quantile(0.99, "hunt_leaderboard_lag_seconds"),
            },
          },
          {
            title: "Reports",
            about: "A few per second and shard at most (REPORT_DELAY_MS).",
            unit: "cps",
            queries: { reports: total("hunt_leaderboard_reports_total") },
          },
          {
            title: "Publishing to KV",
            about: "At most one write a second and hunt.",
            unit: "s",
            queries: { p99: quantile(0.99, "hunt_leaderboard_publish_duration_seconds") },
          },
          {
            title: "Reads of the cache tier",
            about: "memory and kv cost nothing; object asks the owner.",
            unit: "cps",
            queries: { "{{cache}} {{source}}": per("hunt_cache_reads_total", "cache, source") },
          },
          {
            title: "Live sockets",
            about: "Opened less closed, since the counting began.",
            unit: "short",
            queries: {
              "{{object}}":
                "sum by (object) (hunt_live_sockets_opened_total) - (sum by (object) (hunt_live_sockets_closed_total) or 0 * sum by (object) (hunt_live_sockets_opened_total))",
            },
          },
          {
            title: "Frames",
            about: "Sent ones grow with the number of sockets: each push goes to all.",
            unit: "cps",
            queries: { "{{direction}}": per("hunt_live_frames_total", "direction") },
          },
          {
            title: "Sockets that ended",
            about: "'slow': put out because they did not read.",
            unit: "cps",
            queries: { "{{reason}}": orZero(per("hunt_live_sockets_closed_total", "reason")) },
          },
          {
            title: "Measuring itself",
            about: "Flushes of counts, and counts that found no room (there should be none).",
            unit: "cps",
            queries: {
              flushes: total("hunt_metrics_flushes_total"),
              dropped: total("hunt_metrics_dropped_total"),
            },
          },
        ],
      },
    ],
  },
];

const DATASOURCE = { type: "prometheus", uid: "$" + "{datasource}" };

/** Each dashboard by the name of its file. */
export function dashboards(): Map<string, Dashboard> {
  return new Map(DASHBOARDS.map((spec) => [`${spec.uid}.json`, build(spec)]));
}

/** Every expression, for the test. */
export function expressions(): { panel: string; expression: string }[] {
  return DASHBOARDS.flatMap(({ title, rows }) =>
    rows.flatMap(({ panels }) =>
      panels.flatMap((panel) =>
        Object.values(panel.queries).map((expression) => ({
          panel: `${title} / ${panel.title}`,
          expression,
        })),
      ),
    ),
  );
}

function build({ uid, title, rows }: DashboardSpec): Dashboard {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .tags(["hunt"])
    .refresh("10s")
    .time({ from: "now-1h", to: "now" })
    .timezone("browser")
    .withVariable(new DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"));
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(panelOf(panel));
  }
  return builder.build();
}

function panelOf({ title, about, unit, queries, stat }: PanelSpec): StatBuilder | TimeseriesBuilder {
  const panel = stat
    ? new StatBuilder().orientation(VizOrientation.Auto).span(6).height(5)
    : new TimeseriesBuilder().fillOpacity(8).lineWidth(2).span(8).height(8).min(0);
  panel.title(title).description(about).unit(unit).datasource(DATASOURCE);
  for (const [index, [legend, expression]] of Object.entries(queries).entries()) {
    panel.withTarget(
      new DataqueryBuilder()
        .refId(String.fromCharCode("A".charCodeAt(0) + index))
        .expr(expression)
        .legendFormat(legend),
    );
  }
  return panel;
}
