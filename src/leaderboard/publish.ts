/** Publishes the first places to KV, where every isolate reads them, at most once in a delay. */
import { BOARD_ENTRIES_MAX, type BoardEntry } from "../cache/entry.ts";
import type { Clock } from "../clock.ts";
import { Delayed } from "../delayed.ts";
import { stillOf } from "../hunt/freeze.ts";
import { endsAt, nextOf } from "../hunt/phase.ts";
import type { BoardConfig } from "../objects/leaderboard.ts";
import { meter } from "../telemetry/meter.ts";
import type { Reading } from "./board.ts";

export interface BoardPublisherDeps {
  clock: Clock;
  hunt: string;
  /** How long changes gather, ms. */
  delay: number;
  config(): BoardConfig | undefined;
  /** What `read` makes of the standings as everybody may see them. */
  read(read: (reading: Reading) => BoardEntry | undefined): Promise<BoardEntry | undefined>;
  put(text: string): Promise<void>;
}

export class BoardPublisher {
  readonly #deps: BoardPublisherDeps;
  readonly #publishing: Delayed;
  /** Entries made so far, and the latest of them that was put. */
  #made = 0;
  #put = 0;

  constructor(deps: BoardPublisherDeps) {
    this.#deps = deps;
    this.#publishing = new Delayed({
      clock: deps.clock,
      delay: deps.delay,
      work: () => this.#publish(),
      failed: (error) => {
        // Readers fall back to the leaderboard object when the entry is old.
        console.warn({ message: "publishing the leaderboard failed", error: String(error) });
        meter.add("hunt_delivery_failures_total", 1, "publish");
      },
    });
  }

  /** Publishes now; when that fails, later. */
  async publish(): Promise<void> {
    try {
      await this.#publish();
    } catch (error) {
      console.warn({ message: "publishing the leaderboard failed", error: String(error) });
      this.changed();
    }
  }

  /** There may be something new to publish. */
  changed(): void {
    this.#publishing.ask();
  }

  async #publish(): Promise<void> {
    const { clock, hunt } = this.#deps;
    const entry = await this.#deps.read(({ standings, frozen, asOf }) => {
      if (!standings) return undefined;
      const at = clock.now();
      return {
        v: 1,
        hunt,
        at,
        asOf,
        ...untilNextChange(this.#deps.config(), at),
        frozen,
        total: standings.total(),
        entries: standings.page({ offset: 0, limit: BOARD_ENTRIES_MAX }),
      };
    });
    if (!entry) return;
    this.#made += 1;
    const number = this.#made;
    await this.#deps.put(JSON.stringify(entry));
    // An earlier one that took longer may lie over a later one.
    if (number < this.#put) this.changed();
    else this.#put = number;
    const took = clock.now() - entry.at;
    meter.histogram("hunt_leaderboard_publish_duration_seconds").observe(took / 1_000);
  }
}

/** When a freeze begins or the hunt ends by itself: the entry is wrong from then on. */
function untilNextChange(config: BoardConfig | undefined, now: number): { until?: number } {
  if (!config) return {};
  const { phase, released } = config;
  const next = nextOf([stillOf(config, phase, released === true)?.from, endsAt(phase, config)], now);
  return next === undefined || next === Number.POSITIVE_INFINITY ? {} : { until: next };
}
