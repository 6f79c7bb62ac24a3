/**
 * A hunt that grows by itself while a crowd comes: the engine's own placement,
 * loads and growth in virtual time, through many isolates of which each hears of
 * new shards and loads when its copy of KV is renewed.
 */
import { PARAMETERS } from "../../../../src/config.ts";
import { crowdedRegion, type GrowthLimits, grownTo, hasCrowded } from "../../../../src/placement/growth.ts";
import { type LoadFigures, ShardLoads } from "../../../../src/placement/loads.ts";
import { placeTeam } from "../../../../src/placement/place.ts";
import { PlacedSince } from "../../../../src/placement/since.ts";
import { below, chance } from "../../measure/chance.ts";
import { type Figures, type Metric, simulated } from "../experiment.ts";

const START = 1_800_000_000_000;

/** Events/s that a shard of the simulation really carries: the platform's documentation says 500 to 1,000. */
const CARRIES = 600;

/** Events/s of a team that plays. */
const TEAM_RATE = 0.05;

const ISOLATES = 100;

/** KV is this old where an isolate reads it, ms. */
const KV_AGES = [1_000, 60_000] as const;

/** As src/leaderboard/loads.ts: time between two publications of loads, ms. */
const PUBLISHED_EVERY = 10_000;

interface Crowd {
  /** Teams that come in each of so many minutes: a spot, seen by everybody at once, dies away. */
  perMinute: readonly number[];
  /** Minutes that are played after it. */
  after: number;
}

/** Of a shard's time: what of it is asked for beyond what it carries. */
interface Grown {
  /** The share of all events that came beyond what their shard carries, %. */
  beyond: number;
  shards: number;
}

function grow(crowd: Crowd, limits: GrowthLimits, seed: number): Grown {
  const random = chance(seed);
  const loads = new ShardLoads();
  const published: LoadFigures[] = [];
  const present: { at: number; count: number }[] = [{ at: START, count: 1 }];
  const placedBy = Array.from({ length: ISOLATES }, () => new PlacedSince());
  const ages = Array.from({ length: ISOLATES }, () => KV_AGES[0] + (KV_AGES[1] - KV_AGES[0]) * random());
  const teams: number[] = [];
  const events: number[] = [];
  let all = 0;
  let beyond = 0;
  const now = (second: number): number => START + second * 1_000;
  const names = Array.from({ length: 1_000 }, (_, index) => `weur-${index}`);

  const place = (at: number): void => {
    const isolate = below(random, ISOLATES);
    const seen = at - (ages[isolate] ?? 0);
    const known = present.findLast((each) => each.at <= seen) ?? present[0];
    const figures = published.findLast((each) => each.at <= seen);
    const since = placedBy[isolate];
    if (!known || !since) throw new Error("an isolate was drawn that is not there");
    const shards = names.slice(0, known.count);
    const { shard } = placeTeam(
      shards,
      { figures, placed: since.since(figures?.at), refuses: () => false, now: at },
      random,
    );
    since.add(shard, at);
    const index = names.indexOf(shard);
    teams[index] = (teams[index] ?? 0) + 1;
  };

  const seconds = (crowd.perMinute.length + crowd.after) * 60;
  for (let second = 0; second < seconds; second += 1) {
    const at = now(second);
    const coming = (crowd.perMinute[Math.floor(second / 60)] ?? 0) / 60;
    const joining = Math.floor(coming) + Number(random() < coming % 1);
    for (let team = 0; team < joining; team += 1) place(at);
    for (let index = 0; index < teams.length; index += 1) {
      const mean = (teams[index] ?? 0) * TEAM_RATE;
      // Independent events: as a normal distribution with the same spread.
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      const count = Math.max(0, mean + Math.sqrt(mean) * normal);
      events[index] = (events[index] ?? 0) + count;
      all += count;
      beyond += Math.max(0, count - CARRIES);
      loads.hear(
        names[index] ?? "",
        { teams: teams[index] ?? 0, events: Math.round(events[index] ?? 0) },
        at,
      );
    }
    if ((second * 1_000) % PUBLISHED_EVERY !== 0) continue;
    const figures = loads.figures(at);
    if (!figures) continue;
    published.push(figures);
    while ((published[1]?.at ?? at) < at - KV_AGES[1]) published.shift();
    const last = present.at(-1)?.count ?? 1;
    if (!hasCrowded(figures, limits) || !crowdedRegion(figures, last, limits)) continue;
    const count = grownTo(last, limits);
    if (count > last) present.push({ at, count });
  }
  return { beyond: (100 * beyond) / Math.max(1, all), shards: present.at(-1)?.count ?? 1 };
}

const LIMITS: GrowthLimits = {
  capacity: PARAMETERS.SHARD_CAPACITY.default,
  growAt: PARAMETERS.GROW_AT.default,
  max: PARAMETERS.SHARDS_MAX.default,
};

/** 36,000 teams within a quarter of an hour: three shards' worth. */
const SPOT: Crowd = {
  perMinute: [6_000, 8_000, 6_000, 4_000, 3_000, 2_000, 2_000, 1_000, 1_000, 1_000, 800, 600, 300, 200, 100],
  after: 10,
};

/** 180,000 teams within an hour: fifteen shards' worth. */
const WAVE: Crowd = { perMinute: Array.from({ length: 60 }, () => 3_000), after: 10 };

const BEYOND: Metric = {
  name: "beyond",
  what: `events beyond the ${CARRIES}/s that their shard carries`,
  unit: "%",
  better: "less",
};
const SHARDS: Metric = { name: "shards", what: "shards at the end", unit: "", better: "less" };

const measured = (crowd: Crowd, limits: Partial<GrowthLimits>, seed: number): Figures => ({
  ...grow(crowd, { ...LIMITS, ...limits }, seed),
});

const FLOOR = "one shard, and no growth";
const FIVE = "36,000 teams come within 15 minutes";
const HOUR = "180,000 teams come within an hour";

export const growthExperiments = [
  simulated({
    parameter: "SHARDS_MAX",
    condition: `${HOUR}; ${ISOLATES} isolates`,
    values: [1, 4, 16, 64],
    metrics: [BEYOND, SHARDS],
    floor: FLOOR,
    rounds: 6,
    wishes: {
      small: [{ metric: "shards", most: 20 }],
      city: [{ metric: "shards", most: 20 }],
      television: [],
    },
    trial: (value, seed) => measured(WAVE, { max: value }, seed),
    without: (seed) => measured(WAVE, { max: 1 }, seed),
  }),
  simulated({
    parameter: "SHARD_CAPACITY",
    condition: `${FIVE}; ${ISOLATES} isolates`,
    values: [100, 250, 500, 1_000, 2_000],
    metrics: [BEYOND, SHARDS],
    floor: FLOOR,
    wishes: {
      // No such crowd comes there: what it would cost decides.
      small: [{ metric: "shards", most: 5 }],
      city: [{ metric: "shards", most: 8 }],
      television: [],
    },
    trial: (value, seed) => measured(SPOT, { capacity: value }, seed),
    without: (seed) => measured(SPOT, { max: 1 }, seed),
  }),
  simulated({
    parameter: "GROW_AT",
    condition: `${FIVE}; ${ISOLATES} isolates`,
    values: [0.2, 0.4, 0.7, 0.85, 1],
    metrics: [BEYOND, SHARDS],
    floor: FLOOR,
    wishes: {
      // No such crowd comes there: what it would cost decides.
      small: [{ metric: "shards", most: 5 }],
      city: [{ metric: "shards", most: 8 }],
      television: [],
    },
    trial: (value, seed) => measured(SPOT, { growAt: value }, seed),
    without: (seed) => measured(SPOT, { max: 1 }, seed),
  }),
];
