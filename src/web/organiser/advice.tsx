/** Which limit of the engine comes next: in the reader's language, with the engine's own sentences. */
import { useRef } from "preact/hooks";
import type { Advice } from "../../contract/ops.ts";
import { locale, percent, t } from "../shared/i18n.ts";
import { engineText } from "./engine.ts";
import { useSeen } from "./seen.ts";
import { loaded, useLoaded } from "./state.ts";
import { IssueWords } from "./words.tsx";

/** Advice asks every shard of every hunt: the first wait between looks, and the longest while nothing changes, ms. */
const EVERY = 15_000;
const UP_TO = 120_000;

const advice = loaded<Advice>();

/** The limits that it names, whatever their shares are by now. */
const limitsIn = ({ advice: lines }: Advice): string => lines.map(({ limit }) => limit).join();

export function AdvicePanel() {
  const place = useRef<HTMLElement>(null);
  useLoaded(advice, "/v1/ops/advice", EVERY, {
    active: useSeen(place),
    upTo: UP_TO,
    isSame: (before, now) => limitsIn(before) === limitsIn(now),
  });
  const isEnglish = locale.value === "en";
  const lines = advice.value.value?.advice;
  return (
    <section ref={place} class="card stack" aria-labelledby="advice">
      <h2 id="advice">{t("advice")}</h2>
      {advice.value.problem !== "" && <p class="note bad">{advice.value.problem}</p>}
      {lines && <p class="soft">{lines.length === 0 ? t("noAdvice") : t("adviceHint")}</p>}
      {lines && lines.length > 0 && (
        <ul class="advice">
          {lines.map(({ limit, at, change, evidence }) => (
            <li key={limit + evidence}>
              <strong>{engineText("limit", limit)}</strong> <span class="number">{percent(at)}</span>
              <meter min={0} max={1} value={Math.min(1, at)} aria-label={engineText("limit", limit)} />
              <p dir="auto">{isEnglish ? change : engineText("change", limit)}</p>
              {isEnglish ? (
                <p class="soft small">{evidence}</p>
              ) : (
                <IssueWords words={`${change}. ${evidence}`} />
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
