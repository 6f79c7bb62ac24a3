import { DatabaseSync } from "node:sqlite";
import { expect, test, vi } from "vitest";
import { Checksums, checksumOf, Damaged } from "../src/checksum.ts";
import { StoredText } from "../src/stored-text.ts";
import { sqlOf } from "./shard/sql.ts";

/** As engines before had it. */
const OLD = `CREATE TABLE stored_text (name TEXT NOT NULL, part INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (name, part)) WITHOUT ROWID`;

test("[LOG-6] rows of before are read, and have a checksum once they are written", () => {
  const database = new DatabaseSync(":memory:");
  database.exec(`${OLD}; INSERT INTO stored_text VALUES ('state', 0, 'of before')`);
  const texts = new StoredText(sqlOf(database));
  expect(texts.read("state")).toBe("of before");
  texts.write("state", "of now");
  expect(new StoredText(sqlOf(database)).read("state")).toBe("of now");
  database.exec("UPDATE stored_text SET body = 'of nobody'");
  expect(() => texts.read("state")).toThrow(Damaged);
});

test("[LOG-6] a text that is not as it was written is refused by name, or dropped where it can be made again", () => {
  vi.spyOn(console, "error").mockReturnValue();
  const database = new DatabaseSync(":memory:");
  const texts = new StoredText(sqlOf(database));
  texts.write("one", "1".repeat(1_500_000));
  texts.write("two", "2");
  // A part that got lost, and a name that is another now.
  database.exec("DELETE FROM stored_text WHERE name = 'one' AND part = 2");
  expect(() => texts.read("one")).toThrow("the stored one is not as it was written");
  expect(texts.readDerived("one")).toBeUndefined();
  expect(texts.read("two")).toBe("2");
  texts.write("one", "1");
  database.exec("UPDATE stored_text SET name = 'twp' WHERE name = 'two'");
  expect(() => texts.read("two")).toThrow("the stored two is not as it was written");
  expect(texts.read("one")).toBe("1");
  vi.restoreAllMocks();
});

/** The row's last column is hidden: its head says that it has one column less. */
function truncate(database: DatabaseSync, table: string, schema: string): void {
  database.exec(`CREATE TABLE cut AS SELECT * FROM ${table}`);
  database.exec(`DROP TABLE ${table}; ${schema.replace(/,\s*sum TEXT NOT NULL DEFAULT '-'/, "")}`);
  database.exec(`INSERT INTO ${table} SELECT name, part, body FROM cut`);
  database.enableDefensive(false);
  database.exec("PRAGMA writable_schema = 1");
  database.prepare("UPDATE sqlite_master SET sql = ? WHERE name = ?").run(schema, table);
  database.exec("PRAGMA writable_schema = RESET");
}

test("[LOG-6] a row whose checksum is hidden is no row of before, in a table of now", () => {
  vi.spyOn(console, "error").mockReturnValue();
  const database = new DatabaseSync(":memory:");
  const texts = new StoredText(sqlOf(database));
  texts.write("one", "1");
  const [{ sql }] = database.prepare("SELECT sql FROM sqlite_master").all() as [{ sql: string }];
  truncate(database, "stored_text", sql);
  expect(database.prepare("SELECT name, sum FROM stored_text").all()).toEqual([{ name: "one", sum: "-" }]);
  const again = new StoredText(sqlOf(database));
  expect(() => again.read("one")).toThrow("the stored one is not as it was written");
  expect(again.readDerived("one")).toBeUndefined();
  // It gets one with the next text.
  again.write("one", "2");
  expect(again.read("one")).toBe("2");
  vi.restoreAllMocks();
});

test("[LOG-6] bytes where a text stood are no text, though they are the same; a text is put right", () => {
  vi.spyOn(console, "error").mockReturnValue();
  const database = new DatabaseSync(":memory:");
  const texts = new StoredText(sqlOf(database));
  texts.write("one", "1");
  database.exec("UPDATE stored_text SET body = CAST(body AS BLOB)");
  expect(texts.readDerived("one")).toBeUndefined();
  expect(texts.read("one")).toBe("1");
  expect(texts.readDerived("one")).toBe("1");
  vi.restoreAllMocks();
});

test("[LOG-6] checksums of rows with bytes are of bytes, and those of others are not", () => {
  const sums = new Checksums(false);
  const bytes = new TextEncoder().encode("two").slice().buffer;
  expect(sums.isIntactBlob(checksumOf(1, "one", bytes), 1, "one", bytes)).toBe(true);
  // The same characters, hashed the same way.
  expect(checksumOf(1, "one", "two")).toBe(checksumOf(1, "one", bytes));
  expect(sums.isIntactBlob(checksumOf(1, "one", bytes), 1, "one", "two")).toBe(false);
  expect(sums.isIntact(checksumOf(1, "one", "two"), 1, "one", bytes)).toBe(false);
  expect([sums, new Checksums(true)].map((each) => each.isIntact(null, 1, "one"))).toEqual([false, true]);
  expect(new Checksums(true).isIntact(null, bytes)).toBe(false);
});
