/** Finding a clue among many: by words, and by the tags that the author gave. */
import { signal } from "@preact/signals";
import type { ClueApart } from "../../contract/me.ts";
import { t } from "../shared/i18n.ts";

/** With fewer clues a list is read faster than searched. */
const MANY = 20;

const words = signal("");
const tag = signal("");

const folded = (text: string): string => text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLocaleLowerCase();

const tagsOf = (clues: readonly ClueApart[]): string[] =>
  [...new Set(clues.flatMap(({ tags = [] }) => tags))].sort((a, b) => a.localeCompare(b));

/** Those of the clues that are looked for. */
export function found(clues: readonly ClueApart[]): readonly ClueApart[] {
  const wanted = folded(words.value).split(/\s+/).filter(Boolean);
  // A tag may be gone with the clues that had it.
  const chosen = tagsOf(clues).includes(tag.value) ? tag.value : "";
  if (wanted.length === 0 && chosen === "") return clues;
  return clues.filter(({ title, body = "", tags = [] }) => {
    if (chosen !== "" && !tags.includes(chosen)) return false;
    const text = folded([title, ...tags, body].join(" "));
    return wanted.every((word) => text.includes(word));
  });
}

export function Find({ clues }: { clues: readonly ClueApart[] }) {
  const tags = tagsOf(clues);
  if (clues.length < MANY && tags.length < 2) return null;
  const count = found(clues).length;
  return (
    <search class="stack find">
      {clues.length >= MANY && (
        <input
          type="search"
          aria-label={t("findClue")}
          placeholder={t("findClue")}
          value={words.value}
          onInput={(event) => {
            words.value = event.currentTarget.value;
          }}
        />
      )}
      {tags.length > 0 && (
        <fieldset class="row tags">
          <legend class="visually-hidden">{t("tags")}</legend>
          {["", ...tags].map((each) => (
            <button
              key={each}
              type="button"
              class="quiet tag"
              aria-pressed={tag.value === each}
              onClick={() => {
                tag.value = each;
              }}
            >
              {each === "" ? t("allTags") : <bdi>{each}</bdi>}
            </button>
          ))}
        </fieldset>
      )}
      <p class="soft small number" role="status">
        {count < clues.length && t("foundClues", { count })}
      </p>
    </search>
  );
}
