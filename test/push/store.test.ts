/** Subscriptions as a shard stores them; test/fixtures/stored/push has their forms, and only grows. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, test, vi } from "vitest";
import { PersonKeys } from "../../src/people/keys.ts";
import type { Device } from "../../src/push/message.ts";
import { PushStore } from "../../src/shard/push-store.ts";
import { sqlOf } from "../shard/sql.ts";

const FOLDER = join(import.meta.dirname, "../fixtures/stored/push");

const DEVICE: Device = {
  endpoint: "https://push.example.net/send/Zx7q0c2m",
  p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
  auth: "BTBZMqHH6r4Tts7J_aSIgg",
  lang: "de",
  kid: "f0123456789",
  site: "https://hunt.example",
};

function made() {
  const database = new DatabaseSync(":memory:");
  const sql = sqlOf(database);
  const keys = new PersonKeys(sql);
  const again = () => new PushStore(sql, new PersonKeys(sql));
  return { database, sql, keys, again };
}

afterEach(() => vi.restoreAllMocks());

interface Fixture {
  tables: Record<string, Record<string, string | number | { base64: string }>[]>;
  expected: { device: Device; of: object; news: object };
}

describe.each(readdirSync(FOLDER))("[STORE-1] %s", (file) => {
  test("is read", () => {
    const { database, again } = made();
    again();
    const { tables, expected } = JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Fixture;
    for (const [table, rows] of Object.entries(tables)) {
      for (const row of rows) {
        const values = Object.values(row).map((value) =>
          typeof value === "object" ? Buffer.from(value.base64, "base64") : value,
        );
        const places = values.map(() => "?").join(", ");
        database
          .prepare(`INSERT INTO ${table} (${Object.keys(row).join(", ")}) VALUES (${places})`)
          .run(...values);
      }
    }
    const store = again();
    const [subscription] = [...store.behind(0)];
    expect(subscription).toMatchObject(expected.of);
    expect(subscription && store.deviceOf(subscription)).toEqual(expected.device);
    expect(store.first()).toMatchObject(expected.news);
  });
});

describe("[PUSH-6] a device is sealed under its player's key", () => {
  const add = (store: PushStore, slot: number, player = "p-1") =>
    store.add({ id: `id-${player}`, team: "weur-0-0-a", player, slot, at: 5 }, DEVICE);

  test("nothing of it stands in the tables, and without the key it is gone", () => {
    const { database, keys, again } = made();
    const store = again();
    const slot = keys.give();
    expect(add(store, slot)).toBe(true);
    const rows = JSON.stringify(database.prepare("SELECT * FROM push_subscription").all());
    for (const secret of [DEVICE.endpoint, DEVICE.auth, "push.example.net", DEVICE.site]) {
      expect(rows).not.toContain(secret);
    }
    const [kept] = [...again().behind(0)];
    expect(kept && again().deviceOf(kept)).toEqual(DEVICE);
    keys.delete([slot]);
    expect(kept && again().deviceOf(kept)).toBe(undefined);
    expect(add(again(), slot, "p-2")).toBe(false);
  });

  test("a row that is not as it was written is dropped, the others stay; so are news", () => {
    vi.spyOn(console, "error").mockReturnValue();
    const { database, keys, again } = made();
    const store = again();
    const slot = keys.give();
    add(store, slot, "p-1");
    add(store, slot, "p-2");
    store.note({ kind: "announcement", id: "a-1" }, 1);
    store.note({ kind: "announcement", id: "a-2" }, 2);
    database.exec("UPDATE push_subscription SET body = replace(body, 'p-1', 'p-9') WHERE n = 1");
    database.exec("UPDATE push_news SET body = replace(body, 'a-1', 'a-9') WHERE n = 1");
    const after = again();
    expect([...after.behind(0)].map(({ player }) => player)).toEqual(["p-2"]);
    expect(after.first()?.news).toEqual({ kind: "announcement", id: "a-2" });
    expect(database.prepare("SELECT n FROM push_subscription").all()).toEqual([{ n: 2 }]);
  });

  test("what of a newer engine is there is left aside", () => {
    const { database, keys, again } = made();
    const store = again();
    add(store, keys.give());
    store.note({ kind: "announcement", id: "a-1" }, 1);
    database.exec("UPDATE push_subscription SET body = replace(body, '\"v\":1', '\"v\":2'), sum = '-'");
    vi.spyOn(console, "error").mockReturnValue();
    expect([...again().behind(0)]).toEqual([]);
  });

  test("news go in order, and where they are broken off they go on", () => {
    const { again } = made();
    const store = again();
    store.note({ kind: "announcement", id: "a-1" }, 1);
    store.note({ kind: "help", team: "t", thread: 1 }, 2);
    const first = store.first();
    if (first) store.went(first, 100);
    expect(again().first()).toMatchObject({ after: 100, news: { id: "a-1" } });
    expect(again().waiting).toBe(2);
    store.done(1);
    expect(again().first()?.news).toMatchObject({ kind: "help" });
  });
});
