/** The hunt as it runs: figures, clues, who is stuck, where they check in, the origin. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Stats } from "../../contract/data.ts";
import type { DeadLetters, OriginState } from "../../contract/ops.ts";
import type { Announcements } from "../../contract/running.ts";
import type { Leaderboard } from "../../contract/standings.ts";
import type { Checkins, StuckTeams } from "../../contract/teams.ts";
import { clock, countdown, number, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { askFor } from "./dialog.tsx";
import { Spark } from "./spark.tsx";
import { ask, attempt, huntPath, loaded, useLoaded } from "./state.ts";

/** Time between looks, ms. */
const STATS_EVERY = 3_000;
const BOARD_EVERY = 5_000;
const ORIGIN_EVERY = 5_000;
const STUCK_EVERY = 15_000;

/** Without a solve for this long, a team that still tries is stuck, minutes. */
const STUCK_MINUTES = 20;
/** Rows of the small tables. */
const ROWS = 10;
const OUTCOMES = 12;
const ANNOUNCED_PAGE = 5;

const stats = loaded<Stats>();
const board = loaded<Leaderboard>();
const origin = loaded<OriginState>();
const letters = loaded<DeadLetters>();
const checkins = loaded<Checkins>();
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

export function LiveView({ hunt }: { hunt: string }) {
  useLoaded(stats, huntPath(hunt, "/stats"), STATS_EVERY, readStats);
  useLoaded(board, huntPath(hunt, `/leaderboard?limit=${ROWS}`), BOARD_EVERY);
  useLoaded(origin, "/v1/ops/origin", ORIGIN_EVERY);
  useLoaded(letters, huntPath(hunt, "/dead-letters"), ORIGIN_EVERY);
  useLoaded(checkins, huntPath(hunt, "/checkins"), BOARD_EVERY);
  useLoaded(stuck, huntPath(hunt, `/stuck?minutes=${STUCK_MINUTES}&limit=${ROWS}`), STUCK_EVERY);
  return (
    <div class="live">
      <div class="stack">
        <Figures />
        <Clues />
        <CheckinMap />
      </div>
      <div class="stack">
        <Announce hunt={hunt} />
        <Stuck hunt={hunt} />
        <Standings />
        <Outcomes />
        <OriginPanel hunt={hunt} />
      </div>
    </div>
  );
}

function Figures() {
  const told = stats.value.value;
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
          <strong class="number">{number(Math.round((rates.value.at(-1)?.rate ?? 0) * 10) / 10)}</strong>
          <span class="soft">{t("perSecond")}</span>
        </p>
      </div>
      <Spark points={rates.value} label={t("perSecond")} />
    </section>
  );
}

function Clues() {
  return (
    <section class="card stack" aria-labelledby="funnel">
      <h2 id="funnel">{t("funnel")}</h2>
      <div class="scroll">
        <table>
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
            {stats.value.value?.clues.map(({ clue, title, open, attempts, solves, medianSolveSeconds }) => (
              <tr key={clue}>
                <th scope="row">
                  <bdi>{title}</bdi>{" "}
                  <code class="soft" dir="ltr">
                    {clue}
                  </code>
                  <meter
                    min={0}
                    max={Math.max(1, open)}
                    value={solves}
                    aria-label={`${t("solves")} / ${t("openTo")}`}
                  />
                </th>
                <td class="number">{number(open)}</td>
                <td class="number">{number(attempts)}</td>
                <td class="number">{number(solves)}</td>
                <td class="number">
                  {medianSolveSeconds === undefined ? "" : countdown(medianSolveSeconds * 1_000)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Outcomes() {
  const told = stats.value.value;
  return (
    <section class="card stack" aria-labelledby="outcomes">
      <h2 id="outcomes">{t("outcomes")}</h2>
      <table>
        <tbody>
          {Object.entries(told?.outcomes ?? {})
            .sort(([, a], [, b]) => b - a)
            .slice(0, OUTCOMES)
            .map(([outcome, count]) => (
              <tr key={outcome}>
                <th scope="row">
                  <code dir="ltr">{outcome}</code>
                  <meter min={0} max={Math.max(1, told?.events ?? 1)} value={count} aria-label={outcome} />
                </th>
                <td class="number">{number(count)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </section>
  );
}

function Standings() {
  const told = board.value.value;
  return (
    <section class="card stack" aria-labelledby="standings">
      <h2 id="standings">{t("standings")}</h2>
      <table>
        <tbody>
          {told?.entries.map(({ rank, team, score, solves }) => (
            <tr key={team.id}>
              <td class="number">{number(rank)}</td>
              <td>
                <bdi>{team.name}</bdi>
              </td>
              <td class="number">{number(solves)}</td>
              <td class="number">{number(score)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** An announcement is on its way: a second click is not a second one. */
const sending = signal(false);

/** What was announced, the newest first, as far as it was asked for. */
const announced = signal<Announcements | undefined>(undefined);
let announcedReadings = 0;

/** The first page, or the one after `shown`. */
async function readAnnounced(hunt: string, shown: Announcements | undefined): Promise<void> {
  announcedReadings += 1;
  const own = announcedReadings;
  const cursor = shown?.cursor === undefined ? "" : `&cursor=${encoded(shown.cursor)}`;
  const page = await ask<Announcements>(huntPath(hunt, `/announcements?limit=${ANNOUNCED_PAGE}${cursor}`));
  if (own !== announcedReadings) return;
  announced.value = { ...page, announcements: [...(shown?.announcements ?? []), ...page.announcements] };
}

function Announce({ hunt }: { hunt: string }) {
  const form = useRef<HTMLFormElement>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (sending.value) return;
    const values = new FormData(event.currentTarget as HTMLFormElement);
    const clue = String(values.get("clue") ?? "");
    const json = { text: String(values.get("text") ?? ""), ...(clue === "" ? {} : { clue }) };
    sending.value = true;
    try {
      if (await attempt(t("done"), () => ask(huntPath(hunt, "/announcements"), { json }))) {
        form.current?.reset();
        await attempt("", () => readAnnounced(hunt, undefined));
      }
    } finally {
      sending.value = false;
    }
  };
  useEffect(() => {
    announced.value = undefined;
    void attempt("", () => readAnnounced(hunt, undefined));
  }, [hunt]);
  return (
    <form ref={form} class="card stack announce" onSubmit={(event) => void submit(event)}>
      <h2>{t("announce")}</h2>
      <label>
        {t("announceText")}
        <textarea name="text" rows={3} required maxLength={4_000} />
      </label>
      <label>
        {t("announceClue")}
        <select name="clue">
          <option value="">{t("everybody")}</option>
          {stats.value.value?.clues.map(({ clue, title }) => (
            <option key={clue} value={clue}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" disabled={sending.value}>
        {t("send")}
      </button>
      {announced.value?.announcements.map(({ id, at, text, clue }) => (
        <p key={id}>
          <span class="soft small number">
            <time dateTime={at}>{clock(at)}</time>
            {clue !== undefined && ` · ${titleOf(clue)}`}
          </span>
          <br />
          <span class="announced">{text}</span>
        </p>
      ))}
      {announced.value?.cursor !== undefined && (
        <button
          type="button"
          class="quiet"
          onClick={() => void attempt("", () => readAnnounced(hunt, announced.value))}
        >
          {t("older")}
        </button>
      )}
    </form>
  );
}

function Stuck({ hunt }: { hunt: string }) {
  const teams = stuck.value.value?.teams ?? [];
  return (
    <section class="card stack" aria-labelledby="stuck">
      <h2 id="stuck">{t("stuck")}</h2>
      {stuck.value.problem !== "" && <p class="note bad">{stuck.value.problem}</p>}
      {stuck.value.value && (
        <p class="soft">{teams.length === 0 ? t("stuckNone") : t("stuckHint", { minutes: STUCK_MINUTES })}</p>
      )}
      {teams.length > 0 && (
        <table>
          <tbody>
            {teams.map(({ team, since, clue, wrong }) => (
              <tr key={team.id}>
                <td>
                  <a href={`#${hunt}/teams/${encoded(team.id)}`}>
                    <bdi>{team.name}</bdi>
                  </a>
                  <br />
                  <span class="soft">{t("stuckOn", { clue: titleOf(clue), count: wrong })}</span>
                </td>
                <td class="number">{t("minutes", { value: minutesSince(since) })}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

const minutesSince = (at: string): number => Math.floor((Date.now() - Date.parse(at)) / 60_000);

function CheckinMap() {
  const place = useRef<HTMLDivElement>(null);
  const found = checkins.value.value?.checkins ?? [];
  const key = found.map(({ player, at }) => `${player}${at}`).join();
  useEffect(() => {
    if (found.length === 0 || !place.current) return;
    const element = document.createElement("div");
    element.className = "map";
    place.current.replaceChildren(element);
    void import("../shared/map.ts").then(({ drawMap }) =>
      drawMap(
        element,
        found.map(({ lat, lng, name, at }) => ({ lat, lng, label: `${name} · ${clock(at)}` })),
      ),
    );
  }, [key]);
  return (
    <section class="card stack" aria-labelledby="checkins">
      <h2 id="checkins">{t("checkins")}</h2>
      {checkins.value.problem !== "" && <p class="note bad">{checkins.value.problem}</p>}
      {found.length === 0 ? <p class="soft">{t("noCheckins")}</p> : <div ref={place} />}
    </section>
  );
}

function OriginPanel({ hunt }: { hunt: string }) {
  const told = origin.value.value;
  const dead = letters.value.value;
  const redrive = async (): Promise<void> => {
    if (!(await askFor(t("redrive"), undefined))) return;
    await attempt(t("done"), () => ask(huntPath(hunt, "/dead-letters/redrive"), { json: {} }));
  };
  return (
    <section class="card stack" aria-labelledby="origin">
      <h2 id="origin">{t("origin")}</h2>
      {told && (
        <dl>
          <dt>{t("gate")}</dt>
          <dd>{t(`gate_${told.state}`)}</dd>
          <dt>{t("calls")}</dt>
          <dd class="number">{number(told.window.calls)}</dd>
          <dt>{t("failed")}</dt>
          <dd class="number">{number(told.window.failed)}</dd>
          <dt>{t("backlog")}</dt>
          <dd class="number">{number(told.backlog.segments)}</dd>
          <dt>{t("oldest")}</dt>
          <dd class="number">{t("seconds", { value: Math.round(told.backlog.oldestSeconds) })}</dd>
        </dl>
      )}
      <h3>{t("deadLetters")}</h3>
      {letters.value.problem !== "" && <p class="note bad">{letters.value.problem}</p>}
      {dead?.total ? (
        <>
          <ul>
            {dead.letters.slice(0, ROWS).map(({ id, at, error }) => (
              <li key={id}>
                {clock(at)} {error}
              </li>
            ))}
          </ul>
          <button type="button" class="quiet" onClick={() => void redrive()}>
            {t("redrive")}
          </button>
        </>
      ) : (
        dead && <p class="soft">{t("noDeadLetters")}</p>
      )}
    </section>
  );
}
