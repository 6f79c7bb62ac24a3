/** Addresses that are told what happens. Their deliveries, secrets and tests are among the data. */
import { WEBHOOK_SHAPES, WEBHOOK_TYPES } from "../../../contract/webhook-types.ts";
import { t } from "../../shared/i18n.ts";
import { idFor } from "../document/ids.ts";
import { dottedOf, type Path } from "../document/path.ts";
import { Findings, IdField, RemoveButton, SelectField, TextField } from "./fields.tsx";
import { useModel } from "./model.ts";

const LIST: Path = ["webhooks"];

export function WebhooksForm() {
  const model = useModel();
  const count = model.list(LIST).length;
  const ids = model.list(LIST).map((_, index) => model.text([...LIST, index, "id"]));
  const add = (): void => {
    const webhook = { id: idFor("", ids, "hook"), url: "https://", on: ["solved"] };
    model.edit("", (edit) => edit.insert(LIST, count, webhook));
  };
  return (
    <div class="stack">
      <p class="soft">{t("webhooksFormHint")}</p>
      {ids.map((_, index) => (
        <WebhookForm key={index} path={[...LIST, index]} />
      ))}
      <Findings path={LIST} exact />
      <div class="row">
        <button type="button" onClick={add}>
          {t("addWebhook")}
        </button>
      </div>
    </div>
  );
}

function WebhookForm({ path }: { path: Path }) {
  const model = useModel();
  const id = model.text([...path, "id"]);
  return (
    <div class="stack tight part" data-path={dottedOf(path)}>
      <TextField
        path={[...path, "url"]}
        label={t("webhookUrl")}
        hint={t("webhookUrlHint")}
        placeholder="https://…"
        needed
        plain
      />
      <SelectField
        path={[...path, "as"]}
        label={t("webhookAs")}
        otherwise={WEBHOOK_SHAPES[0]}
        options={WEBHOOK_SHAPES.map((value) => ({ value, label: t(`as_${value}`) }))}
      />
      <WhatIsTold path={[...path, "on"]} />
      <IdField
        path={[...path, "id"]}
        label={t("idOf")}
        hint={t("webhookIdHint")}
        onRename={(to) => model.set([...path, "id"], to)}
      />
      <Findings path={path} exact />
      <RemoveButton
        what={model.text([...path, "url"]) || id}
        onClick={() => model.edit("", (edit) => edit.remove(path))}
      />
    </div>
  );
}

function WhatIsTold({ path }: { path: Path }) {
  const model = useModel();
  const held = model.list(path).map(String);
  const set = (type: string, isWanted: boolean): void => {
    const wanted: readonly string[] = isWanted ? [...held, type] : held.filter((each) => each !== type);
    // In the order of the list; what this page does not know stays.
    const known = WEBHOOK_TYPES.filter((each) => wanted.includes(each));
    const others = wanted.filter((each) => !(WEBHOOK_TYPES as readonly string[]).includes(each));
    model.set(path, [...known, ...others]);
  };
  return (
    <fieldset class="words" data-path={dottedOf(path)}>
      <legend>{t("webhookOn")}</legend>
      <div class="ticks">
        {WEBHOOK_TYPES.map((type) => (
          <label key={type} class="check">
            <input
              type="checkbox"
              checked={held.includes(type)}
              onChange={({ currentTarget: { checked } }) => set(type, checked)}
            />
            {t(`on_${type}`)}
          </label>
        ))}
      </div>
      <Findings path={path} />
    </fieldset>
  );
}
