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
}

/** Begins the text that says: as before. The ETag follows. */
export const SAME = "=";

/** A look as it was told. */
export type Told = { etag: string; text?: string } | Refusal;

/** What was told of a look, and its text ("" where that is all): `=etag`, a refusal as JSON, or the ETag. */
export type ToldPair = readonly [told: string, text: string];

export function toldOf([told, text]: ToldPair): Told {
  if (text !== "") return { etag: told, text };
  return told.startsWith(SAME) ? { etag: told.slice(SAME.length) } : (JSON.parse(told) as Refusal);
}
