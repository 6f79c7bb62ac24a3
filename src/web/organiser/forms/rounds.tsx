/** The rounds: parts of a hunt under a title of their own. */
import { t } from "../../shared/i18n.ts";
import { askFor } from "../dialog.tsx";
import { idFor, idsIn, placesOf, rename } from "../document/ids.ts";
import { Findings, IdField, RemoveButton } from "./fields.tsx";
import { useModel } from "./model.ts";
import { Ordered } from "./order.tsx";
import { TranslatedField } from "./translated.tsx";

export function RoundsForm() {
  const model = useModel();
  const ids = idsIn(model.value, ["rounds"]);
  const add = (): void => {
    model.edit("", (edit) => edit.insert(["rounds"], ids.length, { id: idFor("", ids, "round"), title: "" }));
  };
  const remove = async (index: number): Promise<void> => {
    const named = placesOf(model.value, "rounds", ids[index] ?? "").length;
    const what = model.rounds[index]?.title ?? "";
    if (named > 0 && !(await askFor(t("removeOne", { what }), t("removeRoundNamed", { count: named }))))
      return;
    model.edit("", (edit) => edit.remove(["rounds", index]));
  };
  /** A round is called after its title once that is written. */
  const named = (index: number): void => {
    const id = ids[index] ?? "";
    if (!/^round(?:-\d+)?$/.test(id)) return;
    const wanted = idFor(
      model.shown(["rounds", index, "title"]),
      ids.filter((each) => each !== id),
      id,
    );
    if (wanted !== id) model.edit("", (edit) => rename(edit, "rounds", index, wanted));
  };
  return (
    <div class="stack">
      <p class="soft">{t("roundsHint")}</p>
      <Ordered
        path={["rounds"]}
        entries={ids.map((_, index) => ({
          name: model.rounds[index]?.title ?? "",
          content: (
            <div class="row top part" data-path={`rounds.${index}`} onFocusOut={() => named(index)}>
              <TranslatedField
                path={["rounds", index, "title"]}
                label={`${t("roundTitle")} ${index + 1}`}
                needed
              />
              <IdField
                path={["rounds", index, "id"]}
                label={t("idOf")}
                onRename={(to) => model.edit("", (edit) => rename(edit, "rounds", index, to))}
              />
              <Findings path={["rounds", index]} exact />
              <RemoveButton what={model.rounds[index]?.title ?? ""} onClick={() => void remove(index)} />
            </div>
          ),
        }))}
      />
      <Findings path={["rounds"]} exact />
      <div class="row">
        <button type="button" onClick={add}>
          {t("addRound")}
        </button>
      </div>
    </div>
  );
}
