/** The engine's own sentence about an issue, for whoever wants to know more than its translation says. */
import { t } from "../shared/i18n.ts";

export function IssueWords({ words }: { words: string | undefined }) {
  if (words === undefined) return null;
  return (
    <details class="soft small">
      <summary>{t("inEnglish")}</summary>
      <p lang="en" dir="ltr">
        {words}
      </p>
    </details>
  );
}
