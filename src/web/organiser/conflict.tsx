/** Somebody else published meanwhile: the ways on. */
import { t } from "../shared/i18n.ts";
import { save } from "../shared/save.ts";
import { numberOf, readDefinition } from "./definition.ts";
import { askFor } from "./dialog.tsx";
import { Difference } from "./difference.tsx";
import { attempt } from "./state.ts";

/** The definition that somebody else published over the one that is being changed. */
export interface Theirs {
  /** Its ETag. */
  version: string;
  /** Once the reader asked to see it. */
  text?: string;
}

export function Conflict({
  hunt,
  theirs,
  mine,
  seen,
  take,
  publish,
}: {
  hunt: string;
  theirs: Theirs;
  mine(): string;
  /** Their text was asked for. */
  seen(theirs: Theirs): void;
  take(): void;
  publish(): void;
}) {
  const number = numberOf(theirs.version);
  const see = (): Promise<boolean> =>
    attempt(`edit/${hunt}`, "", async () => {
      const { text, version: now } = await readDefinition(hunt);
      seen({ version: now ?? theirs.version, text });
    });
  const takeTheirs = async (): Promise<void> => {
    if (await askFor(t("takeTheirs"), t("takeTheirsSure", { version: number }))) take();
  };
  const publishMine = async (): Promise<void> => {
    if (await askFor(t("publishMine"), t("publishMineSure", { version: number }))) publish();
  };
  return (
    <section class="card stack conflict" aria-labelledby="conflict">
      <h2 id="conflict">{t("conflict", { version: number })}</h2>
      <p>{t("conflictHint")}</p>
      <div class="row">
        <button type="button" class="quiet" onClick={() => void see()}>
          {t("seeTheirs")}
        </button>
        <button type="button" class="quiet" onClick={() => void takeTheirs()}>
          {t("takeTheirs")}
        </button>
        <button type="button" class="quiet" onClick={() => void publishMine()}>
          {t("publishMine")}
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => save(new Blob([mine()], { type: "application/yaml" }), `${hunt}.yaml`)}
        >
          {t("downloadMine")}
        </button>
      </div>
      {theirs.text !== undefined && (
        <>
          <h3>{t("theirsDiffer", { version: number })}</h3>
          <Difference before={mine()} after={theirs.text} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
          <pre class="theirs" dir="ltr" tabIndex={0}>
            {theirs.text}
          </pre>
        </>
      )}
    </section>
  );
}
