/** The hunt's rehearsal: made anew, opened in a tab of its own, and removed. */
import { signal } from "@preact/signals";
import type { Rehearsal } from "../../contract/rehearsal.ts";
import { t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { askFor } from "./dialog.tsx";
import { ask, attempt, huntPath, may } from "./state.ts";
import { ToldAt } from "./told.tsx";

/** The one that was made here, by its hunt. */
const made = signal<{ of: string; told: Rehearsal } | undefined>(undefined);

export function Rehearse({ hunt }: { hunt: string }) {
  if (!may("POST /v1/hunts/{hunt}/rehearsal", hunt)) return null;
  const path = huntPath(hunt, "/rehearsal");
  const rehearse = async (): Promise<void> => {
    const at = { name: "at", label: t("rehearseAt"), kind: "time", required: false } as const;
    const answers = await askFor(t("rehearse"), t("rehearseText"), [at]);
    if (!answers) return;
    made.value = undefined;
    await attempt("rehearse", "", async () => {
      const json = answers.at ? { at: new Date(answers.at).toISOString() } : {};
      made.value = { of: hunt, told: await ask<Rehearsal>(path, { json, patient: true }) };
    });
  };
  const remove = async (): Promise<void> => {
    if (!(await askFor(t("rehearseEnd"), t("rehearseEndSure")))) return;
    await attempt("rehearse", t("rehearseEnded"), async () => {
      await ask(path, { method: "DELETE", patient: true });
      made.value = undefined;
    });
  };
  const told = made.value?.of === hunt ? made.value.told : undefined;
  return (
    <section class="card stack" aria-labelledby="rehearse">
      <h2 id="rehearse">{t("rehearse")}</h2>
      <p class="soft">{t("rehearseHint")}</p>
      <div class="row">
        <button type="button" onClick={() => void rehearse()}>
          {t("rehearse")}
        </button>
        <button type="button" class="quiet" onClick={() => void remove()}>
          {t("rehearseEnd")}
        </button>
      </div>
      <ToldAt place="rehearse" />
      {told && (
        <div class="note good stack" role="status">
          <p>{t("rehearseMade", { id: told.hunt })}</p>
          <a href={`/play/${encoded(told.hunt)}`} target="_blank" rel="noopener">
            {t("rehearsePlayer")}
          </a>
          <a href={`/organise#token=${told.token}`} target="_blank" rel="noopener">
            {t("rehearseConsole")}
          </a>
          <a href={`/board/${encoded(told.hunt)}`} target="_blank" rel="noopener">
            {t("rehearseBoard")}
          </a>
        </div>
      )}
    </section>
  );
}
