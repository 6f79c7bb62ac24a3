/**
 * Markdown of hunts as HTML: micromark escapes all HTML and drops dangerous
 * addresses. Line breaks are kept as they were written (docs/hunt-format.md).
 */
import { micromark } from "micromark";
import { withLineBreaks } from "./line-breaks.ts";

/** What micromark begins a link with, and no escaped text can be. */
const LINK_APART = '<a target="_blank" rel="noopener" href=';

/** `apart`: links open in a tab of their own. */
export function Markdown({ text, apart = false }: { text: string; apart?: boolean }) {
  const html = withLineBreaks(micromark(text));
  return (
    <div
      class="prose"
      dir="auto"
      // Errors of pictures do not bubble.
      onErrorCapture={(event) => replaceLost(event.target)}
      dangerouslySetInnerHTML={{ __html: apart ? html.replaceAll("<a href=", LINK_APART) : html }}
    />
  );
}

/** In place of a picture that does not load: its text, in a quiet frame. */
function replaceLost(target: EventTarget | null): void {
  if (!(target instanceof HTMLImageElement)) return;
  const frame = document.createElement("span");
  frame.className = "lost-picture";
  frame.dir = "auto";
  frame.textContent = target.alt;
  target.replaceWith(frame);
}

/** What a reader sees of Markdown where there is room for a line or two. */
export function plainText(markdown: string): string {
  const { body } = new DOMParser().parseFromString(micromark(markdown), "text/html");
  for (const picture of body.querySelectorAll("img")) picture.replaceWith(picture.alt);
  return (body.textContent ?? "").replaceAll(/\s+/g, " ").trim();
}
