import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PrizeRules } from "../../src/hunt/prize-changes.ts";
import { Allocation, momentsOf, stockOf, windowOf } from "../../src/prizes/allocate.ts";
import type { Claim } from "../../src/protocol.ts";

const claim = (team: string, event = "e", player = `${team}-p`): Claim => ({
  prize: "prize",
  team,
  player,
  event,
});

const rules = (more: Partial<PrizeRules> = {}): PrizeRules => ({
  id: "prize",
  mode: "first-come",
  stock: [{ units: 3 }],
  perTeam: 1,
  ...more,
});

const window = { from: 1_000, to: 2_000 };

describe("first come", () => {
  test("[PRIZE-1] the first get units 0, 1, 2 …, the others are told that it is sold out", () => {
    const allocation = new Allocation(rules(), "seed", new Set());
    const answers = ["a", "b", "c", "d"].map((team) => allocation.decide(claim(team), 0, 0, 5));
    expect(answers).toEqual([
      { outcome: "won", unit: 0, at: 5 },
      { outcome: "won", unit: 1, at: 5 },
      { outcome: "won", unit: 2, at: 5 },
      { outcome: "sold_out" },
    ]);
    expect(allocation.left).toBe(0);
  });

  test("[PRIZE-5] limits of team and player come before the stock", () => {
    const allocation = new Allocation(rules({ perTeam: 2, perPlayer: 1 }), "seed", new Set());
    expect(allocation.decide(claim("a"), 2, 0, 5)).toEqual({ outcome: "already_won" });
    expect(allocation.decide(claim("a"), 1, 1, 5)).toEqual({ outcome: "already_won" });
    expect(allocation.decide(claim("a"), 1, 0, 5)).toMatchObject({ outcome: "won" });
  });

  test("[PRIZE-8] a withdrawn prize and a closed window give nothing", () => {
    expect(new Allocation(rules({ withdrawn: true }), "seed", new Set()).decide(claim("a"), 0, 0, 5)).toEqual(
      {
        outcome: "not_eligible",
      },
    );
    const windowed = new Allocation(rules({ window }), "seed", new Set());
    for (const at of [999, 2_001]) expect(windowed.decide(claim("a"), 0, 0, at).outcome).toBe("not_eligible");
    for (const at of [1_000, 2_000]) expect(windowed.decide(claim("a"), 0, 0, at).outcome).toBe("won");
  });
});

describe("instant win", () => {
  test("[PRIZE-13] a claim wins the earliest moment that has come and nobody has, else it misses", () => {
    const drawn = rules({ mode: "instant-win", window, stock: [{ units: 5 }] });
    const moments = momentsOf(drawn, "seed");
    const allocation = new Allocation(drawn, "seed", new Set());
    const first = moments[0]?.at ?? 0;
    expect(allocation.decide(claim("a"), 0, 0, first - 1)).toEqual({ outcome: "missed", at: first - 1 });
    expect(allocation.decide(claim("b"), 0, 0, first)).toEqual({
      outcome: "won",
      unit: moments[0]?.unit,
      at: first,
    });
    const late = window.to;
    const rest = ["c", "d", "e", "f", "g"].map((team) => allocation.decide(claim(team), 0, 0, late));
    expect(rest.slice(0, 4)).toEqual(
      moments.slice(1).map(({ unit }) => ({ outcome: "won", unit, at: late })),
    );
    expect(rest[4]).toEqual({ outcome: "sold_out" });
  });

  test("[PRIZE-14] units added while the window is open are drawn from what is left of it", () => {
    const more = rules({ mode: "instant-win", window, stock: [{ units: 5 }, { units: 100, at: 1_800 }] });
    expect(windowOf(more, 4)).toEqual(window);
    expect(windowOf(more, 5)).toEqual({ from: 1_800, to: 2_000 });
    expect(windowOf(more, 105)).toBeUndefined();
    for (const { unit, at } of momentsOf(more, "seed")) {
      expect(at).toBeGreaterThanOrEqual(unit < 5 ? 1_000 : 1_800);
      expect(at).toBeLessThan(2_000);
    }
    // The moments that were there stay where they were.
    const before = momentsOf(rules({ mode: "instant-win", window, stock: [{ units: 5 }] }), "seed");
    expect(momentsOf(more, "seed").filter(({ unit }) => unit < 5)).toEqual(before);
  });
});

test("[PRIZE-1] [PRIZE-2] whatever is claimed in whatever order, with whatever is added and restarted: no unit twice, none beyond the stock", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("first-come" as const, "instant-win" as const, "odds" as const),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(
        fc.oneof(
          {
            weight: 8,
            arbitrary: fc.record({
              kind: fc.constant("claim" as const),
              team: fc.integer({ min: 0, max: 9 }),
              wait: fc.integer({ min: 0, max: 120 }),
            }),
          },
          {
            weight: 1,
            arbitrary: fc.record({
              kind: fc.constant("add" as const),
              units: fc.integer({ min: 1, max: 4 }),
            }),
          },
          { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
        ),
        { maxLength: 120 },
      ),
      (mode, units, perTeam, steps) => {
        const stock: { units: number; at?: number }[] = [{ units }];
        const make = (taken: Set<number>) =>
          new Allocation(rules({ mode, stock: [...stock], perTeam, window, odds: 0.4 }), "seed", taken);
        let allocation = make(new Set());
        let now = window.from;
        const owners = new Map<number, string>();
        const byTeam = new Map<string, number>();
        for (const [index, step] of steps.entries()) {
          if (step.kind === "restart") allocation = make(new Set(owners.keys()));
          else if (step.kind === "add") {
            stock.push({ units: step.units, at: now });
            allocation = make(new Set(owners.keys()));
          } else {
            now = Math.min(window.to, now + step.wait);
            const team = `t${step.team}`;
            const own = byTeam.get(team) ?? 0;
            const answer = allocation.decide(claim(team, `e${index}`), own, own, now);
            const left = stockOf({ stock }) - owners.size;
            if (answer.outcome !== "won") {
              if (answer.outcome === "sold_out") expect(left).toBe(0);
              if (answer.outcome === "already_won") expect(own).toBe(perTeam);
              continue;
            }
            expect(own).toBeLessThan(perTeam);
            expect(owners.has(answer.unit)).toBe(false);
            expect(answer.unit).toBeLessThan(stockOf({ stock }));
            owners.set(answer.unit, team);
            byTeam.set(team, own + 1);
          }
        }
        expect(allocation.left).toBe(stockOf({ stock }) - owners.size);
      },
    ),
    { numRuns: 500 },
  );
});
