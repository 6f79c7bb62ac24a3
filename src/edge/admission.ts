/**
 * Who may join a hunt for registered players: the origin's word, as the cache
 * tier has it; without one, the hunt's policy. What was decided for a joining
 * key stays with it, so that a request sent again makes the same player,
 * whatever the origin says by then.
 */
import { isDigestOf, type Profile, personDigest } from "../cache/entry.ts";
import { lookUpRegistration } from "../cache/registration.ts";
import { RequestError } from "../errors.ts";
import { calling, registryStub } from "../objects/call.ts";
import type { PublicEntry } from "../objects/control.ts";
import type { Holder } from "../objects/names.ts";
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

/** What a joining key stands for: where its joining went, and what was decided for whom. */
interface Pinned {
  shard: string;
  admission: Admission;
}

/**
 * Pins a joining key to a shard and, in a hunt for registered players, to what
 * was decided for `person`; the first request with the key decides. Throws
 * `decided` when it refuses and no earlier request was let in.
 */
export async function pin(
  c: Asking,
  hunt: string,
  joining: string,
  shard: string,
  person: Person | undefined,
): Promise<Pinned> {
  const name = `key/${joining}`;
  const registry = () => registryStub(c.env, hunt, name);
  if (!person) {
    const holder = await calling(async () =>
      registry().reserve(name, { shard, key: joining, at: c.get("now") }),
    );
    return { shard: holder.shard, admission: {} };
  }
  const { decided } = person;
  let holder: Holder;
  if (decided instanceof RequestError) {
    const earlier = await calling(async () => registry().find(name));
    if (!earlier || earlier.key === joining) throw decided;
    holder = earlier;
  } else {
    const digest = personDigest(c.env, person.externalId);
    const key = `${joining}\n${JSON.stringify({ digest, admission: decided } satisfies Decision)}`;
    holder = await calling(async () => registry().reserve(name, { shard, key, at: c.get("now") }));
  }
  return { shard: holder.shard, admission: admissionOf(c, holder, joining, person.externalId) };
}

interface Decision {
  digest: string;
  admission: Admission;
}

function admissionOf(c: Asking, { key }: Holder, joining: string, externalId: string): Admission {
  // Pinned while anyone could join: such a joining brought nothing along.
  if (key === joining) return {};
  const decision = JSON.parse(key.slice(joining.length + 1)) as Decision;
  if (isDigestOf(c.env, decision.digest, externalId)) return decision.admission;
  throw new RequestError("conflict", "this idempotency key was used with another body");
}
