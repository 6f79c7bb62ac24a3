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
export const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

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

// The last part: random and check characters; of an older engine, random ones only.
const TEAM_ID =
  /^((?:wnam|enam|sam|weur|eeur|apac|apac-ne|apac-se|oc|afr|me)-\d{1,4})-([0-9a-z]{1,8})-[0-9a-z]{5}(?:[0-9a-z]{5})?$/;
const JOIN_CODE = /^(WNAM|ENAM|SAM|WEUR|EEUR|APAC-?NE|APAC-?SE|APAC|OC|AFR|ME)(?=[\dOIL])(.+)$/;
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

/** A reading of a join code, as it was written when it was made. */
export interface JoinCode {
  code: string;
  shard: string;
  ordinal: number;
}

/** Longest text looked at, characters. */
const TYPED_MAX = 64;

/**
 * The readings of a typed join code: as codes with a check part, which is not looked
 * at here, and as an older engine's, the likeliest first. Case, width, blanks
 * and dashes do not matter, O is 0, I and L are 1; but not in a region's name.
 */
export function joinCodesIn(text: string): { checked: JoinCode[]; older: JoinCode[] } {
  const checked: JoinCode[] = [];
  const older: JoinCode[] = [];
  const typed = text.length > TYPED_MAX ? "" : text.normalize("NFKC").toUpperCase();
  const match = JOIN_CODE.exec(typed.replace(/\s/gu, "").replace(/[\p{Pd}\u2212]/gu, "-"));
  if (!match?.[1] || !match[2]) return { checked, older };
  const region = match[1].toLowerCase().replace(/^(apac)-?(ne|se)$/, "$1-$2");
  const rest = match[2].replaceAll("O", "0").replace(/[IL]/g, "1");
  const dashAt = rest.indexOf("-");
  const digits = rest.replaceAll("-", "");
  // A dash most likely stands where the code has its own.
  const lengths = [1, 2, 3, 4].sort((a, b) => Number(b === dashAt) - Number(a === dashAt));
  for (const length of lengths) {
    const index = digits.slice(0, length);
    const body = digits.slice(length);
    if (!/^(?:0|[1-9]\d*)$/.test(index) || ![...body].every((one) => ALPHABET.includes(one))) continue;
    const shard = `${region}-${index}`;
    const reading = (secret: number): JoinCode | undefined => {
      const ordinal = fromBase32(body.slice(0, -secret));
      return ordinal === undefined ? undefined : { code: `${placeOf(shard)}-${body}`, shard, ordinal };
    };
    const own = isWithin(body.length, CODE_LENGTHS) ? reading(SECRET_LENGTH) : undefined;
    // They were as long as their ordinal asked for.
    const padded = /^0./.test(body.slice(0, -OLDER_SECRET_LENGTH));
    const fits = isWithin(body.length, OLDER_CODE_LENGTHS) && !padded;
    const olders = fits ? reading(OLDER_SECRET_LENGTH) : undefined;
    if (own) checked.push(own);
    if (olders) older.push(olders);
  }
  return { checked, older };
}

const isWithin = (length: number, { min, max }: { min: number; max: number }): boolean =>
  length >= min && length <= max;

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
