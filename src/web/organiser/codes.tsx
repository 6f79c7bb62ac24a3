/** The sheet of QR codes to print. Asked for once: each look is in the audit. */

import { renderSVG } from "uqr";
import type { Codes as CodesTold } from "../../contract/definition.ts";
import { t } from "../shared/i18n.ts";
import { huntPath, loaded, useLoaded } from "./state.ts";

const codes = loaded<CodesTold>();

export function Codes({ hunt }: { hunt: string }) {
  useLoaded(codes, huntPath(hunt, "/codes"), 0);
  const rows = codes.value.value?.codes;
  return (
    <section class="stack">
      <div class="row spread no-print">
        <p class="soft">{rows?.length === 0 ? t("noCodes") : t("codesHint")}</p>
        {rows && rows.length > 0 && (
          <button type="button" onClick={() => window.print()}>
            {t("print")}
          </button>
        )}
      </div>
      {codes.value.problem !== "" && <p class="note bad">{codes.value.problem}</p>}
      <ul class="sheet">
        {rows?.map(({ clue, title, code, url }) => (
          <li key={clue}>
            <div
              class="sheet-code"
              role="img"
              aria-label={title}
              dangerouslySetInnerHTML={{ __html: renderSVG(url || code, { border: 2 }) }}
            />
            <h2>
              <bdi>{title}</bdi>
            </h2>
            <code dir="ltr">{code}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}
