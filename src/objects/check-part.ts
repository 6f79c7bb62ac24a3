/**
 * The check part of team ids, join codes and return codes: characters that only the engine
 * can make, of the hunt and of the rest of the id. The edge looks at them before it asks
 * the shard that the id names, so that a guessed one costs no object. Their key
 * is derived from CODE_KEYS (HKDF, RFC 5869), whose keys stay as long as the
 * codes made with them; all keys of the ring verify.
 */
import { derivedMac } from "../derived-mac.ts";
import { BASE32, currentKey, type Key, keyById, keyRing, type Secrets } from "../secrets.ts";
import {
  CHECK_LENGTH,
  type JoinCode,
  joinCodeOf,
  joinCodesIn,
  parseTeamId,
  RANDOM_LENGTH,
  RETURN_SECRET_LENGTH,
  randomText,
  returnCodeOf,
  returnCodesIn,
  shownReturnCode,
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
 * else every reading as a code of an older engine, which had none. `isOfOthers`: or of an engine with other keys.
 */
export function readJoinCode(
  secrets: Ring,
  hunt: string,
  text: string,
  isOfOthers = false,
): { own: JoinCode } | { older: JoinCode[] } {
  const { checked, older } = joinCodesIn(text);
  const own = checked.find(({ code }) => isChecked(secrets, "join", hunt, code));
  if (own) return { own };
  return { older: isOfOthers ? [...checked, ...older] : older };
}

/** Whose return code it is, and of which generation (`generationOf`). */
export interface ReturnOf {
  hunt: string;
  team: string;
  player: string;
  gen: number;
}

/**
 * The code that a player comes back by. It is kept nowhere: it follows from whose it is, under the key
 * `keyId`, the hunt's own, so that it stays the same when a new key comes into the ring.
 */
export function makeReturnCode(secrets: Ring, keyId: string | undefined, of: ReturnOf): string {
  const known = keyId === undefined ? undefined : keyById("CODE_KEYS", secrets.CODE_KEYS, keyId);
  const key = known ?? currentKey("CODE_KEYS", secrets.CODE_KEYS);
  const body = returnBody(key, of);
  return shownReturnCode(body + checkPart(key, "return", of.hunt, body));
}

/** What a typed return code says, if the engine made it: with that nobody is known yet. */
export function readReturnCode(secrets: Ring, hunt: string, text: string): JoinCode | undefined {
  return returnCodesIn(text).find(({ code }) => isChecked(secrets, "return", hunt, code));
}

/** Whether the code (`readReturnCode`) is this player's of this generation. */
export function isReturnCodeOf(secrets: Ring, code: string, of: ReturnOf): boolean {
  const given = code.slice(0, -CHECK_LENGTH);
  return keyRing("CODE_KEYS", secrets.CODE_KEYS).some((key) => returnBody(key, of) === given);
}

const RETURN_PURPOSE = "return codes";

function returnBody({ bytes }: Key, { hunt, team, player, gen }: ReturnOf): string {
  const mac = derivedMac(bytes, RETURN_PURPOSE).digest(`${hunt}\n${team}\n${player}\n${gen}`);
  const secret = base32Of(mac, RETURN_SECRET_LENGTH);
  const { shard = "", ordinal = 0 } = parseTeamId(team) ?? {};
  return returnCodeOf(shard, ordinal, secret);
}

type Kind = "team" | "join" | "return";

function isChecked(secrets: Ring, kind: Kind, hunt: string, text: string): boolean {
  const body = text.slice(0, -CHECK_LENGTH);
  const given = text.slice(-CHECK_LENGTH).toUpperCase();
  return keyRing("CODE_KEYS", secrets.CODE_KEYS).some((key) => checkPart(key, kind, hunt, body) === given);
}

function checkPart(key: Key, kind: Kind, hunt: string, body: string): string {
  return base32Of(derivedMac(key.bytes, PURPOSE).digest(`${kind}\n${hunt}\n${body}`), CHECK_LENGTH);
}

const base32Of = (mac: Uint8Array, length: number): string =>
  Array.from(mac.subarray(0, length), (byte) => BASE32.charAt(byte & 31)).join("");
