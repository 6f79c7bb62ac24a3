import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LAYERS } from "../../scripts/docs/layers.ts";
import { RUNS_MAX, SIMULATED_MAX } from "../../src/contract/simulation.ts";
import { exp, ln } from "../../src/simulation/arithmetic.ts";
import { Draws } from "../../src/simulation/chance.ts";
import { differencesOf } from "../../src/simulation/compare.ts";
import { compiledFrom } from "../../src/simulation/compiled.ts";
import { CALIBRATED } from "../../src/simulation/model.ts";
import { objectionTo, runOf, simulate } from "../../src/simulation/simulate.ts";
import { clue, HOUR, huntOf, MINUTE, OPTIONS } from "./hunts.ts";

const ROOT = join(import.meta.dirname, "../..");

const demo = () => {
  const compiled = compiledFrom(
    readFileSync(join(ROOT, "hunts/harbour-nights.yaml"), "utf8"),
    "yaml",
    "demo",
  );
  if (compiled.issues) throw new Error("the demo has issues");
  return compiled.hunt;
};

describe("[SIM-1] simulated teams play by the engine's rules", () => {
  test("a clue opens when its condition holds, and for nobody else", () => {
    const hunt = huntOf([
      clue("first"),
      clue("second", { opens: { solved: "first" } }),
      clue("late", { opens: { after: "2h" } }),
    ]);
    const told = runOf(hunt, OPTIONS, 0, CALIBRATED);
    const [first, second, late] = told.clues;
    expect(second?.opened).toBe(first?.solvedAt.length);
    expect(first?.solvedAt.length).toBeGreaterThan(5);
    expect(late?.solvedAt.length).toBeGreaterThan(5);
    for (const at of late?.solvedAt ?? []) expect(at).toBeGreaterThan(2 * HOUR);
    expect(Math.min(...(second?.solvedAt ?? []))).toBeGreaterThan(Math.min(...(first?.solvedAt ?? [])));
  });

  test("who has no try left solves it never, and a cooldown holds up the right answer too", () => {
    const attempts = { burst: 1, refillPerMinute: 0, perClue: 1 };
    const strict = simulate(huntOf([clue("a", { attempts })]), OPTIONS).clues[0];
    expect(strict?.exhausted).toBeGreaterThan(0.2);
    expect(strict?.wrong).toBeLessThanOrEqual(1);
    const [solved, tried] = [strict?.solved.mean ?? 1, strict?.exhausted ?? 0];
    expect(solved + tried).toBeLessThanOrEqual(1);
    // A try comes back in ten minutes: nobody has it sooner.
    const slow = { burst: 1, refillPerMinute: 0.1, perClue: 0 };
    const [told] = runOf(huntOf([clue("a", { attempts: slow })]), OPTIONS, 0, CALIBRATED).clues;
    const [free] = runOf(huntOf([clue("a")]), OPTIONS, 0, CALIBRATED).clues;
    const sum = (times: readonly number[] = []): number => times.reduce((all, at) => all + at, 0);
    expect(sum(told?.took)).toBeGreaterThan(sum(free?.took));
  });

  test("scores are points of the solves less what hints cost; values that fall with solves fall", () => {
    const hints = [{ id: "h", text: "H", cost: 5 }];
    const told = runOf(
      huntOf([clue("a"), clue("b", { hints, opens: { solved: "a" } })]),
      OPTIONS,
      0,
      CALIBRATED,
    );
    const hinted = told.clues[1]?.hinted ?? 0;
    expect(hinted).toBeGreaterThan(0);
    const sum = told.played.reduce((all, { score }) => all + score, 0);
    const solves = told.played.reduce((all, team) => all + team.solves, 0);
    expect(sum).toBe(10 * solves - 5 * hinted);
    const decay = { kind: "linear", minimum: 1, solves: 10 };
    const moving = runOf(
      huntOf([clue("a", { points: 100 })], { scoring: { decay, firstSolves: [7] } }),
      OPTIONS,
      0,
      CALIBRATED,
    );
    expect(moving.clues[0]?.solvedAt.length).toBeGreaterThan(10);
    expect([...new Set(moving.played.map(({ score }) => score))].sort((a, b) => a - b)).toEqual([0, 1, 8]);
  });

  test("prizes: never more units than there are, and when the last one went", () => {
    const prizes = [
      { id: "few", title: "Few", mode: "first-come", stock: 5, requires: { solved: "a" } },
      { id: "many", title: "Many", mode: "first-come", stock: 1_000, requires: { solved: "a" } },
      { id: "odd", title: "Odd", mode: "odds", odds: 0.2, stock: 3 },
    ];
    const hunt = huntOf([clue("a")], { prizes });
    const told = runOf(hunt, OPTIONS, 0, CALIBRATED);
    const solvedAt = (told.clues[0]?.solvedAt ?? []).toSorted((a, b) => a - b);
    expect(told.prizes[0]).toEqual({ won: 5, goneAt: solvedAt[4] });
    expect(told.prizes[1]).toEqual({ won: solvedAt.length });
    expect(told.prizes[2]?.won).toBeGreaterThan(0);
    expect(told.prizes[2]?.won).toBeLessThanOrEqual(3);
    const report = simulate(hunt, OPTIONS);
    expect(report.prizes[0]).toMatchObject({ stock: 5, gone: 1 });
    expect(report.prizes[1]?.goneAt).toBeUndefined();
  });

  test("every kind is solved by its own event", () => {
    const place = { lat: 53.5, lng: 9.9, radius: 50 };
    const choices = [
      { id: "red", label: "Red" },
      { id: "blue", label: "Blue" },
    ];
    const hunt = huntOf([
      { ...clue("s"), kind: "scan", answers: undefined },
      { ...clue("p"), kind: "place", answers: undefined, place },
      { ...clue("c"), kind: "choice", answers: ["red"], choices },
      clue("n", { compare: "number", answers: ["12"] }),
    ]);
    const report = simulate(hunt, OPTIONS);
    expect(report.byHand).toEqual([]);
    for (const { clue: id, solved } of report.clues) expect(solved.mean, id).toBeGreaterThan(0.2);
    expect(report.clues[2]?.wrong).toBeLessThanOrEqual(1);
  });

  test("solo hunts, and hunts whose times are given, are played as well", () => {
    const solo = simulate(huntOf([clue("a")], { teams: { mode: "solo" } }), OPTIONS);
    expect(solo.solves.mean).toBeGreaterThan(0);
    const times = { opens: "2027-01-01T10:00:00Z", closes: "2027-01-01T11:30:00Z" };
    const opens = { at: "2027-01-01T11:00:00Z" };
    const told = simulate(huntOf([clue("a"), clue("b", { opens })], times), OPTIONS);
    expect(told.lasts).toBe(90 * MINUTE);
    expect(told.curves.clues[1]?.high[39]).toBe(0);
    expect(told.curves.clues[1]?.high.at(-1)).toBeGreaterThan(0);
  });
});

describe("[SIM-2] the same seed gives the same report, to the byte", () => {
  test("twice, and another seed another one", () => {
    const hunt = demo();
    const options = { ...OPTIONS, runs: 2, teams: 30 };
    expect(JSON.stringify(simulate(hunt, options))).toBe(JSON.stringify(simulate(hunt, options)));
    expect(JSON.stringify(simulate(hunt, { ...options, seed: 4 }))).not.toBe(
      JSON.stringify(simulate(hunt, options)),
    );
  });

  test("no function whose last bit differs between browsers, no clock and no chance of the platform", () => {
    const folder = join(ROOT, "src/simulation");
    for (const name of readdirSync(folder).filter((file) => file.endsWith(".ts"))) {
      const text = readFileSync(join(folder, name), "utf8");
      expect(text, name).not.toMatch(
        /Math\.(exp|log|pow|sin|cos|tan|random|cbrt|hypot)\b|Date\.now|new Date\(\)/,
      );
    }
    for (let x = -30; x <= 30; x += 0.37) {
      expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(1e-13);
      expect(Math.abs(ln(Math.exp(x)) - x)).toBeLessThan(1e-13);
    }
  });

  test("chance has the means that it is asked for", () => {
    const draws = new Draws(1, 2, 3);
    const many = Array.from({ length: 20_000 }, () => ({
      uniform: draws.uniform(),
      normal: draws.normal(),
      count: draws.count(2, 100),
    }));
    const mean = (of: (each: (typeof many)[number]) => number): number =>
      many.reduce((sum, each) => sum + of(each), 0) / many.length;
    expect(mean(({ uniform }) => uniform)).toBeCloseTo(0.5, 1);
    expect(mean(({ normal }) => normal)).toBeCloseTo(0, 1);
    expect(mean(({ normal }) => normal * normal)).toBeCloseTo(1, 1);
    expect(mean(({ count }) => count)).toBeCloseTo(2, 1);
    expect(new Draws(1, 2).uniform()).not.toBe(new Draws(1, 3).uniform());
    expect(new Draws(1, 2).uniform()).not.toBe(new Draws(1, 2 + 2 ** 32).uniform());
  });
});

describe("[SIM-3] the report", () => {
  test("says where teams get stuck, which clues nobody opens, and who waits with nothing open", () => {
    const hunt = huntOf(
      [
        clue("easy"),
        clue("wall", { opens: { solved: "easy" } }),
        clue("behind", { opens: { solved: "wall" } }),
        clue("never", { opens: "manual" }),
      ],
      { scoring: { ranking: "finish", finish: "behind" } },
    );
    const paces = { easy: MINUTE, wall: 300 * HOUR, behind: MINUTE };
    const told = simulate(hunt, { ...OPTIONS, paces });
    expect(told.closed).toEqual(["never"]);
    expect(told.finished.mean).toBe(0);
    expect(told.finishedAt).toBeUndefined();
    const [easy, wall, behind, never] = told.clues;
    expect(wall?.stuck).toBeGreaterThan(0.8);
    expect(easy?.stuck).toBeLessThan(0.2);
    expect(behind?.opened.mean).toBe(0);
    expect(never?.opened.mean).toBe(0);
    expect(told.stuck.mean).toBeGreaterThan(0.8);
    expect(told.waiting.mean).toBe(0);
    const opened = simulate(hunt, { ...OPTIONS, paces, opened: { never: HOUR } });
    expect(opened.closed).toEqual([]);
    expect(opened.clues[3]?.opened.mean).toBeGreaterThan(0.1);
    const waits = huntOf([clue("easy"), clue("never", { opens: "manual" })]);
    expect(simulate(waits, { ...OPTIONS, paces: { easy: MINUTE } }).waiting.mean).toBeGreaterThan(0.8);
  });

  test("a faster pace lets more teams finish, sooner; curves only rise and end at the share that solved", () => {
    const chain = huntOf(
      ["a", "b", "c", "d"].map((id, index, all) =>
        clue(id, index === 0 ? {} : { opens: { solved: all[index - 1] } }),
      ),
      { scoring: { finish: "d" } },
    );
    const slow = simulate(chain, { ...OPTIONS, pace: 20 * MINUTE });
    const fast = simulate(chain, { ...OPTIONS, pace: 5 * MINUTE });
    expect(fast.finished.mean).toBeGreaterThan(slow.finished.mean);
    expect(fast.finishedAt?.p50).toBeLessThan(slow.finishedAt?.p50 ?? 0);
    for (const [place, { low, mid, high }] of fast.curves.clues.entries()) {
      expect(low).toEqual(low.toSorted((a, b) => a - b));
      for (const [point, share] of mid.entries()) {
        expect(low[point]).toBeLessThanOrEqual(share);
        expect(high[point]).toBeGreaterThanOrEqual(share);
      }
      expect(high.at(-1)).toBe(fast.clues[place]?.solved.high);
    }
    expect(simulate(chain, { ...OPTIONS, come: 0 }).began.mean).toBe(0);
  });
});

test("[SIM-4] two versions: with itself nothing differs; a harder clue moves what it leads to, and nothing before it", () => {
  const first = huntOf([
    clue("a"),
    clue("b", { opens: { solved: "a" } }),
    clue("c", { opens: { solved: "b" } }),
  ]);
  const options = { ...OPTIONS, teams: 200 };
  const before = simulate(first, options);
  expect(differencesOf(before, simulate(first, options))).toEqual([]);
  const attempts = { burst: 1, refillPerMinute: 0, perClue: 1 };
  const harder = huntOf([
    clue("a"),
    clue("b", { attempts, opens: { solved: "a" } }),
    clue("c", { opens: { solved: "b" } }),
    clue("d", { opens: { solved: "c" } }),
  ]);
  const differences = differencesOf(before, simulate(harder, options));
  expect(
    differences.filter(({ about }) => about === "a" || about === undefined).map(({ figure }) => figure),
  ).not.toContain("opened");
  expect(differences.find(({ about, figure }) => about === "a" && figure === "solved")).toBeUndefined();
  const solved = differences.find(({ about, figure }) => about === "b" && figure === "solved");
  expect(solved?.after).toBeLessThan(solved?.before ?? 0);
  const added = differences.find(({ about, figure }) => about === "d" && figure === "opened");
  expect(added?.before).toBeUndefined();
  expect(added?.after).toBeGreaterThan(0);
});

test("[SIM-6] what is too much or cannot be is told, and not simulated", () => {
  const hunt = huntOf([clue("a")]);
  const told = (more: object): string | undefined => objectionTo(hunt, { ...OPTIONS, ...more });
  expect(told({})).toBeUndefined();
  expect(told({ runs: RUNS_MAX + 1 })).toContain("runs");
  expect(told({ runs: 2, teams: SIMULATED_MAX })).toContain("teams");
  expect(told({ pace: 0 })).toContain("pace");
  expect(told({ paces: { a: Number.NaN } })).toContain("pace");
  expect(told({ paces: { b: MINUTE } })).toBe("there is no clue b");
  expect(told({ opened: { b: MINUTE } })).toBe("there is no clue b");
  expect(told({ come: 1.1 })).toContain("share");
  expect(told({ lasts: 0 })).toContain("lasts");
});

test("[SIM-7] no part of the engine imports the simulation", () => {
  expect(LAYERS[0]?.rooms.map(({ path }) => path)).toEqual(["worker.ts", "simulation"]);
});
