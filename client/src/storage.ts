/** What outlives a reload: who plays, and events without a result. */
import { isObject, objectIn, parsed } from "./json.ts";
import type { OutboxStore } from "./outbox.ts";
import type { PlayerEvent } from "./wire.ts";

type Maybe<Value> = Value | Promise<Value>;

/** Texts by key, plain or with promises. A `Map` is one; so is `localStorage` with its methods named so. */
export interface HuntStorage {
  get(key: string): Maybe<string | null | undefined>;
  set(key: string, value: string): Maybe<unknown>;
  delete(key: string): Maybe<unknown>;
}

export interface Session {
  token: string;
  player?: { id: string; name: string };
  team?: { id: string; name: string; joinCode?: string };
  returnCode?: string;
}

const sessionKey = (hunt: string): string => `treasure-hunt/${hunt}/session`;

export async function readSession(storage: HuntStorage, hunt: string): Promise<Session | undefined> {
  const kept = objectIn((await storage.get(sessionKey(hunt))) ?? undefined);
  return typeof kept?.token === "string" ? (kept as unknown as Session) : undefined;
}

export async function saveSession(storage: HuntStorage, hunt: string, session: Session): Promise<void> {
  await storage.set(sessionKey(hunt), JSON.stringify(session));
}

const isEvent = (value: unknown): value is PlayerEvent =>
  isObject(value) && typeof value.id === "string" && typeof value.type === "string";

/**
 * A player's events under one key. Each change reads what is there first, so that another client over the
 * same storage loses nothing by it.
 */
export function outboxIn(storage: HuntStorage, hunt: string, player: string): OutboxStore {
  const key = `treasure-hunt/${hunt}/outbox/${player}`;
  const all = async (): Promise<PlayerEvent[]> => {
    const kept = parsed((await storage.get(key)) ?? "");
    return Array.isArray(kept) ? kept.filter(isEvent) : [];
  };
  let last: Promise<unknown> = Promise.resolve();
  /** One change at a time. */
  const change = (to: (events: PlayerEvent[]) => PlayerEvent[]): Promise<void> => {
    const changed = last.then(async () => {
      const events = to(await all());
      if (events.length === 0) await storage.delete(key);
      else await storage.set(key, JSON.stringify(events));
    });
    last = changed.catch(() => undefined);
    return changed;
  };
  return {
    all,
    add: (events) => change((before) => [...before, ...events]),
    remove: (ids) => change((before) => before.filter(({ id }) => !ids.includes(id))),
  };
}
