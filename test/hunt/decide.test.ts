import { describe, expect, test } from "vitest";
import { compile } from "../../src/hunt/compile.ts";
import { parseDefinition } from "../../src/hunt/definition.ts";
import type { PrizeRules } from "../../src/hunt/prize-changes.ts";
import { encodeTeam, reviveTeam } from "../../src/hunt/team.ts";
import { COMPARE_MODES, commandOf } from "../../src/intake/digest.ts";
import { Allocation } from "../../src/prizes/allocate.ts";
import type { Command, CompareMode, Result } from "../../src/protocol.ts";
import { digester, type Key, scanCode } from "../../src/secrets.ts";
import { redigest } from "../../src/shard/redigest.ts";
import {
  answer,
  type ClueSketch,
  checkin,
  claim,
  clue,
  type Game,
  game,
  HOUR,
  hint,
  isoAt,
  MINUTE,
  MOVING,
  SECOND,
  scan,
  T0,
} from "./build.ts";

const HERE = { lat: 0, lng: 0, accuracy: 5 };
/** About 1.1 km north of it. */
const THERE = { lat: 0.01, lng: 0, accuracy: 5 };
const PLACE = { lat: 0, lng: 0, radius: 60, maxAccuracy: 100, maxSpeed: 60 };
const FAR = { lat: 1, lng: 0, accuracy: 5 };
const LATER = { op: "after", duration: HOUR } as const;

/** One clue of every kind, and one locked. */
const everyKind = (): Game =>
  game([
    clue("word", { points: 100, nudges: [{ match: ["rihgt"], say: "Check the spelling." }] }),
    clue("code", { points: 50, code: "QR" }),
    clue("pier", { points: 80, place: PLACE }),
    clue("flag", {
      points: 40,
      kind: "choice",
      choices: [
        { id: "red", label: "Red" },
        { id: "blue", label: "Blue" },
      ],
      answers: ["blue"],
    }),
    clue("locked", { opens: LATER, code: "LOCKED" }),
    clue("hinted", {
      hints: [
        { id: "free", text: "Free.", cost: 0, after: 0 },
        { id: "late", text: "Late.", cost: 0, after: 10 * MINUTE },
        { id: "dear", text: "Dear.", cost: 30, after: 0 },
      ],
    }),
  ]);

describe("outcomes", () => {
  const recorded = (outcome: Result["outcome"], more: Partial<Result> = {}) => ({
    id: "e",
    outcome,
    seq: 2,
    ...more,
  });
  const solved = (id: string, points: number) =>
    recorded("correct", { clue: id, points, score: points, unlocked: [] });

  test.each<[Command, Result]>([
    [answer("e", "word", "Right!"), solved("word", 100)],
    [answer("e", "word", "rihgt"), recorded("nudge", { clue: "word", message: "Check the spelling." })],
    [answer("e", "word", "wrong"), recorded("incorrect", { clue: "word" })],
    [answer("e", "word", "…"), recorded("incorrect", { clue: "word" })],
    [answer("e", "flag", "blue"), solved("flag", 40)],
    [answer("e", "flag", "red"), recorded("incorrect", { clue: "flag" })],
    [answer("e", "flag", "Blue"), recorded("incorrect", { clue: "flag" })],
    [scan("e", "QR"), solved("code", 50)],
    [scan("e", "qr"), recorded("unknown_code")],
    [checkin("e", "pier", HERE), solved("pier", 80)],
    [checkin("e", "pier", THERE), recorded("out_of_range", { clue: "pier" })],
    [checkin("e", "pier", { ...HERE, accuracy: 101 }), recorded("implausible", { clue: "pier" })],
    [
      hint("e", "hinted", "free"),
      recorded("taken", { clue: "hinted", score: 0, hint: { id: "free", text: "Free." } }),
    ],
  ])("[EV-1] %o is recorded", (command, result) => {
    const played = everyKind();
    expect(played.play(command)).toEqual(result);
    expect(played.facts).toHaveLength(2);
    expect(played.facts[1]).toMatchObject({
      seq: 2,
      at: T0,
      team: "t",
      player: "p",
      event: "e",
      type: command.type,
    });
  });

  test.each<[string, Command, Partial<Result>]>([
    ["a locked clue", answer("e", "locked", "right"), { outcome: "locked", clue: "locked" }],
    ["no such clue", answer("e", "nowhere", "right"), { outcome: "locked", clue: "nowhere" }],
    ["the code of a locked clue", scan("e", "LOCKED"), { outcome: "locked" }],
    [
      "a hint too early",
      hint("e", "hinted", "late"),
      { outcome: "not_yet", clue: "hinted", retryAt: isoAt(T0 + 10 * MINUTE) },
    ],
    ["a hint too dear", hint("e", "hinted", "dear"), { outcome: "unaffordable", clue: "hinted" }],
    ["no such prize", claim("e", "nothing"), { outcome: "not_eligible", prize: { id: "nothing" } }],
  ])("[EV-2] %s changes nothing", (_, command, result) => {
    const played = everyKind();
    const before = encodeTeam(played.team());
    expect(played.play(command)).toEqual({ id: "e", ...result });
    expect(played.facts).toHaveLength(1);
    expect(encodeTeam(played.team())).toBe(before);
  });

  test.each<[string, Command]>([
    ["an answer to a scan clue", answer("e", "code", "QR")],
    ["an answer to a place", answer("e", "pier", "here")],
    ["a check-in at a word", checkin("e", "word", HERE)],
    ["no such hint", hint("e", "hinted", "none")],
  ])("[EV-3] %s is invalid, and says why", (_, command) => {
    const played = everyKind();
    const result = played.play(command);
    expect(result).toMatchObject({ id: "e", outcome: "invalid" });
    expect(result.message).toBeTruthy();
    expect(played.facts).toHaveLength(1);
  });

  test.each<[string, Command, Command]>([
    ["answer", answer("e", "word", "right"), answer("f", "word", "wrong")],
    ["choice", answer("e", "flag", "blue"), answer("f", "flag", "red")],
    ["scan", scan("e", "QR"), scan("f", "QR")],
    ["check-in", checkin("e", "pier", HERE), checkin("f", "pier", { ...THERE, accuracy: 9_999 })],
  ])("[EV-4] a solved clue is already_solved, whatever is sent (%s)", (_, solve, again) => {
    const played = everyKind();
    const { clue: id } = played.play(solve);
    expect(played.play(again)).toEqual({ id: "f", outcome: "already_solved", clue: id });
    expect(played.facts).toHaveLength(2);
  });

  test("[EV-5] the client's clock is recorded and opens nothing", () => {
    const played = everyKind();
    const claimed = "2031-01-01T00:00:00.000Z";
    expect(played.play({ ...answer("e", "locked", "right"), clientAt: claimed }).outcome).toBe("locked");
    played.play({ ...answer("f", "word", "wrong"), clientAt: claimed });
    expect(played.facts[1]).toMatchObject({ at: T0, clientAt: claimed });
  });

  test("[EV-6] a fact holds no scan code and no digest of an accepted answer", () => {
    const played = everyKind();
    played.play(answer("1", "word", "right"));
    played.play(answer("2", "flag", "red"));
    played.play(answer("4", "word", "rihgt"));
    played.play({ ...scan("3", "QR"), code: "THE-SECRET-CODE" });
    const text = JSON.stringify(played.facts);
    expect(text).not.toContain("THE-SECRET-CODE");
    expect(text).not.toContain("word/letters:");
    expect(text).not.toContain('"pepper"');
  });

  test("[EV-7] the score is told after each score-moving event: solves, hint costs, awards", () => {
    const played = everyKind();
    expect(played.play(answer("1", "flag", "blue")).score).toBe(40);
    expect(played.play(hint("2", "hinted", "dear")).score).toBe(10);
    played.organise({ type: "award", points: 5, reason: "r" });
    expect(played.play(scan("3", "QR")).score).toBe(65);
  });
});

describe("the order of checks", () => {
  /** Every hurdle in the order in which it is told; each case takes away the first ones. */
  test("[EV-10] duplicate, draft, ended, banned, paused, locked, kind, already_solved, exhausted, cooldown, answer", () => {
    const played = game([
      clue("a", { attempts: { burst: 1, refillPerMinute: 1, perClue: 2 } }),
      clue("locked", { opens: { op: "solved", clue: "a" } }),
    ]);
    const told = (command: Command, now = T0) => played.play(command, now).outcome;
    played.play(answer("first", "a", "wrong"));
    played.organise({ type: "ban", reason: "r" });
    for (const [phase, outcome] of [
      ["draft", "not_open"],
      ["ended", "ended"],
      ["paused", "banned"],
      ["live", "banned"],
    ] as const) {
      played.phase = phase;
      expect(played.play(answer("first", "a", "wrong"))).toEqual({
        id: "first",
        outcome: "incorrect",
        clue: "a",
        seq: 2,
        duplicate: true,
      });
      expect(told(answer("first", "a", "other"))).toBe("conflict");
      for (const command of [
        answer("n", "a", "right"),
        answer("n", "locked", "x"),
        scan("n", "x"),
        claim("n", "x"),
        hint("n", "a", "x"),
      ]) {
        expect(told(command)).toBe(outcome);
      }
    }
    played.organise({ type: "unban", reason: "r" });
    played.phase = "paused";
    expect(told(answer("n", "a", "right"))).toBe("paused");
    expect(told(answer("n", "locked", "right"))).toBe("paused");
    played.phase = "live";
    expect(told(answer("n", "locked", "right"))).toBe("locked");
    expect(told(checkin("n", "locked", HERE))).toBe("locked");
    expect(told(checkin("n", "a", HERE))).toBe("invalid");
    expect(told(answer("n", "a", "right"))).toBe("cooldown");
    expect(told(answer("second", "a", "other"), T0 + MINUTE)).toBe("incorrect");
    expect(told(answer("n", "a", "right"), T0 + MINUTE)).toBe("exhausted");
    expect(told(answer("n", "a", "right"), T0 + 9 * HOUR)).toBe("exhausted");
  });

  test("[EV-10] a solved clue says so before it looks at budget or answer", () => {
    const played = game([clue("a", { attempts: { burst: 2, refillPerMinute: 1, perClue: 1 } })]);
    played.play(answer("1", "a", "right"));
    expect(played.play(answer("2", "a", "wrong")).outcome).toBe("already_solved");
    expect(played.play(answer("3", "a", "wrong")).outcome).toBe("already_solved");
  });

  test("[EV-11] an empty bucket is no oracle: right, near and wrong answers look the same", () => {
    const played = game([
      clue("a", {
        nudges: [{ match: ["near"], say: "Near." }],
        attempts: { burst: 1, refillPerMinute: 6, perClue: 0 },
      }),
    ]);
    played.play(answer("1", "a", "wrong"));
    const results = ["right", "near", "wrong", "…"].map((text) =>
      played.play(answer("2", "a", text), T0 + SECOND),
    );
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
    expect(results[0]).toEqual({ id: "2", outcome: "cooldown", clue: "a", retryAt: isoAt(T0 + 10 * SECOND) });
  });

  test("[EV-11] an empty bucket of codes is no oracle: known, locked and unknown codes look the same", () => {
    const played = game([clue("a", { code: "A" }), clue("b", { code: "B", opens: LATER })], {
      attempts: { burst: 1, refillPerMinute: 6, perClue: 0 },
    });
    played.play(scan("1", "guess"));
    const results = ["A", "B", "guess"].map((code) => played.play(scan("2", code), T0 + SECOND));
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
    expect(results[0]).toEqual({ id: "2", outcome: "cooldown", retryAt: isoAt(T0 + 10 * SECOND) });
  });
});

describe("comparing", () => {
  const PEPPER: Key = { id: "p1", bytes: new Uint8Array(32).fill(7) };
  const CODES: Key = { id: "c1", bytes: new Uint8Array(32).fill(9) };

  /** The whole way of an answer: definition → compiled hunt, event → command, both with the real digests. */
  function outcomeOf(compare: CompareMode, accepted: string, given: string, modes = COMPARE_MODES): string {
    const source = {
      format: 1,
      title: "T",
      rounds: [{ id: "r", title: "R" }],
      clues: [{ id: "a", round: "r", title: "A", kind: "answer", answers: [accepted], compare }],
    };
    const parsed = parseDefinition(JSON.stringify(source), "json");
    if (!parsed.definition) throw new Error(JSON.stringify(parsed.issues));
    const compiled = compile(parsed.definition, {
      hunt: "h",
      pepper: PEPPER.id,
      digest: digester(PEPPER, "h"),
      codeFor: (id) => scanCode(CODES, "h", id),
    });
    if (!compiled.hunt) throw new Error(JSON.stringify(compiled.issues));
    const played = game(compiled.hunt.clues, compiled.hunt);
    return played.play(commandOf({ id: "e", type: "answer", clue: "a", answer: given }, "h", PEPPER, modes))
      .outcome;
  }

  test.each<[CompareMode, string, string, string]>([
    ["letters", "Crème brûlée", "creme-BRULEE!", "correct"],
    ["letters", "Crème brûlée", "creme brule", "incorrect"],
    ["letters", "199", "1 9 9", "correct"],
    ["words", "one hundred", "  One   HUNDRED ", "correct"],
    ["words", "one hundred", "onehundred", "incorrect"],
    ["words", "one hundred", "one-hundred", "incorrect"],
    ["exact", "Ab c", "Ab c", "correct"],
    ["exact", "Ab c", "ab c", "incorrect"],
    ["exact", "é", "e\u0301", "correct"],
    ["number", "1000", "1 000", "correct"],
    ["number", "3.5", "3,5", "correct"],
    ["number", "3,5", "3.50", "correct"],
    ["number", "1000", "1001", "incorrect"],
    ["number", "7", "seven", "invalid"],
    ["exact", " Ab c\n", "\tAb c ", "correct"],
    ["letters", "パンダ", "ハンダ", "incorrect"],
    ["letters", "محمد", "مُحَمَّدٌ", "correct"],
    ["letters", "199", "١٩٩", "correct"],
    ["letters", "12", "½", "incorrect"],
    ["words", "Don't look back", "Don’t look back", "correct"],
    ["number", "1000", "1,000.0", "correct"],
    ["number", "1000", "1e3", "invalid"],
    ["number", "1000", "a thousand", "invalid"],
    ["letters", "yes", "?!", "incorrect"],
  ])("[EV-12] %s: %j accepts %j → %s", (compare, accepted, given, outcome) => {
    expect(outcomeOf(compare, accepted, given)).toBe(outcome);
    expect(outcomeOf(compare, accepted, given, [compare])).toBe(outcome);
  });

  test("[ANS-9] what is no number takes no try of a clue that asks for one, and says why", () => {
    const attempts = { burst: 2, refillPerMinute: 1, perClue: 2 };
    const right = digester(PEPPER, "h")({ clue: "a", mode: "number" }, "7");
    const played = game([{ ...clue("a", { compare: "number", attempts }), digests: [right] }]);
    let sent = 0;
    const give = (answer: string) => {
      sent += 1;
      const event = { id: `e${sent}`, type: "answer", clue: "a", answer } as const;
      return played.play(commandOf(event, "h", PEPPER, COMPARE_MODES));
    };
    for (const text of ["seven", "7 or 8", "½", "?"]) {
      const result = give(text);
      expect(result).toEqual({
        id: result.id,
        outcome: "invalid",
        clue: "a",
        message: "this clue asks for a number",
      });
    }
    expect(give("8").outcome).toBe("incorrect");
    expect(give("9").outcome).toBe("incorrect");
    // Without a try left it says no more than any other answer.
    expect(give("seven").outcome).toBe("exhausted");
    expect(give("7").outcome).toBe("exhausted");
  });

  test("[EV-20] an answer recorded with white space around it is the same without", () => {
    const played = game([clue("a")]);
    const fact = played.play(
      commandOf({ id: "e", type: "answer", clue: "a", answer: " no " }, "h", PEPPER, []),
    );
    const again = commandOf({ id: "e", type: "answer", clue: "a", answer: "no" }, "h", PEPPER, []);
    expect(played.play(again)).toEqual({ ...fact, duplicate: true });
  });

  test("[EV-13] an answer that was not digested in the clue's mode matches nothing by itself", () => {
    expect(outcomeOf("words", "yes", "yes", ["letters"])).toBe("incorrect");
  });

  const ring = (key: Key) => `${key.id}:${Buffer.from(key.bytes).toString("base64url")}`;
  const SECRETS = {
    PLAYER_TOKEN_KEYS: "",
    ORGANISER_TOKEN_KEYS: "",
    CODE_KEYS: "",
    ANSWER_PEPPERS: `${ring({ id: "p2", bytes: new Uint8Array(32).fill(8) })},${ring(PEPPER)}`,
  };
  const OLD: Key = { id: "p2", bytes: new Uint8Array(32).fill(8) };

  test("[EV-13] the shard digests again what the edge digested by an old copy: another pepper or a missing mode", () => {
    const digest = digester(PEPPER, "h");
    const word = {
      ...clue("a", { compare: "words" }),
      digests: [digest({ clue: "a", mode: "words" }, "yes")],
    };
    const code = { ...clue("b", { code: "x" }), codeDigest: digest("code", "QR") };
    const played = game([word, code]);
    const { hunt } = played.context;
    const typed = { id: "e", type: "answer", clue: "a", answer: "Yes" } as const;
    for (const stale of [
      commandOf(typed, "h", OLD, COMPARE_MODES),
      commandOf(typed, "h", PEPPER, ["letters"]),
    ]) {
      expect(redigest(hunt, stale, SECRETS)).toMatchObject({
        pepper: "p1",
        digests: { words: word.digests[0] },
      });
    }
    const scanned = commandOf({ id: "f", type: "scan", code: " QR " }, "h", OLD, []);
    expect(played.play(redigest(hunt, scanned, SECRETS)).outcome).toBe("correct");
    const fresh = commandOf(typed, "h", PEPPER, ["words"]);
    expect(redigest(hunt, fresh, SECRETS)).toBe(fresh);
    const lost = { ...SECRETS, ANSWER_PEPPERS: ring(OLD) };
    expect(() => redigest(hunt, scanned, lost)).toThrow("no longer in ANSWER_PEPPERS");
  });

  test("[EV-14] a nudge takes no attempt; an answer among the nudges' normal forms is nudged the same", () => {
    const played = game([
      clue("a", {
        nudges: [{ match: ["two hundred", "200"], say: "The doorstep?" }],
        attempts: { burst: 1, refillPerMinute: 1, perClue: 1 },
      }),
    ]);
    for (const [index, text] of ["200", "Two Hundred", "2-0-0"].entries()) {
      expect(played.play(answer(`n${index}`, "a", text))).toMatchObject({
        outcome: "nudge",
        message: "The doorstep?",
      });
    }
    expect(played.team().attempts.size).toBe(0);
    expect(played.play(answer("w", "a", "wrong")).outcome).toBe("incorrect");
  });
});

describe("texts given before", () => {
  const repeated = (id: string, clueId = "word") => ({
    id,
    outcome: "incorrect",
    repeated: true,
    clue: clueId,
  });

  test("[AT-13] a wrong text that the team gave before takes no try and is not recorded, whoever sends it", () => {
    const played = everyKind();
    played.join("q");
    played.play(answer("1", "word", "wrong"));
    const before = encodeTeam(played.team());
    expect(played.play(answer("2", "word", "WRONG!"), T0, "q")).toEqual(repeated("2"));
    expect(played.play(answer("2", "word", "WRONG!"), T0, "q")).toEqual(repeated("2"));
    expect(encodeTeam(played.team())).toBe(before);
    expect(played.play(answer("3", "word", "other"), T0, "q")).toMatchObject({
      outcome: "incorrect",
      seq: 4,
    });
    expect(played.team().attempts.get("word")?.wrong).toBe(2);
  });

  test("[AT-13] choices repeat as texts do; so do texts of which nothing remains, all of them equal", () => {
    const played = everyKind();
    played.play(answer("1", "flag", "red"));
    expect(played.play(answer("2", "flag", "red"))).toEqual(repeated("2", "flag"));
    played.play(answer("3", "word", "…"));
    expect(played.play(answer("4", "word", "?!"))).toEqual(repeated("4"));
  });

  test("[AT-13] another clue and another team have their own; a nudge is none; a code never repeats", () => {
    const played = everyKind();
    played.join("r", "u");
    played.play(answer("1", "word", "wrong"));
    for (const [id, clueId, player, team] of [
      ["2", "hinted", "p", "t"],
      ["3", "word", "r", "u"],
    ] as const) {
      const given = played.play(answer(id, clueId, "wrong"), T0, player, team);
      expect(given.outcome).toBe("incorrect");
      expect(given).not.toHaveProperty("repeated");
    }
    for (const id of ["4", "5"]) expect(played.play(answer(id, "word", "rihgt")).outcome).toBe("nudge");
    for (const id of ["6", "7"]) {
      expect(played.play(scan(id, "none"))).toMatchObject({
        outcome: "unknown_code",
        seq: expect.any(Number),
      });
    }
  });

  test("[AT-13] the last 200 texts of a team and clue are remembered, through its stored form too", () => {
    const attempts = { burst: 1_000, refillPerMinute: 1, perClue: 0 };
    const played = game([clue("a", { attempts })]);
    for (let index = 0; index < 201; index += 1) played.play(answer(`g${index}`, "a", `guess ${index}`));
    played.teams.set("t", reviveTeam(JSON.parse(encodeTeam(played.team()))));
    for (const index of [1, 200]) {
      expect(played.play(answer("again", "a", `guess ${index}`))).toEqual(repeated("again", "a"));
    }
    expect(played.team().attempts.textsOf("a")).toHaveLength(200);
    expect(played.play(answer("oldest", "a", "guess 0"))).toMatchObject({ seq: 203 });
  });

  test("[AT-13] of a team 1,000 texts are remembered, those of the clues tried last, and none once solved", () => {
    const attempts = { burst: 1_000, refillPerMinute: 1, perClue: 0 };
    const ids = Array.from({ length: 40 }, (_, index) => `c${index}`);
    const played = game(ids.map((id) => clue(id, { attempts })));
    for (const [place, id] of ids.entries()) {
      for (let index = 0; index < 200; index += 1) {
        played.play(answer(`${id}-${index}`, id, `guess ${index}`), T0 + place);
      }
    }
    const kept = () => [...played.team().attempts].flatMap(([id, { texts }]) => (texts ? [id] : []));
    expect(kept()).toEqual(["c35", "c36", "c37", "c38", "c39"]);
    const size = encodeTeam(played.team()).length;
    expect(size).toBeLessThan(25_000);
    expect(played.play(answer("again", "c35", "guess 0"), T0 + 40)).toEqual(repeated("again", "c35"));
    expect(played.play(answer("back", "c0", "guess 0"), T0 + 41)).toMatchObject({ seq: expect.any(Number) });
    expect(kept()).toEqual(["c0", "c36", "c37", "c38", "c39"]);
    played.play(answer("solve", "c36", "right"), T0 + 42);
    expect(kept()).toEqual(["c0", "c37", "c38", "c39"]);
    expect(played.team().attempts.get("c36")?.wrong).toBe(200);
  });

  test("[EV-10] exhausted and cooldown come before repeated, no number before it; what a cooldown turned away was not given", () => {
    const played = game([
      clue("a", { attempts: { burst: 1, refillPerMinute: 1, perClue: 2 } }),
      clue("n", {
        compare: "number",
        answers: ["7"],
        attempts: { burst: 1, refillPerMinute: 1, perClue: 0 },
      }),
    ]);
    const told = (id: string, text: string, now: number, clueId = "a") => {
      const { outcome, repeated } = played.play(answer(id, clueId, text), now);
      return repeated ? "repeated" : outcome;
    };
    expect(told("1", "wrong", T0)).toBe("incorrect");
    expect(told("2", "wrong", T0)).toBe("cooldown");
    expect(told("3", "other", T0)).toBe("cooldown");
    expect(told("4", "wrong", T0 + MINUTE)).toBe("repeated");
    expect(told("5", "other", T0 + MINUTE)).toBe("incorrect");
    expect(told("6", "other", T0 + 9 * MINUTE)).toBe("exhausted");
    expect(told("7", "seven?", T0, "n")).toBe("invalid");
    expect(told("8", "8", T0, "n")).toBe("incorrect");
    expect(told("9", "seven?", T0, "n")).toBe("cooldown");
    expect(told("10", "8.0", T0 + MINUTE, "n")).toBe("repeated");
  });

  test("[AT-13] a text that a new version accepts is right, though it was wrong before", () => {
    const played = game([clue("a", { answers: ["right"] })]);
    played.play(answer("1", "a", "left"));
    played.publish({ ...played.context.hunt.compiled, clues: [clue("a", { answers: ["right", "left"] })] });
    expect(played.play(answer("2", "a", "left")).outcome).toBe("correct");
  });
});

describe("attempts", () => {
  const limited = (burst: number, refillPerMinute: number, perClue = 0) =>
    game([clue("a", { attempts: { burst, refillPerMinute, perClue } }), clue("b")]);
  let next = 0;
  const guess = (played: Game, now: number, text?: string) => {
    next += 1;
    // Another wrong text each time: one that was given before takes no try.
    return played.play(answer(`g${next}`, "a", text ?? `wrong ${next}`), now);
  };

  test("[AT-2] a full bucket holds `burst` incorrect answers; the next is cooldown with the exact moment of the next token", () => {
    const played = limited(3, 6);
    for (let tries = 0; tries < 3; tries += 1) expect(guess(played, T0).outcome).toBe("incorrect");
    const retryAt = T0 + 10 * SECOND;
    expect(guess(played, T0)).toMatchObject({ outcome: "cooldown", retryAt: isoAt(retryAt) });
    expect(guess(played, retryAt - 1)).toMatchObject({ outcome: "cooldown", retryAt: isoAt(retryAt) });
    expect(guess(played, retryAt).outcome).toBe("incorrect");
    expect(guess(played, retryAt)).toMatchObject({
      outcome: "cooldown",
      retryAt: isoAt(retryAt + 10 * SECOND),
    });
  });

  test("[AT-2] a right answer is taken at the very millisecond of retryAt, not before", () => {
    for (const refill of [0.1, 0.7, 1, 3, 7, 11, 59, 60, 61, 1_000]) {
      const played = limited(1, refill);
      guess(played, T0);
      const retryAt = Date.parse(guess(played, T0).retryAt ?? "");
      expect(retryAt - T0).toBe(Math.ceil(60_000 / refill));
      expect(guess(played, retryAt - 1, "right").outcome).toBe("cooldown");
      expect(guess(played, retryAt, "right").outcome).toBe("correct");
    }
  });

  test("[AT-2] retryAt is the same however often it is asked for, down to the millisecond", () => {
    for (let refill = 1; refill <= 300; refill += 1) {
      const played = limited(2, refill);
      guess(played, T0);
      guess(played, T0 + 37);
      const retryAt = Date.parse(guess(played, T0 + 37).retryAt ?? "");
      for (const share of [0.1, 0.5, 0.9]) {
        const now = T0 + 37 + Math.floor((retryAt - T0 - 37) * share);
        expect([refill, guess(played, now).retryAt]).toEqual([refill, isoAt(retryAt)]);
      }
      expect(guess(played, retryAt - 1).outcome).toBe("cooldown");
      expect(guess(played, retryAt).outcome).toBe("incorrect");
    }
  });

  test("[AT-3] the bucket refills continuously and never above `burst`", () => {
    const played = limited(2, 6);
    guess(played, T0);
    guess(played, T0);
    // 15 s: one and a half tokens; half of one is left, full again after 5 s more.
    expect(guess(played, T0 + 15 * SECOND).outcome).toBe("incorrect");
    expect(guess(played, T0 + 15 * SECOND)).toMatchObject({
      outcome: "cooldown",
      retryAt: isoAt(T0 + 20 * SECOND),
    });
    // After a day there are two, not thousands.
    const day = T0 + 24 * HOUR;
    expect([1, 2, 3].map(() => guess(played, day).outcome)).toEqual(["incorrect", "incorrect", "cooldown"]);
  });

  test("[AT-3] what is left is kept rounded down to a thousandth: never a token early", () => {
    const played = limited(2, 7);
    guess(played, T0);
    guess(played, T0 + 1_234);
    const left = played.team().attempts.get("a")?.tokens ?? Number.NaN;
    const exact = Math.min(2, 1 + (1_234 / 60_000) * 7) - 1;
    expect(left).toBeLessThanOrEqual(exact);
    expect(exact - left).toBeLessThan(0.001);
  });

  test("[AT-12] a bucket dated far ahead counts as full: nobody waits until a wrong clock comes true", () => {
    const played = limited(1, 6);
    guess(played, T0 + HOUR);
    expect(guess(played, T0).outcome).toBe("incorrect");
    expect(guess(played, T0 + SECOND)).toMatchObject({
      outcome: "cooldown",
      retryAt: isoAt(T0 + 10 * SECOND),
    });
  });

  test("[AT-4] a clock that goes back a little refills nothing, and retryAt is when the token is there", () => {
    const played = limited(1, 6);
    guess(played, T0 + HOUR);
    const back = guess(played, T0 + HOUR - 9 * SECOND);
    expect(back).toMatchObject({ outcome: "cooldown", retryAt: isoAt(T0 + HOUR + 10 * SECOND) });
    expect(guess(played, Date.parse(back.retryAt ?? "") - 1).outcome).toBe("cooldown");
    expect(guess(played, Date.parse(back.retryAt ?? "")).outcome).toBe("incorrect");
  });

  test("[AT-5] `perClue` incorrect ones in all: exhausted for ever, without retryAt; 0 is unlimited", () => {
    const played = limited(1, 60, 3);
    for (let tries = 0; tries < 3; tries += 1)
      expect(guess(played, T0 + tries * MINUTE).outcome).toBe("incorrect");
    expect(guess(played, T0 + 9 * HOUR, "right")).toEqual({
      id: `g${next}`,
      outcome: "exhausted",
      clue: "a",
    });
    const unlimited = limited(1_000, 60, 0);
    for (let tries = 0; tries < 200; tries += 1) expect(guess(unlimited, T0).outcome).toBe("incorrect");
  });

  test("[UN-24] of very many unlocked clues a thousand are told, so that the fact fits a queue message", () => {
    const id = (index: number) => `${"x".repeat(58)}${10_000 + index}`;
    const others = Array.from({ length: 1_999 }, (_, index) =>
      clue(id(index), { opens: { op: "solved", clue: "a" } }),
    );
    const played = game([clue("a"), ...others]);
    const result = played.play(answer("1", "a", "right"), T0);
    expect(result.unlocked).toHaveLength(1_000);
    expect(JSON.stringify(result).length).toBeLessThan(100_000);
  });

  test("[AT-5] a bucket that never refills is exhausted when it is empty", () => {
    const played = limited(2, 0);
    expect([1, 2, 3].map(() => guess(played, T0).outcome)).toEqual(["incorrect", "incorrect", "exhausted"]);
    expect(guess(played, T0 + 9 * HOUR, "right")).not.toHaveProperty("retryAt");
  });

  test("[AT-5] a refill slower than time itself still tells a moment", () => {
    const played = limited(1, 1e-15);
    guess(played, T0);
    expect(guess(played, T0)).toMatchObject({ outcome: "cooldown", retryAt: isoAt(8.64e15) });
  });

  test("[AT-7] buckets are the team's own per clue: team-mates share them, other clues and teams do not", () => {
    const played = limited(1, 1);
    played.join("q");
    played.join("r", "u");
    expect(guess(played, T0).outcome).toBe("incorrect");
    expect(played.play(answer("q1", "a", "wrong"), T0, "q").outcome).toBe("cooldown");
    expect(played.play(answer("b1", "b", "wrong"), T0, "q").outcome).toBe("incorrect");
    expect(played.play(answer("u1", "a", "wrong"), T0, "r", "u").outcome).toBe("incorrect");
  });

  test("[AT-6] unknown codes draw on one bucket with the hunt's default figures, of which perClue does not count", () => {
    const played = game([clue("a", { code: "A", attempts: { burst: 9, refillPerMinute: 9, perClue: 9 } })], {
      attempts: { burst: 2, refillPerMinute: 6, perClue: 3 },
    });
    const scanned = (id: string, now: number, code = "guess") => played.play(scan(id, code), now).outcome;
    expect([scanned("1", T0), scanned("2", T0), scanned("3", T0)]).toEqual([
      "unknown_code",
      "unknown_code",
      "cooldown",
    ]);
    const later = Array.from({ length: 10 }, (_, index) =>
      scanned(`l${index}`, T0 + (index + 1) * 10 * SECOND),
    );
    expect(new Set(later)).toEqual(new Set(["unknown_code"]));
    expect(scanned("right", T0 + HOUR, "A")).toBe("correct");
  });

  test("[AT-6] known codes take no token, nor do locked ones, repeats and solved clues", () => {
    const played = game([clue("a", { code: "A" }), clue("b", { code: "B", opens: LATER })], {
      attempts: { burst: 1, refillPerMinute: 1, perClue: 0 },
    });
    const outcomes = ["A", "A", "B", "B", "guess", "A"].map(
      (code, index) => played.play(scan(`${index}`, code)).outcome,
    );
    expect(outcomes).toEqual(["correct", "already_solved", "locked", "locked", "unknown_code", "cooldown"]);
    expect(played.play(scan("4", "guess"))).toMatchObject({ outcome: "unknown_code", duplicate: true });
    expect(played.team().codes?.wrong).toBe(1);
  });

  test("[AT-8] check-ins draw on no bucket of the hunt", () => {
    const played = game([
      clue("pier", { place: PLACE, attempts: { burst: 1, refillPerMinute: 0, perClue: 1 } }),
    ]);
    for (let tries = 0; tries < 5; tries += 1) {
      expect(played.play(checkin(`${tries}`, "pier", THERE), T0 + tries * MINUTE).outcome).toBe(
        "out_of_range",
      );
    }
    expect(played.play(checkin("in", "pier", HERE), T0 + 9 * MINUTE).outcome).toBe("correct");
  });

  test("[SEC-47] what the engine's budgets hold is a cooldown, right or wrong: after duplicate, phase, locked, solved and exhausted", () => {
    const played = everyKind();
    const text = played.play(answer("0", "word", "wrong"));
    played.play(answer("s", "flag", "blue"));
    const until = T0 + 7 * SECOND;
    played.budgets = { heldUntil: () => until };
    const cooldown = (id: string, clueId?: string) => ({
      id,
      outcome: "cooldown",
      retryAt: isoAt(until),
      ...(clueId === undefined ? {} : { clue: clueId }),
    });
    for (const given of ["right", "rihgt", "wrong", "…"]) {
      expect(played.play(answer("1", "word", given))).toEqual(cooldown("1", "word"));
    }
    for (const position of [HERE, THERE, { ...HERE, accuracy: 101 }]) {
      expect(played.play(checkin("2", "pier", position))).toEqual(cooldown("2", "pier"));
    }
    for (const code of ["QR", "unknown", "LOCKED"])
      expect(played.play(scan("3", code))).toEqual(cooldown("3"));
    expect(played.play(answer("0", "word", "wrong"))).toEqual({ ...text, duplicate: true });
    expect(played.play(answer("4", "locked", "x")).outcome).toBe("locked");
    expect(played.play(answer("5", "none", "x")).outcome).toBe("locked");
    expect(played.play(answer("6", "flag", "red")).outcome).toBe("already_solved");
    expect(played.play(answer("7", "pier", "x")).outcome).toBe("invalid");
    expect(played.play(hint("8", "hinted", "free")).outcome).toBe("taken");
    played.phase = "paused";
    expect(played.play(answer("1", "word", "right")).outcome).toBe("paused");
  });

  test("[SEC-47] of two reasons to wait the later one is told; what can never be tried again is exhausted", () => {
    const played = game([
      clue("a", { attempts: { burst: 1, refillPerMinute: 1, perClue: 0 } }),
      clue("b", { attempts: { burst: 1, refillPerMinute: 1, perClue: 1 } }),
    ]);
    for (const id of ["a", "b"]) played.play(answer(id, id, "wrong"));
    for (const [until, told] of [
      [T0 + 7 * SECOND, T0 + MINUTE],
      [T0 + HOUR, T0 + HOUR],
    ] as const) {
      played.budgets = { heldUntil: () => until };
      expect(played.play(answer("1", "a", "right"))).toMatchObject({ retryAt: isoAt(told) });
      expect(played.play(answer("2", "b", "right")).outcome).toBe("exhausted");
    }
  });

  test("[AT-9] a new version's figures hold at once, for what is left of the bucket", () => {
    const played = limited(5, 60);
    guess(played, T0);
    played.publish({
      ...played.context.hunt.compiled,
      clues: [clue("a", { attempts: { burst: 2, refillPerMinute: 60, perClue: 0 } })],
    });
    expect([1, 2, 3].map(() => guess(played, T0).outcome)).toEqual(["incorrect", "incorrect", "cooldown"]);
  });
});

describe("hints", () => {
  const hinted = (sketch: ClueSketch = {}) =>
    game([
      clue("bank", { points: 50 }),
      clue("a", {
        hints: [
          { id: "dear", text: "Dear.", cost: 20, after: 0 },
          { id: "late", text: "Late.", cost: 0, after: 10 * MINUTE },
          { id: "also", text: "Also.", cost: 31, after: 0 },
        ],
        ...sketch,
      }),
    ]);

  test("[HI-2] the cost is taken once per team: the second time anybody asks it is shown, unrecorded, with the text", () => {
    const played = hinted();
    played.join("q");
    played.play(answer("s", "bank", "right"));
    expect(played.play(hint("1", "a", "dear"))).toEqual({
      id: "1",
      outcome: "taken",
      seq: 4,
      clue: "a",
      score: 30,
      hint: { id: "dear", text: "Dear." },
    });
    const again = { outcome: "taken", clue: "a", hint: { id: "dear", text: "Dear." } };
    expect(played.play(hint("2", "a", "dear"))).toEqual({ id: "2", ...again });
    expect(played.play(hint("3", "a", "dear"), T0, "q")).toEqual({ id: "3", ...again });
    expect(played.play(hint("1", "a", "dear"))).toEqual({
      id: "1",
      seq: 4,
      score: 30,
      duplicate: true,
      ...again,
    });
    expect(played.team().adjusted).toBe(-20);
  });

  test("[HI-3] affordable when score − cost ≥ 0: the last point may go, one more may not", () => {
    const played = hinted();
    played.organise({ type: "award", points: 19, reason: "r" });
    expect(played.play(hint("1", "a", "dear")).outcome).toBe("unaffordable");
    played.organise({ type: "award", points: 1, reason: "r" });
    expect(played.play(hint("1", "a", "dear"))).toMatchObject({ outcome: "taken", score: 0 });
  });

  test("[HI-3] what is free is affordable in debt too", () => {
    const played = hinted();
    played.organise({ type: "award", points: -5, reason: "r" });
    expect(played.play(hint("1", "a", "late"), T0 + 10 * MINUTE)).toMatchObject({
      outcome: "taken",
      score: -5,
    });
  });

  test("[HI-3] two hints that are affordable each, but not both, are given once", () => {
    const played = hinted();
    played.play(answer("s", "bank", "right"));
    expect(played.play(hint("1", "a", "dear")).outcome).toBe("taken");
    expect(played.play(hint("2", "a", "also")).outcome).toBe("unaffordable");
  });

  test("[HI-4] `after` counts from the moment the clue opened for the team, to the millisecond", () => {
    const played = hinted({ opens: { op: "solved", clue: "bank" } });
    expect(played.play(hint("0", "a", "late"), T0 + HOUR).outcome).toBe("locked");
    const opened = T0 + 2 * HOUR + 7;
    played.play(answer("s", "bank", "right"), opened);
    const available = opened + 10 * MINUTE;
    expect(played.play(hint("1", "a", "late"), available - 1)).toEqual({
      id: "1",
      outcome: "not_yet",
      clue: "a",
      retryAt: isoAt(available),
    });
    expect(played.play(hint("1", "a", "late"), available).outcome).toBe("taken");
  });

  test("[HI-4] not_yet comes before unaffordable", () => {
    const played = hinted({ hints: [{ id: "both", text: "Both.", cost: 99, after: 1 }] });
    expect(played.play(hint("1", "a", "both")).outcome).toBe("not_yet");
    expect(played.play(hint("1", "a", "both"), T0 + 1).outcome).toBe("unaffordable");
  });

  test("[HI-5] a solved clue sells no hint; one that was taken before is shown again", () => {
    const played = hinted();
    played.play(answer("s", "bank", "right"));
    const bought = played.play(hint("1", "a", "dear"));
    expect(bought.outcome).toBe("taken");
    played.play(answer("a", "a", "right"));
    const before = played.facts.length;
    for (const id of ["also", "late", "none"]) {
      expect(played.play(hint("2", "a", id))).toEqual({ id: "2", outcome: "already_solved", clue: "a" });
    }
    expect(played.play(hint("3", "a", "dear"))).toEqual({
      id: "3",
      outcome: "taken",
      clue: "a",
      hint: bought.hint,
    });
    expect(played.facts).toHaveLength(before);
  });

  test("[HI-6] with moving scores the standings' word says what is affordable", () => {
    const played = game(
      [clue("bank", { points: 50 }), clue("a", { hints: [{ id: "dear", text: "D", cost: 20, after: 0 }] })],
      { scoring: MOVING },
    );
    played.play(answer("s", "bank", "right"));
    played.word = { asOf: T0, values: new Map([["bank", 19]]), bonuses: new Map() };
    expect(played.play(hint("1", "a", "dear")).outcome).toBe("unaffordable");
    played.word = { asOf: T0, values: new Map([["bank", 19]]), bonuses: new Map([["t", 1]]) };
    expect(played.play(hint("1", "a", "dear"))).toMatchObject({ outcome: "taken", score: 0 });
  });
});

describe("places", () => {
  test("[PL-7] speed is judged from the place that the player reached last, each player's own", () => {
    const played = game([clue("pier", { place: PLACE }), clue("far", { place: { ...PLACE, lat: 1 } })]);
    played.join("q");
    expect(played.play(checkin("1", "pier", HERE)).outcome).toBe("correct");
    const early = played.play(checkin("2", "far", FAR), T0 + MINUTE);
    // 111 km at 60 m/s take 31 minutes from the first place: a check-in that was too early moved nobody.
    const retryAt = Date.parse(early.retryAt ?? "");
    expect(early).toMatchObject({ outcome: "implausible", seq: 4 });
    expect(retryAt - T0).toBeGreaterThan(30 * MINUTE);
    expect(retryAt - T0).toBeLessThan(31 * MINUTE);
    expect(played.play(checkin("2", "far", FAR), T0 + 2 * MINUTE)).toEqual({ ...early, duplicate: true });
    expect(played.play(checkin("3", "far", FAR), retryAt - 1)).toMatchObject({
      outcome: "implausible",
      retryAt: early.retryAt,
    });
    expect(played.play(checkin("4", "far", FAR), T0 + MINUTE, "q").outcome).toBe("correct");
  });

  test("[PL-4] at the retryAt of an implausible check-in a new one is believed, to the millisecond", () => {
    for (const maxSpeed of [0.1, 0.7, 3, 7, 60, 999]) {
      const place = { ...PLACE, maxSpeed };
      const played = game([clue("pier", { place }), clue("next", { place: { ...place, lat: 0.0731 } })]);
      const next = { lat: 0.0731, lng: 0, accuracy: 7 };
      played.play(checkin("1", "pier", HERE));
      const retryAt = Date.parse(played.play(checkin("2", "next", next)).retryAt ?? "");
      expect(played.play(checkin("3", "next", next), retryAt - 1).outcome).toBe("implausible");
      expect(played.play(checkin("4", "next", next), retryAt).outcome).toBe("correct");
    }
  });

  test("[PL-8] a far fix holds up nobody, whatever came of it", () => {
    const played = game([clue("pier", { place: PLACE })]);
    const wrong = { lat: 0.9, lng: 0, accuracy: 40 };
    expect(played.play(checkin("1", "pier", wrong)).outcome).toBe("out_of_range");
    expect(played.play(checkin("2", "pier", HERE), T0 + SECOND).outcome).toBe("correct");
  });

  test("[PL-3] a vague position is implausible without a retryAt", () => {
    const played = game([clue("pier", { place: PLACE })]);
    expect(played.play(checkin("1", "pier", { ...HERE, accuracy: 101 }))).toEqual({
      id: "1",
      outcome: "implausible",
      clue: "pier",
      seq: 2,
    });
  });

  /** Two places 5.6 km apart: 93 s at 60 m/s. */
  const apart = () =>
    game([clue("pier", { place: PLACE }), clue("next", { place: { ...PLACE, lat: 0.05 } }), clue("word")]);
  const NEXT = { lat: 0.05, lng: 0, accuracy: 5 };
  const at = <Sent extends Command>(command: Sent, clientAt: number): Sent => ({
    ...command,
    clientAt: isoAt(clientAt),
  });

  test("[EV-5] check-ins that waited for a network are judged by the time between them, in one request or in several", () => {
    for (const between of [0, 20 * SECOND]) {
      const played = apart();
      const now = T0 + HOUR;
      expect(played.play(at(checkin("1", "pier", HERE), now - 30 * MINUTE), now).outcome).toBe("correct");
      expect(played.play(at(checkin("2", "next", NEXT), now), now + between).outcome).toBe("correct");
      expect(played.facts[1]).toMatchObject({ at: now, behind: 30 * MINUTE });
    }
  });

  test("[EV-5] without a client's time on both, the engine's own counts", () => {
    for (const [first, second] of [
      [T0, undefined],
      [undefined, T0 + HOUR],
    ] as const) {
      const played = apart();
      const timed = (command: Command, told?: number) => (told === undefined ? command : at(command, told));
      expect(played.play(timed(checkin("1", "pier", HERE), first), T0 + HOUR).outcome).toBe("correct");
      expect(played.play(timed(checkin("2", "next", NEXT), second), T0 + HOUR).outcome).toBe("implausible");
    }
  });

  test("[EV-5] an effective time is not before that of the player's last recorded event, nor before the joining, nor after the engine's", () => {
    const late = apart();
    late.join("q", "t", T0 + HOUR);
    // Joined a minute ago: no half an hour to walk in.
    late.play(at(checkin("1", "pier", HERE), T0), T0 + HOUR + MINUTE, "q");
    expect(late.facts[2]).toMatchObject({ at: T0 + HOUR + MINUTE, behind: MINUTE });
    const now = T0 + HOUR + MINUTE;
    const early = late.play(at(checkin("2", "next", NEXT), now), now, "q");
    expect(early.outcome).toBe("implausible");
    expect(Date.parse(early.retryAt ?? "")).toBe(now + 32_496);
    const busy = apart();
    // Any recorded event is a sign of life, with a client's time or without; a repeat or a refusal is none.
    busy.play(answer("w", "word", "wrong"), T0 + HOUR);
    busy.play(at(checkin("1", "pier", HERE), T0 + MINUTE), T0 + HOUR + SECOND);
    expect(busy.facts[2]).toMatchObject({ behind: SECOND });
    busy.play(at(checkin("2", "next", NEXT), T0 + 9 * HOUR), T0 + HOUR + 2 * SECOND);
    expect(busy.facts[3]).toMatchObject({ outcome: "implausible", behind: 0 });
  });

  test("[EV-5] who says that the clock goes back walks no faster: the effective time only grows", () => {
    const played = apart();
    const now = T0 + HOUR;
    played.play(at(answer("1", "word", "wrong"), now - MINUTE), now);
    played.play(at(checkin("2", "pier", HERE), T0), now);
    expect(played.play(at(checkin("3", "next", NEXT), now), now).outcome).toBe("implausible");
  });

  test("[PL-9] the fact keeps position and distance for the organiser; the player is told the distance only when near, roughly", () => {
    const played = game([clue("pier", { place: PLACE })]);
    const result = played.play(checkin("1", "pier", THERE));
    expect(result).toEqual({ id: "1", outcome: "out_of_range", clue: "pier", seq: 2 });
    expect(played.facts[1]).toMatchObject({ position: THERE, distance: 1112 });
    // 110 m: within two radii; 122 m: beyond them.
    const near = played.play(checkin("2", "pier", { ...HERE, lat: 0.00099 }), T0 + HOUR);
    expect(near).toEqual({ id: "2", outcome: "out_of_range", clue: "pier", seq: 3, distance: 200 });
    const far = played.play(checkin("3", "pier", { ...HERE, lat: 0.0011 }), T0 + 2 * HOUR);
    expect(far).toEqual({ id: "3", outcome: "out_of_range", clue: "pier", seq: 4 });
  });
});

describe("duplicates", () => {
  const commands: Command[] = [
    answer("e", "word", "right"),
    answer("e", "word", "wrong"),
    answer("e", "word", "rihgt"),
    scan("e", "QR"),
    scan("e", "unknown"),
    checkin("e", "pier", HERE),
    checkin("e", "pier", THERE),
    hint("e", "hinted", "free"),
  ];

  test.each(commands)(
    "[EV-20] %o again gives the same result, marked, from any member, at any time, in any phase",
    (command) => {
      const played = everyKind();
      played.join("q");
      const first = played.play(command);
      played.play(answer("other", "flag", "blue"));
      for (const phase of ["draft", "live", "paused", "ended"] as const) {
        played.phase = phase;
        const again = played.play({ ...command, clientAt: isoAt(T0 + 5) }, T0 + 9 * HOUR, "q");
        expect(again).toEqual({ ...first, duplicate: true });
      }
      expect(played.facts).toHaveLength(4);
    },
  );

  test.each(commands)(
    "[EV-21] the id of %o with any other body is conflict, and nothing happens",
    (command) => {
      const others = [
        answer("e", "word", "something else"),
        answer("e", "flag", "blue"),
        answer("e", "flag", "right"),
        scan("e", "another"),
        checkin("e", "pier", { ...HERE, accuracy: 6 }),
        checkin("e", "word", HERE),
        hint("e", "hinted", "dear"),
        hint("e", "word", "free"),
        claim("e", "prize"),
      ];
      const played = everyKind();
      played.play(command);
      const before = encodeTeam(played.team());
      for (const other of others) expect(played.play(other)).toEqual({ id: "e", outcome: "conflict" });
      expect(encodeTeam(played.team())).toBe(before);
      expect(played.facts).toHaveLength(2);
    },
  );

  test("[EV-22] the id of an unrecorded outcome is free: it is decided anew, also with another body", () => {
    const played = everyKind();
    expect(played.play(hint("e", "hinted", "dear")).outcome).toBe("unaffordable");
    expect(played.play(answer("e", "locked", "right")).outcome).toBe("locked");
    expect(played.play(answer("e", "locked", "right"), T0 + HOUR)).toMatchObject({ outcome: "invalid" });
    expect(played.play(answer("e", "word", "right"))).toMatchObject({ outcome: "correct", seq: 2 });
  });

  test("[EV-23] ids are per team: another team's same id is another event", () => {
    const played = everyKind();
    played.join("q", "u");
    expect(played.play(answer("e", "word", "right"))).toMatchObject({ outcome: "correct" });
    expect(played.play(answer("e", "word", "wrong"), T0, "q", "u")).toMatchObject({ outcome: "incorrect" });
  });

  test("[EV-24] a repeat after a new version gives the recorded result, also of a clue that is gone", () => {
    const played = everyKind();
    const first = played.play(answer("e", "word", "right"));
    const taken = played.play(hint("h", "hinted", "free"));
    played.publish({ ...played.context.hunt.compiled, clues: [clue("other")] });
    expect(played.play(answer("e", "word", "right"))).toEqual({ ...first, duplicate: true });
    expect(played.play(hint("h", "hinted", "free"))).toEqual({
      ...taken,
      hint: { id: "free", text: "" },
      duplicate: true,
    });
  });
});

describe("moving scores", () => {
  const moving = () =>
    game([clue("a", { points: 100 }), clue("b", { points: 50 }), clue("c", { points: 10 })], {
      scoring: MOVING,
    });

  test("[EV-15] before the standings' first word a clue is worth its points", () => {
    expect(moving().play(answer("1", "a", "right"))).toMatchObject({ points: 100, score: 100 });
  });

  test("[EV-15] points and score are the standings' last word, bonuses and the present value of earlier solves included", () => {
    const played = moving();
    played.play(answer("1", "a", "right"));
    played.word = {
      asOf: T0,
      values: new Map([
        ["a", 90],
        ["b", 45],
      ]),
      bonuses: new Map([
        ["t", 7],
        ["u", 1_000],
      ]),
    };
    expect(played.play(answer("2", "b", "right"))).toMatchObject({ points: 45, score: 90 + 45 + 7 });
    expect(played.play(answer("3", "c", "right"))).toMatchObject({ points: 10, score: 90 + 45 + 7 + 10 });
    // The repeat tells what was told, not what is true now.
    played.word = {
      asOf: T0 + 1,
      values: new Map([
        ["a", 1],
        ["b", 1],
      ]),
      bonuses: new Map(),
    };
    expect(played.play(answer("2", "b", "right"))).toMatchObject({ points: 45, score: 142, duplicate: true });
  });

  test("[EV-15] with static scoring the word counts for nothing", () => {
    const played = game([clue("a", { points: 100 }), clue("b", { points: 5 })]);
    played.play(answer("1", "a", "right"));
    played.word = { asOf: T0, values: new Map(), bonuses: new Map([["t", 7]]) };
    expect(played.play(answer("2", "b", "right"))).toMatchObject({ points: 5, score: 105 });
  });
});

describe("prizes", () => {
  test("[EV-16] a prize whose requirement is not met is not_eligible, like one that does not exist", () => {
    const prize = {
      id: "z",
      title: "Z",
      mode: "first-come",
      stock: 1,
      perTeam: 1,
      requires: { op: "solved", clue: "a" },
    } as const;
    const played = game([clue("a")], { prizes: [prize] });
    for (const id of ["z", "none"]) {
      expect(played.play(claim("1", id))).toEqual({ id: "1", outcome: "not_eligible", prize: { id } });
    }
  });

  const first = { id: "z", title: "Z", mode: "first-come", stock: 2, perTeam: 1 } as const;
  const handOut = (played: Game, rules: PrizeRules): void =>
    void played.vault.set(rules.id, new Allocation(rules, "seed", new Set()));
  const vaultRules = { id: "z", mode: "first-come", stock: [{ units: 2 }], perTeam: 1 } as const;

  test("[PRIZE-4] a win is recorded once, the same id gets it again, the code goes to who claimed", () => {
    const played = game([clue("a")], { prizes: [first] });
    handOut(played, vaultRules);
    played.join("q");
    const won = played.play(claim("1", "z"));
    expect(won).toMatchObject({
      outcome: "won",
      seq: expect.any(Number),
      prize: { id: "z", code: "code-z-0" },
    });
    expect(played.play(claim("1", "z"))).toEqual({ ...won, duplicate: true });
    expect(played.play(claim("1", "z"), T0, "q")).toEqual({ ...won, prize: { id: "z" }, duplicate: true });
    expect(played.play(claim("1", "other"))).toMatchObject({ outcome: "conflict" });
    expect(played.play(claim("2", "z"))).toMatchObject({ outcome: "already_won" });
    expect(played.team().wins).toEqual([{ prize: "z", unit: 0, player: "p", event: "1", at: T0 }]);
    expect(played.organise({ type: "revoke", prize: "z", unit: 1, reason: "" })).toMatchObject({
      refused: "not_found",
    });
    expect(played.organise({ type: "revoke", prize: "z", unit: 0, reason: "" })).toHaveLength(1);
    expect(played.organise({ type: "revoke", prize: "z", unit: 0, reason: "" })).toHaveLength(0);
    expect(played.team().wins).toMatchObject([{ revoked: true }]);
    expect(played.play(claim("3", "z"))).toMatchObject({ outcome: "already_won" });
  });

  test("[PRIZE-8] a withdrawn prize, and one outside of its window", () => {
    const window = { from: T0 + 10, to: T0 + 20 };
    const played = game([clue("a")], { prizes: [{ ...first, window }] });
    handOut(played, { ...vaultRules, window });
    expect(played.play(claim("1", "z"))).toMatchObject({
      outcome: "not_eligible",
      retryAt: new Date(T0 + 10).toISOString(),
    });
    played.withdrawn.add("z");
    expect(played.play(claim("1", "z"), T0 + 10)).toMatchObject({ outcome: "not_eligible" });
    played.withdrawn.clear();
    expect(played.play(claim("1", "z"), T0 + 10)).toMatchObject({ outcome: "won" });
    expect(played.play(claim("2", "z"), T0 + 21)).toMatchObject({ outcome: "not_eligible" });
  });

  test("[PRIZE-15] a miss takes a token of the team's bucket for this prize, a win none", () => {
    const attempts = { burst: 2, refillPerMinute: 1, perClue: 0 };
    const odds = { ...first, mode: "odds", odds: 1e-9 } as const;
    const played = game([clue("a")], { prizes: [odds, { ...first, id: "y" }], attempts });
    handOut(played, { ...vaultRules, mode: "odds", odds: 1e-9 });
    handOut(played, { ...vaultRules, id: "y" });
    expect(played.play(claim("1", "z"))).toMatchObject({ outcome: "missed", prize: { id: "z" } });
    expect(played.play(claim("2", "z"))).toMatchObject({ outcome: "missed" });
    const minute = new Date(T0 + 60_000).toISOString();
    expect(played.play(claim("3", "z"))).toMatchObject({ outcome: "cooldown", retryAt: minute });
    expect(played.play(claim("4", "y"))).toMatchObject({ outcome: "won" });
    expect(played.play(claim("3", "z"), T0 + 60_000)).toMatchObject({ outcome: "missed" });
  });
});
