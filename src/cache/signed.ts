/**
 * Entries of KV are signed, so that whoever can write there cannot tell the
 * engine anything. The text is the entry's JSON with a first member more,
 * `"signed":"s1.kid.at.mac"`; an earlier engine reads it as it did before. The
 * MAC covers the entry's key in KV and the time of writing: an entry moved under
 * another key is not read, and readers see how old it is. A text that is not
 * signed, or by a key that the ring no longer holds, counts as none.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { derivedKey } from "../derived-mac.ts";
import { currentKey, type Key, keyRing, type Secrets } from "../secrets.ts";

const PURPOSE = "entries of KV";

const HEAD = /^\{"signed":"s1\.([a-z0-9]{1,64})\.(\d{1,15})\.([A-Za-z0-9_-]{43})",/;

function macOf(ring: Key, key: string, at: number, json: string): Buffer {
  return createHmac("sha256", derivedKey(ring.bytes, PURPOSE)).update(`${key}\n${at}\n${json}`).digest();
}

/** The text to put into KV under `key`. `json`: an object with members. `now`: epoch ms. */
export function signedText(
  secrets: Pick<Secrets, "ANSWER_PEPPERS">,
  key: string,
  json: string,
  now: number,
): string {
  const ring = currentKey("ANSWER_PEPPERS", secrets.ANSWER_PEPPERS);
  const mac = macOf(ring, key, now, json).toString("base64url");
  return `{"signed":"s1.${ring.id}.${now}.${mac}",${json.slice(1)}`;
}

/** The JSON that this engine put under `key`, and when, epoch ms; undefined: there is none, or somebody else wrote it. */
export function openSigned(
  secrets: Pick<Secrets, "ANSWER_PEPPERS">,
  key: string,
  text: string | null,
): { json: string; at: number } | undefined {
  const [head, kid, time, mac] = HEAD.exec(text ?? "") ?? [];
  if (text === null || head === undefined || time === undefined || mac === undefined) return undefined;
  const at = Number(time);
  const json = `{${text.slice(head.length)}`;
  // As text: of its last character not every bit is of the MAC.
  const sent = Buffer.from(mac);
  for (const ring of keyRing("ANSWER_PEPPERS", secrets.ANSWER_PEPPERS)) {
    if (
      ring.id === kid &&
      timingSafeEqual(Buffer.from(macOf(ring, key, at, json).toString("base64url")), sent)
    )
      return { json, at };
  }
  return undefined;
}
