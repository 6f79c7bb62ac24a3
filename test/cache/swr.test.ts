import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { type Profile, readRegistrationEntry } from "../../src/cache/entry.ts";
import { entryOf, judge, type Lives, type LookupDeps, Lookups } from "../../src/cache/swr.ts";

const LIVES: Lives = { fresh: 1_000, stale: 10_000, negative: 100 };
const LIMIT = 40;
const T0 = 1_750_000_000_000;

describe("[CACHE-3] what an entry is worth", () => {
  const positive = entryOf<Profile>("k", {}, T0, LIVES);
  const negative = entryOf<Profile>("k", null, T0, LIVES);
  test.each([
    ["just looked up", positive, 0, "fresh"],
    ["at the end of its freshness", positive, 999, "fresh"],
    ["a moment later", positive, 1_000, "stale"],
    ["at the end of its use", positive, 10_999, "stale"],
    ["after it", positive, 11_000, "gone"],
    ["nothing found", negative, 99, "fresh"],
    ["nothing found, long ago: never stale", negative, 100, "gone"],
    ["written by a clock a little ahead", positive, -5_000, "fresh"],
    ["from the future", positive, -5_001, "gone"],
  ] as const)("%s", (_, entry, after, worth) => {
    expect(judge(entry, T0 + after, LIVES)).toBe(worth);
  });

  test("shorter lives hold at once, longer ones do not revive what was written before", () => {
    expect(judge(positive, T0 + 500, { ...LIVES, fresh: 400 })).toBe("stale");
    expect(judge(positive, T0 + 500, { fresh: 200, stale: 200, negative: 0 })).toBe("gone");
    expect(judge(negative, T0 + 50, { ...LIVES, negative: 40 })).toBe("gone");
    expect(judge(positive, T0 + 11_000, { fresh: 99_999, stale: 99_999, negative: 0 })).toBe("gone");
  });

  test("only falls with time, and a negative is never stale", () => {
    const ms = fc.nat(100_000);
    const lives = fc.record({ fresh: ms, stale: ms, negative: ms });
    const order = ["fresh", "stale", "gone"];
    fc.assert(
      fc.property(lives, lives, fc.boolean(), ms, ms, (made, today, found, one, two) => {
        const entry = entryOf<Profile>("k", found ? {} : null, T0, made);
        const [early, late] = [Math.min(one, two), Math.max(one, two)];
        const [before, after] = [judge(entry, T0 + early, today), judge(entry, T0 + late, today)];
        expect(order.indexOf(after)).toBeGreaterThanOrEqual(order.indexOf(before));
        if (!found) expect(before).not.toBe("stale");
      }),
    );
  });
});

/** One isolate with a KV and an origin whose behaviour each test chooses. */
class World {
  now = T0;
  kv = new Map<string, string>();
  ttls: number[] = [];
  origin = new Map<string, Profile>();
  loads = 0;
  kvReads = 0;
  warnings: string[] = [];
  tasks: Promise<unknown>[] = [];
  lookups = new Lookups<Profile>();
  lives = LIVES;
  /** What happens before the origin answers; resolves to let it. */
  originDoes: () => Promise<void> = async () => undefined;
  kvDoes: () => Promise<void> = async () => undefined;

  deps(key: string): LookupDeps<Profile> {
    return {
      now: () => this.now,
      timer: (ms) => {
        let handle: NodeJS.Timeout | undefined;
        const until = this.now + ms;
        const done = new Promise<void>((resolve) => {
          handle = setTimeout(() => {
            this.now = Math.max(this.now, until);
            resolve();
          }, ms);
        });
        return { done, cancel: () => clearTimeout(handle) };
      },
      readKv: async (read) => {
        this.kvReads += 1;
        await this.kvDoes();
        return this.kv.get(read) ?? null;
      },
      writeKv: async (written, text, ttl) => {
        await this.kvDoes();
        this.kv.set(written, text);
        this.ttls.push(ttl);
      },
      load: async () => {
        this.loads += 1;
        await this.originDoes();
        return this.origin.get(key) ?? null;
      },
      later: (task) => this.tasks.push(task),
      warn: (message) => this.warnings.push(message),
    };
  }

  get(key: string, deps: Partial<LookupDeps<Profile>> = {}) {
    const options = { lives: this.lives, limit: LIMIT, read: readRegistrationEntry };
    return this.lookups.get(key, options, { ...this.deps(key), ...deps });
  }

  /** Waits for everything that goes on after the answers. */
  async settled(): Promise<void> {
    await Promise.all(this.tasks);
  }

  /** Another isolate on the same KV. */
  restart(): void {
    this.lookups = new Lookups<Profile>();
  }
}

const dead = async (): Promise<never> => {
  throw new Error("the origin is away");
};
const silent = (): Promise<never> => new Promise(() => undefined);

let world: World;
beforeEach(() => {
  world = new World();
  world.origin.set("ann", { bracket: "locals" });
});

describe("[CACHE-4] a look-up", () => {
  test("asks memory, then KV, then the origin", async () => {
    expect(await world.get("ann")).toEqual({ value: { bracket: "locals" }, at: T0 });
    await world.settled();
    expect(await world.get("ann")).toEqual({ value: { bracket: "locals" }, at: T0 });
    expect([world.loads, world.kvReads]).toEqual([1, 1]);
    world.restart();
    world.now += 500;
    expect(await world.get("ann")).toEqual({ value: { bracket: "locals" }, at: T0 });
    expect([world.loads, world.kvReads]).toEqual([1, 2]);
    expect(world.lookups.counts).toMatchObject({ hits: 1, misses: 0 });
  });

  test("keeps for a while that there is none", async () => {
    expect(await world.get("eve")).toEqual({ value: null, at: T0 });
    await world.settled();
    world.now += 99;
    expect(await world.get("eve")).toEqual({ value: null, at: T0 });
    expect(world.lookups.counts).toMatchObject({ negative: 1, misses: 1 });
    expect(world.ttls).toEqual([60]); // the least KV takes
    world.origin.set("eve", {});
    world.now += 1;
    expect(await world.get("eve")).toMatchObject({ value: {} });
  });

  test("gives an old answer at once while one request renews it", async () => {
    await world.get("ann");
    await world.settled();
    world.now += 1_000;
    world.origin.set("ann", { bracket: "visitors" });
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.get("ann")));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toEqual({ value: { bracket: "locals" }, at: T0 });
    await world.settled();
    expect(world.loads).toBe(2);
    expect(world.lookups.counts).toMatchObject({ stale: 20, misses: 1 });
    expect(await world.get("ann")).toMatchObject({ value: { bracket: "visitors" } });
  });

  test("gives an old answer of KV at once, too", async () => {
    await world.get("ann");
    await world.settled();
    world.restart();
    world.now += 5_000;
    world.originDoes = silent;
    expect(await world.get("ann")).toEqual({ value: { bracket: "locals" }, at: T0 });
    expect(world.lookups.counts).toMatchObject({ stale: 1, misses: 0 });
  });

  test("uses an old answer as long as the origin is away, and not for ever", async () => {
    await world.get("ann");
    await world.settled();
    world.originDoes = dead;
    for (const after of [1_000, 5_000, 10_999]) {
      world.now = T0 + after;
      expect(await world.get("ann")).toEqual({ value: { bracket: "locals" }, at: T0 });
      await world.settled();
    }
    world.now = T0 + 11_000;
    expect(await world.get("ann")).toEqual({ failed: "error" });
    expect(world.lookups.counts).toMatchObject({ errors: 4, stale: 3 });
  });

  test("does not keep what may not be kept", async () => {
    world.lives = { fresh: 0, stale: 0, negative: 0 };
    await world.get("ann");
    await world.get("eve");
    await world.settled();
    expect(world.kv.size).toBe(0);
    await world.get("ann");
    expect(world.loads).toBe(3);
  });
});

describe("[CACHE-5] a wrong value in KV", () => {
  test.each([
    ["corrupt", "{"],
    ["alien", JSON.stringify({ v: 1, hunt: "x", at: T0 })],
    ["of another key", JSON.stringify(entryOf("eve", {}, T0, LIVES))],
    ["from the future", JSON.stringify(entryOf("ann", {}, T0 + 3_600_000, LIVES))],
  ])("%s is ignored, counted and replaced", async (_, text) => {
    world.kv.set("ann", text);
    expect(await world.get("ann")).toMatchObject({ value: { bracket: "locals" } });
    await world.settled();
    expect(world.lookups.counts).toMatchObject({ ignored: 1, misses: 1 });
    expect(readRegistrationEntry("ann", world.kv.get("ann") ?? null, world.now)).toBeDefined();
  });

  test("a KV that fails or hangs only costs time", async () => {
    world.kvDoes = dead;
    expect(await world.get("ann")).toMatchObject({ value: {} });
    await world.settled();
    expect(world.warnings).toEqual(["KV could not be read", "KV could not be written"]);
    world.restart();
    world.kvDoes = silent;
    expect(await world.get("ann")).toMatchObject({ value: {} });
    expect(world.now - T0).toBeLessThan(LIMIT);
  });
});

describe("[CACHE-6] many requests at once", () => {
  test("ask the origin once", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => world.get("ann")));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect([world.loads, world.kvReads]).toEqual([1, 1]);
    expect(world.lookups.counts.misses).toBe(50);
  });

  test("are not held up by one that died: one of them asks anew", async () => {
    // The leader's I/O ends with its request: nothing it awaits ever settles.
    void world.get("ann", {
      readKv: silent,
      load: silent,
      timer: () => ({ done: silent(), cancel: () => undefined }),
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.get("ann")));
    for (const answer of answers) expect(answer).toMatchObject({ value: { bracket: "locals" } });
    expect(world.loads).toBe(1);
    expect(world.lookups.counts.limited).toBe(0);
  });

  test("an asking that never ends is given up on", async () => {
    void world.get("ann", {
      readKv: silent,
      load: silent,
      timer: () => ({ done: silent(), cancel: () => undefined }),
    });
    world.now += 5_000;
    expect(await world.get("ann")).toMatchObject({ value: { bracket: "locals" } });
    expect(world.now).toBe(T0 + 5_000);
  });
});

describe("[CACHE-7] a player", () => {
  test("never waits longer than the limit, and what comes later is kept", async () => {
    let answer: () => void = () => undefined;
    world.originDoes = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    expect(await world.get("ann")).toEqual({ failed: "limited" });
    expect(world.now - T0).toBe(LIMIT);
    answer();
    await world.settled();
    expect(await world.get("ann")).toMatchObject({ value: { bracket: "locals" } });
    expect(world.lookups.counts).toMatchObject({ limited: 1, misses: 1, hits: 1 });
  });

  test("is told at once that the origin is away", async () => {
    world.originDoes = dead;
    expect(await world.get("ann")).toEqual({ failed: "error" });
    expect(world.now).toBe(T0);
    world.originDoes = async () => undefined;
    expect(await world.get("ann")).toMatchObject({ value: {} });
  });

  test("whatever KV and origin do: an answer is the origin's of some time, or none", async () => {
    const doing = fc.constantFrom(async () => undefined, dead, silent);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ kv: doing, origin: doing, after: fc.nat(15_000), registered: fc.boolean() }), {
          maxLength: 6,
        }),
        async (steps) => {
          const run = new World();
          const said: { value: Profile | null; at: number }[] = [];
          for (const { kv, origin, after, registered } of steps) {
            run.now += after;
            if (registered) run.origin.set("ann", {});
            else run.origin.delete("ann");
            run.kvDoes = kv;
            run.originDoes = origin;
            const begun = run.now;
            const deps = run.deps("ann");
            const load = async () => {
              const value = await deps.load();
              said.push({ value, at: run.now });
              return value;
            };
            const found = await run.get("ann", { load });
            expect(run.now - begun).toBeLessThanOrEqual(LIMIT);
            if ("failed" in found) continue;
            expect(said).toContainEqual(found);
            const life = found.value === null ? LIVES.negative : LIVES.fresh + LIVES.stale;
            expect(run.now - found.at).toBeLessThan(life);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

test("[CACHE-8] an isolate keeps a bounded number of answers, the lately used ones", async () => {
  for (let index = 0; index < 5_001; index += 1) {
    await world.get(`p${index}`);
    if (index % 500 === 0) world.kv.clear();
    world.now = T0;
    await world.get("ann");
  }
  world.kv.clear();
  const { loads } = world;
  await world.get("ann");
  await world.get("p5000");
  expect(world.loads).toBe(loads);
  await world.get("p0");
  expect(world.loads).toBe(loads + 1);
});
