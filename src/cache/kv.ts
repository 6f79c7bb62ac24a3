/**
 * The cache tier for what everybody may read: isolate memory, then KV, then
 * the owner object. Nothing here decides a game; an old value costs freshness
 * only, and one that the engine did not sign is ignored.
 */
import { isAhead, isYoung } from "../ahead.ts";
import { BoundedMap } from "../bounded-map.ts";
import { configOf } from "../config.ts";
import type { Roots } from "../contract/proof.ts";
import { accepted, type Refusal, refuse } from "../errors.ts";
import { calling, controlStub, leaderboardStub } from "../objects/call.ts";
import type { PublicEntry } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { scopeOf } from "../objects/incarnation.ts";
import type { BoardPage, BoardQuery, ClueSolves, ClueSolvesQuery } from "../objects/leaderboard.ts";
import { aheadOf } from "../objects/rehearsal.ts";
import type { LoadFigures } from "../placement/loads.ts";
import { meter } from "../telemetry/meter.ts";
import type { Counter } from "../telemetry/metrics.ts";
import {
  BOARD_ENTRIES_MAX,
  boardKey,
  KV_CACHE_TTL,
  loadKey,
  publicKey,
  readBoardEntry,
  readLoadEntry,
  readPublicEntry,
  readRootsEntry,
  rootsKey,
} from "./entry.ts";
import { exists, forgetList, forgetName, isKnown } from "./known-hunts.ts";
import { Memory } from "./memory.ts";
import { openSigned } from "./signed.ts";

/** Hunts, and lists of shards, that an isolate has in memory. */
const CACHED_MAX = 2_000;

/** Characters of a hunt's pages that weigh as much as a hunt without any. */
const CHARS_OF_ONE = 10_000;

/**
 * Rows of standings that an isolate has in memory, 20 MB or so: by number alone, whoever
 * asks for ever other pages of 500 would fill it. A page counts a few rows more than it has.
 */
const BOARD_ROWS_MAX = 40_000;
const BOARD_PAGE_ROWS = 10;

/** Roots, and shards in them, that an isolate has in memory. */
const ROOTS_MAX = 40_000;

/** Loads of shards that an isolate has in memory. */
const LOADS_MAX = 40_000;

/**
 * An old value is repeated while one request reads it anew, or cannot, until it
 * is this many times older than it may be.
 */
const STALE_FACTOR = 20;

interface Cached<Value> {
  value: Value;
  /** When it was read, epoch ms. */
  at: number;
}

/**
 * One request reads an old value anew while the others repeat it. Requests never
 * wait for each other's reading, because what one request does cannot be
 * awaited by another (its I/O ends with it).
 */
class Repeating<Value> {
  readonly #memory: Memory<Cached<Value>>;
  readonly #hits: Counter;
  readonly #lasting: (value: Value) => boolean;

  /** `lasting`: whether a value may be repeated; default: any may. `max` and `weightOf`: see `Memory`. */
  constructor(
    name: string,
    {
      lasting = () => true,
      max = CACHED_MAX,
      weightOf = () => 1,
    }: { lasting?(value: Value): boolean; max?: number; weightOf?(value: Value): number } = {},
  ) {
    this.#hits = meter.counter("hunt_cache_reads_total", name, "memory");
    this.#lasting = lasting;
    this.#memory = new Memory(max, ({ value }) => weightOf(value));
  }

  async get(key: string, now: number, maxAge: number, read: () => Promise<Value>): Promise<Value> {
    const cached = this.#memory.get(key);
    if (!cached) return this.#read(key, now, read);
    // A copy dated ahead, by a clock that was wrong, is of no known age.
    const age = isAhead(cached.at, now) ? Number.POSITIVE_INFINITY : now - cached.at;
    if (age < maxAge || (age < maxAge * STALE_FACTOR && this.#memory.reading(key, now))) {
      this.#hits.value += 1;
      return cached.value;
    }
    const reading = { since: now };
    this.#memory.begin(key, reading);
    try {
      const value = await this.#read(key, now, read);
      this.#memory.end(key, reading);
      return value;
    } catch (error) {
      // The owner is away: the old value is better than none, and says how old it is. The reading
      // goes on counting, so that the owner is not asked again for every request.
      if (age < maxAge * STALE_FACTOR) return cached.value;
      throw error;
    }
  }

  async #read(key: string, now: number, read: () => Promise<Value>): Promise<Value> {
    const value = await read();
    if (this.#lasting(value)) this.#memory.set(key, { value, at: now });
    else if (this.#memory.get(key)) this.#memory.forget(key);
    return value;
  }

  forget(prefix: string): void {
    this.#memory.forget(prefix);
  }
}

/** Characters of a hunt's own pages, in its languages. */
function lengthOf({ hunt: { pages = [], translations = {} } }: PublicEntry): number {
  const texts = Object.values(translations).flatMap((own) => Object.values(own));
  return [...pages.map(({ body }) => body), ...texts].reduce((sum, { length }) => sum + length, 0);
}

// That there is no such hunt is not remembered by its name: guessed names would push out those that exist.
const hunts = new Repeating<PublicEntry | Refusal>("hunt", {
  lasting: (value) => !("refused" in value),
  // Pages of a hunt's own are in it.
  weightOf: (value) => ("refused" in value ? 1 : 1 + Math.ceil(lengthOf(value) / CHARS_OF_ONE)),
});
const shards = new Repeating<readonly string[]>("shards");
const boards = new Repeating<BoardPage | Refusal>("leaderboard", {
  max: BOARD_ROWS_MAX,
  weightOf: (page) => BOARD_PAGE_ROWS + ("refused" in page ? 0 : page.entries.length),
  lasting: (page) => !("refused" in page),
});

const clueSolves = new Repeating<ClueSolves | Refusal>("solves", {
  max: BOARD_ROWS_MAX,
  weightOf: (solves) => BOARD_PAGE_ROWS + ("refused" in solves ? 0 : (solves.first?.length ?? 0)),
  lasting: (solves) => !("refused" in solves),
});

const rootPages = new Repeating<Roots>("roots", {
  max: ROOTS_MAX,
  weightOf: ({ roots }) => 1 + roots.reduce((sum, { shards: told }) => sum + 1 + told.length, 0),
  // Pages behind the last are nobody's.
  lasting: ({ roots }) => roots.length > 0,
});

const loads = new Repeating<LoadFigures | undefined>("loads", {
  max: LOADS_MAX,
  weightOf: (figures) => 1 + Object.keys(figures?.shards ?? {}).length,
});

/** Control's own entry of a hunt, and when it was read (epoch ms): an earlier revision in KV gives way to it. */
const confirmed = new BoundedMap<string, Cached<PublicEntry>>(CACHED_MAX);

/**
 * The public half of a hunt with its phase state. Control is asked only for a
 * name that the directory knows, because to ask an object is to make it.
 * `surely`: a hunt that was published just now is found as well.
 */
export function publicHunt(
  env: Env,
  hunt: string,
  now: number,
  surely = false,
): Promise<PublicEntry | Refusal> {
  const { HUNT_MEMORY_MS, HUNT_KV_MAX_AGE_MS } = configOf(env);
  return hunts.get(`${hunt}/`, now, HUNT_MEMORY_MS, async () => {
    if (!surely && isKnown(hunt, now) === false) return NO_SUCH_HUNT;
    const opened = await readKv(env, publicKey(hunt));
    const entry = opened && readPublicEntry(hunt, opened.json);
    const known = confirmed.get(hunt);
    const recent = known && isYoung(known.at, now, HUNT_KV_MAX_AGE_MS) ? known.value : undefined;
    // An entry is written when the hunt changes. So an old one may be right, or may have been put back
    // by somebody: it counts only while control has told this isolate about the hunt within that time.
    const isFresh = opened !== undefined && isYoung(opened.at, now, HUNT_KV_MAX_AGE_MS + 1);
    const fromKv = entry && (isFresh ? entry : recent && entry);
    if (fromKv) {
      count("hunt", "kv");
      return recent && recent.revision > fromKv.revision ? recent : fromKv;
    }
    if (!entry && !(await exists(env, hunt, surely))) return NO_SUCH_HUNT;
    count("hunt", "object");
    try {
      const told = plain(await controlStub(env, hunt).publicEntry(entry === undefined));
      if (!("refused" in told)) confirmed.set(hunt, { value: told, at: now });
      else if (told.refused === "not_found") forgetName(hunt);
      return told;
    } catch (error) {
      // Old, but the engine's own: control is away, and nobody else knows better.
      if (entry) return entry;
      throw error;
    }
  });
}

const NO_SUCH_HUNT = refuse("not_found", "no such hunt");

/** How long the list of a hunt's shards is repeated, ms. */
const SHARDS_MAX_AGE = 1_000;

/** The shards that took part, as control lists them; for ids and codes that no check part proves. */
export function knownShards(env: Env, hunt: string, now: number): Promise<readonly string[]> {
  return shards.get(`${hunt}/`, now, SHARDS_MAX_AGE, async () => [
    ...(await calling(async () => controlStub(env, hunt).shards())),
  ]);
}

/** How long the loads of a hunt's shards are repeated, ms: KV has new ones less often. */
const LOADS_MAX_AGE = 5_000;

/** Of what is kept about a hunt's incarnation. */
type Incarnation = Pick<PublicEntry, "incarnation" | "rehearsal"> & {
  hunt: Pick<PublicEntry["hunt"], "hunt">;
};

const scopeOfEntry = ({ hunt: { hunt }, incarnation }: Incarnation): string => scopeOf(hunt, incarnation);

/**
 * The loads of a hunt's shards, as KV has them; undefined: it has none, or they are no use. No
 * object is asked: without figures teams are placed by chance, and by what this isolate placed.
 */
export async function shardLoads(env: Env, of: Incarnation, now: number): Promise<LoadFigures | undefined> {
  const { hunt } = of.hunt;
  // Its figures are of another clock, and its teams are few.
  if (of.rehearsal) return undefined;
  const scope = scopeOfEntry(of);
  return loads.get(`${scope}/`, now, LOADS_MAX_AGE, async () => {
    const figures = readLoadEntry(hunt, (await readKv(env, loadKey(scope)))?.json ?? null);
    return figures && !isAhead(figures.at, now) ? figures : undefined;
  });
}

/**
 * After an organiser's change: this isolate reads KV anew at once, the others
 * when their copies are too old. KV itself may repeat the old value for a while.
 */
export function forgetHunt(hunt: string): void {
  hunts.forget(`${hunt}/`);
  confirmed.delete(hunt);
  // Of each of its incarnations.
  for (const scope of [`${hunt}/`, `${hunt}~`]) {
    boards.forget(scope);
    clueSolves.forget(scope);
  }
  forgetList();
}

/** A page of the standings, or with `around` the rows around a team. */
type Asked = BoardQuery & { around?: string };

/** The rows as everybody may see them; throws for a team without a place. */
export async function boardPage(env: Env, of: Incarnation, query: Asked, now: number): Promise<BoardPage> {
  const config = configOf(env);
  const { hunt } = of.hunt;
  const scope = scopeOfEntry(of);
  const key = `${scope}/${query.offset}/${query.limit}/${query.bracket ?? ""}/${query.around ?? ""}`;
  const page = await boards.get(key, now, config.LEADERBOARD_MEMORY_MS, async () => {
    const published = query.bracket === undefined && query.around === undefined;
    if (published && query.offset + query.limit <= BOARD_ENTRIES_MAX) {
      const entry = readBoardEntry(hunt, (await readKv(env, boardKey(scope)))?.json ?? null);
      const there = now + aheadOf(of);
      const young = entry && isYoung(entry.at, there, config.LEADERBOARD_KV_MAX_AGE_MS + 1);
      if (entry && young && there < (entry.until ?? Number.POSITIVE_INFINITY)) {
        count("leaderboard", "kv");
        const { asOf, frozen, total, entries } = entry;
        return { asOf, frozen, total, entries: entries.slice(query.offset, query.offset + query.limit) };
      }
    }
    count("leaderboard", "object");
    return plain(await readBoard(env, hunt, query));
  });
  return accepted(page);
}

/** A page of the roots over a hunt's logs, from 0. */
export function rootsPage(env: Env, of: Incarnation, page: number, now: number): Promise<Roots> {
  const config = configOf(env);
  const { hunt } = of.hunt;
  const scope = scopeOfEntry(of);
  return rootPages.get(`${scope}/${page}`, now, config.LEADERBOARD_MEMORY_MS, async () => {
    const opened = await readKv(env, rootsKey(scope, page));
    const entry = opened && readRootsEntry(hunt, page, opened.json);
    // A full page never changes.
    if (
      entry &&
      (entry.cursor !== undefined || isYoung(opened.at, now, config.LEADERBOARD_KV_MAX_AGE_MS + 1))
    ) {
      return entry;
    }
    return plain(accepted(await calling(async () => leaderboardStub(env, hunt).roots(page))));
  });
}

/** The same from the owner, uncached, also as organisers see it. */
export function readBoard(env: Env, hunt: string, { around, ...query }: Asked): Promise<BoardPage | Refusal> {
  const board = () => leaderboardStub(env, hunt);
  return calling(async () => (around === undefined ? board().read(query) : board().around(around, query)));
}

/** Who solved a clue, as those see it who are no organisers; throws where they may not. */
export async function clueSolvesOf(
  env: Env,
  of: Incarnation,
  clue: string,
  query: ClueSolvesQuery,
  now: number,
): Promise<ClueSolves> {
  const { hunt } = of.hunt;
  const key = `${scopeOfEntry(of)}/${query.anybody ? "anybody" : "players"}/${clue}`;
  return accepted(
    await clueSolves.get(key, now, configOf(env).LEADERBOARD_MEMORY_MS, async () =>
      plain(await readClueSolves(env, hunt, clue, query)),
    ),
  );
}

/** The same from the owner, uncached, also as organisers see it. */
export const readClueSolves = (
  env: Env,
  hunt: string,
  clue: string,
  query: ClueSolvesQuery,
): Promise<ClueSolves | Refusal> => calling(async () => leaderboardStub(env, hunt).clueSolves(clue, query));

function count(cache: "hunt" | "leaderboard", source: "kv" | "object"): void {
  meter.add("hunt_cache_reads_total", 1, cache, source);
}

/** A copy without the ties to the request that an RPC's result has, so that other requests may use it. */
function plain<Value extends object>(result: Value): Value {
  return JSON.parse(JSON.stringify(result));
}

/** KV is a help, never a need: when it fails, the owner object is asked. */
async function readKv(env: Env, key: string): Promise<{ json: string; at: number } | undefined> {
  try {
    return openSigned(env, key, await env.CACHE.get(key, { cacheTtl: KV_CACHE_TTL }));
  } catch (error) {
    console.warn({ message: "KV could not be read", error: String(error) });
    return undefined;
  }
}
