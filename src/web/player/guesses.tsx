/** What the team has tried at a clue, so that nobody tries it twice. */
import { useEffect, useState } from "preact/hooks";
import type { Guess, Guesses } from "../../contract/guesses.ts";
import type { ClueApart } from "../../contract/me.ts";
import { call, huntPath, Problem } from "../shared/api.ts";
import { clock, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import type { en } from "./messages/en.ts";
import { labelsOf, takesSeveral } from "./picked.ts";
import { me, session } from "./state.ts";

/** Guesses asked for at once. */
const PAGE = 20;

interface Shown {
  guesses: readonly Guess[];
  /** Where older ones begin; undefined: there are none. */
  before: number | undefined;
}

/** Words for an outcome, without what only the moment of the answer can say. */
const OUTCOMES = {
  correct: "solved",
  nudge: "outcome_nudge",
  incorrect: "chosenWrong",
  out_of_range: "outcome_out_of_range",
  implausible: "outcome_implausible",
} as const satisfies Partial<Record<Guess["outcome"], keyof typeof en>>;

/** Asked for when it is opened, and again when the team has tried something since. */
export function Tried({ clue }: { clue: ClueApart }) {
  const [isOpen, setOpen] = useState(false);
  const [shown, setShown] = useState<Shown | undefined>();
  const [state, setState] = useState<"fine" | "failed" | "hidden">("fine");
  const { id, attempts, state: now } = clue;
  const read = async (after: Shown | undefined, isCurrent: () => boolean): Promise<void> => {
    const { hunt, token } = session.value ?? {};
    if (hunt === undefined) return;
    const before = after?.before === undefined ? "" : `&before=${after.before}`;
    try {
      const path = huntPath(hunt, `/clues/${encoded(id)}/guesses?limit=${PAGE}${before}`);
      const page = await call<Guesses>(path, { token });
      if (!isCurrent()) return;
      setShown({ guesses: [...(after?.guesses ?? []), ...page.guesses], before: page.before });
      setState("fine");
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (isCurrent()) setState(error.code === "forbidden" ? "hidden" : "failed");
    }
  };
  useEffect(() => {
    let isOver = false;
    if (isOpen) void read(undefined, () => !isOver);
    return () => {
      isOver = true;
    };
  }, [isOpen, id, attempts, now, me.value?.team.members.length]);
  if (state === "hidden") return null;
  return (
    <details class="tried" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("tried")}</summary>
      {state === "failed" && <p class="soft">{t("triedFailed")}</p>}
      {!shown && state === "fine" && <p class="soft">{t("loading")}</p>}
      {shown?.guesses.length === 0 && <p class="soft">{t("triedNone")}</p>}
      <ul class="guesses">
        {shown?.guesses.map((guess) => (
          <li key={guess.seq}>
            <span class="guess" dir="auto">
              {textOf(clue, guess)}
            </span>
            <span class="soft small">
              {wordsOf(guess)} · {guess.player && <bdi>{guess.player.name}</bdi>}
              {guess.player && " · "}
              <time dateTime={guess.at}>{clock(guess.at)}</time>
            </span>
          </li>
        ))}
      </ul>
      {shown?.before !== undefined && (
        <button type="button" class="quiet" onClick={() => void read(shown, () => true)}>
          {t("triedOlder")}
        </button>
      )}
    </details>
  );
}

function textOf(clue: ClueApart, { type, answer = "" }: Guess): string {
  // A list of choices is written with commas.
  if (type === "answer") return labelsOf(clue, takesSeveral(clue) ? answer.split(",") : [answer]);
  return t(({ scan: "triedScan", checkin: "triedCheckin", solve: "triedByHand" } as const)[type]);
}

function wordsOf({ outcome, message }: Guess): string {
  if (outcome === "nudge" && message !== undefined) return message;
  return t(outcome in OUTCOMES ? OUTCOMES[outcome as keyof typeof OUTCOMES] : "outcome_invalid");
}
