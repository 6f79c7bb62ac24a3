import { expect, test } from "vitest";
import { systemClock, within } from "../src/clock.ts";

test("waiting ends with the signal's reason when it is aborted", async () => {
  const stop = new AbortController();
  const waiting = systemClock.after(60_000, stop.signal);
  stop.abort(new Error("given up"));
  await expect(waiting).rejects.toThrow("given up");
  await expect(systemClock.after(60_000, stop.signal)).rejects.toThrow("given up");
});

test("a call that hangs ends in an error, one that settles in its own", async () => {
  await expect(within(systemClock, 5, new Promise(() => undefined))).rejects.toThrow("no result within 5 ms");
  await expect(within(systemClock, 60_000, Promise.resolve("done"))).resolves.toBe("done");
  await expect(within(systemClock, 60_000, Promise.reject(new Error("refused")))).rejects.toThrow("refused");
});
