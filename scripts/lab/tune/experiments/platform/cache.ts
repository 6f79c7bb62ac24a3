/**
 * The cache tier for what everybody may read (src/cache/kv.ts) in virtual time:
 * isolates that share a KV, of which each place repeats a value for half a
 * minute, and the owner objects behind it. An isolate is an instance of the
 * module.
 */
import { boardKey, KV_CACHE_TTL, publicKey } from "../../../../../src/cache/entry.ts";
import type * as KvTier from "../../../../../src/cache/kv.ts";
import { signedText } from "../../../../../src/cache/signed.ts";
import type { PublicEntry } from "../../../../../src/objects/control.ts";
import type { Env } from "../../../../../src/objects/env.ts";
import { createSecrets } from "../../../../local/secrets.ts";
import { below, type Chance, chance, waitOf } from "../../../measure/chance.ts";
import { meanOf } from "../../../measure/statistics.ts";
import type { Figures } from "../../experiment.ts";

const START = 1_800_000_000_000;
const SECOND = 1_000;
const MINUTE = 60_000;

const ISOLATES = 20;

/** Isolates of one place share its copy of KV. */
const PLACES = 5;

/** Requests a second of all isolates. */
const RATE = 100;

const tier = new URL("../../../../../src/cache/kv.ts", import.meta.url).href;
let isolates: Promise<(typeof KvTier)[]> | undefined;
const isolatesOnce = (): Promise<(typeof KvTier)[]> => {
  isolates ??= Promise.all(
    Array.from(
      { length: ISOLATES },
      async (_, isolate) => (await import(`${tier}?isolate=${isolate}`)) as typeof KvTier,
    ),
  );
  return isolates;
};

const secrets = createSecrets();

/** A value in KV, and since when. */
interface Put {
  text: string;
  at: number;
}

/** KV as each place sees it, counted, and the time. */
class SimulatedKv {
  now = START;
  reads = 0;
  readonly #puts = new Map<string, Put[]>();
  readonly #edges = Array.from(
    { length: PLACES },
    () => new Map<string, { text: string | null; until: number }>(),
  );
  readonly #lag: number;
  readonly #random: Chance;

  /** `lag`: how much later than the writing a place that reads anew sees a value, ms. */
  constructor(lag: number, random: Chance) {
    this.#lag = lag;
    this.#random = random;
  }

  put(key: string, json: string, at = this.now): string {
    const text = signedText(secrets, key, json, at);
    this.putText(key, text);
    return text;
  }

  putText(key: string, text: string): void {
    const puts = this.#puts.get(key) ?? [];
    puts.push({ text, at: this.now });
    // Nobody sees the older ones any more.
    while ((puts[1]?.at ?? this.now) < this.now - this.#lag) puts.shift();
    this.#puts.set(key, puts);
  }

  get(place: number, key: string): string | null {
    this.reads += 1;
    const edge = this.#edges[place];
    const repeated = edge?.get(key);
    if (repeated && repeated.until > this.now) return repeated.text;
    const text = this.#puts.get(key)?.findLast(({ at }) => at <= this.now - this.#lag)?.text ?? null;
    // For that long at least: places do not renew their copies in step.
    edge?.set(key, { text, until: this.now + KV_CACHE_TTL * SECOND * (1 + this.#random() / 2) });
    return text;
  }
}

interface Owner {
  publicEntry?(): PublicEntry;
  read?(): object;
}

/** The environments of the isolates: their vars, their place's KV and the owner. */
function environments(kv: SimulatedKv, vars: Record<string, number>, owner: Owner): Env[] {
  const texts = Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)]));
  return Array.from({ length: ISOLATES }, (_, isolate) => {
    const env = {
      ...secrets,
      ...texts,
      CACHE: { get: async (key: string) => kv.get(isolate % PLACES, key) },
      CONTROL: { getByName: () => ({ publicEntry: async () => owner.publicEntry?.() }) },
      LEADERBOARD: { getByName: () => ({ read: async () => owner.read?.() }) },
    };
    return env as unknown as Env;
  });
}

let hunts = 0;
/** A name that no isolate has in memory. */
const newHunt = (): string => {
  hunts += 1;
  return `h-${hunts}`;
};

/** Requests at their times, each in one of the isolates. */
async function requests(
  kv: SimulatedKv,
  random: Chance,
  until: number,
  ask: (isolate: number) => Promise<void>,
): Promise<number> {
  let count = 0;
  for (;;) {
    kv.now = Math.ceil(kv.now + SECOND * waitOf(random, RATE));
    if (kv.now >= START + until) return count;
    count += 1;
    await ask(below(random, ISOLATES));
  }
}

const entryOf = (hunt: string, revision: number): PublicEntry =>
  ({ v: 1, hunt: { hunt }, version: revision, revision, phase: { paused: false } }) as unknown as PublicEntry;

const per1000 = (part: number, whole: number): number => (1_000 * part) / Math.max(1, whole);

export async function hunt(vars: Record<string, number>, seed: number): Promise<Figures> {
  const random = chance(seed);
  const kv = new SimulatedKv(0, chance(seed + 1));
  const name = newHunt();
  const modules = await isolatesOnce();
  let owned = 0;
  let revision = 1;
  let changedAt = kv.now;
  const envs = environments(kv, vars, {
    publicEntry: () => {
      owned += 1;
      return entryOf(name, revision);
    },
  });
  kv.put(publicKey(name), JSON.stringify(entryOf(name, revision)));
  const waits: number[] = [];
  const shown = new Map<number, number>();
  const next = (): number => kv.now + MINUTE * (1.5 + random());
  let changesAt = next();
  const count = await requests(kv, random, 24 * MINUTE, async (isolate) => {
    if (kv.now >= changesAt) {
      revision += 1;
      changedAt = kv.now;
      changesAt = next();
      kv.put(publicKey(name), JSON.stringify(entryOf(name, revision)));
    }
    const env = envs[isolate];
    const module = modules[isolate];
    if (!env || !module) throw new Error("an isolate was drawn that is not there");
    const told = await module.publicHunt(env, name, kv.now);
    if ("refused" in told) throw new Error(`the hunt is refused: ${told.refused}`);
    if ((shown.get(isolate) ?? 1) === told.revision) return;
    shown.set(isolate, told.revision);
    if (told.revision === revision) waits.push((kv.now - changedAt) / SECOND);
  });
  return { reads: per1000(kv.reads, count), late: meanOf(waits), owner: per1000(owned, count) };
}

export async function putBack(vars: Record<string, number>, seed: number): Promise<Figures> {
  const random = chance(seed);
  const kv = new SimulatedKv(0, chance(seed + 1));
  const name = newHunt();
  const modules = await isolatesOnce();
  let owned = 0;
  const revision = 2;
  const envs = environments(kv, vars, {
    publicEntry: () => {
      owned += 1;
      return entryOf(name, revision);
    },
  });
  const old = kv.put(publicKey(name), JSON.stringify(entryOf(name, 1)));
  kv.now += MINUTE;
  const began = kv.now;
  kv.put(publicKey(name), JSON.stringify(entryOf(name, revision)));
  let isBack = false;
  let wrong = 0;
  let after = 0;
  const count = await requests(kv, random, 40 * MINUTE, async (isolate) => {
    // Somebody who can write there puts the entry of before in its place.
    if (!isBack && kv.now > began + 2 * MINUTE) {
      isBack = true;
      kv.putText(publicKey(name), old);
    }
    const env = envs[isolate];
    const module = modules[isolate];
    if (!env || !module) throw new Error("an isolate was drawn that is not there");
    const told = await module.publicHunt(env, name, kv.now);
    if ("refused" in told || !isBack) return;
    after += 1;
    if (told.revision !== revision) wrong += 1;
  });
  // Requests come evenly, so that their share is one of the time.
  return {
    wrong: (wrong / Math.max(1, after)) * ((40 * MINUTE - 3 * MINUTE) / SECOND),
    owner: per1000(owned, count),
  };
}

export async function board(vars: Record<string, number>, seed: number, late: boolean): Promise<Figures> {
  const random = chance(seed);
  const kv = new SimulatedKv(late ? MINUTE : 0, chance(seed + 1));
  const name = newHunt();
  const modules = await isolatesOnce();
  let owned = 0;
  const page = (): object => ({ asOf: kv.now, frozen: false, total: 1, entries: [] });
  const envs = environments(kv, vars, {
    read: () => {
      owned += 1;
      return page();
    },
  });
  const ages: number[] = [];
  let published = 0;
  const publish = (): void => {
    published = kv.now;
    kv.put(boardKey(name), JSON.stringify({ v: 1, hunt: name, at: kv.now, ...page() }));
  };
  const readsBefore = kv.reads;
  publish();
  const count = await requests(kv, random, 5 * MINUTE, async (isolate) => {
    if (kv.now - published >= SECOND) publish();
    const env = envs[isolate];
    const module = modules[isolate];
    if (!env || !module) throw new Error("an isolate was drawn that is not there");
    const told = await module.boardPage(
      env,
      { hunt: { hunt: name } },
      { offset: 0, limit: 50, organiser: false },
      kv.now,
    );
    ages.push((kv.now - told.asOf) / SECOND);
  });
  return { reads: per1000(kv.reads - readsBefore, count), age: meanOf(ages), owner: per1000(owned, count) };
}
