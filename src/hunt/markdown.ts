/**
 * The addresses that a text names: its links and media. Texts are GFM, read by the parser that the pages use, so that what
 * is checked here is what a page makes of it. PURE.
 *
 * The parser takes a hundred times as long as looking for what may be an address. So a text is parsed only if something in
 * it would have to be told, and might stand in code, where it is no address.
 */
import { micromark, type Options } from "micromark";
import { gfmAutolinkLiteral, gfmAutolinkLiteralHtml } from "micromark-extension-gfm-autolink-literal";
import { gfmStrikethrough, gfmStrikethroughHtml } from "micromark-extension-gfm-strikethrough";
import { gfmTable, gfmTableHtml } from "micromark-extension-gfm-table";
import { gfmTaskListItem, gfmTaskListItemHtml } from "micromark-extension-gfm-task-list-item";

export interface Address {
  kind: "link" | "media";
  address: string;
}

/** As src/web/shared/gfm.ts. */
const GFM: Options = {
  allowDangerousProtocol: true,
  extensions: [gfmAutolinkLiteral(), gfmStrikethrough(), gfmTable(), gfmTaskListItem()],
  htmlExtensions: [gfmAutolinkLiteralHtml(), gfmStrikethroughHtml(), gfmTableHtml(), gfmTaskListItemHtml()],
};

/**
 * Signs of a text that begin or end marks: a parser compares them with each other, so that a text of thousands takes it half
 * a minute. Beyond this, what may be an address counts as one.
 */
const MARKS_MAX = 2_000;

/** A picture with its address behind it, and nothing in its text that could be anything but text. */
const PICTURES = /!\[[^[\]\\`<&]*\]\(\s*(<[^<>\n]*>|[^\s()]*)/g;

/** A link or picture with its address behind it, a definition of one, an address in angle brackets. */
const PLACES = /\]\(\s*(<[^<>\n]*>|\S*)|\]:\s*(<[^<>\n]*>|\S*)|<([a-z][a-z0-9+.-]{1,31}:[^\s<>]*)>/gi;

/** Whatever of the text may be an address, and more: what stands in code, and what stands behind the end of one. */
function mayBe(text: string): Address[] {
  const found: Address[] = [];
  const isAddress = (kind: Address["kind"], raw: string): void => {
    found.push({ kind, address: raw.startsWith("<") ? raw.slice(1, -1) : raw });
  };
  const rest = text.replaceAll(PICTURES, (_, address: string) => {
    isAddress("media", address);
    return " ";
  });
  const hasOthers = rest.includes("![");
  for (const [, inline, defined, bracketed] of rest.matchAll(PLACES)) {
    const raw = inline ?? defined ?? bracketed ?? "";
    isAddress("link", raw);
    if (hasOthers) isAddress("media", raw);
  }
  return found;
}

/** The addresses of the text, as its page has them. */
function addressesIn(text: string): Address[] {
  const tags = micromark(text, GFM).matchAll(/<(?:a href|img src)="([^"]*)"/g);
  return [...tags].map(([tag, address = ""]) => ({
    kind: tag.startsWith("<a") ? "link" : "media",
    address: address.replaceAll("&amp;", "&").replaceAll("&quot;", '"'),
  }));
}

/** An escaped or encoded sign: only the parser knows what it is. */
const isCoded = (raw: string): boolean => /[&\\]/.test(raw);

/**
 * The addresses of the text that `isFine` does not take. It is asked beforehand for what may be one, with more behind it
 * as it may be; what it takes then it must take as well when that is cut off.
 */
export function wrongAddresses(text: string, isFine: (address: Address) => boolean): Address[] {
  const wrong = mayBe(text).filter((each) => isCoded(each.address) || !isFine(each));
  if (wrong.length === 0) return [];
  if ((text.match(/[*_~`[\]<&]/g) ?? []).length > MARKS_MAX) return wrong.filter((each) => !isFine(each));
  return addressesIn(text).filter((address) => !isFine(address));
}
