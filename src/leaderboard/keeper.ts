/**
 * Keeps the standings while reports come in. Work that is long for a large
 * crowd (many facts, new values for everybody, a snapshot) is done in slices,
 * with other events of the object between them; what is reported meanwhile
 * waits in a bounded queue. Small work is done at once.
 */
import { isAhead } from "../ahead.ts";
import { type ScoreFact, type ScoreReport, sizeOf } from "../protocol.ts";
import { BadFact } from "./standings/standings.ts";
import type { View } from "./standings/view.ts";

/** Longest slice of work aimed at, ms: what anybody else waits for at most, and well under a frame. */
const SLICE = 10;

/**
 * Facts that wait at most, about 12 MB; what is beyond is refused and comes again
 * from its shard's log. Over a million teams with moving scores a run takes
 * 200 ms whatever it brings: so many at a time make 200,000 a second.
 */
export const QUEUE_FACTS = 80_000;

/** Work done at once, about 5 ms: so many facts with static scores (7 µs each at 10^6 teams), … */
const FACTS_AT_ONCE = 500;
/** … or so many teams whose scores may all move (0.2 µs each). */
const TEAMS_AT_ONCE = 20_000;

/** Facts applied between two looks at the clock, about 1 ms. */
const FACTS_PER_LOOK = 512;

/** A span of times that a wrong clock told, and what was known when it came right. */
export interface Misdated {
  /** When it came right, and the last moment that it may have told before; epoch ms. */
  from: number;
  to: number;
  /** The last seq of each shard by then. */
  marks: ReadonlyMap<string, number>;
}

export interface KeeperDeps {
  /** Epoch ms. */
  now(): number;
  /** A fact that was dated within one of these spans by a wrong clock counts as of its beginning. */
  misdated(): readonly Misdated[];

  /** Lets other events in. */
  pause(): Promise<void>;
  /** Milliseconds that only rise. */
  clock(): number;
  /** There is something new to read. */
  changed(): void;
  /** A fact cannot be: these standings are of no more use. */
  failed(error: unknown): void;
}

export class Keeper {
  readonly view: View;
  readonly #deps: KeeperDeps;
  /** The last seq applied of each shard. */
  readonly #marks: Map<string, number>;
  /** With what waits in the queue. */
  readonly #taken: Map<string, number>;
  #queue: ScoreReport[] = [];
  #queuedFacts = 0;
  /** The run under way; resolved when there can be reads again. */
  #run: Promise<void> | undefined;
  /** Someone needs the standings as they are. */
  #still: Promise<void> | undefined;
  #gathering = false;
  /** A reader cannot wait until everything is gathered. */
  #isWanted = false;
  /** Facts were applied since `changed` was last called: while gathering, a later run settles them. */
  #isNew = false;
  /** Nothing was restored: everything came from the logs. */
  readonly #isOfLogs: boolean;
  #failure: { error: unknown } | undefined;
  #sliceStart = 0;
  /** The latest time of a fact, epoch ms. */
  #latest = 0;

  constructor(view: View, marks: Iterable<[string, number]>, deps: KeeperDeps) {
    this.view = view;
    this.#deps = deps;
    this.#marks = new Map(marks);
    this.#isOfLogs = this.#marks.size === 0;
    this.#taken = new Map(this.#marks);
  }

  /** The last seq of the shard that needs no repetition. */
  taken(shard: string): number {
    return this.#taken.get(shard) ?? 0;
  }

  /** The last seq of each shard that the standings hold; right for anything read before the next `await`. */
  get marks(): ReadonlyMap<string, number> {
    return this.#marks;
  }

  /** The latest time of a fact that was applied, epoch ms; 0: none was. */
  get latest(): number {
    return this.#latest;
  }

  /** Whether a report may be refused for want of room. */
  get isFull(): boolean {
    return this.#queuedFacts >= QUEUE_FACTS;
  }

  /**
   * Takes a report, now or soon (`ready` tells when). A gap before it, nothing
   * new in it or no room for it: `taken` stays where it was.
   */
  take(report: ScoreReport): void {
    const mark = this.taken(report.shard);
    if (report.after > mark || report.upto <= mark || this.isFull || this.#failure) return;
    this.#taken.set(report.shard, report.upto);
    const waits = this.#run !== undefined || this.#still !== undefined || this.#gathering;
    if (!waits && this.#isSmall(report)) {
      try {
        const isNew = this.#applyAll(report);
        this.view.settle();
        if (isNew) this.#deps.changed();
      } catch (error) {
        this.#fail(error);
      }
      return;
    }
    this.#queue.push(report);
    this.#queuedFacts += sizeOf(report.facts);
    this.#start();
  }

  /** Resolves when there can be reads, of what was applied so far; throws if there never will. */
  async ready(): Promise<void> {
    this.#assertUsable();
    while (this.#run !== undefined || !this.view.isSettled) {
      this.#isWanted = true;
      if (this.#run === undefined) this.#start();
      await this.#run;
      this.#assertUsable();
    }
  }

  /** Resolves when what was taken of the shard up to `upto` can be read; throws if it never will. */
  async applied(shard: string, upto: number): Promise<void> {
    while ((this.#marks.get(shard) ?? 0) < upto && upto <= this.taken(shard)) await this.#turn();
    if (!this.#gathering) await this.ready();
  }

  /** Resolves when there is room for reports; throws if there never will be. */
  async room(): Promise<void> {
    while (this.isFull) await this.#turn();
  }

  /** Until `gathered`, reports are only added up: settling after each would cost a catch-up most of its time. */
  gather(): void {
    this.#gathering = true;
  }

  /** Resolves when what was gathered can be read. */
  async gathered(): Promise<void> {
    this.#gathering = false;
    while (this.#queue.length > 0) await this.#turn();
    await this.ready();
  }

  /** Takes new rules. False: the logs are needed. */
  async change(change: (view: View) => boolean): Promise<boolean> {
    while (this.#run !== undefined || this.#still !== undefined) await this.#turn();
    const suffices = change(this.view);
    if (suffices) await this.ready();
    return suffices;
  }

  /** Runs `work` while the standings are settled and stay as they are; reads go on, reports wait. */
  async whileStill(work: () => Promise<void>): Promise<void> {
    while (this.#run !== undefined || this.#still !== undefined || !this.view.isSettled) {
      await this.#turn();
      await this.ready();
    }
    // Begun a moment later: what it takes at first must find it under way.
    this.#still = Promise.resolve()
      .then(work)
      .finally(() => {
        this.#still = undefined;
        if (this.#queue.length > 0) this.#start();
      });
    await this.#still;
  }

  /** Inside long work: lets others in when the slice is used up. */
  async breathe(): Promise<void> {
    if (this.#deps.clock() - this.#sliceStart < SLICE) return;
    await this.#deps.pause();
    this.#sliceStart = this.#deps.clock();
  }

  /** Waits for what is under way. */
  async #turn(): Promise<void> {
    // Whether the snapshot succeeds is its owner's concern.
    await (this.#run ?? this.#still?.catch(() => {}));
    this.#assertUsable();
  }

  #assertUsable(): void {
    if (this.#failure) throw this.#failure.error;
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#queue = [];
    this.#queuedFacts = 0;
    this.#deps.failed(error);
  }

  #isSmall(report: ScoreReport): boolean {
    const { all } = this.view;
    return all.isDynamic ? all.teamCount <= TEAMS_AT_ONCE : sizeOf(report.facts) <= FACTS_AT_ONCE;
  }

  #start(): void {
    if (this.#run !== undefined || this.#still !== undefined) return;
    const run = this.#runOnce()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#run = undefined;
        if (this.#queue.length > 0) this.#start();
      });
    this.#run = run;
  }

  async #runOnce(): Promise<void> {
    // Reports that arrive together are applied together.
    await this.#deps.pause();
    this.#sliceStart = this.#deps.clock();
    const batch = this.#queue;
    this.view.expect(this.#queuedFacts);
    this.#queue = [];
    this.#queuedFacts = 0;
    for (const report of batch) {
      for (const _ of this.#apply(report)) await this.breathe();
      this.#isNew ||= report.facts.length > 0;
    }
    if (this.#gathering && !this.#isWanted) return;
    this.#isWanted = false;
    for (const _ of this.view.settleInSteps()) await this.breathe();
    if (!this.#isNew) return;
    this.#isNew = false;
    this.#deps.changed();
  }

  #applyAll(report: ScoreReport): boolean {
    for (const _ of this.#apply(report));
    return report.facts.length > 0;
  }

  /**
   * A fact that contradicts a snapshot has the standings made again from the
   * logs. One that contradicts the logs is bad itself: it is left out, so that
   * it costs its team alone.
   */
  #applyOne(shard: string, fact: ScoreFact): void {
    try {
      this.view.apply(shard, fact);
    } catch (error) {
      if (!(error instanceof BadFact) || !this.#isOfLogs) throw error;
      const { team, seq } = fact;
      console.error({ message: "the standings leave a fact out", shard, team, seq, why: error.message });
    }
  }

  *#apply(report: ScoreReport): Generator<void, void> {
    const mark = this.#marks.get(report.shard) ?? 0;
    let applied = 0;
    for (const fact of report.facts) {
      if (fact.seq <= mark) continue;
      const at = this.#timeOf(report.shard, fact);
      this.#latest = Math.max(this.#latest, at);
      this.#applyOne(report.shard, at === fact.at ? fact : { ...fact, at });
      applied += 1;
      if (applied % FACTS_PER_LOOK === 0) yield;
    }
    this.#marks.set(report.shard, report.upto);
  }

  #timeOf(shard: string, { seq, at }: ScoreFact): number {
    const { misdated, now } = this.#deps;
    for (const { from, to, marks } of misdated()) {
      if (at <= from || at > to) continue;
      // Reported before, or still ahead: no clock that is right can have told it.
      if (seq <= (marks.get(shard) ?? 0) || isAhead(at, now())) return from;
    }
    return at;
  }
}
