/** The log judged again by another definition: what moves, and that undoing it moves everything back. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CompiledClue, CompiledHunt } from "../../src/hunt/compiled.ts";
import { indexHunt } from "../../src/hunt/indexed.ts";
import { JudgedAgain } from "../../src/hunt/judged-again.ts";
import { isListMode, listIn } from "../../src/hunt/listed.ts";
import { eligibleFor, regraded, ungraded } from "../../src/hunt/regrade.ts";
import { encodeTeam, recordedScore, type Team } from "../../src/hunt/team.ts";
import { timesOf } from "../../src/hunt/unlock.ts";
import type { Fact } from "../../src/protocol.ts";
import {
  answer,
  checkin,
  clue,
  cluesSeen,
  decodeTeam,
  Game,
  game,
  hint,
  hunt,
  MINUTE,
  MOVING,
  picked,
  plainDigest,
  SECOND,
  scan,
  T0,
} from "./build.ts";
import { type Draw, pick, randomAction, randomCommand, randomHunt, randomWait, tape } from "./random.ts";

const ABOUT = { regrade: "R1", reason: "r" };

/** What counts of all facts by the game's present definition. */
function judgedIn(played: Game, compiled: CompiledHunt = played.context.hunt.compiled): JudgedAgain {
  const judged = new JudgedAgain(indexHunt(compiled), plainDigest);
  for (const fact of played.facts) judged.add(fact);
  return judged;
}

const regradeOf = (played: Game, now = T0, about = ABOUT, team = "t") =>
  regraded(played.context, played.team(team), judgedIn(played).of(team), about, now);

/** Makes the facts of a regrade of every team, and gives them. */
function regrade(played: Game, now = T0, about = ABOUT): Fact[] {
  const judged = judgedIn(played);
  return [...played.teams.keys()].flatMap((team) => {
    const made = regraded(played.context, played.team(team), judged.of(team), about, now);
    return (made?.facts ?? []).map((fact) => played.append(fact));
  });
}

const isOf = (fact: Fact, id: string): fact is Fact & { type: "solve" | "unsolve" } =>
  (fact.type === "solve" || fact.type === "unsolve") && fact.regrade === id && !fact.undone;

function undo(played: Game, now = T0, about = ABOUT): Fact[] {
  return [...played.teams.keys()].flatMap((team) => {
    const own = played.facts.filter((fact) => fact.team === team).filter((fact) => isOf(fact, about.regrade));
    const made = ungraded(played.context, played.team(team), own, about, now);
    return (made?.facts ?? []).map((fact) => played.append(fact));
  });
}

/** What the standings have of a team. */
const counted = ({ solves, adjusted, joinedAt, joinSeq }: Team) => ({
  solves: [...solves]
    .map(([id, { at, seq, points }]) => ({ id, at, seq, points }))
    .sort((a, b) => a.at - b.at || a.seq - b.seq),
  adjusted,
  joinedAt,
  joinSeq,
});

const solvesOf = (played: Game, team = "t") =>
  [...played.team(team).solves].map(([id, { at, points }]) => [id, at - T0, points]);

const version = (played: Game, clues: CompiledClue[], given: Partial<CompiledHunt> = {}): void =>
  played.publish(hunt(clues, given));

describe("[COR-10] the log is judged again, each event at its time", () => {
  test("an answer that counts now is a solve of when it was given, and opens what it opens from then on", () => {
    const b = clue("b", { opens: { op: "solved", clue: "a" } });
    const played = game([clue("a"), b]);
    played.play(answer("1", "a", "lighthouse keeper"), T0 + MINUTE);
    played.play(answer("2", "a", "right"), T0 + 3 * MINUTE);
    version(played, [clue("a", { answers: ["right", "lighthouse keeper"] }), b]);
    const now = T0 + 5 * MINUTE;
    expect(regrade(played, now)).toEqual([
      {
        seq: 4,
        at: now,
        team: "t",
        type: "solve",
        clue: "a",
        solvedAt: T0 + MINUTE,
        as: 2,
        points: 10,
        instead: 10,
        player: "p",
        score: 10,
        more: false,
        reason: "r",
        regrade: "R1",
        was: { at: T0 + 3 * MINUTE, seq: 3, points: 10, player: "p" },
      },
    ]);
    expect(played.team().solves.get("a")).toMatchObject({ at: T0 + MINUTE, seq: 2 });
    expect(cluesSeen(played, now).find(({ id }) => id === "b")?.openedAt).toBe(
      new Date(T0 + MINUTE).toISOString(),
    );
    expect(regradeOf(played, now)).toBeUndefined();
  });

  test("a solve whose answer counts no more is gone; what it opened stays open", () => {
    const b = clue("b", { opens: { op: "solved", clue: "a" } });
    const played = game([clue("a"), b]);
    played.play(answer("1", "a", "right"), T0 + MINUTE);
    version(played, [clue("a", { answers: ["left"] }), b]);
    expect(regrade(played, T0 + 2 * MINUTE)).toMatchObject([
      { type: "opened", clues: [{ clue: "b", at: T0 + MINUTE }] },
      { type: "unsolve", clue: "a", points: 10, score: 0, was: { at: T0 + MINUTE, seq: 2, player: "p" } },
    ]);
    expect(cluesSeen(played, T0 + 2 * MINUTE).map(({ id, state }) => [id, state])).toEqual([
      ["a", "open"],
      ["b", "open"],
    ]);
  });

  test("new points count for old solves, by hand too; taken hints stay at what they cost", () => {
    const hints = [{ id: "h", text: "H.", cost: 3, after: 0 }];
    const played = game([clue("a"), clue("b"), clue("c", { hints })]);
    played.play(answer("1", "a", "right"), T0 + 2);
    played.play(hint("2", "c", "h"), T0 + 2);
    played.organise({ type: "solve", clue: "b", reason: "r" }, T0 + 3);
    version(played, [clue("a", { points: 50 }), clue("b", { points: 7 }), clue("c")]);
    regrade(played, T0 + 9);
    expect(solvesOf(played)).toEqual([
      ["a", 2, 50],
      ["b", 3, 7],
    ]);
    expect(played.team().solves.get("b")?.byHand).toBe(true);
    expect(recordedScore(played.team())).toBe(54);
  });

  test("what an organiser took back counts for nothing, and what was given by hand stays given", () => {
    const played = game([clue("a"), clue("b")]);
    played.play(answer("1", "a", "right"), T0 + 1);
    played.organise({ type: "unsolve", clue: "a", reason: "r" }, T0 + 2);
    played.organise({ type: "solve", clue: "b", at: T0, reason: "r" }, T0 + 3);
    expect(regradeOf(played, T0 + 4)).toBeUndefined();
    version(played, [clue("a"), clue("b", { answers: ["left"] })]);
    expect(regradeOf(played, T0 + 4)).toBeUndefined();
  });

  test("limits are not applied anew, and a clue of another kind is solved by no event of before", () => {
    const played = game([clue("a"), clue("b")]);
    for (let n = 0; n < 5; n += 1) played.play(answer(`w${n}`, "a", `wrong ${n}`), T0 + n);
    played.play(answer("b", "b", "right"), T0 + 9);
    const attempts = { burst: 1, refillPerMinute: 0, perClue: 1 };
    version(played, [clue("a", { answers: ["wrong four", "wrong 4"], attempts }), clue("b", { code: "b" })]);
    regrade(played, T0 + MINUTE);
    expect(solvesOf(played)).toEqual([["a", 4, 10]]);
  });

  test("a clue that the definition has no more keeps its solves", () => {
    const played = game([clue("a"), clue("b")]);
    played.play(answer("1", "a", "right"), T0 + 1);
    version(played, [clue("b")]);
    expect(regradeOf(played)).toBeUndefined();
  });

  test("check-ins are judged by the place as it is now, with the speed of the journeys that count", () => {
    const at = (lat: number) => ({ lat, lng: 0, radius: 100, maxAccuracy: 50, maxSpeed: 30 });
    const played = game([clue("a", { place: at(0) }), clue("b", { place: at(1) })]);
    const there = (lat: number) => ({ lat, lng: 0, accuracy: 10 });
    played.play(checkin("1", "a", there(0.5)), T0 + 1);
    // A degree is 111 km: an hour's journey.
    played.play(checkin("2", "b", there(1)), T0 + MINUTE);
    expect(solvesOf(played)).toEqual([["b", MINUTE, 10]]);
    version(played, [clue("a", { place: at(0.5) }), clue("b", { place: at(1) })]);
    regrade(played, T0 + 2 * MINUTE);
    // 55 km in a minute are too many from where the team was.
    expect(solvesOf(played)).toEqual([["a", 1, 10]]);
  });

  test("a scan is judged by the code as it is now: one that nobody knew counts where its clue was open", () => {
    const later = clue("later", { code: "lantern", opens: { op: "solved", clue: "a" } });
    const played = game([clue("a"), clue("b", { code: "old" }), clue("c", { code: "old-c" }), later]);
    played.play(scan("1", "Harbour-7"), T0 + 1);
    played.play(scan("2", "old-c"), T0 + 2);
    played.play(scan("3", "lamp"), T0 + 3);
    played.play(answer("4", "a", "right"), T0 + 4);
    played.play(scan("5", "LAMP"), T0 + 5);
    expect(solvesOf(played)).toEqual([
      ["c", 2, 10],
      ["a", 4, 10],
    ]);
    version(played, [
      clue("a"),
      clue("b", { code: "harbour-7" }),
      clue("c", { code: "new-c" }),
      clue("later", { code: "lamp", opens: { op: "solved", clue: "a" } }),
    ]);
    regrade(played, T0 + MINUTE);
    expect(solvesOf(played).sort()).toEqual([
      ["a", 4, 10],
      ["b", 1, 10],
      ["later", 5, 10],
    ]);
  });

  test("a scan whose digests another pepper made, or an engine before recorded, stays what it was", () => {
    const played = game([clue("b", { code: "old" })]);
    played.play(scan("1", "OLD"), T0 + 1);
    for (const given of [{ pepper: "p2" }, {}]) {
      version(played, [clue("b", { code: "new" })], given);
      const facts = played.facts.map((fact) =>
        given.pepper || !("codeEnds" in fact) ? fact : without(fact),
      );
      const judged = new JudgedAgain(played.context.hunt, plainDigest);
      for (const fact of facts) judged.add(fact);
      expect(regraded(played.context, played.team(), judged.of("t"), ABOUT, T0 + 2)).toBeUndefined();
    }
  });

  test("with moving scores solves come and go, and points stay the standings' matter", () => {
    const played = game([clue("a", { points: 100 }), clue("b", { points: 50 })], { scoring: MOVING });
    played.word = { asOf: T0, values: new Map([["a", 80]]), bonuses: new Map() };
    played.play(answer("1", "a", "right"), T0 + 1);
    played.play(answer("2", "b", "wrong"), T0 + 2);
    version(played, [clue("a", { points: 200 }), clue("b", { points: 60, answers: ["wrong"] })], {
      scoring: MOVING,
    });
    expect(regrade(played, T0 + 3)).toMatchObject([{ type: "solve", clue: "b", points: 60, score: 140 }]);
  });
});

const without = (fact: Fact): Fact => {
  const { codeEnds: _, ...rest } = fact as Fact & { codeEnds?: string };
  return rest as Fact;
};

describe("[COR-11] a regrade is undone", () => {
  test("facts made since stay: a solve since then is the earlier one again", () => {
    const played = game([clue("a"), clue("b")]);
    played.play(answer("1", "a", "right"), T0 + 1);
    played.play(answer("2", "b", "wrong"), T0 + 2);
    version(played, [clue("a", { answers: ["left"] }), clue("b", { answers: ["wrong"] })]);
    const before = counted(played.team());
    regrade(played, T0 + 3);
    expect(solvesOf(played)).toEqual([["b", 2, 10]]);
    played.play(answer("3", "a", "left"), T0 + 9);
    undo(played, T0 + 10);
    expect(counted(played.team())).toEqual(before);
    expect(undo(played, T0 + 11)).toEqual([]);
  });

  test("what an organiser changed since then stays", () => {
    const played = game([clue("a"), clue("b")]);
    played.play(answer("1", "a", "wrong"), T0 + 1);
    played.play(answer("2", "b", "wrong"), T0 + 2);
    version(played, [clue("a", { answers: ["wrong"] }), clue("b", { answers: ["wrong"] })]);
    regrade(played, T0 + 3);
    played.organise({ type: "unsolve", clue: "a", reason: "r" }, T0 + 4);
    played.organise({ type: "solve", clue: "a", reason: "r" }, T0 + 5);
    undo(played, T0 + 6);
    expect(solvesOf(played)).toEqual([["a", 5, 10]]);
  });

  test("after it the log may be judged again, and by hand it was what it was", () => {
    const played = game([clue("a"), clue("b")]);
    played.organise({ type: "solve", clue: "b", reason: "r" }, T0 + 1);
    played.play(answer("1", "a", "wrong"), T0 + 2);
    const before = counted(played.team());
    version(played, [clue("a", { answers: ["wrong"] }), clue("b", { points: 99 })]);
    regrade(played, T0 + 3);
    const after = counted(played.team());
    undo(played, T0 + 4);
    expect(counted(played.team())).toEqual(before);
    expect(played.team().solves.get("b")?.byHand).toBe(true);
    regrade(played, T0 + 5, { regrade: "R2", reason: "r" });
    expect(counted(played.team())).toEqual(after);
    undo(played, T0 + 6, { regrade: "R2", reason: "r" });
    expect(counted(played.team())).toEqual(before);
  });
});

test("[COR-12] who may claim a prize is told by what counts; nobody banned may", () => {
  const prize = {
    id: "p",
    title: "P",
    mode: "first-come" as const,
    stock: 1,
    perTeam: 1,
    requires: { op: "solved" as const, clue: "a" },
  };
  const played = game([clue("a")], { prizes: [prize] });
  expect(eligibleFor(played.context, played.team(), T0)).toEqual([]);
  played.play(answer("1", "a", "right"), T0);
  expect(eligibleFor(played.context, played.team(), T0)).toEqual(["p"]);
  played.organise({ type: "ban", reason: "r" });
  expect(eligibleFor(played.context, played.team(), T0)).toEqual([]);
});

// ── Any hunt ─────────────────────────────────────────────────────────────────

const tapes = fc.array(fc.nat(9_999), { minLength: 20, maxLength: 400, size: "max" });

function everyGame(check: (draw: Draw) => void, numRuns = 300): void {
  fc.assert(
    fc.property(tapes, (values) => check(tape(values))),
    { numRuns },
  );
}

/** Two teams play, and organisers correct. */
function randomGame(draw: Draw): { played: Game; now: number } {
  const played = new Game(randomHunt(draw));
  let now = T0;
  for (const team of ["t", "u"]) for (const player of ["p", "q"]) played.join(`${player}-${team}`, team, now);
  now = playOn(played, draw, now, "e");
  return { played, now };
}

function playOn(played: Game, draw: Draw, from: number, prefix: string): number {
  let now = from;
  const length = 5 + draw(40);
  for (let count = 0; count < length; count += 1) {
    now += randomWait(draw);
    const team = pick(draw, ["t", "u"]);
    const { compiled } = played.context.hunt;
    if (draw(10) === 0) played.organise(randomAction(draw, compiled, now), now, team);
    else {
      const command = randomCommand(draw, compiled, `${prefix}${count}`);
      played.play(command, now, `${pick(draw, ["p", "q"])}-${team}`, team);
    }
  }
  return now;
}

/** The same clues with other answers, places, codes and points. */
function changed(draw: Draw, before: CompiledHunt): CompiledHunt {
  const clues = before.clues.map((one): CompiledClue => {
    const points = draw(3) === 0 ? pick(draw, [0, 10, 25]) : one.points;
    const texts = pick(draw, [["right"], ["wrong"], ["right", "other"], ["near"], ["left"], ["up,right"]]);
    const digests = texts.map((text) => {
      const of = isListMode(one.compare) ? picked("", one.id, ...listIn(text)) : answer("", one.id, text);
      return of.digests[one.compare] ?? "";
    });
    if (one.kind === "answer" || one.kind === "choice") return { ...one, points, digests, nudges: [] };
    if (one.kind === "scan" && draw(2) === 0) {
      return { ...one, points, codeDigest: plainDigest("code", `guess-${draw(3)}-${one.id}`) };
    }
    if (one.place && draw(2) === 0)
      return { ...one, points, place: { ...one.place, lat: one.place.lat + draw(2) } };
    return { ...one, points };
  });
  return { ...before, clues };
}

describe("[COR-13] any game of any hunt", () => {
  test("judged again by the definition that it was played by moves nobody", () => {
    let solves = 0;
    everyGame((draw) => {
      const { played, now } = randomGame(draw);
      for (const team of ["t", "u"]) {
        solves += played.team(team).solves.size;
        expect(regradeOf(played, now, ABOUT, team)?.facts).toBeUndefined();
      }
    }, 600);
    expect(solves).toBeGreaterThan(500);
  });

  test("a regrade is what was said beforehand, leaves nothing to do, closes nothing, and undone it was none", () => {
    let moved = 0;
    everyGame((draw) => {
      const { played, now } = randomGame(draw);
      played.publish(changed(draw, played.context.hunt.compiled));
      const before = ["t", "u"].map((team) => decodeTeam(encodeTeam(played.team(team))));
      const said = ["t", "u"].map((team) => regradeOf(played, now, ABOUT, team)?.after ?? played.team(team));
      const told = said.map(counted);
      moved += regrade(played, now).length;
      const after = ["t", "u"].map((team) => played.team(team));
      expect(after.map(counted)).toEqual(told);
      expect(regrade(played, now)).toEqual([]);
      for (const [index, team] of after.entries()) expectOpen(played, before[index] as Team, team, now);
      undo(played, now + SECOND);
      expect(["t", "u"].map((team) => counted(played.team(team)))).toEqual(before.map(counted));
      for (const team of before) expectOpen(played, team, played.team(team.id), now);
      expect(undo(played, now + SECOND)).toEqual([]);
      const again = new Game(played.context.hunt.compiled);
      for (const fact of played.facts) again.take(JSON.parse(JSON.stringify(fact)));
      for (const team of ["t", "u"]) expect(encodeTeam(again.team(team))).toBe(encodeTeam(played.team(team)));
    });
    expect(moved).toBeGreaterThan(100);
  });

  test("whoever plays on in between, a regrade later is the same as one at the end", () => {
    everyGame((draw) => {
      const { played, now } = randomGame(draw);
      played.publish(changed(draw, played.context.hunt.compiled));
      regrade(played, now);
      const later = playOn(played, draw, now, "f");
      regrade(played, later, { regrade: "R2", reason: "r" });
      expect(regrade(played, later, { regrade: "R3", reason: "r" })).toEqual([]);
    });
  });
});

/** All that was open is, since the same time or earlier. */
function expectOpen(played: Game, before: Team, after: Team, now: number): void {
  const { hunt: indexed, openedAt } = played.context;
  const [was, is] = [timesOf(indexed, before, openedAt, now), timesOf(indexed, after, openedAt, now)];
  for (const [place, at] of was.entries()) if (at <= now) expect(is[place]).toBeLessThanOrEqual(at);
}
