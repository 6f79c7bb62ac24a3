/** Tables of a hunt, made row by row while the client takes them. */
import { type Cell, csvRow, UTF8_MARK } from "../contract/csv.ts";
import type { Winner } from "../contract/prizes.ts";
import type { Table } from "../contract/table-names.ts";
import { accepted } from "../errors.ts";
import { calling, leaderboardStub, shardStub } from "../objects/call.ts";
import type { PublicEntry } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { parseTeamId } from "../objects/ids.ts";
import type { BoardPage } from "../objects/leaderboard.ts";
import type { SolvedClue } from "../objects/shard.ts";
import type { Exported, ExportedGap } from "../people/personal.ts";
import { iso } from "./hunt.ts";

/** Places in one call on the standings. */
const PLACES = 500;

export interface TableOf {
  env: Env;
  hunt: string;
  entry: PublicEntry;
  shards: readonly string[];
}

/** Pages of winners of all prizes, with what only shards know. */
export type WinnersOf = (of: TableOf) => AsyncGenerator<{ prize: string; winners: Winner[] }>;

type Rows = AsyncGenerator<readonly (readonly Cell[])[]>;

const HEADS: Record<Table, readonly string[]> = {
  standings: ["rank", "team", "teamName", "bracket", "score", "solves", "lastSolveAt"],
  solves: ["at", "team", "teamName", "clue", "title", "points", "rank"],
  players: [
    "joinedAt",
    "player",
    "name",
    "externalId",
    "team",
    "teamName",
    "locale",
    "source",
    "country",
    "check",
    "oldEnough",
  ],
  winners: ["prize", "unit", "at", "team", "teamName", "player", "playerName", "code", "revoked"],
  facts: [
    "shard",
    "seq",
    "at",
    "type",
    "team",
    "player",
    "event",
    "outcome",
    "clue",
    "hint",
    "prize",
    "answer",
    "points",
    "score",
    "reason",
  ],
};

/** The table as text, piece by piece. */
export async function* csvTexts(
  of: TableOf,
  table: Table,
  hasMark: boolean,
  winnersOf: WinnersOf,
): AsyncGenerator<string> {
  const more = { players: fieldsOf(of.entry), winners: contactsOf(of.entry) } as const;
  const extra: readonly { id: string; title: string }[] =
    table === "players" || table === "winners" ? more[table] : [];
  yield (hasMark ? UTF8_MARK : "") + csvRow([...HEADS[table], ...extra.map(({ title }) => title)]);
  const ids = extra.map(({ id }) => id);
  const rows: Rows = {
    standings: () => standingsRows(of),
    solves: () => solveRows(of),
    players: () => playerRows(of, ids),
    winners: () => winnerRows(of, ids, winnersOf),
    facts: () => factRows(of),
  }[table]();
  for await (const some of rows) yield some.map(csvRow).join("");
}

/** The fields that the hunt asks, a column each, and after each consent when it was given. */
function fieldsOf({ hunt: { join } }: PublicEntry): { id: string; title: string }[] {
  const fields = (join?.fields ?? []).map(({ id }) => ({ id: `field ${id}`, title: `field ${id}` }));
  const consents = (join?.consent ?? []).map(({ id }) => ({ id: `consent ${id}`, title: `consent ${id}` }));
  return [...fields, ...consents];
}

const contactsOf = ({ hunt: { join } }: PublicEntry): { id: string; title: string }[] =>
  (join?.fields ?? []).filter(({ contact }) => contact).map(({ id, label }) => ({ id, title: label }));

/** The places, page by page; each page is of one moment. */
export async function* places(env: Env, hunt: string, organiser: boolean): AsyncGenerator<BoardPage> {
  for (let offset = 0; ; offset += PLACES) {
    const from = offset;
    const page = await calling(async () =>
      leaderboardStub(env, hunt).read({ offset: from, limit: PLACES, organiser }),
    );
    if (page.entries.length > 0 || offset === 0) yield page;
    if (page.entries.length < PLACES) return;
  }
}

async function* standingsRows({ env, hunt }: TableOf): Rows {
  for await (const { entries } of places(env, hunt, true)) {
    yield entries.map(({ rank, team, score, solves, lastSolveAt }) => [
      ...[rank, team.id, team.name, team.bracket, score, solves],
      lastSolveAt === undefined ? undefined : iso(lastSolveAt),
    ]);
  }
}

/** By team, what each of these has solved. */
export async function solvesOf(
  env: Env,
  hunt: string,
  teams: readonly string[],
): Promise<Map<string, SolvedClue[]>> {
  const byShard = Map.groupBy(teams, (team) => parseTeamId(team)?.shard ?? "");
  const found = new Map<string, SolvedClue[]>();
  await Promise.all(
    [...byShard].map(async ([shard, ids]) => {
      const solves = accepted(await calling(async () => shardStub(env, hunt, shard).solvesOf(ids)));
      for (const [index, id] of ids.entries()) found.set(id, solves[index] ?? []);
    }),
  );
  return found;
}

async function* solveRows({ env, hunt }: TableOf): Rows {
  for await (const { entries } of places(env, hunt, true)) {
    const solves = await solvesOf(
      env,
      hunt,
      entries.map(({ team }) => team.id),
    );
    yield entries.flatMap(({ rank, team }) =>
      (solves.get(team.id) ?? []).map(({ clue, title, at, points }) => [
        ...[iso(at), team.id, team.name, clue, title, points, rank],
      ]),
    );
  }
}

/** Pages of a shard's log after the other. */
export async function* factsOf({ env, hunt, shards }: TableOf): AsyncGenerator<{
  shard: string;
  facts: (Exported | ExportedGap)[];
}> {
  for (const shard of shards) {
    for (let after = 0; ; ) {
      const from = after;
      const facts: (Exported | ExportedGap)[] = await calling(async () =>
        shardStub(env, hunt, shard).exportFacts(from),
      );
      const last = facts.at(-1);
      if (!last) break;
      yield { shard, facts };
      after = last.seq;
    }
  }
}

/** A fact's cell, whatever kind it is of. */
const cell = (fact: object, name: string): Cell => {
  const value = (fact as Record<string, unknown>)[name];
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : undefined;
};

async function* factRows(of: TableOf): Rows {
  for await (const { shard, facts } of factsOf(of)) {
    yield facts.map((fact) => [
      ...[shard, fact.seq, "at" in fact ? iso(fact.at) : undefined, fact.type],
      ...HEADS.facts.slice(4).map((name) => cell(fact, name)),
    ]);
  }
}

/** Who joined, in the order of the logs, and where; of who was forgotten nothing that is personal. */
async function* playerRows(of: TableOf, columns: readonly string[]): Rows {
  let shardNow = "";
  let names = new Map<string, string>();
  for await (const { shard, facts } of factsOf(of)) {
    // A team's first player stands before the others in its shard's log.
    if (shard !== shardNow) names = new Map();
    shardNow = shard;
    const rows: Cell[][] = [];
    for (const fact of facts) {
      if (fact.type === "make" || fact.type === "rename")
        names.set(fact.team, String(cell(fact, "name") ?? ""));
      if (fact.type !== "join") continue;
      const { at, player, team, person, created } = fact;
      const name = created?.name ?? person?.teamName;
      if (name !== undefined) names.set(team, name);
      const given = new Map<string, Cell>();
      for (const { id, value } of person?.fields ?? []) given.set(`field ${id}`, value);
      for (const consent of person?.consents ?? []) given.set(`consent ${consent.id}`, iso(consent.at));
      rows.push([
        ...[iso(at), player, person?.name, person?.externalId, team, names.get(team)],
        ...["locale", "source", "country", "check", "oldEnough"].map((key) => cell(fact, key)),
        ...columns.map((column) => given.get(column)),
      ]);
    }
    yield rows;
  }
}

async function* winnerRows(of: TableOf, columns: readonly string[], winnersOf: WinnersOf): Rows {
  for await (const { prize, winners } of winnersOf(of)) {
    yield winners.map(({ unit, at, team, name, player, playerName, code, revoked, contact }) => [
      ...[prize, unit, at, team, name, player, playerName, code, revoked],
      ...columns.map((id) => contact?.find((field) => field.id === id)?.value),
    ]);
  }
}

const seconds = (at: number): number => Math.floor(at / 1_000);

/** The results for CTFtime; `titles`: of all clues, in order. */
export async function* ctftimeTexts(
  { env, hunt }: TableOf,
  titles: readonly string[],
): AsyncGenerator<string> {
  yield `{"tasks":${JSON.stringify(titles)},"standings":[`;
  let isFirst = true;
  for await (const { entries } of places(env, hunt, false)) {
    const solves = await solvesOf(
      env,
      hunt,
      entries.map(({ team }) => team.id),
    );
    const rows = entries.map(({ rank, team, score, lastSolveAt }) => {
      const own = (solves.get(team.id) ?? []).map(({ title, at, points }) => [
        title,
        { points, time: seconds(at) },
      ]);
      return JSON.stringify({
        pos: rank,
        team: team.name,
        score,
        taskStats: Object.fromEntries(own) as object,
        lastAccept: lastSolveAt === undefined ? 0 : seconds(lastSolveAt),
      });
    });
    if (rows.length > 0) yield `${isFirst ? "" : ","}${rows.join(",")}`;
    isFirst = isFirst && rows.length === 0;
  }
  yield "]}";
}
