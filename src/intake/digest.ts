import { normaliseAnswer } from "../hunt/normalise.ts";
import type { Command, CompareMode, DigestText, PlayerEvent } from "../protocol.ts";
import { digester, type Key } from "../secrets.ts";

export const COMPARE_MODES: readonly CompareMode[] = ["letters", "words", "exact", "number"];

/** The command of a checked event. `modes`: the compare modes to digest an answer in. */
export function commandOf(
  event: PlayerEvent,
  hunt: string,
  pepper: Key,
  modes: readonly CompareMode[],
): Command {
  const { at, ...rest } = event;
  const head = at === undefined ? {} : { clientAt: at };
  if (rest.type === "scan") {
    return { ...head, ...rest, ...digestCode(rest.code, digester(pepper, hunt), pepper) };
  }
  if (rest.type !== "answer") return { ...head, ...rest };
  // By name: nearly every event is an answer, and spreading takes as long as digesting.
  const { id, type, clue, answer } = rest;
  const { digests } = digestAnswer(clue, answer, digester(pepper, hunt), modes);
  const command: Command = { id, type, clue, answer, digests, pepper: pepper.id };
  if (at !== undefined) command.clientAt = at;
  return command;
}

/** The digests of an answer in these modes; null where it normalises to nothing. */
export function digestAnswer(
  clue: string,
  answer: string,
  digest: DigestText,
  modes: readonly CompareMode[],
): { digests: Partial<Record<CompareMode, string | null>> } {
  const digests: Partial<Record<CompareMode, string | null>> = {};
  for (const mode of modes) {
    const text = normaliseAnswer(mode, answer);
    digests[mode] = text === null ? null : digest({ clue, mode }, text);
  }
  return { digests };
}

/** The digest of a scanned code. Spaces around it come from keyboards and are dropped. */
export function digestCode(
  code: string,
  digest: DigestText,
  pepper: Key,
): { codeDigest: string; pepper: string } {
  const scanned = code.trim();
  // The printed QR code carries a link; a scanner hands over all of it.
  const linked = /^https?:\/\/[^#]*#code=([A-Za-z0-9._~%-]+)$/.exec(scanned)?.[1];
  return {
    codeDigest: digest("code", linked === undefined ? scanned : unescaped(linked)),
    pepper: pepper.id,
  };
}

/** A percent-encoded text as it was; a malformed one as it is. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
