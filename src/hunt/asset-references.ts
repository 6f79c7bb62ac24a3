/**
 * References to the hunt's files: `asset:plan.pdf` as a value of its own, or as the target of a link or a picture in
 * Markdown. Whoever tells a text replaces them by addresses. PURE.
 */
import { ASSET_SCHEME } from "../contract/asset-types.ts";
import type { Report } from "./report.ts";

/** A target: in brackets behind a text, behind the label of a reference, or between `<` and `>`. */
const TARGET = /(\]\(\s*<?|\]:\s*<?|<)asset:([^\s)>"'\\]+)/g;

/** A file of the hunt, as far as whoever tells it needs to know. */
export interface AssetRef {
  /** Of its content, in the bucket. */
  key: string;
  type: string;
  size: number;
}

/** The files that the texts of a hunt name, by name; absent: none. */
export type AssetRefs = Readonly<Record<string, AssetRef>>;

/** The names that a text refers to, as they stand there. */
export function assetsIn(text: string): string[] {
  if (!text.includes(ASSET_SCHEME)) return [];
  if (text.startsWith(ASSET_SCHEME) && !/\s/.test(text)) return [text.slice(ASSET_SCHEME.length)];
  return [...text.matchAll(TARGET)].map(([, , name]) => name ?? "");
}

/** Where a file is shown; undefined: there is none of this name, and its reference stays. */
export type AddressOf = (name: string) => string | undefined;

/** The text with addresses where it refers to files. */
export function withAddresses(text: string, addressOf: AddressOf): string {
  if (!text.includes(ASSET_SCHEME)) return text;
  if (text.startsWith(ASSET_SCHEME) && !/\s/.test(text)) {
    return addressOf(text.slice(ASSET_SCHEME.length)) ?? text;
  }
  return text.replaceAll(TARGET, (whole, before: string, name: string) => {
    const address = addressOf(name);
    return address === undefined ? whole : before + address;
  });
}

/** A value of a definition, or what is told of it, with addresses in all of its texts. */
export function allWithAddresses<Value>(value: Value, addressOf: AddressOf): Value {
  if (typeof value === "string") return withAddresses(value, addressOf) as Value;
  if (Array.isArray(value)) return value.map((each) => allWithAddresses(each, addressOf)) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, allWithAddresses(each, addressOf)]),
  ) as Value;
}

/** Keys whose texts are compared, or shown as they are: no reference in them is one. */
const PLAIN = new Set([
  "id",
  "title",
  "label",
  "answers",
  "match",
  "say",
  "code",
  "codes",
  "digests",
  "nudges",
]);

/** What the texts of a definition, or of what is made of it, refer to. `path`: dotted, from `value` on. */
export function* assetUses(value: unknown, path = ""): Generator<{ name: string; path: string }> {
  if (typeof value === "string") {
    for (const name of assetsIn(value)) yield { name, path };
  } else if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) yield* assetUses(each, joined(path, String(index)));
  } else if (typeof value === "object" && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      if (!PLAIN.has(key)) yield* assetUses(each, joined(path, key));
    }
  }
}

const joined = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

/** Where an author finds a path: texts in other languages stand beside the first one. */
const writtenAt = (path: string): string => path.replace(/^translations\.texts\.([^.]+)\.(.+)$/, "$2.$1");

/** What the definition refers to, at the paths that its author wrote. */
export function* usesIn(definition: unknown): Generator<{ name: string; path: string }> {
  for (const { name, path } of assetUses(definition)) yield { name, path: writtenAt(path) };
}

/** Those of `all` that the texts of `value` name. */
export function refsOf(value: unknown, all: AssetRefs): AssetRefs | undefined {
  const names = [...new Set([...assetUses(value)].map(({ name }) => name))].filter((name) =>
    Object.hasOwn(all, name),
  );
  if (names.length === 0) return undefined;
  return Object.fromEntries(names.sort().map((name) => [name, all[name] as AssetRef]));
}

/** Every file that a definition names must be there. */
export function checkAssets(definition: object, assets: AssetRefs, report: Report): void {
  const told = new Set<string>();
  for (const { name, path } of usesIn(definition)) {
    if (Object.hasOwn(assets, name) || told.has(`${path} ${name}`)) continue;
    told.add(`${path} ${name}`);
    const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
    report({ path, code: "no-such-asset", message: `there is no file "${shown}": upload it first` });
  }
}
