/** Replies to near misses: what a team is told instead of "wrong". */
import { t } from "../../shared/i18n.ts";
import { dottedOf, type Path } from "../document/path.ts";
import { Findings, RemoveButton, WordsField } from "./fields.tsx";
import { useModel } from "./model.ts";
import { PickLists } from "./picks.tsx";
import { TranslatedField } from "./translated.tsx";

/** `choices`: the near misses are choices, by their ids. */
export function Nudges({ path, choices = false }: { path: Path; choices?: boolean }) {
  const model = useModel();
  const nudges = [...path, "nudges"];
  const count = model.list(nudges).length;
  const offered = model.list([...path, "choices"]).map((_, index) => ({
    id: model.text([...path, "choices", index, "id"]),
    label: model.shown([...path, "choices", index, "label"]),
  }));
  const select = choices ? model.text([...path, "select"]) || "one" : "one";
  const add = (): void => {
    const last = choices ? (offered.at(-1)?.id ?? "") : "";
    model.edit("", (edit) =>
      edit.insert(nudges, count, { match: [select === "one" ? last : [last]], say: "" }),
    );
  };
  return (
    <details class="more" open={count > 0 || undefined} data-path={dottedOf(nudges)}>
      <summary>{t("nudges")}</summary>
      <p class="soft small">{t("nudgesHint")}</p>
      <ul class="entries">
        {Array.from({ length: count }, (_, index) => {
          const at = [...nudges, index];
          const match = model.list([...at, "match"]).map(String);
          return (
            <li key={index} class="stack tight part">
              {select !== "one" ? (
                <PickLists
                  path={[...at, "match"]}
                  offered={offered}
                  inOrder={select === "order"}
                  numbered={(number) => t("nearMissNumber", { number })}
                  add={t("addNearMiss")}
                />
              ) : choices ? (
                <fieldset class="ticks" data-path={dottedOf([...at, "match"])}>
                  <legend>{t("nearMisses")}</legend>
                  {offered.map(({ id, label }) => (
                    <label key={id} class="check">
                      <input
                        type="checkbox"
                        checked={match.includes(id)}
                        onChange={({ currentTarget: { checked } }) => {
                          const ids = offered
                            .map((each) => each.id)
                            .filter((each) => (each === id ? checked : match.includes(each)));
                          model.set([...at, "match"], ids);
                        }}
                      />
                      <bdi>{label}</bdi>
                    </label>
                  ))}
                  <Findings path={[...at, "match"]} />
                </fieldset>
              ) : (
                <WordsField path={[...at, "match"]} label={t("nearMisses")} add={t("addNearMiss")} />
              )}
              <TranslatedField path={[...at, "say"]} label={t("replySay")} needed />
              <RemoveButton
                what={t("nudgeNumber", { number: index + 1 })}
                onClick={() => model.edit("", (edit) => edit.remove(at))}
              />
            </li>
          );
        })}
      </ul>
      <Findings path={nudges} exact />
      <button type="button" class="quiet" onClick={add}>
        {t("addNudge")}
      </button>
    </details>
  );
}
