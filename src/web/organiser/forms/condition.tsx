/** A condition as a sentence with gaps: when a clue opens, or what a team must have done for a prize. */
import { list, locale, t } from "../../shared/i18n.ts";
import {
  CONDITION_KINDS,
  type ConditionKind,
  durationOf,
  entriesKey,
  entriesOf,
  kindOf,
  roundsOf,
  turned,
  type Unit,
} from "../document/conditions.ts";
import { dottedOf, type Path } from "../document/path.ts";
import { dayAndTime } from "../times.ts";
import {
  DurationField,
  Findings,
  fieldId,
  isoOf,
  localOf,
  NumberField,
  RemoveButton,
  SelectField,
  TimeField,
} from "./fields.tsx";
import { type Model, useModel } from "./model.ts";

/** Entries within entries within entries: deeper ones are written as text. */
const DEPTH_MAX = 4;

/** The next full hour: a time to begin with. */
export function soon(): string {
  const at = new Date();
  at.setHours(at.getHours() + 1, 0, 0, 0);
  return isoOf(localOf(at.toISOString()));
}

/** `own`: the clue itself, which cannot ask for itself. `without`: forms that make no sense there. */
export function Condition({
  path,
  label,
  own,
  without = [],
  optional = true,
  depth = 0,
}: {
  path: Path;
  label: string;
  own?: string | undefined;
  without?: readonly ConditionKind[];
  /** Whether no condition is possible. */
  optional?: boolean;
  depth?: number;
}) {
  const model = useModel();
  const condition = model.at(path);
  const kind = kindOf(condition);
  const given = {
    clues: model.clues.map(({ id }) => id).filter((id) => id !== own),
    rounds: model.rounds.map(({ id }) => id),
    now: soon(),
  };
  const choose = (to: ConditionKind): void => {
    model.set(path, to === "start" && optional ? undefined : turned(condition, to, given));
  };
  const kinds = CONDITION_KINDS.filter(
    (each) =>
      each === kind ||
      !(without.includes(each) || (depth >= DEPTH_MAX && ["all", "any", "atLeast"].includes(each))),
  );
  return (
    <div class="condition" data-path={dottedOf(path)}>
      <div class="field">
        <label htmlFor={fieldId(path)}>{label}</label>
        {kind === undefined ? (
          <p class="note">
            {t("conditionUnknown")} <code dir="ltr">{JSON.stringify(condition)}</code>
          </p>
        ) : (
          <select
            id={fieldId(path)}
            value={kind}
            onChange={({ currentTarget: { value } }) => choose(value as ConditionKind)}
          >
            {kinds.map((each) => (
              <option key={each} value={each}>
                {t(`condition_${each}`)}
              </option>
            ))}
          </select>
        )}
      </div>
      {kind !== undefined && <Gaps path={path} kind={kind} own={own} without={without} depth={depth} />}
      <Findings path={path} exact={kind === "all" || kind === "any" || kind === "atLeast"} />
    </div>
  );
}

function Gaps({
  path,
  kind,
  own,
  without,
  depth,
}: {
  path: Path;
  kind: ConditionKind;
  own: string | undefined;
  without: readonly ConditionKind[];
  depth: number;
}) {
  const model = useModel();
  if (kind === "solved") {
    return (
      <Pick path={[...path, "solved"]} label={t("clue")} of={model.clues.filter(({ id }) => id !== own)} />
    );
  }
  if (kind === "solvedIn") return <SolvedIn path={path} />;
  if (kind === "points") return <NumberField path={[...path, "points"]} label={t("pointsReached")} min={1} />;
  if (kind === "at") return <TimeField path={[...path, "at"]} label={t("timeOf")} needed />;
  if (kind === "after") {
    return (
      <>
        <DurationField path={[...path, "after"]} label={t("howLong")} needed />
        <SelectField
          path={[...path, "since"]}
          label={t("sinceWhen")}
          otherwise=""
          options={[
            { value: "", label: t("sinceStart") },
            ...model.clues
              .filter(({ id }) => id !== own)
              .map(({ id, title }) => ({ value: id, label: t("sinceClue", { clue: title }) })),
          ]}
        />
      </>
    );
  }
  if (kind === "start" || kind === "manual") return null;
  const key = entriesKey(kind);
  const entries = entriesOf(model.at(path));
  const add = (): void => {
    const first = model.clues.find(({ id }) => id !== own)?.id ?? "";
    model.edit("", (edit) => edit.insert([...path, key], entries.length, { solved: first }));
  };
  return (
    <div class="stack tight">
      {kind === "atLeast" && <NumberField path={[...path, "atLeast"]} label={t("howMany")} min={1} />}
      <ul class="entries">
        {entries.map((_, index) => (
          <li key={index} class="row top">
            <Condition
              path={[...path, key, index]}
              label={`${index + 1}.`}
              own={own}
              without={[...without, "manual", "start"]}
              optional={false}
              depth={depth + 1}
            />
            {kind === "atLeast" && (
              <NumberField
                path={[...path, key, index, "weight"]}
                label={t("countsFor")}
                min={1}
                placeholder="1"
              />
            )}
            {entries.length > 1 && (
              <RemoveButton
                what={`${index + 1}.`}
                onClick={() => model.edit("", (edit) => edit.remove([...path, key, index]))}
              />
            )}
          </li>
        ))}
      </ul>
      <button type="button" class="quiet" onClick={add}>
        {t("addCondition")}
      </button>
    </div>
  );
}

/** A clue or a round by its title. */
function Pick({
  path,
  label,
  of,
}: {
  path: Path;
  label: string;
  of: readonly { id: string; title: string }[];
}) {
  const model = useModel();
  const value = model.text(path);
  const isKnown = of.some(({ id }) => id === value);
  return (
    <div class="field" data-path={dottedOf(path)}>
      <label htmlFor={fieldId(path)}>{label}</label>
      <select
        id={fieldId(path)}
        value={value}
        onChange={({ currentTarget }) => model.set(path, currentTarget.value)}
      >
        {!isKnown && <option value={value}>{value === "" ? "–" : value}</option>}
        {of.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
    </div>
  );
}

function SolvedIn({ path }: { path: Path }) {
  const model = useModel();
  const chosen = roundsOf(model.at(path));
  const toggle = (id: string, on: boolean): void => {
    const rounds = model.rounds
      .map((round) => round.id)
      .filter((each) => (each === id ? on : chosen.includes(each)));
    if (rounds.length > 0) model.set([...path, "solvedIn"], rounds.length === 1 ? rounds[0] : rounds);
  };
  return (
    <>
      <NumberField path={[...path, "atLeast"]} label={t("howMany")} hint={t("solvedInHint")} min={1} />
      <fieldset class="ticks">
        <legend>{t("ofRounds")}</legend>
        {model.rounds.map(({ id, title }) => (
          <label key={id} class="check">
            <input
              type="checkbox"
              checked={chosen.includes(id)}
              onChange={({ currentTarget: { checked } }) => toggle(id, checked)}
            />
            <bdi>{title}</bdi>
          </label>
        ))}
      </fieldset>
    </>
  );
}

const UNIT_NAMES = { s: "second", m: "minute", h: "hour", d: "day" } as const;

/** "1 hour", "30 minutes" */
const inUnits = (count: number, unit: Unit): string =>
  new Intl.NumberFormat(locale.value, { style: "unit", unit: UNIT_NAMES[unit], unitDisplay: "long" }).format(
    count,
  );

/** The whole condition as one sentence. */
export function sentence(model: Model, condition: unknown): string {
  const kind = kindOf(condition);
  const titleOf = (of: readonly { id: string; title: string }[], id: string): string =>
    of.find((each) => each.id === id)?.title ?? id;
  const held = condition as Record<string, unknown>;
  switch (kind) {
    case undefined:
      return JSON.stringify(condition);
    case "start":
    case "manual":
      return t(`says_${kind}`);
    case "solved":
      return t("says_solved", { clue: titleOf(model.clues, String(held.solved)) });
    case "solvedIn":
      return t("says_solvedIn", {
        count: Number(held.atLeast),
        rounds: list(roundsOf(condition).map((round) => titleOf(model.rounds, round))),
      });
    case "points":
      return t("says_points", { count: Number(held.points) });
    case "at":
      return t("says_at", {
        time: localOf(String(held.at)) === "" ? String(held.at) : dayAndTime(String(held.at)),
      });
    case "after": {
      const duration = durationOf(held.after);
      const clue = typeof held.since === "string" ? titleOf(model.clues, held.since) : undefined;
      return t(clue === undefined ? "says_after" : "says_since", {
        clue: clue ?? "",
        time: duration ? inUnits(duration.count, duration.unit) : String(held.after),
      });
    }
    default: {
      const entries = entriesOf(condition).map((entry) => {
        const text = sentence(model, entry);
        return entriesOf(entry).length > 1 ? `(${text})` : text;
      });
      if (kind === "atLeast")
        return t("says_atLeast", { count: Number(held.atLeast), list: entries.join("; ") });
      return entries.join(` ${t(kind === "all" ? "says_and" : "says_or")} `);
    }
  }
}
