/**
 * Ids carry the way to a team: a team id names its shard and its
 * place in it, a join code names the shard and the team, so no look-up is
 * needed on any request.
 */

import { BASE32 } from "../secrets.ts";

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

/** Random characters of a team id and of a join code; a check part follows them (check-part.ts). */
export const RANDOM_LENGTH = 5;

/** 25 bits: one guess in 33 million passes, and only a shard that the hunt can have is made even then. */
export const CHECK_LENGTH = 5;

/** Random characters of a join code of an older engine, which had no check part. */
const OLDER_SECRET_LENGTH = 6;

/** Characters of the team's place in a join code: a million teams of a shard, beyond which codes grow. */
const ORDINAL_LENGTH = 4;

/** Of a join code after its place: ordinal, random and check part. */
const SECRET_LENGTH = RANDOM_LENGTH + CHECK_LENGTH;
const CODE_LENGTHS = { min: ORDINAL_LENGTH + SECRET_LENGTH, max: 7 + SECRET_LENGTH };
const OLDER_CODE_LENGTHS = { min: OLDER_SECRET_LENGTH + 1, max: 14 };

/** Of a return code between its place and its check part: 45 bits, so that with the check part none is found by trying. */
export const RETURN_SECRET_LENGTH = 9;

/** After its place a return code is longer than any join code: nobody takes one for the other. */
const RETURN_TAIL_LENGTH = RETURN_SECRET_LENGTH + CHECK_LENGTH;
const RETURN_LENGTHS = { min: ORDINAL_LENGTH + RETURN_TAIL_LENGTH, max: 7 + RETURN_TAIL_LENGTH };

/** Characters between the dashes of a return code. */
const RETURN_GROUP = 6;

// The last part: random and check characters; of an older engine, random ones only.
const TEAM_ID =
  /^((?:wnam|enam|sam|weur|eeur|apac|apac-ne|apac-se|oc|afr|me)-\d{1,4})-([0-9a-z]{1,8})-[0-9a-z]{5}(?:[0-9a-z]{5})?$/;
const JOIN_CODE = /^-*(WNAM|ENAM|SAM|WEUR|EEUR|APAC-*NE|APAC-*SE|APAC|OC|AFR|ME)-*(?=[\dOIL])(.+)$/;
/** Between the parts of a typed code, in any number; what is never seen comes with pasted text. */
const NOT_TYPED = /[\p{White_Space}\p{Default_Ignorable_Code_Point}]/gu;
const DASH = /[\p{Pd}\u2212]/gu;
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

/** A team id without its check part. */
export const teamIdOf = (shard: string, ordinal: number, random: string): string =>
  `${shard}-${ordinal.toString(36)}-${random}`;

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

/** A join code without its check part. */
export const joinCodeOf = (shard: string, ordinal: number, random: string): string =>
  `${placeOf(shard)}-${toBase32(ordinal).padStart(ORDINAL_LENGTH, "0")}${random}`;

/** A shard as join codes write it. */
function placeOf(shard: string): string {
  const dash = shard.lastIndexOf("-");
  return `${shard.slice(0, dash)}${shard.slice(dash + 1)}`.toUpperCase();
}

/** A return code without dashes but the one behind its shard, and without a check part. */
export const returnCodeOf = (shard: string, ordinal: number, secret: string): string =>
  `${placeOf(shard)}-${toBase32(ordinal).padStart(ORDINAL_LENGTH, "0")}${secret}`;

/** A return code as it is shown, in groups. */
export function shownReturnCode(code: string): string {
  const place = code.lastIndexOf("-") + 1;
  const groups = code.slice(place).match(new RegExp(`.{1,${RETURN_GROUP}}`, "g")) ?? [];
  return code.slice(0, place) + groups.join("-");
}

/** A reading of a join code or a return code, as it was written when it was made. */
export interface JoinCode {
  code: string;
  shard: string;
  ordinal: number;
}

/** Longest text looked at, characters. */
const TYPED_MAX = 96;

/**
 * The readings of a typed join code: as codes with a check part, which is not looked
 * at here, and as an older engine's, the likeliest first.
 */
export function joinCodesIn(text: string): { checked: JoinCode[]; older: JoinCode[] } {
  const checked: JoinCode[] = [];
  const older: JoinCode[] = [];
  for (const { shard, body } of placesIn(text)) {
    const own = isWithin(body.length, CODE_LENGTHS) ? reading(shard, body, SECRET_LENGTH) : undefined;
    // They were as long as their ordinal asked for.
    const padded = /^0./.test(body.slice(0, -OLDER_SECRET_LENGTH));
    const fits = isWithin(body.length, OLDER_CODE_LENGTHS) && !padded;
    const olders = fits ? reading(shard, body, OLDER_SECRET_LENGTH) : undefined;
    if (own) checked.push(own);
    if (olders) older.push(olders);
  }
  return { checked, older };
}

/** The readings of a typed return code. Their check part is not looked at here. */
export function returnCodesIn(text: string): JoinCode[] {
  return placesIn(text).flatMap(({ shard, body }) => {
    const own = isWithin(body.length, RETURN_LENGTHS) ? reading(shard, body, RETURN_TAIL_LENGTH) : undefined;
    return own ? [own] : [];
  });
}

/**
 * What a typed code can say: the shard, and the characters behind it. Case, width, blanks
 * and dashes do not matter, O is 0, I and L are 1; but not in a region's name.
 */
function placesIn(text: string): { shard: string; body: string }[] {
  const typed = text.length > TYPED_MAX ? "" : text.normalize("NFKC").toUpperCase();
  const match = JOIN_CODE.exec(typed.replace(NOT_TYPED, "").replace(DASH, "-"));
  if (!match?.[1] || !match[2]) return [];
  const region = match[1].toLowerCase().replace(/^(apac)-*(ne|se)$/, "$1-$2");
  const rest = match[2].replaceAll("O", "0").replace(/[IL]/g, "1");
  const dashAt = rest.indexOf("-");
  const digits = rest.replaceAll("-", "");
  // A dash most likely stands where the code has its own.
  const lengths = [1, 2, 3, 4].sort((a, b) => Number(b === dashAt) - Number(a === dashAt));
  return lengths.flatMap((length) => {
    const index = digits.slice(0, length);
    const body = digits.slice(length);
    const isPlace = /^(?:0|[1-9]\d*)$/.test(index) && [...body].every((one) => BASE32.includes(one));
    return isPlace ? [{ shard: `${region}-${index}`, body }] : [];
  });
}

/** `tail`: characters behind the ordinal. */
function reading(shard: string, body: string, tail: number): JoinCode | undefined {
  const ordinal = fromBase32(body.slice(0, -tail));
  return ordinal === undefined ? undefined : { code: `${placeOf(shard)}-${body}`, shard, ordinal };
}

const isWithin = (length: number, { min, max }: { min: number; max: number }): boolean =>
  length >= min && length <= max;

/** `length` random characters of the unmistakable alphabet. */
export function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => BASE32.charAt(byte & 31)).join("");
}

function toBase32(value: number): string {
  let text = "";
  let rest = value;
  do {
    text = BASE32.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  } while (rest > 0);
  return text;
}

function fromBase32(text: string): number | undefined {
  let value = 0;
  for (const character of text) {
    const digit = BASE32.indexOf(character);
    if (digit < 0) return undefined;
    value = value * 32 + digit;
  }
  return text === "" ? undefined : value;
}
