import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parametersPage } from "../../scripts/docs/parameters.ts";
import { chance } from "../../scripts/lab/measure/chance.ts";
import { differenceOf, isEffect } from "../../scripts/lab/tune/bootstrap.ts";
import { defaultOf, type Experiment, type Measured, simulated } from "../../scripts/lab/tune/experiment.ts";
import { EXPERIMENTS } from "../../scripts/lab/tune/experiments.ts";
import { disagreements, findingOf } from "../../scripts/lab/tune/findings.ts";
import { findKnee, type Step, whyNot } from "../../scripts/lab/tune/knee.ts";
import { Progress, questionOf, Results, type Run } from "../../scripts/lab/tune/results.ts";
import { runExperiment } from "../../scripts/lab/tune/run.ts";
import { effectText, kneeText } from "../../scripts/lab/tune/words.ts";
import { PARAMETERS } from "../../src/config.ts";

const good: Step = { rate: 100, offered: 1_000, achieved: 1, p99: 20, first: 5, last: 5, failed: 0 };

/** A server that carries up to `capacity` requests/s, with a queue before it. */
function serve(rate: number, capacity: number): Step {
  const mean = 2 / (1 - Math.min(0.999, rate / capacity));
  const over = rate > capacity;
  return {
    ...good,
    rate,
    p99: over ? 2_000 : 4.6 * mean,
    achieved: over ? capacity / rate : 1,
    last: over ? 1_500 : mean,
    first: mean,
  };
}

describe("the knee", () => {
  const slo = { p99: 500 };

  test("[TUNE-1] a step is carried or not, and says why", () => {
    expect(whyNot(good, slo)).toBeUndefined();
    expect(whyNot({ ...good, failed: 2 }, slo)).toBe("errors");
    expect(whyNot({ ...good, achieved: 0.96 }, slo)).toBe("achieved");
    expect(whyNot({ ...good, p99: 501 }, slo)).toBe("p99");
    expect(whyNot({ ...good, first: 40, last: 300 }, slo)).toBe("queue grows");
    expect(whyNot({ ...good, first: 1, last: 30 }, slo)).toBeUndefined();
  });

  test("[TUNE-1] is found within 10 % of where it is, from wherever the search begins", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 200, max: 10_000 }),
        fc.integer({ min: 200, max: 10_000 }),
        async (capacity, floor) => {
          const from = { engine: 800, floor: 1_200 };
          const capacities = { engine: capacity, floor };
          const knee = await findKnee(from, slo, async (which, rate) => serve(rate, capacities[which]));
          expect(knee.rate / capacity).toBeGreaterThan(0.9);
          expect(knee.rate / capacity).toBeLessThan(1.1);
          expect(knee.floor / floor).toBeGreaterThan(0.9);
          expect(knee.floor / floor).toBeLessThan(1.1);
        },
      ),
    );
  });

  test("[TUNE-1] one bad moment moves it by a step", async () => {
    for (const bad of [0, 3, 8, 15, 22]) {
      let calls = 0;
      const { rate } = await findKnee({ engine: 800, floor: 1_200 }, slo, async (_, asked) => {
        calls += 1;
        return { ...serve(asked, 2_000), ...(calls === bad ? { p99: 5_000 } : {}) };
      });
      expect(rate).toBeGreaterThan(1_800);
      expect(rate).toBeLessThan(2_200);
    }
  });

  test("[TUNE-1] on a machine that slows down, and stalls now and then, the ratio to the floor stays", async () => {
    const ratios: number[] = [];
    for (let seed = 0; seed < 40; seed += 1) {
      const random = chance(seed);
      let calls = 0;
      const slope = random() * 0.012;
      const { rate, floor } = await findKnee({ engine: 800, floor: 1_200 }, slo, async (which, asked) => {
        calls += 1;
        const machine = 1 - calls * slope;
        const stalls = random() < 0.02;
        return {
          ...serve(asked, machine * (which === "engine" ? 2_000 : 3_000)),
          ...(stalls ? { p99: 900 } : {}),
        };
      });
      ratios.push(rate / floor);
    }
    for (const ratio of ratios) {
      expect(ratio / (2 / 3)).toBeGreaterThan(0.9);
      expect(ratio / (2 / 3)).toBeLessThan(1.1);
    }
  });

  test("[TUNE-1] a server that carries nothing has none", async () => {
    const { rate } = await findKnee({ engine: 10, floor: 100 }, { p99: 1 }, async (_, asked) =>
      serve(asked, 1_000),
    );
    expect(rate).toBe(0);
  });

  test("[TUNE-1] the report shows the drift that was taken out", () => {
    const knees = [
      { rate: 2_000, floor: 4_000, limit: "p99" },
      { rate: 1_500, floor: 3_000, limit: "achieved" },
    ];
    const text = kneeText({ date: "2026-11-29", machine: "m", p99: 500, knees }).join("\n");
    expect(text).toContain("the floor moved by −25.0 % and the engine by −25.0 %");
    expect(text).toContain("moved by +0.0 %");
  });
});

describe("intervals", () => {
  test("[TUNE-3] noise alone has none that leaves zero out, more than one time in ten; a shift has", () => {
    const random = chance(9);
    let found = 0;
    for (let trial = 0; trial < 200; trial += 1) {
      const noise = (): number[] => Array.from({ length: 10 }, () => 50 + random() * 20);
      if (isEffect(differenceOf(noise(), noise(), random))) found += 1;
    }
    expect(found).toBeLessThan(20);
    const before = Array.from({ length: 10 }, () => 50 + random() * 20);
    const shifted = differenceOf(
      before,
      before.map((value) => value + 30 + random() * 10),
      random,
    );
    expect(isEffect(shifted)).toBe(true);
    expect(shifted.low).toBeGreaterThan(29);
    expect(shifted.high).toBeLessThan(41);
  });
});

/** An experiment on the age of something, and what it costs, on a machine that may drift. */
function experiment(
  figures: (value: number, round: number) => Record<string, number>,
  more: Partial<Experiment> = {},
): Experiment {
  return {
    parameter: "REPORT_DELAY_MS",
    condition: "a test",
    how: "engine",
    values: [50, 200, 1_000],
    rounds: 6,
    floor: "nothing",
    metrics: [
      { name: "age", what: "age", unit: "ms", better: "less", overFloor: "rpc" },
      { name: "calls", what: "calls", unit: "/min", better: "less" },
    ],
    wishes: {
      small: [],
      city: [{ metric: "calls", most: 100 }],
      television: [{ metric: "calls", most: 1 }],
    },
    open: async () => ({
      async round(number): Promise<Measured[]> {
        return [50, 200, 1_000].map((value) => ({
          value,
          figures: figures(value, number),
          floor: { rpc: 2 + number },
        }));
      },
      close: async () => undefined,
    }),
    ...more,
  };
}

async function runOf(tried: Experiment): Promise<Run> {
  const bench = await tried.open(1);
  const trials: Run["trials"] = [];
  for (let round = 0; round < tried.rounds; round += 1) {
    trials.push(...(await bench.round(round)).map((each) => ({ round, ...each })));
  }
  return { date: "2026-11-29", machine: "m", seed: 1, repeated: 0, trials };
}

describe("findings", () => {
  const tried = experiment((value, round) => ({
    // The machine becomes slower from round to round: the floor with it.
    age: value + 2 + round + (round % 2),
    calls: 60_000 / Math.max(value, 300),
  }));

  test("[TUNE-2] differences are of pairs of a round, without the drift of the machine", async () => {
    const { effects, drift, medians } = findingOf(tried, await runOf(tried), 200);
    const age = effects.filter(({ metric }) => metric.name === "age");
    expect(age.map(({ from, to, difference }) => [from, to, difference])).toEqual([
      [200, 50, -150],
      [200, 1_000, 800],
    ]);
    expect(age.every(({ isMeasured, low, high }) => isMeasured && low === high)).toBe(true);
    expect(medians[0]?.figures.age).toBe(50.5);
    expect(drift.rpc).toEqual({ low: 2, high: 7 });
  });

  test("[TUNE-2] the end of its help, and the best value within bounds; the default where that is as good", async () => {
    const { helpsUntil, rising, choices } = findingOf(tried, await runOf(tried), 200);
    expect([helpsUntil, rising]).toEqual([50, false]);
    expect(choices.small).toEqual({ value: 50, holds: true });
    expect(choices.city).toEqual({ value: 1_000, holds: true });
    // None meets it: the one that misses least.
    expect(choices.television).toEqual({ value: 1_000, holds: false });
    const flat = experiment(() => ({ age: 10, calls: 1 }));
    expect(findingOf(flat, await runOf(flat), 200).choices.small).toEqual({ value: 200, holds: true });
  });

  test("[TUNE-4] what is told of a parameter says when there is no measured effect", async () => {
    const noise = chance(3);
    const flat = experiment(() => ({ age: 10 + noise(), calls: 1 }));
    const { effects, helpsUntil } = findingOf(flat, await runOf(flat), 200);
    expect(helpsUntil).toBeUndefined();
    expect(effects.map(effectText).join()).toContain("no measured effect on age");
    const [first] = findingOf(tried, await runOf(tried), 200).effects;
    expect(first && effectText(first)).toBe("200 → 50: age −150 ms (95 % of 6 pairs: −150 … −150)");
  });

  test("[TUNE-6] a run with another sign does not agree; one that is only smaller does", async () => {
    const before = await runOf(tried);
    const smaller = experiment((value) => ({ age: value / 2, calls: 60_000 / Math.max(value, 300) }));
    const other = experiment((value) => ({ age: -value, calls: 60_000 / Math.max(value, 300) }));
    expect(disagreements(tried, before, await runOf(smaller), 200)).toEqual([]);
    expect(disagreements(tried, before, await runOf(other), 200)).toHaveLength(2);
  });
});

describe("runs", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hunt-tune-test-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const settings = () => ({
    results: new Results(join(folder, "results")),
    progress: new Progress(join(folder, "state")),
    deadline: Number.POSITIVE_INFINITY,
    say: () => undefined,
  });

  test("[TUNE-5] goes on where it was interrupted, with the same seed, and measures nothing twice", async () => {
    const asked: [round: number, seed: number][] = [];
    let dies = true;
    const tried = experiment(() => ({ age: 1, calls: 1 }));
    const dying: Experiment = {
      ...tried,
      open: async (seed) => {
        const bench = await tried.open(seed);
        return {
          ...bench,
          async round(number) {
            if (dies && number === 3) throw new Error("the machine is switched off");
            asked.push([number, seed]);
            return bench.round(number);
          },
        };
      },
    };
    await expect(runExperiment(dying, settings())).rejects.toThrow("switched off");
    dies = false;
    expect(await runExperiment(dying, { ...settings(), deadline: 0 })).toBeUndefined();
    const result = await runExperiment(dying, settings());
    expect(asked.map(([round]) => round)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(new Set(asked.map(([, seed]) => seed)).size).toBe(1);
    expect(result?.runs).toHaveLength(1);
    expect(result?.runs[0]?.trials).toHaveLength(18);
    expect(settings().progress.isDone(questionOf(dying))).toBe(true);
  });

  test("[TUNE-5] keeps the run before, but not that of another question", async () => {
    const tried = experiment(() => ({ age: 1, calls: 1 }));
    const { results } = settings();
    for (let run = 0; run < 3; run += 1) await runExperiment(tried, settings());
    expect(results.of(questionOf(tried))?.runs).toHaveLength(2);
    const other = { ...tried, condition: "another" };
    expect(results.of(questionOf(other))).toBeUndefined();
    expect(settings().progress.isDone(questionOf(other))).toBe(false);
    expect((await runExperiment(other, settings()))?.runs).toHaveLength(1);
  });

  test("[TUNE-5] a round in which the machine stood still is measured again", async () => {
    let stood = 0;
    const tried = experiment(() => ({ age: 1, calls: 1 }));
    const standing: Experiment = {
      ...tried,
      open: async (seed) => {
        const bench = await tried.open(seed);
        return {
          ...bench,
          async round(number) {
            const measured = await bench.round(number);
            if (number !== 2 || stood > 0) return measured;
            stood += 1;
            return measured.map((each) => ({ ...each, floor: { rpc: 400 } }));
          },
        };
      },
    };
    const result = await runExperiment(standing, settings());
    expect(stood).toBe(1);
    expect(result?.runs[0]?.repeated).toBe(1);
    expect(result?.runs[0]?.trials.every(({ floor }) => (floor.rpc ?? 0) < 100)).toBe(true);
  });

  test("[TUNE-2] in a simulation all values of a round, and the floor, have the same chance", async () => {
    const seeds: number[] = [];
    const noted = (seed: number): Record<string, number> => {
      seeds.push(seed);
      return { age: seed };
    };
    const { round } = await simulated({
      ...experiment(() => ({})),
      trial: (_, seed) => noted(seed),
      without: noted,
    }).open(5);
    await round(1);
    await round(2);
    expect(seeds).toEqual([1_005, 1_005, 1_005, 1_005, 2_005, 2_005, 2_005, 2_005]);
  });
});

describe("all experiments", () => {
  test("[TUNE-4] every parameter is a setting, or has one experiment", () => {
    const measured = EXPERIMENTS.map(({ parameter }) => parameter);
    expect(new Set(measured).size).toBe(measured.length);
    const parameters = Object.entries(PARAMETERS).filter(([, parameter]) => !("setting" in parameter));
    expect(measured.toSorted()).toEqual(parameters.map(([name]) => name).toSorted());
  });

  test.each(EXPERIMENTS.map((each) => [each.parameter, each] as const))(
    "[TUNE-4] %s: at least three values, rising, within the range, the default among them",
    (name, { values, metrics, wishes, rounds }) => {
      const parameter = PARAMETERS[name];
      if (parameter.kind !== "number") throw new Error("only numbers are measured");
      expect(values.length).toBeGreaterThanOrEqual(3);
      expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b));
      expect(values).toContain(defaultOf(name));
      expect(values[0]).toBeGreaterThanOrEqual(parameter.min);
      expect(values.at(-1)).toBeLessThanOrEqual(parameter.max);
      expect(rounds).toBeGreaterThanOrEqual(3);
      const names: string[] = metrics.map((metric) => metric.name);
      for (const { metric } of Object.values(wishes).flat()) expect(names).toContain(metric);
    },
  );

  test.each(EXPERIMENTS.map((each) => [each.parameter, each] as const))(
    "[TUNE-6] %s was measured twice, and the newer run agrees with the one before in every sign",
    (name, experiment) => {
      const runs = new Results().of(questionOf(experiment))?.runs ?? [];
      expect(runs).toHaveLength(2);
      const [before, after] = runs;
      if (before && after) expect(disagreements(experiment, before, after, defaultOf(name))).toEqual([]);
    },
  );

  test("[TUNE-4] the page tells of every parameter what was measured", () => {
    const page = parametersPage();
    expect(page).not.toContain("not measured here");
    for (const { parameter } of EXPERIMENTS) expect(page).toContain(`### ${parameter}\n`);
  });

  // Those that are quick: one of each file whose engine classes may change.
  test.each(["GATE_SLOW_SHARE", "LOOKUP_LIMIT_MS", "RESEND_AFTER_MS", "GROW_AT", "TEAM_AGE"])(
    "[TUNE-7] the simulation of %s gives every figure, the same for the same chance",
    { timeout: 180_000 },
    async (name) => {
      const experiment = EXPERIMENTS.find(({ parameter }) => parameter === name);
      if (!experiment) throw new Error("there is no such experiment");
      const round = async (): Promise<Measured[]> => {
        const bench = await experiment.open(3);
        const measured = await bench.round(0);
        await bench.close();
        return measured;
      };
      const measured = await round();
      expect(measured.map(({ value }) => value)).toEqual(experiment.values);
      const metrics = experiment.metrics.map((metric) => metric.name).toSorted();
      for (const { figures } of measured) {
        expect(Object.keys(figures).toSorted()).toEqual(metrics);
        for (const figure of Object.values(figures)) expect(figure).toBeGreaterThanOrEqual(0);
      }
      expect(await round()).toEqual(measured);
    },
  );
});
