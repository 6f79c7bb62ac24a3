/** Times and durations as a definition writes them, in milliseconds once read. */
import * as z from "zod";

const MILLISECONDS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,7})([smhd])$/;
/** Milliseconds. A year: longer than any hunt, short enough that sums of times stay exact. */
export const DURATION_MAX = 366 * MILLISECONDS.d;
/** Characters of an ISO time with offset and microseconds. */
const TIME_LENGTH_MAX = 40;

/** Milliseconds of `"90s"`, `"10m"`, `"2h"`, `"3d"`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  return Number(count) * MILLISECONDS[unit as keyof typeof MILLISECONDS];
}

/** A duration as a definition writes it: `"90m"`, whole in its largest unit. */
export function durationText(ms: number): string {
  const units = Object.entries(MILLISECONDS).reverse();
  const [unit, length] = units.find(([, each]) => ms % each === 0) ?? ["s", MILLISECONDS.s];
  return `${Math.ceil(ms / length)}${unit}`;
}

export const durationSchema = z
  .string()
  .regex(DURATION, 'a duration is a whole number and s, m, h or d, such as "90s" or "10m"')
  .refine((text) => (parseDuration(text) ?? 0) <= DURATION_MAX, "a duration is at most 366d")
  .transform((text) => parseDuration(text) ?? 0)
  .meta({ id: "Duration", title: "Duration", examples: ["90s", "10m", "2h", "3d"] });

/** ISO 8601 with `Z` or an offset: a time without one would mean another moment on every machine. */
export const timeSchema = z.iso
  .datetime({ offset: true, error: 'a time is ISO 8601 with Z or an offset, such as "2026-12-01T18:00:00Z"' })
  .max(TIME_LENGTH_MAX)
  .transform((text) => Date.parse(text))
  .meta({ id: "Time", title: "Time", examples: ["2026-12-01T18:00:00Z"] });

/** A time as it is told on the wire. */
export const iso = (at: number): string => new Date(at).toISOString();
