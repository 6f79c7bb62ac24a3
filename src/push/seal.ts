/**
 * The body of a push message, which the device alone can read: RFC 8291 (keys) over RFC 8188 (aes128gcm), in one
 * record.
 */

/** What a device gave: its public key, 65 bytes of P-256, and its secret, 16 bytes; both base64url. */
export interface DeviceKeys {
  p256dh: string;
  auth: string;
}

/** Bytes of a record, which every push service takes (RFC 8291 §4); a body has one. */
const RECORD = 4_096;
const SALT = 16;
const KEY = 65;
const TAG = 16;
const HEAD = SALT + 4 + 1 + KEY;

/** Bytes of the content at most: one is the mark of the last record (RFC 8188 §2). */
export const CONTENT_MAX = RECORD - HEAD - TAG - 1;

/** A length says what kind of message it is: contents are filled up to a multiple of this, bytes. */
const FILL = 512;

const CURVE = { name: "ECDH", namedCurve: "P-256" } as const;
const LAST_RECORD = 2;

/** For tests with the figures of an RFC; anything else takes new ones. */
export interface Fixed {
  salt: Uint8Array<ArrayBuffer>;
  pair: CryptoKeyPair;
  /** Contents are not filled up. */
  bare: true;
}

export class UnfitKeys extends Error {
  constructor() {
    super("the device's keys are none of P-256");
    this.name = "UnfitKeys";
  }
}

/** Throws `UnfitKeys` when nothing can be sealed for the device. */
export async function sealFor(
  device: DeviceKeys,
  content: Uint8Array,
  fixed?: Fixed,
): Promise<Uint8Array<ArrayBuffer>> {
  const theirs = bytesIn(device.p256dh);
  const pair =
    fixed?.pair ?? ((await crypto.subtle.generateKey(CURVE, false, ["deriveBits"])) as CryptoKeyPair);
  const ours = new Uint8Array((await crypto.subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer);
  const shared = await sharedSecret(theirs, pair.privateKey);
  const salt = fixed?.salt ?? crypto.getRandomValues(new Uint8Array(SALT));
  const input = await derive(shared, bytesIn(device.auth), joined(utf8("WebPush: info\0"), theirs, ours), 32);
  const key = await derive(input, salt, utf8("Content-Encoding: aes128gcm\0"), 16);
  const nonce = await derive(input, salt, utf8("Content-Encoding: nonce\0"), 12);
  const room = fixed ? 0 : Math.min(CONTENT_MAX, Math.ceil(content.length / FILL) * FILL) - content.length;
  const plain = joined(content, new Uint8Array([LAST_RECORD]), new Uint8Array(Math.max(0, room)));
  const cipher = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, cipher, plain);
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, RECORD);
  return joined(salt, size, new Uint8Array([KEY]), ours, new Uint8Array(sealed));
}

/** Whether something can be sealed for the device: its key is a point of the curve. */
export async function isFit({ p256dh, auth }: DeviceKeys): Promise<boolean> {
  if (bytesIn(auth).length !== 16) return false;
  try {
    await crypto.subtle.importKey("raw", bytesIn(p256dh), CURVE, false, []);
    return true;
  } catch {
    return false;
  }
}

async function sharedSecret(
  theirs: Uint8Array<ArrayBuffer>,
  ours: CryptoKey,
): Promise<Uint8Array<ArrayBuffer>> {
  let point: CryptoKey;
  try {
    point = await crypto.subtle.importKey("raw", theirs, CURVE, false, []);
  } catch {
    throw new UnfitKeys();
  }
  // The platform's types call it `$public`, as no other one does.
  const algorithm = { name: "ECDH", public: point } as unknown as SubtleCryptoDeriveKeyAlgorithm;
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, ours, 256));
}

async function derive(
  input: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  info: Uint8Array<ArrayBuffer>,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey("raw", input, "HKDF", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, length * 8);
  return new Uint8Array(bits);
}

const bytesIn = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, "base64url"));

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
