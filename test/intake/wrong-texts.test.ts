import { describe, expect, test, vi } from "vitest";
import { WrongTexts } from "../../src/intake/wrong-texts.ts";
import type { Command, Result } from "../../src/protocol.ts";

const T0 = Date.UTC(2026, 11, 1, 18);
const MINUTE = 60_000;

const guess = (text: string, clue = "pin"): Command & { type: "answer" } => ({
  id: text,
  type: "answer",
  clue,
  answer: text,
  digests: { letters: text },
  pepper: "p1",
});

const scanned = (code: string): Command & { type: "scan" } => ({
  id: code,
  type: "scan",
  code,
  codeDigest: code,
  pepper: "p1",
});

const resultsOf = (commands: readonly Command[], outcome: Result["outcome"]): Result[] =>
  commands.map(({ id }) => ({ id, outcome }));

/** Sends commands from `network` that all come to `outcome`; whether each was held. */
async function send(
  wrong: WrongTexts,
  commands: Command[],
  { network = "school", outcome = "incorrect" as Result["outcome"], now = T0 } = {},
): Promise<(number | undefined)[]> {
  const reserved = wrong.reserve("h", network, commands, now);
  const held = commands.map((command) => ("heldUntil" in command ? command.heldUntil : undefined));
  await wrong.settle(
    reserved,
    commands.map(({ id }, index) => ({ id, outcome: held[index] === undefined ? outcome : "cooldown" })),
  );
  return held;
}

const texts = (count: number, from = 0): Command[] =>
  Array.from({ length: count }, (_, index) => guess(`${from + index}`));

describe("[SEC-41] wrong texts of an address", () => {
  test("beyond the rate every answer to the clue from there is held until the minute ends, no other", async () => {
    const wrong = new WrongTexts(10, async () => true);
    expect(await send(wrong, texts(10))).toEqual(Array(10).fill(undefined));
    expect(await send(wrong, [guess("right"), guess("0")], { now: T0 + 1_000 })).toEqual([
      T0 + MINUTE,
      T0 + MINUTE,
    ]);
    expect(await send(wrong, [guess("right")], { network: "home" })).toEqual([undefined]);
    expect(await send(wrong, [guess("0", "other")])).toEqual([undefined]);
    expect(await send(wrong, [scanned("x")])).toEqual([undefined]);
    expect(await send(wrong, [guess("right")], { now: T0 + MINUTE })).toEqual([undefined]);
  });

  test("the same text counts once, right and other answers not at all", async () => {
    const wrong = new WrongTexts(10, async () => true);
    for (let team = 0; team < 50; team += 1) await send(wrong, [guess("popular")]);
    for (const outcome of ["correct", "nudge", "already_solved", "cooldown", "locked"] as const) {
      await send(wrong, texts(9, 100), { outcome });
    }
    expect(wrong.size).toBe(1);
    expect(await send(wrong, texts(9))).toEqual(Array(9).fill(undefined));
    expect(await send(wrong, [guess("more")])).toEqual([T0 + MINUTE]);
  });

  test("what a team gave before counts not at all", async () => {
    const wrong = new WrongTexts(10, async () => true);
    for (let minute = 0; minute < 2; minute += 1) {
      const commands = texts(10);
      const reserved = wrong.reserve("h", "school", commands, T0 + minute);
      await wrong.settle(
        reserved,
        commands.map(({ id }) => ({ id, outcome: "incorrect", repeated: true })),
      );
      expect(wrong.size).toBe(0);
    }
    expect(await send(wrong, texts(10, 50))).toEqual(Array(10).fill(undefined));
  });

  test("guesses sent at the same time do not pass together; those held by the crowd wait a moment only", async () => {
    const wrong = new WrongTexts(10, async () => true);
    const requests = Array.from({ length: 40 }, (_, index) => [guess(`${index}`)]);
    const reserved = requests.map((commands) => wrong.reserve("h", "school", commands, T0));
    const held = requests.map(([command]) => command?.heldUntil);
    expect(held.slice(0, 10)).toEqual(Array(10).fill(undefined));
    expect(held.slice(10)).toEqual(Array(30).fill(T0 + 1_000));
    for (const [index, each] of reserved.entries()) {
      await wrong.settle(each, resultsOf(requests[index] ?? [], index < 5 ? "incorrect" : "cooldown"));
    }
    expect(await send(wrong, texts(5, 100))).toEqual(Array(5).fill(undefined));
    expect(await send(wrong, [guess("more")])).toEqual([T0 + MINUTE]);
  });

  test("a request that failed gives its texts back", async () => {
    const wrong = new WrongTexts(10, async () => true);
    for (let index = 0; index < 30; index += 1) {
      await wrong.settle(wrong.reserve("h", "school", texts(10, index * 10), T0), undefined);
    }
    expect(await send(wrong, texts(10))).toEqual(Array(10).fill(undefined));
  });

  test("unknown codes count together", async () => {
    const wrong = new WrongTexts(3, async () => true);
    const codes = ["a", "b", "c"].map(scanned);
    await send(wrong, codes, { outcome: "unknown_code" });
    expect(await send(wrong, [scanned("real")])).toEqual([T0 + MINUTE]);
    expect(await send(wrong, [guess("right")])).toEqual([undefined]);
  });

  test("the platform is told from a tenth of the rate on, and its word holds", async () => {
    const told: string[] = [];
    const wrong = new WrongTexts(100, async (key) => {
      told.push(key);
      return told.length < 20;
    });
    await send(wrong, texts(10));
    expect(told).toEqual([]);
    await send(wrong, texts(20, 10));
    expect(told).toEqual(Array(20).fill("h\npin\nschool"));
    expect(await send(wrong, [guess("right")])).toEqual([T0 + MINUTE]);
  });

  test("a counter of the platform that fails holds up nobody", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue(undefined);
    const wrong = new WrongTexts(10, () => Promise.reject(new Error("away")));
    await send(wrong, texts(5));
    expect(await send(wrong, [guess("right")])).toEqual([undefined]);
    expect(warned).toHaveBeenCalled();
    warned.mockRestore();
  });

  test("its memory is bounded and empties by itself", async () => {
    const wrong = new WrongTexts(1_000_000, async () => true);
    for (let round = 0; round < 120; round += 1) {
      const clue = `c${round}`;
      const commands = Array.from({ length: 1_000 }, (_, index) => guess(`${index}`, clue));
      await send(wrong, commands, { now: T0 + round });
    }
    expect(wrong.size).toBeLessThanOrEqual(100_000);
    expect(wrong.size).toBeGreaterThan(90_000);
    await send(wrong, [guess("0")], { now: T0 + 10 * MINUTE });
    expect(wrong.size).toBe(1);
    // Also after the clock was an hour ahead.
    await send(wrong, [guess("0")], { now: T0 - 60 * MINUTE });
    expect(wrong.size).toBe(1);
  });

  test("[SEC-37] a window that a wrong clock opened ends when the clock comes right, also behind one that runs", async () => {
    const wrong = new WrongTexts(10, async () => true);
    await send(wrong, texts(1), { network: "home" });
    expect(await send(wrong, texts(10), { now: T0 + 50_000 })).toEqual(Array(10).fill(undefined));
    expect(await send(wrong, [guess("right")], { now: T0 + 5_000 })).toEqual([undefined]);
  });
});
