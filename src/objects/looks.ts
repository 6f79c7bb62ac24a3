/** Looks at `/me`, as the edge asks for them and the shard tells them: both as text, because that is what a call carries at the least cost. */
import type { Refusal } from "../errors.ts";

/** Looks in one call. */
export const LOOKS_MAX = 64;

export interface Look {
  team: string;
  player: string;
  /** Of the token; absent: 0. */
  gen?: number;
  /** ETags of what the client has, as they stand between the quotes; `*`: anything. Absent: none. */
  has?: readonly string[] | "*";
  /** The ETag since which changes are wanted. */
  since?: string;
  /** Long texts stand apart. */
  apart?: true;
  /** The language that is asked for. */
  lang?: string;
  /** `Accept-Language`, where nothing is asked for. */
  accepts?: string;
}

/** Begins the text that says: as before. The ETag follows. */
export const SAME = "=";

/** Behind an ETag of a hunt in several languages: the language; behind the second sign, one that `Accept-Language` decided. */
const IN = "-";
const IN_BY_HEADER = "_";

/** The ETag of a look in a language; undefined: the hunt does not say which it is in. */
export const etagIn = (etag: string, language: string | undefined, byHeader: boolean): string =>
  language === undefined ? etag : `${etag}${byHeader ? IN_BY_HEADER : IN}${language}`;

/** The language of a look, and whether another header would have made another one. */
export interface Spoken {
  language: string;
  byHeader: boolean;
}

/** The language that an ETag is of. */
export function languageOf(etag: string): Spoken | undefined {
  const [, sign, language = ""] = /^[0-9a-f]+([-_])([A-Za-z0-9-]+)$/.exec(etag) ?? [];
  return sign === undefined ? undefined : { language, byHeader: sign === IN_BY_HEADER };
}

/** A look as it was told. */
export type Told = { etag: string; text?: string } | Refusal;

/** What was told of a look, and its text ("" where that is all): `=etag`, a refusal as JSON, or the ETag. */
export type ToldPair = readonly [told: string, text: string];

export function toldOf([told, text]: ToldPair): Told {
  if (text !== "") return { etag: told, text };
  return told.startsWith(SAME) ? { etag: told.slice(SAME.length) } : (JSON.parse(told) as Refusal);
}
