/**
 * How many calls the gate lets through to a dead origin, and how many it refuses
 * wrongly to a failing one, in virtual time.
 */
import { meanOf } from "../measure/statistics.ts";
import { type Scenario, type Simulated, simulate } from "./simulate.ts";

/** Goals of SPEC.md, GATE-12 and GATE-13: share of the offered calls. */
const REACHED_MAX = 0.05;
const REFUSED_MAX = 0.01;

/** Runs of which a freeze's worst and mean times are taken. */
const FREEZES = 50;

/** When it responds again, ms. */
const HEALS_AT = 60_000;

/** When the origin of a freeze stops responding, ms: the window is full of successes by then. */
const FREEZE_AT = 30_000;

const dead: Scenario["origin"] = () => "hangs";
const failing: Scenario["origin"] = (_, random) => (random() < 0.3 ? "fails" : "answers");
const freezing: Scenario["origin"] = (at) => (at < FREEZE_AT || at >= HEALS_AT ? "answers" : "hangs");

const percent = (share: number): string => `${(100 * share).toFixed(2).padStart(6)} %`;
const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** Plays and prints all scenarios; false when a goal is missed. */
export async function playScenarios(seed: number): Promise<boolean> {
  print(`seed ${seed}`);
  let good = true;
  const run = async (name: string, scenario: Omit<Scenario, "seed">): Promise<Simulated> => {
    const result = await simulate({ ...scenario, seed });
    const { offered, reached, refused, reports } = result;
    const shares = `reached ${percent(reached / offered)}  refused ${percent(refused / offered)}`;
    print(`${name.padEnd(58)} ${shares}  reports/s ${Math.round(reports / scenario.seconds)}`);
    return result;
  };
  const goal = (name: string, share: number, most: number): void => {
    good &&= share <= most;
    print(`${share <= most ? "met " : "MISS"} ${name}: ${percent(share)}, at most ${percent(most)}`);
  };

  const crowd = { isolates: 5_000, callsPerSecond: 1_000, seconds: 120 };
  const shared = await run("dead origin, 5,000 isolates, 1,000 calls/s, the gate", {
    ...crowd,
    breaker: "gate",
    origin: dead,
  });
  await run("dead origin, a breaker in each isolate", { ...crowd, breaker: "isolate", origin: dead });
  await run("origin that refuses at once, the gate", { ...crowd, breaker: "gate", origin: () => "fails" });
  const random = await run("origin that fails 30 %, the gate", {
    ...crowd,
    breaker: "gate",
    origin: failing,
  });
  await run("origin that fails 30 %, a breaker in each isolate", {
    ...crowd,
    breaker: "isolate",
    origin: failing,
  });
  for (const isolates of [20, 500]) {
    const some = { ...crowd, isolates, origin: dead };
    await run(`dead origin, ${isolates} isolates, the gate`, { ...some, breaker: "gate" });
    await run(`dead origin, ${isolates} isolates, a breaker in each`, { ...some, breaker: "isolate" });
  }
  await run("dead origin, the gate away too: the isolates' throttle", {
    ...crowd,
    breaker: "gate",
    origin: dead,
    gateReachable: () => false,
  });
  const slow = { isolates: 1, callsPerSecond: 3, seconds: 3_600, breaker: "gate" } as const;
  await run("1 isolate, 3 calls/s, dead origin", { ...slow, origin: dead });
  await run("1 isolate, 3 calls/s, origin that fails 30 %", { ...slow, origin: failing });
  await run("1 isolate, 3 calls/s, origin that fails 10 %", {
    ...slow,
    origin: (_, draw) => (draw() < 0.1 ? "fails" : "answers"),
  });
  goal("reaches a dead origin", shared.reached / shared.offered, REACHED_MAX);
  goal("refused although 70 % of the calls succeed", random.refused / random.offered, REFUSED_MAX);

  print(`\nfrom a freeze to the opening, and from its end to the closing, ${FREEZES} runs`);
  for (const isolates of [1, 3, 5_000]) {
    for (const callsPerSecond of [2, 3, 5]) {
      await freezes(seed, `${isolates} isolates, ${callsPerSecond} calls/s`, { isolates, callsPerSecond });
    }
  }
  await freezes(seed, "1 isolate, one call after the other", {
    isolates: 1,
    callsPerSecond: 20,
    inTurn: true,
  });
  return good;
}

async function freezes(
  seed: number,
  name: string,
  scenario: Pick<Scenario, "isolates" | "callsPerSecond" | "inTurn">,
): Promise<void> {
  const opening: number[] = [];
  const closing: number[] = [];
  for (let index = 0; index < FREEZES; index += 1) {
    const { changes } = await simulate({
      ...scenario,
      seed: seed + index,
      seconds: 90,
      breaker: "gate",
      origin: freezing,
    });
    const opened = changes.find(({ at, state }) => state === "open" && at >= FREEZE_AT);
    opening.push(opened ? (opened.at - FREEZE_AT) / 1_000 : Number.POSITIVE_INFINITY);
    const last = changes.at(-1);
    closing.push(last?.state === "closed" ? (last.at - HEALS_AT) / 1_000 : Number.POSITIVE_INFINITY);
  }
  print(`${name.padEnd(34)} opening ${times(opening)}  closing ${times(closing)}`);
}

function times(seconds: number[]): string {
  return `mean ${meanOf(seconds).toFixed(2)} s, worst ${Math.max(...seconds).toFixed(2)} s`;
}
