/** Another way to solve a place or a scan: a question, its answers, a picture. */
import { t } from "../../shared/i18n.ts";
import { dottedOf, type Path } from "../document/path.ts";
import { Findings, RemoveButton, WordsField } from "./fields.tsx";
import { useModel } from "./model.ts";
import { FileField } from "./pick-file.tsx";
import { TranslatedField } from "./translated.tsx";

export function InsteadForm({ path }: { path: Path }) {
  const model = useModel();
  const at = [...path, "instead"];
  const isThere = model.at(at) !== undefined;
  return (
    <details class="more" open={isThere || undefined} data-path={dottedOf(at)}>
      <summary>{t("instead")}</summary>
      <p class="soft small">{t("insteadHint")}</p>
      {isThere ? (
        <div class="stack tight part">
          <TranslatedField path={[...at, "text"]} label={t("insteadText")} lines={2} needed />
          <WordsField path={[...at, "answers"]} label={t("answers")} add={t("addAnswer")} />
          <FileField path={[...at, "photo"]} label={t("insteadPhoto")} />
          <Findings path={at} exact />
          <RemoveButton what={t("instead")} onClick={() => model.set(at, undefined)} />
        </div>
      ) : (
        <button type="button" class="quiet" onClick={() => model.set(at, { text: "", answers: [""] })}>
          {t("addInstead")}
        </button>
      )}
    </details>
  );
}
