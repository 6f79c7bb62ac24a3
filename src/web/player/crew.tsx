/** The team's own hand: what its captain changes of it, and leaving it. */
import { signal } from "@preact/signals";
import type { Problem as Refused } from "../../contract/problem.ts";
import { call, huntPath, Problem } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { Name } from "../shared/name.tsx";
import { encoded } from "../shared/outside.ts";
import { leaveQuestion } from "./offers.tsx";
import { hunt, leave, me, refresh, session } from "./state.ts";

/** The refusals that have words of their own; all others have one. */
const WORDS = {
  conflict: "crewConflict",
  forbidden: "crewForbidden",
  invalid: "crewInvalid",
} as const satisfies Partial<Record<Refused["code"], string>>;

type Word = (typeof WORDS)[keyof typeof WORDS] | "crewFailed" | "crewDone";

/** What came of the last change, for everybody to see. */
const told = signal<Word | undefined>(undefined);
const busy = signal(false);

/** Longest name the engine takes, in UTF-16 units: it counts characters. */
const NAME_UNITS_MAX = 160;

const LEAVE = "/leave";

/** Changes the team; false: it was refused, and the page says why. */
async function change(path: string, request: { method?: string; json?: unknown } = {}): Promise<boolean> {
  const playing = session.value;
  if (!playing || busy.value) return false;
  busy.value = true;
  told.value = undefined;
  try {
    const method = request.method ?? "POST";
    await call(huntPath(playing.hunt, `/team${path}`), { ...request, method, token: playing.token });
    told.value = "crewDone";
    // Whoever left is nobody the engine knows.
    if (path !== LEAVE) await refresh();
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    told.value = Object.hasOwn(WORDS, error.code) ? WORDS[error.code as keyof typeof WORDS] : "crewFailed";
    // The page may show what is no longer so.
    await refresh();
    return false;
  } finally {
    busy.value = false;
  }
}

async function leaveTeam(team: string): Promise<void> {
  if (!confirm(`${leaveQuestion()} ${t("leaveTeamSure", { team })}`)) return;
  if (await change(LEAVE)) await leave();
}

/** Who is in the team, with what the captain may do about each. */
export function Members() {
  const team = me.value?.team;
  const own = me.value?.player.id;
  const isCaptain = team?.captain !== undefined && team.captain === own;
  return (
    <ul class="members">
      {team?.members.map(({ id, name, captain }) => (
        <li key={id}>
          <Name text={name} /> {captain && <span class="soft small">{t("captain")}</span>}
          {isCaptain && id !== own && (
            <div class="row">
              <button
                type="button"
                class="quiet"
                disabled={busy.value}
                onClick={() =>
                  confirm(t("handOverSure", { name })) && void change("/captain", { json: { player: id } })
                }
              >
                {t("handOver")}
              </button>
              <button
                type="button"
                class="quiet"
                disabled={busy.value}
                onClick={() =>
                  confirm(t("removeSure", { name })) &&
                  void change(`/members/${encoded(id)}`, { method: "DELETE" })
                }
              >
                {t("removePlayer")}
              </button>
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

/** What the captain changes of the team as a whole, and how anybody leaves it. */
export function TeamTools() {
  const team = me.value?.team;
  if (!team) return null;
  const isCaptain = team.captain !== undefined && team.captain === me.value?.player.id;
  const brackets = hunt.value?.brackets ?? [];
  const submit = (event: Event): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const name = String(form.get("name") ?? "").trim();
    const bracket = String(form.get("bracket") ?? "");
    const json = {
      ...(name === "" || name === team.name ? {} : { name }),
      ...(bracket === "" || bracket === team.bracket ? {} : { bracket }),
    };
    if (Object.keys(json).length > 0) void change("", { method: "PATCH", json });
  };
  return (
    <>
      {isCaptain && (
        <details class="card">
          <summary>{t("crewTitle")}</summary>
          <form class="stack" onSubmit={submit}>
            <label>
              {t("crewName")}
              <input
                key={team.name}
                name="name"
                required
                maxLength={NAME_UNITS_MAX}
                defaultValue={team.name}
                autocomplete="off"
                enterkeyhint="done"
              />
            </label>
            {brackets.length > 0 && team.solves === 0 && (
              <label>
                {t("bracket")}
                <select key={team.bracket} name="bracket" defaultValue={team.bracket ?? ""}>
                  {team.bracket === undefined && <option value="">{t("noBracket")}</option>}
                  {brackets.map(({ id, title }) => (
                    <option key={id} value={id} selected={id === team.bracket}>
                      {title}
                    </option>
                  ))}
                </select>
              </label>
            )}
            <button type="submit" disabled={busy.value}>
              {t("crewSave")}
            </button>
            {team.joinCode !== undefined && (
              <button
                type="button"
                class="quiet"
                disabled={busy.value}
                onClick={() => confirm(t("newCodeSure")) && void change("/code")}
              >
                {t("newCode")}
              </button>
            )}
          </form>
        </details>
      )}
      <p role="status" class={told.value === undefined ? "visually-hidden" : "note"}>
        {told.value !== undefined && t(told.value)}
      </p>
      {team.members.length > 1 && (
        <button type="button" class="quiet" disabled={busy.value} onClick={() => void leaveTeam(team.name)}>
          {t("leaveTeam")}
        </button>
      )}
    </>
  );
}
