/** The places where something of a hunt is kept, beside its control object, and how each is erased. */
import { assetPrefix } from "../assets/store.ts";
import { boardKey, loadKey, publicKey, rootsPrefix } from "../cache/entry.ts";
import {
  calling,
  controlStub,
  deadLettersStub,
  leaderboardStub,
  liveBoardStub,
  outboxStub,
  registryNamed,
  shardStub,
  vaultStub,
} from "../objects/call.ts";
import { UNATTRIBUTED } from "../objects/dead-letters.ts";
import type { Env } from "../objects/env.ts";
import { scopeOf } from "../objects/incarnation.ts";
import { CHILDREN_MAX, childName } from "../objects/leaderboard.ts";
import { registriesOf } from "../objects/names.ts";
import { guardedOrigin } from "../origin/guarded.ts";
import { openOrigin } from "../origin/open.ts";

/** Batches of the origin's rows in one try. */
const BATCHES_MAX = 20;

/** What `eraseIn` is asked for, with the hunt's shards and webhooks. */
export const targetsOf = (
  shards: readonly string[],
  webhooks: readonly string[],
  isRehearsal = false,
): string[] => [
  "kv",
  "assets",
  "live",
  ...shards.map((shard) => `shard ${shard}`),
  ...webhooks.map((webhook) => `webhook ${webhook}`),
  "leaderboard",
  "vault",
  "names",
  // Nothing of a rehearsal is sent to the origin.
  ...(isRehearsal ? [] : ["letters", "letters of no hunt", "origin"]),
];

/** Whether players and spectators are served from there. */
export const servesPeople = (place: string): boolean => /^(?:kv|live|shard .*|leaderboard)$/.test(place);

/** Erases what the place holds of the hunt; false: there is more of it. Throws what keeps it from that. */
export async function eraseIn(env: Env, hunt: string, incarnation: number, place: string): Promise<boolean> {
  const [kind, shard] = place.split(" ", 2);
  if (kind === "webhook" && shard !== undefined) {
    await calling(async () => outboxStub(env, hunt, shard).erase());
    return true;
  }
  if (kind === "shard" && shard !== undefined) {
    await calling(async () => shardStub(env, hunt, shard).erase());
    return true;
  }
  switch (place) {
    case "kv":
      return eraseCopies(env, hunt, incarnation);
    case "assets":
      return eraseAssets(env, hunt);
    case "live":
      for (let child = 0; child < CHILDREN_MAX; child += 1) {
        await calling(async () => liveBoardStub(env, childName(hunt, child)).erase());
      }
      return true;
    case "leaderboard":
      await calling(async () => leaderboardStub(env, hunt).erase());
      return true;
    case "vault":
      await calling(async () => vaultStub(env, hunt).erase());
      return true;
    case "names":
      for (const registry of registriesOf(hunt)) {
        await calling(async () => registryNamed(env, registry).erase());
      }
      return true;
    case "letters":
      await calling(async () => deadLettersStub(env, hunt).erase());
      return true;
    case "letters of no hunt":
      await calling(async () => deadLettersStub(env, UNATTRIBUTED).forgetHunt(hunt));
      return true;
    case "origin":
      return eraseInOrigin(env, hunt);
    default:
      throw new Error(`nothing is known of the place ${place}`);
  }
}

/** The copies in KV. */
async function eraseCopies(env: Env, hunt: string, incarnation: number): Promise<boolean> {
  const scope = scopeOf(hunt, incarnation);
  for (const key of [publicKey(hunt), boardKey(scope), loadKey(scope)]) await env.CACHE.delete(key);
  const { keys, list_complete } = await env.CACHE.list({ prefix: rootsPrefix(scope) });
  for (const { name } of keys) await env.CACHE.delete(name);
  return list_complete;
}

/** The files: what is on its way first, lest it come behind. */
async function eraseAssets(env: Env, hunt: string): Promise<boolean> {
  await calling(async () => controlStub(env, hunt).abortAssets());
  const { objects, truncated } = await env.ASSETS_BUCKET.list({ prefix: assetPrefix(hunt) });
  if (objects.length > 0) await env.ASSETS_BUCKET.delete(objects.map(({ key }) => key));
  return !truncated;
}

async function eraseInOrigin(env: Env, hunt: string): Promise<boolean> {
  const store = openOrigin(env);
  try {
    const origin = guardedOrigin(env, store);
    for (let batch = 0; batch < BATCHES_MAX; batch += 1) {
      if (await origin.eraseHunt(hunt)) return true;
    }
    return false;
  } finally {
    await store.close();
  }
}
