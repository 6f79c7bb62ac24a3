/** The kind `choice`: what is offered, and which of it is right. */
import { t } from "../../../shared/i18n.ts";
import { idFor, idsIn } from "../../document/ids.ts";
import { dottedOf, type Path } from "../../document/path.ts";
import { Findings, RemoveButton, SelectField } from "../fields.tsx";
import { useModel } from "../model.ts";
import { Nudges } from "../nudges.tsx";
import { idsOf, PickLists } from "../picks.tsx";
import { TranslatedField } from "../translated.tsx";
import type { KindForm } from "./kind.ts";

const SELECTS = ["one", "many", "order"] as const;

function ChoiceForm({ path }: { path: Path }) {
  const model = useModel();
  const choices = [...path, "choices"];
  const ids = idsIn(model.value, choices);
  const answers = model.list([...path, "answers"]);
  const right = answers.filter((each) => typeof each === "string");
  const select = model.text([...path, "select"]) || "one";
  /** What was right stays right: each of them alone, or all together. */
  const setSelect = (to: string): void => {
    const lists = answers.filter(Array.isArray);
    const next =
      to === "one"
        ? [...new Set(answers.flatMap((each) => (typeof each === "string" ? each : idsOf(each))))]
        : right.length > 0
          ? [right, ...lists]
          : lists;
    model.edit("", (edit) => {
      edit.set([...path, "select"], to === "one" ? undefined : to);
      edit.set([...path, "answers"], next.length === 0 ? undefined : next);
    });
  };
  /** In answers and replies, wherever the choice is named. */
  const renamed = (list: readonly unknown[], id: string, to?: string): unknown[] =>
    list.flatMap((entry): unknown[] => {
      if (Array.isArray(entry)) return [renamed(entry, id, to)];
      return entry !== id ? [entry] : to === undefined ? [] : [to];
    });
  const setRight = (id: string, on: boolean): void => {
    const next = ids.filter((each) => (each === id ? on : right.includes(each)));
    model.set([...path, "answers"], next.length === 0 ? undefined : next);
  };
  const remove = (index: number): void => {
    const id = ids[index] ?? "";
    model.edit("", (edit) => {
      edit.remove([...choices, index]);
      const next = renamed(answers, id);
      edit.set([...path, "answers"], next.length === 0 ? undefined : next);
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
      if (answers.flat().includes(id)) edit.set([...path, "answers"], renamed(answers, id, wanted));
    });
  };
  return (
    <>
      <SelectField
        path={[...path, "select"]}
        label={t("select")}
        otherwise="one"
        options={SELECTS.map((value) => ({ value, label: t(`select_${value}`) }))}
        onChange={setSelect}
      />
      <fieldset class="words" data-path={dottedOf(choices)}>
        <legend>{t("choices")}</legend>
        {select === "one" && <p class="soft small">{t("choicesHint")}</p>}
        <div class="stack tight">
          {ids.map((id, index) => (
            <div key={index} class="choice-row" onFocusOut={() => named(index)}>
              <TranslatedField
                path={[...choices, index, "label"]}
                label={`${t("choice")} ${index + 1}`}
                needed
              />
              {select === "one" && (
                <label class="check">
                  <input
                    type="checkbox"
                    checked={right.includes(id)}
                    onChange={({ currentTarget: { checked } }) => setRight(id, checked)}
                  />
                  {t("isRight")}
                </label>
              )}
              <RemoveButton what={`${t("choice")} ${index + 1}`} onClick={() => remove(index)} />
            </div>
          ))}
        </div>
        <Findings path={choices} exact />
        <button type="button" class="quiet" onClick={add}>
          {t("addChoice")}
        </button>
        {select === "one" ? (
          <div data-path={dottedOf([...path, "answers"])}>
            <Findings path={[...path, "answers"]} />
          </div>
        ) : (
          <>
            <p class="soft small">{t(select === "order" ? "rightOrderHint" : "rightSetHint")}</p>
            <PickLists
              path={[...path, "answers"]}
              offered={ids.map((id, index) => ({ id, label: model.shown([...choices, index, "label"]) }))}
              inOrder={select === "order"}
              numbered={(number) => t("rightAnswerNumber", { number })}
              add={t("addRightAnswer")}
            />
          </>
        )}
      </fieldset>
      <Nudges path={path} choices />
    </>
  );
}

function ChoicePreview({ path }: { path: Path }) {
  const model = useModel();
  const mark = (model.text([...path, "select"]) || "one") === "one" ? "○" : "☐";
  return (
    <ul class="fake-choices">
      {model.list([...path, "choices"]).map((_, index) => (
        <li key={index} dir="auto">
          {mark} {model.shown([...path, "choices", index, "label"])}
        </li>
      ))}
    </ul>
  );
}

export const choice: KindForm = {
  keys: ["choices", "select", "answers", "nudges"],
  fresh: () => ({
    choices: [
      { id: "choice", label: "" },
      { id: "choice-2", label: "" },
    ],
  }),
  Form: ChoiceForm,
  Preview: ChoicePreview,
};
