/** Snapshots of the standings whose tables are broken: they begin anew, and the object starts. */
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { StandingsRules } from "../../src/hunt/score.ts";
import { StoredView } from "../../src/leaderboard/stored-view.ts";
import { PersonKeys } from "../../src/people/keys.ts";
import { StoredText } from "../../src/stored-text.ts";
import { sqlOf } from "../shard/sql.ts";

const BLOCK = 4_096;

beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

test("[LOG-9] snapshots whose tables are broken are made again, and so is their key", () => {
  const database = new DatabaseSync(":memory:");
  database.exec("PRAGMA page_size = 4096");
  const sql = sqlOf(database);
  const texts = new StoredText(sql);
  void new StoredView(sql, texts);
  new PersonKeys(sql).renew(1);
  texts.write("marks", JSON.stringify({ v: 2, number: 1, freeze: null, marks: [] }));
  database
    .prepare("INSERT INTO snapshot (view, part, body, sum) VALUES ('all/1', 0, ?, 'wrong')")
    .run(new Uint8Array(300));
  const roots = database
    .prepare("SELECT name, rootpage FROM sqlite_master WHERE name IN ('snapshot', 'person_key')")
    .all();
  expect(roots).toHaveLength(2);
  const whole = database.serialize();
  let anew = 0;
  for (const { rootpage } of roots) {
    for (let bit = 0; bit < 12 * 8; bit += 1) {
      const bytes = new Uint8Array(whole);
      const at = (Number(rootpage) - 1) * BLOCK + (bit >> 3);
      bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7));
      const flipped = new DatabaseSync(":memory:");
      flipped.deserialize(bytes);
      const own = sqlOf(flipped);
      const view = new StoredView(own, new StoredText(own));
      expect(view.read({} as StandingsRules, undefined)).toBeUndefined();
      expect(new PersonKeys(own).renew(0)).toHaveLength(32);
      const aside = "SELECT 1 FROM sqlite_master WHERE name LIKE '%_broken_1'";
      anew += own.exec(aside).toArray().length;
      flipped.close();
    }
  }
  expect(anew).toBeGreaterThan(50);
});
