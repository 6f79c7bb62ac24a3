/**
 * Repairs the logs of a hunt's shards: what a log cannot give any more is fetched
 * from the origin's archive, and the shard takes it if its hash fits, or if it is
 * what a root has.
 */
import { calling, leaderboardStub, orRefusal, shardStub } from "../objects/call.ts";
import type { RepairReport } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import type { ProvenSubtree } from "../objects/shard.ts";
import { OriginUnavailable } from "../origin/gate/guard.ts";
import type { OriginStore } from "../origin/store.ts";
import type { Fact, Range } from "../protocol.ts";

/** Gaps told one by one at most. */
const TOLD_MAX = 1_000;

/** Characters of the facts of a shard's gaps that are proven by roots in one repair; the rest by the next one. */
const PROVEN_MAX = 8_000_000;

/** Facts that the end of a log is looked for in at the origin, beyond those that the log has. */
const END_FACTS_MAX = 100_000;

type Left = RepairReport["left"][number];

/** A gap, and what the origin has in its place. */
interface Found extends Range {
  body: string;
}

type RepairEnv = Pick<Env, "SHARD" | "LEADERBOARD">;

export async function repairHunt(
  env: RepairEnv,
  store: Pick<OriginStore, "facts">,
  hunt: string,
  shards: readonly string[],
): Promise<RepairReport> {
  const report: RepairReport = { repaired: 0, facts: 0, left: [] };
  const stays = (gap: Left): void => {
    if (report.left.length < TOLD_MAX) report.left.push(gap);
  };
  let isAnyAway = false;
  for (const shard of shards) {
    const repair = new ShardRepair(env, store, hunt, shard);
    const why = await repair.findEnd();
    if (why !== undefined) stays({ shard, why });
    const asking = await orRefusal(
      // A copy: what an object returns is disposed of with its call.
      calling(async () => ({ gaps: [...(await shardStub(env, hunt, shard).gaps())] })),
    );
    if ("refused" in asking) {
      isAnyAway = true;
      stays({ shard, why: asking.detail });
      continue;
    }
    for (const { first, last, why } of await repair.close(asking.gaps)) {
      if (why === undefined) {
        report.repaired += 1;
        report.facts += last - first + 1;
      } else stays({ shard, first, last, why });
    }
  }
  // The standings may have been read past the gaps, after a restart of their own; also past those that an
  // earlier repair closed and did not come this far. Without a shard that is away they would lose its teams.
  if (!isAnyAway) await calling(async () => leaderboardStub(env, hunt).rebuild());
  return report;
}

/** What became of a gap; `why`: it stays. */
interface Closed extends Range {
  why?: string | undefined;
}

const UNPROVEN = "nothing proves that the origin holds the facts that were logged";

class ShardRepair {
  readonly #env: RepairEnv;
  readonly #store: Pick<OriginStore, "facts">;
  readonly #hunt: string;
  readonly #shard: string;

  constructor(env: RepairEnv, store: Pick<OriginStore, "facts">, hunt: string, shard: string) {
    this.#env = env;
    this.#store = store;
    this.#hunt = hunt;
    this.#shard = shard;
  }

  get #log(): ReturnType<typeof shardStub> {
    return shardStub(this.#env, this.#hunt, this.#shard);
  }

  get #board(): ReturnType<typeof leaderboardStub> {
    return leaderboardStub(this.#env, this.#hunt);
  }

  /**
   * Where the log lost its newest facts, it is told the newest that anybody has or has heard of. Whatever
   * left the shard has arrived by then. Undefined: it knows; else why it cannot be told.
   */
  async findEnd(): Promise<string | undefined> {
    const asked = await orRefusal(calling(async () => ({ behind: await this.#log.lostBehind() })));
    // One that is away, or of an earlier release, is told as that by what follows.
    if ("refused" in asked || asked.behind === undefined) return undefined;
    const { behind } = asked;
    const heard = await orRefusal(calling(async () => ({ seq: await this.#board.heardOf(this.#shard) })));
    if ("refused" in heard) return heard.detail;
    const lists = await this.#archived({ first: behind + 1, last: behind + END_FACTS_MAX });
    if ("why" in lists) return lists.why;
    const seqs = lists.lists.flatMap(listIn).map(({ seq }) => seq);
    // Too many for the arguments of one call.
    const upto = seqs.reduce((newest, seq) => Math.max(newest, seq), Math.max(behind, heard.seq));
    const told = await orRefusal(
      calling(async () => {
        await this.#log.endsAt(upto);
        return { upto };
      }),
    );
    return "refused" in told ? told.detail : undefined;
  }

  /** Closes gaps by the hashes of the log; those that no hash proves by roots. */
  async close(gaps: readonly Range[]): Promise<Closed[]> {
    const closed: Closed[] = [];
    const unproven: Found[] = [];
    for (const { first, last } of gaps) {
      const found = await this.#find({ first, last });
      if ("why" in found) {
        closed.push({ first, last, why: found.why });
        continue;
      }
      const mending = await orRefusal(
        calling(async () => ({ isDone: await this.#log.mend({ first, last }, found.body) })),
      );
      if ("refused" in mending) closed.push({ first, last, why: mending.detail });
      else if (mending.isDone) closed.push({ first, last });
      else unproven.push(found);
    }
    return [...closed, ...(await this.#prove(unproven))].sort((a, b) => a.first - b.first);
  }

  async #find({ first, last }: Range): Promise<Found | { why: string }> {
    const found = await this.#archived({ first, last });
    if ("why" in found) return found;
    const body = bodyOf(found.lists, { first, last });
    return body === undefined
      ? { why: "the origin does not hold all of these facts" }
      : { first, last, body };
  }

  async #archived({ first, last }: Range): Promise<{ lists: string[] } | { why: string }> {
    try {
      return { lists: await this.#store.facts(this.#hunt, this.#shard, first, last) };
    } catch (error) {
      if (!(error instanceof OriginUnavailable)) throw error;
      return { why: `the origin cannot be asked now (${error.reason})` };
    }
  }

  async #prove(found: readonly Found[]): Promise<Closed[]> {
    if (found.length === 0) return [];
    const subtrees = new Map<number, ProvenSubtree>();
    const bodies: Found[] = [];
    let characters = 0;
    for (const each of found) {
      characters += each.body.length;
      if (characters > PROVEN_MAX) break;
      bodies.push(each);
      for (let seq = each.first; seq <= each.last; ) {
        const fact = seq;
        const placed = await orRefusal(calling(async () => this.#board.placed(this.#shard, fact)));
        // Newer facts have no root either.
        if ("refused" in placed) break;
        const { first, size } = placed.subtree;
        subtrees.set(first, { first, size, hash: placed.hash });
        seq = first + size;
      }
    }
    const mending = await orRefusal(
      calling(async () => ({ mended: [...(await this.#log.mendProven(bodies, [...subtrees.values()]))] })),
    );
    return found.map(({ first, last }, index) => {
      if ("refused" in mending) return { first, last, why: mending.detail };
      if (index >= bodies.length) return { first, last, why: "there is too much for one repair: repeat it" };
      return mending.mended[index] ? { first, last } : { first, last, why: UNPROVEN };
    });
  }
}

/** The facts of the gap as a log has them; undefined: some are missing. */
export function bodyOf(lists: readonly string[], { first, last }: Range): string | undefined {
  const bodies = new Map<number, string>();
  for (const list of lists) {
    for (const fact of listIn(list)) {
      if (fact.seq >= first && fact.seq <= last) bodies.set(fact.seq, JSON.stringify(fact));
    }
  }
  if (bodies.size !== last - first + 1) return undefined;
  return [...bodies]
    .sort(([a], [b]) => a - b)
    .map(([, body]) => body)
    .join(",");
}

/** Of a row that is broken itself: none. */
function listIn(text: string): Fact[] {
  try {
    const list = JSON.parse(text) as unknown;
    return Array.isArray(list) ? list.filter((fact) => Number.isSafeInteger(fact?.seq)) : [];
  } catch {
    return [];
  }
}
