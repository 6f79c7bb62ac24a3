/** Teams before anybody comes: a list in, their codes out, as a file and as a sheet to print. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { csvOf } from "../../contract/csv.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { TeamsMade } from "../../contract/team.ts";
import { t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { save } from "../shared/save.ts";
import { isLocal, Sheets, SIX } from "./sheets.tsx";
import { ask, attempt, huntPath, loaded, useLoaded } from "./state.ts";
import { ToldAt } from "./told.tsx";

/** Longest list the engine takes, bytes. */
const LIST_MAX = 262_144;

const made = signal<TeamsMade | undefined>(undefined);
const list = signal("");
const dressed = loaded<Hunt>();

const linkOf = (hunt: string, code: string): string =>
  `${location.origin}/play/${encoded(hunt)}?join=${encoded(code)}`;

const tableOf = (hunt: string, teams: TeamsMade["teams"]): string =>
  csvOf([
    ["name", "code", "link"],
    ...teams.map(({ name, joinCode }) => [name, joinCode, linkOf(hunt, joinCode)]),
  ]);

async function readFile(file: File | undefined): Promise<void> {
  if (file && file.size <= LIST_MAX) list.value = await file.text();
}

/** `done`: the list of teams is to be read again. */
export function MadeTeams({ hunt, done }: { hunt: string; done: () => void }) {
  useEffect(() => {
    made.value = undefined;
    list.value = "";
  }, [hunt]);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    const body = /^\s*"?(?:name|bracket)"?\s*(?:,|$)/im.test(list.value.split("\n")[0] ?? "")
      ? list.value
      : `name,bracket\n${list.value}`;
    const sent = await attempt("made-teams", t("teamsMade"), async () => {
      made.value = await ask<TeamsMade>(huntPath(hunt, "/teams"), { method: "PUT", body, type: "text/csv" });
    });
    if (sent) done();
  };
  const told = made.value;
  useLoaded(dressed, huntPath(hunt), 0);
  const { title, look = {} } = dressed.value.value ?? {};
  return (
    <>
      <details class="card no-print">
        <summary>{t("makeTeams")}</summary>
        <form class="stack" onSubmit={(event) => void send(event)}>
          <label>
            {t("makeTeamsList")}
            <textarea
              required
              rows={6}
              maxLength={LIST_MAX}
              value={list.value}
              onInput={(event) => {
                list.value = event.currentTarget.value;
              }}
            />
          </label>
          <label>
            {t("makeTeamsFile")}
            <input
              type="file"
              accept=".csv,text/csv,text/plain"
              onChange={(event) => void readFile(event.currentTarget.files?.[0])}
            />
          </label>
          <button type="submit">{t("makeTeams")}</button>
        </form>
        <ToldAt place="made-teams" />
        {told && (
          <div class="stack" role="status">
            <p class="number">{t("madeCounts", { created: told.created, existing: told.existing })}</p>
            {told.rejected.length > 0 && (
              <ul>
                {told.rejected.map(({ line, message }) => (
                  <li key={`${line}${message}`}>{t("madeRejected", { line, message })}</li>
                ))}
              </ul>
            )}
            {told.teams.length > 0 && (
              <div class="row">
                {isLocal(location.origin) && <p class="note bad">{t("codesLocal")}</p>}
                <button
                  type="button"
                  class="quiet"
                  onClick={() =>
                    save(new Blob([tableOf(hunt, told.teams)], { type: "text/csv" }), `${hunt}-teams.csv`)
                  }
                >
                  {t("saveCodes")}
                </button>
                <button type="button" class="quiet" onClick={() => window.print()}>
                  {t("print")}
                </button>
              </div>
            )}
          </div>
        )}
      </details>
      {told && told.teams.length > 0 && (
        <div class="team-sheet">
          <Sheets
            cards={told.teams.map(({ id, name, joinCode }) => ({
              id,
              title: name,
              about: name,
              scanned: linkOf(hunt, joinCode),
              code: joinCode,
            }))}
            hunt={title}
            look={look}
            say={t("teamCardSays")}
            perPage={SIX}
          />
        </div>
      )}
    </>
  );
}
