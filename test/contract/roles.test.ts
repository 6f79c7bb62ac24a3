/**
 * Named organisers: the matrix of role and route as the engine's own document
 * tells it, tried whole; hunts of a token; revocation; the list and its audit.
 */
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken, type Person } from "../../scripts/local/secrets.ts";
import type { Audit } from "../../src/contract/data.ts";
import type { Hunts } from "../../src/contract/hunt.ts";
import type { OrganiserMe, Organisers } from "../../src/contract/organisers.ts";
import { ORGANISER_ROLES, ROUTES_NAMED } from "../../src/contract/role-table.ts";
import type { Checkins, Teams } from "../../src/contract/teams.ts";
import { currentKey } from "../../src/secrets.ts";
import { type Answer, Client, expectProblem, type Player } from "./client.ts";
import { everyOutcome, manyClues, PIER } from "./hunts.ts";

let engine: Engine;
let client: Client;
let member: Player;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await client.publish("first", everyOutcome());
  await client.publish("second", manyClues(1));
  member = await client.team("first", "Members");
});
afterAll(() => engine.stop());

const tokenOf = (person: Partial<Person>): Promise<string> =>
  mintOrganiserToken(engine.secrets, Date.now(), person);

interface Operation {
  name: string;
  method: string;
  path: string;
  roles: string[];
  ofOneHunt: boolean;
  /** Media type of its body. */
  type: string | undefined;
}

function operations(): Operation[] {
  const names: Record<string, string> = {
    hunt: "first",
    team: member.team.id,
    player: member.id,
    announcement: "a-nothing",
    thread: `${member.team.id}.1`,
    prize: "lantern",
    clue: "cave",
    shard: "weur-0",
    seq: "1",
    name: "missing.png",
  };
  return Object.entries(client.document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const { requestBody, ...told } = operation as { requestBody?: { content: object } } & object;
      const roles = (told as { "x-roles"?: string[] })["x-roles"];
      if (!roles) return [];
      return {
        name: `${method.toUpperCase()} ${template}`,
        method: method.toUpperCase(),
        path: template.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? name),
        roles,
        ofOneHunt: template.includes("{hunt}"),
        type: requestBody && Object.keys(requestBody.content)[0],
      };
    }),
  );
}

/** With a body that changes nothing: it is refused behind the check of the token, or has no lines. */
const tried = ({ method, path, type }: Operation, token: string): Promise<Answer> =>
  client.call(method, path, {
    token,
    ...(type === undefined ? {} : { type, body: type === "application/x-ndjson" ? "" : "[]" }),
  });

describe("[SEC-90] the matrix of role and route", () => {
  test("names every route that takes an organiser's token, and no other", () => {
    const told = operations().map(({ name }) => name);
    const takers = Object.entries(client.document.paths).flatMap(([template, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => JSON.stringify(operation).includes('"organiser":[]'))
        .map(([method]) => `${method.toUpperCase()} ${template}`),
    );
    expect(told.sort()).toEqual(takers.sort());
    expect(ROUTES_NAMED.filter((name) => !told.includes(name))).toEqual([]);
  });

  test("is as it is documented", () => {
    const roles = Object.fromEntries(operations().map((one) => [one.name, one.roles]));
    const every = [...ORGANISER_ROLES];
    expect(roles).toMatchObject({
      "GET /v1/hunts": every,
      "GET /v1/hunts/{hunt}/stats": every,
      "GET /v1/hunts/{hunt}/teams": every,
      "GET /v1/hunts/{hunt}/facts": every,
      "GET /v1/hunts/{hunt}/help": ["judge", "operator", "owner"],
      "POST /v1/hunts/{hunt}/help/{thread}/messages": ["judge", "operator", "owner"],
      "GET /v1/hunts/{hunt}/submissions": ["judge", "operator", "owner"],
      "POST /v1/hunts/{hunt}/submissions/{submission}/verdict": ["judge", "operator", "owner"],
      "DELETE /v1/hunts/{hunt}/submissions/{submission}": ["operator", "owner"],
      "POST /v1/hunts/{hunt}/teams/{team}/view": ["judge", "operator", "owner"],
      "GET /v1/hunts/{hunt}/clues/{clue}/wrong": every,
      "GET /v1/hunts/{hunt}/verify": every,
      "GET /v1/hunts/{hunt}/definition": ["editor", "owner"],
      "PUT /v1/hunts/{hunt}": ["editor", "owner"],
      "GET /v1/hunts/{hunt}/codes": ["editor", "owner"],
      "POST /v1/hunts/{hunt}/import": ["editor", "owner"],
      "POST /v1/hunts/{hunt}/preview": ["editor", "owner"],
      "POST /v1/hunts/{hunt}/rehearsal": ["editor", "owner"],
      "DELETE /v1/hunts/{hunt}/rehearsal": ["editor", "owner"],
      "GET /v1/hunts/{hunt}/export": ["operator", "owner"],
      "GET /v1/hunts/{hunt}/proof/{shard}/{seq}": ["operator", "owner"],
      "GET /v1/hunts/{hunt}/audit": ["operator", "owner"],
      "GET /v1/hunts/{hunt}/prizes/{prize}/winners": ["operator", "owner"],
      "POST /v1/hunts/{hunt}/phase": ["operator", "owner"],
      "POST /v1/hunts/{hunt}/shards": ["operator", "owner"],
      "POST /v1/hunts/{hunt}/rearchive": ["operator", "owner"],
      "POST /v1/registrations": ["operator", "owner"],
      "GET /v1/hunts/{hunt}/dead-letters": ["operator", "owner"],
      "DELETE /v1/hunts/{hunt}": ["owner"],
      "GET /v1/hunts/{hunt}/webhooks": ["editor", "owner"],
      "GET /v1/jobs/{job}": ["owner"],
      "GET /v1/organisers": ["owner"],
      "PUT /v1/organisers": ["owner"],
      "POST /v1/organisers/revoke": ["owner"],
    });
  });

  test.each(ORGANISER_ROLES)("holds for %s on every route", async (role) => {
    const token = await tokenOf({ name: role, roles: [role] });
    const wrong: string[] = [];
    for (const operation of operations()) {
      const { status } = await tried(operation, token);
      const isAdmitted = status !== 401 && status !== 403;
      if (isAdmitted !== operation.roles.includes(role)) wrong.push(`${operation.name}: ${status}`);
      if (status >= 500) wrong.push(`${operation.name}: ${status}`);
    }
    expect(wrong).toEqual([]);
    expect(operations().length).toBeGreaterThan(35);
  });

  test("a token without a role, or with an unknown one, opens nothing", async () => {
    for (const roles of [[], ["king"]]) {
      const token = await tokenOf({ roles: roles as never });
      for (const operation of operations()) expectProblem(await tried(operation, token), "forbidden");
    }
  });

  test("roles add up", async () => {
    const token = await tokenOf({ roles: ["operator", "editor"] });
    expect((await client.call("GET", "/v1/hunts/first/definition", { token })).status).toBe(200);
    expect((await client.call("GET", "/v1/hunts/first/export", { token })).status).toBe(200);
  });
});

describe("[SEC-91] a token for some hunts", () => {
  test("opens no route of another hunt, and nothing that is of all", async () => {
    const token = await tokenOf({ hunts: ["second", "third"] });
    for (const operation of operations().filter(({ ofOneHunt }) => ofOneHunt)) {
      expectProblem(await tried(operation, token), "forbidden");
    }
    for (const [method, path, json] of [
      ["POST", "/v1/organisers/revoke", { sub: "somebody", reason: "none" }],
      ["GET", "/v1/audit"],
      ["GET", "/v1/ops/dead-letters"],
    ] as const) {
      expectProblem(await client.call(method, path, { token, json }), "forbidden");
    }
  });

  test("sees its own in the list", async () => {
    const list = async (hunts: string[]): Promise<string[]> => {
      const token = await tokenOf({ hunts });
      const { body } = await client.call<Hunts>("GET", "/v1/hunts", { token });
      return body.hunts.map(({ hunt }) => hunt);
    };
    expect(await list(["second", "third"])).toEqual(["second"]);
    expect(await list(["third"])).toEqual([]);
    expect(await list(["*"])).toEqual(["first", "second"]);
  });

  test("makes its hunt, and no other", async () => {
    const token = await tokenOf({ roles: ["editor"], hunts: ["mine"] });
    const put = (hunt: string) =>
      client.call("PUT", `/v1/hunts/${hunt}?dryRun=true`, { token, json: manyClues(1) });
    expect((await put("mine")).status).toBe(200);
    expectProblem(await put("yours"), "forbidden");
  });
});

describe("[SEC-92] players' names and join codes", () => {
  const teams = async (roles: Person["roles"], search = ""): Promise<Teams["teams"]> => {
    const token = await tokenOf({ roles });
    const path = `/v1/hunts/first/teams${search === "" ? "" : `?search=${search}`}`;
    return (await client.call<Teams>("GET", path, { token })).body.teams;
  };

  test("are for judges, operators and owners", async () => {
    for (const role of ["judge", "operator", "owner"] as const) {
      expect(await teams([role])).toMatchObject([
        {
          name: "Members",
          members: [{ id: member.id, name: "Members player" }],
          joinCode: expect.any(String),
        },
      ]);
    }
    for (const role of ["viewer", "editor"] as const) {
      const [team] = await teams([role]);
      expect(team).toMatchObject({ name: "Members", members: [{ id: member.id }] });
      expect(team).not.toHaveProperty("joinCode");
      expect(team?.members[0]).not.toHaveProperty("name");
    }
  });

  test("are not found out by a search", async () => {
    const [team] = await teams(["owner"]);
    const code = team?.joinCode ?? "";
    expect(await teams(["owner"], "members%20player")).toHaveLength(1);
    expect(await teams(["owner"], code)).toHaveLength(1);
    expect(await teams(["viewer"], "members%20player")).toEqual([]);
    expect(await teams(["viewer"], code)).toEqual([]);
    expect(await teams(["viewer"], "members")).toHaveLength(1);
  });

  test("who checked in is for those as well", async () => {
    await client.playOne(member, { id: "here", type: "checkin", clue: "pier", position: PIER });
    const checkins = async (roles: Person["roles"]) =>
      (await client.call<Checkins>("GET", "/v1/hunts/first/checkins", { token: await tokenOf({ roles }) }))
        .body.checkins;
    expect(await checkins(["judge"])).toMatchObject([{ player: member.id }]);
    const [seen] = await checkins(["viewer"]);
    expect(seen).toMatchObject({ team: member.team.id });
    expect(seen).not.toHaveProperty("player");
  });
});

describe("[SEC-93] who asks", () => {
  const me = (token: string) => client.call<OrganiserMe>("GET", "/v1/organisers/me", { token });

  test("is told", async () => {
    const token = await tokenOf({ name: "Ada", roles: ["editor", "operator"], hunts: ["first"], days: 2 });
    const { body } = await me(token);
    expect(body).toMatchObject({ name: "Ada", roles: ["operator", "editor"], hunts: ["first"] });
    expect(Date.parse(body.expiresAt) - Date.now()).toBeGreaterThan(1.9 * 86_400_000);
  });

  test("with a token of before roles is an owner of every hunt", async () => {
    const key = currentKey("ORGANISER_TOKEN_KEYS", engine.secrets.ORGANISER_TOKEN_KEYS);
    const signed = (claims: object) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.id })
        .setAudience("hunt-organiser")
        .setSubject("old")
        .setExpirationTime("1h")
        .sign(key.bytes);
    expect((await me(await signed({}))).body).toMatchObject({ name: "old", roles: ["owner"], hunts: ["*"] });
    expectProblem(await me(await signed({ roles: ["owner"] })), "unauthenticated");
    expectProblem(await me(await signed({ hunts: ["*"] })), "unauthenticated");
    expectProblem(await me(await signed({ roles: "owner", hunts: ["*"] })), "unauthenticated");
  });

  test("is named by the audit", async () => {
    const token = await tokenOf({ name: "Grace", roles: ["operator"] });
    const json = { points: 5, reason: "for the test" };
    await client.call("POST", `/v1/hunts/first/teams/${member.team.id}/awards`, { token, json });
    const { body } = await client.organise<Audit>("GET", "/v1/hunts/first/audit");
    expect(body.entries).toContainEqual(expect.objectContaining({ actor: "Grace", action: "award" }));
  });

  test("sees through a freeze only in its own hunts", async () => {
    const headers = async (hunts: string[]) =>
      (await client.call("GET", "/v1/hunts/first/leaderboard", { token: await tokenOf({ hunts }) })).headers;
    expect((await headers(["first"])).get("cache-control")).toBe("no-store");
    expect((await headers(["second"])).get("cache-control")).not.toBe("no-store");
  });
});

describe("[SEC-94] a revoked token", () => {
  const stats = (token: string) => client.call("GET", "/v1/hunts/first/stats", { token });
  const revoke = (json: object) => client.organise("POST", "/v1/organisers/revoke", json);

  test("is refused, by its id: others of the person are good", async () => {
    const lost = await tokenOf({ name: "Linus" });
    const kept = await tokenOf({ name: "Linus" });
    const { token } = (await client.call<OrganiserMe>("GET", "/v1/organisers/me", { token: lost })).body;
    expect((await revoke({ token, reason: "lost" })).status).toBe(200);
    expectProblem(await stats(lost), "unauthenticated");
    expect((await stats(kept)).status).toBe(200);
    // As a stranger: no more than everybody.
    const board = await client.call("GET", "/v1/hunts/first/leaderboard", { token: lost });
    expect(board.headers.get("cache-control")).not.toBe("no-store");
  });

  test("is refused, by its person: those made later are good, and others' too", async () => {
    const before = await mintOrganiserToken(engine.secrets, Date.now() - 60_000, { name: "Mallory" });
    expect((await stats(before)).status).toBe(200);
    expect((await revoke({ sub: "Mallory", reason: "left" })).status).toBe(200);
    expectProblem(await stats(before), "unauthenticated");
    const later = await mintOrganiserToken(engine.secrets, Date.now() + 2_000, { name: "Mallory" });
    expect((await stats(later)).status).toBe(200);
    expect((await stats(client.organiserToken)).status).toBe(200);
  });

  test("is in the audit of the engine, with who did it and why", async () => {
    const { body } = await client.organise<Audit>("GET", "/v1/audit");
    expect(body.entries[0]).toMatchObject({
      actor: "local",
      action: "revoke-token",
      detail: { sub: "Mallory", reason: "left" },
    });
  });

  test("must be named", async () => {
    expectProblem(await revoke({ reason: "none" }), "invalid");
    expectProblem(await revoke({ sub: "", reason: "none" }), "invalid");
    expectProblem(await revoke({ sub: "somebody" }), "invalid");
  });
});

describe("[SEC-95] the list of organisers", () => {
  const ada = { email: "Ada@Example.org", roles: ["operator"], hunts: ["first"] };
  const put = (organisers: unknown, etag?: string) =>
    client.call<Organisers>("PUT", "/v1/organisers", {
      token: client.organiserToken,
      json: { organisers },
      ...(etag === undefined ? {} : { headers: { "If-Match": etag } }),
    });
  const get = () => client.organise<Organisers>("GET", "/v1/organisers");

  test("is replaced only by who has seen it", async () => {
    const empty = await get();
    expect(empty.body).toEqual({ organisers: [] });
    const etag = empty.headers.get("etag") ?? "";
    expectProblem(await put([ada]), "precondition_failed");
    expectProblem(await put([ada], '"7"'), "precondition_failed");
    expectProblem(await put([ada], "seven"), "precondition_failed");
    const first = await put([ada], etag);
    expect(first.body.organisers).toEqual([{ ...ada, email: "ada@example.org" }]);
    expectProblem(await put([], etag), "precondition_failed");
    const read = await get();
    expect(read.body).toEqual(first.body);
    expect(read.headers.get("etag")).toBe(first.headers.get("etag"));
    expect((await client.organise<Audit>("GET", "/v1/audit")).body.entries[0]).toMatchObject({
      action: "organisers",
      detail: { organisers: 1 },
    });
  });

  test("is well-formed", async () => {
    for (const one of [
      { ...ada, email: "ada" },
      { ...ada, email: `${"a".repeat(250)}@b.example` },
      { ...ada, roles: [] },
      { ...ada, roles: ["king"] },
      { ...ada, roles: ["judge", "judge"] },
      { ...ada, hunts: [] },
      { ...ada, hunts: ["No Slug"] },
      { ...ada, more: 1 },
    ]) {
      expectProblem(await put([one], "*"), "invalid");
    }
    expectProblem(await put([ada, { ...ada, email: "ADA@example.org" }], "*"), "invalid");
    expectProblem(
      await put(
        Array.from({ length: 1_001 }, (_, n) => ({ ...ada, email: `${n}@a.b` })),
        "*",
      ),
      "invalid",
    );
  });

  test("tells an owner of some hunts who works in these", async () => {
    const others = { email: "bob@example.org", roles: ["viewer"], hunts: ["second"] };
    await put([ada, others], "*");
    const token = await tokenOf({ hunts: ["first"] });
    const { body } = await client.call<Organisers>("GET", "/v1/organisers", { token });
    expect(body.organisers.map(({ email }) => email)).toEqual(["ada@example.org"]);
    const headers = { "If-Match": "*" };
    expectProblem(
      await client.call("PUT", "/v1/organisers", { token, headers, json: { organisers: [] } }),
      "forbidden",
    );
  });
});
