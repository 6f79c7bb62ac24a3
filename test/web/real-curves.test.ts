import { describe, expect, test } from "vitest";
import type { Facts } from "../../src/contract/guesses.ts";
import {
  curveAt,
  foretold,
  PAGES_MAX,
  Solves,
  shareAt,
  strays,
} from "../../src/web/organiser/real-curves.ts";

const solve = (seq: number, clue: string, at: number): Facts["facts"][number] => ({
  shard: "weur-0",
  seq,
  at: new Date(at).toISOString(),
  team: "t",
  type: "answer",
  outcome: "correct",
  player: "p",
  event: `e${seq}`,
  clue,
});

describe("[SIM-8] the real curve", () => {
  test("is read back to the opening once, and then only as far as it is known", async () => {
    const pages: Facts[] = [
      { facts: [solve(4, "a", 400), solve(3, "b", 300)], teams: [], cursor: "2" },
      { facts: [solve(1, "a", 100)], teams: [] },
    ];
    let reads = 0;
    const solves = new Solves(async (cursor) => {
      reads += 1;
      return (cursor === undefined ? pages[0] : pages[1]) as Facts;
    });
    await solves.follow();
    expect([reads, solves.isWhole, solves.of("a")]).toEqual([2, true, [100, 400]]);
    pages[0] = { facts: [solve(5, "a", 500), solve(4, "a", 400)], teams: [], cursor: "3" };
    await solves.follow();
    expect([reads, solves.of("a"), solves.of("b")]).toEqual([3, [100, 400, 500], [300]]);
  });

  test("reads a bounded number of pages, and draws nothing before what it knows", async () => {
    let reads = 0;
    const solves = new Solves(async () => {
      reads += 1;
      return { facts: [solve(100_000 - reads, "a", 100_000 - reads)], teams: [], cursor: "more" };
    });
    await solves.follow();
    expect([reads, solves.isWhole]).toEqual([PAGES_MAX, false]);
    const { length } = solves.of("a");
    const told = { total: 80, teams: 100, opensAt: 0, elapsed: 100_000, isWhole: false };
    expect(shareAt([0, 100_000], solves.of("a"), told)).toEqual([null, 0.8]);
    expect(length).toBe(PAGES_MAX);
  });

  test("is a share of the teams up to now, and right in its end also where solves came by hand", () => {
    const told = { total: 3, teams: 4, opensAt: 1_000, elapsed: 250, isWhole: true };
    expect(shareAt([0, 100, 200, 300], [1_050, 1_150], told)).toEqual([0.25, 0.5, 0.75, null]);
    expect(shareAt([0, 100], [], { ...told, total: 0, teams: 0 })).toEqual([null, null]);
  });
});

describe("[SIM-8] a clue that leaves its band", () => {
  const at = [0, 100, 200];
  const curve = { low: [0, 0.2, 0.4], mid: [0, 0.3, 0.5], high: [0, 0.4, 0.6] };

  test("is held beside what was foretold for that very moment", () => {
    expect(foretold(at, curve, 50)).toEqual({ low: 0.1, mid: 0.15, high: 0.2 });
    expect(foretold(at, curve, 200)).toEqual({ low: 0.4, mid: 0.5, high: 0.6 });
    expect(foretold(at, curve, 9_999)?.low).toBe(0.4);
    expect(curveAt(at, curve, [0, 50, 200])).toEqual({
      low: [0, 0.1, 0.4],
      mid: [0, 0.15, 0.5],
      high: [0, 0.2, 0.6],
    });
    expect(foretold([0], { low: [0], mid: [0], high: [0] }, 0)).toBeUndefined();
  });

  test("is named with its way; one team more or fewer is none", () => {
    const band = { low: 0.2, mid: 0.3, high: 0.4 };
    expect(strays(band, 30, 100)).toBeUndefined();
    expect(strays(band, 41, 100)).toBeUndefined();
    expect(strays(band, 42, 100)).toBe("more");
    expect(strays(band, 18, 100)).toBe("fewer");
    expect(strays(band, 0, 0)).toBeUndefined();
  });
});
