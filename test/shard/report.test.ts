import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type {
  Fact,
  PlayFact,
  ReportResult,
  ScoreFact,
  ScoreReport,
  ShardStandings,
} from "../../src/protocol.ts";
import { Reporter, scoreFactOf, scoreReport } from "../../src/shard/report.ts";

const head = (seq: number) => ({ seq, at: 1_000 + seq, team: "t" });
const played = (seq: number, outcome: PlayFact["outcome"], more: Partial<PlayFact> = {}): PlayFact => ({
  ...head(seq),
  type: "answer",
  outcome,
  player: "p",
  event: `e${seq}`,
  clue: "a",
  ...more,
});
/** Every third fact is a wrong guess, which the standings never see. */
const fact = (seq: number): Fact =>
  seq % 3 === 0
    ? played(seq, "incorrect", { answer: "a secret guess" })
    : { ...head(seq), type: "award", points: seq, reason: "r", score: 0 };

/** Standings as the real ones answer: a gap is not applied, the watermark tells where to start. */
class Standings {
  mark = 0;
  readonly facts: number[] = [];
  readonly reports: ScoreReport[] = [];
  failing: "no" | "before" | "after" = "no";
  word: ShardStandings = { asOf: 1 };
  onReport: (() => void) | undefined;

  async report(report: ScoreReport): Promise<ReportResult> {
    this.reports.push(report);
    if (this.failing === "before") throw new Error("away");
    if (report.after <= this.mark && report.upto > this.mark) {
      for (const { seq } of report.facts) if (seq > this.mark) this.facts.push(seq);
      this.mark = report.upto;
    }
    this.onReport?.();
    await Promise.resolve();
    if (this.failing === "after") throw new Error("the answer got lost");
    return { watermark: this.mark, word: this.word };
  }

  /** An eviction without a snapshot. */
  forget(): void {
    this.mark = 0;
    this.facts.length = 0;
  }
}

function shard(standings = new Standings(), log: Fact[] = [], durable = log.length) {
  const world = { log, durable, heard: [] as ShardStandings[], reads: 0 };
  const reporter = new Reporter({
    shard: "weur-0",
    durable: () => world.durable,
    read(after, limit) {
      world.reads += 1;
      return world.log.filter(({ seq }) => seq > after).slice(0, limit);
    },
    report: (report) => standings.report(report),
    takeStandings: (standings) => world.heard.push(standings),
  });
  const commit = (count: number): boolean => {
    const facts = Array.from({ length: count }, (_, index) => fact(world.durable + 1 + index));
    world.log.push(...facts);
    world.durable += count;
    return reporter.add(facts);
  };
  return { world, reporter, standings, commit };
}

const scored = (upto: number): number[] =>
  Array.from({ length: upto }, (_, index) => index + 1).filter((seq) => seq % 3 !== 0);

describe("reporting", () => {
  test("[REP-1] the standings get every score fact once, in order, and no other", async () => {
    const { reporter, standings, commit, world } = shard();
    commit(4);
    await reporter.turn();
    commit(5);
    await reporter.turn();
    expect(standings.facts).toEqual(scored(9));
    expect(standings.mark).toBe(9);
    expect(reporter.behind).toBe(false);
    expect(JSON.stringify(standings.reports)).not.toContain("secret");
    expect(world.heard.length).toBe(standings.reports.length);
  });

  test("[REP-2] the first report after a start asks for the watermark and assumes none", async () => {
    const standings = new Standings();
    standings.mark = 4;
    const { reporter } = shard(standings, [1, 2, 3, 4, 5, 6, 7].map(fact));
    expect(reporter.behind).toBe(true);
    await reporter.turn();
    expect(standings.reports[0]).toEqual({ shard: "weur-0", after: 7, upto: 7, facts: [] });
    expect(standings.facts).toEqual([5, 7]);
  });

  test("[REP-3] standings that forgot everything get everything out of the log", async () => {
    const { reporter, standings, commit } = shard();
    commit(6);
    await reporter.turn();
    standings.forget();
    commit(3);
    await reporter.turn();
    expect(standings.facts).toEqual(scored(9));
  });

  test.each(["before", "after"] as const)(
    "[REP-4] a call that fails %s the standings took it loses and doubles nothing",
    async (when) => {
      const { reporter, standings, commit } = shard();
      commit(4);
      await reporter.turn();
      commit(4);
      standings.failing = when;
      await expect(reporter.turn()).rejects.toThrow();
      expect(reporter.behind).toBe(true);
      commit(1);
      standings.failing = "no";
      await reporter.turn();
      expect(standings.facts).toEqual(scored(9));
    },
  );

  test("[REP-5] nothing is reported whose commit is under way, also when the log is read", async () => {
    const standings = new Standings();
    const { reporter, world } = shard(standings, [1, 2, 3, 4, 5].map(fact), 2);
    await reporter.turn();
    expect(standings.facts).toEqual([1, 2]);
    expect(standings.mark).toBe(2);
    world.durable = 5;
    reporter.add(world.log.slice(2));
    await reporter.turn();
    expect(standings.facts).toEqual(scored(5));
  });

  test("[REP-6] what is committed during a turn goes with it; a second turn does nothing", async () => {
    const { reporter, standings, commit } = shard();
    commit(1);
    let more = 3;
    standings.onReport = () => {
      if (more > 0) commit(1);
      more -= 1;
    };
    await Promise.all([reporter.turn(), reporter.turn()]);
    expect(reporter.behind).toBe(false);
    expect(standings.facts).toEqual(scored(4));
  });

  test("[REP-7] a commit says whether it concerns the score", () => {
    const { commit } = shard();
    expect(commit(2)).toBe(true);
    expect(commit(1)).toBe(false);
  });

  test("[REP-8] standings that cannot be moved end the turn", async () => {
    const stuck = new Standings();
    stuck.report = (report) => {
      stuck.reports.push(report);
      return Promise.resolve({ watermark: 0, word: stuck.word });
    };
    const { reporter, commit } = shard(stuck);
    commit(5);
    await reporter.turn();
    expect(stuck.reports.length).toBeLessThan(5);
    expect(reporter.behind).toBe(true);
  });

  test("[REP-9] after any failures, losses of memory and restarts the standings hold the log's score facts once", async () => {
    const step = fc.constantFrom("commit", "commit", "turn", "before", "after", "forget", "restart");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
        let { reporter, standings, commit, world } = shard();
        for (const what of steps) {
          if (what === "commit") commit(2);
          else if (what === "forget") standings.forget();
          else if (what === "restart") ({ reporter, standings, commit, world } = shard(standings, world.log));
          else {
            standings.failing = what === "turn" ? "no" : (what as "before" | "after");
            await reporter.turn().catch(() => undefined);
          }
          expect(standings.facts).toEqual(scored(standings.mark));
        }
        standings.failing = "no";
        commit(1);
        await reporter.turn();
        expect(standings.facts).toEqual(scored(world.durable));
      }),
      { numRuns: 300 },
    );
  });
});

test.each<[string, Fact, ScoreFact | undefined]>([
  [
    "a team's making",
    {
      ...head(1),
      type: "join",
      player: "p",
      name: "P",
      event: "k",
      externalId: "x",
      created: { name: "T", bracket: "b", joinCode: "SECRET" },
    },
    { ...head(1), type: "join", name: "T", bracket: "b" },
  ],
  ["a further member", { ...head(1), type: "join", player: "p", name: "P", event: "k" }, undefined],
  [
    "a solve",
    played(1, "correct", { points: 30, answer: "SECRET" }),
    { ...head(1), type: "solve", clue: "a", points: 30 },
  ],
  ["a paid hint", played(1, "taken", { type: "hint", cost: 5 }), { ...head(1), type: "adjust", points: -5 }],
  ["a free hint", played(1, "taken", { type: "hint", cost: 0 }), undefined],
  [
    "an award",
    { ...head(1), type: "award", points: -3, reason: "SECRET", score: 1 },
    { ...head(1), type: "adjust", points: -3 },
  ],
  ["a ban", { ...head(1), type: "ban", reason: "SECRET" }, { ...head(1), type: "ban" }],
  ["hiding", { ...head(1), type: "hide", reason: "SECRET" }, { ...head(1), type: "hide" }],
  ["a wrong guess", played(1, "incorrect", { answer: "SECRET" }), undefined],
  ["a clue opened by hand", { ...head(1), type: "unlock", clue: "a", reason: "r" }, undefined],
  ["points reached", { ...head(1), type: "reached", points: 5 }, undefined],
])("[REP-10] of %s the standings get what they need and no more", (_, given, expected) => {
  expect(scoreFactOf(given)).toEqual(expected);
});

test("[REP-11] a report reaches up to the last fact read, whether it concerns the score or not", () => {
  expect(scoreReport("s", 1, [fact(2), fact(3)])).toMatchObject({ after: 1, upto: 3, facts: [{ seq: 2 }] });
  expect(scoreReport("s", 7, [])).toEqual({ shard: "s", after: 7, upto: 7, facts: [] });
});
