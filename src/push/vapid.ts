/**
 * Who sends a push message (VAPID, RFC 8292): a key of P-256 whose public half the device subscribed with. The
 * secret is a ring as the others; its bytes are the private half.
 */
import { createECDH } from "node:crypto";
import { SignJWT } from "jose";
import { BoundedMap } from "../bounded-map.ts";
import { currentKey, type Key, keyById, type Secrets } from "../secrets.ts";

type Ring = Pick<Secrets, "VAPID_KEYS">;

/** Push services refuse more than a day. */
const GOOD_FOR = 12 * 3_600;
/** A signed word is used again for this long, seconds. */
const USED_FOR = 6 * 3_600;

/** Push services whose word is kept. */
const SERVICES_MAX = 100;

interface Sender {
  /** 65 bytes, base64url: a device's `applicationServerKey`. */
  publicKey: string;
  privateKey(): Promise<CryptoKey>;
}

/** By the bytes of a key, which live as long as their ring. */
const senders = new WeakMap<Uint8Array, Sender>();

function senderOf({ bytes }: Key): Sender {
  const known = senders.get(bytes);
  if (known) return known;
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(Buffer.from(bytes));
  const point = curve.getPublicKey();
  const text = (from: number, to: number): string => point.subarray(from, to).toString("base64url");
  const jwk = {
    kty: "EC",
    crv: "P-256",
    d: Buffer.from(bytes).toString("base64url"),
    x: text(1, 33),
    y: text(33, 65),
  };
  let imported: Promise<CryptoKey> | undefined;
  const sender: Sender = {
    publicKey: point.toString("base64url"),
    privateKey: () => {
      imported ??= crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, [
        "sign",
      ]);
      return imported;
    },
  };
  senders.set(bytes, sender);
  return sender;
}

/**
 * The key that devices subscribe with now, and its id; undefined: this engine sends nothing, because it has no key
 * or, which `/readyz` says, because the ring is faulty: hunts go on without.
 */
export function pushKey(secrets: Ring): { id: string; publicKey: string } | undefined {
  if (!secrets.VAPID_KEYS) return undefined;
  try {
    const key = currentKey("VAPID_KEYS", secrets.VAPID_KEYS);
    return { id: key.id, publicKey: senderOf(key).publicKey };
  } catch {
    return undefined;
  }
}

const signed = new BoundedMap<string, { at: number; header: string }>(SERVICES_MAX);

/**
 * The `Authorization` of a message to the push service at `origin`, by the key that its device subscribed with;
 * undefined: the ring has that no more. `contact`: who a push service turns to.
 */
export async function authorization(
  secrets: Ring,
  kid: string,
  origin: string,
  contact: string,
  now: number,
): Promise<string | undefined> {
  const key = secrets.VAPID_KEYS ? keyById("VAPID_KEYS", secrets.VAPID_KEYS, kid) : undefined;
  if (!key) return undefined;
  const seconds = Math.floor(now / 1_000);
  const { publicKey, privateKey } = senderOf(key);
  const name = `${publicKey} ${origin} ${contact}`;
  const known = signed.get(name);
  if (known && seconds >= known.at && seconds < known.at + USED_FOR) return known.header;
  const token = await new SignJWT()
    .setProtectedHeader({ alg: "ES256", typ: "JWT" })
    .setAudience(origin)
    .setSubject(contact)
    .setExpirationTime(seconds + GOOD_FOR)
    .sign(await privateKey());
  const header = `vapid t=${token}, k=${publicKey}`;
  signed.set(name, { at: seconds, header });
  return header;
}
