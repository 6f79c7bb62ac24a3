/**
 * The origin's gate and the guard of each isolate before it: the engine's own
 * classes in virtual time, because only a crowd of isolates shows what they do.
 */
import { type Ended, type Origin, type Scenario, simulate } from "../../gate/simulate.ts";
import { meanOf } from "../../measure/statistics.ts";
import { type Figures, type Metric, simulated } from "../experiment.ts";

/** Isolates of a busy hunt, and the calls a second of all of them. */
const CROWD = { isolates: 200, callsPerSecond: 40 };

/** When the origin is no longer well, ms: the gate's window is full of successes by then. */
const SICK_AT = 20_000;

/** What an opening or a closing that never came counts as, s. */
const NEVER = 600;

const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole);

/** A run, with what its callers saw. */
interface Seen {
  ended: Ended[];
  /** When calls reached the origin, ms since the start. */
  reached: number[];
  changes: Awaited<ReturnType<typeof simulate>>["changes"];
}

async function seen(
  scenario: Omit<Scenario, "watch" | "isolates" | "callsPerSecond"> &
    Partial<Pick<Scenario, "isolates" | "callsPerSecond">>,
): Promise<Seen> {
  const ended: Ended[] = [];
  const reached: number[] = [];
  const { origin } = scenario;
  const { changes } = await simulate({
    ...CROWD,
    ...scenario,
    origin: (at, random) => {
      reached.push(at);
      return origin(at, random);
    },
    watch: (call) => ended.push(call),
  });
  return { ended, reached, changes };
}

/** The share of the calls wanted from then on that were not let through although the origin was there, %. */
function refused({ ended }: Seen, from = 0, to = Number.POSITIVE_INFINITY): number {
  const wanted = ended.filter(({ at }) => at >= from && at < to);
  const away = wanted.filter(({ end }) => end !== "served" && end !== "failed" && end !== "timeout");
  return percent(away.length, wanted.length);
}

const secondsUntil = ({ changes }: Seen, state: "open" | "closed", from: number): number => {
  const change = changes.find((each) => each.at >= from && each.state === state);
  return change ? (change.at - from) / 1_000 : NEVER;
};

/** Until it closed for good after `from`, s. */
function secondsUntilClosed({ changes }: Seen, from: number): number {
  const later = changes.filter(({ at }) => at >= from);
  if (later.length === 0) return 0;
  const last = later.at(-1);
  return last?.state === "closed" ? (last.at - from) / 1_000 : NEVER;
}

const reachedPerMinute = ({ reached }: Seen, from: number, to: number): number =>
  (reached.filter((at) => at >= from && at < to).length * 60_000) / (to - from);

const NO_GATE = "the same calls without a gate";

const REFUSED: Metric = {
  name: "refused",
  what: "calls refused although the origin would have served most",
  unit: "%",
  better: "less",
};
const REACHED: Metric = {
  name: "reached",
  what: "calls that reach the sick origin",
  unit: "/min",
  better: "less",
};
const OPENS: Metric = { name: "opens", what: "from the fault to the open gate", unit: "s", better: "less" };
const CLOSES: Metric = { name: "closes", what: "from healing to the closed gate", unit: "s", better: "less" };

const failing =
  (share: number): Origin =>
  (at, random) =>
    at >= SICK_AT && random() < share ? "fails" : "answers";
const slow =
  (share: number, ms: number): Origin =>
  (at, random) =>
    at >= SICK_AT && random() < share ? ms : "answers";
const dead =
  (until = Number.POSITIVE_INFINITY): Origin =>
  (at) =>
    at >= SICK_AT && at < until ? "hangs" : "answers";

type Parameters = Pick<Scenario, "gate" | "guard" | "breaker">;
const WITHOUT: Parameters = { breaker: "none" };

/** An origin that a gate should spare, and one that it should leave alone. */
async function between(sick: Origin, well: Origin, parameters: Parameters, seed: number): Promise<Figures> {
  const seconds = 80;
  const bad = await seen({ seed, seconds, origin: sick, ...parameters });
  const good = await seen({ seed, seconds, origin: well, ...parameters });
  return {
    reached: reachedPerMinute(bad, SICK_AT, seconds * 1_000),
    refused: refused(good, SICK_AT),
  };
}

/** Runs of one trial: wrong openings are seldom, and long. */
const SELDOM = 30;

async function minCalls(parameters: Parameters, seed: number): Promise<Figures> {
  const opened: number[] = [];
  const turnedAway: number[] = [];
  for (let run = 0; run < SELDOM; run += 1) {
    // Few calls: how many are enough to judge by shows there alone. Sick from the start: the window is empty, as after every closing.
    const few = { seed: seed + run, isolates: 20, callsPerSecond: 4, seconds: 80, ...parameters };
    const gone = await seen({ ...few, origin: (_, random) => (random() < 0.75 ? "fails" : "answers") });
    const weak = await seen({ ...few, origin: (_, random) => (random() < 0.3 ? "fails" : "answers") });
    opened.push(Math.min(few.seconds, secondsUntil(gone, "open", 0)));
    turnedAway.push(refused(weak));
  }
  return {
    ...(parameters.breaker === "none" ? {} : { opens: meanOf(opened) }),
    refused: meanOf(turnedAway),
  };
}

async function flapping(parameters: Parameters, seed: number): Promise<Figures> {
  const [period, away, seconds] = [30_000, 10_000, 200];
  const isAway = (at: number): boolean => at >= SICK_AT && at % period < away;
  const run = await seen({
    seed,
    seconds,
    origin: (at) => (isAway(at) ? "hangs" : "answers"),
    ...parameters,
  });
  const there = run.ended.filter(({ at }) => at >= SICK_AT && !isAway(at));
  const sick = run.reached.filter(isAway).length;
  return {
    refused: percent(there.filter(({ end }) => end !== "served").length, there.length),
    reached: sick / (((seconds * 1_000 - SICK_AT) / period) * (away / 60_000)),
  };
}

async function longDead(parameters: Parameters, seed: number): Promise<Figures> {
  const healed = 320_000;
  const run = await seen({ seed, seconds: healed / 1_000 + 160, origin: dead(healed), ...parameters });
  return {
    ...(parameters.breaker === "none" ? {} : { closes: secondsUntilClosed(run, healed) }),
    reached: reachedPerMinute(run, SICK_AT + 10_000, healed),
  };
}

/** An origin that comes back weak: it bears a few calls a second and drops what is beyond. */
async function weakAfter(parameters: Parameters, seed: number): Promise<Figures> {
  const healed = 80_000;
  let bearable = 0;
  let second = 0;
  const origin: Origin = (at, random) => {
    if (at < SICK_AT) return "answers";
    if (at < healed) return "hangs";
    const now = Math.floor(at / 1_000);
    if (now !== second) [second, bearable] = [now, 5 + (now - healed / 1_000) * 2];
    bearable -= 1;
    return bearable >= 0 ? 40 + 200 * random() : "fails";
  };
  const run = await seen({ seed, seconds: 160, origin, ...parameters });
  return {
    ...(parameters.breaker === "none" ? {} : { closes: secondsUntilClosed(run, healed) }),
    reached: reachedPerMinute(run, SICK_AT + 10_000, healed),
  };
}

async function timeouts(parameters: Parameters, seed: number): Promise<Figures> {
  const frozen = await seen({ seed, seconds: 60, origin: dead(), ...parameters });
  // Far away and busy: half a second on average, now and then three.
  const origin: Origin = (at, random) => (at < SICK_AT ? "answers" : -500 * Math.log(1 - random()));
  const far = await seen({ seed, seconds: 80, origin, ...parameters });
  const before = frozen.ended.filter(
    ({ at, end }) => at >= SICK_AT && at < SICK_AT + 3_000 && end !== "open",
  );
  const wanted = far.ended.filter(({ at }) => at >= SICK_AT);
  return {
    waits: meanOf(before.map(({ took }) => took)),
    lost: percent(wanted.filter(({ end }) => end !== "served").length, wanted.length),
    ...(parameters.breaker === "none" ? {} : { opens: secondsUntil(frozen, "open", SICK_AT) }),
  };
}

const gate = (name: string, value: number): Parameters => ({ breaker: "gate", gate: { [name]: value } });
const guard = (name: string, value: number): Parameters => ({ breaker: "gate", guard: { [name]: value } });

const CONDITION = `${CROWD.isolates} isolates, ${CROWD.callsPerSecond} calls/s`;

export const gateExperiments = [
  simulated({
    parameter: "GATE_MIN_CALLS",
    condition: `20 isolates, 4 calls/s, ${SELDOM} runs a trial: an origin that fails 75 % from the start, and one that fails 30 %`,
    values: [5, 20, 50, 200],
    metrics: [OPENS, REFUSED],
    floor: NO_GATE,
    wishes: {
      small: [{ metric: "refused", most: 15 }],
      city: [{ metric: "refused", most: 15 }],
      television: [{ metric: "refused", most: 15 }],
    },
    trial: (value, seed) => minCalls(gate("minCalls", value), seed),
    without: (seed) => minCalls(WITHOUT, seed),
  }),
  simulated({
    parameter: "GATE_FAILED_SHARE",
    condition: `${CONDITION}: an origin that fails 70 %, and one that fails 30 %`,
    values: [0.2, 0.35, 0.5, 0.65, 0.8],
    metrics: [REACHED, REFUSED],
    floor: NO_GATE,
    wishes: {
      small: [{ metric: "refused", most: 1 }],
      city: [{ metric: "refused", most: 1 }],
      television: [{ metric: "refused", most: 1 }],
    },
    trial: (value, seed) => between(failing(0.7), failing(0.3), gate("failedShare", value), seed),
    without: (seed) => between(failing(0.7), failing(0.3), WITHOUT, seed),
  }),
  simulated({
    parameter: "GATE_SLOW_SHARE",
    condition: `${CONDITION}: an origin that takes 1.2 s for 95 % of the calls, and one that does for 50 %`,
    values: [0.3, 0.6, 0.8, 0.99],
    metrics: [REACHED, REFUSED],
    floor: NO_GATE,
    wishes: {
      small: [{ metric: "refused", most: 1 }],
      city: [{ metric: "refused", most: 1 }],
      television: [{ metric: "refused", most: 1 }],
    },
    trial: (value, seed) => between(slow(0.95, 1_200), slow(0.5, 1_200), gate("slowShare", value), seed),
    without: (seed) => between(slow(0.95, 1_200), slow(0.5, 1_200), WITHOUT, seed),
  }),
  simulated({
    parameter: "GATE_OPEN_MS",
    condition: `${CONDITION}: an origin that is away for 10 s of every 30`,
    values: [500, 1_500, 5_000, 15_000],
    metrics: [{ ...REFUSED, what: "calls refused while the origin is there" }, REACHED],
    floor: NO_GATE,
    wishes: {
      small: [],
      city: [{ metric: "reached", most: 1_200 }],
      television: [{ metric: "reached", most: 1_200 }],
    },
    trial: (value, seed) =>
      // The first pause is the one that is measured: the next are bounded as it is.
      flapping({ breaker: "gate", gate: { openMs: value, openMaxMs: Math.max(value, 8_000) } }, seed),
    without: (seed) => flapping(WITHOUT, seed),
  }),
  simulated({
    parameter: "GATE_OPEN_MAX_MS",
    condition: `${CONDITION}: an origin that is dead for five minutes`,
    values: [5_000, 8_000, 30_000, 120_000],
    metrics: [CLOSES, { ...REACHED, what: "calls that reach the dead origin" }],
    floor: NO_GATE,
    rounds: 20,
    wishes: {
      small: [{ metric: "reached", most: 60 }],
      city: [{ metric: "reached", most: 60 }],
      television: [{ metric: "reached", most: 45 }],
    },
    trial: (value, seed) => longDead(gate("openMaxMs", value), seed),
    without: (seed) => longDead(WITHOUT, seed),
  }),
  simulated({
    parameter: "GATE_PROBES_PER_SECOND",
    condition: `${CONDITION}: an origin that is dead for a minute and bears 5 calls/s when it comes back, 2 more each second; GATE_OPEN_MAX_MS 1,000`,
    values: [0.3, 1, 3, 10, 30],
    metrics: [CLOSES, { ...REACHED, what: "calls that reach the dead origin" }],
    floor: NO_GATE,
    rounds: 20,
    wishes: {
      small: [{ metric: "reached", most: 200 }],
      city: [{ metric: "reached", most: 200 }],
      television: [{ metric: "reached", most: 200 }],
    },
    // Short pauses: else these decide when it closes.
    trial: (value, seed) =>
      weakAfter({ breaker: "gate", gate: { probesPerSecond: value, openMs: 1_000, openMaxMs: 1_000 } }, seed),
    without: (seed) => weakAfter(WITHOUT, seed),
  }),
  simulated({
    parameter: "ORIGIN_TIMEOUT_MS",
    condition: `${CONDITION}: an origin that freezes, and one that takes half a second on average`,
    values: [300, 700, 1_500, 5_000, 15_000],
    metrics: [
      {
        name: "lost",
        what: "calls lost although the slow origin would serve them",
        unit: "%",
        better: "less",
      },
      { name: "waits", what: "wait of a call on the frozen one", unit: "ms", better: "less" },
      OPENS,
    ],
    floor: NO_GATE,
    wishes: {
      small: [{ metric: "opens", most: 6 }],
      city: [{ metric: "opens", most: 6 }],
      television: [{ metric: "opens", most: 6 }],
    },
    trial: (value, seed) => timeouts(guard("timeoutMs", value), seed),
    without: (seed) => timeouts(WITHOUT, seed),
  }),
  simulated({
    parameter: "ORIGIN_SLOW_MS",
    condition: `${CONDITION}: an origin that takes 1.2 s for every call, and one that takes 0.2 to 0.9 s`,
    values: [300, 600, 1_000, 1_400],
    metrics: [REACHED, { ...REFUSED, what: "calls refused although the origin is well, only far away" }],
    floor: NO_GATE,
    wishes: {
      small: [{ metric: "refused", most: 1 }],
      city: [{ metric: "refused", most: 1 }],
      television: [{ metric: "refused", most: 1 }],
    },
    trial: (value, seed) => farAndSick(guard("slowMs", value), seed),
    without: (seed) => farAndSick(WITHOUT, seed),
  }),
];

function farAndSick(parameters: Parameters, seed: number): Promise<Figures> {
  const far: Origin = (at, random) => (at < SICK_AT ? "answers" : 200 + 700 * random());
  return between(slow(1, 1_200), far, parameters, seed);
}
