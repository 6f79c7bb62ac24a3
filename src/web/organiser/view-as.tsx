/** What a team sees, for an organiser who looks as it: read once, with a token that does nothing else. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ViewToken } from "../../contract/guesses.ts";
import type { ClueView, MeViewed } from "../../contract/me.ts";
import { call } from "../shared/api.ts";
import { clock, locale, number, t } from "../shared/i18n.ts";
import { Markdown } from "../shared/markdown.tsx";
import { encoded } from "../shared/outside.ts";
import { askFor } from "./dialog.tsx";
import { engineText } from "./engine.ts";
import { ask, attempt, huntPath } from "./state.ts";

const viewed = signal<{ hunt: string; told: MeViewed } | undefined>(undefined);

/** Asks for the reason, and reads what the team sees; how that went is told at `place`. */
export async function viewAs(hunt: string, team: { id: string; name: string }, place: string): Promise<void> {
  const reason = { name: "reason", label: t("reason") };
  const json = await askFor(t("viewAs"), t("viewAsText", { team: team.name }), [reason]);
  if (!json) return;
  await attempt(place, "", async () => {
    const path = huntPath(hunt, `/teams/${encoded(team.id)}/view`);
    const { token } = await ask<ViewToken>(path, { json });
    viewed.value = {
      hunt,
      told: await call<MeViewed>(huntPath(hunt, `/me?lang=${encoded(locale.value)}`), { token }),
    };
  });
}

export function Viewed({ hunt }: { hunt: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = viewed.value?.hunt === hunt ? viewed.value.told : undefined;
  useEffect(() => {
    heading.current?.focus();
  }, [shown]);
  useEffect(
    () => () => {
      viewed.value = undefined;
    },
    [hunt],
  );
  if (!shown) return null;
  const { team, phase, clues, announcements, serverTime } = shown;
  return (
    <section class="card stack" aria-labelledby="viewed">
      <div class="row spread">
        <h2 id="viewed" ref={heading} tabIndex={-1}>
          {t("viewedAs", { team: team.name })}
        </h2>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            viewed.value = undefined;
          }}
        >
          {t("viewEnd")}
        </button>
      </div>
      <p class="soft number">
        {engineText("phase", phase)} · {t("score")} {number(team.score)} · {t("solves")} {number(team.solves)}{" "}
        · <time dateTime={serverTime}>{clock(serverTime)}</time>
      </p>
      {announcements.toReversed().map(({ id, at, text }) => (
        <div key={id} class="note">
          <p class="small number">
            <time dateTime={at}>{clock(at)}</time>
          </p>
          <Markdown text={text} typed />
        </div>
      ))}
      {clues.length === 0 && <p class="soft">{t("viewNothing")}</p>}
      {clues.map((clue) => (
        <OneClue key={clue.id} clue={clue} />
      ))}
    </section>
  );
}

function OneClue({ clue }: { clue: ClueView }) {
  return (
    <details>
      <summary>
        <bdi>{clue.title}</bdi>{" "}
        <span class="soft small number">
          {clue.state === "solved"
            ? t("viewSolved")
            : `${number(clue.points)} · ${t("attempts")} ${number(clue.attempts)}`}
        </span>
      </summary>
      <Markdown text={clue.body} />
      {clue.hints.map(({ id, text, availableAt }) => (
        <div key={id} class="note">
          {text === undefined ? (
            <p class="soft small">
              {t("viewHint")} <time dateTime={availableAt}>{clock(availableAt)}</time>
            </p>
          ) : (
            <Markdown text={text} />
          )}
        </div>
      ))}
    </details>
  );
}
