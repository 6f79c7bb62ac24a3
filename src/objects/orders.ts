/** Orders of lists whose parts come from several shards: each shard sorts its own, the edge puts them together. */
import type { Asked, WrongGiven } from "./shard.ts";

/** The longest wait first; what does not wait by what was said last. */
export const byWait = (a: Asked, b: Asked): number => b.waiting - a.waiting || saidAt(b) - saidAt(a);

const saidAt = ({ messages }: Asked): number => messages.at(-1)?.at ?? 0;

/** What most teams gave first. */
export const byTeams = (a: WrongGiven, b: WrongGiven): number =>
  b.teams - a.teams || b.count - a.count || a.first - b.first;
