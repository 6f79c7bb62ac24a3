/** Findings in words: for docs/parameters.md and the command line. Pure. */
import { boundsOf, type Experiment, type Metric, SIZES, type Size } from "./experiment.ts";
import type { Choice, Effect, Finding } from "./findings.ts";
import { agree, ratioOf } from "./knee.ts";
import type { KneeResult } from "./knee-search.ts";

/** To three digits, with a space between thousands. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const rounded = Number(value.toPrecision(3));
  const text = Math.abs(rounded) >= 10_000 ? String(Math.round(rounded)) : String(rounded);
  const [whole = "", rest] = text.split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return (rest === undefined ? grouped : `${grouped}.${rest}`).replace("-", "−");
}

const withUnit = (value: number, unit: string): string =>
  `${numberText(value)}${unit === "" ? "" : unit.startsWith("/") || unit === "×" ? unit : ` ${unit}`}`;

const signed = (value: number): string => `${value > 0 ? "+" : ""}${numberText(value)}`;

export function effectText({ metric, from, to, difference, low, high, pairs, isMeasured }: Effect): string {
  const change = `${numberText(from)} → ${numberText(to)}`;
  const interval = `95 % of ${pairs} pairs: ${signed(low)} … ${signed(high)}`;
  return isMeasured
    ? `${change}: ${metric.what} ${signed(difference)}${metric.unit === "" ? "" : ` ${metric.unit}`} (${interval})`
    : `${change}: no measured effect on ${metric.what} (${interval})`;
}

/** A metric over all values, each with the interval of its difference from the default. */
export function seriesText(metric: Metric, finding: Finding, standard: number): string {
  const parts = finding.medians.map(({ value, figures }) => {
    const effect = finding.effects.find((each) => each.metric.name === metric.name && each.to === value);
    const figure = withUnit(figures[metric.name] ?? Number.NaN, metric.unit);
    if (value === standard || !effect) return `**${numberText(value)}: ${figure}**`;
    if (!effect.isMeasured) return `${numberText(value)}: ${figure} (no measured difference)`;
    return `${numberText(value)}: ${figure} (${signed(effect.low)} … ${signed(effect.high)})`;
  });
  const floor = finding.floor[metric.name];
  const without = floor === undefined ? "" : `; floor ${withUnit(floor, metric.unit)}`;
  return `${metric.what}: ${parts.join(", ")}${without}`;
}

/** Where a parameter helps no more. */
export function endText(
  { parameter, metrics: [first], values }: Experiment,
  { helpsUntil, rising }: Finding,
): string {
  if (helpsUntil === undefined) return `no measured effect on ${first.what}`;
  const isExtreme = helpsUntil === (rising ? values.at(-1) : values[0]);
  if (isExtreme) {
    const isBound = helpsUntil === boundsOf(parameter)[rising ? "max" : "min"];
    return `still helps at ${numberText(helpsUntil)}, the ${rising ? "highest" : "lowest"} ${isBound ? "allowed" : "tried"}`;
  }
  return `${rising ? "above" : "below"} ${numberText(helpsUntil)}`;
}

export const choiceText = ({ value, holds }: Choice): string =>
  holds ? numberText(value) : `${numberText(value)} (no value meets it)`;

/** What a value must meet for a hunt of some size; empty: nothing. */
function wishText({ metrics, wishes }: Experiment, size: Size): string {
  const bounds = wishes[size].map(({ metric: name, most, least }) => {
    const metric = metrics.find((each) => each.name === name);
    if (!metric) throw new Error(`there is no metric ${name}`);
    const bound =
      most === undefined ? `≥ ${withUnit(least ?? 0, metric.unit)}` : `≤ ${withUnit(most, metric.unit)}`;
    return `${metric.what} ${bound}`;
  });
  return bounds.length === 0 ? "" : ` (${bounds.join(", ")})`;
}

export function choicesText(experiment: Experiment, { choices }: Finding): string {
  const [{ better, what }] = experiment.metrics;
  const each = (Object.keys(SIZES) as Size[]).map(
    (size) => `${size} ${choiceText(choices[size])}${wishText(experiment, size)}`,
  );
  return `Recommended for the ${better === "less" ? "least" : "most"} ${what}: ${each.join("; ")}`;
}

/** How far two figures lie apart, %. */
const apart = (one: number, other: number): number => 100 * (other / one - 1);
const percentText = (value: number): string => `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(1)} %`;

/** The knee, found again, and the drift of the machine that the ratio has taken out. */
export function kneeText({ date, machine, p99, knees }: KneeResult): string[] {
  const [before, last] = knees.slice(-2);
  if (!before || !last) return [];
  return [
    `The knee (p99 within ${p99} ms, no errors, 97 % in time), ${date}, ${machine}, shared with the load generator:`,
    "",
    "| search | engine | floor (a no-op call on an object) | ratio |",
    "| --- | --- | --- | --- |",
    ...knees.map(
      (knee, index) =>
        `| ${index + 1} | ${numberText(knee.rate)} requests/s, beyond it ${knee.limit} | ${numberText(knee.floor)} requests/s | ${ratioOf(knee).toFixed(3)} |`,
    ),
    "",
    `From one search to the next the floor moved by ${percentText(apart(before.floor, last.floor))} and the engine by ${percentText(apart(before.rate, last.rate))}: that is the machine's drift. The ratio, from which it is removed, moved by ${percentText(apart(ratioOf(before), ratioOf(last)))}${agree(before, last) ? "" : ": the machine is too restless for a knee"}.`,
  ];
}
