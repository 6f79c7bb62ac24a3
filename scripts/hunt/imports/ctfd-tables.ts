/** The tables of a CTFd export, `db/<table>.json`: their rows as far as the import reads them, and which columns it does not. */
import { z } from "zod";
import { refused } from "../failure.ts";
import { plural } from "../text.ts";
import type { Findings } from "./findings.ts";
import type { Zip } from "./zip-file.ts";

/** A table as JSON, bytes: that of the submissions is the largest. */
const TABLE_BYTES_MAX = 400 * 1_024 * 1_024;
/** Rows of a table. */
const ROWS_MAX = 3_000_000;

const id = z.int();
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
/** Databases without booleans write 0 and 1. */
const flag = z
  .union([z.boolean(), z.literal(0), z.literal(1)])
  .nullish()
  .transform((value) => value === true || value === 1);
const number = z
  .number()
  .nullish()
  .transform((value) => value ?? undefined);
const reference = id.nullish().transform((value) => value ?? undefined);
/** As Python writes it, UTC without saying so. */
const time = z
  .string()
  .nullish()
  .transform((value, context) => {
    if (value === null || value === undefined || value === "") return undefined;
    const parts = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?$/.exec(
      value,
    );
    const at = Date.parse(`${parts?.[1]}T${parts?.[2]?.replace(/(\.\d{3})\d+$/, "$1")}${parts?.[3] ?? "Z"}`);
    if (!Number.isNaN(at)) return at;
    context.addIssue({ code: "custom", message: "must be a time such as 2026-06-06T18:30:00" });
    return z.NEVER;
  });
/** `{"prerequisites": [1]}`, which some databases keep as a text of JSON. */
const requirements = z
  .unknown()
  .optional()
  .transform((value) => {
    const read = typeof value === "string" ? parsed(value) : value;
    const found = z
      .looseObject({ prerequisites: z.array(id).catch([]).default([]), anonymize: z.unknown().optional() })
      .safeParse(read);
    return found.success
      ? { prerequisites: found.data.prerequisites, anonymize: found.data.anonymize === true }
      : { prerequisites: [], anonymize: false };
  });

function parsed(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}

/** The rows that are read. What else a row has is told. */
export const TABLES = {
  challenges: z.object({
    id,
    name: text,
    description: text,
    attribution: text,
    connection_info: text,
    next_id: reference,
    max_attempts: number,
    value: number,
    category: text,
    type: text,
    state: text,
    logic: text,
    initial: number,
    minimum: number,
    decay: number,
    position: number,
    function: text,
    scheduled_at: time,
    module_id: reference,
    requirements,
  }),
  dynamic_challenge: z.object({
    id,
    initial: number,
    minimum: number,
    decay: number,
    function: text,
    dynamic_initial: number,
    dynamic_minimum: number,
    dynamic_decay: number,
    dynamic_function: text,
  }),
  flags: z.object({ id, challenge_id: reference, type: text, content: text, data: text }),
  hints: z.object({
    id,
    challenge_id: reference,
    type: text,
    title: text,
    content: text,
    cost: number,
    requirements,
  }),
  tags: z.object({ id, challenge_id: reference, value: text }),
  topics: z.object({ id, value: text }),
  challenge_topics: z.object({ id, challenge_id: reference, topic_id: reference }),
  files: z.object({
    id,
    type: text,
    location: text,
    challenge_id: reference,
    page_id: reference,
    solution_id: reference,
    sha1sum: text,
  }),
  solutions: z.object({ id, challenge_id: reference, content: text, state: text }),
  modules: z.object({ id, name: text }),
  pages: z.object({
    id,
    title: text,
    route: text,
    content: text,
    draft: flag,
    hidden: flag,
    auth_required: flag,
    format: text,
  }),
  config: z.object({ id: z.unknown().optional(), key: text, value: text }),
  brackets: z.object({ id, name: text, type: text }),
  fields: z.object({ id, name: text, type: text, field_type: text, required: flag }),
  users: z.object({
    id,
    name: text,
    type: text,
    hidden: flag,
    banned: flag,
    bracket_id: reference,
    team_id: reference,
    created: time,
  }),
  teams: z.object({
    id,
    name: text,
    hidden: flag,
    banned: flag,
    bracket_id: reference,
    captain_id: reference,
    created: time,
  }),
  submissions: z.object({
    id,
    challenge_id: reference,
    user_id: reference,
    team_id: reference,
    provided: text,
    type: text,
    date: time,
  }),
  unlocks: z.object({
    id,
    user_id: reference,
    team_id: reference,
    target: reference,
    type: text,
    date: time,
  }),
  awards: z.object({
    id,
    type: text,
    user_id: reference,
    team_id: reference,
    name: text,
    description: text,
    value: number,
    category: text,
    date: time,
  }),
} as const;

export type TableName = keyof typeof TABLES;
export type Row<Name extends TableName> = z.output<(typeof TABLES)[Name]>;
export type Tables = { readonly [Name in TableName]: readonly Row<Name>[] };

/** Tables without anything of their own: `solves` are the submissions of type `correct`. */
const SAID_ELSEWHERE = new Set(["solves", "alembic_version"]);

const TABLE_FILE = /^db\/([^/]+)\.json$/;
const wrapper = z.looseObject({ results: z.array(z.record(z.string(), z.unknown())).max(ROWS_MAX) });

/** Reads every table. Throws a refusal where one is not as CTFd writes it. */
export async function readTables(zip: Zip, findings: Findings): Promise<Tables> {
  if (!zip.names.some((name) => TABLE_FILE.test(name))) {
    throw refused("this is no export of CTFd: it has no db/*.json");
  }
  const tables = Object.fromEntries(Object.keys(TABLES).map((name) => [name, []])) as unknown as Record<
    TableName,
    unknown[]
  >;
  for (const file of zip.names) {
    const table = TABLE_FILE.exec(file)?.[1];
    if (table === undefined || SAID_ELSEWHERE.has(table)) continue;
    const rows = await rowsOf(zip, file);
    if (!Object.hasOwn(TABLES, table)) {
      if (rows.length > 0) findings.add("left", `table ${table}`, `${plural(rows.length, "row")} in ${file}`);
      continue;
    }
    tables[table as TableName] = checked(table as TableName, file, rows, findings);
  }
  if (tables.challenges.length === 0) throw refused("this export has no challenges in db/challenges.json");
  return tables as unknown as Tables;
}

async function rowsOf(zip: Zip, file: string): Promise<Record<string, unknown>[]> {
  const bytes = await zip.read(file, TABLE_BYTES_MAX);
  // An empty table is an empty file.
  if (bytes.length === 0) return [];
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    throw refused(`${file} is no JSON in UTF-8`);
  }
  const found = wrapper.safeParse(value);
  if (!found.success) throw refused(`${file} is no table of CTFd: it has no list "results" of rows`);
  return found.data.results;
}

/** Columns that are a row's key, or that have what no hunt keeps of a person. */
const UNUSED: Readonly<Record<string, string>> = {
  password: "hashed passwords",
  secret: "secrets",
  email: "e-mail addresses",
  oauth_id: "ids of a sign-in elsewhere",
  website: "web sites",
  affiliation: "affiliations",
  country: "countries",
  language: "languages",
  verified: "which addresses were verified",
  change_password: "who must change the password",
  ip: "addresses that submissions came from",
};

function checked(
  table: TableName,
  file: string,
  rows: readonly Record<string, unknown>[],
  findings: Findings,
): unknown[] {
  const schema = TABLES[table];
  const unknown = new Set<string>();
  const result = rows.map((row, index) => {
    const read = schema.safeParse(row);
    if (!read.success) {
      const [issue] = read.error.issues;
      throw refused(
        `${file}, row ${index + 1}: ${issue?.path.join(".") || "it"} ${reasonOf(issue?.message)}`,
      );
    }
    for (const [column, value] of Object.entries(row)) {
      if (
        !Object.hasOwn(schema.shape, column) &&
        value !== null &&
        value !== "" &&
        value !== false &&
        value !== 0
      ) {
        unknown.add(column);
      }
    }
    return read.data;
  });
  for (const column of unknown) {
    const what = Object.hasOwn(UNUSED, column) ? `: ${UNUSED[column]}` : "";
    findings.add("left", `table ${table}`, `the column ${column}${what}`);
  }
  return result;
}

const reasonOf = (message = "is not as CTFd writes it"): string =>
  message.startsWith("must") ? message : `is not as CTFd writes it (${message})`;
