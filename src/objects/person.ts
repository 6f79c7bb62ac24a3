/**
 * The names under which a registry keeps what a person has once in a hunt: the company's id, the
 * subject of an entry ticket, the value of a field. Each is a keyed digest, because it is personal data.
 */
import { derivedMac } from "../derived-mac.ts";
import { base64url } from "../hmac.ts";
import { foldExternalId } from "../hunt/fold.ts";
import { keyRing, type Secrets } from "../secrets.ts";
import { ENTRY_PREFIX, FIELD_PREFIX, PERSON_PREFIX, SOLO_PREFIX } from "./names.ts";

const PURPOSE = "registered players that join once";
const ENTRIES = "people with entry tickets that join once";
const FIELDS = "values of fields that are given once";
const IMPORTED = "players of imports";
const TAKEN_BACK = "registrations that were taken back";

/** As other digests of the engine: 128 bits. */
const DIGEST_BYTES = 16;

type Ring = Pick<Secrets, "CODE_KEYS">;

export const personName = (secrets: Ring, hunt: string, externalId: string): string =>
  PERSON_PREFIX + digestOf(secrets, PURPOSE, `${hunt}\n${foldExternalId(externalId)}`);

/** The subject is compared as it is: who makes tickets names people as they like. */
export const entryName = (secrets: Ring, hunt: string, subject: string): string =>
  ENTRY_PREFIX + digestOf(secrets, ENTRIES, `${hunt}\n${subject}`);

/** `folded`: the value as it is compared. */
export const fieldName = (secrets: Ring, hunt: string, field: string, folded: string): string =>
  FIELD_PREFIX + digestOf(secrets, FIELDS, `${hunt}\n${field}\n${folded}`);

/** `folded`: the name of a player that plays alone, as imports compare it. */
export const soloName = (secrets: Ring, hunt: string, folded: string): string =>
  SOLO_PREFIX + digestOf(secrets, IMPORTED, `${hunt}\n${folded}`);

/** Of a registration that may be taken back: by the very id, as it is looked up. */
export const registrationDigest = (secrets: Ring, externalId: string): string =>
  digestOf(secrets, TAKEN_BACK, externalId);

function digestOf(secrets: Ring, purpose: string, text: string): string {
  // By the last key of the ring, which stays when a new one comes before it.
  const key = keyRing("CODE_KEYS", secrets.CODE_KEYS).at(-1)?.bytes ?? new Uint8Array();
  return base64url(derivedMac(key, purpose).digest(text), DIGEST_BYTES);
}
