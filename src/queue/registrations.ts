/**
 * Registrations on their way to the origin, and those that are taken back: the
 * only messages that say who somebody is. They are sealed under a key of the
 * engine's, so that neither a queue nor a dead letter tells it; and one that was
 * taken back while its message was on its way is passed over (`unregistered` in
 * the origin).
 */
import { derivedKey } from "../derived-mac.ts";
import { sealBytes, unsealBytes } from "../people/seal.ts";
import type { Registration } from "../protocol.ts";
import { currentKey, keyById, type Secrets } from "../secrets.ts";
import { MalformedMessage, type SealedMessage } from "./message.ts";

type Ring = Pick<Secrets, "CODE_KEYS">;

const PURPOSE = "registrations on their way";

/** The form of such messages; form 1 had registrations in clear. */
const FORM = 2;

/** What is in a message. `takenBack`: external ids of who was forgotten, and when (epoch ms). */
export type Registering = { registrations: Registration[] } | { takenBack: string[]; at: number };

/** The message's text. */
export function registeringText(secrets: Ring, content: Registering): string {
  const ring = currentKey("CODE_KEYS", secrets.CODE_KEYS);
  const key = derivedKey(ring.bytes, PURPOSE);
  const sealed = sealBytes(key, Buffer.from(JSON.stringify(content))).toString("base64url");
  return JSON.stringify({ v: FORM, kind: "registrations", key: ring.id, sealed } satisfies SealedMessage);
}

/** Throws `MalformedMessage` for what this engine did not seal, or whose key is gone. */
export function openRegistering(secrets: Ring, { key, sealed }: SealedMessage): Registering {
  const ring = keyById("CODE_KEYS", secrets.CODE_KEYS, key);
  const opened = ring && unsealBytes(derivedKey(ring.bytes, PURPOSE), Buffer.from(sealed, "base64url"));
  if (!opened) throw new MalformedMessage("its registrations cannot be opened: the key is gone");
  return JSON.parse(opened.toString()) as Registering;
}
