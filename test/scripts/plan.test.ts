import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chance } from "../../scripts/lab/measure/chance.ts";
import { adviceAt } from "../../scripts/lab/plan/advice.ts";
import { type BenchReport, figure, unitCosts } from "../../scripts/lab/plan/costs.ts";
import { bestOf, candidates, runsIn } from "../../scripts/lab/plan/fit.ts";
import { KNOWN_PEAKS } from "../../scripts/lab/plan/known.ts";
import { type Measured, planFor, type Question } from "../../scripts/lab/plan/plan.ts";
import { type Load, simulateShard } from "../../scripts/lab/plan/simulate.ts";
import { configOf } from "../../src/config.ts";

const report = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "docs", "plan", "bench.json"), "utf8"),
) as BenchReport;

const costs = unitCosts(report);

const simulated = (load: Load, eventsPerRequest = 1) =>
  simulateShard({ costs, load, eventsPerRequest, waitingMax: 2_000, seconds: 15, random: chance(1) });

const measured: Measured = {
  costs,
  dollars: { http: 0.5, batch: 0.03, socket: 0.05 },
  archive: 0.002,
  factBytes: 200,
  factsPerMessage: 400,
  boardBytesPerTeam: 91.7,
  boardChanges: 234_000,
  statementsPerMessage: 4,
};

const question: Question = {
  players: 100_000,
  peak: 2_000,
  burst: 60,
  hour: 120_000,
  teamSize: 1,
  mode: "http",
  batch: 5,
  regions: 1,
  use: 0.7,
};

describe("[PLAN-1] the simulation reproduces the measured runs of docs/plan/bench.json within 25 %", () => {
  const within = (value: number, truth: number): void => {
    expect(value / truth).toBeGreaterThan(0.75);
    expect(value / truth).toBeLessThan(1.25);
  };

  test("64 connections in a closed loop: rate and median latency", () => {
    const run = simulated({ kind: "closed", clients: 64 });
    within(run.rate, figure(report, "event"));
    within(run.p50 * 1_000, figure(report, "event: p50"));
  });

  test("batches of 50 over 16 connections: events per second", () => {
    within(simulated({ kind: "closed", clients: 16 }, 50).rate, figure(report, "event in batches of 50"));
  });

  test("an open loop at half of the capacity: median latency", () => {
    const run = simulated({ kind: "open", rate: figure(report, "open loop of event: rate") });
    within(run.p50 * 1_000, figure(report, "open loop of event: p50"));
  });
});

describe("[PLAN-6] with collections, each of four measured runs is told by what is fitted to the other three", () => {
  const fits = candidates(report);
  const off = runsIn(report).flatMap(({ name }) => {
    const left = bestOf(fits, name).runs.find(({ run }) => run.name === name);
    if (!left) throw new Error("a run was not simulated");
    const { run, simulated } = left;
    return [simulated.p50 / run.p50, simulated.p99 / run.p99].map((ratio) => Math.max(ratio, 1 / ratio));
  });

  test("medians and p99s within a factor of 1.65, and most within 25 %", () => {
    expect(off).toHaveLength(8);
    expect(Math.max(...off)).toBeLessThan(1.65);
    expect(off.filter((factor) => factor < 1.25).length).toBeGreaterThanOrEqual(5);
  });

  test("without collections p99s are too low by far", () => {
    const plain = simulated({ kind: "open", rate: figure(report, "open loop of event: rate") });
    expect(plain.p99 * 1_000).toBeLessThan(figure(report, "open loop of event: p99") / 5);
  });
});

describe("the simulation", () => {
  test("[PLAN-2] answers what arrives below capacity, and no more than capacity", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 20_000 }), (rate) => {
        const run = simulated({ kind: "open", rate });
        const most = 1 / costs.request;
        expect(run.rate).toBeLessThan(most);
        if (rate < most * 0.8) expect(run.rate).toBeGreaterThan(rate * 0.9);
        else if (rate > most * 1.2) expect(run.refused + (run.p99 > 0.05 ? 1 : 0)).toBeGreaterThan(0);
        expect(run.busy).toBeLessThanOrEqual(1.0001);
      }),
      { numRuns: 15 },
    );
  });

  test("[PLAN-2] commits grow with the load, as they do in the engine", () => {
    const few = simulated({ kind: "closed", clients: 1 });
    const many = simulated({ kind: "closed", clients: 64 });
    expect(few.perCommit).toBeCloseTo(1, 1);
    expect(many.perCommit).toBeGreaterThan(15);
  });
});

describe("a plan", () => {
  const plan = (more: Partial<Question> = {}) => planFor({ ...question, ...more }, measured, chance(1));

  test("[PLAN-3] has shards enough for its load, and says which limit is first", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 5_000_000 }),
        fc.integer({ min: 10, max: 500_000 }),
        fc.constantFrom("http" as const, "batch" as const, "socket" as const),
        fc.integer({ min: 1, max: 6 }),
        (players, peak, mode, regions) => {
          const made = plan({ players, peak, mode, regions, burst: 1 });
          for (const stage of made.stages.filter(
            ({ name }) => name.startsWith("shard") || name.includes("memory"),
          )) {
            expect(stage.asked, stage.name).toBeLessThanOrEqual(stage.limit);
          }
          expect(made.first.breaksAt).toBe(Math.min(...made.stages.map(({ breaksAt }) => breaksAt)));
          expect(made.shards).toBe(made.shardsPerRegion * regions);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("[PLAN-3] more players than one leaderboard holds are split into hunts", () => {
    expect(plan().hunts).toBe(1);
    expect(plan({ players: 20_000_000 }).hunts).toBe(20);
  });

  test("[PLAN-4] the known peaks are carried: no shard is asked for more than it takes, none refuses", () => {
    for (const { title, question: peak } of KNOWN_PEAKS) {
      const made = planFor(peak, measured, chance(1));
      for (const { name, asked, limit } of made.stages)
        expect(asked, `${title}: ${name}`).toBeLessThanOrEqual(limit);
      expect(made.shard.refused, title).toBe(0);
      expect(made.shard.p99, title).toBeLessThan(0.2);
    }
  });
});

describe("the advice of a plan", () => {
  const limits = configOf({});
  const about = (asked: Question, shardsPerRegion: number, hunts = 1) =>
    adviceAt(asked, measured, { shardsPerRegion, hunts }, limits).filter(({ limit }) =>
      ["SHARDS_PER_REGION", "LIVE_SOCKETS_PER_OBJECT", "SHARD_FULL_BYTES"].includes(limit),
    );

  test("[PLAN-5] is that of the engine: it tells of too few shards by the plan's own figure, and nothing of the plan's", () => {
    let few = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 500_000 }),
        fc.integer({ min: 10, max: 200_000 }),
        fc.constantFrom("http" as const, "batch" as const, "socket" as const),
        fc.integer({ min: 1, max: 6 }),
        (players, peak, mode, regions) => {
          const asked = { ...question, players, peak, mode, regions, burst: 1, hour: peak };
          const { shardsPerRegion, hunts } = planFor(asked, measured, chance(1));
          fc.pre(hunts === 1);
          expect(about(asked, shardsPerRegion)).toEqual([]);
          if (shardsPerRegion === 1) return;
          few += 1;
          const [first] = about(asked, 1);
          expect(first?.change).toContain(`raise SHARDS_PER_REGION to ${shardsPerRegion}:`);
        },
      ),
      { numRuns: 60 },
    );
    expect(few).toBeGreaterThan(5);
  });

  test("[PLAN-5] the known peaks' plans need no more shards by it", () => {
    for (const { title, question: peak } of KNOWN_PEAKS) {
      const { shardsPerRegion, hunts } = planFor(peak, measured, chance(1));
      expect(about(peak, Math.ceil(shardsPerRegion / hunts), hunts), title).toEqual([]);
    }
  });
});
