/**
 * Writes what is generated: docs/parameters.md, docs/api.md,
 * schema/hunt.json and the layers in docs/architecture.md. `--check` only compares, and fails when one is out of date.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PARAMETERS } from "../src/config.ts";
import { huntJsonSchema } from "../src/hunt/definition.ts";
import { type Evidence, measuredEffect, readEvidence } from "./lab/tune/evidence.ts";
import { drawing } from "./layers.ts";
import { startEngine } from "./local/engine.ts";

const root = join(import.meta.dirname, "..");
const check = process.argv.includes("--check");

interface Operation {
  summary: string;
  security?: Record<string, unknown>[];
  parameters: { name: string; in: string }[];
  requestBody?: { content: Record<string, unknown> };
  responses: Record<string, { description: string }>;
}

const outdated: string[] = [];
write("docs/parameters.md", parametersPage());
write("schema/hunt.json", `${JSON.stringify(huntJsonSchema(), null, 2)}\n`);
write("docs/architecture.md", withDrawing(readFileSync(join(root, "docs/architecture.md"), "utf8")));
write("docs/api.md", apiPage(await readOpenApi()));
if (outdated.length > 0) {
  console.error(`out of date: ${outdated.join(", ")}; run: npm run docs`);
  process.exitCode = 1;
}

function write(path: string, text: string): void {
  const file = join(root, path);
  let present: string | undefined;
  try {
    present = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  if (present === text) return;
  if (check) outdated.push(path);
  else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** The document as the engine serves it, so that the page says what the code does. */
async function readOpenApi(): Promise<Record<string, Record<string, Operation>>> {
  const engine = await startEngine();
  try {
    const answer = await fetch(new URL("/openapi.json", engine.url));
    return ((await answer.json()) as { paths: Record<string, Record<string, Operation>> }).paths;
  } finally {
    await engine.stop();
  }
}

/** The page with the layers drawn anew between its two marks. */
function withDrawing(page: string): string {
  const marked = /(<!-- layers -->\n```\n)[\s\S]*?(\n```\n<!-- \/layers -->)/;
  if (!marked.test(page)) throw new Error("docs/architecture.md has no place for the layers");
  return page.replace(marked, (_, before: string, after: string) => `${before}${drawing()}${after}`);
}

function parametersPage(): string {
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

function apiPage(paths: Record<string, Record<string, Operation>>): string {
  const groups: [string, string][] = [
    ["organiser", "Organisers"],
    ["ops", "Scrapers, with an ops token, and organisers"],
    ["player", "Players, with their token"],
    ["none", "Everybody"],
  ];
  const sections = groups.map(([auth, title]) => {
    const rows = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, operation]) => (Object.keys(operation.security?.[0] ?? {})[0] ?? "none") === auth)
        .map(([method, operation]) => {
          const query = operation.parameters.filter((parameter) => parameter.in === "query");
          const types = Object.keys(operation.requestBody?.content ?? {});
          const asks = [query.map(({ name }) => `?${name}`).join(" "), types[0] ?? ""]
            .filter(Boolean)
            .join(", ");
          const codes = Object.keys(operation.responses).join(" ");
          return `| \`${method.toUpperCase()} ${path}\` | ${operation.summary} | ${asks} | ${codes} |`;
        }),
    );
    return `## ${title}\n\n| call | what it does | asks for | answers |\n|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `# API

Generated from the engine's OpenAPI document by \`npm run docs\`; the whole of it, with every
schema, is at \`/openapi.json\` of a running engine.

Errors are \`application/problem+json\`: \`{type, title, status, code, detail, requestId, issues?}\`.
429 and 503 carry \`Retry-After\` and may be sent again unchanged; events sent again under the same
ids are answered as they were.

${sections.join("\n")}`;
}
