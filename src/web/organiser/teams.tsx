/** Teams: find one, and do something about it. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Phase } from "../../contract/basics.ts";
import type { Stats } from "../../contract/data.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { Returned } from "../../contract/sessions.ts";
import type { TeamRow, Teams } from "../../contract/teams.ts";
import { clock, number, t } from "../shared/i18n.ts";
import { Name } from "../shared/name.tsx";
import { encoded } from "../shared/outside.ts";
import { askFor, type Field } from "./dialog.tsx";
import { MadeTeams } from "./made-teams.tsx";
import { ask, attempt, huntPath, loaded, may, useLoaded } from "./state.ts";
import { TableFile } from "./table-file.tsx";
import { ToldAt } from "./told.tsx";
import { Viewed, viewAs } from "./view-as.tsx";

/** Teams asked for at once. */
const PAGE = 200;

const teams = signal<readonly TeamRow[] | undefined>(undefined);
const cursor = signal<string | undefined>(undefined);
const wanted = signal("");
const stats = loaded<Stats>();
const about = loaded<Hunt>();

/** How long nothing is typed before the engine looks for it, ms. */
const PAUSE = 250;

/** Pages shown at most after something was done: who looked further looks again. */
const PAGES_KEPT = 5;

/** Teams that a player can be moved to are offered up to so many; of more the id is asked for. */
const TEAMS_OFFERED = 500;

/** What an older search found comes too late. */
let newest = 0;

/** `pages`: how many, as far as there are. */
async function read(hunt: string, from?: string, pages = 1): Promise<void> {
  newest += 1;
  const own = newest;
  const search = encoded(wanted.value.trim());
  await attempt("teams", "", async () => {
    let found = from === undefined ? [] : (teams.value ?? []);
    let next = from;
    for (let count = 0; count < pages; count += 1) {
      const query = `/teams?limit=${PAGE}&search=${search}${next === undefined ? "" : `&cursor=${next}`}`;
      const page = await ask<Teams>(huntPath(hunt, query));
      if (own !== newest) return;
      found = [...found, ...page.teams];
      next = page.cursor;
      if (next === undefined) break;
    }
    teams.value = found;
    cursor.value = next;
  });
}

/** Their names; for a role that may not know these, how many they are. */
function playersOf({ members }: TeamRow): string {
  const names = members.flatMap(({ name, captain }) =>
    name === undefined ? [] : captain ? t("captainOf", { name }) : name,
  );
  return names.length === 0 ? number(members.length) : names.join(", ");
}

/** `search`: what is looked for at first. */
export function TeamsView({ hunt, phase, search }: { hunt: string; phase: Phase; search: string }) {
  /** From `final` on what would move a place is refused. */
  const mayCorrect = (route: string): boolean => phase !== "final" && may(route, hunt);
  useLoaded(stats, huntPath(hunt, "/stats"), 0);
  useLoaded(about, huntPath(hunt), 0);
  const typing = useRef(0);
  useEffect(() => {
    teams.value = undefined;
    wanted.value = search;
    void read(hunt);
  }, [hunt, search]);
  const shown = teams.value ?? [];
  const clues = (stats.value.value?.clues ?? []).map(({ clue, title }) => ({ value: clue, label: title }));
  const reason: Field = { name: "reason", label: t("reason") };
  const brackets = about.value.value?.brackets ?? [];
  const again = (): Promise<void> =>
    read(hunt, undefined, Math.min(PAGES_KEPT, Math.ceil(Math.max(1, shown.length) / PAGE)));
  const bracketOf = (id: string): string => brackets.find((each) => each.id === id)?.title ?? id;
  const alter = async (team: TeamRow): Promise<void> => {
    const values = await askFor(t("alterTeam"), team.name, [
      { name: "name", label: t("newName"), required: false },
      ...(brackets.length > 0 && phase !== "final"
        ? [
            {
              name: "bracket",
              label: t("bracket"),
              required: false,
              options: [
                { value: "", label: t("asItIs") },
                ...brackets.map(({ id, title }) => ({ value: id, label: title })),
              ],
            },
          ]
        : []),
      reason,
    ]);
    if (!values) return;
    const { name = "", bracket = "" } = values;
    const json = {
      ...(name.trim() === "" ? {} : { name: name.trim() }),
      ...(bracket === "" ? {} : { bracket }),
      reason: values.reason,
    };
    const text = t("doneTo", { action: t("alterTeam"), team: team.name });
    const path = huntPath(hunt, `/teams/${encoded(team.id)}`);
    if (await attempt(`team/${team.id}`, text, () => ask(path, { method: "PATCH", json }))) await again();
  };
  const remove = async (team: TeamRow): Promise<void> => {
    const values = await askFor(t("removePlayer"), team.name, [
      {
        name: "player",
        label: t("player"),
        options: team.members.map(({ id, name = id }) => ({ value: id, label: name })),
      },
      reason,
    ]);
    if (!values) return;
    const text = t("doneTo", { action: t("removePlayer"), team: team.name });
    const path = `/teams/${encoded(team.id)}/members/${encoded(values.player ?? "")}?reason=${encoded(values.reason ?? "")}`;
    const done = await attempt(`team/${team.id}`, text, () =>
      ask(huntPath(hunt, path), { method: "DELETE" }),
    );
    if (done) await again();
  };
  /** Also one who left. */
  const forget = async (team: TeamRow): Promise<void> => {
    const values = await askFor(
      t("forgetPlayer"),
      t("forgetPlayerText"),
      [
        {
          name: "player",
          label: t("player"),
          options: [
            ...team.members.map(({ id, name = id }) => ({ value: id, label: name })),
            ...(team.former ?? []).map(({ id, name = id }) => ({ value: id, label: t("hasLeft", { name }) })),
          ],
        },
        reason,
      ],
      t("forgetPlayerGo"),
    );
    if (!values) return;
    const { player = "", reason: why } = values;
    const text = t("doneTo", { action: t("forgetPlayer"), team: team.name });
    const path = huntPath(hunt, `/teams/${encoded(team.id)}/members/${encoded(player)}/forget`);
    if (await attempt(`team/${team.id}`, text, () => ask(path, { json: { reason: why } }))) await again();
  };
  /** Asks for another team; undefined: the teams could not be asked for. */
  const otherTeam = async (team: TeamRow, name: string, label: string): Promise<Field | undefined> => {
    let others: readonly TeamRow[] | undefined;
    await attempt(`team/${team.id}`, "", async () => {
      const page = await ask<Teams>(huntPath(hunt, `/teams?limit=${TEAMS_OFFERED}`));
      others = page.cursor === undefined ? page.teams.filter(({ id }) => id !== team.id) : [];
    });
    if (!others) return undefined;
    const options = others.map((other) => ({ value: other.id, label: other.name }));
    return options.length > 0 ? { name, label, options } : { name, label: t("moveToId"), kind: "id" };
  };
  const merge = async (team: TeamRow): Promise<void> => {
    const into = await otherTeam(team, "into", t("mergeInto"));
    if (!into) return;
    const text = `${team.name}: ${t("mergeText")}`;
    const json = await askFor(t("mergeTeam"), text, [into, reason], t("mergeDo"));
    if (!json) return;
    const done = t("doneTo", { action: t("mergeTeam"), team: team.name });
    const path = `/teams/${encoded(team.id)}/merge`;
    // Its own row is gone.
    if (await attempt("teams", done, () => ask(huntPath(hunt, path), { json }))) await again();
  };
  const move = async (team: TeamRow): Promise<void> => {
    const to = await otherTeam(team, "to", t("moveTo"));
    if (!to) return;
    const values = await askFor(t("movePlayer"), team.name, [
      {
        name: "player",
        label: t("player"),
        options: team.members.map(({ id, name = id }) => ({ value: id, label: name })),
      },
      to,
      reason,
    ]);
    if (!values) return;
    const { player = "", ...json } = values;
    const text = t("doneTo", { action: t("movePlayer"), team: team.name });
    const path = `/teams/${encoded(team.id)}/members/${encoded(player)}/move`;
    if (await attempt(`team/${team.id}`, text, () => ask(huntPath(hunt, path), { json }))) await again();
  };
  const act = async (
    team: TeamRow,
    action: string,
    path: string,
    fields: readonly Field[] = [],
  ): Promise<void> => {
    const values = await askFor(t(action), team.name, [...fields, reason]);
    if (!values) return;
    const json = { ...values, ...(values.points === undefined ? {} : { points: Number(values.points) }) };
    const place = `team/${team.id}`;
    const text = t("doneTo", { action: t(action), team: team.name });
    const done = await attempt(place, text, () =>
      ask(huntPath(hunt, `/teams/${encoded(team.id)}/${path}`), { json }),
    );
    if (done) await again();
  };
  const message = async (team: TeamRow): Promise<void> => {
    const label = t("messageText", { team: team.name });
    const values = await askFor(t("message"), team.name, [{ name: "text", label, kind: "lines" }], t("send"));
    if (!values) return;
    const json = { text: values.text, to: { teams: [team.id] } };
    const text = t("doneTo", { action: t("message"), team: team.name });
    await attempt(`team/${team.id}`, text, () => ask(huntPath(hunt, "/announcements"), { json }));
  };
  const clueField: Field = {
    name: "clue",
    label: t("clue"),
    // Without the list, by its id.
    ...(clues.length > 0 ? { options: clues } : {}),
  };
  const countSolved = async (team: TeamRow): Promise<void> => {
    const text = t("countSolvedText", { team: team.name });
    const at: Field = { name: "at", label: t("solvedAt"), kind: "time", required: false };
    const values = await askFor(t("countSolved"), text, [clueField, at, reason]);
    if (!values) return;
    const { at: local = "", ...rest } = values;
    const json = { ...rest, ...(local === "" ? {} : { at: new Date(local).toISOString() }) };
    await correct(team, "countSolved", "solves", json);
  };
  const takeSolveBack = async (team: TeamRow): Promise<void> => {
    const text = t("takeSolveBackText", { team: team.name });
    const values = await askFor(t("takeSolveBack"), text, [clueField, reason]);
    if (!values) return;
    const { clue = "", ...json } = values;
    await correct(team, "takeSolveBack", `solves/${encoded(clue)}/undo`, json);
  };
  const giveTries = async (team: TeamRow): Promise<void> => {
    const one: Field = {
      name: "clue",
      label: t("giveTriesClue"),
      required: false,
      ...(clues.length > 0 ? { options: [{ value: "", label: "–" }, ...clues] } : {}),
    };
    const values = await askFor(t("giveTries"), t("giveTriesText", { team: team.name }), [one, reason]);
    if (!values) return;
    const { clue = "", ...json } = values;
    await correct(team, "giveTries", "attempts/reset", { ...json, ...(clue === "" ? {} : { clue }) });
  };
  const correct = async (team: TeamRow, action: string, path: string, json: object): Promise<void> => {
    const done = await attempt(`team/${team.id}`, t("doneTo", { action: t(action), team: team.name }), () =>
      ask(huntPath(hunt, `/teams/${encoded(team.id)}/${path}`), { json }),
    );
    if (done) await again();
  };
  /** For a member who lost everything: the code is shown once, to be told to that person alone. */
  const giveWayBack = async (team: TeamRow): Promise<void> => {
    const options = team.members.map(({ id, name = id }) => ({ value: id, label: name }));
    const values = await askFor(
      t("wayBack"),
      t("wayBackText"),
      [{ name: "player", label: t("wayBackFor"), options }, reason],
      t("wayBackGive"),
    );
    if (!values) return;
    const { player = "", reason: why } = values;
    let given: Returned | undefined;
    await attempt(`team/${team.id}`, t("doneTo", { action: t("wayBack"), team: team.name }), async () => {
      const path = `/teams/${encoded(team.id)}/members/${encoded(player)}/return`;
      given = await ask<Returned>(huntPath(hunt, path), { json: { reason: why } });
    });
    if (!given) return;
    const name = options.find(({ value }) => value === player)?.label ?? "";
    const code = (
      <span class="way-back">
        {t("wayBackGiven", { player: name })} <code dir="ltr">{given.returnCode}</code>
      </span>
    );
    await askFor(t("wayBack"), code, [], t("wayBackTold"));
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
      <ToldAt place="teams" />
      <TableFile hunt={hunt} table="players" />
      <Viewed hunt={hunt} />
      <MadeTeams hunt={hunt} done={() => void read(hunt)} />
      {shown.length === 0 && (
        <p class="soft">
          {t(teams.value === undefined ? "loading" : wanted.value === "" ? "noTeams" : "noneFound")}
        </p>
      )}
      <div class="scroll">
        <table class="stacked">
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
              <th scope="col">{t("actions")}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((team) => (
              <tr key={team.id}>
                <td class="number" data-label={t("rank")}>
                  {team.rank === undefined ? "" : number(team.rank)}
                </td>
                <th scope="row" class="name-cell">
                  <Name text={team.name} />
                  <span class="soft id">
                    <code dir="ltr">{team.id}</code>
                  </span>
                  {team.bracket !== undefined && <span class="soft">{bracketOf(team.bracket)}</span>}
                  {team.banned && <span class="phase phase-ended">{t("banned")}</span>}
                  {team.hidden && <span class="phase phase-paused">{t("hidden")}</span>}
                  {may("GET /v1/hunts/{hunt}/facts", hunt) && (
                    <a class="small" href={`#${encoded(hunt)}/feed/${encoded(team.id)}`}>
                      {t("timeline")}
                    </a>
                  )}
                </th>
                <td class="name-cell" data-label={t("members")}>
                  <Name text={playersOf(team)} />
                  {team.members.length > 0 &&
                    may("POST /v1/hunts/{hunt}/teams/{team}/members/{player}/return", hunt) && (
                      <button type="button" class="quiet small" onClick={() => void giveWayBack(team)}>
                        {t("wayBack")}
                      </button>
                    )}
                </td>
                <td class="number" data-label={t("solves")}>
                  {number(team.solves)}
                </td>
                <td class="number" data-label={t("score")}>
                  {number(team.score)}
                </td>
                <td class="whole" data-label={t("joined")}>
                  {clock(team.joinedAt)}
                </td>
                <td class="line">
                  <div class="row actions">
                    {may("POST /v1/hunts/{hunt}/teams/{team}/view", hunt) && (
                      <button
                        type="button"
                        class="quiet"
                        onClick={() => void viewAs(hunt, team, `team/${team.id}`)}
                      >
                        {t("viewAs")}
                      </button>
                    )}
                    {may("POST /v1/hunts/{hunt}/announcements", hunt) && (
                      <button type="button" class="quiet" onClick={() => void message(team)}>
                        {t("message")}
                      </button>
                    )}
                    {mayCorrect("POST /v1/hunts/{hunt}/teams/{team}/awards") && (
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
                    )}
                    {mayCorrect("POST /v1/hunts/{hunt}/teams/{team}/unlocks") && (
                      <button
                        type="button"
                        class="quiet"
                        onClick={() => void act(team, "openClue", "unlocks", [clueField])}
                      >
                        {t("openClue")}
                      </button>
                    )}
                    {mayCorrect("POST /v1/hunts/{hunt}/teams/{team}/solves") && (
                      <button type="button" class="quiet" onClick={() => void countSolved(team)}>
                        {t("countSolved")}
                      </button>
                    )}
                    {team.solves > 0 &&
                      mayCorrect("POST /v1/hunts/{hunt}/teams/{team}/solves/{clue}/undo") && (
                        <button type="button" class="quiet" onClick={() => void takeSolveBack(team)}>
                          {t("takeSolveBack")}
                        </button>
                      )}
                    {mayCorrect("POST /v1/hunts/{hunt}/teams/{team}/attempts/reset") && (
                      <button type="button" class="quiet" onClick={() => void giveTries(team)}>
                        {t("giveTries")}
                      </button>
                    )}
                    {may("PATCH /v1/hunts/{hunt}/teams/{team}", hunt) && (
                      <button type="button" class="quiet" onClick={() => void alter(team)}>
                        {t("alterTeam")}
                      </button>
                    )}
                    {team.members.length > 0 &&
                      mayCorrect("DELETE /v1/hunts/{hunt}/teams/{team}/members/{player}") && (
                        <button type="button" class="quiet" onClick={() => void remove(team)}>
                          {t("removePlayer")}
                        </button>
                      )}
                    {team.members.length + (team.former?.length ?? 0) > 0 &&
                      may("POST /v1/hunts/{hunt}/teams/{team}/members/{player}/forget", hunt) && (
                        <button type="button" class="quiet" onClick={() => void forget(team)}>
                          {t("forgetPlayer")}
                        </button>
                      )}
                    {team.members.length > 0 &&
                      mayCorrect("POST /v1/hunts/{hunt}/teams/{team}/members/{player}/move") && (
                        <button type="button" class="quiet" onClick={() => void move(team)}>
                          {t("movePlayer")}
                        </button>
                      )}
                    {mayCorrect("POST /v1/hunts/{hunt}/teams/{team}/merge") && (
                      <button type="button" class="quiet" onClick={() => void merge(team)}>
                        {t("mergeTeam")}
                      </button>
                    )}
                    {mayCorrect("POST /v1/hunts/{hunt}/teams/{team}/hide") && (
                      <button
                        type="button"
                        class="quiet"
                        onClick={() =>
                          void act(team, team.hidden ? "show" : "hide", team.hidden ? "show" : "hide")
                        }
                      >
                        {t(team.hidden ? "show" : "hide")}
                      </button>
                    )}
                    {mayCorrect("POST /v1/hunts/{hunt}/teams/{team}/ban") && (
                      <button
                        type="button"
                        class="quiet"
                        onClick={() =>
                          void act(team, team.banned ? "unban" : "ban", team.banned ? "unban" : "ban")
                        }
                      >
                        {t(team.banned ? "unban" : "ban")}
                      </button>
                    )}
                  </div>
                  <ToldAt place={`team/${team.id}`} />
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
