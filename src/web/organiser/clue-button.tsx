/** Takes a clue out of play, and puts it back: shown first, then made. */
import type { Phase } from "../../contract/basics.ts";
import type { ClueChanged } from "../../contract/regrade.ts";
import { t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { askFor } from "./dialog.tsx";
import { EffectsTold } from "./effects.tsx";
import { ask, attempt, huntPath, may } from "./state.ts";

const ROUTE = "POST /v1/hunts/{hunt}/clues/{clue}/withdraw";

interface About {
  hunt: string;
  phase: Phase;
  clue: string;
  title: string;
  withdrawn: boolean;
}

export function ClueButton({ hunt, phase, clue, title, withdrawn }: About) {
  if (phase === "final" || !may(ROUTE, hunt))
    return withdrawn ? <span class="soft">{t("withdrawn")}</span> : null;
  const action = t(withdrawn ? "restoreClue" : "withdrawClue");
  const change = async (): Promise<void> => {
    const reason = { name: "reason", label: t("reason") };
    const how = {
      name: "how",
      label: t("withdrawHow"),
      options: [
        { value: "", label: t("withdrawOnly") },
        { value: "void", label: t("withdrawVoid") },
      ],
    };
    const wish = await askFor(action, title, withdrawn ? [reason] : [how, reason]);
    if (!wish) return;
    const json = { ...(wish.how === "void" ? { void: true } : {}), reason: wish.reason };
    const path = huntPath(hunt, `/clues/${encoded(clue)}/${withdrawn ? "restore" : "withdraw"}`);
    let planned: ClueChanged | undefined;
    await attempt("clue", "", async () => {
      planned = await ask<ClueChanged>(`${path}?dryRun=true`, { json, patient: true });
    });
    if (!planned) return;
    if (!(await askFor(action, <EffectsTold hunt={hunt} effects={planned.effects} />))) return;
    await attempt("clue", `${action}: ${title}`, () => ask(path, { json, patient: true }));
  };
  return (
    <button type="button" class="quiet" onClick={() => void change()}>
      {action}
    </button>
  );
}
