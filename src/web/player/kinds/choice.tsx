/** The kind `choice`: a button for each choice. */
import type { ClueView } from "../../../contract/me.ts";
import { t } from "../../shared/i18n.ts";
import { act, isUnderWay } from "../state.ts";
import type { KindOnPage } from "./kind.ts";

function Choices({ clue, wait }: { clue: ClueView; wait: number }) {
  const busy = isUnderWay(`clue/${clue.id}`);
  return (
    <fieldset class="choices">
      <legend>{t("choose")}</legend>
      {clue.choices?.map(({ id, label }) => (
        <button
          key={id}
          type="button"
          class="quiet wide"
          disabled={busy || wait > 0}
          onClick={() => void act({ type: "answer", clue: clue.id, answer: id })}
        >
          <span dir="auto">{label}</span>
        </button>
      ))}
    </fieldset>
  );
}

export const choice: KindOnPage = { icon: "compass", Solve: Choices };
