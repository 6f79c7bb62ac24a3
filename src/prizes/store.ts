/**
 * Every win of a vault, a row each. The table has no version: columns are only
 * added, so that an older engine still reads a newer one's rows.
 */

import {
  type Checksums,
  checksumOf,
  Damaged,
  hasAllRows,
  tellMended,
  unflipped,
  withChecksums,
} from "../checksum.ts";
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
  sum TEXT NOT NULL DEFAULT '-', -- of the others
  PRIMARY KEY (prize, team, n)
) WITHOUT ROWID`;

type Row = Omit<Win, "revoked"> & { confirmed: number; revoked: number; sum: string | null } & Record<
    string,
    SqlStorageValue
  >;

const COLUMNS = "prize, team, n, unit, player, event, at, confirmed, revoked, sum";

export class WinStore {
  readonly #sql: Sql;
  readonly #checks: Checksums;
  #damage: string | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#checks = withChecksums(sql, "win", SCHEMA);
    if (!hasAllRows(sql, "win")) this.#tellDamage("the list of wins");
  }

  add({ prize, team, n, unit, player, event, at }: Win): void {
    this.#sql.exec(
      "INSERT INTO win (prize, team, n, unit, player, event, at, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      prize,
      team,
      n,
      unit,
      player,
      event,
      at,
      checksumOf(prize, team, n, unit, player, event, at, 0, 0),
    );
  }

  /** Puts a win of a restored hunt there, or again. */
  put(win: Win, isConfirmed: boolean): void {
    const { prize, team, n, unit, player, event, at, revoked } = win;
    const values = [prize, team, n, unit, player, event, at, isConfirmed ? 1 : 0, revoked ? 1 : 0];
    this.#sql.exec(
      `INSERT OR REPLACE INTO win (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...values,
      checksumOf(...values),
    );
  }

  ofTeam(prize: string, team: string): Win[] {
    return this.#read("WHERE prize = ? AND team = ? ORDER BY n", prize, team);
  }

  /** Reads all rows: a player is asked about when it goes to another team. */
  ofPlayer(player: string): Win[] {
    return this.#read("WHERE player = ? ORDER BY prize, team, n", player);
  }

  ofUnit(prize: string, unit: number): Win | undefined {
    return this.#read("WHERE prize = ? AND unit = ?", prize, unit)[0];
  }

  unconfirmed(): Win[] {
    return this.#read("WHERE confirmed = 0");
  }

  /** Why nothing may be given or told; undefined: every row that was read is as it was written. */
  get damage(): string | undefined {
    return this.#damage;
  }

  /** Units given of each prize. */
  taken(): Map<string, Set<number>> {
    const taken = new Map<string, Set<number>>();
    for (const { prize, unit } of this.#read("")) {
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
    this.#mark("confirmed", prize, team, n);
  }

  revoke({ prize, team, n }: Win): void {
    this.#mark("revoked", prize, team, n);
  }

  /** Wins behind this one, by prize, team and number. */
  behind(after: Pick<Win, "prize" | "team" | "n">, limit: number): Win[] {
    return this.#read(
      "WHERE (prize, team, n) > (?, ?, ?) ORDER BY prize, team, n LIMIT ?",
      after.prize,
      after.team,
      after.n,
      limit,
    );
  }

  /** When the newest win was given, epoch ms; 0: there is none. */
  newest(): number {
    return this.#sql.exec<{ at: number | null }>("SELECT max(at) AS at FROM win").toArray()[0]?.at ?? 0;
  }

  #mark(column: "confirmed" | "revoked", prize: string, team: string, n: number): void {
    const where = "WHERE prize = ? AND team = ? AND n = ?";
    const [row] = this.#rows(where, prize, team, n);
    if (!row) return;
    const sum = row.sum === null ? null : sumOf({ ...row, [column]: 1 });
    this.#sql.exec(`UPDATE win SET ${column} = 1, sum = ? ${where}`, sum, prize, team, n);
  }

  #rows(condition: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.#sql.exec<Row>(`SELECT ${COLUMNS} FROM win ${condition}`, ...bindings).toArray();
  }

  /** The row, put right in its place; undefined: more than one bit of it is wrong, or its place as well. */
  #mended(row: Row): Row | undefined {
    const { prize, team, n, unit, at, confirmed, revoked, sum } = row;
    const where = "WHERE prize = ? AND team = ? AND n = ?";
    const [bytes] = this.#sql
      .exec<{ player: ArrayBuffer; event: ArrayBuffer }>(
        `SELECT CAST(player AS BLOB) AS player, CAST(event AS BLOB) AS event FROM win ${where}`,
        prize,
        team,
        n,
      )
      .toArray();
    if (!bytes) return undefined;
    const encoded = [prize, team].map((text) => new TextEncoder().encode(text)) as [Uint8Array, Uint8Array];
    const [player, event] = [new Uint8Array(bytes.player), new Uint8Array(bytes.event)];
    const right = unflipped(sum, [...encoded, n, unit, player, event, at, confirmed, revoked]);
    if (right?.[0] !== prize || right[1] !== team || right[2] !== n) return undefined;
    const [, , , ...rest] = right as [string, string, number, number, string, string, number, number, number];
    const mended = {
      ...row,
      unit: rest[0],
      player: rest[1],
      event: rest[2],
      at: rest[3],
      confirmed: rest[4],
    };
    const whole = { ...mended, revoked: rest[5] };
    this.#sql.exec(
      `UPDATE win SET unit = ?, player = ?, event = ?, at = ?, confirmed = ?, revoked = ?, sum = ? ${where}`,
      ...rest,
      sumOf(whole),
      prize,
      team,
      n,
    );
    tellMended("a win in the vault");
    return whole;
  }

  #tellDamage(what: string): void {
    if (this.#damage !== undefined) return;
    const { message } = new Damaged(what);
    this.#damage = message;
    console.error({ message });
  }

  /** Rows that are not as they were written are left out, and are `damage`: whose unit one was, nobody can say. */
  #read(condition: string, ...bindings: SqlStorageValue[]): Win[] {
    const rows = this.#rows(condition, ...bindings);
    const intact = rows.flatMap((row) => {
      const whole = this.#checks.isIntact(row.sum, ...valuesOf(row)) ? row : this.#mended(row);
      return whole ? [whole] : [];
    });
    if (intact.length < rows.length) this.#tellDamage("a win in the vault");
    return intact.map(({ sum: _, confirmed: __, ...row }) => ({ ...row, revoked: row.revoked === 1 }));
  }
}

const valuesOf = ({
  prize,
  team,
  n,
  unit,
  player,
  event,
  at,
  confirmed,
  revoked,
}: Row): (string | number)[] => [prize, team, n, unit, player, event, at, confirmed, revoked];

const sumOf = (row: Row): string => checksumOf(...valuesOf(row));
