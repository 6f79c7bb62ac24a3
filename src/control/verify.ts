/**
 * Verification of a hunt: every shard refolds its log; then the standings are
 * rebuilt from the logs and compared, and the origin's sums as well.
 */

import { Standings } from "../leaderboard/standings.ts";
import { D1Origin } from "../origin/d1.ts";
import type { OriginSums } from "../origin/store.ts";
import { objectName } from "../shard/routing.ts";
import type { Env } from "../worker.ts";

/** How long the origin may be behind before that is told as a difference, ms. */
const ARCHIVE_WAIT = 20_000;

/** How often the archive is looked at while waiting, ms. */
const ARCHIVE_POLL = 250;

/** Differences told at most. */
const MISMATCHES_MAX = 1_000;

export interface Verification {
  ok: boolean;
  facts: number;
  teams: number;
  mismatches: { where: "shard" | "leaderboard" | "origin"; shard?: string; team?: string; what: string }[];
}

export async function verifyHunt(env: Env, hunt: string, shards: readonly string[]): Promise<Verification> {
  const verification: Verification = { ok: true, facts: 0, teams: 0, mismatches: [] };
  const differ = (mismatch: Verification["mismatches"][number]): void => {
    verification.ok = false;
    if (verification.mismatches.length < MISMATCHES_MAX) verification.mismatches.push(mismatch);
  };
  for (const shard of shards) {
    const { facts, teams, mismatches, origin } = await stubOf(env, hunt, shard).verify();
    verification.facts += facts;
    verification.teams += teams;
    for (const mismatch of mismatches) differ({ where: "shard", shard, ...mismatch });
    await verifyOrigin(env, hunt, shard, origin, (what) => differ({ where: "origin", shard, what }));
  }
  await verifyStandings(env, hunt, (what, team) => differ({ where: "leaderboard", team, what }));
  return verification;
}

/** Compares once the origin holds what the log holds; a busy hunt gets a few tries to be compared in a quiet moment. */
async function verifyOrigin(
  env: Env,
  hunt: string,
  shard: string,
  expected: OriginSums,
  differ: (what: string) => void,
): Promise<void> {
  let origin = expected;
  const deadline = Date.now() + ARCHIVE_WAIT;
  while (true) {
    const sums = await new D1Origin(env.ORIGIN_DB).sums(hunt, shard);
    const keys = ["facts", "teams", "players", "solves", "score"] as const;
    const different = keys.filter((key) => sums[key] !== origin[key]);
    if (different.length === 0) return;
    if (Date.now() > deadline) {
      for (const key of different)
        differ(`${key}: the log gives ${origin[key]}, the origin holds ${sums[key]}`);
      return;
    }
    await new Promise((done) => setTimeout(done, ARCHIVE_POLL));
    // The hunt went on meanwhile: what the origin must hold is folded again.
    if (sums.facts > origin.facts) ({ origin } = await stubOf(env, hunt, shard).verify());
  }
}

async function verifyStandings(
  env: Env,
  hunt: string,
  differ: (what: string, team: string) => void,
): Promise<void> {
  const board = env.LEADERBOARD.getByName(hunt);
  const [rules, { marks, rows }] = [await board.rules(), await board.dump()];
  if (!rules) return;
  const expected = new Standings(rules);
  for (const { shard, mark } of marks) {
    for (let after = 0; after < mark; ) {
      const report = await stubOf(env, hunt, shard).scoreFacts(after);
      if (report.upto <= after) break;
      after = report.upto;
      for (const fact of report.facts) if (fact.seq <= mark) expected.apply(shard, fact);
    }
  }
  expected.settle();
  const held = new Map(rows.map((row) => [row.team, row]));
  for (const row of expected.dump()) {
    const own = held.get(row.team);
    held.delete(row.team);
    if (!own) differ("missing in the standings", row.team);
    else if (own.score !== row.score || own.solves !== row.solves || own.rank !== row.rank) {
      differ(`the logs give ${JSON.stringify(row)}, the standings hold ${JSON.stringify(own)}`, row.team);
    }
  }
  for (const team of held.keys()) differ("no log knows this team", team);
}

function stubOf(env: Env, hunt: string, shard: string) {
  return env.SHARD.getByName(objectName(hunt, shard));
}
