/**
 * The edge digests answers by its copy of the hunt's public half. A copy may be
 * old, with another pepper or without a new compare mode, and so may its rules be
 * during a release. Then, and only then,
 * the shard digests again. Over sockets nothing is digested before: the shard
 * does it here.
 *
 * An answer is digested when it is judged and not before, so that one to a
 * locked clue takes as long as one to a clue that does not exist.
 */

import type { IndexedHunt } from "../hunt/indexed.ts";
import { RULES_VERSION } from "../hunt/rules-version.ts";
import { digestAnswer, digestCode } from "../intake/digest.ts";
import type { Command } from "../protocol.ts";
import { digester, type Key, keyById, type Secrets } from "../secrets.ts";

export function redigest(hunt: IndexedHunt, command: Command, secrets: Secrets): Command {
  if (command.type !== "answer" && command.type !== "scan") return command;
  const { pepper, hunt: id } = hunt.compiled;
  const isCurrent = command.pepper === pepper && command.rules === RULES_VERSION;
  if (command.type === "scan") {
    if (isCurrent && command.codeDigests) return command;
    const key = keyOf(pepper, secrets);
    return { ...command, ...digestCode(command.code, digester(key, id), key) };
  }
  const clue = hunt.clues.get(command.clue);
  const known = clue ? command.digests[clue.compare] !== undefined : hasAny(command.digests);
  if (isCurrent && known) return command;
  const modes = clue ? [clue.compare] : [];
  return {
    ...command,
    pepper,
    rules: RULES_VERSION,
    get digests() {
      const digest = digester(keyOf(pepper, secrets), id);
      return digestAnswer(command.clue, command.answer, digest, modes).digests;
    },
  };
}

function keyOf(pepper: string, secrets: Secrets): Key {
  const key = keyById("ANSWER_PEPPERS", secrets.ANSWER_PEPPERS, pepper);
  if (!key) throw new Error("the pepper of the published hunt is no longer in ANSWER_PEPPERS");
  return key;
}

function hasAny(digests: object): boolean {
  for (const _ in digests) return true;
  return false;
}
