/** Long texts in rows of an object's SQLite. */
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { StoredText } from "../src/stored-text.ts";
import { sqlOf } from "./shard/sql.ts";

test.each([0, 1, 599_999, 600_000, 1_199_999])(
  "[STORE-3] a text comes back as it was, whatever stands where its rows are cut (%i)",
  (before) => {
    const texts = new StoredText(sqlOf(new DatabaseSync(":memory:")));
    const text = `${"x".repeat(before)}${"\u{1f9ed}".repeat(350_000)}`;
    texts.write("definition", text);
    expect(texts.read("definition") === text).toBe(true);
    texts.write("definition", "");
    expect(texts.read("definition")).toBe("");
  },
);
