/** Texts that may be there in several languages: side by side, a field for each. */
import { locale, t } from "../../shared/i18n.ts";
import { dottedOf, type Path } from "../document/path.ts";
import { Findings, fieldId, TextField, useTyped } from "./fields.tsx";
import { useModel } from "./model.ts";

interface Look {
  path: Path;
  label: string;
  hint?: string | undefined;
  lines?: number;
  needed?: boolean;
  placeholder?: string | undefined;
}

export const languageName = (code: string): string => {
  try {
    return new Intl.DisplayNames(locale.value, { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
};

export function TranslatedField({ path, label, hint, lines, needed = false, placeholder }: Look) {
  const model = useModel();
  const held = model.at(path);
  const isMap = typeof held === "object" && held !== null && !Array.isArray(held);
  const languages = [...new Set([...model.languages, ...(isMap ? Object.keys(held) : [])])];
  if (languages.length < 2 && !isMap) {
    return (
      <TextField
        path={path}
        label={label}
        hint={hint}
        needed={needed}
        placeholder={placeholder}
        {...(lines === undefined ? {} : { lines })}
      />
    );
  }
  return (
    <fieldset class="translated" data-path={dottedOf(path)}>
      <legend>{label}</legend>
      {hint !== undefined && <p class="soft small">{hint}</p>}
      <div class="languages">
        {languages.map((language, index) => (
          <OneLanguage
            key={language}
            path={path}
            language={language}
            isFirst={index === 0}
            label={label}
            needed={needed}
            lines={lines}
          />
        ))}
      </div>
      <Findings path={path} exact />
    </fieldset>
  );
}

function OneLanguage({
  path,
  language,
  isFirst,
  label,
  needed,
  lines,
}: {
  path: Path;
  language: string;
  isFirst: boolean;
  label: string;
  needed: boolean;
  lines: number | undefined;
}) {
  const model = useModel();
  const held = model.at(path);
  const texts: Record<string, unknown> =
    typeof held === "object" && held !== null
      ? (held as Record<string, unknown>)
      : { [model.languages[0] ?? language]: held };
  const own = typeof texts[language] === "string" ? texts[language].replace(/\n$/, "") : "";
  const typed = useTyped(own, (text) => write(text));
  const write = (text: string): void => {
    const filled = Object.entries({ ...texts, [language]: text }).filter(
      ([, each]) => typeof each === "string" && each !== "",
    );
    const [[only, first] = []] = filled;
    // One language alone needs no map.
    if (filled.length === 0) model.set(path, needed ? "" : undefined);
    else if (filled.length === 1 && only === model.languages[0]) model.set(path, first);
    else if (typeof held === "object" && held !== null) {
      model.set([...path, language], text === "" ? undefined : text);
    } else model.set(path, inOrder(Object.fromEntries(filled), model.languages));
  };
  const look = {
    id: fieldId(path, isFirst ? "" : `-${language}`),
    lang: language,
    dir: "auto",
    ...typed,
  } as const;
  return (
    <div class="field" data-path={dottedOf([...path, language])}>
      <label htmlFor={look.id}>
        <span class="visually-hidden">{label} </span>
        <span class="soft small">{languageName(language)}</span>
      </label>
      {lines === undefined ? <input {...look} /> : <textarea rows={lines} {...look} />}
      <Findings path={[...path, language]} />
      {!isFirst && own === "" && <p class="soft small">{t("asFirstLanguage")}</p>}
    </div>
  );
}

function inOrder(texts: Record<string, unknown>, languages: readonly string[]): Record<string, unknown> {
  const keys = [...languages.filter((each) => each in texts), ...Object.keys(texts)];
  return Object.fromEntries(keys.map((key) => [key, texts[key]]));
}
