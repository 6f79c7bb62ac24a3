/** Roots (src/proof/roots.ts) over the logs of many shards, in virtual time, on Node's SQLite. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { Sql } from "../../../../../src/lazy-sql.ts";
import type { LeafRange } from "../../../../../src/objects/shard.ts";
import { Leaves } from "../../../../../src/proof/leaves.ts";
import { Roots } from "../../../../../src/proof/roots.ts";
import type { Fact } from "../../../../../src/protocol.ts";
import { chance, waitOf } from "../../../measure/chance.ts";
import { meanOf } from "../../../measure/statistics.ts";
import { VirtualClock } from "../../../measure/virtual-clock.ts";
import type { Figures } from "../../experiment.ts";

const START = 1_800_000_000_000;
const SHARDS = 16;
const MINUTE = 60_000;

/** Facts a second of each shard. */
const RATE = 0.2;

/** How long they come, ms. */
const PLAYS = 30 * MINUTE;

function sqlOf(database: DatabaseSync): Sql {
  const exec = (query: string, ...bindings: unknown[]): unknown => {
    if (bindings.length === 0 && !query.startsWith("SELECT")) {
      database.exec(query);
      return cursorOf([]);
    }
    const values = bindings.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value));
    return cursorOf(database.prepare(query).all(...(values as SQLInputValue[])));
  };
  return { exec } as unknown as Sql;
}

const cursorOf = (rows: unknown[]): object => ({
  toArray: () => rows,
  one: () => rows[0],
  [Symbol.iterator]: () => rows.values(),
});

export async function roots(every: number, seed: number): Promise<Figures> {
  const random = chance(seed);
  // Roots are made at whole times: nobody's hunt begins at one.
  const clock = new VirtualClock(START + Math.floor(random() * MINUTE));
  const begun = clock.now();
  const logs = new Map<string, { at: number[]; known: number }>();
  let calls = 0;
  let wakesAt: number | undefined;
  const made = new Roots({
    sql: sqlOf(new DatabaseSync(":memory:")),
    clock: { now: () => Math.floor(clock.now()) },
    every,
    subtrees: async (shard: string, range: LeafRange) => {
      calls += 1;
      return leavesOf(shard, logs.get(shard)?.at ?? []).subtrees(range);
    },
    wake: (at) => {
      if (wakesAt !== undefined && wakesAt <= at) return;
      wakesAt = at;
      clock.timer(at - clock.now(), () => {
        if (wakesAt !== at) return;
        wakesAt = undefined;
        void made.turn().then(noteCovered);
      });
    },
    made: () => undefined,
  });
  const ages: number[] = [];
  const noteCovered = (): void => {
    for (const [shard, log] of logs) {
      for (let seq = log.known + 1; seq <= log.at.length; seq += 1) {
        if ("refused" in made.placed(shard, seq)) break;
        ages.push((clock.now() - (log.at[seq - 1] ?? 0)) / 1_000);
        log.known = seq;
      }
    }
  };
  for (let index = 0; index < SHARDS; index += 1) {
    const shard = `weur-${index}`;
    const log = { at: [] as number[], known: 0 };
    logs.set(shard, log);
    const fact = (): void => {
      if (clock.now() - begun >= PLAYS) return;
      log.at.push(clock.now());
      made.heard(shard, log.at.length);
      clock.timer(1_000 * waitOf(random, RATE), fact);
    };
    clock.timer(1_000 * waitOf(random, RATE), fact);
  }
  await clock.runUntil(begun + PLAYS + 2 * every);
  return { age: meanOf(ages), calls: (calls * MINUTE) / PLAYS };
}

/** A shard's facts as leaves. */
function leavesOf(shard: string, times: readonly number[]): Leaves {
  return new Leaves({
    shard,
    now: () => START,
    *segments(after) {
      for (let seq = after + 1; seq <= times.length; seq += 1) {
        const fact: Fact = {
          seq,
          at: times[seq - 1] ?? 0,
          team: `${shard}-1-aaaaa`,
          type: "reached",
          points: seq,
        };
        yield { first: seq, last: seq, body: JSON.stringify(fact) };
      }
    },
  });
}
