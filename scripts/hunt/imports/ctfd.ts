/** A CTFd export as a source: the challenges with what belongs to them, and the settings that a hunt has as well. */
import { basename } from "node:path";
import type { Row, Tables } from "./ctfd-tables.ts";
import type { Findings } from "./findings.ts";
import {
  type Challenge,
  type Falling,
  type Page,
  type Source,
  type SourceFile,
  TRIES_PER_MINUTE,
} from "./source.ts";
import type { Zip } from "./zip-file.ts";

/** Settings that the import reads. */
const READ = new Set([
  "ctf_name",
  "ctf_description",
  "user_mode",
  "start",
  "end",
  "freeze",
  "team_size",
  "incorrect_submissions_per_min",
  "max_attempts_behavior",
  "max_attempts_timeout",
]);
/** Those of the software alone, which say nothing of the event. */
const OWN = /^(?:ctf_version|ctf_theme|setup|version_latest|next_update_check|import_|alembic)/;

export function sourceOf(tables: Tables, zip: Zip, findings: Findings): Source {
  const settings = settingsOf(tables, findings);
  const mode = settings.get("user_mode") === "teams" ? "teams" : "solo";
  const sizes = Map.groupBy(
    tables.users.filter(({ team_id }) => team_id !== undefined),
    ({ team_id }) => team_id,
  );
  const largest = Math.max(1, ...[...sizes.values()].map((members) => members.length));
  const limit = numberOf(settings.get("team_size")) ?? 0;
  const files = filesOf(tables, zip, findings);
  const opens = timeOf(settings.get("start"));
  const closes = timeOf(settings.get("end"));
  const freeze = timeOf(settings.get("freeze"));
  const back =
    settings.get("max_attempts_behavior") === "timeout"
      ? (numberOf(settings.get("max_attempts_timeout")) ?? 300)
      : undefined;
  return {
    from: "CTFd",
    title: settings.get("ctf_name") ?? "CTF",
    description: settings.get("ctf_description") ?? "",
    ...(opens === undefined ? {} : { opens }),
    ...(closes === undefined ? {} : { closes }),
    ...(freeze === undefined ? {} : { freeze }),
    mode,
    teamSize: Math.max(largest, limit > 0 ? limit : largest),
    brackets: bracketsOf(tables, mode, findings),
    fields: fieldsOf(tables, findings),
    challenges: challengesOf(tables, files, findings),
    pages: tables.pages.map(pageOf),
    files: files.others,
    triesPerMinute: numberOf(settings.get("incorrect_submissions_per_min")) ?? TRIES_PER_MINUTE,
    ...(back === undefined ? {} : { triesBackAfter: back }),
  };
}

/** Settings by name. Values of those without a counterpart are not told: some are secrets. */
function settingsOf(tables: Tables, findings: Findings): Map<string, string> {
  const settings = new Map<string, string>();
  for (const { key, value } of tables.config) {
    if (value !== "" && !settings.has(key)) settings.set(key, value);
    if (value !== "" && !READ.has(key) && !OWN.test(key))
      findings.add("left", `setting ${key}`, "it has no counterpart");
  }
  return settings;
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,12}$/.test(text)) return undefined;
  return Number(text);
}

/** Seconds since 1970, as settings have it. */
function timeOf(text: string | undefined): number | undefined {
  const seconds = numberOf(text);
  return seconds === undefined || seconds === 0 ? undefined : seconds * 1_000;
}

function bracketsOf(tables: Tables, mode: Source["mode"], findings: Findings) {
  const own = mode === "teams" ? "teams" : "users";
  return tables.brackets.flatMap(({ id, name, type }) => {
    if (type === own) return [{ key: String(id), name }];
    findings.add("left", `bracket ${name}`, `it is one of ${type}, and the event was played by ${own}`);
    return [];
  });
}

function fieldsOf(tables: Tables, findings: Findings): Source["fields"] {
  return tables.fields.flatMap(({ name, type, field_type, required }) => {
    if (type !== "user") {
      findings.add("left", `field ${name}`, "it is asked of teams, and here players alone are asked");
      return [];
    }
    if (field_type !== "text" && field_type !== "boolean") {
      findings.add("changed", `field ${name}`, `it is a line of text, and was of the kind "${field_type}"`);
    }
    return [{ name, kind: field_type === "boolean" ? ("checkbox" as const) : ("text" as const), required }];
  });
}

function pageOf({ title, route, content, draft, hidden, auth_required, format }: Row<"pages">): Page {
  const closed = draft
    ? "it was a draft"
    : hidden
      ? "it was hidden"
      : auth_required
        ? "only who had signed in could read it, and here everybody would"
        : undefined;
  return {
    route: route.replace(/^\/+/, "") || "index",
    title: title || route,
    text: content,
    isHtml: format === "html",
    ...(closed === undefined ? {} : { closed }),
  };
}

interface Files {
  /** By the id of the challenge. */
  ofChallenges: ReadonlyMap<number, { files: SourceFile[]; lost: string[] }>;
  others: SourceFile[];
}

function filesOf(tables: Tables, zip: Zip, findings: Findings): Files {
  const ofChallenges = new Map<number, { files: SourceFile[]; lost: string[] }>();
  const others: SourceFile[] = [];
  const solutions = new Map(tables.solutions.map(({ id, challenge_id }) => [id, challenge_id]));
  const told = new Set<string>();
  const read = (location: string): SourceFile => ({
    name: basename(location),
    place: location,
    bytes: zip.sizeOf(`uploads/${location}`),
    open: () => zip.stream(`uploads/${location}`),
  });
  for (const { location, challenge_id, solution_id } of tables.files) {
    if (location === "" || told.has(location)) continue;
    told.add(location);
    const isThere = zip.has(`uploads/${location}`);
    const challenge = challenge_id ?? (solution_id === undefined ? undefined : solutions.get(solution_id));
    if (challenge === undefined || challenge_id === undefined) {
      if (isThere) others.push(read(location));
      else findings.add("left", `file ${location}`, "it is not in the zip");
      continue;
    }
    const own = ofChallenges.get(challenge) ?? { files: [], lost: [] };
    ofChallenges.set(challenge, own);
    if (isThere) own.files.push(read(location));
    else own.lost.push(location);
  }
  for (const name of zip.names) {
    const location = name.startsWith("uploads/") ? name.slice("uploads/".length) : undefined;
    if (location !== undefined && !told.has(location)) others.push(read(location));
    else if (location === undefined && !/^db\/[^/]+\.json$/.test(name)) {
      findings.add("left", `file ${name}`, "it belongs to no part of an export");
    }
  }
  return { ofChallenges, others };
}

function challengesOf(tables: Tables, files: Files, findings: Findings): Challenge[] {
  const by = <Each extends { challenge_id: number | undefined }>(rows: readonly Each[]) =>
    Map.groupBy(rows, ({ challenge_id }) => challenge_id);
  const flags = by(tables.flags);
  const hints = by(tables.hints);
  const tags = by(tables.tags);
  const topics = by(tables.challenge_topics);
  const solutions = by(tables.solutions);
  const topicNames = new Map(tables.topics.map(({ id, value }) => [id, value]));
  const names = new Map(tables.challenges.map(({ id, name }) => [id, name]));
  const modules = new Map(tables.modules.map(({ id, name }) => [id, name]));
  const dynamic = new Map(tables.dynamic_challenge.map((row) => [row.id, row]));
  const right = Map.groupBy(
    tables.submissions.filter(({ type }) => type === "correct"),
    ({ challenge_id }) => challenge_id,
  );
  for (const [kind, rows] of Object.entries({ flag: flags, hint: hints, tag: tags, solution: solutions })) {
    const lost = [...rows].reduce(
      (sum, [id, each]) => sum + (id !== undefined && names.has(id) ? 0 : each.length),
      0,
    );
    if (lost > 0) findings.add("left", `${kind}s without a challenge`, `${lost} rows`);
  }
  for (const { challenge_id, type, content } of tables.flags) {
    if (type !== "static" || content !== "") continue;
    findings.add("left", `challenge ${names.get(challenge_id ?? -1) ?? "?"}`, "a flag without a text");
  }
  // As CTFd shows them.
  const ordered = [...tables.challenges].sort(
    (a, b) => (a.position ?? 0) - (b.position ?? 0) || (a.value ?? 0) - (b.value ?? 0) || a.id - b.id,
  );
  return ordered.map((row): Challenge => {
    const falling = fallingOf(row, dynamic.get(row.id));
    const [solution] = solutions.get(row.id) ?? [];
    const next = row.next_id === undefined ? undefined : names.get(row.next_id);
    const module = row.module_id === undefined ? undefined : modules.get(row.module_id);
    const own = files.ofChallenges.get(row.id);
    return {
      key: String(row.id),
      name: row.name,
      type: row.type || "standard",
      category: row.category.trim(),
      description: row.description,
      ...(row.attribution === "" ? {} : { attribution: row.attribution }),
      ...(row.connection_info === "" ? {} : { connection: row.connection_info }),
      value: row.value ?? falling?.initial ?? 0,
      ...(falling === undefined ? {} : { falling }),
      attempts: row.max_attempts ?? 0,
      logic: row.logic || "any",
      state: row.state || "visible",
      ...(row.scheduled_at === undefined ? {} : { scheduledAt: row.scheduled_at }),
      requires: row.requirements.prerequisites.map(String),
      anonymised: row.requirements.anonymize,
      ...(next === undefined ? {} : { next }),
      ...(module === undefined ? {} : { module }),
      flags: (flags.get(row.id) ?? []).flatMap(({ type, content, data }) =>
        content === "" && type === "static"
          ? []
          : [{ type, text: content, anyCase: data === "case_insensitive" }],
      ),
      hints: [...(hints.get(row.id) ?? [])]
        .sort((a, b) => a.id - b.id)
        .map(({ id, title, content, cost, requirements }) => ({
          key: id,
          ...(title === "" ? {} : { title }),
          text: content,
          cost: cost ?? 0,
          waits: requirements.prerequisites.length > 0,
        })),
      tags: (tags.get(row.id) ?? []).map(({ value }) => value),
      topics: (topics.get(row.id) ?? []).flatMap(({ topic_id }) => topicNames.get(topic_id ?? -1) ?? []),
      files: own?.files ?? [],
      lost: own?.lost ?? [],
      ...(solution === undefined ? {} : { solution: { text: solution.content, state: solution.state } }),
      rightTexts: [...new Set((right.get(row.id) ?? []).map(({ provided }) => provided))],
    };
  });
}

/** How the value falls; older exports keep it in a table of its own. */
function fallingOf(
  row: Row<"challenges">,
  dynamic: Row<"dynamic_challenge"> | undefined,
): Falling | undefined {
  const kind =
    dynamic?.dynamic_function || dynamic?.function || row.function || (dynamic ? "logarithmic" : "static");
  const initial = dynamic?.dynamic_initial ?? dynamic?.initial ?? row.initial;
  const minimum = dynamic?.dynamic_minimum ?? dynamic?.minimum ?? row.minimum;
  const decay = dynamic?.dynamic_decay ?? dynamic?.decay ?? row.decay;
  if ((kind !== "linear" && kind !== "logarithmic") || initial === undefined || minimum === undefined)
    return undefined;
  // One that falls to more than it begins with does not fall.
  if (decay === undefined || minimum >= initial) return undefined;
  return { kind, initial, minimum, decay: kind === "logarithmic" && decay === 0 ? 1 : decay };
}
