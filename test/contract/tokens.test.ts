import { createHmac, randomBytes } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { createSecrets } from "../../scripts/local/secrets.ts";
import type { Secrets } from "../../src/secrets.ts";
import { type Answer, Client, expectProblem, type Player } from "./client.ts";
import { manyClues } from "./hunts.ts";

/** Two live keys each: the first signs, both verify. */
const newKey = (id: string) => ({ id, bytes: randomBytes(32) });
const player = { current: newKey("k2"), former: newKey("k1"), gone: newKey("k0") };
const organiser = { current: newKey("k2"), former: newKey("k1"), gone: newKey("k0") };
type Key = ReturnType<typeof newKey>;
const ring = (...keys: Key[]) =>
  keys.map(({ id, bytes }) => `${id}:${bytes.toString("base64url")}`).join(",");
const secrets: Secrets = {
  ...createSecrets(),
  PLAYER_TOKEN_KEYS: ring(player.current, player.former),
  ORGANISER_TOKEN_KEYS: ring(organiser.current, organiser.former),
};

let engine: Engine;
let client: Client;
let member: Player;

beforeAll(async () => {
  engine = await startEngine({ secrets, vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await client.publish("tokens", manyClues(2));
  await client.publish("other", manyClues(2));
  member = await client.team("tokens", "Members");
});
afterAll(() => engine.stop());

interface Claims {
  key?: Key;
  header?: Record<string, string | undefined>;
  audience?: string;
  subject?: string;
  /** Seconds from now. */
  expires?: number | null;
  payload?: Record<string, unknown>;
}

function sign({
  key = player.current,
  header,
  audience,
  subject,
  expires = 3_600,
  payload,
}: Claims): Promise<string> {
  const jwt = new SignJWT(payload ?? {}).setProtectedHeader({
    alg: "HS256",
    typ: "JWT",
    kid: key.id,
    ...header,
  });
  if (audience !== undefined) jwt.setAudience(audience);
  if (subject !== undefined) jwt.setSubject(subject);
  if (expires !== null) jwt.setExpirationTime(Math.floor(Date.now() / 1_000) + expires);
  return jwt.sign(key.bytes);
}

const playerToken = (claims: Claims = {}): Promise<string> =>
  sign({
    audience: "hunt-player",
    subject: member.id,
    payload: { hunt: "tokens", team: member.team.id, ...claims.payload },
    ...without(claims, "payload"),
  });

const organiserToken = (claims: Claims = {}): Promise<string> =>
  sign({ key: organiser.current, audience: "hunt-organiser", subject: "someone", ...claims });

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = value;
  return rest;
}

const unsigned = (header: object, payload: object): string =>
  `${[header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")}.`;

const me = (token: string | undefined, hunt = "tokens"): Promise<Answer> =>
  client.call("GET", `/v1/hunts/${hunt}/me`, { token });
const stats = (token: string): Promise<Answer> => client.call("GET", "/v1/hunts/tokens/stats", { token });

test("[SEC-20] keys rotate: the newer signs, tokens of the older stay valid, those of a removed one do not", async () => {
  const { kid } = JSON.parse(Buffer.from(member.token.split(".")[0] ?? "", "base64url").toString()) as {
    kid: string;
  };
  expect(kid).toBe("k2");
  expect((await me(await playerToken())).status).toBe(200);
  expect((await me(await playerToken({ key: player.former }))).status).toBe(200);
  expectProblem(await me(await playerToken({ key: player.gone })), "unauthenticated");
  expect((await stats(await organiserToken())).status).toBe(200);
  expect((await stats(await organiserToken({ key: organiser.former }))).status).toBe(200);
  expectProblem(await stats(await organiserToken({ key: organiser.gone })), "unauthenticated");
});

describe("[SEC-21] a player's token is refused", () => {
  const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;
  const claims = () => ({
    hunt: "tokens",
    team: member.team.id,
    sub: member.id,
    aud: "hunt-player",
    exp: inAnHour,
  });
  const cases: [string, () => Promise<string> | string][] = [
    ["without a signature, alg none", () => unsigned({ alg: "none", typ: "JWT", kid: "k2" }, claims())],
    ["without a signature, alg None", () => unsigned({ alg: "None", typ: "JWT", kid: "k2" }, claims())],
    ["without a signature, alg HS256", () => unsigned({ alg: "HS256", typ: "JWT", kid: "k2" }, claims())],
    [
      "signed with another algorithm",
      () => playerToken({ key: { ...player.current, bytes: randomBytes(64) }, header: { alg: "HS512" } }),
    ],
    ["signed with HS512 and the right key", () => forged("sha512", "HS512")],
    ["for another audience", () => playerToken({ audience: "hunt-spectator" })],
    ["for the organisers' audience", () => playerToken({ audience: "hunt-organiser" })],
    ["expired", () => playerToken({ expires: -1 })],
    ["without an expiry", () => playerToken({ expires: null })],
    ["with an unknown kid", () => playerToken({ header: { kid: "k9" } })],
    ["without a kid", () => playerToken({ header: { kid: undefined } })],
    ["with the other live key's kid", () => playerToken({ header: { kid: "k1" } })],
    ["of another type", () => playerToken({ header: { typ: "at+jwt" } })],
    [
      "without a subject",
      () => sign({ audience: "hunt-player", payload: { hunt: "tokens", team: member.team.id } }),
    ],
    [
      "without a team",
      () => sign({ audience: "hunt-player", subject: member.id, payload: { hunt: "tokens" } }),
    ],
    ["signed with the organisers' key", () => playerToken({ key: organiser.current })],
    [
      "with a changed payload",
      async () => {
        const [header, , signature] = (await playerToken()).split(".");
        const payload = Buffer.from(JSON.stringify({ ...claims(), team: "weur-0-0-00000" })).toString(
          "base64url",
        );
        return `${header}.${payload}.${signature}`;
      },
    ],
    ["with a cut signature", async () => (await playerToken()).slice(0, -4)],
    ["that is an organiser's", () => organiserToken()],
    ["that is no token", () => "no-token"],
    ["that is empty", () => ""],
  ];

  test.each(cases)("%s", async (_, make) => {
    expectProblem(await me(await make()), "unauthenticated");
    const play = await client.call("POST", "/v1/hunts/tokens/events", {
      token: await make(),
      json: { events: [{ id: "e", type: "answer", clue: "c0", answer: "right 0" }] },
    });
    expectProblem(play, "unauthenticated");
  });

  function forged(hash: string, alg: string): string {
    const unsignedToken = unsigned({ alg, typ: "JWT", kid: "k2" }, claims()).slice(0, -1);
    return `${unsignedToken}.${createHmac(hash, player.current.bytes).update(unsignedToken).digest("base64url")}`;
  }

  test("in another scheme, in the query, or missing", async () => {
    const token = await playerToken();
    expectProblem(await me(undefined), "unauthenticated");
    for (const authorization of [
      `Basic ${token}`,
      token,
      `Bearer  ${token}`,
      `Bearer ${token} ${token}`,
      "Bearer",
    ]) {
      expectProblem(
        await client.call("GET", "/v1/hunts/tokens/me", { headers: { authorization } }),
        "unauthenticated",
      );
    }
    expectProblem(await client.call("GET", `/v1/hunts/tokens/me?token=${token}`), "unauthenticated");
  });
});

describe("[SEC-22] a valid token is forbidden", () => {
  test("in another hunt", async () => {
    expectProblem(await me(member.token, "other"), "forbidden");
    expectProblem(
      await client.call("POST", "/v1/hunts/other/events", { token: member.token, json: { events: [{}] } }),
      "forbidden",
    );
  });

  test("for a team its player is not in, and for what is no team", async () => {
    const stranger = await client.team("tokens", "Strangers");
    for (const team of [stranger.team.id, "weur-0-zzz-00000", "no team", ""]) {
      expectProblem(await me(await playerToken({ payload: { hunt: "tokens", team } })), "forbidden");
    }
    expectProblem(await me(await playerToken({ subject: stranger.id })), "forbidden");
  });
});

test("[SEC-23] a player's token opens no organiser route, an organiser's no player route", async () => {
  for (const [path, operations] of Object.entries(client.document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const { security } = operation as { security?: Record<string, unknown>[] };
      const kinds = (security ?? []).flatMap((kind) => Object.keys(kind));
      if (kinds.length !== 1) continue;
      const token = kinds[0] === "organiser" ? member.token : client.organiserToken;
      const at = path.replace("{hunt}", "tokens").replace("{team}", member.team.id);
      const json = method === "get" ? undefined : {};
      expectProblem(await client.call(method.toUpperCase(), at, { token, json }), "unauthenticated");
    }
  }
});

describe("[SEC-24] an organiser's token is refused", () => {
  const cases: [string, () => Promise<string> | string][] = [
    [
      "without a signature",
      () => unsigned({ alg: "none", typ: "JWT", kid: "k2" }, { sub: "x", aud: "hunt-organiser", exp: 9e9 }),
    ],
    ["for the players' audience", () => organiserToken({ audience: "hunt-player" })],
    ["signed with the players' key", () => organiserToken({ key: player.current })],
    ["expired", () => organiserToken({ expires: -1 })],
    ["without an expiry", () => organiserToken({ expires: null })],
    ["without a subject", () => sign({ key: organiser.current, audience: "hunt-organiser" })],
    ["with an unknown kid", () => organiserToken({ header: { kid: "k9" } })],
  ];

  test.each(cases)("%s", async (_, make) => {
    expectProblem(await stats(await make()), "unauthenticated");
  });
});

test("[SEC-25] every refusal reads the same: it tells a forger nothing", async () => {
  const details = new Set<string>();
  for (const token of [
    await playerToken({ key: player.gone }),
    await playerToken({ audience: "x" }),
    await playerToken({ expires: -1 }),
    await playerToken({ header: { kid: "k9" } }),
    (await playerToken()).slice(0, -4),
  ]) {
    details.add(expectProblem(await me(token), "unauthenticated").detail);
  }
  expect(details.size).toBe(1);
});

test("[SEC-26] a token expires a day after its hunt closes", async () => {
  const closes = Date.now() + 3 * 86_400_000;
  await client.publish("closing", manyClues(1, { closes: new Date(closes).toISOString() }));
  const { token } = await client.team("closing", "Expiring");
  const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
    exp: number;
  };
  expect(exp).toBe(Math.floor((closes + 86_400_000) / 1_000));
});
