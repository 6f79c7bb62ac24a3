/** Cards with QR codes on pages to print, in the hunt's look: six an A4 page with cut marks, or one. */
import { renderSVG } from "uqr";
import type { Hunt } from "../../contract/hunt.ts";
import { number } from "../shared/i18n.ts";
import { Picture } from "../shared/look.tsx";
import { onPaper } from "../shared/on-paper.ts";

/** Cards of an A4 page, at six a page: in twos beside each other. */
export const SIX = 6;

/** Characters that fit beside the code at each size of type. */
const LONG_TITLE = 40;
const LONGEST_TITLE = 75;

/** Whether only this machine, or this network, opens the address. */
export function isLocal(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname.endsWith(".local") ||
    /^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\.|^0\.0\.0\.0$/.test(hostname) ||
    /^\[(?:::1?|f[cd]|fe80)/.test(hostname)
  );
}

export interface Card {
  id: string;
  title: string;
  /** Of the picture, for who does not see it. */
  about: string;
  /** What the QR code says. */
  scanned: string;
  /** To be typed. */
  code: string;
}

interface Printed {
  cards: readonly Card[];
  /** The hunt's title, above each card's own; undefined: it is the card's. */
  hunt: string | undefined;
  look: NonNullable<Hunt["look"]>;
  /** Under each code. */
  say: string;
  perPage: number;
}

export function Sheets({ cards, hunt, look, say, perPage }: Printed) {
  const pages: Card[][] = [];
  for (let from = 0; from < cards.length; from += perPage) pages.push(cards.slice(from, from + perPage));
  return (
    <div class={`sheets ${perPage === SIX ? "six" : "single"}`} style={onPaper(look)}>
      {pages.map((onPage, page) => (
        <ul class="sheet-page" key={onPage[0]?.id}>
          {onPage.map(({ id, title, about, scanned, code }, index) => (
            <li key={id} class="sheet-card">
              <CutMarks />
              {hunt === undefined ? (
                <Picture at={look.logo} name="logo" />
              ) : (
                <p class="sheet-hunt" dir="auto">
                  <Picture at={look.logo} name="logo" /> {hunt}
                </p>
              )}
              <Title text={title} />
              <div
                class="sheet-code"
                role="img"
                aria-label={about}
                dangerouslySetInnerHTML={{ __html: renderSVG(scanned, { border: 2 }) }}
              />
              <p class="sheet-say" dir="auto">
                {say}
              </p>
              <p class="sheet-foot">
                <code dir="ltr">{code}</code>
                <span>
                  {number(page * perPage + index + 1)} / {number(cards.length)}
                </span>
              </p>
            </li>
          ))}
        </ul>
      ))}
    </div>
  );
}

/** A title; long ones are set smaller, so that every code has the same size. */
function Title({ text }: { text: string }) {
  const size = text.length > LONGEST_TITLE ? "longest" : text.length > LONG_TITLE ? "long" : "";
  return (
    <h2 class={size}>
      <bdi>{text}</bdi>
    </h2>
  );
}

/** At the corners of a card: short strokes, so that no frame is left on it. */
function CutMarks() {
  return (
    <span class="cut-marks" aria-hidden="true">
      <i />
      <i />
      <i />
      <i />
    </span>
  );
}
