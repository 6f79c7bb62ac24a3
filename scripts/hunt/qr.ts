/** QR codes as SVG: exactly the modules uqr computes, one path, a quiet zone around it. */
import { encode } from "uqr";

/** Modules of white around a code that a reader may count on (ISO/IEC 18004 §6.3.8). */
const QUIET_ZONE = 4;

/** The sturdiest level that holds the text: a print outdoors gets scratched and wet. */
const LEVELS = ["Q", "M", "L"] as const;

/** The modules, dark is true, without a quiet zone. Undefined when no code can hold the text. */
export function qrModules(text: string): boolean[][] | undefined {
  for (const ecc of LEVELS) {
    try {
      return encode(text, { ecc, boostEcc: true, border: 0 }).data;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // "Data too long": the next level holds more
    }
  }
  return undefined;
}

/** The modules as an SVG of one path, a unit a module. */
export function qrSvg(modules: readonly (readonly boolean[])[]): string {
  const size = modules.length + 2 * QUIET_ZONE;
  const view = `${-QUIET_ZONE} ${-QUIET_ZONE} ${size} ${size}`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${view}" shape-rendering="crispEdges">` +
    `<path fill="#fff" d="M${-QUIET_ZONE} ${-QUIET_ZONE}h${size}v${size}h-${size}z"/>` +
    `<path d="${modules.map(rowPath).join("")}"/></svg>`
  );
}

/** The dark runs of a row, a rectangle each. */
function rowPath(row: readonly boolean[], y: number): string {
  let path = "";
  for (let x = 0; x < row.length; x += 1) {
    if (row[x] !== true) continue;
    const start = x;
    while (row[x + 1] === true) x += 1;
    const length = x - start + 1;
    path += `M${start} ${y}h${length}v1h-${length}z`;
  }
  return path;
}
