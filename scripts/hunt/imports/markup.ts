/**
 * Texts as CTFd writes them, Markdown with HTML in it, as Markdown without: players of a hunt see HTML as it is written.
 * What has no form in Markdown stays as it is and is told.
 */

/** Code, in which nothing is HTML: fences, and spans on one line. */
const CODE =
  /(^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^ {0,3}\2[`~]*[ \t]*$|(?![\s\S]))|(`+)(?!`)[^\n]*?[^`\n]\3(?!`))/gm;
const TAG = /<!--[\s\S]*?-->|<(\/?)([a-zA-Z][a-zA-Z0-9-]*)((?:[\s/][^<>]*)?)>/g;

/** What stands in the place of a tag, before and behind. */
const MARKS: Readonly<Record<string, readonly [string, string]>> = {
  b: ["**", "**"],
  strong: ["**", "**"],
  i: ["*", "*"],
  em: ["*", "*"],
  s: ["~~", "~~"],
  del: ["~~", "~~"],
  strike: ["~~", "~~"],
  code: ["`", "`"],
  tt: ["`", "`"],
  kbd: ["`", "`"],
  pre: ["\n\n```\n", "\n```\n\n"],
  p: ["\n\n", "\n\n"],
  div: ["\n\n", "\n\n"],
  center: ["\n\n", "\n\n"],
  section: ["\n\n", "\n\n"],
  ul: ["\n\n", "\n\n"],
  ol: ["\n\n", "\n\n"],
  li: ["\n- ", ""],
  blockquote: ["\n\n> ", "\n\n"],
  h1: ["\n\n# ", "\n\n"],
  h2: ["\n\n## ", "\n\n"],
  h3: ["\n\n### ", "\n\n"],
  h4: ["\n\n#### ", "\n\n"],
  h5: ["\n\n##### ", "\n\n"],
  h6: ["\n\n###### ", "\n\n"],
  span: ["", ""],
  font: ["", ""],
  u: ["", ""],
  small: ["", ""],
  big: ["", ""],
};
/** Tags that say how something looks, which nothing here does. */
const LOOKS = new Set(["center", "span", "font", "u", "small", "big"]);

export interface Markdown {
  text: string;
  /** Tags that stay as they are. */
  stays: string[];
  /** Tags that went with how they made the text look. */
  looks: string[];
}

export function toMarkdown(written: string): Markdown {
  const text = written.replaceAll(/\r\n?/g, "\n");
  const stays = new Set<string>();
  const looks = new Set<string>();
  const parts: string[] = [];
  let at = 0;
  for (const code of text.matchAll(CODE)) {
    parts.push(plain(text.slice(at, code.index), stays, looks), code[0]);
    at = code.index + code[0].length;
  }
  parts.push(plain(text.slice(at), stays, looks));
  const whole = parts
    .join("")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
  return { text: whole, stays: [...stays], looks: [...looks] };
}

function plain(text: string, stays: Set<string>, looks: Set<string>): string {
  /** Where the links go that are open. */
  const links: string[] = [];
  return text.replaceAll(TAG, (tag, slash: string | undefined, given: string | undefined, rest = "") => {
    if (given === undefined) {
      looks.add("comment");
      return "";
    }
    const name = given.toLowerCase();
    const closes = slash === "/";
    if (name === "br") return "\\\n";
    if (name === "hr") return "\n\n---\n\n";
    if (name === "a") return linkOf(tag, rest, closes, links, stays);
    if (name === "img") {
      const address = attributeOf(rest, "src");
      if (address === undefined) return tag;
      if (/\b(?:width|height|style|class)\s*=/i.test(rest)) looks.add("img");
      return `![${(attributeOf(rest, "alt") ?? "").replaceAll(/[[\]\n]/g, " ")}](${target(address)})`;
    }
    const marks = Object.hasOwn(MARKS, name) ? MARKS[name] : undefined;
    if (!marks) {
      stays.add(name);
      return tag;
    }
    if (LOOKS.has(name) || /\b(?:style|class|align|color)\s*=/i.test(rest)) looks.add(name);
    return marks[closes ? 1 : 0];
  });
}

function linkOf(tag: string, rest: string, closes: boolean, links: string[], stays: Set<string>): string {
  if (closes) {
    const address = links.pop();
    return address === undefined ? tag : `](${target(address)})`;
  }
  const address = attributeOf(rest, "href");
  if (address === undefined) {
    stays.add("a");
    return tag;
  }
  links.push(address);
  return "[";
}

function attributeOf(rest: string, name: string): string | undefined {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "i").exec(rest);
  return found?.[1] ?? found?.[2] ?? found?.[3];
}

/** As a link's target is written: blanks and parentheses would end it. */
const target = (address: string): string =>
  address.trim().replaceAll(/[\s()<>]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);

/** What becomes of a link or picture. */
export interface Retold {
  /** The new address; undefined: the text alone stays. */
  address?: string;
  /** A picture, a sound or a film can be shown here. */
  asMedia: boolean;
}

const LINK =
  /(!?)\[([^[\]\n]{0,1000})\]\(\s*(<[^<>\n]*>|[^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*)(\s+(?:"[^"\n]*"|'[^'\n]*'))?\s*\)/g;

/** The text with other addresses in its links and pictures; what stands in code stays. */
export function withTargets(text: string, retell: (address: string, isMedia: boolean) => Retold): string {
  const parts: string[] = [];
  let at = 0;
  const told = (piece: string): string =>
    piece.replaceAll(LINK, (_, mark: string, label: string, raw: string, title = "") => {
      const address = raw.startsWith("<") ? raw.slice(1, -1) : raw;
      const { address: next, asMedia } = retell(address, mark === "!");
      const name = label.trim() === "" ? (address.split("/").at(-1) ?? address) : label;
      if (next === undefined) return name;
      return `${asMedia ? "!" : ""}[${asMedia ? label : name}](${next}${title})`;
    });
  for (const code of text.matchAll(CODE)) {
    parts.push(told(text.slice(at, code.index)), code[0]);
    at = code.index + code[0].length;
  }
  parts.push(told(text.slice(at)));
  return parts.join("");
}

/** The text with nothing in it that could be a link: the last resort for what is refused at publishing. */
export const withoutLinks = (text: string): string => text.replaceAll(/[[\]<]/g, "\\$&");
