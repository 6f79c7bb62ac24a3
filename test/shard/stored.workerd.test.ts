/**
 * What earlier engines stored opens in this one. test/fixtures/stored/shard has
 * a shard's tables as an engine wrote them, one file a version; the folder only
 * grows. When a form changes, log what `dumpOf` gives of a hunt like that of the
 * last file (workerd has no files to write to) and keep it as a new file.
 */
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { Me } from "../../src/contract/me.ts";
import type { Fact } from "../../src/protocol.ts";
import { CurrentHunt } from "../../src/shard/current-hunt.ts";
import { StoredText } from "../../src/stored-text.ts";
import {
  asBefore,
  control,
  guess,
  join,
  logOf,
  makeOrigin,
  outcomeOf,
  play,
  publish,
  rechain,
  restart,
  setParameters,
  setPhase,
  shardOf,
} from "./workerd.ts";

setParameters({ PAGE_FLUSH_FACTS: 100, SHARDS_PER_REGION: 1 });
beforeAll(makeOrigin);

const HUNT = "stored";
const fixtures = import.meta.glob<string>("../fixtures/stored/shard/*.json", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** A row's values by column; bytes as base64 in an object. */
type Row = Record<string, string | number | null | { base64: string }>;
type Dump = Record<string, Row[]>;

const TABLES = ["chained", "page", "checkpoint", "stored_text", "person_key"];

const wrongGuesses = (hunt: string, count: number) =>
  Array.from({ length: count }, (_, index) => guess(hunt, `w${index}`));

/** The tables of a shard's object. */
async function dumpOf(hunt: string): Promise<Dump> {
  return runInDurableObject(shardOf(hunt), (_, { storage }) => {
    const dump: Dump = {};
    for (const table of TABLES) {
      dump[table] = storage.sql
        .exec(`SELECT * FROM ${table}`)
        .toArray()
        .map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([column, value]) => [
              column,
              value instanceof ArrayBuffer ? { base64: Buffer.from(value).toString("base64") } : value,
            ]),
          ),
        );
    }
    return dump;
  });
}

/** Puts the tables into a shard's object, whatever it had, and stops it. */
async function restore(hunt: string, dump: Dump): Promise<void> {
  await runInDurableObject(shardOf(hunt), (_, { storage }) => {
    storage.sql.exec("DELETE FROM chained");
    // Of engines before what is personal was sealed.
    if (!dump.person_key) storage.sql.exec("DROP TABLE person_key");
    // Of engines before the log was chained.
    if (dump.segment)
      storage.sql.exec("CREATE TABLE segment (first INTEGER PRIMARY KEY, last INTEGER, body TEXT)");
    for (const [table, rows] of Object.entries(dump)) {
      const [made] = storage.sql
        .exec<{ sql: string }>("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", table)
        .toArray();
      storage.sql.exec(`DROP TABLE ${table}`);
      storage.sql.exec(asBefore(made?.sql ?? ""));
      for (const row of rows) {
        const columns = Object.keys(row);
        const values = Object.values(row).map((value) =>
          typeof value === "object" && value !== null ? Buffer.from(value.base64, "base64") : value,
        );
        const places = columns.map(() => "?").join(", ");
        storage.sql.exec(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`, ...values);
      }
    }
  });
  await restart(hunt);
}

/** The forms of the threads that the shard has stored. */
async function formsOf(hunt: string): Promise<number[]> {
  return runInDurableObject(shardOf(hunt), (_, { storage }) =>
    storage.sql
      .exec<{ body: string }>("SELECT body FROM help_thread ORDER BY n")
      .toArray()
      .map(({ body }) => (JSON.parse(body) as { v: number }).v),
  );
}

describe.each(Object.entries(fixtures))("[SH-40] %s", (_, text) => {
  test("opens: its facts, its teams and its ids are there, and it goes on", async () => {
    const { dump, expected } = JSON.parse(text) as {
      dump: Dump;
      expected: {
        facts: number;
        teams: number;
        score: number;
        team: string;
        player: string;
        event: string;
        /** What the team asked, the newest first. */
        threads?: object[];
        /** What the team was told. */
        announcements?: string[];
        /** Of a rehearsal: by how much its clock is ahead, ms. */
        ahead?: number;
      };
    };
    const hunt = `${HUNT}-${expected.team.slice(-5)}`;
    await publish(hunt);
    await setPhase(hunt, "live");
    await shardOf(hunt).stats();
    await restore(hunt, dump);
    const facts = await logOf(hunt);
    expect(facts).toHaveLength(expected.facts);
    expect(await shardOf(hunt).stats()).toMatchObject({ totals: { teams: expected.teams } });
    expect(await shardOf(hunt).me(expected.team, expected.player)).toMatchObject({
      team: { score: expected.score },
    });
    const { threads, announcements } = expected;
    if (threads) {
      const seat = { team: expected.team, player: expected.player };
      expect(await shardOf(hunt).helpThreads(seat)).toMatchObject(threads);
      // They go on: what is stored now has this engine's form.
      const more = { text: "One more.", key: "k" };
      expect(await shardOf(hunt).askMore(seat, 2, more)).toMatchObject({ state: "open" });
      expect(await formsOf(hunt)).toEqual([1, 1, 1]);
      await restart(hunt);
      expect(await shardOf(hunt).askMore(seat, 2, more)).toMatchObject({
        messages: [{}, { text: "One more." }],
      });
    }
    if (announcements) {
      const told = (await shardOf(hunt).me(expected.team, expected.player)) as Me;
      expect(told.announcements.map(({ text: said }) => said)).toEqual(announcements);
    }
    const me = await shardOf(hunt).me(expected.team, expected.player);
    const ahead = "serverTime" in me ? Date.parse(me.serverTime) - Date.now() : Number.NaN;
    expect(Math.abs(ahead - (expected.ahead ?? 0))).toBeLessThan(60_000);
    expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
    const known = facts.find((fact) => "event" in fact && fact.event === expected.event);
    expect(known).toBeDefined();
    // Goes on: another team joins, and the log has no gap.
    await join(hunt, "afterwards");
    expect((await logOf(hunt)).at(-1)?.seq).toBe(expected.facts + 1);
  });
});

/** Complete: the compiler proves it. A new type of facts needs a fixture that has one. */
const TYPES: Record<Fact["type"], true> = {
  join: true,
  answer: true,
  scan: true,
  checkin: true,
  hint: true,
  claim: true,
  start: true,
  award: true,
  unlock: true,
  ban: true,
  unban: true,
  hide: true,
  show: true,
  revoke: true,
  reached: true,
  void: true,
  leave: true,
  remove: true,
  captain: true,
  code: true,
  rename: true,
  bracket: true,
  make: true,
  forget: true,
  solve: true,
  unsolve: true,
  opened: true,
  reset: true,
  merge: true,
  absorb: true,
  seat: true,
  unseat: true,
  depart: true,
  arrive: true,
};

test("[SH-40] the fixtures have a fact of every type", () => {
  for (const type of Object.keys(TYPES)) {
    const has = Object.values(fixtures).some((text) => text.includes(`\\"type\\":\\"${type}\\"`));
    expect(has, type).toBe(true);
  }
});

test("[SH-40] there is a fixture of this version: what is written now has its form", async () => {
  await publish("now");
  await setPhase("now", "live");
  const team = await join("now", "one");
  await play(team, ...wrongGuesses("now", 150));
  await play(team, guess("now", "last"));
  const now = await dumpOf("now");
  const last = JSON.parse(Object.values(fixtures).at(-1) ?? "{}") as { dump: Dump };
  for (const table of ["chained", "page", "stored_text"]) {
    expect(Object.keys(now[table]?.[0] ?? {}), table).toEqual(Object.keys(last.dump[table]?.[0] ?? {}));
  }
});

test("[SH-41] a row of a later form is a clear error, not a wrong state", async () => {
  await publish("later");
  await setPhase("later", "live");
  await join("later", "one");
  await runInDurableObject(shardOf("later"), (_, { storage }) => {
    new StoredText(storage.sql).write("config", '{"v":1000}');
  });
  await restart("later");
  const outcome = await outcomeOf(async () => shardOf("later").stats());
  expect(String("error" in outcome && outcome.error)).toContain("written by a newer engine");
});

describe("[SH-42] a fact of a type that this version does not know", () => {
  const alter = (hunt: string, change: (body: string) => string): Promise<void> =>
    runInDurableObject(shardOf(hunt), (_, { storage }) => {
      for (const { first, body } of storage.sql
        .exec<{ first: number; body: string }>("SELECT first, body FROM chained")
        .toArray()) {
        storage.sql.exec("UPDATE chained SET body = ? WHERE first = ?", change(body), first);
      }
      rechain(storage);
    });

  test("makes its team read-only, touches no other, and is folded when newer code is back", async () => {
    const hunt = "newer";
    await publish(hunt);
    await setPhase(hunt, "live");
    const [one, other] = [await join(hunt, "one"), await join(hunt, "other")];
    const award = { type: "award", points: 7, reason: "r" } as const;
    await shardOf(hunt).organise(one.team.id, award);
    await alter(hunt, (body) => body.replaceAll('"type":"award"', '"type":"teleport"'));
    await restart(hunt);

    const send = async () =>
      shardOf(hunt).play(one.team.id, one.player.id, JSON.stringify([guess(hunt, "a")]));
    expect(await send()).toMatchObject({ refused: "unavailable" });
    expect(await shardOf(hunt).organise(one.team.id, award)).toMatchObject({ refused: "unavailable" });
    const code = one.team.joinCode ?? "";
    const joining = { key: "late", player: "p-late", name: "Late", joinCode: code };
    expect(await shardOf(hunt).join(joining)).toMatchObject({ refused: "unavailable" });
    expect(await shardOf(hunt).me(one.team.id, one.player.id)).toMatchObject({ team: { score: 0 } });
    expect(await shardOf(hunt).history(one.team.id, {})).toHaveProperty("points");
    // Others play on, and pages are written past the fact meanwhile.
    await play(other, ...wrongGuesses(hunt, 150));
    expect(await play(other, guess(hunt, "right", "right"))).toMatchObject([{ outcome: "correct" }]);
    expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
    expect(await logOf(hunt)).toContainEqual(expect.objectContaining({ type: "teleport" }) as Fact);
    await restart(hunt);
    expect(await send()).toMatchObject({ refused: "unavailable" });

    await alter(hunt, (body) => body.replaceAll('"type":"teleport"', '"type":"award"'));
    await restart(hunt);
    expect(await shardOf(hunt).me(one.team.id, one.player.id)).toMatchObject({ team: { score: 7 } });
    expect(await play(one, guess(hunt, "a"))).toMatchObject([{ outcome: "incorrect" }]);
    expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
    expect(await control(hunt).shards()).toContain("weur-0");
  });

  test("sets aside what follows it too, wins and imports included, and costs no other team of the page anything", async () => {
    const hunt = "follows";
    await publish(hunt);
    await setPhase(hunt, "live");
    const [one, other] = [await join(hunt, "one"), await join(hunt, "other")];
    await play(one, guess(hunt, "1", "right"), guess(hunt, "2", "right", "b"));
    // Newer code took the first solve back, and the clue was solved again.
    await alter(hunt, (body) =>
      body
        .replace('"type":"answer"', '"type":"photo"')
        .replace('"outcome":"correct"', '"outcome":"returned"')
        // Nor did it tell these scores then.
        .replaceAll(/,"score":\d+/g, ""),
    );
    await alter(hunt, (body) => body.replace('"clue":"b"', '"clue":"a"'));
    await restart(hunt);
    expect(await play(other, guess(hunt, "1", "right"))).toMatchObject([{ outcome: "correct" }]);
    expect(await shardOf(hunt).me(one.team.id, one.player.id)).toMatchObject({ team: { solves: 0 } });
    const win = { prize: "cup", team: one.team.id, n: 0, unit: 0, player: "p-one", event: "w", at: 1 };
    expect(await shardOf(hunt).recordWins([{ ...win, revoked: false }])).toMatchObject({
      refused: "unavailable",
    });
    const award = { type: "award", points: 1, reason: "r" } as const;
    const line = { line: 1, at: Date.now(), key: "key-one", team: "one", id: "i" };
    // As if it were not live yet.
    const refusing = vi.spyOn(CurrentHunt.prototype, "refuseImport").mockReturnValue(undefined);
    expect(await shardOf(hunt).replay([{ ...line, type: "action", action: award }])).toMatchObject([
      { line: 1, code: "unavailable" },
    ]);
    refusing.mockRestore();

    await play(other, ...wrongGuesses(hunt, 150));
    await restart(hunt);
    expect(await shardOf(hunt).me(one.team.id, one.player.id)).toMatchObject({ team: { solves: 0 } });
    // Newer code is back: what the page lacks is folded from the log.
    await alter(hunt, (body) =>
      body.replace('"type":"photo"', '"type":"answer"').replace('"outcome":"returned"', '"outcome":"nudge"'),
    );
    await restart(hunt);
    expect(await shardOf(hunt).me(one.team.id, one.player.id)).toMatchObject({ team: { solves: 1 } });
    expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
    await play(other, guess(hunt, "again"));
    await restart(hunt);
    expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
  });

  test("is seen in a page that newer code wrote", async () => {
    const hunt = "page";
    await publish(hunt);
    await setPhase(hunt, "live");
    const [one, other] = [await join(hunt, "one"), await join(hunt, "other")];
    await play(other, ...wrongGuesses(hunt, 150));
    await play(other, guess(hunt, "last"));
    const kindsOf = (kinds: string): Promise<void> =>
      runInDurableObject(shardOf(hunt), (_, { storage }) => {
        const [made] = storage.sql
          .exec<{ sql: string }>("SELECT sql FROM sqlite_master WHERE name = 'page'")
          .toArray();
        // Of an engine that gave rows no checksum.
        storage.sql.exec("ALTER TABLE page RENAME TO page_of_now");
        storage.sql.exec(asBefore(made?.sql ?? ""));
        storage.sql.exec("INSERT INTO page SELECT * FROM page_of_now");
        storage.sql.exec("DROP TABLE page_of_now");
        const { rowsWritten } = storage.sql.exec(
          `UPDATE page SET sum = NULL, body = replace(replace(body, '"kinds":["photo"],', ''), ?, ?)`,
          `{"id":"${one.team.id}",`,
          `{"id":"${one.team.id}",${kinds}`,
        );
        expect(rowsWritten).toBeGreaterThan(0);
      });
    await kindsOf('"kinds":["photo"],');
    await restart(hunt);
    const send = async (id: string) =>
      shardOf(hunt).play(one.team.id, one.player.id, JSON.stringify([guess(hunt, id)]));
    expect(await send("1")).toMatchObject({ refused: "unavailable" });
    expect(await play(other, guess(hunt, "more"))).toMatchObject([{ outcome: "incorrect" }]);
    await kindsOf("");
    await restart(hunt);
    expect(await send("2")).toEqual(expect.any(String));
  });
});
