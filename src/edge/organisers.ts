/**
 * What the directory says of organisers, as the edge asks it: which tokens are
 * void, remembered for a bounded time, and who is in the list now.
 */

import type { Rights } from "../contract/role-table.ts";
import { RequestError } from "../errors.ts";
import { calling, directoryStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import type { Revocable } from "./auth.ts";

type Asked = Pick<Env, "DIRECTORY">;

/** How long an isolate goes by the void tokens that it knows, ms. */
const FRESH = 20_000;

/** How long it does so while the directory cannot be asked, ms; then organisers wait for it. */
const BELIEVED_MAX = 50_000;

interface Known {
  /** The directory's name for this state of them. */
  mark?: string;
  tokens: ReadonlySet<string>;
  /** By person: tokens that were made until then are void, epoch ms. */
  subs: ReadonlyMap<string, number>;
  /** When their reading began, epoch ms. */
  asOf: number;
}

/** Of the isolate, as all its requests share it. */
let known: Known = { tokens: new Set(), subs: new Map(), asOf: Number.NEGATIVE_INFINITY };

/** Throws `unauthenticated` for a token that was revoked, `unavailable` when nobody can say whether it was. */
export async function refuseRevoked(env: Asked, token: Revocable, now: number): Promise<void> {
  const { tokens, subs } = await current(env, now);
  const until = subs.get(token.subject);
  const isVoid =
    (token.id !== undefined && tokens.has(token.id)) || (until !== undefined && token.iat * 1_000 <= until);
  if (isVoid) throw new RequestError("unauthenticated", "the token was revoked");
}

async function current(env: Asked, now: number): Promise<Known> {
  if (isYounger(FRESH, now)) return known;
  const had = known;
  try {
    // Each request reads by itself: one cannot await another's I/O, and organisers are few.
    const { mark, revoked } = await calling(async () => directoryStub(env).revocations(had.mark));
    const read: Known = {
      ...(revoked
        ? { tokens: new Set(revoked.tokens), subs: new Map(revoked.subs.map(({ sub, at }) => [sub, at])) }
        : had),
      mark,
      asOf: now,
    };
    // A reading that began later is not undone.
    if (known.asOf <= now || known.asOf - now > FRESH) known = read;
    return read;
  } catch (error) {
    if (error instanceof RequestError && isYounger(BELIEVED_MAX, now)) return known;
    throw error;
  }
}

/** A time ahead is of a clock that was wrong. */
const isYounger = (age: number, now: number): boolean => now >= known.asOf && now - known.asOf < age;

/** Tokens were revoked here: this isolate asks before it lets anybody in. */
export function forgetRevoked(): void {
  known = { ...known, asOf: Number.NEGATIVE_INFINITY };
}

/** What the list lets this person do now; undefined: it is not in it. */
export async function listedRights(env: Asked, email: string): Promise<Rights | undefined> {
  return await calling(async () => directoryStub(env).listed(email.toLowerCase()));
}
