/**
 * When a shard's facts leave it: timers ship to the queue and report to the
 * standings soon after a commit, and the alarm does what no timer did. A timer
 * keeps the object awake, so what is due later is the alarm's.
 */
import type { Reporter } from "./report.ts";
import type { Shipper } from "./ship.ts";

/** How long undelivered facts may wait for the alarm if no timer comes first, ms. */
const ALARM_DELAY = 20_000;

/** Longest delay that a timer waits out; longer ones are left to the alarm, ms. */
const TIMER_MAX = 5_000;

export interface DeliveryDeps {
  shipper: Pick<Shipper, "turn" | "behind">;
  reporter: Pick<Reporter, "turn" | "behind">;
  /** After a commit, ms. */
  shipDelay: number;
  reportDelay: number;
  setAlarm(at: number): void;
  /** Runs before every shipment. */
  shipping(): void;
  failed(what: "ship" | "report"): void;
  /** When the phase changes by itself and somebody is to be told, epoch ms. */
  nextPhase(): number | undefined;
}

export class Delivery {
  readonly #deps: DeliveryDeps;
  #shipTimer = false;
  #reportTimer = false;
  /** When the alarm is due as far as this life of the object knows, epoch ms. */
  #alarmAt: number | undefined;

  constructor(deps: DeliveryDeps) {
    this.#deps = deps;
  }

  /**
   * The alarm that an earlier life of the object set. The platform drops the run
   * of an alarm that is set anew before it begins: the one that woke the object
   * must stay as it is, and so must one that is still to come.
   */
  resume(alarmAt: number | undefined): void {
    this.#alarmAt = alarmAt;
    // Whatever became of the alarm: who wakes the shard makes it deliver what is left.
    if (this.#deps.shipper.behind) this.arm();
  }

  report(delay = this.#deps.reportDelay): void {
    if (this.#reportTimer) return;
    this.#reportTimer = true;
    setTimeout(() => {
      this.#reportTimer = false;
      this.#deps.reporter.turn().catch((error: unknown) => {
        console.warn({ message: "report to the standings failed, will be repeated", error: String(error) });
        this.#deps.failed("report");
        this.report(retryDelay(delay));
      });
    }, delay);
  }

  ship(delay = this.#deps.shipDelay): void {
    if (this.#shipTimer) return;
    this.#shipTimer = true;
    setTimeout(() => {
      this.#shipTimer = false;
      this.#deps.shipping();
      this.#deps.shipper.turn().then(
        (next) => {
          if (next !== undefined && next < TIMER_MAX) this.ship(next);
        },
        (error: unknown) => {
          console.warn({ message: "shipping failed, will be repeated", error: String(error) });
          this.#deps.failed("ship");
          this.ship(retryDelay(delay));
        },
      );
    }, delay);
  }

  /** Sets the alarm for `at` or for what else is due before, unless it is set for earlier. */
  arm(at = Date.now() + ALARM_DELAY): void {
    const due = Math.min(at, this.#deps.nextPhase() ?? at);
    if (this.#alarmAt !== undefined && this.#alarmAt <= due) return;
    this.#alarmAt = due;
    this.#deps.setAlarm(due);
  }

  /** While somebody watches, the alarm tells of a phase that comes by itself. */
  armForPhase(): void {
    const next = this.#deps.nextPhase();
    if (next !== undefined) this.arm(next);
  }

  /** The alarm: delivers what no timer delivered, for as long as anything is undelivered. `prepare`: whether it can. */
  async alarm(prepare: () => Promise<boolean>): Promise<void> {
    const { shipper, reporter } = this.#deps;
    // No other alarm is set while this one runs.
    this.#alarmAt = 0;
    let next: number | undefined;
    try {
      if (!(await prepare())) return;
      [next] = await Promise.all([shipper.turn(), reporter.behind ? reporter.turn() : Promise.resolve()]);
    } catch (error) {
      console.warn({ message: "delivery failed, the alarm repeats it", error: String(error) });
    } finally {
      this.#alarmAt = undefined;
      // In `finally`, because an alarm that keeps failing is dropped by the platform.
      // Not before it can do something: each time finds the object put away, and what was sent forgotten.
      if (reporter.behind) this.arm();
      else if (shipper.behind) this.arm(Date.now() + Math.max(ALARM_DELAY, next ?? 0));
      else this.armForPhase();
    }
  }
}

/** Next delay after a failure: doubled up to 30 s, ± 25 %. */
function retryDelay(delay: number): number {
  return Math.min(30_000, delay * 2) * (0.75 + Math.random() / 2);
}
