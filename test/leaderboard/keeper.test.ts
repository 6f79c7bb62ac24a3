import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { StandingsRules } from "../../src/hunt/score.ts";
import { Keeper, QUEUE_FACTS } from "../../src/leaderboard/keeper.ts";
import { Standings } from "../../src/leaderboard/standings/standings.ts";
import { View } from "../../src/leaderboard/standings/view.ts";
import type { ScoreFact, ScoreReport } from "../../src/protocol.ts";
import { scenarioArbitrary } from "./standings/scenarios.ts";

/** A keeper whose clock jumps, so that every look at it ends the slice, and what it told. */
function keeping(view: View, marks: [string, number][] = []) {
  const told = { changes: 0, pauses: 0, failures: [] as unknown[] };
  let now = 0;
  const keeper = new Keeper(view, marks, {
    now: () => 0,
    misdated: () => [],
    pause: async () => {
      told.pauses += 1;
      await new Promise((done) => setImmediate(done));
    },
    clock: () => {
      now += 100;
      return now;
    },
    changed: () => {
      told.changes += 1;
    },
    failed: (error) => told.failures.push(error),
  });
  return { keeper, told };
}

const STATIC: StandingsRules = {
  scoring: { ranking: "score", decay: { kind: "none", minimum: 0, solves: 1 }, firstSolves: [] },
  clues: [{ id: "quay", points: 100 }],
  brackets: [],
};

/** Joins of teams `from` … `to − 1`, the whole log of a shard up to there. */
function joins(shard: string, from: number, to: number): ScoreReport {
  const facts = Array.from({ length: to - from }, (_, i): ScoreFact => {
    const seq = from + i + 1;
    return { seq, at: seq, team: `${shard}-${seq}`, type: "join", name: `Crew ${seq}` };
  });
  return { shard, after: from, upto: to, facts };
}

const award = (shard: string, seq: number, points: number): ScoreReport => ({
  shard,
  after: seq - 1,
  upto: seq,
  facts: [{ seq, at: seq, team: `${shard}-1`, type: "adjust", points }],
});

describe("the keeper", () => {
  test("[LB-21] takes small reports at once, a repetition and a gap not at all", () => {
    const { keeper, told } = keeping(new View(STATIC, undefined));
    keeper.take(joins("s", 0, 3));
    keeper.take(award("s", 4, 5));
    keeper.take(award("s", 4, 5));
    keeper.take(award("s", 6, 5));
    expect(keeper.view.all.score("s-1")).toBe(5);
    expect([keeper.taken("s"), keeper.taken("t"), told.changes]).toEqual([4, 0, 2]);
  });

  test("[LB-21] of a report that overlaps what is known only the rest counts", async () => {
    const { keeper } = keeping(new View(STATIC, undefined));
    keeper.take(joins("s", 0, 3));
    const overlapping = { ...joins("s", 1, 5), after: 1 };
    keeper.take(overlapping);
    keeper.gather();
    keeper.take({ ...joins("s", 3, 9), after: 3 });
    await keeper.gathered();
    expect([keeper.taken("s"), keeper.view.all.total()]).toEqual([9, 9]);
  });

  test("[LB-21] tells of what was gathered, also if it was applied in an earlier turn", async () => {
    const { keeper, told } = keeping(new View(STATIC, undefined));
    keeper.gather();
    keeper.take(joins("s", 0, 3));
    for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done));
    expect([keeper.marks.get("s"), told.changes]).toEqual([3, 0]);
    await keeper.gathered();
    expect(told.changes).toBe(1);
  });

  test("[LB-21] lets others in during long work, and shows all of it or nothing", async () => {
    const { keeper, told } = keeping(new View(STATIC, undefined));
    keeper.take(joins("s", 0, 20_000));
    // Taken, and not yet shown; what comes now waits for it.
    expect([keeper.taken("s"), keeper.view.all.teamCount]).toEqual([20_000, 0]);
    keeper.take(award("s", 20_001, 7));
    await keeper.applied("s", 20_001);
    expect(told.pauses).toBeGreaterThan(10);
    expect([keeper.view.all.total(), keeper.view.all.score("s-1")]).toEqual([20_000, 7]);
    expect(keeper.marks.get("s")).toBe(20_001);
  });

  test("[LB-22] refuses what has no room; its shard sends it again", async () => {
    const { keeper } = keeping(new View(STATIC, undefined));
    keeper.gather();
    keeper.take(joins("s", 0, QUEUE_FACTS));
    keeper.take(joins("t", 0, 10));
    expect([keeper.isFull, keeper.taken("s"), keeper.taken("t")]).toEqual([true, QUEUE_FACTS, 0]);
    await keeper.room();
    keeper.take(joins("t", 0, 10));
    await keeper.gathered();
    expect([keeper.taken("t"), keeper.view.all.total()]).toEqual([10, QUEUE_FACTS + 10]);
  });

  test("[LB-23] stands still for a snapshot: reports wait, reads do not", async () => {
    const { keeper } = keeping(new View(STATIC, undefined));
    keeper.take(joins("s", 0, 3));
    let chunks: Uint8Array[] = [];
    let marks: [string, number][] = [];
    await keeper.whileStill(async () => {
      keeper.take(award("s", 4, 50));
      for (const chunk of keeper.view.all.snapshot()) {
        chunks = [...chunks, chunk];
        await keeper.breathe();
      }
      await keeper.ready();
      expect([keeper.taken("s"), keeper.view.all.score("s-1")]).toEqual([4, 0]);
      marks = [...keeper.marks];
    });
    await keeper.applied("s", 4);
    expect(keeper.view.all.score("s-1")).toBe(50);
    // What was kept and what comes after its marks give the same.
    const restored = Standings.restore(STATIC, chunks) as Standings;
    expect([restored.score("s-1"), marks]).toEqual([0, [["s", 3]]]);
    const again = keeping(new View(STATIC, undefined, { all: restored }), marks).keeper;
    again.take(award("s", 4, 50));
    expect(again.view.all.score("s-1")).toBe(50);
  });

  test("[LB-24] while gathering, a reader who cannot wait longer gets what is there", async () => {
    const { keeper } = keeping(new View(STATIC, undefined));
    keeper.gather();
    keeper.take(joins("s", 0, 1_000));
    await keeper.applied("s", 1_000);
    await keeper.ready();
    expect(keeper.view.all.total()).toBe(1_000);
    keeper.take(joins("s", 1_000, 2_000));
    await keeper.gathered();
    expect(keeper.view.all.total()).toBe(2_000);
  });

  test("[SEC-3] a fact that cannot be by the logs alone is left out, and the others count", () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { keeper, told } = keeping(new View(STATIC, undefined));
    keeper.take(joins("s", 0, 2));
    const solve = { team: "s-1", type: "solve", clue: "quay", points: 100 } as const;
    const facts: ScoreFact[] = [
      { ...solve, seq: 3, at: 3 },
      { ...solve, seq: 4, at: 4 },
      { ...solve, seq: 5, at: 5, team: "nobody" },
      { ...solve, seq: 6, at: 6, team: "s-2" },
    ];
    keeper.take({ shard: "s", after: 2, upto: 6, facts });
    expect(["s-1", "s-2"].map((team) => keeper.view.all.score(team))).toEqual([100, 100]);
    expect(keeper.taken("s")).toBe(6);
    expect(told.failures).toEqual([]);
    expect(said).toHaveBeenCalledTimes(2);
    said.mockRestore();
  });

  test("[LB-24] says that a fact cannot be, to its owner and to who waits", async () => {
    const { keeper, told } = keeping(new View(STATIC, undefined), [["s", 0]]);
    keeper.gather();
    keeper.take({ ...award("s", 1, 5), shard: "s" });
    await expect(keeper.applied("s", 1)).rejects.toThrow("never joined");
    expect(told.failures).toHaveLength(1);
    await expect(keeper.ready()).rejects.toThrow();
  });

  test("[LB-8] [LB-21] reports in any pieces, some twice, some during work, give what the facts give", async () => {
    await fc.assert(
      fc.asyncProperty(
        scenarioArbitrary,
        fc.array(fc.nat(6), { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        async ({ rules, reports }, sizes, gathers) => {
          const { keeper } = keeping(new View(rules, undefined));
          if (gathers) keeper.gather();
          for (let i = 0, turn = 0; i < reports.length; turn += 1) {
            const { shard } = reports[i] as (typeof reports)[number];
            let end = i;
            const size = 1 + (sizes[turn % sizes.length] as number);
            while (end < reports.length && end - i < size && reports[end]?.shard === shard) end += 1;
            const facts = reports.slice(i, end).map(({ fact }) => fact);
            const report = { shard, after: keeper.taken(shard), upto: facts.at(-1)?.seq ?? 0, facts };
            keeper.take(report);
            if (turn % 3 === 0) keeper.take(report);
            if (turn % 4 === 0) await keeper.ready();
            if (turn % 5 === 0)
              void keeper.whileStill(() => new Promise((done) => setImmediate(done))).catch(() => {});
            i = end;
          }
          await keeper.gathered();
          for (const [shard] of keeper.marks) await keeper.applied(shard, keeper.taken(shard));
          const expected = new Standings(rules);
          for (const { shard, fact } of reports) expected.apply(shard, fact);
          expected.settle();
          const all = { offset: 0, limit: 500 };
          expect(keeper.view.all.page(all)).toEqual(expected.page(all));
        },
      ),
      { numRuns: 80, interruptAfterTimeLimit: 20_000 },
    );
  });
});
