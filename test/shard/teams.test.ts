/**
 * Log and snapshot over a real SQLite outside the platform, so that thousands
 * of commits and crashes take seconds. A crash rolls back what was not synced.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { describe, expect, test, vi } from "vitest";
import { Damaged } from "../../src/checksum.ts";
import { systemClock } from "../../src/clock.ts";
import { encodeTeam, type Team } from "../../src/hunt/team.ts";
import type { Fact, NewFact } from "../../src/protocol.ts";
import { CheckedLog } from "../../src/shard/checked-log.ts";
import { SegmentLog } from "../../src/shard/log.ts";
import type { RecallLimits } from "../../src/shard/recall.ts";
import { eventKey, joinKey } from "../../src/shard/recorded-ids.ts";
import { TeamStore } from "../../src/shard/teams.ts";
import { refold } from "../../src/shard/verify.ts";
import { T0 } from "../hunt/build.ts";
import { type Draw, pick, seeded } from "../hunt/random.ts";
import { sqlOf } from "./sql.ts";

const FLUSH_FACTS = 40;

/** Enough for five pages. */
const TEAMS = 300;

class Shard {
  readonly database = new DatabaseSync(":memory:");
  /** Every fact that is durable: what recovery must give back. */
  readonly durable: Fact[] = [];
  readonly limits: RecallLimits;
  mayBreak = false;
  log!: SegmentLog;
  store!: TeamStore;

  constructor(limits: RecallLimits = {}) {
    this.limits = limits;
    this.database.exec("BEGIN");
    this.#start();
  }

  #start(): void {
    const sql = sqlOf(this.database);
    const sync = async (): Promise<void> => this.database.exec("COMMIT; BEGIN");
    this.log = new SegmentLog(sql, sync, systemClock, {
      beforeSync: (head) => this.store.beforeSync(head),
      committed: (facts) => void this.durable.push(...facts),
      failed: (error) => {
        throw error;
      },
      broken: ({ first }) => {
        if (!this.mayBreak) throw new Error(`the facts from ${first} on are broken`);
      },
    });
    this.store = new TeamStore(sql, this.log, FLUSH_FACTS, this.limits);
  }

  append(draft: NewFact): void {
    this.store.apply(this.log.append(draft));
  }

  /** Loses what is not durable, and starts again. */
  crash(): void {
    this.database.exec("ROLLBACK; BEGIN");
    this.#start();
  }

  /** Starts again with what is stored, durable or not. */
  restart(): void {
    this.#start();
  }

  count(table: "page" | "checkpoint_keyed" | "recall_run"): number {
    return Number(this.database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count);
  }
}

const teamId = (ordinal: number): string => `weur-0-${ordinal.toString(36)}-abcde`;

function randomFact(draw: Draw, ordinal: number, number: number): NewFact {
  const head = { at: T0 + number, team: teamId(ordinal) };
  if (draw(5) === 0) return { ...head, type: "award", points: 1 + draw(9), reason: "r", score: 0 };
  const play = { ...head, type: "answer", player: "p", event: `e${number}`, clue: `c${draw(3)}` } as const;
  return { ...play, outcome: "incorrect", answer: "wrong", attemptsLeft: draw(5) };
}

async function simulate(
  draw: Draw,
  commits: number,
  perCommit: number,
  limits: RecallLimits = {},
): Promise<Shard> {
  const shard = new Shard(limits);
  for (let ordinal = 0; ordinal < TEAMS; ordinal += 1) {
    const created = { name: `t${ordinal}` };
    shard.append({
      at: T0,
      team: teamId(ordinal),
      type: "join",
      player: "p",
      name: "P",
      event: `k${ordinal}`,
      created,
    });
  }
  await shard.log.committed();
  let number = 0;
  for (let commit = 0; commit < commits; commit += 1) {
    // A few pages are busy, the others rest for long.
    const page = pick(draw, [0, 0, 0, 1, 1, 2, 3, 4]);
    for (let count = draw(perCommit); count >= 0; count -= 1) {
      number += 1;
      const ordinal = Math.min(TEAMS - 1, page * 64 + draw(64));
      shard.append(randomFact(draw, draw(20) === 0 ? draw(TEAMS) : ordinal, number));
    }
    const happening = draw(12);
    if (happening === 0) {
      shard.crash();
    } else {
      await shard.log.committed();
      if (happening === 1) shard.crash();
    }
    expect(shard.log.head).toBe(shard.durable.length);
    if (happening <= 1) expect(refold(shard.log, shard.store, false).mismatches).toEqual([]);
  }
  return shard;
}

const COLUMNS = {
  page: ["id", "seq", "floor", "body", "sum"],
  checkpoint_keyed: ["last", "recall", "totals", "sum"],
  recall_run: ["part", "body", "sum"],
  recall_state: ["key", "body", "sum"],
};

/** The value with a bit of it flipped; of a text its bytes. */
function flipped(value: SQLInputValue, draw: Draw): SQLInputValue {
  if (typeof value === "number") return value ^ (1 << draw(31));
  const bytes = Uint8Array.from(typeof value === "string" ? Buffer.from(value) : (value as Uint8Array));
  const bit = draw(bytes.length * 8);
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  return bytes;
}

/** Each look-up parses a segment: the newest, the oldest and every ninth will do. */
function expectIds(shard: Shard): void {
  const { durable, store } = shard;
  for (const fact of durable) {
    const sampled = fact.seq <= TEAMS || fact.seq % 9 === 0 || fact.seq > durable.length - 300;
    if (!sampled || !("event" in fact) || fact.event === undefined) continue;
    const key = fact.type === "join" ? joinKey(fact.event) : eventKey(fact.team, fact.event);
    expect(store.ids.recorded(key)).toEqual(fact);
  }
  expect(store.ids.recorded(eventKey(teamId(0), "never sent"))).toBeUndefined();
}

describe("recovery", () => {
  test("[SH-15] pages and tail give the state of the log, however pages were written and wherever it crashed", {
    timeout: 180_000,
  }, async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      try {
        const shard = await simulate(seeded(seed), 60, 30);
        shard.crash();
        expect(refold(shard.log, shard.store, false)).toMatchObject({
          mismatches: [],
          teams: TEAMS,
          facts: shard.durable.length,
        });
        expect(shard.count("page")).toBeGreaterThan(0);
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
      }
    }
  });

  test.each(["", "x"])(
    "[STORE-3] a page of long names takes rows that fit, cut between characters (%o)",
    async (odd) => {
      const shard = new Shard();
      for (let ordinal = 0; ordinal < 64; ordinal += 1) {
        for (let member = 0; member < 100; member += 1) {
          const rare = member % 2 === 0;
          shard.append({
            at: T0,
            team: teamId(ordinal),
            type: "join",
            player: `p-${crypto.randomUUID()}`,
            name: rare ? "\u{20000}".repeat(80) : "\u8a9e".repeat(80),
            event: `k${ordinal}/${member}`,
            externalId: rare ? "\u{1f600}".repeat(128) : "\u8a9e".repeat(128),
            ...(member === 0 ? { created: { name: `t${ordinal}${odd}${ordinal === 0 ? odd : ""}` } } : {}),
          });
        }
      }
      await shard.log.committed();
      for (let number = 0; number <= FLUSH_FACTS; number += 1) {
        shard.append({ at: T0, team: teamId(0), type: "award", points: 1, reason: "r", score: 0 });
        await shard.log.committed();
      }
      const [longest] = shard.database.prepare("SELECT max(octet_length(body)) AS bytes FROM page").all();
      expect(longest?.bytes).toBeLessThan(1_800_001);
      shard.crash();
      expect(shard.count("page")).toBeGreaterThan(1);
      expect(refold(shard.log, shard.store, false).mismatches).toEqual([]);
    },
  );

  test("[SH-16] checkpoints and tail give every recorded id its fact, and the totals", {
    timeout: 180_000,
  }, async () => {
    const shard = await simulate(seeded(1), 120, 300);
    const totals = JSON.stringify(shard.store.totals);
    const states = [...shard.store.all()].map(encodeTeam);
    shard.crash();
    expect(shard.count("checkpoint_keyed")).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(shard.store.totals)).toBe(totals);
    expect([...shard.store.all()].map(encodeTeam)).toEqual(states);
    expectIds(shard);
  });

  test("[SH-22] ids that left the table for a run are known after any crash, and their checkpoints go", {
    timeout: 180_000,
  }, async () => {
    const shard = await simulate(seeded(3), 250, 200, { tableIds: 1_500, filterBytes: 4_096 });
    for (const crash of [false, true]) {
      if (crash) shard.crash();
      expectIds(shard);
      expect(refold(shard.log, shard.store, false).mismatches).toEqual([]);
    }
    expect(shard.store.ids.covered).toBeGreaterThan(10_000);
    expect(shard.count("recall_run")).toBeGreaterThan(5);
    expect(shard.count("checkpoint_keyed")).toBeLessThan(4);
  });

  test.each([
    ["at once", {}],
    ["in slices", { idsAtOnce: 0, tableIds: 1_500 }],
  ])(
    "[SEC-5] a folder of before, whose index had dropped ids, knows all of them again: %s",
    {
      timeout: 180_000,
    },
    async (_, limits) => {
      const shard = await simulate(seeded(4), 250, 200, limits);
      const totals = JSON.stringify(shard.store.totals);
      // Of the version before: hashes without a key, and no runs.
      shard.database.exec(`INSERT INTO checkpoint SELECT last, zeroblob(16), totals FROM checkpoint_keyed;
      DELETE FROM checkpoint_keyed; DELETE FROM recall_run; DELETE FROM recall_state; COMMIT; BEGIN`);
      shard.crash();
      let slices = 0;
      expect(shard.store.ids.knowsAll).toBe(!("idsAtOnce" in limits));
      for (const _slice of shard.store.ids.readSlices()) {
        slices += 1;
        // Stopped in the midst of it, it goes on where it was.
        if (slices === 1) {
          shard.database.exec("COMMIT; BEGIN");
          shard.crash();
          break;
        }
      }
      for (const _slice of shard.store.ids.readSlices()) slices += 1;
      expect(slices > 0).toBe("idsAtOnce" in limits);
      expect(shard.store.ids.knowsAll).toBe(true);
      expectIds(shard);
      expect(JSON.stringify(shard.store.totals)).toBe(totals);
      for (let number = 0; number < 9_000; number += 1) {
        shard.append(randomFact(seeded(number), 3, 1_000_000 + number));
        if (number % 100 === 99) await shard.log.committed();
      }
      await shard.log.committed();
      shard.crash();
      for (const _slice of shard.store.ids.readSlices());
      expectIds(shard);
      expect(refold(shard.log, shard.store, false).mismatches).toEqual([]);
    },
  );

  test.each([
    ["pages and checkpoints", 1, ["page", "checkpoint_keyed"], {}],
    ["the index of ids", 3, ["recall_run", "recall_state"], { tableIds: 1_500, filterBytes: 4_096 }],
  ] as const)(
    "[LOG-7] flipped bits in %s cost nothing: they are made again",
    {
      timeout: 360_000,
    },
    async (_, simulated, tables, limits) => {
      vi.spyOn(console, "error").mockReturnValue();
      const shard = await simulate(seeded(simulated), 100, 200, limits);
      const { database } = shard;
      const states = [...shard.store.all()].map(encodeTeam);
      const totals = JSON.stringify(shard.store.totals);
      database.exec("SAVEPOINT whole");
      for (let seed = 1; seed <= 16; seed += 1) {
        const draw = seeded(seed);
        const table = pick(draw, tables);
        const column = pick(draw, COLUMNS[table]);
        const rows = database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number };
        const row = database.prepare(`SELECT * FROM ${table} LIMIT 1 OFFSET ?`).get(draw(rows.n)) as Record<
          string,
          SQLInputValue
        >;
        const keys = {
          page: ["id", "part"],
          checkpoint_keyed: ["last"],
          recall_run: ["run", "part"],
          recall_state: ["id"],
        };
        const key = keys[table];
        const where = key.map((name) => `${name} = ?`).join(" AND ");
        const changed = flipped(row[column] as SQLInputValue, draw);
        const value = typeof row[column] === "string" ? "CAST(? AS TEXT)" : "?";
        database
          .prepare(`UPDATE OR REPLACE ${table} SET ${column} = ${value} WHERE ${where}`)
          .run(changed, ...key.map((name) => row[name] as SQLInputValue));
        const of = `seed ${seed}: ${table}.${column}`;
        shard.restart();
        expect([...shard.store.all()].map(encodeTeam), of).toEqual(states);
        expect(JSON.stringify(shard.store.totals), of).toBe(totals);
        try {
          expectIds(shard);
        } catch (error) {
          // Noticed when it was looked at: the next start makes the index again.
          if (!(error instanceof Damaged)) throw new Error(of, { cause: error });
          shard.restart();
          expectIds(shard);
        }
        database.exec("ROLLBACK TO whole");
      }
      vi.restoreAllMocks();
    },
  );

  test("[LOG-4] places that a long gap may have used cost one reading of the log, not one a page", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const shard = await simulate(seeded(5), 60, 200);
    const { last } = shard.database
      .prepare("SELECT last FROM chained ORDER BY first LIMIT 1 OFFSET 40")
      .get() as { last: number };
    shard.database.prepare("DELETE FROM chained WHERE first > ? AND last < ?").run(TEAMS, last);
    shard.database.exec("DELETE FROM page");
    shard.database.exec("DELETE FROM checkpoint_keyed");
    shard.mayBreak = true;
    const read = vi.spyOn(CheckedLog.prototype, "parts");
    shard.restart();
    const [gap] = shard.log.gaps;
    expect((gap?.last ?? 0) - (gap?.first ?? 0)).toBeGreaterThan(2_000);
    for (const _ of shard.store.all());
    expect(read.mock.calls.filter(([after]) => after === 0).length).toBeLessThan(4);
    vi.restoreAllMocks();
  });

  test("[SH-19] a team is found by its whole id only", async () => {
    const shard = await simulate(seeded(1), 1, 1);
    expect(shard.store.get(teamId(7))?.name).toBe("t7");
    for (const id of ["weur-0-7-zzzzz", "weur-1-7-abcde", teamId(TEAMS), "nonsense"])
      expect(shard.store.get(id)).toBeUndefined();
    expect((shard.store.atOrdinal(7) as Team).id).toBe(teamId(7));
  });
});

describe("the log", () => {
  test("[SH-3] reads back what was appended, in order, from anywhere, and stops at whole segments", async () => {
    const shard = await simulate(seeded(5), 200, 5);
    const all = shard.durable;
    for (const after of [0, 1, 299, 300, 301, all.length - 1, all.length, all.length + 9]) {
      expect(shard.log.read(after, 1_000_000).facts).toEqual(all.slice(after));
      const some = shard.log.read(after, 10).facts;
      expect(some).toEqual(all.slice(after, after + some.length));
      expect(some.length).toBeGreaterThanOrEqual(Math.min(10, Math.max(0, all.length - after)));
    }
    for (const fact of all) expect(shard.log.at(fact.seq)).toEqual(fact);
    expect(shard.log.at(all.length + 1)).toBeUndefined();
  });

  test("[LOG-4] a fact whose row got lost is in a gap as soon as it is asked for, wherever reading began", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    const shard = await simulate(seeded(2), 20, 30);
    const { first, last } = shard.database
      .prepare("SELECT first, last FROM chained ORDER BY first LIMIT 1 OFFSET 3")
      .get() as { first: number; last: number };
    shard.database.prepare("DELETE FROM chained WHERE first = ?").run(first);
    shard.mayBreak = true;
    shard.restart();
    // Nothing of the log has been read so far back.
    const log = new SegmentLog(sqlOf(shard.database), async () => undefined, systemClock, {
      beforeSync: () => undefined,
      committed: () => undefined,
      failed: () => undefined,
      broken: () => undefined,
    });
    expect(log.at(last)).toBeUndefined();
    expect(log.gapAt(first)).toMatchObject({ first, last });
    expect(log.at(first - 1)).toBeDefined();
    expect(log.at(log.head)).toBeDefined();
    expect(log.at(log.head + 1)).toBeUndefined();
    expect(log.gaps).toHaveLength(1);
    vi.restoreAllMocks();
  });

  test("[SH-2] a fact whose commit is still gathering is found too", async () => {
    const shard = await simulate(seeded(6), 1, 1);
    shard.append(randomFact(seeded(7), 0, 999));
    const { head, durable } = shard.log;
    expect(head).toBe(durable + 1);
    expect(shard.log.at(head)).toMatchObject({ seq: head, at: T0 + 999 });
    expect(shard.log.read(durable, 10).facts).toEqual([]);
  });
});
