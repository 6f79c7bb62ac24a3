/** What many runs of a hunt came to. PURE. */
import type {
  Curve,
  SimulatedClue,
  SimulatedPrize,
  SimulationOptions,
  SimulationReport,
} from "../contract/simulation.ts";
import type { CompiledHunt, Condition } from "../hunt/compiled.ts";
import type { ClueTold, RunTold } from "./run.ts";
import { bandOf, NOTHING, ninety, rounded, spreadOf } from "./spread.ts";
import { rightTry } from "./tries.ts";

/** Points of a curve. */
const CURVE_POINTS = 61;

export function reportOf(
  hunt: CompiledHunt,
  options: SimulationOptions,
  { opensAt, endsAt }: { opensAt: number; endsAt: number },
  runs: readonly RunTold[],
): SimulationReport {
  const { seed, teams, pace, opened = {} } = options;
  const lasts = endsAt - opensAt;
  const shares = (count: (run: RunTold) => number) => bandOf(runs.map((run) => count(run) / teams));
  const all = runs.flatMap(({ played }) => played);
  const finishedAt = spreadOf(all.flatMap((team) => team.finishedAt ?? []));
  const { finish } = hunt.scoring;
  const at = Array.from({ length: CURVE_POINTS }, (_, point) =>
    Math.round((lasts * point) / (CURVE_POINTS - 1)),
  );
  return {
    hunt: hunt.hunt,
    seed,
    runs: runs.length,
    teams,
    lasts,
    pace,
    ...(finish === undefined ? {} : { finish }),
    began: shares(({ played }) => played.length),
    finished: shares(({ played }) => played.filter((team) => team.finishedAt !== undefined).length),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    stuck: shares(({ played }) => played.filter(({ stuck }) => stuck).length),
    waiting: shares(({ played }) => played.filter(({ waiting }) => waiting).length),
    solves: spreadOf(all.map(({ solves }) => solves)) ?? NOTHING,
    score: spreadOf(all.map(({ score }) => score)) ?? NOTHING,
    clues: hunt.clues.map((clue, place) => clueOf(clue, tellsOf(runs, place), teams)),
    prizes: hunt.prizes.map((prize, place) => prizeOf(prize, runs, place)),
    curves: {
      at,
      clues: hunt.clues.map(({ id }, place) => ({
        clue: id,
        ...curveOf(tellsOf(runs, place), teams, at),
      })),
    },
    closed: hunt.clues
      .filter(({ id, opens }) => opened[id] === undefined && isManual(opens))
      .map(({ id }) => id),
    byHand: hunt.clues.filter((clue) => rightTry(clue, "") === undefined).map(({ id }) => id),
  };
}

/** What each run told of a clue. */
const tellsOf = (runs: readonly RunTold[], place: number): ClueTold[] =>
  runs.flatMap(({ clues }) => clues[place] ?? []);

function clueOf(
  { id, title }: { id: string; title: string },
  tells: readonly ClueTold[],
  teams: number,
): SimulatedClue {
  const sum = (count: (told: ClueTold) => number): number =>
    tells.reduce((all, told) => all + count(told), 0);
  const opened = sum((told) => told.opened);
  const share = (count: (told: ClueTold) => number): number =>
    rounded(sum(count) / (teams * tells.length), 4);
  const took = spreadOf(tells.flatMap((told) => told.took));
  return {
    clue: id,
    title,
    opened: bandOf(tells.map((told) => told.opened / teams)),
    solved: bandOf(tells.map((told) => told.solvedAt.length / teams)),
    ...(took === undefined ? {} : { took }),
    wrong: opened === 0 ? 0 : rounded(sum((told) => told.wrong) / opened, 2),
    exhausted: share((told) => told.exhausted),
    hinted: share((told) => told.hinted),
    stuck: share((told) => told.stuck),
  };
}

function prizeOf(
  { id, title, stock }: { id: string; title: string; stock: number },
  runs: readonly RunTold[],
  place: number,
): SimulatedPrize {
  const tells = runs.flatMap(({ prizes }) => prizes[place] ?? []);
  const times = tells.flatMap(({ goneAt }) => goneAt ?? []);
  const goneAt = spreadOf(times);
  return {
    prize: id,
    title,
    stock,
    won: spreadOf(tells.map(({ won }) => won)) ?? NOTHING,
    gone: rounded(times.length / Math.max(1, tells.length), 4),
    ...(goneAt === undefined ? {} : { goneAt }),
  };
}

/** The share of the teams that solved the clue by each of the times: in the lowest and highest twentieth of the runs, and the middle one. */
function curveOf(tells: readonly ClueTold[], teams: number, at: readonly number[]): Curve {
  const byRun = tells.map(({ solvedAt }) => {
    const rising = Float64Array.from(solvedAt).sort();
    let solved = 0;
    return at.map((time) => {
      while (solved < rising.length && (rising[solved] as number) <= time) solved += 1;
      return solved / teams;
    });
  });
  const bands = at.map((_, point) => ninety(byRun.map((curve) => curve[point] ?? 0)));
  return {
    low: bands.map(({ low }) => low),
    mid: bands.map(({ mid }) => mid),
    high: bands.map(({ high }) => high),
  };
}

/** Whether nothing but an organiser makes it hold. */
function isManual(condition: Condition): boolean {
  if (condition.op === "manual") return true;
  if (condition.op === "any") return condition.of.every(isManual);
  if (condition.op === "all") return condition.of.some(isManual);
  if (condition.op !== "atLeast") return false;
  const other = condition.of.filter((entry) => !isManual(entry.condition));
  return other.reduce((sum, { weight }) => sum + weight, 0) < condition.atLeast;
}
