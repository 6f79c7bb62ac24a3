import { expect, test } from "vitest";
import { LoadTeller } from "../../src/shard/load.ts";

function teller() {
  const world = { isFull: false, reports: 0 };
  const load = new LoadTeller({
    totals: () => ({ teams: 3, events: 40 }),
    isFull: () => world.isFull,
    report: () => {
      world.reports += 1;
    },
  });
  return { world, load };
}

test("[PLACE-3] a refusal asks for a report, which tells it once; a look leaves it to the report", () => {
  const { world, load } = teller();
  expect(load.take()).toEqual({ teams: 3, events: 40 });
  load.refused();
  expect(world.reports).toBe(1);
  expect(load.present().refuses).toBe("busy");
  expect(load.take().refuses).toBe("busy");
  expect(load.take()).toEqual({ teams: 3, events: 40 });
});

test("[PLACE-3] a full shard is told as full in every report, also after it refused", () => {
  const { world, load } = teller();
  world.isFull = true;
  load.refused();
  expect([load.take().refuses, load.take().refuses]).toEqual(["full", "full"]);
  expect(world.reports).toBe(1);
  world.isFull = false;
  expect(load.take().refuses).toBeUndefined();
});
