/** Teams on disk: a page holds those of 64 places in a row, or in several where one does not hold them. */
import { type Checksums, checksumOf, tellDropped, withChecksums } from "../checksum.ts";
import { Unfoldable } from "../hunt/evolve.ts";
import { reviveTeam, type StoredTeam, storedTeam, type Team } from "../hunt/team.ts";
import type { Sql } from "../lazy-sql.ts";
import { ordinalOf } from "../objects/ids.ts";
import type { PersonKeys } from "../people/keys.ts";
import type { Fact } from "../protocol.ts";
import { assertKnownForm } from "../stored-form.ts";
import { cutIntoRows } from "../stored-text.ts";
import { type KeyOf, SealedTeams, withSlots } from "./sealed-teams.ts";

/** Teams of one page. */
export const PAGE_TEAMS = 64;

const SCHEMA = `CREATE TABLE IF NOT EXISTS page (
  id INTEGER NOT NULL,     -- ordinal of the first team / ${PAGE_TEAMS}
  part INTEGER NOT NULL,   -- from 0
  seq INTEGER NOT NULL,    -- the page holds its teams' facts up to here
  floor INTEGER NOT NULL,  -- when written, every page held all facts up to here
  body TEXT NOT NULL,      -- teams as JSON, cut into parts
  sum TEXT NOT NULL DEFAULT '-', -- of the others and of the number of parts
  PRIMARY KEY (id, part)
) WITHOUT ROWID`;

/** Of the bodies. Form 1: a list of teams, with names in clear; 2: an object, in which `teams` are sealed (sealed-teams.ts). */
const FORM = 2;

interface PageRow extends Record<string, SqlStorageValue> {
  part: number;
  seq: number;
  floor: number;
  body: string;
  sum: string | null;
}

/** The teams of a page, by their place in it. */
export type PageTeams = (Team | undefined)[];

export interface StoredPage {
  teams: PageTeams;
  /** They hold their facts up to here. */
  seq: number;
}

export class StoredPages {
  readonly #sql: Sql;
  readonly #checks: Checksums;
  readonly #sealed: SealedTeams;

  constructor(sql: Sql, keys: PersonKeys) {
    this.#sql = sql;
    this.#checks = withChecksums(sql, "page", SCHEMA);
    this.#sealed = new SealedTeams(keys);
  }

  /** Undefined: it has no row. `damaged`: its rows are not as they were written. */
  read(id: number): StoredPage | "damaged" | undefined {
    const rows = this.#rows(id);
    const [first] = rows;
    if (!first) return undefined;
    const teams = this.#areIntact(id, rows) && this.#teamsIn(rows.map((row) => row.body).join(""));
    return teams ? { teams, seq: first.seq } : "damaged";
  }

  /** `head`: the teams hold their facts up to here. `floor`: every page does up to there, as soon as this one is written. */
  write(id: number, teams: PageTeams, head: number, floor: number): void {
    // A log with a gap leaves holes, which `map` would pass over.
    const list = Array.from(teams, (team) => (team ? this.#sealed.close(storedTeam(team)) : null));
    const bodies = cutIntoRows(JSON.stringify({ v: FORM, teams: list }));
    this.#sql.exec("DELETE FROM page WHERE id = ? AND part >= ?", id, bodies.length);
    for (const [part, body] of bodies.entries()) {
      this.#sql.exec(
        `INSERT INTO page (id, part, seq, floor, body, sum) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id, part) DO UPDATE
         SET seq = excluded.seq, floor = excluded.floor, body = excluded.body, sum = excluded.sum`,
        id,
        part,
        head,
        floor,
        body,
        checksumOf(id, part, bodies.length, head, floor, body),
      );
    }
  }

  /** Says that the page is not as it was written: it has no row any more, and is made again from the log. */
  drop(id: number): void {
    tellDropped(`the page of teams from ${id * PAGE_TEAMS} on`);
    this.#sql.exec("DELETE FROM page WHERE id = ?", id);
  }

  /** The page holds its teams' facts up to here, by a row that is not checked; 0: it has none. */
  seqOf(id: number): number {
    const [row] = this.#sql
      .exec<{ seq: number }>("SELECT seq FROM page WHERE id = ? AND part = 0", id)
      .toArray();
    return row?.seq ?? 0;
  }

  /** Pages that hold all facts of theirs up to this one. */
  reaching(seq: number): ReadonlySet<number> {
    const rows = this.#sql.exec<{ id: number }>("SELECT id FROM page WHERE part = 0 AND seq >= ?", seq);
    return new Set(rows.toArray().map(({ id }) => id));
  }

  /** Every page holds all facts up to here. */
  floor(): number {
    for (;;) {
      const [row] = this.#sql
        .exec<{ id: number; floor: number }>("SELECT id, floor FROM page ORDER BY floor DESC LIMIT 1")
        .toArray();
      if (!row) return 0;
      if (this.#areIntact(row.id, this.#rows(row.id))) return row.floor;
      this.drop(row.id);
    }
  }

  /** The newest fact behind `head` that a page has whose rows are as they were written; 0: none. */
  newestBehind(head: number): number {
    const rows = this.#sql
      .exec<{ id: number; seq: number }>(
        "SELECT id, seq FROM page WHERE part = 0 AND seq > ? ORDER BY seq DESC",
        head,
      )
      .toArray();
    return rows.find(({ id }) => this.#areIntact(id, this.#rows(id)))?.seq ?? 0;
  }

  /** `rows`: all of the page. */
  #areIntact(id: number, rows: readonly PageRow[]): boolean {
    return rows.every(
      ({ part, seq, floor, body, sum }, index) =>
        part === index && this.#checks.isIntact(sum, id, part, rows.length, seq, floor, body),
    );
  }

  /** Seals pages of an earlier engine. */
  sealAll(keyOf: KeyOf): void {
    for (const id of this.reaching(0)) {
      const [row] = this.#rows(id);
      const stored = this.read(id);
      if (!row || !stored) continue;
      const teams = stored === "damaged" ? undefined : withSlots(stored.teams, keyOf);
      this.#blank(id);
      // Without a key a name would stay in clear: the page is made again from the log.
      if (stored === "damaged" || !teams) this.drop(id);
      else this.write(id, teams, stored.seq, row.floor);
    }
  }

  /** Overwrites the page's bodies, byte for byte. */
  #blank(id: number): void {
    this.#sql.exec(
      "UPDATE page SET body = CAST(zeroblob(length(CAST(body AS BLOB))) AS TEXT) WHERE id = ?",
      id,
    );
  }

  /** The teams of a stored page; undefined: it is no JSON, or what is sealed in it is not as it was written. */
  #teamsIn(body: string): PageTeams | undefined {
    let stored: (StoredTeam | null)[] | { v: number; teams: (StoredTeam | null)[] };
    try {
      stored = JSON.parse(body);
    } catch {
      return undefined;
    }
    if (Array.isArray(stored)) return stored.map((team) => (team ? reviveTeam(team) : undefined));
    assertKnownForm("a page of teams", stored, FORM);
    const opened: PageTeams = [];
    for (const [slot, team] of stored.teams.entries()) {
      const own = team ? this.#sealed.open(team) : undefined;
      if (team && !own) return undefined;
      opened[slot] = own && reviveTeam(own);
    }
    return opened;
  }

  #rows(id: number): PageRow[] {
    return this.#sql
      .exec<PageRow>("SELECT part, seq, floor, body, sum FROM page WHERE id = ? ORDER BY part", id)
      .toArray();
  }
}

/** The page of a team. Throws `Unfoldable` where the shard can have no such team. */
export function pageOf(team: string): number {
  const ordinal = ordinalOf(team);
  if (!(ordinal >= 0)) throw new Unfoldable("a fact names a team that is not of this shard");
  return Math.floor(ordinal / PAGE_TEAMS);
}

/** The page of a fact of the log; undefined: of no team of this shard. */
export function pageOfFact({ team }: Fact): number | undefined {
  const ordinal = typeof team === "string" ? ordinalOf(team) : -1;
  return ordinal >= 0 ? Math.floor(ordinal / PAGE_TEAMS) : undefined;
}

/** The team's place in its page. */
export const slotOf = (team: string): number => ordinalOf(team) % PAGE_TEAMS;
