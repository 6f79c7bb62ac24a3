/** The languages that a hunt is told in; the first is what a text is in that stands alone. */
import { locale, t } from "../../shared/i18n.ts";
import { Findings, RemoveButton } from "./fields.tsx";
import { useModel } from "./model.ts";
import { Ordered } from "./order.tsx";
import { languageName } from "./translated.tsx";

/** Offered; others are written as text. */
const OFFERED =
  "en de fr it es pt nl da sv no fi pl cs sk hu sl hr ro bg el uk ru tr ar he fa hi zh ja ko id vi th".split(
    " ",
  );

export function LanguagesForm() {
  const model = useModel();
  const chosen = model.languages;
  const add = (language: string): void => {
    if (language === "") return;
    // What is written so far is in the language of who wrote it.
    const begun = chosen.length === 0 && language !== locale.value ? [locale.value] : chosen;
    model.set(["languages"], [...begun, language]);
  };
  return (
    <fieldset class="words" data-path="languages">
      <legend>{t("languagesLegend")}</legend>
      <p class="soft small">{t("languagesHint")}</p>
      <Ordered
        path={["languages"]}
        entries={chosen.map((language, index) => ({
          name: languageName(language),
          content: (
            <div class="row spread">
              <span>{languageName(language)}</span>
              <RemoveButton
                what={languageName(language)}
                onClick={() => model.edit("", (edit) => edit.remove(["languages", index]))}
              />
            </div>
          ),
        }))}
      />
      <label>
        {t("addLanguage")}
        <select value="" onChange={({ currentTarget }) => add(currentTarget.value)}>
          <option value="">–</option>
          {OFFERED.filter((language) => !chosen.includes(language)).map((language) => (
            <option key={language} value={language}>
              {languageName(language)}
            </option>
          ))}
        </select>
      </label>
      <Findings path={["languages"]} />
    </fieldset>
  );
}
