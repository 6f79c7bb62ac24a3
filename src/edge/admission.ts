/**
 * Who may join a hunt for registered players: the origin's word, as the cache
 * tier has it; without one, the hunt's policy. What was decided for a joining
 * key stays with it, so that a request sent again makes the same player,
 * whatever the origin says by then.
 */
import type { Profile } from "../cache/entry.ts";
import { lookUpRegistration } from "../cache/registration.ts";
import { RequestError } from "../errors.ts";
import { calling, registryStub } from "../objects/call.ts";
import type { PublicEntry } from "../objects/control.ts";
import { type Holder, KEY_LIFE, KEY_PREFIX } from "../objects/names.ts";
import { joiningKey, type Repeatable } from "./idempotency.ts";
import type { Asking } from "./request.ts";

/** What the look-up brings into a joining. */
export interface Admission {
  /** The origin could not be asked: the hunt lets the player in until it can. */
  provisional?: true;
  locale?: string;
  /** One of the hunt's. */
  bracket?: string;
}

/** A player who had to be looked up, and what was decided. */
export interface Person {
  externalId: string;
  /** `forbidden`: may not join; `unavailable`: cannot be told, and the hunt admits nobody then. */
  decided: Admission | RequestError;
}

/** Looks the player up, in a hunt that needs it; elsewhere undefined. Throws `invalid` without an external id. */
export async function personOf(
  c: Asking,
  entry: PublicEntry,
  externalId: string | undefined,
): Promise<Person | undefined> {
  const { require, whenOriginDown } = entry.hunt.players;
  if (require === "anyone") return undefined;
  if (externalId === undefined) {
    throw new RequestError("invalid", "this hunt is for registered players", [
      { path: "externalId", code: "required", message: "needed to look the player up" },
    ]);
  }
  const found = await lookUpRegistration(c.env, c.executionCtx, externalId);
  if (!("failed" in found)) return { externalId, decided: judgeProfile(entry, found.value) };
  const decided =
    whenOriginDown === "admit"
      ? { provisional: true as const }
      : new RequestError("unavailable", "registered players cannot be looked up now");
  return { externalId, decided };
}

function judgeProfile(entry: PublicEntry, profile: Profile | null): Admission | RequestError {
  if (!profile) return new RequestError("forbidden", "this hunt is for registered players: this one is not");
  if (profile.blocked) return new RequestError("forbidden", "this registered player may not take part");
  const { locale, bracket } = profile;
  const known = bracket !== undefined && entry.hunt.brackets.some(({ id }) => id === bracket);
  return { ...(locale === undefined ? {} : { locale }), ...(known ? { bracket } : {}) };
}

/** What the player brings along; throws why not. Nobody to look up: nothing. */
export function letIn(person: Person | undefined): Admission {
  if (person?.decided instanceof RequestError) throw person.decided;
  return person?.decided ?? {};
}

/** What a key stands for: where its joining goes and under which key, and what was decided for whom. */
interface Pinned {
  shard: string;
  /** Stands for the joining in the shard. */
  joining: string;
  admission: Admission;
}

/** As it is kept: what the key is bound to, and in a hunt for registered players the decision. */
interface Kept {
  bound: string;
  admission?: Admission;
}

/**
 * Pins an idempotency key to its request, to a shard and, in a hunt for
 * registered players, to what was decided for `person`, for a day; the first
 * request with the key decides. Throws `conflict` for another request, and
 * `decided` when it refuses and no earlier request was let in.
 */
export async function pin(
  c: Asking,
  hunt: string,
  repeat: Repeatable,
  shard: string,
  person: Person | undefined,
): Promise<Pinned> {
  const holder =
    (await earlierHolder(c, hunt, repeat, person)) ?? (await reserve(c, hunt, repeat, shard, person));
  const { bound, admission = {} } = JSON.parse(holder.key) as Kept;
  if (bound !== repeat.bound) {
    throw new RequestError("conflict", "this idempotency key was used with another body");
  }
  return { shard: holder.shard, joining: joiningKey(c.env, repeat, holder.at), admission };
}

const nameOf = (name: string): string => `${KEY_PREFIX}${name}`;

/** The holder that can only be found: the key was pinned under an earlier key of the ring, or may not be pinned now. */
async function earlierHolder(
  c: Asking,
  hunt: string,
  { names }: Repeatable,
  person: Person | undefined,
): Promise<Holder | undefined> {
  const refused = person?.decided instanceof RequestError ? person.decided : undefined;
  for (const name of (refused ? names : names.slice(1)).map(nameOf)) {
    const found = await calling(async () => registryStub(c.env, hunt, name).find(name));
    if (found && !hasExpired(c, found)) return found;
  }
  if (refused) throw refused;
  return undefined;
}

async function reserve(
  c: Asking,
  hunt: string,
  { names, bound }: Repeatable,
  shard: string,
  person: Person | undefined,
): Promise<Holder> {
  const name = nameOf(names[0]);
  const record: Kept = { bound, ...(person ? { admission: letIn(person) } : {}) };
  const ask = { shard, key: JSON.stringify(record), at: c.get("now") };
  const registry = () => registryStub(c.env, hunt, name);
  const holder = await calling(async () => registry().reserve(name, ask));
  if (!hasExpired(c, holder)) return holder;
  await calling(async () => registry().release(name, holder.key));
  return calling(async () => registry().reserve(name, ask));
}

const hasExpired = (c: Asking, { at }: Holder): boolean => c.get("now") - at > KEY_LIFE;
