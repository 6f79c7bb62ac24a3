/** The codes to print: six cards a page with cut marks, or one. Asked for once: each look is in the audit. */

import { useState } from "preact/hooks";
import { renderSVG } from "uqr";
import type { Codes as CodesTold } from "../../contract/definition.ts";
import type { Hunt } from "../../contract/hunt.ts";
import { FONTS, isColour, isFont, readable } from "../../contract/tints.ts";
import { number, t } from "../shared/i18n.ts";
import { Picture } from "../shared/look.tsx";
import { huntPath, loaded, useLoaded } from "./state.ts";

const codes = loaded<CodesTold>();
const told = loaded<Hunt>();

/** Paper is white. */
function onPaper({ colour, font }: NonNullable<Hunt["look"]>): Record<string, string> {
  return {
    ...(isFont(font) ? { "--text": FONTS[font], "--ui": FONTS[font], "font-family": FONTS[font] } : {}),
    ...(colour !== undefined && isColour(colour) ? { "--mark": readable(colour, ["#ffffff"]) } : {}),
  };
}

type Card = CodesTold["codes"][number];

/** Cards of an A4 page, at six a page: in twos beside each other. */
const SIX = 6;

/** Characters that fit beside the code at each size of type. */
const LONG_TITLE = 40;
const LONGEST_TITLE = 75;

/** Characters of the line under a code. */
const SAY_MAX = 120;

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

/** `title`: the hunt's. */
export function Codes({ hunt, title }: { hunt: string; title: string }) {
  useLoaded(codes, huntPath(hunt, "/codes"), 0);
  useLoaded(told, huntPath(hunt), 0);
  const look = told.value.value?.look ?? {};
  const [isSix, setSix] = useState(true);
  const [hasTitles, setTitles] = useState(true);
  const [say, setSay] = useState(t("scanMe"));
  const rows = codes.value.value?.codes ?? [];
  const perPage = isSix ? SIX : 1;
  const pages: Card[][] = [];
  for (let from = 0; from < rows.length; from += perPage) pages.push(rows.slice(from, from + perPage));
  return (
    <section class="stack">
      <p class="soft no-print">{codes.value.value && rows.length === 0 ? t("noCodes") : t("codesHint")}</p>
      {codes.value.problem !== "" && <p class="note bad">{codes.value.problem}</p>}
      {rows.some(({ url }) => isLocal(url)) && <p class="note bad no-print">{t("codesLocal")}</p>}
      {rows.length > 0 && (
        <div class="sheet-settings no-print">
          <label>
            {t("cardsAPage")}
            <select
              value={String(perPage)}
              onChange={({ currentTarget: { value } }) => setSix(value !== "1")}
            >
              <option value={String(SIX)}>{t("sixCards")}</option>
              <option value="1">{t("oneCard")}</option>
            </select>
          </label>
          <label>
            {t("cardSays")}
            <input
              dir="auto"
              maxLength={SAY_MAX}
              value={say}
              onInput={({ currentTarget: { value } }) => setSay(value)}
            />
          </label>
          <label class="check">
            <input
              type="checkbox"
              checked={hasTitles}
              onChange={({ currentTarget: { checked } }) => setTitles(checked)}
            />
            {t("cardTitles")}
          </label>
          <button type="button" onClick={() => window.print()}>
            {t("print")}
          </button>
        </div>
      )}
      {rows.length > 0 && <p class="soft small no-print">{t("printHint")}</p>}
      <div class={`sheets ${isSix ? "six" : "single"}`} style={onPaper(look)}>
        {pages.map((cards, page) => (
          <ul class="sheet-page" key={cards[0]?.clue}>
            {cards.map((card, index) => (
              <li key={card.clue} class="sheet-card">
                <CutMarks />
                {!hasTitles && <Picture at={look.logo} name="logo" />}
                {hasTitles && (
                  <p class="sheet-hunt" dir="auto">
                    <Picture at={look.logo} name="logo" /> {title}
                  </p>
                )}
                <Title text={hasTitles ? card.title : title} />
                <div
                  class="sheet-code"
                  role="img"
                  aria-label={card.title}
                  dangerouslySetInnerHTML={{ __html: renderSVG(card.url || card.code, { border: 2 }) }}
                />
                <p class="sheet-say" dir="auto">
                  {say}
                </p>
                <p class="sheet-foot">
                  <code dir="ltr">{card.code}</code>
                  <span>
                    {number(page * perPage + index + 1)} / {number(rows.length)}
                  </span>
                </p>
              </li>
            ))}
          </ul>
        ))}
      </div>
    </section>
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
