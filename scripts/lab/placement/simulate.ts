/**
 * A crowd of teams is placed on the shards of one region by the engine's own
 * placement, through many isolates that each see figures of another age, or by
 * chance alone. PURE: the same for the same seed.
 */
import { type LoadFigures, ShardLoads } from "../../../src/placement/loads.ts";
import { placeTeam } from "../../../src/placement/place.ts";
import { PlacedSince } from "../../../src/placement/since.ts";
import { below, type Chance, chance } from "../measure/chance.ts";
import type { TeamActivity } from "./activity.ts";

/** How teams are placed; `herd`: on the less loaded of two by the figures alone, as if they were of now. */
export type Way = "load" | "chance" | "herd";

export interface Scenario {
  seed: number;
  way: Way;
  shards: number;
  teams: number;
  isolates: number;
  /** Draws a team, of which times count from the hunt's start. */
  team: (random: Chance) => TeamActivity;
  /** Teams join evenly over so long before their first event, ms; those that never have one, before the start. */
  joinWithin: number;
  /** All join before the start; else each shortly before its first event. */
  before: boolean;
  /** How many times faster than recorded the hunt is played. */
  speed: number;
  /** The youngest and the oldest figures that isolates have, ms: KV repeats a value for 30 s and may lag as much. */
  ages: readonly [number, number];
}

export interface Spread {
  /** Of the busiest shard, as times the mean: events of the whole hunt, events of its busiest hour, teams. */
  events: number;
  busiestHour: number;
  teams: number;
}

/** How often figures are published, ms, and a shard reports. */
const PUBLISHED_EVERY = 10_000;

/** The hunt's busiest hour, of its own time. */
const HOUR = 3_600_000;

interface Moment {
  at: number;
  team: number;
  kind: "join" | "event";
}

export function simulatePlacement(scenario: Scenario): Spread {
  const { shards: count, way, isolates, ages } = scenario;
  const random = chance(scenario.seed);
  const shards = Array.from({ length: count }, (_, index) => `weur-${index}`);
  const loads = new ShardLoads();
  const published: LoadFigures[] = [];
  const placedBy = Array.from({ length: isolates }, () => new PlacedSince());
  const ageOf = Array.from({ length: isolates }, () => ages[0] + (ages[1] - ages[0]) * random());
  const placeOf = new Map<number, number>();
  const teams = new Array<number>(count).fill(0);
  const events = new Array<number>(count).fill(0);
  const hours = new Map<number, number[]>();
  const hour = HOUR / scenario.speed;
  let nextTold = Number.NEGATIVE_INFINITY;

  const tell = (now: number): void => {
    if (now < nextTold) return;
    nextTold = now + PUBLISHED_EVERY;
    for (const [index, shard] of shards.entries()) {
      loads.hear(shard, { teams: teams[index] ?? 0, events: events[index] ?? 0 }, now);
    }
    const figures = loads.figures(now);
    if (figures) published.push(figures);
    while ((published[1]?.at ?? now) < now - ages[1]) published.shift();
  };

  const place = (now: number): number => {
    if (way === "chance") return below(random, count);
    const isolate = below(random, isolates);
    const figures = published.findLast(({ at }) => at <= now - (ageOf[isolate] ?? 0));
    const since = placedBy[isolate];
    if (!since) throw new Error("an isolate was drawn that is not there");
    const known =
      way === "herd"
        ? { figures, placed: () => 0, now: figures?.at ?? now }
        : { figures, placed: since.since(figures?.at), now };
    const { shard } = placeTeam(shards, { ...known, refuses: () => false }, random);
    since.add(shard, now);
    return shards.indexOf(shard);
  };

  const moments = momentsOf(scenario, random);
  const lastJoining = moments.findLast(({ kind }) => kind === "join")?.at ?? 0;
  for (const { at, team, kind } of moments) {
    if (at <= lastJoining) tell(at);
    if (kind === "join") {
      const index = place(at);
      placeOf.set(team, index);
      teams[index] = (teams[index] ?? 0) + 1;
      continue;
    }
    const index = placeOf.get(team) ?? 0;
    events[index] = (events[index] ?? 0) + 1;
    const number = Math.floor(at / hour);
    const inHour = hours.get(number) ?? new Array<number>(count).fill(0);
    inHour[index] = (inHour[index] ?? 0) + 1;
    hours.set(number, inHour);
  }
  const busiest = [...hours.values()].reduce((most, each) => (sum(each) > sum(most) ? each : most), [1]);
  return { events: overMean(events), busiestHour: overMean(busiest), teams: overMean(teams) };
}

/** All that happens, in order. */
function momentsOf({ teams, team, before, joinWithin, speed }: Scenario, random: Chance): Moment[] {
  const moments: Moment[] = [];
  for (let number = 0; number < teams; number += 1) {
    const times = team(random).map((time) => time / speed);
    const begins = before ? 0 : (times[0] ?? 0);
    moments.push({ at: begins - random() * joinWithin, team: number, kind: "join" });
    for (const at of times) moments.push({ at, team: number, kind: "event" });
  }
  return moments.sort((a, b) => a.at - b.at);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const overMean = (values: readonly number[]): number => (Math.max(...values) * values.length) / sum(values);
