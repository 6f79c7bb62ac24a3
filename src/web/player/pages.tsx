/** The other views: news, the team. */

import { useEffect } from "preact/hooks";
import { clock, t } from "../shared/i18n.ts";
import { Markdown } from "../shared/markdown.tsx";
import { Settings } from "../shared/settings.tsx";
import { Members, TeamTools } from "./crew.tsx";
import { Help } from "./help.tsx";
import { PageLinks } from "./hunt-page.tsx";
import { Invite } from "./invite.tsx";
import { MyData } from "./my-data.tsx";
import { leaveQuestion } from "./offers.tsx";
import { endPush, TellMe } from "./push.tsx";
import { failure, hunt, leave, me, older, readOlder, session, unread } from "./state.ts";
import { problemText } from "./verdict.tsx";
import { WayBack } from "./way-back.tsx";

/** `ANNOUNCEMENTS_TOLD` of the wire, whose import would bring the schemas along. With fewer in `/me` there are no older ones. */
const NEWEST = 50;

export function News() {
  const newest = me.value?.announcements ?? [];
  const news = [...newest.toReversed(), ...older.value.rows];
  useEffect(() => {
    unread.value = 0;
  }, [news.length]);
  return (
    <section class="stack">
      <h1>{t("news")}</h1>
      {news.length === 0 && <p class="soft">{t("noNews")}</p>}
      {news.map(({ id, at, text, clue, edited, erratum }) => (
        <article key={id} class="card stack">
          <p class="soft small number">
            <time dateTime={at}>{clock(at)}</time>
            {clue && ` · ${me.value?.clues.find((each) => each.id === clue)?.title ?? ""}`}
            {erratum && ` · ${t("erratum")}`}
            {edited !== undefined && ` · ${t("edited", { time: clock(edited) })}`}
          </p>
          <Markdown text={text} typed />
        </article>
      ))}
      {failure.value.older && <p class="note">{problemText(failure.value.older)}</p>}
      {newest.length >= NEWEST && !older.value.end && (
        <button type="button" class="quiet wide" onClick={() => void readOlder()}>
          {t("older")}
        </button>
      )}
      <Help clue={undefined} />
      <TellMe />
    </section>
  );
}

export function TeamPage() {
  const team = me.value?.team;
  return (
    <section class="stack">
      <h1>
        <bdi>{team?.name ?? session.value?.team.name}</bdi>
      </h1>
      {team && (
        <p class="row number soft">
          <span>{team.rank === undefined ? t("noPlace") : t("place", { rank: team.rank })}</span>
          {team.bracketRank !== undefined && (
            <span>
              {t("placeInBracket", {
                rank: team.bracketRank,
                bracket: hunt.value?.brackets?.find(({ id }) => id === team.bracket)?.title ?? "",
              })}
            </span>
          )}
          <span>{t("points", { count: team.score })}</span>
        </p>
      )}
      <h2>{t("members")}</h2>
      <Members />
      {(team?.joinCode ?? session.value?.team.joinCode) && <Invite />}
      <WayBack />
      <TeamTools />
      <MyData />
      {hunt.value?.description && (
        <details class="card">
          <summary>{t("about")}</summary>
          <Markdown text={hunt.value.description} />
        </details>
      )}
      <PageLinks hunt={hunt.value} />
      <Settings language={t("language")} appearance={t("appearance")} />
      <button
        type="button"
        class="quiet"
        onClick={() => confirm(leaveQuestion()) && void endPush().then(leave)}
      >
        {t("leave")}
      </button>
    </section>
  );
}
