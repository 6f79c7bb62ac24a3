/** The address names no hunt: the ways on. */
import { useEffect, useState } from "preact/hooks";
import { huntOfPage } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { Icon } from "../shared/icons.tsx";
import { encoded } from "../shared/outside.ts";
import { Settings } from "../shared/settings.tsx";
import { WayIn } from "../shared/way-in.tsx";
import { lastSession } from "./storage.ts";

export function MissingHunt() {
  const [played, setPlayed] = useState<string | undefined>(undefined);
  useEffect(() => {
    void lastSession().then((last) => setPlayed(last === huntOfPage() ? undefined : last));
  }, []);
  return (
    <main class="alone">
      <Settings language={t("language")} appearance={t("appearance")} />
      <Icon name="compass" />
      <h1>{t("missing")}</h1>
      <p class="soft">{t("missingText")}</p>
      <WayIn label={t("wayIn")} button={t("wayInGo")} />
      <nav class="row">
        {played !== undefined && (
          <a class="button quiet" href={`/play/${encoded(played)}`}>
            {t("backToHunt", { hunt: played })}
          </a>
        )}
        <a class="button quiet" href="/">
          {t("startPage")}
        </a>
      </nav>
    </main>
  );
}
