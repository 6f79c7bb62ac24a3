/** The kind `place`: solved by being there. */
import * as z from "zod";
import { isAhead } from "../../ahead.ts";
import type { Position } from "../../protocol.ts";
import type { Reached } from "../team.ts";
import { held } from "../turn.ts";
import {
  checkInstead,
  compileInstead,
  type InsteadPart,
  type InsteadView,
  insteadKeys,
  lintInstead,
  prepareInstead,
  viewInstead,
} from "./instead.ts";
import type { CommandOf, Kind, SolvingEvent } from "./kind.ts";

export interface Place {
  lat: number;
  lng: number;
  radius: number;
  maxAccuracy: number;
  maxSpeed: number;
}

const keys = {
  place: z
    .strictObject({
      lat: z.number().min(-90).max(90).describe("Degrees north, WGS 84"),
      lng: z.number().min(-180).max(180).describe("Degrees east, WGS 84"),
      radius: z.number().min(1).max(100_000).describe("Metres around the point that count as being there"),
      maxAccuracy: z
        .number()
        .min(1)
        .max(10_000)
        .default(100)
        .describe("Metres; a vaguer position is not believed"),
      maxSpeed: z
        .number()
        .min(0.1)
        .max(1_000)
        .default(60)
        .describe("Metres per second since the player last reached a place; faster is not believed"),
    })
    .describe("Where a place clue is solved")
    .optional(),
  ...insteadKeys,
};

export const checkinEvent: SolvingEvent<CommandOf<"checkin">> = {
  type: "checkin",
  called: "a check-in",
  find: (_turn, command) => command.clue,
  isSame: (fact, { clue, position: { lat, lng, accuracy } }) =>
    fact.clue === clue &&
    fact.position?.lat === lat &&
    fact.position.lng === lng &&
    fact.position.accuracy === accuracy,
  again({ clue: about, event: id, position, clientAt }, { id: clue }) {
    if (about !== clue) return false;
    // Of a player who was forgotten.
    if (position === undefined) return undefined;
    return { id, type: "checkin", clue, position, ...(clientAt === undefined ? {} : { clientAt }) };
  },
  evolve(team, { outcome, position, player, at, clientAt, behind }) {
    if (!position || (outcome !== "correct" && outcome !== "out_of_range")) return;
    const member = team.members.find(({ id }) => id === player);
    if (!member) return;
    member.lastCheckin = { ...position, at };
    // The next journey begins where a place was reached: a wrong fix elsewhere must not hold up the right one.
    if (outcome !== "correct" || behind === undefined) return;
    member.lastReached = { ...position, at, ...(clientAt === undefined ? {} : { effectiveAt: at - behind }) };
  },
};

export const place: Kind<
  CommandOf<"checkin">,
  typeof keys,
  { place: Place } & InsteadPart,
  { place: { radius: number } } & InsteadView
> = {
  event: checkinEvent,
  keys,
  needs: ["place"],
  check: checkInstead,
  lint: lintInstead,
  compile: (clue, digest) => ({ place: clue.place as Place, ...compileInstead(clue, digest) }),
  prepareInstead,
  prepare: ({ id, place: there }) => ({
    judge(turn, { position }) {
      const refused = held(turn, { clue: id });
      if (refused) return refused;
      const last = turn.team.members.find((member) => member.id === turn.player)?.lastReached;
      const { outcome, ...judged } = judgeCheckin(there, position, last, turn.now, turn.effectiveAt);
      const where = { clue: id, position, ...judged };
      return outcome === "correct" ? turn.solve(where) : turn.record(outcome, where);
    },
  }),
  result({ place: { radius } }, { outcome, distance }, result) {
    if (outcome !== "out_of_range" || distance === undefined) return;
    if (distance <= NEAR_RADII * radius) result.distance = roughly(distance);
  },
  view: ({ place: { radius }, ...clue }) => ({ place: { radius }, ...viewInstead(clue) }),
};

/**
 * Radii from a place within which a player is told how far it is: a help to
 * players who are near. From afar, invented positions must not measure where
 * the place lies.
 */
const NEAR_RADII = 2;

/** Rounded up to one digit: 234 m are 300. */
function roughly(metres: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(10, metres)));
  return Math.ceil(metres / unit) * unit;
}

/** Shortest time between two check-ins that speed is computed over, ms. */
const SPEED_WINDOW_MIN = 1_000;

interface Judged {
  outcome: "correct" | "out_of_range" | "implausible";
  /** Metres, rounded up to 0.1. */
  distance: number;
  /** Of a journey that was too fast: when it no longer is, epoch ms. */
  retryAt?: number;
}

/**
 * Judges a check-in. Too coarse a position, or a faster journey since the
 * player last reached a place than `maxSpeed` (both uncertainties granted), is
 * implausible; otherwise the place is reached when the position is within
 * `radius`. The journey took the longer of the engine's time and, where both
 * check-ins have one, the client's. `effectiveAt`: of a check-in with a client's time, epoch ms.
 */
export function judgeCheckin(
  place: Place,
  position: Position,
  last: Reached | undefined,
  now: number,
  effectiveAt?: number,
): Judged {
  const metres = distanceBetween(place, position);
  const distance = Math.ceil(metres * 10) / 10;
  if (position.accuracy > place.maxAccuracy) return { outcome: "implausible", distance };
  // A check-in ahead of the clock was dated by one that was wrong: it tells no speed.
  if (last && !isAhead(last.at, now)) {
    const begunByClient = effectiveAt === undefined ? undefined : last.effectiveAt;
    const byClient =
      effectiveAt === undefined || begunByClient === undefined ? 0 : effectiveAt - begunByClient;
    const took = Math.max(SPEED_WINDOW_MIN, now - last.at, byClient);
    const travelled = distanceBetween(last, position) - last.accuracy - position.accuracy;
    const needs = Math.ceil((travelled / place.maxSpeed) * 1_000);
    if (took < needs) {
      const begun = Math.min(last.at, begunByClient ?? last.at);
      return { outcome: "implausible", distance, retryAt: Math.max(now, begun + needs) };
    }
  }
  return { outcome: metres <= place.radius ? "correct" : "out_of_range", distance };
}

/** Mean radius of the earth in metres (IUGG). */
const EARTH_RADIUS = 6_371_008.8;

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
