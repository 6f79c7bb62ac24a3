/** Under Team: what is kept of the player, to read and to keep, and being forgotten. */
import { signal } from "@preact/signals";
import type { PersonalData } from "../../contract/personal.ts";
import { Problem } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { save } from "../shared/save.ts";
import { endPush } from "./push.tsx";
import { askAsPlayer, leave, session } from "./state.ts";

const busy = signal(false);
const failed = signal(false);
const shown = signal<string | undefined>(undefined);

/** Pages of facts asked for at most. */
const PAGES_MAX = 50;

/** All of it: facts come page by page. */
async function read(): Promise<PersonalData> {
  const first = await askAsPlayer<PersonalData>("/me/data");
  const { cursor: begun, ...data } = first;
  let next = begun;
  for (let pages = 1; next !== undefined && pages < PAGES_MAX; pages += 1) {
    const page = await askAsPlayer<PersonalData>(`/me/data?cursor=${encoded(next)}`);
    data.facts = [...data.facts, ...page.facts];
    next = page.cursor;
  }
  return data;
}

async function attempt(work: () => Promise<void>): Promise<void> {
  if (busy.value) return;
  busy.value = true;
  failed.value = false;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    failed.value = true;
  } finally {
    busy.value = false;
  }
}

const textOf = (data: PersonalData): string => JSON.stringify(data, null, 2);

const show = () =>
  attempt(async () => {
    shown.value = textOf(await read());
  });

const keep = () =>
  attempt(async () => {
    const text = textOf(await read());
    save(new Blob([text], { type: "application/json" }), `${session.value?.hunt ?? "hunt"}-my-data.json`);
  });

const forget = () =>
  attempt(async () => {
    await askAsPlayer("/me", { method: "DELETE" });
    await endPush();
    // Nobody is here whom the engine knows.
    await leave();
  });

export function MyData() {
  return (
    <details class="card my-data">
      <summary>{t("myData")}</summary>
      <div class="stack">
        <p class="soft">{t("myDataText")}</p>
        <div class="row">
          <button type="button" class="quiet" disabled={busy.value} onClick={() => void show()}>
            {t("myDataShow")}
          </button>
          <button type="button" class="quiet" disabled={busy.value} onClick={() => void keep()}>
            {t("myDataKeep")}
          </button>
        </div>
        {shown.value !== undefined && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
          <section class="kept" tabIndex={0} aria-label={t("myData")}>
            <pre dir="ltr">{shown.value}</pre>
          </section>
        )}
        <p class="soft">{t("forgetText")}</p>
        <button
          type="button"
          class="quiet"
          disabled={busy.value}
          onClick={() => confirm(t("forgetSure")) && void forget()}
        >
          {t("forgetMe")}
        </button>
        <p role="status" class={failed.value ? "note" : "visually-hidden"}>
          {failed.value && t("crewFailed")}
        </p>
      </div>
    </details>
  );
}
