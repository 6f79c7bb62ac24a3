/** Merging two teams: the facts of each step, and whatever was played before, against a model of its own. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Refusal } from "../../src/errors.ts";
import { LegacyReading } from "../../src/hunt/legacy.ts";
import { giveUpSeats, handOver, keepSeats, type Merge, OTHERS_NOW, takeOver } from "../../src/hunt/merge.ts";
import { encodeTeam, recordedScore } from "../../src/hunt/team.ts";
import { historyOf } from "../../src/hunt/view.ts";
import type { Fact, Leaving, Legacy, NewFact } from "../../src/protocol.ts";
import { answer, clue, cluesSeen, decodeTeam, Game, HOUR, hint, hunt, isoAt, MINUTE, T0 } from "./build.ts";
import {
  type Draw,
  isOpen,
  pick,
  randomAction,
  randomCommand,
  randomHunt,
  randomWait,
  sumOf,
  tape,
} from "./random.ts";

const factsOf = (decided: { facts: NewFact[] } | Refusal): NewFact[] => {
  if ("refused" in decided) throw new Error(decided.detail);
  return decided.facts;
};

const mergeOf = (players: readonly string[], merge = "m"): Merge => ({
  merge,
  from: "u",
  into: "t",
  reason: "r",
  players,
});

const leavingOf = (name: string): Leaving => ({ gen: 1, name }) as Leaving;

/** What the merged team left, read from the game's log as its shard reads it. */
function legacyOf(played: Game, { from, players }: Merge): Legacy {
  const upto = played.team(from).merged?.after ?? Number.POSITIVE_INFINITY;
  const reading = new LegacyReading(players);
  for (const fact of played.facts) {
    if (fact.team === from && fact.seq <= upto) reading.add(structuredClone(fact));
  }
  if (!reading.legacy) throw new Error("the facts fold");
  return reading.legacy;
}

type Step = "seats" | "hand-over" | "take-over";

/** One step of the merge: the facts that it made. */
function step(played: Game, merge: Merge, which: Step, now: number): Fact[] {
  const { context } = played;
  const append = (drafts: readonly NewFact[]): Fact[] => drafts.map((draft) => played.append(draft));
  switch (which) {
    case "seats":
      return append(factsOf(keepSeats(context.hunt.compiled, played.team(merge.into), merge, now)));
    case "hand-over":
      return append(factsOf(handOver(context, played.team(merge.from), merge, now, played.facts.length)));
    case "take-over": {
      const leavings = new Map(merge.players.map((player) => [player, leavingOf(player)]));
      const all = { leavings, legacy: legacyOf(played, merge) };
      return append(factsOf(takeOver(context, played.team(merge.into), merge, all, now)));
    }
  }
}

const STEPS: readonly Step[] = ["seats", "hand-over", "take-over"];

function mergeAll(played: Game, now: number, merge = mergeOf(["q"])): Fact[] {
  return STEPS.flatMap((which) => step(played, merge, which, now));
}

/** Team t of p and team u of q. */
function two(clues = [clue("a"), clue("b"), clue("c")], more: Parameters<typeof hunt>[1] = {}): Game {
  const played = new Game(hunt(clues, more));
  played.join("p", "t", T0);
  played.join("q", "u", T0);
  return played;
}

describe("[TE-34] what both teams have counts once", () => {
  test("a solve at its earlier time, with its solver; the points are the earlier one's", () => {
    const played = two();
    played.play(answer("1", "a", "right"), T0 + 10, "p", "t");
    played.play(answer("1", "a", "right"), T0 + 20, "q", "u");
    played.play(answer("2", "b", "right"), T0 + 30, "q", "u");
    played.play(answer("2", "b", "right"), T0 + 40, "p", "t");
    played.play(answer("3", "c", "right"), T0 + 50, "q", "u");
    const facts = mergeAll(played, T0 + HOUR);
    const team = played.team();
    expect([...team.solves].map(([id, { at }]) => [id, at])).toEqual([
      ["a", T0 + 10],
      ["b", T0 + 30],
      ["c", T0 + 50],
    ]);
    expect(recordedScore(team)).toBe(30);
    expect(facts.filter(({ type }) => type === "solve")).toMatchObject([
      { clue: "b", solvedAt: T0 + 30, instead: 10, player: "q", more: true, score: 20 },
      { clue: "c", solvedAt: T0 + 50, player: "q", more: true, score: 30 },
    ]);
    expect(facts.at(-1)).toMatchObject({ type: "absorb", team: "t", from: "u", score: 30, more: false });
    const emptied = played.team("u");
    expect([emptied.solves.size, recordedScore(emptied), emptied.members]).toEqual([0, 0, []]);
    expect(historyOf(played.context, team, Number.POSITIVE_INFINITY)).toEqual([
      { at: T0, score: 0 },
      { at: T0 + 10, score: 10 },
      { at: T0 + 30, score: 20 },
      { at: T0 + 50, score: 30 },
    ]);
    // As of a moment before the merge: as it was.
    expect(historyOf(played.context, team, T0 + 45).at(-1)).toEqual({ at: T0 + 40, score: 20 });
  });

  test("a hint is paid once, awards add up, tries and buckets lapse, what was opened by hand is open to both", () => {
    const hints = [
      { id: "h", text: "H", cost: 4, after: 0 },
      { id: "i", text: "I", cost: 1, after: 0 },
    ];
    const played = two([
      clue("a", { hints }),
      clue("b"),
      clue("x", { opens: { op: "manual" } }),
      clue("y", { opens: { op: "manual" } }),
    ]);
    for (const [player, team] of [
      ["p", "t"],
      ["q", "u"],
    ] as const) {
      played.organise({ type: "award", points: 50, reason: "r" }, T0, team);
      played.play(hint("h", "a", "h"), T0 + 1, player, team);
    }
    played.play(hint("i", "a", "i"), T0 + 2, "q", "u");
    played.play(answer("w", "b", "wrong"), T0 + 3, "q", "u");
    played.organise({ type: "unlock", clue: "x", reason: "r" }, T0 + 4, "t");
    played.organise({ type: "unlock", clue: "x", reason: "r" }, T0 + 3, "u");
    played.organise({ type: "unlock", clue: "y", reason: "r" }, T0 + 5, "u");
    mergeAll(played, T0 + HOUR);
    const team = played.team();
    expect(recordedScore(team)).toBe(50 + 50 - 4 - 1);
    expect([...team.hints.keys()]).toEqual(["a/h", "a/i"]);
    expect(team.attempts.size).toBe(0);
    expect([...team.opened]).toEqual([
      ["x", T0 + 3],
      ["y", T0 + 5],
    ]);
    expect(played.team("u").attempts.size).toBe(0);
    expect(played.play(hint("again", "a", "i"), T0 + HOUR)).toMatchObject({ outcome: "taken" });
    expect(recordedScore(played.team())).toBe(95);
  });

  test("nothing that was open to the team closes, or opens later", () => {
    const played = two([
      clue("a", { points: 5 }),
      clue("b", { opens: { op: "points", points: 10 } }),
      clue("c"),
    ]);
    played.play(answer("1", "a", "right"), T0 + MINUTE, "q", "u");
    played.publish(hunt([clue("a"), clue("b", { opens: { op: "points", points: 10 } }), clue("c")]));
    played.play(answer("1", "a", "right"), T0 + 2 * MINUTE, "p", "t");
    expect(cluesSeen(played, T0 + HOUR).map(({ id }) => id)).toContain("b");
    mergeAll(played, T0 + HOUR);
    // The earlier solve brought five points.
    expect(recordedScore(played.team())).toBe(5);
    expect(cluesSeen(played, T0 + HOUR).find(({ id }) => id === "b")).toMatchObject({
      openedAt: isoAt(T0 + 2 * MINUTE),
    });
  });

  test("solves of before the other team was there count from then", () => {
    const played = new Game(hunt([clue("a")]));
    played.join("q", "u", T0);
    played.play(answer("1", "a", "right"), T0 + MINUTE, "q", "u");
    played.join("p", "t", T0 + HOUR);
    mergeAll(played, T0 + 2 * HOUR);
    expect(cluesSeen(played, T0 + 2 * HOUR)).toMatchObject([{ id: "a", solvedAt: isoAt(T0 + MINUTE) }]);
  });

  test("wins of players who had left the team count for the limits", () => {
    const played = two([clue("a")], {
      prizes: [{ id: "z", title: "Z", mode: "first-come", stock: 9, perTeam: 1 }],
    });
    const won = { type: "claim", outcome: "won", prize: "z", unit: 0, player: "gone", event: "w" } as const;
    played.append({ at: T0, team: "u", ...won });
    expect(played.play({ id: "1", type: "claim", prize: "z" }, T0).outcome).not.toBe("already_won");
    mergeAll(played, T0 + 1);
    expect(played.play({ id: "2", type: "claim", prize: "z" }, T0 + 2).outcome).toBe("already_won");
  });

  test("much comes in facts that each fit a message", () => {
    const hints = (id: string) =>
      Array.from({ length: 2 }, (_, n) => ({ id: `${id}${n}`, text: "", cost: 0, after: 0 }));
    const clues = Array.from({ length: 400 }, (_, n) => clue(`c${n}`, { hints: hints("h") }));
    const played = two(clues, { attempts: { burst: 9_999, refillPerMinute: 0, perClue: 0 } });
    for (const { id } of clues) {
      for (const n of [0, 1]) played.play(hint(`${id}-${n}`, id, `h${n}`), T0, "q", "u");
      played.play(answer(id, id, "right"), T0, "q", "u");
    }
    const facts = mergeAll(played, T0 + 1);
    for (const fact of facts) expect(JSON.stringify(fact).length).toBeLessThan(60_000);
    expect(facts.filter(({ type }) => type === "absorb").map((fact) => "more" in fact && fact.more)).toEqual([
      true,
      true,
      false,
    ]);
    expect(played.team().hints.size).toBe(800);
    expect(played.team().solves.size).toBe(400);
  });
});

describe("[TE-35] the steps", () => {
  test("each is made once, however often it is asked for", () => {
    const played = two();
    played.play(answer("1", "a", "right"), T0, "q", "u");
    const merge = mergeOf(["q"]);
    for (const which of STEPS) {
      expect(step(played, merge, which, T0 + 1).length).toBeGreaterThan(0);
      if (which !== "seats") expect(step(played, merge, which, T0 + 2)).toEqual([]);
    }
    expect(step(played, merge, "hand-over", T0 + 3)).toEqual([]);
    expect(step(played, merge, "take-over", T0 + 3)).toEqual([]);
    expect(played.team().members.map(({ id }) => id)).toEqual(["p", "q"]);
  });

  const refusalOf = (decided: { facts: NewFact[] } | Refusal): string =>
    "refused" in decided ? decided.refused : "none";

  test("seats are kept for all or none: not beyond the size of a team, in a team nobody is in, in a hunt played alone", () => {
    const played = two([clue("a")], { teams: { mode: "teams", maxSize: 2 } });
    const { compiled } = played.context.hunt;
    expect(refusalOf(keepSeats(compiled, played.team(), mergeOf(["q", "r"]), T0))).toBe("conflict");
    expect(refusalOf(keepSeats(compiled, played.team(), mergeOf(["p"]), T0))).toBe("conflict");
    const solo = { ...compiled, teams: { mode: "solo" as const, maxSize: 1 } };
    expect(refusalOf(keepSeats(solo, played.team(), mergeOf(["q"]), T0))).toBe("conflict");
    expect(factsOf(keepSeats(compiled, played.team(), mergeOf(["q"]), T0))).toHaveLength(1);
    played.append({ at: T0, team: "t", type: "remove", player: "p", last: true, reason: "r" });
    expect(refusalOf(keepSeats(compiled, played.team(), mergeOf(["q"]), T0))).toBe("conflict");
  });

  test("who came or went meanwhile has its seat kept, or given up, before anybody departs", () => {
    const played = two();
    step(played, mergeOf(["q"]), "seats", T0);
    played.join("r", "u", T0 + 1);
    const others = handOver(played.context, played.team("u"), mergeOf(["q"]), T0 + 2, played.facts.length);
    expect(others).toBe(OTHERS_NOW);
    played.append({ at: T0 + 2, team: "u", type: "leave", player: "q" });
    const merge = mergeOf(["r"]);
    expect(step(played, merge, "seats", T0 + 3)).toMatchObject([
      { type: "unseat", player: "q" },
      { type: "seat", player: "r" },
    ]);
    step(played, merge, "hand-over", T0 + 4);
    step(played, merge, "take-over", T0 + 5);
    expect(played.team().members.map(({ id }) => id)).toEqual(["p", "r"]);
    expect(played.team().seats).toBeUndefined();
  });

  test("given up, no seat is kept any more", () => {
    const played = two();
    step(played, mergeOf(["q"]), "seats", T0);
    for (const draft of giveUpSeats(played.team(), mergeOf(["q"]), T0).facts) played.append(draft);
    expect(played.team().seats).toBeUndefined();
    expect(giveUpSeats(played.team(), mergeOf(["q"]), T0).facts).toEqual([]);
  });

  test("a team to which somebody is on the way is not merged; one that was merged is merged into nothing else", () => {
    const played = two();
    played.join("s", "v", T0);
    step(played, { ...mergeOf(["s"], "n"), from: "v", into: "u" }, "seats", T0);
    expect(refusalOf(handOver(played.context, played.team("u"), mergeOf(["q"]), T0, 9))).toBe("conflict");
    const done = two();
    mergeAll(done, T0);
    expect(refusalOf(handOver(done.context, done.team("u"), mergeOf(["q"], "n"), T0, 9))).toBe("not_found");
    expect(refusalOf(keepSeats(done.context.hunt.compiled, done.team("u"), mergeOf(["z"]), T0))).toBe(
      "not_found",
    );
  });

  test("a team without players is merged as well", () => {
    const played = two();
    played.play(answer("1", "a", "right"), T0, "q", "u");
    played.append({ at: T0, team: "u", type: "remove", player: "q", last: true, reason: "r" });
    mergeAll(played, T0 + 1, mergeOf([]));
    expect(recordedScore(played.team())).toBe(10);
    expect(step(played, mergeOf([]), "take-over", T0 + 2)).toEqual([]);
  });

  test("[EV-30] the fold refuses a merge of a team that is not emptied, and a second taking in", () => {
    const played = two();
    const head = { at: T0, merge: "m", reason: "r", score: 0, more: false } as const;
    const merged = { ...head, type: "merge", team: "u", into: "t", adjusted: 0, after: 2 } as const;
    expect(() => played.append({ ...merged })).toThrow("not emptied");
    played.append({ ...head, type: "absorb", team: "t", from: "u" });
    played.facts.pop();
    expect(() => played.append({ ...head, type: "absorb", team: "t", from: "u" })).toThrow("a second time");
  });
});

describe("[TE-34] random games of two teams", () => {
  /** What a team has by its facts, told without the rules. */
  interface Told {
    solves: Map<string, { at: number; seq: number; points: number }>;
    hints: Map<string, number>;
    awards: number;
  }

  function toldOf(facts: readonly Fact[], team: string): Told {
    const told: Told = { solves: new Map(), hints: new Map(), awards: 0 };
    for (const fact of facts) {
      if (fact.team !== team) continue;
      const { seq } = fact;
      if (fact.type === "award") told.awards += fact.points;
      else if (fact.type === "unsolve") told.solves.delete(fact.clue);
      else if (fact.type === "solve") {
        told.solves.set(fact.clue, { at: fact.solvedAt, seq, points: fact.points });
      } else if ("outcome" in fact && fact.outcome === "correct") {
        told.solves.set(fact.clue ?? "", { at: fact.at, seq, points: fact.points ?? 0 });
      } else if ("outcome" in fact && fact.outcome === "taken") {
        told.hints.set(`${fact.clue}/${fact.hint}`, fact.cost ?? 0);
      }
    }
    return told;
  }

  function unionOf(own: Told, other: Told): Told {
    const solves = new Map(own.solves);
    for (const [id, solve] of other.solves) {
      const before = solves.get(id);
      if (!before || solve.at < before.at) solves.set(id, solve);
    }
    return { solves, hints: new Map([...other.hints, ...own.hints]), awards: own.awards + other.awards };
  }

  function randomGame(draw: Draw): { played: Game; now: number } {
    const played = new Game(randomHunt(draw));
    let now = T0;
    played.join("p", "t", now);
    played.join("q", "u", now);
    const length = 10 + draw(50);
    for (let count = 0; count < length; count += 1) {
      now += randomWait(draw);
      const [player, team] = pick(draw, [
        ["p", "t"],
        ["q", "u"],
      ] as const);
      if (draw(6) === 0) {
        const action = randomAction(draw, played.context.hunt.compiled, now);
        if (action.type !== "ban") played.organise(action, now, team);
      } else {
        played.play(randomCommand(draw, played.context.hunt.compiled, `e${draw(60)}`), now, player, team);
      }
    }
    return { played, now };
  }

  test("a merge is the union of both, also when it is cut off between any steps and asked for again; it folds again to the same", () => {
    let merged = 0;
    fc.assert(
      fc.property(fc.array(fc.nat(9_999), { minLength: 40, maxLength: 500, size: "max" }), (values) => {
        const draw = tape(values);
        const { played, now } = randomGame(draw);
        const { compiled, dynamic } = played.context.hunt;
        for (const { seq, verdict } of played.team("u").submissions ?? []) {
          if (verdict === undefined) {
            played.organise({ type: "judge", submission: seq, accept: draw(2) === 0 }, now, "u");
          }
        }
        const expected = unionOf(toldOf(played.facts, "t"), toldOf(played.facts, "u"));
        const open = compiled.clues.filter(({ id }) =>
          isOpen(
            compiled,
            played.facts.filter(({ team }) => team === "t"),
            played.openedAt,
            id,
            now,
          ),
        );
        const openedAt = new Map(cluesSeen(played, now).map(({ id, openedAt: at }) => [id, at]));
        const merge = mergeOf(["q"]);
        let later = now + draw(3) * MINUTE;
        for (const which of STEPS) {
          for (let again = draw(3); again >= 0; again -= 1) step(played, merge, which, later);
          later += draw(2) * MINUTE;
          // A step of before that comes late.
          if (which !== "seats") step(played, merge, pick(draw, ["hand-over"]), later);
        }
        const team = played.team();
        expect(new Map([...team.solves].map(([id, { at, points }]) => [id, [at, points]]))).toEqual(
          new Map([...expected.solves].map(([id, { at, points }]) => [id, [at, points]])),
        );
        expect(new Set(team.hints.keys())).toEqual(new Set(expected.hints.keys()));
        const points = [...expected.solves.values()].reduce((sum, solve) => sum + solve.points, 0);
        const costs = [...expected.hints.values()].reduce((sum, cost) => sum + cost, 0);
        expect(recordedScore(team)).toBe(points + expected.awards - costs);
        expect(recordedScore(team)).toBe(sumOf(played.facts.filter(({ team: id }) => id === "t")));
        expect(recordedScore(played.team("u"))).toBe(0);
        if (!dynamic) {
          for (const fact of played.facts.slice(-1)) {
            expect("score" in fact && fact.score).toBe(recordedScore(team));
          }
        }
        for (const { id } of open) {
          const seen = cluesSeen(played, later).find((one) => one.id === id);
          expect(seen, id).toBeDefined();
          expect(Date.parse(seen?.openedAt ?? "")).toBeLessThanOrEqual(Date.parse(openedAt.get(id) ?? ""));
        }
        const again = new Game(compiled);
        for (const fact of played.facts) again.take(JSON.parse(JSON.stringify(fact)));
        for (const id of ["t", "u"]) {
          expect(encodeTeam(again.team(id))).toBe(encodeTeam(played.team(id)));
          expect(encodeTeam(decodeTeam(encodeTeam(again.team(id))))).toBe(encodeTeam(again.team(id)));
        }
        if (expected.solves.size > 1) merged += 1;
      }),
      { numRuns: 500 },
    );
    expect(merged).toBeGreaterThan(100);
  });
});
