/** What came of an event, in words. */
import type { ErrorCode } from "../../contract/problem.ts";
import { countdown, t } from "../shared/i18n.ts";
import { en } from "./messages/en.ts";
import { type Heard, isStale } from "./stale.ts";
import { me, now, verdicts } from "./state.ts";

/** The last verdict about this, while it says how things are. */
export function verdictOf(about: string): Heard | undefined {
  const heard = verdicts.value[about];
  return heard && !isStale(heard, me.value, now.value) ? heard : undefined;
}

/** `title`: of the clue, where that is not said by the page. */
export function Verdict({ heard, title }: { heard: Heard; title?: string | undefined }) {
  const good = ["correct", "already_solved", "won", "taken", "started"].includes(heard.outcome);
  const unlocked = heard.unlocked?.length ?? 0;
  const choice = choiceOf(heard);
  return (
    <div
      class={`note verdict ${good ? "good" : heard.outcome === "nudge" ? "" : "bad"}`}
      data-outcome={heard.outcome}
    >
      {title !== undefined && (
        <p>
          <bdi>{title}</bdi>
        </p>
      )}
      <p dir="auto">{verdictText(heard)}</p>
      {choice !== undefined && (
        <p dir="auto" class="small">
          {t("yourChoice", { choice })}
        </p>
      )}
      {unlocked > 0 && <p>{t("unlocked", { count: unlocked })}</p>}
    </div>
  );
}

/** What was chosen, where that was the answer. */
function choiceOf({ event }: Heard): string | undefined {
  if (event.type !== "answer") return undefined;
  const clue = me.value?.clues.find(({ id }) => id === event.clue);
  return clue?.choices?.find(({ id }) => id === event.answer)?.label;
}

/** The engine tells only in its own words that a text is no number (src/hunt/kinds/texts.ts). */
const NO_NUMBER = /\bnumber\b/;

/** The clue that it is about, as the page knows it. */
const clueOf = ({ event, clue }: Heard) =>
  me.value?.clues.find(({ id }) => id === (clue ?? ("clue" in event ? event.clue : undefined)));

export function verdictText(heard: Heard): string {
  const { outcome, event, points, message, distance, retryAt, repeated } = heard;
  const time = retryAt === undefined ? undefined : countdown(Date.parse(retryAt) - now.value);
  switch (outcome) {
    case "correct":
      return t("outcome_correct", { count: points ?? 0 });
    case "incorrect":
      return t(repeated ? "repeated" : "outcome_incorrect");
    case "closed":
      return t(clueOf(heard)?.closesAt === undefined ? "outcome_closed" : "clueClosed");
    case "nudge":
      return message ?? t("outcome_nudge");
    case "invalid":
      return t(event.type === "answer" && NO_NUMBER.test(message ?? "") ? "wantsNumber" : "outcome_invalid");
    case "implausible":
      return time === undefined ? t("outcome_implausible") : t("tooFar", { time });
    case "cooldown":
    case "not_yet":
      return t(`outcome_${outcome}`, { time: time ?? countdown(0) });
    case "out_of_range":
      return distance === undefined
        ? t("outcome_out_of_range")
        : `${t("outcome_out_of_range")} ${t("distance", { metres: distance })}`;
    default:
      // A newer engine may have outcomes that this page does not know.
      return t(`outcome_${outcome}` in en ? `outcome_${outcome}` : "outcome_invalid");
  }
}

/** Why the engine did not give something. */
export const problemText = (code: ErrorCode | "offline"): string =>
  t(`problem_${code}` in en ? `problem_${code}` : "problem_internal");
