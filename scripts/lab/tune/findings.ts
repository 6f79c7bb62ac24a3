/** What the raw results of an experiment say: effects, where they end, which value to take. Pure. */
import { chance } from "../measure/chance.ts";
import { medianOf } from "../measure/statistics.ts";
import { differenceOf, type Interval, isEffect } from "./bootstrap.ts";
import { type Experiment, type Metric, SIZES, type Size, type Wish } from "./experiment.ts";
import type { Run, Trial } from "./results.ts";

/** The share of the whole gain that may be left where a parameter is said to help no more. */
const LEFT = 0.1;

/** Relative differences below this are as good as none when a value is chosen. */
const ALIKE = 0.05;

/** Between two values of one metric. */
export interface Effect extends Interval {
  metric: Metric;
  from: number;
  to: number;
  pairs: number;
  /** The interval leaves zero out. */
  isMeasured: boolean;
}

export interface Choice {
  value: number;
  /** It keeps within the wishes in every round; false: no value does. */
  holds: boolean;
}

export interface Finding {
  /** The median of each metric, by value, floor taken off. */
  medians: { value: number; figures: Record<string, number> }[];
  /** The medians of the floor, as they were measured. */
  floor: Record<string, number>;
  /** From the default to every other value, for each metric. */
  effects: Effect[];
  /** Beyond this value the first metric gains no more; undefined: it has no measured effect. */
  helpsUntil: number | undefined;
  /** Whether more of the parameter is what helps. */
  rising: boolean;
  choices: Record<Size, Choice>;
  /** How far the floor of the machine moved from round to round, by metric; what pairing takes out. */
  drift: Record<string, { low: number; high: number }>;
}

/** A figure with the machine's part of it taken off. */
function figureOf({ figures, floor }: Trial, { name, overFloor }: Metric): number {
  return (figures[name] ?? Number.NaN) - (overFloor === undefined ? 0 : (floor[overFloor] ?? 0));
}

/** The figures of one value, in the order of the rounds. */
function seriesOf(run: Run, metric: Metric, value: number): number[] {
  return run.trials
    .filter((trial) => trial.value === value)
    .sort((a, b) => a.round - b.round)
    .map((trial) => figureOf(trial, metric));
}

/** From one value to another, in pairs of the same round: what moved both is not in it. */
export function effectOf(run: Run, metric: Metric, from: number, to: number): Effect {
  const before = seriesOf(run, metric, from);
  const after = seriesOf(run, metric, to);
  // The same figures give the same interval, whenever the page is made.
  const interval = differenceOf(before, after, chance(17));
  return { metric, from, to, pairs: before.length, ...interval, isMeasured: isEffect(interval) };
}

export function findingOf(experiment: Experiment, run: Run, standard: number): Finding {
  const { metrics, values } = experiment;
  const [first] = metrics;
  const medians = values.map((value) => ({
    value,
    figures: Object.fromEntries(
      metrics.map((metric) => [metric.name, medianOf(seriesOf(run, metric, value))]),
    ),
  }));
  const others = values.filter((value) => value !== standard);
  const effects = metrics.flatMap((metric) => others.map((value) => effectOf(run, metric, standard, value)));
  const floors = Object.keys(run.trials[0]?.floor ?? {});
  const ofFloor = (name: string): number[] => run.trials.map(({ floor }) => floor[name] ?? Number.NaN);
  return {
    medians,
    floor: Object.fromEntries(floors.map((name) => [name, medianOf(ofFloor(name))])),
    effects,
    ...helpsUntil(medians, first, effects),
    choices: Object.fromEntries(
      (Object.keys(SIZES) as Size[]).map((size) => [size, choose(run, experiment, size, effects, standard)]),
    ) as Record<Size, Choice>,
    drift: Object.fromEntries(
      floors.map((name) => [name, { low: Math.min(...ofFloor(name)), high: Math.max(...ofFloor(name)) }]),
    ),
  };
}

/** The first value, from the worse end on, from which the rest gains less than a tenth of all that there is to gain. */
function helpsUntil(
  medians: Finding["medians"],
  { name, better }: Metric,
  effects: readonly Effect[],
): Pick<Finding, "helpsUntil" | "rising"> {
  const sign = better === "less" ? -1 : 1;
  const goods = medians.map(({ value, figures }) => ({ value, good: sign * (figures[name] ?? 0) }));
  const rising = (goods.at(-1)?.good ?? 0) >= (goods[0]?.good ?? 0);
  const measured = effects.some(({ metric, isMeasured }) => metric.name === name && isMeasured);
  if (!measured) return { helpsUntil: undefined, rising };
  const best = Math.max(...goods.map(({ good }) => good));
  const worst = Math.min(...goods.map(({ good }) => good));
  const ordered = rising ? goods : goods.toReversed();
  return { helpsUntil: ordered.find(({ good }) => best - good <= LEFT * (best - worst))?.value, rising };
}

/**
 * Of the values that keep within the wishes in every round the one with the best
 * first metric; the default unless another is measurably better. Where none keeps
 * within them, the one that misses least.
 */
function choose(
  run: Run,
  { metrics, values, wishes }: Experiment,
  size: Size,
  effects: readonly Effect[],
  standard: number,
): Choice {
  const [first] = metrics;
  const sign = first.better === "less" ? -1 : 1;
  const tried = values.map((value) => ({
    value,
    good: sign * medianOf(seriesOf(run, first, value)),
    misses: wishes[size].reduce((sum, wish) => sum + missOf(run, metrics, wish, value), 0),
  }));
  const least = Math.min(...tried.map(({ misses }) => misses));
  const fitting = tried.filter(({ misses }) => misses <= least);
  const [best] = fitting.toSorted((one, other) => other.good - one.good);
  if (!best) throw new Error("an experiment has values, and figures of each");
  const usual = fitting.find(({ value }) => value === standard);
  const effect = effects.find(({ metric, to }) => metric === first && to === best.value);
  const isBetter = effect?.isMeasured && best.good - (usual?.good ?? 0) > ALIKE * Math.abs(best.good);
  return { value: usual && !isBetter ? standard : best.value, holds: least === 0 };
}

/** How far the worst round of a value is beyond a bound, as a share of it; 0: it keeps within it. */
function missOf(
  run: Run,
  metrics: readonly Metric[],
  { metric: name, most, least }: Wish,
  value: number,
): number {
  const metric = metrics.find((each) => each.name === name);
  const figures = metric ? seriesOf(run, metric, value) : [Number.NaN];
  const above =
    most === undefined ? 0 : Math.max(0, Math.max(...figures) - most) / Math.max(Math.abs(most), 1);
  const below =
    least === undefined ? 0 : Math.max(0, least - Math.min(...figures)) / Math.max(Math.abs(least), 1);
  return above + below;
}

/** Effects that were measured in `before` and have another sign in `after`. */
export function disagreements(experiment: Experiment, before: Run, after: Run, standard: number): Effect[] {
  const again = findingOf(experiment, after, standard).effects;
  return findingOf(experiment, before, standard).effects.filter((effect, index) => {
    const other = again[index];
    return effect.isMeasured && (!other || Math.sign(other.difference) !== Math.sign(effect.difference));
  });
}
