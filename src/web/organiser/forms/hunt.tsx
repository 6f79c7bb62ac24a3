/** What a hunt is called, and what it says of itself. */
import { t } from "../../shared/i18n.ts";
import { Findings } from "./fields.tsx";
import { useModel } from "./model.ts";
import { TranslatedField } from "./translated.tsx";

export function HuntForm() {
  const model = useModel();
  return (
    <div class="stack">
      <TranslatedField path={["title"]} label={t("huntTitle")} needed />
      <TranslatedField
        path={["description"]}
        label={t("huntDescription")}
        hint={t("markdownHint")}
        lines={5}
      />
      {model.at(["hunt"]) !== undefined && <Findings path={["hunt"]} />}
      <Findings path={["format"]} />
      <Findings path={[]} exact />
    </div>
  );
}
