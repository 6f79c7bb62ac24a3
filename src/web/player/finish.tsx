/** The end: all clues solved, or the hunt over. */

import { useEffect, useState } from "preact/hooks";
import { t } from "../shared/i18n.ts";
import { Icon } from "../shared/icons.tsx";
import { isOver } from "../shared/over.ts";
import { failure, hunt, me, now, phase, refresh, refreshStandings, standings } from "./state.ts";

/** Time between looks at whether held results were released, ms. */
const EVERY = 10_000;

/** Before the first look, ms: the end takes a moment until every copy of the standings knows it. */
const FIRST = 2_000;

/** Whether the team has solved all that the hunt has. */
export function isThrough(): boolean {
  const clues = me.value?.clues.filter(({ withdrawn }) => !withdrawn) ?? [];
  // A version that brought more clues is known by them before the hunt was asked for again.
  return (
    clues.length > 0 &&
    clues.length >= (hunt.value?.clueCount ?? 0) &&
    clues.every(({ state }) => state === "solved")
  );
}

/** Whether the standings of after the end are told; organisers may hold the results back. Undefined: not known yet. */
function useFinal(ended: boolean): boolean | undefined {
  const [isFinal, setFinal] = useState<boolean | undefined>(undefined);
  useEffect(() => {
    setFinal(undefined);
    if (!ended) return undefined;
    let timer = 0;
    let over = false;
    const look = async (): Promise<void> => {
      if (document.visibilityState === "visible") {
        await refreshStandings();
        if (over) return;
        const told = failure.value.standings === undefined && standings.value?.board.frozen === false;
        if (told) {
          setFinal(true);
          void refresh();
          return;
        }
        setFinal(standings.value?.board.frozen ? false : undefined);
      }
      timer = window.setTimeout(() => void look(), EVERY);
    };
    timer = window.setTimeout(() => void look(), FIRST * (0.5 + Math.random() / 2));
    return () => {
      over = true;
      window.clearTimeout(timer);
    };
  }, [ended]);
  return ended ? isFinal : undefined;
}

/** The place in the standings as everybody sees them. */
function placeTold(): number | undefined {
  const team = me.value?.team.id;
  const rows = [...(standings.value?.board.entries ?? []), ...(standings.value?.around ?? [])];
  return rows.find((entry) => entry.team.id === team)?.rank;
}

export function Finish() {
  const through = isThrough();
  const ended = isOver(phase.value);
  const isFinal = useFinal(ended);
  if (!through && !ended) return null;
  const rank = !ended ? me.value?.team.rank : isFinal ? placeTold() : undefined;
  const freeze = hunt.value?.freeze;
  const isFrozen = !ended && freeze !== undefined && Date.parse(freeze) <= now.value;
  return (
    <section class="card stack finish" aria-labelledby="finish">
      <Icon name="trophy" />
      <h2 id="finish">
        {through
          ? rank === undefined || isFrozen
            ? t("through")
            : t("throughPlace", { rank })
          : rank === undefined
            ? t("ended")
            : t("endPlace", { rank })}
      </h2>
      {through && <p>{t("throughText", { count: hunt.value?.clueCount ?? 0 })}</p>}
      {through && !ended && <p class="soft">{t(isFrozen ? "placeFrozen" : "placeMoves")}</p>}
      {isFinal === false && <p class="soft">{t("placesHeld")}</p>}
      <a class="button quiet" href="#standings">
        {t("seeStandings")}
      </a>
    </section>
  );
}
