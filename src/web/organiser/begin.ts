/** What a new hunt begins with: nothing, a template, or a copy of another hunt. */
import { locale, t } from "../shared/i18n.ts";
import { readDefinition } from "./definition.ts";
import { keepDraft } from "./drafts.ts";

/** The choices of templates/templates.ts, which is loaded when one is taken. */
const TEMPLATES = ["trail", "puzzles", "ctf", "advent", "museum"] as const;

const COPY = "copy/";

/** `hunts`: those that can be copied. */
export const beginnings = (
  hunts: readonly { hunt: string; title: string }[],
): { value: string; label: string }[] => [
  { value: "", label: t("beginEmpty") },
  ...TEMPLATES.map((value) => ({ value, label: t(`begin_${value}`) })),
  ...hunts.map(({ hunt, title }) => ({
    value: `${COPY}${hunt}`,
    label: t("beginCopy", { title, id: hunt }),
  })),
];

/** Writes what was chosen into a draft of the hunt; nothing chosen: the editor begins by itself. Throws `Problem`. */
export async function begin(id: string, chosen: string): Promise<void> {
  if (chosen === "") return;
  const text = chosen.startsWith(COPY) ? await copied(chosen.slice(COPY.length)) : await made(chosen);
  // Whoever publishes it first is not overwritten.
  keepDraft(id, { text, version: '"0"' });
}

/** The definition of a hunt without its id, which is another's. */
async function copied(hunt: string): Promise<string> {
  const { changed } = await import("./document/source.ts");
  return changed((await readDefinition(hunt)).text, (edit) => edit.set(["hunt"], undefined));
}

async function made(chosen: string): Promise<string> {
  const { templateText, TEMPLATES: known } = await import("./templates/templates.ts");
  const template = known.find((each) => each === chosen);
  if (template === undefined) throw new Error(`no template ${chosen}`);
  const { words } =
    locale.value === "de"
      ? await import("./templates/words/de.ts")
      : locale.value === "ar"
        ? await import("./templates/words/ar.ts")
        : await import("./templates/words/en.ts");
  return templateText(template, words, new Date());
}
