/** 2,000 players wait with pages and sockets, and look at once when their hunt opens (load/opening.ts). */
import { type OpeningFigures, openingOf } from "../load/opening.ts";
import { type Case, caseOf } from "./figures.ts";

const PLAYERS = 2_000;

export async function measureOpening(
  scratch: string,
  say: (line: string) => void,
  players = PLAYERS,
): Promise<Case[]> {
  const figures = await openingOf({ players, scratch, seed: 1, say });
  return casesOf(figures);
}

function casesOf({ players, waits, bytes, wholeBytes, bytesAfterSolve, errors }: OpeningFigures): Case[] {
  const failed = [...errors.values()].reduce((sum, count) => sum + count, 0);
  const last = waits.length === players ? (waits.at(-1) ?? Number.NaN) : Number.POSITIVE_INFINITY;
  return [
    caseOf(`opening: the last of ${players} has the first clue`, "ms", [last]),
    caseOf("opening: half of them have it", "ms", [waits[Math.floor(waits.length / 2)] ?? Number.NaN]),
    caseOf("opening: errors", "", [failed]),
    caseOf("opening: bytes of a player until then", "bytes", [bytes]),
    caseOf("opening: bytes of a look with every text", "bytes", [wholeBytes]),
    caseOf("opening: bytes after a solve / of that look", "ratio", [bytesAfterSolve / wholeBytes]),
  ];
}
