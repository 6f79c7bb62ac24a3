/** The other views: standings, prizes, news, the team. */

import { useEffect } from "preact/hooks";
import type { Entry } from "../../contract/standings.ts";
import { clock, countdown, number, t } from "../shared/i18n.ts";
import { Icon } from "../shared/icons.tsx";
import { Markdown } from "../shared/markdown.tsx";
import { Settings } from "../shared/settings.tsx";
import { Invite } from "./invite.tsx";
import {
  act,
  hunt,
  isUnderWay,
  leave,
  me,
  now,
  older,
  phase,
  readOlder,
  refreshStandings,
  session,
  standings,
  unread,
  verdicts,
} from "./state.ts";
import { Verdict } from "./verdict.tsx";

/** `ANNOUNCEMENTS_TOLD` of the wire, whose import would bring the schemas along. With fewer in `/me` there are no older ones. */
const NEWEST = 50;

/** Time between looks at the standings while they are shown, ms. */
const STANDINGS_EVERY = 5_000;

export function Standings() {
  useEffect(() => {
    void refreshStandings();
    const timer = setInterval(
      () => document.visibilityState === "visible" && void refreshStandings(),
      STANDINGS_EVERY,
    );
    return () => clearInterval(timer);
  }, []);
  const shown = standings.value;
  const own = session.value?.team.id;
  const first = shown?.board.entries ?? [];
  const around = (shown?.around ?? []).filter(
    ({ team }) => !first.some((entry) => entry.team.id === team.id),
  );
  return (
    <section class="stack">
      <h1>{t("standings")}</h1>
      {shown?.board.frozen && <p class="note">{t("frozen")}</p>}
      {shown ? <Table rows={first} own={own} /> : <p class="soft">{t("loading")}</p>}
      {around.length > 0 && <Table rows={around} own={own} />}
      {shown && <p class="soft small number">{t("asOf", { time: clock(shown.board.asOf) })}</p>}
    </section>
  );
}

function Table({ rows, own }: { rows: readonly Entry[]; own: string | undefined }) {
  return (
    <table>
      <thead>
        <tr>
          <th class="number" scope="col">
            {t("rank")}
          </th>
          <th scope="col">{t("team")}</th>
          <th class="number" scope="col">
            {t("score")}
          </th>
          <th class="number" scope="col">
            {t("solves")}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ rank, team, score, solves }) => (
          <tr key={team.id} class={team.id === own ? "own" : undefined}>
            <td class="number">{number(rank)}</td>
            <td>
              <bdi>{team.name}</bdi>
            </td>
            <td class="number">{number(score)}</td>
            <td class="number">{number(solves)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Prizes() {
  const prizes = me.value?.prizes ?? [];
  return (
    <section class="stack">
      <h1>{t("prizes")}</h1>
      {prizes.map((prize) => {
        const about = `prize/${prize.id}`;
        const verdict = verdicts.value[about];
        const wait = prize.cooldownUntil ? Date.parse(prize.cooldownUntil) - now.value : 0;
        const waiting = isUnderWay(about);
        return (
          <article key={prize.id} class="card stack prize">
            <div class="row spread">
              <h2>
                <bdi>{prize.title}</bdi>
              </h2>
              {prize.left !== undefined && (
                <span class="soft number">{t("left", { count: prize.left })}</span>
              )}
            </div>
            {prize.wins.map((win) => (
              <div key={win.event} class={`note ${win.revoked ? "bad" : "good"}`}>
                <p>
                  {win.revoked
                    ? t("revoked")
                    : win.code
                      ? t("won")
                      : t("wonBy", { name: nameOf(win.player) })}
                </p>
                {win.code && !win.revoked && (
                  <p>
                    <span class="small">{t("yourCode")}</span>
                    <br />
                    <span class="code" dir="ltr">
                      {win.code}
                    </span>
                  </p>
                )}
              </div>
            ))}
            {prize.withdrawn ? (
              <p class="soft">{t("withdrawn")}</p>
            ) : prize.wins.length > 0 && !prize.eligible ? null : (
              <button
                type="button"
                class="wide number"
                disabled={!prize.eligible || waiting || wait > 0 || phase.value !== "live"}
                onClick={() => void act({ type: "claim", prize: prize.id })}
              >
                <Icon name="gift" />{" "}
                {waiting ? t("claiming") : wait > 0 ? t("cooldown", { time: countdown(wait) }) : t("claim")}
              </button>
            )}
            {!prize.eligible && prize.wins.length === 0 && !prize.withdrawn && phase.value === "live" && (
              <p class="soft small">{t("notEligible")}</p>
            )}
            <div role="status">{verdict && verdict.outcome !== "won" && <Verdict result={verdict} />}</div>
          </article>
        );
      })}
    </section>
  );
}

const nameOf = (player: string): string => me.value?.team.members.find(({ id }) => id === player)?.name ?? "";

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
      {news.map(({ id, at, text, clue }) => (
        <article key={id} class="card stack">
          <p class="soft small number">
            <time dateTime={at}>{clock(at)}</time>
            {clue && ` · ${me.value?.clues.find((each) => each.id === clue)?.title ?? ""}`}
          </p>
          <Markdown text={text} />
        </article>
      ))}
      {newest.length >= NEWEST && !older.value.end && (
        <button type="button" class="quiet wide" onClick={() => void readOlder()}>
          {t("older")}
        </button>
      )}
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
          <span>{t("points", { count: team.score })}</span>
        </p>
      )}
      <h2>{t("members")}</h2>
      <ul class="members">
        {team?.members.map(({ id, name }) => (
          <li key={id}>
            <bdi>{name}</bdi>
          </li>
        ))}
      </ul>
      {session.value?.team.joinCode && <Invite />}
      {hunt.value?.description && (
        <details class="card">
          <summary>{t("about")}</summary>
          <Markdown text={hunt.value.description} />
        </details>
      )}
      <Settings language={t("language")} appearance={t("appearance")} />
      <button type="button" class="quiet" onClick={() => confirm(t("leaveSure")) && void leave()}>
        {t("leave")}
      </button>
    </section>
  );
}
