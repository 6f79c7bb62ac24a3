/** What earlier versions stored of a hunt opens. The folder only grows. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { readState } from "../../src/control/state.ts";
import { StoredText } from "../../src/stored-text.ts";
import { control, outcomeOf } from "../shard/workerd.ts";

interface Stored {
  about: string;
  /** The object's texts by name. */
  texts: { state: string; definition: string; withdrawn?: string; codes?: string };
  expected: {
    entry: object;
    shards: string[];
    seed?: string;
    withdrawn?: object[];
    /** Their texts, the newest first. */
    announcements?: string[];
    /** Ids of those that were taken back. */
    takenBack?: string[];
    /** The codes to print. */
    codes?: string[];
    /** In which it is stored again; absent: 2. */
    form?: number;
  };
}

const files = import.meta.glob<string>("../fixtures/stored/control/*.json", {
  query: "?raw",
  import: "default",
  eager: true,
});
const stored = Object.entries(files).map(([path, text], index) => ({
  path,
  index,
  ...(JSON.parse(text) as Stored),
}));

test("there are stored hunts to open", () => expect(stored.length).toBeGreaterThan(2));

test.each(stored)("[CTRL-4] $path opens", async ({ index, texts, expected }) => {
  const hunt = `stored-${index}`;
  await runInDurableObject(control(hunt), (_, state) => {
    const writer = new StoredText(state.storage.sql);
    for (const [name, text] of Object.entries(texts)) writer.write(name, text);
  });
  await outcomeOf(() => runInDurableObject(control(hunt), (_, state) => state.abort("restarted by a test")));
  expect(await control(hunt).publicEntry()).toMatchObject(expected.entry);
  expect(await control(hunt).definition()).toMatchObject({ source: texts.definition });
  expect(await control(hunt).shards()).toEqual(expected.shards);
  const { seed } = expected;
  if (seed !== undefined) expect(await control(hunt).drawSeed()).toEqual({ seed });
  expect(await control(hunt).vaultConfig()).toMatchObject({ seed: seed ?? expect.any(String) });
  const { withdrawn, announcements, takenBack, codes } = expected;
  if (codes) {
    const told = await control(hunt).codes();
    expect(Array.isArray(told) && told.map(({ code }) => code)).toEqual(codes);
  }
  const config = await control(hunt).attach("weur-0");
  expect("compiled" in config ? config.compiled?.withdrawn : "refused").toEqual(withdrawn);
  expect("takenBack" in config ? config.takenBack : undefined).toEqual(takenBack);
  if (announcements) {
    const page = await control(hunt).announcements({ limit: 10 });
    expect("announcements" in page && page.announcements.map((each) => each.text)).toEqual(announcements);
  }
  // It goes on: a change is stored in this engine's form.
  await control(hunt).grow(20, { actor: "organiser", request: "r-1" });
  const text = await runInDurableObject(control(hunt), (_, state) =>
    new StoredText(state.storage.sql).read("state"),
  );
  expect(JSON.parse(text ?? "")).toMatchObject({ v: expected.form ?? 2, shardsPerRegion: 20 });
});

test("[CTRL-4] a form that only a newer engine knows is refused, and says so", () => {
  const text = JSON.stringify({ v: 6, revision: 1 });
  expect(() => readState(text)).toThrow(
    "the hunt's state is of form 6, written by a newer engine: this one reads up to 5",
  );
});
