/**
 * The texts that a regular expression matches as a whole, where these are few: such an expression is a list of answers.
 * CTFd matches from the start and compares what was matched with the text, so that of `a|ab` the text `ab` is wrong.
 */

/** Texts that an expression may stand for. More are no list that an author would read. */
const TEXTS_MAX = 100;
/** Characters of an expression, and of parentheses within each other. */
const SOURCE_MAX = 2_000;
const DEPTH_MAX = 20;

/** A part of an expression: what it matches, and how it is written for our own matcher. */
interface Part {
  texts: readonly string[];
  source: string;
}

export interface FinitePattern {
  texts: string[];
  anyCase: boolean;
}

class Unsaid extends Error {}

/** Undefined: it stands for too many texts, or has a part that is not read here. */
export function finitePattern(expression: string): FinitePattern | undefined {
  if (expression.length > SOURCE_MAX) return undefined;
  const anyCase = expression.startsWith("(?i)");
  const bare = (anyCase ? expression.slice(4) : expression).replace(/^\^/, "");
  // A dollar behind an odd number of backslashes is a dollar.
  const isAnchored = /(?:^|[^\\])(?:\\\\)*\$$/.test(bare);
  const body = isAnchored ? bare.slice(0, -1) : bare;
  try {
    const part = new Reader(body).whole();
    const matcher = new RegExp(part.source + (isAnchored ? "$" : ""), anyCase ? "iuy" : "uy");
    const texts = [...new Set(part.texts)].filter((text) => {
      matcher.lastIndex = 0;
      return matcher.exec(text)?.[0] === text && text !== "";
    });
    return texts.length > 0 ? { texts, anyCase } : undefined;
  } catch (error) {
    if (error instanceof Unsaid) return undefined;
    throw error;
  }
}

const escaped = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/]/u, "\\$&");
const escapedInClass = (character: string): string => (character === "-" ? "\\-" : escaped(character));

class Reader {
  readonly #characters: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#characters = [...source];
  }

  whole(): Part {
    const part = this.#choice();
    if (this.#at < this.#characters.length) throw new Unsaid();
    return part;
  }

  get #next(): string | undefined {
    return this.#characters[this.#at];
  }

  #choice(): Part {
    const parts = [this.#sequence()];
    while (this.#next === "|") {
      this.#at += 1;
      parts.push(this.#sequence());
    }
    const texts = parts.flatMap((part) => part.texts);
    if (texts.length > TEXTS_MAX) throw new Unsaid();
    return { texts, source: `(?:${parts.map(({ source }) => source).join("|")})` };
  }

  #sequence(): Part {
    let sequence: Part = { texts: [""], source: "" };
    while (this.#next !== undefined && this.#next !== "|" && this.#next !== ")") {
      sequence = both(sequence, this.#repeated());
    }
    return sequence;
  }

  #repeated(): Part {
    const part = this.#single();
    const rest = this.#characters.slice(this.#at, this.#at + 10).join("");
    const counted = /^\{(\d{1,3})(,(\d{1,3}))?\}/.exec(rest);
    if (rest.startsWith("?")) this.#at += 1;
    else if (counted) this.#at += counted[0].length;
    else return part;
    // A second sign makes it lazy or possessive.
    if (this.#next !== undefined && "?+*{".includes(this.#next)) throw new Unsaid();
    const least = counted ? Number(counted[1]) : 0;
    const most = counted ? Number(counted[3] ?? counted[1]) : 1;
    if (most < least || most > TEXTS_MAX) throw new Unsaid();
    let repeated: Part = { texts: [""], source: "" };
    const texts: string[] = [];
    for (let times = 0; times <= most; times += 1) {
      if (times >= least) texts.push(...repeated.texts);
      if (texts.length > TEXTS_MAX) throw new Unsaid();
      if (times < most) repeated = both(repeated, part);
    }
    return { texts, source: `(?:${part.source}){${least},${most}}` };
  }

  #single(): Part {
    const character = this.#next;
    if (character === undefined || ".*+?^$".includes(character)) throw new Unsaid();
    this.#at += 1;
    if (character === "(") return this.#group();
    if (character === "[") return this.#class();
    if (character === "\\") return literal(this.#escaped());
    // A brace that begins no count is one; `{,3}` counts as well.
    if (
      character === "{" &&
      /^\d*(?:,\d*)?\}/.test(this.#characters.slice(this.#at, this.#at + 20).join(""))
    ) {
      throw new Unsaid();
    }
    return literal(character);
  }

  #group(): Part {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new Unsaid();
    if (this.#next === "?") {
      const head = /^\?(?::|P<\w{1,50}>)/.exec(this.#characters.slice(this.#at, this.#at + 60).join(""));
      if (!head) throw new Unsaid();
      this.#at += head[0].length;
    }
    const part = this.#choice();
    if (this.#next !== ")") throw new Unsaid();
    this.#at += 1;
    this.#depth -= 1;
    return part;
  }

  #class(): Part {
    const texts: string[] = [];
    if (this.#next === "^") throw new Unsaid();
    while (this.#next !== "]") {
      const from = this.#inClass();
      const isRange = this.#next === "-" && this.#characters[this.#at + 1] !== "]";
      if (isRange) this.#at += 1;
      const to = isRange ? this.#inClass() : from;
      const [first, last] = [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0];
      if (last < first || last - first > TEXTS_MAX) throw new Unsaid();
      for (let code = first; code <= last; code += 1) texts.push(String.fromCodePoint(code));
      if (texts.length > TEXTS_MAX) throw new Unsaid();
    }
    this.#at += 1;
    if (texts.length === 0) throw new Unsaid();
    return { texts, source: `[${texts.map(escapedInClass).join("")}]` };
  }

  #inClass(): string {
    const character = this.#next;
    if (character === undefined || character === "[") throw new Unsaid();
    this.#at += 1;
    return character === "\\" ? this.#escaped() : character;
  }

  /** What stands behind a backslash, where it stands for itself. */
  #escaped(): string {
    const character = this.#next;
    if (character === undefined || /[\p{L}\p{N}]/u.test(character)) throw new Unsaid();
    this.#at += 1;
    return character;
  }
}

const literal = (character: string): Part => ({ texts: [character], source: escaped(character) });

function both(before: Part, after: Part): Part {
  if (before.texts.length * after.texts.length > TEXTS_MAX) throw new Unsaid();
  const texts = before.texts.flatMap((head) => after.texts.map((tail) => head + tail));
  return { texts, source: before.source + after.source };
}
