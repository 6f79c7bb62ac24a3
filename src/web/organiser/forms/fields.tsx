/** The fields of all forms. Each writes one place of the definition, and shows what the engine finds there. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../shared/i18n.ts";
import { durationOf, UNITS, type Unit } from "../document/conditions.ts";
import { dottedOf, type Path } from "../document/path.ts";
import { issueWords } from "../engine.ts";
import { zone } from "../times.ts";
import { IssueWords } from "../words.tsx";
import { wordsOf } from "../work.ts";
import { useModel } from "./model.ts";

/** How long nothing is typed before it is written into the definition, ms. */
const TYPING = 250;

export const fieldId = (path: Path, part = ""): string => `f-${dottedOf(path)}${part}`;

/** What the engine finds at a place. */
export function Findings({ path, exact = false }: { path: Path; exact?: boolean }) {
  const found = useModel().findingsAt(path, exact);
  if (found.length === 0) return null;
  return (
    <ul class="findings" id={fieldId(path, "-found")}>
      {found.map(({ issue, isError }) => (
        <li key={issue.code + issue.message} class={`note ${isError ? "bad" : ""}`}>
          <span dir="auto">{wordsOf(issue)}</span>
          <IssueWords words={issueWords(issue)} />
        </li>
      ))}
    </ul>
  );
}

/** What a screen reader is told of a field that is found fault with. */
export function useFault(path: Path): Record<string, string | boolean> {
  const found = useModel().findingsAt(path);
  if (found.length === 0) return {};
  return {
    "aria-describedby": fieldId(path, "-found"),
    ...(found.some(({ isError }) => isError) ? { "aria-invalid": true } : {}),
  };
}

/** What is typed is shown at once, and written after a pause or when the field is left. */
export function useTyped(value: string, write: (text: string) => void) {
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const timer = useRef(0);
  const pending = useRef<string | undefined>(undefined);
  const newest = useRef(write);
  newest.current = write;
  const flush = (): void => {
    window.clearTimeout(timer.current);
    if (pending.current === undefined) return;
    const text = pending.current;
    pending.current = undefined;
    newest.current(text);
  };
  useEffect(() => flush, []);
  return {
    value: typed ?? value,
    onInput: (event: Event): void => {
      const { value: text } = event.currentTarget as HTMLInputElement;
      setTyped(text);
      pending.current = text;
      window.clearTimeout(timer.current);
      timer.current = window.setTimeout(flush, TYPING);
    },
    onBlur: (): void => {
      flush();
      setTyped(undefined);
    },
  };
}

interface FieldLook {
  path: Path;
  label: string;
  hint?: string | undefined;
}

function Frame({
  path,
  label,
  hint,
  part = "",
  children,
}: FieldLook & { part?: string; children: ComponentChildren }) {
  return (
    <div class="field" data-path={dottedOf(path)}>
      <label htmlFor={fieldId(path, part)}>{label}</label>
      {hint !== undefined && <p class="soft small">{hint}</p>}
      {children}
      <Findings path={path} />
    </div>
  );
}

/** What is no text of a language. */
const PLAIN = { dir: "ltr", spellcheck: false, autocapitalize: "none" } as const;

/** A line, or several. Empty: the key is taken out, unless it is `needed`. */
export function TextField({
  path,
  label,
  hint,
  lines,
  needed = false,
  plain = false,
  placeholder,
}: FieldLook & { lines?: number; needed?: boolean; plain?: boolean; placeholder?: string | undefined }) {
  const model = useModel();
  const typed = useTyped(model.text(path).replace(/\n$/, ""), (text) =>
    model.set(path, text === "" && !needed ? undefined : text),
  );
  const look = {
    id: fieldId(path),
    ...(plain ? PLAIN : ({ dir: "auto" } as const)),
    ...(placeholder === undefined ? {} : { placeholder }),
    ...useFault(path),
    ...typed,
  };
  return (
    <Frame path={path} label={label} hint={hint}>
      {lines === undefined ? <input {...look} /> : <textarea rows={lines} {...look} />}
    </Frame>
  );
}

/** An id: what depends on it is renamed with it, once the field is left. */
export function IdField({ path, label, hint, onRename }: FieldLook & { onRename(to: string): void }) {
  const model = useModel();
  const own = model.text(path);
  return (
    <Frame path={path} label={label} hint={hint}>
      <input
        id={fieldId(path)}
        key={own}
        defaultValue={own}
        dir="ltr"
        spellcheck={false}
        autocapitalize="none"
        maxLength={63}
        {...useFault(path)}
        onChange={({ currentTarget }) => {
          if (currentTarget.value.trim() !== "") onRename(currentTarget.value.trim().toLowerCase());
        }}
      />
    </Frame>
  );
}

export function NumberField({
  path,
  label,
  hint,
  min,
  max,
  step = 1,
  placeholder,
}: FieldLook & { min?: number; max?: number; step?: number | "any"; placeholder?: string | undefined }) {
  const model = useModel();
  const typed = useTyped(model.text(path), (text) => {
    const number = Number(text);
    model.set(path, text.trim() === "" || Number.isNaN(number) ? undefined : number);
  });
  return (
    <Frame path={path} label={label} hint={hint}>
      <input
        id={fieldId(path)}
        type="number"
        inputMode={step === 1 ? "numeric" : "decimal"}
        step={step}
        {...(min === undefined ? {} : { min })}
        {...(max === undefined ? {} : { max })}
        {...(placeholder === undefined ? {} : { placeholder })}
        {...useFault(path)}
        {...typed}
      />
    </Frame>
  );
}

export interface Option {
  value: string;
  label: string;
}

/** `otherwise`: what no value means; choosing it takes the key out. */
export function SelectField({
  path,
  label,
  hint,
  options,
  otherwise,
  onChange,
}: FieldLook & { options: readonly Option[]; otherwise?: string; onChange?(value: string): void }) {
  const model = useModel();
  const value = model.text(path) || (otherwise ?? "");
  // What the page does not know stays as it is.
  const all = options.some((option) => option.value === value)
    ? options
    : [...options, { value, label: value }];
  return (
    <Frame path={path} label={label} hint={hint}>
      <select
        id={fieldId(path)}
        value={value}
        {...useFault(path)}
        onChange={({ currentTarget: { value: chosen } }) =>
          onChange ? onChange(chosen) : model.set(path, chosen === otherwise ? undefined : chosen)
        }
      >
        {all.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Frame>
  );
}

/** A tick writes `true`; none takes the key out. */
export function CheckField({ path, label, hint }: FieldLook) {
  const model = useModel();
  return (
    <div class="field" data-path={dottedOf(path)}>
      <label class="check">
        <input
          id={fieldId(path)}
          type="checkbox"
          checked={model.at(path) === true}
          onChange={({ currentTarget: { checked } }) => model.set(path, checked ? true : undefined)}
        />
        {label}
      </label>
      {hint !== undefined && <p class="soft small">{hint}</p>}
      <Findings path={path} />
    </div>
  );
}

const two = (value: number): string => String(value).padStart(2, "0");

/** A time as a date picker has it, in the zone of the device; "" for what is none. */
export function localOf(iso: string): string {
  const at = new Date(iso);
  if (iso === "" || Number.isNaN(at.getTime())) return "";
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** As an author would write it: `2026-12-01T18:00:00Z`. */
export const isoOf = (local: string): string => new Date(local).toISOString().replace(/\.\d+Z$/, "Z");

export function TimeField({ path, label, hint, needed = false }: FieldLook & { needed?: boolean }) {
  const model = useModel();
  return (
    <Frame path={path} label={label} hint={[hint, t("zoneIs", { zone: zone() })].filter(Boolean).join(" ")}>
      <input
        id={fieldId(path)}
        type="datetime-local"
        value={localOf(model.text(path))}
        {...useFault(path)}
        onChange={({ currentTarget: { value } }) => {
          if (value !== "") model.set(path, isoOf(value));
          else if (!needed) model.set(path, undefined);
        }}
      />
    </Frame>
  );
}

/** A count and its unit. */
export function DurationField({ path, label, hint, needed = false }: FieldLook & { needed?: boolean }) {
  const model = useModel();
  const held = durationOf(model.at(path));
  const write = (count: string, unit: Unit): void => {
    if (count.trim() !== "" && Number.isInteger(Number(count))) model.set(path, `${Number(count)}${unit}`);
    else if (!needed) model.set(path, undefined);
  };
  const [unit, setUnit] = useState<Unit>(held?.unit ?? "m");
  const now = held?.unit ?? unit;
  const typed = useTyped(held === undefined ? "" : String(held.count), (count) => write(count, now));
  return (
    <Frame path={path} label={label} hint={hint}>
      <div class="duration">
        <input id={fieldId(path)} type="number" inputMode="numeric" min={0} {...useFault(path)} {...typed} />
        <select
          aria-label={`${label}: ${t("timeUnit")}`}
          value={now}
          onChange={({ currentTarget: { value } }) => {
            setUnit(value as Unit);
            if (held !== undefined) write(String(held.count), value as Unit);
          }}
        >
          {UNITS.map((each) => (
            <option key={each} value={each}>
              {t(`unit_${each}`)}
            </option>
          ))}
        </select>
      </div>
    </Frame>
  );
}

/** A list of short texts, a line for each; Enter begins the next. */
export function WordsField({ path, label, hint, add }: FieldLook & { add: string }) {
  const model = useModel();
  const words = model.list(path).map(String);
  const group = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<number | undefined>(undefined);
  useEffect(() => {
    if (focused === undefined) return;
    group.current?.querySelectorAll("input")[focused]?.focus();
    setFocused(undefined);
  }, [focused]);
  const insert = (index: number): void => {
    model.edit("", (edit) => edit.insert(path, index, ""));
    setFocused(index);
  };
  return (
    <fieldset class="words" data-path={dottedOf(path)}>
      <legend>{label}</legend>
      {hint !== undefined && <p class="soft small">{hint}</p>}
      <div class="stack tight" ref={group}>
        {words.map((word, index) => (
          <OneWord
            key={index}
            path={[...path, index]}
            label={`${label} ${index + 1}`}
            word={word}
            next={() => insert(index + 1)}
          />
        ))}
      </div>
      <Findings path={path} exact />
      <button type="button" class="quiet" onClick={() => insert(words.length)}>
        {add}
      </button>
    </fieldset>
  );
}

function OneWord({ path, label, word, next }: { path: Path; label: string; word: string; next(): void }) {
  const model = useModel();
  const typed = useTyped(word, (text) => model.set(path, text));
  return (
    <div data-path={dottedOf(path)}>
      <div class="word">
        <input
          id={fieldId(path)}
          aria-label={label}
          dir="auto"
          {...useFault(path)}
          {...typed}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            typed.onBlur();
            next();
          }}
        />
        <RemoveButton what={label} onClick={() => model.edit("", (edit) => edit.remove(path))} />
      </div>
      <Findings path={path} />
    </div>
  );
}

export function RemoveButton({ what, onClick }: { what: string; onClick(): void }) {
  return (
    <button
      type="button"
      class="quiet square"
      aria-label={t("removeOne", { what })}
      title={t("removeOne", { what })}
      onClick={onClick}
    >
      <span aria-hidden="true">✕</span>
    </button>
  );
}
