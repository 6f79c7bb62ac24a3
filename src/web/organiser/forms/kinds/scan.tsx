/** The kind `scan`: a printed code, made by the engine, or one that is there already. */
import { t } from "../../../shared/i18n.ts";
import type { Path } from "../../document/path.ts";
import { TextField } from "../fields.tsx";
import { InsteadForm } from "../instead.tsx";
import type { KindForm } from "./kind.ts";

function ScanForm({ path }: { path: Path }) {
  return (
    <>
      <TextField
        path={[...path, "code"]}
        label={t("ownCode")}
        hint={t("ownCodeHint")}
        placeholder={t("codeGenerated")}
        plain
      />
      <InsteadForm path={path} />
    </>
  );
}

function ScanPreview() {
  return <span class="button wide">{t("scanCode")}</span>;
}

export const scan: KindForm = {
  keys: ["code", "instead"],
  fresh: () => ({}),
  Form: ScanForm,
  Preview: ScanPreview,
};
