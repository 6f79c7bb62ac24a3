/** A question before something happens: native dialog, focus kept inside, Escape says no. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../shared/i18n.ts";

export interface Field {
  name: string;
  label: string;
  kind?: "text" | "number" | "lines" | "id" | "time";
  options?: { value: string; label: string }[];
  required?: boolean;
  /** What stands in it at first. */
  value?: string;
  /** What is wrong with the value, if anything. */
  check?(value: string): string | undefined;
}

interface Question {
  title: string;
  text?: ComponentChildren;
  /** What the button says that does it. */
  confirm: string;
  fields: readonly Field[];
  answer(values: Record<string, string> | undefined): void;
}

const question = signal<Question | undefined>(undefined);

/** Asks; resolves to what was filled in, undefined when it was cancelled. `confirm`: what the button says. */
export function askFor(
  title: string,
  text: ComponentChildren,
  fields: readonly Field[] = [],
  confirm = title,
): Promise<Record<string, string> | undefined> {
  return new Promise((answer) => {
    question.value = { title, text, confirm, fields, answer };
  });
}

// A question is about the page it was asked on.
window.addEventListener("hashchange", () => {
  question.value?.answer(undefined);
  question.value = undefined;
});

export function Dialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const asked = question.value;
  useEffect(() => {
    setWrong({});
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
    const values = Object.fromEntries([...form].map(([name, value]) => [name, String(value).trim()]));
    const found = (asked?.fields ?? []).flatMap(({ name, check }) => {
      const problem = check?.(values[name] ?? "");
      return problem === undefined ? [] : [[name, problem] as const];
    });
    setWrong(Object.fromEntries(found));
    if (found.length === 0) close(values);
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="dialog-title" onCancel={() => close()}>
      {asked && (
        <form class="stack" onSubmit={submit}>
          <h2 id="dialog-title">{asked.title}</h2>
          {typeof asked.text === "string" ? <p>{asked.text}</p> : asked.text}
          {asked.fields.map((field) => (
            <div key={field.name} class="field">
              <label htmlFor={`field-${field.name}`}>{field.label}</label>
              <Control field={field} wrong={wrong[field.name]} />
              {wrong[field.name] !== undefined && (
                <p id={`wrong-${field.name}`} class="note bad" role="alert">
                  {wrong[field.name]}
                </p>
              )}
            </div>
          ))}
          <div class="row">
            <button type="submit">{asked.confirm}</button>
            <button type="button" class="quiet" onClick={() => close()}>
              {t("cancel")}
            </button>
          </div>
        </form>
      )}
    </dialog>
  );
}

function Control({
  field: { name, kind, options, required = true, value = "" },
  wrong,
}: {
  field: Field;
  wrong: string | undefined;
}) {
  const id = `field-${name}`;
  const state = wrong === undefined ? {} : { "aria-invalid": true, "aria-describedby": `wrong-${name}` };
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
  if (kind === "lines") {
    return (
      <textarea id={id} name={name} rows={4} required={required} defaultValue={value} maxLength={4_000} />
    );
  }
  if (kind === "number") return <input id={id} name={name} type="number" required={required} {...state} />;
  if (kind === "time") {
    return <input id={id} name={name} type="datetime-local" step="1" required={required} {...state} />;
  }
  const plain = kind === "id" ? ({ dir: "ltr", spellcheck: false, autocapitalize: "none" } as const) : {};
  return (
    <input
      id={id}
      name={name}
      required={required}
      defaultValue={value}
      maxLength={500}
      {...plain}
      {...state}
    />
  );
}
