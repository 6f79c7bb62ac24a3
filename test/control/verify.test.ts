/** Verification of prizes: a vault that holds what it must not, beside logs that know less. */
import { expect, test } from "vitest";
import { verifyHunt } from "../../src/control/verify.ts";
import type { Env } from "../../src/objects/env.ts";
import type { Win } from "../../src/objects/prizes.ts";
import type { OriginStore } from "../../src/origin/store.ts";

const HUNT = "harbour";
const TEAM = "weur-0-1-abcde";
const STOCK = 3;

const win = (unit: number, n: number): Win => ({
  prize: "voucher",
  team: TEAM,
  n,
  unit,
  player: `${TEAM}.p`,
  event: `e${n}`,
  at: 0,
  revoked: false,
});

/** The differences between a vault with these wins and a log that holds those of `logged`. */
async function differences(wins: readonly Win[], logged: readonly number[]): Promise<string[]> {
  const one = (object: object) => ({ getByName: () => object });
  const sums = { facts: 0, teams: 0, players: 0, solves: 0, wins: logged.length, score: 0 };
  const env = {
    SHARD: one({
      verify: async () => ({ facts: 0, teams: 0, mismatches: [], origin: sums }),
      winners: async (asked: readonly Win[]) =>
        asked.map(({ unit }) => (logged.includes(unit) ? { name: "Foxes" } : null)),
    }),
    PRIZES: one({
      stock: async () => [{ prize: "voucher", stock: STOCK, won: wins.length, left: 0 }],
      winners: async () => wins,
    }),
    LEADERBOARD: one({ rules: async () => undefined }),
  } as unknown as Env;
  const store = { sums: async () => sums, teams: async () => [] } as unknown as OriginStore;
  const { ok, mismatches } = await verifyHunt(env, store, HUNT, ["weur-0"]);
  expect(ok).toBe(mismatches.length === 0);
  return mismatches.map(({ where, what }) => `${where}: ${what}`);
}

test("[PRIZE-20] a vault and logs that agree are right", async () => {
  expect(await differences([win(0, 0), win(2, 1)], [0, 2])).toEqual([]);
});

test("[PRIZE-20] a unit given twice, one beyond the stock, and a win that a log or the vault lacks are told", async () => {
  expect(await differences([win(0, 0), win(0, 1)], [0])).toEqual([
    "prizes: unit 0 of voucher has two owners",
  ]);
  expect(await differences([win(STOCK, 0)], [STOCK])).toEqual([
    `prizes: unit ${STOCK} of voucher is beyond the stock of ${STOCK}`,
  ]);
  expect(await differences([win(0, 0), win(1, 1)], [0])).toEqual([
    "prizes: no log holds the win of unit 1 of voucher",
  ]);
  expect(await differences([win(0, 0)], [0, 1])).toEqual(["prizes: the logs hold 2 wins, the vault gave 1"]);
});
