/** The text of `/metrics`: the sums of all hubs, and gauges as of now. */

import { metricsStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { gateOf } from "../objects/gate.ts";
import { flushNow, hubNames } from "./flush.ts";
import { inTime } from "./in-time.ts";
import { addTo, nothing } from "./metrics.ts";
import { type Gauge, prometheusText } from "./text.ts";

const GATE_STATES = ["closed", "half_open", "open"] as const;

export async function readMetrics(env: Env, now: number): Promise<string> {
  // The counts of this isolate show at once.
  await inTime(flushNow(env) ?? Promise.resolve());
  const sums = nothing();
  const [gate, queue, dead, ...hubs] = await Promise.all([
    inTime(gateOf(env).status()),
    inTime(env.FACTS.metrics()),
    inTime(env.DEAD.metrics()),
    ...hubNames().map((name) => inTime(metricsStub(env, name).read())),
  ]);
  for (const hub of hubs) if (hub) addTo(sums, hub);
  return prometheusText(sums, [
    {
      name: "hunt_gate_state",
      help: "The origin's gate: 1 for the state it is in",
      samples: gate
        ? GATE_STATES.map((state) => ({ labels: { state }, value: Number(gate.state === state) }))
        : [],
    },
    {
      name: "hunt_gate_window_calls",
      help: "Calls on the origin in the gate's window of ten seconds",
      samples: gate
        ? [
            { labels: { result: "all" }, value: gate.window.calls },
            { labels: { result: "failed" }, value: gate.window.failed },
            { labels: { result: "slow" }, value: gate.window.slow },
          ]
        : [],
    },
    ...queueGauges(
      [
        { queue: "facts", metrics: queue },
        { queue: "dead", metrics: dead },
      ],
      now,
    ),
    {
      name: "hunt_metrics_source_up",
      help: "Whether a source of these metrics could be read in time",
      samples: [
        { labels: { source: "gate" }, value: Number(gate !== undefined) },
        { labels: { source: "queue" }, value: Number(queue !== undefined) },
        { labels: { source: "hubs" }, value: Number(hubs.every((hub) => hub !== undefined)) },
      ],
    },
  ]);
}

function queueGauges(queues: { queue: string; metrics: QueueMetrics | undefined }[], now: number): Gauge[] {
  const reached = queues.flatMap(({ queue, metrics }) => (metrics ? [{ labels: { queue }, metrics }] : []));
  return [
    {
      name: "hunt_queue_backlog_messages",
      help: "Messages waiting in the queue",
      samples: reached.map(({ labels, metrics }) => ({ labels, value: metrics.backlogCount })),
    },
    {
      name: "hunt_queue_backlog_bytes",
      help: "Bytes waiting in the queue",
      samples: reached.map(({ labels, metrics }) => ({ labels, value: metrics.backlogBytes })),
    },
    {
      name: "hunt_queue_oldest_seconds",
      help: "Age of the oldest message waiting in the queue; 0 when none waits",
      samples: reached.map(({ labels, metrics }) => {
        const oldest = metrics.oldestMessageTimestamp?.valueOf() || now;
        return { labels, value: Math.max(0, now - oldest) / 1_000 };
      }),
    },
  ];
}
