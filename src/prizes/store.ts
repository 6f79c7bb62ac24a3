/**
 * Every win of a vault, a row each. The table has no version: columns are only
 * added, so that an older engine still reads a newer one's rows.
 */

import type { Sql } from "../lazy-sql.ts";
import type { Win } from "../objects/prizes.ts";

// One tree and no index: a win is one row when it is given and one when it is confirmed.
const SCHEMA = `
CREATE TABLE IF NOT EXISTS win (
  prize TEXT NOT NULL,
  team TEXT NOT NULL,
  n INTEGER NOT NULL,
  unit INTEGER NOT NULL,
  player TEXT NOT NULL,
  event TEXT NOT NULL,
  at INTEGER NOT NULL,                   -- epoch ms
  confirmed INTEGER NOT NULL DEFAULT 0,  -- 1: the team's shard has it in its log
  revoked INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (prize, team, n)
) WITHOUT ROWID`;

type Row = Omit<Win, "revoked"> & { revoked: number } & Record<string, SqlStorageValue>;

const COLUMNS = "prize, team, n, unit, player, event, at, revoked";

export class WinStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  add({ prize, team, n, unit, player, event, at }: Win): void {
    this.#sql.exec(
      "INSERT INTO win (prize, team, n, unit, player, event, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      prize,
      team,
      n,
      unit,
      player,
      event,
      at,
    );
  }

  ofTeam(prize: string, team: string): Win[] {
    return this.#read("WHERE prize = ? AND team = ? ORDER BY n", prize, team);
  }

  ofUnit(prize: string, unit: number): Win | undefined {
    return this.#read("WHERE prize = ? AND unit = ?", prize, unit)[0];
  }

  unconfirmed(): Win[] {
    return this.#read("WHERE confirmed = 0");
  }

  /** Units given of each prize. */
  taken(): Map<string, Set<number>> {
    const taken = new Map<string, Set<number>>();
    for (const { prize, unit } of this.#sql.exec<{ prize: string; unit: number }>(
      "SELECT prize, unit FROM win",
    )) {
      const units = taken.get(prize) ?? new Set();
      taken.set(prize, units.add(unit));
    }
    return taken;
  }

  /** Wins in the order of teams, those after `team`'s `n`-th. */
  page(prize: string, after: { team: string; n: number }, limit: number): Win[] {
    return this.#read(
      "WHERE prize = ? AND (team, n) > (?, ?) ORDER BY team, n LIMIT ?",
      prize,
      after.team,
      after.n,
      limit,
    );
  }

  confirm({ prize, team, n }: Win): void {
    this.#sql.exec("UPDATE win SET confirmed = 1 WHERE prize = ? AND team = ? AND n = ?", prize, team, n);
  }

  revoke({ prize, team, n }: Win): void {
    this.#sql.exec("UPDATE win SET revoked = 1 WHERE prize = ? AND team = ? AND n = ?", prize, team, n);
  }

  /** When the newest win was given, epoch ms; 0: there is none. */
  newest(): number {
    return this.#sql.exec<{ at: number | null }>("SELECT max(at) AS at FROM win").toArray()[0]?.at ?? 0;
  }

  #read(condition: string, ...bindings: SqlStorageValue[]): Win[] {
    return this.#sql
      .exec<Row>(`SELECT ${COLUMNS} FROM win ${condition}`, ...bindings)
      .toArray()
      .map((row) => ({ ...row, revoked: row.revoked === 1 }));
  }
}
