/**
 * Names of teams are taken once in a hunt. A name is reserved before its team is made or renamed, and freed
 * when that was refused, or when its team has another. If something breaks off between, whoever asks for the
 * name later finds that no team bears it, and takes the reservation over.
 */
import { isYoung } from "../ahead.ts";
import { accepted, RequestError } from "../errors.ts";
import { foldName } from "../hunt/fold.ts";
import { calling, registryStub, shardStub } from "../objects/call.ts";
import type { PublicEntry } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { type Holder, RESERVATION_MAX, TEAM_PREFIX } from "../objects/names.ts";
import type { Made } from "../objects/shard.ts";

/** For whom a name is reserved. */
export interface NameAsk {
  shard: string;
  key: string;
  /** The key that an older engine would have given this joining. */
  olderKey?: string;
  /** The team that takes the name as a new one. */
  team?: string;
  /** Epoch ms. */
  now: number;
}

/** Reserves a team's name; the holder by then says where the team is. Throws `conflict` when another has it. */
export async function reserveName(env: Env, entry: PublicEntry, name: string, ask: NameAsk): Promise<Holder> {
  const { hunt } = entry.hunt;
  const { shard, key, olderKey, team, now } = ask;
  const folded = foldName(name);
  const reserved = TEAM_PREFIX + folded;
  const own: Holder = { shard, key, at: now };
  const registry = () => registryStub(env, hunt, reserved);
  const reserve = () => calling(async () => registry().reserve(reserved, own, entry.begun === undefined));
  const hasMade = async (at: string, by: string): Promise<Made> =>
    accepted(await calling(async () => shardStub(env, hunt, at).hasMade(by, folded)));
  const holder = await reserve();
  if (holder.key === key || holder.key === olderKey) return holder;
  const isAbandoned = async (): Promise<boolean> => {
    const isOld = !isYoung(holder.at, now, RESERVATION_MAX);
    if (!isOld && team === undefined) return false;
    const made = await hasMade(holder.shard, holder.key);
    // A team's own earlier reservation is no hindrance to it.
    return !made.isMade && (isOld || made.team === team);
  };
  if (await isAbandoned()) {
    await calling(async () => registry().release(reserved, holder.key));
    const next = await reserve();
    if (next.key === key) return next;
  }
  // Its name was one of its own before: a joining of then is sent again.
  const earlier = entry.begun === undefined && team === undefined ? [key, olderKey ?? key] : [];
  for (const by of new Set(earlier)) if ((await hasMade(shard, by)).isMade) return own;
  throw new NameTaken(holder);
}

/** Another team has the name. */
export class NameTaken extends RequestError {
  readonly holder: Holder;

  constructor(holder: Holder) {
    super("conflict", "a team of this name exists already");
    this.holder = holder;
  }
}

/** Gives a reserved name back when no team bears it under this key. */
export async function releaseName(
  env: Env,
  hunt: string,
  name: string,
  { shard, key }: Pick<NameAsk, "shard" | "key">,
): Promise<void> {
  const folded = foldName(name);
  // A used key sent again with another body is refused, too: then its team bears the name.
  // Nor where nobody knows.
  const made = await calling(async () => shardStub(env, hunt, shard).hasMade(key, folded));
  if ("refused" in made || made.isMade) return;
  const reserved = TEAM_PREFIX + folded;
  await calling(async () => registryStub(env, hunt, reserved).release(reserved, key));
}
