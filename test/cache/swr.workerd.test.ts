import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { lookupKey, type Profile, readRegistrationEntry } from "../../src/cache/entry.ts";
import { entryOf, type LookupDeps, Lookups } from "../../src/cache/swr.ts";

const LIVES = { fresh: 60_000, stale: 60_000, negative: 60_000 };
const LIMIT = 2_000;

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The real KV and timers; the origin takes `ms`. */
function deps(
  ms: number,
  value: Profile | null,
  later: (task: Promise<unknown>) => void,
): LookupDeps<Profile> {
  return {
    now: () => Date.now(),
    timer: (after) => {
      let handle: ReturnType<typeof setTimeout> | undefined;
      const done = new Promise<void>((resolve) => {
        handle = setTimeout(resolve, after);
      });
      return { done, cancel: () => clearTimeout(handle) };
    },
    readKv: (key) => env.CACHE.get(lookupKey(key)),
    writeKv: (key, text, expirationTtl) => env.CACHE.put(lookupKey(key), text, { expirationTtl }),
    load: async () => {
      await wait(ms);
      return value;
    },
    later,
    warn: () => undefined,
  };
}

function isolate() {
  const lookups = new Lookups<Profile>();
  const options = { lives: LIVES, limit: LIMIT, read: readRegistrationEntry };
  const tasks: Promise<unknown>[] = [];
  return {
    lookups,
    get: (
      key: string,
      ms: number,
      value: Profile | null = {},
      later: (task: Promise<unknown>) => void = (task) => tasks.push(task),
    ) => lookups.get(key, options, deps(ms, value, later)),
    settled: () => Promise.all(tasks),
  };
}

test("[CACHE-6] a request that dies while it looks up holds up nobody: another asks itself, within the limit", async () => {
  const { lookups, get, settled } = isolate();
  const stub = env.DIRECTORY.getByName("dies-mid-flight");
  // Another request of this isolate begins the look-up, and is ended before its origin answers.
  let hasBegun = false;
  const dying = (async () => {
    try {
      await runInDurableObject(stub, async (_object, state) => {
        void get("died", 200, { bracket: "dead" }, (task) => state.waitUntil(task));
        hasBegun = true;
        await wait(50);
        state.abort("the request dies");
        await wait(10_000);
      });
    } catch (error) {
      return String(error);
    }
    return "it lives";
  })();
  // No promise: one request may not end another's wait here.
  while (!hasBegun) await wait(5);
  const begun = Date.now();
  const answers = await Promise.all(Array.from({ length: 10 }, () => get("died", 10, { bracket: "alive" })));
  expect(Date.now() - begun).toBeLessThan(LIMIT);
  expect(new Set(answers.map((answer) => JSON.stringify({ ...answer, at: 0 })))).toEqual(
    new Set([JSON.stringify({ value: { bracket: "alive" }, at: 0 })]),
  );
  expect(await dying).toContain("the request dies");
  await settled();
  expect(lookups.counts).toMatchObject({ limited: 0, errors: 0, misses: 11 });
});

test("[CACHE-6] a request may wait for what another request of the isolate looks up", async () => {
  const { lookups, get, settled } = isolate();
  const stub = env.DIRECTORY.getByName("leads");
  const leading = runInDurableObject(stub, () => get("led", 100, { bracket: "led" }));
  await wait(20);
  expect(await get("led", 100, { bracket: "other" })).toMatchObject({ value: { bracket: "led" } });
  expect(await leading).toMatchObject({ value: { bracket: "led" } });
  await settled();
  expect(lookups.counts).toMatchObject({ misses: 2, limited: 0 });
});

test("[CACHE-5] a value that another isolate left in the real KV is used, a corrupt one is replaced", async () => {
  const first = isolate();
  await env.CACHE.put(
    lookupKey("kept"),
    JSON.stringify(entryOf<Profile>("kept", { locale: "de" }, Date.now(), LIVES)),
  );
  expect(await first.get("kept", 0)).toMatchObject({ value: { locale: "de" } });
  expect(first.lookups.counts).toMatchObject({ hits: 1, misses: 0 });

  await env.CACHE.put(lookupKey("torn"), '{"v":1');
  expect(await first.get("torn", 0, null)).toMatchObject({ value: null });
  await first.settled();
  expect(first.lookups.counts).toMatchObject({ ignored: 1, misses: 1 });
  expect(readRegistrationEntry("torn", await env.CACHE.get(lookupKey("torn")), Date.now())?.value).toBeNull();
});

test("[CACHE-7] a silent origin costs a player the limit and no more", async () => {
  const { lookups, get } = isolate();
  const begun = Date.now();
  expect(await get("silent", 12_000)).toEqual({ failed: "limited" });
  const took = Date.now() - begun;
  expect(took).toBeGreaterThanOrEqual(LIMIT - 5);
  expect(took).toBeLessThan(10_000);
  expect(lookups.counts).toMatchObject({ limited: 1, misses: 1 });
});
