/** Deleting a hunt, for its owners: asked for with the id typed, and told on the list of hunts how far it is. */
import { signal } from "@preact/signals";
import type { DeletionBegun, DeletionJob } from "../../contract/deletion.ts";
import type { Hunt } from "../../contract/hunt.ts";
import { Problem } from "../shared/api.ts";
import { number, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { askFor } from "./dialog.tsx";
import { forgetDraft } from "./drafts.ts";
import { ask, attempt, huntPath, may, token } from "./state.ts";
import { ToldAt } from "./told.tsx";

/** Between two looks at a job, ms. */
const LOOK_EVERY = 1_500;

/** The deletions that were begun in this tab, the newest first. */
const jobs = signal<readonly DeletionJob[]>([]);

function show(job: DeletionJob): void {
  const isKnown = jobs.value.some((one) => one.job === job.job);
  jobs.value = isKnown ? jobs.value.map((one) => (one.job === job.job ? job : one)) : [job, ...jobs.value];
}

/** Looks until the job has ended, wherever the reader goes meanwhile, or until somebody else is signed in. */
async function follow(job: string): Promise<void> {
  const own = token.value;
  while (token.value === own) {
    try {
      const told = await ask<DeletionJob>(`/v1/jobs/${encoded(job)}`);
      show(told);
      if (told.state !== "running") return;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (!error.retryable) return;
    }
    await new Promise((done) => window.setTimeout(done, LOOK_EVERY));
  }
}

export function DeleteHunt({ hunt, phase }: { hunt: string; phase: Hunt["phase"] }) {
  if (!may("DELETE /v1/hunts/{hunt}", hunt)) return null;
  const isRunning = phase === "live" || phase === "paused";
  const remove = async (): Promise<void> => {
    const check = (value: string): string | undefined =>
      value === hunt ? undefined : t("deleteWrong", { id: hunt });
    const fields = [
      { name: "confirm", label: t("deleteConfirm", { id: hunt }), kind: "id", check },
      { name: "reason", label: t("reason") },
    ] as const;
    const values = await askFor(t("deleteHunt"), t("deleteSure"), fields, t("deleteForGood"));
    if (!values) return;
    const { confirm = "", reason = "" } = values;
    await attempt("delete", "", async () => {
      const query = `confirm=${encoded(confirm)}&reason=${encoded(reason)}`;
      const { job } = await ask<DeletionBegun>(`${huntPath(hunt)}?${query}`, { method: "DELETE" });
      forgetDraft(hunt);
      void follow(job);
      location.hash = "/";
    });
  };
  return (
    <section class="card stack">
      <h2>{t("deleteHunt")}</h2>
      <p class="soft">{isRunning ? t("deleteEndFirst") : t("deleteHint")}</p>
      <button type="button" class="quiet" disabled={isRunning} onClick={() => void remove()}>
        {t("deleteHunt")}
      </button>
      <ToldAt place="delete" />
    </section>
  );
}

/** How far the deletions are. */
export function Deletions() {
  return (
    <div role="status" class="stack">
      {jobs.value.map(({ job, hunt, state, done, of, waitsFor }) => (
        <div
          key={job}
          class={`note ${state === "done" ? "good" : state === "failed" ? "bad" : ""}`}
          data-job={state}
        >
          {state === "done"
            ? t("deleted", { id: hunt })
            : t(state === "failed" ? "deleteFailed" : "deleting", { id: hunt })}{" "}
          {state === "running" && (
            <>
              <progress value={done} max={of} aria-label={t("deleting", { id: hunt })} />{" "}
              <span class="number">
                {number(done)}/{number(of)}
              </span>
            </>
          )}
          {state !== "done" && waitsFor !== undefined && (
            <span lang="en" dir="ltr">
              {waitsFor}
            </span>
          )}
        </div>
      ))}
    </div>
  );
}
