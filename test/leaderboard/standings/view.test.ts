import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StandingsRules } from "../../../src/hunt/score.ts";
import { Standings } from "../../../src/leaderboard/standings/standings.ts";
import { View } from "../../../src/leaderboard/standings/view.ts";
import { NaiveStandings, type Report } from "./naive.ts";
import { bracketNames, scenarioArbitrary, shardNames } from "./scenarios.ts";

const isMark = ({ fact }: Report): boolean =>
  ["ban", "unban", "hide", "show", "emptied", "filled", "rename", "bracket"].includes(fact.type);

/** Reports put in the order of their times, as clocks that agree give them; seqs by shard stay rising. */
function inTime(reports: readonly Report[]): Report[] {
  return reports.map(({ shard, fact }, i) => ({ shard, fact: { ...fact, at: i } }));
}

function tables(standings: Standings) {
  return bracketNames.map((bracket) => standings.page({ offset: 0, limit: 500, bracket }));
}

describe("the view during a freeze", () => {
  test("[LB-27] shows what was up to then, whole or thin, and the whole truth to organisers", () => {
    fc.assert(
      fc.property(scenarioArbitrary, fc.nat(160), fc.boolean(), ({ rules, reports }, freeze, thin) => {
        const facts = inTime(reports);
        const view = new View(rules, { from: freeze }, undefined, thin ? -1 : 1_000);
        for (const { shard, fact } of facts) view.apply(shard, fact);
        view.settle();
        expect(tables(view.all)[0]).toEqual(new NaiveStandings(rules, facts).table());
        // A ban counts at once; in a thin copy with moving scores it moves nobody else's score.
        const moving = view.all.isDynamic;
        const shown = facts.filter((report) => report.fact.at <= freeze || isMark(report));
        const joined = new Set(facts.filter(({ fact }) => fact.at <= freeze).map(({ fact }) => fact.team));
        const known = shown.filter(({ fact }) => joined.has(fact.team));
        if (thin && moving && known.some(({ fact }) => fact.at > freeze)) return;
        const frozen = view.frozenView();
        const naive = new NaiveStandings(rules, known);
        expect(tables(frozen)).toEqual(bracketNames.map((bracket) => naive.table(bracket)));
        expect(shardNames.map((shard) => frozen.word(shard))).toEqual(
          shardNames.map((shard) => naive.word(shard)),
        );
        const restored = Standings.restore(rules, [...frozen.snapshot()]) as Standings;
        expect(tables(restored)).toEqual(tables(frozen));
        expect(shardNames.map((shard) => restored.word(shard))).toEqual(
          shardNames.map((shard) => frozen.word(shard)),
        );
      }),
      { numRuns: 300, interruptAfterTimeLimit: 20_000 },
    );
  });

  test("[LB-30] held results take no ban behind the end, wherever the end comes to be known", () => {
    fc.assert(
      fc.property(
        scenarioArbitrary,
        fc.nat(160),
        fc.nat(80),
        fc.boolean(),
        ({ rules, reports }, from, more, byHand) => {
          const facts = inTime(reports);
          const end = from + more;
          const still = { from, marksUntil: end };
          const view = new View(rules, byHand ? { from } : still);
          for (const { shard, fact } of facts.filter(({ fact }) => fact.at <= end)) view.apply(shard, fact);
          expect(view.stand(still)).toBe(true);
          for (const { shard, fact } of facts.filter(({ fact }) => fact.at > end)) view.apply(shard, fact);
          view.settle();
          expect(tables(view.all)[0]).toEqual(new NaiveStandings(rules, facts).table());
          const joined = new Set(facts.filter(({ fact }) => fact.at <= from).map(({ fact }) => fact.team));
          const known = facts.filter(
            (report) =>
              joined.has(report.fact.team) &&
              (report.fact.at <= from || (isMark(report) && report.fact.at <= end)),
          );
          expect(tables(view.frozenView())[0]).toEqual(new NaiveStandings(rules, known).table());
          // Released, everybody sees the whole truth.
          expect(view.stand(undefined)).toBe(true);
          expect(tables(view.frozenView())).toEqual(tables(view.all));
        },
      ),
      { numRuns: 200, interruptAfterTimeLimit: 20_000 },
    );
  });

  test("[LB-30] an end that comes before facts that are known already needs the logs", () => {
    const rules: StandingsRules = {
      scoring: { ranking: "score", decay: { kind: "none", minimum: 0, solves: 1 }, firstSolves: [] },
      clues: [{ id: "a", points: 10 }],
      brackets: [],
    };
    const view = new View(rules, undefined);
    view.apply("s", { seq: 1, at: 10, team: "weur-0-0-aaaaa", type: "join", name: "One" });
    view.settle();
    expect(view.stand({ from: 9, marksUntil: 9 })).toBe(false);
    expect(view.stand({ from: 10, marksUntil: 10 })).toBe(true);
    view.apply("s", { seq: 2, at: 11, team: "weur-0-0-aaaaa", type: "ban" });
    view.settle();
    expect([view.frozenView().total(), view.all.total()]).toEqual([1, 0]);
    expect(view.stand({ from: 12, marksUntil: 12 })).toBe(false);
    // What an earlier version wrote does not say how late its facts are.
    const restored = Standings.restore(rules, [...view.all.snapshot()]) as Standings;
    expect(new View(rules, undefined, { all: restored }).stand({ from: 1_000 })).toBe(false);
  });

  test("[LB-27] a thin copy takes a team out that is banned, and moves no other score", () => {
    const rules: StandingsRules = {
      scoring: { ranking: "score", decay: { kind: "linear", minimum: 10, solves: 4 }, firstSolves: [30, 20] },
      clues: [{ id: "quay", points: 100 }],
      brackets: [],
    };
    const view = new View(rules, { from: 100 }, undefined, -1);
    const teams = ["a", "b", "c"];
    teams.forEach((team, i) => {
      view.apply("s", { seq: i + 1, at: i, team, type: "join", name: team });
    });
    teams.forEach((team, i) => {
      view.apply("s", { seq: i + 4, at: 10 + i, team, type: "solve", clue: "quay", points: 100 });
    });
    view.apply("s", { seq: 8, at: 101, team: "c", type: "adjust", points: 500 });
    view.apply("s", { seq: 9, at: 102, team: "a", type: "ban" });
    view.settle();
    const rows = (standings: Standings) =>
      standings.page({ offset: 0, limit: 9 }).map(({ team, score }) => `${team.id}:${score}`);
    expect(rows(view.frozenView())).toEqual(["b:75", "c:55"]);
    expect(rows(view.all)).toEqual(["c:578", "b:98"]);
    // Under other rules its scores cannot be told: the logs are needed.
    const others = { ...rules, clues: [{ id: "quay", points: 90 }] };
    expect(view.frozenView().rerule(others)).toBeUndefined();
  });
});

test("[SEC-37] facts that a wrong clock dated behind the freeze are in what is frozen when it comes", () => {
  const rules: StandingsRules = {
    scoring: { ranking: "score", decay: { kind: "none", minimum: 0, solves: 1 }, firstSolves: [] },
    clues: [{ id: "a", points: 10 }],
    brackets: [],
  };
  const view = new View(rules, { from: 1_000 });
  view.apply("s", { seq: 1, at: 1, team: "weur-0-0-aaaaa", type: "join", name: "One" });
  view.apply("s", { seq: 2, at: 3_600_000, team: "weur-0-0-aaaaa", type: "solve", clue: "a", points: 10 });
  view.settle();
  expect(view.frozenView().page({ offset: 0, limit: 1, bracket: undefined })).toMatchObject([{ score: 0 }]);
  view.thaw();
  view.apply("s", { seq: 3, at: 900, team: "weur-0-0-aaaaa", type: "adjust", points: 1 });
  view.apply("s", { seq: 4, at: 1_100, team: "weur-0-0-aaaaa", type: "adjust", points: 100 });
  view.settle();
  expect(view.frozenView().page({ offset: 0, limit: 1, bracket: undefined })).toMatchObject([{ score: 11 }]);
});
