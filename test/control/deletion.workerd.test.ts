/** A hunt is deleted, whole: its objects, copies, messages and rows; what restarts or is away only delays it. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { boardKey, publicKey } from "../../src/cache/entry.ts";
import { checksumOf } from "../../src/checksum.ts";
import { HuntDirectory } from "../../src/control/directory.ts";
import type { Refusal } from "../../src/errors.ts";
import { UNATTRIBUTED } from "../../src/objects/dead-letters.ts";
import type { Deletion } from "../../src/objects/deletion.ts";
import { objectName } from "../../src/objects/ids.ts";
import { firstGeneration, scopeOf } from "../../src/objects/incarnation.ts";
import { DIRECTORY_NAME, registriesOf } from "../../src/objects/names.ts";
import { D1Origin } from "../../src/origin/d1.ts";
import { HuntShard } from "../../src/shard/object.ts";
import {
  control,
  guess,
  join,
  makeOrigin,
  outcomeOf,
  play,
  publish,
  setParameters,
  setPhase,
  shardOf,
} from "../shard/workerd.ts";

setParameters({ SHIP_DELAY_MS: 10, REPORT_DELAY_MS: 10, PUBLISH_DELAY_MS: 1_000, SHARDS_PER_REGION: 2 });
vi.setConfig({ testTimeout: 60_000 });
beforeAll(makeOrigin);
afterEach(() => vi.restoreAllMocks());

const BY = { actor: "owner", request: "r-1" };
const PRIZE = { id: "shell", title: "Shell", mode: "odds", odds: 1, stock: 5, perTeam: 5 };

const directory = () => env.DIRECTORY.getByName(DIRECTORY_NAME);
const remove = async (hunt: string): Promise<{ job: string } | Refusal> =>
  (await directory().deleteHunt(hunt, "a test", BY, Date.now())) as { job: string } | Refusal;
const jobOf = async (job: string): Promise<Deletion> => {
  const told = (await directory().job(job)) as Deletion | Refusal;
  if ("refused" in told) throw new Error(told.detail);
  return told;
};

async function begun(hunt: string): Promise<string> {
  const begun = await remove(hunt);
  if ("refused" in begun) throw new Error(begun.detail);
  return begun.job;
}

/** The directory's clock is so much ahead: nobody waits for what was under way to end. */
function hurry(): void {
  vi.spyOn(HuntDirectory.prototype as unknown as { now(): number }, "now").mockImplementation(
    () => Date.now() + 60_000,
  );
}

/** Runs the alarm until the job is done. */
async function finished(job: string): Promise<Deletion> {
  return await vi.waitFor(async () => {
    await runDurableObjectAlarm(directory());
    const told = await jobOf(job);
    expect(told.state).toBe("done");
    return told;
  }, 60_000);
}

/** Everything that a hunt has: players, an answer, a prize, a letter, copies, rows of the origin. */
async function played(hunt: string): Promise<Awaited<ReturnType<typeof join>>> {
  await publish(hunt, 10, { prizes: [PRIZE] });
  await setPhase(hunt, "live");
  const team = await join(hunt, "Owls");
  await join(hunt, "Bats", "weur-1");
  await play(team, guess(hunt, "1", "right"));
  await env.NAMES.getByName(registriesOf(hunt)[3] ?? "").reserve("team/owls", {
    shard: "weur-0",
    key: "k",
    at: 1,
  });
  await env.PRIZES.getByName(hunt).stock();
  for (const owner of [hunt, UNATTRIBUTED]) {
    const body = JSON.stringify({ v: 9, hunt });
    await env.DEAD_LETTERS.getByName(owner).store({ id: hunt, at: 1, error: "no", attempts: 1, body });
  }
  await vi.waitFor(async () => {
    expect(await rowsOf(hunt)).toBeGreaterThan(2);
    expect(await env.CACHE.get(boardKey(scopeOf(hunt, 0)))).not.toBeNull();
  }, 30_000);
  await setPhase(hunt, "ended");
  return team;
}

async function rowsOf(hunt: string): Promise<number> {
  let rows = 0;
  for (const table of ["segment", "team", "player", "mark", "win"]) {
    const counted = await env.ORIGIN_DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE hunt = ?`)
      .bind(hunt)
      .first<{ n: number }>();
    rows += counted?.n ?? 0;
  }
  return rows;
}

/** Tables and alarms of the hunt's objects. */
async function storedOf(hunt: string): Promise<string[]> {
  const objects: [string, DurableObjectStub][] = [
    ["control", control(hunt)],
    ["leaderboard", env.LEADERBOARD.getByName(hunt)],
    ["vault", env.PRIZES.getByName(hunt)],
    ["letters", env.DEAD_LETTERS.getByName(hunt)],
    ...["weur-0", "weur-1"].map((shard): [string, DurableObjectStub] => [
      shard,
      env.SHARD.getByName(objectName(hunt, shard)),
    ]),
    ...registriesOf(hunt).map((name): [string, DurableObjectStub] => [name, env.NAMES.getByName(name)]),
  ];
  const found: string[] = [];
  for (const [name, stub] of objects) {
    await runInDurableObject(stub as never, async (_, { storage }: DurableObjectState) => {
      const tables = storage.sql.exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\'",
      );
      for (const table of tables.toArray()) found.push(`${name}: ${table.name}`);
      if ((await storage.getAlarm()) !== null) found.push(`${name}: alarm`);
    });
  }
  return found;
}

test("[DEL-1] a hunt that is live or paused is not deleted, nor one that there is not", async () => {
  const hunt = "deleted-live";
  await publish(hunt);
  await setPhase(hunt, "live");
  expect(await remove(hunt)).toMatchObject({ refused: "conflict" });
  await setPhase(hunt, "paused");
  expect(await remove(hunt)).toMatchObject({ refused: "conflict" });
  expect(await remove("deleted-never")).toMatchObject({ refused: "not_found" });
  // It plays on.
  await setPhase(hunt, "live");
  await join(hunt, "Owls");
  const { entries } = await directory().audit(undefined, 10);
  expect(entries).toMatchObject([
    { action: "delete", detail: { hunt, reason: "a test", refused: "conflict" } },
    { action: "delete", detail: { hunt, refused: "conflict" } },
  ]);
});

test("[DEL-1] [DEL-2] from the first moment it exists for nobody; then nothing of it is left", async () => {
  const hunt = "deleted-whole";
  const team = await played(hunt);
  expect((await storedOf(hunt)).length).toBeGreaterThan(10);
  const job = await begun(hunt);
  expect(await begun(hunt), "the same job").toBe(job);
  expect(await directory().list()).not.toContain(hunt);
  const missing = { refused: "not_found" };
  expect(await control(hunt).publicEntry()).toMatchObject(missing);
  expect(await control(hunt).attach("weur-0")).toMatchObject(missing);
  expect(await control(hunt).definition()).toMatchObject(missing);
  expect(await setPhase(hunt, "live")).toMatchObject(missing);
  expect(await control(hunt).vaultConfig()).toMatchObject(missing);
  expect(await control(hunt).redrive(undefined, BY)).toMatchObject(missing);
  expect(await control(hunt).audit(undefined, 10)).toEqual({ entries: [] });
  expect(await control(hunt).shards()).toEqual([]);
  expect(await control(hunt).publish("{}", "json", { dryRun: false }, BY)).toMatchObject({
    refused: "conflict",
  });
  hurry();
  const told = await finished(job);
  expect(told).toMatchObject({ hunt, state: "done", done: told.of });
  expect(await storedOf(hunt)).toEqual([]);
  expect(await rowsOf(hunt)).toBe(0);
  expect((await env.CACHE.list()).keys.filter(({ name }) => name.includes(hunt))).toEqual([]);
  expect((await env.DEAD_LETTERS.getByName(UNATTRIBUTED).list()).total).toBe(0);
  const seat = { team: team.team.id, player: team.player.id };
  expect(await shardOf(hunt).seated(seat)).toMatchObject(missing);
  expect(await storedOf(hunt), "also when somebody asks for it").toEqual([]);
  const { entries } = await directory().audit(undefined, 1);
  expect(entries).toMatchObject([
    { actor: "owner", action: "delete", detail: { hunt, reason: "a test", job, erased: true } },
  ]);
});

test("[DEL-2] it goes on after any restart, and asks everything a second time when what was under way has ended", async () => {
  const hunt = "deleted-restarts";
  await played(hunt);
  const erased = vi.spyOn(HuntShard.prototype, "erase");
  const job = await begun(hunt);
  await vi.waitFor(async () => {
    await outcomeOf(() => runInDurableObject(directory(), (_, state) => state.abort("restarted by a test")));
    await runDurableObjectAlarm(directory());
    const { done, of } = await jobOf(job);
    expect(done).toBe((of - 1) / 2);
  }, 60_000);
  const before = erased.mock.calls.length;
  expect(before).toBeGreaterThanOrEqual(2);
  // A call that was under way writes once more.
  await runInDurableObject(shardOf(hunt), (_, { storage }) => {
    storage.sql.exec("CREATE TABLE late (body TEXT)");
  });
  await env.ORIGIN_DB.prepare(
    "INSERT INTO mark (hunt, shard, team, kind, seq, at, value, reason) VALUES (?, 's', 't', 'hidden', 1, 1, 1, 'late')",
  )
    .bind(hunt)
    .run();
  expect((await jobOf(job)).state).toBe("running");
  hurry();
  await outcomeOf(() => runInDurableObject(directory(), (_, state) => state.abort("restarted by a test")));
  await finished(job);
  expect(erased.mock.calls.length).toBeGreaterThanOrEqual(before + 2);
  expect(await storedOf(hunt)).toEqual([]);
  expect(await rowsOf(hunt)).toBe(0);
});

test("[DEL-2] with a dead origin it runs and says so; it ends when the origin is back", async () => {
  const hunt = "deleted-origin";
  await played(hunt);
  vi.spyOn(console, "error").mockReturnValue();
  const dead = vi.spyOn(D1Origin.prototype, "eraseHunt").mockRejectedValue(new Error("the origin is away"));
  hurry();
  const job = await begun(hunt);
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(directory());
    expect(await jobOf(job)).toMatchObject({
      state: "running",
      waitsFor: expect.stringMatching(/^origin: the origin is unavailable/),
    });
  }, 30_000);
  const { done, of } = await jobOf(job);
  expect(done, "all else is erased").toBe((of - 1) / 2 - 1);
  expect((await storedOf(hunt)).filter((table) => !table.startsWith("control"))).toEqual([]);
  expect(await directory().beginning(hunt)).toMatchObject({ refused: "conflict" });
  dead.mockRestore();
  expect(await finished(job)).not.toHaveProperty("waitsFor");
  expect(await rowsOf(hunt)).toBe(0);
});

test("[DEL-2] what stays in vain for a day is given up; asked for again it goes on", async () => {
  const hunt = "deleted-failed";
  await publish(hunt);
  vi.spyOn(console, "error").mockReturnValue();
  hurry();
  const dead = vi.spyOn(D1Origin.prototype, "eraseHunt").mockRejectedValue(new Error("the origin is away"));
  const job = await begun(hunt);
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(directory());
    expect((await jobOf(job)).waitsFor).toBeDefined();
  }, 30_000);
  await runInDurableObject(directory(), (_, { storage }) => {
    const { entry } = storage.sql
      .exec<{ entry: string }>(
        "SELECT json_set(entry, '$.tries', 2879) AS entry FROM deletion WHERE job = ?",
        job,
      )
      .one();
    storage.sql.exec(
      "UPDATE deletion SET entry = ?, sum = ? WHERE job = ?",
      entry,
      checksumOf(job, entry),
      job,
    );
  });
  await outcomeOf(() => runInDurableObject(directory(), (_, state) => state.abort("restarted by a test")));
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(directory());
    expect((await jobOf(job)).state).toBe("failed");
  }, 30_000);
  expect(await runDurableObjectAlarm(directory()), "nothing is tried any more").toBe(false);
  dead.mockRestore();
  expect(await begun(hunt)).toBe(job);
  await finished(job);
});

test("[DEL-4] a hunt made anew is another one: nothing that was made for the first opens it", async () => {
  const hunt = "deleted-anew";
  const tag = { id: "tag", round: "r", title: "Tag", kind: "scan", points: 5 };
  await publish(hunt, 10, { prizes: [PRIZE], clues: [tag] });
  const made = async () => await control(hunt).codes();
  const before = await made();
  const first = await join(hunt, "Owls");
  const bob = { email: "bob@example.org", roles: ["viewer" as const], hunts: [hunt] };
  const ada = { email: "ada@example.org", roles: ["owner" as const], hunts: [hunt, "other"] };
  await directory().setOrganisers([ada, bob], undefined, BY);
  hurry();
  const job = await begun(hunt);
  await finished(job);
  expect((await directory().organisers()).organisers).toEqual([{ ...ada, hunts: ["other"] }]);
  const beginning = await directory().beginning(hunt);
  expect(beginning).toMatchObject({ incarnation: 1 });
  await publish(hunt, 10, { prizes: [PRIZE], clues: [tag] });
  expect(await control(hunt).publicEntry()).toMatchObject({ version: 1, ...beginning });
  expect(await env.CACHE.get(publicKey(hunt))).toContain('"incarnation":1');
  expect(await made()).not.toEqual(before);
  const again = await join(hunt, "Owls");
  expect(again.gen).toBe(firstGeneration(1));
  const seat = { team: again.team.id, player: again.player.id };
  expect(await shardOf(hunt).seated({ ...seat, gen: again.gen })).toMatchObject({ player: again.player });
  expect(await shardOf(hunt).seated(seat)).toMatchObject({ refused: "unauthenticated" });
  const old = { team: first.team.id, player: first.player.id };
  expect(await shardOf(hunt).seated(old)).toMatchObject({ refused: "unauthenticated" });
  expect(again.returnCode).not.toBe(first.returnCode);
  const where = (gen?: number) => shardOf(hunt).whereIs(seat.team, seat.player, gen);
  expect(await where(again.gen)).toMatchObject({ joined: { gen: again.gen } });
  expect(await where(0)).toEqual({});
  // Signing out elsewhere, under generations that begin anew.
  const ended = await shardOf(hunt).endSessions({ ...seat, gen: again.gen }, "k-1");
  expect(ended).toMatchObject({ gen: firstGeneration(1) + 1 });
  expect(await shardOf(hunt).endSessions({ ...seat, gen: again.gen }, "k-1")).toEqual(ended);
  expect(await shardOf(hunt).seated({ ...seat, gen: again.gen })).toMatchObject({
    refused: "unauthenticated",
  });
  // What it ships is archived, what was shipped before is not.
  await vi.waitFor(async () => expect(await rowsOf(hunt)).toBeGreaterThan(2), 30_000);
  expect(await directory().gone(undefined)).toMatchObject({
    gone: expect.arrayContaining([{ hunt, incarnation: 0 }]),
  });
  // And once more.
  await finished(await begun(hunt));
  expect(await directory().beginning(hunt)).toMatchObject({ incarnation: 2 });
  expect(await directory().job(job), "one job a hunt is remembered").toMatchObject({ refused: "not_found" });
  expect(await rowsOf(hunt)).toBe(0);
});

test("[DEL-6] a flipped bit in what is remembered of deleted hunts is put right; with more nothing is said", async () => {
  vi.spyOn(console, "error").mockReturnValue();
  const stub = () => env.DIRECTORY.getByName("deletions-flipped");
  const change = async (query: string): Promise<void> => {
    await runInDurableObject(stub(), (_, { storage }) => void storage.sql.exec(query));
    await outcomeOf(() => runInDurableObject(stub(), (_, state) => state.abort("restarted by a test")));
  };
  const hunt = "deleted-flipped";
  await publish(hunt);
  await stub().add(hunt);
  await stub().deleteHunt(hunt, "a test", BY, 1);
  const { gone } = await stub().gone(undefined);
  expect(gone).toEqual([{ hunt, incarnation: 0 }]);
  await change("UPDATE deletion SET entry = replace(entry, 'deleted-flipped', 'eeleted-flipped')");
  expect((await stub().gone(undefined)).gone).toEqual(gone);
  await change("UPDATE deletion SET entry = replace(entry, 'deleted-flipped', 'another-hunt')");
  await runInDurableObject(stub(), (object) => {
    expect(() => object.gone(undefined)).toThrow("is not as it was written");
    expect(() => object.beginning(hunt)).toThrow("is not as it was written");
  });
});
