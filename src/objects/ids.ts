/**
 * Ids carry the way to a team: a team id names its shard and its
 * place in it, a join code names the shard and the team, so no look-up is
 * needed on any request.
 */

/** Cloudflare's location hints (Durable Objects → data location). */
export const REGIONS = [
  "wnam",
  "enam",
  "sam",
  "weur",
  "eeur",
  "apac",
  "apac-ne",
  "apac-se",
  "oc",
  "afr",
  "me",
] as const;

export type Region = (typeof REGIONS)[number];

/** Digits and letters that are not mistaken for each other (Crockford's base 32). */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Random characters of a join code: 32⁶ ≈ 10⁹ guesses behind the rate limit. */
const JOIN_SECRET_LENGTH = 6;

const TEAM_ID =
  /^((?:wnam|enam|sam|weur|eeur|apac|apac-ne|apac-se|oc|afr|me)-\d{1,4})-([0-9a-z]{1,8})-[0-9a-z]{5}$/;
const JOIN_CODE = /^((?:WNAM|ENAM|SAM|WEUR|EEUR|APAC|APAC-NE|APAC-SE|OC|AFR|ME)\d{1,4})-([0-9A-Z]{7,14})$/;
const SHARD = /^([a-z]+(?:-[a-z]+)?)-(\d{1,4})$/;

export const shardName = (region: Region, index: number): string => `${region}-${index}`;

/** The name of a shard's object; `hunt` is a slug and holds no slash. */
export const objectName = (hunt: string, shard: string): string => `${hunt}/${shard}`;

/** The inverse of `objectName`. */
export function parseObjectName(name: string): { hunt: string; shard: string } {
  const slash = name.indexOf("/");
  if (slash < 1) throw new Error(`${name} is no shard's name`);
  return { hunt: name.slice(0, slash), shard: name.slice(slash + 1) };
}

/** Whether teams of a hunt with this many shards a region can be on `shard`. */
export function isPlaced(shard: string, shardsPerRegion: number): boolean {
  const index = Number(SHARD.exec(shard)?.[2]);
  return index < shardsPerRegion && shard === shardName(regionOf(shard), index);
}

export function regionOf(shard: string): Region {
  const region = SHARD.exec(shard)?.[1];
  return REGIONS.find((known) => known === region) ?? "weur";
}

/** An opaque team id; `ordinal` counts the teams of the shard from 0. */
export function makeTeamId(shard: string, ordinal: number): string {
  return `${shard}-${ordinal.toString(36)}-${randomText(5).toLowerCase()}`;
}

/** What a team id says, or undefined when it is not one. */
export function parseTeamId(id: string): { shard: string; ordinal: number } | undefined {
  const match = TEAM_ID.exec(id);
  if (!match?.[1] || match[2] === undefined) return undefined;
  return { shard: match[1], ordinal: Number.parseInt(match[2], 36) };
}

/** The ordinal in a team id of the shard's own; -1 when it cannot be one. */
export function ordinalOf(id: string): number {
  const end = id.lastIndexOf("-");
  const ordinal = Number.parseInt(id.slice(id.lastIndexOf("-", end - 1) + 1, end), 36);
  return Number.isSafeInteger(ordinal) ? ordinal : -1;
}

/** A code to hand to team-mates: shard, team and a secret. */
export function makeJoinCode(shard: string, ordinal: number): string {
  const dash = shard.lastIndexOf("-");
  const place = `${shard.slice(0, dash)}${shard.slice(dash + 1)}`.toUpperCase();
  return `${place}-${toBase32(ordinal)}${randomText(JOIN_SECRET_LENGTH)}`;
}

/** What a join code says, or undefined when it is not one. Case and outer spaces do not matter. */
export function parseJoinCode(text: string): { code: string; shard: string; ordinal: number } | undefined {
  const code = text.trim().toUpperCase();
  const match = JOIN_CODE.exec(code);
  if (!match?.[1] || !match[2]) return undefined;
  const shard = match[1].toLowerCase().replace(/(\d+)$/, "-$1");
  const ordinal = fromBase32(match[2].slice(0, -JOIN_SECRET_LENGTH));
  return ordinal === undefined ? undefined : { code, shard, ordinal };
}

/** `length` random characters of the unmistakable alphabet. */
export function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => ALPHABET.charAt(byte & 31)).join("");
}

function toBase32(value: number): string {
  let text = "";
  let rest = value;
  do {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  } while (rest > 0);
  return text;
}

function fromBase32(text: string): number | undefined {
  let value = 0;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    value = value * 32 + digit;
  }
  return text === "" ? undefined : value;
}
