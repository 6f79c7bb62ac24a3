/**
 * The one alarm of a Durable Object, shared by several reasons with a name and
 * a time each. The platform keeps only the time: after a restart nobody knows
 * which reasons it was for, so the first run of an instance takes all as due,
 * and whatever runs for a reason must find nothing to do harmless.
 */
import type { Clock } from "./clock.ts";

export interface AlarmDeps {
  clock: Pick<Clock, "now">;
  storage: Pick<DurableObjectStorage, "getAlarm" | "setAlarm">;
  /** By how much the clock is ahead of the platform's, ms; absent: it is the platform's. */
  ahead?(): number;
  /** Called for every alarm that is set: a billed row like any other. */
  written?(): void;
}

export class Alarm<Reason extends string> {
  readonly #deps: AlarmDeps;
  /** When each reason is due, epoch ms. */
  readonly #due = new Map<Reason, number>();
  /** When the platform will wake the object, epoch ms; undefined: not at all, as far as this instance knows. */
  #armedFor: number | undefined;
  #running = false;
  /** An earlier instance may have had reasons of which only the time is known. */
  #inherited = true;

  constructor(deps: AlarmDeps) {
    this.#deps = deps;
  }

  /**
   * Learns of the alarm that an earlier instance left; in the constructor, in
   * `blockConcurrencyWhile`. That alarm is not set again: if an alarm is
   * replaced before its handler has started, the platform drops that run, and
   * this may be the alarm that woke the object.
   */
  async resume(): Promise<void> {
    const left = await this.#deps.storage.getAlarm();
    if (left === null) return;
    const at = left + this.#ahead;
    this.#armedFor = Math.min(at, this.#armedFor ?? at);
  }

  /** When the object will be woken, epoch ms; undefined: not at all. */
  get armedFor(): number | undefined {
    return this.#armedFor;
  }

  /** Wakes the object for `reason` at `at` (epoch ms) at the latest; an earlier time that was set before stays. */
  set(reason: Reason, at: number): void {
    const known = this.#due.get(reason);
    if (known !== undefined && known <= at) return;
    this.#due.set(reason, at);
    if (!this.#running) this.#arm();
  }

  /**
   * The clock went back by `by` ms, so it was ahead before: what was due by it is due that much sooner.
   * An alarm for a time of the definition then runs too early, finds nothing to do, and is set again.
   */
  wentBack(by: number): void {
    for (const [reason, at] of this.#due) this.#due.set(reason, at - by);
    if (!this.#running) this.#arm();
  }

  /** The reason no longer holds. The object may still be woken, and finds nothing to do. */
  clear(reason: Reason): void {
    this.#due.delete(reason);
  }

  /**
   * The body of the object's `alarm()`. `work` is told which reasons are due;
   * they are forgotten then, and `work` sets those that still hold. Reasons set
   * meanwhile take effect when it ends, also when it throws: the platform drops
   * an alarm whose handler keeps failing.
   */
  async run(work: (isDue: (reason: Reason) => boolean) => Promise<void>): Promise<void> {
    // Whatever the object's clock says: the platform woke it for this time.
    const now = Math.max(this.#deps.clock.now(), this.#armedFor ?? 0);
    const all = this.#inherited;
    this.#inherited = false;
    const due = new Set<Reason>();
    for (const [reason, at] of this.#due) {
      if (!all && at > now) continue;
      due.add(reason);
      this.#due.delete(reason);
    }
    this.#running = true;
    try {
      await work((reason) => all || due.has(reason));
    } finally {
      this.#running = false;
      this.#armedFor = undefined;
      this.#arm();
    }
  }

  #arm(): void {
    const next = Math.min(...this.#due.values());
    if (next === Number.POSITIVE_INFINITY) return;
    if (this.#armedFor !== undefined && this.#armedFor <= next) return;
    this.#armedFor = next;
    this.#deps.written?.();
    // Written with what else this turn writes; the platform restarts the object when it cannot be.
    void this.#deps.storage.setAlarm(next - this.#ahead);
  }

  get #ahead(): number {
    return this.#deps.ahead?.() ?? 0;
  }
}
