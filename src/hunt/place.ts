/** Positions on the ground: distances, and whether a check-in can be believed. */
import type { Position } from "../protocol.ts";
import type { Place } from "./compiled.ts";
import { CLOCK_TOLERANCE } from "./moment.ts";

/** Mean radius of the earth in metres (IUGG). */
const EARTH_RADIUS = 6_371_008.8;

/** Shortest time between two check-ins that speed is computed over, ms. */
const SPEED_WINDOW_MIN = 1_000;

interface Coordinates {
  lat: number;
  lng: number;
}

/** Great-circle distance in metres between two WGS 84 positions (haversine). */
export function distanceBetween(a: Coordinates, b: Coordinates): number {
  const radians = Math.PI / 180;
  const dLat = (b.lat - a.lat) * radians;
  const dLng = (b.lng - a.lng) * radians;
  const h =
    Math.sin(dLat / 2) ** 2 + Math.cos(a.lat * radians) * Math.cos(b.lat * radians) * Math.sin(dLng / 2) ** 2;
  return 2 * EARTH_RADIUS * Math.asin(Math.min(1, Math.sqrt(h)));
}

/**
 * Judges a check-in. Too coarse a position, or a faster journey since the last
 * believable check-in than `maxSpeed` (both uncertainties granted), is
 * implausible; otherwise the place is reached when the position is within
 * `radius`. `distance` is in metres, rounded to 0.1.
 */
export function judgeCheckin(
  place: Place,
  position: Position,
  last: (Position & { at: number }) | undefined,
  now: number,
): { outcome: "correct" | "out_of_range" | "implausible"; distance: number } {
  const metres = distanceBetween(place, position);
  const distance = Math.round(metres * 10) / 10;
  if (position.accuracy > place.maxAccuracy) return { outcome: "implausible", distance };
  // A check-in ahead of the clock was dated by one that was wrong: it tells no speed.
  if (last && last.at - now <= CLOCK_TOLERANCE) {
    const seconds = Math.max(SPEED_WINDOW_MIN, now - last.at) / 1_000;
    const travelled = distanceBetween(last, position) - last.accuracy - position.accuracy;
    if (travelled / seconds > place.maxSpeed) return { outcome: "implausible", distance };
  }
  return { outcome: metres <= place.radius ? "correct" : "out_of_range", distance };
}
