/**
 * Log and snapshot over a real SQLite outside the platform, so that thousands
 * of commits and crashes take seconds. A crash rolls back what was not synced.
 */
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { encodeTeam, type Team } from "../../src/hunt/team.ts";
import type { Fact, NewFact } from "../../src/protocol.ts";
import { SegmentLog } from "../../src/shard/log.ts";
import type { RecallLimits } from "../../src/shard/recall.ts";
import { eventKey, joinKey, TeamStore } from "../../src/shard/teams.ts";
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
    if (happening <= 1) expect(refold(shard.log, shard.store).mismatches).toEqual([]);
  }
  return shard;
}

/** Each look-up parses a segment: the newest, the oldest and every ninth will do. */
function expectIds(shard: Shard): void {
  const { durable, store } = shard;
  for (const fact of durable) {
    const sampled = fact.seq <= TEAMS || fact.seq % 9 === 0 || fact.seq > durable.length - 300;
    if (!sampled || !("event" in fact) || fact.event === undefined) continue;
    const key = fact.type === "join" ? joinKey(fact.event) : eventKey(fact.team, fact.event);
    expect(store.recorded(key)).toEqual(fact);
  }
  expect(store.recorded(eventKey(teamId(0), "never sent"))).toBeUndefined();
}

describe("recovery", () => {
  test("[SH-15] pages and tail give the state of the log, however pages were written and wherever it crashed", {
    timeout: 60_000,
  }, async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      try {
        const shard = await simulate(seeded(seed), 60, 30);
        shard.crash();
        expect(refold(shard.log, shard.store)).toMatchObject({
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

  test("[SH-16] checkpoints and tail give every recorded id its fact, and the totals", {
    timeout: 60_000,
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
    timeout: 60_000,
  }, async () => {
    const shard = await simulate(seeded(3), 250, 200, { tableIds: 1_500, filterBytes: 4_096 });
    for (const crash of [false, true]) {
      if (crash) shard.crash();
      expectIds(shard);
      expect(refold(shard.log, shard.store).mismatches).toEqual([]);
    }
    expect(shard.store.recall.covered).toBeGreaterThan(10_000);
    expect(shard.count("recall_run")).toBeGreaterThan(5);
    expect(shard.count("checkpoint_keyed")).toBeLessThan(4);
  });

  test.each([
    ["at once", {}],
    ["in slices", { idsAtOnce: 0, tableIds: 1_500 }],
  ])(
    "[SEC-5] a folder of before, whose index had dropped ids, knows all of them again: %s",
    {
      timeout: 60_000,
    },
    async (_, limits) => {
      const shard = await simulate(seeded(4), 250, 200, limits);
      const totals = JSON.stringify(shard.store.totals);
      // Of the version before: hashes without a key, and no runs.
      shard.database.exec(`INSERT INTO checkpoint SELECT last, zeroblob(16), totals FROM checkpoint_keyed;
      DELETE FROM checkpoint_keyed; DELETE FROM recall_run; DELETE FROM recall_state; COMMIT; BEGIN`);
      shard.crash();
      let slices = 0;
      expect(shard.store.knowsIds).toBe(!("idsAtOnce" in limits));
      for (const _slice of shard.store.readIds()) {
        slices += 1;
        // Stopped in the midst of it, it goes on where it was.
        if (slices === 1) {
          shard.database.exec("COMMIT; BEGIN");
          shard.crash();
          break;
        }
      }
      for (const _slice of shard.store.readIds()) slices += 1;
      expect(slices > 0).toBe("idsAtOnce" in limits);
      expect(shard.store.knowsIds).toBe(true);
      expectIds(shard);
      expect(JSON.stringify(shard.store.totals)).toBe(totals);
      for (let number = 0; number < 9_000; number += 1) {
        shard.append(randomFact(seeded(number), 3, 1_000_000 + number));
        if (number % 100 === 99) await shard.log.committed();
      }
      await shard.log.committed();
      shard.crash();
      for (const _slice of shard.store.readIds());
      expectIds(shard);
      expect(refold(shard.log, shard.store).mismatches).toEqual([]);
    },
  );

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
      expect(shard.log.read(after, 1_000_000)).toEqual(all.slice(after));
      const some = shard.log.read(after, 10);
      expect(some).toEqual(all.slice(after, after + some.length));
      expect(some.length).toBeGreaterThanOrEqual(Math.min(10, Math.max(0, all.length - after)));
    }
    for (const fact of all) expect(shard.log.at(fact.seq)).toEqual(fact);
    expect(shard.log.at(all.length + 1)).toBeUndefined();
  });

  test("[SH-2] a fact whose commit is still gathering is found too", async () => {
    const shard = await simulate(seeded(6), 1, 1);
    shard.append(randomFact(seeded(7), 0, 999));
    const { head, durable } = shard.log;
    expect(head).toBe(durable + 1);
    expect(shard.log.at(head)).toMatchObject({ seq: head, at: T0 + 999 });
    expect(shard.log.read(durable, 10)).toEqual([]);
  });
});
