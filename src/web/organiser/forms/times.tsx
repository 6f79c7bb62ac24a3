/** When a hunt opens, closes and is forgotten, in the zone of the device. */
import { t } from "../../shared/i18n.ts";
import { DurationField, SelectField, TimeField } from "./fields.tsx";

export function TimesForm() {
  return (
    <div class="stack">
      <TimeField path={["opens"]} label={t("opensAt")} hint={t("opensAtHint")} />
      <TimeField path={["closes"]} label={t("closesAt")} hint={t("closesAtHint")} />
      <TimeField path={["freeze"]} label={t("freezeAt")} hint={t("freezeAtHint")} />
      <SelectField
        path={["results"]}
        label={t("resultsShown")}
        otherwise="auto"
        options={["auto", "manual"].map((value) => ({ value, label: t(`results_${value}`) }))}
      />
      <DurationField path={["retention"]} label={t("retention")} hint={t("retentionHint")} />
    </div>
  );
}
