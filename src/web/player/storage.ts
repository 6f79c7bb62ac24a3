/** What the page keeps on the device: who plays, what it last saw, and events without a result. */

import { signal } from "@preact/signals";
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { OutboxStore } from "../../../client/src/outbox.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { MeApart } from "../../contract/me.ts";
import type { PlayerEvent } from "../../contract/play.ts";
import { device } from "../shared/device.ts";
import { isEvent, isHunt, isMe, isSession, isText, type Session } from "./kept.ts";

/** An event and whose it is. Earlier releases did not say whose. */
interface Row {
  hunt: string;
  id: string;
  event: PlayerEvent;
  player?: string;
  /** Names, to tell somebody else whose it is. */
  name?: string;
  team?: string;
}

/** What was seen of a hunt. `etag`: of the look. */
export interface Seen {
  hunt?: Hunt;
  me?: MeApart;
  etag?: string | undefined;
}

interface Schema extends DBSchema {
  session: { key: string; value: Session };
  /** By the hunt; and long texts, by the hunt and their digest (`textKey`). */
  // And what is on its way to a submission (sendings-kept.ts).
  seen: { key: string; value: Seen & { text?: string; sending?: unknown } };
  // The version stays as it is: a page of an earlier release in another tab would keep a new one waiting.
  outbox: { key: number; value: Row; indexes: { hunt: string; id: [string, string] } };
}

/** Events that one player left on this device, and nobody sends by itself. */
export interface LeftBehind {
  player: string;
  name: string;
  team: string;
  count: number;
}

/** Whether the browser keeps what it is given: some private windows and full disks do not. */
export const keeps = signal(true);

/** The rows of a browser that keeps nothing: they last as long as the page. */
let unkept: Row[] = [];

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
  otherwise: () => Value,
): Promise<Value> {
  try {
    return await action(await database());
  } catch {
    keeps.value = false;
    return otherwise();
  }
}

const nothing = (): undefined => undefined;

export const readSession = (hunt: string): Promise<Session | undefined> =>
  kept(async (db) => {
    const session = await db.get("session", hunt);
    return isSession(session) ? session : undefined;
  }, nothing);

/** A hunt that this device plays. */
export const lastSession = (): Promise<string | undefined> =>
  kept(async (db) => {
    const last = device.recall("last-hunt");
    const hunts = await db.getAllKeys("session");
    return hunts.find((hunt) => hunt === last) ?? hunts.at(-1);
  }, nothing);

export const saveSession = (session: Session): Promise<void> =>
  kept(async (db) => void (await db.put("session", session)), nothing);

export function forgetSession(hunt: string): Promise<void> {
  unkept = unkept.filter((row) => row.hunt !== hunt);
  return kept(async (db) => {
    const transaction = db.transaction(["session", "seen", "outbox"], "readwrite");
    await transaction.objectStore("session").delete(hunt);
    await transaction.objectStore("seen").delete(hunt);
    await transaction.objectStore("seen").delete(textsOfHunt(hunt));
    await transaction.objectStore("seen").delete(startingWith(`sending:${hunt}:`));
    const outbox = transaction.objectStore("outbox");
    for (const key of await outbox.index("hunt").getAllKeys(hunt)) await outbox.delete(key);
    await transaction.done;
  }, nothing);
}

export const readSeen = (hunt: string): Promise<Seen> =>
  kept(
    async (db) => {
      const seen = (await db.get("seen", hunt)) ?? {};
      return {
        ...(isHunt(seen.hunt) ? { hunt: seen.hunt } : {}),
        ...(isMe(seen.me) ? { me: seen.me } : {}),
        ...(isMe(seen.me) && typeof seen.etag === "string" ? { etag: seen.etag } : {}),
      };
    },
    () => ({}),
  );

/** Adds to what was seen, in one transaction: two looks may end at the same time. */
export const saveSeen = (hunt: string, seen: Seen): Promise<void> =>
  kept(async (db) => {
    const transaction = db.transaction("seen", "readwrite");
    await transaction.store.put({ ...(await transaction.store.get(hunt)), ...seen }, hunt);
    await transaction.done;
  }, nothing);

/** No hunt's name has a slash. */
const textKey = (hunt: string, digest: string): string => `${hunt}/${digest}`;

/** A slash and what comes after it: the character behind it is `0`. */
const textsOfHunt = (hunt: string): IDBKeyRange => IDBKeyRange.bound(`${hunt}/`, `${hunt}0`, false, true);

/** Behind every key that begins so stands this character, which no key has. */
const startingWith = (start: string): IDBKeyRange => IDBKeyRange.bound(start, `${start}\uffff`);

/** What is on its way to submissions, under keys that begin so. */
export const readSending = (start: string): Promise<unknown[]> =>
  kept(
    async (db) => (await db.getAll("seen", startingWith(start))).map(({ sending }) => sending),
    () => [],
  );

/** Keeps it; undefined: no more. */
export const keepSending = (key: string, sending: unknown): Promise<void> =>
  kept(async (db) => {
    await (sending === undefined ? db.delete("seen", key) : db.put("seen", { sending }, key));
  }, nothing);

/** The texts with these digests that are kept. */
export const readTexts = (hunt: string, wanted: ReadonlySet<string>): Promise<Map<string, string>> =>
  kept(
    async (db) => {
      const found = new Map<string, string>();
      for (const digest of wanted) {
        const row = await db.get("seen", textKey(hunt, digest));
        if (isText(row)) found.set(digest, row.text);
      }
      return found;
    },
    () => new Map<string, string>(),
  );

export const saveText = (hunt: string, digest: string, text: string): Promise<void> =>
  kept(async (db) => void (await db.put("seen", { text }, textKey(hunt, digest))), nothing);

/** Drops the hunt's texts but these. */
export const dropTexts = (hunt: string, but: ReadonlySet<string>): Promise<void> =>
  kept(async (db) => {
    const { store, done } = db.transaction("seen", "readwrite");
    for (const key of await store.getAllKeys(textsOfHunt(hunt))) {
      if (!but.has(key.slice(hunt.length + 1))) await store.delete(key);
    }
    await done;
  }, nothing);

const ownerOf = ({ player, team }: Session): Pick<Row, "player" | "name" | "team"> => ({
  player: player.id,
  name: player.name,
  team: team.name,
});

/** The rows of a hunt, in the order they were added; without those that are no events. */
async function rowsOf(hunt: string): Promise<Row[]> {
  const stored = await kept(
    (db) => db.getAllFromIndex("outbox", "hunt", hunt),
    () => [],
  );
  return [...stored, ...unkept.filter((row) => row.hunt === hunt)].filter(({ event }) => isEvent(event));
}

/** Changes every row of a hunt that `change` gives something for: another row, or null, which takes it out. */
async function changeRows(hunt: string, change: (row: Row) => Row | null | undefined): Promise<void> {
  unkept = unkept.flatMap((row) => {
    const changed = row.hunt === hunt ? change(row) : undefined;
    return changed === null ? [] : [changed ?? row];
  });
  await kept(async (db) => {
    const { store, done } = db.transaction("outbox", "readwrite");
    for (const key of await store.index("hunt").getAllKeys(hunt)) {
      const row = await store.get(key);
      const changed = row && change(row);
      if (changed === null) await store.delete(key);
      else if (changed) await store.put(changed, key);
    }
    await done;
  }, nothing);
}

/** A player's events: nobody else's are in it. */
export function outboxOf(session: Session): OutboxStore {
  const { hunt } = session;
  const isOwn = ({ player }: Row): boolean => player === session.player.id;
  return {
    all: async () => (await rowsOf(hunt)).filter(isOwn).map(({ event }) => event),
    add: (events) => {
      const rows = events.map((event): Row => ({ hunt, id: event.id, event, ...ownerOf(session) }));
      return kept(
        async (db) => {
          const { store, done } = db.transaction("outbox", "readwrite");
          for (const row of rows) await store.add(row);
          await done;
        },
        () => void unkept.push(...rows),
      );
    },
    remove: (ids) => {
      const removed = new Set(ids);
      unkept = unkept.filter((row) => row.hunt !== hunt || !removed.has(row.id));
      return kept(async (db) => {
        const transaction = db.transaction("outbox", "readwrite");
        for (const id of ids) {
          const key = await transaction.store.index("id").getKey([hunt, id]);
          if (key !== undefined) await transaction.store.delete(key);
        }
        await transaction.done;
      }, nothing);
    },
  };
}

/** Events of the hunt that wait here for other players than `player`; without one, for anybody. */
export async function readLeftBehind(hunt: string, player?: string): Promise<LeftBehind[]> {
  const found = new Map<string, LeftBehind>();
  for (const row of await rowsOf(hunt)) {
    const owner = row.player ?? "";
    if (owner === player) continue;
    const known = found.get(owner) ?? { player: owner, name: row.name ?? "", team: row.team ?? "", count: 0 };
    found.set(owner, { ...known, count: known.count + 1 });
  }
  return [...found.values()];
}

/** Makes what a player left behind another player's. `from` "": what an earlier release kept without a name. */
export const giveRows = (from: string, to: Session): Promise<void> =>
  changeRows(to.hunt, (row) => ((row.player ?? "") === from ? { ...row, ...ownerOf(to) } : undefined));

export const dropRows = (hunt: string, from: string): Promise<void> =>
  changeRows(hunt, (row) => ((row.player ?? "") === from ? null : undefined));
