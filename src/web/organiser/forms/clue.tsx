/** The form of one clue. */
import { t } from "../../shared/i18n.ts";
import { idFor, rename } from "../document/ids.ts";
import { dottedOf, type Path } from "../document/path.ts";
import { Condition, sentence, soon } from "./condition.tsx";
import {
  CheckField,
  DurationField,
  Findings,
  IdField,
  NumberField,
  SelectField,
  TimeField,
  WordsField,
} from "./fields.tsx";
import { Hints } from "./hints.tsx";
import { KIND_FORMS, keysToDrop } from "./kinds/all.ts";
import { useModel } from "./model.ts";
import { FilesField, InsertFile } from "./pick-file.tsx";
import { CluePreview } from "./preview.tsx";
import { FirstSolves } from "./rules.tsx";
import { TranslatedField } from "./translated.tsx";

/** When the clue can be solved no more. */
function Closing({ path: clue }: { path: Path }) {
  const model = useModel();
  const path = [...clue, "closes"];
  const held = model.at(path);
  const kind = typeof held !== "object" || held === null ? "never" : "at" in held ? "at" : "after";
  return (
    <fieldset class="words">
      <legend>{t("closesLegend")}</legend>
      <SelectField
        path={path}
        label={t("closesWhen")}
        options={["never", "after", "at"].map((value) => ({ value, label: t(`closes_${value}`) }))}
        otherwise={kind}
        onChange={(to) =>
          model.set(path, to === "never" ? undefined : to === "after" ? { after: "30m" } : { at: soon() })
        }
      />
      {kind === "after" && <DurationField path={[...path, "after"]} label={t("howLong")} needed />}
      {kind === "at" && <TimeField path={[...path, "at"]} label={t("timeOf")} needed />}
    </fieldset>
  );
}

/** How its points fall: with time, or with its solves. */
function Worth({ path: clue }: { path: Path }) {
  const model = useModel();
  const [speed, decay] = [
    [...clue, "speed"],
    [...clue, "decay"],
  ];
  const own = model.text([...decay, "kind"]);
  const kind = model.at(speed) !== undefined ? "speed" : own === "" ? "hunt" : own;
  const become = (to: string): void => {
    model.edit("", (edit) => {
      edit.remove(speed);
      edit.remove(decay);
      if (to === "speed") edit.set(speed, { full: "5m", none: "30m", minimum: 0 });
      else if (to === "none") edit.set(decay, { kind: to });
      else if (to !== "hunt") edit.set(decay, { kind: to, minimum: 0, solves: 40 });
    });
  };
  return (
    <fieldset class="words">
      <legend>{t("worthLegend")}</legend>
      <SelectField
        path={kind === "speed" ? speed : decay}
        label={t("worth")}
        options={["hunt", "none", "linear", "log", "speed"].map((value) => ({
          value,
          label: t(`worth_${value}`),
        }))}
        otherwise={kind}
        onChange={become}
      />
      {kind === "speed" && (
        <div class="columns">
          <DurationField path={[...speed, "full"]} label={t("speedFull")} needed />
          <DurationField path={[...speed, "none"]} label={t("speedNone")} needed />
          <NumberField path={[...speed, "minimum"]} label={t("decayMinimum")} min={0} placeholder="0" />
        </div>
      )}
      {(kind === "linear" || kind === "log") && (
        <div class="columns">
          <NumberField path={[...decay, "minimum"]} label={t("decayMinimum")} min={0} />
          <NumberField path={[...decay, "solves"]} label={t("decaySolves")} min={1} />
        </div>
      )}
      <FirstSolves path={[...clue, "firstSolves"]} hint={t("firstSolvesOwn")} />
    </fieldset>
  );
}

export function ClueForm({ index }: { index: number }) {
  const model = useModel();
  const path = ["clues", index];
  const kind = model.text([...path, "kind"]);
  const id = model.text([...path, "id"]);
  const Form = KIND_FORMS[kind]?.Form;
  const become = (to: string): void => {
    model.edit("", (edit) => {
      for (const key of keysToDrop(to)) edit.remove([...path, key]);
      edit.set([...path, "kind"], to);
      for (const [key, value] of Object.entries(KIND_FORMS[to]?.fresh() ?? {})) {
        if (model.at([...path, key]) === undefined || kind === "choice" || to === "choice")
          edit.set([...path, key], value);
      }
    });
  };
  /** A clue is called after its title once that is written. */
  const named = (): void => {
    if (!/^clue(?:-\d+)?$/.test(id)) return;
    const others = model.clues.map((clue) => clue.id).filter((each) => each !== id);
    const wanted = idFor(model.shown([...path, "title"]), others, id);
    if (wanted !== id) model.edit("", (edit) => rename(edit, "clues", index, wanted));
  };
  return (
    <div class="clue-form">
      <div class="stack" data-path={dottedOf(path)}>
        <div onFocusOut={named}>
          <TranslatedField path={[...path, "title"]} label={t("clueTitle")} />
        </div>
        <div class="columns">
          <SelectField
            path={[...path, "kind"]}
            label={t("kindOf")}
            options={Object.keys(KIND_FORMS).map((value) => ({ value, label: t(`kind_${value}`) }))}
            onChange={become}
          />
          {model.rounds.length > 0 && (
            <SelectField
              path={[...path, "round"]}
              label={t("round")}
              otherwise=""
              options={[
                { value: "", label: t("noRound") },
                ...model.rounds.map((round) => ({ value: round.id, label: round.title })),
              ]}
            />
          )}
          {typeof model.at([...path, "points"]) !== "object" && (
            <NumberField path={[...path, "points"]} label={t("points")} min={0} placeholder="0" />
          )}
        </div>
        <TranslatedField path={[...path, "body"]} label={t("clueBody")} hint={t("markdownHint")} lines={6} />
        <InsertFile path={[...path, "body"]} />
        {Form ? <Form path={path} /> : <p class="note">{t("kindUnknown")}</p>}
        <fieldset class="words">
          <legend>{t("opensLegend")}</legend>
          <p class="sentence" dir="auto">
            {sentence(model, model.at([...path, "opens"]))}
          </p>
          <Condition path={[...path, "opens"]} label={t("opensWhen")} own={id} />
        </fieldset>
        <Closing path={path} />
        <Worth path={path} />
        <Hints path={path} />
        <details class="more">
          <summary>{t("moreSettings")}</summary>
          <div class="stack">
            <IdField
              path={[...path, "id"]}
              label={t("idOf")}
              hint={t("idHint")}
              onRename={(to) => model.edit("", (edit) => rename(edit, "clues", index, to))}
            />
            <TranslatedField
              path={[...path, "solution"]}
              label={t("solution")}
              hint={t("solutionHint")}
              lines={3}
            />
            <FilesField
              path={[...path, "attachments"]}
              label={t("attachments")}
              hint={t("attachmentsHint")}
            />
            <WordsField path={[...path, "tags"]} label={t("tags")} hint={t("tagsHint")} add={t("addTag")} />
            <CheckField path={[...path, "meta"]} label={t("isMeta")} hint={t("metaHint")} />
            <fieldset class="words">
              <legend>{t("attemptsOf")}</legend>
              <p class="soft small">{t("attemptsHint")}</p>
              <div class="columns">
                <NumberField
                  path={[...path, "attempts", "burst"]}
                  label={t("burst")}
                  min={1}
                  placeholder={model.text(["attempts", "burst"]) || "5"}
                />
                <NumberField
                  path={[...path, "attempts", "refillPerMinute"]}
                  label={t("refill")}
                  min={0}
                  step="any"
                  placeholder={model.text(["attempts", "refillPerMinute"]) || "10"}
                />
                <NumberField
                  path={[...path, "attempts", "perClue"]}
                  label={t("perClue")}
                  min={0}
                  placeholder={model.text(["attempts", "perClue"]) || "50"}
                />
              </div>
            </fieldset>
          </div>
        </details>
        <Findings path={path} exact />
      </div>
      <CluePreview path={path} />
    </div>
  );
}
