import { describe, expect, test } from "vitest";
import { compile } from "../../src/hunt/compile.ts";
import { parseDefinition } from "../../src/hunt/definition.ts";
import { JudgedAgain } from "../../src/hunt/judged-again.ts";
import { glance } from "../../src/hunt/look.ts";
import {
  answer,
  clue,
  cluesSeen,
  game,
  hint,
  hunt,
  isoAt,
  MINUTE,
  plainDigest,
  SECOND,
  T0,
} from "./build.ts";

const FREE = { id: "h", text: "A hint.", cost: 0, after: 0 };

describe("a clue that closes", () => {
  test("[TIME-1] so long after it opened for the team, to the millisecond; hints that were taken are shown", () => {
    const played = game([
      clue("a"),
      clue("b", {
        opens: { op: "solved", clue: "a" },
        closes: { after: MINUTE },
        hints: [FREE, { ...FREE, id: "h2" }],
      }),
    ]);
    played.play(answer("1", "a", "right"), T0 + SECOND);
    const end = T0 + SECOND + MINUTE;
    expect(played.play(answer("2", "b", "wrong"), end - 1).outcome).toBe("incorrect");
    expect(played.play(hint("3", "b", "h"), end - 1).outcome).toBe("taken");
    expect(played.play(answer("4", "b", "right"), end)).toEqual({ id: "4", outcome: "closed", clue: "b" });
    expect(played.play(hint("5", "b", "h2"), end).outcome).toBe("closed");
    expect(played.play(hint("6", "b", "h"), end)).toMatchObject({
      outcome: "taken",
      hint: { text: "A hint." },
    });
    expect(played.play(answer("7", "a", "right"), end).outcome).toBe("already_solved");
  });

  test("[TIME-1] at a time, also before it opens; a later one in another version opens it again", () => {
    const made = (at: number) =>
      hunt([clue("a", { closes: { at } }), clue("x", { opens: { op: "manual" } })]);
    const played = game(made(T0 + MINUTE).clues);
    expect(played.play(answer("1", "x", "right"), T0 + MINUTE).outcome).toBe("locked");
    expect(played.play(answer("2", "a", "right"), T0 + MINUTE).outcome).toBe("closed");
    played.publish(made(T0 + 2 * MINUTE));
    expect(played.play(answer("2", "a", "right"), T0 + MINUTE).outcome).toBe("correct");
  });

  test("[TIME-2] /me tells the moment, then the state; both are parts of the ETag", () => {
    const played = game([clue("a", { closes: { after: MINUTE } })]);
    const etagAt = (now: number): string =>
      glance(
        played.context,
        played.team(),
        "p",
        { version: 1, left: () => undefined, announcements: [], returnCodeOf: () => "R" },
        now,
      ).etag;
    const closesAt = isoAt(T0 + MINUTE);
    expect(cluesSeen(played, T0)).toMatchObject([{ state: "open", closesAt }]);
    expect(cluesSeen(played, T0 + MINUTE)).toMatchObject([
      { state: "closed", closesAt, body: expect.any(String) },
    ]);
    expect(etagAt(T0 + MINUTE - 1)).toBe(etagAt(T0));
    expect(etagAt(T0 + MINUTE)).not.toBe(etagAt(T0));
    played.play(answer("1", "a", "right"), T0);
    expect(cluesSeen(played, T0 + MINUTE)[0]).toMatchObject({ state: "solved" });
    expect(cluesSeen(played, T0 + MINUTE)[0]).not.toHaveProperty("closesAt");
  });

  test("[TIME-3] is still solved by hand, and a regrade counts what was right", () => {
    const played = game([clue("a", { closes: { after: MINUTE } })]);
    expect(played.organise({ type: "solve", clue: "a", reason: "r" }, T0 + 2 * MINUTE)).toMatchObject([
      { type: "solve", clue: "a" },
    ]);
    const again = game([clue("a")]);
    again.play(answer("1", "a", "right"), T0 + 2 * MINUTE);
    const stricter = game([clue("a", { closes: { after: MINUTE } })]).context.hunt;
    const judged = new JudgedAgain(stricter, plainDigest);
    for (const fact of again.facts) judged.add(fact);
    expect(judged.of("t")?.counting.get("a")).toMatchObject({ at: T0 + 2 * MINUTE });
  });
});

describe("so long after a clue", () => {
  test("[TIME-4] counts from the team's solve of it", () => {
    const played = game([
      clue("a"),
      clue("b", { opens: { op: "since", clue: "a", duration: MINUTE } }),
      clue("c", { opens: { op: "since", clue: "a", duration: 0 } }),
    ]);
    expect(played.play(answer("1", "b", "right"), T0 + 2 * MINUTE).outcome).toBe("locked");
    const { unlocked } = played.play(answer("2", "a", "right"), T0 + 3 * MINUTE);
    expect(unlocked).toEqual(["c"]);
    expect(played.play(answer("3", "b", "right"), T0 + 4 * MINUTE - 1).outcome).toBe("locked");
    expect(played.play(answer("3", "b", "right"), T0 + 4 * MINUTE).outcome).toBe("correct");
  });
});

const HEAD = 'format: 1\ntitle: T\nopens: "2026-12-01T18:00:00Z"\ncloses: "2026-12-01T20:00:00Z"\nclues:\n';
const codesOf = (clues: string) => {
  const { definition, issues } = parseDefinition(HEAD + clues, "yaml");
  if (!definition) return issues.map(({ path, code }) => `${path} ${code}`);
  const compiled = compile(definition, { hunt: "h", digest: plainDigest, codeFor: (id) => id, pepper: "p1" });
  return (compiled.issues ?? compiled.warnings).map(({ path, code }) => `${path} ${code}`);
};
const written = (id: string, more: string): string =>
  `  - { id: ${id}, kind: answer, answers: [right], points: 10, ${more} }\n`;

describe("publishing", () => {
  test.each<[string, string, string[]]>([
    ["after a clue", written("b", "opens: { after: 30m, since: a }"), []],
    [
      "after one that is not there",
      written("b", "opens: { after: 1m, since: z }"),
      ["clues.1.opens.since unknown-clue"],
    ],
    ["after itself", written("b", "opens: { after: 1m, since: b }"), ["clues.1.opens cycle"]],
    ["after the end", written("b", "opens: { after: 2h, since: a }"), ["clues.1.opens never-opens"]],
    [
      "after each other",
      written("b", "opens: { after: 1m, since: c }") + written("c", "opens: { solved: b }"),
      ["clues.1.opens cycle", "clues.2.opens cycle"],
    ],
    ["closing in time", written("b", 'closes: { at: "2026-12-01T19:00:00Z" }'), []],
    [
      "closing with the hunt",
      written("b", 'closes: { at: "2026-12-01T20:00:00Z" }'),
      ["clues.1.closes.at no-effect"],
    ],
    [
      "closing before it opens",
      written("b", 'opens: { after: 30m, since: a }, closes: { at: "2026-12-01T18:30:00Z" }'),
      ["clues.1.closes times-order"],
    ],
    ["of no length", written("b", "closes: { after: 0s }"), ["clues.1.closes times-order"]],
    ["neither after nor at", written("b", "closes: 30m"), ["clues.1.closes value"]],
  ])("[TIME-4] [TIME-5] %s", (_, clues, expected) => {
    expect(codesOf(written("a", "opens: start") + clues)).toEqual(expected);
  });
});
