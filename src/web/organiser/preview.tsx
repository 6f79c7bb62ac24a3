/** A clue beside its definition while that is written: as players will see it, and a box that tries an answer and says why. */
import { useEffect, useState } from "preact/hooks";
import type { Preview } from "../../contract/preview.ts";
import { list, number, t } from "../shared/i18n.ts";
import { Markdown } from "../shared/markdown.tsx";
import { engineText } from "./engine.ts";
import { ask, attempt, huntPath, may } from "./state.ts";
import { ToldAt } from "./told.tsx";

interface Wish {
  clue: string;
  answer?: string;
  code?: string;
}

/** `text`: the definition; undefined while it is checked, and as long as it is `isFaulty`. `asked`: the clue to begin with. */
export function PreviewPane({
  hunt,
  text,
  isFaulty,
  clues,
  asked,
}: {
  hunt: string;
  text: string | undefined;
  isFaulty: boolean;
  clues: readonly string[];
  asked: string;
}) {
  const [chosen, choose] = useState("");
  const [told, setTold] = useState<Preview | undefined>(undefined);
  const [tried, setTried] = useState("");
  const clue = [chosen, asked, ...clues.slice(0, 1)].find((id) => clues.includes(id));
  const place = `preview/${hunt}`;
  const look = async (wish: Wish): Promise<void> => {
    if (text === undefined) return;
    await attempt(place, "", async () => {
      setTold(await ask<Preview>(huntPath(hunt, "/preview"), { json: { definition: text, ...wish } }));
    });
  };
  useEffect(() => {
    if (clue !== undefined) void look({ clue });
  }, [hunt, clue, text]);
  if (!may("POST /v1/hunts/{hunt}/preview", hunt) || clue === undefined) return null;
  const shown = told?.clue.id === clue ? told : undefined;
  const isPlace = shown?.clue.kind === "place";
  const attemptIt = (event: Event): void => {
    event.preventDefault();
    void look({ clue, ...(shown?.clue.kind === "scan" ? { code: tried } : { answer: tried }) });
  };
  return (
    <section class="card stack preview" aria-labelledby="preview">
      <div class="row spread">
        <h2 id="preview">{t("previewTitle")}</h2>
        <label>
          {t("previewClue")}{" "}
          <select
            value={clue}
            onChange={(event) => {
              choose(event.currentTarget.value);
              setTried("");
            }}
          >
            {clues.map((id) => (
              <option key={id} value={id}>
                {id}
              </option>
            ))}
          </select>
        </label>
      </div>
      {isFaulty && <p class="soft">{t("previewFaulty")}</p>}
      <ToldAt place={place} />
      {shown && (
        <>
          <Look clue={shown.clue} />
          {isPlace ? (
            <p class="soft">{t("previewPlace")}</p>
          ) : (
            <form class="row" onSubmit={attemptIt}>
              <label>
                {t("previewTry")}{" "}
                <input
                  value={tried}
                  required
                  dir="auto"
                  autocomplete="off"
                  onInput={(event) => setTried(event.currentTarget.value)}
                />
              </label>
              <button type="submit" disabled={text === undefined}>
                {t("previewGo")}
              </button>
            </form>
          )}
          {shown.verdict && <Verdict verdict={shown.verdict} />}
        </>
      )}
    </section>
  );
}

function Look({ clue }: { clue: Preview["clue"] }) {
  return (
    <div class="stack previewed">
      <h3>
        <bdi>{clue.title}</bdi>{" "}
        <span class="soft small number">
          {number(clue.points)} · {t("attempts")} {number(clue.attemptsLeft ?? 0)}
        </span>
      </h3>
      <Markdown text={clue.body} />
      {clue.choices && clue.choices.length > 0 && (
        <ul>
          {clue.choices.map(({ id, label }) => (
            <li key={id}>
              <bdi>{label}</bdi> <code dir="ltr">{id}</code>
            </li>
          ))}
        </ul>
      )}
      {clue.hints.map(({ id, cost, text = "" }) => (
        <details key={id}>
          <summary>
            {t("previewHint")} <code dir="ltr">{id}</code> <span class="soft number">−{number(cost)}</span>
          </summary>
          <Markdown text={text} />
        </details>
      ))}
    </div>
  );
}

const KIND: Record<string, string> = { correct: "good", nudge: "", incorrect: "bad" };

function Verdict({ verdict }: { verdict: NonNullable<Preview["verdict"]> }) {
  const { outcome, message, points, compared } = verdict;
  return (
    <div class={`note ${KIND[outcome] ?? "bad"} stack`} role="status">
      <p>
        <strong>{engineText("outcome", outcome)}</strong>
        {points !== undefined && <span class="number"> +{number(points)}</span>}
        {message !== undefined && (
          <>
            {" "}
            <bdi>{message}</bdi>
          </>
        )}
      </p>
      {compared && <Why compared={compared} />}
    </div>
  );
}

function Why({ compared }: { compared: NonNullable<NonNullable<Preview["verdict"]>["compared"]> }) {
  const { mode, given, folded, texts, otherwise } = compared;
  return (
    <>
      <p>
        {t("previewBy", { mode: t(`by_${mode}`) })}{" "}
        {given === undefined ? (
          t("previewNothing")
        ) : (
          <>
            {t("previewCounts")} <code dir="auto">{given}</code>.
          </>
        )}{" "}
        {folded.length > 0 && t("previewFolded", { what: list(folded.map((fold) => t(`fold_${fold}`))) })}
      </p>
      {otherwise.length > 0 && (
        <p>{t("previewOtherwise", { modes: list(otherwise.map((each) => t(`by_${each}`))) })}</p>
      )}
      {texts.length > 0 && (
        <ul>
          {texts.map(({ text, role, counts, matches }) => (
            <li key={`${role}${text}`}>
              {matches ? "✓ " : ""}
              <bdi>{text}</bdi> → <code dir="auto">{counts}</code>{" "}
              <span class="soft small">{t(role === "nudge" ? "previewNudge" : "previewAnswer")}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
