/** Scores of the first teams over time. uPlot draws on a canvas, so it is cheap with thousands of points. */
import type { Entry } from "../../contract/standings.ts";
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { call, huntPath } from "../shared/api.ts";
import { locale, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";

/** Teams drawn, and how often their histories are read again, ms. */
const TEAMS = 6;
const EVERY = 15_000;

/** Told apart also by those who do not see all colours. */
const COLOURS = ["#ff7a55", "#7fd6b0", "#8cc4ff", "#f3c568", "#d6a3ff", "#f2ece0"];

type Points = { at: string; score: number }[];

export function Graph({ hunt, rows }: { hunt: string; rows: readonly Entry[] }) {
  const place = useRef<HTMLDivElement>(null);
  const teams = rows.slice(0, TEAMS);
  const key = teams.map(({ team }) => team.id).join(" ");
  useEffect(() => {
    let plot: uPlot | undefined;
    let over = false;
    const read = async (): Promise<void> => {
      const histories = await Promise.all(
        teams.map(({ team }) =>
          call<{ points: Points }>(huntPath(hunt, `/leaderboard/${encoded(team.id)}/history`)).then(
            ({ points }) => points,
            () => [],
          ),
        ),
      );
      const element = place.current;
      if (over || !element || teams.length === 0) return;
      plot?.destroy();
      plot = draw(element, teams, histories);
    };
    void read();
    const timer = setInterval(() => void read(), EVERY);
    return () => {
      over = true;
      clearInterval(timer);
      plot?.destroy();
    };
  }, [key, hunt]);
  return <div class="graph" ref={place} role="img" aria-label={t("graph")} />;
}

/** Steps: a score stays until it changes. */
function draw(element: HTMLElement, teams: readonly Entry[], histories: readonly Points[]): uPlot {
  const times = [...new Set(histories.flat().map(({ at }) => Date.parse(at)))].sort((a, b) => a - b);
  times.push(Date.now());
  const series = histories.map((points) => {
    let next = 0;
    let score: number | null = null;
    return times.map((time) => {
      for (; next < points.length && Date.parse(points[next]?.at ?? "") <= time; next += 1)
        score = points[next]?.score ?? null;
      return score;
    });
  });
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const text = getComputedStyle(element).color;
  const axis = {
    stroke: text,
    grid: { stroke: "rgb(255 255 255 / 12%)" },
    ticks: { show: false },
    font: "14px sans-serif",
  };
  return new uPlot(
    {
      width: element.clientWidth,
      height: element.clientHeight,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false } },
      axes: [{ ...axis, values: (_, splits) => splits.map(timeOf(splits)), space: 100 }, axis],
      series: [
        {},
        ...teams.map(({ team }, index) => ({
          label: team.name,
          stroke: COLOURS[index % COLOURS.length] ?? text,
          width: 3,
          points: { show: false },
          ...(stepped ? { paths: stepped } : {}),
        })),
      ],
    },
    [times, ...series] as uPlot.AlignedData,
    element,
  );
}

/** Times of day as exact as the distance between two of them needs. */
function timeOf(splits: readonly number[]): (time: number) => string {
  const close = (splits[1] ?? 0) - (splits[0] ?? 0) < 60_000;
  const format = new Intl.DateTimeFormat(locale.value, {
    hour: "numeric",
    minute: "2-digit",
    hourCycle: "h23",
    ...(close ? { second: "2-digit" } : {}),
  });
  return (time) => format.format(time);
}

export const colourOf = (place: number): string | undefined =>
  place <= TEAMS ? COLOURS[place - 1] : undefined;
