/** The help desk over the wire: teams ask, organisers answer. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken, type Person } from "../../scripts/local/secrets.ts";
import type { Audit } from "../../src/contract/data.ts";
import type {
  AskedMade,
  HelpContext,
  HelpQueue,
  Thread,
  ThreadMade,
  Threads,
} from "../../src/contract/help.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import type { PersonalData } from "../../src/contract/personal.ts";
import { type Answer, Client, expectProblem, type Player } from "./client.ts";
import { everyOutcome, manyClues, SECRET_ANSWER } from "./hunts.ts";
import { Socket } from "./socket.ts";

let engine: Engine;
let client: Client;
/** Two judges and an operator. */
let judges: [string, string];
let operator: string;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "2" } });
  client = await Client.of(engine);
  const tokenOf = (person: Partial<Person>) => mintOrganiserToken(engine.secrets, Date.now(), person);
  judges = [
    await tokenOf({ name: "Jo", roles: ["judge"] }),
    await tokenOf({ name: "kim@example.org", roles: ["judge"] }),
  ];
  operator = await tokenOf({ name: "Olga", roles: ["operator"] });
});
afterAll(() => engine.stop());

const HELP = { perTeam: 2, about: "anything" };

const ask = (player: Player, text: string, clue?: string) =>
  client.call<ThreadMade>("POST", `/v1/hunts/${player.hunt}/threads`, {
    token: player.token,
    json: { text, ...(clue === undefined ? {} : { clue }) },
  });

async function asked(player: Player, text: string, clue?: string): Promise<string> {
  const made = await ask(player, text, clue);
  expect(made.status, made.text).toBe(201);
  return made.body.thread.id;
}

/** As `ask` and `more`, under an Idempotency-Key. */
const say = (player: Player, path: string, key: string, json: object) =>
  client.call<ThreadMade>("POST", `/v1/hunts/${player.hunt}/threads${path}`, {
    token: player.token,
    json,
    headers: { "idempotency-key": key },
  });

const threadsOf = async (player: Player): Promise<Thread[]> =>
  (await client.call<Threads>("GET", `/v1/hunts/${player.hunt}/threads`, { token: player.token })).body
    .threads;

const more = (player: Player, thread: string, text: string) =>
  client.call<ThreadMade>("POST", `/v1/hunts/${player.hunt}/threads/${thread}/messages`, {
    token: player.token,
    json: { text },
  });

const queue = async (hunt: string, query = "", token = judges[0]): Promise<HelpQueue> => {
  const told = await client.call<HelpQueue>("GET", `/v1/hunts/${hunt}/help${query}`, { token });
  expect(told.status, told.text).toBe(200);
  return told.body;
};

const act = (
  hunt: string,
  thread: string,
  what: string,
  token: string | undefined = judges[0],
  json?: object,
): Promise<Answer<AskedMade>> =>
  client.call<AskedMade>("POST", `/v1/hunts/${hunt}/help/${thread}/${what}`, {
    token,
    ...(json === undefined ? {} : { json }),
  });

const reply = (hunt: string, thread: string, text: string, token = judges[0], close = false) =>
  act(hunt, thread, "messages", token, { text, close });

describe("[HELP-1] a team asks", () => {
  test("about a clue that it sees, or about anything; so many at a time", async () => {
    await client.publish("asked", everyOutcome({ help: HELP }));
    expect((await client.call<Hunt>("GET", "/v1/hunts/asked")).body.help).toEqual(HELP);
    const ada = await client.team("asked", "Owls");
    expect(await threadsOf(ada)).toEqual([]);
    const made = await ask(ada, "The cave is shut.", "cave");
    expect(made.status, made.text).toBe(201);
    expect(made.body.thread).toEqual({
      id: expect.any(String),
      clue: "cave",
      state: "open",
      messages: [{ at: expect.any(String), from: "team", by: "Owls player", text: "The cave is shut." }],
    });
    await asked(ada, "Where is the toilet?");
    expectProblem(await ask(ada, "A third", "pier"), "conflict");
    expect((await threadsOf(ada)).map(({ clue }) => clue)).toEqual([undefined, "cave"]);
    const other = await client.team("asked", "Others");
    expect(await threadsOf(other)).toEqual([]);
    expectProblem(await more(other, made.body.thread.id, "Me too"), "not_found");
    expectProblem(await ask(other, "What is it?", "vault"), "not_found");
    expectProblem(await ask(other, "What is it?", "nowhere"), "not_found");
    for (const text of ["", "x".repeat(2_001)]) expectProblem(await ask(other, text), "invalid");
    // One that is answered does not count.
    await reply("asked", made.body.thread.id, "It opens at noon.");
    await asked(ada, "A third", "pier");
  });

  test("where the hunt offers it, from when on it does, about what it does", async () => {
    await client.publish("unasked", everyOutcome());
    const nobody = await client.team("unasked", "Nobody");
    expect((await client.call<Hunt>("GET", "/v1/hunts/unasked")).body.help).toBeUndefined();
    expectProblem(await ask(nobody, "Help!", "cave"), "conflict");
    expectProblem(await more(nobody, `${nobody.team.id}.1`, "Help!"), "conflict");
    const read = await client.call("GET", "/v1/hunts/unasked/threads", { token: nobody.token });
    expectProblem(read, "conflict");
    await client.publish("strict", everyOutcome({ help: { from: { after: "30m" }, about: "clues" } }));
    const early = await client.team("strict", "Early");
    expect(expectProblem(await ask(early, "Help!", "cave"), "conflict").detail).toMatch(/from 20/);
    expectProblem(await ask(early, "Help!"), "invalid");
    await client.publish("since", everyOutcome({ help: { from: { at: "2020-01-01T00:00:00Z" } } }));
    await asked(await client.team("since", "Late"), "Help!", "cave");
    for (const help of [{ perTeam: 0 }, { about: "weather" }, { from: "start" }, { perHour: 1 }]) {
      expectProblem(await client.organise("PUT", "/v1/hunts/wrong-help", everyOutcome({ help })), "invalid");
    }
  });

  test("not when it is banned, before the start and after the end", async () => {
    await client.publish("phases", manyClues(1, { help: HELP }), "draft");
    const ada = await client.team("phases", "Ada");
    expectProblem(await ask(ada, "When?"), "conflict");
    await client.setPhase("phases", "live");
    const id = await asked(ada, "Where?");
    await client.organise("POST", `/v1/hunts/phases/teams/${ada.team.id}/ban`, { reason: "x" });
    expectProblem(await ask(ada, "Why?"), "conflict");
    await client.organise("POST", `/v1/hunts/phases/teams/${ada.team.id}/unban`, { reason: "x" });
    await client.setPhase("phases", "ended");
    expectProblem(await ask(ada, "And now?"), "conflict");
    expect((await threadsOf(ada)).map((thread) => thread.id)).toEqual([id]);
  });
});

describe("[HELP-2] the queue", () => {
  test("has what waits over all shards, the longest wait first; by state and clue", async () => {
    await client.publish("queue", manyClues(3, { help: { perTeam: 5 } }));
    const teams: Player[] = [];
    for (let index = 0; index < 4; index += 1) teams.push(await client.team("queue", `Team ${index}`));
    const ids: string[] = [];
    for (const [index, team] of teams.entries())
      ids.push(await asked(team, `Question ${index}`, `c${index % 2}`));
    const all = await queue("queue");
    expect(all.total).toBe(4);
    expect(all.threads.map(({ id }) => id)).toEqual(ids);
    expect(all.threads[0]).toMatchObject({
      team: { id: teams[0]?.team.id, name: "Team 0" },
      state: "open",
      waitingSeconds: expect.any(Number),
      messages: [{ by: "Team 0 player", text: "Question 0" }],
    });
    expect((await queue("queue", "?clue=c1")).threads.map(({ id }) => id)).toEqual([ids[1], ids[3]]);
    expect(await queue("queue", "?limit=1")).toMatchObject({ total: 4, threads: [{ id: ids[0] }] });
    await reply("queue", ids[1] ?? "", "Yes.");
    await act("queue", ids[2] ?? "", "claim");
    expect((await queue("queue")).threads.map(({ id }) => id)).toEqual([ids[0], ids[2], ids[3]]);
    expect((await queue("queue", "?state=claimed")).threads).toMatchObject([{ id: ids[2], claimedBy: "Jo" }]);
    expect((await queue("queue", "?state=answered")).threads).toMatchObject([
      { id: ids[1], waitingSeconds: 0 },
    ]);
    // Who says more waits anew, behind the others.
    expect((await more(teams[1] as Player, ids[1] ?? "", "Which?")).body.thread.state).toBe("open");
    expect((await queue("queue")).threads.map(({ id }) => id)).toEqual([ids[0], ids[2], ids[3], ids[1]]);
    for (const query of ["?state=lost", "?limit=0", "?more=1"]) {
      expectProblem(
        await client.call("GET", `/v1/hunts/queue/help${query}`, { token: judges[0] }),
        "invalid",
      );
    }
  });

  test("one request with what stands beside it", async () => {
    await client.publish("beside", everyOutcome({ help: HELP }));
    const ada = await client.team("beside", "Ada");
    await client.playOne(ada, { id: "w", type: "answer", clue: "cave", answer: "moon" });
    await client.playOne(ada, { id: "h", type: "hint", clue: "cave", hint: "free" });
    const id = await asked(ada, "Which word?", "cave");
    const { body } = await client.call<HelpContext>("GET", `/v1/hunts/beside/help/${id}`, {
      token: judges[0],
    });
    expect(body).toMatchObject({
      thread: { id, clue: "cave" },
      hints: [
        { id: "free", text: "It is a seed.", taken: true },
        { id: "late", taken: false, cost: 10 },
        { id: "dear", taken: false },
      ],
      guesses: [{ answer: "moon", outcome: "incorrect" }],
    });
    for (const unknown of [`${ada.team.id}.99`, "weur-0-zz-guess.1", "nothing"]) {
      const told = await client.call("GET", `/v1/hunts/beside/help/${unknown}`, { token: judges[0] });
      expectProblem(told, "not_found");
      expectProblem(await act("beside", unknown, "claim"), "not_found");
    }
  });
});

test("[HELP-2] it is paged: following the cursor every request comes once, in order, also long ones", async () => {
  await client.publish("paged", manyClues(1, { help: { perTeam: 10 } }));
  const teams = [
    await client.team("paged", "A"),
    await client.team("paged", "B"),
    await client.team("paged", "C"),
  ];
  const ids: string[] = [];
  for (let turn = 0; turn < 9; turn += 1)
    ids.push(await asked(teams[turn % 3] as Player, `Question ${turn}`));
  const follow = async (query: string): Promise<{ sizes: number[]; found: string[] }> => {
    const sizes: number[] = [];
    const found: string[] = [];
    for (let cursor: string | undefined = ""; cursor !== undefined; ) {
      const page: HelpQueue = await queue("paged", `${query}${cursor === "" ? "" : `&cursor=${cursor}`}`);
      sizes.push(page.threads.length);
      found.push(...page.threads.map(({ id }) => id));
      expect(page.total).toBe(query.includes("answered") ? 4 : ids.length);
      cursor = page.cursor;
    }
    return { sizes, found };
  };
  const paged = await follow("?limit=4");
  expect(paged.found).toEqual(ids);
  expect(Math.max(...paged.sizes)).toBe(4);
  expect((await follow("?limit=200")).sizes).toEqual([9]);
  const answered = ids.splice(2, 4);
  for (const id of answered) await reply("paged", id, "Yes.");
  expect((await follow("?state=answered&limit=3")).found).toEqual([...answered].reverse());
  expect((await follow("?limit=2")).found).toEqual(ids);
  for (const cursor of ["x", "0.1", "2.1.weur-0-1-a.1", `0.${"9".repeat(16)}.weur-0-1-a.1`]) {
    const told = await client.call("GET", `/v1/hunts/paged/help?cursor=${cursor}`, { token: judges[0] });
    expectProblem(told, "invalid");
  }
  // Long ones end a page early.
  const [writer, ...others] = teams;
  for (const team of [writer as Player, ...others]) {
    const own = ids.find((id) => id.startsWith(team.team.id));
    if (own === undefined) continue;
    for (let count = 0; count < 49; count += 1) await more(team, own, "x".repeat(2_000));
    expectProblem(await more(team, own, "x".repeat(2_000)), "conflict");
  }
  const long = await follow("?limit=200");
  expect(long.found).toEqual(ids);
}, 360_000);

test("[HELP-6] a request, a message and a reply that are sent again under their Idempotency-Key are said once", async () => {
  await client.publish("again", manyClues(2, { help: HELP }));
  const ada = await client.team("again", "Ada");
  const ben = await client.join("again", { name: "Ben", team: { join: ada.team.joinCode ?? "" } });
  const first = { text: "Where?", clue: "c0" };
  const made = await Promise.all([1, 2, 3].map(() => say(ada, "", "k-1", first)));
  for (const { status, text } of made) expect(status, text).toBe(201);
  const [id = ""] = made.map(({ body }) => body.thread.id);
  expect(await threadsOf(ada)).toMatchObject([{ id, messages: [{ text: "Where?" }] }]);
  expectProblem(await say(ada, "", "k-1", { text: "Where?", clue: "c1" }), "conflict");
  expectProblem(await say(ada, "", "k-1", { text: "Where" }), "conflict");
  // Another player's key is another one.
  expect((await say(ben, "", "k-1", { text: "Where?", clue: "c1" })).body.thread.id).not.toBe(id);
  expect(await threadsOf(ada)).toHaveLength(2);
  // Also where a second one would be too many.
  expect((await say(ada, "", "k-1", first)).body.thread.id).toBe(id);
  expectProblem(await ask(ada, "A third"), "conflict");

  const messages = `/${id}/messages`;
  for (let turn = 0; turn < 2; turn += 1) {
    const said = await say(ada, messages, "k-2", { text: "It is dark." });
    expect(said.body.thread.messages.map(({ text }) => text)).toEqual(["Where?", "It is dark."]);
  }
  expectProblem(await say(ada, messages, "k-2", { text: "It is light." }), "conflict");
  expectProblem(await say(ada, messages, "k-1", { text: "It is light." }), "conflict");
  expectProblem(await say(ada, messages, "no key", { text: "It is dark." }), "bad_request");

  const answer = (key: string, text: string, token = judges[0]) =>
    client.call<AskedMade>("POST", `/v1/hunts/again/help/${id}/messages`, {
      token,
      json: { text, close: true },
      headers: { "idempotency-key": key },
    });
  for (let turn = 0; turn < 2; turn += 1)
    expect((await answer("k", "Here.")).body.thread.state).toBe("closed");
  expectProblem(await answer("k", "There."), "conflict");
  expectProblem(await answer("k", "Here.", judges[1]), "conflict");
  const [thread] = (await threadsOf(ada)).filter((each) => each.id === id);
  expect(thread?.messages.map(({ text }) => text)).toEqual(["Where?", "It is dark.", "Here."]);
  // What was closed meanwhile is given as it is now.
  expect((await say(ada, messages, "k-2", { text: "It is dark." })).body.thread.state).toBe("closed");
});

describe("[HELP-3] who claims a request has it for 15 minutes", () => {
  test("others cannot answer, release or close it; operators release and close it", async () => {
    await client.publish("claimed", manyClues(1, { help: { perTeam: 5 } }));
    const ada = await client.team("claimed", "Ada");
    const id = await asked(ada, "Help!");
    const claimed = await act("claimed", id, "claim");
    expect(claimed.status, claimed.text).toBe(200);
    expect(claimed.body.thread).toMatchObject({ state: "claimed", claimedBy: "Jo" });
    const until = Date.parse(claimed.body.thread.claimedUntil ?? "") - Date.now();
    expect(until).toBeGreaterThan(14 * 60_000);
    expect(until).toBeLessThanOrEqual(15 * 60_000);
    expect((await act("claimed", id, "claim")).status).toBe(200);
    for (const what of ["claim", "release", "close"]) {
      expectProblem(await act("claimed", id, what, judges[1]), "conflict");
    }
    expectProblem(await reply("claimed", id, "Mine.", judges[1]), "conflict");
    expectProblem(await reply("claimed", id, "Mine.", operator), "conflict");
    expectProblem(await act("claimed", id, "claim", operator), "conflict");
    expect((await act("claimed", id, "release", operator)).body.thread.state).toBe("open");
    // Unclaimed ones may be answered by anybody; a player is not told an address.
    expect((await reply("claimed", id, "Here I am.", judges[1])).body.thread.state).toBe("answered");
    expect((await threadsOf(ada))[0]?.messages.at(-1)).toMatchObject({
      from: "staff",
      by: "kim",
      text: "Here I am.",
    });
    expectProblem(await act("claimed", id, "claim"), "conflict");
    const second = await asked(ada, "Again!");
    await act("claimed", second, "claim");
    expect((await act("claimed", second, "close", operator)).body.thread.state).toBe("closed");
    expectProblem(await reply("claimed", second, "Late."), "conflict");
    expectProblem(await more(ada, second, "Late."), "conflict");
    const third = await asked(ada, "And again!");
    expect((await reply("claimed", third, "Done.", judges[0], true)).body.thread.state).toBe("closed");
    const audit = await client.organise<Audit>("GET", "/v1/hunts/claimed/audit");
    expect(audit.body.entries[0]).toMatchObject({ action: "help-reply", detail: { id: third } });
    expect(JSON.stringify(audit.body)).not.toMatch(/Done\.|Here I am/);
  });

  test("viewers and editors see nothing of it", async () => {
    for (const role of ["viewer", "editor"] as const) {
      const token = await mintOrganiserToken(engine.secrets, Date.now(), { roles: [role] });
      expectProblem(await client.call("GET", "/v1/hunts/claimed/help", { token }), "forbidden");
    }
  });
});

describe("[HELP-4] a solve closes the threads about its clue", () => {
  test("by a player or by hand; asking about it is a conflict then", async () => {
    await client.publish("solved", everyOutcome({ help: { perTeam: 5 } }));
    const ada = await client.team("solved", "Ada");
    const [cave, pier, other] = [
      await asked(ada, "The cave?", "cave"),
      await asked(ada, "The pier?", "pier"),
      await asked(ada, "The weather?"),
    ];
    const socket = await Socket.ofPlayer(client, ada);
    await client.playOne(ada, { id: "s", type: "answer", clue: "cave", answer: SECRET_ANSWER });
    expect(await socket.next("thread")).toMatchObject({ id: cave, state: "closed" });
    await client.organise("POST", `/v1/hunts/solved/teams/${ada.team.id}/solves`, {
      clue: "pier",
      reason: "seen",
    });
    expect(await socket.next("thread")).toMatchObject({ id: pier, state: "closed" });
    expect((await queue("solved")).threads.map(({ id }) => id)).toEqual([other]);
    expectProblem(await ask(ada, "Why?", "cave"), "conflict");
    expectProblem(await reply("solved", cave, "Too late."), "conflict");
    await reply("solved", other, "Rain.");
    expect(await socket.next("thread")).toMatchObject({
      id: other,
      state: "answered",
      messages: [{}, { from: "staff", by: "Jo", text: "Rain." }],
    });
    await socket.close();
  });
});

test("[HELP-5] what a player wrote is among its data, and is gone when it is forgotten", async () => {
  await client.publish("wrote", manyClues(1, { help: HELP }));
  const ada = await client.team("wrote", "Writers");
  const ben = await client.join("wrote", { name: "Benedict", team: { join: ada.team.joinCode ?? "" } });
  await asked(ben, "Call me: 555-0199", "c0");
  const data = await client.call<PersonalData>("GET", "/v1/hunts/wrote/me/data", { token: ben.token });
  expect(data.body.messages).toMatchObject([{ clue: "c0", text: "Call me: 555-0199" }]);
  expect((await client.call("DELETE", "/v1/hunts/wrote/me", { token: ben.token })).status).toBe(204);
  const [thread] = await threadsOf(ada);
  expect(thread?.messages).toMatchObject([{ from: "team", by: "–", text: "–" }]);
  expect(JSON.stringify(await queue("wrote"))).not.toMatch(/555-0199|Benedict/);
});
