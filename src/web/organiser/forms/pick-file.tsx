/** A file of the hunt for a text or a field: chosen among those that are there, or sent now. */
import { lazy, Suspense } from "preact/compat";
import { useState } from "preact/hooks";
import { t } from "../../shared/i18n.ts";
import type { Path } from "../document/path.ts";
import { Findings, RemoveButton, TextField } from "./fields.tsx";
import { useModel } from "./model.ts";

const Files = lazy(async () => ({ default: (await import("../files.tsx")).Files }));

/** `onPick`: with its name, and the Markdown that shows it. */
export function PickFile({ label, onPick }: { label: string; onPick(name: string, shown: string): void }) {
  const model = useModel();
  const [isOpen, setOpen] = useState(false);
  return (
    <div class="stack tight">
      <button type="button" class="quiet pick" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {label}
      </button>
      {isOpen && (
        <Suspense fallback={<p class="soft">{t("loading")}</p>}>
          <Files
            hunt={model.work.hunt}
            picked={(name, shown) => {
              onPick(name, shown);
              setOpen(false);
            }}
          />
        </Suspense>
      )}
    </div>
  );
}

/** A button that puts a file at the end of a text, in each language that has one. */
export function InsertFile({ path }: { path: Path }) {
  const model = useModel();
  const insert = (_: string, shown: string): void => {
    const held = model.at(path);
    const after = (text: unknown): string =>
      typeof text === "string" && text.trim() !== "" ? `${text.trimEnd()}\n\n${shown}\n` : shown;
    if (typeof held !== "object" || held === null) {
      model.set(path, after(held));
      return;
    }
    model.edit("", (edit) => {
      for (const [language, text] of Object.entries(held)) edit.set([...path, language], after(text));
    });
  };
  return <PickFile label={t("insertFile")} onPick={insert} />;
}

/** One file, by its name. */
export function FileField({ path, label, hint }: { path: Path; label: string; hint?: string }) {
  const model = useModel();
  return (
    <div class="stack tight">
      <TextField path={path} label={label} hint={hint} plain />
      <PickFile label={t("chooseFile")} onPick={(name) => model.set(path, `asset:${name}`)} />
    </div>
  );
}

/** Several files, by their names. */
export function FilesField({ path, label, hint }: { path: Path; label: string; hint?: string }) {
  const model = useModel();
  const names = model.list(path).map(String);
  return (
    <fieldset class="words" data-path={path.join(".")}>
      <legend>{label}</legend>
      {hint !== undefined && <p class="soft small">{hint}</p>}
      {names.map((name, index) => (
        <div key={name} class="row">
          <code dir="ltr">{name}</code>
          <RemoveButton what={name} onClick={() => model.edit("", (edit) => edit.remove([...path, index]))} />
        </div>
      ))}
      <PickFile
        label={t("chooseFile")}
        onPick={(name) => model.edit("", (edit) => edit.insert(path, names.length, `asset:${name}`))}
      />
      <Findings path={path} />
    </fieldset>
  );
}
