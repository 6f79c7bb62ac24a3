/** Forgetting in a shard's object: what stays of a player there, and what is taken back elsewhere. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { checksumOf } from "../../src/checksum.ts";
import type { Forgetter, HandedOver, PersonalData } from "../../src/objects/shard.ts";
import { FORGOTTEN_NAME } from "../../src/protocol.ts";
import type { SealedMessage } from "../../src/queue/message.ts";
import { openRegistering } from "../../src/queue/registrations.ts";
import {
  command,
  countRows,
  guess,
  logOf,
  makeOrigin,
  type Playing,
  play,
  publish,
  restart,
  setParameters,
  setPhase,
  shardOf,
} from "./workerd.ts";

setParameters({ SHARDS_PER_REGION: 1, SHIP_DELAY_MS: 10, PAGE_FLUSH_FACTS: 100 });
beforeAll(makeOrigin);
afterEach(() => vi.restoreAllMocks());

const PIER = {
  id: "pier",
  round: "r",
  title: "Pier",
  kind: "place",
  points: 5,
  place: { lat: 53.25, lng: 9.75, radius: 60 },
};
const HERE = { lat: 53.25, lng: 9.75, accuracy: 7.125 };
const CANARIES = ["Canary Ada", "CANARY-id", "canary@example.org", "7.125", "Canary Bob"];

const joinAs = async (hunt: string, joining: object) => {
  const joined = await shardOf(hunt).join({ key: crypto.randomUUID(), ...joining } as never);
  if ("refused" in joined) throw new Error(joined.detail);
  return { ...joined, hunt, shard: "weur-0" };
};

/** Ada with everything, and Bob, who came after her. */
async function open(hunt: string, more: object = {}) {
  const clue = { id: "a", round: "r", title: "a", kind: "answer", answers: ["right"], points: 10 };
  await publish(hunt, 10, { clues: [clue, PIER], ...more });
  await setPhase(hunt, "live");
  const ada = await joinAs(hunt, {
    key: "k-ada",
    player: "p-ada",
    name: "Canary Ada",
    externalId: "CANARY-id",
    fields: [{ id: "mail", value: "canary@example.org" }],
    consents: [{ id: "terms", text: "hash" }],
    create: { name: "Owls", joinCode: "X-1" },
  });
  const { joinCode } = ada.team;
  const bob = await joinAs(hunt, { player: "p-bob", name: "Canary Bob", joinCode });
  await play(ada, guess(hunt, "1"));
  await play(ada, command(hunt, { id: "2", type: "checkin", clue: "pier", position: HERE }));
  return { ada, bob };
}

/** Enough facts for pages to be written. */
const fill = async (one: Playing) => {
  await play(one, ...Array.from({ length: 150 }, (_, index) => guess(one.hunt, `fill-${index}`)));
  await play(one, guess(one.hunt, "fills"));
  expect(await countRows(one.hunt, "page")).toBeGreaterThan(0);
};

const forget = (hunt: string, team: string, player: string, by: Forgetter = "organiser") =>
  shardOf(hunt).forget(team, player, by);

/** Every cell of the object's database as text. */
const cellsOf = (hunt: string): Promise<string> =>
  runInDurableObject(shardOf(hunt), (_, { storage }) => {
    const tables = storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'",
      )
      .toArray();
    return tables
      .flatMap(({ name }) => storage.sql.exec(`SELECT * FROM ${name}`).toArray())
      .flatMap((row) => Object.values(row))
      .map((cell) => (cell instanceof ArrayBuffer ? Buffer.from(cell).toString("latin1") : String(cell)))
      .join("\n");
  });
const found = (text: string) => CANARIES.filter((canary) => text.includes(canary));

const verified = async (hunt: string) => (await shardOf(hunt).verify()).mismatches;
const bodiesOf = (hunt: string) =>
  runInDurableObject(shardOf(hunt), (_, { storage }) =>
    storage.sql
      .exec<{ body: string; hash: string }>("SELECT body, hash FROM chained ORDER BY first")
      .toArray(),
  );

describe("[PD-6] what is personal is sealed", () => {
  test("in no cell of the object's database is it in clear, and after a start all of it is there", async () => {
    const { ada, bob } = await open("sealed");
    await fill(bob);
    expect(found(await cellsOf("sealed"))).toEqual([]);
    await restart("sealed");
    expect(await shardOf("sealed").me(ada.team.id, "p-bob")).toMatchObject({
      team: { members: [{ name: "Canary Ada" }, { name: "Canary Bob" }] },
    });
    expect(await logOf("sealed")).toMatchObject([
      { name: "Canary Ada", externalId: "CANARY-id", fields: [{ value: "canary@example.org" }] },
      { name: "Canary Bob" },
      {},
      { position: HERE },
      ...Array.from({ length: 151 }, () => ({ type: "answer" })),
    ]);
    expect(await verified("sealed")).toEqual([]);
    expect([...((await shardOf("sealed").checkins(9)) as unknown as object[])]).toMatchObject([HERE]);
  });

  test("of an engine before, it is sealed at the first start, and the facts and their hashes stay", async () => {
    const hunt = "before";
    const { ada } = await open(hunt);
    const before = await bodiesOf(hunt);
    const exported = [...(await shardOf(hunt).exportFacts(0))] as { seq: number; person?: object }[];
    // As it left them: in clear, in the log and in the pages.
    await runInDurableObject(shardOf(hunt), (_, { storage }) => {
      for (const { seq, person } of exported) {
        const text = person ? JSON.stringify({ [seq]: person }) : null;
        storage.sql.exec("UPDATE chained SET persons = ? WHERE first = ?", text, seq);
      }
      storage.sql.exec("DELETE FROM page");
      storage.sql.exec("DROP TABLE person_key");
    });
    expect(found(await cellsOf(hunt))).not.toEqual([]);
    await restart(hunt);
    expect(await verified(hunt)).toEqual([]);
    expect(found(await cellsOf(hunt))).toEqual([]);
    expect(await bodiesOf(hunt)).toEqual(before);
    expect([...(await shardOf(hunt).exportFacts(0))]).toEqual(exported);
    expect(await forget(hunt, ada.team.id, "p-ada")).toEqual({ done: true });
    expect(JSON.stringify(await logOf(hunt))).not.toMatch(/Ada|CANARY|canary|7\.125/);
    await restart(hunt);
    expect(await verified(hunt)).toEqual([]);
  });
});

test("[PD-6] [LOG-2] of an engine before, what is not as it was written is sealed for nobody, and told", async () => {
  const hunt = "before-damaged";
  const { bob } = await open(hunt);
  await fill(bob);
  const exported = [...(await shardOf(hunt).exportFacts(0))] as { seq: number; person?: object }[];
  await runInDurableObject(shardOf(hunt), (_, { storage }) => {
    for (const { seq, person } of exported) {
      if (!person) continue;
      const text = JSON.stringify({ [seq]: person }).replace("Canary Bob", "Canary Bub");
      storage.sql.exec("UPDATE chained SET persons = ? WHERE first = ?", text, seq);
    }
    const [page] = storage.sql
      .exec<{ seq: number; floor: number; body: string }>("SELECT seq, floor, body FROM page")
      .toArray();
    const { teams } = JSON.parse(page?.body ?? "") as { teams: { members: Record<string, unknown>[] }[] };
    for (const member of teams[0]?.members ?? []) {
      member.name = member.id === "p-bob" ? "Canary Bob" : "Canary Ada";
      for (const name of ["slot", "joinSeq", "sealed"]) delete member[name];
      delete member.externalId;
      delete member.lastCheckin;
    }
    const { seq = 0, floor = 0 } = page ?? {};
    const body = JSON.stringify(teams);
    storage.sql.exec("UPDATE page SET body = ?, sum = ?", body, checksumOf(0, 0, 1, seq, floor, body));
    storage.sql.exec("DROP TABLE person_key");
  });
  vi.spyOn(console, "error").mockReturnValue();
  await restart(hunt);
  expect(await verified(hunt)).toEqual([
    { what: "names or positions beside the facts from 2 on are not as they were written" },
  ]);
  expect(await cellsOf(hunt)).not.toMatch(/Canary|CANARY/);
  const log = await logOf(hunt);
  expect(log[0]).toMatchObject({ name: "Canary Ada" });
  expect(log[1]).toMatchObject({ name: FORGOTTEN_NAME });
});

describe("[PD-2] forgetting", () => {
  test("takes all that is personal of the player, and of nobody else, and no fact changes", async () => {
    const hunt = "taken";
    const { ada, bob } = await open(hunt);
    await fill(ada);
    const before = await bodiesOf(hunt);
    expect(await forget(hunt, ada.team.id, "p-ada")).toEqual({ done: true });
    const check = async () => {
      expect((await bodiesOf(hunt)).slice(0, before.length)).toEqual(before);
      const log = await logOf(hunt);
      expect(log.at(-1)).toMatchObject({ type: "forget", player: "p-ada", why: "organiser" });
      expect(JSON.stringify(log)).not.toMatch(/Ada|CANARY|canary|7\.125/);
      expect(log[0]).toMatchObject({ name: FORGOTTEN_NAME });
      expect(log[1]).toMatchObject({ name: "Canary Bob" });
      expect({ ...(await shardOf(hunt).persons(1, 99)) }).toEqual({ 2: expect.anything() });
      expect(await shardOf(hunt).me(ada.team.id, "p-bob")).toMatchObject({
        team: { name: "Owls", captain: "p-bob", score: 5, members: [{ name: "Canary Bob" }] },
      });
      expect(await verified(hunt)).toEqual([]);
    };
    await check();
    await restart(hunt);
    await check();
    // With pages written since, and read again.
    await fill(bob);
    await restart(hunt);
    expect(await verified(hunt)).toEqual([]);
  });

  test("reaches who left, is done once, and nobody that is not there", async () => {
    const hunt = "left";
    const { ada } = await open(hunt);
    await shardOf(hunt).changeTeam(ada.team.id, { reason: "r" }, { type: "remove", player: "p-ada" });
    expect(await shardOf(hunt).teams(0, 9)).toMatchObject({
      teams: [{ former: [{ id: "p-ada", name: "Canary Ada" }] }],
    });
    for (let times = 0; times < 2; times += 1) {
      expect(await forget(hunt, ada.team.id, "p-ada")).toEqual({ done: true });
    }
    expect((await logOf(hunt)).filter(({ type }) => type === "forget")).toHaveLength(1);
    expect(JSON.stringify(await shardOf(hunt).teams(0, 9))).not.toContain("Ada");
    expect(await forget(hunt, ada.team.id, "p-nobody")).toMatchObject({ refused: "not_found" });
    expect(await forget(hunt, `${ada.team.id}x`, "p-bob")).toMatchObject({ refused: "not_found" });
    expect(await verified(hunt)).toEqual([]);
  });

  test("a token opens it for its own player, while it is good; afterwards it opens nothing else", async () => {
    const hunt = "own";
    const { ada } = await open(hunt);
    expect(await forget(hunt, ada.team.id, "p-ada", { gen: 1 })).toMatchObject({
      refused: "unauthenticated",
    });
    expect(await forget(hunt, ada.team.id, "p-ada", { gen: 0 })).toEqual({ done: true });
    expect(await forget(hunt, ada.team.id, "p-ada", { gen: 0 })).toEqual({ done: true });
    const seat = { team: ada.team.id, player: "p-ada" };
    expect(await shardOf(hunt).seated(seat)).toMatchObject({ refused: "unauthenticated" });
    const played = shardOf(hunt).play(ada.team.id, "p-ada", JSON.stringify([guess(hunt, "9")]));
    expect(await played).toMatchObject({ refused: "unauthenticated" });
    expect(await shardOf(hunt).personalData(ada.team.id, "p-ada", {}, 0)).toMatchObject({
      refused: "unauthenticated",
    });
  });

  test("[PD-7] a commit that fails forgets nothing; when its fact is in the log, the key is gone", async () => {
    const hunt = "torn";
    const { ada } = await open(hunt);
    await runInDurableObject(shardOf(hunt), (_, { storage }) => {
      vi.spyOn(storage, "sync").mockRejectedValueOnce(new Error("the disk is gone"));
    });
    await Promise.resolve(forget(hunt, ada.team.id, "p-ada")).catch(() => undefined);
    const state = async () => {
      const log = await logOf(hunt);
      const isForgotten = log.some(({ type }) => type === "forget");
      const isNamed = JSON.stringify(log).includes("Canary Ada");
      return { isForgotten, isNamed };
    };
    const after = await state().catch(() => state());
    expect(after.isForgotten).toBe(!after.isNamed);
    expect(await verified(hunt)).toEqual([]);
  });
});

/** A row that was lost comes back without what stood beside it, which is told. */
const namesLackFrom = (...firsts: number[]) =>
  firsts.map((first) => ({
    what: `names or positions beside the facts from ${first} on are not as they were written`,
  }));

describe("[PD-11] a log that lost rows, or what stood beside them", () => {
  /** Which keys are there, of the first few. */
  const keysOf = (hunt: string, count: number): Promise<boolean[]> =>
    runInDurableObject(shardOf(hunt), (_, { storage }) => {
      const { keys } = storage.sql.exec<{ keys: ArrayBuffer }>("SELECT keys FROM person_key").one();
      return Array.from({ length: count }, (__, slot) =>
        new Uint8Array(keys).subarray(4_096 + 32 * slot, 4_096 + 32 * (slot + 1)).some((byte) => byte !== 0),
      );
    });
  const changed = async (hunt: string, ...queries: string[]): Promise<void> => {
    await runInDurableObject(shardOf(hunt), (_, { storage }) => {
      for (const query of queries) storage.sql.exec(query);
    });
    await restart(hunt);
  };
  /** What the origin has of a row, and what stood beside it. */
  const rowOf = (hunt: string, first: number) =>
    runInDurableObject(shardOf(hunt), (_, { storage }) =>
      storage.sql
        .exec<{ body: string; persons: string }>("SELECT body, persons FROM chained WHERE first = ?", first)
        .one(),
    );
  const putBack = (hunt: string, first: number, text: string): Promise<void> =>
    runInDurableObject(shardOf(hunt), (_, { storage }) => {
      storage.sql.exec("UPDATE chained SET persons = ? WHERE first = ?", text, first);
    }).then(() => restart(hunt));
  /** Closes the gaps from a copy; these are there. A row that is lost leaves the one behind it without proof. */
  const mend = async (
    hunt: string,
    copy: readonly { body: string }[],
    ...firsts: number[]
  ): Promise<void> => {
    const gaps = [...(await shardOf(hunt).gaps())].map(({ first }) => first);
    expect(gaps).toEqual(firsts);
    for (const first of gaps) {
      expect(await shardOf(hunt).mend({ first, last: first }, copy[first - 1]?.body ?? "")).toBe(true);
    }
  };

  test("a lost row that is mended from a copy has no names; its key goes, and nobody else's does", async () => {
    const hunt = "row-lost";
    await open(hunt);
    const copy = await bodiesOf(hunt);
    const lost = await rowOf(hunt, 2);
    await changed(hunt, "DELETE FROM chained WHERE first = 2");
    await mend(hunt, copy, 2, 3);
    const check = async () => {
      expect(await logOf(hunt)).toMatchObject([
        { name: "Canary Ada", externalId: "CANARY-id" },
        { name: FORGOTTEN_NAME },
        {},
        { position: HERE },
      ]);
      expect(await keysOf(hunt, 2)).toEqual([true, false]);
      expect(await verified(hunt)).toEqual(namesLackFrom(2));
    };
    await check();
    await restart(hunt);
    await check();
    // What stands in the file still, were it found there.
    await putBack(hunt, 2, lost.persons);
    expect(found(JSON.stringify(await logOf(hunt)))).not.toContain("Canary Bob");
  });

  test("a broken body that is mended has its names; of who was forgotten before, none come back", async () => {
    const hunt = "body-broken";
    const { ada, bob } = await open(hunt);
    const bodies = await bodiesOf(hunt);
    expect(await forget(hunt, ada.team.id, "p-ada")).toEqual({ done: true });
    for (const [first, name] of [
      [1, FORGOTTEN_NAME],
      [2, "Canary Bob"],
    ] as const) {
      await changed(
        hunt,
        `UPDATE chained SET body = replace(body, '"join"', '"jxyn"') WHERE first = ${first}`,
      );
      await mend(hunt, bodies, first);
      expect((await logOf(hunt))[first - 1]).toMatchObject({ name });
    }
    // Nor with all rows of its gone.
    await changed(hunt, "DELETE FROM chained WHERE first = 1");
    await mend(hunt, bodies, 1, 2);
    expect(JSON.stringify(await logOf(hunt))).not.toMatch(/Ada|CANARY|canary|7\.125/);
    expect(await keysOf(hunt, 2)).toEqual([false, true]);
    expect(await shardOf(hunt).seated({ team: ada.team.id, player: "p-ada" })).toMatchObject({
      refused: "unauthenticated",
    });
    expect(await shardOf(hunt).me(ada.team.id, bob.player.id)).toMatchObject({
      team: { members: [{ name: "Canary Bob" }] },
    });
    expect(await verified(hunt)).toEqual(namesLackFrom(1));
  });

  test("who is forgotten when nothing says any more where its key stands, is so wholly", async () => {
    const hunt = "key-unknown";
    const { ada } = await open(hunt);
    const { persons } = await rowOf(hunt, 2);
    await changed(hunt, `UPDATE chained SET persons = replace(persons, '{', '(') WHERE first = 2`);
    expect(await keysOf(hunt, 2)).toEqual([true, true]);
    expect(await forget(hunt, ada.team.id, "p-bob")).toEqual({ done: true });
    expect(await keysOf(hunt, 2)).toEqual([true, false]);
    await putBack(hunt, 2, persons);
    expect(found(JSON.stringify(await logOf(hunt)))).not.toContain("Canary Bob");
    expect((await logOf(hunt))[0]).toMatchObject({ name: "Canary Ada" });
    expect((await logOf(hunt))[3]).toMatchObject({ position: HERE });
    // Keys that are given from now on are good.
    const cleo = await joinAs(hunt, {
      player: "p-cleo",
      name: "Cleo",
      create: { name: "Bats", joinCode: "X-2" },
    });
    await restart(hunt);
    expect(await shardOf(hunt).me(cleo.team.id, "p-cleo")).toMatchObject({ player: { name: "Cleo" } });
  });

  test("who has a key that cannot be overwritten is not forgotten, and nothing says so", async () => {
    const hunt = "key-broken";
    const { ada } = await open(hunt);
    await changed(hunt, "UPDATE person_key SET keys = substr(keys, 2)");
    expect(await forget(hunt, ada.team.id, "p-ada")).toMatchObject({ refused: "unavailable" });
    expect((await logOf(hunt)).some(({ type }) => type === "forget")).toBe(false);
    expect(await shardOf(hunt).forgetAll(0)).toMatchObject({ forgotten: 0, left: 2 });
  });

  test("keys of those who play, and of facts that a repair can still bring back, stay", async () => {
    const hunt = "keys-stay";
    const { ada, bob } = await open(hunt);
    const bodies = await bodiesOf(hunt);
    await fill(bob);
    await changed(
      hunt,
      `UPDATE chained SET body = replace(body, '"checkin"', '"checkxx"') WHERE first = 4`,
      "DELETE FROM chained WHERE first = 1",
    );
    await mend(hunt, bodies, 1, 2, 4);
    expect((await logOf(hunt))[3]).toMatchObject({ position: HERE });
    expect(await keysOf(hunt, 2)).toEqual([true, true]);
    expect(await verified(hunt)).toEqual(namesLackFrom(1));
    expect(await forget(hunt, ada.team.id, "p-ada")).toEqual({ done: true });
    expect(await keysOf(hunt, 2)).toEqual([false, true]);
    expect(await verified(hunt)).toEqual(namesLackFrom(1));
  });
});

describe("[PD-4] [PD-5] what a forgotten player had elsewhere", () => {
  const require = { players: { require: "registered" } };

  test("is taken back: what it had once, and its registration, in a message that says nothing", async () => {
    const hunt = "elsewhere";
    const { ada } = await open(hunt, require);
    const released: string[][] = [];
    const names = vi.spyOn(env.NAMES, "getByName").mockReturnValue({
      release: async (...given: string[]) => void released.push(given),
    } as never);
    const sent: string[] = [];
    vi.spyOn(env.FACTS, "send").mockImplementation((async (body: string) => void sent.push(body)) as never);
    await forget(hunt, ada.team.id, "p-ada");
    names.mockRestore();
    expect(released.some(([name, key]) => name?.startsWith("person/") && key === "k-ada")).toBe(true);
    expect(released.some(([name, key]) => name?.startsWith("field/") && key === "k-ada")).toBe(true);
    expect(found(sent.join())).toEqual([]);
    expect(sent.map((text) => openRegistering(env, JSON.parse(text) as SealedMessage))).toEqual([
      { takenBack: ["CANARY-id"], at: expect.any(Number) },
    ]);
    expect(found(await cellsOf(hunt))).toEqual([]);
  });

  test("is taken back later where that fails, also after a start, and is sealed meanwhile", async () => {
    const hunt = "later";
    const { ada } = await open(hunt, require);
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const send = vi.spyOn(env.FACTS, "send").mockRejectedValue(new Error("the queue is full"));
    expect(await forget(hunt, ada.team.id, "p-ada")).toEqual({ done: true });
    expect(send).toHaveBeenCalled();
    expect(found(await cellsOf(hunt))).toEqual([]);
    await restart(hunt);
    const sent: string[] = [];
    send.mockImplementation((async (body: string) => void sent.push(body)) as never);
    await vi.waitFor(
      async () => {
        await runDurableObjectAlarm(shardOf(hunt));
        expect(sent).toHaveLength(1);
      },
      { timeout: 30_000, interval: 200 },
    );
    await runDurableObjectAlarm(shardOf(hunt));
    expect(sent).toHaveLength(1);
  });
});

/** Changes the lowest bit of a character of the text, from 1. */
const flipAt = (at: number) => `body = substr(body, 1, ${at} - 1)
  || char(unicode(substr(body, ${at}, 1)) + iif(unicode(substr(body, ${at}, 1)) % 2, -1, 1)) || substr(body, ${at} + 1)`;

describe("[PD-7] what is noted to be taken back", () => {
  test.each([
    ["its text", flipAt(50)],
    ["its check", flipAt(19)],
    ["where its key is", "slot = slot + 1024"],
  ])("is taken back as well when a bit of %s flipped", async (what, flip) => {
    const hunt = `flipped-${what.replaceAll(" ", "-")}`;
    const { ada } = await open(hunt, { players: { require: "registered" } });
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const send = vi.spyOn(env.FACTS, "send").mockRejectedValue(new Error("the queue is full"));
    await forget(hunt, ada.team.id, "p-ada");
    await runInDurableObject(shardOf(hunt), (_, { storage }) => {
      storage.sql.exec(`UPDATE taking_back SET ${flip}`);
    });
    await restart(hunt);
    const sent: string[] = [];
    send.mockImplementation((async (body: string) => void sent.push(body)) as never);
    await vi.waitFor(
      async () => {
        await runDurableObjectAlarm(shardOf(hunt));
        expect(sent).toHaveLength(1);
      },
      { timeout: 45_000, interval: 200 },
    );
    expect(openRegistering(env, JSON.parse(sent[0] ?? "") as SealedMessage)).toEqual({
      takenBack: ["CANARY-id"],
      at: expect.any(Number),
    });
  });

  test("is so behind any number of others that cannot be now", async () => {
    const hunt = "held-up";
    const { bob } = await open(hunt);
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { joinCode } = bob.team;
    const released: string[] = [];
    const names = vi.spyOn(env.NAMES, "getByName").mockReturnValue({
      release: async (name: string, key: string) => {
        if (!key.includes("late")) throw new Error("away");
        released.push(name);
      },
    } as never);
    for (let number = 0; number < 55; number += 1) {
      const player = `p-${number}`;
      await joinAs(hunt, { player, name: "Someone", externalId: `E-${number}`, joinCode });
      await forget(hunt, bob.team.id, player);
    }
    const late = { key: "k-late", player: "p-late", name: "Late", externalId: "E-late", joinCode };
    await joinAs(hunt, late);
    await forget(hunt, bob.team.id, "p-late");
    await vi.waitFor(
      async () => {
        await runDurableObjectAlarm(shardOf(hunt));
        expect(released.length).toBeGreaterThan(0);
      },
      { timeout: 60_000, interval: 100 },
    );
    names.mockRestore();
  });
});

describe("[PD-1] a player's data", () => {
  test("is everything the shard has of it, slice by slice, and nothing of others", async () => {
    const hunt = "read";
    const { ada } = await open(hunt);
    const data = (await shardOf(hunt).personalData(ada.team.id, "p-ada", {}, 0)) as PersonalData;
    expect(data).toMatchObject({
      player: { id: "p-ada", name: "Canary Ada" },
      externalId: "CANARY-id",
      joining: { fields: [{ id: "mail", value: "canary@example.org" }], consents: [{ id: "terms" }] },
      lastCheckin: HERE,
      facts: [{ type: "join" }, { type: "answer" }, { type: "checkin", position: HERE }],
    });
    expect(data.next).toBeUndefined();
    expect(JSON.stringify(data)).not.toContain("Bob");
    const bob = (await shardOf(hunt).personalData(ada.team.id, "p-bob", {}, 0)) as PersonalData;
    expect(bob.facts).toMatchObject([{ type: "join", name: "Canary Bob" }]);
    expect(
      ((await shardOf(hunt).personalData(ada.team.id, "p-ada", {}, 3)) as PersonalData).facts,
    ).toHaveLength(1);
  });
});

test("[PD-8] all players of a shard are forgotten page by page", async () => {
  const hunt = "all";
  const { ada } = await open(hunt);
  await shardOf(hunt).changeTeam(ada.team.id, { player: "p-bob" }, { type: "leave" });
  for (let team = 0; team < 3; team += 1) {
    await joinAs(hunt, {
      player: `p-${team}`,
      name: `Canary Bob ${team}`,
      create: { name: `T${team}`, joinCode: `X-2${team}` },
    });
  }
  let after: number | undefined = 0;
  let forgotten = 0;
  while (after !== undefined) {
    const page = (await shardOf(hunt).forgetAll(after)) as { forgotten: number; left: number; next?: number };
    expect(page.left).toBe(0);
    forgotten += page.forgotten;
    after = page.next;
  }
  expect(forgotten).toBe(5);
  expect(found(JSON.stringify(await logOf(hunt)))).toEqual([]);
  expect(await shardOf(hunt).forgetAll(0)).toEqual({ forgotten: 0, left: 0 });
  expect(await verified(hunt)).toEqual([]);
});

describe("[PD-2] who is on the way to another team", () => {
  /** Ada and Bob, and the team of Cleo. */
  const openTwo = async (hunt: string) => {
    const { ada, bob } = await open(hunt);
    const cleo = await joinAs(hunt, {
      player: "p-cleo",
      name: "Cleo",
      create: { name: "Bats", joinCode: "X-2" },
    });
    return { ada, bob, cleo };
  };
  const typesOf = async (hunt: string, player: string) =>
    (await logOf(hunt)).flatMap((fact) => ("player" in fact && fact.player === player ? fact.type : []));
  const untilForgotten = (hunt: string) =>
    vi.waitFor(
      async () => {
        await runDurableObjectAlarm(shardOf(hunt));
        expect(JSON.stringify(await logOf(hunt))).not.toContain("Canary Ada");
      },
      { timeout: 45_000, interval: 300 },
    );

  test.each(["organiser", "retention"] as const)("is forgotten there once it arrives (%s)", async (why) => {
    const hunt = `on-the-way-${why}`;
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { ada, cleo } = await openTwo(hunt);
    const move = { move: "M", player: "p-ada", from: ada.team.id, to: cleo.team.id, reason: "r" };
    await shardOf(hunt).keepSeat(move);
    const departed = await shardOf(hunt).depart(move);
    if ("refused" in departed) throw new Error(departed.detail);
    if (why === "organiser") expect(await forget(hunt, ada.team.id, "p-ada")).toEqual({ done: true });
    else expect(await shardOf(hunt).forgetAll(0)).toEqual({ forgotten: 3, left: 0 });
    expect(found(JSON.stringify(await logOf(hunt))).filter((each) => each !== "Canary Bob")).toEqual([]);
    // A control that does not know any more what left with the player undoes the move.
    expect(await shardOf(hunt).depart(move)).toMatchObject({ refused: "not_found" });
    expect(await shardOf(hunt).arrive(move, departed.leaving)).not.toHaveProperty("refused");
    expect(JSON.stringify(await logOf(hunt))).toContain("Canary Ada");
    await restart(hunt);
    await untilForgotten(hunt);
    expect(await typesOf(hunt, "p-ada")).toEqual([
      "join",
      "answer",
      "checkin",
      "seat",
      "depart",
      "forget",
      "arrive",
      "forget",
    ]);
    expect(await verified(hunt)).toEqual([]);
  });

  test("with a team that is merged does not arrive, and keeps no seat", async () => {
    const hunt = "merged-away";
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { ada, cleo } = await openTwo(hunt);
    const merge = {
      merge: "G",
      from: ada.team.id,
      into: cleo.team.id,
      reason: "r",
      players: ["p-ada", "p-bob"],
    };
    await shardOf(hunt).keepSeats(merge);
    const first = await shardOf(hunt).handOver(merge);
    expect(first).toMatchObject({
      leavings: [
        ["p-ada", {}],
        ["p-bob", {}],
      ],
    });
    expect(await forget(hunt, ada.team.id, "p-ada")).toEqual({ done: true });
    const handed = await shardOf(hunt).handOver(merge);
    if ("refused" in handed) throw new Error(handed.detail);
    expect(handed.leavings.map(([player]) => player)).toEqual(["p-bob"]);
    expect(await shardOf(hunt).takeOver(merge, handed as unknown as HandedOver)).not.toHaveProperty(
      "refused",
    );
    expect(await typesOf(hunt, "p-ada")).toEqual([
      "join",
      "answer",
      "checkin",
      "seat",
      "depart",
      "forget",
      "unseat",
      // What the team has from it, under its id.
      "solve",
    ]);
    const me = await shardOf(hunt).me(cleo.team.id, "p-cleo");
    if ("refused" in me) throw new Error(me.detail);
    expect(me.team.members.map(({ id }) => id)).toEqual(["p-cleo", "p-bob"]);
    // The place was Ada's.
    expect(me.team.score).toBe(5);
    expect(await verified(hunt)).toEqual([]);
    expect(found(JSON.stringify(await logOf(hunt)))).toEqual(["Canary Bob"]);
  });
});
