/** Line charts as SVG: small, readable on light and dark pages, the horizontal axis logarithmic or linear. */

export interface Series {
  name: string;
  points: { x: number; y: number; low: number; high: number }[];
}

const WIDTH = 640;
const HEIGHT = 320;
const LEFT = 70;
const RIGHT = 20;
const TOP = 40;
const BOTTOM = 50;
const COLOURS = ["#2f7ed8", "#d9622b", "#3a9a52", "#8a5bbf"];
const INK = "#777";

export function lineChart(
  title: string,
  xLabel: string,
  yLabel: string,
  series: readonly Series[],
  axis: "logarithmic" | "linear" = "logarithmic",
): string {
  const placed = axis === "linear" ? (x: number): number => x : Math.log10;
  const points = series.flatMap((each) => each.points);
  const xs = points.map(({ x }) => placed(x));
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const top = niceAbove(Math.max(...points.map(({ high }) => high)));
  const xOf = (x: number): number =>
    LEFT + ((placed(x) - left) / (right - left || 1)) * (WIDTH - LEFT - RIGHT);
  const yOf = (y: number): number => HEIGHT - BOTTOM - (y / top) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="${INK}">`,
    `<title>${escaped(title)}</title>`,
    `<text x="${LEFT}" y="20" font-size="14">${escaped(title)}</text>`,
  ];
  for (let step = 0; step <= 4; step += 1) {
    const y = (top * step) / 4;
    parts.push(
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${yOf(y)}" y2="${yOf(y)}" stroke="${INK}" stroke-opacity="0.25"/>`,
      `<text x="${LEFT - 8}" y="${yOf(y) + 4}" text-anchor="end">${y.toLocaleString("en")}</text>`,
    );
  }
  for (const x of ticksOf([...new Set(points.map((point) => point.x))].sort((a, b) => a - b))) {
    parts.push(
      `<text x="${xOf(x)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${x.toLocaleString("en")}</text>`,
    );
  }
  parts.push(
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text transform="translate(14 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">${escaped(yLabel)}</text>`,
  );
  series.forEach((each, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const path = each.points.map(({ x, y }) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const { x, y, low, high } of each.points) {
      parts.push(
        `<line x1="${xOf(x)}" x2="${xOf(x)}" y1="${yOf(low)}" y2="${yOf(high)}" stroke="${colour}"/>`,
        `<circle cx="${xOf(x)}" cy="${yOf(y)}" r="3" fill="${colour}"/>`,
      );
    }
    parts.push(
      `<text x="${WIDTH - RIGHT}" y="${20 + index * 15}" text-anchor="end" fill="${colour}">${escaped(each.name)}</text>`,
    );
  });
  return `${parts.join("\n")}\n</svg>\n`;
}

/** Of many values some that can stand side by side. */
function ticksOf(values: readonly number[]): readonly number[] {
  const step = Math.ceil(values.length / 10);
  return values.filter((_, index) => index % step === 0);
}

/** The next of 1, 2, 4, 8 times a power of ten. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return [1, 2, 4, 8, 10].map((step) => step * power).find((nice) => nice >= value) ?? value;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
