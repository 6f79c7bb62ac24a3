/** Entries in KV: those of test/fixtures/stored/kv are read for good; the folder only grows. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  boardKey,
  lookupKey,
  publicKey,
  readBoardEntry,
  readPublicEntry,
  readRegistrationEntry,
} from "../../src/cache/entry.ts";

const FOLDER = join(import.meta.dirname, "../fixtures/stored/kv");
const NOW = 1_800_000_200_000;

interface Fixture {
  key: string;
  /** The entry; its JSON is KV's text. */
  value: { v: number };
}

/** Reads the text under a key as its reader does. */
function read(key: string, text: string): unknown {
  const [kind, rest = ""] = key.split("/");
  switch (kind) {
    case "hunt":
      expect(publicKey(rest)).toBe(key);
      return readPublicEntry(rest, text);
    case "board":
      expect(boardKey(rest)).toBe(key);
      return readBoardEntry(rest, text);
    case "registration":
      expect(lookupKey(rest)).toBe(key);
      return readRegistrationEntry(rest, text, NOW);
    default:
      throw new Error(`nobody reads ${key}`);
  }
}

describe("[CACHE-1] an entry in KV", () => {
  test.each(readdirSync(FOLDER))("%s is read, and of a newer form ignored", (name) => {
    const { key, value }: Fixture = JSON.parse(readFileSync(join(FOLDER, name), "utf8"));
    expect(read(key, JSON.stringify(value))).toEqual(value);
    expect(read(key, JSON.stringify({ ...value, v: value.v + 1 }))).toBeUndefined();
  });
});
