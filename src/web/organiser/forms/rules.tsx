/** How teams are ranked, what solves are worth, how many tries there are, and whether teams may ask for help. */
import { t } from "../../shared/i18n.ts";
import { dottedOf, type Path } from "../document/path.ts";
import {
  DurationField,
  Findings,
  fieldId,
  NumberField,
  SelectField,
  TimeField,
  useTyped,
} from "./fields.tsx";
import { useModel } from "./model.ts";

const NONE = "";

export function RulesForm() {
  const model = useModel();
  const decay = model.text(["scoring", "decay", "kind"]) || "none";
  const becomeDecay = (to: string): void =>
    model.set(
      ["scoring", "decay"],
      to === "none"
        ? undefined
        : {
            kind: to,
            minimum: Number(model.text(["scoring", "decay", "minimum"]) || 50),
            solves: Number(model.text(["scoring", "decay", "solves"]) || 40),
          },
    );
  return (
    <div class="stack">
      <fieldset class="words" data-path="scoring">
        <legend>{t("scoringLegend")}</legend>
        <SelectField
          path={["scoring", "ranking"]}
          label={t("ranking")}
          otherwise="score"
          options={["score", "finish"].map((value) => ({ value, label: t(`ranking_${value}`) }))}
        />
        <SelectField
          path={["scoring", "finish"]}
          label={t("finishClue")}
          hint={t("finishHint")}
          otherwise={NONE}
          options={[
            { value: NONE, label: t("noFinish") },
            ...model.clues.map(({ id, title }) => ({ value: id, label: title })),
          ]}
        />
        <SelectField
          path={["scoring", "decay", "kind"]}
          label={t("decay")}
          otherwise="none"
          options={["none", "linear", "log"].map((value) => ({ value, label: t(`decay_${value}`) }))}
          onChange={becomeDecay}
        />
        {decay !== "none" && (
          <div class="columns">
            <NumberField path={["scoring", "decay", "minimum"]} label={t("decayMinimum")} min={0} />
            <NumberField path={["scoring", "decay", "solves"]} label={t("decaySolves")} min={1} />
          </div>
        )}
        <FirstSolves path={["scoring", "firstSolves"]} hint={t("firstSolvesHint")} />
        <SelectField
          path={["scoring", "penalty"]}
          label={t("penalty")}
          hint={t("penaltyHint")}
          options={["none", "points"].map((value) => ({ value, label: t(`penalty_${value}`) }))}
          otherwise={model.at(["scoring", "penalty"]) === undefined ? "none" : "points"}
          onChange={(to) => model.set(["scoring", "penalty"], to === "none" ? undefined : { points: 5 })}
        />
        {model.at(["scoring", "penalty"]) !== undefined && (
          <NumberField path={["scoring", "penalty", "points"]} label={t("penaltyEach")} min={1} />
        )}
        <Findings path={["scoring"]} exact />
      </fieldset>
      <fieldset class="words" data-path="attempts">
        <legend>{t("attemptsOf")}</legend>
        <p class="soft small">{t("attemptsHint")}</p>
        <div class="columns">
          <NumberField path={["attempts", "burst"]} label={t("burst")} min={1} placeholder="5" />
          <NumberField
            path={["attempts", "refillPerMinute"]}
            label={t("refill")}
            min={0}
            step="any"
            placeholder="10"
          />
          <NumberField path={["attempts", "perClue"]} label={t("perClue")} min={0} placeholder="50" />
        </div>
        <Findings path={["attempts"]} exact />
      </fieldset>
      <Helping />
      <SelectField
        path={["guesses"]}
        label={t("guessesShown")}
        otherwise="shown"
        options={["shown", "hidden"].map((value) => ({ value, label: t(`guesses_${value}`) }))}
      />
      <SelectField
        path={["show", "solves"]}
        label={t("solvesShown")}
        otherwise="none"
        options={["none", "counts", "names"].map((value) => ({ value, label: t(`solves_${value}`) }))}
      />
    </div>
  );
}

/** Points as one writes them: 30, 20, 10. */
export function FirstSolves({ path, hint }: { path: Path; hint: string }) {
  const model = useModel();
  const typed = useTyped(model.list(path).join(", "), (text) => {
    const points = text
      .split(/[,;\s]+/)
      .filter((each) => /^\d+$/.test(each))
      .map(Number);
    model.set(path, points.length === 0 ? undefined : points);
  });
  return (
    <div class="field" data-path={dottedOf(path)}>
      <label htmlFor={fieldId(path)}>{t("firstSolves")}</label>
      <p class="soft small">{hint}</p>
      <input id={fieldId(path)} inputMode="text" dir="ltr" placeholder="30, 20, 10" {...typed} />
      <Findings path={path} />
    </div>
  );
}

function Helping() {
  const model = useModel();
  const held = model.at(["help"]);
  const from = model.at(["help", "from"]);
  const since = typeof from !== "object" || from === null ? "opening" : "at" in from ? "at" : "after";
  return (
    <fieldset class="words" data-path="help">
      <legend>{t("helpLegend")}</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={held !== undefined}
          onChange={({ currentTarget: { checked } }) =>
            model.set(["help"], checked ? { about: "clues" } : undefined)
          }
        />
        {t("helpOffered")}
      </label>
      {held !== undefined && (
        <>
          <SelectField
            path={["help", "from"]}
            label={t("helpFrom")}
            options={["opening", "after", "at"].map((value) => ({ value, label: t(`help_${value}`) }))}
            otherwise={since}
            onChange={(to) =>
              model.set(
                ["help", "from"],
                to === "opening"
                  ? undefined
                  : to === "after"
                    ? { after: "30m" }
                    : { at: new Date().toISOString().replace(/\.\d+Z$/, "Z") },
              )
            }
          />
          {since === "after" && (
            <DurationField path={["help", "from", "after"]} label={t("howLong")} needed />
          )}
          {since === "at" && <TimeField path={["help", "from", "at"]} label={t("timeOf")} needed />}
          <NumberField path={["help", "perTeam"]} label={t("helpPerTeam")} min={1} max={20} placeholder="3" />
          <SelectField
            path={["help", "about"]}
            label={t("helpAbout")}
            otherwise="anything"
            options={["anything", "clues"].map((value) => ({ value, label: t(`about_${value}`) }))}
          />
        </>
      )}
      <Findings path={["help"]} exact />
    </fieldset>
  );
}
