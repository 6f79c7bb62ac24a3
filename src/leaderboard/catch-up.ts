/**
 * Pulls from every shard's log the facts that the standings do not have: after
 * a start, and when the standings are rebuilt. One round at a time; a round
 * that fails is repeated, because a shard without new facts never reports and
 * nobody else would fill its gap.
 */
import type { Clock } from "../clock.ts";
import type { ScoreReport } from "../protocol.ts";
import type { Keeper } from "./keeper.ts";

/** Longest a reader waits for the standings to catch up after a start, ms. */
const READER_WAIT = 3_000;

/** When a failed round is repeated, ms. */
const RETRY_WAIT = 2_000;

/** Pulls per shard in one round; each brings thousands of facts. */
const PULLS_MAX = 10_000;

/** Shards pulled at the same time (an object may hold six connections). */
const PULL_WIDTH = 6;

export interface CatchUpDeps {
  clock: Pick<Clock, "after">;
  /** The standings that are to catch up; others may take their place at any await. */
  keeper(): Keeper | undefined;
  /** The shards of the hunt. */
  shards(): Promise<string[]>;
  /** The facts of a shard behind the seq `after`; several calls for a long log. */
  pull(shard: string, after: number): Promise<ScoreReport>;
}

export class CatchUp {
  readonly #deps: CatchUpDeps;
  #round: Promise<void> | undefined;
  #isComplete = true;
  /** Asked for while a round was under way, which may have begun with other standings. */
  #isAskedAgain = false;

  constructor(deps: CatchUpDeps) {
    this.#deps = deps;
  }

  /** While this is true, the standings are incomplete, and spectators are not shown them. */
  get isUnderWay(): boolean {
    return this.#round !== undefined;
  }

  /** False: a shard may have facts that the standings should have and do not. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  start(): void {
    this.#isComplete = false;
    if (this.#round) {
      this.#isAskedAgain = true;
      return;
    }
    this.#isAskedAgain = false;
    this.#round = this.#pullEverything()
      .catch((error: unknown) => {
        console.warn({ message: "catching up failed, will be repeated", error: String(error) });
        this.startLater();
      })
      .finally(() => {
        this.#round = undefined;
        if (this.#isAskedAgain) this.start();
      });
  }

  /** As after a failure: whatever made it fail gets a moment to pass. */
  startLater(): void {
    this.#isComplete = false;
    void this.#deps.clock.after(RETRY_WAIT).then(() => this.start());
  }

  /** Resolves when the round under way ends, or after the time a reader may be kept waiting. */
  async wait(): Promise<void> {
    if (!this.#round) return;
    // A timer left behind would keep the object awake, and make a deploy wait for it.
    const ended = new AbortController();
    const waited = this.#deps.clock.after(READER_WAIT, ended.signal).catch(() => undefined);
    await Promise.race([this.#round, waited]);
    ended.abort();
  }

  async #pullEverything(): Promise<void> {
    const keeper = this.#deps.keeper();
    if (!keeper) return;
    keeper.gather();
    try {
      const queue = [...new Set([...(await this.#deps.shards()), ...keeper.marks.keys()])];
      const next = async (): Promise<void> => {
        for (let shard = queue.pop(); shard !== undefined; shard = queue.pop())
          await this.#pull(keeper, shard);
      };
      await Promise.all(Array.from({ length: PULL_WIDTH }, next));
      this.#isComplete = this.#deps.keeper() === keeper && !this.#isAskedAgain;
    } finally {
      await keeper.gathered();
    }
  }

  async #pull(keeper: Keeper, shard: string): Promise<void> {
    for (let pulls = 0; pulls < PULLS_MAX; pulls += 1) {
      const after = keeper.taken(shard);
      const report = await this.#deps.pull(shard, after);
      if (report.upto <= after || this.#deps.keeper() !== keeper) return;
      await keeper.room();
      keeper.take(report);
    }
  }
}
