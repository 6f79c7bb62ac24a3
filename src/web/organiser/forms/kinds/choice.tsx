/** The kind `choice`: what is offered, and which of it is right. */
import { t } from "../../../shared/i18n.ts";
import { idFor, idsIn } from "../../document/ids.ts";
import { dottedOf, type Path } from "../../document/path.ts";
import { Findings, RemoveButton } from "../fields.tsx";
import { useModel } from "../model.ts";
import { Nudges } from "../nudges.tsx";
import { TranslatedField } from "../translated.tsx";
import type { KindForm } from "./kind.ts";

function ChoiceForm({ path }: { path: Path }) {
  const model = useModel();
  const choices = [...path, "choices"];
  const ids = idsIn(model.value, choices);
  const right = model.list([...path, "answers"]).map(String);
  const setRight = (id: string, on: boolean): void => {
    const answers = ids.filter((each) => (each === id ? on : right.includes(each)));
    model.set([...path, "answers"], answers.length === 0 ? undefined : answers);
  };
  const remove = (index: number): void => {
    const id = ids[index] ?? "";
    model.edit("", (edit) => {
      edit.remove([...choices, index]);
      const answers = right.filter((each) => each !== id);
      edit.set([...path, "answers"], answers.length === 0 ? undefined : answers);
    });
  };
  const add = (): void => {
    model.edit("", (edit) => edit.insert(choices, ids.length, { id: idFor("", ids, "choice"), label: "" }));
  };
  /** A choice is called after its label once that is written: its id is in the text, not on the page. */
  const named = (index: number): void => {
    const id = ids[index] ?? "";
    const wanted = idFor(
      model.shown([...choices, index, "label"]),
      ids.filter((each) => each !== id),
      id,
    );
    if (wanted === id || !/^choice(?:-\d+)?$/.test(id)) return;
    model.edit("", (edit) => {
      edit.set([...choices, index, "id"], wanted);
      if (right.includes(id)) {
        edit.set(
          [...path, "answers"],
          right.map((each) => (each === id ? wanted : each)),
        );
      }
    });
  };
  return (
    <>
      <fieldset class="words" data-path={dottedOf(choices)}>
        <legend>{t("choices")}</legend>
        <p class="soft small">{t("choicesHint")}</p>
        <div class="stack tight">
          {ids.map((id, index) => (
            <div key={index} class="choice-row" onFocusOut={() => named(index)}>
              <TranslatedField
                path={[...choices, index, "label"]}
                label={`${t("choice")} ${index + 1}`}
                needed
              />
              <label class="check">
                <input
                  type="checkbox"
                  checked={right.includes(id)}
                  onChange={({ currentTarget: { checked } }) => setRight(id, checked)}
                />
                {t("isRight")}
              </label>
              <RemoveButton what={`${t("choice")} ${index + 1}`} onClick={() => remove(index)} />
            </div>
          ))}
        </div>
        <Findings path={choices} exact />
        <button type="button" class="quiet" onClick={add}>
          {t("addChoice")}
        </button>
        <div data-path={dottedOf([...path, "answers"])}>
          <Findings path={[...path, "answers"]} />
        </div>
      </fieldset>
      <Nudges path={path} choices />
    </>
  );
}

function ChoicePreview({ path }: { path: Path }) {
  const model = useModel();
  return (
    <ul class="fake-choices">
      {model.list([...path, "choices"]).map((_, index) => (
        <li key={index} dir="auto">
          ○ {model.shown([...path, "choices", index, "label"])}
        </li>
      ))}
    </ul>
  );
}

export const choice: KindForm = {
  keys: ["choices", "answers", "nudges"],
  fresh: () => ({
    choices: [
      { id: "choice", label: "" },
      { id: "choice-2", label: "" },
    ],
  }),
  Form: ChoiceForm,
  Preview: ChoicePreview,
};
