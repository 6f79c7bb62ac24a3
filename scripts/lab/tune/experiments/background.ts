/** What the engine does by time beside playing: roots over the logs, and counts that reach the metrics objects. */
import { simulated } from "../experiment.ts";
import { flushSimulation, rootsSimulation } from "./platform.ts";

export const backgroundExperiments = [
  simulated({
    parameter: "ROOT_EVERY_MS",
    condition: "16 shards with a fact every five seconds each",
    values: [1_000, 5_000, 15_000, 60_000, 300_000],
    metrics: [
      { name: "age", what: "from a fact to the root that has it", unit: "s", better: "less" },
      { name: "calls", what: "calls on shards", unit: "/min", better: "less" },
    ],
    floor: "a root for every fact as it comes",
    rounds: 5,
    wishes: {
      small: [{ metric: "calls", most: 20 }],
      city: [{ metric: "calls", most: 20 }],
      television: [{ metric: "calls", most: 20 }],
    },
    trial: async (value, seed) => (await rootsSimulation()).roots(value, seed),
    without: async (seed) => (await rootsSimulation()).roots(1, seed),
  }),
  simulated({
    parameter: "METRICS_FLUSH_MS",
    condition: "300 isolates, 600 requests/s",
    values: [500, 2_000, 10_000, 60_000],
    metrics: [
      { name: "age", what: "age of a count when the metrics object has it", unit: "s", better: "less" },
      { name: "calls", what: "calls on metrics objects", unit: "/s", better: "less" },
    ],
    floor: "each request tells its own counts",
    rounds: 5,
    wishes: {
      small: [{ metric: "calls", most: 60 }],
      city: [{ metric: "calls", most: 60 }],
      television: [{ metric: "calls", most: 60 }],
    },
    trial: async (value, seed) => (await flushSimulation()).flushes(value, seed),
    without: async (seed) => (await flushSimulation()).flushes(100, seed),
  }),
];
