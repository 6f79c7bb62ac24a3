/** docs/api.md: every route with every field, from the document that the engine serves at /openapi.json. */
import { startEngine } from "../local/engine.ts";

interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  examples?: unknown[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

interface Operation {
  summary: string;
  security?: Record<string, unknown>[];
  "x-roles"?: string[];
  parameters: { name: string; in: string; required: boolean; description?: string; schema: Schema }[];
  requestBody?: { "x-max-bytes"?: number; content: Record<string, { schema?: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: Schema }> }>;
}

export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** The document as the engine serves it, so that the page says what the code does. */
export async function readDocument(): Promise<ApiDocument> {
  const engine = await startEngine();
  try {
    const response = await fetch(new URL("/openapi.json", engine.url));
    return (await response.json()) as ApiDocument;
  } finally {
    await engine.stop();
  }
}

/** By the first kind of token that opens a route. */
const GROUPS: [kind: string, title: string][] = [
  ["none", "Everybody"],
  ["player", "Players, with their token"],
  ["organiser", "Organisers"],
  ["ops", "Scrapers, with an ops token, and organisers"],
];

export function apiPage({ paths, components }: ApiDocument): string {
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = GROUPS.map(([kind, title]) => {
    const own = routes.filter(({ operation }) => kindOf(operation) === kind);
    return `## ${title}\n\n${own.map(({ path, method, operation }) => routeText(path, method, operation)).join("\n")}`;
  });
  const forms = Object.entries(components.schemas).map(([name, schema]) => formText(name, schema));
  return `# API

Generated from the engine's OpenAPI 3.1 document by \`npm run docs\`; the document itself is at
\`/openapi.json\` of a running engine. The schemas are in \`src/contract\`.

- JSON in UTF-8, camelCase. Times are ISO 8601, positions WGS 84 degrees, distances metres.
- A token goes into \`Authorization: Bearer …\`. Each kind has keys of its own and opens nothing else.
- Errors are \`application/problem+json\` ([Problem](#problem)). 429, 500 and 503 carry \`Retry-After\` and
  may be sent again unchanged; events sent again under the same ids have the result they had.
- Requests are strict: an unknown key in a body or a query is 422, but in events and import lines it is
  ignored. Responses may gain fields.
- Every response carries \`X-Request-Id\`, which names the request in the logs.

${sections.join("\n")}
## Forms

${forms.join("\n")}`;
}

const kindOf = ({ security }: Operation): string => Object.keys(security?.[0] ?? {})[0] ?? "none";

function routeText(path: string, method: string, operation: Operation): string {
  const { parameters, requestBody, responses } = operation;
  const lines = [`### ${method.toUpperCase()} ${path}`, "", `${operation.summary}.`, ""];
  const roles = operation["x-roles"];
  if (roles) lines.push(`- for ${roles.map((role) => `\`${role}\``).join(", ")}`);
  for (const { name, in: where, required, description, schema } of parameters) {
    if (where === "path") continue;
    const what = where === "query" ? `?${name}=` : `${name}:`;
    const initial = schema.default === undefined ? "" : ` (default ${String(schema.default)})`;
    lines.push(`- \`${what}\` ${required ? "" : "optional. "}${description ?? ""}${initial}`);
  }
  if (requestBody) {
    const [type = "", { schema } = {}] = Object.entries(requestBody.content)[0] ?? [];
    const form = schema ? ` ${typeText(schema)}` : "";
    const bytes = requestBody["x-max-bytes"];
    lines.push(
      `- takes \`${type}\`${form}${isLines(type) ? " a line" : ""}, ${bytes?.toLocaleString("en-US")} bytes at most`,
    );
  }
  for (const [status, { description, content }] of Object.entries(responses)) {
    if (Number(status) >= 400 && !content?.["application/json"]) continue;
    const forms = Object.entries(content ?? {}).map(([type, { schema }]) =>
      schema ? `${typeText(schema)}${isLines(type) ? " a line" : ""}` : `\`${type}\``,
    );
    lines.push(`- ${[`${status}:`, forms.join(" · "), description].filter((part) => part !== "").join(" ")}`);
  }
  const errors = Object.keys(responses).filter((status) => Number(status) >= 400);
  lines.push(`- errors: ${errors.join(" ")}`, "");
  return lines.join("\n");
}

const isLines = (type: string): boolean => type === "application/x-ndjson";

function formText(name: string, schema: Schema): string {
  const example = schema.examples?.[0];
  const lines = [`### ${name}`, "", `${schema.description ?? ""}.`, ""];
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants) {
    for (const [index, variant] of variants.entries()) {
      if (variant.$ref) lines.push(`Form ${index + 1}: ${typeText(variant)}`, "");
      else lines.push(`Form ${index + 1}:`, "", ...fieldRows(variant), "");
    }
  } else if (schema.properties) lines.push(...fieldRows(schema), "");
  if (example !== undefined) lines.push("```json", JSON.stringify(example), "```", "");
  return lines.join("\n");
}

function fieldRows(schema: Schema): string[] {
  const rows = fieldsOf(schema, "").map(
    ({ path, type, required, description, example }) =>
      `| \`${path}\`${required ? "" : " ?"} | ${type} | ${description} | ${example} |`,
  );
  if (rows.length === 0) return ["An empty object."];
  return ["| field | type | what it is | example |", "|---|---|---|---|", ...rows];
}

interface Field {
  path: string;
  type: string;
  required: boolean;
  description: string;
  example: string;
}

/** The fields of an object and of the objects in it, each by its dotted path. */
function fieldsOf(schema: Schema, before: string): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const path = `${before}${name}`;
    const example = inner.examples?.[0];
    const own: Field = {
      path,
      type: typeText(inner),
      required: schema.required?.includes(name) ?? false,
      description: inner.description ?? (inner.$ref ? "" : "?"),
      example:
        example === undefined ? "" : `\`${JSON.stringify(example).replaceAll("|", "\\|").slice(0, 80)}\``,
    };
    if (inner.$ref) return [own];
    if (inner.properties) return [own, ...fieldsOf(inner, `${path}.`)];
    if (inner.items?.properties) return [own, ...fieldsOf(inner.items, `${path}[].`)];
    const variants = inner.anyOf ?? inner.oneOf ?? [];
    return [own, ...variants.flatMap((variant) => fieldsOf(variant, `${path}.`))];
  });
}

/** The type in a word or two; named ones as links. */
function typeText(schema: Schema): string {
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1) ?? "";
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(" ");
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.format === "date-time") return "time";
  if (schema.type === "array") return `list of ${schema.items ? typeText(schema.items) : "anything"}`;
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants) return [...new Set(variants.map(typeText))].join(" or ");
  if (schema.properties) return "object";
  if (typeof schema.additionalProperties === "object") {
    return `object of ${typeText(schema.additionalProperties)}s by name`;
  }
  return Array.isArray(schema.type) ? schema.type.join(" or ") : (schema.type ?? "anything");
}
