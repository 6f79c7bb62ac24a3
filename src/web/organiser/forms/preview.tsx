/** A clue as a team sees it on a phone. */
import { useState } from "preact/hooks";
import { number, t } from "../../shared/i18n.ts";
import { Markdown } from "../../shared/markdown.tsx";
import type { Path } from "../document/path.ts";
import { KIND_FORMS } from "./kinds/all.ts";
import { useFiles } from "./known-files.ts";
import { useModel } from "./model.ts";
import { languageName } from "./translated.tsx";

/** A file in a text. */
const NAMED = /\(asset:([a-z0-9._/-]+)\)/g;

export function CluePreview({ path }: { path: Path }) {
  const model = useModel();
  const languages = model.languages;
  const [chosen, setLanguage] = useState("");
  const language = languages.includes(chosen) ? chosen : languages[0];
  /** In the language that is looked at, else in the first. */
  const said = (at: Path): string => {
    const held = model.at(at);
    if (typeof held !== "object" || held === null || language === undefined) return model.shown(at);
    const own = (held as Record<string, unknown>)[language];
    return typeof own === "string" ? own : model.shown(at);
  };
  const named = [...said([...path, "body"]).matchAll(NAMED)].map(([, name]) => name ?? "");
  const addresses = useFiles(model.work.hunt, named);
  /** Files by the addresses that open them to who writes; what is not there shows its words. */
  const withFiles = (text: string): string =>
    text.replaceAll(NAMED, (whole, name: string) => {
      const address = addresses.get(name);
      return address === undefined ? whole : `(${address})`;
    });
  const Preview = KIND_FORMS[model.text([...path, "kind"])]?.Preview;
  const round = model.rounds.find(({ id }) => id === model.text([...path, "round"]));
  const hints = model.list([...path, "hints"]).length;
  return (
    <aside class="preview" aria-label={t("preview")}>
      <div class="row spread">
        <h3>{t("preview")}</h3>
        {languages.length > 1 && (
          <select
            aria-label={t("language")}
            value={language}
            onChange={({ currentTarget: { value } }) => setLanguage(value)}
          >
            {languages.map((each) => (
              <option key={each} value={each}>
                {languageName(each)}
              </option>
            ))}
          </select>
        )}
      </div>
      <div class="phone" {...(language === undefined ? {} : { lang: language })}>
        <p class="soft small" dir="auto">
          {round?.title}
        </p>
        <p class="phone-title" dir="auto">
          {said([...path, "title"]) || model.text([...path, "id"])}
        </p>
        <p class="soft number">
          {t("pointsOf", {
            count: Number(model.text([...path, "points", "to"]) || model.text([...path, "points"]) || 0),
          })}
        </p>
        <Markdown text={withFiles(said([...path, "body"]))} />
        {Preview && <Preview path={path} />}
        {hints > 0 && (
          <p class="soft small">
            {t("hints")}: {number(hints)}
          </p>
        )}
      </div>
    </aside>
  );
}
