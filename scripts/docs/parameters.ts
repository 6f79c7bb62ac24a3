/** docs/parameters.md: every parameter of src/config.ts, with its measured effect. */
import { PARAMETERS } from "../../src/config.ts";
import { defaultOf, type Experiment, SIZES, type Size } from "../lab/tune/experiment.ts";
import { EXPERIMENTS, experimentOf } from "../lab/tune/experiments.ts";
import { disagreements, type Finding, findingOf } from "../lab/tune/findings.ts";
import { readKnee } from "../lab/tune/knee-search.ts";
import { questionOf, type Result, Results } from "../lab/tune/results.ts";
import { choicesText, choiceText, endText, kneeText, numberText, seriesText } from "../lab/tune/words.ts";

type Parameter = (typeof PARAMETERS)[keyof typeof PARAMETERS];

const isSetting = (parameter: Parameter): boolean => "setting" in parameter;

const rangeOf = (parameter: Parameter): string => {
  if (parameter.kind === "number") return `${parameter.min} – ${parameter.max} ${parameter.unit}`;
  return parameter.choices.length > 0 ? parameter.choices.join(", ") : "text";
};

export function parametersPage(results = new Results()): string {
  const all = Object.entries(PARAMETERS) as [string, Parameter][];
  const measured = all.filter(([, parameter]) => !isSetting(parameter));
  const settings = all.filter(([, parameter]) => isSetting(parameter));
  const row = ([name, parameter]: [string, Parameter], more: string[]): string =>
    `| ${[`\`${name}\``, `\`${parameter.default}\``, rangeOf(parameter), parameter.trades, parameter.shows, ...more].join(" | ")} |`;
  return `# Parameters

Generated from \`src/config.ts\` and the results in [docs/tune](tune) by \`npm run docs\`. Set one as a var: in \`wrangler.toml\`
\`[vars]\` for a deployed engine, in the environment of \`npm start\` for a local one. An unknown
value stops the engine at its first use, with the name, the value and the range.

A name that no parameter has does nothing, so it is told with the nearest known one: \`npm start\`
and \`npm run dev\` do not start with one in \`[vars]\`, and print a line for a near miss in the
environment; a deployed engine runs on and logs it once an isolate.

Recommended values are for ${Object.values(SIZES).join("; ")}. Why, and by what measurement, is told [below](#what-was-measured).

| parameter | default | range | what it trades | what shows it | helps no more | small hunt | city | television |
|---|---|---|---|---|---|---|---|---|
${measured.map((entry) => row(entry, recommendation(entry[0], results))).join("\n")}

${blocks(results)}

## Settings

They have no speed: the right value follows from where and by whom the engine is run.

| setting | default | range | what it decides | what shows it |
|---|---|---|---|---|
${settings.map((entry) => row(entry, [])).join("\n")}

${measurements(results)}`;
}

interface Found {
  experiment: Experiment;
  result: Result;
  finding: Finding;
}

function foundOf(name: string, results: Results): Found | undefined {
  const experiment = experimentOf(name);
  const result = experiment && results.of(questionOf(experiment));
  const run = result?.runs.at(-1);
  if (!experiment || !result || !run) return undefined;
  return { experiment, result, finding: findingOf(experiment, run, defaultOf(experiment.parameter)) };
}

/** The last columns of a parameter. */
function recommendation(name: string, results: Results): string[] {
  const found = foundOf(name, results);
  if (!found) return ["not measured here", "", "", ""];
  const { experiment, finding } = found;
  const sizes = Object.keys(SIZES) as Size[];
  return [endText(experiment, finding), ...sizes.map((size) => choiceText(finding.choices[size]))];
}

/** What to set for a hunt of each size, beside the defaults. */
function blocks(results: Results): string {
  const found = EXPERIMENTS.flatMap(({ parameter }) => foundOf(parameter, results) ?? []);
  const vars = (Object.keys(SIZES) as Size[]).map((size) => {
    const lines = found.flatMap(({ experiment: { parameter }, finding: { choices } }) => {
      const { value, holds } = choices[size];
      return holds && value !== defaultOf(parameter) ? [`${parameter} = "${value}"`] : [];
    });
    return `# ${SIZES[size]}\n${lines.length === 0 ? "# the defaults" : lines.join("\n")}`;
  });
  return `Beside the defaults, for \`[vars]\`; each was measured alone, with the others at their defaults:

\`\`\`toml
${vars.join("\n\n")}
\`\`\``;
}

function measurements(results: Results): string {
  const knee = readKnee();
  const found = EXPERIMENTS.flatMap(({ parameter }) => foundOf(parameter, results) ?? []);
  return `## What was measured

By \`npm run tune\` ([load.md](load.md#tune)): each parameter where it acts, by what it is about. In a round all values have the same minute of
the machine, or the same chance of a simulation, with a floor beside them: the same without the mechanism, or a call on an
object that does nothing. Figures are medians; the brackets have the 95 % interval of the difference from the default (in bold), in pairs
of the same round, bootstrapped. "No measured difference" has an interval that spans zero. A simulation is of the engine's own
classes in virtual time, for what only a crowd of isolates or many hours show.

${knee ? `${kneeText(knee).join("\n")}\n\n` : ""}${found.map(measurement).join("\n\n")}
`;
}

function measurement({ experiment, result, finding }: Found): string {
  const { parameter, condition, how, metrics, rounds } = experiment;
  const standard = defaultOf(parameter);
  const run = result.runs.at(-1);
  const before = result.runs.at(-2);
  const drift = Object.entries(finding.drift)
    .map(([name, { low, high }]) => `${name} ${numberText(low)} … ${numberText(high)}`)
    .join(", ");
  const lines = metrics.map((metric) => `- ${seriesText(metric, finding, standard)}.`);
  const again =
    before && run
      ? disagreements(experiment, before, run, standard).length === 0
        ? ` A run of ${before.date} agrees in the sign of every measured effect.`
        : ` A run of ${before.date} does not agree in the sign of every effect.`
      : "";
  return `### ${parameter}

${how === "engine" ? "On engines that run" : "A simulation in virtual time"}, ${rounds} rounds, ${run?.date}. ${condition}.

${lines.join("\n")}
- Where it helps no more: ${endText(experiment, finding)}.
- ${choicesText(experiment, finding)}.

${how === "engine" ? `The floor from round to round (${experiment.floor}), which pairing removes: ${drift}.` : `The floor: ${experiment.floor}. Virtual time has no drift.`}${again}`;
}
