/** Clocks that jump an hour ahead or back, and come right again. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Fact } from "../../src/protocol.ts";
import { guess, join, logOf, makeOrigin, play, publish, setClock, setPhase, shardOf } from "./workerd.ts";

const HOUR = 3_600_000;
const SECOND = 1_000;

let now = Date.now();

beforeAll(async () => {
  await makeOrigin();
  setClock(() => now);
});

const facts = (hunt: string): Promise<Fact[]> => logOf(hunt);

describe.each([HOUR, -HOUR])("a clock that jumps by %d ms", (jump) => {
  const hunt = jump > 0 ? "ahead" : "behind";

  test("[FAULT-10] order and cooldowns stay sane, and all is as usual within 30 s of its coming right", async () => {
    const limits = { burst: 2, refillPerMinute: 6, perClue: 0 };
    await publish(hunt, 10, { attempts: limits });
    await setPhase(hunt, "live");
    const team = await join(hunt, "one");
    const other = await join(hunt, "two");
    const wrong = (id: string) => play(team, guess(hunt, id, `wrong ${id}`, "a"));
    expect(await wrong("1")).toMatchObject([{ outcome: "incorrect" }]);

    now += jump;
    // While it is wrong: a cooldown is told by the same clock, and ends by it.
    expect(await wrong("2")).toMatchObject([{ outcome: "incorrect" }]);
    await wrong("3");
    const [held] = await wrong("4");
    expect(held).toMatchObject({ outcome: "cooldown" });
    expect(Date.parse(held?.retryAt ?? "") - now).toBeLessThanOrEqual(10 * SECOND);
    // What is solved by it opens what follows.
    expect(await play(other, guess(hunt, "5", "right", "a"))).toMatchObject([
      { outcome: "correct", unlocked: ["b"] },
    ]);
    const third = await join(hunt, "three");

    now -= jump;
    // Right again: nobody waits for the hour.
    now += 10 * SECOND;
    expect(await wrong("6")).toMatchObject([{ outcome: "incorrect" }]);
    expect(await shardOf(hunt).me(other.team.id, other.player.id)).toMatchObject({
      clues: [
        { id: "a", state: "solved" },
        { id: "b", state: "open" },
      ],
    });
    expect(await play(other, guess(hunt, "7", "right", "b"))).toMatchObject([{ outcome: "correct" }]);
    expect(await play(third, guess(hunt, "8", "right", "a"))).toMatchObject([{ outcome: "correct" }]);
    now += 20 * SECOND;
    expect(await play(team, guess(hunt, "9", "right", "a"))).toMatchObject([{ outcome: "correct" }]);
    expect(await play(team, guess(hunt, "10", "right", "b"))).toMatchObject([{ outcome: "correct" }]);

    const log = await facts(hunt);
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
    // Repeats are still repeats.
    expect(await play(other, guess(hunt, "5", "right", "a"))).toMatchObject([
      { outcome: "correct", duplicate: true },
    ]);
    expect(await shardOf(hunt).verify()).toMatchObject({ mismatches: [] });
  });
});

test("[SH-33] a clock that goes back by seconds stands still: times never go back in the log", async () => {
  await publish("skew");
  await setPhase("skew", "live");
  const team = await join("skew", "one");
  for (let step = 0; step < 10; step += 1) {
    now += step % 2 === 0 ? 3 * SECOND : -2 * SECOND;
    await play(team, guess("skew", `w${step}`));
  }
  const times = (await facts("skew")).map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(new Set(times).size).toBeGreaterThan(3);
});
