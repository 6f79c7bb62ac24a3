/** The definition by forms: a section for each subject, and what the engine finds with the way to its field. */
import "./forms.css";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { addTexts, t } from "../../shared/i18n.ts";
import { encoded } from "../../shared/outside.ts";
import { pathOf } from "../document/path.ts";
import { issueWords } from "../engine.ts";
import { IssueWords } from "../words.tsx";
import { type Work, wordsOf } from "../work.ts";
import { Clues } from "./clues.tsx";
import { UnlockGraph } from "./graph.tsx";
import { HuntForm } from "./hunt.tsx";
import { LookForm } from "./look.tsx";
import { forms as english } from "./messages/en.ts";
import { type Finding, Model, ModelContext } from "./model.ts";
import { PagesForm } from "./pages.tsx";
import { PeopleForm } from "./people.tsx";
import { PrizesForm } from "./prizes.tsx";
import { RoundsForm } from "./rounds.tsx";
import { RulesForm } from "./rules.tsx";
import { TimesForm } from "./times.tsx";
import { WebhooksForm } from "./webhooks.tsx";

const SECTIONS = [
  ...(["hunt", "times", "people", "rules", "rounds", "clues", "graph", "prizes", "pages"] as const),
  ...(["look", "webhooks"] as const),
] as const;
type Section = (typeof SECTIONS)[number];

/** The section that has the field of a key. */
const SECTION_OF: Readonly<Record<string, Section>> = {
  opens: "times",
  closes: "times",
  freeze: "times",
  results: "times",
  retention: "times",
  teams: "people",
  brackets: "people",
  players: "people",
  join: "people",
  scoring: "rules",
  attempts: "rules",
  help: "rules",
  guesses: "rules",
  show: "rules",
  rounds: "rounds",
  clues: "clues",
  prizes: "prizes",
  pages: "pages",
  legal: "pages",
  embed: "pages",
  look: "look",
  webhooks: "webhooks",
};

await addTexts(english, {
  de: async () => (await import("./messages/de.ts")).forms,
  ar: async () => (await import("./messages/ar.ts")).forms,
});

/** `place`: a section, or `clues.3` for the form of a clue. */
export function Forms({ work, place }: { work: Work; place: string }) {
  const model = useMemo(() => new Model(work), [work]);
  const [named = "hunt", clue] = place.split(".");
  const section: Section = SECTIONS.find((each) => each === named) ?? "hunt";
  const chosen = section === "clues" && clue !== undefined && /^\d+$/.test(clue) ? Number(clue) : -1;
  const base = `#${encoded(work.hunt)}/edit/`;
  const [wanted, setWanted] = useState<string | undefined>(undefined);
  const root = useRef<HTMLDivElement>(null);
  const openClue = (index: number): void => {
    location.hash = `${base}clues${index === -1 ? "" : `.${index}`}`;
  };
  useEffect(() => {
    if (wanted === undefined) return;
    if (focusField(root.current, wanted)) setWanted(undefined);
  }, [wanted, place]);
  const goTo = ({ issue }: Finding): void => {
    const [key, index] = pathOf(issue.path);
    const to = SECTION_OF[String(key ?? "")] ?? "hunt";
    setWanted(issue.path);
    location.hash = `${base}${to === "clues" && typeof index === "number" ? `clues.${index}` : to}`;
  };
  useEffect(() => {
    const keys = (event: KeyboardEvent): void => {
      const isText = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
      if (isText || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      const isRedo = event.key.toLowerCase() === "y" || (event.key.toLowerCase() === "z" && event.shiftKey);
      const isUndo = event.key.toLowerCase() === "z" && !event.shiftKey;
      if (!isUndo && !isRedo) return;
      event.preventDefault();
      if (isUndo) work.undo();
      else work.redo();
    };
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  }, [work]);
  const { problem } = model.source.value;
  if (problem) {
    return (
      <p class="note bad">
        {t("unreadable", { line: problem.line })} <a href={`${base}text`}>{t("asText")}</a>
      </p>
    );
  }
  return (
    <ModelContext.Provider value={model}>
      <div class="forms" ref={root}>
        <nav class="sections" aria-label={t("sections")}>
          {SECTIONS.map((each) => (
            <a key={each} href={`${base}${each}`} aria-current={each === section ? "page" : undefined}>
              {t(`section_${each}`)}
            </a>
          ))}
        </nav>
        <div class="stack form">
          <div class="row spread">
            <h2>{t(`section_${section}`)}</h2>
            <Steps work={work} />
          </div>
          {section === "hunt" && <HuntForm />}
          {section === "times" && <TimesForm />}
          {section === "people" && <PeopleForm />}
          {section === "rules" && <RulesForm />}
          {section === "rounds" && <RoundsForm />}
          {section === "clues" && <Clues chosen={chosen} open={openClue} />}
          {section === "graph" && <UnlockGraph open={openClue} />}
          {section === "prizes" && <PrizesForm />}
          {section === "pages" && <PagesForm />}
          {section === "look" && <LookForm />}
          {section === "webhooks" && <WebhooksForm />}
        </div>
        <AllFindings model={model} goTo={goTo} />
      </div>
    </ModelContext.Provider>
  );
}

/** Focuses the field of a path, else the nearest one around it; false: it is not there yet. */
function focusField(root: HTMLElement | null, path: string): boolean {
  const steps = pathOf(path);
  for (let length = steps.length; length > 0; length -= 1) {
    const place = root?.querySelector<HTMLElement>(`[data-path="${steps.slice(0, length).join(".")}"]`);
    if (!place) continue;
    for (let box = place.closest("details"); box; box = box.parentElement?.closest("details") ?? null)
      box.open = true;
    const field = place.matches("details")
      ? place.querySelector<HTMLElement>("summary")
      : place.querySelector<HTMLElement>("input, select, textarea, button");
    (field ?? place).focus();
    place.scrollIntoView({ block: "center" });
    return true;
  }
  return false;
}

function Steps({ work }: { work: Work }) {
  // Read, so that the buttons are drawn anew with each step.
  const isBegun = work.steps.value > 0;
  const { canUndo, canRedo } = work.history;
  return (
    <div class="row">
      <button type="button" class="quiet" disabled={!(isBegun && canUndo)} onClick={() => work.undo()}>
        {t("undo")}
      </button>
      <button type="button" class="quiet" disabled={!(isBegun && canRedo)} onClick={() => work.redo()}>
        {t("redo")}
      </button>
    </div>
  );
}

function AllFindings({ model, goTo }: { model: Model; goTo(finding: Finding): void }) {
  if (model.findings.length === 0) return null;
  return (
    <section class="all-findings" aria-labelledby="all-findings">
      <h3 id="all-findings">{t("allFindings")}</h3>
      <ul class="issues">
        {model.findings.map((finding) => (
          <li key={`${finding.issue.path}${finding.issue.code}${finding.issue.message}`}>
            <button type="button" class="quiet" onClick={() => goTo(finding)}>
              <code dir="ltr">{finding.issue.path}</code> <span dir="auto">{wordsOf(finding.issue)}</span>
            </button>
            <IssueWords words={issueWords(finding.issue)} />
          </li>
        ))}
      </ul>
    </section>
  );
}
