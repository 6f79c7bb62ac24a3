/** Moves without the platform: a hunt that is being deleted goes on with none. */
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { AuditLog } from "../../src/control/audit.ts";
import { Moves, type MovesDeps } from "../../src/control/moves.ts";
import { sqlOf } from "../shard/sql.ts";

const FROM = "weur-0-0-abcdefghjk";
const TO = "weur-1-0-abcdefghjk";
const BY = { actor: "ada", request: "r-1" };

test("[TE-33] a hunt that is being deleted goes on with no move, and stores nothing of it any more", async () => {
  const sql = sqlOf(new DatabaseSync(":memory:"));
  const state = { current: {} as object | undefined, shards: ["weur-0", "weur-1"] };
  const asked: string[] = [];
  let isAway = true;
  const shard = {
    whereIs: async () => ({ joined: {} }),
    keepSeat: async () => ({ team: {} }),
    depart: async () => {
      asked.push("depart");
      return { leaving: {} };
    },
    arrive: async () => {
      asked.push("arrive");
      return isAway ? { refused: "unavailable", detail: "restarts" } : { team: {} };
    },
  };
  const alarms: number[] = [];
  const moves = new Moves({
    hunt: "h",
    env: { SHARD: { getByName: () => shard } } as unknown as MovesDeps["env"],
    sql,
    clock: systemClock,
    state: state as unknown as MovesDeps["state"],
    audit: new AuditLog(sql),
    alarm: { set: (_, at) => void alarms.push(at) },
  });
  const rows = () => sql.exec<{ body: string }>("SELECT body FROM moving").toArray();
  expect(await moves.move(FROM, "p-who", TO, "why", BY)).toMatchObject({ refused: "unavailable" });
  expect(rows()).toHaveLength(1);
  expect(alarms.length).toBeGreaterThan(0);
  // Sealed between two steps, and before the alarm.
  state.current = undefined;
  isAway = false;
  asked.length = 0;
  alarms.length = 0;
  const before = rows();
  await moves.resume();
  expect(asked).toEqual([]);
  expect(alarms).toEqual([]);
  expect(rows()).toEqual(before);
  expect(await moves.move(FROM, "p-who", TO, "why", BY)).toMatchObject({ refused: "not_found" });
});
