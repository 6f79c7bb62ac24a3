/**
 * How even the load of 10,000 teams is over the shards of a region, by the
 * engine's placement, by chance, and by figures that are believed however old. By hand:
 *
 *   node scripts/lab/placement/spread.ts [seed] [--replay events.ndjson] [--silent 324]
 */
import { readFileSync } from "node:fs";
import { commandOf, fromCaller, number } from "../../local/command-line.ts";
import type { Chance } from "../measure/chance.ts";
import { drawnTeams, resampled, type TeamActivity, teamsOfReplay } from "./activity.ts";
import { type Scenario, type Spread, simulatePlacement, type Way } from "./simulate.ts";

export const TEAMS = 10_000;

/** Isolates that place teams, and how old the figures are that they have, ms: KV repeats a value for 30 s and lags as much again. */
const ISOLATES = 300;
const AGES = [5_000, 65_000] as const;

const MINUTE = 60_000;

/** Crowds that join in different ways. */
export const CROWDS = [
  { title: "all join within a minute before the start", before: true, joinWithin: MINUTE, speed: 1 },
  {
    title: "each joins a minute or less before its first event",
    before: false,
    joinWithin: MINUTE,
    speed: 1,
  },
  { title: "the same, the hunt played in four hours", before: false, joinWithin: MINUTE, speed: 60 },
  { title: "the same, in twenty-three minutes", before: false, joinWithin: MINUTE, speed: 600 },
] as const;

export type Crowd = Omit<(typeof CROWDS)[number], "title">;

export const WAYS: readonly Way[] = ["chance", "herd", "load"];

/** One crowd on so many shards, placed in one way. `team` draws a team; undefined: of the activity that was recorded. */
export function spreadOf(
  seed: number,
  way: Way,
  shards: number,
  { before, joinWithin, speed }: Crowd,
  team: ((random: Chance) => TeamActivity) | undefined,
): Spread {
  const scenario: Scenario = {
    seed,
    way,
    shards,
    teams: TEAMS,
    isolates: ISOLATES,
    ages: AGES,
    before,
    joinWithin,
    speed,
    team: team ?? ((random) => drawnTeams(random)()),
  };
  return simulatePlacement(scenario);
}

const SEEDS = 5;

/** A line for each crowd and number of shards: the busiest shard's events as times the mean, mean and worst of some seeds. */
export function* spreadLines(
  first: number,
  team: ((random: Chance) => TeamActivity) | undefined,
): Generator<string> {
  yield `| crowd | shards | ${WAYS.join(" | ")} |`;
  yield `| --- | --- | ${WAYS.map(() => "---").join(" | ")} |`;
  for (const { title, ...crowd } of CROWDS) {
    for (const shards of [4, 8, 16]) {
      const cells = WAYS.map((way) => {
        const all = Array.from({ length: SEEDS }, (_, index) =>
          spreadOf(first + index, way, shards, crowd, team),
        ).map(({ events }) => events);
        const mean = all.reduce((sum, value) => sum + value, 0) / SEEDS;
        return `${mean.toFixed(3)} (${Math.max(...all).toFixed(3)})`;
      });
      yield `| ${title} | ${shards} | ${cells.join(" | ")} |`;
    }
  }
}

if (import.meta.main) {
  const command = commandOf(
    "spread",
    "Places 10,000 teams of a real hunt's activity on the shards of a region",
  )
    .argument("[seed]", "the first of five", number(0, 2 ** 31, { whole: true }))
    .option("--replay <file>", "teams with these events instead, resampled: lines with t, team and kind")
    .option("--silent <n>", "teams of the replay that had no event", number(0, 1_000_000, { whole: true }), 0)
    .parse();
  const { replay, silent } = command.opts<{ replay?: string; silent: number }>();
  const [seed = 1] = command.processedArgs as [number?];
  const teams =
    replay === undefined
      ? undefined
      : teamsOfReplay(readFileSync(fromCaller(replay), "utf8").split("\n"), silent);
  const team = teams && ((random: Chance) => resampled(teams, random)());
  for (const line of spreadLines(seed, team)) process.stdout.write(`${line}\n`);
}
