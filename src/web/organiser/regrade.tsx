/** The log judged again by the present definition: shown first, then made, and taken back. */
import { signal } from "@preact/signals";
import type { Regraded, RegradeUndone } from "../../contract/regrade.ts";
import { t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { askFor } from "./dialog.tsx";
import { EffectsTold } from "./effects.tsx";
import { ask, attempt, huntPath, may } from "./state.ts";
import { ToldAt } from "./told.tsx";

/** The last one that was made here, and not undone. */
const made = signal<{ hunt: string; told: Regraded } | undefined>(undefined);

export function Regrade({ hunt }: { hunt: string }) {
  if (!may("POST /v1/hunts/{hunt}/regrade", hunt)) return null;
  const send = <Told,>(path: string, json: object): Promise<Told> =>
    ask<Told>(huntPath(hunt, path), { json, patient: true });
  const regrade = async (): Promise<void> => {
    let planned: Regraded | undefined;
    await attempt("regrade", "", async () => {
      planned = await send<Regraded>("/regrade", { dryRun: true });
    });
    if (!planned) return;
    const reason = { name: "reason", label: t("reason"), required: true };
    const answers = await askFor(t("regrade"), <EffectsTold effects={planned} />, [reason]);
    if (!answers) return;
    await attempt("regrade", t("regraded"), async () => {
      const told = await send<Regraded>("/regrade", { dryRun: false, reason: answers.reason ?? "" });
      made.value = { hunt, told };
    });
  };
  const undo = async (id: string): Promise<void> => {
    const answers = await askFor(t("regradeUndo"), t("regradeUndoText"), [
      { name: "reason", label: t("reason"), required: true },
    ]);
    if (!answers) return;
    await attempt("regrade", t("regradeUndone"), async () => {
      await send<RegradeUndone>(`/regrade/${encoded(id)}/undo`, { reason: answers.reason ?? "" });
      made.value = undefined;
    });
  };
  /** An announcement names so many teams at most. */
  const moved = (made.value?.told.changes ?? []).map(({ team }) => team);
  const tellThem = async (): Promise<void> => {
    const text = { name: "text", label: t("announceText"), kind: "lines", value: t("regradeTold") } as const;
    const answers = await askFor(t("regradeTell", { count: moved.length }), "", [text], t("send"));
    if (!answers) return;
    await attempt("regrade", t("done"), () =>
      ask(huntPath(hunt, "/announcements"), { json: { text: answers.text, to: { teams: moved } } }),
    );
  };
  const told = made.value?.hunt === hunt ? made.value.told : undefined;
  return (
    <section class="card stack">
      <h2>{t("regrade")}</h2>
      <p class="soft">{t("regradeHint")}</p>
      <button type="button" onClick={() => void regrade()}>
        {t("regrade")}
      </button>
      <ToldAt place="regrade" />
      {told && <EffectsTold effects={told} />}
      {told && moved.length > 0 && may("POST /v1/hunts/{hunt}/announcements", hunt) && (
        <button type="button" class="quiet" onClick={() => void tellThem()}>
          {t("regradeTell", { count: moved.length })}
        </button>
      )}
      {told?.id !== undefined && (
        <button type="button" class="quiet" onClick={() => void undo(told.id ?? "")}>
          {t("regradeUndo")}
        </button>
      )}
    </section>
  );
}
