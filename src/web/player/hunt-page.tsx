/** Pages of the hunt's own: rules, an imprint, who stands behind it. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Hunt } from "../../contract/hunt.ts";
import type { Page } from "../../contract/languages.ts";
import { call, huntPath, Problem } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { Icon } from "../shared/icons.tsx";
import { inLanguage, langQuery } from "../shared/language.ts";
import { Markdown } from "../shared/markdown.tsx";
import { encoded } from "../shared/outside.ts";
import { me } from "./state.ts";

/** By address, which names the language; `null`: it could not be read now. */
const pages = signal<ReadonlyMap<string, Page | null>>(new Map());

async function read(address: string): Promise<void> {
  try {
    const page = await inLanguage<Page>(address, (path) => call<Page>(path));
    pages.value = new Map(pages.value).set(address, page);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    pages.value = new Map(pages.value).set(address, null);
  }
}

export function HuntPage({ hunt, id }: { hunt: Hunt; id: string }) {
  const address = `${huntPath(hunt.hunt, `/pages/${encoded(id)}`)}${langQuery("?")}`;
  useEffect(() => {
    if (!pages.value.get(address)) void read(address);
  }, [address]);
  const page = pages.value.get(address);
  const title = page?.title ?? hunt.pages?.find((each) => each.id === id)?.title ?? "";
  return (
    <article class="stack flow">
      <a href={me.value ? "#team" : "#"} class="back">
        <Icon name="back" /> {t("backFromPage")}
      </a>
      <h1>
        <bdi>{title}</bdi>
      </h1>
      {page ? <Markdown text={page.body} /> : <p class="soft">{t(page === null ? "pageAway" : "loading")}</p>}
    </article>
  );
}

export const PageLinks = ({ hunt }: { hunt: Hunt | undefined }) =>
  hunt?.pages ? (
    <nav class="row page-links" aria-label={t("pages")}>
      {hunt.pages.map(({ id, title }) => (
        <a key={id} href={`#page/${id}`}>
          <bdi>{title}</bdi>
        </a>
      ))}
    </nav>
  ) : null;
