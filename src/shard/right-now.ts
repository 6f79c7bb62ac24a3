/** Whether answers of before count by the present definition: a corrected key makes wrong ones right. */
import { JudgedAgain } from "../hunt/judged-again.ts";
import type { PlayFact } from "../protocol.ts";
import { digester, keyById, type Secrets } from "../secrets.ts";
import type { CurrentHunt } from "./current-hunt.ts";

export type Answered = Pick<PlayFact, "clue" | "answer" | "at">;

/** Judges one answer after the other; without the pepper's key nobody can, and nothing counts. */
export function rightNow(
  { hunt }: Pick<CurrentHunt, "hunt">,
  secrets: Pick<Secrets, "ANSWER_PEPPERS">,
): (answered: Answered) => boolean {
  const { pepper, hunt: id } = hunt.compiled;
  const key = keyById("ANSWER_PEPPERS", secrets.ANSWER_PEPPERS, pepper);
  if (!key) return () => false;
  const judged = new JudgedAgain(hunt, digester(key, id));
  return (answered) => judged.isRight(answered);
}
