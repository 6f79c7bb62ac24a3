/** How a hunt wants its pages to look. What the device kept of it may be of anybody's hand. */
import type { Hunt } from "../../contract/hunt.ts";
import { styleOf } from "../../contract/tints.ts";

const sheet = new CSSStyleSheet();
let worn = "";

/** Gives the page the colours and the type of the hunt; undefined: its own. */
export function wear(look: Hunt["look"]): void {
  const style = styleOf(look ?? {});
  if (style === worn) return;
  worn = style;
  sheet.replaceSync(style);
  if (!document.adoptedStyleSheets.includes(sheet)) document.adoptedStyleSheets.push(sheet);
}

/** A picture of the look, where there is one: files are the engine's own. */
export function Picture({ at, name }: { at: string | undefined; name: string }) {
  return at?.startsWith("/v1/") ? <img class={name} src={at} alt="" decoding="async" /> : null;
}
