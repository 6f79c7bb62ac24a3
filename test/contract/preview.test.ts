/** A clue while it is written: shown as players will see it, tried as they will. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Codes } from "../../src/contract/definition.ts";
import type { Preview } from "../../src/contract/preview.ts";
import { type Answer, Client, expectProblem } from "./client.ts";
import { everyOutcome, NEAR_PIER, PIER } from "./hunts.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

const look = (clue: string, more: object = {}, hunt = "unpublished"): Promise<Answer<Preview>> =>
  client.organise<Preview>("POST", `/v1/hunts/${hunt}/preview`, {
    definition: everyOutcome(),
    clue,
    ...more,
  });

async function tried(clue: string, more: object, definition: object = everyOutcome()) {
  const { status, text, body } = await look(clue, { definition, ...more });
  expect(status, text).toBe(200);
  if (!body.verdict) throw new Error("a try has a verdict");
  return body.verdict;
}

const answers = (compare: string, ...accepted: string[]): object => ({
  ...everyOutcome(),
  clues: [{ id: "word", round: "one", title: "Word", kind: "answer", points: 5, compare, answers: accepted }],
});

describe("[REH-9] a clue is shown as players will see it", () => {
  test("of a definition that was never published, whatever opens it, with its hints", async () => {
    const { body } = await look("chest");
    expect(body.clue).toMatchObject({
      id: "chest",
      title: "The Chest",
      kind: "scan",
      state: "open",
      points: 50,
    });
    expect(body).not.toHaveProperty("verdict");
    expect((await look("cave")).body.clue).toMatchObject({
      body: "What does Ali Baba *say*?",
      attemptsLeft: 3,
      hints: [
        { id: "free", text: "It is a seed.", cost: 0, taken: false },
        { id: "late", text: "Wait for it." },
        { id: "dear", cost: 5_000 },
      ],
    });
    expect((await look("flag")).body.clue.choices).toEqual([
      { id: "red", label: "Red" },
      { id: "blue", label: "Blue" },
    ]);
    // Nothing is stored of it.
    expectProblem(await client.call("GET", "/v1/hunts/unpublished"), "not_found");
    const yaml = `# a comment\n${JSON.stringify(everyOutcome())}`;
    expect((await look("cave", { definition: yaml })).body.clue.id).toBe("cave");
  });

  test("and equals what a team sees once it is published", async () => {
    await client.publish("seen", everyOutcome());
    const player = await client.team("seen", "Owls");
    const own = (await client.me(player)).clues.find(({ id }) => id === "flag");
    const { clue } = (await look("flag", {}, "seen")).body;
    expect({ ...clue, openedAt: "" }).toEqual({ ...own, openedAt: "" });
  });

  test("faults are told as in publishing", async () => {
    const { issues } = expectProblem(await look("cave", { definition: { title: "x" } }), "invalid");
    expect(issues?.length).toBeGreaterThan(0);
    expectProblem(await look("cave", { definition: "a: [" }), "bad_request");
    expectProblem(await look("nowhere"), "not_found");
    expectProblem(await look("cave", { answer: "x", code: "y" }), "invalid");
    expectProblem(await look("cave", { answer: "" }), "invalid");
    expectProblem(await look("No Slug"), "invalid");
  });
});

describe("[REH-10] a try is judged as in play, and says why", () => {
  test("right, nearly right, wrong", async () => {
    expect(await tried("cave", { answer: " OPEN  Sésame! " })).toMatchObject({
      outcome: "correct",
      points: 100,
      compared: {
        mode: "letters",
        given: "opensesame",
        folded: expect.arrayContaining(["case", "marks", "blanks", "punctuation"]),
        texts: [
          { text: "open sesame", role: "answer", counts: "opensesame", matches: true },
          { text: "sesame", role: "nudge", matches: false },
        ],
        otherwise: [],
      },
    });
    expect(await tried("cave", { answer: "Sesame" })).toMatchObject({
      outcome: "nudge",
      message: "Say all of it.",
      compared: {
        texts: [
          { role: "nudge", matches: true },
          { role: "answer", matches: false },
        ],
      },
    });
    const wrong = await tried("cave", { answer: "close" });
    expect(wrong).toMatchObject({ outcome: "incorrect", compared: { given: "close", folded: [] } });
    expect(wrong.compared?.texts.some(({ matches }) => matches)).toBe(false);
  });

  test.each([
    ["words", "light house", "Light-House", "incorrect", ["letters"], ["case"]],
    ["words", "it’s here", "IT'S  here", "correct", [], ["case", "blanks"]],
    ["exact", "Anchor", "anchor", "incorrect", ["letters", "words"], []],
    ["number", "1500", "1,500.0", "correct", [], ["groups", "zeros"]],
    ["letters", "strasse", "STRASSE 7", "incorrect", [], ["case", "blanks"]],
  ] as const)(
    "compared by %s, %j and %j: %s",
    async (compare, accepted, answer, outcome, otherwise, folded) => {
      const verdict = await tried("word", { answer }, answers(compare, accepted));
      expect(verdict).toMatchObject({ outcome, compared: { mode: compare } });
      expect(verdict.compared?.otherwise).toEqual(otherwise);
      expect(verdict.compared?.folded).toEqual(folded);
    },
  );

  test("what is no number, or nothing, counts as nothing", async () => {
    expect(await tried("word", { answer: "many" }, answers("number", "7"))).toMatchObject({
      outcome: "invalid",
      compared: { folded: [] },
    });
  });

  test("codes and places too", async () => {
    await client.publish("coded", everyOutcome());
    const { codes } = (await client.organise<Codes>("GET", "/v1/hunts/coded/codes")).body;
    const code = codes.find(({ clue }) => clue === "chest")?.code;
    const scanned = (await look("chest", { code }, "coded")).body.verdict;
    expect(scanned).toMatchObject({ outcome: "correct", clue: "chest", points: 50 });
    expect(scanned).not.toHaveProperty("compared");
    expect((await look("chest", { code: "7777-7777-7777" }, "coded")).body.verdict?.outcome).toBe(
      "unknown_code",
    );
    expect((await tried("pier", { position: PIER })).outcome).toBe("correct");
    expect(await tried("pier", { position: NEAR_PIER })).toMatchObject({ outcome: "out_of_range" });
    expect(await tried("flag", { answer: "blue" })).toMatchObject({
      outcome: "correct",
      compared: { mode: "exact" },
    });
  });
});
