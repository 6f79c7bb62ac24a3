/**
 * The edge digests answers by its copy of the hunt's public half. A copy may be
 * old, with another pepper or without a new compare mode. Then, and only then,
 * the shard digests again.
 */

import type { IndexedHunt } from "../hunt/indexed.ts";
import { digestAnswer, digestCode } from "../intake/digest.ts";
import type { Command } from "../protocol.ts";
import { digester, keyById, type Secrets } from "../secrets.ts";

export function redigest(hunt: IndexedHunt, command: Command, secrets: Secrets): Command {
  if (command.type !== "answer" && command.type !== "scan") return command;
  const { pepper } = hunt.compiled;
  const current = command.pepper === pepper;
  if (command.type === "scan" && current) return command;
  const clue = command.type === "answer" ? hunt.clues.get(command.clue) : undefined;
  if (command.type === "answer" && (!clue || (current && command.digests[clue.compare] !== undefined))) {
    return command;
  }
  const key = keyById("ANSWER_PEPPERS", secrets.ANSWER_PEPPERS, pepper);
  if (!key) throw new Error("the pepper of the published hunt is no longer in ANSWER_PEPPERS");
  const digest = digester(key, hunt.compiled.hunt);
  if (command.type === "scan") return { ...command, ...digestCode(command.code, digest, key) };
  const { digests } = digestAnswer(command.clue, command.answer, digest, clue ? [clue.compare] : []);
  return { ...command, digests, pepper };
}
