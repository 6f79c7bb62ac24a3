/** docs/parameters.md: every parameter of src/config.ts, with its measured effect. */
import { PARAMETERS } from "../../src/config.ts";
import { type Evidence, measuredEffect, readEvidence } from "../lab/tune/evidence.ts";

export function parametersPage(): string {
  const evidence = readEvidence();
  const rows = Object.entries(PARAMETERS).map(([name, parameter]) => {
    const range =
      parameter.kind === "number"
        ? `${parameter.min} – ${parameter.max} ${parameter.unit}`
        : parameter.choices.length > 0
          ? parameter.choices.join(", ")
          : "text";
    const measured = measuredEffect(name, evidence);
    return `| \`${name}\` | \`${parameter.default}\` | ${range} | ${parameter.trades} | ${parameter.shows} | ${measured} |`;
  });
  return `# Parameters

Generated from \`src/config.ts\` by \`npm run docs\`. Set one as a var: in \`wrangler.toml\`
\`[vars]\` for a deployed engine, in the environment of \`npm start\` for a local one. An unknown
value stops the engine at its first use, with the name, the value and the range.

A name that no parameter has does nothing, so it is told with the nearest known one: \`npm start\`
and \`npm run dev\` do not start with one in \`[vars]\`, and print a line for a near miss in the
environment; a deployed engine runs on and logs it once an isolate.

| parameter | default | range | what it trades | what shows it | measured effect |
|---|---|---|---|---|---|
${rows.join("\n")}
${evidence ? evidencePage(evidence) : ""}`;
}

function evidencePage({ date, machine, knees, load, gain, recommended, unproven, p99 }: Evidence): string {
  const block = Object.entries(recommended).map(([name, value]) => `${name} = "${value}"`);
  const { difference, low, high } = gain;
  return `
## What was measured

By \`npm run tune\`, ${date}, on a machine with ${machine}. An interval that spans zero says "no measured effect".

- The knee (p99 within ${p99} ms, no errors, 97 % in time): ${knees.map(({ rate, limit }) => `${rate} requests/s, beyond it ${limit}`).join("; again: ")}.
- Effects are of p99 at ${load} requests/s.
- The recommended block had a p99 of ${gain.recommended.toFixed(1)} ms, the worst sensible one ${gain.worst.toFixed(1)} ms: ${difference.toFixed(1)} ms more (95 % of ${gain.pairs} pairs: ${low.toFixed(1)} … ${high.toFixed(1)}).

\`\`\`toml
[vars]
${block.length > 0 ? block.join("\n") : "# the defaults: nothing measured speaks against them"}
\`\`\`

Unproven here:

${unproven.map((line) => `- ${line}`).join("\n")}
`;
}
