/**
 * SVG that draws and does nothing else: no script, no handler of events, no reference to what is outside of it, no
 * HTML in it. It is refused, not mended. Pictures that it holds itself (`data:`) are cleaned as files are.
 */
import { type Cleaner, cleaned, Unfit } from "../flow.ts";
import { gif } from "./gif.ts";
import { jpeg } from "./jpeg.ts";
import { png } from "./png.ts";
import { webp } from "./webp.ts";

/** Longest SVG, bytes: it is looked at whole. */
export const SVG_BYTES = 10_000_000;

const PICTURES: Readonly<Record<string, Cleaner>> = { png, gif, jpeg, jpg: jpeg, webp };

const REFUSED_ELEMENTS = new Set([
  "script",
  "handler",
  "listener",
  "foreignobject",
  "iframe",
  "object",
  "embed",
  "applet",
  "audio",
  "video",
  "canvas",
  "meta",
  "link",
  "base",
  "form",
  "prefetch",
  "tbreak",
]);

/** Elements that change attributes while the picture is shown. */
const ANIMATIONS = new Set(["set", "animate", "animatemotion", "animatetransform", "animatecolor"]);

/** Namespaces whose elements act; those of drawing programs only describe. */
const REFUSED_NAMESPACES = /xhtml|xml-events|MathML|XBL/i;

/** In style sheets: whatever fetches or acts, however it is written. A backslash could spell any of it. */
const REFUSED_STYLE =
  /\\|@import|@charset|image-set\s*\(|image\s*\(|src\s*\(|cross-fade\s*\(|element\s*\(|expression\s*\(|-moz-binding|behavior\s*:|javascript:|<\//i;

const NAME = "[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?";
/** One thing after the other, each from where the last one ended. */
const TOKEN = new RegExp(
  [
    "<!--(?<comment>[^]*?)-->",
    "<!\\[CDATA\\[(?<cdata>[^]*?)\\]\\]>",
    "<\\?(?<instruction>[^]*?)\\?>",
    "<!DOCTYPE(?<doctype>(?:\"[^\"]*\"|'[^']*'|[^\"'>[])*)>",
    `</(?<closed>${NAME})\\s*>`,
    `<(?<opened>${NAME})(?<attributes>(?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(?<empty>/?)>`,
    "(?<text>[^<]+)",
  ].join("|"),
  "y",
);
const ATTRIBUTE = new RegExp(`(${NAME})(\\s*=\\s*)("[^"<]*"|'[^'<]*')`, "g");

/** The picture as it is stored. Throws `Unfit`. */
export function cleanSvg(source: string): string {
  TOKEN.lastIndex = 0;
  let made = "";
  const open: string[] = [];
  /** Of the style sheet that is open: it is one text, however many pieces it is written in. */
  let style: string | undefined;
  let hasRoot = false;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match?.groups) {
      const line = source.slice(0, at).split("\n").length;
      throw new Unfit(`it is no well-formed SVG at line ${line}`);
    }
    const { comment, cdata, instruction, closed, opened, attributes = "", empty, text } = match.groups;
    if (comment !== undefined) continue;
    if (style !== undefined) {
      if (cdata !== undefined) style += cdata;
      else if (text !== undefined) style += decoded(text);
      else if (closed !== undefined && closed === open.pop()) {
        made += `${encoded(checkedStyle(style), '"')}</${closed}>`;
        style = undefined;
      } else throw new Unfit("there is something else in a style sheet");
      continue;
    }
    if (instruction !== undefined) {
      checkInstruction(instruction);
      made += match[0];
    } else if (opened !== undefined) {
      const name = localOf(opened);
      if (open.length === 0) {
        if (hasRoot || name !== "svg") throw new Unfit("its outermost element is not <svg>");
        hasRoot = true;
      }
      if (REFUSED_ELEMENTS.has(name)) throw new Unfit(`<${opened}> is not allowed`);
      made += `<${opened}${cleanAttributes(name, attributes)}${empty}>`;
      if (empty === "") open.push(opened);
      if (empty === "" && name === "style") style = "";
    } else if (closed !== undefined) {
      if (open.pop() !== closed) throw new Unfit(`</${closed}> closes nothing`);
      made += match[0];
    } else {
      const shown = cdata ?? text ?? "";
      if (open.length === 0 && shown.replace(/^\ufeff/, "").trim() !== "") {
        throw new Unfit("there is text outside of its outermost element");
      }
      made += match[0];
    }
  }
  if (!hasRoot || open.length > 0) throw new Unfit("its elements are not closed");
  return made;
}

const localOf = (name: string): string => name.slice(name.indexOf(":") + 1).toLowerCase();

function checkInstruction(instruction: string): void {
  const encoding = /encoding\s*=\s*["']([^"']*)["']/i.exec(instruction)?.[1];
  const isDeclaration = /^xml\s/.test(instruction);
  if (/^xml-stylesheet/i.test(instruction)) throw new Unfit("a style sheet from elsewhere is not allowed");
  if (isDeclaration && encoding !== undefined && !/^utf-?8$/i.test(encoding)) {
    throw new Unfit(`it is written in ${encoding.slice(0, 20)}: store it in UTF-8`);
  }
}

function cleanAttributes(element: string, attributes: string): string {
  return attributes.replaceAll(ATTRIBUTE, (_, name: string, equals: string, quoted: string) => {
    const quote = quoted[0] ?? '"';
    const value = decoded(quoted.slice(1, -1));
    const local = localOf(name);
    if (local.startsWith("on")) throw new Unfit(`the attribute ${name} is not allowed`);
    if (/^xmlns(?::|$)/i.test(name)) {
      if (REFUSED_NAMESPACES.test(value))
        throw new Unfit("elements of other kinds than SVG's are not allowed");
      return `${name}${equals}${quoted}`;
    }
    if (/^xml:base$/i.test(name)) throw new Unfit("the attribute xml:base is not allowed");
    if (["href", "src", "data", "action", "formaction", "ping"].includes(local)) {
      return `${name}${equals}${quote}${encoded(checkedReference(value), quote)}${quote}`;
    }
    if (ANIMATIONS.has(element)) checkAnimation(name, local, value);
    // How it is painted is a style as well, in which a backslash may spell anything.
    const isStyle =
      local === "style" || /url\s*\(/i.test(value) || (!name.includes(":") && value.includes("\\"));
    const shown = isStyle ? checkedStyle(value) : undefined;
    if (/^\s*(?:javascript|vbscript)\s*:/i.test(value))
      throw new Unfit(`the attribute ${name} is not allowed`);
    return shown === undefined || shown === value
      ? `${name}${equals}${quoted}`
      : `${name}${equals}${quote}${encoded(shown, quote)}${quote}`;
  });
}

function checkAnimation(name: string, local: string, value: string): void {
  const changes = local === "attributename" && /^(?:.*:)?(?:href|src|style|on.*)$/i.test(value.trim());
  const brings = ["to", "from", "values", "by"].includes(local) && /script\s*:|data\s*:|\/\//i.test(value);
  if (changes || brings) throw new Unfit(`the animation's ${name} is not allowed`);
}

/** A reference within the picture, or to a picture in it. */
function checkedReference(value: string): string {
  const target = value.trim();
  if (target === "" || target.startsWith("#")) return value;
  const picture = checkedPicture(target);
  if (picture === undefined) throw new Unfit("a reference to something outside of it is not allowed");
  return picture;
}

const PICTURE = /^data:image\/(png|gif|jpe?g|webp);base64,([A-Za-z0-9+/=\s]*)$/i;

/** Undefined: it is no picture. */
function checkedPicture(target: string): string | undefined {
  const [, type = "", base64 = ""] = PICTURE.exec(target) ?? [];
  const cleaner = PICTURES[type.toLowerCase()];
  if (!cleaner) return undefined;
  const bytes = cleaned(cleaner, new Uint8Array(Buffer.from(base64, "base64")));
  return `data:image/${type};base64,${Buffer.from(bytes).toString("base64")}`;
}

const URL_OF_STYLE = /url\s*\(\s*(["']?)([^"')]*)\1\s*\)/gi;

function checkedStyle(style: string): string {
  if (REFUSED_STYLE.test(style)) throw new Unfit("a style in it is not allowed");
  let found = 0;
  const made = style.replaceAll(URL_OF_STYLE, (whole: string, quote: string, target: string) => {
    found += 1;
    const checked = checkedReference(target);
    return checked === target ? whole : `url(${quote}${checked}${quote})`;
  });
  if ((style.match(/url\s*\(/gi) ?? []).length !== found) throw new Unfit("a style in it is not allowed");
  return made;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The value without entities. Throws `Unfit` for one that XML does not have by itself. */
const decoded = (value: string): string =>
  value.replaceAll(/&([^;\s]{0,12});?/g, (_, entity: string) => {
    const number = /^#(?:x([0-9a-f]+)|(\d+))$/i.exec(entity);
    const known = number
      ? characterOf(Number.parseInt(number[1] ?? number[2] ?? "", number[1] ? 16 : 10))
      : ENTITIES[entity];
    if (known === undefined) throw new Unfit("an entity in it is not known");
    return known;
  });

const characterOf = (code: number): string | undefined =>
  code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;

const encoded = (value: string, quote: string): string =>
  value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(quote, quote === '"' ? "&quot;" : "&apos;");
