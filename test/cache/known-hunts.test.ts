/** [SEC-60] What a flood of unknown names costs the one directory. */
import { beforeEach, expect, test, vi } from "vitest";
import { exists, forgetList, isKnown } from "../../src/cache/known-hunts.ts";
import type { Env } from "../../src/objects/env.ts";

/** A directory that takes a moment to respond; it sends its list only to those who have another. */
class Directory {
  readonly hunts = new Set<string>();
  calls = 0;
  lists = 0;
  away = false;

  get env(): Pick<Env, "DIRECTORY"> {
    const known = async (mark: string | undefined) => {
      this.calls += 1;
      if (this.away) throw Object.assign(new Error("away"), { retryable: true });
      const present = { mark: `m${this.hunts.size}`, hunts: [...this.hunts] };
      await new Promise((done) => setTimeout(done, 20));
      if (mark === present.mark) return { mark };
      this.lists += 1;
      return present;
    };
    return { DIRECTORY: { getByName: () => ({ known }) } } as unknown as Pick<Env, "DIRECTORY">;
  }
}

let directory: Directory;
beforeEach(async () => {
  directory = new Directory();
  // Also what an earlier test left in the isolate's memory.
  directory.hunts.add("old");
  forgetList();
  await exists(directory.env, "none", true);
  directory.calls = 0;
  directory.lists = 0;
  forgetList();
});

test("[SEC-60] ten thousand names at once and one after the other are one call", async () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `guess-${index}`);
  const found = await Promise.all(names.map((name) => exists(directory.env, name, false)));
  for (const name of names.slice(0, 1_000)) found.push(await exists(directory.env, name, false));
  expect(found.every((one) => !one)).toBe(true);
  expect(directory.calls).toBe(1);
  expect(directory.lists, "the list had not changed").toBe(0);
  expect(isKnown("guess-1", Date.now())).toBe(false);
  expect(isKnown("guess-1", Date.now() + 1_001), "only for a second").toBeUndefined();
});

test("[SEC-60] a new hunt is found at once by who has a token, by others when the list is a second old", async () => {
  expect(await exists(directory.env, "new", false)).toBe(false);
  directory.hunts.add("new");
  expect(await exists(directory.env, "new", false)).toBe(false);
  vi.useFakeTimers({ now: Date.now() + 1_001, toFake: ["Date"] });
  try {
    expect(await exists(directory.env, "new", false)).toBe(true);
  } finally {
    vi.useRealTimers();
  }
  directory.hunts.add("newer");
  expect(await exists(directory.env, "newer", true)).toBe(true);
  directory.hunts.add("newest");
  forgetList();
  expect(await exists(directory.env, "newest", false), "published in this isolate").toBe(true);
});

test("[SEC-60] a list that was on its way when a hunt was published does not hide it", async () => {
  const asking = exists(directory.env, "late", false);
  directory.hunts.add("late");
  forgetList();
  expect(await asking, "as of then").toBe(false);
  expect(await exists(directory.env, "late", false)).toBe(true);
});

test("[SEC-60] a directory that is away is no answer: neither yes nor no", async () => {
  directory.away = true;
  await expect(exists(directory.env, "lost", false)).rejects.toMatchObject({ code: "unavailable" });
  expect(await exists(directory.env, "old", false), "known before").toBe(true);
  directory.away = false;
  expect(await exists(directory.env, "lost", false)).toBe(false);
});
