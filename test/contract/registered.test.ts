/** Hunts for registered players: the origin's word through the cache tier, and the hunt's policy without it. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { lookupKey, personDigest, readRegistrationEntry } from "../../src/cache/entry.ts";
import { entryOf } from "../../src/cache/swr.ts";
import type { JoinBody } from "../../src/contract/join.ts";
import { type Answer, Client, type ExportedFact, expectProblem, sleep } from "./client.ts";
import { manyClues, soloHunt } from "./hunts.ts";

const NEGATIVE_MS = 1_000;
const FRESH_MS = 300_000;
const LIVES = { fresh: FRESH_MS, stale: FRESH_MS, negative: NEGATIVE_MS };

interface Joined {
  player: { id: string; name: string };
  team: { id: string; name: string; joinCode?: string };
  token: string;
}

interface Taken {
  lines: number;
  accepted: number;
  rejected: { line: number; code: string; message: string }[];
}

const BRACKETS = [
  { id: "locals", title: "Locals" },
  { id: "visitors", title: "Visitors" },
];
/** Players of these join as often as a test asks; `once` has tests of its own. */
const registered = (whenOriginDown: "admit" | "refuse", more: object = {}): object =>
  manyClues(1, {
    brackets: BRACKETS,
    players: { require: "registered", whenOriginDown, once: false },
    ...more,
  });

let engine: Engine;
let client: Client;
const logged: string[] = [];

async function start(vars: Record<string, string>): Promise<void> {
  engine = await startEngine({
    // The machine may be busy: an origin that answers shall be in time.
    vars: { RATE_LIMITS: "off", LOOKUP_LIMIT_MS: "5000", LOOKUP_NEGATIVE_MS: String(NEGATIVE_MS), ...vars },
    log: (_level, text) => logged.push(text),
  });
  client = await Client.of(engine);
  await client.publish("admits", registered("admit"));
  await client.publish("refuses", registered("refuse"));
}

function join(hunt: string, externalId: string | undefined, more: Partial<JoinBody> = {}, key?: string) {
  return client.call<Joined>("POST", `/v1/hunts/${hunt}/players`, {
    json: {
      name: "Player",
      team: { create: `Team ${crypto.randomUUID()}` },
      ...(externalId === undefined ? {} : { externalId }),
      ...more,
    },
    ...(key === undefined ? {} : { headers: { "idempotency-key": key } }),
  });
}

/** The joining's fact in the log. */
async function factOf(hunt: string, answer: Answer<Joined>): Promise<ExportedFact> {
  expect(answer.status, answer.text).toBe(201);
  const fact = (await client.export(hunt)).find(({ player }) => player === answer.body.player.id);
  if (!fact) throw new Error("the joining is not in the log");
  return fact;
}

const post = (
  body: string,
  token: string | undefined = client.organiserToken,
  type = "application/x-ndjson",
) => client.call<Taken>("POST", "/v1/registrations", { token, body, type });

/** Registers players and waits until the origin has them. */
async function register(...registrations: { externalId: string; [more: string]: unknown }[]): Promise<void> {
  const answer = await post(registrations.map((one) => JSON.stringify(one)).join("\n"));
  expect(answer.body).toEqual({ lines: registrations.length, accepted: registrations.length, rejected: [] });
  const database = await engine.miniflare.getD1Database("ORIGIN_DB");
  const last = registrations.at(-1);
  const there = database
    .prepare("SELECT blocked FROM registration WHERE external_id = ?")
    .bind(last?.externalId ?? "");
  await vi.waitFor(async () => expect(await there.first("blocked")).toBe(Number(last?.blocked ?? false)), {
    timeout: 90_000,
    interval: 50,
  });
}

describe("with an origin that answers", () => {
  beforeAll(async () => {
    await start({ LOOKUP_FRESH_MS: String(FRESH_MS) });
    await register(
      { externalId: "plain" },
      { externalId: "ann@example.org", name: "Ann Canary", locale: "de-CH", bracket: "visitors" },
      { externalId: "blocked", blocked: true },
      { externalId: "odd", bracket: "of-another-hunt", locale: "fr" },
    );
  });
  afterAll(() => engine.stop());

  test("[REG-1] a registered player joins; the profile supplies locale and bracket where the player gives none", async () => {
    const plain = await factOf("refuses", await join("refuses", "plain"));
    expect(plain).toMatchObject({ type: "join", person: { externalId: "plain" } });
    for (const name of ["locale", "provisional"]) expect(plain).not.toHaveProperty(name);
    expect(plain.created).not.toHaveProperty("bracket");

    const ann = await factOf("refuses", await join("refuses", "ann@example.org"));
    expect(ann).toMatchObject({
      person: { name: "Player" },
      locale: "de-CH",
      created: { bracket: "visitors" },
    });

    const own = { team: { create: "Her own", bracket: "locals" }, locale: "en" };
    expect(await factOf("refuses", await join("refuses", "ann@example.org", own))).toMatchObject({
      locale: "en",
      created: { bracket: "locals" },
    });
  });

  test("[REG-1] a bracket of the profile that the hunt does not have is ignored", async () => {
    const fact = await factOf("refuses", await join("refuses", "odd"));
    expect(fact).toMatchObject({ locale: "fr" });
    expect(fact.created).not.toHaveProperty("bracket");
  });

  test("[REG-1] solo players and team-mates are looked up, too", async () => {
    const players = { require: "registered", whenOriginDown: "refuse", once: false };
    await client.publish("solo", soloHunt({ brackets: BRACKETS, players }));
    const solo = await client.call<Joined>("POST", "/v1/hunts/solo/players", {
      json: { name: "Uno", externalId: "ann@example.org" },
    });
    expect(await factOf("solo", solo)).toMatchObject({ created: { bracket: "visitors" } });
    const { team } = (await join("refuses", "plain")).body;
    const mate = { team: { join: team.joinCode ?? "" } };
    expect((await join("refuses", "ann@example.org", mate)).body.team.id).toBe(team.id);
    expectProblem(await join("refuses", "nobody", mate), "forbidden");
  });

  test.each(["admits", "refuses"])(
    "[REG-2] who is not registered, or blocked, is refused and takes no name (%s)",
    async (hunt) => {
      const more = { team: { create: "Wanted name" } };
      expect(expectProblem(await join(hunt, "nobody", more), "forbidden").detail).toContain("registered");
      expect(expectProblem(await join(hunt, "blocked", more), "forbidden").detail).toContain(
        "may not take part",
      );
      expectProblem(await join(hunt, undefined, more), "invalid");
      expect((await join(hunt, "plain", more)).status).toBe(201);
    },
  );

  test("[REG-3] who registers late is let in when the cache has forgotten that there was none", async () => {
    expectProblem(await join("refuses", "late"), "forbidden");
    await register({ externalId: "late" });
    await sleep(NEGATIVE_MS + 100);
    expect((await join("refuses", "late")).status).toBe(201);
  });

  describe("[REG-7] a registered player joins a hunt once", () => {
    beforeAll(async () => {
      const players = { require: "registered", whenOriginDown: "admit" };
      await client.publish("once", manyClues(1, { players, teams: { mode: "teams", maxSize: 3 } }));
      await register(
        ...["first", "first again", "racer", "retry", "unlucky", "mate", "elsewhere"].map((externalId) => ({
          externalId,
        })),
        { externalId: "FIRST" },
        { externalId: " first " },
      );
    });
    const refused = async (answer: Promise<Answer<Joined>>) =>
      expect(expectProblem(await answer, "conflict").detail).toContain("has joined the hunt already");

    test("whatever name, team, case or blanks", async () => {
      const { body } = await join("once", "first");
      await refused(join("once", "first"));
      await refused(join("once", "FIRST", { name: "Another" }));
      await refused(join("once", " first ", { team: { join: body.team.joinCode ?? "" } }));
      expect((await join("once", "first again")).status).toBe(201);
      expect((await join("refuses", "first")).status, "another hunt").toBe(201);
    });

    test("one of many joinings at once goes through", async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => join("once", "racer")));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(11).fill(409)]);
    });

    test("the same joining sent again gives the same player, also when it is sent at once", async () => {
      const more = { team: { create: "Sent again" } };
      const key = crypto.randomUUID();
      const answers = await Promise.all(Array.from({ length: 4 }, () => join("once", "retry", more, key)));
      answers.push(await join("once", "retry", more, key));
      expect(new Set(answers.map(({ body }) => body.player?.id)).size).toBe(1);
      expect(answers[0]?.status).toBe(201);
      await refused(join("once", "retry", more, crypto.randomUUID()));
    });

    test("a joining that is refused leaves the place free", async () => {
      expectProblem(await join("once", "unlucky", { team: { create: "Sent again" } }), "conflict");
      expectProblem(await join("once", "unlucky", { team: { create: "X", bracket: "no-such" } }), "invalid");
      expect((await join("once", "unlucky")).status).toBe(201);
      await refused(join("once", "unlucky"));
    });

    test("nothing of the company's id is in KV or the log", async () => {
      expect((await join("once", "elsewhere")).status).toBe(201);
      const kv = await engine.miniflare.getKVNamespace("CACHE");
      const { keys } = await kv.list();
      for (const { name } of keys) expect(await kv.get(name, "text")).not.toContain("elsewhere");
      expect(logged.join("\n")).not.toContain("elsewhere");
    });

    test("`once: false` says otherwise; where anyone may join, `once` is refused", async () => {
      for (let joining = 0; joining < 3; joining += 1) {
        expect((await join("refuses", "first")).status).toBe(201);
      }
      const publish = (players: object) =>
        client.organise("PUT", "/v1/hunts/once-more", manyClues(1, { players }));
      for (const players of [{ once: true }, { require: "anyone", once: false }]) {
        expect(expectProblem(await publish(players), "invalid").issues).toMatchObject([
          { path: "players.once", code: "once-for-anyone" },
        ]);
      }
      expectProblem(await publish({ require: "invited" }), "invalid");
      expect((await publish({ require: "registered", once: true })).status).toBe(201);
    });
  });

  test("[REG-4] a hunt that anyone may join looks nobody up", async () => {
    await client.publish("open", manyClues(1));
    expect((await join("open", "free@example.org")).status).toBe(201);
    expect((await join("open", "blocked", {}, "key-open")).status).toBe(201);
    expect((await join("open", undefined)).status).toBe(201);
    const kv = await engine.miniflare.getKVNamespace("CACHE");
    const digest = personDigest(engine.secrets, "free@example.org");
    expect(await kv.get(lookupKey(digest))).toBeNull();
  });

  test.each([
    ["corrupt", () => "{nonsense"],
    ["alien", () => JSON.stringify({ v: 1, hunt: {}, version: 7 })],
    ["of another player", () => JSON.stringify(entryOf("somebody", {}, Date.now(), LIVES))],
    ["well-formed but not signed", (key: string) => JSON.stringify(entryOf(key, null, Date.now(), LIVES))],
    ["from the future", (key: string) => JSON.stringify(entryOf(key, null, Date.now() + 3_600_000, LIVES))],
  ])("[CACHE-5] a value in KV that is %s is ignored and replaced", async (name, make) => {
    const kv = await engine.miniflare.getKVNamespace("CACHE");
    const [here, absent] = [`kv ${name}`, `kv absent ${name}`];
    await register({ externalId: here, locale: "it" });
    for (const externalId of [here, absent]) {
      const key = personDigest(engine.secrets, externalId);
      await kv.put(lookupKey(key), make(key));
    }
    expect(await factOf("refuses", await join("refuses", here))).toMatchObject({ locale: "it" });
    expectProblem(await join("refuses", absent), "forbidden");
    for (const [externalId, value] of [
      [here, { locale: "it" }],
      [absent, null],
    ] as const) {
      const key = personDigest(engine.secrets, externalId);
      await expect
        .poll(async () => readRegistrationEntry(key, await kv.get(lookupKey(key), "text"), Date.now())?.value)
        .toEqual(value);
    }
  });

  test("[CACHE-2] KV holds digests and what joining needs, logs nothing: no external id, no name", async () => {
    const kv = await engine.miniflare.getKVNamespace("CACHE");
    const { keys } = await kv.list({ prefix: "registration/" });
    expect(keys.length).toBeGreaterThan(4);
    let texts = "";
    for (const { name } of keys) {
      expect(name).toMatch(/^registration\/[\w-]{22}$/);
      const entry: unknown = JSON.parse((await kv.get(name, "text")) ?? "");
      expect(Object.keys(entry as object).sort()).toEqual([
        "at",
        "freshUntil",
        "key",
        "kind",
        "signed",
        "staleUntil",
        "v",
        "value",
      ]);
      texts += `${name} ${JSON.stringify(entry)}\n`;
    }
    for (const canary of ["ann@example.org", "Ann Canary", "nobody", "plain", "Player"]) {
      expect(texts).not.toContain(canary);
      expect(logged.join("\n")).not.toContain(canary);
    }
  });
});

describe("[REG-10] registrations, line by line", () => {
  beforeAll(() => start({}));
  afterAll(() => engine.stop());

  test("bad lines are told with their numbers, the others are taken", async () => {
    const lines = [
      '{"externalId":"one","name":"One","locale":"de","bracket":"locals","blocked":false}',
      "",
      "{",
      '{"externalId":""}',
      '{"name":"no id"}',
      '{"externalId":"two","bracket":"No Slug"}',
      '{"externalId":"two","locale":"no locale"}',
      '{"externalId":"two","blocked":"yes"}',
      '{"externalId":"two","admin":true}',
      '{"externalId":7}',
      '{"externalId":"two\\u0000"}',
      '{"externalId":"two\\ud800"}',
      "[]",
      "null",
      `{"externalId":"two","name":"${"x".repeat(5_000)}"}`,
      '{"externalId":"two"}\r',
      '{"externalId":"one"}',
      '{"externalId":"three"}',
    ];
    const answer = await post(lines.join("\n"));
    expect(answer.status).toBe(202);
    const { rejected, ...counts } = answer.body;
    expect(counts).toEqual({ lines: 17, accepted: 3 });
    expect(rejected.map(({ line }) => line)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17]);
    expect(rejected.find(({ line }) => line === 3)).toMatchObject({ code: "bad_request" });
    expect(rejected.find(({ line }) => line === 6)).toMatchObject({
      code: "invalid",
      message: expect.stringMatching(/^bracket: /),
    });
    expect(rejected.find(({ line }) => line === 15)).toMatchObject({ code: "payload_too_large" });
    expect(rejected.find(({ line }) => line === 17)).toMatchObject({
      code: "conflict",
      message: "the player is on line 1 already",
    });
    expect(rejected.find(({ line }) => line === 9)?.message).toBe('admin: unknown key "admin"');
  });

  test("a line that is not UTF-8 spoils no other", async () => {
    const body = new TextEncoder().encode('{"externalId":"x?"}\n{"externalId":"y"}\n');
    body[body.indexOf(0x3f)] = 0xff;
    const answer = await client.call<Taken>("POST", "/v1/registrations", {
      token: client.organiserToken,
      body,
      type: "text/plain",
    });
    expect(answer.body).toMatchObject({
      lines: 2,
      accepted: 1,
      rejected: [{ line: 1, code: "bad_request" }],
    });
  });

  test("nothing is nothing", async () => {
    expect((await post("\n \r\n")).body).toEqual({ lines: 0, accepted: 0, rejected: [] });
  });

  test("only organisers may, with a body of lines", async () => {
    const line = '{"externalId":"x"}';
    expectProblem(
      await client.call("POST", "/v1/registrations", { body: line, type: "text/plain" }),
      "unauthenticated",
    );
    await client.publish("anyone", manyClues(1));
    const { token } = await client.team("anyone", "Players");
    expectProblem(await post(line, token), "unauthenticated");
    expectProblem(await post(line, undefined, "application/json"), "unsupported_media_type");
  });

  test("many lines reach the origin, a later sending replaces an earlier one", async () => {
    const count = 3_000;
    const lines = Array.from({ length: count }, (_, index) =>
      JSON.stringify({ externalId: `many-${index}`, name: `Ünïcödé ${"ü".repeat(60)}`, bracket: "locals" }),
    );
    expect((await post(lines.join("\n"))).body).toMatchObject({ accepted: count });
    const database = await engine.miniflare.getD1Database("ORIGIN_DB");
    const counted = (where: string) =>
      database
        .prepare(`SELECT count(*) AS n FROM registration WHERE external_id LIKE 'many-%' AND ${where}`)
        .first("n");
    await expect.poll(() => counted("bracket = 'locals'"), { timeout: 90_000 }).toBe(count);
    await register({ externalId: "many-7", blocked: true });
    expect(await counted("blocked = 1 AND bracket IS NULL")).toBe(1);
  });
});

describe("with an origin that is gone", () => {
  beforeAll(async () => {
    await start({ LOOKUP_FRESH_MS: "50" });
    await register(
      { externalId: "known", locale: "de", bracket: "locals" },
      { externalId: "unseen", bracket: "visitors" },
      { externalId: "blocked", blocked: true },
    );
  });
  afterAll(() => engine.stop());
  afterEach(() => heal());

  let away = false;
  /** To the engine this is a database that answers nothing but errors. */
  async function kill(): Promise<void> {
    const database = await engine.miniflare.getD1Database("ORIGIN_DB");
    await database.prepare("ALTER TABLE registration RENAME TO registration_away").run();
    away = true;
  }
  async function heal(): Promise<void> {
    if (!away) return;
    const database = await engine.miniflare.getD1Database("ORIGIN_DB");
    await database.prepare("ALTER TABLE registration_away RENAME TO registration").run();
    away = false;
  }

  test("[REG-5] the hunt's policy decides: let in for the time being, or asked to come back", async () => {
    await kill();
    const admitted = await factOf("admits", await join("admits", "unseen"));
    expect(admitted).toMatchObject({ person: { externalId: "unseen" }, provisional: true });
    expect(admitted.created).not.toHaveProperty("bracket");
    const refused = await join("refuses", "unseen", { team: { create: "Not taken" } });
    expectProblem(refused, "unavailable");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    await heal();
    expect(
      await factOf("refuses", await join("refuses", "unseen", { team: { create: "Not taken" } })),
    ).toMatchObject({
      created: { bracket: "visitors" },
    });
  });

  test("[CACHE-4] who was looked up before is known from the cache, also when that is old", async () => {
    expect((await join("refuses", "known")).status).toBe(201);
    expectProblem(await join("refuses", "blocked"), "forbidden");
    await sleep(100);
    await kill();
    for (let round = 0; round < 3; round += 1) {
      const fact = await factOf("refuses", await join("refuses", "known"));
      expect(fact).toMatchObject({ locale: "de", created: { bracket: "locals" } });
      expect(fact).not.toHaveProperty("provisional");
      expectProblem(await join("refuses", "blocked"), "forbidden");
    }
  });

  test.each([
    ["registered, with a bracket", "retried-1", { bracket: "visitors" }],
    ["not registered", "retried-2", undefined],
    ["blocked", "retried-3", { blocked: true }],
  ])(
    "[REG-6] a joining sent again after the origin is back makes the same player: %s",
    async (_, externalId, row) => {
      if (row) await register({ externalId, ...row });
      await kill();
      const more = { team: { create: `Team of ${externalId}` } };
      const first = await join("admits", externalId, more, `key-${externalId}`);
      expect(await factOf("admits", first)).toMatchObject({ provisional: true });
      await heal();
      await sleep(100);
      const again = await join("admits", externalId, more, `key-${externalId}`);
      expect(again.status, again.text).toBe(201);
      expect(again.body.player).toEqual(first.body.player);
      expect(again.body.team).toEqual(first.body.team);
      // The key opens nothing for anybody else.
      expectProblem(await join("admits", "blocked", more, `key-${externalId}`), "conflict");
      expectProblem(await join("admits", "blocked", more, `other-${externalId}`), "forbidden");
    },
  );

  test("[REG-6] a joining sent again makes the same player when its profile has changed", async () => {
    await register({ externalId: "moving", bracket: "locals" });
    const more = { team: { create: "The movers" } };
    const first = await join("admits", "moving", more, "key-moving");
    expect(await factOf("admits", first)).toMatchObject({ created: { bracket: "locals" } });
    await register({ externalId: "moving", bracket: "visitors" }, { externalId: "moved" });
    await sleep(100);
    expect((await join("admits", "moving", {}, "renews-the-cache")).status).toBe(201);
    await sleep(100);
    expect(await factOf("admits", await join("admits", "moving"))).toMatchObject({
      created: { bracket: "visitors" },
    });
    const again = await join("admits", "moving", more, "key-moving");
    expect(again.body.player).toEqual(first.body.player);
    const mate = { team: { join: first.body.team.joinCode ?? "" } };
    const [one, two] = [
      await join("admits", "moved", mate, "key-mate"),
      await join("admits", "moved", mate, "key-mate"),
    ];
    expect(two.body.player).toEqual(one.body.player);
  });
});
