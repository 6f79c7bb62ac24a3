/** Who may sign in, and as what; letting somebody go at once. For owners. */
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Organiser, Organisers } from "../../contract/organisers.ts";
import { ALL_HUNTS, ORGANISER_ROLES, type OrganiserRole } from "../../contract/role-table.ts";
import { Problem } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { askFor } from "./dialog.tsx";
import { engineText } from "./engine.ts";
import { ask, attempt, may } from "./state.ts";
import { ToldAt } from "./told.tsx";

const PATH = "/v1/organisers";

/** The list, and the version that it was read at. */
const list = signal<{ organisers: readonly Organiser[]; etag: string | undefined } | undefined>(undefined);

async function read(): Promise<void> {
  let etag: string | undefined;
  const { organisers } = await ask<Organisers>(PATH, {
    tagged: (tag) => {
      etag = tag;
    },
  });
  list.value = { organisers, etag };
}

/** Replaces the list, unless somebody else has meanwhile: then it is read anew, and nothing is changed. */
async function put(change: (organisers: readonly Organiser[]) => readonly Organiser[]): Promise<boolean> {
  const seen = list.value;
  if (seen?.etag === undefined) return false;
  const headers = { "if-match": seen.etag };
  const json = { organisers: change(seen.organisers) };
  return attempt("people", t("done"), async () => {
    try {
      await ask(PATH, { method: "PUT", json, headers });
    } catch (error) {
      if (error instanceof Problem && error.status === 412) {
        await read();
        throw new Problem(412, error.code, t("listChanged"));
      }
      throw error;
    }
    await read();
  });
}

export function People() {
  /** The address that is being edited; "": a new one. */
  const [edited, setEdited] = useState<string | undefined>(undefined);
  useEffect(() => {
    list.value = undefined;
    void attempt("people", "", read);
  }, []);
  const organisers = list.value?.organisers ?? [];
  // An owner of some hunts sees who works in these; the list is every hunt's.
  const mayChange = may("PUT /v1/organisers") && list.value !== undefined;
  const letGo = async ({ email }: Organiser): Promise<void> => {
    if (!(await askFor(t("letGo"), t("letGoSure", { email })))) return;
    await put((all) => all.filter((each) => each.email !== email));
  };
  const revoke = async ({ email }: Organiser): Promise<void> => {
    const fields = [{ name: "reason", label: t("reason") }];
    const values = await askFor(t("signOutPerson"), t("signOutPersonSure", { email }), fields);
    if (!values) return;
    await attempt("people", t("done"), () =>
      ask(`${PATH}/revoke`, { json: { sub: email, reason: values.reason } }),
    );
  };
  const save = async (entry: Organiser): Promise<void> => {
    const former = edited;
    const kept = await put((all) => [
      ...all.filter(({ email }) => email !== former && email !== entry.email),
      entry,
    ]);
    if (kept) setEdited(undefined);
  };
  return (
    <main class="console stack">
      <div class="row spread">
        <h1>{t("people")}</h1>
        {mayChange && edited === undefined && (
          <button type="button" onClick={() => setEdited("")}>
            {t("addPerson")}
          </button>
        )}
      </div>
      <p class="soft">{t("peopleHint")}</p>
      <ToldAt place="people" />
      {edited !== undefined && (
        <Entry
          key={edited}
          entry={organisers.find(({ email }) => email === edited)}
          save={save}
          cancel={() => setEdited(undefined)}
        />
      )}
      {list.value && organisers.length === 0 && <p class="soft">{t("nobodyListed")}</p>}
      {organisers.length > 0 && (
        <div class="card scroll">
          <table class="stacked">
            <thead>
              <tr>
                <th scope="col">{t("email")}</th>
                <th scope="col">{t("roles")}</th>
                <th scope="col">{t("hunts")}</th>
                {mayChange && <th scope="col">{t("actions")}</th>}
              </tr>
            </thead>
            <tbody>
              {organisers.map((each) => (
                <tr key={each.email}>
                  <td class="contact">
                    <bdi>{each.email}</bdi>
                  </td>
                  <td data-label={t("roles")}>
                    {each.roles.map((role) => engineText("role", role)).join(", ")}
                  </td>
                  <td class="contact" data-label={t("hunts")}>
                    {each.hunts.includes(ALL_HUNTS) ? t("everyHunt") : <bdi>{each.hunts.join(", ")}</bdi>}
                  </td>
                  {mayChange && (
                    <td class="line">
                      <div class="row actions">
                        <button type="button" class="quiet" onClick={() => setEdited(each.email)}>
                          {t("changePerson")}
                        </button>
                        <button type="button" class="quiet" onClick={() => void letGo(each)}>
                          {t("letGo")}
                        </button>
                        <button type="button" class="quiet" onClick={() => void revoke(each)}>
                          {t("signOutPerson")}
                        </button>
                      </div>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </main>
  );
}

interface Editing {
  entry: Organiser | undefined;
  save(entry: Organiser): Promise<void>;
  cancel(): void;
}

/** One line of the list as a form. */
function Entry({ entry, save, cancel }: Editing) {
  const form = useRef<HTMLFormElement>(null);
  const [wrong, setWrong] = useState(false);
  useEffect(() => form.current?.querySelector("input")?.focus(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    const values = new FormData(event.currentTarget as HTMLFormElement);
    const roles = values.getAll("role").map(String) as OrganiserRole[];
    setWrong(roles.length === 0);
    if (roles.length === 0) return;
    const hunts = String(values.get("hunts") ?? "")
      .split(/[\s,]+/)
      .filter((each) => each !== "");
    const email = String(values.get("email") ?? "").trim();
    void save({ email, roles, hunts: hunts.length === 0 ? [ALL_HUNTS] : hunts });
  };
  return (
    <form ref={form} class="card stack person" onSubmit={submit}>
      <h2>{entry ? t("changePerson") : t("addPerson")}</h2>
      <label>
        {t("email")}
        <input
          name="email"
          type="email"
          required
          maxLength={254}
          dir="ltr"
          defaultValue={entry?.email ?? ""}
        />
      </label>
      <fieldset class="stack">
        <legend>{t("roles")}</legend>
        {ORGANISER_ROLES.map((role) => (
          <label key={role} class="check">
            <input
              type="checkbox"
              name="role"
              value={role}
              defaultChecked={entry?.roles.includes(role) ?? false}
            />
            <span>
              <strong>{engineText("role", role)}</strong>{" "}
              <span class="soft">{engineText("roleMay", role)}</span>
            </span>
          </label>
        ))}
        {wrong && (
          <p class="note bad" role="alert">
            {t("noRole")}
          </p>
        )}
      </fieldset>
      <label>
        {t("hunts")}
        <input
          name="hunts"
          maxLength={4_000}
          dir="ltr"
          spellcheck={false}
          autocapitalize="none"
          defaultValue={entry?.hunts.includes(ALL_HUNTS) ? "" : (entry?.hunts.join(", ") ?? "")}
        />
        <span class="soft">{t("huntsHint")}</span>
      </label>
      <div class="row">
        <button type="submit">{t("savePerson")}</button>
        <button type="button" class="quiet" onClick={cancel}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}
