/** Webhooks over the wire: what receivers get, and what organisers see of it. */
import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken } from "../../scripts/local/secrets.ts";
import type { WebhookSecret, Webhooks, WebhookTested } from "../../src/contract/webhooks.ts";
import { Client, expectProblem, type Player, sleep } from "./client.ts";
import { everyOutcome, SECRET_ANSWER } from "./hunts.ts";
import { type Message, Receiver, Resolver } from "./receiver.ts";

let engine: Engine;
let client: Client;
let receiver: Receiver;
let resolver: Resolver;

beforeAll(async () => {
  receiver = await Receiver.start();
  resolver = await Resolver.start();
  engine = await startEngine({
    vars: {
      RATE_LIMITS: "off",
      SHARDS_PER_REGION: "2",
      WEBHOOK_ALLOW: receiver.host,
      WEBHOOK_DNS_URL: resolver.url,
    },
  });
  client = await Client.of(engine);
});
afterAll(async () => {
  await engine.stop();
  receiver.stop();
  resolver.stop();
});

const ALL = ["solved", "first_solve", "finished", "won", "joined", "help", "announcement", "phase"];

interface Told {
  type: string;
  timestamp: string;
  data: Record<string, unknown> & { team?: { id: string; name: string }; clue?: { id: string } };
}

const bodyOf = ({ body }: Message): Told => JSON.parse(body) as Told;
const toldAt = (path: string): Told[] => receiver.at(path).map(bodyOf);

/** Waits until it holds; webhooks are told about a second after something happened. */
async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await sleep(50);
  }
}

const count = (path: string, least: number): Promise<void> =>
  until(() => receiver.at(path).length >= least, `${least} messages at ${path}`);

const seen = async (hunt: string): Promise<Webhooks> => {
  const told = await client.organise<Webhooks>("GET", `/v1/hunts/${hunt}/webhooks`);
  expect(told.status, told.text).toBe(200);
  return told.body;
};

const secretOf = async (hunt: string, webhook: string): Promise<string> =>
  (await client.organise<WebhookSecret>("GET", `/v1/hunts/${hunt}/webhooks/${webhook}/secret`)).body.secret;

const withHook = (path: string, on: string[], more: object = {}) =>
  everyOutcome({ webhooks: [{ url: receiver.url(path), on, ...more }] });

let events = 0;
const solve = (player: Player, clue: string, answer: string) => {
  events += 1;
  return client.playOne(player, { id: `e-${events}`, type: "answer", clue, answer });
};

describe("what is told", () => {
  test("[HOOK-1] joined, solved, first_solve, won, help, announcement and phase, in order, with what they are about", async () => {
    const hunt = "told";
    await client.publish(
      hunt,
      everyOutcome({
        help: { perTeam: 2, about: "anything" },
        scoring: { ranking: "finish", finish: "flag", firstSolves: [] },
        prizes: [{ id: "cup", title: "The Cup", stock: 2, requires: { solved: "cave" } }],
        webhooks: [{ url: receiver.url("/told"), on: ALL }],
      }),
    );
    const owls = await client.team(hunt, "Owls");
    await solve(owls, "cave", SECRET_ANSWER);
    await client.playOne(owls, { id: "claim", type: "claim", prize: "cup" });
    await solve(owls, "flag", "blue");
    await count("/told", 8);
    const bats = await client.team(hunt, "Bats");
    await solve(bats, "cave", SECRET_ANSWER);
    await client.call("POST", `/v1/hunts/${hunt}/threads`, {
      token: bats.token,
      json: { text: "Where is it?", clue: "pier" },
    });
    await client.organise("POST", `/v1/hunts/${hunt}/announcements`, { text: "Tea at five" });
    await client.setPhase(hunt, "ended");
    await count("/told", 13);
    await sleep(300);
    const told = toldAt("/told");
    const ofTeam = (id: string) => told.filter(({ data }) => data.team?.id === id).map(({ type }) => type);
    expect(ofTeam(owls.team.id)).toEqual([
      "joined",
      "solved",
      "first_solve",
      "won",
      "solved",
      "first_solve",
      "finished",
    ]);
    expect(ofTeam(bats.team.id)).toEqual(["joined", "solved"]);
    expect(told.find(({ type }) => type === "first_solve")).toEqual({
      type: "first_solve",
      timestamp: expect.stringMatching(/Z$/),
      data: {
        hunt,
        team: { id: owls.team.id, name: "Owls" },
        clue: { id: "cave", title: "The Cave" },
        points: 100,
        place: 1,
        at: expect.stringMatching(/Z$/),
      },
    });
    expect(told.find(({ type }) => type === "won")?.data).toMatchObject({
      prize: { id: "cup", title: "The Cup" },
    });
    expect(told.find(({ type }) => type === "finished")?.data).toMatchObject({ place: 1 });
    expect(told.find(({ type }) => type === "help")?.data).toMatchObject({
      thread: expect.stringMatching(/\.1$/),
      clue: { id: "pier" },
    });
    expect(told.find(({ type }) => type === "announcement")?.data).toMatchObject({ text: "Tea at five" });
    expect(told.filter(({ type }) => type === "phase").map(({ data }) => data.phase)).toEqual([
      "live",
      "ended",
    ]);
    expect(told).toHaveLength(13);
  });

  test("[HOOK-2] each message is signed by Standard Webhooks: its package and a few lines say so", async () => {
    const hunt = "signed";
    await client.publish(hunt, withHook("/signed", ["joined"]));
    await client.team(hunt, "Signers");
    await count("/signed", 1);
    const [message] = receiver.at("/signed");
    if (!message) throw new Error("no message");
    const secret = await secretOf(hunt, "hook-1");
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const headers = message.headers as Record<string, string>;
    expect(new Webhook(secret).verify(message.body, headers)).toMatchObject({ type: "joined" });
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${message.body}`;
    const mac = createHmac("sha256", key).update(signed).digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${mac}`);
    expect(() => new Webhook(secret).verify(`${message.body} `, headers)).toThrow();
    // It stays over versions while the id stays, and is another one for each id and hunt.
    await client.publish(hunt, withHook("/signed", ["solved"]), "draft");
    expect(await secretOf(hunt, "hook-1")).toBe(secret);
    expect(await secretOf(hunt, "registrations")).not.toBe(secret);
    await client.publish("signed-too", withHook("/signed", ["joined"]));
    expect(await secretOf("signed-too", "hook-1")).not.toBe(secret);
    expectProblem(await client.organise("GET", `/v1/hunts/${hunt}/webhooks/none/secret`), "not_found");
  });

  test("[HOOK-3] Discord and Slack get a line of text that mentions nobody", async () => {
    const hunt = "chats";
    await client.publish(
      hunt,
      everyOutcome({
        webhooks: [
          { id: "discord", url: receiver.url("/discord"), as: "discord", on: ["joined", "solved"] },
          { id: "slack", url: receiver.url("/slack"), as: "slack", on: ["joined"] },
        ],
      }),
    );
    const player = await client.team(hunt, "@everyone <!channel> [x](https://evil.example) <@U1>");
    await solve(player, "cave", SECRET_ANSWER);
    await Promise.all([count("/discord", 2), count("/slack", 1)]);
    const [discord, solved] = receiver.at("/discord").map(({ body }) => JSON.parse(body));
    expect(discord.allowed_mentions).toEqual({ parse: [] });
    expect(discord.content).not.toMatch(/@everyone|(?<!\\)\[x|(?<!\\)<@/);
    expect(solved.content).toMatch(/ solved \*\*The Cave\*\* \(\+100\), place 1$/);
    const [slack] = receiver.at("/slack").map(({ body }) => JSON.parse(body));
    expect(slack.text).not.toMatch(/<|@everyone/);
    expect(Object.keys(slack).sort()).toEqual(["link_names", "text"]);
  });

  test("[HOOK-4] nothing of hidden and banned teams, and a hidden team is not the first", async () => {
    const hunt = "concealed";
    await client.publish(hunt, withHook("/concealed", ["solved", "first_solve"]));
    const staff = await client.team(hunt, "Staff");
    const owls = await client.team(hunt, "Owls");
    await client.organise("POST", `/v1/hunts/${hunt}/teams/${staff.team.id}/hide`, { reason: "staff" });
    await solve(staff, "cave", SECRET_ANSWER);
    await sleep(1_000);
    await solve(owls, "cave", SECRET_ANSWER);
    await count("/concealed", 2);
    await sleep(500);
    expect(toldAt("/concealed").map(({ type, data }) => [type, data.team?.name])).toEqual([
      ["solved", "Owls"],
      ["first_solve", "Owls"],
    ]);
  });

  test("[HOOK-5] nothing of an import, of a regrade, and of what was before the webhook", async () => {
    const hunt = "quiet";
    const at = new Date(Date.now() - 60_000).toISOString();
    await client.publish(hunt, withHook("/quiet", ["joined", "solved"]), "draft");
    const lines = [
      { at, team: "Old", type: "join" },
      { at, team: "Old", type: "answer", clue: "cave", answer: SECRET_ANSWER },
    ];
    const imported = await client.call("POST", `/v1/hunts/${hunt}/import`, {
      token: client.organiserToken,
      body: lines.map((line) => JSON.stringify(line)).join("\n"),
      type: "application/x-ndjson",
    });
    expect(imported.body).toMatchObject({ accepted: 2 });
    await client.setPhase(hunt, "live");
    const player = await client.team(hunt, "Now");
    await solve(player, "cave", "sesam");
    const definition = everyOutcome() as { clues: { id: string; answers?: string[] }[] };
    const clues = definition.clues.map((clue) =>
      clue.id === "cave" ? { ...clue, answers: ["sesam"], nudges: [] } : clue,
    );
    await client.publish(
      hunt,
      {
        ...definition,
        clues,
        webhooks: [
          { id: "hook-1", url: receiver.url("/quiet"), on: ["joined", "solved"] },
          { id: "late", url: receiver.url("/late"), on: ["joined", "solved"] },
        ],
      },
      "draft",
    );
    const regraded = await client.organise<{ events: number }>("POST", `/v1/hunts/${hunt}/regrade`, {
      dryRun: false,
    });
    expect(regraded.body).toMatchObject({ teamsMoved: expect.any(Number) });
    const later = await client.team(hunt, "Later");
    await Promise.all([count("/quiet", 2), count("/late", 1)]);
    await sleep(1_000);
    // Between teams of several shards there is no order.
    const told = toldAt("/quiet").map(({ type, data }) => `${type} ${data.team?.name}`);
    expect(told.sort()).toEqual(["joined Later", "joined Now"]);
    expect(toldAt("/late").map(({ data }) => data.team?.id)).toEqual([later.team.id]);
  });

  test("[HOOK-6] during a freeze nothing that the public standings do not tell, then or later", async () => {
    const hunt = "frozen";
    const definition = (freeze: string) =>
      everyOutcome({
        freeze,
        help: { perTeam: 2, about: "anything" },
        webhooks: [{ url: receiver.url("/frozen"), on: ALL }],
      });
    await client.publish(hunt, definition(new Date(Date.now() + 3_600_000).toISOString()));
    const before = await client.team(hunt, "Before");
    await solve(before, "cave", SECRET_ANSWER);
    await count("/frozen", 4);
    await client.publish(hunt, definition(new Date(Date.now() - 1).toISOString()), "draft");
    await client.team(hunt, "During");
    await solve(before, "flag", "blue");
    await client.call("POST", `/v1/hunts/${hunt}/threads`, {
      token: before.token,
      json: { text: "Help", clue: "pier" },
    });
    await client.join(hunt, { name: "Mate", team: { join: before.team.joinCode ?? "" } });
    await count("/frozen", 6);
    await client.setPhase(hunt, "ended");
    await count("/frozen", 7);
    await sleep(1_500);
    const told = toldAt("/frozen").map(({ type, data }) => [
      type,
      data.team?.name ?? "",
      data.clue?.id ?? "",
    ]);
    expect(
      told
        .slice(0, 4)
        .map(([type]) => type)
        .sort(),
    ).toEqual(["first_solve", "joined", "phase", "solved"]);
    expect(told.slice(4).sort()).toEqual([
      ["help", "", ""],
      ["joined", "Before", ""],
      ["phase", "", ""],
    ]);
  });
});

describe("receivers that fail", () => {
  test("[HOOK-7] a try that fails is repeated after 5 s under the same id; a redirect is one; another receiver waits for nobody", async () => {
    const hunt = "failing";
    await client.publish(
      hunt,
      everyOutcome({
        webhooks: [
          { id: "shaky", url: receiver.url("/shaky"), on: ["joined"] },
          { id: "slow", url: receiver.url("/slow"), on: ["joined"] },
          { id: "good", url: receiver.url("/good"), on: ["joined"] },
        ],
      }),
    );
    let shaky = 0;
    receiver.reply = ({ path }) => {
      if (path === "/slow") return { status: 200, after: 12_000 };
      if (path !== "/shaky") return { status: 200, body: "thanks" };
      shaky += 1;
      return shaky === 1
        ? { status: 302, headers: { location: receiver.url("/elsewhere") } }
        : { status: 200 };
    };
    const begun = Date.now();
    await client.team(hunt, "Owls");
    await count("/good", 1);
    expect(Date.now() - begun).toBeLessThan(9_000);
    await count("/shaky", 2);
    const [first, second] = receiver.at("/shaky");
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(4_900);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeLessThan(8_000);
    expect(receiver.at("/elsewhere")).toEqual([]);
    await until(
      async () =>
        (await seen(hunt)).deliveries.some(({ webhook, tries }) => webhook === "slow" && tries.length > 0),
      "the slow one",
    );
    const { deliveries, webhooks } = await seen(hunt);
    expect(webhooks.map(({ id, host, as }) => [id, host, as])).toEqual(
      ["shaky", "slow", "good"].map((id) => [id, receiver.host, "signed"]),
    );
    const of = (id: string) => deliveries.find(({ webhook }) => webhook === id);
    expect(of("good")).toMatchObject({ state: "delivered", status: 200, response: "thanks", type: "joined" });
    expect(of("good")?.headers["webhook-signature"]).toBe("v1,…");
    expect(JSON.parse(of("good")?.body ?? "")).toMatchObject({
      type: "joined",
      data: { team: { name: "Owls" } },
    });
    expect(of("shaky")?.tries).toMatchObject([{ status: 302 }, { status: 200 }]);
    expect(of("slow")).toMatchObject({ state: "pending", tries: [{ error: "no response within 10 s" }] });
    receiver.reply = () => ({ status: 204 });
  });

  test("[HOOK-8] 410 disables a webhook; a test that succeeds brings it back, and what it missed is not told", async () => {
    const hunt = "gone";
    await client.publish(hunt, withHook("/gone", ["joined"]));
    const base = `/v1/hunts/${hunt}/webhooks/hook-1`;
    receiver.reply = ({ path }) => ({ status: path === "/gone" ? 410 : 204 });
    await client.team(hunt, "One");
    await until(async () => (await seen(hunt)).webhooks[0]?.disabled === true, "disabled");
    expect((await seen(hunt)).deliveries).toMatchObject([{ state: "failed", status: 410 }]);
    expectProblem(await client.organise("POST", `${base}/redeliver`, {}), "conflict");
    await client.team(hunt, "Missed");
    await sleep(1_000);
    expect((await client.organise<WebhookTested>("POST", `${base}/test`)).body).toMatchObject({
      status: 410,
    });
    expect((await seen(hunt)).webhooks[0]?.disabled).toBe(true);
    receiver.reply = () => ({ status: 204 });
    const tested = await client.organise<WebhookTested>("POST", `${base}/test`);
    expect(tested.body).toEqual({ status: 204, ms: expect.any(Number) });
    expect((await seen(hunt)).webhooks[0]?.disabled).toBeUndefined();
    const again = await client.organise("POST", `${base}/redeliver`);
    expect(again.body).toEqual({ redelivered: 1 });
    await client.team(hunt, "Back");
    await until(() => toldAt("/gone").some(({ data }) => data.team?.name === "Back"), "Back");
    const names = toldAt("/gone").map(({ type, data }) => data.team?.name ?? type);
    expect(names).toEqual(["One", "test", "test", "One", "Back"]);
  });

  test("[HOOK-9] 429 and 503 with Retry-After: nothing is sent before", async () => {
    const hunt = "busy";
    await client.publish(hunt, withHook("/busy", ["joined"]));
    let asked = 0;
    receiver.reply = ({ path }) => {
      if (path !== "/busy") return { status: 204 };
      asked += 1;
      return asked === 1 ? { status: 429, headers: { "retry-after": "7" } } : { status: 204 };
    };
    await client.team(hunt, "One");
    await count("/busy", 1);
    await client.team(hunt, "Two");
    await count("/busy", 3);
    const [first, second] = receiver.at("/busy");
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(6_900);
    receiver.reply = () => ({ status: 204 });
  });
});

describe("addresses", () => {
  const publish = (url: string) =>
    client.organise("PUT", "/v1/hunts/addresses", everyOutcome({ webhooks: [{ url, on: ["joined"] }] }));

  test("[HOOK-10] private addresses are refused at publishing, in any spelling, and http", async () => {
    for (const host of [
      "127.0.0.1",
      "0x7f.1",
      "2130706433",
      "10.1.2.3",
      "[::1]",
      "[::ffff:10.0.0.1]",
      "localhost",
      "a.local",
      "printer",
    ]) {
      const problem = expectProblem(await publish(`https://${host}/x`), "invalid");
      expect(problem.issues, host).toMatchObject([{ path: "webhooks.0.url", code: "webhook-forbidden" }]);
    }
    expect(expectProblem(await publish("http://example.org/x"), "invalid").issues).toMatchObject([
      { path: "webhooks.0.url", code: "webhook-not-https" },
    ]);
    expect((await publish("https://example.org/x")).status).toBe(201);
  });

  test("[HOOK-11] a name that resolves to a private address is a failed delivery, and its test 422", async () => {
    resolver.addresses.set("inside.example", ["203.0.114.7", "10.0.0.1"]);
    const hunt = "inside";
    await client.publish(
      hunt,
      everyOutcome({ webhooks: [{ url: "https://inside.example/x", on: ["joined"] }] }),
    );
    expectProblem(await client.organise("POST", `/v1/hunts/${hunt}/webhooks/hook-1/test`), "invalid");
    await client.team(hunt, "One");
    await until(async () => (await seen(hunt)).deliveries[0]?.state === "failed", "failed");
    expect((await seen(hunt)).deliveries[0]?.tries).toMatchObject([
      { error: expect.stringContaining("private") },
    ]);
  });
});

test("[HOOK-12] editors see webhooks and their secrets, nobody else but owners", async () => {
  const hunt = "roles-of-hooks";
  await client.publish(hunt, withHook("/roles", ["joined"]));
  const editor = await mintOrganiserToken(engine.secrets, Date.now(), { name: "Ed", roles: ["editor"] });
  const operator = await mintOrganiserToken(engine.secrets, Date.now(), { name: "Op", roles: ["operator"] });
  const base = `/v1/hunts/${hunt}/webhooks`;
  for (const path of [base, `${base}/hook-1/secret`]) {
    expect((await client.call("GET", path, { token: editor })).status).toBe(200);
    expectProblem(await client.call("GET", path, { token: operator }), "forbidden");
  }
  expect((await client.call("POST", `${base}/hook-1/test`, { token: editor })).status).toBe(200);
});
