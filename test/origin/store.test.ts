import fc from "fast-check";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { PostgresMessages } from "../../scripts/lab/faults/postgres-messages.ts";
import { type FaultProxy, startProxy } from "../../scripts/lab/faults/proxy.ts";
import { migrateD1, migratePostgres } from "../../scripts/local/migrate.ts";
import { D1Origin } from "../../src/origin/d1.ts";
import { POSTGRES, SQLITE } from "../../src/origin/dialect.ts";
import { openOrigin } from "../../src/origin/open.ts";
import { PostgresOrigin } from "../../src/origin/postgres.ts";
import { OriginRejected, type OriginStore } from "../../src/origin/store.ts";
import { Writes } from "../../src/origin/writes.ts";
import type { Fact } from "../../src/protocol.ts";
import { seeded } from "../hunt/random.ts";
import { connect, d1Migrations, emptyD1, openD1, openPostgres, type TestDatabase } from "./databases.ts";
import { HUNT, message, randomLog, SHARD, shipAnyhow } from "./messages.ts";
import { originContract } from "./store.contract.ts";

originContract("d1", openD1);
originContract("postgres", openPostgres);

/** For hundreds of calls on a database, ms. */
const LONG = 60_000;

const failureOf = (promise: Promise<unknown>): Promise<Error & { code?: string }> =>
  promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: Error) => error,
  );

describe("both origins", () => {
  let both: TestDatabase[];
  beforeAll(async () => {
    both = await Promise.all([openD1(), openPostgres()]);
  });
  afterAll(() => Promise.all(both.map((database) => database.close())));

  test("[ORIGIN-1] hold the same rows after the same messages", { timeout: LONG }, () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(60), async (seed, length) => {
        const draw = seeded(seed);
        const messages = shipAnyhow(draw, randomLog(draw, length + 1));
        const [d1, postgres] = await Promise.all(
          both.map(async (database) => {
            await database.clear();
            for (const each of messages) await database.origin.apply(each);
            return { rows: await database.dump(), sums: await database.origin.sums(HUNT, SHARD) };
          }),
        );
        expect(d1).toEqual(postgres);
      }),
      { numRuns: 25 },
    ),
  );
});

describe("[ORIGIN-8] statements", () => {
  const one = message(1, randomLog(seeded(1), 1));
  const many = message(1, randomLog(seeded(1), 500));

  const without = (left: Fact["type"]): Fact[] =>
    many.facts.filter(({ type }) => type !== left).map((fact, index) => ({ ...fact, seq: index + 1 }));
  const nameless = message(1, without("join"));

  test("of a message are at most five on D1 and one on PostgreSQL, the same for any number of facts", () => {
    expect(new Writes(SQLITE).apply(nameless).length).toBe(3);
    expect(new Writes(POSTGRES).apply(nameless)).toHaveLength(1);
    const sqlite = new Writes(SQLITE);
    // With names: three that take out those of who is forgotten.
    expect(sqlite.apply(one).length).toBe(3 + 3);
    expect(sqlite.apply(many).length).toBe(5 + 3);
    expect(sqlite.apply(message(1, randomLog(seeded(1), 2_000))).map(({ sql }) => sql)).toEqual(
      sqlite.apply(many).map(({ sql }) => sql),
    );
    for (const { parameters } of sqlite.apply(many)) expect(parameters.length).toBeLessThanOrEqual(9);
    // And a lock, behind which two messages of one shard see what the other did.
    const [lock, insert, ...scrubs] = new Writes(POSTGRES).apply(many);
    expect(lock?.sql).toContain("pg_advisory_xact_lock_shared");
    expect(insert?.parameters.length).toBeLessThanOrEqual(23);
    expect(scrubs).toHaveLength(3);
  });

  test("of a call are one batch on D1", async () => {
    const { database, origin, close } = await openD1();
    const batches: number[] = [];
    const counted = new D1Origin({
      prepare: (statement: string) => database.prepare(statement),
      batch(statements: D1PreparedStatement[]) {
        batches.push(statements.length);
        return database.batch(statements);
      },
    } as D1Database);
    await counted.apply(many);
    await counted.sums(HUNT, SHARD);
    await counted.teams(HUNT, SHARD, "", 10);
    await counted.registration("a");
    await counted.register([{ externalId: "a" }]);
    expect(batches).toEqual([8, 1, 1, 1, 1]);
    await origin.close();
    await close();
  });
});

describe("D1 that is not well", () => {
  const broken = (batch: () => Promise<never>) =>
    new D1Origin({ prepare: () => ({ bind: () => ({}) }), batch } as unknown as D1Database);

  test.each([
    "D1_ERROR: Network connection lost.",
    "D1 DB is overloaded. Too many requests queued.",
    "D1_ERROR: no such table: segment: SQLITE_ERROR",
    "D1 DB storage operation exceeded timeout which caused object to be reset.",
  ])("[ORIGIN-6] refuses nothing: %s", async (text) => {
    const error = await failureOf(broken(() => Promise.reject(new Error(text))).registration("a"));
    expect(error).not.toBeInstanceOf(OriginRejected);
    expect(error.message).toBe(text);
  });

  test("[ORIGIN-7] does not hold a call that is given up", async () => {
    const giveUp = new AbortController();
    const call = broken(() => new Promise(() => undefined)).registration("a", giveUp.signal);
    giveUp.abort(new Error("given up"));
    await expect(call).rejects.toThrow("given up");
  });
});

describe("PostgreSQL that is not well", () => {
  let database: Awaited<ReturnType<typeof openPostgres>>;
  let proxy: FaultProxy;
  let origin: PostgresOrigin;
  const open = (statementTimeout = 5_000): PostgresOrigin => {
    const url = new URL(database.url);
    url.host = `${proxy.host}:${proxy.port}`;
    return new PostgresOrigin(url.href, { statementTimeout });
  };

  beforeAll(async () => {
    database = await openPostgres();
    const { hostname: host, port } = new URL(database.url);
    proxy = await startProxy({
      upstream: { host, port: Number(port) },
      counter: () => new PostgresMessages(),
    });
    origin = open();
  });
  afterEach(async () => {
    await proxy.heal();
    await origin.close();
    origin = open();
  });
  afterAll(async () => {
    await proxy?.close();
    await database?.close();
  });

  const facts = randomLog(seeded(1), 100);

  test("[ORIGIN-6] refused connections are no refusal, and the origin works when it is back", async () => {
    await origin.apply(message(1, facts));
    await proxy.down();
    for (const _ of [1, 2]) {
      const error = await failureOf(origin.apply(message(1, facts)));
      expect(error).not.toBeInstanceOf(OriginRejected);
    }
    await proxy.up();
    await origin.apply(message(1, facts));
  });

  test("[ORIGIN-6] a wrong password is no refusal", async () => {
    const url = new URL(database.url);
    url.password = "wrong";
    const error = await failureOf(
      new PostgresOrigin(url.href, { statementTimeout: 1_000 }).registration("a"),
    );
    expect(error).not.toBeInstanceOf(OriginRejected);
    expect(error.code).toBe("28P01");
  });

  test("[ORIGIN-7] a frozen server does not hold a call, neither at connecting nor later, and its connection is gone", async () => {
    for (const warm of [false, true]) {
      if (warm) await origin.registration("a");
      const before = proxy.counts().open;
      expect(before).toBe(warm ? 1 : 0);
      const thaw = proxy.freeze();
      // Frozen until the next line but one: a call that waited for it would wait for ever.
      const error = await failureOf(origin.apply(message(1, facts), AbortSignal.timeout(100)));
      expect(error.name).toBe("TimeoutError");
      thaw();
      await expect.poll(() => proxy.counts().open).toBe(0);
      await origin.registration("a");
      await origin.close();
      await expect.poll(() => proxy.counts().open).toBe(0);
      origin = open();
    }
  });

  test("[ORIGIN-7] a call given up while it waits for a lock leaves the next one alone", async () => {
    const other = await connect(database.url);
    await other.query("BEGIN; LOCK TABLE score");
    const error = await failureOf(origin.apply(message(1, facts), AbortSignal.timeout(100)));
    expect(error.name).toBe("TimeoutError");
    await other.query("COMMIT");
    await other.end();
    await origin.apply(message(1, facts));
  });

  test("[ORIGIN-7] the server ends a statement that takes too long, which is no refusal", async () => {
    const other = await connect(database.url);
    await other.query("BEGIN; LOCK TABLE score");
    const hasty = open(100);
    const error = await failureOf(hasty.apply(message(1, facts)));
    expect(error.code).toBe("57014");
    expect(error).not.toBeInstanceOf(OriginRejected);
    await other.query("COMMIT");
    await other.end();
    await hasty.apply(message(1, facts));
    await hasty.close();
  });

  test("[ORIGIN-8] a call on an open connection is one round trip, however many queries it has", async () => {
    const query = vi.spyOn(Client.prototype, "query");
    await origin.apply(message(1, facts));
    // BEGIN, a lock, the statement, three updates, COMMIT.
    expect(query).toHaveBeenCalledTimes(7);
    query.mockRestore();
    const before = proxy.counts().messages;
    proxy.add({ type: "latency", latency: 2_000 });
    const started = performance.now();
    await origin.apply(message(1, facts));
    // Seven of them, one after the other, would take 14 s.
    expect(performance.now() - started).toBeLessThan(8_000);
    const { messages } = proxy.counts();
    const sent = (name: string) => (messages[name] ?? 0) - (before[name] ?? 0);
    expect({ simple: sent("Q"), parse: sent("P"), execute: sent("E"), startup: sent("startup") }).toEqual({
      simple: 2,
      parse: 5,
      execute: 5,
      startup: 0,
    });
  });

  test("[ORIGIN-8] calls at the same time use connections each, and few are kept", async () => {
    await Promise.all(Array.from({ length: 12 }, (_, index) => origin.registration(`p${index}`)));
    await expect.poll(() => proxy.counts().open).toBeLessThanOrEqual(6);
    const { connections } = proxy.counts();
    for (let call = 0; call < 20; call += 1) await origin.registration("a");
    expect(proxy.counts().connections).toBe(connections);
    await origin.close();
    await expect.poll(() => proxy.counts().open).toBe(0);
  });

  test("[ORIGIN-6] a connection that ended while it was idle is not used again", async () => {
    await origin.registration("a");
    await database.client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'treasure-hunt-engine'",
    );
    await expect.poll(() => proxy.counts().open).toBe(0);
    await origin.registration("a");
  });
});

describe("[ORIGIN-10] migrations", () => {
  test("of PostgreSQL run once when eight start at the same time, and again change nothing", async () => {
    const { url, client, close } = await openPostgres();
    await client.query("CREATE DATABASE fresh");
    const fresh = new URL(url);
    fresh.pathname = "/fresh";
    const applied = await Promise.all(Array.from({ length: 8 }, () => migratePostgres(fresh.href)));
    expect(applied.flat()).toEqual([
      "0001_origin",
      "0002_prizes",
      "0003_corrections",
      "0004_forgetting",
      "0005_sign_ups",
    ]);
    expect(await migratePostgres(fresh.href)).toEqual([]);
    await close();
  });

  test("of PostgreSQL say what cannot be reached, without the password", async () => {
    const error = await failureOf(migratePostgres("postgresql://me:secret@127.0.0.1:1/x"));
    expect(error.message).toMatch(/127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/);
    expect(error.message).not.toContain("secret");
  });

  test("of D1 run once when several start at the same time, and again change nothing", async () => {
    const { database, close } = await emptyD1();
    const files = await d1Migrations();
    const migrate = () => migrateD1(database, { table: "d1_migrations", files });
    await Promise.all(Array.from({ length: 6 }, migrate));
    await migrate();
    const { results } = await database.prepare("SELECT name FROM d1_migrations ORDER BY id").all();
    expect(results.map((row) => row.name)).toEqual(files.map(({ name }) => name));
    await close();
  });

  test("of D1 that fail say which, and leave nothing", async () => {
    const { database, close } = await emptyD1();
    const files = [{ name: "0001_bad.sql", statements: ["CREATE TABLE a (b)", "CREATE TABLE a (b)"] }];
    const error = await failureOf(migrateD1(database, { table: "d1_migrations", files }));
    expect(error.message).toBe("migration 0001_bad.sql failed");
    await database.prepare("CREATE TABLE a (b)").run();
    await close();
  });

  test("of D1 keep the rows of the first version", async () => {
    const { database, close } = await emptyD1();
    const files = await d1Migrations();
    await migrateD1(database, { table: "d1_migrations", files: files.slice(0, 1) });
    await database.batch(
      [
        `INSERT INTO segment (hunt, shard, first, last, facts) VALUES ('h', 's', 1, 3, '[
           {"seq":1,"at":1,"type":"join","team":"t","player":"p","name":"Ann","event":"e","created":{"name":"Foxes"}},
           {"seq":2,"at":2,"type":"answer","outcome":"correct","team":"t","player":"p","event":"f","clue":"c","points":7,"score":7},
           {"seq":3,"at":3,"type":"hide","team":"t","reason":""}
         ]')`,
        "INSERT INTO team (hunt, id, shard, name, joined_at) VALUES ('h', 't', 's', 'Foxes', 1)",
        "INSERT INTO player (hunt, id, shard, team, name, joined_at) VALUES ('h', 'p', 's', 't', 'Ann', 1)",
        "INSERT INTO solve (hunt, team, clue, shard, seq, at, points, player) VALUES ('h', 't', 'c', 's', 2, 2, 7, 'p')",
        "INSERT INTO score (hunt, team, shard, seq, at, score) VALUES ('h', 't', 's', 2, 2, 7)",
        "INSERT INTO mark (hunt, team, kind, shard, seq, at, value, reason) VALUES ('h', 't', 'hidden', 's', 3, 3, 1, '')",
      ].map((statement) => database.prepare(statement)),
    );
    await migrateD1(database, { table: "d1_migrations", files });
    const origin: OriginStore = new D1Origin(database as unknown as D1Database);
    expect(await origin.teams("h", "s", "", 10)).toEqual([
      { team: "t", players: 1, solves: 1, score: 7, banned: false, hidden: true },
    ]);
    const { results } = await database.prepare("SELECT * FROM solve").all();
    expect(results).toEqual([
      { hunt: "h", shard: "s", team: "t", clue: "c", seq: 2, at: 2, points: 7, player: "p" },
    ]);
    await close();
  });
});

describe("[ORIGIN-11] the parameter ORIGIN", () => {
  const ORIGIN_DB = {} as D1Database;
  const ORIGIN_POSTGRES = { connectionString: "postgresql://a:b@127.0.0.1:1/x" } as Hyperdrive;

  test("chooses the driver; the default is D1", () => {
    expect(openOrigin({ ORIGIN_DB, ORIGIN_POSTGRES }).driver).toBe("d1");
    const env = { ORIGIN: "postgres", ORIGIN_DB, ORIGIN_POSTGRES };
    expect(openOrigin(env).driver).toBe("postgres");
  });

  test("asks for the binding it needs", () => {
    const env = { ORIGIN: "postgres", ORIGIN_DB };
    expect(() => openOrigin(env)).toThrow(/no Hyperdrive binding ORIGIN_POSTGRES/);
  });
});
