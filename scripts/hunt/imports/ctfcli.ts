/** A folder of challenges as ctfcli keeps them: a challenge.yml each, with its files beside it. */
import { createReadStream } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { refused, wrongUsage } from "../failure.ts";
import { bytes } from "../text.ts";
import { unreadable } from "../text-file.ts";
import type { Findings } from "./findings.ts";
import { type Challenge, type Hint, type Source, type SourceFile, TRIES_PER_MINUTE } from "./source.ts";

const FILES = new Set(["challenge.yml", "challenge.yaml"]);
/** Of challenges, of which nothing is read. */
const PASSED_BY = new Set(["node_modules", ".git", ".ctf"]);

/** Folders within each other, and entries looked at. */
const DEPTH_MAX = 8;
const ENTRIES_MAX = 200_000;
/** Bytes of a challenge.yml, and of a solution beside it. */
const YAML_BYTES_MAX = 1_024 * 1_024;
/** Aliases that a YAML text may resolve: more are made to fill the memory. */
const ALIASES_MAX = 100;

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const maybe = <Schema extends z.ZodType>(schema: Schema) =>
  schema.nullish().transform((value) => value ?? undefined);
const number = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d{1,12}(?:\.\d{1,6})?$/, "must be a number")
    .transform(Number),
]);
const listed = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .array(schema)
    .nullish()
    .transform((value) => value ?? []);

const challengeFile = z.looseObject({
  name: text,
  category: maybe(text),
  description: maybe(text),
  attribution: maybe(text),
  value: maybe(number),
  type: maybe(text),
  extra: maybe(
    z.looseObject({
      initial: maybe(number),
      minimum: maybe(number),
      decay: maybe(number),
      function: maybe(text),
    }),
  ),
  connection_info: maybe(text),
  solution: maybe(z.union([text, z.looseObject({ path: text, state: maybe(text) })])),
  attempts: maybe(number),
  logic: maybe(text),
  flags: listed(
    z.union([
      text,
      z.looseObject({ type: maybe(text), content: maybe(text), flag: maybe(text), data: maybe(text) }),
    ]),
  ),
  topics: listed(text),
  tags: listed(z.union([text, z.looseObject({ value: text }).transform(({ value }) => value)])),
  files: listed(text),
  hints: listed(
    z.union([
      text,
      z.looseObject({
        content: maybe(text),
        hint: maybe(text),
        title: maybe(text),
        cost: maybe(number),
        requirements: z.unknown().optional(),
      }),
    ]),
  ),
  requirements: maybe(
    z.union([
      z.array(text),
      z.looseObject({ prerequisites: listed(text), anonymize: z.unknown().optional() }),
    ]),
  ),
  next: maybe(text),
  scheduled_at: maybe(text),
  module: maybe(text),
  state: maybe(text),
});
type ChallengeFile = z.output<typeof challengeFile>;

/** Keys that say nothing which a player would see: how a challenge is kept. */
const OF_THE_TOOL = new Set(["version"]);

export async function readFolder(folder: string, title: string, findings: Findings): Promise<Source> {
  const found = await stat(folder).catch(unreadable(folder));
  if (!found.isDirectory()) throw wrongUsage(`${folder} is no folder`);
  const paths = await challengeFiles(folder);
  if (paths.length === 0) throw refused(`${folder} has no challenge.yml in it`);
  const root = await realpath(folder);
  const challenges: Challenge[] = [];
  for (const path of paths) challenges.push(await challengeOf(path, root, findings));
  const names = new Set<string>();
  for (const { key } of challenges) {
    if (names.has(key)) throw refused(`two challenges are called ${JSON.stringify(key)}`);
    names.add(key);
  }
  return {
    from: "ctfcli",
    title,
    description: "",
    mode: "teams",
    // CTFd sets no limit of its own: the format's default.
    teamSize: 6,
    brackets: [],
    fields: [],
    challenges,
    pages: [],
    files: [],
    triesPerMinute: TRIES_PER_MINUTE,
  };
}

/** Every challenge.yml in the folder, in order. Links are not followed. */
async function challengeFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  let looked = 0;
  const look = async (path: string, depth: number): Promise<void> => {
    const entries = (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      looked += 1;
      if (looked > ENTRIES_MAX) throw refused(`${folder} has more than ${ENTRIES_MAX} files and folders`);
      if (entry.isFile() && FILES.has(entry.name)) found.push(join(path, entry.name));
      if (!entry.isDirectory() || PASSED_BY.has(entry.name)) continue;
      if (depth >= DEPTH_MAX) throw refused(`${join(path, entry.name)} is deeper than ${DEPTH_MAX} folders`);
      await look(join(path, entry.name), depth + 1);
    }
  };
  await look(folder, 1);
  return found;
}

async function challengeOf(path: string, root: string, findings: Findings): Promise<Challenge> {
  const shown = relative(root, await realpath(path));
  const file = await readChallenge(path, shown);
  const about = `challenge ${file.name}`;
  const folder = dirname(path);
  for (const [key, value] of Object.entries(file)) {
    if (Object.hasOwn(challengeFile.shape, key) || OF_THE_TOOL.has(key) || value === null || value === "")
      continue;
    findings.add("left", about, `${key}: ${shortened(value)}`);
  }
  for (const [key, value] of Object.entries(file.extra ?? {})) {
    if (!["initial", "minimum", "decay", "function"].includes(key))
      findings.add("left", about, `extra.${key}: ${shortened(value)}`);
  }
  const files: SourceFile[] = [];
  const lost: string[] = [];
  for (const name of file.files) {
    const read = await fileOf(name, folder, root);
    if (read) files.push(read);
    else lost.push(name);
  }
  const { initial, minimum, decay } = file.extra ?? {};
  const kind = file.extra?.function ?? (file.type === "dynamic" ? "logarithmic" : "static");
  const falls =
    (kind === "linear" || kind === "logarithmic") &&
    initial !== undefined &&
    minimum !== undefined &&
    decay !== undefined;
  const requirements = Array.isArray(file.requirements)
    ? { prerequisites: file.requirements }
    : file.requirements;
  const solution = await solutionOf(file, folder, root, about, findings);
  const scheduledAt = timeOf(file.scheduled_at, shown);
  return {
    key: file.name,
    name: file.name,
    type: file.type ?? "standard",
    category: (file.category ?? "").trim(),
    description: file.description ?? "",
    ...(file.attribution === undefined ? {} : { attribution: file.attribution }),
    ...(file.connection_info === undefined ? {} : { connection: file.connection_info }),
    value: file.value ?? initial ?? 0,
    ...(falls && minimum < initial ? { falling: { kind, initial, minimum, decay } } : {}),
    attempts: file.attempts ?? 0,
    logic: file.logic ?? "any",
    state: file.state ?? "visible",
    ...(scheduledAt === undefined ? {} : { scheduledAt }),
    requires: requirements?.prerequisites ?? [],
    anonymised: requirements !== undefined && "anonymize" in requirements && requirements.anonymize === true,
    ...(file.next === undefined ? {} : { next: file.next }),
    ...(file.module === undefined ? {} : { module: file.module }),
    flags: file.flags.map((flag) =>
      typeof flag === "string"
        ? { type: "static", text: flag, anyCase: false }
        : {
            type: flag.type ?? "static",
            text: flag.content ?? flag.flag ?? "",
            anyCase: flag.data === "case_insensitive",
          },
    ),
    hints: file.hints.map(
      (hint): Hint =>
        typeof hint === "string"
          ? { text: hint, cost: 0, waits: false }
          : {
              ...(hint.title === undefined ? {} : { title: hint.title }),
              text: hint.content ?? hint.hint ?? "",
              cost: hint.cost ?? 0,
              waits: Array.isArray(hint.requirements) && hint.requirements.length > 0,
            },
    ),
    tags: file.tags,
    topics: file.topics,
    files,
    lost,
    ...(solution === undefined ? {} : { solution }),
    rightTexts: [],
  };
}

async function readChallenge(path: string, shown: string): Promise<ChallengeFile> {
  const { size } = await stat(path);
  if (size > YAML_BYTES_MAX) throw refused(`${shown} has ${bytes(size)}, more than ${bytes(YAML_BYTES_MAX)}`);
  let source: string;
  try {
    source = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(await readFile(path));
  } catch {
    throw refused(`${shown} is not UTF-8`);
  }
  let value: unknown;
  try {
    const document = parseDocument(source, { merge: true, logLevel: "silent" });
    const [error] = document.errors;
    if (error) throw error;
    value = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    throw refused(`${shown} is no YAML: ${error instanceof Error ? error.message.split("\n")[0] : ""}`);
  }
  const read = challengeFile.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw refused(
    `${shown}: ${issue?.path.join(".") || "it"} is not as ctfcli writes it (${issue?.message ?? ""})`,
  );
}

/** A file beside the challenge, and nowhere else: also not by a link. Undefined: there is none. */
async function fileOf(name: string, folder: string, root: string): Promise<SourceFile | undefined> {
  const path = resolve(folder, name);
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return undefined;
  if (!real.startsWith(root + sep))
    throw refused(`${name} of ${relative(root, folder)} is outside of ${root}`);
  const found = await stat(real);
  if (!found.isFile()) return undefined;
  return {
    name: basename(name),
    place: name.replace(/^\.\//, ""),
    bytes: found.size,
    open: async () => createReadStream(real),
  };
}

async function solutionOf(
  { solution }: ChallengeFile,
  folder: string,
  root: string,
  about: string,
  findings: Findings,
): Promise<Challenge["solution"]> {
  if (solution === undefined) return undefined;
  const path = typeof solution === "string" ? solution : solution.path;
  const state = (typeof solution === "string" ? undefined : solution.state) ?? "hidden";
  const file = await fileOf(path, folder, root);
  if (!file || file.bytes > YAML_BYTES_MAX) {
    findings.add("left", about, `its solution ${path} is not there, or larger than ${bytes(YAML_BYTES_MAX)}`);
    return undefined;
  }
  const text = new TextDecoder("utf-8").decode(await readFile(resolve(folder, path)));
  return { text, state };
}

function timeOf(given: string | undefined, shown: string): number | undefined {
  if (given === undefined || given === "") return undefined;
  const at = Date.parse(given);
  if (Number.isNaN(at)) throw refused(`${shown}: scheduled_at is no time`);
  return at;
}

/** A value as a report has it: no more of it than tells what it is. */
function shortened(value: unknown): string {
  const written = typeof value === "string" ? value : JSON.stringify(value);
  const line = (written ?? "").replaceAll(/\s+/g, " ");
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
