/**
 * The loads of a hunt's shards, as they tell them with their reports: published to
 * KV, where every isolate reads them that places a team, and told to
 * control when shards are crowded. A hint: lost, it costs an even spread for a while.
 */
import type { LoadEntry } from "../cache/entry.ts";
import type { Clock } from "../clock.ts";
import { Delayed } from "../delayed.ts";
import { type GrowthLimits, hasCrowded } from "../placement/growth.ts";
import { type LoadFigures, ShardLoads } from "../placement/loads.ts";
import type { ReportedLoad } from "../protocol.ts";
import { meter } from "../telemetry/meter.ts";

/** Time between two publications, ms. KV repeats a value for 30 s at its edge anyway, and each is a write to pay for. */
const PUBLISH_EVERY = 10_000;

/** The first figures, and that a shard begins to refuse, are published after this time, ms: KV takes one write a second and key. */
const PUBLISH_SOON = 1_000;

export interface LoadPublisherDeps {
  clock: Clock;
  hunt: string;
  limits: GrowthLimits;
  /** Not every shard has told its load since the start. */
  isCatchingUp(): boolean;
  put(text: string): Promise<void>;
  /** A shard is crowded: control adds shards if that helps. */
  crowded(figures: LoadFigures): Promise<void>;
}

export class LoadPublisher {
  readonly #deps: LoadPublisherDeps;
  readonly #loads = new ShardLoads();
  readonly #regular: Delayed;
  readonly #soon: Delayed;
  /** Shards that refuse, by the last publication; undefined: there was none. */
  #refusing: ReadonlySet<string> | undefined;

  constructor(deps: LoadPublisherDeps) {
    this.#deps = deps;
    const delayed = (delay: number) =>
      new Delayed({
        clock: deps.clock,
        delay,
        work: () => this.#publish(),
        failed: (error) => {
          console.warn({ message: "publishing the shards' loads failed", error: String(error) });
        },
      });
    this.#regular = delayed(PUBLISH_EVERY);
    this.#soon = delayed(PUBLISH_SOON);
  }

  /** A shard told its load; one of an engine before this does not. */
  heard(shard: string, load: ReportedLoad | undefined): void {
    if (!load) return;
    this.#loads.hear(shard, load, this.#deps.clock.now());
    const begins = load.refuses !== undefined && !this.#refusing?.has(shard);
    if (begins || !this.#refusing) this.#soon.ask();
    else this.#regular.ask();
  }

  async #publish(): Promise<void> {
    const { clock, hunt, limits, isCatchingUp, put, crowded } = this.#deps;
    if (isCatchingUp()) {
      this.#regular.ask();
      return;
    }
    const figures = this.#loads.figures(clock.now());
    if (!figures) return;
    const refusing = Object.entries(figures.shards).filter(([, { refuses }]) => refuses !== undefined);
    this.#refusing = new Set(refusing.map(([shard]) => shard));
    // When they no longer refuse, nobody else says so.
    if (refusing.some(([, { refuses }]) => refuses === "busy")) this.#regular.ask();
    measureSpread(figures);
    const entry: LoadEntry = { v: 1, hunt, ...figures };
    await put(JSON.stringify(entry));
    if (hasCrowded(figures, limits)) await crowded(figures);
  }
}

/** By region, of those that have events and more than one shard. */
function measureSpread({ shards }: LoadFigures): void {
  const regions = Map.groupBy(Object.entries(shards), ([shard]) => shard.slice(0, shard.lastIndexOf("-")));
  for (const told of regions.values()) {
    const events = told.map(([, figures]) => figures.events);
    const sum = events.reduce((total, value) => total + value, 0);
    if (events.length < 2 || sum === 0) continue;
    meter.histogram("hunt_shard_spread").observe((Math.max(...events) * events.length) / sum);
  }
}
