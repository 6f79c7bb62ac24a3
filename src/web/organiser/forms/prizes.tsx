/** The prizes: how many there are, who gets one, and when. */
import { t } from "../../shared/i18n.ts";
import { idFor, idsIn } from "../document/ids.ts";
import { dottedOf, type Path } from "../document/path.ts";
import { engineText } from "../engine.ts";
import { Condition } from "./condition.tsx";
import {
  Findings,
  IdField,
  isoOf,
  localOf,
  NumberField,
  RemoveButton,
  SelectField,
  TimeField,
  WordsField,
} from "./fields.tsx";
import { useModel } from "./model.ts";
import { Ordered } from "./order.tsx";
import { TranslatedField } from "./translated.tsx";

const MODES = ["first-come", "instant-win", "odds"] as const;

/** A chance to begin with: one of fifty. */
const ODDS = 0.02;

export function PrizesForm() {
  const model = useModel();
  const ids = idsIn(model.value, ["prizes"]);
  const add = (): void => {
    model.edit("", (edit) =>
      edit.insert(["prizes"], ids.length, { id: idFor("", ids, "prize"), title: "", stock: 1 }),
    );
  };
  return (
    <div class="stack">
      {ids.length === 0 && <p class="soft">{t("noPrizesYet")}</p>}
      <Ordered
        path={["prizes"]}
        entries={ids.map((id, index) => ({
          name: model.titled("prizes")[index]?.title ?? id,
          content: <PrizeForm path={["prizes", index]} number={index + 1} />,
        }))}
      />
      <Findings path={["prizes"]} exact />
      <div class="row">
        <button type="button" onClick={add}>
          {t("addPrize")}
        </button>
      </div>
    </div>
  );
}

/** A window of a day, from the next full hour or the hunt's opening on. */
function windowOf(opens: string, closes: string): { from: string; to: string } {
  const from = localOf(opens) === "" ? new Date() : new Date(opens);
  const to = localOf(closes) === "" ? new Date(from.getTime() + 86_400_000) : new Date(closes);
  return { from: isoOf(localOf(from.toISOString())), to: isoOf(localOf(to.toISOString())) };
}

function PrizeForm({ path, number }: { path: Path; number: number }) {
  const model = useModel();
  const mode = model.text([...path, "mode"]) || "first-come";
  const id = model.text([...path, "id"]);
  const hasWindow = model.at([...path, "window"]) !== undefined;
  const newWindow = () => windowOf(model.text(["opens"]), model.text(["closes"]));
  const become = (to: string): void =>
    model.edit("", (edit) => {
      edit.set([...path, "mode"], to === "first-come" ? undefined : to);
      edit.set([...path, "odds"], to === "odds" ? ODDS : undefined);
      if (to === "instant-win" && !hasWindow) edit.set([...path, "window"], newWindow());
    });
  /** A prize is called after its title once that is written. */
  const named = (): void => {
    if (!/^prize(?:-\d+)?$/.test(id)) return;
    const others = idsIn(model.value, ["prizes"]).filter((each) => each !== id);
    const wanted = idFor(model.shown([...path, "title"]), others, id);
    if (wanted !== id) model.set([...path, "id"], wanted);
  };
  return (
    <fieldset class="words part" data-path={dottedOf(path)}>
      <legend>{t("prizeNumber", { number })}</legend>
      <div onFocusOut={named}>
        <TranslatedField path={[...path, "title"]} label={t("prizeTitle")} needed />
      </div>
      <div class="columns">
        <SelectField
          path={[...path, "mode"]}
          label={t("prizeMode")}
          otherwise="first-come"
          options={MODES.map((value) => ({ value, label: engineText("mode", value) }))}
          onChange={become}
        />
        <NumberField path={[...path, "stock"]} label={t("stock")} min={1} />
        {mode === "odds" && (
          <NumberField path={[...path, "odds"]} label={t("odds")} min={0} max={1} step="any" />
        )}
        <NumberField path={[...path, "perTeam"]} label={t("perTeam")} min={1} placeholder="1" />
        <NumberField path={[...path, "perPlayer"]} label={t("perPlayer")} min={1} />
      </div>
      <Condition path={[...path, "requires"]} label={t("prizeRequires")} without={["manual"]} />
      <label class="check">
        <input
          type="checkbox"
          checked={hasWindow}
          onChange={({ currentTarget: { checked } }) =>
            model.set([...path, "window"], checked ? newWindow() : undefined)
          }
        />
        {t("hasWindow")}
      </label>
      {hasWindow && (
        <div class="columns">
          <TimeField path={[...path, "window", "from"]} label={t("windowFrom")} needed />
          <TimeField path={[...path, "window", "to"]} label={t("windowTo")} needed />
        </div>
      )}
      <Findings path={[...path, "window"]} exact />
      <details class="more">
        <summary>{t("moreSettings")}</summary>
        <div class="stack">
          <IdField
            path={[...path, "id"]}
            label={t("idOf")}
            hint={t("prizeIdHint")}
            onRename={(to) => model.set([...path, "id"], to)}
          />
          <WordsField
            path={[...path, "codes"]}
            label={t("prizeCodes")}
            hint={t("prizeCodesHint")}
            add={t("addCode")}
          />
        </div>
      </details>
      <Findings path={path} exact />
      <RemoveButton
        what={t("prizeNumber", { number })}
        onClick={() => model.edit("", (edit) => edit.remove(path))}
      />
    </fieldset>
  );
}
