/**
 * All announcements of a hunt, in rows of their own: the hunt's state, which goes
 * to every shard with each change, has the newest only (`toldToShards`).
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
import { ANNOUNCEMENTS_TOLD } from "../contract/me.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Sql } from "../lazy-sql.ts";
import type { AnnouncementPage, AnnouncementQuery } from "../objects/control.ts";
import type { Announcement } from "../protocol.ts";

/** Announcements stored at most; the oldest go first. */
const STORED_MAX = 10_000;

/** Announcements a shard is told at most, whatever they are about; errata, which stay at their clues, beside them. */
const SHARD_MAX = 200;
export const ERRATA_MAX = 200;

// The table has no version: columns are only added.
const SCHEMA = `CREATE TABLE IF NOT EXISTS announcement (
  n INTEGER PRIMARY KEY,   -- in the order they were made
  id TEXT NOT NULL UNIQUE,
  clue TEXT,               -- null: for everybody
  body TEXT NOT NULL,
  sum TEXT NOT NULL DEFAULT '-' -- of n and the body, which has all
)`;

/** Rows read at a time. */
const ROWS = 100;

/** In the place of one that was taken back, so that the pages before and behind it stay. */
export type StoredAnnouncement = Announcement & { removed?: true };
type Stored = StoredAnnouncement;

interface Row extends Record<string, SqlStorageValue> {
  n: number;
  body: string;
  sum: string | null;
}

export class AnnouncementStore {
  readonly #sql: Sql;
  readonly #checks: Checksums;
  /** No row was hidden when this instance began to read. */
  #isChecked = false;

  /** `known`: those of the hunt's state, which an engine without this table has stored nowhere else. */
  constructor(sql: Sql, known: readonly Announcement[]) {
    this.#sql = sql;
    this.#checks = withChecksums(sql, "announcement", SCHEMA);
    const newest = known.at(-1);
    const [last] = this.#rows(Number.MAX_SAFE_INTEGER, 1);
    // One that is not as it was written may be that.
    const isWhole = last === undefined || this.#checks.isIntact(last.sum, last.n, last.body);
    if (newest && isWhole && this.#numberOf(newest.id) === undefined) {
      for (const each of known) this.add(each);
    }
  }

  add(announcement: Announcement): void {
    if (this.#numberOf(announcement.id) !== undefined) return;
    const [last] = this.#sql.exec<{ n: number | null }>("SELECT max(n) AS n FROM announcement").toArray();
    const n = (last?.n ?? 0) + 1;
    const body = JSON.stringify(announcement);
    this.#sql.exec(
      "INSERT INTO announcement (n, id, clue, body, sum) VALUES (?, ?, ?, ?, ?)",
      n,
      announcement.id,
      announcement.clue ?? null,
      body,
      checksumOf(n, body),
    );
    this.#sql.exec("DELETE FROM announcement WHERE n <= (SELECT max(n) FROM announcement) - ?", STORED_MAX);
  }

  /** The announcement, unless it was taken back. */
  find(id: string): Announcement | undefined {
    const number = this.#numberOf(id);
    const [row] = number === undefined ? [] : this.#rows(number + 1, 1);
    const found = row && this.#read(row);
    return found?.removed ? undefined : found;
  }

  /** Puts it in the place of the one with its id. */
  replace(announcement: Announcement): void {
    this.#write(announcement.id, announcement);
  }

  remove(id: string, at: number): void {
    this.#write(id, { id, at, text: "", removed: true });
  }

  #write(id: string, stored: Stored): void {
    const number = this.#numberOf(id);
    if (number === undefined) return;
    const body = JSON.stringify(stored);
    this.#sql.exec(
      "UPDATE announcement SET body = ?, clue = ?, sum = ? WHERE n = ?",
      body,
      stored.clue ?? null,
      checksumOf(number, body),
      number,
    );
  }

  /** Those behind the one of this number, the oldest first, also such as were taken back. */
  pageOf(after: number, limit: number): { entries: Stored[]; next?: number } {
    this.#isChecked ||= hasAllRows(this.#sql, "announcement");
    if (!this.#isChecked) throw new Damaged("the list of announcements");
    const rows = this.#sql
      .exec<Row>("SELECT n, body, sum FROM announcement WHERE n > ? ORDER BY n LIMIT ?", after, limit)
      .toArray();
    const last = rows.at(-1);
    return {
      entries: rows.map((row) => this.#read(row)),
      ...(rows.length === limit && last ? { next: last.n } : {}),
    };
  }

  /** Drops all: the hunt is another one now. */
  clear(): void {
    this.#sql.exec("DELETE FROM announcement");
  }

  /** The newest first. Throws `Damaged` when one of them is not as it was written. */
  page({ before, limit, ...hearer }: AnnouncementQuery): AnnouncementPage | Refusal {
    this.#isChecked ||= hasAllRows(this.#sql, "announcement");
    if (!this.#isChecked) throw new Damaged("the list of announcements");
    let number = before === undefined ? Number.MAX_SAFE_INTEGER : this.#numberOf(before);
    if (number === undefined) return refuse("invalid", "cursor: there is no such announcement");
    const found: Announcement[] = [];
    for (;;) {
      const rows = this.#rows(number, ROWS);
      for (const row of rows) {
        const each = this.#read(row);
        if (!each.removed && concerns(each, hearer)) found.push(each);
        if (found.length > limit) return { announcements: found.slice(0, limit), more: true };
      }
      if (rows.length < ROWS) return { announcements: found, more: false };
      number = rows.at(-1)?.n ?? 0;
    }
  }

  #read(row: Row): Stored {
    // The columns beside the body, which older engines search by, may have a flipped bit of their own.
    const isSound = this.#checks.isIntact(row.sum, row.n, row.body);
    return isSound ? (JSON.parse(row.body) as Stored) : this.#mended(row);
  }

  #mended({ n, sum }: Row): Stored {
    const [row] = this.#sql
      .exec<{ body: ArrayBuffer }>("SELECT CAST(body AS BLOB) AS body FROM announcement WHERE n = ?", n)
      .toArray();
    const [right, body] = unflipped(sum, [n, new Uint8Array(row?.body ?? new ArrayBuffer())]) ?? [];
    if (right !== n || typeof body !== "string") throw new Damaged("an announcement");
    this.#sql.exec("UPDATE announcement SET body = ?, sum = ? WHERE n = ?", body, checksumOf(n, body), n);
    tellMended("an announcement");
    return JSON.parse(body) as Stored;
  }

  /** Those before the number `n`, the newest first. */
  #rows(n: number, limit: number): Row[] {
    return this.#sql
      .exec<Row>("SELECT n, body, sum FROM announcement WHERE n < ? ORDER BY n DESC LIMIT ?", n, limit)
      .toArray();
  }

  /** By the body, which the checksum is of; an index may have another id than its row. */
  #numberOf(id: string): number | undefined {
    const head = `{"id":${JSON.stringify(id)},`;
    return this.#sql
      .exec<{ n: number }>(
        "SELECT n FROM announcement NOT INDEXED WHERE substr(body, 1, ?) = ?",
        head.length,
        head,
      )
      .toArray()[0]?.n;
  }
}

/** Whether who asks is told of it; without `clues` an organiser does. */
function concerns(
  { id, clue, to }: Announcement,
  { clues, team, solved = [], to: heard = [] }: Omit<AnnouncementQuery, "before" | "limit">,
): boolean {
  if (clues === undefined) return true;
  return (
    (clue === undefined || clues.includes(clue)) &&
    (to?.teams === undefined || (team !== undefined && to.teams.includes(team))) &&
    (to?.bracket === undefined || heard.includes(id)) &&
    (to?.unsolved === undefined || !solved.includes(to.unsolved))
  );
}

/**
 * Those that shards need, so that every team sees the newest of its own: of what
 * is for everybody, of what is about each clue, and of what goes to some teams, the newest that `/me` tells. Errata stay.
 */
export function toldToShards(announcements: readonly Announcement[]): Announcement[] {
  const counts = new Map<string | undefined, number>();
  let errata = 0;
  let others = 0;
  const told = announcements.toReversed().filter(({ clue, erratum, to }) => {
    if (erratum) {
      errata += 1;
      return errata <= ERRATA_MAX;
    }
    if (to === undefined) {
      const count = (counts.get(clue) ?? 0) + 1;
      counts.set(clue, count);
      if (count > ANNOUNCEMENTS_TOLD) return false;
    }
    others += 1;
    return others <= SHARD_MAX;
  });
  return told.reverse();
}
