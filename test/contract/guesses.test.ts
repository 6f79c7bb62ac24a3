/** What teams type: their own guesses, the facts for organisers, the wrong answers of a clue. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken, type Person } from "../../scripts/local/secrets.ts";
import type { Audit } from "../../src/contract/data.ts";
import type { Facts, Guesses, ViewToken, WrongAnswers } from "../../src/contract/guesses.ts";
import type { MeViewed } from "../../src/contract/me.ts";
import { Client, expectProblem, type Player } from "./client.ts";
import { everyOutcome, manyClues, NEAR_PIER, PIER, SECRET_ANSWER, soloHunt } from "./hunts.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "3" } });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

const guesses = (player: Player, clue: string, query = "") =>
  client.call<Guesses>("GET", `/v1/hunts/${player.hunt}/clues/${clue}/guesses${query}`, {
    token: player.token,
  });

const answer = (player: Player, id: string, text: string, clue = "c0") =>
  client.playOne(player, { id, type: "answer", clue, answer: text });

const tokenOf = (person: Partial<Person>): Promise<string> =>
  mintOrganiserToken(engine.secrets, Date.now(), person);

const facts = async (hunt: string, query = "", token = client.organiserToken): Promise<Facts> => {
  const told = await client.call<Facts>("GET", `/v1/hunts/${hunt}/facts${query}`, { token });
  expect(told.status, told.text).toBe(200);
  return told.body;
};

/** All pages. */
async function allFacts(hunt: string, query: string): Promise<Facts["facts"]> {
  const found: Facts["facts"] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 100; pages += 1) {
    const page = await facts(hunt, `${query}${cursor === undefined ? "" : `&cursor=${cursor}`}`);
    found.push(...page.facts);
    cursor = page.cursor;
    if (cursor === undefined) return found;
  }
  throw new Error("the pages do not end");
}

const wrong = async (hunt: string, clue: string, query = "", token = client.organiserToken) =>
  (await client.call<WrongAnswers>("GET", `/v1/hunts/${hunt}/clues/${clue}/wrong${query}`, { token })).body
    .answers;

describe("[SEE-1] a team's own guesses", () => {
  test("the newest first: answers, scans, check-ins and solves by hand, without hints and positions", async () => {
    await client.publish("own", everyOutcome());
    const ada = await client.team("own", "Owls");
    const ben = await client.join("own", { name: "Ben", team: { join: ada.team.joinCode ?? "" } });
    await answer(ada, "w1", "moon", "cave");
    await answer(ben, "n1", "Sesame", "cave");
    await client.playOne(ada, { id: "h1", type: "hint", clue: "cave", hint: "free" });
    await answer(ben, "r1", SECRET_ANSWER, "cave");
    const cave = await guesses(ada, "cave");
    expect(cave.status, cave.text).toBe(200);
    expect(cave.body.guesses).toMatchObject([
      { player: { id: ben.id, name: "Ben" }, type: "answer", answer: SECRET_ANSWER, outcome: "correct" },
      { player: { id: ben.id }, answer: "Sesame", outcome: "nudge", message: "Say all of it." },
      { player: { id: ada.id, name: "Owls player" }, answer: "moon", outcome: "incorrect" },
    ]);
    expect(cave.body.before).toBeUndefined();
    await client.playOne(ada, { id: "p1", type: "checkin", clue: "pier", position: NEAR_PIER });
    const pier = await guesses(ben, "pier");
    expect(pier.body.guesses).toMatchObject([
      { type: "checkin", outcome: "out_of_range", player: { id: ada.id } },
    ]);
    expect(pier.text).not.toMatch(/lat|distance|accuracy/);
    await client.organise("POST", `/v1/hunts/own/teams/${ada.team.id}/solves`, {
      clue: "pier",
      reason: "a photo",
    });
    const [byHand] = (await guesses(ben, "pier")).body.guesses;
    expect(byHand).toMatchObject({ type: "solve", outcome: "correct" });
    expect(byHand).not.toHaveProperty("player");
  });

  test("page by page, of this team alone", async () => {
    await client.publish("paged", manyClues(2));
    const [one, two] = [await client.team("paged", "One"), await client.team("paged", "Two")];
    for (let index = 0; index < 7; index += 1) {
      await answer(one, `a${index}`, `wrong ${index}`);
      await answer(one, `b${index}`, `other ${index}`, "c1");
      await answer(two, `a${index}`, `theirs ${index}`);
    }
    const texts: (string | undefined)[] = [];
    let before = "";
    for (let pages = 0; pages < 10; pages += 1) {
      const page = await guesses(one, "c0", `?limit=3${before}`);
      expect(page.body.guesses.length).toBeLessThanOrEqual(3);
      texts.push(...page.body.guesses.map((guess) => guess.answer));
      if (page.body.before === undefined) break;
      before = `&before=${page.body.before}`;
    }
    expect(texts).toEqual([6, 5, 4, 3, 2, 1, 0].map((index) => `wrong ${index}`));
    const third = (await guesses(one, "c0")).body.guesses[2];
    const older = (await guesses(one, "c0", `?before=${third?.seq}`)).body.guesses;
    expect(older.map((guess) => guess.answer)).toEqual(["wrong 3", "wrong 2", "wrong 1", "wrong 0"]);
    expectProblem(await guesses(one, "c0", "?limit=0"), "invalid");
    expectProblem(await guesses(one, "c0", "?before=x"), "invalid");
  });

  test("a locked clue is as a missing one; hidden by the definition, every clue is forbidden", async () => {
    const player = await client.team("own", "Locked");
    const locked = expectProblem(await guesses(player, "vault"), "not_found");
    expect(expectProblem(await guesses(player, "nowhere"), "not_found").detail).toBe(locked.detail);
    await client.publish("secretive", everyOutcome({ guesses: "hidden" }));
    const other = await client.team("secretive", "Others");
    for (const clue of ["cave", "vault", "nowhere"]) expectProblem(await guesses(other, clue), "forbidden");
    expectProblem(
      await client.organise("PUT", "/v1/hunts/secretive", everyOutcome({ guesses: "sometimes" })),
      "invalid",
    );
  });

  test("who was forgotten has no name in them", async () => {
    await client.publish("gone", manyClues(1));
    const ada = await client.team("gone", "Leavers");
    const ben = await client.join("gone", { name: "Benedict", team: { join: ada.team.joinCode ?? "" } });
    await answer(ben, "w", "moon");
    expect((await client.call("DELETE", "/v1/hunts/gone/me", { token: ben.token })).status).toBe(204);
    const told = await guesses(ada, "c0");
    expect(told.body.guesses).toMatchObject([{ answer: "moon", player: { id: ben.id, name: "–" } }]);
    expectProblem(await guesses(ben, "c0"), "unauthenticated");
  });
});

describe("[SEE-2] the facts", () => {
  test("of all shards, the newest first, page by page, each once", async () => {
    await client.publish("feed", manyClues(3));
    const teams: Player[] = [];
    for (const name of ["A", "B", "C", "D", "E", "F"]) teams.push(await client.team("feed", name));
    for (let round = 0; round < 4; round += 1) {
      for (const team of teams) await answer(team, `e${round}`, `wrong ${round}`);
    }
    const exported = await client.export("feed");
    const found = await allFacts("feed", "?limit=7");
    expect(new Set(found.map(({ shard }) => shard)).size).toBeGreaterThan(1);
    const sorted = (lines: readonly { shard: string; seq: number }[]) =>
      lines.map(({ shard, seq }) => `${shard}/${seq}`).sort();
    expect(sorted(found)).toEqual(sorted(exported));
    const times = found.map((fact) => ("at" in fact ? fact.at : ""));
    expect(times).toEqual([...times].sort().reverse());
    expect((await facts("feed", "?limit=3")).teams.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["F"]),
    );
  });

  test("by team, clue, player, type, outcome, also together", async () => {
    const team = await client.team("feed", "Filtered");
    await answer(team, "x", "moon", "c1");
    await answer(team, "y", "right 1", "c1");
    await client.organise("POST", `/v1/hunts/feed/teams/${team.team.id}/awards`, {
      points: 5,
      reason: "a gift",
    });
    const types = async (query: string) =>
      (await allFacts("feed", query)).map((fact) => ("outcome" in fact ? fact.outcome : fact.type));
    expect(await types(`?team=${team.team.id}`)).toEqual(["award", "correct", "incorrect", "join"]);
    expect(await types(`?player=${team.id}`)).toEqual(["correct", "incorrect", "join"]);
    expect(await types("?clue=c1")).toEqual(["correct", "incorrect"]);
    expect(await types(`?team=${team.team.id}&type=award`)).toEqual(["award"]);
    expect(await types("?clue=c1&outcome=correct")).toEqual(["correct"]);
    expect(await types("?clue=c2")).toEqual([]);
    for (const query of ["?type=nothing", "?outcome=nothing", "?cursor=!", "?limit=1000", "?more=1"]) {
      expectProblem(await client.organise("GET", `/v1/hunts/feed/facts${query}`), "invalid");
    }
    expectProblem(await client.organise("GET", "/v1/hunts/feed/facts?team=weur-0-zz-guess"), "not_found");
  });

  test("viewers and editors see no names, codes, positions and accepted answers; a judge sees no fields", async () => {
    const join = { fields: [{ id: "mail", label: "Mail", kind: "email" }] };
    await client.publish("roles", everyOutcome({ join }));
    const ada = await client.join("roles", {
      name: "Adalbert",
      team: { create: "Seers" },
      fields: { mail: "ada@example.org" },
    });
    await answer(ada, "r", SECRET_ANSWER, "cave");
    await client.playOne(ada, { id: "p", type: "checkin", clue: "pier", position: PIER });
    for (const role of ["viewer", "editor"] as const) {
      const text = JSON.stringify(await facts("roles", "", await tokenOf({ roles: [role] })));
      expect(text).not.toMatch(/Adalbert|sesame|"lat"|"position"|"person"|example\.org/);
      expect(text).not.toContain(ada.team.joinCode ?? "?");
    }
    const judge = JSON.stringify(await facts("roles", "", await tokenOf({ roles: ["judge"] })));
    expect(judge).toMatch(/Adalbert/);
    expect(judge).toMatch(/open sesame/);
    expect(judge).toMatch(/"lat"/);
    expect(judge).not.toMatch(/example\.org/);
    expect(JSON.stringify(await facts("roles", "", await tokenOf({ roles: ["operator"] })))).toMatch(
      /example\.org/,
    );
    const audit = await client.organise<Audit>("GET", "/v1/hunts/roles/audit");
    expect(audit.body.entries.filter(({ action }) => action === "facts")).toHaveLength(1);
  });

  test("of a hunt that is played alone, viewers are told no team's name", async () => {
    await client.publish("alone", soloHunt());
    await client.join("alone", { name: "Solitaire" });
    const viewer = await tokenOf({ roles: ["viewer"] });
    expect(JSON.stringify(await facts("alone", "", viewer))).not.toContain("Solitaire");
    expect((await facts("alone")).teams).toMatchObject([{ name: "Solitaire" }]);
  });
});

describe("[SEE-3] the wrong answers of a clue", () => {
  test("by number of teams over all shards; what the clue compares as equal is one", async () => {
    await client.publish(
      "wrongs",
      everyOutcome({ attempts: { burst: 100, refillPerMinute: 60, perClue: 0 } }),
    );
    const teams: Player[] = [];
    for (let index = 0; index < 6; index += 1) teams.push(await client.team("wrongs", `Team ${index}`));
    const viewer = await tokenOf({ roles: ["viewer"] });
    for (const [index, team] of teams.entries()) {
      await answer(team, "k", index === 0 ? "lighthouse-keeper" : "Lighthouse Keeper", "cave");
      if (index < 2) await answer(team, "n", "sesame", "cave");
      if (index === 0) await answer(team, "m", "moon", "cave");
    }
    const told = await wrong("wrongs", "cave", "", viewer);
    expect(told).toMatchObject([
      { answer: "Lighthouse Keeper", teams: 6, count: 6 },
      { answer: "sesame", teams: 2, count: 2, nudge: true },
      { answer: "moon", teams: 1, count: 1 },
    ]);
    expect(told[0]?.first.localeCompare(told[0].last)).toBe(-1);
    expect(await wrong("wrongs", "cave", "?limit=1")).toHaveLength(1);
    // What came since is counted with it, and a right answer is none.
    await answer(teams[3] as Player, "m", "MOON", "cave");
    await answer(teams[4] as Player, "r", SECRET_ANSWER, "cave");
    expect((await wrong("wrongs", "cave"))[2]).toMatchObject({ answer: "moon", teams: 2 });
    expect(JSON.stringify(await wrong("wrongs", "cave"))).not.toContain(SECRET_ANSWER);
  });

  test("hidden and banned teams do not count, and count again", async () => {
    const before = (await wrong("wrongs", "cave"))[0]?.teams ?? 0;
    const staff = await client.team("wrongs", "Staff");
    await answer(staff, "k", "lighthouse keeper", "cave");
    const act = (action: string) =>
      client.organise("POST", `/v1/hunts/wrongs/teams/${staff.team.id}/${action}`, { reason: "a test" });
    expect((await wrong("wrongs", "cave"))[0]?.teams).toBe(before + 1);
    for (const [off, on] of [
      ["hide", "show"],
      ["ban", "unban"],
    ] as const) {
      await act(off);
      expect((await wrong("wrongs", "cave"))[0]?.teams).toBe(before);
      await act(on);
      expect((await wrong("wrongs", "cave"))[0]?.teams).toBe(before + 1);
    }
  });

  test("a clue without answers has none; an unknown one is not found", async () => {
    expect(await wrong("wrongs", "end")).toEqual([]);
    expectProblem(await client.organise("GET", "/v1/hunts/wrongs/clues/nowhere/wrong"), "not_found");
    expectProblem(await client.organise("GET", "/v1/hunts/unknown-hunt/clues/cave/wrong"), "not_found");
  });
});

describe("[SEE-4] an organiser looks as a team", () => {
  const look = async (team: Player, roles: Person["roles"] = ["judge"]) =>
    client.call<ViewToken>("POST", `/v1/hunts/${team.hunt}/teams/${team.team.id}/view`, {
      token: await tokenOf({ roles }),
      json: { reason: "they see nothing" },
    });

  test("reads what the team sees, and plays nothing", async () => {
    await client.publish("viewed", everyOutcome());
    const ada = await client.team("viewed", "Seen");
    await answer(ada, "w", "moon", "cave");
    const given = await look(ada);
    expect(given.status, given.text).toBe(201);
    const { token, expiresAt } = given.body;
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(590_000);
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(600_000);
    const seen = await client.call<MeViewed>("GET", "/v1/hunts/viewed/me", { token });
    expect(seen.status, seen.text).toBe(200);
    const { player, serverTime: _, asOf: __, ...theirs } = await client.me(ada);
    expect(seen.body).toMatchObject(theirs);
    expect(seen.body).not.toHaveProperty("player");
    expect(seen.text).not.toContain(player.returnCode);
    const tried = await guesses({ ...ada, token }, "cave");
    expect(tried.body.guesses).toMatchObject([{ answer: "moon" }]);
    expectProblem(await guesses({ ...ada, token }, "vault"), "not_found");
    const calls: [string, string, object?][] = [
      ["POST", "events", { events: [{ id: "x", type: "answer", clue: "cave", answer: SECRET_ANSWER }] }],
      ["POST", "tickets"],
      ["POST", "sessions/renew"],
      ["POST", "sessions/end"],
      ["GET", "me/data"],
      ["DELETE", "me"],
      ["PATCH", "team", { name: "Mine" }],
      ["POST", "team/leave"],
    ];
    for (const [method, path, json] of calls) {
      const refused = await client.call(method, `/v1/hunts/viewed/${path}`, {
        token,
        ...(json ? { json } : {}),
      });
      expectProblem(refused, "forbidden");
    }
    expect((await client.me(ada)).clues.find(({ id }) => id === "cave")?.state).toBe("open");
    const audit = await client.organise<Audit>("GET", "/v1/hunts/viewed/audit");
    expect(audit.body.entries.find(({ action }) => action === "view")?.detail).toEqual({
      team: ada.team.id,
      reason: "they see nothing",
    });
  });

  test("not of another hunt, not for viewers, not of nobody", async () => {
    await client.publish("unviewed", manyClues(1));
    const [here, there] = [await client.team("viewed", "Here"), await client.team("unviewed", "There")];
    const { token } = (await look(here)).body;
    expectProblem(await client.call("GET", "/v1/hunts/unviewed/me", { token }), "forbidden");
    expectProblem(await guesses({ ...there, token }, "c0"), "forbidden");
    expectProblem(await look(here, ["viewer"]), "forbidden");
    expectProblem(await look({ ...here, team: { ...here.team, id: "weur-0-zz-nobody" } }), "not_found");
    expectProblem(
      await client.organise("POST", `/v1/hunts/viewed/teams/${here.team.id}/view`, {}),
      "invalid",
    );
  });
});
