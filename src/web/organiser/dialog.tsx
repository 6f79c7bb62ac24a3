/** A question before something happens: native dialog, focus kept inside, Escape says no. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../shared/i18n.ts";

export interface Field {
  name: string;
  label: string;
  kind?: "text" | "number" | "lines";
  options?: { value: string; label: string }[];
  required?: boolean;
}

interface Question {
  title: string;
  text?: string;
  fields: readonly Field[];
  answer(values: Record<string, string> | undefined): void;
}

const question = signal<Question | undefined>(undefined);

/** Asks; resolves to what was filled in, undefined when it was cancelled. */
export function askFor(
  title: string,
  text: string | undefined,
  fields: readonly Field[] = [],
): Promise<Record<string, string> | undefined> {
  return new Promise((answer) => {
    question.value = { title, ...(text === undefined ? {} : { text }), fields, answer };
  });
}

// A question is about the page it was asked on.
window.addEventListener("hashchange", () => {
  question.value?.answer(undefined);
  question.value = undefined;
});

export function Dialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = question.value;
  useEffect(() => {
    if (asked) dialog.current?.showModal();
    else dialog.current?.close();
  }, [asked]);
  const close = (values?: Record<string, string>): void => {
    question.value = undefined;
    asked?.answer(values);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    close(Object.fromEntries([...form].map(([name, value]) => [name, String(value).trim()])));
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="dialog-title" onCancel={() => close()}>
      {asked && (
        <form class="stack" onSubmit={submit}>
          <h2 id="dialog-title">{asked.title}</h2>
          {asked.text && <p>{asked.text}</p>}
          {asked.fields.map((field) => (
            <div key={field.name} class="field">
              <label htmlFor={`field-${field.name}`}>{field.label}</label>
              <Control field={field} />
            </div>
          ))}
          <div class="row">
            <button type="submit">{asked.title}</button>
            <button type="button" class="quiet" onClick={() => close()}>
              {t("cancel")}
            </button>
          </div>
        </form>
      )}
    </dialog>
  );
}

function Control({ field: { name, kind, options, required = true } }: { field: Field }) {
  const id = `field-${name}`;
  if (options) {
    return (
      <select id={id} name={name}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    );
  }
  if (kind === "lines") return <textarea id={id} name={name} rows={4} required={required} />;
  if (kind === "number") return <input id={id} name={name} type="number" required={required} />;
  return <input id={id} name={name} required={required} maxLength={500} />;
}
