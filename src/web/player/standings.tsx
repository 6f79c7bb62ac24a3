/** The standings: the first places, and those around one's own team. */

import { useEffect, useState } from "preact/hooks";
import type { Entry } from "../../contract/standings.ts";
import { clock, number, t } from "../shared/i18n.ts";
import { Name } from "../shared/name.tsx";
import { isOver } from "../shared/over.ts";
import { TeamSolves } from "./solvers.tsx";
import { failure, hunt, phase, refreshStandings, session, shownBracket, standings } from "./state.ts";
import { problemText } from "./verdict.tsx";

/** Time between looks at the standings while they are shown, ms. */
const EVERY = 5_000;

export function Standings() {
  useEffect(() => {
    void refreshStandings();
    const timer = setInterval(() => document.visibilityState === "visible" && void refreshStandings(), EVERY);
    return () => clearInterval(timer);
  }, []);
  const shown = standings.value;
  const own = session.value?.team.id;
  const first = shown?.board.entries ?? [];
  const around = (shown?.around ?? []).filter(
    ({ team }) => !first.some((entry) => entry.team.id === team.id),
  );
  return (
    <section class="stack">
      <h1>{t("standings")}</h1>
      {shown?.board.frozen && <p class="note">{t(isOver(phase.value) ? "placesHeld" : "frozen")}</p>}
      {failure.value.standings ? (
        <p class="note" role="status">
          {problemText(failure.value.standings)}
        </p>
      ) : (
        !shown && <p class="soft">{t("loading")}</p>
      )}
      <Brackets />
      {shown && <Table rows={first} own={own} />}
      {around.length > 0 && <Table rows={around} own={own} />}
      {shown && <p class="soft small number">{t("asOf", { time: clock(shown.board.asOf) })}</p>}
    </section>
  );
}

/** The standings of all, or of one bracket. */
function Brackets() {
  const brackets = hunt.value?.brackets ?? [];
  if (brackets.length === 0) return null;
  const all = [{ id: "", title: t("allTeams") }, ...brackets];
  return (
    <fieldset class="choice">
      <legend class="visually-hidden">{t("bracket")}</legend>
      {all.map(({ id, title }) => (
        <label key={id}>
          <input
            type="radio"
            name="bracket"
            checked={shownBracket.value === id}
            onChange={() => {
              shownBracket.value = id;
              void refreshStandings();
            }}
          />
          <span>
            <bdi>{title}</bdi>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Table({ rows, own }: { rows: readonly Entry[]; own: string | undefined }) {
  const shows = hunt.value?.show?.solves === "names";
  return (
    <div class="standings">
      <table>
        <thead>
          <tr>
            <th class="number" scope="col">
              {t("rank")}
            </th>
            <th class="name-cell" scope="col">
              {t("team")}
            </th>
            <th class="number" scope="col">
              {t("score")}
            </th>
            <th class="number where-wide" scope="col">
              {t("solves")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ rank, team, score, solves }) => (
            <tr key={team.id} class={team.id === own ? "own" : undefined}>
              <td class="number">{number(rank)}</td>
              <td class="name-cell">
                {shows ? <TeamCell team={team} solves={solves} /> : <Name text={team.name} />}
                <span class="soft small where-narrow">{t("solvedCount", { count: solves })}</span>
              </td>
              <td class="number">{number(score)}</td>
              <td class="number where-wide">{number(solves)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The team's name, and what it has solved when it is opened. */
function TeamCell({ team, solves }: Pick<Entry, "team" | "solves">) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="tried" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary dir="auto">{team.name}</summary>
      {isOpen && <TeamSolves team={team.id} again={solves} />}
    </details>
  );
}
