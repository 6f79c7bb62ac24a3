/** The kind `answer`: a box to type in. */

import { useEffect, useRef } from "preact/hooks";
import type { ClueApart } from "../../../contract/me.ts";
import { t } from "../../shared/i18n.ts";
import { act, isUnderWay, verdicts } from "../state.ts";
import type { KindOnPage } from "./kind.ts";

export function AnswerBox({ clue, wait }: { clue: ClueApart; wait: number }) {
  const input = useRef<HTMLInputElement>(null);
  const busy = isUnderWay(`clue/${clue.id}`);
  const outcome = verdicts.value[`clue/${clue.id}`]?.outcome;
  useEffect(() => {
    if (outcome === "incorrect" || outcome === "nudge") input.current?.select();
  }, [outcome]);
  const submit = (event: Event): void => {
    event.preventDefault();
    const typed = input.current?.value.trim() ?? "";
    // The keyboard of a phone would lie over the verdict.
    if (matchMedia("(pointer: coarse)").matches) input.current?.blur();
    if (typed !== "") void act({ type: "answer", clue: clue.id, answer: typed });
  };
  return (
    <form class="answer" onSubmit={submit}>
      <label>
        {t("yourAnswer")}
        <input
          ref={input}
          name="answer"
          required
          maxLength={1_000}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          enterkeyhint="send"
          dir="auto"
        />
      </label>
      <button type="submit" disabled={busy || wait > 0}>
        {busy ? t("checking") : t("submit")}
      </button>
    </form>
  );
}

export const answer: KindOnPage = { icon: "compass", Solve: AnswerBox };
