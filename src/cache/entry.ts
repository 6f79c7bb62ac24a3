/** What KV holds: schemas, keys and checks. A value that is not what it should be is ignored. */
import type { PhaseState } from "../control/phase.ts";
import type { PublicHunt } from "../hunt/compiled.ts";
import type { LeaderboardEntry } from "../protocol.ts";

/** The public half of a hunt, as control publishes it. */
export interface PublicEntry {
  v: 1;
  hunt: PublicHunt;
  version: number;
  revision: number;
  phase: PhaseState;
  shardsPerRegion: number;
  /** Id of the pepper that answer digests are made with. */
  pepper: string;
}

export const publicKey = (hunt: string): string => `hunt/${hunt}`;

/** The leaderboard's first places, as the leaderboard object publishes them. */
export interface BoardEntry {
  v: 1;
  hunt: string;
  /** When it was written, epoch ms. */
  at: number;
  /** What it shows: then, or the freeze. Epoch ms. */
  asOf: number;
  /** From then on it is no longer right, however young; epoch ms. */
  until?: number;
  frozen: boolean;
  total: number;
  entries: LeaderboardEntry[];
}

/** Places in the published leaderboard; deeper pages ask the object. */
export const BOARD_ENTRIES_MAX = 500;

export const boardKey = (hunt: string): string => `board/${hunt}`;

/** Reads a value out of KV's text; undefined when it is missing, corrupt or of another kind. */
export function readPublicEntry(hunt: string, text: string | null): PublicEntry | undefined {
  const value = parse(text);
  const known = value as Partial<PublicEntry> | undefined;
  return known?.v === 1 && known.hunt?.hunt === hunt && known.phase && typeof known.version === "number"
    ? (value as PublicEntry)
    : undefined;
}

export function readBoardEntry(hunt: string, text: string | null): BoardEntry | undefined {
  const value = parse(text);
  const known = value as Partial<BoardEntry> | undefined;
  return known?.v === 1 &&
    known.hunt === hunt &&
    typeof known.at === "number" &&
    typeof known.asOf === "number" &&
    Array.isArray(known.entries)
    ? (value as BoardEntry)
    : undefined;
}

function parse(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    // Corrupt: the owner object is asked instead and writes it anew.
    return undefined;
  }
}
