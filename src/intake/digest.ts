import { readingsOf } from "../contract/scanned.ts";
import { keysOfScanned } from "../hunt/codes.ts";
import { LIST_MODES, listText } from "../hunt/listed.ts";
import { normaliseAnswer } from "../hunt/normalise.ts";
import { RULES_VERSION } from "../hunt/rules-version.ts";
import type { Command, CompareMode, DigestText, PlayerEvent } from "../protocol.ts";
import { digester, type Key } from "../secrets.ts";

export const COMPARE_MODES: readonly CompareMode[] = ["letters", "words", "exact", "number"];

/** The modes in which a list of choices may be compared. */
const LISTED_MODES: readonly CompareMode[] = ["exact", ...LIST_MODES];

/** The command of a checked event. `modes`: the compare modes to digest a text in; undefined: nothing is digested. */
export function commandOf(
  event: PlayerEvent,
  hunt: string,
  pepper: Key,
  modes: readonly CompareMode[] | undefined,
): Command {
  const { at, ...rest } = event;
  const head = at === undefined ? {} : { clientAt: at };
  if (rest.type === "scan") {
    return { ...head, ...rest, ...digestCode(rest.code, digester(pepper, hunt), pepper) };
  }
  if (rest.type !== "answer") return { ...head, ...rest };
  // By name: nearly every event is an answer, and spreading takes as long as digesting.
  const { id, type, clue, answer = "", choices } = rest;
  if (choices) {
    const text = listText(choices);
    // Which of them its clue compares by, the public half does not say.
    const { digests } = digestAnswer(clue, text, digester(pepper, hunt), modes ? LISTED_MODES : []);
    const about = { id, type, clue, answer: text, listed: true as const };
    return { ...head, ...about, digests, pepper: pepper.id, rules: RULES_VERSION };
  }
  const { digests } = digestAnswer(clue, answer, digester(pepper, hunt), modes ?? []);
  const command: Command = { id, type, clue, answer, digests, pepper: pepper.id, rules: RULES_VERSION };
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

/**
 * The digests of a scanned text. `codeDigest` stands for what was scanned, and the log keeps it;
 * `codeDigests` are those of all that it can mean: a clue's code is looked for among them.
 */
export function digestCode(
  code: string,
  digest: DigestText,
  pepper: Key,
): { codeDigest: string; codeDigests: string[]; pepper: string; rules: number } {
  return {
    // What an address carries, as engines before recorded it.
    codeDigest: digest("code", readingsOf(code).at(-1) ?? ""),
    codeDigests: keysOfScanned(code).map((key) => digest("code", key)),
    pepper: pepper.id,
    rules: RULES_VERSION,
  };
}
