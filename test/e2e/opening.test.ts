/** A hunt opens, and everybody who waits looks at once. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openingOf, openingReport } from "../../scripts/lab/load/opening.ts";

test("[LOAD-9] each has the first clue, none an error, and after a solve few bytes", {
  timeout: 540_000,
}, async () => {
  const scratch = mkdtempSync(join(tmpdir(), "hunt-opening-test-"));
  try {
    const figures = await openingOf({ players: 30, scratch, seed: 1, say: () => undefined });
    expect(figures.waits.length).toBe(30);
    expect(Math.min(...figures.waits)).toBeGreaterThanOrEqual(0);
    expect([...figures.errors]).toEqual([]);
    expect(figures.wholeBytes).toBeGreaterThan(1_400_000);
    expect(figures.bytesAfterSolve).toBeLessThan(figures.wholeBytes * 0.05);
    expect(openingReport(figures)).toMatchObject({ held: true });
    const refused = { ...figures, errors: new Map([["503", 1]]) };
    expect(openingReport(refused)).toMatchObject({ held: false, text: expect.stringContaining("503 × 1") });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
