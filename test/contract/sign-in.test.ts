/** Signing in as an organiser: OIDC and Cloudflare Access, with a key server on this machine whose keys turn. */
import { createHash, randomBytes } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken } from "../../scripts/local/secrets.ts";
import type { OrganiserMe, Session, SignInWay } from "../../src/contract/organisers.ts";
import { Client, expectProblem, sleep } from "./client.ts";
import { manyClues } from "./hunts.ts";
import { CLIENT_ID, type Claims, Issuer, newPair } from "./issuer.ts";

/** Longer than the engine waits between two fetches of an issuer's keys, ms. */
const KEYS_AGAIN = 2_100;

let issuer: Issuer;
let engine: Engine;
let client: Client;

/** `issuer`: of the ID tokens, and the Access team. */
const varsFor = ({ url }: Issuer) => ({
  RATE_LIMITS: "off",
  OIDC_ISSUER: url,
  OIDC_AUDIENCE: CLIENT_ID,
  ACCESS_TEAM_URL: url,
  ACCESS_AUD: "the-application",
});

beforeAll(async () => {
  issuer = await Issuer.start();
  engine = await startEngine({ vars: varsFor(issuer) });
  client = await Client.of(engine);
  await client.publish("first", manyClues(1));
  await list([
    { email: "ada@example.org", roles: ["owner"], hunts: ["*"] },
    { email: "bob@example.org", roles: ["operator"], hunts: ["first"] },
  ]);
});
afterAll(async () => {
  await engine.stop();
  issuer.stop();
});

async function list(organisers: object[], of = client): Promise<void> {
  const answer = await of.call("PUT", "/v1/organisers", {
    token: of.organiserToken,
    headers: { "If-Match": "*" },
    json: { organisers },
  });
  expect(answer.status, answer.text).toBe(200);
}

const idToken = (claims?: Claims) => issuer.idToken(claims);
const signIn = (token: string) => client.call<Session>("POST", "/v1/session", { json: { idToken: token } });
const passAccess = (assertion: string) =>
  client.call<Session>("POST", "/v1/session", { headers: { "Cf-Access-Jwt-Assertion": assertion } });
const me = (token: string) => client.call<OrganiserMe>("GET", "/v1/organisers/me", { token });

describe("[SEC-96] an ID token of the issuer", () => {
  test("signs in for eight hours, with the roles of the list, under the address", async () => {
    const { status, body } = await signIn(await idToken());
    expect(status).toBe(201);
    expect(Date.parse(body.expiresAt) - Date.now()).toBeGreaterThan(8 * 3_600_000 - 10_000);
    expect(Date.parse(body.expiresAt) - Date.now()).toBeLessThanOrEqual(8 * 3_600_000);
    expect((await me(body.token)).body).toMatchObject({
      name: "ada@example.org",
      roles: ["owner"],
      hunts: ["*"],
      expiresAt: body.expiresAt,
    });
    const bob = await signIn(await idToken({ payload: { email: "bob@example.org" } }));
    expect((await me(bob.body.token)).body).toMatchObject({ roles: ["operator"], hunts: ["first"] });
    expectProblem(await client.call("GET", "/v1/organisers", { token: bob.body.token }), "forbidden");
  });

  test("must be good", async () => {
    const stranger = await newPair("k1");
    const secret = new TextEncoder().encode(JSON.stringify(issuer.present.jwk).padEnd(64));
    const symmetric = await new SignJWT({ email: "ada@example.org", email_verified: true })
      .setProtectedHeader({ alg: "HS256", kid: "k1" })
      .setIssuer(issuer.url)
      .setAudience(CLIENT_ID)
      .setSubject("1234")
      .setExpirationTime("1h")
      .sign(secret);
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${(await idToken()).split(".")[1]}.`;
    for (const token of [
      await idToken({ pair: stranger }),
      await idToken({ issuer: "https://other.example" }),
      await idToken({ issuer: `${issuer.url}/` }),
      await idToken({ audience: "another-client" }),
      await idToken({ audience: [CLIENT_ID, "another"], payload: { azp: "another" } }),
      await idToken({ expires: -60 }),
      symmetric,
      unsigned,
      client.organiserToken,
      "no-token",
      "",
    ]) {
      expectProblem(await signIn(token), "unauthenticated");
    }
    expectProblem(await signIn("x".repeat(16_385)), "invalid");
  });

  test("must be of a verified address in the list", async () => {
    for (const payload of [
      { email_verified: false },
      { email_verified: "true" },
      { email_verified: undefined },
      { email: undefined },
      { email: "eve@example.org" },
      { email: "ada@example.org.evil.example" },
    ]) {
      expectProblem(await signIn(await idToken({ payload })), "forbidden");
    }
  });

  test("is needed", async () => {
    expectProblem(await client.call("POST", "/v1/session", { json: {} }), "invalid");
    expectProblem(await client.call("POST", "/v1/session"), "invalid");
    expectProblem(await client.call("POST", "/v1/session", { json: { idToken: 1 } }), "invalid");
  });

  test("of a key that turned is taken, of the former one refused, without a restart", async () => {
    const former = await idToken();
    expect((await signIn(former)).status).toBe(201);
    await issuer.turn("k2");
    await sleep(KEYS_AGAIN);
    expect((await signIn(await idToken())).status).toBe(201);
    expectProblem(await signIn(former), "unauthenticated");
  });

  test("with made-up key ids makes few fetches", async () => {
    await sleep(KEYS_AGAIN);
    const before = issuer.fetches;
    for (let count = 0; count < 20; count += 1) {
      const token = await idToken({ pair: { ...issuer.present, kid: `made-up-${count}` } });
      expectProblem(await signIn(token), "unauthenticated");
    }
    expect(issuer.fetches - before).toBeLessThanOrEqual(3);
  });

  test("while the keys cannot be had is 503, and known keys go on", async () => {
    issuer.keys = undefined;
    await sleep(KEYS_AGAIN);
    const unknown = await idToken({ pair: { ...issuer.present, kid: "k9" } });
    expectProblem(await signIn(unknown), "unavailable");
    expect((await signIn(await idToken())).status).toBe(201);
    issuer.keys = [issuer.present.jwk];
  });
});

describe("[SEC-98] a code of the issuer", () => {
  const REDIRECT = "https://hunt.example/organise";
  const random = () => randomBytes(32).toString("base64url");
  afterEach(() => {
    issuer.forging = {};
    issuer.isThere = true;
  });

  /** What the page made up, and the code that the issuer sends it back with. */
  function granted() {
    const made = { codeVerifier: random(), nonce: random(), redirectUri: REDIRECT };
    const challenge = createHash("sha256").update(made.codeVerifier).digest("base64url");
    return { ...made, code: issuer.grant({ challenge, nonce: made.nonce, redirectUri: REDIRECT }) };
  }
  const exchange = (authorization: object, of = client) =>
    of.call<Session>("POST", "/v1/session", { json: { authorization } });

  test("is what the console is told to get", async () => {
    const { status, body, headers } = await client.call<SignInWay>("GET", "/v1/session");
    expect(status).toBe(200);
    expect(body).toEqual({
      issuer: issuer.url,
      clientId: CLIENT_ID,
      authorizationEndpoint: `${issuer.url}/authorize`,
      responseMode: "fragment",
    });
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect((await client.call("GET", "/v1/pages")).body).toMatchObject({ oidc: new URL(issuer.url).host });
  });

  test("signs in once, also by a key that turned meanwhile", async () => {
    await issuer.turn("k3");
    await sleep(KEYS_AGAIN);
    const authorization = granted();
    const { status, body, text } = await exchange(authorization);
    expect(status, text).toBe(201);
    expect((await me(body.token)).body).toMatchObject({ name: "ada@example.org", roles: ["owner"] });
    expectProblem(await exchange(authorization), "unauthenticated");
  });

  test("must be of who began: verifier, address and nonce", async () => {
    for (const other of [
      { codeVerifier: random() },
      { nonce: random() },
      { redirectUri: "https://evil.example/organise" },
      { code: "made-up" },
    ]) {
      expectProblem(await exchange({ ...granted(), ...other }), "unauthenticated");
    }
    const { nonce: _, ...without } = granted();
    expectProblem(await exchange(without), "invalid");
    for (const forging of [
      { payload: { nonce: undefined } },
      { audience: "another-client" },
      { expires: -60 },
      { issuer: "https://other.example" },
      { pair: await newPair("k3") },
    ]) {
      issuer.forging = forging;
      expectProblem(await exchange(granted()), "unauthenticated");
    }
    issuer.forging = { payload: { email_verified: false } };
    expectProblem(await exchange(granted()), "forbidden");
    issuer.forging = { payload: { email: "eve@example.org" } };
    expectProblem(await exchange(granted()), "forbidden");
  });

  test("of an issuer with a secret is changed with it, in the header or, where that is not taken, in the body", async () => {
    for (const methods of [undefined, ["client_secret_post"]]) {
      const own = await Issuer.start();
      own.secret = "a secret: of/the+console";
      own.more = { token_endpoint_auth_methods_supported: methods, response_modes_supported: undefined };
      const other = await startEngine({
        vars: { ...varsFor(own), OIDC_CLIENT_SECRET: own.secret },
      });
      try {
        const asked = await Client.of(other);
        await list([{ email: "ada@example.org", roles: ["viewer"], hunts: ["*"] }], asked);
        const made = { codeVerifier: random(), nonce: random(), redirectUri: REDIRECT };
        const challenge = createHash("sha256").update(made.codeVerifier).digest("base64url");
        const code = own.grant({ challenge, nonce: made.nonce, redirectUri: REDIRECT });
        const { status, text } = await exchange({ ...made, code }, asked);
        expect(status, text).toBe(201);
        expect((await asked.call<SignInWay>("GET", "/v1/session")).body.responseMode).toBe("query");
        // Wrong credentials are the deployment's fault, not the person's.
        own.secret = "turned";
        expectProblem(await exchange({ ...made, code }, asked), "unavailable");
      } finally {
        await other.stop();
        own.stop();
      }
    }
  });

  test("of an issuer that is away is 503, and it is asked again soon after", async () => {
    const own = await Issuer.start();
    own.isThere = false;
    const other = await startEngine({ vars: varsFor(own) });
    try {
      const asked = await Client.of(other);
      expectProblem(await asked.call("GET", "/v1/session"), "unavailable");
      expectProblem(await exchange(granted(), asked), "unavailable");
      own.isThere = true;
      await sleep(KEYS_AGAIN);
      expect((await asked.call("GET", "/v1/session")).status).toBe(200);
    } finally {
      await other.stop();
      own.stop();
    }
  });
});

describe("[SEC-96] what Cloudflare Access says", () => {
  const assertion = (claims: Claims = {}) =>
    idToken({
      pair: issuer.access,
      audience: "the-application",
      payload: { email_verified: undefined },
      ...claims,
    });

  test("signs in without a body", async () => {
    const { status, body } = await passAccess(await assertion());
    expect(status).toBe(201);
    expect((await me(body.token)).body.name).toBe("ada@example.org");
  });

  test("must be good", async () => {
    for (const token of [
      await assertion({ audience: CLIENT_ID }),
      await assertion({ pair: await newPair("a1") }),
      await assertion({ issuer: "https://other.example" }),
      await assertion({ expires: -60 }),
    ]) {
      expectProblem(await passAccess(token), "unauthenticated");
    }
    expectProblem(await passAccess(await assertion({ payload: { email: "eve@example.org" } })), "forbidden");
  });
});

test("[SEC-97] who left the list is refused at once on owners' routes, and elsewhere until the session ends", async () => {
  const { token } = (await signIn(await idToken())).body;
  const organisers = (as: string) => client.call("GET", "/v1/organisers", { token: as });
  expect((await organisers(token)).status).toBe(200);
  await list([{ email: "ada@example.org", roles: ["viewer"], hunts: ["*"] }]);
  expectProblem(await organisers(token), "forbidden");
  await list([{ email: "ada@example.org", roles: ["owner"], hunts: ["first"] }]);
  const revoke = { token, json: { sub: "bob@example.org", reason: "none" } };
  expectProblem(await client.call("POST", "/v1/organisers/revoke", revoke), "forbidden");
  await list([]);
  expectProblem(await organisers(token), "forbidden");
  expect((await client.call("GET", "/v1/hunts/first/stats", { token })).status).toBe(200);
  expectProblem(await signIn(await idToken()), "forbidden");
  // A token of the command line hangs on no list.
  expect((await organisers(await mintOrganiserToken(engine.secrets))).status).toBe(200);
});

test("[SEC-96] without its parameters no proof is taken", async () => {
  const bare = await startEngine({ vars: { RATE_LIMITS: "off" } });
  try {
    const other = await Client.of(bare);
    expectProblem(
      await other.call("POST", "/v1/session", { json: { idToken: await idToken() } }),
      "forbidden",
    );
    const headers = { "Cf-Access-Jwt-Assertion": await idToken({ pair: issuer.access }) };
    expectProblem(await other.call("POST", "/v1/session", { headers }), "forbidden");
    expectProblem(await other.call("GET", "/v1/session"), "forbidden");
    expect((await other.call("GET", "/v1/pages")).body).toEqual({});
  } finally {
    await bare.stop();
  }
});
