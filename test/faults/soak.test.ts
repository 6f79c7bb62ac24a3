/** FAULT-13: the soak for two minutes; `npm run soak` for as long as one likes. */
import { expect, test } from "vitest";
import { runSoak } from "../../scripts/lab/soak/soak.ts";

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const minutes = process.env.FAULTS === "long" ? 30 : 2;

test(`[SEC-141] whatever is killed, cut and set wrong: what players were told is in the log once, and verify says so (SEED=${seed})`, {
  timeout: (minutes + 8) * 60_000,
}, async () => {
  const report = await runSoak({ minutes, seed, origin: "postgres" }, () => undefined);
  expect(report.faults, `SEED=${seed}`).toEqual([]);
  expect(report.lost, `SEED=${seed}`).toBe(0);
  expect(report.facts).toBeGreaterThan(0);
  expect(report.proven).toBe(report.facts);
});
