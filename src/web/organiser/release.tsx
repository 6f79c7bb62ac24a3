/** Results that are held back after the end (`results: manual`), and the button that releases them. */

import { signal } from "@preact/signals";
import type { Hunt } from "../../contract/hunt.ts";
import type { Leaderboard } from "../../contract/standings.ts";
import { call } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { isOver } from "../shared/over.ts";
import { askFor } from "./dialog.tsx";
import { ask, attempt, huntPath, loaded, useLoaded } from "./state.ts";
import { ToldAt } from "./told.tsx";

const EVERY = 10_000;
const UP_TO = 60_000;

/** The standings as everybody sees them: asked for without the token, which sees through. */
const everybodys = loaded<Leaderboard>();
/** The hunt whose results were released here. */
const released = signal("");

export function Release({ hunt, phase }: { hunt: string; phase: Hunt["phase"] }) {
  useLoaded(everybodys, huntPath(hunt, "/leaderboard?limit=1"), EVERY, {
    active: isOver(phase) && released.value !== hunt,
    upTo: UP_TO,
    read: (path) => call<Leaderboard>(path),
    isSame: (before, now) => before.frozen === now.frozen,
  });
  const release = async (): Promise<void> => {
    if (!(await askFor(t("release"), t("releaseSure")))) return;
    const isDone = await attempt("release", t("released"), () =>
      ask(huntPath(hunt, "/results/release"), { method: "POST" }),
    );
    if (isDone) released.value = hunt;
  };
  // By itself a freeze is over with the hunt.
  const isHeld = isOver(phase) && everybodys.value.value?.frozen === true && released.value !== hunt;
  return (
    <>
      {isHeld && (
        <section class="note row spread" aria-label={t("release")}>
          <span>{t("releaseHint")}</span>
          <button type="button" onClick={() => void release()}>
            {t("release")}
          </button>
        </section>
      )}
      <ToldAt place="release" />
    </>
  );
}
