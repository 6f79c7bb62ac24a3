/** A clue's solves over time: what nine in ten simulated runs lie between, the middle one, and the real ones. */
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Curve } from "../../contract/simulation.ts";
import { countdown, percent } from "../shared/i18n.ts";

const HEIGHT = 220;
const BAND = "rgb(120 160 210 / 30%)";
const MIDDLE = "rgb(90 130 190)";
const REAL = "#e0592a";
/** Width of the axis of shares, and space between two times, px. */
const AXIS = 56;
const SPACE = 90;

interface Drawn {
  at: readonly number[];
  curve: Curve;
  real: readonly (number | null)[];
  label: string;
}

export function CurveChart({ at, curve, real, label }: Drawn) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const stroke = getComputedStyle(element).color;
    const line = { points: { show: false } };
    const axis = { stroke, grid: { stroke: "rgb(128 128 128 / 20%)" }, ticks: { show: false } };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false }, y: { range: (_, __, high) => [0, Math.max(0.1, high)] } },
        axes: [
          { ...axis, space: SPACE, values: (_, times) => times.map(countdown) },
          { ...axis, size: AXIS, values: (_, shares) => shares.map(percent) },
        ],
        series: [
          {},
          { ...line, stroke: "transparent" },
          { ...line, stroke: "transparent" },
          { ...line, stroke: MIDDLE, dash: [6, 4], width: 2 },
          { ...line, stroke: REAL, width: 3 },
        ],
        bands: [{ series: [1, 2], fill: BAND }],
      },
      [[...at], curve.high, curve.low, curve.mid, [...real]],
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [at, curve, real]);
  return <div ref={place} role="img" aria-label={label} />;
}
