/** The shape of a load over time: how many requests a second, and when each is due. Pure. */
import { type Chance, waitOf } from "../measure/chance.ts";

export const PROFILES = ["ramp", "step", "soak", "spike", "replay"] as const;
export type ProfileName = (typeof PROFILES)[number];

/** The mood of a stretch: at a hunt's start everybody loads the page, later they play. */
export type Mood = "opening" | "playing";

/** A stretch of time in which the rate goes evenly from one figure to another, requests a second. */
export interface Stretch {
  seconds: number;
  from: number;
  to: number;
  mood: Mood;
}

/** One request that is due: ms after the start. */
export interface Due {
  at: number;
  mood: Mood;
  /** Of a replay: the recorded team, as a number, and whether its answer was right. */
  team?: number;
  right?: boolean;
}

const STEPS = 5;

/** `rate`: the highest, requests a second. */
export function stretchesOf(name: Exclude<ProfileName, "replay">, rate: number, seconds: number): Stretch[] {
  const playing = (share: number, from: number, to: number): Stretch => ({
    seconds: seconds * share,
    from: rate * from,
    to: rate * to,
    mood: "playing",
  });
  switch (name) {
    case "ramp":
      return [playing(1, 0.05, 1)];
    case "step":
      return Array.from({ length: STEPS }, (_, step) =>
        playing(1 / STEPS, (step + 1) / STEPS, (step + 1) / STEPS),
      );
    case "soak":
      return [playing(1, 1, 1)];
    case "spike":
      // A hunt that opens: quiet, everybody at once, then they play, and some leave.
      return [
        playing(0.2, 0.1, 0.1),
        { ...playing(0.15, 1, 1), mood: "opening" },
        playing(0.35, 1, 0.7),
        playing(0.3, 0.1, 0.1),
      ];
  }
}

/** Independent arrivals at the rate of their moment: they come in clusters, as people do. Rising. */
export function* arrivalsOf(stretches: readonly Stretch[], random: Chance): Generator<Due> {
  let begun = 0;
  let at = 0;
  for (const { seconds, from, to, mood } of stretches) {
    const end = begun + seconds * 1_000;
    if (from <= 0 && to <= 0) at = end;
    while (at < end) {
      const share = Math.max(0, at - begun) / (seconds * 1_000);
      const rate = Math.max(0.1, from + (to - from) * share);
      at += waitOf(random, rate) * 1_000;
      if (at < end) yield { at, mood };
    }
    // The arrival beyond the end was drawn with a rate that no longer holds.
    at = end;
    begun = end;
  }
}

/** A line of a recorded hunt: this engine's export (`at`, ISO 8601), or `t` in seconds. */
interface Recorded {
  at?: unknown;
  t?: unknown;
  team?: unknown;
  type?: unknown;
  kind?: unknown;
  outcome?: unknown;
  correct?: unknown;
}

const PLAYED = new Set(["answer", "scan", "checkin", "hint", "claim", "guess"]);

/**
 * The events of a recorded hunt at their own times, `speed` times as fast, from
 * its first one on. Lines that are no player's event are left out. Throws with
 * the number of the first line that is no JSON object.
 */
export function replayOf(lines: Iterable<string>, speed: number): Due[] {
  const due: { time: number; team: string; right: boolean }[] = [];
  let number = 0;
  for (const line of lines) {
    number += 1;
    if (line.trim() === "") continue;
    const recorded = readLine(line, number);
    if (!PLAYED.has(String(recorded.type ?? recorded.kind))) continue;
    const time = typeof recorded.t === "number" ? recorded.t * 1_000 : Date.parse(String(recorded.at));
    if (!Number.isFinite(time))
      throw new Error(`line ${number} has no time: \`at\` (ISO 8601) or \`t\` (seconds)`);
    due.push({
      time,
      team: String(recorded.team ?? ""),
      right: recorded.outcome === "correct" || recorded.correct === true,
    });
  }
  due.sort((a, b) => a.time - b.time);
  const first = due[0]?.time ?? 0;
  const teams = new Map<string, number>();
  return due.map(({ time, team, right }) => {
    const known = teams.get(team) ?? teams.size;
    teams.set(team, known);
    return { at: (time - first) / speed, mood: "playing" as const, team: known, right };
  });
}

function readLine(line: string, number: number): Recorded {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // told below
  }
  throw new Error(`line ${number} is not a JSON object`);
}
