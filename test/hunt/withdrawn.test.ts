/** What versions drop stays with the teams that have it, and is told to nobody else. */
import { describe, expect, test } from "vitest";
import type { CompiledHunt } from "../../src/hunt/compiled.ts";
import { withdrawnSince } from "../../src/hunt/withdrawn.ts";
import { answer, clue, Game, hint, hunt, isoAt, MINUTE, seenBy, T0 } from "./build.ts";

const HINTS = [
  { id: "h1", text: "PAID ONE", cost: 0, after: 0 },
  { id: "h2", text: "PAID TWO", cost: 0, after: 0 },
];

const first = hunt([
  clue("a", { hints: HINTS }),
  clue("b", { round: "other", body: "BODY OF B", hints: [{ id: "h", text: "PAID B", cost: 0, after: 0 }] }),
]);

/** The version after, as control makes it. */
const next = (before: CompiledHunt, after: CompiledHunt): CompiledHunt => {
  const withdrawn = withdrawnSince(before, after);
  return withdrawn.length === 0 ? after : { ...after, withdrawn };
};

const me = (played: Game, team: string, now = T0 + MINUTE) => seenBy(played, team, now);
const seen = (played: Game, team: string) => JSON.stringify(me(played, team));

/** Two teams; `paid` takes a hint of each clue, `other` takes none. */
function played(): Game {
  const made = new Game(first);
  made.join("p", "paid");
  made.join("p", "other");
  made.play(hint("1", "a", "h1"), T0, "p", "paid");
  made.play(hint("2", "b", "h"), T0, "p", "paid");
  return made;
}

describe("[SEC-108] a hint that a version drops", () => {
  test("stays readable for the team that took it, over further versions, and for no other", () => {
    const made = played();
    let version = first;
    for (const clues of [
      [clue("a"), clue("b", { round: "other" })],
      [clue("a", { hints: [{ id: "h3", text: "NEW", cost: 5, after: 0 }] }), clue("b", { round: "other" })],
    ]) {
      version = next(version, hunt(clues));
      made.publish(version);
      expect(me(made, "paid").clues[0]?.hints).toContainEqual({
        id: "h1",
        cost: 0,
        availableAt: isoAt(T0),
        taken: true,
        text: "PAID ONE",
      });
      expect(seen(made, "paid")).not.toContain("PAID TWO");
      expect(seen(made, "other")).not.toContain("PAID");
      // Asked again, by the same event and by another.
      expect(made.play(hint("1", "a", "h1"), T0, "p", "paid").hint).toEqual({ id: "h1", text: "PAID ONE" });
      expect(made.play(hint("9", "a", "h1"), T0, "p", "paid").hint).toEqual({ id: "h1", text: "PAID ONE" });
      expect(made.play(hint("9", "a", "h1"), T0, "p", "other")).toMatchObject({ outcome: "invalid" });
    }
  });

  test("that comes back is as it is now, once", () => {
    const made = played();
    const without = next(first, hunt([clue("a"), clue("b")]));
    made.publish(
      next(without, hunt([clue("a", { hints: [{ ...HINTS[0], text: "MENDED" } as never] }), clue("b")])),
    );
    expect(me(made, "paid").clues[0]?.hints).toMatchObject([{ id: "h1", taken: true, text: "MENDED" }]);
    expect(seen(made, "paid")).not.toContain("PAID ONE");
  });
});

describe("[SEC-108] a clue that a version drops", () => {
  test("stays with who took a hint of it or solved it, marked; nobody can try it, others do not see it", () => {
    const made = played();
    made.join("p", "solver");
    made.play(answer("s", "b", "right"), T0, "p", "solver");
    made.publish(next(first, hunt([clue("a", { hints: HINTS })])));
    const { clues, rounds } = me(made, "paid");
    expect(clues[1]).toMatchObject({ id: "b", state: "open", withdrawn: true, body: "BODY OF B" });
    expect(clues[1]?.hints).toMatchObject([{ id: "h", text: "PAID B" }]);
    expect(rounds).toContainEqual({ id: "other", title: "other" });
    expect(me(made, "solver").clues[1]).toMatchObject({ id: "b", state: "solved", points: 10, hints: [] });
    expect(me(made, "solver").team).toMatchObject({ score: 10, solves: 1 });
    expect(seen(made, "other")).not.toMatch(/BODY OF B|PAID B|"b"/);
    expect(made.play(answer("x", "b", "right"), T0, "p", "paid")).toMatchObject({ outcome: "locked" });
    expect(made.play(hint("x", "b", "h"), T0, "p", "paid")).toMatchObject({
      outcome: "taken",
      hint: { text: "PAID B" },
    });
    expect(made.play(hint("x", "b", "h"), T0, "p", "other")).toEqual({
      id: "x",
      outcome: "locked",
      clue: "b",
    });
  });

  test("and what is dropped is bounded: the oldest go first", () => {
    let version = hunt([clue("a")]);
    for (let n = 0; n < 40; n += 1) {
      version = next(version, hunt([clue("a"), clue(`b${n}`, { body: "x".repeat(100_000) })]));
    }
    const kept = version.withdrawn ?? [];
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.length).toBeLessThan(20);
    expect(kept.at(-1)?.id).toBe("b38");
  });
});
