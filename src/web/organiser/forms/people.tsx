/** Who plays: alone or in teams, in which divisions, who may join and what joining asks. */
import { t } from "../../shared/i18n.ts";
import { idFor, idsIn, rename } from "../document/ids.ts";
import { dottedOf, type Path } from "../document/path.ts";
import {
  CheckField,
  DurationField,
  Findings,
  IdField,
  NumberField,
  RemoveButton,
  SelectField,
  WordsField,
} from "./fields.tsx";
import { useModel } from "./model.ts";
import { TranslatedField } from "./translated.tsx";

const FIELDS = ["text", "email", "phone", "number", "choice", "checkbox"] as const;

export function PeopleForm() {
  const model = useModel();
  const mode = model.text(["teams", "mode"]) || "solo";
  const size = Number(model.text(["teams", "maxSize"]) || 6);
  const become = (to: string): void =>
    model.edit("", (edit) => {
      if (to === "solo") edit.set(["teams"], undefined);
      else edit.set(["teams"], { mode: "teams", maxSize: 6 });
    });
  const require = model.text(["players", "require"]) || "anyone";
  return (
    <div class="stack">
      <fieldset class="words" data-path="teams">
        <legend>{t("teamsLegend")}</legend>
        <div class="columns">
          <SelectField
            path={["teams", "mode"]}
            label={t("teamsMode")}
            otherwise="solo"
            options={["solo", "teams"].map((value) => ({ value, label: t(`teams_${value}`) }))}
            onChange={become}
          />
          {mode === "teams" && (
            <NumberField path={["teams", "maxSize"]} label={t("maxSize")} min={1} max={100} placeholder="6" />
          )}
        </div>
        <SelectField
          path={["teams", "clock"]}
          label={t("clock")}
          options={["hunt", "own"].map((value) => ({ value, label: t(`clock_${value}`) }))}
          otherwise={model.text(["teams", "clock"]) || "hunt"}
          onChange={(to) =>
            model.edit("", (edit) => {
              edit.remove(["teams", "limit"]);
              if (to === "hunt") edit.remove(["teams", "clock"]);
              else edit.set(["teams"], { mode, ...(mode === "teams" ? { maxSize: size } : {}), clock: to });
            })
          }
        />
        {model.text(["teams", "clock"]) === "own" && (
          <DurationField path={["teams", "limit"]} label={t("limit")} hint={t("limitHint")} />
        )}
        <Findings path={["teams"]} exact />
      </fieldset>
      <Brackets />
      <fieldset class="words" data-path="players">
        <legend>{t("playersLegend")}</legend>
        <SelectField
          path={["players", "require"]}
          label={t("whoJoins")}
          otherwise="anyone"
          options={["anyone", "registered", "signed"].map((value) => ({
            value,
            label: t(`require_${value}`),
          }))}
        />
        {require !== "anyone" && (
          <SelectField
            path={["players", "whenOriginDown"]}
            label={t("whenOriginDown")}
            otherwise="admit"
            options={["admit", "refuse"].map((value) => ({ value, label: t(`down_${value}`) }))}
          />
        )}
        <Findings path={["players"]} exact />
        <Findings path={["players", "once"]} />
      </fieldset>
      <Joining />
    </div>
  );
}

function Brackets() {
  const model = useModel();
  const ids = idsIn(model.value, ["brackets"]);
  return (
    <fieldset class="words" data-path="brackets">
      <legend>{t("brackets")}</legend>
      <p class="soft small">{t("bracketsHint")}</p>
      {ids.map((_, index) => (
        <div key={index} class="row top part" data-path={`brackets.${index}`}>
          <TranslatedField
            path={["brackets", index, "title"]}
            label={`${t("bracketName")} ${index + 1}`}
            needed
          />
          <IdField
            path={["brackets", index, "id"]}
            label={t("idOf")}
            onRename={(to) => model.edit("", (edit) => rename(edit, "brackets", index, to))}
          />
          <RemoveButton
            what={`${t("bracketName")} ${index + 1}`}
            onClick={() => model.edit("", (edit) => edit.remove(["brackets", index]))}
          />
        </div>
      ))}
      <Findings path={["brackets"]} exact />
      <button
        type="button"
        class="quiet"
        onClick={() =>
          model.edit("", (edit) =>
            edit.insert(["brackets"], ids.length, { id: idFor("", ids, "bracket"), title: t("bracketName") }),
          )
        }
      >
        {t("addBracket")}
      </button>
    </fieldset>
  );
}

function Joining() {
  const model = useModel();
  const fields: Path = ["join", "fields"];
  const consents: Path = ["join", "consent"];
  const fieldIds = idsIn(model.value, fields);
  const consentIds = idsIn(model.value, consents);
  return (
    <details class="more" open={model.at(["join"]) !== undefined || undefined} data-path="join">
      <summary>{t("joinLegend")}</summary>
      <div class="stack">
        <p class="soft small">{t("joinHint")}</p>
        {fieldIds.map((_, index) => (
          <JoinField key={index} path={[...fields, index]} number={index + 1} />
        ))}
        <button
          type="button"
          class="quiet"
          onClick={() =>
            model.edit("", (edit) =>
              edit.insert(fields, fieldIds.length, {
                id: idFor("", fieldIds, "field"),
                label: "",
                kind: "text",
              }),
            )
          }
        >
          {t("addField")}
        </button>
        {consentIds.map((_, index) => (
          <div key={index} class="stack tight part" data-path={dottedOf([...consents, index])}>
            <TranslatedField
              path={[...consents, index, "text"]}
              label={`${t("consent")} ${index + 1}`}
              lines={2}
              needed
            />
            <CheckField path={[...consents, index, "required"]} label={t("isRequired")} />
            <Findings path={[...consents, index]} exact />
            <RemoveButton
              what={`${t("consent")} ${index + 1}`}
              onClick={() => model.edit("", (edit) => edit.remove([...consents, index]))}
            />
          </div>
        ))}
        <button
          type="button"
          class="quiet"
          onClick={() =>
            model.edit("", (edit) =>
              edit.insert(consents, consentIds.length, {
                id: idFor("", consentIds, "consent"),
                text: "",
                required: true,
              }),
            )
          }
        >
          {t("addConsent")}
        </button>
        <NumberField path={["join", "minAge"]} label={t("minAge")} hint={t("minAgeHint")} min={1} max={120} />
        <WordsField
          path={["join", "countries"]}
          label={t("countries")}
          hint={t("countriesHint")}
          add={t("addCountry")}
        />
        <SelectField
          path={["join", "check"]}
          label={t("joinCheck")}
          otherwise=""
          options={["", "turnstile"].map((value) => ({
            value,
            label: t(value === "" ? "checkNone" : "checkTurnstile"),
          }))}
        />
        <Findings path={["join"]} exact />
      </div>
    </details>
  );
}

function JoinField({ path, number }: { path: Path; number: number }) {
  const model = useModel();
  const kind = model.text([...path, "kind"]);
  const options = idsIn(model.value, [...path, "options"]);
  return (
    <div class="stack tight part" data-path={dottedOf(path)}>
      <div class="columns">
        <TranslatedField path={[...path, "label"]} label={`${t("fieldLabel")} ${number}`} needed />
        <SelectField
          path={[...path, "kind"]}
          label={t("fieldKind")}
          options={FIELDS.map((value) => ({ value, label: t(`field_${value}`) }))}
          onChange={(to) =>
            model.edit("", (edit) => {
              edit.set([...path, "kind"], to);
              if (to !== "choice") edit.remove([...path, "options"]);
            })
          }
        />
        <IdField path={[...path, "id"]} label={t("idOf")} onRename={(to) => model.set([...path, "id"], to)} />
      </div>
      {kind === "choice" && (
        <div class="stack tight" data-path={dottedOf([...path, "options"])}>
          {options.map((_, index) => (
            <div key={index} class="row top">
              <TranslatedField
                path={[...path, "options", index, "label"]}
                label={`${t("choice")} ${index + 1}`}
                needed
              />
              <RemoveButton
                what={`${t("choice")} ${index + 1}`}
                onClick={() => model.edit("", (edit) => edit.remove([...path, "options", index]))}
              />
            </div>
          ))}
          <Findings path={[...path, "options"]} exact />
          <button
            type="button"
            class="quiet"
            onClick={() =>
              model.edit("", (edit) =>
                edit.insert([...path, "options"], options.length, {
                  id: idFor("", options, "option"),
                  label: "",
                }),
              )
            }
          >
            {t("addChoice")}
          </button>
        </div>
      )}
      <div class="row">
        <CheckField path={[...path, "required"]} label={t("isRequired")} />
        <CheckField path={[...path, "once"]} label={t("isOnce")} />
        <CheckField path={[...path, "contact"]} label={t("isContact")} />
      </div>
      <Findings path={path} exact />
      <RemoveButton
        what={`${t("fieldLabel")} ${number}`}
        onClick={() => model.edit("", (edit) => edit.remove(path))}
      />
    </div>
  );
}
