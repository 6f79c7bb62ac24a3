/** The kind `submission`: what can be sent, who judges it and when, and what it is worth. */
import { t } from "../../../shared/i18n.ts";
import { dottedOf, type Path } from "../../document/path.ts";
import { Findings, NumberField, SelectField } from "../fields.tsx";
import { useModel } from "../model.ts";
import type { KindForm } from "./kind.ts";

const ACCEPTED = ["image", "video", "audio", "text"] as const;
const JUDGED = ["before", "after", "none"] as const;

function SubmissionForm({ path }: { path: Path }) {
  const model = useModel();
  const at = [...path, "accept"];
  const accepted = model.list(at).map(String);
  const worth = [...path, "points"];
  const given = model.at(worth);
  const isRange = typeof given === "object" && given !== null;
  return (
    <>
      <fieldset class="words" data-path={dottedOf(at)}>
        <legend>{t("acceptOf")}</legend>
        {ACCEPTED.map((kind) => (
          <label key={kind} class="check">
            <input
              type="checkbox"
              checked={accepted.includes(kind)}
              onChange={({ currentTarget: { checked } }) => {
                const kinds = ACCEPTED.filter((each) => (each === kind ? checked : accepted.includes(each)));
                model.set(at, kinds.length === 0 ? undefined : kinds);
              }}
            />
            {t(`accept_${kind}`)}
          </label>
        ))}
        <Findings path={at} exact />
      </fieldset>
      <SelectField
        path={[...path, "judge"]}
        label={t("judgeWhen")}
        otherwise="before"
        options={JUDGED.map((value) => ({ value, label: t(`judgeWhen_${value}`) }))}
      />
      <fieldset class="words" data-path={dottedOf(worth)}>
        <label class="check">
          <input
            type="checkbox"
            checked={isRange}
            onChange={({ currentTarget: { checked } }) => {
              const most = Number(model.text([...worth, "to"]) || model.text(worth)) || 100;
              model.set(worth, checked ? { from: 0, to: most } : most);
            }}
          />
          {t("judgeGives")}
        </label>
        {isRange && (
          <div class="columns">
            <NumberField path={[...worth, "from"]} label={t("pointsFrom")} min={0} />
            <NumberField path={[...worth, "to"]} label={t("pointsTo")} min={0} />
          </div>
        )}
        <Findings path={worth} />
      </fieldset>
    </>
  );
}

function SubmissionPreview() {
  return <span class="button wide">{t("sendInPreview")}</span>;
}

export const submission: KindForm = {
  keys: ["accept", "judge"],
  fresh: () => ({ accept: ["image"] }),
  Form: SubmissionForm,
  Preview: SubmissionPreview,
};
