/** The hunt as it runs: figures, clues, who is stuck; with the panels that have files of their own. */

import { signal } from "@preact/signals";
import type { Phase } from "../../contract/basics.ts";
import type { Stats } from "../../contract/data.ts";
import type { Leaderboard } from "../../contract/standings.ts";
import type { StuckTeams } from "../../contract/teams.ts";
import { countdown, number, t } from "../shared/i18n.ts";
import { Name } from "../shared/name.tsx";
import { encoded } from "../shared/outside.ts";
import { AdvicePanel } from "./advice.tsx";
import { Announce } from "./announce.tsx";
import { CheckinMap } from "./checkins.tsx";
import { ClueButton } from "./clue-button.tsx";
import { engineText, issueText, issueWords } from "./engine.ts";
import { NudgeOffers } from "./nudge.tsx";
import { OriginPanel } from "./origin.tsx";
import { Spark } from "./spark.tsx";
import { ask, huntPath, loaded, may, useLoaded } from "./state.ts";
import { TableFile } from "./table-file.tsx";
import { ToldAt } from "./told.tsx";
import { IssueWords } from "./words.tsx";

/** Time between looks, ms. */
const STATS_EVERY = 3_000;
const BOARD_EVERY = 5_000;
const STUCK_EVERY = 15_000;

/** Without a solve for this long, a team that still tries is stuck, minutes. */
const STUCK_MINUTES = 20;
/** Rows of the small tables. */
const ROWS = 10;
const OUTCOMES = 12;

const stats = loaded<Stats>();
const board = loaded<Leaderboard>();
const stuck = loaded<StuckTeams>();

/** Events a second between two looks, the newest last. */
const rates = signal<readonly { at: number; rate: number }[]>([]);
const RATES_MAX = 120;
let before: { hunt: string; at: number; events: number } | undefined;

async function readStats<Value>(path: string): Promise<Value> {
  const told = await ask<Stats>(path);
  const at = Date.now();
  if (before?.hunt === path) {
    const rate = Math.max(0, (told.events - before.events) / ((at - before.at) / 1_000));
    rates.value = [...rates.value, { at, rate }].slice(-RATES_MAX);
  } else rates.value = [];
  before = { hunt: path, at, events: told.events };
  return told as Value;
}

const titleOf = (id: string): string => stats.value.value?.clues.find(({ clue }) => clue === id)?.title ?? id;

/** `serverTime`: what time it is in the hunt, which may be a rehearsal. */
export function LiveView({ hunt, phase, serverTime }: { hunt: string; phase: Phase; serverTime: string }) {
  useLoaded(stats, huntPath(hunt, "/stats"), STATS_EVERY, { read: readStats });
  useLoaded(board, huntPath(hunt, `/leaderboard?limit=${ROWS}`), BOARD_EVERY);
  useLoaded(stuck, huntPath(hunt, `/stuck?minutes=${STUCK_MINUTES}&limit=${ROWS}`), STUCK_EVERY);
  return (
    <div class="live">
      <div class="stack">
        <Figures />
        <Tolerated />
        <NudgeOffers hunt={hunt} stats={() => stats.value.value} />
        <Clues hunt={hunt} phase={phase} />
        <CheckinMap hunt={hunt} />
      </div>
      <div class="stack">
        <Announce hunt={hunt} clues={stats.value.value?.clues ?? []} titleOf={titleOf} />
        <Stuck hunt={hunt} serverTime={serverTime} />
        <Standings hunt={hunt} />
        <Outcomes />
        {may("GET /v1/ops/advice") && <AdvicePanel />}
        <OriginPanel hunt={hunt} />
      </div>
    </div>
  );
}

function Figures() {
  const told = stats.value.value;
  const rate = rates.value.at(-1)?.rate;
  return (
    <section class="card stack" aria-label={t("live")}>
      {stats.value.problem !== "" && <p class="note bad">{stats.value.problem}</p>}
      <div class="figures">
        {(["players", "teams", "events", "facts"] as const).map((figure) => (
          <p key={figure}>
            <strong class="number">{told ? number(told[figure]) : "–"}</strong>
            <span class="soft">{t(figure)}</span>
          </p>
        ))}
        <p>
          <strong class="number">{rate === undefined ? "–" : number(Math.round(rate * 10) / 10)}</strong>
          <span class="soft">{t("perSecond")}</span>
        </p>
      </div>
      <Spark points={rates.value} label={t("perSecond")} />
    </section>
  );
}

/** What the engine would refuse of the definition today: it is told before somebody tries to publish in a hurry. */
function Tolerated() {
  const issues = stats.value.value?.tolerated ?? [];
  if (issues.length === 0) return null;
  return (
    <section class="card stack" aria-labelledby="tolerated">
      <h2 id="tolerated">{t("tolerated")}</h2>
      <p class="note">{t("toleratedHint")}</p>
      <ul>
        {issues.map((issue) => (
          <li key={`${issue.path}${issue.code}${issue.message}`}>
            <code dir="ltr">{issue.path}</code> <span dir="auto">{issueText(issue)}</span>
            <IssueWords words={issueWords(issue)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Clues({ hunt, phase }: { hunt: string; phase: Phase }) {
  return (
    <section class="card stack" aria-labelledby="funnel">
      <h2 id="funnel">{t("funnel")}</h2>
      <div class="scroll">
        <table class="stacked">
          <thead>
            <tr>
              <th scope="col">{t("clue")}</th>
              {(["openTo", "attempts", "solves", "median"] as const).map((each) => (
                <th key={each} scope="col" class="number">
                  {t(each)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {stats.value.value?.clues.map(
              ({ clue, title, open, attempts, solves, withdrawn, medianSolveSeconds }) => (
                <tr key={clue}>
                  <th scope="row" class="name-cell">
                    <Name text={title} />
                    <span class="soft id">
                      <code dir="ltr">{clue}</code>
                    </span>
                    <ClueButton
                      hunt={hunt}
                      phase={phase}
                      clue={clue}
                      title={title}
                      withdrawn={withdrawn === true}
                    />
                    <meter
                      min={0}
                      max={Math.max(1, open)}
                      value={solves}
                      aria-label={`${t("solves")} / ${t("openTo")}`}
                    />
                  </th>
                  <td class="number" data-label={t("openTo")}>
                    {number(open)}
                  </td>
                  <td class="number" data-label={t("attempts")}>
                    {number(attempts)}
                  </td>
                  <td class="number" data-label={t("solves")}>
                    {number(solves)}
                  </td>
                  <td class="number" data-label={t("median")}>
                    {medianSolveSeconds === undefined ? "" : countdown(medianSolveSeconds * 1_000)}
                  </td>
                </tr>
              ),
            )}
          </tbody>
        </table>
      </div>
      <ToldAt place="clue" />
      <TableFile hunt={hunt} table="solves" />
    </section>
  );
}

function Outcomes() {
  const told = stats.value.value;
  return (
    <section class="card stack" aria-labelledby="outcomes">
      <h2 id="outcomes">{t("outcomes")}</h2>
      <div class="scroll">
        <table class="narrow">
          <tbody>
            {Object.entries(told?.outcomes ?? {})
              .sort(([, a], [, b]) => b - a)
              .slice(0, OUTCOMES)
              .map(([outcome, count]) => (
                <tr key={outcome}>
                  <th scope="row">
                    {engineText("outcome", outcome)}
                    <meter
                      min={0}
                      max={Math.max(1, told?.events ?? 1)}
                      value={count}
                      aria-label={engineText("outcome", outcome)}
                    />
                  </th>
                  <td class="number">{number(count)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Standings({ hunt }: { hunt: string }) {
  const told = board.value.value;
  return (
    <section class="card stack" aria-labelledby="standings">
      <h2 id="standings">{t("standings")}</h2>
      {board.value.problem !== "" && <p class="note bad">{board.value.problem}</p>}
      <div class="scroll">
        <table class="narrow">
          <thead class="visually-hidden">
            <tr>
              {(["rank", "team", "solves", "score"] as const).map((each) => (
                <th key={each} scope="col">
                  {t(each)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {told?.entries.map(({ rank, team, score, solves }) => (
              <tr key={team.id}>
                <td class="number">{number(rank)}</td>
                <td class="name-cell">
                  <Name text={team.name} />
                </td>
                <td class="number" data-label={t("solves")}>
                  {number(solves)}
                </td>
                <td class="number" data-label={t("score")}>
                  {number(score)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <TableFile hunt={hunt} table="standings" />
    </section>
  );
}

function Stuck({ hunt, serverTime }: { hunt: string; serverTime: string }) {
  const teams = stuck.value.value?.teams ?? [];
  return (
    <section class="card stack" aria-labelledby="stuck">
      <h2 id="stuck">{t("stuck")}</h2>
      {stuck.value.problem !== "" && <p class="note bad">{stuck.value.problem}</p>}
      {stuck.value.value && (
        <p class="soft">{teams.length === 0 ? t("stuckNone") : t("stuckHint", { minutes: STUCK_MINUTES })}</p>
      )}
      {teams.length > 0 && (
        <div class="scroll">
          <table class="narrow">
            <tbody>
              {teams.map(({ team, since, clue, wrong }) => (
                <tr key={team.id}>
                  <td class="name-cell">
                    <a class="name" dir="auto" href={`#${encoded(hunt)}/teams/${encoded(team.id)}`}>
                      <bdi>{team.name}</bdi>
                    </a>
                    <span class="soft id">{t("stuckOn", { clue: titleOf(clue), count: wrong })}</span>
                  </td>
                  <td class="number">{t("minutes", { value: minutesBetween(since, serverTime) })}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const minutesBetween = (at: string, now: string): number =>
  Math.max(0, Math.floor((Date.parse(now) - Date.parse(at)) / 60_000));
