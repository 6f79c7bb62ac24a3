/** All that happens, as it happens; of one team its timeline, with all that can be done beside it. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Phase } from "../../contract/basics.ts";
import type { Stats } from "../../contract/data.ts";
import type { Facts, WrongAnswers } from "../../contract/guesses.ts";
import type { RecordedOutcome } from "../../contract/play.ts";
import { clock, number, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { engineText } from "./engine.ts";
import { maySay, sayTo } from "./nudge.tsx";
import { ask, attempt, huntPath, loaded, may, useLoaded } from "./state.ts";
import { TableFile } from "./table-file.tsx";
import { TeamsView } from "./teams.tsx";
import { ToldAt } from "./told.tsx";

/** Facts in a page, and the wait between looks at the newest, ms. */
const PAGE = 50;
const EVERY = 3_000;
const WRONG_EVERY = 10_000;

/** Wrong answers shown. */
const WRONG = 20;

/** What one filters by most; everything is in the list without a filter. */
const TYPES = ["answer", "scan", "checkin", "hint", "claim", "join", "award", "solve", "unsolve"] as const;
const OUTCOMES = [
  "correct",
  "nudge",
  "incorrect",
  "out_of_range",
  "unknown_code",
  "taken",
  "won",
  "missed",
] as const satisfies RecordedOutcome[];

const newest = loaded<Facts>();
const stats = loaded<Stats>();
const wrongs = loaded<WrongAnswers>();
/** Pages behind the newest, as far as they were asked for. */
const older = signal<Facts | undefined>(undefined);
const filters = signal({ clue: "", type: "", outcome: "" });

type Line = Facts["facts"][number];
type Shown = Partial<
  Record<"clue" | "answer" | "prize" | "hint" | "reason" | "outcome" | "team" | "at", string>
> &
  Partial<Record<"points", number>>;

const titleOf = (id: string): string => stats.value.value?.clues.find(({ clue }) => clue === id)?.title ?? id;

/** `team`: only of this one. */
export function FeedView({ hunt, phase, team }: { hunt: string; phase: Phase; team: string }) {
  const wanted = Object.entries({ team, ...filters.value })
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `&${name}=${encoded(value)}`)
    .join("");
  const path = huntPath(hunt, `/facts?limit=${PAGE}${wanted}`);
  useLoaded(stats, huntPath(hunt, "/stats"), 0);
  useLoaded(newest, path, EVERY);
  useEffect(() => {
    older.value = undefined;
  }, [path]);
  const first = newest.value.value;
  const names = new Map(
    [...(first?.teams ?? []), ...(older.value?.teams ?? [])].map(({ id, name }) => [id, name]),
  );
  const lines = distinct([...(first?.facts ?? []), ...(older.value?.facts ?? [])]);
  const cursor = older.value ? older.value.cursor : first?.cursor;
  const more = async (): Promise<void> => {
    const page = await ask<Facts>(`${path}&cursor=${encoded(cursor ?? "")}`);
    // What the first page had until now would fall out of it.
    const before = older.value ?? first;
    older.value = {
      ...page,
      facts: [...(before?.facts ?? []), ...page.facts],
      teams: [...(before?.teams ?? []), ...page.teams],
    };
  };
  return (
    <div class="stack">
      {team !== "" && may("GET /v1/hunts/{hunt}/teams", hunt) && (
        <TeamsView hunt={hunt} phase={phase} search={team} />
      )}
      <section class="card stack" aria-labelledby="feed">
        <h2 id="feed">{team === "" ? t("feed") : t("feedTeam", { team: names.get(team) || team })}</h2>
        <p class="soft">{t("feedHint")}</p>
        <div class="row">
          <Choice
            name="clue"
            label={t("clue")}
            any={t("anyClue")}
            options={(stats.value.value?.clues ?? []).map(({ clue, title }) => [clue, title])}
          />
          <Choice
            name="type"
            label={t("factType")}
            any={t("anyType")}
            options={TYPES.map((type) => [type, engineText("fact", type)])}
          />
          <Choice
            name="outcome"
            label={t("factOutcome")}
            any={t("anyOutcome")}
            options={OUTCOMES.map((outcome) => [outcome, engineText("outcome", outcome)])}
          />
          {team !== "" && <a href={`#${encoded(hunt)}/feed`}>{t("feedAll")}</a>}
        </div>
        {newest.value.problem !== "" && <p class="note bad">{newest.value.problem}</p>}
        {first === undefined ? (
          newest.value.problem === "" && <p class="soft">{t("loading")}</p>
        ) : lines.length === 0 ? (
          <p class="soft">{t("feedNone")}</p>
        ) : (
          <Lines hunt={hunt} lines={lines} names={names} />
        )}
        {cursor !== undefined && (
          <button type="button" class="quiet" onClick={() => void attempt("feed", "", more)}>
            {t("older")}
          </button>
        )}
        <ToldAt place="feed" />
        <TableFile hunt={hunt} table="facts" />
      </section>
      {filters.value.clue !== "" && <Wrong hunt={hunt} clue={filters.value.clue} />}
    </div>
  );
}

/** The newest page and those behind it overlap when something has happened since. */
function distinct(lines: readonly Line[]): Line[] {
  return [...new Map(lines.map((line) => [`${line.shard}/${line.seq}`, line])).values()];
}

interface Choices {
  name: keyof typeof filters.value;
  label: string;
  any: string;
  options: readonly (readonly [value: string, label: string])[];
}

const Choice = ({ name, label, any, options }: Choices) => (
  <label>
    {label}
    <select
      name={name}
      value={filters.value[name]}
      onChange={(event) => {
        filters.value = { ...filters.value, [name]: event.currentTarget.value };
      }}
    >
      <option value="">{any}</option>
      {options.map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </select>
  </label>
);

function Lines({
  hunt,
  lines,
  names,
}: {
  hunt: string;
  lines: readonly Line[];
  names: ReadonlyMap<string, string>;
}) {
  return (
    <div class="scroll">
      <table class="stacked">
        <thead>
          <tr>
            {(["when", "team", "factType", "factOutcome", "what"] as const).map((each) => (
              <th key={each} scope="col">
                {t(each)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => {
            const fact = line as Line & Shown;
            const { team = "", at = "" } = fact;
            return (
              <tr key={`${line.shard}/${line.seq}`} data-fact={line.type}>
                <td class="number whole" data-label={t("when")}>
                  <time dateTime={at}>{clock(at)}</time>
                </td>
                <th scope="row" class="name-cell">
                  <a class="name" dir="auto" href={`#${encoded(hunt)}/feed/${encoded(team)}`}>
                    <bdi>{names.get(team) || team}</bdi>
                  </a>
                </th>
                <td data-label={t("factType")}>{engineText("fact", line.type)}</td>
                <td data-label={t("factOutcome")}>
                  {fact.outcome === undefined ? "" : engineText("outcome", fact.outcome)}
                </td>
                <td data-label={t("what")} dir="auto">
                  {aboutOf(fact)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function aboutOf({ clue, answer, prize, hint, points, reason }: Shown): string {
  const parts = [
    clue === undefined ? undefined : titleOf(clue),
    answer === undefined ? undefined : t("quoted", { text: answer }),
    prize,
    hint,
    points === undefined ? undefined : `${points < 0 ? "" : "+"}${number(points)}`,
    reason,
  ];
  return parts.filter((part) => part !== undefined && part !== "").join(" · ");
}

function Wrong({ hunt, clue }: { hunt: string; clue: string }) {
  useLoaded(wrongs, huntPath(hunt, `/clues/${encoded(clue)}/wrong?limit=${WRONG}`), WRONG_EVERY);
  const answers = wrongs.value.value?.answers ?? [];
  return (
    <section class="card stack" aria-labelledby="wrong">
      <h2 id="wrong">
        {t("wrongAnswers")} · <bdi>{titleOf(clue)}</bdi>
      </h2>
      {wrongs.value.problem !== "" && <p class="note bad">{wrongs.value.problem}</p>}
      {wrongs.value.value && answers.length === 0 && <p class="soft">{t("wrongNone")}</p>}
      <ToldAt place="nudges" />
      {answers.length > 0 && (
        <div class="scroll">
          <table class="stacked">
            <thead>
              <tr>
                <th scope="col">{t("wrongAnswer")}</th>
                <th scope="col" class="number">
                  {t("teams")}
                </th>
                <th scope="col" class="number">
                  {t("wrongTimes")}
                </th>
                <th scope="col">{t("wrongLast")}</th>
              </tr>
            </thead>
            <tbody>
              {answers.map(({ answer, teams, count, last, nudge }) => (
                <tr key={answer}>
                  <th scope="row">
                    <bdi>{answer}</bdi> {nudge && <span class="soft small">{t("wrongNudged")}</span>}
                    {!nudge && maySay(hunt) && (
                      <button
                        type="button"
                        class="quiet small"
                        aria-label={`${t("nudgeSay")}: ${answer}`}
                        onClick={() => void sayTo(hunt, { clue, title: titleOf(clue), answer })}
                      >
                        {t("nudgeSay")}
                      </button>
                    )}
                  </th>
                  <td class="number" data-label={t("teams")}>
                    {number(teams)}
                  </td>
                  <td class="number" data-label={t("wrongTimes")}>
                    {number(count)}
                  </td>
                  <td class="number" data-label={t("wrongLast")}>
                    <time dateTime={last}>{clock(last)}</time>
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
