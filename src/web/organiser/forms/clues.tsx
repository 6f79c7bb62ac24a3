/** The clues of a hunt, in the order players see them. */
import { useState } from "preact/hooks";
import { number, t } from "../../shared/i18n.ts";
import { askFor } from "../dialog.tsx";
import { idFor, placesOf } from "../document/ids.ts";
import { ClueForm } from "./clue.tsx";
import { sentence } from "./condition.tsx";
import { Findings, RemoveButton } from "./fields.tsx";
import { KIND_FORMS } from "./kinds/all.ts";
import { useModel } from "./model.ts";
import { Ordered } from "./order.tsx";

/** `chosen`: the clue whose form is shown; -1: the list. */
export function Clues({ chosen, open }: { chosen: number; open(clue: number): void }) {
  const model = useModel();
  const clues = model.clues;
  const [search, setSearch] = useState("");
  const add = (): void => {
    const id = idFor(
      "",
      clues.map((clue) => clue.id),
      "clue",
    );
    const rounds = model.rounds;
    const round = model.text(["clues", clues.length - 1, "round"]) || rounds.at(-1)?.id;
    const clue = {
      id,
      ...(round === undefined ? {} : { round }),
      title: "",
      kind: "answer",
      points: 100,
      ...KIND_FORMS.answer?.fresh(),
    };
    model.edit("", (edit) => edit.insert(["clues"], clues.length, clue));
    open(clues.length);
  };
  const remove = async (index: number): Promise<void> => {
    const clue = clues[index];
    if (!clue) return;
    const named = placesOf(model.value, "clues", clue.id).length;
    const text = named === 0 ? t("removeClueSure") : t("removeClueNamed", { count: named });
    if (await askFor(t("removeOne", { what: clue.title }), text)) {
      model.edit("", (edit) => edit.remove(["clues", index]));
      open(-1);
    }
  };
  const duplicate = (index: number): void => {
    const value = model.at(["clues", index]) as Record<string, unknown>;
    const ids = clues.map((clue) => clue.id);
    // A code is one clue's.
    const { code: _, ...copy } = value;
    model.edit("", (edit) =>
      edit.insert(["clues"], index + 1, {
        ...copy,
        id: idFor(String(value.id).replace(/-\d+$/, ""), ids, "clue"),
      }),
    );
    open(index + 1);
  };
  if (chosen >= 0 && chosen < clues.length) {
    return (
      <div class="stack">
        <div class="row spread">
          <button type="button" class="quiet" onClick={() => open(-1)}>
            {t("allClues")}
          </button>
          <div class="row">
            <button type="button" class="quiet" disabled={chosen === 0} onClick={() => open(chosen - 1)}>
              {t("previousClue")}
            </button>
            <button
              type="button"
              class="quiet"
              disabled={chosen === clues.length - 1}
              onClick={() => open(chosen + 1)}
            >
              {t("nextClue")}
            </button>
            <button type="button" class="quiet" onClick={() => duplicate(chosen)}>
              {t("duplicate")}
            </button>
            <button type="button" class="quiet" onClick={() => void remove(chosen)}>
              {t("remove")}
            </button>
          </div>
        </div>
        <ClueForm key={chosen} index={chosen} />
        <div class="row">
          <button type="button" onClick={add}>
            {t("addClue")}
          </button>
        </div>
      </div>
    );
  }
  const isFound = (title: string, id: string): boolean =>
    `${title} ${id}`.toLowerCase().includes(search.trim().toLowerCase());
  return (
    <div class="stack">
      {clues.length > 12 && (
        <label>
          {t("searchClues")}
          <input type="search" value={search} onInput={({ currentTarget: { value } }) => setSearch(value)} />
        </label>
      )}
      {clues.length === 0 && <p class="soft">{t("noCluesYet")}</p>}
      {search.trim() === "" ? (
        <Ordered
          path={["clues"]}
          entries={clues.map(({ title }, index) => ({
            name: title,
            content: <Row index={index} open={open} remove={() => void remove(index)} />,
          }))}
        />
      ) : (
        <ul class="entries">
          {clues.map(
            ({ title, id }, index) =>
              isFound(title, id) && (
                <li key={index}>
                  <Row index={index} open={open} remove={() => void remove(index)} />
                </li>
              ),
          )}
        </ul>
      )}
      <Findings path={["clues"]} exact />
      <div class="row">
        <button type="button" onClick={add}>
          {t("addClue")}
        </button>
      </div>
    </div>
  );
}

function Row({ index, open, remove }: { index: number; open(clue: number): void; remove(): void }) {
  const model = useModel();
  const path = ["clues", index];
  const title = model.clues[index]?.title ?? "";
  const found = model.findingsAt(path);
  const kind = model.text([...path, "kind"]);
  return (
    <div class="clue-row">
      <button type="button" class="quiet row-main" onClick={() => open(index)}>
        <strong dir="auto">{title}</strong>
        <span class="soft small">
          {kind in KIND_FORMS ? t(`kind_${kind}`) : kind} ·{" "}
          {number(Number(model.text([...path, "points", "to"]) || model.text([...path, "points"]) || 0))} ·{" "}
          <bdi>{sentence(model, model.at([...path, "opens"]))}</bdi>
        </span>
        {found.length > 0 && (
          <span class={`note ${found.some(({ isError }) => isError) ? "bad" : ""} small`}>
            {t("findings", { count: found.length })}
          </span>
        )}
      </button>
      <RemoveButton what={title} onClick={remove} />
    </div>
  );
}
