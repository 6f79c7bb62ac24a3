import { expect, test } from "vitest";
import type { BoardFrame } from "../../src/contract/live.ts";
import { pageOf, pagesOf, rowsIn } from "../../src/web/board/pages.ts";
import { hidden, next, recallReveal, sawStandings, showAll } from "../../src/web/board/reveal.ts";
import { applyFrame, newSolves } from "../../src/web/board/standings.ts";

const entry = (rank: number, id: string, solves: number) => ({
  rank,
  team: { id, name: id.toUpperCase() },
  score: 10 * solves,
  solves,
  ...(solves > 0 ? { lastSolveAt: `2026-12-01T18:0${solves}:00.000Z` } : {}),
});
const frame = (more: Partial<BoardFrame>): BoardFrame => ({
  asOf: "2026-12-01T18:00:00.000Z",
  frozen: false,
  total: 2,
  position: "x.1",
  entries: [],
  ...more,
});

test("[WEB-6] as many rows a page as fit, and the page of a place", () => {
  expect([rowsIn(410, 40), rowsIn(399, 40), rowsIn(10, 40), rowsIn(400, 0)]).toEqual([10, 9, 1, 10]);
  expect([pagesOf(61, 10), pagesOf(60, 10), pagesOf(0, 10)]).toEqual([7, 6, 1]);
  expect([pageOf(0, 10), pageOf(1, 10), pageOf(10, 10), pageOf(11, 10)]).toEqual([0, 0, 0, 1]);
});

test("[WEB-6] the reveal begins when standings stop standing still, and goes on after a reload", () => {
  const seen = (...frames: [boolean | undefined, boolean][]): (number | undefined)[] =>
    frames.map(([before, frozen]) => {
      sawStandings(before, frozen, 61);
      return hidden.value;
    });
  recallReveal("one");
  expect(seen([undefined, true], [true, true], [true, false], [false, false])).toEqual([
    undefined,
    undefined,
    15,
    15,
  ]);
  next();
  // A reload: the page knows nothing but what the device kept.
  hidden.value = undefined;
  expect(seen([undefined, false])).toEqual([14]);
  showAll();
  expect(seen([undefined, false])).toEqual([undefined]);
  // Reloaded while the results were held, and released meanwhile.
  recallReveal("two");
  expect(seen([undefined, true], [undefined, false])).toEqual([undefined, 15]);
  // Nobody saw this hunt frozen here: its places are no secret.
  recallReveal("three");
  hidden.value = undefined;
  expect(seen([undefined, false])).toEqual([undefined]);
});

test("[WEB-6] the whole, then changes: rows replace the row of their place, those beyond the total are gone", () => {
  const whole = applyFrame(undefined, frame({ entries: [entry(1, "a", 2), entry(2, "b", 1)] }));
  expect(whole?.rows.map(({ team }) => team.id)).toEqual(["a", "b"]);
  const swapped = applyFrame(
    whole,
    frame({
      from: "x.1",
      position: "x.2",
      total: 3,
      entries: [entry(1, "b", 3), entry(2, "a", 2), entry(3, "c", 0)],
    }),
  );
  expect(swapped?.rows.map(({ team }) => team.id)).toEqual(["b", "a", "c"]);
  const fewer = applyFrame(swapped, frame({ from: "x.2", position: "x.3", total: 1 }));
  expect(fewer?.rows.map(({ team }) => team.id)).toEqual(["b"]);
  // Changes that follow something this board has not seen.
  expect(applyFrame(whole, frame({ from: "x.9", position: "x.10" }))).toBeUndefined();
  expect(newSolves(whole?.rows ?? [], swapped?.rows ?? [])).toEqual([
    { team: "b", name: "B", at: "2026-12-01T18:03:00.000Z", solves: 3, points: 20 },
  ]);
});
