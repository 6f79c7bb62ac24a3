/** Teams: find one, and do something about it. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { clock, number, t } from "../shared/i18n.ts";
import { askFor, type Field } from "./dialog.tsx";
import { ask, attempt, huntPath } from "./state.ts";

/** Teams asked for at once. */
const PAGE = 200;

interface Team {
  id: string;
  name: string;
  members: { id: string; name: string }[];
  score: number;
  solves: number;
  rank?: number;
  joinedAt: string;
  joinCode?: string;
  banned: boolean;
  hidden: boolean;
}

const teams = signal<readonly Team[]>([]);
const cursor = signal<string | undefined>(undefined);
const wanted = signal("");

async function read(hunt: string, from?: string): Promise<void> {
  await attempt("", async () => {
    const query = `/teams?limit=${PAGE}${from === undefined ? "" : `&cursor=${from}`}`;
    const page = await ask<{ teams: Team[]; cursor?: string }>(huntPath(hunt, query));
    teams.value = from === undefined ? page.teams : [...teams.value, ...page.teams];
    cursor.value = page.cursor;
  });
}

export function TeamsView({ hunt }: { hunt: string }) {
  useEffect(() => {
    teams.value = [];
    void read(hunt);
  }, [hunt]);
  const text = wanted.value.toLowerCase();
  const shown = teams.value.filter(
    ({ id, name, members }) =>
      id.includes(text) ||
      name.toLowerCase().includes(text) ||
      members.some((member) => member.name.toLowerCase().includes(text)),
  );
  const reason: Field = { name: "reason", label: t("reason") };
  const act = async (
    team: Team,
    action: string,
    path: string,
    fields: readonly Field[] = [],
  ): Promise<void> => {
    const values = await askFor(t(action), team.name, [...fields, reason]);
    if (!values) return;
    const json = { ...values, ...(values.points === undefined ? {} : { points: Number(values.points) }) };
    const done = await attempt(t("done"), () =>
      ask(huntPath(hunt, `/teams/${encodeURIComponent(team.id)}/${path}`), { json }),
    );
    if (done) {
      await read(hunt);
      await attempt(t("done"), async () => undefined);
    }
  };
  return (
    <section class="stack">
      <label>
        {t("search")}
        <input
          type="search"
          value={wanted.value}
          onInput={(event) => {
            wanted.value = event.currentTarget.value;
          }}
        />
      </label>
      {teams.value.length === 0 && <p class="soft">{t("noTeams")}</p>}
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
                        void act(team, "openClue", "unlocks", [{ name: "clue", label: t("clue") }])
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
