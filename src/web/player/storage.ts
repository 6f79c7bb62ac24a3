/** What the page keeps on the device: who plays, what it last saw, and events without an answer. */

import { signal } from "@preact/signals";
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Hunt } from "../../contract/hunt.ts";
import type { Me } from "../../contract/me.ts";
import type { PlayerEvent } from "../../contract/play.ts";
import { device } from "../shared/device.ts";
import { isEvent, isHunt, isMe, isSession, type Session } from "./kept.ts";
import type { OutboxStore } from "./outbox.ts";

interface Schema extends DBSchema {
  session: { key: string; value: Session };
  seen: { key: string; value: { hunt?: Hunt; me?: Me } };
  outbox: {
    key: number;
    value: { hunt: string; id: string; event: PlayerEvent };
    indexes: { hunt: string; id: [string, string] };
  };
}

/** Whether the browser keeps what it is given: some private windows and full disks do not. */
export const keeps = signal(true);

let opened: Promise<IDBPDatabase<Schema>> | undefined;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("treasure-hunt", 1, {
    upgrade(db) {
      db.createObjectStore("session", { keyPath: "hunt" });
      db.createObjectStore("seen");
      const outbox = db.createObjectStore("outbox", { autoIncrement: true });
      outbox.createIndex("hunt", "hunt");
      outbox.createIndex("id", ["hunt", "id"], { unique: true });
    },
  });
  return opened;
}

/** What is not kept does not stop anybody from playing: `otherwise` stands for it, and `keeps` tells. */
async function kept<Value>(
  action: (db: IDBPDatabase<Schema>) => Promise<Value>,
  otherwise: Value,
): Promise<Value> {
  try {
    return await action(await database());
  } catch {
    keeps.value = false;
    return otherwise;
  }
}

export const readSession = (hunt: string): Promise<Session | undefined> =>
  kept(async (db) => {
    const session = await db.get("session", hunt);
    return isSession(session) ? session : undefined;
  }, undefined);

/** A hunt that this device plays. */
export const lastSession = (): Promise<string | undefined> =>
  kept(async (db) => {
    const last = device.recall("last-hunt");
    const hunts = await db.getAllKeys("session");
    return hunts.find((hunt) => hunt === last) ?? hunts.at(-1);
  }, undefined);

export const saveSession = (session: Session): Promise<void> =>
  kept(async (db) => void (await db.put("session", session)), undefined);

export const forgetSession = (hunt: string): Promise<void> =>
  kept(async (db) => {
    const transaction = db.transaction(["session", "seen", "outbox"], "readwrite");
    await transaction.objectStore("session").delete(hunt);
    await transaction.objectStore("seen").delete(hunt);
    const outbox = transaction.objectStore("outbox");
    for (const key of await outbox.index("hunt").getAllKeys(hunt)) await outbox.delete(key);
    await transaction.done;
  }, undefined);

export const readSeen = (hunt: string): Promise<{ hunt?: Hunt; me?: Me }> =>
  kept(async (db) => {
    const seen = (await db.get("seen", hunt)) ?? {};
    return {
      ...(isHunt(seen.hunt) ? { hunt: seen.hunt } : {}),
      ...(isMe(seen.me) ? { me: seen.me } : {}),
    };
  }, {});

/** Adds to what was seen, in one transaction: two looks may end at the same time. */
export const saveSeen = (hunt: string, seen: { hunt?: Hunt; me?: Me }): Promise<void> =>
  kept(async (db) => {
    const transaction = db.transaction("seen", "readwrite");
    await transaction.store.put({ ...(await transaction.store.get(hunt)), ...seen }, hunt);
    await transaction.done;
  }, undefined);

export function outboxOf(hunt: string): OutboxStore {
  return {
    all: () =>
      kept(
        async (db) =>
          (await db.getAllFromIndex("outbox", "hunt", hunt)).map(({ event }) => event).filter(isEvent),
        [],
      ),
    add: (event) =>
      kept(async (db) => void (await db.add("outbox", { hunt, id: event.id, event })), undefined),
    remove: (ids) =>
      kept(async (db) => {
        const transaction = db.transaction("outbox", "readwrite");
        for (const id of ids) {
          const key = await transaction.store.index("id").getKey([hunt, id]);
          if (key !== undefined) await transaction.store.delete(key);
        }
        await transaction.done;
      }, undefined),
  };
}
