/**
 * When a shard's facts leave it: soon after a commit timers ship to the queue
 * and report to the standings, and the alarm does what no timer did. A timer
 * keeps the object awake, so what is due later is the alarm's.
 */
import type { Alarm } from "../alarm.ts";
import type { Clock } from "../clock.ts";
import type { Fact, Range } from "../protocol.ts";
import type { SegmentLog } from "./log.ts";
import type { ShardMeter } from "./meter.ts";
import type { Reporter } from "./report.ts";
import type { Segment, Shipper } from "./ship.ts";
import type { Webhooks } from "./webhooks.ts";

/** What wakes a shard. */
export type ShardReason = "deliver" | "time" | "forget" | "push" | "uploads";

/** How long undelivered facts may wait for the alarm if no timer comes first, ms. */
const ALARM_DELAY = 20_000;

/** Longest delay that a timer waits out; longer ones are left to the alarm, ms. */
const TIMER_MAX = 5_000;

/** Bounds of the wait after a failure, ms, before jitter. What was begun without a delay must not be repeated without one. */
const RETRY_DELAY = { first: 50, most: 30_000 };

export interface DeliveryDeps {
  log: SegmentLog;
  shipper: Shipper;
  reporter: Reporter;
  webhooks: Pick<Webhooks, "behind" | "concerns" | "turn">;
  /** Nothing leaves the shard: half a hunt was restored. */
  isHeld(): boolean;
  alarm: Alarm<ShardReason>;
  clock: Clock;
  meter: ShardMeter;
  /** After a commit, ms. */
  shipDelay: number;
  reportDelay: number;
  webhookDelay: number;
  /** Runs before every shipment. */
  shipping(): void;
  /** When the phase changes, or a clue opens, by its time and somebody is to be told, epoch ms. */
  nextByTime(): number | undefined;
}

export class Delivery {
  readonly #deps: DeliveryDeps;
  #shipTimer = false;
  #reportTimer = false;
  #webhookTimer = false;

  constructor(deps: DeliveryDeps) {
    this.#deps = deps;
  }

  /** Whatever became of the alarm: a shard that wakes delivers what is left. */
  resume(): void {
    if (this.#deps.shipper.behind || this.#deps.webhooks.behind) this.arm();
  }

  /** A commit is durable. */
  committed(facts: readonly Fact[], segments: readonly Segment[]): void {
    for (const segment of segments) this.#deps.shipper.add(segment);
    if (this.#deps.reporter.add(facts)) this.report();
    if (this.#deps.webhooks.concerns(facts)) this.tellWebhooks();
    this.ship();
    // An alarm that ran while this commit became durable saw nothing to come back for.
    this.arm();
  }

  /** What was held leaves. */
  release(): void {
    this.#deps.reporter.readFromLog();
    this.arm();
    this.ship(0);
    this.report(0);
  }

  report(delay = this.#deps.reportDelay): void {
    if (this.#reportTimer || this.#deps.isHeld()) return;
    this.#reportTimer = true;
    this.#after(delay, () => {
      this.#reportTimer = false;
      this.#deps.reporter.turn().catch((error: unknown) => {
        console.warn({ message: "report to the standings failed, will be repeated", error: String(error) });
        this.#deps.meter.failed("report");
        this.report(retryDelay(delay));
      });
    });
  }

  /** Webhooks hear of it; one that takes nothing more for now is the alarm's. */
  tellWebhooks(delay = this.#deps.webhookDelay): void {
    if (this.#webhookTimer || this.#deps.isHeld()) return;
    this.#webhookTimer = true;
    this.#after(delay, () => {
      this.#webhookTimer = false;
      this.#deps.webhooks.turn().then(
        (pause) => {
          if (pause !== undefined) this.arm(Math.max(ALARM_DELAY, pause));
        },
        (error: unknown) => {
          console.warn({ message: "webhooks could not be told, will be repeated", error: String(error) });
          this.#deps.meter.failed("webhook");
          this.tellWebhooks(retryDelay(delay));
        },
      );
    });
  }

  ship(delay = this.#deps.shipDelay): void {
    if (this.#shipTimer || this.#deps.isHeld()) return;
    this.#shipTimer = true;
    this.#after(delay, () => {
      this.#shipTimer = false;
      this.#deps.shipping();
      this.#deps.shipper.turn().then(
        (next) => {
          this.#deps.meter.settled(this.#deps.shipper.settled);
          if (next !== undefined && next < TIMER_MAX) this.ship(next);
        },
        (error: unknown) => {
          console.warn({ message: "shipping failed, will be repeated", error: String(error) });
          this.#deps.meter.failed("ship");
          this.ship(retryDelay(delay));
        },
      );
    });
  }

  #after(delay: number, run: () => void): void {
    void this.#deps.clock.after(delay).then(run);
  }

  /** Makes the alarm deliver what no timer will have delivered by then. */
  arm(delay = ALARM_DELAY): void {
    this.#deps.alarm.set("deliver", this.#deps.clock.now() + delay);
  }

  /** While somebody watches, the alarm tells of what comes by its time. */
  armByTime(): void {
    const next = this.#deps.nextByTime();
    if (next !== undefined) this.#deps.alarm.set("time", next);
  }

  /** The alarm: delivers for as long as anything is undelivered. `prepare`: whether it can. */
  alarm(prepare: () => Promise<boolean>): Promise<void> {
    const { alarm, shipper, reporter, webhooks, meter } = this.#deps;
    meter.alarm();
    return alarm.run(async () => {
      let next: number | undefined;
      try {
        if (!(await prepare()) || this.#deps.isHeld()) return;
        const tellWebhooks = async () => (webhooks.behind ? await webhooks.turn() : undefined);
        [next] = await Promise.all([shipper.turn(), reporter.behind ? reporter.turn() : Promise.resolve()]);
        const pause = await tellWebhooks();
        if (pause !== undefined) next = Math.max(next ?? 0, pause);
        meter.settled(shipper.settled);
      } catch (error) {
        console.warn({ message: "delivery failed, the alarm repeats it", error: String(error) });
      } finally {
        // Not before it can do something: each alarm finds the object put away, and what was sent forgotten.
        if (reporter.behind) this.arm();
        else if (shipper.behind || webhooks.behind) this.arm(Math.max(ALARM_DELAY, next ?? 0));
        this.armByTime();
      }
    });
  }

  /** The clock was ahead: what was put off by it is looked at now. */
  wentBack(): void {
    const { shipper, reporter } = this.#deps;
    if (shipper.behind) {
      this.ship();
      this.arm();
    }
    if (reporter.behind) this.report();
    if (this.#deps.webhooks.behind) this.tellWebhooks();
    this.armByTime();
  }

  // ── What the queue's consumers tell ─────────────────────────────────────

  /** The origin holds these facts. */
  archived(ranges: readonly Range[]): void {
    for (const { first, last } of ranges) this.#deps.shipper.acknowledge(first, last);
    this.#settled();
  }

  /** The origin refuses these facts; they are kept as a dead letter. */
  buried({ first, last }: Range): void {
    this.#deps.shipper.buried(first, last);
    this.#settled();
  }

  /** The log cannot give these facts. */
  broken({ first, last }: Range): void {
    this.#deps.shipper.buried(first, last);
  }

  /** The log has them again, and the origin too. */
  mended({ first, last }: Range): void {
    this.#deps.shipper.acknowledge(first, last);
  }

  #settled(): void {
    const { shipper, meter } = this.#deps;
    meter.settled(shipper.settled);
    // Room in the window, or more to be sent again.
    if (shipper.behind) this.ship();
  }

  /** The origin is another one, or lost its rows: sends the whole log again. */
  startOver(): { facts: number } {
    this.#deps.shipper.startOver();
    for (const gap of this.#deps.log.gaps) this.broken(gap);
    this.arm();
    this.ship();
    return { facts: this.#deps.log.durable };
  }

  /** What is on its way to the origin: segments of the log, and since when (epoch ms) the oldest waits. */
  backlog(): { segments: number; since?: number } {
    const { shipper, log } = this.#deps;
    if (shipper.behind) this.arm();
    const since = log.at(shipper.settled + 1)?.at;
    return { segments: log.countSegments(shipper.settled), ...(since === undefined ? {} : { since }) };
  }
}

/** The delay after a failure: twice the one before it, ± 25 %. */
function retryDelay(before: number): number {
  const delay = Math.min(RETRY_DELAY.most, Math.max(RETRY_DELAY.first, before * 2));
  return delay * (0.75 + Math.random() / 2);
}
