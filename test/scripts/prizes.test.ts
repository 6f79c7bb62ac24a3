import { describe, expect, test } from "vitest";
import { checkDraw, type ExportedClaim } from "../../scripts/hunt/draw.ts";
import { forecast } from "../../scripts/lab/prizes/forecast.ts";
import type { Draw } from "../../src/contract/prizes.ts";
import type { PrizeRules } from "../../src/hunt/prize-changes.ts";
import { Allocation } from "../../src/prizes/allocate.ts";
import { hashOfSeed } from "../../src/prizes/draw.ts";
import { seeded } from "../hunt/random.ts";

const SEED = "c0ffee";
const WINDOW = { from: 1_000_000, to: 2_000_000 };
const iso = (at: number): string => new Date(at).toISOString();

/** A draw as the engine would have published it, after `count` claims over the window. */
function played(mode: "instant-win" | "odds", count: number): { draw: Draw; claims: ExportedClaim[] } {
  const rules: PrizeRules = {
    id: "shell",
    mode,
    stock: [{ units: 20 }],
    perTeam: 1,
    odds: 0.3,
    window: WINDOW,
  };
  const allocation = new Allocation(rules, SEED, new Set());
  const claims: ExportedClaim[] = [];
  const wins: NonNullable<Draw["wins"]> = [];
  for (let index = 0; index < count; index += 1) {
    const now = WINDOW.from + Math.floor((index * (WINDOW.to - WINDOW.from)) / count);
    const claim = { prize: "shell", team: `t${index}`, player: "p", event: "e" };
    const decided = allocation.decide(claim, 0, 0, now);
    if (decided.outcome === "won")
      wins.push({ unit: decided.unit, team: claim.team, event: "e", at: iso(now) });
    if ("at" in decided)
      claims.push({ team: claim.team, event: "e", outcome: decided.outcome, drawnAt: decided.at });
  }
  const draw: Draw = {
    hunt: "h",
    id: "shell",
    title: "A shell",
    mode,
    stock: 20,
    ...(mode === "odds" ? { odds: 0.3 } : { window: { from: iso(WINDOW.from), to: iso(WINDOW.to) } }),
    drawHash: hashOfSeed(SEED),
    drawSeed: SEED,
    wins,
  };
  return { draw, claims };
}

describe("[PRIZE-12] checking a draw", () => {
  test.each(["instant-win", "odds"] as const)("of mode %s: what the engine did is right", (mode) => {
    const { draw, claims } = played(mode, 60);
    expect(draw.wins?.length).toBeGreaterThan(3);
    expect(checkDraw(draw, claims)).toEqual([]);
  });

  test("another seed, a unit won twice, a win that was none and a miss that was a win are found", () => {
    const odds = played("odds", 60);
    expect(checkDraw({ ...odds.draw, drawSeed: "other" })).toContain(
      "the seed does not have the hash that was published",
    );
    const [first] = odds.draw.wins ?? [];
    if (!first) throw new Error("somebody won");
    expect(checkDraw({ ...odds.draw, wins: [first, first] })).toContain("a unit was won twice");
    const loser = odds.claims.find(({ outcome }) => outcome === "missed");
    const unjust = { ...odds.draw, wins: [{ ...first, team: loser?.team ?? "" }] };
    expect(checkDraw(unjust)).toEqual([expect.stringContaining("won, the draw says no")]);
    const robbed = odds.claims.map((claim) =>
      claim.team === first.team ? { ...claim, outcome: "missed" as const } : claim,
    );
    expect(checkDraw({ ...odds.draw, wins: [] }, robbed)).toEqual([
      expect.stringContaining("the draw says it wins"),
    ]);
  });

  test("an instant win before its moment, an earlier moment passed over, a miss beside a free unit are found", () => {
    const { draw, claims } = played("instant-win", 60);
    const wins = draw.wins ?? [];
    expect(
      checkDraw({ ...draw, wins: wins.map((win) => ({ ...win, at: iso(WINDOW.from) })) }),
    ).toContainEqual(expect.stringContaining("before its moment"));
    expect(checkDraw({ ...draw, wins: wins.slice(1) })).toContain("an earlier moment was passed over");
    const robbed = claims.map((claim) => ({ ...claim, outcome: "missed" as const }));
    expect(checkDraw({ ...draw, wins: [] }, robbed)).toContainEqual(
      expect.stringContaining("there to be won"),
    );
  });

  test("before the end there is nothing to check", () => {
    const { drawSeed: _, ...draw } = played("odds", 10).draw;
    expect(checkDraw(draw)).toHaveLength(1);
  });
});

test("[PRIZE-19] a forecast: a small stock is gone soon, a large one is not, never more than the stock", () => {
  const crowd = { teams: 1_000, claims: 2, from: 0, to: 3_600_000, rush: 0.5 };
  const rules = (units: number, more: Partial<PrizeRules> = {}): PrizeRules => ({
    id: "p",
    mode: "first-come",
    stock: [{ units }],
    perTeam: 1,
    ...more,
  });
  const draw = seeded(3);
  const numbers = () => draw(1_000_000) / 1_000_000;
  const small = forecast(rules(10), crowd, 10, numbers);
  expect(small.won).toEqual([10, 10, 10]);
  expect(small.drained).toBe(1);
  expect(small.drainedAfter?.[2]).toBeLessThan(360);
  const large = forecast(rules(5_000), crowd, 10, numbers);
  expect(large).toMatchObject({ drained: 0, refused: [0, 0, 0] });
  expect(large.won[1]).toBeGreaterThan(700);
  const instant = forecast(
    rules(50, { mode: "instant-win", window: { from: 0, to: 3_600_000 } }),
    crowd,
    10,
    numbers,
  );
  expect(instant.won[1]).toBeGreaterThan(30);
  expect(instant.won[2]).toBeLessThanOrEqual(50);
});
