/** Another way to solve a clue, for who cannot go there or scan: a question and its box. */
import type { ClueApart } from "../../contract/me.ts";
import { t } from "../shared/i18n.ts";
import { Markdown } from "../shared/markdown.tsx";
import { AnswerBox } from "./kinds/answer.tsx";

export function Instead({ clue, wait }: { clue: ClueApart; wait: number }) {
  const { instead } = clue;
  if (!instead) return null;
  return (
    <details class="card stack instead">
      <summary>{t("instead")}</summary>
      {instead.photo !== undefined && (
        <img class="round-image" src={instead.photo} alt="" loading="lazy" decoding="async" />
      )}
      <Markdown text={instead.text} />
      <AnswerBox clue={clue} wait={wait} />
    </details>
  );
}
