import { describe, expect, test, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { RankCache } from "../../src/shard/ranks.ts";

/** Standings that respond when told to, and a clock that is moved by hand. */
function standings() {
  const asked: string[][] = [];
  const answers: { resolve(ranks: (number | null)[]): void; reject(error: Error): void }[] = [];
  const clock = { ...systemClock, at: 0, now: () => clock.at };
  const cache = new RankCache<number>(clock, (teams) => {
    asked.push(teams);
    return new Promise((resolve, reject) => {
      answers.push({ resolve, reject });
    });
  });
  return { asked, answers, cache, clock };
}

/** Lets everything that is ready go on. */
const settle = () => new Promise((done) => setImmediate(done));

describe("ranks", () => {
  test("[REP-20] teams that ask during a question gather for the next one", async () => {
    const { asked, answers, cache } = standings();
    const a = cache.rankOf("a");
    const rest = ["b", "c", "b"].map((team) => cache.rankOf(team));
    expect(asked).toEqual([["a"]]);
    answers[0]?.resolve([7]);
    expect(await a).toBe(7);
    await settle();
    expect(asked).toEqual([["a"], ["b", "c"]]);
    answers[1]?.resolve([3, null]);
    expect(await Promise.all(rest)).toEqual([3, null, 3]);
  });

  test("[REP-20] a rank is told again for a second, then asked anew", async () => {
    const { asked, answers, cache, clock } = standings();
    const first = cache.rankOf("a");
    answers[0]?.resolve([7]);
    expect(await first).toBe(7);
    clock.at = 999;
    expect(await cache.rankOf("a")).toBe(7);
    clock.at = 1_000;
    const second = cache.rankOf("a");
    answers[1]?.resolve([8]);
    expect(await second).toBe(8);
    expect(asked).toHaveLength(2);
  });

  test("[REP-21] standings that fail or do not answer cost half a second and the rank, nothing else", async () => {
    const failed = standings();
    const rank = failed.cache.rankOf("a");
    failed.answers[0]?.reject(new Error("away"));
    expect(await rank).toBeUndefined();
    vi.useFakeTimers();
    const silent = standings();
    const waiting = silent.cache.rankOf("a");
    await vi.advanceTimersByTimeAsync(500);
    expect(await waiting).toBeUndefined();
    vi.useRealTimers();
  });

  test("[REP-21] after a failure the next question goes out", async () => {
    const { asked, answers, cache, clock } = standings();
    const first = cache.rankOf("a");
    answers[0]?.reject(new Error("away"));
    await first;
    clock.at = 10;
    const second = cache.rankOf("a");
    answers[1]?.resolve([4]);
    expect(await second).toBe(4);
    expect(asked).toEqual([["a"], ["a"]]);
  });

  test("[SEC-37] a rank noted by a clock that was an hour ahead is asked anew", async () => {
    const { asked, answers, cache, clock } = standings();
    clock.at = 3_600_000;
    const first = cache.rankOf("a");
    answers[0]?.resolve([7]);
    expect(await first).toBe(7);
    clock.at = 0;
    const second = cache.rankOf("a");
    answers[1]?.resolve([8]);
    expect(await second).toBe(8);
    expect(asked).toHaveLength(2);
  });
});
