/**
 * The cache tier for what everybody may read: isolate memory, then KV, then
 * the owner object. Nothing here decides a game; an old value costs freshness
 * only, and a wrong one is ignored.
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

/** Values an isolate keeps; all are dropped when there are more. */
const KEPT_MAX = 2_000;

/** Shortest time KV may repeat a value at its edge (the platform's minimum), seconds. */
const KV_CACHE_TTL = 30;

/** A refresh that has not ended by then is given up on, and another request begins one, ms. */
const REFRESH_MAX = 5_000;

/** A value this many times older than it may be is no longer repeated while one request refreshes it. */
const STALE_FACTOR = 20;

interface Kept<Value> {
  value: Value;
  /** Epoch ms at which it was read. */
  at: number;
  /** Since when a request has been reading it anew, epoch ms. */
  refreshing?: number;
}

/**
 * Isolate memory: a value is read anew by one request while the others repeat
 * the old one. Requests never wait for each other's reading, because what one
 * request does cannot be awaited by another (its I/O ends with it).
 */
class Memory<Value> {
  readonly #kept = new Map<string, Kept<Value>>();
  readonly #hits: Counter;

  constructor(name: string) {
    this.#hits = meter.counter("hunt_cache_reads_total", name, "memory");
  }

  async get(key: string, now: number, maxAge: number, read: () => Promise<Value>): Promise<Value> {
    const kept = this.#kept.get(key);
    if (kept) {
      const age = now - kept.at;
      const refreshed = kept.refreshing !== undefined && now - kept.refreshing < REFRESH_MAX;
      if (age < maxAge || (refreshed && age < maxAge * STALE_FACTOR)) return this.#remembered(kept.value);
      kept.refreshing = now;
    }
    let value: Value;
    try {
      value = await read();
    } catch (error) {
      // The owner is away: the old value is better than none, and says how old it is.
      if (kept && now - kept.at < maxAge * STALE_FACTOR) return kept.value;
      throw error;
    }
    if (this.#kept.size >= KEPT_MAX) this.#kept.clear();
    this.#kept.set(key, { value, at: now });
    return value;
  }

  #remembered(value: Value): Value {
    this.#hits.value += 1;
    return value;
  }

  forget(prefix: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(prefix)) this.#kept.delete(key);
  }
}

const hunts = new Memory<PublicEntry | Refusal>("hunt");
const boards = new Memory<BoardPage>("leaderboard");

/** The public half of a hunt with its phase state. */
export function publicHunt(env: Env, hunt: string, now: number): Promise<PublicEntry | Refusal> {
  return hunts.get(`${hunt}/`, now, configOf(env).HUNT_MEMORY_MS, async () => {
    const text = await readKv(env, publicKey(hunt));
    const entry = readPublicEntry(hunt, text);
    count("hunt", entry ? "kv" : "object");
    return entry ?? plain(await controlStub(env, hunt).publicEntry());
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

/** A copy without the ties to the request that an object's answer carries, so that others may use it. */
function plain<Value extends object>(answer: Value): Value {
  return JSON.parse(JSON.stringify(answer));
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
