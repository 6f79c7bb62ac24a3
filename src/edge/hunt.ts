/** The hunt and the shard that a request names. */

import { knownShards, publicHunt } from "../cache/kv.ts";
import { SLUG } from "../contract/basics.ts";
import { accepted, RequestError } from "../errors.ts";
import { calling, controlStub } from "../objects/call.ts";
import { isOwnTeamId } from "../objects/check-part.ts";
import type { PublicEntry } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { parseTeamId } from "../objects/ids.ts";
import { aheadOf } from "../objects/rehearsal.ts";
import type { Request$ } from "./request.ts";

/** The hunt that the path names; throws `not_found` for what is no slug. */
export function huntOf(c: Pick<Request$, "req">): string {
  const hunt = c.req.param("hunt");
  if (hunt === undefined || !SLUG.test(hunt)) throw new RequestError("not_found", "no such hunt");
  return hunt;
}

/** The public half of the hunt; throws `not_found`. `surely`: also of one that was published just now. */
export async function huntEntry(env: Env, hunt: string, now: number, surely = false): Promise<PublicEntry> {
  return accepted(await calling(() => publicHunt(env, hunt, now, surely)));
}

/** What time it is in the hunt when it is `now` for the engine, epoch ms. */
export const timeIn = (entry: Pick<PublicEntry, "rehearsal">, now: number): number => now + aheadOf(entry);

/** The shards that took part, in order. Throws `not_found` for a hunt that does not exist. */
export async function shardsOf(env: Env, hunt: string, now: number): Promise<string[]> {
  await huntEntry(env, hunt, now);
  return (await calling(async () => controlStub(env, hunt).shards())).sort();
}

/** The shard a team id names. A malformed id in a signed token is an organiser's mistake, not a player's. */
export function shardOf(team: string, code: "forbidden" | "not_found" = "forbidden"): { shard: string } {
  const place = parseTeamId(team);
  if (!place) throw new RequestError(code, code === "not_found" ? "no such team" : "the token names no team");
  return place;
}

/**
 * The shard of a team that anybody may name. A guessed id names no shard: its
 * check part says that the engine made it; where an older engine did, the
 * shard must take part. Throws `not_found`.
 */
export async function shardOfNamed(env: Env, hunt: string, team: string, now: number): Promise<string> {
  const { shard } = shardOf(team, "not_found");
  if (isOwnTeamId(env, hunt, team) || (await takesPart(env, hunt, shard, now))) return shard;
  throw new RequestError("not_found", "no such team");
}

export async function takesPart(env: Env, hunt: string, shard: string, now: number): Promise<boolean> {
  return (await knownShards(env, hunt, now)).includes(shard);
}

export const iso = (at: number): string => new Date(at).toISOString();
