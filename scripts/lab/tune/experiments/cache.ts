/** What isolates keep in memory and how old an entry of KV may be. */
import { type Figures, type Metric, simulated } from "../experiment.ts";
import { cacheSimulation } from "./platform.ts";

const READS: Metric = { name: "reads", what: "reads of KV for 1,000 requests", unit: "", better: "less" };
const OWNER: Metric = {
  name: "owner",
  what: "calls on the owner object for 1,000 requests",
  unit: "",
  better: "less",
};
const AGE: Metric = { name: "age", what: "age of the standings that are shown", unit: "s", better: "less" };

const CROWD = "20 isolates in 5 places, 100 requests/s";
const NONE = "nothing is remembered";

const only = (figures: Figures, ...names: string[]): Figures =>
  Object.fromEntries(names.map((name) => [name, figures[name] ?? Number.NaN]));

const hunt = async (memory: number, seed: number): Promise<Figures> =>
  only(await (await cacheSimulation()).hunt({ HUNT_MEMORY_MS: memory }, seed), "reads", "late");
const putBack = async (age: number, seed: number): Promise<Figures> =>
  only(await (await cacheSimulation()).putBack({ HUNT_KV_MAX_AGE_MS: age }, seed), "wrong", "owner");
const memory = async (ms: number, seed: number): Promise<Figures> =>
  only(await (await cacheSimulation()).board({ LEADERBOARD_MEMORY_MS: ms }, seed, false), "reads", "age");
const kvAge = async (ms: number, seed: number): Promise<Figures> =>
  only(await (await cacheSimulation()).board({ LEADERBOARD_KV_MAX_AGE_MS: ms }, seed, true), "age", "owner");

export const cacheExperiments = [
  simulated({
    parameter: "HUNT_MEMORY_MS",
    condition: `${CROWD}: a hunt that an organiser changes every two minutes or so, twelve times; KV repeats a value for 30 to 45 s`,
    values: [0, 200, 1_000, 5_000, 30_000],
    metrics: [READS, { name: "late", what: "until an isolate shows a change", unit: "s", better: "less" }],
    floor: NONE,
    rounds: 6,
    wishes: {
      // KV makes most of it.
      small: [{ metric: "late", most: 20 }],
      city: [{ metric: "late", most: 20 }],
      television: [{ metric: "late", most: 20 }],
    },
    trial: hunt,
    without: (seed) => hunt(0, seed),
  }),
  simulated({
    parameter: "HUNT_KV_MAX_AGE_MS",
    condition: `${CROWD}: somebody puts the entry of before back into KV, and nobody changes the hunt for 37 minutes`,
    values: [5_000, 60_000, 300_000, 3_600_000],
    metrics: [{ name: "wrong", what: "how long the old entry is shown", unit: "s", better: "less" }, OWNER],
    floor: "an age that no entry reaches",
    rounds: 4,
    wishes: {
      small: [{ metric: "owner", most: 10 }],
      city: [{ metric: "owner", most: 10 }],
      television: [{ metric: "owner", most: 5 }],
    },
    trial: putBack,
    without: (seed) => putBack(3_600_000, seed),
  }),
  simulated({
    parameter: "LEADERBOARD_MEMORY_MS",
    condition: `${CROWD}: standings that move all the time; KV repeats a value for 30 to 45 s`,
    values: [0, 100, 500, 2_000, 10_000],
    metrics: [READS, AGE],
    floor: NONE,
    rounds: 6,
    wishes: {
      small: [{ metric: "age", most: 20.5 }],
      city: [{ metric: "age", most: 20.5 }],
      television: [{ metric: "age", most: 25 }],
    },
    trial: memory,
    without: (seed) => memory(0, seed),
  }),
  simulated({
    parameter: "LEADERBOARD_KV_MAX_AGE_MS",
    condition: `${CROWD}: standings that move all the time; KV is a minute behind, and repeats a value for 30 to 45 s`,
    values: [5_000, 30_000, 60_000, 75_000, 300_000],
    metrics: [AGE, OWNER],
    floor: "an age that no entry reaches",
    rounds: 6,
    wishes: {
      small: [],
      city: [],
      television: [{ metric: "owner", most: 250 }],
    },
    trial: kvAge,
    without: (seed) => kvAge(600_000, seed),
  }),
];
