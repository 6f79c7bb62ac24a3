import type { Context } from "../hunt/context.ts";
import type { Team } from "../hunt/team.ts";
import { opensAt, progressOf } from "../hunt/unlock.ts";
import type { ClueCounts } from "../objects/shard.ts";
import type { TotalsCounter } from "./totals.ts";

/** Solve times listed per clue and shard; if there are more, evenly spaced ones stand for all. */
const SAMPLES_MAX = 1_000;

/** Counts of every clue, in the order of the hunt. Reads every team once. */
export function countClues(
  context: Context,
  teams: Iterable<Team>,
  totals: TotalsCounter,
  now: number,
): ClueCounts[] {
  const clues = context.hunt.compiled.clues;
  const open = new Array<number>(clues.length).fill(0);
  const seconds: number[][] = clues.map(() => []);
  for (const team of teams) {
    if (team.merged) continue;
    const progress = progressOf(context.hunt, team, context.openedAt, now);
    clues.forEach((clue, index) => {
      const solve = team.solves.get(clue.id);
      const opened = opensAt(context.hunt, clue, team, progress);
      if (solve || (context.phase !== "draft" && opened <= now)) open[index] = (open[index] ?? 0) + 1;
      // How long nobody took tells nothing, nor what was solved before it was open.
      if (solve && !solve.byHand && solve.at >= opened) seconds[index]?.push((solve.at - opened) / 1_000);
    });
  }
  return clues.map((clue, index) => {
    const counts = totals.clues.get(clue.id);
    const sorted = Float64Array.from(seconds[index] ?? []).sort();
    const step = Math.max(1, sorted.length / SAMPLES_MAX);
    const samples: number[] = [];
    for (let at = step / 2; at < sorted.length; at += step) samples.push(sorted[Math.floor(at)] ?? 0);
    return {
      clue: clue.id,
      title: clue.title,
      open: open[index] ?? 0,
      attempts: counts?.attempts ?? 0,
      solves: counts?.solves ?? 0,
      ...(context.hunt.closed.has(clue.id) ? { withdrawn: true as const } : {}),
      solveSeconds: samples,
      weight: step,
    };
  });
}

/** The weighted median over the shards' samples; undefined without any. Seconds. */
export function medianOf(parts: readonly Pick<ClueCounts, "solveSeconds" | "weight">[]): number | undefined {
  const samples = parts
    .flatMap(({ solveSeconds, weight }) => solveSeconds.map((value) => ({ value, weight })))
    .sort((a, b) => a.value - b.value);
  const half = samples.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let sum = 0;
  for (const [index, { value, weight }] of samples.entries()) {
    sum += weight;
    if (sum > half) return value;
    // Exactly half lies behind: the median is between this value and the next.
    if (sum === half) return (value + (samples[index + 1]?.value ?? value)) / 2;
  }
  return undefined;
}
