/**
 * A bit that a disk flips in a shard's file while no engine runs: in a segment of its log that the origin
 * has, so that it can be repaired. Where the bit is in SQLite's own structure nothing could be.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { below, type Chance } from "../measure/chance.ts";

const SHARDS = "storage/do/treasure-hunt-engine-HuntShard";

interface Row {
  first: number;
  last: number;
  body: Uint8Array;
  hash: Uint8Array;
}

/** Says where; undefined: no shard has a segment that the origin has. */
export function flipInLog(dataDir: string, random: Chance): string | undefined {
  const folder = join(dataDir, SHARDS);
  const names = readdirSync(folder).filter((name) => /^[0-9a-f]+\.sqlite$/.test(name));
  // In an order by chance: a file may have no log, or nothing that was archived.
  for (let left = names.length; left > 0; left -= 1) {
    const [name = ""] = names.splice(below(random, left), 1);
    const database = new DatabaseSync(join(folder, name));
    try {
      const where = flipIn(database, random);
      if (where !== undefined) return where;
    } finally {
      database.close();
    }
  }
  return undefined;
}

function flipIn(database: DatabaseSync, random: Chance): string | undefined {
  const has = database.prepare(
    "SELECT count(*) AS n FROM sqlite_master WHERE name IN ('chained', 'stored_text')",
  );
  if (has.get()?.n !== 2) return undefined;
  const stored = database.prepare("SELECT body FROM stored_text WHERE name = 'archived'").get();
  const rows = database
    .prepare(
      "SELECT first, last, CAST(body AS BLOB) AS body, CAST(hash AS BLOB) AS hash FROM chained WHERE last <= ? ORDER BY first",
    )
    .all(Number(stored?.body ?? 0)) as unknown as Row[];
  const row = rows[below(random, rows.length)];
  if (!row) return undefined;
  const { first, last } = row;
  const column = (["body", "body", "body", "hash", "last"] as const)[below(random, 5)] ?? "body";
  if (column === "last") {
    database
      .prepare("UPDATE chained SET last = ? WHERE first = ?")
      .run(last ^ (1 << below(random, 8)), first);
  } else {
    const bytes = row[column].slice();
    const bit = below(random, bytes.length * 8);
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    database.prepare(`UPDATE chained SET ${column} = CAST(? AS TEXT) WHERE first = ?`).run(bytes, first);
  }
  return `${column} of the segment from ${first} to ${last}`;
}
