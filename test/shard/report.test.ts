import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type {
  Fact,
  PlayFact,
  Recount,
  ReportResult,
  ScoreFact,
  ScoreReport,
  ShardStandings,
} from "../../src/protocol.ts";
import { Recounts } from "../../src/shard/recounts.ts";
import { Reporter, scoreFactOf, scoreReport } from "../../src/shard/report.ts";
import { Game, hunt } from "../hunt/build.ts";

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

const LOAD = { teams: 3, events: 40 };

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
  const world = {
    log,
    durable,
    heard: [] as ShardStandings[],
    reads: 0,
    lost: [] as number[],
    recounts: new Map<number, Recount>(),
  };
  const reporter = new Reporter({
    shard: "weur-0",
    durable: () => world.durable,
    read(after, limit) {
      world.reads += 1;
      const facts = world.log.filter(({ seq }) => seq > after).slice(0, limit);
      return { facts, upto: facts.at(-1)?.seq ?? after };
    },
    recounts: () => world.recounts,
    report: (report) => standings.report(report),
    load: () => LOAD,
    takeStandings: (standings) => world.heard.push(standings),
    lost: (upto) => world.lost.push(upto),
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

  test("[LOG-10] standings that have facts which the log has not say so", async () => {
    const standings = new Standings();
    standings.mark = 7;
    const { reporter, world } = shard(standings, [], 5);
    await reporter.turn();
    expect(world.lost).toEqual([7]);
    world.durable = 7;
    await reporter.turn();
    expect(world.lost).toEqual([7]);
  });

  test("[REP-2] the first report after a start asks for the watermark and assumes none", async () => {
    const standings = new Standings();
    standings.mark = 4;
    const { reporter } = shard(standings, [1, 2, 3, 4, 5, 6, 7].map(fact));
    expect(reporter.behind).toBe(true);
    await reporter.turn();
    expect(standings.reports[0]).toEqual({ shard: "weur-0", after: 7, upto: 7, facts: [], load: LOAD });
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
  [
    "a solve by hand",
    {
      ...head(1),
      type: "solve",
      clue: "a",
      solvedAt: 1_001,
      points: 5,
      score: 5,
      reason: "SECRET",
      unlocked: ["b"],
    },
    { ...head(1), type: "solve", clue: "a", points: 5 },
  ],
  ["clues that stay open", { ...head(1), type: "opened", clues: [{ clue: "a", at: 1 }] }, undefined],
])("[REP-10] of %s the standings get what they need and no more", (_, given, expected) => {
  expect(scoreFactOf(given)).toEqual(expected);
});

describe("[COR-6] what the standings need of a correction", () => {
  const join: Fact = { ...head(1), type: "join", player: "p", name: "P", event: "k", created: { name: "T" } };
  const other: Fact = { ...join, seq: 2, team: "u" };
  const by = { team: "t", score: 0, reason: "SECRET" };
  const log: Fact[] = [
    join,
    other,
    played(3, "correct", { points: 30 }),
    { ...by, seq: 4, at: 1_004, type: "solve", clue: "b", solvedAt: 1_002, points: 7 },
    { ...by, seq: 5, at: 1_005, type: "unsolve", clue: "a", points: 30 },
    {
      ...by,
      seq: 6,
      at: 1_006,
      type: "solve",
      clue: "b",
      solvedAt: 1_001,
      points: 9,
      instead: 7,
      player: "q",
    },
  ];
  const a = { clue: "a", at: 1_003, seq: 3, points: 30 };
  const b = { clue: "b", at: 1_002, seq: 4, points: 7 };
  const joined = { at: 1_001, seq: 1 };
  const expected = [
    { ...head(4), type: "recount", solves: [b, a], by: 7, joined },
    { ...head(5), type: "recount", solves: [b], by: -30, joined },
    { ...head(6), type: "recount", solves: [{ clue: "b", at: 1_001, seq: 6, points: 9 }], by: 2, joined },
  ];
  const read = { segments: 0 };
  const stored = (facts: readonly Fact[]) => ({
    *segments() {
      for (const fact of facts) {
        read.segments += 1;
        yield { first: fact.seq, last: fact.seq, body: JSON.stringify(fact) } as never;
      }
    },
    factsOf: ({ body }: { body: string }) => [JSON.parse(body) as Fact],
  });

  test("is all solves of its team as they were right after it, from the log or as they were noted", () => {
    const recounts = new Recounts(stored(log));
    expect(scoreReport("s", 3, { facts: log.slice(3), upto: 6 }, recounts.of(log.slice(3)))).toEqual({
      shard: "s",
      after: 3,
      upto: 6,
      facts: expected,
    });
    const noting = new Recounts(stored([]));
    const folded = new Game(hunt([]));
    for (const each of log) {
      folded.take(structuredClone(each));
      noting.note(each, folded.teams.get(each.team));
    }
    expect([...noting.of(log).values()]).toEqual(
      expected.map(({ seq: _, at: __, team: ___, ...recount }) => recount),
    );
  });

  test("is told once of facts that count together, with the last of them", () => {
    const many: Fact[] = [
      join,
      { ...by, seq: 2, at: 9, type: "solve", clue: "a", solvedAt: 5, points: 3, more: true },
      { ...by, seq: 3, at: 9, type: "solve", clue: "b", solvedAt: 9, points: 4, more: true },
      { ...by, seq: 4, at: 9, type: "unsolve", clue: "a", points: 3, more: false },
      { ...by, seq: 5, at: 9, type: "unsolve", clue: "b", points: 4 },
    ];
    const recounts = new Recounts(stored(many));
    const told = [
      { seq: 4, solves: [{ clue: "b", at: 9, seq: 3, points: 4 }], by: 4 },
      { seq: 5, solves: [], by: -4 },
    ];
    expect(
      scoreReport("s", 1, { facts: many.slice(1), upto: 5 }, recounts.of(many.slice(1))).facts,
    ).toMatchObject(told);
    // Cut in their midst, nothing is told of them yet.
    expect(scoreReport("s", 1, { facts: many.slice(1, 3), upto: 3 }, recounts.of(many.slice(1, 3)))).toEqual({
      shard: "s",
      after: 1,
      upto: 3,
      facts: [],
    });
  });

  test("is left out where the log cannot give it, and costs nothing where nothing is corrected", () => {
    const torn = new Recounts(stored(log.slice(3)));
    expect(scoreReport("s", 3, { facts: log.slice(3), upto: 6 }, torn.of(log.slice(3))).facts).toEqual([]);
    read.segments = 0;
    new Recounts(stored(log)).of(log.slice(0, 3));
    expect(read.segments).toBe(0);
  });

  test("ends a report that would be too large, and the next one goes on behind it", async () => {
    const solves = Array.from({ length: 60_000 }, (_, index) => ({
      clue: `c${index}`,
      at: 1,
      seq: 1,
      points: 1,
    }));
    const large = (seq: number): Fact => ({ ...by, ...head(seq), type: "unsolve", clue: "a", points: 1 });
    const facts = [large(1), large(2), large(3)];
    const { reporter, standings, world } = shard(new Standings(), facts);
    world.recounts = new Map(
      facts.map(({ seq }) => [seq, { type: "recount", solves, by: 0, joined: { at: 0, seq: 0 } }]),
    );
    await reporter.turn();
    expect(standings.facts).toEqual([1, 2, 3]);
    expect(standings.reports.map(({ after, upto }) => [after, upto])).toEqual([
      [3, 3],
      [0, 2],
      [2, 3],
    ]);
  });
});

test("[REP-11] a report reaches up to the last fact read, whether it concerns the score or not", () => {
  expect(scoreReport("s", 1, { facts: [fact(2), fact(3)], upto: 3 }, new Map())).toMatchObject({
    after: 1,
    upto: 3,
    facts: [{ seq: 2 }],
  });
  expect(scoreReport("s", 7, { facts: [], upto: 7 }, new Map())).toEqual({
    shard: "s",
    after: 7,
    upto: 7,
    facts: [],
  });
});
