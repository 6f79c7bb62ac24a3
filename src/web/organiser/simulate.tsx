/** The hunt played beforehand by simulated teams, and held beside the real ones while it runs. */
import { signal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Stats } from "../../contract/data.ts";
import type { Facts } from "../../contract/guesses.ts";
import type { Hunt } from "../../contract/hunt.ts";
import {
  type Band,
  type Difference,
  SIMULATED_MAX,
  SIMULATION_FORM,
  type SimulationAsked,
  type SimulationOptions,
  type SimulationReport,
  type SimulationTold,
  type Spread,
} from "../../contract/simulation.ts";
import { Problem } from "../shared/api.ts";
import { countdown, number, percent, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { CurveChart } from "./curve-chart.tsx";
import { readDefinition } from "./definition.ts";
import { drafts, readDraft } from "./drafts.ts";
import { issueLine, problemText } from "./engine.ts";
import { curveAt, FACTS_A_PAGE, foretold, Solves, shareAt, strays } from "./real-curves.ts";
import { ask, engineNow, huntPath, loaded, useLoaded } from "./state.ts";

const RUNS = 20;
const TEAMS = 100;
/** Of a larger hunt shares are simulated with so many teams. */
const TEAMS_MAX = Math.min(2_000, SIMULATED_MAX / RUNS);
const MINUTE = 60_000;
/** Time between looks at the real hunt, ms. */
const LOOK_EVERY = 15_000;

interface Result {
  report: SimulationReport;
  differences?: Difference[] | undefined;
}

/** What was simulated last in this tab, by hunt. */
const results = signal<ReadonlyMap<string, Result>>(new Map());

const stats = loaded<Stats>();

interface Form {
  teams: string;
  pace: string;
  lasts: string;
  come: string;
  seed: string;
}

const FIELDS = [
  { name: "teams", label: "simTeams", min: 1, max: TEAMS_MAX },
  { name: "pace", label: "simPace", min: 1, max: 10_000 },
  { name: "lasts", label: "simLasts", min: 1, max: 8_784 },
  { name: "come", label: "simCome", min: 0, max: 100 },
  { name: "seed", label: "simSeed", min: 0, max: 2_147_483_647 },
] as const;

export function SimulateView({ hunt, known }: { hunt: string; known: Hunt | undefined }) {
  const [form, setForm] = useState<Form>({ teams: "", pace: "10", lasts: "", come: "", seed: "1" });
  const [progress, setProgress] = useState<number | undefined>(undefined);
  const [problem, setProblem] = useState<readonly string[]>([]);
  const [worker, setWorker] = useState<Worker | undefined>(undefined);
  useEffect(() => () => worker?.terminate(), [worker]);
  const hasDraft = drafts.value.includes(hunt);
  useLoaded(stats, huntPath(hunt, "/stats"), LOOK_EVERY, { active: known !== undefined });
  const told = known === undefined ? undefined : stats.value.value;
  const teamsNow = told?.teams ?? 0;
  const teamsDefault = Math.min(TEAMS_MAX, teamsNow > 1 ? teamsNow : TEAMS);

  const stop = (): void => {
    worker?.terminate();
    setWorker(undefined);
    setProgress(undefined);
  };
  const start = async (): Promise<void> => {
    stop();
    setProblem([]);
    setProgress(0);
    let asked: SimulationAsked;
    try {
      asked = await askedOf(hunt, optionsOf(form, teamsDefault));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem([problemText(error)]);
      setProgress(undefined);
      return;
    }
    const made = new Worker("/parts/simulation.js", { type: "module" });
    made.addEventListener("message", ({ data: told }: MessageEvent<SimulationTold>) => {
      if (told.told === "progress") {
        setProgress(told.run / told.of);
        return;
      }
      if (told.told === "refused") {
        setProblem(told.issues.map(issueLine));
      } else {
        const { report, differences } = told;
        results.value = new Map(results.value).set(hunt, { report, differences });
      }
      setWorker(undefined);
      setProgress(undefined);
    });
    made.addEventListener("error", () => {
      setProblem([t("simFailed")]);
      setWorker(undefined);
      setProgress(undefined);
    });
    setWorker(made);
    made.postMessage(asked);
  };

  const result = results.value.get(hunt);
  const isRunning = known !== undefined && known.phase !== "draft" && known.opens !== undefined;
  return (
    <div class="stack">
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <h2>{t("simulate")}</h2>
        <p class="soft">{t("simHint")}</p>
        {hasDraft && <p class="note">{t("simDraft")}</p>}
        <div class="row">
          {FIELDS.map(({ name, label, min, max }) => (
            <label key={name} class="field">
              <span>{t(label)}</span>
              <input
                type="number"
                name={name}
                min={min}
                max={max}
                required={name === "pace" || name === "seed"}
                placeholder={placeholderOf(name, teamsDefault)}
                value={form[name]}
                onInput={(event) => setForm({ ...form, [name]: event.currentTarget.value })}
              />
            </label>
          ))}
        </div>
        <div class="row">
          <button type="submit" disabled={progress !== undefined}>
            {t("simGo")}
          </button>
          {progress !== undefined && (
            <>
              <progress value={progress} max={1} aria-label={t("simulate")} />
              <button type="button" class="quiet" onClick={stop}>
                {t("cancel")}
              </button>
            </>
          )}
        </div>
        {problem.map((line) => (
          <p key={line} class="note bad">
            {line}
          </p>
        ))}
      </form>
      {result && told && isRunning && (
        <Really hunt={hunt} opens={known.opens ?? ""} report={result.report} told={told} />
      )}
      {result && <Report {...result} />}
    </div>
  );
}

function placeholderOf(name: keyof Form, teams: number): string | undefined {
  if (name === "teams") return String(teams);
  if (name === "come") return "72";
  return name === "lasts" ? t("simAsDefined") : undefined;
}

function optionsOf(form: Form, teams: number): SimulationOptions {
  return {
    seed: Number(form.seed),
    runs: RUNS,
    teams: form.teams === "" ? teams : Number(form.teams),
    pace: Number(form.pace) * MINUTE,
    ...(form.come === "" ? {} : { come: Number(form.come) / 100 }),
    ...(form.lasts === "" ? {} : { lasts: Number(form.lasts) * 60 * MINUTE }),
  };
}

/** What was written and not published is simulated, and held beside what is published. */
async function askedOf(hunt: string, options: SimulationOptions): Promise<SimulationAsked> {
  const draft = readDraft(hunt);
  const { text, version } = await readDefinition(hunt);
  const isPublished = version !== '"0"';
  return {
    form: SIMULATION_FORM,
    hunt,
    definition: draft?.text ?? text,
    ...(draft && isPublished ? { against: text } : {}),
    options,
  };
}

const bandText = ({ mean, low, high }: Band): string =>
  t("simBand", { mean: percent(mean), low: percent(low), high: percent(high) });

const spreadText = (spread: Spread | undefined, say: (value: number) => string): string =>
  spread === undefined ? "–" : [spread.p10, spread.p50, spread.p90].map(say).join(" · ");

function Report({ report, differences }: Result) {
  const { began, finished, finishedAt, stuck, waiting, solves, score, clues, prizes, closed, byHand } =
    report;
  const rows = [
    [t("simBegan"), bandText(began)],
    [t("simFinished"), bandText(finished)],
    [t("simFinishedAt"), spreadText(finishedAt, countdown)],
    [t("simStuck"), bandText(stuck)],
    [t("simWaiting"), bandText(waiting)],
    [t("simSolves"), spreadText(solves, number)],
    [t("simScore"), spreadText(score, number)],
  ] as const;
  return (
    <section class="card stack" aria-labelledby="simulated">
      <h2 id="simulated">
        {t("simulated", {
          runs: number(report.runs),
          teams: number(report.teams),
          time: countdown(report.lasts),
        })}
      </h2>
      <p class="soft">{t("simShares")}</p>
      {closed.length > 0 && <p class="note">{t("simClosed", { clues: closed.join(", ") })}</p>}
      {byHand.length > 0 && <p class="note">{t("simByHand", { clues: byHand.join(", ") })}</p>}
      {differences && <Differences differences={differences} />}
      <div class="scroll">
        <table class="stacked">
          <tbody>
            {rows.map(([label, value]) => (
              <tr key={label}>
                <th scope="row" class="name-cell">
                  {label}
                </th>
                <td class="number">{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="scroll">
        <table class="stacked">
          <thead>
            <tr>
              {[t("clue"), t("simOpened"), t("simSolved"), t("simTook"), t("simWrong"), t("simStuck")].map(
                (head) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {clues.map((clue) => (
              <tr key={clue.clue}>
                <th scope="row" class="name-cell">
                  <bdi>{clue.title}</bdi>
                </th>
                <td class="number" data-label={t("simOpened")}>
                  {percent(clue.opened.mean)}
                </td>
                <td class="number" data-label={t("simSolved")}>
                  {bandText(clue.solved)}
                </td>
                <td class="number" data-label={t("simTook")}>
                  {clue.took === undefined ? "–" : countdown(clue.took.p50)}
                </td>
                <td class="number" data-label={t("simWrong")}>
                  {number(clue.wrong)}
                </td>
                <td class="number" data-label={t("simStuck")}>
                  {percent(clue.stuck)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {prizes.length > 0 && (
        <div class="scroll">
          <table class="stacked">
            <thead>
              <tr>
                {[t("prizes"), t("simStock"), t("simWon"), t("simGone"), t("simGoneAt")].map((head) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {prizes.map(({ prize, title, stock, won, gone, goneAt }) => (
                <tr key={prize}>
                  <th scope="row" class="name-cell">
                    <bdi>{title}</bdi>
                  </th>
                  <td class="number" data-label={t("simStock")}>
                    {number(stock)}
                  </td>
                  <td class="number" data-label={t("simWon")}>
                    {spreadText(won, number)}
                  </td>
                  <td class="number" data-label={t("simGone")}>
                    {percent(gone)}
                  </td>
                  <td class="number" data-label={t("simGoneAt")}>
                    {spreadText(goneAt, countdown)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** How each figure is called, and how it is told. */
const FIGURES: Readonly<Record<string, { label: string; say: (value: number) => string }>> = {
  finished: { label: "simFinished", say: percent },
  finishedAt: { label: "simFinishedAt", say: countdown },
  stuck: { label: "simStuck", say: percent },
  waiting: { label: "simWaiting", say: percent },
  solves: { label: "simSolves", say: number },
  score: { label: "simScore", say: number },
  opened: { label: "simOpened", say: percent },
  solved: { label: "simSolved", say: percent },
  took: { label: "simTook", say: countdown },
  wrong: { label: "simWrong", say: number },
  exhausted: { label: "simExhausted", say: percent },
  hinted: { label: "simHinted", say: percent },
  won: { label: "simWon", say: number },
  gone: { label: "simGone", say: percent },
  goneAt: { label: "simGoneAt", say: countdown },
};

function Differences({ differences }: { differences: readonly Difference[] }) {
  if (differences.length === 0) return <p class="note">{t("simSame")}</p>;
  return (
    <details open>
      <summary>{t("simDiffers", { count: differences.length })}</summary>
      <div class="scroll">
        <table class="stacked">
          <tbody>
            {differences.map(({ figure, about, before, after }) => {
              const { label, say } = FIGURES[figure] ?? { label: figure, say: number };
              return (
                <tr key={`${about} ${figure}`}>
                  <th scope="row" class="name-cell">
                    {about !== undefined && <code dir="ltr">{about}</code>} {t(label)}
                  </th>
                  <td class="number">
                    {before === undefined ? "–" : say(before)} → {after === undefined ? "–" : say(after)}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </details>
  );
}

interface Real {
  hunt: string;
  opens: string;
  report: SimulationReport;
  told: Stats;
}

/** The real hunt in the simulated bands. */
function Really({ hunt, opens, report, told }: Real) {
  const [looked, setLooked] = useState(0);
  const [chosen, setChosen] = useState("");
  const solves = useMemo(
    () =>
      new Solves((cursor) =>
        ask<Facts>(
          huntPath(
            hunt,
            `/facts?outcome=correct&limit=${FACTS_A_PAGE}${cursor === undefined ? "" : `&cursor=${encoded(cursor)}`}`,
          ),
        ),
      ),
    [hunt],
  );
  useEffect(() => {
    let over = false;
    // What could not be read now is read with the next look.
    void solves
      .follow()
      .catch((error: unknown) => {
        if (!(error instanceof Problem)) throw error;
      })
      .then(() => {
        if (!over) setLooked((before) => before + 1);
      });
    return () => {
      over = true;
    };
  }, [told, solves]);
  const opensAt = Date.parse(opens);
  const elapsed = Math.min(report.lasts, Math.max(0, engineNow() - opensAt));
  const { at, clues: curves } = report.curves;
  const clues = curves.flatMap((curve) => {
    const real = told?.clues.find(({ clue }) => clue === curve.clue);
    const band = foretold(at, curve, elapsed);
    if (!real || !band) return [];
    return [{ curve, real, band, off: strays(band, real.solves, told.teams) }];
  });
  const off = clues.filter((each) => each.off !== undefined);
  const shown = clues.find(({ curve }) => curve.clue === chosen) ?? off[0] ?? clues[0];
  // Anew with each look, and with nothing between: a chart that is drawn at every stroke of a clock flickers.
  const drawn = useMemo(() => {
    if (!shown) return undefined;
    const { clue } = shown.curve;
    const { isWhole } = solves;
    const times = [...new Set([...at, elapsed])].sort((a, b) => a - b);
    return {
      at: times,
      curve: curveAt(at, shown.curve, times),
      real: shareAt(times, solves.of(clue), {
        total: shown.real.solves,
        teams: told.teams,
        opensAt,
        elapsed,
        isWhole,
      }),
    };
  }, [looked, shown?.curve, report]);
  if (!shown || !drawn) return null;
  return (
    <section class="card stack" aria-labelledby="really">
      <h2 id="really">{t("simReally")}</h2>
      <p class="soft">{t("simReallyHint")}</p>
      {off.length === 0 ? (
        <p class="note good">{t("simWithin")}</p>
      ) : (
        <ul class="strays stack">
          {off.map(({ curve, real, band, off: way }) => (
            <li key={curve.clue} class="note bad">
              <bdi>{real.title}</bdi>:{" "}
              {t(way === "more" ? "simMore" : "simFewer", {
                share: percent(real.solves / told.teams),
                low: percent(band.low),
                high: percent(band.high),
              })}
            </li>
          ))}
        </ul>
      )}
      <label class="field">
        <span>{t("clue")}</span>
        <select value={shown.curve.clue} onChange={(event) => setChosen(event.currentTarget.value)}>
          {clues.map(({ curve, real }) => (
            <option key={curve.clue} value={curve.clue}>
              {real.title}
            </option>
          ))}
        </select>
      </label>
      <CurveChart {...drawn} label={t("simChart", { clue: shown.real.title })} />
    </section>
  );
}
