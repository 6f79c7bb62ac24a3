import { expect, test } from "vitest";
import { Delayed } from "../src/delayed.ts";

/** A clock whose waits end when the test says so. */
class Waits {
  readonly #waiting: (() => void)[] = [];
  readonly clock = { after: () => new Promise<void>((resolve) => this.#waiting.push(resolve)) };

  get count(): number {
    return this.#waiting.length;
  }

  async end(): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("what is asked for while work waits is done with it, what is asked for later is done again", async () => {
  const waits = new Waits();
  let done = 0;
  const delayed = new Delayed({
    clock: waits.clock,
    delay: 5,
    work: () => {
      done += 1;
    },
    failed: () => undefined,
  });
  delayed.ask();
  delayed.ask();
  expect([waits.count, done]).toEqual([1, 0]);
  await waits.end();
  expect(done).toBe(1);
  delayed.ask();
  await waits.end();
  expect(done).toBe(2);
});

test("work that fails is told of, and can be asked for again", async () => {
  const waits = new Waits();
  const errors: unknown[] = [];
  const delayed = new Delayed({
    clock: waits.clock,
    delay: 5,
    work: () => Promise.reject(new Error("down")),
    failed: (error) => errors.push(error),
  });
  for (let round = 0; round < 2; round += 1) {
    delayed.ask();
    await waits.end();
  }
  expect(errors.map(String)).toEqual(["Error: down", "Error: down"]);
});
