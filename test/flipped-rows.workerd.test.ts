/** LOG-6: a flipped bit in the row of an object that is no log: it is put right, made again or told. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { HuntControl } from "../src/control/object.ts";
import { DIRECTORY_NAME, type Holder } from "../src/objects/names.ts";
import { HuntShard } from "../src/shard/object.ts";
import { control, guess, join, makeOrigin, play, publish, setParameters, setPhase } from "./shard/workerd.ts";

setParameters({ SHIP_DELAY_MS: 10, REPORT_DELAY_MS: 10, SHARDS_PER_REGION: 1 });
vi.setConfig({ testTimeout: 30_000 });
beforeAll(makeOrigin);
beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const BY = { actor: "ada", request: "r-1" };

type Stub = Parameters<typeof evictDurableObject>[0];

/** Runs SQL in the object's storage; the next call finds a new instance. */
async function change(stub: Stub, statement: string): Promise<void> {
  await runInDurableObject(stub as DurableObjectStub, (_, { storage }) => {
    storage.sql.exec(statement);
  });
  await evictDurableObject(stub);
}

/** In a text column of the table's rows: the lowest bit of its character number `at`, from 1. */
const flipIn = (table: string, column: string, at: number, where = "1"): string =>
  `UPDATE ${table} SET ${column} = substr(${column}, 1, ${at} - 1)
     || char(unicode(substr(${column}, ${at}, 1)) + iif(unicode(substr(${column}, ${at}, 1)) % 2, -1, 1))
     || substr(${column}, ${at} + 1) WHERE ${where}`;

test("[LOG-6] the list of hunts: one is as it was, or nothing is said of any", async () => {
  const stub = env.DIRECTORY.getByName(DIRECTORY_NAME);
  await stub.add("flip-a");
  await stub.add("flip-c");
  const before = [...(await stub.list())];
  await change(stub, flipIn("hunt", "id", 6, "id = 'flip-a'"));
  expect([...(await stub.list())]).toEqual(before);
  await change(stub, flipIn("hunt", "sum", 3, "id = 'flip-a'"));
  expect([...(await stub.list())]).toEqual(before);
  await change(stub, "UPDATE hunt SET id = 'other' WHERE id = 'flip-a'");
  await expect((async () => await stub.list())()).rejects.toThrow(
    "the list of hunts is not as it was written",
  );
});

test("[LOG-6] a name with a flipped bit is not given away a second time", async () => {
  const stub = env.NAMES.getByName("flipped-names/0");
  const holder = (key: string): Holder => ({ shard: "weur-0", key, at: 1_000 });
  for (const name of ["team/owls", "team/bats", "team/cats"]) await stub.reserve(name, holder(name));
  await change(stub, flipIn("reserved", "name", 9, "name = 'team/owls'"));
  expect((await stub.reserve("team/owls", holder("another"))).key).toBe("team/owls");
  await change(stub, flipIn("reserved", "key", 6, "name = 'team/bats'"));
  expect((await stub.reserve("team/bats", holder("another"))).key).toBe("team/bats");
  await change(stub, "UPDATE reserved SET name = 'team/owners' WHERE name = 'team/owls'");
  await expect((async () => await stub.reserve("team/owls", holder("another")))()).rejects.toThrow(
    "a name that is taken is not as it was written",
  );
});

test("[LOG-6] an announcement, the definition and the state are put right", async () => {
  const hunt = "flipped-control";
  await publish(hunt);
  await setPhase(hunt, "live");
  for (const text of ["one", "two", "three"]) await control(hunt).announce({ text: text }, BY);
  const read = async () => ({
    announcements: await control(hunt).announcements({ limit: 9 }),
    definition: await control(hunt).definition(),
    entry: await control(hunt).publicEntry(),
  });
  const before = JSON.stringify(await read());
  for (const statement of [
    flipIn("announcement", "body", 50, "n = 2"),
    flipIn("announcement", "id", 5, "n = 3"),
    flipIn("announcement", "sum", 5, "n = 1"),
    flipIn("stored_text", "body", 40, "name = 'state'"),
    flipIn("stored_text", "body", 40, "name = 'definition'"),
    flipIn("stored_text", "sum", 4),
  ]) {
    await change(control(hunt), statement);
    expect(JSON.stringify(await read()), statement).toBe(before);
  }
  await change(control(hunt), "UPDATE announcement SET body = replace(body, 'two', 'six')");
  await expect((async () => await control(hunt).announcements({ limit: 9 }))()).rejects.toThrow(
    "an announcement is not as it was written",
  );
});

test("[LOG-6] the audit tells a line that is not as it was written, or stands in another place", async () => {
  const hunt = "flipped-audit";
  await publish(hunt);
  await setPhase(hunt, "live");
  const actions = async () => (await control(hunt).audit(undefined, 10)).entries.map(({ action }) => action);
  expect(await actions()).not.toContain("damaged");
  await change(control(hunt), "UPDATE audit SET id = id + 64 WHERE id = 1");
  expect(await actions()).toContain("damaged");
});

test("[LOG-6] a dead letter says so and is not sent; metrics begin anew", async () => {
  const letters = env.DEAD_LETTERS.getByName("flipped-letters");
  for (const id of ["a", "b"]) {
    await letters.store({ id, at: 1_000, error: "no", attempts: 3, body: '{"v":1,"hunt":7}' });
  }
  await change(letters, flipIn("letter", "body", 15, "id = 'a'"));
  const sent = vi.spyOn(env.FACTS, "sendBatch").mockResolvedValue(undefined as never);
  expect(await letters.redrive()).toBe(1);
  expect(sent).toHaveBeenCalledTimes(1);
  await change(letters, flipIn("letter", "error", 2, "id = 'a'"));
  const { letters: listed } = await letters.list();
  expect(listed.map(({ id, error }) => [id, error])).toEqual([
    ["a", expect.stringContaining("not as it was written")],
  ]);

  const hub = env.METRICS.getByName("flipped-hub");
  await runInDurableObject(hub as DurableObjectStub, (_, { storage }) => {
    storage.sql.exec("CREATE TABLE sums (id INTEGER PRIMARY KEY, body TEXT NOT NULL, sum TEXT)");
    storage.sql.exec(
      `INSERT INTO sums VALUES (1, '{"v":1,"sums":{"counters":{"x":4}},"senders":[]}', 'wrong')`,
    );
  });
  await evictDurableObject(hub);
  expect((await hub.read()).counters.x).toBeUndefined();
});

test("[LOG-6] the leaderboard asks control for its configuration; while a log is away, its standings are of before", async () => {
  const hunt = "flipped-board";
  await publish(hunt);
  await setPhase(hunt, "live");
  const team = await join(hunt, "one");
  await play(team, guess(hunt, "1", "right"));
  const board = env.LEADERBOARD.getByName(hunt);
  const read = () => board.read({ limit: 10, offset: 0, organiser: false });
  await vi.waitFor(async () => expect((await read()).entries[0]?.score).toBe(10), { timeout: 30_000 });
  const { entries } = await read();
  const asked = vi.spyOn(HuntControl.prototype, "boardConfig");
  await change(board, flipIn("stored_text", "body", 30, "name = 'config'"));
  await change(board, "UPDATE stored_text SET sum = 'wrong' WHERE name = 'config'");
  expect((await read()).entries).toEqual(entries);
  expect(asked).toHaveBeenCalledTimes(1);
  const facts = vi.spyOn(HuntShard.prototype, "scoreFacts").mockRejectedValue(new Error("away"));
  await evictDurableObject(board);
  const begun = Date.now();
  expect((await read()).asOf).toBeLessThan(begun - 1);
  // The list of hunts counts no teams that it cannot see without saying so.
  expect((await board.teamCount()).asOf).toBeLessThan(begun - 1);
  facts.mockRestore();
  await vi.waitFor(async () => expect((await read()).asOf).toBeGreaterThanOrEqual(begun), {
    timeout: 30_000,
  });
  expect((await read()).entries).toEqual(entries);
  expect(await board.teamCount()).toEqual({ teams: 1 });
});
