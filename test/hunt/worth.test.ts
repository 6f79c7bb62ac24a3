import { describe, expect, test } from "vitest";
import { compile } from "../../src/hunt/compile.ts";
import type { CompiledHunt } from "../../src/hunt/compiled.ts";
import { parseDefinition } from "../../src/hunt/definition.ts";
import { indexHunt } from "../../src/hunt/indexed.ts";
import { JudgedAgain } from "../../src/hunt/judged-again.ts";
import { glance, lookText } from "../../src/hunt/look.ts";
import { regraded } from "../../src/hunt/regrade.ts";
import { speedValue } from "../../src/hunt/score.ts";
import { scoreOf } from "../../src/hunt/team-score.ts";
import { historyOf } from "../../src/hunt/view.ts";
import { Standings } from "../../src/leaderboard/standings/standings.ts";
import { scoreFactOf } from "../../src/shard/report.ts";
import {
  answer,
  clue,
  cluesSeen,
  type Game,
  game,
  hunt,
  MINUTE,
  MOVING,
  plainDigest,
  SECOND,
  STATIC,
  T0,
} from "./build.ts";

const SPEED = { full: 5 * MINUTE, none: 30 * MINUTE, minimum: 20 };
const PENALTY: CompiledHunt["scoring"] = { ...STATIC, penalty: { points: 5 } };
const KNOWN = { version: 1, left: () => undefined, announcements: [], returnCodeOf: () => "R" };

describe("points that fall with time", () => {
  test.each([
    [0, 100],
    [5 * MINUTE, 100],
    [5 * MINUTE + 1, 100],
    [5 * MINUTE + 25 * 750, 99],
    [17.5 * MINUTE, 60],
    [30 * MINUTE - 1, 21],
    [30 * MINUTE, 20],
    [90 * MINUTE, 20],
  ])("[TIME-6] %i ms after it opened %i are left", (elapsed, left) => {
    expect(speedValue(SPEED, 100, elapsed)).toBe(left);
  });

  test("[TIME-6] [TIME-7] from when it opened for the team; recorded with the solve", () => {
    const played = game([
      clue("a"),
      clue("b", { points: 100, speed: SPEED, opens: { op: "solved", clue: "a" } }),
    ]);
    played.play(answer("1", "a", "right"), T0 + MINUTE);
    const result = played.play(answer("2", "b", "right"), T0 + 18.5 * MINUTE);
    expect(result).toMatchObject({ outcome: "correct", points: 60, score: 70 });
    expect(played.facts.at(-1)).toMatchObject({ points: 60, less: 40 });
    expect(cluesSeen(played, T0 + 60 * MINUTE).find(({ id }) => id === "b")).toMatchObject({ points: 60 });
  });

  test("[TIME-6] a solve by hand is worth what it was at its time", () => {
    const played = game([
      clue("a", { points: 100, speed: SPEED }),
      clue("x", { opens: { op: "manual" }, speed: SPEED, points: 100 }),
    ]);
    const byHand = (id: string, at: number) =>
      played.organise({ type: "solve", clue: id, at, reason: "r" }, T0 + 60 * MINUTE);
    expect(byHand("a", T0 + 17.5 * MINUTE)).toMatchObject([{ points: 60, less: 40 }]);
    expect(byHand("x", T0 + 40 * MINUTE)).toMatchObject([{ points: 100 }]);
  });
});

describe("wrong tries that cost points", () => {
  const play = (played: Game, wrong: number): ReturnType<Game["play"]> => {
    for (let count = 0; count < wrong; count += 1) {
      played.play(answer(`w${count}`, "a", `wrong ${count}`), T0 + count * MINUTE);
    }
    return played.play(answer("r", "a", "right"), T0 + wrong * MINUTE);
  };

  test("[TIME-6] each counted one takes its points, none more than the solve has", () => {
    expect(play(game([clue("a", { points: 100 })], { scoring: PENALTY }), 3).points).toBe(85);
    expect(play(game([clue("a", { points: 12 })], { scoring: PENALTY }), 3)).toMatchObject({
      points: 0,
      score: 0,
    });
    const both = game([clue("a", { points: 100, speed: SPEED })], { scoring: PENALTY });
    expect(play(both, 10).points).toBe(100 - 16 - 50);
  });

  test("[TIME-6] repeats and nudges take nothing, tries that were given back are forgiven", () => {
    const played = game([clue("a", { points: 100, nudges: [{ match: ["near"], say: "Near." }] })], {
      scoring: PENALTY,
    });
    for (const [index, text] of ["no", "no", "near", "never"].entries()) {
      played.play(answer(`w${index}`, "a", text), T0 + index * MINUTE);
    }
    expect(cluesSeen(played, T0 + 4 * MINUTE)).toMatchObject([{ points: 100, value: 90 }]);
    played.organise({ type: "reset", clue: "a", reason: "r" }, T0 + 5 * MINUTE);
    played.play(answer("again", "a", "nope"), T0 + 6 * MINUTE);
    expect(played.play(answer("r", "a", "right"), T0 + 7 * MINUTE).points).toBe(95);
  });
});

/** The standings of the game's facts. */
function standingsOf(played: Game): Standings {
  const { compiled } = played.context.hunt;
  const rules = {
    scoring: compiled.scoring,
    brackets: [],
    clues: compiled.clues.map(({ id, points, speed, decay, firstSolves }) => ({
      id,
      points,
      ...(speed ? { speed: true as const } : {}),
      ...(decay ? { decay } : {}),
      ...(firstSolves ? { firstSolves } : {}),
    })),
  };
  const standings = new Standings(rules);
  for (const fact of played.facts) {
    const score = scoreFactOf(fact);
    if (score) standings.apply("s", score);
  }
  standings.settle();
  return standings;
}

describe("where values move", () => {
  test("[TIME-7] [TIME-8] the shard, the history and the standings tell the same score", () => {
    const played = game(
      [
        clue("a", { points: 100 }),
        clue("b", { points: 100, speed: SPEED }),
        clue("c", { points: 50, decay: { kind: "linear", minimum: 0, solves: 1 } }),
        clue("d", { points: 10, firstSolves: [7] }),
      ],
      { scoring: { ...MOVING, penalty: { points: 30 } } },
    );
    played.join("q", "u", T0);
    for (const text of ["one", "two"]) played.play(answer(text, "c", text), T0);
    for (const [index, id] of ["a", "b", "c", "d"].entries()) {
      played.play(answer(id, id, "right"), T0 + 17.5 * MINUTE);
      if (index !== 3) played.play(answer(id, id, "right"), T0 + 17.5 * MINUTE, "q", "u");
    }
    const standings = standingsOf(played);
    // Of a its value after two solves; of b what was left; of c nothing (0 − 60); of d with its bonus.
    const expected = 91 + 60 + 0 + 17;
    expect(standings.score("t")).toBe(expected);
    const { values, bonuses } = standings.word("s") ?? { values: [], bonuses: [] };
    played.word = {
      asOf: T0,
      values: new Map(values.map(({ clue: id, value }) => [id, value])),
      bonuses: new Map(bonuses.map(({ team, points }) => [team, points])),
      bonusOf: new Map(bonuses.map(({ team, clue: id, points }) => [`${team}/${id}`, points])),
    };
    expect(scoreOf(played.context, played.team())).toBe(expected);
    expect(historyOf(played.context, played.team(), T0 + 60 * MINUTE).at(-1)).toMatchObject({
      score: expected,
    });
    const restored = Standings.restore(
      {
        scoring: played.context.hunt.compiled.scoring,
        brackets: [],
        clues: [
          { id: "a", points: 100 },
          { id: "b", points: 100, speed: true },
          { id: "c", points: 50, decay: { kind: "linear", minimum: 0, solves: 1 } },
          { id: "d", points: 10, firstSolves: [7] },
        ],
      },
      [...standings.snapshot()],
    );
    expect(restored?.score("t")).toBe(expected);
  });
});

describe("what a clue is worth now", () => {
  test("[TIME-9] falls in /me without another ETag, and a look at what changed tells it", () => {
    const played = game([clue("a", { points: 100, speed: SPEED }), clue("b")]);
    expect(cluesSeen(played, T0)).toMatchObject([{ points: 100, value: 100 }, { points: 10 }]);
    expect(cluesSeen(played, T0)[1]).not.toHaveProperty("value");
    const before = glance(played.context, played.team(), "p", KNOWN, T0);
    const after = glance(played.context, played.team(), "p", KNOWN, T0 + 17.5 * MINUTE);
    expect(after.etag).toBe(before.etag);
    const told = JSON.parse(lookText(after, undefined, { since: { etag: before.etag, glimpse: before } }));
    expect(told).toMatchObject({ clues: [], values: { a: 60 } });
  });
});

describe("a regrade", () => {
  const regradeOf = (played: Game, compiled: CompiledHunt) => {
    const judged = new JudgedAgain(indexHunt(compiled), plainDigest);
    for (const fact of played.facts) judged.add(fact);
    played.publish(compiled);
    const about = { regrade: "x", reason: "r" };
    return regraded(played.context, played.team(), judged.of("t"), about, T0 + 60 * MINUTE)?.facts;
  };

  test("[TIME-10] counts speed and penalty by the present definition, from the recorded times", () => {
    const played = game([clue("a", { points: 100 })]);
    played.play(answer("1", "a", "wrong"), T0 + SECOND);
    played.play(answer("2", "a", "right"), T0 + 17.5 * MINUTE);
    const compiled = hunt([clue("a", { points: 100, speed: SPEED })], { scoring: PENALTY });
    const facts = regradeOf(played, compiled);
    expect(facts).toMatchObject([{ type: "solve", clue: "a", instead: 100, points: 55, less: 45 }]);
  });

  test("[TIME-10] a try that is right by now costs nothing, and the solve is its", () => {
    const played = game([clue("a", { points: 100 })], { scoring: PENALTY });
    played.play(answer("1", "a", "wrong"), T0 + SECOND);
    played.play(answer("2", "a", "other"), T0 + 2 * SECOND);
    expect(played.play(answer("3", "a", "right"), T0 + MINUTE).points).toBe(90);
    const compiled = hunt([clue("a", { points: 100, answers: ["right", "other"] })], { scoring: PENALTY });
    expect(regradeOf(played, compiled)).toMatchObject([{ solvedAt: T0 + 2 * SECOND, points: 95, less: 5 }]);
    expect(regradeOf(played, hunt([clue("a", { points: 100 })], { scoring: PENALTY }))).toBeUndefined();
    // Tries that were given back after the solve were not when it was.
    played.organise({ type: "reset", clue: "a", reason: "r" }, T0 + 2 * MINUTE);
    expect(regradeOf(played, hunt([clue("a", { points: 100 })], { scoring: PENALTY }))).toBeUndefined();
  });
});

describe("publishing", () => {
  const HEAD = "format: 1\ntitle: T\nclues:\n  - { id: a, kind: answer, answers: [right], points: 50, ";
  test.each<[string, string, string[]]>([
    ["speed", "speed: { full: 5m, none: 30m }", []],
    [
      "speed with a decay",
      "speed: { full: 5m, none: 30m }, decay: { kind: log, minimum: 5, solves: 9 }",
      ["clues.0.decay speed-with-decay"],
    ],
    ["no time to fall in", "speed: { full: 5m, none: 5m, minimum: 20 }", ["clues.0.speed.none times-order"]],
    [
      "more left than there is",
      "speed: { full: 5m, none: 6m, minimum: 60 }",
      ["clues.0.speed.minimum decay-minimum"],
    ],
    [
      "a decay to more",
      "decay: { kind: log, minimum: 60, solves: 9 }",
      ["clues.0.decay.minimum decay-minimum"],
    ],
  ])("[TIME-6] [TIME-8] %s", (_, more, expected) => {
    const { definition } = parseDefinition(`${HEAD}${more} }\n`, "yaml");
    if (!definition) throw new Error("it has the wrong shape");
    const options = { hunt: "h", digest: plainDigest, codeFor: (id: string) => id, pepper: "p1" };
    expect((compile(definition, options).issues ?? []).map(({ path, code }) => `${path} ${code}`)).toEqual(
      expected,
    );
  });
});
