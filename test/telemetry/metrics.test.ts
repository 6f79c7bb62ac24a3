import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Counts } from "../../src/objects/metrics.ts";
import { METRICS } from "../../src/telemetry/catalogue.ts";
import { addTo, Histogram, Meter, nothing, SERIES_MAX } from "../../src/telemetry/metrics.ts";
import { prometheusText } from "../../src/telemetry/text.ts";

/** A few things to count, as a meter is told them. */
const happenings = fc.array(
  fc.oneof(
    fc.record({
      code: fc.constantFrom("invalid", "overloaded", "not_found"),
      by: fc.integer({ min: 1, max: 9 }),
    }),
    // Quarters: their sums are exact in any order.
    fc.record({ seconds: fc.integer({ min: 0, max: 80 }).map((quarters) => quarters / 4) }),
  ),
  { maxLength: 60 },
);

function counted(what: typeof happenings extends fc.Arbitrary<infer T> ? T : never): Counts {
  const meter = new Meter();
  for (const one of what) {
    if ("code" in one) meter.add("hunt_errors_total", one.by, one.code);
    else meter.histogram("hunt_archive_lag_seconds").observe(one.seconds);
  }
  return meter.take() ?? nothing();
}

describe("sums", () => {
  test("[MET-1] of parts are the same in any order and however they are cut", () => {
    fc.assert(
      fc.property(happenings, fc.nat(60), fc.boolean(), (what, cut, turned) => {
        const parts = [what.slice(0, cut), what.slice(cut)].map(counted);
        const sums = nothing();
        for (const part of turned ? parts.reverse() : parts) addTo(sums, part);
        expect(sums).toEqual(counted(what));
      }),
    );
  });

  test("[MET-1] what was taken is not taken again, and a kept cell counts on", () => {
    const meter = new Meter();
    const cell = meter.counter("hunt_joins_total");
    cell.value += 2;
    expect(meter.take()?.counters).toEqual({ hunt_joins_total: 2 });
    expect(meter.take()).toBeUndefined();
    cell.value += 1;
    expect(meter.take()?.counters).toEqual({ hunt_joins_total: 1 });
  });

  test("[MET-2] a meter and a hub have so many series at most; what has no room is counted", () => {
    const meter = new Meter();
    for (let index = 0; index < SERIES_MAX + 10; index += 1)
      meter.add("hunt_errors_total", 1, `code-${index}`);
    const taken = meter.take() ?? nothing();
    expect(Object.keys(taken.counters)).toHaveLength(SERIES_MAX + 1);
    // Each of the ten added to the one cell that all of them share.
    expect(taken.counters.hunt_metrics_dropped_total).toBe(10);
    const hub = nothing();
    expect(addTo(hub, taken, 100)).toBe(SERIES_MAX + 1 - 100);
    expect(Object.keys(hub.counters)).toHaveLength(100);
  });

  test("[MET-2] counts of a histogram with other edges are left out, not mixed", () => {
    const sums: Counts = { counters: {}, histograms: { h: { counts: [1, 2], sum: 3 } } };
    expect(addTo(sums, { counters: {}, histograms: { h: { counts: [1, 2, 3], sum: 3 } } })).toBe(1);
    expect(sums.histograms.h).toEqual({ counts: [1, 2], sum: 3 });
  });
});

test("[MET-3] a value is counted in the first bucket whose edge it does not exceed", () => {
  const histogram = new Histogram([0.2, 0.5]);
  for (const value of [0, 0.2, 0.3, 0.5, 0.6, 1e9, Number.NaN]) histogram.observe(value);
  expect(histogram.counts).toEqual([2, 2, 2]);
});

describe("the text", () => {
  const lines = (sums: Counts): string[] => prometheusText(sums, []).split("\n");

  test("[MET-4] has name, type and help of every metric, with units and suffixes as Prometheus wants them", () => {
    const text = prometheusText(nothing(), []);
    for (const [name, { type }] of Object.entries(METRICS)) {
      expect(text).toContain(`# TYPE ${name} ${type}\n`);
      expect(name).toMatch(/^hunt_[a-z_]+$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
      if (name.includes("duration") || name.includes("lag")) expect(name).toMatch(/_seconds$/);
    }
    expect(text.endsWith("\n")).toBe(true);
  });

  test("[MET-4] histograms of seconds have the edges 0.2 and 0.5", () => {
    for (const name of ["hunt_http_request_duration_seconds", "hunt_origin_call_duration_seconds"] as const) {
      expect(METRICS[name].buckets).toContain(0.2);
      expect(METRICS[name].buckets).toContain(0.5);
    }
  });

  test("[MET-4] buckets are cumulative, and the last is the count", () => {
    const meter = new Meter();
    for (const seconds of [0.1, 0.3, 3, 30]) {
      meter.histogram("hunt_http_request_duration_seconds", "/x").observe(seconds);
    }
    const found = lines(meter.take() ?? nothing()).filter((line) => line.includes('route="/x"'));
    const of = (le: string) =>
      found
        .find((line) => line.includes(`le="${le}"`))
        ?.split(" ")
        .at(-1);
    expect(["0.1", "0.2", "0.5", "5", "10", "+Inf"].map(of)).toEqual(["1", "1", "2", "3", "3", "4"]);
    expect(found.at(-1)).toBe('hunt_http_request_duration_seconds_count{route="/x"} 4');
    expect(found.at(-2)).toBe('hunt_http_request_duration_seconds_sum{route="/x"} 33.4');
  });

  test("[MET-4] values of labels are escaped and cut", () => {
    const meter = new Meter();
    meter.add("hunt_errors_total", 1, 'a"b\\c\nd');
    meter.add("hunt_errors_total", 1, "x".repeat(500));
    const text = lines(meter.take() ?? nothing());
    expect(text).toContain('hunt_errors_total{code="a\\"b\\\\c\\nd"} 1');
    expect(text).toContain(`hunt_errors_total{code="${"x".repeat(80)}"} 1`);
  });
});
