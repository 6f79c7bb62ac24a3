/**
 * Shipping to a queue that loses, delays and fills: the engine's own shipper
 * (src/shard/ship.ts) of many shards in virtual time, timed as
 * src/shard/delivery.ts times it, before a queue that can do what the local one
 * never does.
 */
import { PARAMETERS } from "../../../../src/config.ts";
import { type QueueFigures, type Segment, Shipper } from "../../../../src/shard/ship.ts";
import { type Chance, chance, waitOf } from "../../measure/chance.ts";
import { meanOf } from "../../measure/statistics.ts";
import { VirtualClock } from "../../measure/virtual-clock.ts";
import { type Figures, type Metric, simulated } from "../experiment.ts";

const START = 1_800_000_000_000;

/** As src/shard/delivery.ts: what is due later than this is the alarm's, which comes after so long, ms. */
const TIMER_MAX = 5_000;
const ALARM_DELAY = 20_000;

/** Bytes of a fact. */
const FACT = "x".repeat(300);

/** From the consumer to the shard, ms. */
const WAY = 20;

/** Longest time that is waited for the end, ms. */
const END_MAX = 7_200_000;

interface Settings {
  shipDelay: number;
  resendAfter: number;
  window: number;
  backlogMax: number;
}

const SHIPPING: Settings = {
  shipDelay: PARAMETERS.SHIP_DELAY_MS.default,
  resendAfter: PARAMETERS.RESEND_AFTER_MS.default,
  window: PARAMETERS.SHIP_WINDOW_MESSAGES.default,
  backlogMax: PARAMETERS.QUEUE_BACKLOG_MAX.default,
};

interface Scenario {
  seed: number;
  shards: number;
  /** Commits a second of each shard, and facts of one. */
  commits: number;
  facts: number;
  /** How long events come, ms. */
  plays: number;
  /** The share of messages that the queue loses after it has accepted them. */
  loses: number;
  /** The consumers' messages at the same time, and how long one takes, ms; not at all between these times. */
  consumers: number;
  takes: number;
  /** A message is delivered this long after it was sent, at the earliest: the queue fills batches, ms. */
  batches?: number;
  away?: readonly [from: number, until: number];
  /** A share of the messages is delivered, but only counted as done so much later, ms. */
  delays?: { share: number; ms: number };
}

interface Ended {
  /** From the last event, or the end of the outage, until the origin has every fact, s. */
  drained: number;
  /** Messages sent although an earlier copy arrived too, for 100 that were needed. */
  needless: number;
  /** Most messages in the queue at one time. */
  most: number;
  /** Age of a message's newest fact when the origin has it, mean, s. */
  lag: number;
}

interface Message {
  shard: ShippingShard;
  first: number;
  last: number;
  at: number;
}

/** A shard whose facts leave it. */
class ShippingShard {
  readonly shipper: Shipper;
  readonly #clock: VirtualClock;
  readonly #segments: Segment[] = [];
  readonly #settings: Settings;
  /** When each segment was committed. */
  readonly #times: number[] = [];
  #timer = false;
  #durable = 0;

  constructor(number: number, settings: Settings, clock: VirtualClock, queue: SimulatedQueue) {
    this.#clock = clock;
    this.#settings = settings;
    this.shipper = new Shipper(
      {
        hunt: "h",
        incarnation: () => undefined,
        shard: `weur-${number}`,
        isArchived: () => true,
        durable: () => this.#durable,
        segments: (after) => this.#segments.slice(Math.max(0, this.#place(after))),
        send: async (messages) => queue.send(this, messages),
        figures: async () => queue.figures(),
        saveSettled: () => undefined,
        saveBuried: () => undefined,
        now: clock.now,
        resendAfter: settings.resendAfter,
        window: settings.window,
        backlogMax: settings.backlogMax,
      },
      0,
    );
  }

  get isArchived(): boolean {
    return this.shipper.settled === this.#durable;
  }

  get durable(): number {
    return this.#durable;
  }

  /** The place of the first segment after this fact: all have the same length. */
  #place(after: number): number {
    const length = this.#segments[0]?.last ?? 1;
    return Math.floor(after / length);
  }

  commit(facts: number): void {
    const first = this.#durable + 1;
    this.#durable += facts;
    const segment = { first, last: this.#durable, body: Array.from({ length: facts }, () => FACT).join(",") };
    this.#segments.push(segment);
    this.#times.push(this.#clock.now());
    this.shipper.add(segment);
    this.ship();
    this.#alarm();
  }

  ageOf(fact: number): number {
    return this.#clock.now() - (this.#times[this.#place(fact - 1)] ?? 0);
  }

  archived(first: number, last: number): void {
    this.shipper.acknowledge(first, last);
    if (this.shipper.behind) this.ship();
  }

  ship(delay = this.#settings.shipDelay): void {
    if (this.#timer) return;
    this.#timer = true;
    this.#clock.timer(delay, () => {
      this.#timer = false;
      void this.shipper.turn().then((next) => {
        if (next !== undefined && next < TIMER_MAX) this.ship(next);
      });
    });
  }

  #armed = false;

  #alarm(delay = ALARM_DELAY): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#clock.timer(delay, () => {
      this.#armed = false;
      void this.shipper.turn().then((next) => {
        if (this.shipper.behind) this.#alarm(Math.max(ALARM_DELAY, next ?? 0));
      });
    });
  }
}

/** What waits, and consumers that take it. */
class SimulatedQueue {
  readonly #scenario: Scenario;
  readonly #clock: VirtualClock;
  readonly #random: Chance;
  readonly #waiting: Message[] = [];
  /** What has arrived, to know a copy. */
  readonly #arrived = new Map<ShippingShard, Set<number>>();
  #busy = 0;
  /** A timer delivers what is too young now. */
  #isTimed = false;
  most = 0;
  copies = 0;
  needed = 0;
  readonly ages: number[] = [];

  constructor(scenario: Scenario, clock: VirtualClock, random: Chance) {
    this.#scenario = scenario;
    this.#clock = clock;
    this.#random = random;
  }

  figures(): QueueFigures {
    const [oldest] = this.#waiting;
    return { backlog: this.#waiting.length, ...(oldest ? { oldest: oldest.at } : {}) };
  }

  async send(shard: ShippingShard, texts: readonly string[]): Promise<QueueFigures> {
    await this.#clock.sleep(5);
    for (const text of texts) {
      const [, first = "0"] = /"first":(\d+)/.exec(text.slice(0, 200)) ?? [];
      // Every fact is as long as the other, and has a comma or a bracket behind it.
      const facts = Math.round((text.length - text.indexOf("[") - 2) / (FACT.length + 1));
      if (this.#random() < this.#scenario.loses) continue;
      this.#waiting.push({
        shard,
        first: Number(first),
        last: Number(first) + facts - 1,
        at: this.#clock.now(),
      });
    }
    this.most = Math.max(this.most, this.#waiting.length);
    this.deliver();
    return this.figures();
  }

  deliver(): void {
    const { consumers, takes, away, delays, batches = 0 } = this.#scenario;
    const since = this.#clock.now() - START;
    if (away && since >= away[0] && since < away[1]) return;
    while (this.#busy < consumers) {
      const [message] = this.#waiting;
      if (!message) return;
      const early = message.at + batches - this.#clock.now();
      if (early > 0) {
        if (!this.#isTimed) {
          this.#isTimed = true;
          this.#clock.timer(early, () => {
            this.#isTimed = false;
            this.deliver();
          });
        }
        return;
      }
      this.#waiting.shift();
      this.#busy += 1;
      const late = delays && this.#random() < delays.share ? delays.ms : 0;
      const done = (): void => {
        const known = this.#arrived.get(message.shard) ?? new Set<number>();
        this.#arrived.set(message.shard, known);
        if (known.has(message.first)) this.copies += 1;
        else this.needed += 1;
        known.add(message.first);
        this.ages.push(message.shard.ageOf(message.last));
        this.#clock.timer(WAY, () => message.shard.archived(message.first, message.last));
      };
      this.#clock.timer(takes, () => {
        this.#busy -= 1;
        if (late > 0) this.#clock.timer(late, done);
        else done();
        this.deliver();
      });
    }
  }
}

async function ship(scenario: Scenario, settings: Settings): Promise<Ended> {
  const random = chance(scenario.seed);
  const clock = new VirtualClock(START);
  const queue = new SimulatedQueue(scenario, clock, random);
  const shards = Array.from(
    { length: scenario.shards },
    (_, number) => new ShippingShard(number, settings, clock, queue),
  );
  for (const shard of shards) {
    const commit = (): void => {
      if (clock.now() - START >= scenario.plays) return;
      shard.commit(scenario.facts);
      clock.timer(1_000 * waitOf(random, scenario.commits), commit);
    };
    clock.timer(1_000 * waitOf(random, scenario.commits), commit);
  }
  const from = Math.max(scenario.plays, scenario.away?.[1] ?? 0);
  if (scenario.away) clock.timer(scenario.away[1], () => queue.deliver());
  await clock.runUntil(START + from);
  let at = from;
  while (shards.some(({ isArchived }) => !isArchived) && at < from + END_MAX) {
    at += 100;
    await clock.runUntil(START + at);
  }
  return {
    drained: (at - from) / 1_000,
    needless: (100 * queue.copies) / Math.max(1, queue.needed),
    most: queue.most,
    lag: meanOf(queue.ages) / 1_000,
  };
}

const DRAINED: Metric = {
  name: "drained",
  what: "from the last event until the origin has every fact",
  unit: "s",
  better: "less",
};
const NEEDLESS: Metric = {
  name: "needless",
  what: "messages sent although the first copy arrives, of 100",
  unit: "",
  better: "less",
};
const MOST: Metric = { name: "most", what: "most messages in the queue", unit: "", better: "less" };

const healthy = { loses: 0, consumers: 20, takes: 50 };
const loseAndDelay = async (settings: Settings, seed: number, faults = true): Promise<Figures> => {
  const common = { ...healthy, seed, shards: 4, commits: 4, facts: 5, plays: 120_000 };
  const lossy = await ship({ ...common, loses: faults ? 0.05 : 0 }, settings);
  const late = await ship({ ...common, ...(faults ? { delays: { share: 0.2, ms: 30_000 } } : {}) }, settings);
  return { drained: lossy.drained, needless: late.needless };
};

/** Everything stands still for ten minutes while events go on. */
const outage = (seed: number, shards: number, away = true): Scenario => ({
  seed,
  shards,
  commits: 2,
  facts: 25,
  plays: 660_000,
  loses: 0,
  consumers: 10,
  takes: 60,
  ...(away ? { away: [60_000, 660_000] as const } : {}),
});

const drains = async (settings: Settings, seed: number, away = true): Promise<Figures> => {
  // Consumers that are many and far: then the window decides how much is under way.
  const { drained, most } = await ship({ ...outage(seed, 16, away), consumers: 200, takes: 300 }, settings);
  return { drained, most };
};

const fills = async (settings: Settings, seed: number, away = true): Promise<Figures> => {
  // How many messages there are is what counts, not how long they are.
  const small = { ...outage(seed, 100, away), facts: 2, plays: 210_000 };
  const { most } = await ship({ ...small, ...(away ? { away: [30_000, 210_000] as const } : {}) }, settings);
  const busy = { ...small, plays: 60_000, consumers: 40, batches: 2_000 };
  const { away: _, ...well } = busy;
  const { lag } = await ship(well, settings);
  return { lag, most };
};

export const queueExperiments = [
  simulated({
    parameter: "RESEND_AFTER_MS",
    condition: "4 shards: a queue that loses one message in 20, and one that holds one in five back for 30 s",
    values: [5_000, 20_000, 60_000, 300_000],
    metrics: [DRAINED, NEEDLESS],
    floor: "a queue without faults",
    rounds: 10,
    wishes: {
      small: [{ metric: "needless", most: 5 }],
      city: [{ metric: "needless", most: 5 }],
      television: [{ metric: "needless", most: 1 }],
    },
    trial: (value, seed) => loseAndDelay({ ...SHIPPING, resendAfter: value }, seed),
    without: (seed) => loseAndDelay(SHIPPING, seed, false),
  }),
  simulated({
    parameter: "SHIP_WINDOW_MESSAGES",
    condition: "16 shards, 800 facts/s, while nothing is taken out of the queue for ten minutes",
    values: [4, 16, 64, 256],
    metrics: [DRAINED, MOST],
    floor: "a queue without an outage",
    rounds: 5,
    wishes: {
      small: [{ metric: "most", most: 2_000 }],
      city: [{ metric: "most", most: 2_000 }],
      television: [{ metric: "most", most: 2_000 }],
    },
    trial: (value, seed) => drains({ ...SHIPPING, window: value }, seed),
    without: (seed) => drains(SHIPPING, seed, false),
  }),
  simulated({
    parameter: "QUEUE_BACKLOG_MAX",
    condition:
      "100 shards, 200 commits/s: nothing is taken out of the queue for three minutes, and a busy minute",
    values: [50, 500, 5_000, 50_000],
    metrics: [
      {
        name: "lag",
        what: "age of facts when the origin has them, in a busy minute without a fault",
        unit: "s",
        better: "less",
      },
      { ...MOST, what: "most messages in the queue in the outage" },
    ],
    floor: "a queue without an outage",
    rounds: 5,
    wishes: {
      // The local queue fails at about 10,000 messages.
      small: [{ metric: "most", most: 9_000 }],
      city: [{ metric: "most", most: 9_000 }],
      television: [{ metric: "most", most: 9_000 }],
    },
    trial: (value, seed) => fills({ ...SHIPPING, backlogMax: value }, seed),
    without: (seed) => fills(SHIPPING, seed, false),
  }),
];
