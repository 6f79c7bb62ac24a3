/**
 * The colours of a hunt's pages, made of the two that its author names: one for buttons, links and marks, one for the ground.
 * What stands on each other keeps the contrast that WCAG AA asks of text, in light and in dark; where the author's own
 * does not, it is moved towards black or white until it does. PURE.
 */

/** Of text, WCAG AA. */
export const CONTRAST_MIN = 4.5;

/** The light ground of pages whose author names none (src/web/shared/theme.css). */
export const OWN_GROUND = "#f7f3ea";

/** The dark ground of all pages, before a hunt's colours tint it. */
const DARK_GROUND = "#0a1a26";

const COLOUR = /^#([0-9a-f]{6})$/i;

type Rgb = readonly [number, number, number];

function rgbOf(colour: string): Rgb {
  const [, hex = "000000"] = COLOUR.exec(colour) ?? [];
  const value = Number.parseInt(hex, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

const hexOf = (rgb: Rgb): string =>
  `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

/** Relative luminance, 0 to 1 (WCAG 2). */
function luminanceOf(colour: string): number {
  const [red, green, blue] = rgbOf(colour).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** 1 to 21. */
export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** `share` of the second colour in the first, 0 to 1. */
export function mixed(one: string, other: string, share: number): string {
  const [a, b] = [rgbOf(one), rgbOf(other)];
  return hexOf(a.map((part, index) => part + ((b[index] ?? 0) - part) * share) as unknown as Rgb);
}

/** The text that stands best on the colour: white or nearly black; black itself where neither can be read. */
export function textOn(colour: string): string {
  const best = contrast(colour, "#ffffff") >= contrast(colour, "#101418") ? "#ffffff" : "#101418";
  return contrast(colour, best) >= CONTRAST_MIN ? best : "#000000";
}

/** Steps from a colour to black or white. */
const STEPS = 50;

/** The nearest colour that can be read on all of the grounds. */
export function readable(colour: string, grounds: readonly string[]): string {
  const isDark = grounds.reduce((sum, each) => sum + luminanceOf(each), 0) / grounds.length < 0.18;
  const end = isDark ? "#ffffff" : "#000000";
  for (let step = 0; step < STEPS; step += 1) {
    const made = mixed(colour, end, step / STEPS);
    if (grounds.every((ground) => contrast(made, ground) >= CONTRAST_MIN)) return made;
  }
  return end;
}

/** Colours of one appearance, by the names that the pages' style gives them. */
export type Tints = Readonly<
  Record<
    | "signal"
    | "on-signal"
    | "paper"
    | "card"
    | "line"
    | "deep"
    | "on-deep"
    | "ink"
    | "ink-soft"
    | "good"
    | "warn"
    | "focus",
    string
  >
>;

function tintsOn(ground: string, colour: string, isDark: boolean): Tints {
  const card = mixed(ground, "#ffffff", isDark ? 0.06 : 0.6);
  const ink = readable(isDark ? "#f2ece0" : "#0d2433", [ground, card]);
  const signal = readable(colour, [ground, card]);
  const deep = isDark
    ? mixed(ground, "#000000", 0.35)
    : readable(mixed(colour, "#000000", 0.55), ["#ffffff"]);
  return {
    paper: ground,
    card,
    ink,
    "ink-soft": readable(mixed(ink, ground, 0.25), [ground, card]),
    line: mixed(ground, ink, 0.2),
    signal,
    "on-signal": textOn(signal),
    deep,
    "on-deep": textOn(deep),
    good: readable(isDark ? "#7fd6b0" : "#116149", [ground, card]),
    warn: readable(isDark ? "#f3c568" : "#7a4b00", [ground, card]),
    focus: readable(isDark ? "#8cc4ff" : "#0b62c4", [ground, card]),
  };
}

/** What colours and type a look names. */
export interface Style {
  colour?: string | undefined;
  background?: string | undefined;
  font?: string | undefined;
}

const colourOf = (text: string | undefined): string | undefined =>
  text !== undefined && COLOUR.test(text) ? text : undefined;

/** The colours of a look, for light and for dark; undefined: it names none. */
export function tintsOf(look: Style): { light: Tints; dark: Tints } | undefined {
  const [colour, background] = [colourOf(look.colour), colourOf(look.background)];
  if (colour === undefined && background === undefined) return undefined;
  const signal = colour ?? "#c7351a";
  // A ground that is dark itself is what dark looks like here; its light one is derived.
  const named = background ?? OWN_GROUND;
  const isDark = luminanceOf(named) < 0.18;
  const light = isDark ? mixed(named, "#ffffff", 0.94) : named;
  const dark = isDark ? named : mixed(DARK_GROUND, signal, 0.08);
  return { light: tintsOn(light, signal, false), dark: tintsOn(dark, signal, true) };
}

export const isColour = (text: string): boolean => COLOUR.test(text);

/** A look's type: fonts that devices have. */
export const FONTS = {
  serif:
    '"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua","Noto Serif","Noto Naskh Arabic",Georgia,serif',
  sans: '"Avenir Next",Avenir,"Segoe UI","Noto Sans","Noto Sans Arabic","Helvetica Neue",Arial,sans-serif',
  rounded:
    'ui-rounded,"SF Pro Rounded","Hiragino Maru Gothic ProN",Quicksand,Comfortaa,Nunito,"Arial Rounded MT Bold","Noto Sans","Noto Sans Arabic",sans-serif',
  mono: 'ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Noto Sans Arabic",monospace',
} as const;
export type Font = keyof typeof FONTS;

export const isFont = (text: string | undefined): text is Font =>
  text !== undefined && Object.hasOwn(FONTS, text);

/**
 * The style sheet of a look, for pages that have the names of src/web/shared/theme.css; empty: it is the pages' own.
 * It is made of checked colours and the fonts above alone, so that nothing an author writes ends a rule.
 */
export function styleOf(look: Style): string {
  const rule = (selector: string, values: Readonly<Record<string, string>>): string =>
    `${selector}{${Object.entries(values)
      .map(([name, value]) => `--${name}:${value}`)
      .join(";")}}`;
  const tints = tintsOf(look);
  const font = isFont(look.font) ? FONTS[look.font] : undefined;
  return [
    ...(font === undefined ? [] : [rule(":root", { text: font, ui: font })]),
    ...(tints ? [rule(":root", tints.light), rule(':root[data-theme="dark"]', tints.dark)] : []),
  ].join("");
}
