/** The start page: into a hunt by its id or a link, and to the other pages. Also what addresses show that name nothing. */
import "../shared/theme.css";
import "./start.css";
import { render } from "preact";
import { LOCALES, locale, startI18n, t } from "../shared/i18n.ts";
import { Icon } from "../shared/icons.tsx";
import { Settings, startTheme } from "../shared/settings.tsx";
import { WayIn } from "../shared/way-in.tsx";
import { ar, de, en } from "./messages.ts";

startTheme();
await startI18n(en, { de: async () => de, ar: async () => ar });

const isStart = location.pathname === "/";

function Start() {
  return (
    <main class="start" lang={locale.value in LOCALES ? locale.value : "en"}>
      <Settings language={t("language")} appearance={t("appearance")} />
      <Icon name="compass" />
      <h1>{t(isStart ? "title" : "noPage")}</h1>
      {!isStart && <p>{t("noPageText")}</p>}
      <WayIn label={t("hunt")} button={t("play")} />
      <nav class="row">
        {!isStart && (
          <a class="button quiet" href="/">
            {t("start")}
          </a>
        )}
        <a class="button quiet" href="/organise">
          {t("organise")}
        </a>
      </nav>
    </main>
  );
}

const root = document.getElementById("app");
if (root) render(<Start />, root);
