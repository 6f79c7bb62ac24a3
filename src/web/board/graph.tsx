/** Scores of the first teams over time. uPlot draws on a canvas, so it is cheap with thousands of points. */
import type { Entry } from "../../contract/standings.ts";
import "uplot/dist/uPlot.min.css";
import { useEffect, useMemo, useRef } from "preact/hooks";
import uPlot from "uplot";
import { call, huntPath } from "../shared/api.ts";
import { locale, number, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { AGAIN_EVERY, Histories, type Points } from "./histories.ts";
import { now } from "./state.ts";

/** Teams drawn. */
const TEAMS = 6;

/** Time between drawings while nothing happens, so that the lines reach the present, ms. */
const DRAWN_EVERY = 15_000;

/** Told apart also by those who do not see all colours. */
const COLOURS = ["#ff7a55", "#7fd6b0", "#8cc4ff", "#f3c568", "#d6a3ff", "#f2ece0"];

/** Height of the axis of time, px. */
const AXIS = 34;
/** Width of a digit on the other one, px. */
const DIGIT = 9;

const readFrom =
  (hunt: string) =>
  async (team: string): Promise<Points> => {
    const path = huntPath(hunt, `/leaderboard/${encoded(team)}/history`);
    const { points } = await call<{ points: { at: string; score: number }[] }>(path);
    return points.map(({ at, score }) => ({ at: Date.parse(at), score }));
  };

export function Graph({ hunt, rows }: { hunt: string; rows: readonly Entry[] }) {
  const place = useRef<HTMLDivElement>(null);
  const histories = useMemo(() => new Histories(readFrom(hunt)), [hunt]);
  const plot = useRef<uPlot | undefined>(undefined);
  const teams = rows.slice(0, TEAMS);
  const newest = useRef(teams);
  newest.current = teams;
  const redraw = (): void => {
    const element = place.current;
    if (!element || newest.current.length === 0) return;
    plot.current?.destroy();
    plot.current = draw(
      element,
      newest.current,
      newest.current.map(({ team }) => histories.of(team.id)),
    );
  };
  const key = teams.map(({ team, score }) => `${team.id} ${score}`).join();
  useEffect(() => {
    void histories.follow(teams, Date.now()).then((isChanged) => isChanged && redraw());
  }, [key, histories]);
  useEffect(() => {
    const again = setInterval(() => {
      if (document.visibilityState === "visible") void histories.renewOne().then(redraw);
    }, AGAIN_EVERY);
    const drawn = setInterval(redraw, DRAWN_EVERY);
    const observer = new ResizeObserver(() => {
      const element = place.current;
      if (element) plot.current?.setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    if (place.current) observer.observe(place.current);
    return () => {
      observer.disconnect();
      clearInterval(again);
      clearInterval(drawn);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [histories]);
  return <div class="graph" ref={place} role="img" aria-label={t("graph")} />;
}

/** Steps: a score stays until it changes. */
function draw(element: HTMLElement, teams: readonly Entry[], histories: readonly Points[]): uPlot {
  const times = [...new Set(histories.flat().map(({ at }) => at))].sort((a, b) => a - b);
  times.push(now.peek());
  const series = histories.map((points) => {
    let next = 0;
    let score: number | null = null;
    return times.map((time) => {
      for (; next < points.length && (points[next]?.at ?? 0) <= time; next += 1)
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
      axes: [
        { ...axis, values: (_, splits) => splits.map(timeOf(splits)), space: 100, size: AXIS },
        {
          ...axis,
          values: (_, scores) => scores.map(number),
          // Room for the longest score.
          size: (_, scores) => 16 + DIGIT * Math.max(3, ...(scores ?? []).map((score) => score.length)),
        },
      ],
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
