/**
 * Markdown of hunts as HTML: GFM, with all HTML escaped. Addresses are as written: `markdown.tsx` says which of them lead
 * anywhere. Loaded once a page has a text, so that no page waits for the parser before it shows anything.
 */
import { micromark } from "micromark";
import { gfmAutolinkLiteral, gfmAutolinkLiteralHtml } from "micromark-extension-gfm-autolink-literal";
import { gfmStrikethrough, gfmStrikethroughHtml } from "micromark-extension-gfm-strikethrough";
import { gfmTable, gfmTableHtml } from "micromark-extension-gfm-table";
import { gfmTaskListItem, gfmTaskListItemHtml } from "micromark-extension-gfm-task-list-item";
import { withLineBreaks } from "./line-breaks.ts";

/** As src/hunt/markdown.ts, which checks what is published. */
const GFM = {
  allowDangerousProtocol: true,
  extensions: [gfmAutolinkLiteral(), gfmStrikethrough(), gfmTable(), gfmTaskListItem()],
  htmlExtensions: [gfmAutolinkLiteralHtml(), gfmStrikethroughHtml(), gfmTableHtml(), gfmTaskListItemHtml()],
};

/** `typed`: somebody wrote it into a box and meant its lines; a definition's lines may be wrapped. */
export function htmlOf(markdown: string, typed = false): string {
  const html = micromark(markdown, GFM);
  return typed ? withLineBreaks(html) : html;
}
