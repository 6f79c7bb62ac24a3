/** A player's seat: what its shard says of a token, and the token that is made for it. */
import { configOf } from "../config.ts";
import type { Joined } from "../contract/join.ts";
import { accepted } from "../errors.ts";
import { calling, shardStub } from "../objects/call.ts";
import type { PublicEntry } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { aheadOf } from "../objects/rehearsal.ts";
import type { Seat, Joined as ShardJoined, Whereabouts } from "../objects/shard.ts";
import { type PlayerClaims, signPlayerToken } from "./auth.ts";
import { shardOf } from "./hunt.ts";

const DAY = 86_400_000;

/** Who plays by the token, as its shard says; throws `unauthenticated` for a void one. */
export async function seatedAt(
  env: Env,
  { hunt, team, player, gen }: Pick<PlayerClaims, "hunt" | "team" | "player" | "gen">,
): Promise<ShardJoined> {
  const { shard } = shardOf(team);
  return accepted(await calling(async () => shardStub(env, hunt, shard).seated({ team, player, gen })));
}

/** Moves that are followed; each has a generation of its own, so that no way leads in a circle. */
const MOVES_FOLLOWED = 100;

/** The player of the token where it is now: in another team, when it was moved there. Throws `unauthenticated` for a void one. */
export async function seatedNow(
  env: Env,
  { hunt, team, player, gen = 0 }: Pick<PlayerClaims, "hunt" | "team" | "player" | "gen">,
): Promise<ShardJoined> {
  const joined = await follow(env, hunt, { team, player, gen }, true);
  // The shard of the token says why.
  return joined ?? seatedAt(env, { hunt, team, player, gen });
}

/** Where a player that was in this team is now; undefined: in no team any more. */
export const playerNow = (env: Env, hunt: string, seat: Seat): Promise<ShardJoined | undefined> =>
  follow(env, hunt, seat, false);

/** `byToken`: as far as a token of the seat's generation leads. */
async function follow(
  env: Env,
  hunt: string,
  from: Seat,
  byToken: boolean,
): Promise<ShardJoined | undefined> {
  let seat: Seat | undefined = from;
  for (let moves = 0; seat && moves < MOVES_FOLLOWED; moves += 1) {
    const { team, player, gen }: Seat = seat;
    const { shard } = shardOf(team);
    const asked = byToken ? gen : undefined;
    const found: Whereabouts = accepted(
      await calling(async () => shardStub(env, hunt, shard).whereIs(team, player, asked)),
    );
    if (found.joined) return found.joined;
    seat = found.moved;
  }
  return undefined;
}

/** The player with a new token, as the wire tells it. */
export async function signedIn(
  env: Env,
  entry: PublicEntry,
  joined: ShardJoined,
  now: number,
): Promise<Joined> {
  const { player, team, returnCode } = joined;
  return { player, team, token: (await tokenFor(env, entry, joined, now)).token, returnCode };
}

/** A token that lasts a day beyond the hunt's end; renewed, when that is moved. `expiresAt`: epoch ms. */
export async function tokenFor(
  env: Env,
  entry: PublicEntry,
  { player, team, gen }: ShardJoined,
  now: number,
): Promise<{ token: string; expiresAt: number }> {
  const { hunt, closes } = entry.hunt;
  const end = closes === undefined ? undefined : closes - aheadOf(entry);
  const last = end ?? now + configOf(env).PLAYER_TOKEN_DAYS * DAY;
  // Whole seconds, as the claim has them.
  const expiresAt = Math.floor((Math.max(last, now) + DAY) / 1_000) * 1_000;
  const claims = { hunt, team: team.id, player: player.id, ...(gen === undefined ? {} : { gen }) };
  return { token: await signPlayerToken(env, claims, now, expiresAt), expiresAt };
}
