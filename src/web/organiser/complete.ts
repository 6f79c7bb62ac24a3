/** What can be written at a place of a YAML definition, by its JSON Schema. PURE. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  $defs?: Record<string, Schema>;
}

export interface Suggestion {
  label: string;
  detail: string;
}

const LINE = /^(\s*)((?:- )*)\s*(?:([A-Za-z][\w-]*)\s*:)?/;

/** The keys above a line by their indentation, outermost first; `[]` stands for an entry of a list. */
export function pathAt(lines: readonly string[], line: number): string[] {
  const path: string[] = [];
  const [, spaces = "", dashes = ""] = LINE.exec(lines[line] ?? "") ?? [];
  let indent = spaces.length + dashes.length;
  if (dashes !== "") path.unshift("[]");
  let listIndent = dashes === "" ? indent : spaces.length;
  for (let above = line - 1; above >= 0 && indent > 0; above -= 1) {
    const text = lines[above] ?? "";
    if (text.trim() === "" || text.trim().startsWith("#")) continue;
    const [, before = "", marks = "", key] = LINE.exec(text) ?? [];
    const column = before.length + marks.length;
    if (key !== undefined && column < listIndent && /:\s*$/.test(text)) {
      path.unshift(key);
      if (marks !== "") path.unshift("[]");
      indent = before.length;
      listIndent = before.length;
    } else if (marks !== "" && column === indent && path[0] !== "[]") {
      path.unshift("[]");
      indent = before.length;
      listIndent = before.length;
    }
  }
  return path;
}

/** Every schema that `schema` may be. */
function alternatives(root: Schema, schema: Schema | undefined, depth = 0): Schema[] {
  if (!schema || depth > 8) return [];
  const referred = schema.$ref?.startsWith("#/$defs/")
    ? root.$defs?.[schema.$ref.slice("#/$defs/".length)]
    : undefined;
  const others = [referred, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return [schema, ...others.flatMap((other) => alternatives(root, other, depth + 1))];
}

function schemasAt(root: Schema, path: readonly string[]): Schema[] {
  let schemas = alternatives(root, root);
  for (const step of path) {
    schemas = schemas.flatMap((schema) =>
      alternatives(root, step === "[]" ? schema.items : schema.properties?.[step]),
    );
  }
  return schemas;
}

/** Keys that may stand at `path`. */
export function keysAt(root: Schema, path: readonly string[]): Suggestion[] {
  const found = new Map<string, string>();
  for (const schema of schemasAt(root, path)) {
    for (const [key, of] of Object.entries(schema.properties ?? {})) found.set(key, of.description ?? "");
  }
  return [...found].map(([label, detail]) => ({ label, detail }));
}

/** Values that the key at the end of `path` may have. */
export function valuesAt(root: Schema, path: readonly string[]): Suggestion[] {
  const values = schemasAt(root, path).flatMap(({ enum: several = [], const: one }) => [
    ...several,
    ...(one === undefined ? [] : [one]),
  ]);
  return [...new Set(values.map(String))].map((label) => ({ label, detail: "" }));
}
