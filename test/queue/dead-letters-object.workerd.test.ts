/** Stored dead letters: those of test/fixtures/stored/dead-letters are read for good; the folder only grows. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";

const FIXTURES = import.meta.glob<string>("../fixtures/stored/dead-letters/*.json", {
  query: "?raw",
  import: "default",
  eager: true,
});

interface Fixture {
  rows: Record<string, SqlStorageValue>[];
  /** The result of `list`. */
  read: object;
}

test.each(Object.entries(FIXTURES))("%s is listed and can be sent again", async (name, text) => {
  const { rows, read }: Fixture = JSON.parse(text);
  const letters = () => env.DEAD_LETTERS.getByName(`stored ${name}`);
  // The object makes its tables.
  await letters().list();
  await runInDurableObject(letters(), (_, { storage }) => {
    for (const row of rows) {
      const columns = Object.keys(row);
      storage.sql.exec(
        `INSERT INTO letter (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
        ...Object.values(row),
      );
    }
  });
  await evictDurableObject(letters());
  expect(await letters().list()).toEqual(read);
  expect(await letters().redrive()).toBe(rows.length);
  expect(await letters().list()).toEqual({ letters: [], total: 0 });
});

test("letters are stored today as in letters-1.json", async () => {
  const { rows }: Fixture = JSON.parse(FIXTURES["../fixtures/stored/dead-letters/letters-1.json"] ?? "");
  const letters = env.DEAD_LETTERS.getByName("stored today");
  for (const { deaths, shard, first, last, ...row } of rows) {
    const letter = { ...row, ...(shard === null ? {} : { shard, first, last }) };
    for (let death = 0; death < Number(deaths); death += 1) {
      await letters.store(letter as unknown as Parameters<typeof letters.store>[0]);
    }
  }
  const stored = await runInDurableObject(letters, (_, { storage }) =>
    storage.sql.exec("SELECT * FROM letter ORDER BY id").toArray(),
  );
  expect(stored).toEqual(rows);
});
