/**
 * What a person has once in a hunt: an entry (`players.once`), the value of a field. Who has joined with
 * it is kept beside the team names, under a keyed digest: what is digested is personal data, and stays
 * beside the log alone.
 */
import { isYoung } from "../ahead.ts";
import { accepted, RequestError } from "../errors.ts";
import { calling, registryStub, shardStub } from "../objects/call.ts";
import type { PublicEntry } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { type Holder, JOINED_BEFORE, RESERVATION_MAX } from "../objects/names.ts";
import type { Joined } from "../objects/shard.ts";
import { playerNow } from "./seats.ts";

/** One joining: its keys, and the shards that it may be recorded in. */
interface Joining {
  hunt: string;
  key: string;
  /** The key that an older engine would have given it. */
  olderKey?: string;
  shards: readonly string[];
  now: number;
}

/** What no two joinings of a hunt have. */
export interface Once {
  /** In the registry. */
  name: string;
  /** Somebody may have joined with it under an engine that did not count. */
  older?: true;
  /** Why another joining with it is refused. */
  taken: RequestError;
  /** Why it is while the first one may be under way; absent: as later. */
  underWay?: RequestError;
}

/** Whether this hunt lets a person join once only. A hunt published before there was `once` does. */
export const joinsOnce = ({ hunt }: PublicEntry): boolean =>
  hunt.players.require !== "anyone" && hunt.players.once !== false;

/**
 * Joins by `join`, unless another joining has taken one of these: throws its
 * `taken` then. The same joining sent again goes through. What was reserved is
 * given back when the joining was refused.
 */
export async function joinOnce<T>(
  env: Env,
  onces: readonly Once[],
  joining: Joining,
  join: () => Promise<T>,
): Promise<T> {
  const reserved: Once[] = [];
  try {
    for (const once of onces) {
      await reserve(env, once, joining);
      reserved.push(once);
    }
    return await join();
  } catch (error) {
    // Whether a call that broke off took effect is not known: its place is kept for a while.
    const refused = error instanceof RequestError && error.code !== "unavailable";
    if (refused && reserved.length > 0) await giveBack(env, reserved, joining);
    throw error;
  }
}

async function giveBack(env: Env, reserved: readonly Once[], joining: Joining): Promise<void> {
  const { hunt, key } = joining;
  if (await hasJoined(env, hunt, joining).catch(() => true)) return;
  for (const { name } of reserved) {
    await calling(async () => registryStub(env, hunt, name).release(name, key));
  }
}

/** Who has joined with it, as that player is now; undefined: nobody has, or is no member of a team any more. */
export async function joinedWith(env: Env, hunt: string, name: string): Promise<Joined | undefined> {
  const holder = await calling(async () => registryStub(env, hunt, name).find(name));
  for (const shard of holder?.shard.split(" ") ?? []) {
    const outcome = await calling(async () => shardStub(env, hunt, shard).joinedBy(holder?.key ?? ""));
    const { joined, moved } = accepted(outcome);
    const now = joined ?? (moved && (await playerNow(env, hunt, moved)));
    if (now) return now;
  }
  return undefined;
}

async function reserve(env: Env, { name, older, taken, underWay }: Once, joining: Joining): Promise<void> {
  const { hunt, key, olderKey = key, shards, now } = joining;
  const registry = () => registryStub(env, hunt, name);
  const ask: Holder = { shard: shards.join(" "), key, at: now };
  const holder = await calling(async () => registry().reserve(name, ask, older === true));
  if (holder.key === key) return;
  if (holder.key.startsWith(JOINED_BEFORE)) {
    // A joining of then may be sent again.
    for (const by of new Set([key, olderKey])) if (await hasJoined(env, hunt, { key: by, shards })) return;
  } else if (isYoung(holder.at, now, RESERVATION_MAX)) {
    throw underWay ?? taken;
  } else {
    const before = { key: holder.key, shards: holder.shard.split(" ") };
    if (!(await hasJoined(env, hunt, before))) {
      await calling(async () => registry().release(name, holder.key));
      if ((await calling(async () => registry().reserve(name, ask))).key === key) return;
    }
  }
  throw taken;
}

/** Whether a shard recorded this joining. */
async function hasJoined(
  env: Env,
  hunt: string,
  { key, shards }: Pick<Joining, "key" | "shards">,
): Promise<boolean> {
  for (const shard of shards) {
    const made = accepted(await calling(async () => shardStub(env, hunt, shard).hasMade(key)));
    if (made.isMade) return true;
    if (made.moved && (await playerNow(env, hunt, made.moved))) return true;
  }
  return false;
}
