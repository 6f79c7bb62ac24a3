/**
 * Entry tickets: HS256 JWTs that a sponsor's own site makes for people it knows, by a key of the ring
 * ENTRY_KEYS. A ticket is a login: whoever has it joins, or comes back, as the person that it names.
 */
import { decodeProtectedHeader, jwtVerify } from "jose";
import { RequestError } from "../errors.ts";
import { type Key, keyRing, type Secrets } from "../secrets.ts";

export const ENTRY_AUDIENCE = "hunt-entry";

/** Characters of a subject, which is kept as the player's external id. */
const SUBJECT_MAX = 128;

/** The subject of the ticket, which is for one of these hunts. Throws `forbidden` for one that is not valid here; `unavailable` where no ring is set. */
export async function verifyEntry(
  secrets: Pick<Secrets, "ENTRY_KEYS">,
  ticket: string | undefined,
  hunts: readonly string[],
  now: number,
): Promise<string> {
  if (ticket === undefined) throw notValid();
  if (!secrets.ENTRY_KEYS) {
    console.error({ message: "a hunt asks for entry tickets, and the secret ENTRY_KEYS is not set" });
    throw new RequestError("unavailable", "entry tickets cannot be verified now");
  }
  // An unusable ring is the engine's fault and must not pass for the ticket's.
  const ring = keyRing("ENTRY_KEYS", secrets.ENTRY_KEYS);
  for (const key of keysFor(ring, ticket)) {
    try {
      const { payload } = await jwtVerify(ticket, key.bytes, {
        algorithms: ["HS256"],
        audience: ENTRY_AUDIENCE,
        requiredClaims: ["exp", "sub"],
        currentDate: new Date(now),
      });
      const { hunt, sub } = payload;
      if (typeof hunt !== "string" || !hunts.includes(hunt)) continue;
      if (typeof sub === "string" && isSubject(sub)) return sub;
    } catch {
      // Every fault of a ticket gets the same response, so that it tells a forger nothing.
    }
  }
  throw notValid();
}

const notValid = (): RequestError =>
  new RequestError(
    "forbidden",
    "this hunt asks for an entry ticket: there is none, or it is not valid here, or has expired",
  );

const isSubject = (sub: string): boolean =>
  sub.trim() !== "" && sub.length <= SUBJECT_MAX && sub.isWellFormed();

/** The key that the ticket names; all of the ring where it names none. */
function keysFor(ring: readonly Key[], ticket: string): readonly Key[] {
  try {
    const { kid } = decodeProtectedHeader(ticket);
    return kid === undefined ? ring : ring.filter(({ id }) => id === kid);
  } catch {
    return [];
  }
}
