/**
 * docs/api.md from the engine's OpenAPI document: a table of routes for each
 * kind of caller, then every parameter, then every schema with each field's
 * type, description and an example.
 */

type Json = Record<string, unknown>;

interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  format?: string;
  description?: string;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

type Contents = Record<string, { schema?: Schema }>;

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description?: string;
  schema: Schema & { default?: unknown };
}

interface Operation {
  summary: string;
  security?: Json[];
  parameters: Parameter[];
  requestBody?: { content: Contents; "x-max-bytes": number };
  responses: Record<string, { description: string; content?: Contents }>;
}

export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

const INTRODUCTION = `# API

Generated from the engine's OpenAPI 3.1 document by \`npm run docs\`; a running engine serves that
document at \`/openapi.json\`.

- Requests and responses are JSON in UTF-8; times are ISO 8601 in UTC with milliseconds, distances
  are metres, positions WGS 84 degrees.
- Tokens are sent as \`Authorization: Bearer …\`. A kind of token opens nothing else.
- Requests are exact: an unknown key of a body or of a query is \`invalid\` (422). Events are the
  exception: unknown keys of an event are ignored, and a malformed event is \`invalid\` by itself.
  Responses may gain fields; ignore those you do not know.
- A failed request is \`application/problem+json\`, see [Problem](#problem). 429, 500 and 503 carry
  \`Retry-After\`. Events sent again under the same ids get the results they got before.
- Every response carries \`X-Request-Id\`. Every token route may respond 401 and 403, every route 429
  and 503; the tables leave those out.
`;

/** Kinds of caller by the first token that opens a route, in the order of the page. */
const CALLERS: [string, string][] = [
  ["none", "Everybody"],
  ["player", "Players, with their token"],
  ["organiser", "Organisers"],
  ["ops", "Scrapers, with an ops token, and organisers"],
];

/** Left out of the tables, because the introduction says it. */
const EVERYWHERE = ["401", "403", "429", "503"];

interface Route {
  call: string;
  operation: Operation;
}

/** The page as Markdown. */
export function apiPage({ paths, components }: ApiDocument): string {
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      call: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
  const sections = CALLERS.map(([caller, title]) => {
    const theirs = routes.filter(({ operation }) => callerOf(operation) === caller);
    return `## ${title}\n\n${routeTable(theirs)}`;
  });
  const schemas = Object.entries(components.schemas).map(([name, schema]) =>
    schemaSection(name, schema, components.schemas),
  );
  return [
    INTRODUCTION,
    ...sections,
    `## Queries and headers\n\n${parameterTable(routes)}`,
    `## Schemas\n\nA \`?\` marks a field that may be absent; \`[]\` stands for each element of a list, \`.*\` for each value.\n`,
    ...schemas,
  ].join("\n");
}

const callerOf = ({ security }: Operation): string => Object.keys(security?.[0] ?? {})[0] ?? "none";

function routeTable(routes: readonly Route[]): string {
  const rows = routes.map(({ call, operation }) => {
    const { requestBody, responses } = operation;
    const good = Object.entries(responses).filter(([status]) => Number(status) < 400);
    const bad = Object.keys(responses).filter(
      (status) => Number(status) >= 400 && !EVERYWHERE.includes(status),
    );
    const returns = good.map(([status, { content }]) => [status, contentText(content)].join(" ").trim());
    return [
      `\`${call}\``,
      cell(operation.summary),
      requestBody ? `${contentText(requestBody.content)}, ${sizeText(requestBody["x-max-bytes"])}` : "",
      returns.join("; "),
      bad.join(" "),
    ];
  });
  return table(["call", "what it does", "body, at most", "returns", "errors"], rows);
}

function parameterTable(routes: readonly Route[]): string {
  const rows = routes.flatMap(({ call, operation }) =>
    operation.parameters
      .filter((parameter) => parameter.in !== "path")
      .map(({ name, in: where, description = "", schema }) => [
        `\`${call}\``,
        where === "query" ? `\`?${name}\`` : `\`${name}\` (header)`,
        typeText(schema),
        cell(description) + (schema.default === undefined ? "" : `; default ${code(schema.default)}`),
        exampleText(schema),
      ]),
  );
  return table(["call", "name", "type", "meaning", "example"], rows);
}

function schemaSection(name: string, schema: Schema, schemas: Readonly<Record<string, Schema>>): string {
  const [example] = schema.examples ?? [];
  const rows = fieldsOf(schema, "").map(({ path, field, optional, only }) => {
    const known = { ...(schemas[nameOf(field) ?? ""] ?? {}), ...field };
    const when = only.length > 0 ? `${only.map(code).join(", ")}: ` : "";
    return [
      `\`${path}\`${optional ? "?" : ""}`,
      typeText(field),
      when + cell(known.description ?? ""),
      exampleText(known),
    ];
  });
  return [
    `### ${name}\n`,
    `${schema.description ?? ""}${alternativesText(schema)}\n`,
    ...(example === undefined ? [] : [`\`\`\`json\n${JSON.stringify(example)}\n\`\`\`\n`]),
    ...(rows.length > 0 ? [table(["field", "type", "meaning", "example"], rows)] : []),
  ].join("\n");
}

/** One of several schemas with names of their own is told by those names. */
function alternativesText({ anyOf, oneOf }: Schema): string {
  const named = (anyOf ?? oneOf ?? []).filter(({ $ref }) => $ref !== undefined);
  return named.length > 0 ? `\n\nAlso: ${named.map(typeText).join(", ")}.` : "";
}

interface Field {
  path: string;
  field: Schema;
  optional: boolean;
  /** Values of `type` that have this field; none: all have it. */
  only: string[];
}

/** The fields of a schema and of what stands in it. */
function fieldsOf(schema: Schema, prefix: string): Field[] {
  const at = prefix.replace(/\.$/, "");
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const optional = !(schema.required ?? []).includes(name);
    return [{ path: `${prefix}${name}`, field, optional, only: [] }, ...fieldsOf(field, `${prefix}${name}.`)];
  });
  return [
    ...own,
    ...(schema.items ? fieldsOf(schema.items, `${at}[].`) : []),
    ...(typeof schema.additionalProperties === "object"
      ? fieldsOf(schema.additionalProperties, `${at}.*.`)
      : []),
    ...fieldsOfAlternatives(schema.anyOf ?? schema.oneOf ?? [], prefix),
  ];
}

/** Each field once: what only some alternatives have says which, by their `type`, or is optional. */
function fieldsOfAlternatives(alternatives: readonly Schema[], prefix: string): Field[] {
  const typed = alternatives.every(({ properties }) => properties?.type !== undefined);
  const found = new Map<string, { fields: Field[]; types: string[] }>();
  for (const alternative of alternatives) {
    const types = typed ? valuesOf(alternative.properties?.type ?? {}) : [];
    for (const field of fieldsOf(alternative, prefix)) {
      const isType = typed && field.path === `${prefix}type`;
      const key = isType
        ? field.path
        : JSON.stringify([field.path, typeText(field.field), field.field.description, field.optional]);
      const same = found.get(key) ?? { fields: [], types: [] };
      same.fields.push(field);
      same.types.push(...types);
      found.set(key, same);
    }
  }
  return [...found.values()].flatMap(({ fields, types }) => {
    const [first] = fields;
    if (!first) return [];
    if (typed && first.path === `${prefix}type`) {
      return [
        { ...first, field: { ...first.field, const: undefined, enum: types, description: "Its kind" } },
      ];
    }
    if (fields.length === alternatives.length) return [first];
    return [typed ? { ...first, only: types } : { ...first, optional: true }];
  });
}

const valuesOf = ({ const: constant, enum: values = [] }: Schema): string[] =>
  (constant === undefined ? values : [constant]).map(String);

const nameOf = ({ $ref }: Schema): string | undefined => $ref?.split("/").at(-1);

/** The type in words; a schema of the page is a link. */
function typeText(schema: Schema): string {
  const name = nameOf(schema);
  if (name !== undefined) return `[${name}](#${name.toLowerCase()})`;
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum) return schema.enum.map(code).join(" ");
  if (schema.items) return `list of ${typeText(schema.items)}`;
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return [...new Set(alternatives.map(typeText))].join(" or ");
  if (schema.format === "date-time") return "time";
  if (typeof schema.additionalProperties === "object") {
    return `object of ${typeText(schema.additionalProperties)}`;
  }
  return [schema.type ?? "anything"].flat().join(" or ");
}

/** The schemas of a body or a response, and its media types where these are not JSON alone. */
function contentText(content: Contents = {}): string {
  const types = Object.keys(content);
  const schemas = new Set(Object.values(content).flatMap(({ schema }) => (schema ? [typeText(schema)] : [])));
  const lines = types.some((type) => type.includes("ndjson")) ? "lines of " : "";
  const plain = types.length === 1 && types[0] === "application/json" && schemas.size > 0;
  return [...[...schemas].map((schema) => lines + schema), ...(plain ? [] : types.map(code))].join(" ");
}

function sizeText(bytes: number): string {
  const units: [number, string][] = [
    [1_024 ** 3, "GiB"],
    [1_024 ** 2, "MiB"],
    [1_024, "KiB"],
  ];
  const [size, unit] = units.find(([one]) => bytes >= one && bytes % one === 0) ?? [1, "bytes"];
  return `${bytes / size} ${unit}`;
}

function exampleText({ examples, const: constant }: Schema): string {
  const [example = constant] = examples ?? [];
  return example === undefined ? "" : code(example);
}

/** As a text in a cell's code span; JSON is short enough for it everywhere. */
const code = (value: unknown): string =>
  `\`${cell(typeof value === "string" ? value : JSON.stringify(value))}\``;

/** A bar would end the cell, a line break the row. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");

function table(head: readonly string[], rows: readonly string[][]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}
