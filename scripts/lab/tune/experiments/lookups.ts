/**
 * Look-ups of registered players: the engine's own cache tier (src/cache/swr.ts)
 * in virtual time, in many isolates that share a KV, before an origin that is
 * slow, away, or learns late.
 */
import { type Profile, readRegistrationEntry } from "../../../../src/cache/entry.ts";
import { type Found, type Lives, Lookups } from "../../../../src/cache/swr.ts";
import { PARAMETERS } from "../../../../src/config.ts";
import { below, type Chance, chance, waitOf } from "../../measure/chance.ts";
import { meanOf, quantileOf, rising } from "../../measure/statistics.ts";
import { VirtualClock } from "../../measure/virtual-clock.ts";
import { type Figures, type Metric, type ParameterName, simulated } from "../experiment.ts";

const START = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;

/** The way to KV, ms; and for how long its edge repeats a value, ms: another place sees a write that much later. */
const KV_MS = 15;
const KV_REPEATS = 30_000;

interface Settings {
  lives: Lives;
  limit: number;
  isolates: number;
}

const LOOKUP: Settings = {
  lives: {
    fresh: PARAMETERS.LOOKUP_FRESH_MS.default,
    stale: PARAMETERS.LOOKUP_STALE_MS.default,
    negative: PARAMETERS.LOOKUP_NEGATIVE_MS.default,
  },
  limit: PARAMETERS.LOOKUP_LIMIT_MS.default,
  isolates: 50,
};

/** A person's registration, as the origin has it: from when on, and whether it is blocked. */
interface Person {
  since: number;
  blockedSince: number;
}

/** Isolates, KV and origin. */
class World {
  readonly clock = new VirtualClock(START);
  readonly people = new Map<string, Person>();
  asked = 0;
  readonly #isolates: Lookups<Profile>[];
  readonly #kv = new Map<string, { text: string; at: number }[]>();
  readonly #edges: Map<string, { text: string | null; until: number }>[];
  readonly #settings: Settings;
  readonly #random: Chance;
  /** How long the origin takes for a call, ms; undefined: it fails at once. */
  originTakes: () => number | undefined = () => 30;

  constructor(settings: Settings, random: Chance) {
    this.#settings = settings;
    this.#random = random;
    this.#isolates = Array.from({ length: settings.isolates }, () => new Lookups<Profile>());
    this.#edges = Array.from({ length: settings.isolates }, () => new Map());
  }

  get now(): number {
    return this.clock.now() - START;
  }

  lookUp(key: string): Promise<Found<Profile>> {
    const index = below(this.#random, this.#isolates.length);
    const { lives, limit } = this.#settings;
    const lookups = this.#isolates[index];
    const edge = this.#edges[index];
    if (!lookups || !edge) throw new Error("an isolate was drawn that is not there");
    return lookups.get(
      key,
      { lives, limit, read: readRegistrationEntry },
      {
        // Whole, as the platform's are: entries of KV are refused otherwise.
        now: () => Math.floor(this.clock.now()),
        timer: (ms) => {
          let cancel = (): void => undefined;
          const done = new Promise<void>((resolve) => {
            cancel = this.clock.timer(ms, resolve);
          });
          return { done, cancel };
        },
        readKv: async (name) => {
          await this.clock.sleep(KV_MS);
          const repeated = edge.get(name);
          if (repeated && repeated.until > this.clock.now()) return repeated.text;
          const text = this.#kv.get(name)?.at(-1)?.text ?? null;
          edge.set(name, { text, until: this.clock.now() + KV_REPEATS });
          return text;
        },
        writeKv: async (name, text) => {
          await this.clock.sleep(KV_MS);
          this.#kv.set(name, [{ text, at: this.clock.now() }]);
        },
        load: () => this.#ask(key),
        later: () => undefined,
        warn: () => undefined,
      },
    );
  }

  async #ask(key: string): Promise<Profile | null> {
    this.asked += 1;
    const takes = this.originTakes();
    if (takes === undefined) throw new Error("the origin is away");
    await this.clock.sleep(takes);
    const person = this.people.get(key);
    if (!person || person.since > this.now) return null;
    return person.blockedSince <= this.now ? { blocked: true } : {};
  }

  /** Arrivals, `rate` a second on average, until `until`. */
  async arrivals(rate: number, until: number, arrived: (now: number) => Promise<void>): Promise<void> {
    const all: Promise<void>[] = [];
    for (;;) {
      await this.clock.sleep(1_000 * waitOf(this.#random, rate));
      if (this.now >= until) break;
      all.push(arrived(this.now));
    }
    await Promise.all(all);
  }
}

const ALWAYS: Person = { since: 0, blockedSince: Number.POSITIVE_INFINITY };
const per1000 = (part: number, whole: number): number => (whole === 0 ? 0 : (1_000 * part) / whole);
const percent = (part: number, whole: number): number => per1000(part, whole) / 10;

/** Players who come again and again for two hours, and some whom the company blocks on the way. */
async function freshness(settings: Settings, seed: number): Promise<Figures> {
  const random = chance(seed);
  const world = new World(settings, random);
  const people = Array.from({ length: 400 }, (_, index) => `p-${index}`);
  for (const [index, person] of people.entries()) {
    const blocked = index % 4 === 0;
    world.people.set(person, {
      since: 0,
      blockedSince: blocked ? random() * 2 * HOUR : Number.POSITIVE_INFINITY,
    });
  }
  let count = 0;
  /** The last time that a blocked person was let in, after the block. */
  const last = new Map<string, number>();
  const run = world.arrivals(2, 2 * HOUR, async (at) => {
    count += 1;
    const key = people[below(random, people.length)] ?? "";
    const found = await world.lookUp(key);
    const { blockedSince } = world.people.get(key) ?? ALWAYS;
    if ("value" in found && found.value && !found.value.blocked && at > blockedSince)
      last.set(key, at - blockedSince);
  });
  await world.clock.runUntil(START + 2 * HOUR + MINUTE);
  await run;
  const blocked = [...world.people].filter(([, { blockedSince }]) => blockedSince < 1.5 * HOUR);
  return {
    asked: per1000(world.asked, count),
    blind: meanOf(blocked.map(([key]) => (last.get(key) ?? 0) / 1_000)),
  };
}

/** The origin is away for half an hour, or for a night, after everybody was known. */
async function away(settings: Settings, seed: number): Promise<Figures> {
  const random = chance(seed);
  const world = new World({ ...settings, isolates: 20 }, random);
  const people = Array.from({ length: 300 }, (_, index) => `p-${index}`);
  for (const person of people) world.people.set(person, ALWAYS);
  const dies = HOUR;
  const until = dies + 8 * HOUR;
  let during = 0;
  let failed = 0;
  const run = world.arrivals(0.5, until, async (at) => {
    if (at >= dies) world.originTakes = () => undefined;
    const found = await world.lookUp(people[below(random, people.length)] ?? "");
    if (at < dies) return;
    during += 1;
    if ("failed" in found) failed += 1;
  });
  await world.clock.runUntil(START + until + MINUTE);
  await run;
  return { failed: percent(failed, during) };
}

async function awayAndBlind(settings: Settings, seed: number): Promise<Figures> {
  const { blind = Number.NaN } = await freshness(settings, seed);
  return { ...(await away(settings, seed)), blind };
}

/** Guests who try every few seconds, and some of them whom the company registers meanwhile. */
async function late(settings: Settings, seed: number): Promise<Figures> {
  const random = chance(seed);
  const world = new World(settings, random);
  const waits: number[] = [];
  let count = 0;
  const guest = async (key: string): Promise<void> => {
    const registered = random() < 0.3 ? world.now + 10_000 + random() * 60_000 : Number.POSITIVE_INFINITY;
    world.people.set(key, { since: registered, blockedSince: Number.POSITIVE_INFINITY });
    for (const until = world.now + 10 * MINUTE; world.now < until; ) {
      count += 1;
      const found = await world.lookUp(key);
      if ("value" in found && found.value) {
        waits.push((world.now - registered) / 1_000);
        return;
      }
      await world.clock.sleep(4_000 + random() * 4_000);
    }
  };
  const run = world.arrivals(0.5, 10 * MINUTE, () => guest(`g-${count}`));
  await world.clock.runUntil(START + 25 * MINUTE);
  await run;
  return { waits: meanOf(waits), asked: per1000(world.asked, count) };
}

/** Everybody joins for the first time, and the origin answers late, now and then very late. */
async function slow(settings: Settings, seed: number): Promise<Figures> {
  const random = chance(seed);
  const world = new World(settings, random);
  world.originTakes = () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    // The median 150 ms, one in ten above half a second, one in fifty above a second.
    return 150 * Math.exp(0.95 * normal);
  };
  const times: number[] = [];
  let unknown = 0;
  const run = world.arrivals(20, MINUTE, async (at) => {
    const key = `p-${times.length}-${at}`;
    world.people.set(key, ALWAYS);
    const found = await world.lookUp(key);
    times.push(world.now - at);
    if ("failed" in found) unknown += 1;
  });
  await world.clock.runUntil(START + 2 * MINUTE);
  await run;
  return { unknown: percent(unknown, times.length), wait: quantileOf(rising(times), 0.99) };
}

const BLIND: Metric = {
  name: "blind",
  what: "how long somebody who is blocked still gets in",
  unit: "s",
  better: "less",
};

const lives = (name: keyof Lives, value: number): Settings => ({
  ...LOOKUP,
  lives: { ...LOOKUP.lives, [name]: value },
});

const declared = <Parameter extends ParameterName>(parameter: Parameter, condition: string) => ({
  parameter,
  condition: `${condition}; ${LOOKUP.isolates} isolates`,
});

export const lookupExperiments = [
  simulated({
    ...declared(
      "LOOKUP_FRESH_MS",
      "400 players who come again for two hours, a quarter of them blocked on the way",
    ),
    values: [0, 30_000, 300_000, 3_600_000],
    metrics: [
      { name: "asked", what: "calls on the origin for 1,000 look-ups", unit: "", better: "less" },
      BLIND,
    ],
    floor: "nothing is remembered",
    rounds: 6,
    wishes: {
      // An old look-up is used once more while it is renewed, so that blocking takes about as long in any case.
      small: [{ metric: "blind", most: 3_300 }],
      city: [{ metric: "blind", most: 3_300 }],
      television: [],
    },
    trial: (value, seed) => freshness(lives("fresh", value), seed),
    without: (seed) => freshness({ ...LOOKUP, lives: { fresh: 0, stale: 0, negative: 0 } }, seed),
  }),
  simulated({
    parameter: "LOOKUP_STALE_MS",
    condition:
      "300 known players who come again while the origin is dead for eight hours, 20 isolates; and 400 of whom a quarter is blocked",
    values: [0, 600_000, 3_600_000, 86_400_000],
    metrics: [
      { name: "failed", what: "look-ups of known players that fail", unit: "%", better: "less" },
      BLIND,
    ],
    floor: "nothing is remembered",
    rounds: 6,
    wishes: { small: [], city: [], television: [] },
    trial: (value, seed) => awayAndBlind(lives("stale", value), seed),
    without: (seed) => awayAndBlind({ ...LOOKUP, lives: { fresh: 0, stale: 0, negative: 0 } }, seed),
  }),
  simulated({
    ...declared(
      "LOOKUP_NEGATIVE_MS",
      "guests who try every 4 to 8 s, a third of them registered a minute later",
    ),
    values: [0, 5_000, 30_000, 300_000],
    metrics: [
      { name: "asked", what: "calls on the origin for 1,000 look-ups", unit: "", better: "less" },
      { name: "waits", what: "from registering to getting in", unit: "s", better: "less" },
    ],
    floor: "nothing is remembered",
    rounds: 6,
    wishes: {
      small: [{ metric: "waits", most: 30 }],
      city: [{ metric: "waits", most: 60 }],
      television: [{ metric: "waits", most: 60 }],
    },
    trial: (value, seed) => late(lives("negative", value), seed),
    without: (seed) => late({ ...LOOKUP, lives: { fresh: 0, stale: 0, negative: 0 } }, seed),
  }),
  simulated({
    ...declared(
      "LOOKUP_LIMIT_MS",
      "20 players a second join for the first time, the origin takes 150 ms (median) to seconds",
    ),
    values: [100, 200, 400, 1_000, 3_000],
    metrics: [
      { name: "unknown", what: "joinings that the hunt's policy decides", unit: "%", better: "less" },
      { name: "wait", what: "p99 of the wait", unit: "ms", better: "less" },
    ],
    floor: "no limit but the origin's own",
    rounds: 6,
    wishes: {
      small: [{ metric: "wait", most: 1_000 }],
      city: [{ metric: "wait", most: 1_000 }],
      television: [{ metric: "wait", most: 500 }],
    },
    trial: (value, seed) => slow({ ...LOOKUP, limit: value }, seed),
    without: (seed) => slow({ ...LOOKUP, limit: 30_000 }, seed),
  }),
];
