/** Something said to a wrong answer: a version, tries back, word to the teams that gave it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken } from "../../scripts/local/secrets.ts";
import type { Audit } from "../../src/contract/data.ts";
import type { WrongAnswers } from "../../src/contract/guesses.ts";
import type { Nudged } from "../../src/contract/regrade.ts";
import { Client, expectProblem, type Player } from "./client.ts";
import { everyOutcome } from "./hunts.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "3" } });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

const answer = (player: Player, id: string, text: string) =>
  client.playOne(player, { id, type: "answer", clue: "cave", answer: text });

const say = (hunt: string, body: object, query = "", token = client.organiserToken, clue = "cave") =>
  client.call<Nudged>("POST", `/v1/hunts/${hunt}/clues/${clue}/nudges${query}`, {
    token,
    json: { reason: "a test", ...body },
  });

const definitionOf = async (hunt: string): Promise<{ text: string; version: string }> => {
  const told = await client.organise<string>("GET", `/v1/hunts/${hunt}/definition`);
  return { text: told.text, version: told.headers.get("etag") ?? "" };
};

/** Published as YAML with comments. */
async function publishYaml(hunt: string): Promise<string> {
  const source = `# The hunt of the tests.\n${stringify(everyOutcome())}# The end.\n`;
  const published = await client.call("PUT", `/v1/hunts/${hunt}`, {
    token: client.organiserToken,
    body: source,
    type: "application/yaml",
  });
  expect(published.status, published.text).toBe(201);
  await client.setPhase(hunt, "live");
  return source;
}

const WORDS = { answer: "open it", say: "Nearly: what opens it?", tell: "Try another word." };

describe("[SEE-5] something is said to a wrong answer", () => {
  test("a new version has it, the teams that gave it have their tries back and are told, nobody else", async () => {
    const source = await publishYaml("said");
    const teams = await Promise.all(["A", "B", "C", "D", "E"].map((name) => client.team("said", name)));
    const [one, two, solver, other, banned] = teams as [Player, Player, Player, Player, Player];
    for (const id of ["w1", "w2", "w3"]) await answer(one, id, `wrong ${id}`);
    for (const player of [two, solver, banned]) await answer(player, "x", "OPEN  it");
    await answer(solver, "y", "open sesame");
    await answer(other, "x", "nothing like it");
    await client.organise("POST", `/v1/hunts/said/teams/${banned.team.id}/ban`, { reason: "a test" });
    // Without a try left it was not given.
    expect((await answer(one, "x", "open it")).outcome).toBe("cooldown");
    expect((await answer(two, "z1", "no")).outcome).toBe("incorrect");
    expect((await answer(two, "z2", "nope")).outcome).toBe("incorrect");
    expect((await answer(two, "z3", "never")).outcome).toBe("cooldown");

    const planned = await say("said", WORDS, "?dryRun=true");
    expect(planned.status, planned.text).toBe(200);
    expect(planned.body).toMatchObject({ version: 1, teams: [two.team.id], total: 1 });
    expect(planned.body.effects).toMatchObject({ teamsMoved: 0, clues: [] });
    expect(await definitionOf("said")).toEqual({ text: source, version: '"1"' });

    const said = await say("said", WORDS);
    expect(said.status, said.text).toBe(200);
    expect(said.body).toEqual({
      clue: "cave",
      version: 2,
      teams: [two.team.id],
      total: 1,
      failed: [],
      announcement: expect.any(String),
    });
    const { text, version } = await definitionOf("said");
    expect(version).toBe('"2"');
    const left = source.split("\n");
    const added = text.split("\n").filter((line) => {
      const at = left.indexOf(line);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
    expect(left).toEqual([]);
    expect(added).toEqual([expect.stringContaining('"open it"')]);

    expect(await answer(two, "z4", "open IT")).toMatchObject({ outcome: "nudge", message: WORDS.say });
    expect((await answer(two, "z5", "never")).outcome).toBe("incorrect");
    expect((await answer(one, "y", "open it")).outcome).toBe("cooldown");
    const heard = await Promise.all(teams.map(async (player) => (await client.me(player)).announcements));
    expect(heard.map((each) => each.map((news) => news.text))).toEqual([[], [WORDS.tell], [], [], []]);
    const audit = await client.organise<Audit>("GET", "/v1/hunts/said/audit");
    expect(audit.body.entries.slice(0, 3).map(({ action }) => action)).toEqual([
      "announce",
      "reset",
      "publish",
    ]);
  });

  test("asked again with the same words it publishes nothing; other words, and what is accepted, are refused", async () => {
    await client.publish("again", everyOutcome());
    const ada = await client.team("again", "Ada");
    await answer(ada, "w", "open it");
    const { tell: _, ...words } = WORDS;
    expect((await say("again", words)).body).toMatchObject({ version: 2, teams: [ada.team.id] });
    expect((await say("again", words)).body).toMatchObject({ version: 2, teams: [ada.team.id], failed: [] });
    expectProblem(await say("again", { ...words, say: "Other words." }), "conflict");
    expectProblem(await say("again", { ...words, answer: "Open sesame!" }), "conflict");
    expectProblem(await say("again", words, "", client.organiserToken, "nothing"), "not_found");
    // The words that it has for another answer.
    expect((await say("again", { ...words, answer: "open up" })).body).toMatchObject({
      version: 3,
      total: 0,
    });
    const { text } = await definitionOf("again");
    expect(JSON.parse(text).clues[0].nudges.at(-1)).toEqual({
      match: ["open it", "open up"],
      say: WORDS.say,
    });
  });

  test("what cannot be published changes nothing", async () => {
    await client.publish("refused", everyOutcome());
    const ada = await client.team("refused", "Ada");
    await answer(ada, "w", "open it");
    for (const body of [
      { ...WORDS, answer: "" },
      { ...WORDS, say: "" },
      { ...WORDS, say: "x".repeat(2_000) },
      { ...WORDS, more: 1 },
      { ...WORDS, answer: "\u0000" },
    ]) {
      expectProblem(await say("refused", body), "invalid");
    }
    // A place is not answered: its definition cannot have a nudge.
    expectProblem(await say("refused", WORDS, "", client.organiserToken, "pier"), "invalid");
    expect((await definitionOf("refused")).version).toBe('"1"');
    await client.setPhase("refused", "ended");
    await client.setPhase("refused", "final");
    expectProblem(await say("refused", WORDS), "conflict");
  });

  test("who may publish and correct says it; an editor alone sees what it would do", async () => {
    await client.publish("roles", everyOutcome());
    const ada = await client.team("roles", "Ada");
    await answer(ada, "w", "open it");
    const of = (roles: ("editor" | "operator")[]) =>
      mintOrganiserToken(engine.secrets, Date.now(), { roles });
    const { tell: _, ...words } = WORDS;
    expectProblem(await say("roles", words, "", await of(["operator"])), "forbidden");
    expectProblem(await say("roles", words, "", await of(["editor"])), "forbidden");
    expect((await say("roles", words, "?dryRun=true", await of(["editor"]))).status).toBe(200);
    expect((await say("roles", words, "", await of(["editor", "operator"]))).status).toBe(200);
  });
});

test("[SEE-6] a wrong answer is marked as soon as something is said to it", async () => {
  await client.publish("marked", everyOutcome());
  const ada = await client.team("marked", "Ada");
  await answer(ada, "w", "open it");
  const wrong = async () =>
    (await client.organise<WrongAnswers>("GET", "/v1/hunts/marked/clues/cave/wrong")).body.answers;
  expect(await wrong()).toMatchObject([{ answer: "open it", teams: 1 }]);
  expect((await wrong())[0]?.nudge).toBe(undefined);
  expect((await say("marked", WORDS)).status).toBe(200);
  expect(await wrong()).toMatchObject([{ answer: "open it", teams: 1, nudge: true }]);
});
