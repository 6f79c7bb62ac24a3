/**
 * Which limit of the engine comes next, at what load, and what to change: the
 * judgement alone, of one reading (read.ts). The same shares and capacities as
 * `npm run plan` (src/capacity.ts). Alerts (ops/prometheus/alerts.yml) tell of
 * symptoms; advice tells of limits before there are any. PURE.
 */
import {
  BOARD_BYTES_PER_TEAM,
  objectShare,
  PLATFORM,
  REPORTS,
  START_EVENTS_PER_TEAM,
  USE,
} from "../../capacity.ts";
import { type Config, PARAMETERS } from "../../config.ts";
import type { Advised } from "../../contract/ops.ts";
import type { Course } from "../../objects/control.ts";
import type { GateStatus } from "../../objects/gate-report.ts";
import type { Counts } from "../../objects/metrics.ts";
import type { ShardLoad } from "../../objects/shard.ts";
import { type CounterName, type HistogramName, METRICS } from "../../telemetry/catalogue.ts";
import { SEPARATOR } from "../../telemetry/metrics.ts";

/** What the engine's parts told at one moment. */
export interface Reading {
  /** Epoch ms. */
  at: number;
  hunts: HuntReading[];
  /** Absent: it did not tell. */
  gate?: GateStatus;
  /** Messages that wait in the queue of facts; absent: it did not tell. */
  queued?: number;
  /** What was counted in the last `recentSeconds`. */
  recent: Counts;
  recentSeconds: number;
}

export interface HuntReading extends Pick<Course, "phase" | "opens" | "shardsPerRegion"> {
  hunt: string;
  shards: ({ shard: string } & ShardLoad)[];
  /** Shards that did not tell their load in time. */
  silent: string[];
}

export type Limits = Pick<
  Config,
  | "SHARD_FULL_BYTES"
  | "WAITING_COMMANDS_MAX"
  | "LIVE_SOCKETS_PER_OBJECT"
  | "QUEUE_BACKLOG_MAX"
  | "ORIGIN_TIMEOUT_MS"
  | "LOOKUP_LIMIT_MS"
  | "GATE_MIN_CALLS"
  | "GATE_FAILED_SHARE"
  | "GATE_SLOW_SHARE"
>;

/** Lines at most. */
const LINES_MAX = 20;

/** Shares of a limit from which it is told; of what one object carries from `USE` on. */
const TOLD_AT = {
  database: 0.25,
  waiting: 0.5,
  sockets: USE,
  queue: 0.5,
  timeout: 0.5,
  gate: 0.5,
  lookup: 0.25,
};

/** A queue that fills is told from this share on, when it is full within this time, s. */
const FILLING = { from: 0.2, within: 1_800 };

/** So often within ten minutes it has opened again: the gate flaps. */
const FLAPS = 3;

/** Fewer calls or look-ups in the last minute say nothing of their times. */
const CALLS_MIN = 10;

/** From this share of look-ups that the cache could not serve it is cold. */
const COLD = 0.5;

/** A start further ahead than this is not told yet, s. */
const AHEAD = 86_400;

/** `newTeams` and the other figures of a shard are of so many seconds. */
const SHARD_SECONDS = 300;

/** The nearest limit first; nothing of a healthy engine. */
export function adviceFrom(reading: Reading, limits: Limits): Advised[] {
  const lines = [
    ...reading.hunts.flatMap((hunt) => ofHunt(hunt, reading.at, limits)),
    ...ofQueue(reading, limits),
    ...ofGate(reading, limits),
    ...ofOriginTime(reading, limits),
    ...ofLookups(reading, limits),
    ...ofReaders(reading),
  ];
  return lines
    .map((line) => ({ ...line, at: Math.round(line.at * 1_000) / 1_000 }))
    .sort((a, b) => b.at - a.at)
    .slice(0, LINES_MAX);
}

// ── A hunt ─────────────────────────────────────────────────────────────────

function ofHunt(hunt: HuntReading, now: number, limits: Limits): Advised[] {
  const grown = `new teams land on new shards, those there stay`;
  const more = (share: number): string => raise(hunt, share);
  const ofShards = [
    worst(hunt, {
      limit: "SHARD_FULL_BYTES",
      max: limits.SHARD_FULL_BYTES,
      toldAt: TOLD_AT.database,
      holds: ({ bytes }) => bytes,
      change: () => `${more(1)} (${grown})`,
      evidence: ({ bytes }, percent) =>
        `has a database of ${Math.ceil(bytes / 1_000_000)} MB, ${percent} of the size from which only solves and organisers' acts are recorded`,
    }),
    worst(hunt, {
      limit: "WAITING_COMMANDS_MAX",
      max: limits.WAITING_COMMANDS_MAX,
      toldAt: TOLD_AT.waiting,
      holds: ({ waitingPeak }) => waitingPeak,
      change: () => `${more(1)} (${grown})`,
      evidence: ({ waitingPeak }, percent) =>
        `had ${figure(waitingPeak)} events waiting at once in the last five minutes, ${percent} of ${figure(limits.WAITING_COMMANDS_MAX)}; beyond that they are refused`,
    }),
    worst(hunt, {
      limit: "LIVE_SOCKETS_PER_OBJECT",
      max: limits.LIVE_SOCKETS_PER_OBJECT,
      toldAt: TOLD_AT.sockets,
      holds: ({ sockets }) => sockets,
      change: () => `raise LIVE_SOCKETS_PER_OBJECT (the platform holds 32,768), or ${more(1)} (${grown})`,
      evidence: ({ sockets }, percent) =>
        `holds ${figure(sockets)} live sockets, ${percent} of ${figure(limits.LIVE_SOCKETS_PER_OBJECT)}; beyond that players poll`,
    }),
  ];
  const busiest = [
    worst(hunt, {
      limit: "SHARDS_PER_REGION",
      max: 1,
      toldAt: USE,
      holds: ({ requests, messages }) => objectShare(requests, messages),
      change: (share) => `${more(share)} (${grown})`,
      evidence: ({ events, requests, messages }, percent) =>
        `decided ${figure(events)} events/s (${[`${figure(requests)} requests/s`, ...(messages > 0 ? [`${figure(messages)} socket messages/s`] : [])].join(", ")}) in its busiest seconds: it is at ${percent} of the ${figure(PLATFORM.objectRequests)} requests/s that one object carries`,
    }),
    worst(hunt, {
      limit: "SHARDS_PER_REGION",
      max: PLATFORM.teams,
      toldAt: USE,
      holds: ({ teams }) => teams,
      change: (share) => `${more(share)} (${grown})`,
      evidence: ({ teams }, percent) =>
        `has ${figure(teams)} teams, ${percent} of the ${figure(PLATFORM.teams)} that one shard was measured with`,
    }),
    atStart(hunt, now),
    silent(hunt),
  ].flatMap((line) => line ?? []);
  busiest.sort((a, b) => b.at - a.at);
  return [...busiest.slice(0, 1), ...ofShards.flatMap((line) => line ?? []), ...ofBoard(hunt)];
}

interface ShardLimit extends Pick<Advised, "limit"> {
  max: number;
  toldAt: number;
  holds: (load: ShardLoad) => number;
  change: (share: number) => string;
  evidence: (load: ShardLoad, percent: string) => string;
}

/** The shard that is nearest to the limit, and how many others come near it. */
function worst({ hunt, shards }: HuntReading, limit: ShardLimit): Advised | undefined {
  const near = shards
    .map((load) => ({ load, at: limit.holds(load) / limit.max }))
    .filter(({ at }) => at >= limit.toldAt)
    .sort((a, b) => b.at - a.at);
  const [first] = near;
  if (!first) return undefined;
  const others = near.length === 1 ? "" : `; ${figure(near.length - 1)} more come near it`;
  return {
    limit: limit.limit,
    at: first.at,
    change: limit.change(first.at),
    evidence: `shard ${first.load.shard} of ${hunt} ${limit.evidence(first.load, percentOf(first.at))}${others}`,
  };
}

/** A hunt that waits for its start: its teams all come in one minute. */
function atStart({ hunt, phase, opens, shards, shardsPerRegion }: HuntReading, now: number) {
  if (phase !== "draft") return undefined;
  const left = opens === undefined ? 0 : Math.max(0, opens - now) / 1_000;
  if (left > AHEAD) return undefined;
  const teams = sum(shards, (load) => load.teams);
  const growing = (sum(shards, (load) => load.newTeams) / SHARD_SECONDS) * left;
  // A crowd that joins now does not join like this for a day.
  const expected = Math.round(teams + Math.min(growing, teams));
  const biggest = Math.max(0, ...shards.map((load) => load.teams));
  const share = objectShare(biggest * (expected / Math.max(1, teams)) * START_EVENTS_PER_TEAM, 0);
  if (share < USE) return undefined;
  const when = opens === undefined ? "before it goes live" : `before ${clockTime(opens)}`;
  return {
    limit: "SHARDS_PER_REGION",
    at: share,
    change: `${raise({ hunt, shardsPerRegion }, share)} ${when}, when ${figure(expected)} registered teams are expected (new teams land on new shards, those there stay)`,
    evidence: `${hunt} has ${figure(teams)} teams that wait for its start, ${figure(biggest)} of them on one shard; at ${START_EVENTS_PER_TEAM} events/s a team in the first minute its busiest shard is at ${percentOf(share)} of the ${figure(PLATFORM.objectRequests)} requests/s that one object carries`,
  } as const;
}

function silent({ hunt, shardsPerRegion, silent: shards }: HuntReading): Advised | undefined {
  const [first] = shards;
  if (first === undefined) return undefined;
  const others = shards.length === 1 ? "" : ` and ${figure(shards.length - 1)} more`;
  return {
    limit: "SHARDS_PER_REGION",
    at: 1,
    change: `ask again; if it stays so, ${raise({ hunt, shardsPerRegion }, 1)} (new teams land on new shards)`,
    evidence: `shard ${first} of ${hunt}${others} did not tell its load within two seconds: it has too much to do, or starts anew`,
  };
}

/** The hunt's one leaderboard: the teams it holds in memory, and the reports it takes. */
function ofBoard({ hunt, shards }: HuntReading): Advised[] {
  const lines: Advised[] = [];
  const teams = sum(shards, (load) => load.teams);
  const memory = (teams * BOARD_BYTES_PER_TEAM) / 1e6 / PLATFORM.board;
  if (memory >= USE)
    lines.push({
      limit: "leaderboard-memory",
      at: memory,
      change: "split the next hunt into several, by country say: each has standings of its own",
      evidence: `the standings of ${hunt} hold ${figure(teams)} teams, ${percentOf(memory)} of the memory of one object`,
    });
  const reports = (shards.length * REPORTS) / PLATFORM.objectRequests;
  if (reports >= USE)
    lines.push({
      limit: "REPORT_DELAY_MS",
      at: reports,
      change: `raise REPORT_DELAY_MS to ${figure(Math.ceil((PARAMETERS.REPORT_DELAY_MS.default * reports) / USE))} at least`,
      evidence: `${figure(shards.length)} shards of ${hunt} report to one leaderboard, up to ${figure(shards.length * REPORTS)} times a second: ${percentOf(reports)} of what one object carries`,
    });
  return lines;
}

/** "raise SHARDS_PER_REGION to 8: npm run hunt -- shards harbour-nights 8". */
function raise({ hunt, shardsPerRegion }: Pick<HuntReading, "hunt" | "shardsPerRegion">, share: number) {
  const { max } = PARAMETERS.SHARDS_PER_REGION;
  const wanted = Math.min(max, Math.max(shardsPerRegion + 1, Math.ceil((shardsPerRegion * share) / USE)));
  if (wanted <= shardsPerRegion) return "split the hunt: SHARDS_PER_REGION is at its most";
  return `raise SHARDS_PER_REGION to ${wanted}: npm run hunt -- shards ${hunt} ${wanted}`;
}

// ── The queue and the origin ───────────────────────────────────────────────

function ofQueue({ queued, recent, recentSeconds }: Reading, { QUEUE_BACKLOG_MAX }: Limits): Advised[] {
  if (queued === undefined) return [];
  const at = queued / QUEUE_BACKLOG_MAX;
  const sent = counted(recent, "hunt_ship_messages_total", "all");
  const taken = sum(["applied", "dead"], (result) => counted(recent, "hunt_queue_messages_total", result));
  const growth = (sent - taken) / recentSeconds;
  const full = growth > 0 ? Math.max(0, QUEUE_BACKLOG_MAX - queued) / growth : Number.POSITIVE_INFINITY;
  const isFilling = at >= FILLING.from && full <= FILLING.within;
  if (at < TOLD_AT.queue && !isFilling) return [];
  return [
    {
      limit: "QUEUE_BACKLOG_MAX",
      at,
      change:
        "see whether the origin is slow (npm run hunt -- origin) and mend it; raise ORIGIN_CONCURRENCY if it is not",
      evidence: `${figure(queued)} messages wait in the queue, ${percentOf(at)} of ${figure(QUEUE_BACKLOG_MAX)}${Number.isFinite(full) && at < 1 ? `, which it reaches in ${duration(full)} as it grows now` : ""}; beyond that shards keep theirs in their logs`,
    },
  ];
}

function ofGate({ gate }: Reading, limits: Limits): Advised[] {
  if (!gate) return [];
  const { state, openings, window } = gate;
  const failed = window.calls === 0 ? 0 : window.failed / window.calls / limits.GATE_FAILED_SHARE;
  const slow = window.calls === 0 ? 0 : window.slow / window.calls / limits.GATE_SLOW_SHARE;
  // The failed calls of an origin that does not respond are slow as well: it fails.
  const isSlow = slow > failed;
  const limit = isSlow ? "GATE_SLOW_SHARE" : "GATE_FAILED_SHARE";
  const seen = `in the last ten seconds ${figure(window.failed)} calls on the origin failed and ${figure(window.slow)} were slow, of ${figure(window.calls)} begun`;
  const mend = isSlow
    ? "mend the origin: lower what burdens it (ORIGIN_CONCURRENCY), or raise ORIGIN_SLOW_MS if it is as fast as it can be"
    : "mend the origin (npm run hunt -- origin shows when the gate closes again)";
  if (openings >= FLAPS)
    return [
      {
        limit,
        at: 1,
        change: `${mend}; until then raise GATE_OPEN_MS, so that it rests longer between`,
        evidence: `the origin's gate flaps: it opened ${openings} times in the last ten minutes; ${seen}`,
      },
    ];
  if (state !== "closed")
    return [
      {
        limit,
        at: 1,
        change: mend,
        evidence: `the origin's gate is ${state.replace("_", " ")}: ${seen}; facts wait in queue and logs, and who joins with a registration that is not cached waits for the hunt's whenOriginDown`,
      },
    ];
  const at = Math.max(failed, slow);
  if (window.calls < limits.GATE_MIN_CALLS || at < TOLD_AT.gate) return [];
  return [{ limit, at, change: mend, evidence: `${seen}: at ${percentOf(at)} of that share the gate opens` }];
}

/** By one in four, because nobody waits for these calls, and a few slow ones are noise. */
function ofOriginTime({ recent }: Reading, { ORIGIN_TIMEOUT_MS }: Limits): Advised[] {
  const { calls, slowest } = timesOf(recent, "apply", 0.75);
  const at = (slowest * 1_000) / ORIGIN_TIMEOUT_MS;
  if (calls < CALLS_MIN || at < TOLD_AT.timeout) return [];
  return [
    {
      limit: "ORIGIN_TIMEOUT_MS",
      at,
      change:
        "mend the origin, or lower what burdens it (ORIGIN_CONCURRENCY); raise ORIGIN_TIMEOUT_MS if it is as fast as it can be",
      evidence: `one call in four on the origin took ${figure(Math.round(slowest * 1_000))} ms or longer in the last minute, ${percentOf(at)} of its time limit; calls that run out of time open the gate`,
    },
  ];
}

/** Players who join wait for look-ups that no cache serves: one in ten counts. */
function ofLookups({ recent }: Reading, { LOOKUP_LIMIT_MS }: Limits): Advised[] {
  const served = sum(["hits", "stale", "negative"], (source) =>
    counted(recent, "hunt_cache_reads_total", "registration", source),
  );
  const missed = sum(["misses", "limited", "errors"], (source) =>
    counted(recent, "hunt_cache_reads_total", "registration", source),
  );
  const { calls, slowest } = timesOf(recent, "registration", 0.9);
  const cold = missed / Math.max(1, served + missed);
  const at = (slowest * 1_000) / LOOKUP_LIMIT_MS;
  if (calls < CALLS_MIN || cold < COLD || at < TOLD_AT.lookup) return [];
  return [
    {
      limit: "LOOKUP_LIMIT_MS",
      at,
      change:
        "mend the origin, or raise LOOKUP_LIMIT_MS; let players join before the rush (the draft admits them), and set whenOriginDown: admit if late look-ups must not refuse them",
      evidence: `the cache of registrations is cold: it could not serve ${percentOf(cold)} of the look-ups of the last minute, and one in ten took the origin ${figure(Math.round(slowest * 1_000))} ms or longer, ${percentOf(at)} of the longest that a joining waits`,
    },
  ];
}

/** Readings that neither memory nor KV served go to one object. */
function ofReaders({ recent, recentSeconds }: Reading): Advised[] {
  const caches = [
    { cache: "leaderboard", limit: "LEADERBOARD_KV_MAX_AGE_MS", object: "leaderboard" },
    { cache: "hunt", limit: "HUNT_KV_MAX_AGE_MS", object: "control object" },
  ] as const;
  return caches.flatMap(({ cache, limit, object }) => {
    const rate = counted(recent, "hunt_cache_reads_total", cache, "object") / recentSeconds;
    const at = objectShare(rate, 0);
    if (at < USE) return [];
    return [
      {
        limit,
        at,
        change: `see whether KV is written (hunt_delivery_failures_total); raise ${limit}`,
        evidence: `${figure(Math.round(rate))} readings a second went past memory and KV to the ${object} in the last minute, ${percentOf(at)} of what one object carries`,
      },
    ];
  });
}

// ── Figures ────────────────────────────────────────────────────────────────

const counted = (counts: Counts, name: CounterName, ...labels: string[]): number =>
  counts.counters[[name, ...labels].join(SEPARATOR)] ?? 0;

/** How often an origin call was made, and the time that such a share of them stayed within, s. */
function timesOf(counts: Counts, call: string, share: number): { calls: number; slowest: number } {
  const name: HistogramName = "hunt_origin_call_duration_seconds";
  const buckets = counts.histograms[[name, call].join(SEPARATOR)]?.counts ?? [];
  const calls = sum(buckets, (count) => count);
  return { calls, slowest: quantile(METRICS[name].buckets, buckets, share) };
}

/** Of a histogram, as Prometheus tells it: even within a bucket; beyond the last edge that edge. */
function quantile(edges: readonly number[], counts: readonly number[], share: number): number {
  let left = sum(counts, (count) => count) * share;
  if (left === 0) return 0;
  for (const [index, edge] of edges.entries()) {
    const count = counts[index] ?? 0;
    const low = edges[index - 1] ?? 0;
    if (count > 0 && left <= count) return low + (edge - low) * (left / count);
    left -= count;
  }
  return edges.at(-1) ?? 0;
}

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((all, item) => all + of(item), 0);

const figure = (value: number): string =>
  (value >= 10 ? Math.round(value) : Math.round(value * 10) / 10).toLocaleString("en");

const percentOf = (share: number): string => `${Math.round(share * 100)} %`;

const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;

/** "18:00 UTC on 2026-06-06". */
function clockTime(at: number): string {
  const text = new Date(at).toISOString();
  return `${text.slice(11, 16)} UTC on ${text.slice(0, 10)}`;
}
