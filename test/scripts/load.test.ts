import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { HistogramLogReader } from "hdr-histogram-js";
import { describe, expect, test } from "vitest";
import { actionsOf, MODES } from "../../scripts/lab/load/crowd.ts";
import { arrivalsOf, type Due, replayOf, stretchesOf } from "../../scripts/lab/load/profile.ts";
import { generatorLimit, writeReport } from "../../scripts/lab/load/report.ts";
import { quantileMs, runLoad } from "../../scripts/lab/load/run.ts";
import { chance } from "../../scripts/lab/measure/chance.ts";
import { quantileOf, rising } from "../../scripts/lab/measure/statistics.ts";
import { isLoopback } from "../../scripts/local/command-line.ts";

const due = (name: "ramp" | "step" | "soak" | "spike", rate: number, seconds: number, seed = 1): Due[] => [
  ...arrivalsOf(stretchesOf(name, rate, seconds), chance(seed)),
];

const between = (all: readonly Due[], from: number, to: number): number =>
  all.filter(({ at }) => at >= from * 1_000 && at < to * 1_000).length / (to - from);

describe("profiles", () => {
  test("[LOAD-1] arrivals rise, stay in their time, and are the same for the same seed", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("ramp" as const, "step" as const, "soak" as const, "spike" as const),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(1_000),
        (name, rate, seconds, seed) => {
          const all = due(name, rate, seconds, seed);
          for (let index = 1; index < all.length; index += 1) {
            expect(all[index]?.at).toBeGreaterThanOrEqual(all[index - 1]?.at ?? 0);
          }
          expect(all.at(-1)?.at ?? 0).toBeLessThan(seconds * 1_000);
          expect(due(name, rate, seconds, seed)).toEqual(all);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("[LOAD-1] each has its shape", () => {
    const near = (value: number, wanted: number): void => {
      expect(value).toBeGreaterThan(wanted * 0.9);
      expect(value).toBeLessThan(wanted * 1.1);
    };
    near(between(due("soak", 400, 20), 0, 20), 400);
    const ramp = due("ramp", 400, 40);
    near(between(ramp, 38, 40), 390);
    near(between(ramp, 9, 11), 115);
    const step = due("step", 500, 50);
    for (let index = 0; index < 5; index += 1)
      near(between(step, index * 10, index * 10 + 10), (index + 1) * 100);
    const spike = due("spike", 1_000, 40);
    near(between(spike, 0, 8), 100);
    near(between(spike, 8, 14), 1_000);
    expect(spike.find(({ at }) => at > 9_000)?.mood).toBe("opening");
  });

  test("[LOAD-2] a recorded hunt keeps its times at any speed, and its right answers", () => {
    const lines = [
      '{"at":"2026-01-01T10:00:00.000Z","type":"join","team":"a"}',
      '{"at":"2026-01-01T10:00:10.000Z","type":"answer","outcome":"incorrect","team":"a"}',
      "",
      '{"at":"2026-01-01T10:00:30.000Z","type":"scan","outcome":"correct","team":"b"}',
      '{"at":"2026-01-01T10:00:20.000Z","type":"answer","outcome":"correct","team":"a"}',
    ];
    expect(replayOf(lines, 10)).toEqual([
      { at: 0, mood: "playing", team: 0, right: false },
      { at: 1_000, mood: "playing", team: 0, right: true },
      { at: 2_000, mood: "playing", team: 1, right: true },
    ]);
    expect(replayOf(['{"t":1.5,"kind":"guess","team":"x","correct":true}'], 1)).toHaveLength(1);
    expect(() => replayOf(['{"at":"2026-01-01T10:00:10Z","type":"answer"}', "no"], 1)).toThrow("line 2");
    expect(() => replayOf(['{"type":"answer","team":"a"}'], 1)).toThrow("line 1 has no time");
  });
});

describe("the crowd", () => {
  test.each(MODES)("[LOAD-3] acts in the mix of real players, and repeats no id (%s)", (mode) => {
    const random = chance(7);
    const all = [...actionsOf(due("soak", 500, 40), { players: 4_000, clues: 50, mode, random })];
    const ids = all.flatMap(({ events }) => events.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
    const share = all.filter(({ kind }) => kind === "event").length / all.length;
    expect(share).toBeGreaterThan(0.62);
    expect(share).toBeLessThan(0.68);
    const events = all.flatMap((action) => action.events);
    const right = events.filter(({ answer = "" }) => answer.startsWith("answer")).length / events.length;
    expect(right).toBeGreaterThan(0.27);
    expect(right).toBeLessThan(0.34);
  });

  test("[LOAD-3] players think: with enough of them nobody acts again within a quarter of a second", () => {
    const random = chance(7);
    const last = new Map<number, number>();
    let hurried = 0;
    for (const { at, player } of actionsOf(due("soak", 200, 60), {
      players: 4_000,
      clues: 50,
      mode: "http",
      random,
    })) {
      if (at - (last.get(player) ?? Number.NEGATIVE_INFINITY) < 250) hurried += 1;
      last.set(player, at);
    }
    expect(hurried).toBeLessThan(30);
  });
});

/** A server that answers at once, but for a stall. */
async function stalling(from: number, until: number) {
  const begun = performance.now();
  const server = createServer((request, response) => {
    request.resume();
    const now = performance.now() - begun;
    const wait = now >= from && now < until ? until - now : 0;
    setTimeout(() => response.end("null"), wait);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("latencies", () => {
  test("[LOAD-4] a stall of two seconds is told as two seconds, of all who came meanwhile", {
    timeout: 90_000,
  }, async () => {
    const server = await stalling(1_000, 3_000);
    const random = chance(3);
    const actions = actionsOf(due("soak", 150, 5), { players: 500, clues: 50, mode: "http", random });
    const run = await runLoad(actions, { origin: server.origin, hunt: "h", players: [{ token: "t" }] });
    server.close();
    expect(run.failures).toEqual(new Map());
    // Who came at its begin waited for all of it: a closed loop would have one such request a connection.
    const p99 = quantileMs(run.all, 99);
    expect(p99).toBeGreaterThan(1_800);
    expect(p99).toBeLessThan(2_300);
    const stalled = run.seconds[1]?.latencies ?? [];
    expect(quantileOf(rising(stalled), 0.99)).toBeGreaterThan(1_800);
    // Two fifths of the time nothing was answered: two fifths of the requests waited, a second on average.
    const waited = run.seconds.flatMap(({ latencies }) => latencies).filter((ms) => ms > 100).length;
    expect(waited / run.offered).toBeGreaterThan(0.3);
    expect(waited / run.offered).toBeLessThan(0.5);
  });

  test("[LOAD-5] [LOAD-8] the report holds the figures, the charts and a log that HdrHistogram reads", async () => {
    const server = await stalling(0, 0);
    const random = chance(3);
    const actions = actionsOf(due("soak", 100, 2), { players: 100, clues: 50, mode: "http", random });
    const run = await runLoad(actions, { origin: server.origin, hunt: "h", players: [{ token: "t" }] });
    server.close();
    const folder = await mkdtemp(join(tmpdir(), "hunt-load-test-"));
    const calibration = { rate: 100, p99: 0.1, latestSend: 1, achieved: 1 };
    const spread = {
      shards: [
        { shard: "weur-0", teams: 30, seq: 100 },
        { shard: "weur-1", teams: 20, seq: 300 },
      ],
      grown: [{ second: 12.4, shardsPerRegion: 2 }],
    };
    const described = { title: "T", settings: { mode: "http" } };
    const text = await writeReport(folder, run, described, calibration, spread);
    expect(text).toContain("| weur-1 | 20 | 300 |");
    expect(text).toContain("| busiest, as times the mean | 1.200 | 1.500 |");
    expect(text).toContain("grew by itself to 2 shards a region in second 12");
    expect(text).toContain("p99.9");
    expect(await readFile(join(folder, "rate.svg"), "utf8")).toContain("<title>");
    const reader = new HistogramLogReader(await readFile(join(folder, "latency.hlog"), "utf8"));
    let total = 0;
    for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram()) {
      total += next.totalCount;
    }
    expect(total).toBe(run.offered);
    await rm(folder, { recursive: true });
  });

  test("[LOAD-6] a generator that is the limit says so", async () => {
    const server = await stalling(0, 0);
    const random = chance(3);
    const actions = actionsOf(due("soak", 50, 1), { players: 100, clues: 50, mode: "http", random });
    const run = await runLoad(actions, { origin: server.origin, hunt: "h", players: [{ token: "t" }] });
    server.close();
    const good = { rate: 50, p99: 0.001, latestSend: 1, achieved: 1 };
    expect(generatorLimit({ ...run, latestSend: 5 }, good)).toBeUndefined();
    expect(generatorLimit({ ...run, latestSend: 5 }, { ...good, achieved: 0.9 })).toContain("90 %");
    expect(generatorLimit({ ...run, latestSend: 400 }, good)).toContain("400 ms late");
    expect(generatorLimit({ ...run, latestSend: 5 }, { ...good, p99: 1e6 })).toContain("more than half");
  });
});

test("[LOAD-7] only loopback addresses are anybody's", () => {
  for (const own of ["http://localhost:8787", "http://127.0.0.1", "http://[::1]:1"]) {
    expect(isLoopback(new URL(own))).toBe(true);
  }
  for (const other of ["https://hunt.example.com", "http://10.0.0.1", "http://127.0.0.1.example.com"]) {
    expect(isLoopback(new URL(other))).toBe(false);
  }
});
