/** Pages of the hunt's own: rules, an imprint, how to get there. Texts link them as page:rules. */
import { t } from "../../shared/i18n.ts";
import { idFor, idsIn } from "../document/ids.ts";
import { dottedOf, type Path } from "../document/path.ts";
import { Findings, IdField, RemoveButton, TextField, WordsField } from "./fields.tsx";
import { useModel } from "./model.ts";
import { Ordered } from "./order.tsx";
import { InsertFile } from "./pick-file.tsx";
import { TranslatedField } from "./translated.tsx";

export function PagesForm() {
  const model = useModel();
  const ids = idsIn(model.value, ["pages"]);
  const add = (): void => {
    const page = { id: idFor("", ids, "page"), title: "", body: "" };
    model.edit("", (edit) => edit.insert(["pages"], ids.length, page));
  };
  return (
    <div class="stack">
      <p class="soft">{t("pagesHint")}</p>
      <Ordered
        path={["pages"]}
        entries={ids.map((id, index) => ({
          name: model.titled("pages")[index]?.title ?? id,
          content: <PageForm path={["pages", index]} />,
        }))}
      />
      <Findings path={["pages"]} exact />
      <div class="row">
        <button type="button" onClick={add}>
          {t("addPage")}
        </button>
      </div>
      <fieldset class="words" data-path="legal">
        <legend>{t("legalLegend")}</legend>
        <p class="soft small">{t("legalHint")}</p>
        <div class="columns">
          <TextField path={["legal", "imprint"]} label={t("imprint")} placeholder="page:imprint" plain />
          <TextField path={["legal", "privacy"]} label={t("privacy")} placeholder="https://…" plain />
        </div>
        <Findings path={["legal"]} exact />
      </fieldset>
      <WordsField path={["embed"]} label={t("embed")} hint={t("embedHint")} add={t("addSite")} />
    </div>
  );
}

function PageForm({ path }: { path: Path }) {
  const model = useModel();
  const id = model.text([...path, "id"]);
  /** A page is called after its title once that is written. */
  const named = (): void => {
    if (!/^page(?:-\d+)?$/.test(id)) return;
    const others = idsIn(model.value, ["pages"]).filter((each) => each !== id);
    const wanted = idFor(model.shown([...path, "title"]), others, id);
    if (wanted !== id) model.set([...path, "id"], wanted);
  };
  return (
    <div class="stack tight part" data-path={dottedOf(path)}>
      <div onFocusOut={named}>
        <TranslatedField path={[...path, "title"]} label={t("pageTitle")} needed />
      </div>
      <TranslatedField
        path={[...path, "body"]}
        label={t("pageBody")}
        hint={t("markdownHint")}
        lines={6}
        needed
      />
      <InsertFile path={[...path, "body"]} />
      <IdField
        path={[...path, "id"]}
        label={t("idOf")}
        hint={t("pageIdHint")}
        onRename={(to) => model.set([...path, "id"], to)}
      />
      <Findings path={path} exact />
      <RemoveButton
        what={model.shown([...path, "title"]) || id}
        onClick={() => model.edit("", (edit) => edit.remove(path))}
      />
    </div>
  );
}
