/**
 * A definition with faults of shape, made whole enough to be checked for its
 * meaning as well: a misspelt key does not hide an unknown id. What stands in
 * for the faulty parts must bring no issue of its own, so the draft also says
 * which issues it is not to be believed in.
 */
import type * as z from "zod";
import type { Issue } from "../errors.ts";
import { type Flat, flatten, valueAt } from "./schema-issues.ts";

export interface Draft<Definition> {
  definition: Definition;
  /** Whether an issue of the draft's meaning is one of the definition itself. */
  believes(issue: Issue): boolean;
}

/** A repair may bring up what it hid: the keys of an object that is new. */
const ROUNDS_MAX = 5;

/** Faults mended: a text with more is wrong as a whole, and each round takes time. */
const FAULTS_MAX = 200;

/** Told of every entry, whatever else is wrong in it: they are about one name. */
const ABOUT_NAMES = /^(?:unknown-|duplicate-|hunt-mismatch$)/;

/** They say that a key is not there, or one too many. */
const OF_KEYS = /-(?:missing|superfluous|stock)$/;

/** Where `ABOUT_ALL` follows from. */
const DECIDES_ALL = /^(?:clues|rounds|scoring|opens|closes)\b/;

/** They follow from all clues together: with a faulty one nobody can tell. */
const ABOUT_ALL: ReadonlySet<string> = new Set([
  "at-least-beyond",
  "points-beyond",
  "never-opens",
  "decay-minimum",
  "too-many-conditions",
  "code-key-missing",
]);

type Path = readonly PropertyKey[];
type Container = Record<PropertyKey, unknown>;

/** What a key must have, where no default stands in for it. By the key's name, or its parent's and its own. */
const STAND_INS: Record<string, unknown> = {
  format: 1,
  title: "?",
  text: "?",
  label: "?",
  kind: "scan",
  "decay.kind": "none",
  stock: 1,
  match: ["?"],
  say: "?",
  lat: 0,
  lng: 0,
  radius: 50,
  minimum: 0,
  solves: 1,
  mode: "solo",
  from: "2000-01-01T00:00:00Z",
  to: "2000-01-02T00:00:00Z",
  url: "https://example.org/",
  on: ["won"],
};

/** Entries of these lists are objects. */
const OBJECTS: ReadonlySet<PropertyKey> = new Set([
  "rounds",
  "clues",
  "brackets",
  "prizes",
  "hints",
  "choices",
  "nudges",
  "webhooks",
]);

/** Entries of these lists are neither objects nor texts of any kind. */
const ENTRIES: Record<string, unknown> = { firstSolves: 0, on: "won" };

/** Where conditions stand in lists. */
const CONDITION_LISTS: ReadonlySet<PropertyKey> = new Set(["all", "any", "of"]);

/** The definition that `value` nearly is; undefined: it is too far from one. `value` is not changed. */
export function repaired<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  faults: readonly Flat[],
): Draft<z.output<Schema>> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const mending = new Mending(JSON.parse(JSON.stringify(value)) as object);
  let found = faults;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    if (found.length > FAULTS_MAX) return undefined;
    for (const fault of found) mending.mend(fault);
    const parsed = schema.safeParse(mending.value);
    if (parsed.success) {
      return { definition: parsed.data, believes: (issue) => mending.believes(issue) };
    }
    found = flatten(parsed.error.issues);
  }
  return undefined;
}

class Mending {
  readonly value: object;
  /** Where a value was changed: an entry of a list as a whole, or a key of the hunt itself. */
  readonly #changed = new Set<string>();
  /** Where an unknown key was taken away, which may be another one, misspelt. */
  readonly #stripped = new Set<string>();
  /** Texts that may have been an id, had their key been right. */
  readonly #lost = new Set<string>();
  #made = 0;

  constructor(value: object) {
    this.value = value;
  }

  mend(fault: Flat): void {
    const { path, key } = fault;
    if (key !== undefined) {
      this.#stripped.add(headOf([...path, key]));
      this.#remove([...path, key]);
      return;
    }
    this.#changed.add(headOf(path));
    const condition = conditionAround(path);
    if (condition !== undefined) this.#set(condition, "start");
    else if (typeof path.at(-1) === "number" || valueAt(this.value, path) === undefined) {
      this.#set(path, this.#standIn(path));
    } else this.#remove(path);
  }

  believes({ path, code, message }: Issue): boolean {
    if (ABOUT_NAMES.test(code)) return ![...this.#lost].some((name) => message.includes(`"${name}"`));
    const head = headOf(path.split("."));
    if (this.#changed.has(head)) return false;
    if (this.#stripped.has(head) && OF_KEYS.test(code)) return false;
    if (!ABOUT_ALL.has(code)) return true;
    return ![...this.#changed, ...this.#stripped].some((mended) => DECIDES_ALL.test(mended));
  }

  #remove(path: Path): void {
    const container = valueAt(this.value, path.slice(0, -1));
    const key = path.at(-1);
    if (typeof container !== "object" || container === null || key === undefined) return;
    const was = (container as Container)[key];
    if (typeof was === "string") this.#lost.add(was);
    delete (container as Container)[key];
  }

  #set(path: Path, value: unknown): void {
    const container = valueAt(this.value, path.slice(0, -1));
    const key = path.at(-1);
    if (typeof container !== "object" || container === null || key === undefined) return;
    const was = (container as Container)[key];
    if (typeof was === "string") this.#lost.add(was);
    (container as Container)[key] = value;
  }

  #standIn(path: Path): unknown {
    const key = path.at(-1);
    const parent = String(path.at(-2));
    this.#made += 1;
    if (typeof key === "number") {
      return OBJECTS.has(parent) ? {} : (ENTRIES[parent] ?? `stand-in-${this.#made}`);
    }
    const name = String(key);
    if (name === "id") return `stand-in-${this.#made}`;
    if (name === "round") return this.#firstRound();
    if (OBJECTS.has(name)) return [{}];
    return STAND_INS[`${parent}.${name}`] ?? STAND_INS[name] ?? {};
  }

  #firstRound(): unknown {
    const { rounds } = this.value as { rounds?: unknown };
    const ids = Array.isArray(rounds) ? rounds.map((round) => (round as { id?: unknown } | null)?.id) : [];
    return ids.find((id) => typeof id === "string");
  }
}

/** The entry that a path leads into, as `clues.3`; else the hunt's own key. */
function headOf(path: Path): string {
  const [first = "", second] = path;
  const isEntry = second !== undefined && OBJECTS.has(String(first));
  return isEntry ? `${String(first)}.${String(second)}` : String(first);
}

/** The condition that a fault's path leads into, or is: the innermost. */
function conditionAround(path: Path): Path | undefined {
  for (let length = path.length; length > 2; length -= 1) {
    const key = path[length - 1];
    const isOwn = length === 3 && (key === "opens" || key === "requires") && OBJECTS.has(path[0] ?? "");
    const isListed = typeof key === "number" && CONDITION_LISTS.has(path[length - 2] ?? "");
    if (isOwn || isListed) return path.slice(0, length);
  }
  return undefined;
}
