/** The codes to print: six cards a page with cut marks, or one. Asked for once: each look is in the audit. */

import { useState } from "preact/hooks";
import type { Codes as CodesTold } from "../../contract/definition.ts";
import type { Hunt } from "../../contract/hunt.ts";
import { t } from "../shared/i18n.ts";
import { isLocal, Sheets, SIX } from "./sheets.tsx";
import { huntPath, loaded, useLoaded } from "./state.ts";

const codes = loaded<CodesTold>();
const told = loaded<Hunt>();

/** Characters of the line under a code. */
const SAY_MAX = 120;

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
      <Sheets
        cards={rows.map(({ clue, title: ofClue, url, code }) => ({
          id: clue,
          title: hasTitles ? ofClue : title,
          about: ofClue,
          scanned: url || code,
          code,
        }))}
        hunt={hasTitles ? title : undefined}
        look={look}
        say={say}
        perPage={perPage}
      />
    </section>
  );
}
