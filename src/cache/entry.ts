/** The entries of KV: schemas, keys and checks. One that is corrupt, of another kind or of a newer engine is ignored. */

import { createHmac } from "node:crypto";
import type { Roots } from "../contract/proof.ts";
import type { PublicEntry } from "../objects/control.ts";
import type { Registration } from "../origin/store.ts";
import type { LoadFigures } from "../placement/loads.ts";
import type { LeaderboardEntry } from "../protocol.ts";
import { currentKey, type Key, type Secrets } from "../secrets.ts";

/** How long KV repeats a value, or that there is none, at its edge, seconds: the platform's minimum. */
export const KV_CACHE_TTL = 30;

export const publicKey = (hunt: string): string => `hunt/${hunt}`;

/** The leaderboard's first places, as the leaderboard object publishes them. */
export interface BoardEntry {
  v: 1;
  hunt: string;
  /** When it was written, epoch ms. */
  at: number;
  /** The time its places are of: `at`, or the freeze. Epoch ms. */
  asOf: number;
  /** From then on it is no longer right, however young; epoch ms. */
  until?: number;
  frozen: boolean;
  total: number;
  entries: LeaderboardEntry[];
}

/** Places in the published leaderboard; deeper pages ask the object. */
export const BOARD_ENTRIES_MAX = 500;

/** `scope`: of the hunt's incarnation (`scopeOf`), as in the keys below: a copy of a deleted hunt is nobody else's. */
export const boardKey = (scope: string): string => `board/${scope}`;

/** A page of roots over the logs, as the leaderboard object publishes it. */
export interface RootsEntry extends Roots {
  v: 1;
  hunt: string;
  page: number;
}

/** What the keys of all pages of a hunt begin with. */
export const rootsPrefix = (scope: string): string => `roots/${scope}/`;

export const rootsKey = (scope: string, page: number): string => rootsPrefix(scope) + page;

export function readRootsEntry(hunt: string, page: number, text: string | null): Roots | undefined {
  const entry = parse(text) as Partial<RootsEntry> | undefined;
  if (entry?.v !== 1 || entry.hunt !== hunt || entry.page !== page || !Array.isArray(entry.roots)) {
    return undefined;
  }
  const { roots, cursor } = entry;
  return { roots, ...(cursor === undefined ? {} : { cursor }) };
}

/** The loads of a hunt's shards, as the leaderboard object publishes them. */
export interface LoadEntry extends LoadFigures {
  v: 1;
  hunt: string;
}

export const loadKey = (scope: string): string => `load/${scope}`;

export function readLoadEntry(hunt: string, text: string | null): LoadFigures | undefined {
  const entry = parse(text) as Partial<LoadEntry> | undefined;
  if (entry?.v !== 1 || entry.hunt !== hunt || !isTime(entry.at)) return undefined;
  const { at, shards } = entry;
  if (typeof shards !== "object" || shards === null) return undefined;
  return { at, shards };
}

/** Reads a value out of KV's text; undefined when it is missing, corrupt or of another kind. */
export function readPublicEntry(hunt: string, text: string | null): PublicEntry | undefined {
  const value = parse(text);
  const entry = value as Partial<PublicEntry> | undefined;
  return entry?.v === 1 && entry.hunt?.hunt === hunt && entry.phase && typeof entry.version === "number"
    ? (value as PublicEntry)
    : undefined;
}

export function readBoardEntry(hunt: string, text: string | null): BoardEntry | undefined {
  const value = parse(text);
  const entry = value as Partial<BoardEntry> | undefined;
  return entry?.v === 1 &&
    entry.hunt === hunt &&
    typeof entry.at === "number" &&
    typeof entry.asOf === "number" &&
    Array.isArray(entry.entries)
    ? (value as BoardEntry)
    : undefined;
}

/**
 * A result of a look-up, with the times that say how far to believe it (epoch
 * ms). `value` null: the origin was asked and has nothing under this key.
 */
export interface LookupEntry<Value> {
  v: 1;
  kind: "registration";
  /** The digest the entry is stored under, so that a value under a wrong key is seen. */
  key: string;
  at: number;
  value: Value | null;
  freshUntil: number;
  staleUntil: number;
}

/** Of a registered player, what joining needs: no id and no name of the person. */
export interface Profile {
  locale?: string;
  bracket?: string;
  blocked?: true;
}

/** Digests are cut to 128 bits, as those of answers. */
const DIGEST_BYTES = 16;

/** Clocks of different machines may differ by this much; an entry from further ahead is not believed, ms. */
export const CLOCK_SKEW_MAX = 5_000;

export const lookupKey = (key: string): string => `registration/${key}`;

/** The entry under `key`; undefined when it is missing, corrupt, from the future, or anything but that entry. */
export function readRegistrationEntry(
  key: string,
  text: string | null,
  now: number,
): LookupEntry<Profile> | undefined {
  const entry = parse(text) as Partial<LookupEntry<unknown>> | undefined;
  if (entry?.v !== 1 || entry.kind !== "registration" || entry.key !== key) return undefined;
  const { at, freshUntil, staleUntil } = entry;
  const times =
    isTime(at) && isTime(freshUntil) && isTime(staleUntil) && at <= freshUntil && freshUntil <= staleUntil;
  if (!times || at > now + CLOCK_SKEW_MAX) return undefined;
  const value = entry.value === null ? null : readProfile(entry.value);
  return value === undefined
    ? undefined
    : { v: 1, kind: "registration", key, at, value, freshUntil, staleUntil };
}

const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readProfile(value: unknown): Profile | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { locale, bracket, blocked, ...more } = value as Record<string, unknown>;
  if (Object.keys(more).length > 0 || (blocked !== undefined && blocked !== true)) return undefined;
  if (locale !== undefined && !isLocale(locale)) return undefined;
  if (bracket !== undefined && !isBracket(bracket)) return undefined;
  return {
    ...(locale === undefined ? {} : { locale }),
    ...(bracket === undefined ? {} : { bracket }),
    ...(blocked === undefined ? {} : { blocked }),
  };
}

/** A locale and a bracket's id, as joining takes them. */
export const isLocale = (value: unknown): value is string =>
  typeof value === "string" && /^[A-Za-z0-9-]{2,35}$/.test(value);
export const isBracket = (value: unknown): value is string =>
  typeof value === "string" && /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(value);

/** The part of a registration that joining needs. The company may have written anything: only a well-formed locale and bracket are taken. */
export function profileOf({ locale, bracket, blocked }: Registration): Profile {
  return {
    ...(isLocale(locale) ? { locale } : {}),
    ...(isBracket(bracket) ? { bracket } : {}),
    ...(blocked ? { blocked: true as const } : {}),
  };
}

/**
 * The digest an external id is entry by outside the origin and the log. It may
 * be an e-mail address: without the pepper it cannot be guessed back. The colon
 * keeps it apart from the digests of a hunt, whose id has none.
 */
export function personDigest(secrets: Secrets, externalId: string): string {
  return digestWith(currentKey("ANSWER_PEPPERS", secrets.ANSWER_PEPPERS), externalId);
}

function digestWith(pepper: Key, externalId: string): string {
  return createHmac("sha256", pepper.bytes)
    .update(`lookup:registration\n${externalId}`)
    .digest()
    .subarray(0, DIGEST_BYTES)
    .toString("base64url");
}

function parse(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    // Corrupt: the owner object is asked instead and writes it anew.
    return undefined;
  }
}
