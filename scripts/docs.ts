/**
 * Writes what is generated: docs/parameters.md, docs/api.md and
 * schema/hunt.json. `--check` only compares, and fails when one is out of date.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PARAMETERS } from "../src/config.ts";
import { huntJsonSchema } from "../src/hunt/definition.ts";
import { startEngine } from "./engine.ts";

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

function parametersPage(): string {
  const rows = Object.entries(PARAMETERS).map(([name, parameter]) => {
    const range =
      parameter.kind === "number"
        ? `${parameter.min} – ${parameter.max} ${parameter.unit}`
        : parameter.choices.length > 0
          ? parameter.choices.join(", ")
          : "text";
    return `| \`${name}\` | \`${parameter.default}\` | ${range} | ${parameter.trades} | ${parameter.shows} |`;
  });
  return `# Parameters

Generated from \`src/config.ts\` by \`npm run docs\`. Set one as a var: in \`wrangler.toml\`
\`[vars]\` for a deployed engine, in the environment of \`npm start\` for a local one. An unknown
value stops the engine at its first use, with the name, the value and the range.

| parameter | default | range | what it trades | what shows it |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

function apiPage(paths: Record<string, Record<string, Operation>>): string {
  const groups: [string, string][] = [
    ["organiser", "Organisers"],
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
