/**
 * Stored forms of this and earlier versions, in test/fixtures/stored, are read
 * by this one; the folder only grows. The shard's and control's have tests of
 * their own beside theirs.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { proxyDurable } from "itty-durable";
import { afterEach, describe, expect, test, vi } from "vitest";
import { readBoardEntry, readPublicEntry, readRegistrationEntry } from "../src/cache/entry.ts";
import { WebhookOutbox } from "../src/hooks/object.ts";
import { LazySql } from "../src/lazy-sql.ts";
import type { DeadLetter } from "../src/objects/dead-letters.ts";
import type { GateStatus } from "../src/objects/gate-report.ts";
import { outboxName } from "../src/objects/webhooks.ts";
import { OriginGate } from "../src/origin/gate/object.ts";
import { readPush } from "../src/push/message.ts";
import { storeDeadLetters } from "../src/queue/dead-letter.ts";
import { readMessage } from "../src/queue/message.ts";
import { registeringText } from "../src/queue/registrations.ts";
import { currentKey } from "../src/secrets.ts";
import { HuntShard } from "../src/shard/object.ts";
import { FaultyQueue } from "./faults/queue.ts";
import { asBefore, outcomeOf } from "./shard/workerd.ts";

type Cell = string | number | null | { base64: string };
type Tables = Record<string, Record<string, Cell>[]>;

const texts = import.meta.glob<string>(
  "./fixtures/stored/{leaderboard,prizes,gate,metrics,kv,queue,webhooks}/*.json",
  {
    query: "?raw",
    import: "default",
    eager: true,
  },
);

/** The fixtures of a folder by path. */
const fixturesOf = <Fixture>(folder: string): [string, Fixture][] =>
  Object.entries(texts)
    .filter(([path]) => path.includes(`/stored/${folder}/`))
    .map(([path, text]) => [path.replace("./fixtures/stored/", ""), JSON.parse(text) as Fixture]);

const stop = async (stub: DurableObjectStub): Promise<void> => {
  await outcomeOf(() => runInDurableObject(stub, (_, state) => state.abort("restarted by a test")));
};

/** Puts the rows into the tables of an object that was never asked, and stops it, so that its next instance finds them. */
async function restore(object: () => DurableObjectStub, tables: Tables): Promise<void> {
  const prepared = vi.spyOn(LazySql.prototype, "exec");
  await runInDurableObject(object(), (_, { storage }) => {
    // Its own tables wait for a row of its own.
    const schemas = prepared.mock.calls.map(([query]) => query).filter((query) => /^\s*CREATE /.test(query));
    prepared.mockRestore();
    for (const schema of schemas) storage.sql.exec(asBefore(schema));
    for (const [table, rows] of Object.entries(tables)) {
      for (const row of rows) {
        const values = Object.values(row).map((value) =>
          typeof value === "object" && value !== null ? Buffer.from(value.base64, "base64") : value,
        );
        const places = values.map(() => "?").join(", ");
        storage.sql.exec(
          `INSERT INTO ${table} (${Object.keys(row).join(", ")}) VALUES (${places})`,
          ...values,
        );
      }
    }
  });
  await stop(object());
}

/** The rows with the JSON of one text as a newer engine would have written it. */
const newer = (tables: Tables, name?: string, form = 2): Tables =>
  Object.fromEntries(
    Object.entries(tables).map(([table, rows]) => [
      table,
      rows.map((row) =>
        typeof row.body === "string" && row.name === name
          ? { ...row, body: JSON.stringify({ ...JSON.parse(row.body), v: form }) }
          : row,
      ),
    ]),
  );

const errorOf = async (call: () => Promise<unknown>): Promise<string> => {
  const outcome = await outcomeOf(call);
  return "error" in outcome ? String(outcome.error) : "none";
};

afterEach(() => vi.restoreAllMocks());

test("[STORE-1] every folder has fixtures, and no file is passed over", () => {
  const folders = ["leaderboard", "prizes", "gate", "metrics", "kv", "queue", "webhooks"];
  const counts = folders.map((folder) => fixturesOf(folder).length);
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(Object.keys(texts).length);
});

interface BoardFixture {
  tables: Tables;
  expected: { marks: object[]; organisers: object[]; frozen: object[] };
}

describe.each(fixturesOf<BoardFixture>("leaderboard"))("%s", (path, { tables, expected }) => {
  /** No shard has more than the snapshot; tells from where they were asked. */
  function shards(): number[] {
    const asked: number[] = [];
    vi.spyOn(HuntShard.prototype, "scoreFacts").mockImplementation(async (after) => {
      asked.push(after);
      return { shard: "weur-0", after, upto: after, facts: [] };
    });
    return asked;
  }

  test("[STORE-1] the standings are those of the snapshot", async () => {
    const asked = shards();
    const board = () => env.LEADERBOARD.getByName(path);
    await restore(board, tables);
    const page = { offset: 0, limit: 10 };
    expect((await board().read({ ...page, organiser: true })).entries).toEqual(expected.organisers);
    expect((await board().dump(0)).marks).toEqual(expected.marks);
    expect(asked).toEqual([6]);
    vi.spyOn(Date, "now").mockReturnValue(1_800_000_006_000);
    const frozen = await board().read({ ...page, organiser: false });
    expect([frozen.frozen, frozen.entries]).toEqual([true, expected.frozen]);
  });

  test("[STORE-2] a snapshot of a newer form is left aside: everything comes from the logs", async () => {
    const asked = shards();
    const board = () => env.LEADERBOARD.getByName(`${path} newer`);
    await restore(board, newer(tables, "marks", 3));
    expect(await board().dump(0)).toEqual({ marks: [], rows: [] });
    expect(asked).toEqual([]);
  });

  test("[STORE-2] a configuration of a newer form is an error that says so", async () => {
    const board = () => env.LEADERBOARD.getByName(`${path} newer configuration`);
    await restore(board, newer(tables, "config", 3));
    expect(await errorOf(async () => board().rules())).toContain("configuration is of form 3");
  });
});

interface VaultFixture {
  tables: Tables;
  expected: { stock: object[]; winners: object[] };
}

describe.each(fixturesOf<VaultFixture>("prizes"))("%s", (path, { tables, expected }) => {
  test("[STORE-1] the vault knows its stock and its wins", async () => {
    const vault = () => env.PRIZES.getByName(path);
    await restore(vault, tables);
    expect(await vault().stock()).toEqual(expected.stock);
    const winners = await vault().winners("shell", { team: "", n: -1 }, 10);
    expect(winners).toMatchObject(expected.winners);
  });

  test("[STORE-2] a configuration of a newer form is an error that says so", async () => {
    const vault = () => env.PRIZES.getByName(`${path} newer`);
    await restore(vault, newer(tables, "config", 3));
    expect(await errorOf(async () => vault().stock())).toContain("configuration is of form 3");
  });
});

interface OutboxFixture {
  tables: Tables;
  expected: { shard: string; mark: object; states: [id: string, state: string][] };
}

describe.each(fixturesOf<OutboxFixture>("webhooks"))("%s", (_, { tables, expected }) => {
  const named = (hunt: string) => env.WEBHOOKS.getByName(outboxName(hunt, "hook-1"));

  test("[STORE-1] the outbox knows what it told and up to where it heard, and sends the rest under the same ids", async () => {
    const sent: string[] = [];
    const spied = WebhookOutbox.prototype as unknown as { fetching(): unknown };
    vi.spyOn(spied, "fetching").mockReturnValue(async (url: string, { headers }: RequestInit) => {
      if (url.includes("dns-query")) {
        const found = url.includes("AAAA") ? [] : [{ type: 1, data: "8.8.8.8" }];
        return Response.json({ Status: 0, Answer: found });
      }
      sent.push((headers as Record<string, string>)["webhook-id"] ?? "");
      return new Response(null, { status: 204 });
    });
    const outbox = () => named("boxed");
    // Another engine's key made the secrets, and its receiver was on its own machine.
    const { id } = currentKey("CODE_KEYS", env.CODE_KEYS);
    const here = (body: string): string =>
      body
        .replace(/"codeKey":"\w+"/, `"codeKey":"${id}"`)
        .replace("http://127.0.0.1:9124/", "https://receiver.example/");
    const texts = tables.stored_text?.map((row) =>
      row.name === "config" ? { ...row, body: here(String(row.body)), sum: null } : row,
    );
    await restore(outbox, { ...tables, stored_text: texts ?? [] });
    const listed = async () => (await outbox().deliveries(10)).deliveries.map((each) => each.id).sort();
    expect(await listed()).toEqual(expected.states.map(([each]) => each).sort());
    expect(await outbox().begin(expected.shard, { seq: 0, thread: 0 })).toEqual(expected.mark);
    await vi.waitFor(async () => expect((await outbox().deliveries(10)).pending).toBe(0), {
      timeout: 60_000,
      interval: 100,
    });
    const waited = expected.states.filter(([, state]) => state === "pending").map(([each]) => each);
    expect(sent).toEqual(waited);
  });

  test("[STORE-2] a configuration of a newer form is an error that says so", async () => {
    const texts = tables.stored_text?.map((row) => ({ ...row, sum: null }));
    const outbox = () => named("boxed-newer");
    await restore(outbox, newer({ ...tables, stored_text: texts ?? [] }, "config"));
    expect(await errorOf(async () => outbox().deliveries(10))).toContain("configuration is of form 2");
  });
});

interface GateFixture {
  data: { saved: { v?: number; epoch: number } };
  expected: { at: number; state: string; since: number };
}

describe.each(fixturesOf<GateFixture>("gate"))("%s", (path, { data, expected }) => {
  interface Face {
    status(): Promise<GateStatus>;
    report(report: object): Promise<{ epoch: number }>;
  }
  const face = (name: string) => proxyDurable(env.GATE, { parse: true }).get(name) as Face;

  async function restoreGate(name: string, stored: object): Promise<void> {
    vi.spyOn(OriginGate.prototype, "now").mockReturnValue(expected.at);
    const stub = () => env.GATE.get(env.GATE.idFromName(name));
    await runInDurableObject(stub(), (_, { storage }) => storage.put("data", stored));
    await stop(stub());
  }

  test("[STORE-1] the gate is in the phase it was in", async () => {
    await restoreGate(path, data);
    const { at: _, ...phase } = expected;
    expect(await face(path).status()).toMatchObject(phase);
  });

  test("[STORE-2] a phase of a newer form is left aside: the gate begins closed, in a later epoch", async () => {
    const name = `${path} newer`;
    await restoreGate(name, { saved: { ...data.saved, v: 2 } });
    expect(await face(name).status()).toMatchObject({ state: "closed", since: expected.at });
    const { epoch } = await face(name).report({ isolate: "i", deltas: [] });
    expect(epoch).toBeGreaterThan(data.saved.epoch);
  });
});

interface MetricsFixture {
  tables: Tables;
  expected: { sums: object; sender: string; flush: number };
}

describe.each(fixturesOf<MetricsFixture>("metrics"))("%s", (path, { tables, expected }) => {
  test("[STORE-1] the sums are there, and so is each sender's last flush", async () => {
    const hub = () => env.METRICS.getByName(path);
    await restore(hub, tables);
    await hub().add(expected.sender, expected.flush, { counters: { hunt_joins_total: 1 }, histograms: {} });
    expect(await hub().read()).toEqual(expected.sums);
  });

  test("[STORE-2] sums of a newer form are counted anew", async () => {
    const hub = () => env.METRICS.getByName(`${path} newer`);
    await restore(hub, newer(tables));
    expect(await hub().read()).toEqual({ counters: {}, histograms: {} });
  });
});

interface KvFixture {
  kind: "hunt" | "leaderboard" | "registration";
  key: string;
  entry: { v: number; at: number };
}

describe.each(fixturesOf<KvFixture>("kv"))("%s", (_, { kind, key, entry }) => {
  const read = (text: string): unknown => {
    if (kind === "hunt") return readPublicEntry(key, text);
    return kind === "leaderboard" ? readBoardEntry(key, text) : readRegistrationEntry(key, text, entry.at);
  };

  test("[STORE-1] the entry is used as it is", () => {
    expect(read(JSON.stringify(entry))).toEqual(entry);
  });

  test("[STORE-2] of a newer form it is ignored", () => {
    expect(read(JSON.stringify({ ...entry, v: 2 }))).toBeUndefined();
  });
});

interface QueueFixture {
  kind: "facts" | "registrations" | "dead" | "letters" | "push";
  body: object;
}

const queued = fixturesOf<QueueFixture>("queue");
const queuedOf = (...kinds: string[]) => queued.filter(([, { kind }]) => kinds.includes(kind));

test.each(queuedOf("facts", "registrations"))("[STORE-1] %s is a message", (_, { body }) => {
  expect(readMessage(JSON.stringify(body))).toEqual(body);
});

test.each(queuedOf("push"))(
  "[STORE-1] [STORE-2] %s is a push message; of a newer form it waits for one who reads it",
  (_, { body }) => {
    expect(readPush(JSON.stringify(body))).toEqual(body);
    expect(readPush(JSON.stringify({ ...body, v: 2 }))).toBe("newer");
  },
);

test.each(queuedOf("dead"))(
  "[STORE-1] [STORE-2] %s is a dead letter, of a newer form too",
  async (_, { body }) => {
    const stored: { hunt: string; letter: DeadLetter }[] = [];
    const queue = new FaultyQueue((batch) =>
      storeDeadLetters(batch, {
        store: async (hunt, letter) => void stored.push({ hunt, letter }),
        buried: async () => undefined,
        isDeleted: async () => false,
        now: () => 1,
        seal: (registrations) => registeringText(env, { registrations }),
      }),
    );
    const text = JSON.stringify({ ...body, dead: 2 });
    queue.send(JSON.stringify(body));
    queue.send(text);
    await queue.drain();
    expect(stored).toMatchObject([
      { hunt: "stored", letter: { error: "OriginRejected: refused", attempts: 3, first: 7, last: 7 } },
      { hunt: "/", letter: { error: "a dead letter of form 2, of a newer engine", body: text } },
    ]);
  },
);

test.each(queuedOf("letters"))("[STORE-1] %s are listed", async (path, { body }) => {
  const rows = body as Tables[string];
  const letters = () => env.DEAD_LETTERS.getByName(path);
  await restore(letters, { letter: rows });
  const { total, letters: listed } = await letters().list();
  expect(total).toBe(rows.length);
  expect(listed).toMatchObject([{ id: "def" }, { id: "abc", shard: "weur-0", first: 7, last: 7, deaths: 2 }]);
});
