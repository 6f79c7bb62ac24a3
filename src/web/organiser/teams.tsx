/** Teams: find one, and do something about it. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Stats } from "../../contract/data.ts";
import type { TeamRow, Teams } from "../../contract/teams.ts";
import { clock, number, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { askFor, type Field } from "./dialog.tsx";
import { ask, attempt, huntPath, loaded, told, useLoaded } from "./state.ts";

/** Teams asked for at once. */
const PAGE = 200;

const teams = signal<readonly TeamRow[] | undefined>(undefined);
const cursor = signal<string | undefined>(undefined);
const wanted = signal("");
const stats = loaded<Stats>();

/** How long nothing is typed before the engine looks for it, ms. */
const PAUSE = 250;

/** Pages shown at most after something was done: who looked further looks again. */
const PAGES_KEPT = 5;

/** The answer to an older search comes too late. */
let newest = 0;

/** `pages`: how many, as far as there are. */
async function read(hunt: string, from?: string, pages = 1): Promise<void> {
  newest += 1;
  const own = newest;
  const search = encoded(wanted.value.trim());
  await attempt("", async () => {
    let found = from === undefined ? [] : (teams.value ?? []);
    let next = from;
    for (let page = 0; page < pages; page += 1) {
      const query = `/teams?limit=${PAGE}&search=${search}${next === undefined ? "" : `&cursor=${next}`}`;
      const told = await ask<Teams>(huntPath(hunt, query));
      if (own !== newest) return;
      found = [...found, ...told.teams];
      next = told.cursor;
      if (next === undefined) break;
    }
    teams.value = found;
    cursor.value = next;
  });
}

/** `search`: what is looked for at first. */
export function TeamsView({ hunt, search }: { hunt: string; search: string }) {
  useLoaded(stats, huntPath(hunt, "/stats"), 0);
  const typing = useRef(0);
  useEffect(() => {
    teams.value = undefined;
    wanted.value = search;
    void read(hunt);
  }, [hunt, search]);
  const shown = teams.value ?? [];
  const clues = (stats.value.value?.clues ?? []).map(({ clue, title }) => ({ value: clue, label: title }));
  const reason: Field = { name: "reason", label: t("reason") };
  const act = async (
    team: TeamRow,
    action: string,
    path: string,
    fields: readonly Field[] = [],
  ): Promise<void> => {
    const values = await askFor(t(action), team.name, [...fields, reason]);
    if (!values) return;
    const json = { ...values, ...(values.points === undefined ? {} : { points: Number(values.points) }) };
    const done = await attempt(t("done"), () =>
      ask(huntPath(hunt, `/teams/${encoded(team.id)}/${path}`), { json }),
    );
    if (done) {
      await read(hunt, undefined, Math.min(PAGES_KEPT, Math.ceil(Math.max(1, shown.length) / PAGE)));
      told.value = { good: true, text: t("done") };
    }
  };
  return (
    <section class="stack">
      <label>
        {t("search")}
        <input
          type="search"
          value={wanted.value}
          maxLength={80}
          onInput={(event) => {
            wanted.value = event.currentTarget.value;
            window.clearTimeout(typing.current);
            typing.current = window.setTimeout(() => void read(hunt), PAUSE);
          }}
        />
      </label>
      {shown.length === 0 && (
        <p class="soft">
          {t(teams.value === undefined ? "loading" : wanted.value === "" ? "noTeams" : "noneFound")}
        </p>
      )}
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">
                {t("rank")}
              </th>
              <th scope="col">{t("team")}</th>
              <th scope="col">{t("members")}</th>
              <th scope="col" class="number">
                {t("solves")}
              </th>
              <th scope="col" class="number">
                {t("score")}
              </th>
              <th scope="col">{t("joined")}</th>
              <th scope="col">{t("what")}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((team) => (
              <tr key={team.id}>
                <td class="number">{team.rank === undefined ? "" : number(team.rank)}</td>
                <th scope="row">
                  <bdi>{team.name}</bdi>
                  <br />
                  <code class="soft" dir="ltr">
                    {team.id}
                  </code>
                  {team.banned && <span class="phase phase-ended">{t("banned")}</span>}
                  {team.hidden && <span class="phase phase-paused">{t("hidden")}</span>}
                </th>
                <td>{team.members.map(({ name }) => name).join(", ")}</td>
                <td class="number">{number(team.solves)}</td>
                <td class="number">{number(team.score)}</td>
                <td>{clock(team.joinedAt)}</td>
                <td>
                  <div class="row actions">
                    <button
                      type="button"
                      class="quiet"
                      onClick={() =>
                        void act(team, "award", "awards", [
                          { name: "points", label: t("awardPoints"), kind: "number" },
                        ])
                      }
                    >
                      {t("award")}
                    </button>
                    <button
                      type="button"
                      class="quiet"
                      onClick={() =>
                        void act(team, "openClue", "unlocks", [
                          { name: "clue", label: t("clue"), options: clues },
                        ])
                      }
                    >
                      {t("openClue")}
                    </button>
                    <button
                      type="button"
                      class="quiet"
                      onClick={() =>
                        void act(team, team.hidden ? "show" : "hide", team.hidden ? "show" : "hide")
                      }
                    >
                      {t(team.hidden ? "show" : "hide")}
                    </button>
                    <button
                      type="button"
                      class="quiet"
                      onClick={() =>
                        void act(team, team.banned ? "unban" : "ban", team.banned ? "unban" : "ban")
                      }
                    >
                      {t(team.banned ? "unban" : "ban")}
                    </button>
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {cursor.value !== undefined && (
        <button type="button" class="quiet" onClick={() => void read(hunt, cursor.value)}>
          {t("more")}
        </button>
      )}
    </section>
  );
}
