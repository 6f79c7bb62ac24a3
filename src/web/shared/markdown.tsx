/** Markdown of hunts on a page: its HTML (`gfm.ts`), with the addresses that lead somewhere here. */
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { linkTo, mediaAt, type Ways, ways } from "./addresses.ts";
import { mediaOf } from "./media.ts";
import { part } from "./parts.ts";

type Parser = (markdown: string, typed?: boolean) => string;

/** Undefined: it is not loaded yet. */
const parser = signal<Parser | undefined>(undefined);
let loading: Promise<Parser> | undefined;

/** Loads the parser, once. */
export function loadMarkdown(): Promise<Parser> {
  loading ??= part(
    "gfm",
    () => import("./gfm.ts"),
    ({ htmlOf }) => {
      parser.value = htmlOf;
      return htmlOf;
    },
  );
  loading.catch(() => {
    loading = undefined;
  });
  return loading;
}

interface Shown {
  text: string;
  /** Links open in a tab of their own. */
  apart?: boolean;
  /** Somebody wrote it into a box: its lines are as they were typed. */
  typed?: boolean;
}

export function Markdown({ text, apart = false, typed = false }: Shown) {
  const parse = parser.value;
  const here = ways.value;
  const html = useMemo(
    () => (parse === undefined ? undefined : adapted(parse(text, typed), here, apart)),
    [parse, here, text, apart, typed],
  );
  if (html === undefined) {
    void loadMarkdown().catch(() => undefined);
    return (
      <div class="prose unread" dir="auto">
        {text}
      </div>
    );
  }
  return (
    <div
      class="prose"
      dir="auto"
      // Neither of these bubbles.
      onErrorCapture={(event) => replaceLost(event.target)}
      onLoadCapture={(event) => hasCome(event.target)}
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}

/** The parser escapes all HTML, so that these tags are the only ones with an address. */
function adapted(html: string, here: Ways, apart: boolean): string {
  if (!/<(?:a|img|table|input) ?/.test(html)) return html;
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const link of body.querySelectorAll("a")) adaptLink(link, here, apart);
  for (const picture of body.querySelectorAll("img")) adaptMedia(picture);
  for (const table of body.querySelectorAll("table")) {
    const frame = document.createElement("div");
    frame.className = "wide-table";
    frame.tabIndex = 0;
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const box of body.querySelectorAll("input")) {
    box.setAttribute("aria-label", box.parentElement?.textContent?.trim() ?? "");
  }
  return body.innerHTML;
}

function adaptLink(link: HTMLAnchorElement, here: Ways, apart: boolean): void {
  const to = linkTo(link.getAttribute("href") ?? "", here);
  if (to === undefined) {
    link.replaceWith(...link.childNodes);
    return;
  }
  link.setAttribute("href", to.href);
  if (to.outward) link.rel = "noopener noreferrer";
  if (to.outward || apart) link.target = "_blank";
}

function adaptMedia(picture: HTMLImageElement): void {
  const from = mediaAt(picture.getAttribute("src") ?? "");
  if (from === undefined) {
    picture.replaceWith(lostOf(picture.alt));
    return;
  }
  const shownAs = mediaOf(from);
  if (shownAs === "img") {
    picture.setAttribute("src", from);
    picture.setAttribute("loading", "lazy");
    picture.setAttribute("decoding", "async");
    if (isAlone(picture)) picture.className = AWAITED;
    return;
  }
  const media = document.createElement(shownAs);
  media.setAttribute("src", from);
  media.setAttribute("controls", "");
  media.setAttribute("preload", "metadata");
  if (picture.alt !== "") media.setAttribute("aria-label", picture.alt);
  if (shownAs === "video") media.setAttribute("playsinline", "");
  picture.replaceWith(media);
}

/** Room is kept for a picture of its own line until it comes, so that what one reads does not jump (theme.css). */
const AWAITED = "awaited";

/** Nothing but pictures is in its paragraph. */
function isAlone({ parentElement: paragraph }: HTMLImageElement): boolean {
  return (
    paragraph?.localName === "p" &&
    paragraph.textContent?.trim() === "" &&
    [...paragraph.children].every(({ localName }) => localName === "img" || localName === "br")
  );
}

function hasCome(target: EventTarget | null): void {
  if (target instanceof HTMLImageElement) target.classList.remove(AWAITED);
}

/** In place of a picture that does not load: its text, in a quiet frame. */
function replaceLost(target: EventTarget | null): void {
  if (target instanceof HTMLImageElement) target.replaceWith(lostOf(target.alt));
}

function lostOf(alt: string): HTMLElement {
  const frame = document.createElement("span");
  frame.className = "lost-picture";
  frame.dir = "auto";
  frame.textContent = alt;
  return frame;
}

/** What a reader sees of Markdown where there is room for a line or two. */
export async function plainText(markdown: string): Promise<string> {
  const parse = await loadMarkdown().catch(() => undefined);
  if (parse === undefined) return markdown;
  const { body } = new DOMParser().parseFromString(parse(markdown), "text/html");
  for (const picture of body.querySelectorAll("img")) picture.replaceWith(picture.alt);
  return (body.textContent ?? "").replaceAll(/\s+/g, " ").trim();
}
