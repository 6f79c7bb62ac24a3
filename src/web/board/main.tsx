/** The big screen: `/board/{hunt}`. Needs no token. */

import { isOver } from "../shared/over.ts";
import "../shared/theme.css";
import "./board.css";
import { render } from "preact";
import type { Hunt } from "../../contract/hunt.ts";
import { device } from "../shared/device.ts";
import { ago, clock, countdown, locale, number, startI18n, t } from "../shared/i18n.ts";
import { Legal } from "../shared/legal.tsx";
import { Picture } from "../shared/look.tsx";
import { Markdown } from "../shared/markdown.tsx";
import { encoded } from "../shared/outside.ts";
import { useQrCode } from "../shared/qr-code.ts";
import { RehearsalBand } from "../shared/rehearsal.tsx";
import { Settings, startTheme } from "../shared/settings.tsx";
import { Graph } from "./graph.tsx";
import { ar, de, en } from "./messages.ts";
import { newsAt, recallNews } from "./news.ts";
import { Paper, paperProblem, printPlaces } from "./paper.tsx";
import { Release } from "./release.tsx";
import { begin, hidden, next, PLACES, recallReveal } from "./reveal.ts";
import {
  bracket,
  connected,
  hunt,
  id,
  now,
  phase,
  problem,
  readBracket,
  readHunt,
  rows,
  showBracket,
  shown,
  solves,
  tick,
  total,
  watch,
} from "./state.ts";
import { Places, turn } from "./table.tsx";

/** Characters of a name beyond which it is staged in smaller type. */
const LONG_NAME = 32;
/** How long a page of places is shown, ms. */
const PAGE_EVERY = 8_000;
/** Time between looks at a bracket's places, ms. */
const BRACKET_EVERY = 3_000;
/** Time between looks at the hunt itself, ms. */
const HUNT_EVERY = 20_000;

/** The standings of all, or of one bracket. */
function Brackets({ brackets }: { brackets: NonNullable<Hunt["brackets"]> }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset has a legend, and this a name alone
    <div class="board-tabs" role="group" aria-label={t("bracket")}>
      {[{ id: "", title: t("allTeams") }, ...brackets].map(({ id: each, title }) => (
        <button
          key={each}
          type="button"
          aria-pressed={bracket.value === each}
          onClick={(event) => {
            // A finger or a mouse chose it: the keys that reveal go on working.
            if (event.detail > 0) event.currentTarget.blur();
            void showBracket(each);
          }}
        >
          <bdi>{title}</bdi>
        </button>
      ))}
    </div>
  );
}

function Board() {
  if (problem.value !== "") return <main class="board-alone">{problem.value}</main>;
  const told = hunt.value;
  const frozen = shown.value?.frozen ?? false;
  const isHeld = frozen && isOver(phase.value);
  // Before the start the way in is all that matters.
  const isOpening = phase.value === "draft";
  return (
    <main class="board">
      <header class="board-head">
        <RehearsalBand of={told?.rehearsalOf} text={t("rehearsalBand")} />
        <Picture at={told?.look?.logo} name="logo" />
        <h1>
          <bdi>{told?.title ?? t("loading")}</bdi>
        </h1>
        <Clock />
      </header>
      <div class="board-state">
        <p role="status">
          {!connected.value && shown.value ? (
            <span class="lost">{t("lost")}</span>
          ) : isHeld ? (
            <span>{t("held")}</span>
          ) : frozen && told?.freeze ? (
            <span>{t("frozen", { time: clock(told.freeze) })}</span>
          ) : (
            <span>{t("teams", { count: total.value })}</span>
          )}
        </p>
        {told?.brackets && <Brackets brackets={told.brackets} />}
        <Legal
          hunt={told}
          texts={{ imprint: t("imprint"), privacy: t("privacyLink") }}
          pageAt={(page) => `/play/${encoded(id)}#page/${page}`}
        />
        <Settings language={t("language")} appearance={t("appearance")} />
      </div>
      <NewsOfNow />
      <Places />
      <aside class="board-side">
        {hidden.value !== undefined ? (
          // What is being revealed on the left must not stand on the right.
          <Stage />
        ) : isOpening ? (
          <>
            <Cover at={told?.look?.cover} />
            <Join isLarge />
          </>
        ) : (
          <>
            <section class="panel panel-graph">
              <Graph hunt={id} rows={rows.value} />
            </section>
            <LastSolves />
          </>
        )}
        {hidden.value === undefined && !isOpening && (
          <footer class="board-foot">
            {!isOver(phase.value) ? (
              <Join />
            ) : isHeld ? (
              <Release hunt={id} />
            ) : (
              rows.value.length > 0 && (
                <>
                  <button type="button" class="quiet" onClick={() => begin(rows.value.length)}>
                    {t("reveal")}
                  </button>
                  <button type="button" class="quiet" onClick={() => void printPlaces()}>
                    {t("print")}
                  </button>
                  <span role="status">{paperProblem.value}</span>
                </>
              )
            )}
          </footer>
        )}
      </aside>
    </main>
  );
}

/** What the organisers told everybody last. */
function NewsOfNow() {
  const told = newsAt(now.value);
  return (
    <div class="board-news" role="status" aria-label={t("news")}>
      {told && <Markdown key={told.id} text={told.text} typed />}
    </div>
  );
}

function LastSolves() {
  const total = hunt.value?.clueCount;
  return (
    <section class="panel panel-solves" aria-labelledby="solves">
      <h2 id="solves">{t("lastSolves")}</h2>
      <ol class="solves">
        {solves.value.map(({ team, name, at, solves: count, points }) => (
          <li key={`${team}${at}`}>
            <bdi class="name" title={name}>
              {name}
            </bdi>
            <span class="solved number">
              {total === undefined ? number(count) : t("solvedOf", { solved: count, total })}
              {points !== undefined && <strong> {t("points", { points })}</strong>}
            </span>
            <time class="number" dateTime={at}>
              {ago(now.value - Date.parse(at))}
            </time>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The place that was revealed last, for the back rows. */
function Stage() {
  const place = (hidden.value ?? 0) + 1;
  // Nothing was revealed yet where the first place that is not hidden never was.
  const entry = place > PLACES ? undefined : rows.value.find(({ rank }) => rank === place);
  return (
    <section class="panel stage" aria-live="polite">
      {entry && (
        <div
          key={place}
          class={`staged staged-${place} ${entry.team.name.length > LONG_NAME ? "staged-long" : ""}`}
        >
          <p class="staged-place number">{number(place)}</p>
          <h2>
            <bdi>{entry.team.name}</bdi>
          </h2>
          <p class="number">{t("staged", { score: entry.score, count: entry.solves })}</p>
        </div>
      )}
    </section>
  );
}

/** What the hunt looks like, for who has just come in. */
function Cover({ at }: { at: string | undefined }) {
  if (at === undefined) return null;
  return (
    <div class="board-cover">
      <Picture at={at} name="cover" />
    </div>
  );
}

/** The way in, for whoever sees the screen. */
function Join({ isLarge = false }: { isLarge?: boolean }) {
  const path = `/play/${encoded(id)}`;
  const picture = useQrCode(location.origin + path);
  return (
    <div class={isLarge ? "board-join board-join-large" : "board-join"}>
      <div ref={picture} class="board-qr" aria-hidden="true" />
      <p>
        {t("joinAt")} <strong dir="ltr">{location.host + path}</strong>
      </p>
    </div>
  );
}

function Clock() {
  const { opens, closes } = hunt.value ?? {};
  const at = phase.value === "draft" ? opens : isOver(phase.value) ? undefined : closes;
  const label =
    phase.value === "draft"
      ? t(opens ? "beginsIn" : "waiting")
      : isOver(phase.value)
        ? t("ended")
        : phase.value === "paused"
          ? t("paused")
          : t(closes ? "endsIn" : "live");
  return (
    <p class="board-clock">
      <span>{label}</span>
      {at && <strong class="number">{countdown(Date.parse(at) - now.value)}</strong>}
    </p>
  );
}

startTheme();
if (device.recall("theme") === undefined) document.documentElement.dataset.theme = "dark";
await startI18n(en, { de: async () => de, ar: async () => ar });
const root = document.getElementById("app");
if (!root) throw new Error("the page has no place for the board");
if (id === "") location.replace("/");
recallReveal(id);
recallNews(id);
render(
  <>
    <Board />
    <Paper />
  </>,
  root,
);
watch();
// And anew in each language that is chosen.
locale.subscribe(() => void readHunt());
// The end may be moved, and a first look may have failed.
setInterval(() => void readHunt(), HUNT_EVERY);
setInterval(() => void readBracket(), BRACKET_EVERY);
setInterval(turn, PAGE_EVERY);
setInterval(tick, 500);
window.addEventListener("keydown", (event) => {
  if (
    (event.key === " " || event.key === "ArrowDown") &&
    hidden.value !== undefined &&
    !(event.target instanceof HTMLButtonElement)
  ) {
    event.preventDefault();
    next();
  }
});
