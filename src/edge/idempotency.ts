/**
 * The digests that stand for an Idempotency-Key. The key itself may be a client's
 * secret, or one that many clients choose ("1"): so only keyed digests of it are
 * kept, and it is bound to the whole body; a short one to the sender's network as well.
 */
import { z } from "zod";
import { derivedMac } from "../derived-mac.ts";
import { base64url } from "../hmac.ts";
import { keyRing, type Secrets } from "../secrets.ts";
import { addressOf, networkOf } from "./address.ts";

/** A shorter key can be another client's by chance, characters. */
const LONG_ENOUGH = 16;

/** Digests are cut to 128 bits, as those of answers. */
const DIGEST_BYTES = 16;

const PURPOSE = "idempotency keys";

/** The header of a request that may be sent again. */
export const idempotent = z.object({
  "idempotency-key": z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, "must be 1 to 128 printable characters")
    .meta({
      description:
        "The same key and body again find what the first one made; of a joining for a day, and anything else under it is a conflict",
      examples: ["0192f3c1-7c1e-7b3a-9d2f-0a6d7b8c9e10"],
    })
    .exactOptional(),
});

export interface Repeatable {
  /** Stands for the key, by the present key of the ring; then by the earlier ones. */
  names: readonly [string, ...string[]];
  /** What the key is bound to. */
  bound: string;
  /** As an older engine kept the key. */
  olderKey: string;
}

type Ring = Pick<Secrets, "CODE_KEYS">;

export function repeatable(
  secrets: Ring,
  request: Request,
  hunt: string,
  key: string,
  body: object,
): Repeatable {
  const ring = keyRing("CODE_KEYS", secrets.CODE_KEYS);
  const [name = "", ...others] = ring.map((of) => digest(of.bytes, `name\n${hunt}\n${key}`));
  const sender = key.length < LONG_ENOUGH ? (senderOf(secrets, request) ?? "") : "";
  return {
    names: [name, ...others],
    // By the last key of the ring, which stays when a new one comes before it.
    bound: digest(ring.at(-1)?.bytes ?? new Uint8Array(), `body\n${hunt}\n${sender}\n${canonical(body)}`),
    olderKey: `key-${key}`,
  };
}

/** Stands for the key of a request of this party. By the last key of the ring, which stays when a new one comes before it. */
export function requestKey(secrets: Ring, party: string, key: string): string {
  const last = keyRing("CODE_KEYS", secrets.CODE_KEYS).at(-1)?.bytes ?? new Uint8Array();
  return `k-${digest(last, `request\n${party}\n${key}`)}`;
}

/** The joining that a pinned key stands for; `at`: when it was pinned, so that a day later it is another one. */
export function joiningKey(secrets: Ring, { names, bound }: Repeatable, at: number): string {
  const last = keyRing("CODE_KEYS", secrets.CODE_KEYS).at(-1)?.bytes ?? new Uint8Array();
  return `k-${digest(last, `joining\n${names.at(-1)}\n${bound}\n${at}`)}`;
}

function digest(key: Uint8Array, text: string): string {
  return base64url(derivedMac(key, PURPOSE).digest(text), DIGEST_BYTES);
}

/** The sender's network: of an IPv4 address the /24, of an IPv6 address the /56. */
function senderOf(env: object, request: Request): string | undefined {
  const address = addressOf(env, request);
  return address === null ? undefined : networkOf(address).replace(/^(\d+\.\d+\.\d+)\.\d+$/, "$1.0/24");
}

/** JSON that is the same for the same value, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
