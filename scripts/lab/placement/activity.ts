/**
 * How active the teams of a real hunt are, to make crowds of any size from: of
 * the Galactic Puzzle Hunt 2020 (public record, 999 teams, 27,780 guesses in
 * 228 hours), or of a replay's own lines.
 */
import { below, type Chance } from "../measure/chance.ts";

/** Events of a team at the n-th of 40 equal steps through the teams, the least active first: a third never did anything. */
const EVENTS = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 6, 7, 10, 11, 13, 15, 17, 21, 23, 27, 31, 36, 41,
  45, 50, 60, 72, 96, 111, 135, 163, 244,
];

/** The hour of a team's first event at the n-th of 20 equal steps through the teams that had one. */
const FIRST_HOURS = [
  0, 0.13, 0.23, 0.32, 0.42, 0.58, 0.78, 1.03, 1.27, 1.47, 1.92, 2.48, 3.31, 4.52, 7.53, 10.38, 14.3, 21.84,
  33.08, 58.16, 226.77,
];

/** The hour of an event at the n-th of 20 equal steps through all events. */
const HOURS = [
  0, 1.8, 3.9, 7.5, 15.6, 22.9, 30.1, 40.6, 48.8, 56.2, 69.4, 78.3, 92.3, 104.7, 120.3, 135.3, 150.9, 170,
  190.7, 209.4, 227.9,
];

const HOUR = 3_600_000;

/** A team: when it had each of its events, ms since the start, rising; none: it never did anything. */
export type TeamActivity = readonly number[];

/** Draws teams of the distribution above. */
export function drawnTeams(random: Chance): () => TeamActivity {
  return () => {
    const count = Math.round(between(EVENTS, random()));
    if (count === 0) return [];
    const first = between(FIRST_HOURS, random());
    const times = [first * HOUR];
    while (times.length < count) {
      const hour = between(HOURS, random());
      // Who begins late has the rest of the hunt for it.
      times.push((hour >= first ? hour : first + random() * (228 - first)) * HOUR);
    }
    return times.sort((a, b) => a - b);
  };
}

/** Draws from these teams, each as often as chance has it. */
export function resampled(teams: readonly TeamActivity[], random: Chance): () => TeamActivity {
  return () => teams[below(random, teams.length)] ?? [];
}

/** The value at `share` (0 to 1) of the way through equal steps. */
function between(steps: readonly number[], share: number): number {
  const place = share * (steps.length - 1);
  const low = steps[Math.floor(place)] ?? 0;
  const high = steps[Math.ceil(place)] ?? low;
  return low + (high - low) * (place - Math.floor(place));
}

/** The teams of a replay (lines with `t` in seconds, `team` and `kind`), and `silent` more that had no event. */
export function teamsOfReplay(lines: Iterable<string>, silent: number): TeamActivity[] {
  const teams = new Map<string, number[]>();
  for (const line of lines) {
    if (line === "") continue;
    const { t, team, kind } = JSON.parse(line) as { t: number; team: string; kind: string };
    if (kind !== "guess") continue;
    const times = teams.get(team) ?? [];
    times.push(Math.max(0, t * 1_000));
    teams.set(team, times);
  }
  return [
    ...[...teams.values()].map((times) => times.sort((a, b) => a - b)),
    ...Array.from({ length: silent }, () => []),
  ];
}
