import { describe, expect, test } from "vitest";
import { type GatherDeps, Gathered } from "../../src/edge/gathered.ts";

/** An object that tells what it was asked when it is let, and a clock that stands. */
function stage(callMax = 3) {
  const gathered = new Gathered<string, string>({ callMax: callMax, patience: 250 });
  const calls: { asks: readonly string[]; tell(told?: readonly string[]): void; fail(error: Error): void }[] =
    [];
  const late: (() => void)[] = [];
  const kept: Promise<unknown>[] = [];
  let now = 0;
  const deps: GatherDeps = {
    now: () => now,
    timer(_, run) {
      late.push(run);
      return { cancel: () => void late.splice(late.indexOf(run), 1) };
    },
    later: (task) => void kept.push(task),
  };
  const call = (asks: readonly string[]): Promise<readonly string[]> =>
    new Promise((done, failed) => {
      calls.push({ asks, tell: (told = asks.map((ask) => `${ask}!`)) => done(told), fail: failed });
    });
  const ask = (what: string, key = "shard") => gathered.ask(key, what, call, deps);
  const settle = () => new Promise((done) => setTimeout(done));
  const pass = (ms: number): void => {
    now += ms;
  };
  return { ask, calls, late, kept, settle, pass };
}

describe("[API-66] asks of one isolate at one object", () => {
  test("go at once while at most two calls are under way, and gather behind them", async () => {
    const { ask, calls, kept, settle } = stage();
    const told = ["a", "b", "c", "d", "e", "f"].map((what) => ask(what));
    await settle();
    expect(calls.map(({ asks }) => asks)).toEqual([["a"], ["b"]]);
    calls[0]?.tell();
    await settle();
    // No more than three go together; the next who waits makes the next call when one ends.
    expect(calls[2]?.asks).toEqual(["c", "d", "e"]);
    calls[1]?.tell();
    await settle();
    expect(calls[3]?.asks).toEqual(["f"]);
    for (const { tell } of calls) tell();
    expect(await Promise.all(told)).toEqual(["a!", "b!", "c!", "d!", "e!", "f!"]);
    // Each goes on when its own client is gone.
    expect(kept).toHaveLength(4);
  });

  test("wait for nobody who asks another object", async () => {
    const { ask, calls, settle } = stage();
    for (const what of ["a", "b"]) void ask(what);
    void ask("other", "another shard");
    await settle();
    expect(calls.map(({ asks }) => asks)).toEqual([["a"], ["b"], ["other"]]);
  });

  test("of a call that told only the first, the rest is asked again, in order", async () => {
    const { ask, calls, settle } = stage();
    const told = ["a", "b", "c", "d", "e"].map((what) => ask(what));
    await settle();
    calls[0]?.tell();
    await settle();
    expect(calls[2]?.asks).toEqual(["c", "d", "e"]);
    calls[2]?.tell(["c!"]);
    await settle();
    expect(calls[3]?.asks).toEqual(["d", "e"]);
    calls[3]?.tell();
    calls[1]?.tell();
    expect(await Promise.all(told)).toEqual(["a!", "b!", "c!", "d!", "e!"]);
  });

  test("fail together with their call, and with no other", async () => {
    const { ask, calls, settle } = stage();
    const told = ["a", "b", "c", "d"].map((what) => ask(what).catch((error: Error) => error.message));
    await settle();
    calls[0]?.tell();
    await settle();
    calls[2]?.fail(new Error("restarted"));
    calls[1]?.tell();
    expect(await Promise.all(told)).toEqual(["a!", "b!", "restarted", "restarted"]);
  });

  test("hang on nobody: who waited too long asks alone, and calls that died stop counting", async () => {
    const { ask, calls, late, settle, pass } = stage();
    void ask("dead 1");
    void ask("dead 2");
    const waiting = ask("waits");
    await settle();
    expect(late).toHaveLength(1);
    late[0]?.();
    await settle();
    expect(calls[2]?.asks).toEqual(["waits"]);
    calls[2]?.tell();
    expect(await waiting).toBe("waits!");
    pass(10_001);
    const next = ask("next");
    await settle();
    expect(calls[3]?.asks).toEqual(["next"]);
    calls[3]?.tell();
    expect(await next).toBe("next!");
  });

  test("a late call of a dead request gives its told to those who still wait for it", async () => {
    const { ask, calls, late, settle } = stage();
    void ask("a");
    void ask("b");
    const told = [ask("c"), ask("d")];
    await settle();
    calls[0]?.tell();
    await settle();
    expect(calls[2]?.asks).toEqual(["c", "d"]);
    // `d` loses patience while its call is under way, and asks alone.
    late.at(-1)?.();
    await settle();
    expect(calls[3]?.asks).toEqual(["d"]);
    calls[3]?.tell();
    calls[2]?.tell();
    expect(await Promise.all(told)).toEqual(["c!", "d!"]);
  });
});
