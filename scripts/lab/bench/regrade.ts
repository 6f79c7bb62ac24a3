/**
 * A regrade in a whole engine: how long 200,000 events take to be judged again, said beforehand and made, and what
 * that does to the play that goes on meanwhile, beside the same play without it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Regraded } from "../../../src/contract/regrade.ts";
import { chance } from "../measure/chance.ts";
import { arrivals, atTheirTimes } from "../measure/open-loop.ts";
import { quantileOf } from "../measure/statistics.ts";
import { Connection, closedLoop } from "./client.ts";
import { type BenchEngine, startEngines, stopAll } from "./engines.ts";
import { type Case, caseOf, ratioOf } from "./figures.ts";
import { BENCH_HUNT, type BenchHunt, benchDefinition, openBenchHunt, organise } from "./hunt.ts";
import type { Settings } from "./rounds.ts";

/** Over so many shards, as a hunt of this size has. */
const SHARDS = 4;
const EVENTS = 200_000;
const TEAMS = 2_000;

/** Events of a request that fills the log, and such requests at the same time. */
const FILLING = { events: 50, connections: 16, secondsMax: 600 };

/** Play beside it: a rate that does not wait, of so many connections. */
const PLAY = { rate: 200, connections: 64 };

/** The clues whose key is another one each time: what was right is wrong, and back. */
const CORRECTED = 5;

export async function measureRegrade(scratch: string, { rounds, seconds, say }: Settings): Promise<Case[]> {
  const vars = {
    RATE_LIMITS: "off",
    SHARDS_PER_REGION: String(SHARDS),
    SHARDS_MAX: String(SHARDS),
    JUDGED_AT_ONCE: "1",
  };
  const engines = await startEngines(scratch, undefined, { vars });
  const [one] = engines;
  if (!one) throw new Error("no engine was started");
  try {
    const hunt = await openBenchHunt(one.engine, { teams: TEAMS });
    say(`filling ${SHARDS} shards with ${EVENTS} events`);
    const filled = await closedLoop({
      origin: one.origin,
      connections: FILLING.connections,
      seconds: FILLING.secondsMax,
      requests: EVENTS / FILLING.events,
      next: () => hunt.mixed(FILLING.events),
    });
    if (filled.failed > 0) throw new Error(`${filled.failed} responses are wrong: ${filled.failure}`);
    await sleep(10_000); // what follows from it must not fall into what is measured
    const took = { said: [] as number[], made: [] as number[] };
    const p99 = { alone: [] as number[], said: [] as number[], made: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      const alone = await played(one, hunt, () => sleep(seconds * 1_000));
      await correct(one, round);
      const said = await played(one, hunt, () => regraded(one, true));
      const made = await played(one, hunt, () => regraded(one, false));
      say(
        `round ${round}: said in ${said.seconds.toFixed(1)} s, made in ${made.seconds.toFixed(1)} s, p99 ${[alone, said, made].map((each) => each.p99.toFixed(0)).join(", ")} ms`,
      );
      if (round === 0) continue; // warming up
      took.said.push(said.seconds);
      took.made.push(made.seconds);
      p99.alone.push(alone.p99);
      p99.said.push(said.p99);
      p99.made.push(made.p99);
    }
    return [
      caseOf(`regrade of ${EVENTS} events, dry run`, "s", took.said),
      caseOf(`regrade of ${EVENTS} events, made`, "s", took.made),
      caseOf("play alone: p99", "ms", p99.alone),
      caseOf("play beside the dry run: p99", "ms", p99.said),
      caseOf("play beside the regrade: p99", "ms", p99.made),
      ratioOf("play beside the dry run / alone: p99", p99.said, p99.alone),
      ratioOf("play beside the regrade / alone: p99", p99.made, p99.alone),
    ];
  } finally {
    await stopAll(engines);
  }
}

/** Publishes other keys for some clues. */
async function correct({ engine }: BenchEngine, round: number): Promise<void> {
  const clues = benchDefinition.clues.map((clue, index) =>
    index >= benchDefinition.clues.length - CORRECTED && round % 2 === 0
      ? { ...clue, answers: [`corrected ${index}`] }
      : clue,
  );
  await organise(engine, "PUT", `/v1/hunts/${BENCH_HUNT}`, { ...benchDefinition, clues });
}

async function regraded({ engine }: BenchEngine, dryRun: boolean): Promise<void> {
  const told = (await organise(engine, "POST", `/v1/hunts/${BENCH_HUNT}/regrade`, { dryRun })) as Regraded;
  if (told.teamsMoved === 0 || told.events < EVENTS)
    throw new Error(`nothing moved: ${JSON.stringify(told)}`);
}

/** Plays at a steady rate while `work` goes on. */
async function played(
  { origin }: BenchEngine,
  hunt: BenchHunt,
  work: () => Promise<unknown>,
): Promise<{ seconds: number; p99: number }> {
  const free = Array.from({ length: PLAY.connections }, () => new Connection(origin));
  const all = [...free];
  const waiting: ((connection: Connection) => void)[] = [];
  const latencies: number[] = [];
  const begun = performance.now();
  let ended: number | undefined;
  const working = work().then(() => {
    ended = performance.now();
  });
  const until = function* () {
    for (const arrival of arrivals(PLAY.rate, FILLING.secondsMax, chance(7))) {
      if (ended !== undefined) return;
      yield arrival;
    }
  };
  await atTheirTimes(until(), async (_, intended) => {
    // The one that rested longest: none rests so long that it counts as dead.
    const connection = free.shift() ?? (await new Promise<Connection>((done) => waiting.push(done)));
    const { status, body } = await connection.send(hunt.event());
    latencies.push(performance.now() - intended);
    const next = waiting.shift();
    if (next) next(connection);
    else free.push(connection);
    if (status !== 200) throw new Error(`${status} ${body.slice(0, 200)}`);
  });
  await working;
  for (const connection of all) connection.close();
  const seconds = ((ended ?? performance.now()) - begun) / 1_000;
  return { seconds, p99: quantileOf(Float64Array.from(latencies).sort(), 0.99) };
}
