/**
 * All announcements of a hunt, in rows of their own: the hunt's state, which goes
 * to every shard with each change, has the newest only (`toldToShards`).
 */
import { ANNOUNCEMENTS_TOLD } from "../contract/me.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Sql } from "../lazy-sql.ts";
import type { AnnouncementPage, AnnouncementQuery } from "../objects/control.ts";
import type { Announcement } from "../protocol.ts";

/** Announcements stored at most; the oldest go first. */
const STORED_MAX = 10_000;

/** Announcements a shard is told at most, whatever they are about. */
const SHARD_MAX = 200;

// The table has no version: columns are only added.
const SCHEMA = `CREATE TABLE IF NOT EXISTS announcement (
  n INTEGER PRIMARY KEY,   -- in the order they were made
  id TEXT NOT NULL UNIQUE,
  clue TEXT,               -- null: for everybody
  body TEXT NOT NULL
)`;

export class AnnouncementStore {
  readonly #sql: Sql;

  /** `known`: those of the hunt's state, which an engine without this table has stored nowhere else. */
  constructor(sql: Sql, known: readonly Announcement[]) {
    this.#sql = sql;
    sql.exec(SCHEMA);
    const newest = known.at(-1);
    if (newest && this.#numberOf(newest.id) === undefined) for (const each of known) this.add(each);
  }

  add(announcement: Announcement): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO announcement (id, clue, body) VALUES (?, ?, ?)",
      announcement.id,
      announcement.clue ?? null,
      JSON.stringify(announcement),
    );
    this.#sql.exec("DELETE FROM announcement WHERE n <= (SELECT max(n) FROM announcement) - ?", STORED_MAX);
  }

  /** The newest first. */
  page({ before, limit, clues }: AnnouncementQuery): AnnouncementPage | Refusal {
    const number = before === undefined ? Number.MAX_SAFE_INTEGER : this.#numberOf(before);
    if (number === undefined) return refuse("invalid", "cursor: there is no such announcement");
    const rows = this.#sql
      .exec<{ body: string }>(
        `SELECT body FROM announcement
         WHERE n < ?1 AND (clue IS NULL OR ?2 IS NULL OR clue IN (SELECT value FROM json_each(?2)))
         ORDER BY n DESC LIMIT ?3`,
        number,
        clues === undefined ? null : JSON.stringify(clues),
        limit + 1,
      )
      .toArray()
      .map(({ body }) => JSON.parse(body) as Announcement);
    return { announcements: rows.slice(0, limit), more: rows.length > limit };
  }

  #numberOf(id: string): number | undefined {
    return this.#sql.exec<{ n: number }>("SELECT n FROM announcement WHERE id = ?", id).toArray()[0]?.n;
  }
}

/**
 * Those that shards need, so that every team sees the newest of its own: of what
 * is for everybody, and of what is about each clue, the newest that `/me` tells.
 */
export function toldToShards(announcements: readonly Announcement[]): Announcement[] {
  const counts = new Map<string | undefined, number>();
  const told = announcements.toReversed().filter(({ clue }) => {
    const count = (counts.get(clue) ?? 0) + 1;
    counts.set(clue, count);
    return count <= ANNOUNCEMENTS_TOLD;
  });
  return told.slice(0, SHARD_MAX).reverse();
}
