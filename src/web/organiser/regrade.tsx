/** The log judged again by the present definition: shown first, then made, and taken back, also by who did not make it. */
import { signal } from "@preact/signals";
import type { Phase } from "../../contract/basics.ts";
import type { Audit } from "../../contract/data.ts";
import type { Regraded, RegradeUndone } from "../../contract/regrade.ts";
import { t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { askFor } from "./dialog.tsx";
import { EffectsTold } from "./effects.tsx";
import { ask, attempt, huntPath, may } from "./state.ts";
import { stamp } from "./times.ts";
import { ToldAt } from "./told.tsx";

/** The last one that was made here. */
const made = signal<{ hunt: string; told: Regraded } | undefined>(undefined);

interface About {
  hunt: string;
  phase: Phase;
  /** What was done, the newest first, as far as it was read. */
  entries: Audit["entries"];
  /** Something was done: it is in the audit. */
  changed(): void;
}

export function Regrade({ hunt, phase, entries, changed }: About) {
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
    const answers = await askFor(t("regrade"), <EffectsTold hunt={hunt} effects={planned} />, [reason]);
    if (!answers) return;
    await attempt("regrade", t("regraded"), async () => {
      const told = await send<Regraded>("/regrade", { dryRun: false, reason: answers.reason ?? "" });
      made.value = { hunt, told };
    });
    changed();
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
    changed();
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
  const last = standing(entries);
  return (
    <section class="card stack">
      <h2>{t("regrade")}</h2>
      <p class="soft">{t("regradeHint")}</p>
      {phase !== "final" && (
        <button type="button" onClick={() => void regrade()}>
          {t("regrade")}
        </button>
      )}
      <ToldAt place="regrade" />
      {told && (told.id === undefined || told.id === last?.id) && <EffectsTold hunt={hunt} effects={told} />}
      {told && moved.length > 0 && may("POST /v1/hunts/{hunt}/announcements", hunt) && (
        <button type="button" class="quiet" onClick={() => void tellThem()}>
          {t("regradeTell", { count: moved.length })}
        </button>
      )}
      {last && (
        <p>
          {t("regradeLast", { time: stamp(last.at), name: last.actor })}{" "}
          <span class="soft" dir="auto">
            {last.reason}
          </span>
        </p>
      )}
      {last && phase !== "final" && (
        <button type="button" class="quiet" onClick={() => void undo(last.id)}>
          {t("regradeUndo")}
        </button>
      )}
    </section>
  );
}

/** The newest that changed something and was not undone. */
function standing(
  entries: Audit["entries"],
): { id: string; at: string; actor: string; reason: string } | undefined {
  const undone = new Set<unknown>();
  for (const { action, at, actor, detail } of entries) {
    const { regrade: id, reason = "", teams, refused } = detail;
    if (refused !== undefined) continue;
    if (action === "regrade-undo") undone.add(id);
    if (action !== "regrade" || teams === 0 || typeof id !== "string" || undone.has(id)) continue;
    return { id, at, actor, reason: String(reason) };
  }
  return undefined;
}
