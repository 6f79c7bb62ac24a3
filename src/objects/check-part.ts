/**
 * The check part of team ids and join codes: characters that only the engine
 * can make, of the hunt and of the rest of the id. The edge looks at them before it asks
 * the shard that the id names, so that a guessed one costs no object. Their key
 * is derived from CODE_KEYS (HKDF, RFC 5869), whose keys stay as long as the
 * codes made with them; all keys of the ring verify.
 */
import { derivedMac } from "../derived-mac.ts";
import { currentKey, type Key, keyRing, type Secrets } from "../secrets.ts";
import {
  ALPHABET,
  CHECK_LENGTH,
  type JoinCode,
  joinCodeOf,
  joinCodesIn,
  RANDOM_LENGTH,
  randomText,
  teamIdOf,
} from "./ids.ts";

const PURPOSE = "check part of ids and codes";

type Ring = Pick<Secrets, "CODE_KEYS">;

/** An opaque team id; `ordinal` counts the teams of the shard from 0. */
export function makeTeamId(secrets: Ring, hunt: string, shard: string, ordinal: number): string {
  const id = teamIdOf(shard, ordinal, randomText(RANDOM_LENGTH).toLowerCase());
  return id + checkPart(currentKey("CODE_KEYS", secrets.CODE_KEYS), "team", hunt, id).toLowerCase();
}

/** Whether the engine made this team id with a check part. One without may be of an older engine. */
export function isOwnTeamId(secrets: Ring, hunt: string, id: string): boolean {
  return isChecked(secrets, "team", hunt, id);
}

/** A code to hand to team-mates: shard, team, a secret and the check part. */
export function makeJoinCode(secrets: Ring, hunt: string, shard: string, ordinal: number): string {
  const code = joinCodeOf(shard, ordinal, randomText(RANDOM_LENGTH));
  return code + checkPart(currentKey("CODE_KEYS", secrets.CODE_KEYS), "join", hunt, code);
}

/**
 * What a typed join code may mean: the one reading that its check part proves,
 * else every reading as a code of an older engine, which had none.
 */
export function readJoinCode(
  secrets: Ring,
  hunt: string,
  text: string,
): { own: JoinCode } | { older: JoinCode[] } {
  const { checked, older } = joinCodesIn(text);
  const own = checked.find(({ code }) => isChecked(secrets, "join", hunt, code));
  return own ? { own } : { older };
}

function isChecked(secrets: Ring, kind: "team" | "join", hunt: string, text: string): boolean {
  const body = text.slice(0, -CHECK_LENGTH);
  const given = text.slice(-CHECK_LENGTH).toUpperCase();
  return keyRing("CODE_KEYS", secrets.CODE_KEYS).some((key) => checkPart(key, kind, hunt, body) === given);
}

function checkPart(key: Key, kind: "team" | "join", hunt: string, body: string): string {
  const mac = derivedMac(key.bytes, PURPOSE).digest(`${kind}\n${hunt}\n${body}`);
  return Array.from(mac.subarray(0, CHECK_LENGTH), (byte) => ALPHABET.charAt(byte & 31)).join("");
}
