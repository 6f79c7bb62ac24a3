/**
 * Verification of a hunt: every shard refolds its log; then the standings are
 * rebuilt from the logs and compared, and the origin's rows as well.
 */

import { accepted, RequestError } from "../errors.ts";
import { FirstsMissing, SPARE_FIRSTS } from "../leaderboard/standings/clue-table.ts";
import { BadFact, Standings } from "../leaderboard/standings/standings.ts";
import { calling, leaderboardStub, shardStub, vaultStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { parseTeamId } from "../objects/ids.ts";
import type { LeaderboardObject } from "../objects/leaderboard.ts";
import type { Win } from "../objects/prizes.ts";
import { WINS_MAX } from "../objects/prizes.ts";
import type { RefoldReport } from "../objects/shard.ts";
import { OriginUnavailable } from "../origin/gate/guard.ts";
import type { OriginStore } from "../origin/store.ts";
import type { OriginTeam } from "../protocol.ts";

/** How long the origin may be behind before that is reported as a difference, ms. */
const ARCHIVE_WAIT = 20_000;

/** How often the archive is looked at while waiting, ms. */
const ARCHIVE_POLL = 250;

/** Teams compared in one step. */
const TEAMS_PAGE = 500;

/** Looks at one page of teams that keep changing; those that still do at the last are counted, and passed over. */
const LOOKS_MAX = 8;

/** Differences reported at most; the rest is left out. */
const MISMATCHES_MAX = 1_000;

export interface Verification {
  /** Nothing differs, as far as everything stood still long enough to be compared: see `unsettled`. */
  ok: boolean;
  facts: number;
  teams: number;
  mismatches: {
    where: "shard" | "leaderboard" | "prizes" | "origin";
    shard?: string;
    team?: string;
    what: string;
  }[];
  /** Teams that kept changing while they were compared with the origin's rows; absent: none. */
  unsettled?: number;
}

type Differ = (what: string, team?: string) => void;

/** `store` undefined: of a rehearsal, of which the origin has nothing. */
export async function verifyHunt(
  env: Env,
  store: OriginStore | undefined,
  hunt: string,
  shards: readonly string[],
): Promise<Verification> {
  const verification: Verification = { ok: true, facts: 0, teams: 0, mismatches: [] };
  const differ = (mismatch: Verification["mismatches"][number]): void => {
    verification.ok = false;
    if (verification.mismatches.length < MISMATCHES_MAX) verification.mismatches.push(mismatch);
  };
  let wins = 0;
  for (const shard of shards) {
    const report = await calling(async () => shardStub(env, hunt, shard).verify());
    verification.facts += report.facts;
    verification.teams += report.teams;
    wins += report.origin.wins;
    for (const mismatch of report.mismatches) differ({ where: "shard", shard, ...mismatch });
    const tell: Differ = (what, team) =>
      differ({ where: "origin", shard, ...(team === undefined ? {} : { team }), what });
    // Told by the shard; the origin may hold more than it can give.
    if (report.gaps || !store) continue;
    try {
      const unsettled = await verifyOrigin(env, store, hunt, shard, report, tell);
      if (unsettled > 0) verification.unsettled = (verification.unsettled ?? 0) + unsettled;
    } catch (error) {
      if (!(error instanceof OriginUnavailable)) throw error;
      tell(`the origin cannot be asked now (${error.reason})`);
    }
  }
  await verifyPrizes(env, hunt, wins, (what, team) =>
    differ({ where: "prizes", ...(team === undefined ? {} : { team }), what }),
  );
  await verifyStandings(env, hunt, (what, team) =>
    differ({ where: "leaderboard", ...(team === undefined ? {} : { team }), what }),
  );
  return verification;
}

/** Waits until the origin has caught up with the log, then compares. Resolves to the teams that kept changing. */
async function verifyOrigin(
  env: Env,
  store: OriginStore,
  hunt: string,
  shard: string,
  report: RefoldReport,
  differ: Differ,
): Promise<number> {
  let { origin } = report;
  const deadline = Date.now() + ARCHIVE_WAIT;
  while (true) {
    const sums = await store.sums(hunt, shard);
    const keys = ["facts", "teams", "players", "solves", "wins", "score"] as const;
    const different = keys.filter((key) => sums[key] !== origin[key]);
    if (different.length === 0) break;
    if (Date.now() > deadline) {
      for (const key of different)
        differ(`${key}: the log gives ${origin[key]}, the origin holds ${sums[key]}`);
      break;
    }
    await new Promise((done) => setTimeout(done, ARCHIVE_POLL));
    // The hunt went on meanwhile: fold the log again.
    if (sums.facts > origin.facts) {
      ({ origin } = await calling(async () => shardStub(env, hunt, shard).verify()));
    }
  }
  return verifyTeams(env, store, hunt, shard, differ);
}

/** Compares the derived rows, page by page of the shard's teams. Resolves to the teams that kept changing. */
async function verifyTeams(
  env: Env,
  store: OriginStore,
  hunt: string,
  shard: string,
  differ: Differ,
): Promise<number> {
  let unsettled = 0;
  for (let after: string | undefined = ""; after !== undefined; ) {
    const page: Page = await verifyPage(env, store, hunt, shard, after, differ);
    unsettled += page.unsettled;
    after = page.last;
  }
  return unsettled;
}

interface Page {
  /** Its last team; undefined: the page is empty. */
  last: string | undefined;
  /** Teams that differed at every look, but each time in another way: nothing is known of them. */
  unsettled: number;
}

/**
 * Compares one page. A team that plays on is ahead in the log, so a difference counts when it is
 * the same twice, and no fact of the team is on its way.
 */
async function verifyPage(
  env: Env,
  store: OriginStore,
  hunt: string,
  shard: string,
  after: string,
  differ: Differ,
): Promise<Page> {
  let before = new Map<string, string>();
  let last: string | undefined;
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const rows = await store.teams(hunt, shard, after, TEAMS_PAGE);
    last = rows.at(-1)?.team;
    if (last === undefined) return { last, unsettled: 0 };
    const ids = rows.map(({ team }) => team);
    const folded = await calling(async () => shardStub(env, hunt, shard).originTeams(ids));
    const suspects = new Map<string, string>();
    rows.forEach((row, index) => {
      const own = folded[index];
      if (!own) suspects.set(row.team, "no log knows this team");
      else if (!own.moving && !same(row, own.team)) {
        suspects.set(
          row.team,
          `the log gives ${JSON.stringify(own.team)}, the origin holds ${JSON.stringify(row)}`,
        );
      }
    });
    const settled = [...suspects].filter(([team, what]) => before.get(team) === what);
    const unsettled = suspects.size - settled.length;
    if (unsettled === 0 || look === LOOKS_MAX - 1) {
      for (const [team, what] of settled) differ(what, team);
      return { last, unsettled };
    }
    before = suspects;
    await new Promise((done) => setTimeout(done, ARCHIVE_POLL));
  }
  return { last, unsettled: 0 };
}

function same(a: OriginTeam, b: OriginTeam): boolean {
  return (
    a.players === b.players &&
    a.solves === b.solves &&
    a.score === b.score &&
    a.banned === b.banned &&
    a.hidden === b.hidden
  );
}

/** Looks for a win in its team's log before it is reported missing: its record may still be on its way. */
const WINS_LOOKS_MAX = 20;

/**
 * Compares the vault's wins with the logs': no unit has two owners, none is
 * beyond the stock, every one is in its team's log, and the logs hold no other.
 * `wins`: how many the logs held when they were folded.
 */
async function verifyPrizes(env: Env, hunt: string, wins: number, differ: Differ): Promise<void> {
  const prizes = await calling(async () => vaultStub(env, hunt).stock());
  if ("refused" in prizes && prizes.refused === "unavailable") {
    throw new RequestError(prizes.refused, prizes.detail);
  }
  if ("refused" in prizes) {
    if (wins > 0) differ(`the logs hold ${wins} wins, and the vault has no prizes`);
    return;
  }
  let given = 0;
  for (const { prize, stock } of prizes) {
    const owners = new Set<number>();
    let after = { team: "", n: -1 };
    while (true) {
      const from = after;
      const page = accepted(await calling(async () => vaultStub(env, hunt).winners(prize, from, WINS_MAX)));
      for (const { unit, team } of page) {
        if (owners.has(unit)) differ(`unit ${unit} of ${prize} has two owners`, team);
        if (unit < 0 || unit >= stock)
          differ(`unit ${unit} of ${prize} is beyond the stock of ${stock}`, team);
        owners.add(unit);
      }
      for (const [shard, own] of Map.groupBy(page, ({ team }) => parseTeamId(team)?.shard ?? "")) {
        await verifyWins(env, hunt, shard, own, differ);
      }
      const last = page.at(-1);
      if (!last || page.length < WINS_MAX) break;
      after = { team: last.team, n: last.n };
    }
    given += owners.size;
  }
  // More is no difference: a hunt that goes on may have given some since the fold.
  if (given < wins) differ(`the logs hold ${wins} wins, the vault gave ${given}`);
}

/** Checks that these wins are in the log of the shard; a missing one gets some time, because the alarm of the vault has it recorded. */
async function verifyWins(
  env: Env,
  hunt: string,
  shard: string,
  wins: readonly Win[],
  differ: Differ,
): Promise<void> {
  for (let look = 1; ; look += 1) {
    const known = await calling(async () =>
      shardStub(env, hunt, shard).winners(wins.map((win) => ({ ...win }))),
    );
    const missing = "refused" in known ? [...wins] : wins.filter((_, index) => !known[index]);
    if (missing.length === 0) return;
    if (look === WINS_LOOKS_MAX) {
      for (const { prize, unit, team } of missing)
        differ(`no log holds the win of unit ${unit} of ${prize}`, team);
      return;
    }
    await new Promise((done) => setTimeout(done, ARCHIVE_POLL));
  }
}

/** Rebuilds the standings from the logs and compares them; once more where many hidden teams were among the first. */
async function verifyStandings(env: Env, hunt: string, differ: Differ): Promise<void> {
  const rules = await calling(async () => leaderboardStub(env, hunt).rules());
  if (!rules) return;
  for (let spare = SPARE_FIRSTS; ; spare *= 2) {
    const found: Parameters<Differ>[] = [];
    try {
      await compareStandings(env, hunt, Standings.withSpare(rules, spare), (...told) => {
        if (found.length < MISMATCHES_MAX) found.push(told);
      });
    } catch (error) {
      if (!(error instanceof FirstsMissing)) throw error;
      continue;
    }
    for (const told of found) differ(...told);
    return;
  }
}

/** Compares the standings page by page with `expected`, which are empty yet and made from the logs here. */
async function compareStandings(env: Env, hunt: string, expected: Standings, differ: Differ): Promise<void> {
  const read = new Map<string, number>();
  let compared = 0;
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: DumpPage = await dumpOf(env, hunt, from);
    // A hunt that goes on moves the marks from page to page: compare each page as of its own marks.
    for (const { shard, mark } of page.marks) {
      const after = read.get(shard) ?? 0;
      if (mark > after) await readFacts(env, hunt, { expected, differ }, shard, { after, upto: mark });
      read.set(shard, Math.max(mark, after));
    }
    expected.settle();
    for (const own of page.rows) {
      const row = expected.row(own.team);
      compared += 1;
      if (!row) differ("no log knows this team", own.team);
      else if (own.score !== row.score || own.solves !== row.solves || own.rank !== row.rank) {
        differ(`the logs give ${JSON.stringify(row)}, the standings hold ${JSON.stringify(own)}`, own.team);
      }
    }
    from = page.next;
  }
  if (compared < expected.teamCount) await tellMissing(env, hunt, expected, differ);
}

/** Applies a shard's score facts with `after < seq <= upto`. */
async function readFacts(
  env: Env,
  hunt: string,
  { expected, differ }: { expected: Standings; differ: Differ },
  shard: string,
  { after, upto }: { after: number; upto: number },
): Promise<void> {
  let read = after;
  while (read < upto) {
    const from = read;
    const report = await calling(async () => shardStub(env, hunt, shard).scoreFacts(from));
    if (report.upto <= from) return;
    for (const fact of report.facts) {
      if (fact.seq > upto) break;
      try {
        expected.apply(shard, fact);
      } catch (error) {
        if (!(error instanceof BadFact)) throw error;
        differ(`fact ${fact.seq} is left out: ${error.message}`, fact.team);
      }
    }
    read = report.upto;
  }
}

/** Finds the teams that the standings lack, by a second reading: this must never be needed. */
async function tellMissing(env: Env, hunt: string, expected: Standings, differ: Differ): Promise<void> {
  const held = new Set<string>();
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: DumpPage = await dumpOf(env, hunt, from);
    for (const { team } of page.rows) held.add(team);
    from = page.next;
  }
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page = expected.dump(from, TEAMS_PAGE);
    for (const { team } of page.rows) if (!held.has(team)) differ("missing in the standings", team);
    from = page.next;
  }
}

type DumpPage = Awaited<ReturnType<LeaderboardObject["dump"]>>;

/** A page of the standings that the leaderboard holds, from team number `from` on. */
const dumpOf = (env: Env, hunt: string, from: number): Promise<DumpPage> =>
  calling(async () => leaderboardStub(env, hunt).dump(from));
