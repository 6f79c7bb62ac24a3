/** One contestant through all phases. */
import { setTimeout as sleep } from "node:timers/promises";
import { startPostgres } from "../../local/postgres.ts";
import { PostgresMessages } from "../faults/postgres-messages.ts";
import { type FaultProxy, startProxy } from "../faults/proxy.ts";
import { type Contestant, HUNT, joinPlayers, type Kept } from "./contestant.ts";
import { openLoop, type Sample } from "./load.ts";
import { type Figures, figuresOf, secondsToRecover } from "./measure.ts";
import { HEALED, HEALTHY, PHASES, WARM_UP } from "./phases.ts";

/** Messages of PostgreSQL's protocol that make it work: a simple query, and an execute. */
const CALLS = ["Q", "E"];

const CAUGHT_UP_POLL = 500;

export interface PhaseResult extends Figures {
  phase: string;
  seconds: number;
  /** Calls that arrived at the database (at its door, when it was frozen) in this time, per second. */
  callsPerSecond: number;
  connectionsPerSecond: number;
}

export interface StoryResult {
  name: Contestant["name"];
  phases: PhaseResult[];
  /** Without the warm-up. */
  total: Figures;
  /** Database calls of the whole load and of catching up after it. */
  calls: number;
  connections: number;
  events: { sent: number; acknowledged: number };
  /** Calls for each event sent while nothing is wrong, and for each recorded over everything, catching up included. */
  callsPerEvent: { healthy: number; recorded: number };
  /** Until errors and p99 are back, s. */
  recoverSeconds: number | undefined;
  /** Until the database holds everything but the events under way, s. */
  catchUpSeconds: number;
  kept: Kept;
  faults: ReturnType<FaultProxy["counts"]>["faults"];
  failures: Record<string, number>;
  /** How late the generator itself sent a request, worst, ms. */
  latestSend: number;
}

export interface StoryOptions {
  /** Length of a phase of share 1. */
  seconds: number;
  rate: number;
  players: number;
  seed: number;
  say(line: string): void;
}

/** `through`: the database behind the proxy; `direct`: past it. */
export type Start = (through: string, direct: string) => Promise<Contestant>;

export async function runStory(start: Start, options: StoryOptions): Promise<StoryResult> {
  const postgres = await startPostgres();
  const address = new URL(postgres.url);
  const proxy = await startProxy({
    upstream: { host: address.hostname, port: Number(address.port) },
    counter: () => new PostgresMessages(),
  });
  const through = new URL(address);
  through.port = String(proxy.port);
  try {
    const contestant = await start(through.href, address.href);
    try {
      return await goThrough(contestant, proxy, options);
    } finally {
      await contestant.stop();
    }
  } finally {
    await proxy.close();
    await postgres.stop();
  }
}

async function goThrough(
  contestant: Contestant,
  proxy: FaultProxy,
  options: StoryOptions,
): Promise<StoryResult> {
  const { rate, seed, say } = options;
  const { name, url } = contestant;
  say(`${name}: ${options.players} players join`);
  const players = await joinPlayers(url, options.players);
  const seconds = PHASES.reduce((sum, { share }) => sum + share * options.seconds, 0);
  const began = performance.now();
  const load = openLoop({ origin: url.origin, hunt: HUNT, players, rate, seconds, seed });
  const marks: { phase: string; at: number; calls: number; connections: number }[] = [];
  const mark = (phase: string) => {
    const { connections } = proxy.counts();
    marks.push({ phase, at: performance.now() - began, calls: callsOf(proxy), connections });
  };
  let from = 0;
  for (const phase of PHASES) {
    await sleep(Math.max(0, began + from - performance.now()));
    await phase.begin(proxy);
    mark(phase.name);
    say(`${name}: ${phase.name}: ${phase.what}`);
    from += phase.share * options.seconds * 1_000;
  }
  const caughtUp = whenCaughtUp(contestant).then(() => performance.now() - began);
  const { samples, acknowledged, failures, latestSend } = await load;
  mark("end");
  // Only settling has a time limit: when it gives up, nobody waits for the rest.
  const [caughtUpAt] = await Promise.all([caughtUp, contestant.settle()]);
  const of = (wanted: (phase: string) => boolean): Sample[] =>
    samples.filter(({ at }) => wanted(phaseAt(marks, at)));
  const phases = marks.slice(0, -1).map(({ phase, at, calls, connections }, index): PhaseResult => {
    const next = marks[index + 1] ?? { at, calls, connections };
    const lasted = (next.at - at) / 1_000;
    return {
      phase,
      seconds: lasted,
      ...figuresOf(of((name) => name === phase)),
      callsPerSecond: (next.calls - calls) / lasted,
      connectionsPerSecond: (next.connections - connections) / lasted,
    };
  });
  const healthySamples = of((phase) => phase === HEALTHY);
  const measured = of((phase) => phase !== WARM_UP);
  const healedAt = marks.find(({ phase }) => phase === HEALED)?.at ?? 0;
  const healthy = phases.find(({ phase }) => phase === HEALTHY);
  const { connections, faults } = proxy.counts();
  const calls = callsOf(proxy) - (marks[0]?.calls ?? 0);
  return {
    name,
    phases,
    total: figuresOf(measured),
    calls,
    connections: connections - (marks[0]?.connections ?? 0),
    events: { sent: eventsIn(samples), acknowledged: acknowledged.length },
    callsPerEvent: {
      healthy: ((healthy?.callsPerSecond ?? 0) * (healthy?.seconds ?? 0)) / eventsIn(healthySamples),
      recorded: calls / acknowledged.length,
    },
    recoverSeconds: secondsToRecover(samples, healedAt, healthy?.p99 ?? 0),
    catchUpSeconds: Math.max(0, (caughtUpAt - healedAt) / 1_000),
    kept: await contestant.kept(acknowledged),
    faults,
    failures: Object.fromEntries([...failures].sort((a, b) => b[1] - a[1])),
    latestSend,
  };
}

async function whenCaughtUp(contestant: Contestant): Promise<void> {
  while (!(await contestant.caughtUp())) await sleep(CAUGHT_UP_POLL);
}

function eventsIn(samples: readonly Sample[]): number {
  return samples.filter(({ kind }) => kind === "answer").length;
}

function callsOf(proxy: FaultProxy): number {
  const { messages } = proxy.counts();
  return CALLS.reduce((sum, name) => sum + (messages[name] ?? 0), 0);
}

/** The phase in which the moment `at` lies. */
function phaseAt(marks: readonly { phase: string; at: number }[], at: number): string {
  return marks.findLast((mark) => mark.at <= at)?.phase ?? WARM_UP;
}
