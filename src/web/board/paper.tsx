/** The places on paper: all of them, in black on white, a table over as many pages as it takes. No screen shows it. */
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect } from "preact/hooks";
import type { Entry, Leaderboard } from "../../contract/standings.ts";
import { call, huntPath, Problem } from "../shared/api.ts";
import { locale, number, t } from "../shared/i18n.ts";
import { Picture } from "../shared/look.tsx";
import { onPaper } from "../shared/on-paper.ts";
import { encoded } from "../shared/outside.ts";
import { hidden } from "./reveal.ts";
import { bracket, hunt, id, now, rows, shown } from "./state.ts";

/** Places read at once, as many as the engine tells; and all that are printed: some 200 pages. */
const PAGE = 500;
const PLACES_MAX = 10_000;
/** How long the rows stay where no end of printing is told, ms. */
const KEPT = 10 * 60_000;

/** The rows to print; undefined: nobody prints. */
const paper = signal<readonly Entry[] | undefined>(undefined);
/** The rows are read, and on the page next: then the dialog opens. */
const isWanted = signal(false);
export const paperProblem = signal("");

/** Reads every place, and opens the browser's dialog. */
export async function printPlaces(): Promise<void> {
  paperProblem.value = "";
  const all: Entry[] = [];
  try {
    while (all.length < PLACES_MAX) {
      const of = bracket.value === "" ? "" : `&bracket=${encoded(bracket.value)}`;
      const path = `/leaderboard?limit=${PAGE}&offset=${all.length}${of}`;
      const page = await call<Leaderboard>(huntPath(id, path));
      all.push(...page.entries);
      if (page.entries.length < PAGE) break;
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    paperProblem.value = t("printProblem");
    return;
  }
  paper.value = all;
  isWanted.value = true;
}

/** Who prints by the browser's own menu has the places that the board knows. */
window.addEventListener("beforeprint", () => {
  paper.value ??= rows.value;
});
window.addEventListener("afterprint", () => {
  paper.value = undefined;
});

const dayAndTime = (at: number): string =>
  new Intl.DateTimeFormat(locale.value, { dateStyle: "long", timeStyle: "short" }).format(new Date(at));

export function Paper() {
  const places = paper.value;
  const wanted = isWanted.value;
  useLayoutEffect(() => {
    if (!wanted) return;
    isWanted.value = false;
    window.print();
  }, [wanted]);
  // A browser that tells no end of printing keeps the page small all the same.
  useEffect(() => {
    if (!places) return;
    const settle = window.setTimeout(() => {
      paper.value = undefined;
    }, KEPT);
    return () => window.clearTimeout(settle);
  }, [places]);
  if (!places) return null;
  const told = hunt.value;
  // What is not revealed yet is not on paper either.
  const seen = places.filter(({ rank }) => rank > (hidden.value ?? 0));
  const ofBracket = told?.brackets?.find((each) => each.id === bracket.value)?.title;
  return (
    <section class="paper" style={onPaper(told?.look ?? {})}>
      <Picture at={told?.look?.logo} name="logo" />
      <h1>
        <bdi>{told?.title}</bdi>
      </h1>
      <p>
        {ofBracket !== undefined && (
          <>
            <bdi>{ofBracket}</bdi> ·{" "}
          </>
        )}
        {t("printed", { time: dayAndTime(now.value) })}
        {shown.value?.frozen && ` · ${t("printedFrozen")}`}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col" class="number">
              {t("rank")}
            </th>
            <th scope="col">{t("team")}</th>
            <th scope="col" class="number">
              {t("solves")}
            </th>
            <th scope="col" class="number">
              {t("score")}
            </th>
          </tr>
        </thead>
        <tbody>
          {seen.map(({ rank, team, solves, score }) => (
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
