/**
 * Line breaks of Markdown as they were meant: a poem keeps its lines, prose that
 * was only wrapped in the file flows (docs/hunt-format.md). PURE.
 * micromark leaves a single line break in a text as a line feed, which HTML
 * shows as a blank; between blocks line feeds are layout and stay.
 */

/** A tag, or a text up to the next one; `<` in texts and attributes is escaped. */
const TOKENS = /<[^>]*>|[^<]+/g;
const INLINE = /^<\/?(?:em|strong|code|a|img)\b/;

/** Nobody wraps prose to lines shorter than this, characters. */
const WRAPPED_FROM = 60;

/** `html`: as micromark makes it. */
export function withLineBreaks(html: string): string {
  let made = "";
  let text: string[] = [];
  let preformatted = 0;
  const flush = (): void => {
    made += preformatted > 0 ? text.join("") : broken(text);
    text = [];
  };
  for (const token of html.match(TOKENS) ?? []) {
    if (!token.startsWith("<") || INLINE.test(token)) {
      text.push(token);
      continue;
    }
    flush();
    if (token.startsWith("<pre")) preformatted += 1;
    if (token.startsWith("</pre")) preformatted -= 1;
    made += token;
  }
  flush();
  return made;
}

/** A text between two tags of blocks, in its tokens. */
function broken(tokens: readonly string[]): string {
  const [first = "", last = ""] = [tokens[0], tokens.at(-1)];
  if (!isVerse(tokens.map(written).join("").trim())) return tokens.join("");
  return tokens
    .map((token, index) => {
      if (token.startsWith("<")) return token;
      // At either end a line feed parts the text from the next block.
      const start = index === 0 ? first.length - first.trimStart().length : 0;
      const end = index === tokens.length - 1 ? last.trimEnd().length : token.length;
      return token.slice(0, start) + token.slice(start, end).replaceAll("\n", "<br />\n") + token.slice(end);
    })
    .join("");
}

/** Whether lines end for another reason than that the next word had no room in them. */
function isVerse(text: string): boolean {
  const lines = text.split("\n");
  const width = Math.max(WRAPPED_FROM, ...lines.map((line) => line.length));
  return lines.some((line, index) => {
    const next = lines[index + 1]?.trimStart().split(" ")[0];
    return next !== undefined && line.length + 1 + next.length <= width;
  });
}

/** About as the author wrote it: lines were wrapped with their marks in them. */
function written(token: string): string {
  if (!token.startsWith("<")) return token.replaceAll(/&\w+;/g, "&");
  if (token.includes("strong")) return "**";
  const address = /(?:href|src)="([^"]*)"/.exec(token)?.[1];
  const alt = /alt="([^"]*)"/.exec(token)?.[1] ?? "";
  return address === undefined ? "*" : `[${alt.replaceAll("\n", " ")}](${address})`;
}
