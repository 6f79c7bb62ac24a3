/** The outbox of a webhook inside workerd, on a clock that is moved by hand and with a receiver of the test's own. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { eraseIn, targetsOf } from "../../src/control/erase-hunt.ts";
import { WebhookOutbox } from "../../src/hooks/object.ts";
import { PENDING_MAX } from "../../src/hooks/outbox.ts";
import { outboxName } from "../../src/objects/webhooks.ts";
import { guess, join, makeOrigin, play, publish, setParameters, setPhase } from "../shard/workerd.ts";

setParameters({ SHIP_DELAY_MS: 10, REPORT_DELAY_MS: 10 });
beforeAll(makeOrigin);

interface Message {
  id: string;
  type: string;
  team: string | undefined;
  at: number;
}

/** What the receiver took (2xx), and every try. */
let taken: Message[];
let tried: Message[];
let status: number;
let offset: number;

beforeEach(() => {
  taken = [];
  tried = [];
  status = 204;
  offset = 0;
  const spied = WebhookOutbox.prototype as unknown as { now(): number; fetching(): unknown };
  vi.spyOn(spied, "now").mockImplementation(() => Date.now() + offset);
  vi.spyOn(spied, "fetching").mockReturnValue(async (url: string, init: RequestInit) => {
    if (url.includes("dns-query")) {
      const answer = url.includes("AAAA") ? [] : [{ type: 1, data: "8.8.8.8" }];
      return Response.json({ Status: 0, Answer: answer });
    }
    const { type, data } = JSON.parse(String(init.body)) as {
      type: string;
      data: { team?: { name: string } };
    };
    const headers = init.headers as Record<string, string>;
    const message = { id: headers["webhook-id"] ?? "", type, team: data.team?.name, at: Date.now() + offset };
    tried.push(message);
    if (status < 300) taken.push(message);
    return new Response(null, { status });
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** The machine may be busy, ms. */
const PATIENCE = { timeout: 120_000, interval: 50 };

const HOOK = { webhooks: [{ url: "https://receiver.example/", on: ["joined", "solved", "first_solve"] }] };
const outboxOf = (hunt: string) => env.WEBHOOKS.getByName(outboxName(hunt, "hook-1"));
const pending = async (hunt: string): Promise<number> => (await outboxOf(hunt).deliveries(100)).pending;

/** Moves the clock on, and runs what is due. */
async function pass(hunt: string, ms: number): Promise<void> {
  offset += ms;
  await runDurableObjectAlarm(outboxOf(hunt));
  await vi.waitFor(async () => {
    const { deliveries } = await outboxOf(hunt).deliveries(100);
    const due = deliveries.filter(
      ({ state, due: at }) => state === "pending" && (at ?? 0) <= Date.now() + offset,
    );
    // The first of each team is due, and no other: those behind it wait for it.
    expect(due.filter(({ tries }) => tries.length > 0)).toEqual([]);
  }, PATIENCE);
}

test("[HOOK-16] a receiver that is down for an hour gets everything once it is back, once, in order per team", async () => {
  const hunt = "down";
  await publish(hunt, 10, HOOK);
  await setPhase(hunt, "live");
  status = 500;
  const teams = [await join(hunt, "one"), await join(hunt, "two")];
  for (const clue of ["a", "b"]) {
    for (const team of teams) await play(team, guess(hunt, `${clue}-${team.team.id}`, "right", clue));
  }
  await vi.waitFor(async () => expect(await pending(hunt)).toBe(8), PATIENCE);
  for (const ms of [5_100, 30_100, 5 * 60_000, 30 * 60_000, 25 * 60_000]) await pass(hunt, ms);
  expect(taken).toEqual([]);
  // Each team's first message was tried five times in that hour; nothing behind it was.
  expect(new Set(tried.map(({ id }) => id)).size).toBe(2);
  expect(tried).toHaveLength(10);
  status = 204;
  await pass(hunt, 2 * 3_600_000);
  await vi.waitFor(async () => expect(await pending(hunt)).toBe(0), PATIENCE);
  expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length);
  for (const name of ["one", "two"]) {
    const told = taken.filter(({ team }) => team === name).map(({ type }) => type);
    expect(told.filter((type) => type !== "first_solve")).toEqual(["joined", "solved", "solved"]);
  }
  expect(taken.filter(({ type }) => type === "first_solve")).toHaveLength(2);
  expect(taken).toHaveLength(8);
});

test("[HOOK-14] after the last try a delivery is dead, those behind it go on, and it can be delivered again", async () => {
  const hunt = "dead";
  await publish(hunt, 10, HOOK);
  await setPhase(hunt, "live");
  status = 500;
  const one = await join(hunt, "one");
  await vi.waitFor(async () => expect(await pending(hunt)).toBe(1), PATIENCE);
  for (const ms of [5_100, 30_100, 300_100, 1_800_100]) await pass(hunt, ms);
  await play(one, guess(hunt, "1", "right"));
  await vi.waitFor(async () => expect(await pending(hunt)).toBe(3), PATIENCE);
  offset += 7_200_100;
  status = 204;
  // Its last try is the sixth.
  const outbox = outboxOf(hunt);
  status = 500;
  await runDurableObjectAlarm(outbox);
  await vi.waitFor(async () => {
    const { deliveries } = await outbox.deliveries(100);
    expect(deliveries.find(({ type }) => type === "joined")).toMatchObject({ state: "dead" });
  }, PATIENCE);
  status = 204;
  await pass(hunt, 6_000);
  await vi.waitFor(async () => expect(await pending(hunt)).toBe(0), PATIENCE);
  expect(taken.map(({ type }) => type)).toEqual(["solved", "first_solve"]);
  expect(await outbox.redeliver()).toEqual({ redelivered: 1 });
  await vi.waitFor(() => expect(taken.at(-1)?.type).toBe("joined"), PATIENCE);
  expect(new Set(tried.filter(({ type }) => type === "joined").map(({ id }) => id)).size).toBe(1);
  expect(await outbox.redeliver(["none"])).toEqual({ redelivered: 0 });
  // A test that fails is told, and is nothing to deliver.
  status = 500;
  expect(await outbox.sendTest()).toMatchObject({ status: 500 });
  expect((await outbox.deliveries(100)).undelivered).toBe(0);
  expect(await outbox.redeliver()).toEqual({ redelivered: 0 });
});

test("[HOOK-17] what was queued or under way when the object ended is sent by its alarm, under the same id", async () => {
  const hunt = "ended";
  await publish(hunt, 10, HOOK);
  await setPhase(hunt, "live");
  status = 500;
  await join(hunt, "one");
  await vi.waitFor(() => expect(tried).toHaveLength(1), PATIENCE);
  await evictDurableObject(outboxOf(hunt));
  status = 204;
  await pass(hunt, 6_000);
  await vi.waitFor(() => expect(taken).toHaveLength(1), PATIENCE);
  expect(taken[0]?.id).toBe(tried[0]?.id);
  await evictDurableObject(outboxOf(hunt));
  const again = await join(hunt, "two");
  await play(again, guess(hunt, "1", "right"));
  await vi.waitFor(() => expect(taken).toHaveLength(4), PATIENCE);
  expect(taken.map(({ type, team }) => [type, team])).toEqual([
    ["joined", "one"],
    ["joined", "two"],
    ["solved", "two"],
    ["first_solve", "two"],
  ]);
});

test("[HOOK-18] a team that is hidden meanwhile is not told of any more", async () => {
  const hunt = "hiding";
  await publish(hunt, 10, HOOK);
  await setPhase(hunt, "live");
  status = 500;
  const one = await join(hunt, "one");
  await vi.waitFor(async () => expect(await pending(hunt)).toBe(1), PATIENCE);
  const control = env.CONTROL.getByName(hunt);
  await control.actOnTeam(one.team.id, { type: "hide", reason: "staff" }, { actor: "o", request: "r" });
  await vi.waitFor(async () => expect(await pending(hunt)).toBe(0), PATIENCE);
  expect((await outboxOf(hunt).deliveries(100)).deliveries).toEqual([]);
});

test("[HOOK-19] a full outbox takes nothing more, and its shards keep what they have to tell", async () => {
  const hunt = "full";
  await publish(hunt, 10, HOOK);
  await setPhase(hunt, "live");
  status = 500;
  const outbox = outboxOf(hunt);
  await runInDurableObject(outbox, (_, { storage }) => {
    storage.sql.exec("CREATE TABLE IF NOT EXISTS filler (n INTEGER)");
  });
  const one = await join(hunt, "one");
  await vi.waitFor(async () => expect(await pending(hunt)).toBe(1), PATIENCE);
  const mark = { seq: 1, thread: 0 };
  const facts = Array.from({ length: PENDING_MAX }, (_, index) => ({
    seq: 2 + index,
    at: Date.now(),
    team: one.team.id,
    what: "solved" as const,
    clue: `c${index}`,
    points: 1,
  }));
  const wide = {
    shard: "weur-7",
    after: { seq: 0, thread: 0 },
    upto: { seq: 10_002, thread: 0 },
    facts,
    threads: [],
    more: false,
  };
  expect(await outbox.report(wide)).toEqual({ mark: { seq: 10_002, thread: 0 } });
  const next = {
    ...wide,
    shard: "weur-0",
    after: mark,
    upto: { seq: 3, thread: 0 },
    facts: facts.slice(0, 2),
  };
  const refused = await outbox.report(next);
  expect(refused.pause).toBeGreaterThan(0);
  expect(refused.mark.seq).toBeLessThan(3);
});

test("[HOOK-20] a version that drops a webhook erases its outbox, and so does a deletion", async () => {
  const hunt = "dropped";
  await publish(hunt, 10, HOOK);
  await setPhase(hunt, "live");
  await join(hunt, "one");
  await vi.waitFor(() => expect(taken).toHaveLength(1), PATIENCE);
  const tables = () =>
    runInDurableObject(outboxOf(hunt), (_, { storage }) =>
      storage.sql
        .exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\'")
        .toArray(),
    );
  expect(await tables()).not.toEqual([]);
  await publish(hunt, 10);
  await vi.waitFor(async () => expect(await tables()).toEqual([]), PATIENCE);
  expect(await env.CONTROL.getByName(hunt).webhookConfig("hook-1")).toMatchObject({ refused: "not_found" });
  expect(targetsOf(["weur-0"], ["hook-1"])).toContain("webhook hook-1");
  await publish(hunt, 10, HOOK);
  await vi.waitFor(async () => expect(await tables()).not.toEqual([]), PATIENCE);
  while (!(await eraseIn(env, hunt, 0, "webhook hook-1").catch(() => false)));
  await vi.waitFor(async () => expect(await tables()).toEqual([]), PATIENCE);
});
