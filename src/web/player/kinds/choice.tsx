/** The kind `choice`: one chooses, and then sends what was chosen. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ClueApart } from "../../../contract/me.ts";
import { t } from "../../shared/i18n.ts";
import { act, isUnderWay, verdicts } from "../state.ts";
import type { KindOnPage } from "./kind.ts";

/** What is chosen at each clue, and not sent yet. */
const chosen = signal<Readonly<Record<string, string>>>({});
/** The choices of each clue that were sent from here and were wrong. */
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
  const choice = clue.choices?.find(({ id }) => id === chosen.value[clue.id]);
  const send = (event: Event): void => {
    event.preventDefault();
    if (!choice) return;
    const { [clue.id]: _, ...others } = chosen.value;
    chosen.value = others;
    void act({ type: "answer", clue: clue.id, answer: choice.id });
  };
  return (
    <form class="stack" onSubmit={send}>
      <fieldset class="choices">
        <legend>{t("choose")}</legend>
        {clue.choices?.map(({ id, label }) => (
          <label key={id} class={tried.includes(id) ? "tried" : undefined}>
            <input
              type="radio"
              name={`choice-${clue.id}`}
              value={id}
              checked={choice?.id === id}
              onChange={() => {
                chosen.value = { ...chosen.value, [clue.id]: id };
              }}
            />
            <span class="choice-label">
              <span dir="auto">{label}</span>
              {tried.includes(id) && <span class="soft small">{t("chosenWrong")}</span>}
            </span>
          </label>
        ))}
      </fieldset>
      {choice && (
        <p class="soft">
          <bdi>{t("yourChoice", { choice: choice.label })}</bdi>
        </p>
      )}
      <button type="submit" class="wide" disabled={!choice || busy || wait > 0}>
        {busy ? t("checking") : t(choice ? "sendChoice" : "chooseFirst")}
      </button>
    </form>
  );
}

export const choice: KindOnPage = { icon: "compass", Solve: Choices };
