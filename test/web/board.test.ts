import { expect, test } from "vitest";
import type { BoardFrame } from "../../src/contract/live.ts";
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
    { team: "b", name: "B", at: "2026-12-01T18:03:00.000Z" },
  ]);
});
