/**
 * The standings with 10³ … 10⁶ teams: memory, the cost of every kind of read
 * and change, snapshot and restoring. Pure, in this process; board-object.ts
 * measures them inside their object.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { QUEUE_FACTS } from "../../../src/leaderboard/keeper.ts";
import { Standings } from "../../../src/leaderboard/standings/standings.ts";
import { FULL_COPY_TEAMS } from "../../../src/leaderboard/standings/view.ts";
import type { ScoreFact } from "../../../src/protocol.ts";
import { below, chance } from "../measure/chance.ts";
import { medianOf, quantileOf } from "../measure/statistics.ts";
import { cpuMillisOf } from "../measure/stopwatch.ts";
import {
  CROWD_SHARDS,
  type CrowdScoring,
  crowdClue,
  crowdFacts,
  crowdRules,
  crowdShard,
  crowdTeam,
} from "./crowd.ts";

export const BOARD_SIZES = [1_000, 10_000, 100_000, 1_000_000];

/** Single reads timed, each by itself. */
const READS = 20_000;
/** Facts between two times at which the places are right: as many as the keeper gathers at such a rate. */
const BATCH_FACTS = { static: 20_000, moving: QUEUE_FACTS };
/** Score changes timed. */
const CHANGES = 240_000;
const REVALUATIONS = 5;

export interface BoardFigures {
  teams: number;
  scoring: CrowdScoring;
  /** Growth of typed arrays and heap by these standings, after a collection; MB = 10⁶ bytes. */
  megabytes: number;
  bytesPerTeam: number;
  /** Added by the view of a freeze. */
  freezeMegabytes: number;
  /** Facts taken in from the logs, everything settled at the end, 1/s. */
  factsPerSecond: number;
  /** Score changes in batches of 20,000 (moving scores: 80,000), places right after each, 1/s. */
  changesPerSecond: number;
  rankMicros: { p50: number; p99: number };
  top100Millis: number;
  around21Millis: number;
  bracket100Millis: number;
  /** All scores and places anew after a change of the decay (static: all places), median. */
  revaluationMillis: number;
  /** Longest piece of it. */
  revaluationPieceMillis: number;
  snapshotMegabytes: number;
  snapshotMillis: number;
  snapshotPieceMillis: number;
  restoreMillis: number;
}

/** Measures each size with static and with moving scores; `say` hears of the progress. */
export function benchBoard(sizes: readonly number[], say: (line: string) => void): BoardFigures[] {
  const figures: BoardFigures[] = [];
  for (const scoring of ["static", "moving"] as const) {
    // The code is compiled and optimised before anything is timed.
    measure(20_000, scoring);
    for (const teams of sizes) {
      const one = measure(teams, scoring);
      figures.push(one);
      say(`board ${JSON.stringify(one)}`);
    }
  }
  return figures;
}

function measure(teams: number, scoring: CrowdScoring): BoardFigures {
  const rules = crowdRules(scoring, teams);
  const before = heldBytes();
  let standings = new Standings(rules);
  let facts = 0;
  const seqs: number[] = [];
  const filled = cpuMillisOf(() => {
    for (let shard = 0; shard < CROWD_SHARDS; shard += 1) {
      for (const fact of crowdFacts(shard, teams)) {
        standings.apply(crowdShard(shard), fact);
        facts += 1;
        seqs[shard] = fact.seq;
      }
    }
    standings.settle();
  });
  const bytes = heldBytes() - before;
  const random = chance(teams);
  const next = (bound: number): number => below(random, bound);
  const unfrozen = heldBytes();
  // As `View` copies it.
  const frozen = standings.clone({ thin: teams > FULL_COPY_TEAMS });
  const freezeBytes = heldBytes() - unfrozen;
  if (frozen.total() !== standings.total()) throw new Error("the copy differs");

  const asked = Array.from({ length: READS }, () => crowdTeam(next(teams)));
  const rank = timesOf(READS, (i) => standings.rank(asked[i] as string));
  const top = timesOf(200, () => standings.page({ offset: 0, limit: 100 }));
  const around = timesOf(200, () => standings.around(crowdTeam(next(teams)), 21));
  const bracket = timesOf(200, () => standings.page({ offset: 0, limit: 100, bracket: "locals" }));

  const changes = makeChanges(teams, seqs, next);
  const changed = cpuMillisOf(() => {
    for (let from = 0; from < changes.length; from += BATCH_FACTS[scoring]) {
      const batch = changes.slice(from, from + BATCH_FACTS[scoring]);
      standings.expect(batch.length);
      for (const { shard, fact } of batch) standings.apply(shard, fact);
      standings.settle();
    }
  });

  const revaluations: number[] = [];
  let piece = 0;
  for (let turn = 0; turn < REVALUATIONS; turn += 1) {
    const again = standings.rerule(crowdRules(scoring, teams, 40 + turn));
    if (again === undefined) throw new Error("another decay must not need the logs");
    standings = again;
    let sum = 0;
    const steps = standings.settleInSteps();
    for (let done: boolean | undefined = false; !done; ) {
      const step = cpuMillisOf(() => {
        done = steps.next().done;
      });
      sum += step;
      piece = Math.max(piece, step);
    }
    revaluations.push(sum);
  }

  let snapshotPiece = 0;
  let snapshotBytes = 0;
  const chunks: Uint8Array[] = [];
  const snapshotMillis = cpuMillisOf(() => {
    const iterator = standings.snapshot();
    for (;;) {
      let chunk: Uint8Array | undefined;
      snapshotPiece = Math.max(
        snapshotPiece,
        cpuMillisOf(() => {
          const { value } = iterator.next();
          chunk = value ?? undefined;
        }),
      );
      if (!chunk) break;
      snapshotBytes += chunk.length;
      chunks.push(chunk);
    }
  });
  let restored: Standings | undefined;
  const restoreMillis = cpuMillisOf(() => {
    restored = Standings.restore(crowdRules(scoring, teams, 40 + REVALUATIONS - 1), chunks);
  });
  const probe = crowdTeam(next(teams));
  if (restored?.rank(probe) !== standings.rank(probe)) throw new Error("the restored standings differ");

  return {
    teams,
    scoring,
    megabytes: bytes / 1e6,
    bytesPerTeam: bytes / teams,
    freezeMegabytes: freezeBytes / 1e6,
    factsPerSecond: (facts / filled) * 1_000,
    changesPerSecond: (changes.length / changed) * 1_000,
    rankMicros: { p50: quantileOf(rank, 0.5) * 1_000, p99: quantileOf(rank, 0.99) * 1_000 },
    top100Millis: quantileOf(top, 0.5),
    around21Millis: quantileOf(around, 0.5),
    bracket100Millis: quantileOf(bracket, 0.5),
    revaluationMillis: medianOf(revaluations),
    revaluationPieceMillis: piece,
    snapshotMegabytes: snapshotBytes / 1e6,
    snapshotMillis,
    snapshotPieceMillis: snapshotPiece,
    restoreMillis,
  };
}

/** Half new solves, half adjustments, of teams at random. */
function makeChanges(
  teams: number,
  seqs: number[],
  next: (below: number) => number,
): { shard: string; fact: ScoreFact }[] {
  const turns = new Map<number, number>();
  return Array.from({ length: CHANGES }, (_, i) => {
    const team = next(teams);
    const shard = team % CROWD_SHARDS;
    const seq = (seqs[shard] ?? 0) + 1;
    seqs[shard] = seq;
    const head = { seq, at: Date.UTC(2027, 0, 1) + i, team: crowdTeam(team) };
    const turn = turns.get(team) ?? 10;
    if (i % 2 === 0 && turn < 50) {
      turns.set(team, turn + 1);
      const clue = crowdClue(team, turn);
      return {
        shard: crowdShard(team),
        fact: { ...head, type: "solve", clue: `clue-${clue}`, points: 100 + 10 * (clue % 40) },
      };
    }
    return { shard: crowdShard(team), fact: { ...head, type: "adjust", points: (i % 61) - 30 } };
  });
}

let collect: (() => void) | undefined;

/** Bytes of typed arrays and heap in use, garbage collected. */
function heldBytes(): number {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  collect();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** Wall time of each call, ms, rising. */
function timesOf(times: number, call: (i: number) => unknown): Float64Array {
  const millis = new Float64Array(times);
  for (let i = 0; i < times; i += 1) {
    const start = process.hrtime.bigint();
    call(i);
    millis[i] = Number(process.hrtime.bigint() - start) / 1e6;
  }
  return millis.sort();
}
