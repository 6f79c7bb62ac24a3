/**
 * `OriginStore` on D1. A message is one transaction of a fixed number of
 * statements, whatever its number of facts: rows come out of JSON inside the
 * database, because a statement may bind 100 parameters only.
 */
import type { Fact, FactMessage } from "../protocol.ts";
import type { OriginStore, OriginSums } from "./store.ts";

const SEGMENT = `INSERT INTO segment (hunt, shard, first, last, facts) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (hunt, shard, first) DO UPDATE SET last = excluded.last, facts = excluded.facts
WHERE excluded.last > segment.last`;

const TEAMS = `INSERT INTO team (hunt, id, shard, name, bracket, joined_at)
SELECT ?1, value ->> 'id', ?2, value ->> 'name', value ->> 'bracket', value ->> 'at' FROM json_each(?3) WHERE true
ON CONFLICT DO NOTHING`;

const PLAYERS = `INSERT INTO player (hunt, id, shard, team, name, external_id, joined_at)
SELECT ?1, value ->> 'id', ?2, value ->> 'team', value ->> 'name', value ->> 'externalId', value ->> 'at'
FROM json_each(?3) WHERE true
ON CONFLICT DO NOTHING`;

const SOLVES = `INSERT INTO solve (hunt, team, clue, shard, seq, at, points, player)
SELECT ?1, value ->> 'team', value ->> 'clue', ?2, value ->> 'seq', value ->> 'at', value ->> 'points', value ->> 'player'
FROM json_each(?3) WHERE true
ON CONFLICT DO NOTHING`;

const SCORES = `INSERT INTO score (hunt, team, shard, seq, at, score)
SELECT ?1, value ->> 'team', ?2, value ->> 'seq', value ->> 'at', value ->> 'score' FROM json_each(?3) WHERE true
ON CONFLICT (hunt, team) DO UPDATE SET seq = excluded.seq, at = excluded.at, score = excluded.score
WHERE excluded.seq > score.seq`;

const MARKS = `INSERT INTO mark (hunt, team, kind, shard, seq, at, value, reason)
SELECT ?1, value ->> 'team', value ->> 'kind', ?2, value ->> 'seq', value ->> 'at', value ->> 'value', value ->> 'reason'
FROM json_each(?3) WHERE true
ON CONFLICT (hunt, team, kind) DO UPDATE SET seq = excluded.seq, at = excluded.at, value = excluded.value, reason = excluded.reason
WHERE excluded.seq > mark.seq`;

const SUMS = `SELECT
  (SELECT count(*) FROM team WHERE hunt = ?1 AND shard = ?2) AS teams,
  (SELECT count(*) FROM player WHERE hunt = ?1 AND shard = ?2) AS players,
  (SELECT count(*) FROM solve WHERE hunt = ?1 AND shard = ?2) AS solves,
  (SELECT coalesce(sum(score), 0) FROM score WHERE hunt = ?1 AND shard = ?2) AS score`;

const RANGES = "SELECT first, last FROM segment WHERE hunt = ?1 AND shard = ?2 ORDER BY first";

export class D1Origin implements OriginStore {
  readonly #database: D1Database;

  constructor(database: D1Database) {
    this.#database = database;
  }

  async apply(message: FactMessage): Promise<void> {
    const { hunt, shard, first, facts } = message;
    const last = facts.at(-1)?.seq ?? first;
    const statements = [
      this.#database.prepare(SEGMENT).bind(hunt, shard, first, last, JSON.stringify(facts)),
    ];
    for (const [sql, rows] of derivedRows(facts)) {
      if (rows.length > 0) {
        statements.push(this.#database.prepare(sql).bind(hunt, shard, JSON.stringify(rows)));
      }
    }
    await this.#database.batch(statements);
  }

  async sums(hunt: string, shard: string): Promise<OriginSums> {
    const [sums, ranges] = await this.#database.batch([
      this.#database.prepare(SUMS).bind(hunt, shard),
      this.#database.prepare(RANGES).bind(hunt, shard),
    ]);
    const counted = (sums?.results[0] ?? {}) as Omit<OriginSums, "facts">;
    let facts = 0;
    let upto = 0;
    for (const { first, last } of (ranges?.results ?? []) as { first: number; last: number }[]) {
      facts += Math.max(0, last - Math.max(first - 1, upto));
      upto = Math.max(upto, last);
    }
    return { ...counted, facts };
  }
}

/** The rows a message's facts bring, by statement. Of several scores of a team the last one counts. */
function derivedRows(facts: readonly Fact[]): [string, object[]][] {
  const teams: object[] = [];
  const players: object[] = [];
  const solves: object[] = [];
  const scores = new Map<string, object>();
  const marks = new Map<string, object>();
  for (const fact of facts) {
    const { seq, at, team } = fact;
    if (fact.type === "join") {
      if (fact.created) teams.push({ id: team, at, ...fact.created });
      players.push({ id: fact.player, team, name: fact.name, externalId: fact.externalId, at });
    } else if (fact.type === "ban" || fact.type === "unban") {
      marks.set(`banned ${team}`, {
        team,
        kind: "banned",
        seq,
        at,
        value: Number(fact.type === "ban"),
        reason: fact.reason,
      });
    } else if (fact.type === "hide" || fact.type === "show") {
      marks.set(`hidden ${team}`, {
        team,
        kind: "hidden",
        seq,
        at,
        value: Number(fact.type === "hide"),
        reason: fact.reason,
      });
    } else if ("outcome" in fact && fact.outcome === "correct") {
      solves.push({ team, clue: fact.clue, seq, at, points: fact.points, player: fact.player });
    }
    if ("score" in fact && fact.score !== undefined) scores.set(team, { team, seq, at, score: fact.score });
  }
  return [
    [TEAMS, teams],
    [PLAYERS, players],
    [SOLVES, solves],
    [SCORES, [...scores.values()]],
    [MARKS, [...marks.values()]],
  ];
}
