/** Advice, judged on recorded runs of the local engine that went wrong (scripts/lab/advice) and on made readings. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Recording } from "../../../scripts/lab/advice/recording.ts";
import { PLATFORM, START_EVENTS_PER_TEAM, USE } from "../../../src/capacity.ts";
import { readConfig } from "../../../src/config.ts";
import { type Advised, advice as adviceSchema } from "../../../src/contract/ops.ts";
import { adviceFrom, type HuntReading, type Reading } from "../../../src/control/advice/judge.ts";
import type { ShardLoad } from "../../../src/objects/shard.ts";

const FOLDER = join(import.meta.dirname, "recordings");

const recordings = readdirSync(FOLDER).map(
  (file) => JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Recording,
);

const recordingOf = (scenario: string): Recording => {
  const found = recordings.find((each) => each.scenario === scenario);
  if (!found) throw new Error(`no recording of ${scenario}`);
  return found;
};

/** The first moment, s, at which advice names one of the limits, and its line. */
function firstNamed({ samples, limits }: Recording, names: readonly Advised["limit"][]) {
  for (const { at, reading } of samples) {
    const line = adviceFrom(reading, limits).find(({ limit }) => names.includes(limit));
    if (line) return { at, line };
  }
  return undefined;
}

/** What each run must be told by, at the latest so many seconds after it went wrong; and whether players noticed in the end. */
const RUNS: {
  scenario: string;
  limits: Advised["limit"][];
  within: number;
  noticed: boolean;
  says: RegExp;
}[] = [
  {
    scenario: "slow",
    limits: ["ORIGIN_TIMEOUT_MS", "GATE_SLOW_SHARE", "GATE_FAILED_SHARE"],
    within: 12,
    noticed: false,
    says: /origin/,
  },
  {
    scenario: "frozen",
    limits: ["GATE_FAILED_SHARE"],
    within: 10,
    noticed: false,
    says: /gate is (half )?open/,
  },
  {
    scenario: "dead",
    limits: ["GATE_FAILED_SHARE"],
    within: 10,
    noticed: false,
    says: /gate is (half )?open/,
  },
  {
    scenario: "undersized",
    // The machine that recorded it was busy: its one shard choked below what an object carries on the platform.
    limits: ["SHARDS_PER_REGION", "WAITING_COMMANDS_MAX"],
    within: 60,
    noticed: true,
    says: /raise SHARDS_PER_REGION to 2: npm run hunt -- shards story 2/,
  },
  {
    scenario: "crowded",
    limits: ["WAITING_COMMANDS_MAX"],
    within: 60,
    noticed: true,
    says: /events waiting at once/,
  },
  {
    scenario: "sockets",
    limits: ["LIVE_SOCKETS_PER_OBJECT"],
    within: 60,
    noticed: true,
    says: /live sockets, \d+ % of 20/,
  },
  { scenario: "bytes", limits: ["SHARD_FULL_BYTES"], within: 60, noticed: true, says: /a database of 1 MB/ },
  {
    scenario: "queue",
    limits: ["QUEUE_BACKLOG_MAX"],
    within: 30,
    noticed: false,
    says: /messages wait in the queue/,
  },
  { scenario: "flapping", limits: ["GATE_FAILED_SHARE"], within: 40, noticed: false, says: /flaps/ },
  {
    scenario: "cold",
    limits: ["LOOKUP_LIMIT_MS"],
    within: 60,
    noticed: true,
    says: /the cache of registrations is cold/,
  },
];

describe("[ADV-1] a run that goes wrong is named before the first player notices", () => {
  test.each(RUNS)("$scenario: $limits", ({ scenario, limits, within, noticed, says }) => {
    const recording = recordingOf(scenario);
    const named = recording.samples.flatMap(({ at, reading }) =>
      adviceFrom(reading, recording.limits)
        .filter((line) => limits.includes(line.limit) && says.test(`${line.evidence} ${line.change}`))
        .map((line) => ({ at, line })),
    )[0];
    if (!named) throw new Error(`${scenario} was never named`);
    expect(named.at).toBeGreaterThanOrEqual(recording.wrongFrom ?? 0);
    expect(named.at - (recording.wrongFrom ?? 0)).toBeLessThan(within);
    // Where nobody noticed, no request of a player failed in the whole recording.
    expect(recording.noticed !== undefined).toBe(noticed);
    if (recording.noticed) expect(named.at).toBeLessThan(recording.noticed.at);
    expect(firstNamed(recording, limits)?.at).toBeLessThanOrEqual(named.at);
  });

  test("every recording is one of these, or the healthy one", () => {
    expect(recordings.map(({ scenario }) => scenario).sort()).toEqual(
      [...RUNS.map(({ scenario }) => scenario), "healthy"].sort(),
    );
    for (const { requests, samples } of recordings) {
      expect(requests).toBeGreaterThan(20);
      expect(samples.length).toBeGreaterThan(5);
    }
  });

  test("and none of them is named before it goes wrong", () => {
    for (const { samples, wrongFrom = Number.POSITIVE_INFINITY, limits } of recordings) {
      for (const { at, reading } of samples) {
        if (at < wrongFrom) expect(adviceFrom(reading, limits)).toEqual([]);
      }
    }
  });
});

test("[ADV-2] a healthy run gives no advice, from its first sample to its last", () => {
  const { samples, limits, noticed } = recordingOf("healthy");
  expect(noticed).toBeUndefined();
  expect(samples.length).toBeGreaterThan(30);
  for (const { reading } of samples) expect(adviceFrom(reading, limits)).toEqual([]);
});

// ── Made readings ──────────────────────────────────────────────────────────

const limits = readConfig({});

const load = (more: Partial<ShardLoad> = {}): ShardLoad => ({
  bytes: 100_000,
  sockets: 0,
  teams: 10,
  waitingPeak: 1,
  requests: 10,
  messages: 0,
  events: 10,
  newTeams: 0,
  ...more,
});

const hunt = (shards: Partial<ShardLoad>[], more: Partial<HuntReading> = {}): HuntReading => ({
  hunt: "harbour-nights",
  phase: "live",
  shardsPerRegion: shards.length,
  shards: shards.map((each, index) => ({ shard: `weur-${index}`, ...load(each) })),
  silent: [],
  ...more,
});

const NOW = Date.parse("2026-06-06T17:00:00Z");

const reading = (more: Partial<Reading> = {}): Reading => ({
  at: NOW,
  hunts: [],
  gate: { state: "closed", since: 0, window: { calls: 0, failed: 0, slow: 0 }, openings: 0 },
  queued: 0,
  recent: { counters: {}, histograms: {} },
  recentSeconds: 60,
  ...more,
});

describe("[ADV-3] a line says the limit, at what load, what to change and by which evidence", () => {
  test("a busy shard, and how many shards carry its load with the share that plans use", () => {
    const busy = hunt([{}, {}, { requests: 608, events: 740 }, {}]);
    expect(adviceFrom(reading({ hunts: [busy] }), limits)).toEqual([
      {
        limit: "SHARDS_PER_REGION",
        at: 0.811,
        change:
          "raise SHARDS_PER_REGION to 5: npm run hunt -- shards harbour-nights 5 (new teams land on new shards, those there stay)",
        evidence:
          "shard weur-2 of harbour-nights decided 740 events/s (608 requests/s) in its busiest seconds: it is at 81 % of the 750 requests/s that one object carries",
      },
    ]);
  });

  test("socket messages count as the plan counts them", () => {
    const share = (messages: number) =>
      adviceFrom(reading({ hunts: [hunt([{ requests: 0, messages }])] }), limits)[0]?.at;
    expect(share(PLATFORM.objectMessages * USE - 100)).toBeUndefined();
    expect(share(PLATFORM.objectMessages * USE)).toBe(USE);
  });

  test("a start that its shards will not carry is told before it, with the teams expected by then", () => {
    const teams = Math.ceil((PLATFORM.objectRequests * 0.6) / START_EVENTS_PER_TEAM);
    const draft = (more: Partial<HuntReading>, newTeams = 0) =>
      adviceFrom(reading({ hunts: [hunt([{ teams, newTeams }], { phase: "draft", ...more })] }), limits);
    const opens = NOW + 3_600_000;
    expect(draft({ opens })).toEqual([]);
    // 50 more in five minutes are 600 more in the hour that is left.
    const [line] = draft({ opens }, 50);
    expect(line?.limit).toBe("SHARDS_PER_REGION");
    expect(line?.change).toContain(
      "before 18:00 UTC on 2026-06-06, when 2,850 registered teams are expected",
    );
    expect(line?.change).toContain("raise SHARDS_PER_REGION to 2");
    expect(draft({ opens: NOW + 2 * 86_400_000 }, 50)).toEqual([]);
    expect(draft({ phase: "live", opens: NOW - 1 }, 50)).toEqual([]);
  });

  test("shards that do not tell their load are busy", () => {
    const [line] = adviceFrom(reading({ hunts: [hunt([{}], { silent: ["weur-1"] })] }), limits);
    expect(line).toMatchObject({
      limit: "SHARDS_PER_REGION",
      at: 1,
      evidence: expect.stringContaining("weur-1"),
    });
  });

  test("one hunt's leaderboard: teams in its memory, reports to it", () => {
    const [memory] = adviceFrom(
      reading({ hunts: [hunt(Array.from({ length: 100 }, () => ({ teams: 9_000 * 0.9 })))] }),
      limits,
    ).filter(({ limit }) => limit === "leaderboard-memory");
    expect(memory?.evidence).toContain("810,000 teams");
    const [reports] = adviceFrom(reading({ hunts: [hunt(Array.from({ length: 120 }, () => ({})))] }), limits);
    expect(reports).toMatchObject({ limit: "REPORT_DELAY_MS", at: 0.8 });
  });

  test("readers whom neither memory nor KV serves", () => {
    const recent = {
      counters: { "hunt_cache_reads_total\u001fleaderboard\u001fobject": 60 * 600 },
      histograms: {},
    };
    expect(adviceFrom(reading({ recent }), limits)).toMatchObject([
      { limit: "LEADERBOARD_KV_MAX_AGE_MS", at: 0.8 },
    ]);
  });

  test("a queue that fills is told early, with the time until it is full", () => {
    const recent = { counters: { "hunt_ship_messages_total\u001fall": 600 }, histograms: {} };
    const [line] = adviceFrom(reading({ queued: 1_000, recent }), limits);
    expect(line).toMatchObject({
      limit: "QUEUE_BACKLOG_MAX",
      at: 0.2,
      evidence: expect.stringContaining("in 7 min"),
    });
    expect(adviceFrom(reading({ queued: 1_000 }), limits)).toEqual([]);
  });

  test("what did not tell is left out", () => {
    const { gate: _, queued: __, ...rest } = reading();
    expect(adviceFrom(rest, limits)).toEqual([]);
  });
});

describe("[ADV-4] few lines, the most urgent first", () => {
  const anyLoad = fc.record({
    bytes: fc.nat(10e9),
    sockets: fc.nat(40_000),
    teams: fc.nat(40_000),
    waitingPeak: fc.nat(4_000),
    requests: fc.nat(2_000),
    messages: fc.nat(6_000),
    events: fc.nat(50_000),
    newTeams: fc.nat(10_000),
  });
  const anyHunt = fc.record({
    hunt: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
    phase: fc.constantFrom("draft", "live", "paused"),
    shardsPerRegion: fc.integer({ min: 1, max: 1_000 }),
    shards: fc.array(
      anyLoad.map((each) => ({ shard: "weur-0", ...each })),
      { maxLength: 20 },
    ),
    silent: fc.array(fc.constant("weur-9"), { maxLength: 3 }),
  }) as fc.Arbitrary<HuntReading>;

  test("twenty at most, by share, one for each limit of a hunt, as the contract says", () => {
    fc.assert(
      fc.property(fc.array(anyHunt, { maxLength: 12 }), fc.nat(20_000), (hunts, queued) => {
        const lines = adviceFrom(reading({ hunts, queued }), limits);
        expect(lines.length).toBeLessThanOrEqual(20);
        expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).sort((a, b) => b - a));
        adviceSchema.parse({ advice: lines });
        if (hunts.length === 1) expect(new Set(lines.map(({ limit }) => limit)).size).toBe(lines.length);
      }),
      { numRuns: 200 },
    );
  });
});
