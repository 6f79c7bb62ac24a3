/** The kind `answer`: accepted texts, how they are compared, replies to near misses, and a box that tries them. */
import { t } from "../../../shared/i18n.ts";
import type { Path } from "../../document/path.ts";
import { SelectField, WordsField } from "../fields.tsx";
import { Nudges } from "../nudges.tsx";
import { TryAnswers } from "../try-answers.tsx";
import type { KindForm } from "./kind.ts";

const COMPARE = ["letters", "words", "exact", "number"] as const;

function AnswerForm({ path }: { path: Path }) {
  return (
    <>
      <WordsField
        path={[...path, "answers"]}
        label={t("answers")}
        hint={t("answersHint")}
        add={t("addAnswer")}
      />
      <SelectField
        path={[...path, "compare"]}
        label={t("compare")}
        otherwise="letters"
        options={COMPARE.map((value) => ({ value, label: t(`compare_${value}`) }))}
      />
      <Nudges path={path} />
      <TryAnswers path={path} />
    </>
  );
}

function AnswerPreview() {
  return (
    <div class="answer">
      <span class="fake-input">{t("yourAnswer")}</span>
      <span class="button">{t("check")}</span>
    </div>
  );
}

export const answer: KindForm = {
  keys: ["answers", "compare", "nudges"],
  fresh: () => ({ answers: [""] }),
  Form: AnswerForm,
  Preview: AnswerPreview,
};
