import { expect, test } from "vitest";
import { nothing, SEPARATOR } from "../../src/telemetry/metrics.ts";
import { RECENT_SECONDS, RecentCounts } from "../../src/telemetry/recent.ts";

const SHIPPED = ["hunt_ship_messages_total", "all"].join(SEPARATOR);
const CALLS = ["hunt_origin_call_duration_seconds", "apply"].join(SEPARATOR);

test("[ADV-7] the counts of the last minute are summed, of the metrics that advice reads", () => {
  const recent = new RecentCounts();
  const counts = {
    counters: { [SHIPPED]: 3, hunt_joins_total: 9 },
    histograms: { [CALLS]: { counts: [1, 2], sum: 0.5 } },
  };
  recent.add(counts, 0);
  recent.add(counts, 5_000);
  recent.add(counts, 30_000);
  expect(recent.sum(30_000)).toEqual({
    counters: { [SHIPPED]: 9 },
    histograms: { [CALLS]: { counts: [3, 6], sum: 1.5 } },
  });
  expect(recent.sum(RECENT_SECONDS * 1_000).counters).toEqual({ [SHIPPED]: 3 });
  expect(recent.sum(200_000)).toEqual(nothing());
});

test("[ADV-7] counts of a clock that was ahead are left out", () => {
  const recent = new RecentCounts();
  recent.add({ counters: { [SHIPPED]: 3 }, histograms: {} }, 3_600_000);
  expect(recent.sum(10_000)).toEqual(nothing());
});
