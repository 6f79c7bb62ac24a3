import { describe, expect, test } from "vitest";
import { evolve } from "../../src/hunt/evolve.ts";
import { encodeTeam, hintKey, recordedScore, type Team } from "../../src/hunt/team.ts";
import type { Fact, JoinFact, PlayFact } from "../../src/protocol.ts";
import { decodeTeam, T0 } from "./build.ts";

const JOIN: JoinFact = {
  seq: 1,
  at: T0,
  team: "t",
  type: "join",
  player: "p",
  name: "P",
  event: "k",
  created: { name: "T", bracket: "locals", joinCode: "WEUR0-0ABCDEF" },
};

const head = (seq: number, more: { at?: number } = {}) => ({ seq, at: T0 + seq, team: "t", ...more });

function played(seq: number, outcome: PlayFact["outcome"], more: Partial<PlayFact> = {}): PlayFact {
  return { ...head(seq), type: "answer", outcome, player: "p", event: `e${seq}`, ...more };
}

const fold = (...facts: Fact[]): Team =>
  facts.reduce<Team | undefined>((team, fact) => evolve(team, fact), undefined) as Team;

describe("joining", () => {
  test("[TE-1] the first fact makes the team, with its name, bracket and join code", () => {
    expect(fold(JOIN)).toMatchObject({
      id: "t",
      name: "T",
      bracket: "locals",
      joinCode: "WEUR0-0ABCDEF",
      joinedAt: T0,
      joinSeq: 1,
      lastAt: T0,
      members: [{ id: "p", name: "P", joinedAt: T0 }],
      banned: false,
      hidden: false,
    });
  });

  test("[TE-1] a further player becomes a member; team and times stay", () => {
    const { created: _, ...second } = JOIN;
    const team = fold(JOIN, {
      ...second,
      ...head(2),
      player: "q",
      name: "Q",
      externalId: "x-1",
      provisional: true,
    });
    expect(team.joinedAt).toBe(T0);
    expect(team.joinSeq).toBe(1);
    expect(team.members).toEqual([
      { id: "p", name: "P", joinedAt: T0 },
      { id: "q", name: "Q", joinedAt: T0 + 2, externalId: "x-1", provisional: true },
    ]);
  });

  test("[EV-30] a log that cannot be is an assertion: no team before its join, no join without a team, no second solve", () => {
    const { created: _, ...bare } = JOIN;
    const solve = played(2, "correct", { clue: "a", points: 1 });
    expect(() => evolve(undefined, solve)).toThrow("before its team was created");
    expect(() => evolve(undefined, bare)).toThrow("does not exist");
    expect(() => fold(JOIN, solve, { ...solve, seq: 3 })).toThrow("a second time");
  });
});

describe("playing", () => {
  test("[EV-31] a solve counts its recorded points, whatever the definition says later", () => {
    const team = fold(
      JOIN,
      played(2, "correct", { clue: "a", points: 30 }),
      played(3, "correct", { clue: "gone", points: 12 }),
    );
    expect([...team.solves]).toEqual([
      ["a", { at: T0 + 2, seq: 2, points: 30 }],
      ["gone", { at: T0 + 3, seq: 3, points: 12 }],
    ]);
    expect(team.earned).toBe(42);
    expect(recordedScore(team)).toBe(42);
  });

  test("[AT-1] an incorrect counts for good and sets the bucket; a nudge, a scan or a check-in of another outcome does not", () => {
    const team = fold(
      JOIN,
      played(2, "incorrect", { clue: "a", attemptsLeft: 4 }),
      played(3, "nudge", { clue: "a", message: "Near." }),
      played(4, "out_of_range", { clue: "a" }),
      played(5, "implausible", { clue: "a" }),
      played(6, "incorrect", { clue: "a", attemptsLeft: 3.2 }),
    );
    expect([...team.attempts]).toEqual([["a", { wrong: 2, tokens: 3.2, at: T0 + 6 }]]);
    expect(team.codes).toBeUndefined();
  });

  test("[AT-6] an unknown code sets the team's one bucket for codes", () => {
    const team = fold(
      JOIN,
      played(2, "unknown_code", { type: "scan", codeDigest: "x", attemptsLeft: 4 }),
      played(3, "unknown_code", { type: "scan", codeDigest: "y", attemptsLeft: 3 }),
    );
    expect(team.codes).toEqual({ wrong: 2, tokens: 3, at: T0 + 3 });
    expect(team.attempts.size).toBe(0);
  });

  test("[HI-1] a hint is noted and its cost taken; a free one moves nothing", () => {
    const taken = { type: "hint", clue: "a" } as const;
    const team = fold(
      JOIN,
      played(2, "taken", { ...taken, hint: "h1", cost: 20 }),
      played(3, "taken", { ...taken, hint: "h2", cost: 0 }),
    );
    expect(team.hints).toEqual(
      new Map([
        [hintKey("a", "h1"), T0 + 2],
        [hintKey("a", "h2"), T0 + 3],
      ]),
    );
    expect(team.adjustments).toEqual([{ at: T0 + 2, seq: 2, points: -20 }]);
    expect(recordedScore(team)).toBe(-20);
  });

  test("[PL-7] the last check-in of a player is the last believable one, each player's own", () => {
    const { created: _, ...second } = JOIN;
    const position = (lat: number) => ({ lat, lng: 0, accuracy: 5 });
    const at = (seq: number, outcome: PlayFact["outcome"], lat: number, player = "p") =>
      played(seq, outcome, { type: "checkin", clue: `c${seq}`, position: position(lat), player });
    const team = fold(
      JOIN,
      { ...second, ...head(2), player: "q", name: "Q" },
      at(3, "out_of_range", 1),
      at(4, "correct", 2),
      at(5, "implausible", 3),
      at(6, "out_of_range", 4, "q"),
    );
    expect(team.members.map(({ lastCheckin }) => lastCheckin)).toEqual([
      { ...position(2), at: T0 + 4 },
      { ...position(4), at: T0 + 6 },
    ]);
  });

  test("[UN-12] peaks are the new highest scores only, hint costs and awards included", () => {
    const team = fold(
      JOIN,
      played(2, "correct", { clue: "a", points: 30 }),
      played(3, "taken", { type: "hint", clue: "b", hint: "h", cost: 20 }),
      played(4, "correct", { clue: "b", points: 15 }),
      { ...head(5), type: "award", points: 10, reason: "r", score: 35 },
      { ...head(6), type: "award", points: -35, reason: "r", score: 0 },
      played(7, "correct", { clue: "c", points: 35 }),
    );
    expect([...team.peaks]).toEqual([
      { at: T0 + 2, score: 30 },
      { at: T0 + 5, score: 35 },
    ]);
    expect(recordedScore(team)).toBe(35);
  });
});

describe("organising", () => {
  test("[TE-10] an award moves the score by its points, also below zero", () => {
    const team = fold(JOIN, { ...head(2), type: "award", points: -7, reason: "r", score: -7 });
    expect(recordedScore(team)).toBe(-7);
    expect(team.adjustments).toEqual([{ at: T0 + 2, seq: 2, points: -7 }]);
  });

  test("[TE-11] ban and unban, hide and show: the last one counts, neither touches the other", () => {
    const mark = (seq: number, type: "ban" | "unban" | "hide" | "show"): Fact => ({
      ...head(seq),
      type,
      reason: "r",
    });
    const team = () => fold(JOIN, mark(2, "ban"), mark(3, "hide"));
    expect(team()).toMatchObject({ banned: true, hidden: true });
    expect(evolve(team(), mark(4, "unban"))).toMatchObject({ banned: false, hidden: true });
    expect(evolve(team(), mark(4, "show"))).toMatchObject({ banned: true, hidden: false });
  });

  test("[UN-9] what was opened by hand, or reached, keeps its first moment", () => {
    const team = fold(
      JOIN,
      { ...head(2), type: "unlock", clue: "a", reason: "r" },
      { ...head(3), type: "unlock", clue: "a", reason: "again" },
      { ...head(4), type: "reached", points: 50 },
      { ...head(5), type: "reached", points: 50 },
    );
    expect(team.opened).toEqual(new Map([["a", T0 + 2]]));
    expect(team.reached).toEqual(new Map([[50, T0 + 4]]));
  });

  test("[SEC-151] a void raises its member's generation, which never goes back, and marks the team for older engines", () => {
    const voided = (seq: number, gen: number, more: object = {}): Fact =>
      ({ ...head(seq), type: "void", member: "p", gen, ...more }) as Fact;
    const team = fold(JOIN, voided(2, 1, { key: "k-1" }));
    expect(team.members[0]).toMatchObject({ gen: 1, voidedBy: "k-1" });
    expect(team.kinds).toEqual(["void"]);
    expect(evolve(team, voided(3, 1)).members[0]).toMatchObject({ gen: 1, voidedBy: "k-1" });
    const twice = evolve(team, voided(4, 2, { reason: "lost" }));
    expect(twice.members[0]).toMatchObject({ gen: 2 });
    expect(twice.members[0]).not.toHaveProperty("voidedBy");
    // Of who is no member it is nothing.
    const other = fold(JOIN, voided(2, 1, { member: "p-gone" }));
    expect(other.members[0]).not.toHaveProperty("gen");
    expect(decodeTeam(encodeTeam(twice))).toEqual(twice);
  });

  test("[EV-32] lastAt is the newest time, also when a clock went back", () => {
    const team = fold(
      JOIN,
      { ...played(2, "incorrect"), at: T0 + 500 },
      { ...played(3, "incorrect"), at: T0 + 100 },
    );
    expect(team.lastAt).toBe(T0 + 500);
  });
});

test("[EV-33] a team's stored form gives back the team, and equal teams the same text", () => {
  const facts: Fact[] = [
    JOIN,
    played(2, "correct", { clue: "a", points: 30 }),
    played(3, "incorrect", { clue: "b", attemptsLeft: 2.5 }),
    played(4, "unknown_code", { type: "scan", codeDigest: "x", attemptsLeft: 1 }),
    played(5, "taken", { type: "hint", clue: "b", hint: "h", cost: 3 }),
    { ...head(6), type: "unlock", clue: "c", reason: "r" },
    { ...head(7), type: "reached", points: 20 },
    played(8, "out_of_range", { type: "checkin", clue: "d", position: { lat: 1, lng: 2, accuracy: 3 } }),
  ];
  const team = fold(...facts);
  expect(decodeTeam(encodeTeam(team))).toEqual(team);
  expect(encodeTeam(decodeTeam(encodeTeam(team)))).toBe(encodeTeam(team));
  for (let cut = 1; cut < facts.length; cut += 1) {
    const resumed = facts.slice(cut).reduce(evolve, decodeTeam(encodeTeam(fold(...facts.slice(0, cut)))));
    expect(encodeTeam(resumed)).toBe(encodeTeam(team));
  }
});
