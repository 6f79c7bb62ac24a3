/** Unlock conditions as the forms show them: a sentence with gaps, and what stands in the gaps. PURE. */

/** The forms that a condition has; `start` is also what no condition means. */
export const CONDITION_KINDS = [
  "start",
  "solved",
  "solvedIn",
  "points",
  "at",
  "after",
  "all",
  "any",
  "atLeast",
  "manual",
] as const;
export type ConditionKind = (typeof CONDITION_KINDS)[number];

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Undefined: a form that this page does not know; it stays as it is. */
export function kindOf(condition: unknown): ConditionKind | undefined {
  if (condition === undefined) return "start";
  if (condition === "start" || condition === "manual") return condition;
  if (!isMap(condition)) return undefined;
  const keys = Object.keys(condition).filter((key) => key !== "weight");
  if ("solvedIn" in condition) return known("solvedIn", keys, ["solvedIn", "atLeast"]);
  if ("after" in condition) return known("after", keys, ["after", "since"]);
  if ("of" in condition) return known("atLeast", keys, ["atLeast", "of"]);
  const kind = CONDITION_KINDS.find((each) => keys.includes(each));
  return kind === undefined ? undefined : known(kind, keys, [kind]);
}

const known = (
  kind: ConditionKind,
  keys: readonly string[],
  own: readonly string[],
): ConditionKind | undefined => (keys.every((key) => own.includes(key)) ? kind : undefined);

/** What a condition of this kind begins as; `now`: a time to begin with. */
export function freshOf(
  kind: ConditionKind,
  { clues, rounds, now }: { clues: readonly string[]; rounds: readonly string[]; now: string },
): unknown {
  const solved = { solved: clues[0] ?? "" };
  switch (kind) {
    case "start":
    case "manual":
      return kind;
    case "solved":
      return solved;
    case "solvedIn":
      return { solvedIn: rounds[0] ?? "", atLeast: 1 };
    case "points":
      return { points: 100 };
    case "at":
      return { at: now };
    case "after":
      return { after: "30m" };
    case "all":
    case "any":
      return { [kind]: [solved] };
    case "atLeast":
      return { atLeast: 1, of: [solved] };
  }
}

/** A condition in another form; what both have stays: the entries of a list, a condition that becomes the first entry. */
export function turned(
  condition: unknown,
  kind: ConditionKind,
  given: { clues: readonly string[]; rounds: readonly string[]; now: string },
): unknown {
  const weight = isMap(condition) && condition.weight !== undefined ? { weight: condition.weight } : {};
  const from = kindOf(condition);
  const fresh = freshOf(kind, given);
  if (!isMap(fresh)) return fresh;
  const entries = entriesOf(condition);
  const isList = kind === "all" || kind === "any" || kind === "atLeast";
  if (!isList) {
    const first = entries.find((entry) => kindOf(entry) === kind);
    return { ...(isMap(first) ? { ...first, weight: undefined } : fresh), ...weight };
  }
  const kept =
    entries.length > 0
      ? entries
      : from === undefined || from === "start" || from === "manual"
        ? entriesOf(fresh)
        : [bare(condition)];
  return { ...(kind === "atLeast" ? { atLeast: 1, of: kept } : { [kind]: kept.map(bare) }), ...weight };
}

/** Only entries of `of` have a weight. */
const bare = (entry: unknown): unknown => {
  if (!isMap(entry) || entry.weight === undefined) return entry;
  const { weight: _, ...rest } = entry;
  return rest;
};

/** The entries of a list of conditions; [] for one that is none. */
export function entriesOf(condition: unknown): readonly unknown[] {
  if (!isMap(condition)) return [];
  const list = condition.all ?? condition.any ?? condition.of;
  return Array.isArray(list) ? list : [];
}

/** The key under which the entries of a list stand. */
export const entriesKey = (kind: ConditionKind): "all" | "any" | "of" =>
  kind === "all" ? "all" : kind === "any" ? "any" : "of";

export const roundsOf = (condition: unknown): string[] => {
  const rounds = isMap(condition) ? condition.solvedIn : undefined;
  return (Array.isArray(rounds) ? rounds : [rounds]).filter((round) => typeof round === "string");
};

/** The clues and rounds that a condition asks for, however deep. */
export function asksFor(condition: unknown): {
  clues: string[];
  rounds: { round: string; atLeast: number }[];
} {
  const found = { clues: [] as string[], rounds: [] as { round: string; atLeast: number }[] };
  const walk = (each: unknown): void => {
    if (!isMap(each)) return;
    if (typeof each.solved === "string") found.clues.push(each.solved);
    if (typeof each.since === "string") found.clues.push(each.since);
    const atLeast = typeof each.atLeast === "number" ? each.atLeast : 1;
    for (const round of roundsOf(each)) found.rounds.push({ round, atLeast });
    for (const entry of entriesOf(each)) walk(entry);
  };
  walk(condition);
  return found;
}

/** Units of durations, largest first. */
export const UNITS = ["d", "h", "m", "s"] as const;
export type Unit = (typeof UNITS)[number];

/** `"90m"` as 90 and `m`; undefined for what is no duration. */
export function durationOf(text: unknown): { count: number; unit: Unit } | undefined {
  const [, count, unit] = /^(\d{1,7})([smhd])$/.exec(typeof text === "string" ? text : "") ?? [];
  return count === undefined ? undefined : { count: Number(count), unit: unit as Unit };
}
