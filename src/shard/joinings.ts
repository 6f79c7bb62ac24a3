/** The facts of joining, with what stands beside them, of some members: found by when they came. */
import type { Exported } from "../people/personal.ts";
import type { SegmentLog } from "./log.ts";

type Log = Pick<SegmentLog, "before" | "exported">;

interface Came {
  id: string;
  /** Epoch ms. */
  joinedAt: number;
}

/**
 * By the member's id. What is deleted beside a fact, and a fact in a gap, is not there. Reads a segment or
 * two for each; where the clock went back, so that times lead nowhere, the whole log once.
 */
export function joiningsOf(log: Log, members: readonly Came[]): Map<string, Exported> {
  const found = new Map<string, Exported>();
  for (const member of members) {
    const fact = firstOf(log, log.before(member.joinedAt), [member], member.joinedAt);
    if (fact) found.set(member.id, fact);
  }
  const missing = new Map(members.filter(({ id }) => !found.has(id)).map((member) => [member.id, member]));
  let after = 0;
  while (missing.size > 0) {
    const fact = firstOf(log, after, [...missing.values()], Number.POSITIVE_INFINITY);
    const id = fact && playerOf(fact);
    if (!fact || id === undefined) break;
    found.set(id, fact);
    missing.delete(id);
    after = fact.seq;
  }
  return found;
}

/** The first fact behind `after` by which one of them came; none is looked for behind the time `until`. */
function firstOf(log: Log, after: number, members: readonly Came[], until: number): Exported | undefined {
  let upto = after;
  for (;;) {
    const facts = log.exported(upto, 1);
    const last = facts.at(-1);
    if (!last) return undefined;
    for (const fact of facts) {
      if (fact.type === "gap") continue;
      const { at } = fact;
      const player = playerOf(fact);
      if (members.some(({ id, joinedAt }) => id === player && joinedAt === at) && cameBy(fact)) return fact;
      if (at > until) return undefined;
    }
    upto = last.seq;
  }
}

const playerOf = (fact: Exported): string | undefined => ("player" in fact ? fact.player : undefined);

const cameBy = ({ type }: Exported): boolean => type === "join" || type === "arrive";
