/** Orders of lists whose parts come from several shards: each shard sorts its own, the edge puts them together. */
import type { HelpPlace, SentPlace, WrongGiven } from "./shard.ts";

/** The longest wait first; what does not wait by what was said last. */
export const byWait = (a: HelpPlace, b: HelpPlace): number =>
  Number(b.waits) - Number(a.waits) ||
  (a.waits ? a.at - b.at : b.at - a.at) ||
  (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** What was sent first. */
export const bySent = (a: SentPlace, b: SentPlace): number =>
  a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Characters of a thread's messages. */
export const lengthOf = ({ messages }: { messages: readonly { text: string }[] }): number =>
  messages.reduce((sum, { text }) => sum + text.length, 0);

/** What most teams gave first. */
export const byTeams = (a: WrongGiven, b: WrongGiven): number =>
  b.teams - a.teams || b.count - a.count || a.first - b.first;
