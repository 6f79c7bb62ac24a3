/**
 * JSON texts made from the document's schemas: valid, or valid but for a change
 * that a hostile or broken client would make. A text is made as a tree whose
 * leaves are verbatim, because much of what is sent is no JSON value: `1e999`,
 * a key twice, half a surrogate.
 */
import type { Draw } from "../../hunt/random.ts";

export interface Schema {
  $ref?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  examples?: unknown[];
  default?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
}

type Node = { of?: Schema | undefined } & (
  | { kind: "leaf"; text: string }
  | { kind: "list"; items: Node[] }
  | { kind: "pairs"; pairs: [key: string, value: Node][] }
);

/** Values that make sense by the name of their key, a JSON value each. */
export type Known = Record<string, readonly unknown[]>;

/** Longest text that a bound is tried with. */
const LONG = 5_000;

const nested = (levels: number, open: string, close: string): string =>
  open.repeat(levels) + close.repeat(levels);

/** JSON, or nearly JSON, that belongs nowhere. */
const HOSTILE: readonly string[] = [
  ...["null", "true", "false", "[]", "{}", '""', "[[]]", "[null]", '[""]', "[{}]"],
  ...["0", "-0", "1", "-1", "0.5", "1e-400", "1e999", "-1e400", "5e-324", "1.7976931348623157e308"],
  ...["2147483648", "-2147483649", "4294967296", "9007199254740993", "18446744073709551616"],
  ...["NaN", "Infinity", "-Infinity", "undefined", "0x10", "01", "1.", ".5", "+1", "1e", "'x'", "\\u0031"],
  ...['"\\ud800"', '"\\udfff\\ud800"', '"a\\udc00b"', '"\ufffd"', '"\\ufffd"', '"\\u0000"', '"a\\u0000b"'],
  ...['"\u202e\u2066evil"', '"\\u202e\\u2069"', '"\u200b"', '"\ufeff"', '"\u0301\u0301"', '"\u1f468\u200d"'],
  ...[
    '"Ａ１"',
    '"ß"',
    '"İ"',
    '"ﬀ"',
    '"\\u2028\\u2029"',
    '"\\/"',
    '"\\x"',
    '"\\u12"',
    '"\n"',
    '"\t"',
    '"\u007f"',
  ],
  ...['"__proto__"', '"constructor"', '"toString"', '"hasOwnProperty"', '"then"', '"valueOf"'],
  ...[
    '"../../etc/passwd"',
    '"%00"',
    '"%2e%2e%2f"',
    '"\' OR 1=1 --"',
    '"<script>alert(1)</script>"',
    '"{{7*7}}"',
  ],
  ...['{"__proto__":{"admin":true}}', '{"\\u005f_proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}'],
  ...[
    '{"toJSON":1}',
    '{"then":1}',
    '{"length":1e9}',
    '{"":""}',
    '{"a":1,"a":2}',
    "[1,]",
    '{"a":1,}',
    "[1 2]",
  ],
  ...[
    "2026-13-45T99:99:99Z",
    '"2026-02-30T00:00:00Z"',
    '"0000-01-01T00:00:00Z"',
    '"+275760-09-13T00:00:00Z"',
  ],
  ...['"9999-12-31T23:59:60Z"', '"1969-12-31T23:59:59-23:59"', '"2026-06-06"', "1765432100000"],
  `"${"x".repeat(LONG)}"`,
  `"${"\ufdfa".repeat(1_000)}"`,
  `"a${"\u0301".repeat(1_000)}"`,
  `"${"\u{1f468}".repeat(500)}"`,
  `"${"9".repeat(400)}"`,
  "9".repeat(400),
  `1${"0".repeat(400)}e-400`,
  nested(90, "[", "]"),
  nested(3_000, "[", "]"),
  nested(20_000, "[", "]"),
  "[".repeat(2_000),
  `${'{"a":'.repeat(500)}1${"}".repeat(500)}`,
  `[${"0,".repeat(3_000)}0]`,
  `{${Array.from({ length: 500 }, (_, index) => `"k${index}":${index}`).join(",")}}`,
];

/** Keys that nothing may take for more than a key. */
const HOSTILE_KEYS = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "then",
  "",
  "\u0000",
  "id",
  "x".repeat(300),
];

export class Values {
  readonly #schemas: Record<string, Schema>;
  readonly #draw: Draw;
  readonly #known: Known;

  constructor(schemas: Record<string, object>, draw: Draw, known: Known) {
    this.#schemas = schemas as Record<string, Schema>;
    this.#draw = draw;
    this.#known = known;
  }

  /** A text as the schema wants it, as far as the schema says it. */
  valid(schema: Schema): string {
    return textOf(this.#make(schema));
  }

  /** The same with one to three changes. */
  broken(schema: Schema): string {
    const root: Node = { kind: "list", items: [this.#make(schema)] };
    for (let changes = 1 + this.#draw(3); changes > 0; changes -= 1) this.#change(root);
    return root.items.map(textOf).join("");
  }

  /** A value for a name of a path or a query, as text. */
  parameter(name: string, schema: Schema): string {
    const value = textOf(this.#make(schema, name));
    return value.startsWith('"') ? String(JSON.parse(value)) : value;
  }

  hostile(): string {
    return this.#pick(HOSTILE);
  }

  #pick<Value>(from: readonly Value[]): Value {
    return from[this.#draw(from.length)] as Value;
  }

  #make(given: Schema, name = ""): Node {
    const schema = this.#resolve(given);
    const known = this.#known[name];
    if (known && this.#draw(10) < 8) return { ...nodeOf(this.#pick(known)), of: schema };
    const options = schema.anyOf ?? schema.oneOf;
    if (options) return this.#make(this.#pick(options), name);
    if (schema.const !== undefined) return { ...nodeOf(schema.const), of: schema };
    if (schema.enum) return { ...nodeOf(this.#pick(schema.enum)), of: schema };
    switch (schema.type) {
      case "object":
        return { ...this.#object(schema), of: schema };
      case "array":
        return { ...this.#list(schema), of: schema };
      case "string":
        return { ...this.#text(schema), of: schema };
      case "integer":
      case "number":
        return { ...this.#number(schema), of: schema };
      case "boolean":
        return { kind: "leaf", text: this.#pick(["true", "false"]), of: schema };
      default:
        return { kind: "leaf", text: this.#pick(["null", "1", '"x"', "[]", '{"a":[1]}']), of: schema };
    }
  }

  #resolve(schema: Schema): Schema {
    const name = schema.$ref?.split("/").at(-1);
    if (name === undefined) return schema;
    const known = this.#schemas[name];
    if (!known) throw new Error(`the document refers to ${name}, which it does not have`);
    return this.#resolve(known);
  }

  #object({ properties = {}, required = [], additionalProperties }: Schema): Node {
    const pairs: [string, Node][] = [];
    for (const [key, inner] of Object.entries(properties)) {
      if (required.includes(key) || this.#draw(2) === 0)
        pairs.push([JSON.stringify(key), this.#make(inner, key)]);
    }
    if (typeof additionalProperties === "object") {
      for (let more = this.#draw(3); more > 0; more -= 1) {
        pairs.push([JSON.stringify(`key-${more}`), this.#make(additionalProperties)]);
      }
    }
    return { kind: "pairs", pairs };
  }

  #list({ items = {}, minItems = 0, maxItems = 3 }: Schema): Node {
    const length = minItems + this.#draw(Math.min(maxItems - minItems, 3) + 1);
    return { kind: "list", items: Array.from({ length }, () => this.#make(items)) };
  }

  #text({ examples = [], minLength = 0, maxLength = LONG }: Schema): Node {
    if (examples.length > 0 && this.#draw(10) < 7) return nodeOf(this.#pick(examples));
    const letters = this.#pick(["ab3", "äöß ", "日本", "\u{1f9ed}", "a\u0301", "x".repeat(40)]);
    const length = this.#pick([minLength, minLength + 1, 8, maxLength]);
    const text = letters.repeat(Math.ceil(length / letters.length));
    // Never half of a pair: that is for the changes.
    return nodeOf(text.slice(0, Math.min(length, LONG)).replace(/[\ud800-\udbff]$/, ""));
  }

  #number({ examples = [], minimum = -1_000, maximum = 1_000, type }: Schema): Node {
    if (examples.length > 0 && this.#draw(10) < 5) return nodeOf(this.#pick(examples));
    const between = minimum + (this.#draw(1_000) / 1_000) * (maximum - minimum);
    return nodeOf(this.#pick([minimum, maximum, type === "integer" ? Math.round(between) : between]));
  }

  /** Changes one place of the tree. */
  #change(root: Node): void {
    const places = placesOf(root);
    const { node, within, at } = this.#pick(places);
    const put = (text: string): void => {
      if (within.kind === "list") within.items[at] = { kind: "leaf", text };
      else if (within.kind === "pairs") (within.pairs[at] as [string, Node])[1] = { kind: "leaf", text };
    };
    switch (this.#draw(8)) {
      case 0:
        if (within.kind === "pairs") within.pairs.splice(at, 1);
        else put(this.hostile());
        return;
      case 1:
        if (node.kind === "pairs") {
          const key = JSON.stringify(this.#pick(HOSTILE_KEYS));
          node.pairs.push([
            this.#draw(4) === 0 ? key.replace("_", "\\u005f") : key,
            { kind: "leaf", text: this.hostile() },
          ]);
        } else put(this.hostile());
        return;
      case 2:
        // A key twice, with another value.
        if (within.kind === "pairs") {
          const [key] = within.pairs[at] as [string, Node];
          within.pairs.push([key, { kind: "leaf", text: this.hostile() }]);
        } else put(`[${textOf(node)}]`);
        return;
      case 3:
        put(this.#beyond(node) ?? this.hostile());
        return;
      case 4:
        put(this.#pick([`[${textOf(node)}]`, `{"x":${textOf(node)}}`, JSON.stringify(textOf(node))]));
        return;
      case 5:
        if (node.kind === "list") {
          const copies = this.#pick([2, 5, 60, 400]);
          node.items.push(
            ...Array.from({ length: copies }, () => node.items[0] ?? { kind: "leaf" as const, text: "{}" }),
          );
        } else put(this.hostile());
        return;
      default:
        put(this.hostile());
    }
  }

  /** Just outside of what the schema allows there. */
  #beyond({ of = {} }: Node): string | undefined {
    const { minimum, maximum, maxLength, minLength, enum: choices } = of;
    const tries = [
      ...(minimum === undefined ? [] : [String(minimum - 1), `${minimum}.5`]),
      ...(maximum === undefined ? [] : [String(maximum + 1), String(maximum * 1e6), `${maximum}.5`]),
      ...(maxLength === undefined || maxLength > LONG ? [] : [`"${"y".repeat(maxLength + 1)}"`]),
      ...(minLength === 1 ? ['""', '" "'] : []),
      ...(choices ? [`"${String(choices[0])} "`, `"${String(choices[0]).toUpperCase()}"`] : []),
    ];
    return tries.length === 0 ? undefined : this.#pick(tries);
  }
}

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { kind: "list", items: value.map(nodeOf) };
  if (typeof value !== "object" || value === null)
    return { kind: "leaf", text: JSON.stringify(value) ?? "null" };
  return {
    kind: "pairs",
    pairs: Object.entries(value).map(([key, inner]) => [JSON.stringify(key), nodeOf(inner)]),
  };
}

function textOf(node: Node): string {
  if (node.kind === "leaf") return node.text;
  if (node.kind === "list") return `[${node.items.map(textOf).join(",")}]`;
  return `{${node.pairs.map(([key, value]) => `${key}:${textOf(value)}`).join(",")}}`;
}

interface Place {
  node: Node;
  within: Node;
  at: number;
}

/** Every node below `root`, with where it stands. */
function placesOf(root: Node): Place[] {
  const below =
    root.kind === "list" ? root.items : root.kind === "pairs" ? root.pairs.map(([, value]) => value) : [];
  return below.flatMap((node, at) => [{ node, within: root, at }, ...placesOf(node)]);
}
