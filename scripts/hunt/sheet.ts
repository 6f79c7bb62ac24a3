import type { SheetLook } from "./sheet-look.ts";

/** The sheet of QR codes: one HTML file without anything beside it, A4, six cards a page, cut marks. */

/** A page is this many cards wide and high. */
const COLUMNS = 2;
const ROWS = 3;

// Millimetres.
const PAGE = { width: 210, height: 297 };
/** Around the cards: printers leave some 5 mm white, the cut marks need a little more. */
const MARGIN = { x: 12, y: 13.5 };
const CARD = { width: (PAGE.width - 2 * MARGIN.x) / COLUMNS, height: (PAGE.height - 2 * MARGIN.y) / ROWS };
/** Cut marks at the edge: they stay off the cards so that no ink is left on them. */
const MARK = { length: 5, gap: 1.5 };
/** Half of a cross between cards. */
const CROSS = 2;

/** Characters that fit beside the code at each size of type; a title has 200 at most. */
const LONG_TITLE = 40;
const LONGEST_TITLE = 75;

const SAY = "Scan me with your phone’s camera";

export interface Card {
  title: string;
  /** The content of the QR code, for people without a camera. */
  code: string;
  svg: string;
}

export interface Sheet {
  /** The hunt's. */
  title: string;
  cards: readonly Card[];
  /** Whether the cards show the titles of their clues. */
  titles: boolean;
  say?: string;
  look?: SheetLook;
}

export function sheetHtml({ title, cards, titles, say = SAY, look = {} }: Sheet): string {
  const pages: string[] = [];
  const perPage = COLUMNS * ROWS;
  for (let from = 0; from < cards.length; from += perPage) {
    const some = cards.slice(from, from + perPage);
    const drawn = some.map((card, index) =>
      cardHtml(card, { title, titles, say, logo: look.logo, place: `${from + index + 1} / ${cards.length}` }),
    );
    pages.push(
      `<section class="page">${marksSvg(Math.ceil(some.length / COLUMNS))}<div class="cards">${drawn.join("")}</div></section>`,
    );
  }
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}: codes</title>
<style>
${STYLE}${styleOf(look)}
</style>
</head>
<body>
<p class="bar"><b>${escapeHtml(title)}</b> ${cards.length} ${cards.length === 1 ? "code" : "codes"}, ${pages.length} ${pages.length === 1 ? "page" : "pages"} of A4. Print at 100 %, without headers and footers, and cut along the marks.</p>
${pages.join("\n")}
</body>
</html>
`;
}

function cardHtml(
  card: Card,
  {
    title,
    titles,
    say,
    logo,
    place,
  }: { title: string; titles: boolean; say: string; logo: string | undefined; place: string },
): string {
  const mark = logo === undefined ? "" : `<img class="logo" src="${escapeHtml(logo)}" alt="">`;
  const head = titles
    ? `<p class="hunt" dir="auto">${mark}${escapeHtml(title)}</p>${titleHtml(card.title)}`
    : `${mark}${titleHtml(title)}`;
  return (
    `<article class="card"><header>${head}</header><div class="qr">${card.svg}</div>` +
    `<footer><p class="say" dir="auto">${escapeHtml(say)}</p>` +
    `<p class="code"><span>${escapeHtml(card.code)}</span><span>${place}</span></p></footer></article>`
  );
}

const styleOf = ({ colour, font }: SheetLook): string =>
  [
    ...(font === undefined ? [] : [`html { font-family: ${font} }`]),
    ...(colour === undefined ? [] : [`h2 { color: ${colour} }`]),
  ]
    .map((rule) => `\n${rule}`)
    .join("");

/** A title; long ones are set smaller, so that every QR code has the same size. */
function titleHtml(text: string): string {
  const size =
    text.length > LONGEST_TITLE ? ' class="longest"' : text.length > LONG_TITLE ? ' class="long"' : "";
  return `<h2${size} dir="auto">${escapeHtml(text)}</h2>`;
}

/** Cut marks for the rows in use: strokes in the margin, small crosses between the cards. */
function marksSvg(rows: number): string {
  const xs = steps(COLUMNS, MARGIN.x, CARD.width);
  const ys = steps(rows, MARGIN.y, CARD.height);
  const [left = 0, right = 0, top = 0, bottom = 0] = [xs[0], xs.at(-1), ys[0], ys.at(-1)];
  const { length, gap } = MARK;
  const strokes = [
    ...xs.flatMap((x) => [
      `M${mm(x)} ${mm(top - gap)}v-${length}`,
      `M${mm(x)} ${mm(bottom + gap)}v${length}`,
    ]),
    ...ys.flatMap((y) => [
      `M${mm(left - gap)} ${mm(y)}h-${length}`,
      `M${mm(right + gap)} ${mm(y)}h${length}`,
    ]),
    ...ys.flatMap((y, row) =>
      xs.flatMap((x, column) => {
        // On the outer edges the margin's strokes are enough.
        if (row === 0 || row === ys.length - 1 || column === 0 || column === xs.length - 1) return [];
        return [`M${mm(x - CROSS)} ${mm(y)}h${2 * CROSS}M${mm(x)} ${mm(y - CROSS)}v${2 * CROSS}`];
      }),
    ),
  ];
  return `<svg class="marks" viewBox="0 0 ${PAGE.width} ${PAGE.height}" aria-hidden="true"><path d="${strokes.join("")}"/></svg>`;
}

function steps(parts: number, start: number, step: number): number[] {
  return Array.from({ length: parts + 1 }, (_, index) => start + index * step);
}

/** At most two decimals: a printer has no more. */
function mm(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escapeHtml(text: string): string {
  const names: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replaceAll(/[&<>"']/g, (character) => names[character] ?? "");
}

const STYLE = `@page { size: A4; margin: 0 }
* { box-sizing: border-box; margin: 0; padding: 0 }
html { background: #e9e7e2; color: #111; font: 11pt/1.3 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; -webkit-print-color-adjust: exact; print-color-adjust: exact }
.bar { max-width: ${PAGE.width}mm; margin: 8mm auto 0; padding: 0 2mm; font-size: 10.5pt; color: #555 }
.bar b { color: #111; margin-right: .5em }
.page { position: relative; width: ${PAGE.width}mm; height: ${PAGE.height}mm; margin: 6mm auto; padding: ${MARGIN.y}mm ${MARGIN.x}mm; background: #fff; box-shadow: 0 1mm 5mm #0003; overflow: hidden }
.marks { position: absolute; inset: 0; width: 100%; height: 100% }
.marks path { fill: none; stroke: #777; stroke-width: .2 }
.cards { display: grid; grid-template-columns: repeat(${COLUMNS}, ${mm(CARD.width)}mm); grid-auto-rows: ${mm(CARD.height)}mm }
.card { display: flex; flex-direction: column; align-items: center; padding: 4mm 6mm 4mm; text-align: center; overflow: hidden; break-inside: avoid }
header { flex: none; width: 100%; height: 15mm; display: flex; flex-direction: column; justify-content: center; gap: 1mm }
.hunt { font-size: 7.5pt; letter-spacing: .14em; text-transform: uppercase; color: #666; white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
.logo { height: 5mm; max-width: 25mm; object-fit: contain; vertical-align: middle; margin-inline-end: 1.5mm }
h2 { font-size: 15pt; line-height: 1.15; font-weight: 650; text-wrap: balance; overflow-wrap: anywhere; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden }
h2.long { font-size: 11.5pt }
h2.longest { font-size: 8.5pt; line-height: 1.2; -webkit-line-clamp: 3 }
.qr { flex: none; width: 56mm; height: 56mm; margin: auto }
.qr svg { display: block; width: 100%; height: 100% }
footer { flex: none; width: 100% }
.say { font-size: 10pt; line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden }
.code { display: flex; justify-content: space-between; gap: 3mm; margin-top: 1.8mm; font: 6.5pt/1.3 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; color: #777 }
.code span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.code span:last-child { flex: none }
@media print { html { background: none } .bar { display: none } .page { margin: 0; box-shadow: none; break-after: page } .page:last-child { break-after: auto } }`;
