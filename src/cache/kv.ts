/**
 * The cache tier for what everybody may read: isolate memory, then KV, then
 * the owner object. Nothing here decides a game; an old value costs freshness
 * only, and a wrong one is ignored.
 */
import { configOf } from "../config.ts";
import type { Refusal } from "../errors.ts";
import type { BoardPage, BoardQuery } from "../leaderboard/object.ts";
import type { Env } from "../worker.ts";
import {
  BOARD_ENTRIES_MAX,
  boardKey,
  type PublicEntry,
  publicKey,
  readBoardEntry,
  readPublicEntry,
} from "./entry.ts";

/** Values an isolate keeps; all are dropped when there are more. */
const KEPT_MAX = 2_000;

/** Shortest time KV may repeat a value at its edge (the platform's minimum), seconds. */
const KV_CACHE_TTL = 30;

interface Kept<Value> {
  value: Value;
  /** Epoch ms at which it was read. */
  at: number;
}

/** Isolate memory with single flight: many readers of one key, one reading. */
class Memory<Value> {
  readonly #kept = new Map<string, Kept<Value>>();
  readonly #reading = new Map<string, Promise<Value>>();

  async get(key: string, now: number, maxAge: number, read: () => Promise<Value>): Promise<Value> {
    const kept = this.#kept.get(key);
    if (kept && now - kept.at < maxAge) return kept.value;
    let reading = this.#reading.get(key);
    if (!reading) {
      reading = read()
        .then((value) => {
          if (this.#kept.size >= KEPT_MAX) this.#kept.clear();
          this.#kept.set(key, { value, at: now });
          return value;
        })
        .finally(() => this.#reading.delete(key));
      this.#reading.set(key, reading);
    }
    return reading;
  }

  forget(prefix: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(prefix)) this.#kept.delete(key);
  }
}

const hunts = new Memory<PublicEntry | Refusal>();
const boards = new Memory<BoardPage>();

/** The public half of a hunt with its phase state. */
export function publicHunt(env: Env, hunt: string, now: number): Promise<PublicEntry | Refusal> {
  return hunts.get(`${hunt}/`, now, configOf(env).HUNT_MEMORY_MS, async () => {
    const text = await readKv(env, publicKey(hunt));
    return readPublicEntry(hunt, text) ?? (await env.CONTROL.getByName(hunt).publicEntry());
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
      if (entry && now - entry.at <= config.LEADERBOARD_KV_MAX_AGE_MS) {
        const { asOf, frozen, total, entries } = entry;
        return { asOf, frozen, total, entries: entries.slice(query.offset, query.offset + query.limit) };
      }
    }
    return env.LEADERBOARD.getByName(hunt).read(query);
  });
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
