/** The commands of a simulated team: what it sends to the rules. PURE. */
import type { CompiledClue } from "../hunt/compiled.ts";
import { isListMode, listText, normaliseList } from "../hunt/listed.ts";
import type { Command, ListMode } from "../protocol.ts";
import { PEPPER } from "./compiled.ts";

/** Metres: as good as a phone's position is in the open. */
const ACCURACY = 10;

/** The event that solves the clue; undefined: one that is not simulated. */
export function rightTry(clue: CompiledClue, id: string): Command | undefined {
  if (clue.kind === "scan" && clue.codeDigest !== undefined) {
    return { id, type: "scan", code: "", codeDigest: clue.codeDigest, pepper: PEPPER };
  }
  if (clue.kind === "place" && clue.place) {
    const { lat, lng, maxAccuracy } = clue.place;
    return {
      id,
      type: "checkin",
      clue: clue.id,
      position: { lat, lng, accuracy: Math.min(ACCURACY, maxAccuracy) },
    };
  }
  const right = clue.digests?.[0];
  if (!isTyped(clue) || right === undefined) return undefined;
  return answer(clue, id, right);
}

/** A wrong answer, each of its own; undefined: at such a clue none is simulated, or there is no other. */
export function wrongTry(clue: CompiledClue, id: string, number: number): Command | undefined {
  if (!isTyped(clue)) return undefined;
  if (clue.kind !== "choice") return answer(clue, id, `wrong ${number}`);
  if (isListMode(clue.compare)) {
    const given = wrongList(clue, clue.compare, number);
    return given === undefined ? undefined : answer(clue, id, given);
  }
  const wrong = (clue.choices ?? []).map((choice) => choice.id).filter((each) => !isRight(clue, each));
  const given = wrong[number];
  return given === undefined ? undefined : answer(clue, id, given);
}

/** One of the wrong lists of a clue's choices; undefined: there is no other. The first choices alone make enough of them. */
function wrongList(clue: CompiledClue, mode: ListMode, number: number): string | undefined {
  const ids = (clue.choices ?? []).slice(0, LISTED_MAX).map((choice) => choice.id);
  let left = number;
  for (let picked = 1; picked < 2 ** ids.length; picked += 1) {
    const text = normaliseList(mode, listText(ids.filter((_, bit) => picked & (1 << bit))));
    if (isRight(clue, text)) continue;
    if (left === 0) return text;
    left -= 1;
  }
  return undefined;
}

/** Choices of which wrong lists are made. */
const LISTED_MAX = 16;

/** A near miss that the author has words for; undefined: there is none. */
export function nearTry(clue: CompiledClue, id: string, chance: number): Command | undefined {
  const digests = isTyped(clue) ? (clue.nudges ?? []).flatMap((nudge) => nudge.digests) : [];
  const given = digests[Math.floor(chance * digests.length)];
  return given === undefined ? undefined : answer(clue, id, given);
}

const isTyped = ({ kind }: CompiledClue): boolean => kind === "answer" || kind === "choice";

const isRight = ({ digests = [] }: CompiledClue, text: string): boolean => digests.includes(text);

const answer = (clue: CompiledClue, id: string, digest: string): Command => ({
  id,
  type: "answer",
  clue: clue.id,
  // In a simulation a digest is the text itself.
  ...(isListMode(clue.compare) ? { answer: digest, listed: true as const } : { answer: "" }),
  digests: { [clue.compare]: digest },
  pepper: PEPPER,
});
