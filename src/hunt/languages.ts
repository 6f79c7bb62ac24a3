/**
 * Texts in several languages: with `languages`, any text of a definition may be `{en: …, de: …}`. A definition is read
 * in its first language, as one without languages; beside it stand the texts that differ in the others, by their path.
 * The same paths lead to them in what is compiled. PURE.
 */
import type { Issue } from "../errors.ts";
import type { CompareMode } from "../protocol.ts";
import { normaliseAnswer } from "./normalise.ts";

/** A language, as BCP 47 has it: `de`, `de-AT`. */
export const LANGUAGE = /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}$/;
export const LANGUAGES_MAX = 20;

/** Where texts stand. `body`: it is Markdown, and to be written in each language. */
const TEXTS: readonly { at: readonly string[]; body?: true }[] = [
  { at: ["title"] },
  { at: ["description"], body: true },
  { at: ["brackets", "*", "title"] },
  { at: ["join", "fields", "*", "label"] },
  { at: ["join", "fields", "*", "options", "*", "label"] },
  { at: ["join", "consent", "*", "text"] },
  { at: ["pages", "*", "title"] },
  { at: ["pages", "*", "body"], body: true },
  { at: ["rounds", "*", "title"] },
  { at: ["rounds", "*", "body"], body: true },
  { at: ["clues", "*", "title"] },
  { at: ["clues", "*", "body"], body: true },
  { at: ["clues", "*", "solution"], body: true },
  { at: ["clues", "*", "instead", "text"], body: true },
  { at: ["clues", "*", "choices", "*", "label"] },
  { at: ["clues", "*", "nudges", "*", "say"] },
  { at: ["clues", "*", "hints", "*", "text"], body: true },
  { at: ["prizes", "*", "title"] },
];

/** Where lists of texts stand that count in all languages. */
const LISTS: readonly (readonly string[])[] = [
  ["clues", "*", "answers"],
  ["clues", "*", "nudges", "*", "match"],
  ["clues", "*", "instead", "answers"],
];

/** By path, dotted. */
export type Texts = Readonly<Record<string, string>>;

/** What a definition says in languages beside its first one. */
export interface Translations {
  /** By language: the texts that differ from the first. */
  texts: Readonly<Record<string, Texts>>;
  /** Texts that are to be written in each language, and are not. */
  missing: readonly { path: string; languages: readonly string[] }[];
  /** Where entries of lists were written, by where they are now. */
  origins: Readonly<Record<string, string>>;
}

type Path = readonly (string | number)[];
type Container = Record<string | number, unknown>;

const isContainer = (value: unknown): value is Container => typeof value === "object" && value !== null;
const isPlain = (value: unknown): value is Record<string, unknown> =>
  isContainer(value) && !Array.isArray(value);

/** The places in `value` that the pattern leads to. */
function* placesOf(
  value: unknown,
  at: readonly string[],
  path: Path = [],
): Generator<{ holder: Container; key: string | number; path: Path }> {
  const [step = "", ...rest] = at;
  if (!isContainer(value)) return;
  const keys = step === "*" ? (Array.isArray(value) ? [...value.keys()] : []) : [step];
  for (const key of keys) {
    if (!Object.hasOwn(value, key)) continue;
    const here = [...path, key];
    if (rest.length === 0) yield { holder: value, key, path: here };
    else yield* placesOf(value[key], rest, here);
  }
}

/** A definition as it was read, in one language each. */
export interface Spoken {
  languages: readonly string[];
  /** The first language's is the first. */
  values: unknown[];
  /** Where a text was written in languages, dotted. */
  written: ReadonlySet<string>;
  missing: Translations["missing"];
  origins: Record<string, string>;
  issues: Issue[];
}

/** The languages that a definition names, if it does so well: what is wrong in them its schema tells. */
function languagesOf(value: unknown): readonly string[] {
  const languages = isPlain(value) ? value.languages : undefined;
  if (!Array.isArray(languages) || languages.length === 0 || languages.length > LANGUAGES_MAX) return [];
  return languages.every((each) => typeof each === "string" && LANGUAGE.test(each)) ? languages : [];
}

/** What was read is JSON. */
const copyOf = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

/** Takes the languages of a definition apart; undefined: it names none. */
export function spokenOf(value: unknown): Spoken | undefined {
  const languages = languagesOf(value);
  const [first] = languages;
  if (first === undefined) return undefined;
  const issues: Issue[] = [];
  const missing: { path: string; languages: string[] }[] = [];
  const written = new Set<string>();
  const origins: Record<string, string> = {};
  const whole = copyOf(value);
  for (const at of LISTS) {
    for (const { holder, key, path } of placesOf(whole, at)) {
      const mode = at.length === 3 ? (holder.compare as CompareMode) : modeAround(whole, path);
      holder[key] = inAll(holder[key], path, languages, mode, issues, origins);
    }
  }
  for (const { at, body } of TEXTS) {
    for (const { holder, key, path } of placesOf(whole, at)) {
      const text = holder[key];
      const dotted = path.join(".");
      if (!isPlain(text)) {
        if (body && languages.length > 1 && text !== "")
          missing.push({ path: dotted, languages: languages.slice(1) });
        continue;
      }
      written.add(dotted);
      checkKeys(text, dotted, languages, issues);
      if (text[first] === undefined) {
        const message = `the text is missing in the hunt's first language, ${first}`;
        issues.push({ path: dotted, code: "not-translated", message });
      }
      const lacking = languages.filter((each) => each !== first && text[each] === undefined);
      if (lacking.length > 0) missing.push({ path: dotted, languages: lacking });
    }
  }
  const values = languages.map((language) => inLanguage(whole, language, languages));
  return { languages, values, written, missing, origins, issues };
}

function checkKeys(text: object, path: string, languages: readonly string[], issues: Issue[]): void {
  for (const key of Object.keys(text)) {
    if (languages.includes(key)) continue;
    const shown = key.slice(0, 40);
    const message = `unknown key "${shown}": the hunt's languages are ${languages.join(", ")}`;
    issues.push({ path: `${path}.${shown}`, code: "unknown-key", message });
  }
}

const modeAround = (whole: unknown, [clues, index]: Path): CompareMode =>
  ((whole as Container)[clues as string] as Container[])[index as number]?.compare as CompareMode;

/** A list with the texts of all languages in it; what compares equal to one of another language stands once. */
function inAll(
  list: unknown,
  path: Path,
  languages: readonly string[],
  mode: CompareMode = "letters",
  issues: Issue[],
  origins: Record<string, string>,
): unknown {
  if (!Array.isArray(list) || !list.some(isPlain)) return list;
  const made: unknown[] = [];
  const base = path.join(".");
  /** By how it compares: the language that has it. */
  const known = new Map<string, string>();
  const take = (text: unknown, at: string, language: string): void => {
    const compared = typeof text === "string" ? normaliseAnswer(mode, text) : null;
    const other = compared === null ? undefined : known.get(compared);
    if (other !== undefined && other !== language) return;
    if (compared !== null) known.set(compared, language);
    origins[`${base}.${made.length}`] = at;
    made.push(text);
  };
  for (const [index, entry] of list.entries()) {
    const at = `${base}.${index}`;
    if (!isPlain(entry)) {
      take(entry, at, "");
      continue;
    }
    checkKeys(entry, at, languages, issues);
    for (const language of languages) {
      const texts = entry[language];
      if (texts === undefined) continue;
      if (!Array.isArray(texts)) take(texts, `${at}.${language}`, language);
      else for (const [place, text] of texts.entries()) take(text, `${at}.${language}.${place}`, language);
    }
  }
  return made;
}

/** The definition with the texts of one language, where there are some: else those of the language it belongs to, else of the first. */
function inLanguage(whole: unknown, language: string, languages: readonly string[]): unknown {
  const value = copyOf(whole);
  const order = [
    language,
    ...wider(language).filter((each) => languages.includes(each)),
    // One that the first lacks is told as such, and not as missing.
    ...languages,
  ];
  for (const { at } of TEXTS) {
    for (const { holder, key } of placesOf(value, at)) {
      const text = holder[key];
      if (!isPlain(text)) continue;
      holder[key] = order.map((each) => text[each]).find((each) => each !== undefined);
    }
  }
  return value;
}

/** `de-AT` → `de`. */
const wider = (language: string): string[] => {
  const parts = language.split("-");
  return parts.slice(1).map((_, index) => parts.slice(0, parts.length - 1 - index).join("-"));
};

/** The texts of `other` that differ from those of `value`, which has the same shape. */
export function differences(value: unknown, other: unknown, path = ""): Record<string, string> {
  const found: Record<string, string> = {};
  const look = (one: unknown, two: unknown, at: string): void => {
    if (typeof one === "string" && typeof two === "string") {
      if (one !== two) found[at] = two;
    } else if (isContainer(one) && isContainer(two)) {
      for (const key of Object.keys(one)) look(one[key], two[key], at === "" ? key : `${at}.${key}`);
    }
  };
  look(value, other, path);
  return found;
}

/** What of these texts `value` has. */
export function textsIn(value: object, texts: Texts): Texts | undefined {
  const found = Object.entries(texts).filter(([path]) => typeof valueAt(value, path) === "string");
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

const valueAt = (value: unknown, path: string): unknown =>
  path
    .split(".")
    .reduce((at: unknown, key) => (isContainer(at) && Object.hasOwn(at, key) ? at[key] : undefined), value);

/** A copy of `value` with these texts in their places; what has none of them is shared. */
export function withTexts<Value extends object>(value: Value, texts: Texts): Value {
  const copies = new Map<object, Container>();
  const ownOf = (of: object): Container => {
    const known = copies.get(of);
    if (known) return known;
    const copy = (Array.isArray(of) ? [...of] : { ...of }) as Container;
    copies.set(of, copy);
    return copy;
  };
  const root = ownOf(value);
  for (const [path, text] of Object.entries(texts)) {
    if (typeof valueAt(value, path) !== "string") continue;
    let original: Container = value as Container;
    let copy = root;
    const keys = path.split(".");
    for (const key of keys.slice(0, -1)) {
      original = original[key] as Container;
      copy[key] = ownOf(original);
      copy = copy[key] as Container;
    }
    copy[keys.at(-1) ?? ""] = text;
  }
  return root as Value;
}

/**
 * The first of the hunt's languages that is asked for, each with the wider one that it belongs to; undefined: it has none of these.
 */
export function chosen(languages: readonly string[], asked: readonly string[]): string | undefined {
  for (const tag of asked) {
    const tags = [tag, ...wider(tag)].map((each) => each.toLowerCase());
    for (const each of tags) {
      const found = languages.find((language) => language.toLowerCase() === each);
      if (found !== undefined) return found;
    }
    // `de` is served by `de-AT`, where there is no plain one.
    const narrower = languages.find((language) => language.toLowerCase().startsWith(`${tags[0]}-`));
    if (narrower !== undefined) return narrower;
  }
  return undefined;
}

/** Languages that one header names. */
const ACCEPTED_MAX = 10;
const ACCEPTED_CHARS = 300;

/** What `Accept-Language` asks for, the most wanted first (RFC 9110 §12.5.4). */
export function acceptedLanguages(header: string | undefined): string[] {
  if (header === undefined) return [];
  return header
    .slice(0, ACCEPTED_CHARS)
    .split(",")
    .slice(0, ACCEPTED_MAX)
    .flatMap((entry) => {
      const [tag = "", ...parameters] = entry.split(";").map((part) => part.trim());
      const weight = parameters.find((each) => each.startsWith("q="))?.slice(2);
      const q = weight === undefined ? 1 : Number(weight);
      return LANGUAGE.test(tag) && q > 0 && q <= 1 ? [{ tag, q }] : [];
    })
    .sort((a, b) => b.q - a.q)
    .map(({ tag }) => tag);
}

interface Schema {
  [key: string]: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
  $ref?: string;
  description?: string;
}

/** The JSON Schema of a definition in one language as that of one in several. It is changed in place. */
export function translatable(schema: Record<string, unknown>): Record<string, unknown> {
  const of = (part: Schema | undefined): Schema | undefined => {
    const [, name = ""] = /^#\/\$defs\/(.*)$/.exec(part?.$ref ?? "") ?? [];
    return name === "" ? part : (schema.$defs as Record<string, Schema>)[name];
  };
  const root = of(schema);
  const holderOf = (at: readonly string[]): Schema | undefined =>
    at.reduce(
      (part: Schema | undefined, step) => of(step === "*" ? part?.items : part?.properties?.[step]),
      root,
    );
  for (const { at } of TEXTS) {
    const properties = holderOf(at.slice(0, -1))?.properties;
    const key = at.at(-1) ?? "";
    const text = properties?.[key];
    if (!properties || !text) continue;
    const { description, default: given, ...plain } = text;
    properties[key] = {
      anyOf: [plain, byLanguage(plain)],
      ...(description === undefined ? {} : { description }),
      ...(given === undefined ? {} : { default: given }),
    };
  }
  for (const at of LISTS) {
    const list = holderOf(at);
    if (!list?.items) continue;
    const { items } = list;
    list.items = { anyOf: [items, byLanguage({ anyOf: [items, { type: "array", items }] })] };
  }
  return schema;
}

const byLanguage = (text: Schema): Schema => ({
  type: "object",
  propertyNames: { pattern: LANGUAGE.source },
  additionalProperties: text,
  minProperties: 1,
});
