/** A small curve of a rate. */
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

const HEIGHT = 64;

export function Spark({ points, label }: { points: readonly { at: number; rate: number }[]; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const colour = getComputedStyle(element).color;
    plot.current = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false }, y: { range: (_, __, high) => [0, Math.max(1, high)] } },
        axes: [{ show: false }, { show: false }],
        series: [{}, { stroke: colour, width: 2, fill: "rgb(128 128 128 / 15%)", points: { show: false } }],
      },
      [[], []],
      element,
    );
    return () => plot.current?.destroy();
  }, []);
  useEffect(() => {
    plot.current?.setData([points.map(({ at }) => at), points.map(({ rate }) => rate)]);
  }, [points]);
  return <div ref={place} class="spark" role="img" aria-label={label} />;
}
