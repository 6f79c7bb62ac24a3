import { describe, expect, test } from "vitest";
import { compile } from "../../../src/hunt/compile.ts";
import type { CompiledClue } from "../../../src/hunt/compiled.ts";
import { parseDefinition } from "../../../src/hunt/definition.ts";
import { JudgedAgain } from "../../../src/hunt/judged-again.ts";
import { handOver } from "../../../src/hunt/merge.ts";
import { regraded } from "../../../src/hunt/regrade.ts";
import { encodeTeam } from "../../../src/hunt/team.ts";
import type { Fact } from "../../../src/protocol.ts";
import {
  answer,
  clue,
  cluesSeen,
  type Game,
  game,
  hint,
  hunt,
  MINUTE,
  Game as Played,
  plainDigest,
  submit,
  T0,
} from "../build.ts";

const photo = (more: Parameters<typeof clue>[1] = {}): CompiledClue =>
  clue("photo", { kind: "submission", accept: ["text", "image"], judge: "before", points: 40, ...more });

const BEHIND = clue("behind", {
  opens: { op: "solved", clue: "photo" },
  hints: [{ id: "h", text: "Look up.", cost: 0, after: 10 * MINUTE }],
});

const PICTURE = { upload: "u1", type: "image/jpeg", size: 100, sha256: "aa" };

/** The number of the fact that the event made. */
function sent(played: Game, id: string, at: number, text = "Look!"): number {
  const { outcome, seq = 0 } = played.play(submit(id, "photo", text), at);
  expect(["submitted", "correct"]).toContain(outcome);
  return seq;
}

const judge = (
  played: Game,
  submission: number,
  accept: boolean,
  at: number,
  more: { points?: number; say?: string } = {},
): Fact[] => {
  const facts = played.organise({ type: "judge", submission, accept, ...more }, at);
  if ("refused" in facts) throw new Error(facts.detail);
  return facts;
};

const solveOf = (played: Game) => played.team().solves.get("photo");

function issuesOf(keys: object, scoring: object = {}): string[] {
  const source = { format: 1, title: "T", scoring, clues: [{ id: "c", kind: "submission", ...keys }] };
  const { definition, issues } = parseDefinition(JSON.stringify(source), "json");
  if (!definition) return (issues ?? []).map(({ code }) => code);
  const compiled = compile(definition, { hunt: "h", pepper: "p1", digest: plainDigest, codeFor: () => "" });
  return (compiled.issues ?? []).map(({ code }) => code);
}

describe("[SUBM-1] what is sent", () => {
  test("words only where they are taken, files of the kinds that are, one waiting at a time", () => {
    const played = game([photo({ accept: ["image"] }), BEHIND]);
    played.uploads.set("t/photo/u1", PICTURE);
    played.uploads.set("t/photo/film", { ...PICTURE, upload: "film", type: "video/mp4" });
    const tried = (id: string, text: string | undefined, uploads: string[] = []): string =>
      played.play(submit(id, "photo", text, uploads), T0).outcome;
    expect(tried("a", "Only words")).toBe("invalid");
    expect(tried("b", undefined)).toBe("invalid");
    expect(tried("c", undefined, ["none"])).toBe("invalid");
    expect(tried("d", undefined, ["film"])).toBe("invalid");
    expect(tried("e", "A caption", ["u1", "u1"])).toBe("invalid");
    expect(tried("f", "A caption", ["u1"])).toBe("submitted");
    expect(tried("g", undefined, ["u1"])).toBe("already_submitted");
    judge(played, 2, false, T0);
    // A file is of one submission.
    expect(tried("h", undefined, ["u1"])).toBe("invalid");
    // The same event again, and another body under its id.
    expect(played.play(submit("f", "photo", "A caption", ["u1"]), T0)).toMatchObject({ duplicate: true });
    expect(tried("f", "Another caption", ["u1"])).toBe("conflict");
  });

  test("judge: after counts at once, judge: none for good", () => {
    for (const when of ["after", "none"] as const) {
      const played = game([photo({ judge: when })]);
      const seq = sent(played, "a", T0);
      expect(solveOf(played)).toMatchObject({ at: T0, points: 40 });
      const judged = played.organise({ type: "judge", submission: seq, accept: false }, T0 + 1);
      if (when === "none") expect(judged).toMatchObject({ refused: "conflict" });
      else expect(solveOf(played)).toBeUndefined();
    }
  });
});

describe("[SUBM-2] verdicts", () => {
  test("the first submission that counts solves, from when it was sent; a later verdict replaces one", () => {
    const played = game([photo(), BEHIND]);
    const first = sent(played, "a", T0 + 1_000);
    judge(played, first, false, T0 + 2_000, { say: "Not you." });
    expect(cluesSeen(played, T0 + 2_000)[0]).toMatchObject({
      state: "open",
      submission: { state: "refused", say: "Not you." },
    });
    const second = sent(played, "b", T0 + 3_000);
    judge(played, second, true, T0 + 4_000);
    expect(solveOf(played)).toMatchObject({ at: T0 + 3_000, seq: second, points: 40 });
    // The first one was right after all.
    judge(played, first, true, T0 + 5_000);
    expect(solveOf(played)).toMatchObject({ at: T0 + 1_000, seq: first });
    judge(played, first, false, T0 + 6_000);
    expect(solveOf(played)).toMatchObject({ at: T0 + 3_000, seq: second });
    judge(played, second, false, T0 + 7_000);
    expect(solveOf(played)).toBeUndefined();
    // The same verdict again is none.
    expect(judge(played, second, false, T0 + 8_000)).toEqual([]);
  });

  test("what an organiser solved or took back by hand is nobody's verdict", () => {
    const played = game([photo()]);
    const seq = sent(played, "a", T0);
    played.organise({ type: "solve", clue: "photo", at: T0 + 1_000, reason: "r" }, T0 + 2_000);
    judge(played, seq, false, T0 + 3_000);
    expect(solveOf(played)).toMatchObject({ at: T0 + 1_000, byHand: true });
    played.organise({ type: "unsolve", clue: "photo", reason: "r" }, T0 + 4_000);
    const next = sent(played, "b", T0 + 5_000);
    judge(played, next, true, T0 + 6_000);
    played.organise({ type: "unsolve", clue: "photo", reason: "r" }, T0 + 7_000);
    judge(played, seq, true, T0 + 8_000);
    // The one that was taken back does not come back with it.
    expect(solveOf(played)).toMatchObject({ at: T0, seq });
    judge(played, seq, false, T0 + 9_000);
    expect(solveOf(played)).toBeUndefined();
    judge(played, next, true, T0 + 10_000);
    expect(solveOf(played)).toMatchObject({ at: T0 + 5_000, seq: next });
  });
});

test("[SUBM-3] what is opened is open since the verdict, and stays so", () => {
  const played = game([photo(), BEHIND]);
  const seq = sent(played, "a", T0 + MINUTE);
  const verdictAt = T0 + 30 * MINUTE;
  const [, solve] = judge(played, seq, true, verdictAt);
  expect(solve).toMatchObject({
    type: "solve",
    solvedAt: T0 + MINUTE,
    opensAt: verdictAt,
    unlocked: ["behind"],
  });
  expect(played.play(hint("h", "behind", "h"), verdictAt + 9 * MINUTE)).toMatchObject({ outcome: "not_yet" });
  judge(played, seq, false, verdictAt + MINUTE);
  expect(played.play(answer("x", "behind", "right"), verdictAt + 2 * MINUTE).outcome).toBe("correct");
  judge(played, seq, true, verdictAt + 3 * MINUTE);
  expect(played.play(hint("i", "behind", "h"), verdictAt + 11 * MINUTE).outcome).toBe("already_solved");
});

describe("[SUBM-4] points", () => {
  test("are the clue's, or the judge's within the range", () => {
    const played = game([photo({ points: 60, range: { from: 10, to: 60 } })]);
    const seq = sent(played, "a", T0);
    for (const verdict of [{}, { points: 9 }, { points: 61 }]) {
      const judged = played.organise({ type: "judge", submission: seq, accept: true, ...verdict }, T0);
      expect(judged).toMatchObject({ refused: "invalid" });
    }
    judge(played, seq, true, T0, { points: 10 });
    expect(played.team().earned).toBe(10);
    judge(played, seq, true, T0, { points: 60 });
    expect(played.team().earned).toBe(60);
    const fixed = game([photo()]);
    const other = sent(fixed, "a", T0);
    expect(fixed.organise({ type: "judge", submission: other, accept: true, points: 5 }, T0)).toMatchObject({
      refused: "invalid",
    });
  });

  test("a range is refused where no judge gives points", () => {
    const range = { points: { from: 1, to: 5 } };
    expect(issuesOf({ accept: ["image"], ...range })).toEqual([]);
    expect(issuesOf({ accept: ["image"], judge: "after", ...range })).toContain("range-unjudged");
    expect(issuesOf({ accept: ["image"], points: { from: 5, to: 1 } })).toContain("range-empty");
    expect(issuesOf({ accept: ["image"], ...range }, { firstSolves: [5] })).toContain("range-moving");
    expect(issuesOf({ kind: "answer", answers: ["x"], ...range })).toContain("range-superfluous");
    expect(issuesOf({})).toContain("accept-missing");
  });
});

test("[SUBM-5] a verdict stands through a regrade, which gives what the clue is worth by then", () => {
  const clues = [
    photo(),
    clue("judged", { kind: "submission", accept: ["text"], judge: "before", points: 9 }),
  ];
  const played = game([
    clues[0] as CompiledClue,
    { ...(clues[1] as CompiledClue), range: { from: 0, to: 9 } },
  ]);
  const seq = sent(played, "a", T0);
  judge(played, seq, true, T0 + MINUTE);
  const { seq: other = 0 } = played.play(submit("b", "judged", "Look!"), T0);
  judge(played, other, true, T0 + MINUTE, { points: 7 });
  const again = (): ReturnType<typeof regraded> => {
    const judged = new JudgedAgain(played.context.hunt, plainDigest);
    for (const fact of played.facts) judged.add(fact);
    const about = { regrade: "r1", reason: "r" };
    return regraded(played.context, played.team(), judged.of("t"), about, T0 + 2 * MINUTE);
  };
  expect(again()).toBeUndefined();
  played.publish(
    hunt([
      { ...photo(), points: 50 },
      { ...(clues[1] as CompiledClue), range: { from: 0, to: 9 } },
    ]),
  );
  const after = again()?.after;
  expect(after?.solves.get("photo")).toMatchObject({ at: T0, seq, points: 50, opensAt: T0 + MINUTE });
  expect(after?.solves.get("judged")).toMatchObject({ points: 7 });
});

test("[SUBM-5] the log gives the same state again", () => {
  const played = game([photo(), BEHIND]);
  const first = sent(played, "a", T0);
  judge(played, first, false, T0 + 1);
  judge(played, sent(played, "b", T0 + 2), true, T0 + 3, { say: "So." });
  played.organise({ type: "clear", submission: first, reason: "r" }, T0 + 4);
  const again = new Played(played.context.hunt.compiled);
  for (const fact of played.facts) again.take(JSON.parse(JSON.stringify(fact)));
  expect(encodeTeam(again.team())).toBe(encodeTeam(played.team()));
  expect(played.team().submissions?.[0]).toMatchObject({ cleared: true });
});

test("[SUBM-6] a team whose submission waits is not merged", () => {
  const played = game([photo()]);
  const seq = sent(played, "a", T0);
  const merge = { merge: "m", from: "t", into: "u", reason: "r", players: ["p"] };
  expect(handOver(played.context, played.team(), merge, T0, 9)).toMatchObject({ refused: "conflict" });
  judge(played, seq, false, T0);
  expect(handOver(played.context, played.team(), merge, T0, 9)).not.toHaveProperty("refused");
});
