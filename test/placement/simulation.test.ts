/** Placement over the whole of a hunt, with the figures as late and as different as isolates have them. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import type { Chance } from "../../scripts/lab/measure/chance.ts";
import { resampled, type TeamActivity, teamsOfReplay } from "../../scripts/lab/placement/activity.ts";
import { CROWDS, spreadOf } from "../../scripts/lab/placement/spread.ts";
import { DEFAULT_FOLDER } from "../../scripts/lab/replay/gph2020.ts";

const SEEDS = [1, 2, 3];

/** The goal: the busiest shard's events of the whole hunt, as times the mean. */
const GOAL = 1.15;

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe("[PLACE-5] 10,000 teams of a real hunt's activity", { timeout: 360_000 }, () => {
  test.each(CROWDS)(
    "$title: the busiest of 8 shards has at most 1.15 times the mean",
    ({ title: _, ...crowd }) => {
      const spreads = SEEDS.map((seed) => spreadOf(seed, "load", 8, crowd, undefined));
      const byChance = SEEDS.map((seed) => spreadOf(seed, "chance", 8, crowd, undefined));
      for (const { events } of spreads) expect(events).toBeLessThanOrEqual(GOAL);
      const [own, other] = [spreads, byChance].map((all) => ({
        events: meanOf(all.map(({ events }) => events)),
        teams: meanOf(all.map(({ teams }) => teams)),
      }));
      // Who will be active is not known before anybody played: then the events are spread as chance has it.
      if (!crowd.before) expect(own?.events).toBeLessThan((other?.events ?? 0) + 0.02);
      // Where events tell more, they count more than teams.
      if (crowd.speed === 1) expect(own?.teams).toBeLessThan(other?.teams ?? 0);
    },
  );

  test("old figures herd nobody: believed as if they were of now they do, counted with what came since they do not", () => {
    const [crowd] = CROWDS;
    const teamsOf = (way: "herd" | "load"): number =>
      meanOf(SEEDS.map((seed) => spreadOf(seed, way, 8, crowd, undefined).teams)) - 1;
    expect(teamsOf("load")).toBeLessThan(teamsOf("herd") / 2);
  });

  test("the same seed gives the same spread", () => {
    const [crowd] = CROWDS;
    const run = () => spreadOf(9, "load", 4, crowd, undefined);
    expect(run()).toEqual(run());
  });

  const folder = resolve(import.meta.dirname, "../..", process.env.GPH2020 ?? DEFAULT_FOLDER);
  const file = join(folder, "events.ndjson");

  test.skipIf(!existsSync(file))("the recorded teams themselves, resampled", () => {
    const teams = teamsOfReplay(readFileSync(file, "utf8").split("\n"), 324);
    expect(teams).toHaveLength(999);
    const team = (random: Chance): TeamActivity => resampled(teams, random)();
    for (const { title: _, ...crowd } of CROWDS) {
      for (const seed of SEEDS) {
        expect(spreadOf(seed, "load", 8, crowd, team).events).toBeLessThanOrEqual(GOAL);
      }
    }
  });
});
