import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { JoinBody } from "../../src/contract/join.ts";
import { type Answer, Client, expectProblem } from "./client.ts";
import { everyOutcome, manyClues, soloHunt } from "./hunts.ts";

interface Joined {
  player: { id: string; name: string };
  team: { id: string; name: string; joinCode?: string };
  token: string;
  returnCode: string;
}

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await client.publish("teams", everyOutcome());
  await client.publish("solo", soloHunt());
});
afterAll(() => engine.stop());

function join(hunt: string, joining: unknown, key?: string): Promise<Answer<Joined>> {
  return client.call("POST", `/v1/hunts/${hunt}/players`, {
    json: joining,
    ...(key === undefined ? {} : { headers: { "idempotency-key": key } }),
  });
}

const create = (name: string, bracket?: string): JoinBody => ({
  name: "Ann",
  team: { create: name, ...(bracket === undefined ? {} : { bracket }) },
});

describe("[API-20] joining", () => {
  test("creates a team with a code that team-mates join by", async () => {
    const first = await join("teams", create("Founders", "locals"));
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      player: { id: expect.stringMatching(/^.{1,64}$/), name: "Ann" },
      team: { id: expect.stringMatching(/^.{1,64}$/), name: "Founders", joinCode: expect.any(String) },
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      returnCode: expect.stringMatching(/^WEUR\d+(?:-[0-9A-Z]{6}){3}$/),
    });
    const code = first.body.team.joinCode ?? "";
    const second = await join("teams", { name: "Ben", team: { join: ` ${code.toLowerCase()} ` } });
    expect(second.body.team).toEqual(first.body.team);
    expect(second.body.player.id).not.toBe(first.body.player.id);
    const { player: mate, ...seat } = second.body;
    const player = { hunt: "teams", ...mate, ...seat };
    const me = await client.me(player);
    expect(me.team.members).toEqual([{ ...first.body.player, captain: true }, mate]);
    expect(me.team.bracket).toBe("locals");
    expectProblem(await join("teams", { name: "Cid", team: { join: code } }), "conflict");
  });

  test("[SH-26] takes a code as it is typed", async () => {
    const { joinCode = "" } = (await client.team("teams", "Typed")).team;
    const codes = joinCode.split("-");
    const typed = codes.join("").split("").join(" ").toLowerCase();
    const guest = await join("teams", { name: "Guest", team: { join: `${typed}\u200b` } });
    expect(guest.body.team?.name).toBe("Typed");
    const found = await client.organise<{ teams: { name: string }[] }>(
      "GET",
      `/v1/hunts/teams/teams?search=${encodeURIComponent(codes.join(" – ").toLowerCase())}`,
    );
    expect(found.body.teams.map(({ name }) => name)).toEqual(["Typed"]);
  });

  test("refuses a code that names no team", async () => {
    const { joinCode = "" } = (await client.team("teams", "Guessed")).team;
    const guesses = [
      joinCode.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
      "WEUR0-0000000",
      "nonsense",
      "WEUR9999-0000000",
    ];
    for (const guess of guesses) {
      expectProblem(await join("teams", { name: "Eve", team: { join: guess } }), "not_found");
    }
  });

  test("is open in draft, live and paused, and closed after the end", async () => {
    await client.publish("stages", manyClues(1), "draft");
    expect((await join("stages", create("Waiting room"))).status).toBe(201);
    await client.setPhase("stages", "live");
    expect((await join("stages", create("In time"))).status).toBe(201);
    await client.setPhase("stages", "paused");
    expect((await join("stages", create("In a pause"))).status).toBe(201);
    await client.setPhase("stages", "ended");
    expectProblem(await join("stages", create("Too late")), "conflict");
    expectProblem(await join("unknown-hunt", create("Nowhere")), "not_found");
  });

  test("wants a known bracket", async () => {
    expectProblem(await join("teams", create("Bracketless", "nobody")), "invalid");
  });

  test.each([
    ["no team in a team hunt", "teams", { name: "Ann" }],
    ["a team to join in a solo hunt", "solo", { name: "Ann", team: { join: "WEUR0-0000000" } }],
    ["no name", "teams", { team: { create: "Nameless" } }],
    ["a blank name", "teams", { name: "   ", team: { create: "Blank" } }],
    ["a name of 81 characters", "teams", { name: "x".repeat(81), team: { create: "Long" } }],
    ["a name of another type", "teams", { name: 7, team: { create: "Seven" } }],
    ["nothing to see", "teams", { name: "\u200b", team: { create: "Unseen" } }],
    ["a team of nothing to see", "teams", { name: "Ann", team: { create: "\u2800 \u3164" } }],
    ["an override", "teams", { name: "Ann", team: { create: "Al\u202epha" } }],
    ["a line separator", "teams", { name: "An\u2028n", team: { create: "Lines" } }],
    ["a tab inside", "teams", { name: "An\tn", team: { create: "Tabs" } }],
    ["control characters", "teams", { name: "A\u0000nn", team: { create: "Control" } }],
    ["both ways at once", "teams", { name: "Ann", team: { create: "Both", join: "WEUR0-0000000" } }],
    ["an unknown key", "teams", { name: "Ann", team: { create: "Extra" }, admin: true }],
    ["a bad locale", "teams", { name: "Ann", team: { create: "Locale" }, locale: "no such locale" }],
    ["an array", "teams", []],
  ])("[API-21] %s is invalid, with issues", async (_, hunt, body) => {
    const problem = expectProblem(await join(hunt, body), "invalid");
    expect(problem.issues?.length).toBeGreaterThan(0);
  });
});

describe("[API-22] team names are unique without case, width, blanks and what is never seen", () => {
  test.each([
    ["case", "Night Owls", "nIGHT oWLS"],
    ["spaces", "Two Words", "  Two   Words "],
    ["full width", "ABC 12", "ＡＢＣ　１２"],
    ["ligatures", "Office", "oﬃce"],
    ["sharp s", "Straße", "STRASSE"],
    ["composed", "Café", "Cafe\u0301"],
    ["no space", "Three Blind Mice", "ThreeBlindMice"],
    ["a zero width space", "Alpha", "Al\u200bpha"],
    ["a Braille cell", "Braille Cell", "Braille\u2800Cell"],
    ["marks of direction", "Omega", "\u200eOme\u061cga\u3164"],
  ])("%s", async (_, name, alike) => {
    expect((await join("teams", create(name))).status).toBe(201);
    expectProblem(await join("teams", create(alike)), "conflict");
  });

  test("one of many who want the same name at once gets it", async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => join("teams", create("Contested"))));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(11);
  });

  test("but not across hunts", async () => {
    await client.publish("teams-too", manyClues(1));
    expect((await join("teams-too", create("Night Owls"))).status).toBe(201);
  });
});

describe("[API-23] Idempotency-Key", () => {
  test("gives the same player again, also when repeated at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => join("teams", create("Once"), "key-1")),
    );
    answers.push(await join("teams", create("Once"), "key-1"));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.player.id)).size).toBe(1);
    expect(new Set(answers.map(({ body }) => body.team.id)).size).toBe(1);
  });

  test("gives the same team-mate again", async () => {
    const { team } = await client.team("teams", "Mates");
    const mate = { name: "Mate", team: { join: team.joinCode ?? "" } };
    const [first, again] = [await join("teams", mate, "key-2"), await join("teams", mate, "key-2")];
    expect(again.body.player).toEqual(first.body.player);
    expect(again.status).toBe(201); // the team of two is full now, but this player is in it
  });

  test("makes one solo player", async () => {
    const [first, again] = [
      await join("solo", { name: "Uno" }, "key-3"),
      await join("solo", { name: "Uno" }, "key-3"),
    ];
    expect(again.body.team.id).toBe(first.body.team.id);
  });

  test("with another body is a conflict, and takes no name", async () => {
    expect((await join("teams", create("Original"), "key-4")).status).toBe(201);
    expectProblem(await join("teams", create("Changed"), "key-4"), "conflict");
    expect((await join("teams", create("Changed"))).status).toBe(201);
  });

  test("with another body gives back no name that a team bears", async () => {
    expect((await join("teams", create("Borne"), "key-5")).status).toBe(201);
    expectProblem(await join("teams", { ...create("Borne"), name: "Somebody else" }, "key-5"), "conflict");
    expectProblem(await join("teams", create("Borne", "locals"), "key-5"), "conflict");
    expectProblem(await join("teams", create("Borne")), "conflict");
  });

  test("[SEC-64] is bound to the whole body: another team's code under it gives nobody's token", async () => {
    const [one, two] = [await client.team("teams", "Bound One"), await client.team("teams", "Bound Two")];
    const key = "0192f3c1-7c1e-7b3a-9d2f-0a6d7b8c9e10";
    const mate = (code = "", more = {}) => ({ name: "Mate", team: { join: code }, ...more });
    const first = await join("teams", mate(one.team.joinCode), key);
    expect(first.status).toBe(201);
    expectProblem(await join("teams", mate(two.team.joinCode), key), "conflict");
    expectProblem(await join("teams", mate(one.team.joinCode, { locale: "de" }), key), "conflict");
    expectProblem(await join("teams", create("Bound Three"), key), "conflict");
    const again = await join("teams", mate(one.team.joinCode), key);
    expect(again.body.player).toEqual(first.body.player);
    expect(again.body.team).toEqual(first.body.team);
  });

  test("[SEC-65] nothing of it is in the export or in the origin", async () => {
    const key = `canary-${crypto.randomUUID()}`;
    const { body } = await join("teams", create("Canaries"), key);
    expect(body.team.name).toBe("Canaries");
    await client.verify("teams");
    expect((await client.organise("GET", "/v1/hunts/teams/export")).text).not.toContain(key);
    const database = await engine.miniflare.getD1Database("ORIGIN_DB");
    const { results } = await database.prepare("SELECT * FROM segment").all();
    const bodies = JSON.stringify(results).replaceAll('\\"', '"');
    expect(bodies).toContain("Canaries");
    expect(bodies).not.toContain(key);
    expect(bodies).not.toContain("key-");
    expect(bodies).toMatch(/"event":"k-[\w-]{22}"/);
  });

  test("must be printable and at most 128 characters", async () => {
    for (const key of ["", "x".repeat(129), "with space"]) {
      expectProblem(await join("teams", create("Keyed"), key), "bad_request");
    }
  });
});

describe("[API-24] a solo hunt", () => {
  test("makes each player a team of the same name; names need not be unique", async () => {
    const [first, second] = [await join("solo", { name: "Solo" }), await join("solo", { name: "Solo" })];
    expect(first.body.team).toEqual({ id: expect.any(String), name: "Solo" });
    expect(second.status).toBe(201);
    expect(second.body.team.id).not.toBe(first.body.team.id);
  });
});

test("[API-25] a hunt for registered players wants an external id", async () => {
  await client.publish("registered", manyClues(1, { players: { require: "registered" } }));
  const { issues } = expectProblem(await join("registered", create("Nobody")), "invalid");
  expect(issues).toMatchObject([{ path: "externalId", code: "required" }]);
});

test("[NAME-1] a name has 80 characters at most, however many bytes: a longer one is `too-large`", async () => {
  expect((await join("teams", create("🦊".repeat(80)))).status).toBe(201);
  expectProblem(await join("teams", create("🦊".repeat(81))), "invalid");
  const long = expectProblem(await join("solo", { name: "x".repeat(81) }), "invalid");
  expect(long.issues).toMatchObject([{ path: "name", code: "too-large" }]);
});

test("[SEC-1] guessing join codes and team ids adds no shard to a hunt", async () => {
  await client.publish("probed", manyClues(1));
  await client.team("probed", "Real");
  const shards = async () =>
    (await client.organise<{ shards: object[] }>("GET", "/v1/hunts/probed/stats")).body.shards;
  const before = (await shards()).length;
  for (const shard of ["weur-7", "me-500", "apac-ne-9999", "weur-00", "oc-0001"]) {
    const place = shard.replace(/-(\d+)$/, "$1").toUpperCase();
    expectProblem(await join("probed", { name: "Eve", team: { join: `${place}-0ABCDEF` } }), "not_found");
    expectProblem(
      await client.call("GET", `/v1/hunts/probed/leaderboard/${shard}-0-abcde/history`),
      "not_found",
    );
    expectProblem(
      await client.organise("POST", `/v1/hunts/probed/teams/${shard}-0-abcde/ban`, { reason: "x" }),
      "not_found",
    );
  }
  expect((await shards()).length).toBe(before);
});
