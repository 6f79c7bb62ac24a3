/** The big screen: `/board/{hunt}`. Needs no token. */

import type { Phase } from "../../contract/basics.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { BoardFrame } from "../../contract/live.ts";
import type { Entry } from "../../contract/standings.ts";
import "../shared/theme.css";
import "./board.css";
import { computed, signal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { call, huntOfPage, huntPath, Problem } from "../shared/api.ts";
import { device } from "../shared/device.ts";
import { ago, clock, countdown, number, startI18n, t } from "../shared/i18n.ts";
import { openLive } from "../shared/live.ts";
import { encoded } from "../shared/outside.ts";
import { Settings, startTheme } from "../shared/settings.tsx";
import { colourOf, Graph } from "./graph.tsx";
import { ar, de, en } from "./messages.ts";
import { Gliding } from "./places.ts";
import { applyFrame, newSolves, type Shown, type SolveNote } from "./standings.ts";

/** Rows and solves on the screen. */
const ROWS = 15;
const SOLVES = 6;
/** Time between looks at the hunt itself, ms. */
const HUNT_EVERY = 20_000;
/** Up to so many rows are drawn larger. */
const FEW = 8;

const hunt = signal<Hunt | undefined>(undefined);
const phase = signal<Phase>("draft");
const shown = signal<Shown | undefined>(undefined);
const solves = signal<readonly SolveNote[]>([]);
const connected = signal(false);
const problem = signal("");
const now = signal(Date.now());
/** Places still hidden while they are revealed from the last on; undefined: nothing is being revealed. */
const hidden = signal<number | undefined>(undefined);

const rows = computed<readonly Entry[]>(() => (shown.value?.rows ?? []).slice(0, ROWS));

const id = huntOfPage();
let skew = 0;
/** The socket tells phases as they are; the hunt's own route may be some seconds behind. */
let phaseTold = false;

async function readHunt(): Promise<void> {
  try {
    const told = await call<Hunt>(huntPath(id));
    if (!phaseTold) phase.value = told.phase;
    hunt.value = told;
    document.title = told.title;
    skew = Date.parse(told.serverTime) - Date.now();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === "not_found") problem.value = t("missing");
  }
}

function heard(frame: BoardFrame): void {
  const before = shown.value;
  const after = applyFrame(before, frame);
  if (!after) {
    socket.close();
    socket = watch();
    return;
  }
  if (before) solves.value = [...newSolves(before.rows, after.rows), ...solves.value].slice(0, SOLVES);
  else {
    solves.value = newSolves([], after.rows).slice(0, SOLVES);
  }
  // The end of a freeze is a moment for the audience.
  if (before?.frozen && !after.frozen) hidden.value = Math.min(ROWS, after.rows.length);
  shown.value = after;
}

function watch() {
  let first = true;
  return openLive({
    path: async () => {
      const since = first ? undefined : shown.value?.position;
      first = false;
      return huntPath(id, since === undefined ? "/live" : `/live?since=${encoded(since)}`);
    },
    state: (open) => {
      connected.value = open;
    },
    frame: ({ leaderboard, phase: changed }) => {
      if (leaderboard && Array.isArray(leaderboard.entries)) heard(leaderboard as BoardFrame);
      if (changed) phaseTold = true;
      if (changed && changed !== phase.value) {
        phase.value = changed as Phase;
        void readHunt();
      }
    },
  });
}

/** The next place; after the first, back to the board. */
function reveal(): void {
  if (hidden.value === undefined) return;
  hidden.value = hidden.value > 0 ? hidden.value - 1 : undefined;
}

function Board() {
  if (problem.value !== "") return <main class="board-alone">{problem.value}</main>;
  const told = hunt.value;
  const frozen = shown.value?.frozen ?? false;
  return (
    <main class="board">
      <header class="board-head">
        <h1>
          <bdi>{told?.title ?? t("loading")}</bdi>
        </h1>
        <Clock />
      </header>
      <div class="board-state">
        <p role="status">
          {!connected.value && shown.value ? (
            <span class="lost">{t("lost")}</span>
          ) : frozen && told?.freeze ? (
            <span>{t("frozen", { time: clock(told.freeze) })}</span>
          ) : (
            <span>{t("teams", { count: shown.value?.total ?? 0 })}</span>
          )}
        </p>
        <Settings language={t("language")} appearance={t("appearance")} />
      </div>
      <Places />
      <aside class="board-side">
        {/* What is being revealed on the left must not stand on the right. */}
        {hidden.value === undefined ? (
          <>
            <section class="panel">
              <Graph hunt={id} rows={rows.value} />
            </section>
            <LastSolves />
          </>
        ) : (
          <Stage />
        )}
        <footer class="board-foot">
          {phase.value !== "ended" && <Join />}
          {phase.value === "ended" && hidden.value === undefined && rows.value.length > 0 && (
            <button
              type="button"
              class="quiet"
              onClick={() => {
                hidden.value = rows.value.length;
              }}
            >
              {t("reveal")}
            </button>
          )}
        </footer>
      </aside>
    </main>
  );
}

function LastSolves() {
  return (
    <section class="panel" aria-labelledby="solves">
      <h2 id="solves">{t("lastSolves")}</h2>
      <ol class="solves">
        {solves.value.map(({ team, name, at }) => (
          <li key={`${team}${at}`}>
            <bdi>{name}</bdi>
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
  const entry = rows.value.find(({ rank }) => rank === place);
  return (
    <section class="panel stage" aria-live="polite">
      {entry && (
        <div key={place} class={`staged staged-${place}`}>
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

/** The way in, for whoever sees the screen. */
function Join() {
  const picture = useRef<HTMLDivElement>(null);
  useEffect(() => {
    void import("uqr")
      .then(({ renderSVG }) => {
        if (picture.current)
          picture.current.innerHTML = renderSVG(`${location.origin}/play/${encoded(id)}`, { border: 2 });
      })
      // No network, or too long for a picture: the address beside it says the same.
      .catch(() => picture.current?.remove());
  }, []);
  return (
    <div class="board-join">
      <div ref={picture} class="board-qr" aria-hidden="true" />
      <p>
        {t("joinAt")} <strong dir="ltr">{`${location.host}/play/${encoded(id)}`}</strong>
      </p>
    </div>
  );
}

function Clock() {
  const { opens, closes } = hunt.value ?? {};
  const at = phase.value === "draft" ? opens : phase.value === "ended" ? undefined : closes;
  const label =
    phase.value === "draft"
      ? t(opens ? "beginsIn" : "waiting")
      : phase.value === "ended"
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

const gliding = new Gliding();

function Places() {
  const elements = useRef(new Map<string, HTMLElement>());
  useEffect(() => gliding.settle(elements.current));
  const concealed = hidden.value ?? 0;
  if (shown.value && rows.value.length === 0) return <p class="board-empty">{t("empty")}</p>;
  return (
    <section class="places-area">
      {hidden.value !== undefined && (
        <div class="row reveal">
          <button type="button" onClick={reveal}>
            {t(concealed > 0 ? "revealNext" : "revealDone")}
          </button>
          <button
            type="button"
            class="quiet"
            onClick={() => {
              hidden.value = undefined;
            }}
          >
            {t("revealAll")}
          </button>
          <span class="soft">{t("revealHint")}</span>
        </div>
      )}
      <table class={rows.value.length <= FEW ? "places places-few" : "places"}>
        <thead>
          <tr>
            <th scope="col" class="number">
              {t("rank")}
            </th>
            <th scope="col">{t("team")}</th>
            <th scope="col" class="number">
              {t("solves")}
            </th>
            <th scope="col" class="number">
              {t("score")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.value.map(({ rank, team, score, solves: solved }) => {
            const secret = rank <= concealed;
            return (
              <tr
                key={secret ? `hidden-${rank}` : team.id}
                class={secret ? "concealed" : `place-${rank}`}
                ref={(element) => {
                  if (secret) return;
                  if (element) elements.current.set(team.id, element);
                  else elements.current.delete(team.id);
                }}
              >
                <td class="number">
                  <Mark colour={hidden.value === undefined ? colourOf(rank) : undefined} />
                  {number(rank)}
                </td>
                <td>
                  <bdi>{secret ? "· · ·" : team.name}</bdi>
                </td>
                <td class="number">{secret ? "" : number(solved)}</td>
                <td class="number score">{secret ? "" : number(score)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** The colour of the team's line in the graph. */
function Mark({ colour }: { colour: string | undefined }) {
  return (
    <svg class="mark" viewBox="0 0 8 8" aria-hidden="true">
      {colour && <circle cx="4" cy="4" r="4" fill={colour} />}
    </svg>
  );
}

startTheme();
if (device.recall("theme") === undefined) document.documentElement.dataset.theme = "dark";
await startI18n(en, { de: async () => de, ar: async () => ar });
const root = document.getElementById("app");
if (!root) throw new Error("the page has no place for the board");
if (id === "") location.replace("/");
render(<Board />, root);
let socket = watch();
void readHunt();
// The end may be moved, and a first look may have failed.
setInterval(() => void readHunt(), HUNT_EVERY);
setInterval(() => {
  now.value = Date.now() + skew;
}, 500);
window.addEventListener("keydown", (event) => {
  if (
    (event.key === " " || event.key === "ArrowDown") &&
    hidden.value !== undefined &&
    !(event.target instanceof HTMLButtonElement)
  ) {
    event.preventDefault();
    reveal();
  }
});
