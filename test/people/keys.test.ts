/** Keys of persons: given once, deleted for good, and what they sealed is noise then. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { PersonKeys, ROW_KEYS } from "../../src/people/keys.ts";
import { seal, unseal } from "../../src/people/seal.ts";
import { sqlOf } from "../shard/sql.ts";

let folder: string;
let path: string;
let database: DatabaseSync;
const open = () => new PersonKeys(sqlOf(database));
const keyAt = (keys: PersonKeys, slot: number) => Buffer.from(keys.at(slot) as Uint8Array);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hunt-keys-"));
  path = join(folder, "k.sqlite");
  database = new DatabaseSync(path);
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

describe("[PD-6] keys of persons", () => {
  test("are given once, also after starts, and stay as they are", () => {
    let keys = open();
    expect(keys.isNew).toBe(true);
    const given = new Map<number, Buffer>();
    for (let count = 0; count < 3 * ROW_KEYS; count += 1) {
      const slot = keys.give();
      expect(given.has(slot)).toBe(false);
      given.set(slot, keyAt(keys, slot));
      if (count % 50 === 7) keys = open();
    }
    expect(new Set([...given.values()].map((key) => key.toString("hex"))).size).toBe(given.size);
    keys = open();
    expect(keys.isNew).toBe(false);
    for (const [slot, key] of given) expect(keyAt(keys, slot)).toEqual(key);
  });

  test("a start wastes few of them", () => {
    for (let starts = 0; starts < 10; starts += 1) open().give();
    expect(open().give()).toBeLessThanOrEqual(80);
  });

  test("no byte of a deleted key is left in the file, without compacting it", () => {
    const keys = open();
    const given = Array.from({ length: 500 }, () => keys.give());
    const bytes = given.map((slot) => keyAt(keys, slot));
    const found = () => {
      const file = readFileSync(path);
      return bytes.filter((key) => file.includes(key.subarray(0, 16)) || file.includes(key.subarray(16)));
    };
    expect(found()).toHaveLength(500);
    // One by one, and many at once.
    keys.delete(given.slice(0, 1));
    keys.delete(given.slice(1, 499));
    expect(found()).toEqual(bytes.slice(499));
    for (const slot of given.slice(0, 499)) expect(keys.at(slot)).toBe("deleted");
    expect(open().at(given[3] ?? -1)).toBe("deleted");
    expect(keyAt(open(), given[499] ?? -1)).toEqual(bytes[499]);
    const renewed = Buffer.from(keys.renew(given[499] ?? -1));
    expect(found()).toEqual([]);
    expect(keyAt(open(), given[499] ?? -1)).toEqual(renewed);
  });

  test("[PD-11] all that were given but those in use are deleted; those to be given are good", () => {
    let keys = open();
    const given = Array.from({ length: ROW_KEYS + 10 }, () => keys.give());
    const bytes = given.map((slot) => keyAt(keys, slot));
    const inUse = new Set(given.filter((slot) => slot % 3 === 0));
    const check = () => {
      for (const slot of given) {
        if (inUse.has(slot)) expect(keyAt(keys, slot)).toEqual(bytes[slot]);
        else expect(keys.at(slot)).toBe("deleted");
      }
    };
    keys.keepOnly(inUse);
    check();
    expect(keys.at(keys.give())).toBeInstanceOf(Uint8Array);
    keys = open();
    keys.keepOnly(inUse);
    check();
    for (let count = 0; count < ROW_KEYS; count += 1) {
      expect(keys.at(keys.give())).toBeInstanceOf(Uint8Array);
    }
  });

  test("a key that is lost is not one that was deleted; a flipped bit is put right", () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const keys = open();
    const slot = keys.give();
    const key = keyAt(keys, slot);
    const row = Buffer.from(
      (database.prepare("SELECT keys FROM person_key WHERE id = 0").get() as { keys: Uint8Array }).keys,
    );
    const at = row.indexOf(key);
    row[at + 5] = (row[at + 5] as number) ^ 8;
    database.prepare("UPDATE person_key SET keys = ?").run(row);
    expect(keyAt(open(), slot)).toEqual(key);
    // A flipped bit in the head of the row: of another type, or of another length.
    database.exec("UPDATE person_key SET keys = CAST(keys AS TEXT)");
    expect(keyAt(open(), slot)).toEqual(key);
    database.exec("UPDATE person_key SET keys = CAST(substr(keys, 2) AS BLOB)");
    expect(open().at(slot)).toBeUndefined();
    database.exec("DELETE FROM person_key");
    expect(open().at(slot)).toBeUndefined();
  });

  test("a bit of their sum is put right, once; of a type that is none any more they are read as bytes", () => {
    const told = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const keys = open();
    const slot = keys.give();
    const key = keyAt(keys, slot);
    for (const change of ["sum = char(unicode(sum) ^ 1) || substr(sum, 2)", "keys = CAST(keys AS TEXT)"]) {
      database.exec(
        `UPDATE person_key SET ${change.replace("unicode(sum) ^ 1", "(unicode(sum) | 1) - (unicode(sum) & 1)")}`,
      );
      expect(keyAt(open(), slot)).toEqual(key);
    }
    expect(told).toHaveBeenCalledTimes(1);
  });

  test("where rows are lost, none of theirs is given again", () => {
    const keys = open();
    for (let count = 0; count < ROW_KEYS + 3; count += 1) keys.give();
    database.exec("UPDATE person_key SET keys = x'00' WHERE id = 1");
    expect(open().give()).toBeGreaterThanOrEqual(2 * ROW_KEYS);
    database.exec("DELETE FROM person_key");
    expect(new PersonKeys(sqlOf(database), () => true).give()).toBeGreaterThan(ROW_KEYS * 1_000_000);
  });

  test("open what they sealed and nothing else", () => {
    const keys = open();
    const [one, other] = [keys.give(), keys.give()];
    const sealed = seal(keyAt(keys, one), "Ada ŏ😀");
    expect(sealed).not.toContain("Ada");
    expect(seal(keyAt(keys, one), "Ada ŏ😀")).not.toBe(sealed);
    expect(unseal(keyAt(keys, one), sealed)).toBe("Ada ŏ😀");
    expect(unseal(keyAt(keys, other), sealed)).toBeUndefined();
    expect(unseal(keyAt(keys, one), sealed.slice(0, -2))).toBeUndefined();
    expect(unseal(keyAt(keys, one), "")).toBeUndefined();
  });
});
