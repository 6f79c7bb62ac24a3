/** What the page keeps on the device: who plays, what it last saw, and events without an answer. */
import { type DBSchema, openDB } from "idb";
import type { Hunt } from "../shared/api.ts";
import type { OutboxEvent, OutboxStore } from "./outbox.ts";
import type { Me } from "./state.ts";

export interface Session {
  hunt: string;
  token: string;
  player: { id: string; name: string };
  team: { id: string; name: string; joinCode?: string };
}

interface Schema extends DBSchema {
  session: { key: string; value: Session };
  seen: { key: string; value: { hunt?: Hunt; me?: Me } };
  outbox: {
    key: number;
    value: { hunt: string; id: string; event: OutboxEvent };
    indexes: { hunt: string; id: [string, string] };
  };
}

const database = openDB<Schema>("treasure-hunt", 1, {
  upgrade(db) {
    db.createObjectStore("session", { keyPath: "hunt" });
    db.createObjectStore("seen");
    const outbox = db.createObjectStore("outbox", { autoIncrement: true });
    outbox.createIndex("hunt", "hunt");
    outbox.createIndex("id", ["hunt", "id"], { unique: true });
  },
});

export const readSession = async (hunt: string): Promise<Session | undefined> =>
  (await database).get("session", hunt);

export async function saveSession(session: Session): Promise<void> {
  await (await database).put("session", session);
}

export async function forgetSession(hunt: string): Promise<void> {
  const db = await database;
  await db.delete("session", hunt);
  await db.delete("seen", hunt);
  await outboxOf(hunt).remove((await outboxOf(hunt).all()).map(({ id }) => id));
}

export const readSeen = async (hunt: string): Promise<{ hunt?: Hunt; me?: Me }> =>
  (await (await database).get("seen", hunt)) ?? {};

export async function saveSeen(hunt: string, seen: { hunt?: Hunt; me?: Me }): Promise<void> {
  const before = await readSeen(hunt);
  await (await database).put("seen", { ...before, ...seen }, hunt);
}

export function outboxOf(hunt: string): OutboxStore {
  return {
    async all() {
      const rows = await (await database).getAllFromIndex("outbox", "hunt", hunt);
      return rows.map(({ event }) => event);
    },
    async add(event) {
      await (await database).add("outbox", { hunt, id: event.id, event });
    },
    async remove(ids) {
      const transaction = (await database).transaction("outbox", "readwrite");
      for (const id of ids) {
        const key = await transaction.store.index("id").getKey([hunt, id]);
        if (key !== undefined) await transaction.store.delete(key);
      }
      await transaction.done;
    },
  };
}
