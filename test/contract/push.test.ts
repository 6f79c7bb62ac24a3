/** Web Push over the wire, with a push service on this machine that opens every message. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { AskedMade, ThreadMade } from "../../src/contract/help.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import type { PersonalData } from "../../src/contract/personal.ts";
import type { Rehearsal } from "../../src/contract/rehearsal.ts";
import type { Announced } from "../../src/contract/running.ts";
import { type Device, PushService } from "../push/service.ts";
import { Client, expectProblem, type Player } from "./client.ts";
import { everyOutcome, SECRET_ANSWER } from "./hunts.ts";

let engine: Engine;
let client: Client;
let service: PushService;
const logged: string[] = [];

beforeAll(async () => {
  service = await PushService.start();
  engine = await startEngine({
    vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "2", PUSH_ALLOW: service.host, METRICS_FLUSH_MS: "100" },
    log: (_, text) => logged.push(text),
  });
  client = await Client.of(engine);
  await client.publish("pushed", everyOutcome({ help: { perTeam: 3, about: "anything" } }));
});
afterAll(async () => {
  await engine.stop();
  await service.stop();
});
beforeEach(() => {
  expect(service.faults).toEqual([]);
});

const path = ({ hunt }: Pick<Player, "hunt">) => `/v1/hunts/${hunt}/me/push`;

const put = (player: Player, body: object) =>
  client.call("PUT", path(player), { token: player.token, json: body });

async function subscribed(player: Player, more: object = {}): Promise<Device> {
  const device = service.device();
  const answer = await put(player, { ...device.toJSON(), ...more });
  expect(answer.status, answer.text).toBe(204);
  return device;
}

const announce = async (hunt: string, body: object): Promise<string> => {
  const answer = await client.organise<Announced>("POST", `/v1/hunts/${hunt}/announcements`, body);
  expect(answer.status, answer.text).toBe(201);
  return answer.body.id;
};

async function sample(series: string): Promise<number> {
  const { text } = await client.organise<string>("GET", "/metrics");
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.split(" ")[1]);
}

const until = (check: () => unknown, timeout = 20_000): Promise<unknown> =>
  vi.waitFor(check, { timeout, interval: 50 });

const comes = async (device: Device, count = 1): Promise<void> => {
  await until(() => expect(service.of(device).length).toBeGreaterThanOrEqual(count));
};

/** What was asked for before this came: so nothing else is on its way to any device. */
async function settled(player: Player): Promise<void> {
  const device = await subscribed(player);
  await announce(player.hunt, { text: "settled", to: { teams: [player.team.id] } });
  await comes(device);
}

const end = (player: Player, query = "") =>
  client.call("DELETE", `${path(player)}${query}`, { token: player.token });

describe("[PUSH-1] a player's device is told what happens", () => {
  test("the key to subscribe with is told with the hunt", async () => {
    const { body } = await client.call<Hunt>("GET", "/v1/hunts/pushed");
    expect(Buffer.from(body.push?.key ?? "", "base64url")).toHaveLength(65);
  });

  test("an announcement, in the language that it was asked for in", async () => {
    const ada = await client.team("pushed", "Announced");
    const device = await subscribed(ada, { lang: "de" });
    const id = await announce("pushed", { text: "The ferry is late." });
    await comes(device);
    expect(service.of(device)).toEqual([
      {
        kind: "announcement",
        hunt: "pushed",
        title: "Every Outcome",
        lang: "de",
        tag: id,
        text: "The ferry is late.",
        at: expect.any(String),
      },
    ]);
  });

  test("a long one is cut; one for others, or about a locked clue, is not told", async () => {
    const ada = await client.team("pushed", "Cut");
    const other = await client.team("pushed", "Other");
    const device = await subscribed(ada);
    const others = await subscribed(other);
    await announce("pushed", { text: "About what is locked.", clue: "vault" });
    await announce("pushed", { text: "x".repeat(900), to: { teams: [ada.team.id] } });
    await comes(device);
    expect(service.of(device).map(({ text, cut }) => [text, cut])).toEqual([["x".repeat(300), true]]);
    await settled(other);
    expect(service.of(others).map(({ text }) => text)).toEqual(["settled"]);
  });

  test("what the organisers answer at the help desk: that they did, not what", async () => {
    const ada = await client.team("pushed", "Helped");
    const device = await subscribed(ada);
    const asked = await client.call<ThreadMade>("POST", "/v1/hunts/pushed/threads", {
      token: ada.token,
      json: { clue: "cave", text: "Is it a word?" },
    });
    await client.organise<AskedMade>("POST", `/v1/hunts/pushed/help/${asked.body.thread.id}/messages`, {
      text: `Say ${SECRET_ANSWER}`,
    });
    await comes(device);
    expect(service.of(device)).toMatchObject([{ kind: "help", clues: [{ id: "cave", title: "The Cave" }] }]);
    expect(JSON.stringify(service.of(device))).not.toContain(SECRET_ANSWER);
  });

  test("a clue that an organiser opens, one that opens by its time, and the hunt's beginning; once each", async () => {
    await client.publish("opening", everyOutcome(), "draft");
    const ada = await client.team("opening", "Opened");
    const device = await subscribed(ada);
    await client.setPhase("opening", "live");
    await comes(device);
    expect(service.of(device)).toMatchObject([{ kind: "opened", count: 3 }]);
    await client.organise("POST", `/v1/hunts/opening/teams/${ada.team.id}/unlocks`, {
      clue: "vault",
      reason: "a test",
    });
    await comes(device, 2);
    expect(service.of(device)[1]).toMatchObject({
      kind: "opened",
      clues: [{ id: "vault", title: "The Vault" }],
      count: 1,
    });
    const definition = everyOutcome() as { clues: { id: string; opens?: object }[] };
    const at = new Date(Date.now() + 1_500).toISOString();
    for (const clue of definition.clues) if (clue.id === "end") clue.opens = { at };
    const published = await client.organise("PUT", "/v1/hunts/opening", definition);
    expect(published.status, published.text).toBe(200);
    await comes(device, 3);
    expect(service.of(device)[2]).toMatchObject({ kind: "opened", clues: [{ id: "end", title: "The End" }] });
    await settled(ada);
    expect(service.of(device).map(({ kind }) => kind)).toEqual([
      "opened",
      "opened",
      "opened",
      "announcement",
    ]);
  });

  test("what was taken back before it was carried out is in no message", async () => {
    const ada = await client.team("pushed", "Taken");
    const device = await subscribed(ada);
    service.respond(device, { status: 503, headers: { "Retry-After": "5" } });
    const id = await announce("pushed", { text: "A mistake.", to: { teams: [ada.team.id] } });
    await until(() => expect(service.timesAsked(device)).toBe(1));
    await client.organise("DELETE", `/v1/hunts/pushed/announcements/${id}?reason=mistake`);
    await new Promise((done) => setTimeout(done, 7_000));
    expect(service.of(device)).toEqual([]);
    expect(service.timesAsked(device)).toBe(1);
  }, 90_000);
});

describe("[PUSH-5] it ends", () => {
  test("for one device, or all of them; the same again changes nothing", async () => {
    const ada = await client.team("pushed", "Ends");
    const [one, two] = [await subscribed(ada), await subscribed(ada)];
    expect((await put(ada, one.toJSON())).status).toBe(204);
    expect((await end(ada, `?device=${one.digest}`)).status).toBe(204);
    await announce("pushed", { text: "first", to: { teams: [ada.team.id] } });
    await comes(two);
    expect((await end(ada)).status).toBe(204);
    await settled(ada);
    expect([service.of(one).length, service.of(two).length]).toEqual([0, 1]);
  });

  test("of a player's sixth device the first ends", async () => {
    const ada = await client.team("pushed", "Six");
    const devices: Device[] = [];
    for (let n = 0; n < 6; n += 1) devices.push(await subscribed(ada));
    await announce("pushed", { text: "six", to: { teams: [ada.team.id] } });
    await comes(devices[5] as Device);
    await until(() => expect(devices.map((device) => service.of(device).length)).toEqual([0, 1, 1, 1, 1, 1]));
  });

  test("when a push service knows the device no more; one that is busy is asked again", async () => {
    const ada = await client.team("pushed", "Gone");
    const [gone, busy] = [await subscribed(ada), await subscribed(ada)];
    service.respond(gone, { status: 410 });
    service.respond(busy, { status: 429, headers: { "Retry-After": "5" } });
    await announce("pushed", { text: "one", to: { teams: [ada.team.id] } });
    await comes(busy);
    expect(service.timesAsked(busy)).toBe(2);
    await announce("pushed", { text: "two", to: { teams: [ada.team.id] } });
    await comes(busy, 2);
    expect(service.timesAsked(gone)).toBe(1);
    await until(async () => {
      expect(await sample('hunt_push_messages_total{result="gone"}')).toBe(1);
      expect(await sample('hunt_push_messages_total{result="again"}')).toBeGreaterThan(0);
      expect(await sample('hunt_push_messages_total{result="sent"}')).toBeGreaterThan(0);
    });
  }, 180_000);

  test("with leaving, signing out, a ban and being forgotten", async () => {
    const make = async (name: string): Promise<[Player, Player]> => {
      const ada = await client.team("pushed", name);
      return [ada, await client.join("pushed", { name: "Mate", team: { join: ada.team.joinCode ?? "" } })];
    };
    const [left, lefts] = await make("Left");
    const [out, outs] = await make("Out");
    const [banned] = await make("Banned");
    const [forgotten, forgottens] = await make("Forgotten");
    const all = [left, out, banned, forgotten];
    const devices = await Promise.all(all.map((player) => subscribed(player)));
    await client.call("POST", "/v1/hunts/pushed/team/leave", { token: left.token });
    await client.call("POST", "/v1/hunts/pushed/sessions/end", { token: out.token });
    await client.organise("POST", `/v1/hunts/pushed/teams/${banned.team.id}/ban`, { reason: "a test" });
    await client.call("DELETE", "/v1/hunts/pushed/me", { token: forgotten.token });
    await client.organise("POST", `/v1/hunts/pushed/teams/${banned.team.id}/unban`, { reason: "a test" });
    const teams = all.map(({ team }) => team.id);
    const mates = await Promise.all([lefts, outs, forgottens].map((player) => subscribed(player)));
    await announce("pushed", { text: "who is left", to: { teams } });
    for (const device of mates) await comes(device);
    expect(devices.map((device) => service.timesAsked(device))).toEqual([0, 0, 0, 0]);
    expect((await put(banned, service.device().toJSON())).status).toBe(204);
  });

  test("a banned team subscribes nobody", async () => {
    const ada = await client.team("pushed", "Banished");
    await client.organise("POST", `/v1/hunts/pushed/teams/${ada.team.id}/ban`, { reason: "a test" });
    expectProblem(await put(ada, service.device().toJSON()), "forbidden");
  });
});

describe("[PUSH-4] what is no device of a push service", () => {
  test.each([
    ["http://push.example.net/x"],
    ["https://127.0.0.1/x"],
    ["https://10.1.2.3/x"],
    ["https://2130706433/x"],
    ["https://[::1]/x"],
    ["https://localhost/x"],
    ["https://push.example.net:99/x"],
    ["push"],
  ])("%s is refused", async (endpoint) => {
    const ada = await client.team("pushed", `To ${endpoint}`);
    const answer = await put(ada, { ...service.device().toJSON(), endpoint });
    expectProblem(answer, "invalid");
    expect(answer.text).toContain('"endpoint"');
  });

  test("nor are keys that are none, long addresses, more than was asked for; nor who is no player", async () => {
    const ada = await client.team("pushed", "Malformed");
    const good = service.device().toJSON();
    const { p256dh, auth } = good.keys;
    for (const body of [
      { ...good, keys: { p256dh: Buffer.alloc(65, 4).toString("base64url"), auth } },
      { ...good, keys: { p256dh, auth: "short" } },
      { ...good, keys: { p256dh } },
      { ...good, endpoint: `https://push.example.net/${"x".repeat(3_000)}` },
      { ...good, other: 1 },
      { ...good, lang: "<b>" },
    ]) {
      expectProblem(await put(ada, body), "invalid");
    }
    expectProblem(await end(ada, "?device=x"), "invalid");
    expectProblem(await client.call("PUT", path(ada), { json: good }), "unauthenticated");
    const view = await client.organise<{ token: string }>(
      "POST",
      `/v1/hunts/pushed/teams/${ada.team.id}/view`,
      {
        reason: "a test",
      },
    );
    expectProblem(await put({ ...ada, token: view.body.token }, good), "forbidden");
  });
});

test("[PUSH-3] a rehearsal tells no key and subscribes nobody: nothing of it leaves the engine", async () => {
  const made = await client.organise<Rehearsal>("POST", "/v1/hunts/pushed/rehearsal", {});
  expect(made.status, made.text).toBe(201);
  const { hunt } = made.body;
  expect((await client.call<Hunt>("GET", `/v1/hunts/${hunt}`)).body.push).toBe(undefined);
  const ada = await client.team(hunt, "Rehearsing");
  expectProblem(await put(ada, service.device().toJSON()), "conflict");
});

describe("[PUSH-6] a device is personal data", () => {
  test("the player reads it, and nothing of it is logged or told to others", async () => {
    const ada = await client.team("pushed", "Private");
    const device = await subscribed(ada, { lang: "ar" });
    const { body } = await client.call<PersonalData>("GET", "/v1/hunts/pushed/me/data", { token: ada.token });
    expect(body.devices).toEqual([{ at: expect.any(String), endpoint: device.endpoint, lang: "ar" }]);
    const exported = await client.organise("GET", "/v1/hunts/pushed/export");
    const secret = new URL(device.endpoint).pathname;
    expect(exported.text).not.toContain(secret);
    expect(logged.join("\n")).not.toContain("/send/");
  });
});
