/** What a hunt asks of who joins: fields, consents, an age, a country, a captcha, an entry ticket; and one entry a person. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { newRing } from "../../scripts/local/secrets.ts";
import type { Stats } from "../../src/contract/data.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import type { Joined } from "../../src/contract/join.ts";
import type { Problem } from "../../src/contract/problem.ts";
import { sha256 } from "../../src/hmac.ts";
import { type Answer, Client, type ExportedFact, type Options } from "./client.ts";
import { manyClues, soloHunt } from "./hunts.ts";

const ENTRY_KEYS = `${newRing()},${newRing()}`;
const SECRET = "turnstile-secret";
const TERMS = "I accept the [rules](https://example.org/rules).";

const ASKS = {
  fields: [
    { id: "mail", label: "E-mail", kind: "email", required: true, once: true },
    {
      id: "size",
      label: "Size",
      kind: "choice",
      options: [
        { id: "s", label: "S" },
        { id: "l", label: "L" },
      ],
    },
    { id: "visits", label: "Visits", kind: "number" },
    { id: "news", label: "Newsletter", kind: "checkbox" },
    { id: "person", label: "Called", kind: "text" },
    { id: "tel", label: "Telephone", kind: "phone", once: true },
  ],
  consent: [
    { id: "terms", text: TERMS, required: true },
    { id: "photos", text: "You may show photos of me." },
  ],
};

let engine: Engine;
let client: Client;
let captcha: Server;
/** What the stand-in of siteverify was sent, and how it responds. */
const verified: URLSearchParams[] = [];
const logged: string[] = [];

beforeAll(async () => {
  captcha = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const sent = new URLSearchParams(body);
      verified.push(sent);
      const asked = sent.get("response");
      if (asked === "hangs") return;
      if (asked === "broken") return response.writeHead(502).end("<html>");
      const wrong = sent.get("secret") === SECRET ? "invalid-input-response" : "invalid-input-secret";
      const told = asked === "person" ? { success: true } : { success: false, "error-codes": [wrong] };
      return response.setHeader("content-type", "application/json").end(JSON.stringify(told));
    });
  });
  await new Promise<void>((done) => captcha.listen(0, "127.0.0.1", done));
  const { port } = captcha.address() as AddressInfo;
  engine = await startEngine({
    vars: {
      RATE_LIMITS: "off",
      TRUST_PROXY: "on",
      ENTRY_KEYS,
      TURNSTILE_SECRET: SECRET,
      TURNSTILE_SITE_KEY: "site-key",
      TURNSTILE_URL: `http://127.0.0.1:${port}/siteverify`,
    },
    log: (_level, text) => logged.push(text),
  });
  client = await Client.of(engine);
});
afterAll(async () => {
  await engine.stop();
  captcha.closeAllConnections();
  captcha.close();
});

const publish = (hunt: string, more: object) => client.publish(hunt, manyClues(1, more));

function join(hunt: string, more: object = {}, options: Options = {}): Promise<Answer<Joined & Problem>> {
  const json = { name: "Ada", team: { create: `Team ${crypto.randomUUID()}` }, ...more };
  return client.call<Joined & Problem>("POST", `/v1/hunts/${hunt}/players`, { json, ...options });
}

async function factOf(hunt: string, answer: Answer<Joined>): Promise<ExportedFact> {
  expect(answer.status, answer.text).toBe(201);
  const fact = (await client.export(hunt)).find(({ player }) => player === answer.body.player.id);
  if (!fact) throw new Error("the joining is not in the log");
  return fact;
}

const paths = ({ body }: Answer<Joined & Problem>) => body.issues?.map(({ path }) => path);

describe("fields and consents", () => {
  const good = { fields: { mail: "ada@example.org" }, consent: ["terms"] };
  beforeAll(() => publish("asks", { join: ASKS }));

  test("[JOIN-1] a hunt tells what joining asks, and a hunt that asks nothing tells who may join", async () => {
    const { body } = await client.call<Hunt>("GET", "/v1/hunts/asks");
    expect(body.joining).toMatchObject({
      require: "anyone",
      fields: [
        { id: "mail", label: "E-mail", kind: "email", required: true, once: true },
        { id: "size" },
        {},
        {},
        {},
        {},
      ],
      consent: [
        { id: "terms", text: TERMS, required: true },
        { id: "photos", required: false },
      ],
    });
    await publish("asks-nothing", {});
    const plain = await client.call<Hunt>("GET", "/v1/hunts/asks-nothing");
    expect(plain.body.joining).toEqual({ require: "anyone" });
  });

  test("[JOIN-2] what is missing or wrong is told where it is, without the value", async () => {
    const refused = await join("asks", {
      fields: {
        mail: "no address",
        size: "xl",
        visits: "many",
        news: "yes",
        person: "x".repeat(201),
        eyes: "blue",
      },
    });
    expect(refused.status).toBe(422);
    expect(paths(refused)).toEqual(
      ["mail", "size", "visits", "news", "person", "eyes"].map((id) => `fields.${id}`).concat("consent"),
    );
    expect(refused.text).not.toContain("no address");
    expect(paths(await join("asks", { consent: ["terms"] }))).toEqual(["fields.mail"]);
    expect(paths(await join("asks", { ...good, consent: ["photos"] }))).toEqual(["consent"]);
    expect(paths(await join("asks", { ...good, consent: ["terms", "soul"] }))).toEqual(["consent"]);
    expect(paths(await join("asks", { ...good, fields: { mail: "m".repeat(900) } }))).toEqual([
      "fields.mail",
    ]);
  });

  test("[JOIN-3] fields and consents are kept beside the log, under the commitment of the joining", async () => {
    const fields = { mail: " Ada@Example.org ", size: "l", visits: "3", news: true, person: 'A "person":1' };
    const before = Date.now();
    const fact = await factOf("asks", await join("asks", { fields, consent: ["terms"], source: "poster-7" }));
    expect(fact).toMatchObject({ source: "poster-7" });
    const { person, personal, ...bare } = fact;
    expect(JSON.stringify(bare)).not.toContain("xample.org");
    expect(person).toMatchObject({
      fields: [
        { id: "mail", value: "Ada@Example.org" },
        { id: "size", value: "l" },
        { id: "visits", value: 3 },
        { id: "news", value: true },
        { id: "person", value: 'A "person":1' },
      ],
      consents: [{ id: "terms", text: Buffer.from(sha256(TERMS)).toString("base64url") }],
    });
    expect(person?.consents?.[0]?.at).toBeGreaterThanOrEqual(before);
    expect(Buffer.from(sha256(JSON.stringify(person))).toString("base64url")).toBe(personal);
    await client.verify("asks");
  });

  test("[JOIN-4] no two players of a hunt give the same in a field that is given once, whatever their shard", async () => {
    const mail = "once@example.org";
    expect((await join("asks", { ...good, fields: { mail } })).status).toBe(201);
    const again = await join("asks", { ...good, fields: { mail: "  ONCE@example.ORG" } });
    expect(again.status).toBe(409);
    expect(again.text).not.toMatch(/once@/i);
    expect(paths(again)).toEqual(["fields.mail"]);
    // A refused joining keeps nothing of what it would have taken.
    const tel = "+41 79 123 45 67";
    expect((await join("asks", { ...good, fields: { mail, tel } })).status).toBe(409);
    expect((await join("asks", { ...good, fields: { mail: "free@example.org", tel } })).status).toBe(201);
    const team = { create: "Taken" };
    expect((await join("asks", { ...good, team, fields: { mail: "t1@example.org" } })).status).toBe(201);
    expect((await join("asks", { ...good, team, fields: { mail: "t2@example.org" } })).status).toBe(409);
    expect((await join("asks", { ...good, fields: { mail: "t2@example.org" } })).status).toBe(201);
  });

  test("[JOIN-4] the same joining sent again is the same player, a value given once or not", async () => {
    const team = { create: "Repeats" };
    const joining = { ...good, team, fields: { mail: "again@example.org" } };
    const headers = { "idempotency-key": crypto.randomUUID() };
    const first = await join("asks", joining, { headers });
    const second = await join("asks", joining, { headers });
    expect(second.status, second.text).toBe(201);
    expect(second.body.player.id).toBe(first.body.player.id);
  });

  test("[JOIN-4] of many who give the same at once, one joins", async () => {
    const fields = { mail: "rush@example.org" };
    const answers = await Promise.all(Array.from({ length: 8 }, () => join("asks", { ...good, fields })));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
      201,
      ...Array<number>(7).fill(409),
    ]);
    await client.verify("asks");
  });

  test("[JOIN-5] players are counted by their source", async () => {
    await publish("sources", {});
    for (const source of ["web", "poster", "web"]) await join("sources", { source });
    await join("sources");
    const { body } = await client.organise<Stats>("GET", "/v1/hunts/sources/stats");
    expect(body.sources).toEqual([
      { source: "web", players: 2 },
      { source: "poster", players: 1 },
    ]);
    expect(paths(await join("sources", { source: "x".repeat(41) }))).toEqual(["source"]);
    await client.verify("sources");
  });

  test("[JOIN-6] who plays alone chooses a bracket", async () => {
    const brackets = [{ id: "locals", title: "Locals" }];
    await client.publish("alone", { ...soloHunt(), brackets });
    const fact = await factOf("alone", await join("alone", { team: { bracket: "locals" } }));
    expect(fact.created).toMatchObject({ bracket: "locals" });
    await publish("in-teams", { brackets });
    expect(paths(await join("in-teams", { team: { bracket: "locals" } }))).toEqual(["team"]);
  });
});

describe("age and country", () => {
  beforeAll(async () => {
    await publish("grown", { join: { minAge: 18 } });
    await publish("alpine", { join: { countries: ["CH", "AT"] } });
  });

  test("[JOIN-7] a date of birth is asked for, and only that it was enough is kept", async () => {
    expect(paths(await join("grown"))).toEqual(["born"]);
    for (const born of ["2001-02-30", "yesterday", "01-02-2003", "1066-10-14"]) {
      expect(paths(await join("grown", { born })), born).toEqual(["born"]);
    }
    const today = new Date();
    const year = today.getUTCFullYear() - 18;
    const rest = today.toISOString().slice(4, 10);
    expect((await join("grown", { born: `${year + 1}${rest}` })).status).toBe(403);
    const fact = await factOf("grown", await join("grown", { born: `${year - 2}-12-31` }));
    expect(fact).toMatchObject({ oldEnough: true });
    expect(JSON.stringify(fact)).not.toContain(`${year - 2}-12-31`);
  });

  test("[JOIN-8] players join from the hunt's countries; who comes from an unknown place is let in and marked", async () => {
    const from = (country?: string) =>
      join("alpine", {}, { headers: country === undefined ? {} : { "cf-ipcountry": country } });
    expect((await from("DE")).status).toBe(403);
    expect(await factOf("alpine", await from("ch"))).not.toHaveProperty("country");
    for (const unknown of [undefined, "XX", "T1"]) {
      expect(await factOf("alpine", await from(unknown))).toMatchObject({ country: "unknown" });
    }
  });
});

describe("the check that a person joins", () => {
  beforeAll(async () => {
    await publish("checks", { join: { check: "turnstile" } });
    await publish("checks-strictly", { join: { check: "turnstile" }, players: { whenOriginDown: "refuse" } });
  });

  test("[JOIN-9] a response that siteverify takes lets in; another one, or none, is refused", async () => {
    const { body } = await client.call<Hunt>("GET", "/v1/hunts/checks");
    expect(body.joining).toEqual({ require: "anyone", siteKey: "site-key" });
    expect(await factOf("checks", await join("checks", { check: "person" }))).not.toHaveProperty("check");
    expect(Object.fromEntries(verified.at(-1) ?? [])).toEqual({ secret: SECRET, response: "person" });
    expect((await join("checks")).status).toBe(403);
    expect((await join("checks", { check: "robot" })).status).toBe(403);
  });

  test("[JOIN-9] [WEB-8] the widget may be loaded by the player page alone", async () => {
    const policyOf = async (path: string) =>
      (await fetch(new URL(path, engine.url))).headers.get("content-security-policy") ?? "";
    const widget = "https://challenges.cloudflare.com";
    expect(await policyOf("/play/checks")).toContain(
      `script-src 'self' 'wasm-unsafe-eval' ${widget}; frame-src ${widget};`,
    );
    expect(await policyOf("/organise/checks")).not.toContain(widget);
    expect(await policyOf("/board/checks")).not.toContain(widget);
  });

  test("[JOIN-9] where siteverify is away, the hunt's policy holds, and the fact says so", async () => {
    for (const check of ["broken", "hangs"]) {
      expect(await factOf("checks", await join("checks", { check }))).toMatchObject({ check: "unchecked" });
      expect((await join("checks-strictly", { check })).status).toBe(503);
    }
    expect((await join("checks-strictly", { check: "person" })).status).toBe(201);
  });

  test("[JOIN-9] a joining that was let in is found again, though its response serves once", async () => {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const team = { create: "Once checked" };
    const first = await join("checks", { team, check: "person" }, { headers });
    const second = await join("checks", { team, check: "spent" }, { headers });
    expect(second.status, second.text).toBe(201);
    expect(second.body.player.id).toBe(first.body.player.id);
  });
});

describe("entry tickets", () => {
  const [current = "", former = ""] = ENTRY_KEYS.split(",");
  interface Claims {
    sub?: string;
    hunt?: string;
    aud?: string;
    seconds?: number;
    ring?: string;
    kid?: boolean;
  }
  function ticket({
    sub,
    hunt = "signed",
    aud = "hunt-entry",
    seconds = 60,
    ring = current,
    kid = true,
  }: Claims) {
    const [id = "", key = ""] = ring.split(":");
    const jwt = new SignJWT({ hunt }).setProtectedHeader({ alg: "HS256", ...(kid ? { kid: id } : {}) });
    if (sub !== undefined) jwt.setSubject(sub);
    return jwt
      .setAudience(aud)
      .setExpirationTime(Math.floor(Date.now() / 1_000) + seconds)
      .sign(Buffer.from(key, "base64url"));
  }
  beforeAll(async () => {
    await publish("signed", {
      players: { require: "signed" },
      join: { fields: [{ id: "mail", label: "E-mail", kind: "email", required: true }] },
    });
    await publish("signed-often", { players: { require: "signed", once: false } });
  });
  const fields = { mail: "ada@example.org" };

  test("[JOIN-10] who brings a ticket joins, and comes back by another one as the same player", async () => {
    const { body } = await client.call<Hunt>("GET", "/v1/hunts/signed");
    expect(body.joining).toMatchObject({ require: "signed" });
    const first = await join("signed", { entry: await ticket({ sub: "ada" }), fields });
    expect(await factOf("signed", first)).toMatchObject({ person: { externalId: "ada" } });
    for (const more of [
      {},
      { name: "Eve", team: { create: "Elsewhere" } },
      { team: { join: "WEUR0-NONE" } },
    ]) {
      const again = await join("signed", {
        entry: await ticket({ sub: "ada", ring: former, kid: false }),
        ...more,
      });
      expect(again.status, again.text).toBe(200);
      expect(again.body.player).toEqual(first.body.player);
      expect(again.body.team).toEqual(first.body.team);
      const me = await client.call("GET", "/v1/hunts/signed/me", { token: again.body.token });
      expect(me.status).toBe(200);
    }
    const other = await join("signed", { entry: await ticket({ sub: "Ada" }), fields });
    expect(other.status).toBe(201);
    expect(other.body.player.id).not.toBe(first.body.player.id);
  });

  test("[JOIN-10] a ticket that is missing, altered, expired, of another hunt or audience, or names nobody is refused", async () => {
    const good = await ticket({ sub: "eve" });
    const bad = [
      undefined,
      "nonsense",
      `${good.slice(0, -4)}AAAA`,
      await ticket({ sub: "eve", seconds: -1 }),
      await ticket({ sub: "eve", hunt: "asks" }),
      await ticket({ sub: "eve", aud: "hunt-player" }),
      await ticket({ sub: "eve", ring: newRing() }),
      await ticket({ sub: "eve", ring: newRing(), kid: false }),
      await ticket({}),
      await ticket({ sub: " " }),
    ];
    for (const entry of bad) {
      const refused = await join("signed", { fields, ...(entry === undefined ? {} : { entry }) });
      expect(refused.status, refused.text).toBe(403);
    }
    expect((await join("signed", { fields, entry: good })).status).toBe(201);
  });

  test("[JOIN-10] many requests of one person at once make one player", async () => {
    const entry = await ticket({ sub: "crowd" });
    const answers = await Promise.all(Array.from({ length: 6 }, () => join("signed", { entry, fields })));
    const players = new Set(answers.flatMap(({ body }) => body.player?.id ?? []));
    expect(players.size).toBe(1);
    expect(answers.map(({ status }) => status).filter((status) => ![200, 201, 503].includes(status))).toEqual(
      [],
    );
    expect((await join("signed", { entry })).status).toBe(200);
  });

  test("[JOIN-10] a hunt that people may join often makes a player each time", async () => {
    const entry = await ticket({ sub: "ada", hunt: "signed-often" });
    const [one, other] = [await join("signed-often", { entry }), await join("signed-often", { entry })];
    expect([one.status, other.status]).toEqual([201, 201]);
    expect(one.body.player.id).not.toBe(other.body.player.id);
  });
});

describe("publishing", () => {
  const put = (more: object) =>
    client.organise<{
      warnings: { path: string; code: string }[];
      issues?: { path: string; code: string }[];
    }>("PUT", "/v1/hunts/published?dryRun=true", manyClues(1, more));

  test("[DEF-40] what cannot be asked is refused where it stands", async () => {
    const refused = await put({
      players: { once: true },
      join: {
        fields: [
          { id: "a", label: "A", kind: "choice" },
          { id: "a", label: "A", kind: "text", options: [{ id: "x", label: "X" }] },
          { id: "b", label: "B", kind: "checkbox", once: true },
        ],
      },
    });
    expect(refused.status).toBe(422);
    expect(refused.body.issues?.map(({ path, code }) => [path, code])).toEqual([
      ["players.once", "once-for-anyone"],
      ["join.fields.1.id", "duplicate-id"],
      ["join.fields.0.options", "options-missing"],
      ["join.fields.1.options", "options-superfluous"],
      ["join.fields.2.once", "once-superfluous"],
    ]);
  });

  test("[DEF-40] a prize that one person may win often is warned about", async () => {
    const prizes = [{ id: "cup", title: "Cup", stock: 1 }];
    const codesOf = async (more: object) => {
      const { status, text, body } = await put({ prizes, ...more });
      expect(status, text).toBe(200);
      return body.warnings.filter(({ code }) => code === "prize-many-entries").map(({ path }) => path);
    };
    expect(await codesOf({})).toEqual(["prizes.0"]);
    expect(await codesOf({ players: { require: "registered", once: false } })).toEqual(["prizes.0"]);
    expect(await codesOf({ players: { require: "signed" } })).toEqual([]);
    expect(await codesOf({ join: ASKS })).toEqual([]);
  });
});

test("[JOIN-3] nothing of a person stands in a log line", () => {
  expect(logged.join("\n")).not.toMatch(/xample\.org|123 45 67/i);
});
