/** The start page: into a hunt by its id or a link, and to the other pages. */
import "../shared/theme.css";
import "./start.css";
import { render } from "preact";
import { LOCALES, locale, startI18n, t } from "../shared/i18n.ts";
import { Icon } from "../shared/icons.tsx";
import { decoded, encoded } from "../shared/outside.ts";
import { Settings, startTheme } from "../shared/settings.tsx";
import { ar, de, en } from "./messages.ts";

startTheme();
await startI18n(en, { de: async () => de, ar: async () => ar });

/** A hunt's id, or any link that holds it. */
function open(event: Event): void {
  event.preventDefault();
  const input = (event.currentTarget as HTMLFormElement).elements.namedItem("hunt") as HTMLInputElement;
  const text = input.value.trim();
  const link = /^https?:\/\/[^/]+\/play\/([^/?#]+)([?#].*)?$/i.exec(text);
  const hunt = link?.[1] ?? text.toLowerCase();
  if (hunt !== "") location.assign(`/play/${encoded(decoded(hunt))}${link?.[2] ?? ""}`);
}

function Start() {
  return (
    <main class="start" lang={locale.value in LOCALES ? locale.value : "en"}>
      <Settings language={t("language")} appearance={t("appearance")} />
      <Icon name="compass" />
      <h1>{t("title")}</h1>
      <form class="start-form" onSubmit={open}>
        <label>
          {t("hunt")}
          <input
            name="hunt"
            required
            autocomplete="off"
            spellcheck={false}
            dir="ltr"
            placeholder="harbour-nights"
          />
        </label>
        <button type="submit">{t("play")}</button>
      </form>
      <nav class="row">
        <a class="button quiet" href="/organise">
          {t("organise")}
        </a>
      </nav>
    </main>
  );
}

const root = document.getElementById("app");
if (root) render(<Start />, root);
