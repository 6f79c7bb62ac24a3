/** What came of an event, in words. */
import type { Result } from "../../contract/play.ts";
import { countdown, t } from "../shared/i18n.ts";
import { now } from "./state.ts";

export function Verdict({ result }: { result: Result }) {
  const wait = result.retryAt ? Date.parse(result.retryAt) - now.value : 0;
  const good = ["correct", "already_solved", "won", "taken"].includes(result.outcome);
  const unlocked = result.unlocked?.length ?? 0;
  return (
    <div
      class={`note verdict ${good ? "good" : result.outcome === "nudge" ? "" : "bad"}`}
      data-outcome={result.outcome}
    >
      <p dir="auto">{verdictText(result, wait)}</p>
      {unlocked > 0 && <p>{t("unlocked", { count: unlocked })}</p>}
    </div>
  );
}

function verdictText(result: Result, wait: number): string {
  switch (result.outcome) {
    case "correct":
      return t("correct", { count: result.points ?? 0 });
    case "nudge":
      return result.message ?? "";
    case "invalid":
      return result.message ?? t("refused", { outcome: result.outcome });
    case "cooldown":
      return t("cooldown", { time: countdown(wait) });
    case "out_of_range":
      return result.distance === undefined
        ? t("outOfRange")
        : `${t("outOfRange")} ${t("distance", { metres: result.distance })}`;
    case "not_yet":
      return t("hintIn", { time: countdown(wait) });
    default: {
      const key = OUTCOMES[result.outcome];
      return key === undefined ? t("refused", { outcome: result.outcome }) : t(key);
    }
  }
}

const OUTCOMES: Record<string, string | undefined> = {
  incorrect: "incorrect",
  already_solved: "alreadySolved",
  locked: "locked",
  exhausted: "exhausted",
  implausible: "implausible",
  unknown_code: "unknownCode",
  unaffordable: "unaffordable",
  won: "won",
  missed: "missed",
  sold_out: "soldOut",
  not_eligible: "notEligible",
  already_won: "alreadyWon",
  not_open: "notOpen",
  paused: "paused",
  ended: "ended",
  banned: "banned",
  taken: "hints",
};
