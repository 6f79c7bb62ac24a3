/**
 * The needs of a campaign, and the part that breaks first: measured unit costs and counts
 * against the platform's limits. Pure.
 */
import { PLATFORM, REPORTS } from "../../../src/capacity.ts";
import { type Simulated, simulateShard, type UnitCosts } from "./simulate.ts";

/** Measured figures of the engine (docs/performance.md). */
export interface Measured {
  costs: UnitCosts;
  /** Dollars per million events, without and of D1, by mode. */
  dollars: Record<Mode, number>;
  archive: number;
  /** Bytes of a fact in the log. */
  factBytes: number;
  /** Facts in a queue message. */
  factsPerMessage: number;
  /** Bytes of the standings per team at a million of them. */
  boardBytesPerTeam: number;
  /** Score changes/s of one leaderboard. */
  boardChanges: number;
  /** Statements of a message, at most. */
  statementsPerMessage: number;
}

export const MODES = ["http", "batch", "socket"] as const;
export type Mode = (typeof MODES)[number];

export interface Question {
  players: number;
  /** Events/s at the peak. */
  peak: number;
  /** Length of the peak, s. */
  burst: number;
  /** Events in the busiest hour; the peak's own when not given. */
  hour: number;
  teamSize: number;
  mode: Mode;
  /** Events in a request (batch). */
  batch: number;
  /** Regions the players come from. */
  regions: number;
  /** Share of a shard's capacity to use at the peak. */
  use: number;
}

/** Share of right answers (a recorded hunt: 8,644 of 27,780). */
const RIGHT = 0.31;

/** Dollars of an object that is awake for an hour, and how many there are beside the shards. */
const OBJECT_HOUR = 0.00576;
const OTHER_OBJECTS = 20;

/** One stage of an event's way at the peak. */
export interface Stage {
  name: string;
  /** The most that one of it carries, and as much as the plan asks of one, in `unit`. */
  limit: number;
  asked: number;
  unit: string;
  /** How many of it the plan has. */
  count: number;
  /** Events/s at which it breaks with that count; infinite: by load it does not. */
  breaksAt: number;
}

export interface Plan {
  /** Hunts to split the players into, each with standings of its own: one leaderboard holds about a million teams, and takes the reports of 150 shards. */
  hunts: number;
  shards: number;
  shardsPerRegion: number;
  queues: number;
  stages: Stage[];
  /** The first limit that breaks when the load grows. */
  first: Stage;
  /** One shard at the peak, simulated. */
  shard: Simulated;
  dollarsPerHour: number;
  archivePerHour: number;
}

export function planFor(question: Question, measured: Measured, random: () => number): Plan {
  const { peak, mode, use } = question;
  const perRequest = mode === "batch" ? question.batch : 1;
  const perShard = mode === "socket" ? PLATFORM.objectMessages : PLATFORM.objectRequests * perRequest;
  const teams = Math.ceil(question.players / question.teamSize);
  const forLoad = peak / (perShard * use);
  const forTeams = teams / (PLATFORM.teams * use);
  const forSockets = mode === "socket" ? question.players / (PLATFORM.sockets * use) : 0;
  const shardsPerRegion = Math.max(1, Math.ceil(Math.max(forLoad, forTeams, forSockets) / question.regions));
  const shards = shardsPerRegion * question.regions;
  const boardMegabytes = (teams * measured.boardBytesPerTeam) / 1e6;
  const reports = shards * REPORTS;
  const hunts = Math.max(
    1,
    Math.ceil(boardMegabytes / PLATFORM.board),
    Math.ceil(reports / PLATFORM.objectRequests),
  );
  const messages = peak / measured.factsPerMessage;
  const queues = Math.max(1, Math.ceil(messages / (PLATFORM.queueMessages * use)));
  const stage = (name: string, unit: string, limit: number, asked: number, count = 1): Stage => ({
    name,
    unit,
    limit,
    asked,
    count,
    breaksAt: asked > 0 ? (peak * limit) / asked : Number.POSITIVE_INFINITY,
  });
  /** Parts that the number of players or shards alone fills, at any load. */
  const fixed = (name: string, unit: string, limit: number, asked: number, count = 1): Stage => ({
    ...stage(name, unit, limit, asked, count),
    breaksAt: asked > limit ? 0 : Number.POSITIVE_INFINITY,
  });
  const solves = peak * RIGHT;
  const stages: Stage[] = [
    stage("shard: events", "events/s", perShard, peak / shards, shards),
    fixed("shard: teams", "teams", PLATFORM.teams, teams / shards, shards),
    fixed(
      "shard: log of the busiest hour",
      "GB",
      PLATFORM.storage,
      (question.hour / shards) * measured.factBytes * 1e-9,
      shards,
    ),
    ...(mode === "socket"
      ? [fixed("shard: sockets", "sockets", PLATFORM.sockets, question.players / shards, shards)]
      : []),
    stage("leaderboard: score changes", "changes/s", measured.boardChanges, solves / hunts, hunts),
    fixed("leaderboard: memory", "MB", PLATFORM.board, boardMegabytes / hunts, hunts),
    // Each shard reports a few times a second at most, however many solves there are.
    fixed("leaderboard: reports", "calls/s", PLATFORM.objectRequests, reports / hunts, hunts),
    stage("queue: messages", "messages/s", PLATFORM.queueMessages, messages / queues, queues),
  ];
  const loaded = [...stages].sort((a, b) => a.breaksAt - b.breaksAt);
  const first = loaded[0];
  if (!first) throw new Error("a plan has stages");
  // On the platform a shard's thread is slower than here by as much as its soft limit says.
  const slower = Math.max(1, 1 / PLATFORM.objectRequests / measured.costs.request);
  const scaled = {
    request: measured.costs.request * slower,
    event: measured.costs.event * slower,
    commit: measured.costs.commit,
    way: measured.costs.way,
    ...(measured.costs.pauses ? { pauses: measured.costs.pauses } : {}),
  };
  const shard = simulateShard({
    costs:
      mode === "socket" ? { ...scaled, request: 1 / PLATFORM.objectMessages - scaled.commit / 20 } : scaled,
    load: { kind: "open", rate: peak / shards / perRequest },
    eventsPerRequest: perRequest,
    waitingMax: 2_000,
    seconds: Math.min(20, question.burst),
    random,
  });
  const awake = (shards + OTHER_OBJECTS) * OBJECT_HOUR;
  return {
    hunts,
    shards,
    shardsPerRegion,
    queues,
    stages,
    first,
    shard,
    dollarsPerHour: (question.hour / 1e6) * measured.dollars[mode] + awake,
    archivePerHour: (question.hour / 1e6) * measured.archive,
  };
}

/** D1 at the rate messages leave the queue: beyond it the backlog waits in the logs, and players notice nothing. */
export function archiveRate({ statementsPerMessage, factsPerMessage }: Measured): number {
  return (PLATFORM.d1Queries / statementsPerMessage) * factsPerMessage;
}
