/**
 * Who may join a hunt: by country, age, the check that a person joins, and in hunts for registered
 * players the origin's word, as the cache tier has it; where one of these cannot be asked, by the
 * hunt's policy. What was decided for a joining
 * key stays with it, so that a request sent again makes the same player,
 * whatever the origin says by then.
 */
import type { Profile } from "../cache/entry.ts";
import { lookUpRegistration } from "../cache/registration.ts";
import { RequestError } from "../errors.ts";
import { isOldEnough } from "../hunt/asks.ts";
import { calling, registryStub } from "../objects/call.ts";
import type { PublicEntry } from "../objects/control.ts";
import { type Holder, KEY_LIFE, KEY_PREFIX } from "../objects/names.ts";
import { countryOf } from "./address.ts";
import { timeIn } from "./hunt.ts";
import { joiningKey, type Repeatable } from "./idempotency.ts";
import type { Asking } from "./request.ts";
import { checkPerson } from "./turnstile.ts";

/** What was found out about who joins. */
export interface Admission {
  /** The origin could not be asked: the hunt lets the player in until it can. */
  provisional?: true;
  locale?: string;
  /** One of the hunt's. */
  bracket?: string;
  /** The hunt asks for a country, and nobody knows this one. */
  country?: "unknown";
  /** The check that a person joins could not be made. */
  check?: "unchecked";
  oldEnough?: true;
}

/** Who joins, and what was decided. */
export interface Person {
  /** The company's id, where the hunt is for registered players; the subject of an entry ticket, where it asks for one. */
  externalId?: string;
  /** `forbidden`: may not join; `unavailable`: cannot be told, and the hunt admits nobody then. */
  decided: Admission | RequestError;
}

/** What a joining says of who joins. */
interface Told {
  externalId?: string | undefined;
  born?: string | undefined;
  /** The captcha's response. */
  check?: string | undefined;
}

/** Decides about who joins. Throws `invalid` without an external id in a hunt for registered players. */
export async function personOf(c: Asking, entry: PublicEntry, told: Told): Promise<Person> {
  const { require } = entry.hunt.players;
  const { externalId } = told;
  if (require === "registered" && externalId === undefined) {
    throw new RequestError("invalid", "this hunt is for registered players", [
      { path: "externalId", code: "required", message: "needed to look the player up" },
    ]);
  }
  const known = externalId === undefined || require === "anyone" ? {} : { externalId };
  try {
    const asked = await askedOf(c, entry, told);
    const looked = require === "registered" ? await lookedUp(c, entry, externalId ?? "") : {};
    return { ...known, decided: { ...looked, ...asked } };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return { ...known, decided: error };
  }
}

/** What `join` of the hunt asks for and no field has. Throws why the player may not join. */
async function askedOf(c: Asking, entry: PublicEntry, { born, check }: Told): Promise<Admission> {
  const { hunt } = entry;
  const { countries, minAge, check: checks } = hunt.join ?? {};
  const admission: Admission = {};
  if (countries) {
    const country = countryOf(c.env, c.req.raw);
    if (country === undefined) admission.country = "unknown";
    else if (!countries.includes(country)) {
      throw new RequestError("forbidden", "nobody joins this hunt from the country that you are in");
    }
  }
  if (minAge !== undefined) {
    if (born === undefined || !isOldEnough(born, minAge, timeIn(entry, c.get("now")))) {
      throw new RequestError("forbidden", `players of this hunt have an age of ${minAge} or more`);
    }
    admission.oldEnough = true;
  }
  if (checks) {
    const result = await checkPerson(c.env, check);
    if (result === "refused") {
      throw new RequestError("forbidden", "the check that a person joins was not passed: make it again");
    }
    if (result === "unchecked") {
      if (hunt.players.whenOriginDown === "refuse") {
        throw new RequestError("unavailable", "whether a person joins cannot be checked now");
      }
      admission.check = "unchecked";
    }
  }
  return admission;
}

/** The origin's word. Throws why the player may not join. */
async function lookedUp(c: Asking, entry: PublicEntry, externalId: string): Promise<Admission> {
  const found = await lookUpRegistration(c.env, c.executionCtx, externalId);
  if (!("failed" in found)) return judgeProfile(entry, found.value);
  if (entry.hunt.players.whenOriginDown === "admit") return { provisional: true };
  throw new RequestError("unavailable", "registered players cannot be looked up now");
}

function judgeProfile(entry: PublicEntry, profile: Profile | null): Admission {
  if (!profile) throw new RequestError("forbidden", "this hunt is for registered players: this one is not");
  if (profile.blocked) throw new RequestError("forbidden", "this registered player may not take part");
  const { locale, bracket } = profile;
  const known = bracket !== undefined && entry.hunt.brackets.some(({ id }) => id === bracket);
  return { ...(locale === undefined ? {} : { locale }), ...(known ? { bracket } : {}) };
}

/** What was found out; throws why the player may not join. */
export function letIn({ decided }: Person): Admission {
  if (decided instanceof RequestError) throw decided;
  return decided;
}

/** What a key stands for: where its joining goes and under which key, and what was decided for whom. */
export interface Pinned {
  shard: string;
  /** Stands for the joining in the shard. */
  joining: string;
  admission: Admission;
}

/** As it is kept: what the key is bound to, and the decision, where there is anything in it. */
interface Kept {
  bound: string;
  admission?: Admission;
}

/**
 * Pins an idempotency key to its request, to a shard and to what was
 * decided for `person`, for a day; the first request with the key decides. Throws `conflict` for another request, and
 * `decided` when it refuses and no earlier request was let in.
 */
export async function pin(
  c: Asking,
  hunt: string,
  repeat: Repeatable,
  shard: string,
  person: Person,
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
  { decided }: Person,
): Promise<Holder | undefined> {
  const refused = decided instanceof RequestError ? decided : undefined;
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
  person: Person,
): Promise<Holder> {
  const name = nameOf(names[0]);
  const admission = letIn(person);
  const record: Kept = { bound, ...(Object.keys(admission).length > 0 ? { admission } : {}) };
  const ask = { shard, key: JSON.stringify(record), at: c.get("now") };
  const registry = () => registryStub(c.env, hunt, name);
  const holder = await calling(async () => registry().reserve(name, ask));
  if (!hasExpired(c, holder)) return holder;
  await calling(async () => registry().release(name, holder.key));
  return calling(async () => registry().reserve(name, ask));
}

const hasExpired = (c: Asking, { at }: Holder): boolean => c.get("now") - at > KEY_LIFE;
