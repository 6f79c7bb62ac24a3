/** Over every page of a rehearsal, so that nobody takes it for the hunt. */
import { t } from "./i18n.ts";

export const RehearsalBand = ({ of }: { of: string | undefined }) =>
  of === undefined ? null : (
    <p class="rehearsal-band" role="note">
      {t("rehearsalBand")}
    </p>
  );
