/** Writing a definition: by forms or as its YAML text, which are two views of one thing; checking and publishing it. */
import { lazy, Suspense } from "preact/compat";
import { useEffect, useState } from "preact/hooks";
import type { Published } from "../../contract/definition.ts";
import type { Hunt } from "../../contract/hunt.ts";
import { Problem } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { clueIdsIn } from "./clue-ids.ts";
import { Conflict } from "./conflict.tsx";
import { onlyEnds, put, readDefinition, readHunt } from "./definition.ts";
import { askFor } from "./dialog.tsx";
import { whileTyping } from "./drafts.ts";
import { issueLine } from "./engine.ts";
import { PreviewPane } from "./preview.tsx";
import { Consequences, type Plan, planOf } from "./publishing.tsx";
import { attempt, tell } from "./state.ts";
import { ToldAt } from "./told.tsx";
import { type Work, workOf } from "./work.ts";

/** CodeMirror is large, and who writes by forms does not need it. */
const YamlText = lazy(async () => ({ default: (await import("./yaml-text.tsx")).YamlText }));
const Forms = lazy(async () => ({ default: (await import("./forms/forms.tsx")).Forms }));

/** The place of the editor that shows the text; any other is one of the forms. */
const TEXT = "text";

/** `place`: what of the definition is shown. */
export function Editor({ hunt, place }: { hunt: string; place: string }) {
  const work = workOf(hunt);
  const here = `edit/${hunt}`;
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    const stopTyping = whileTyping(() => work.keep());
    void attempt(here, "", () => work.open());
    return () => {
      stopTyping();
      work.keep();
    };
  }, [hunt]);

  /** Publishes the text over the version of this ETag; asks first where players would notice. */
  const publish = async (over: string | undefined): Promise<void> => {
    setBusy(true);
    try {
      await publishText(work, here, over);
    } finally {
      setBusy(false);
    }
  };
  const begin = (): void => void attempt(here, "", () => work.begin());
  const discard = async (): Promise<void> => {
    if (await askFor(t("discard"), t("discardSure"))) begin();
  };
  const { issues, drafted, theirs, version } = work;
  const isRefused = issues.value.length > 0 && !onlyEnds(issues.value);
  const isText = place === TEXT;
  const clues = clueIdsIn(work.text.value ?? "");
  return (
    <section class="stack">
      <div class="row spread">
        <Verdict work={work} />
        <div class="row">
          <a class="button quiet" href={`#${encoded(hunt)}/edit${isText ? "" : `/${TEXT}`}`}>
            {t(isText ? "asForms" : "asText")}
          </a>
          <button
            type="button"
            disabled={isRefused || isBusy || work.text.value === undefined}
            onClick={() => void publish(version.value)}
          >
            {t("publish")}
          </button>
        </div>
      </div>
      <ToldAt place={here} />
      {theirs.value && (
        <Conflict
          hunt={hunt}
          theirs={theirs.value}
          mine={() => work.text.peek() ?? ""}
          seen={(now) => {
            theirs.value = now;
          }}
          take={begin}
          publish={() => void publish(theirs.value?.version)}
        />
      )}
      {drafted.value && (
        <p class="note row spread">
          <span>{t("drafted")}</span>
          <button type="button" class="quiet" onClick={() => void discard()}>
            {t("discard")}
          </button>
        </p>
      )}
      <Suspense fallback={<p class="soft">{t("loading")}</p>}>
        {work.text.value === undefined ? null : isText ? (
          <YamlText work={work} />
        ) : (
          <Forms work={work} place={place} />
        )}
      </Suspense>
      {(isText || place.startsWith("clues.")) && (
        <PreviewPane
          hunt={hunt}
          text={isRefused || work.state.value === "checking" ? undefined : work.text.value}
          isFaulty={isRefused}
          clues={clues}
          asked={clues[Number(place.split(".")[1])] ?? ""}
        />
      )}
    </section>
  );
}

/** What the engine thinks of the text. */
function Verdict({ work: { state, issues, warnings } }: { work: Work }) {
  const look = state.value === "checking" ? "" : issues.value.length > 0 ? "bad" : "good";
  return (
    <p role="status" class={`note ${look}`}>
      {state.value === "checking"
        ? t("checking")
        : issues.value.length > 0
          ? t("issues", { count: issues.value.length })
          : t("valid")}
      {warnings.value.length > 0 && ` · ${t("warnings", { count: warnings.value.length })}`}
    </p>
  );
}

async function publishText(work: Work, here: string, over: string | undefined): Promise<void> {
  const { hunt } = work;
  const text = work.text.peek() ?? "";
  let known: Hunt | undefined;
  let plan: Plan | undefined;
  const isPlanned = await attempt(here, "", async () => {
    known = await readHunt(hunt);
    if (known && known.phase !== "draft") plan = await planOf(hunt, text);
  });
  if (!isPlanned) return;
  if (plan && known) {
    const title = t(plan.ends ? "publishEnds" : "publishRunning");
    const confirm = t(plan.ends ? "publishAndEnd" : "publish");
    if (!(await askFor(title, <Consequences hunt={hunt} plan={plan} phase={known.phase} />, [], confirm)))
      return;
  }
  let made: Published | undefined;
  await attempt(here, "", async () => {
    try {
      made = await put(hunt, text, { endNow: plan?.ends ?? false, ifMatch: over });
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 412) throw error;
      work.theirs.value = { version: (await readDefinition(hunt)).version ?? "" };
    }
  });
  if (!made) return;
  work.accepted(text, made.version);
  tell(here, {
    state: "good",
    text: t("published", { version: made.version }),
    lines: made.warnings.map(issueLine),
  });
}
