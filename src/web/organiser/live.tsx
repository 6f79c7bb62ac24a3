/** The hunt as it runs: figures, clues, who is stuck, where they check in, the origin. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Board } from "../shared/api.ts";
import { clock, countdown, number, t } from "../shared/i18n.ts";
import { askFor } from "./dialog.tsx";
import { Spark } from "./spark.tsx";
import { ask, attempt, huntPath, loaded, useLoaded } from "./state.ts";

/** Time between looks, ms. */
const STATS_EVERY = 3_000;
const BOARD_EVERY = 5_000;
const ORIGIN_EVERY = 5_000;

/** Without a solve for this long, a team is stuck, minutes. */
const STUCK_MINUTES = 20;
const STUCK_ROWS = 10;
const OUTCOMES = 12;

interface Stats {
  players: number;
  teams: number;
  events: number;
  facts: number;
  outcomes: Record<string, number>;
  clues: { clue: string; open: number; attempts: number; solves: number; medianSolveSeconds?: number }[];
}

interface Origin {
  state: "closed" | "open" | "half_open";
  driver: string;
  window: { calls: number; failed: number; slow: number };
  backlog: { segments: number; oldestSeconds: number };
}

interface DeadLetters {
  letters: { id: string; at: string; error: string; attempts: number }[];
  total: number;
}

interface Checkins {
  checkins: {
    team: string;
    name: string;
    player: string;
    at: string;
    lat: number;
    lng: number;
    accuracy: number;
  }[];
}

const stats = loaded<Stats>();
const board = loaded<Board>();
const origin = loaded<Origin>();
const letters = loaded<DeadLetters>();
const checkins = loaded<Checkins>();

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

export function LiveView({ hunt, opens }: { hunt: string; opens: string | undefined }) {
  useLoaded(stats, huntPath(hunt, "/stats"), STATS_EVERY, readStats);
  useLoaded(board, huntPath(hunt, "/leaderboard?limit=500"), BOARD_EVERY);
  useLoaded(origin, "/v1/ops/origin", ORIGIN_EVERY);
  useLoaded(letters, huntPath(hunt, "/dead-letters"), ORIGIN_EVERY);
  useLoaded(checkins, huntPath(hunt, "/checkins"), BOARD_EVERY);
  const told = stats.value.value;
  return (
    <div class="panels">
      <section class="card figures" aria-label={t("live")}>
        {(["players", "teams", "events", "facts"] as const).map((figure) => (
          <p key={figure}>
            <strong class="number">{told ? number(told[figure]) : "–"}</strong>
            <span class="soft">{t(figure)}</span>
          </p>
        ))}
        <div class="figure-wide">
          <p>
            <strong class="number">{number(Math.round((rates.value.at(-1)?.rate ?? 0) * 10) / 10)}</strong>
            <span class="soft">{t("perSecond")}</span>
          </p>
          <Spark points={rates.value} label={t("perSecond")} />
        </div>
      </section>
      <Announce hunt={hunt} clues={told?.clues.map(({ clue }) => clue) ?? []} />
      <section class="card wide-panel stack" aria-labelledby="funnel">
        <h2 id="funnel">{t("funnel")}</h2>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">{t("clue")}</th>
                <th scope="col" class="number">
                  {t("openTo")}
                </th>
                <th scope="col" class="number">
                  {t("attempts")}
                </th>
                <th scope="col" class="number">
                  {t("solves")}
                </th>
                <th scope="col" class="number">
                  {t("median")}
                </th>
              </tr>
            </thead>
            <tbody>
              {told?.clues.map(({ clue, open, attempts, solves, medianSolveSeconds }) => (
                <tr key={clue}>
                  <th scope="row">
                    <span dir="ltr">{clue}</span>
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
      <Stuck opens={opens} />
      <section class="card stack" aria-labelledby="standings">
        <h2 id="standings">{t("standings")}</h2>
        <table>
          <tbody>
            {board.value.value?.entries.slice(0, STUCK_ROWS).map(({ rank, team, score, solves }) => (
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
      <CheckinMap />
      <OriginPanel hunt={hunt} />
    </div>
  );
}

function Announce({ hunt, clues }: { hunt: string; clues: readonly string[] }) {
  const form = useRef<HTMLFormElement>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const values = new FormData(event.currentTarget as HTMLFormElement);
    const clue = String(values.get("clue") ?? "");
    const json = { text: String(values.get("text") ?? ""), ...(clue === "" ? {} : { clue }) };
    if (await attempt(t("done"), () => ask(huntPath(hunt, "/announcements"), { json })))
      form.current?.reset();
  };
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
          {clues.map((clue) => (
            <option key={clue} value={clue}>
              {clue}
            </option>
          ))}
        </select>
      </label>
      <button type="submit">{t("send")}</button>
    </form>
  );
}

/** Of the first 500 places: those who solved nothing for long, or nothing since the hunt opened; the longest first. */
function Stuck({ opens }: { opens: string | undefined }) {
  const told = board.value.value;
  const since = (told ? Date.parse(told.asOf) : Date.now()) - STUCK_MINUTES * 60_000;
  const stuck = (told?.entries ?? [])
    .filter(({ lastSolveAt }) => Date.parse(lastSolveAt ?? opens ?? "") < since)
    .sort((a, b) => ((a.lastSolveAt ?? "") < (b.lastSolveAt ?? "") ? -1 : 1))
    .slice(0, STUCK_ROWS);
  return (
    <section class="card stack" aria-labelledby="stuck">
      <h2 id="stuck">{t("stuck")}</h2>
      <p class="soft">{stuck.length === 0 ? t("stuckNone") : t("stuckHint", { minutes: STUCK_MINUTES })}</p>
      <table>
        <tbody>
          {stuck.map(({ team, solves, lastSolveAt }) => (
            <tr key={team.id}>
              <td>
                <bdi>{team.name}</bdi>
              </td>
              <td class="number">{number(solves)}</td>
              <td class="number">{lastSolveAt ? clock(lastSolveAt) : t("never")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

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
          <dd class="number">{t("seconds", { count: Math.round(told.backlog.oldestSeconds) })}</dd>
        </dl>
      )}
      <h3>{t("deadLetters")}</h3>
      {dead?.total ? (
        <>
          <ul>
            {dead.letters.slice(0, STUCK_ROWS).map(({ id, at, error }) => (
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
        <p class="soft">{t("noDeadLetters")}</p>
      )}
    </section>
  );
}
