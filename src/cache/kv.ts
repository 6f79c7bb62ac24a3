/**
 * The cache tier for public values: isolate memory, then KV, then the owner
 * object. Nothing here decides a game; an old value costs freshness only, and a
 * wrong one is ignored.
 */
import { configOf } from "../config.ts";
import type { Refusal } from "../errors.ts";
import { calling, controlStub, leaderboardStub } from "../objects/call.ts";
import type { PublicEntry } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import type { BoardPage, BoardQuery } from "../objects/leaderboard.ts";
import { meter } from "../telemetry/meter.ts";
import type { Counter } from "../telemetry/metrics.ts";
import { BOARD_ENTRIES_MAX, boardKey, publicKey, readBoardEntry, readPublicEntry } from "./entry.ts";
import { Memory, worthAt } from "./memory.ts";

/** Values of one kind in an isolate's memory. */
const CACHED_MAX = 2_000;

/** Shortest time KV may repeat a value at its edge (the platform's minimum), seconds. */
const KV_CACHE_TTL = 30;

/** A value is stale until it is so many times as old as a fresh one may be. */
const STALE_FACTOR = 20;

/**
 * Values of one kind, each fresh for `maxAge`: one request renews a stale value
 * while the others repeat it. Without a usable value each request reads for
 * itself, because none can await the I/O of another.
 */
class Cache<Value> {
  readonly #memory = new Memory<{ value: Value; at: number }>(CACHED_MAX);
  readonly #hits: Counter;

  constructor(name: string) {
    this.#hits = meter.counter("hunt_cache_reads_total", name, "memory");
  }

  async get(key: string, now: number, maxAge: number, read: () => Promise<Value>): Promise<Value> {
    const memory = this.#memory;
    const cached = memory.get(key);
    const worth = cached && worthAt(now, cached.at + maxAge, cached.at + maxAge * STALE_FACTOR);
    if (cached && (worth === "fresh" || (worth === "stale" && memory.flight(key, now)))) {
      this.#hits.value += 1;
      return cached.value;
    }
    const flight = { since: now };
    if (cached) memory.takeOff(key, flight);
    let value: Value;
    try {
      value = await read();
    } catch (error) {
      // The owner is away: the old value is better than none, and says how old it is. The
      // flight stays, so that the next request waits a little before it tries again.
      if (cached && worth === "stale") return cached.value;
      throw error;
    }
    memory.land(key, flight);
    memory.set(key, { value, at: now });
    return value;
  }

  forget(prefix: string): void {
    this.#memory.forget(prefix);
  }
}

const hunts = new Cache<PublicEntry | Refusal>("hunt");
const boards = new Cache<BoardPage>("leaderboard");

/** The public half of a hunt with its phase state. */
export function publicHunt(env: Env, hunt: string, now: number): Promise<PublicEntry | Refusal> {
  return hunts.get(`${hunt}/`, now, configOf(env).HUNT_MEMORY_MS, async () => {
    const text = await readKv(env, publicKey(hunt));
    const entry = readPublicEntry(hunt, text);
    count("hunt", entry ? "kv" : "object");
    return entry ?? plain(await calling(async () => controlStub(env, hunt).publicEntry()));
  });
}

/** After an organiser's change: this isolate shows it at once, the others when their copy ages. */
export function forgetHunt(hunt: string): void {
  hunts.forget(`${hunt}/`);
  boards.forget(`${hunt}/`);
}

/** One page of the standings as everybody may see them. */
export function boardPage(env: Env, hunt: string, query: BoardQuery, now: number): Promise<BoardPage> {
  const config = configOf(env);
  const key = `${hunt}/${query.offset}/${query.limit}/${query.bracket ?? ""}/${query.around ?? ""}`;
  return boards.get(key, now, config.LEADERBOARD_MEMORY_MS, async () => {
    const published = query.bracket === undefined && query.around === undefined;
    if (published && query.offset + query.limit <= BOARD_ENTRIES_MAX) {
      const entry = readBoardEntry(hunt, await readKv(env, boardKey(hunt)));
      const young = entry && now - entry.at <= config.LEADERBOARD_KV_MAX_AGE_MS;
      if (entry && young && now < (entry.until ?? Number.POSITIVE_INFINITY)) {
        count("leaderboard", "kv");
        const { asOf, frozen, total, entries } = entry;
        return { asOf, frozen, total, entries: entries.slice(query.offset, query.offset + query.limit) };
      }
    }
    count("leaderboard", "object");
    return plain(await calling(async () => leaderboardStub(env, hunt).read(query)));
  });
}

function count(cache: "hunt" | "leaderboard", source: "kv" | "object"): void {
  meter.add("hunt_cache_reads_total", 1, cache, source);
}

/** A copy that other requests may use: an object's result is tied to the request that asked. */
function plain<Value extends object>(result: Value): Value {
  return JSON.parse(JSON.stringify(result));
}

/** KV is a help, never a need: when it fails, the owner object is asked. */
async function readKv(env: Env, key: string): Promise<string | null> {
  try {
    return await env.CACHE.get(key, { cacheTtl: KV_CACHE_TTL });
  } catch (error) {
    console.warn({ message: "KV could not be read", error: String(error) });
    return null;
  }
}
