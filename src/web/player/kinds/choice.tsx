/** The kind `choice`: one chooses, one choice or several, and then sends what was chosen. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ClueApart } from "../../../contract/me.ts";
import { t } from "../../shared/i18n.ts";
import { labelsOf, takesSeveral } from "../picked.ts";
import { act, isUnderWay, verdicts } from "../state.ts";
import type { KindOnPage } from "./kind.ts";

/** What is chosen at each clue, in that order, and not sent yet. */
const chosen = signal<Readonly<Record<string, readonly string[]>>>({});
/** The choices of each clue that were sent from here alone and were wrong. */
const wrong = signal<Readonly<Record<string, readonly string[]>>>({});

function Choices({ clue, wait }: { clue: ClueApart; wait: number }) {
  const busy = isUnderWay(`clue/${clue.id}`);
  const heard = verdicts.value[`clue/${clue.id}`];
  const sent = heard?.event.type === "answer" ? heard.event.answer : undefined;
  const tried = wrong.value[clue.id] ?? [];
  useEffect(() => {
    if (heard?.outcome !== "incorrect" || sent === undefined || tried.includes(sent)) return;
    wrong.value = { ...wrong.value, [clue.id]: [...tried, sent] };
  }, [heard]);
  const several = takesSeveral(clue);
  const offered = (clue.choices ?? []).map(({ id }) => id);
  const picked = (chosen.value[clue.id] ?? []).filter((id) => offered.includes(id));
  const pick = (id: string, isPicked: boolean): void => {
    const others = several ? picked.filter((each) => each !== id) : [];
    const next = isPicked ? [...others, id] : others;
    const ids = clue.select === "order" ? next : offered.filter((each) => next.includes(each));
    chosen.value = { ...chosen.value, [clue.id]: ids };
  };
  const send = (event: Event): void => {
    event.preventDefault();
    const [first] = picked;
    if (first === undefined) return;
    const { [clue.id]: _, ...others } = chosen.value;
    chosen.value = others;
    const answer = several ? { choices: [...picked] } : { answer: first };
    void act({ type: "answer", clue: clue.id, ...answer });
  };
  return (
    <form class="stack" onSubmit={send}>
      <fieldset class="choices">
        <legend>{t(`choose_${clue.select ?? "one"}`)}</legend>
        {clue.choices?.map(({ id, label }) => (
          <label key={id} class={tried.includes(id) ? "tried" : undefined}>
            <input
              type={several ? "checkbox" : "radio"}
              name={`choice-${clue.id}`}
              value={id}
              checked={picked.includes(id)}
              onChange={({ currentTarget: { checked } }) => pick(id, checked)}
            />
            <span class="choice-label">
              <span dir="auto">{label}</span>
              {tried.includes(id) && <span class="soft small">{t("chosenWrong")}</span>}
            </span>
            {clue.select === "order" && picked.includes(id) && (
              <span class="choice-place number">{picked.indexOf(id) + 1}</span>
            )}
          </label>
        ))}
      </fieldset>
      {picked.length > 0 && (
        <p class="soft">
          <bdi>{t("yourChoice", { choice: labelsOf(clue, picked) })}</bdi>
        </p>
      )}
      <button type="submit" class="wide" disabled={picked.length === 0 || busy || wait > 0}>
        {busy ? t("checking") : t(picked.length > 0 ? "sendChoice" : "chooseFirst")}
      </button>
    </form>
  );
}

export const choice: KindOnPage = { icon: "compass", Solve: Choices };
