/** The hints of a clue: what they say, what they cost, when they can be had. */
import { t } from "../../shared/i18n.ts";
import { idFor, idsIn } from "../document/ids.ts";
import { dottedOf, type Path } from "../document/path.ts";
import { DurationField, Findings, NumberField, RemoveButton } from "./fields.tsx";
import { useModel } from "./model.ts";
import { Ordered } from "./order.tsx";
import { TranslatedField } from "./translated.tsx";

export function Hints({ path }: { path: Path }) {
  const model = useModel();
  const hints = [...path, "hints"];
  const ids = idsIn(model.value, hints);
  const add = (): void => {
    model.edit("", (edit) => edit.insert(hints, ids.length, { id: idFor("", ids, "hint"), text: "" }));
  };
  return (
    <fieldset class="words" data-path={dottedOf(hints)}>
      <legend>{t("hints")}</legend>
      <Ordered
        path={hints}
        entries={ids.map((_, index) => ({
          name: t("hintNumber", { number: index + 1 }),
          content: (
            <div class="stack tight part" data-path={dottedOf([...hints, index])}>
              <TranslatedField path={[...hints, index, "text"]} label={t("hintText")} lines={2} needed />
              <div class="columns">
                <NumberField path={[...hints, index, "cost"]} label={t("hintCost")} min={0} placeholder="0" />
                <DurationField path={[...hints, index, "after"]} label={t("hintAfter")} />
              </div>
              <Findings path={[...hints, index]} exact />
              <Findings path={[...hints, index, "id"]} />
              <RemoveButton
                what={t("hintNumber", { number: index + 1 })}
                onClick={() => model.edit("", (edit) => edit.remove([...hints, index]))}
              />
            </div>
          ),
        }))}
      />
      <Findings path={hints} exact />
      <button type="button" class="quiet" onClick={add}>
        {t("addHint")}
      </button>
    </fieldset>
  );
}
