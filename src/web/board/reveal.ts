/**
 * Which places the board still hides from its audience. Kept on the device, so that a reload in
 * the middle of the ceremony shows nothing early and begins nothing again. PURE but for the keeping.
 */
import { signal } from "@preact/signals";
import { device } from "../shared/device.ts";

/** Places that are hidden at the most, and then shown one by one from the last. */
export const PLACES = 15;

/** `waiting`: the standings stood still when the board saw them last; a number: places still hidden. */
type Kept = "waiting" | "done" | number;

/** Places still hidden; undefined: nothing is being revealed. */
export const hidden = signal<number | undefined>(undefined);

let key = "";

/** From now on it is this hunt's reveal. */
export function recallReveal(hunt: string): void {
  key = `reveal/${hunt}`;
}

function kept(): Kept | undefined {
  const text = device.recall(key);
  if (text === "waiting" || text === "done" || text === undefined) return text;
  const places = Number(text);
  return Number.isInteger(places) && places >= 0 ? places : undefined;
}

const keep = (what: Kept): void => device.remember(key, String(what));

function show(places: number | undefined): void {
  hidden.value = places;
  keep(places ?? "done");
}

/** Standings came: `frozen` as they are now, `before` as they were (undefined: the first ones), with so many places. */
export function sawStandings(before: boolean | undefined, frozen: boolean, places: number): void {
  if (frozen) {
    keep("waiting");
    hidden.value = undefined;
    return;
  }
  const known = before === undefined ? kept() : undefined;
  // The end of a freeze, or the release of the results, is a moment for the audience.
  if (before === true || known === "waiting") begin(places);
  else if (typeof known === "number") show(Math.min(known, places));
}

export const begin = (places: number): void => show(Math.min(PLACES, places));

/** The next place; after the first, back to the board. */
export function next(): void {
  if (hidden.value !== undefined) show(hidden.value > 0 ? hidden.value - 1 : undefined);
}

export const showAll = (): void => show(undefined);
