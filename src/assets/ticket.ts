/**
 * Tickets for files: a bearer of one may read one content of one hunt for a while. Whoever tells an address
 * (a shard in `/me`, the edge for what everybody may see) makes its ticket, and an edge reads it without
 * asking any object: it names the content's place in the bucket. All tickets of a period are equal, so that
 * addresses last, and browsers need not load a picture again.
 *
 *     Vk1c….2g.q3Zk0v…: the content's key, the period in which it ends, the MAC
 */
import { timingSafeEqual } from "node:crypto";
import { configOf } from "../config.ts";
import { derivedMac } from "../derived-mac.ts";
import { base64url } from "../hmac.ts";
import { currentKey, type Key, keyRing, type Secrets } from "../secrets.ts";

const PURPOSE = "tickets for assets";

/** So many periods are in the life of a ticket, which is longer by one at most. */
const PERIODS = 8;

/** Of a content's key: as hard to guess as the MAC. */
const KEY_BYTES = 16;
const MAC_BYTES = 16;
const FORM = /^([A-Za-z0-9_-]{22})\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{22})$/;

type Ring = Pick<Secrets, "PLAYER_TOKEN_KEYS">;

/** A new content's key. */
export const newKey = (): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(KEY_BYTES))).toString("base64url");

/** ms. */
const lengthOf = (env: object): number => (configOf(env).ASSET_TICKET_MINUTES * 60_000) / PERIODS;

/** The period at whose beginning tickets that are made at `now` (epoch ms) end. */
export const assetPeriod = (env: object, now: number): number => Math.ceil(now / lengthOf(env)) + PERIODS;

/** When the last ticket ends that was made by `now`, epoch ms. */
export const ticketsEnd = (env: object, now: number): number => assetPeriod(env, now) * lengthOf(env);

export function assetTicket(secrets: Ring, hunt: string, name: string, key: string, period: number): string {
  const ring = currentKey("PLAYER_TOKEN_KEYS", secrets.PLAYER_TOKEN_KEYS);
  const body = `${key}.${period.toString(36)}`;
  return `${body}.${macOf(ring, hunt, name, body)}`;
}

/** What a ticket says that is good at `now`; undefined: it opens nothing. */
export function readAssetTicket(
  env: Ring & object,
  hunt: string,
  name: string,
  ticket: string,
  now: number,
): { key: string; expires: number } | undefined {
  const [, key = "", period = "", mac = ""] = FORM.exec(ticket) ?? [];
  const expires = Number.parseInt(period, 36) * lengthOf(env);
  if (!(expires > now)) return undefined;
  const given = Buffer.from(mac);
  const isOurs = keyRing("PLAYER_TOKEN_KEYS", env.PLAYER_TOKEN_KEYS).some((each) =>
    timingSafeEqual(Buffer.from(macOf(each, hunt, name, `${key}.${period}`)), given),
  );
  return isOurs ? { key, expires } : undefined;
}

const macOf = ({ bytes }: Key, hunt: string, name: string, body: string): string =>
  base64url(derivedMac(bytes, PURPOSE).digest(`${hunt}\n${name}\n${body}`), MAC_BYTES);

/** Where a file is shown, to whoever has the address. */
export const assetUrl = (secrets: Ring, hunt: string, name: string, key: string, period: number): string =>
  `/v1/hunts/${hunt}/assets/${name}?t=${assetTicket(secrets, hunt, name, key, period)}`;

/** As what a ticket names a file that a player sent: no file of a hunt is called so. */
export const sentName = (upload: string): string => `/sent/${upload}`;

/** Where a file is that a player sent, to whoever has the address. */
export const sentUrl = (secrets: Ring, hunt: string, upload: string, period: number): string =>
  `/v1/hunts/${hunt}/sent/${upload}?t=${assetTicket(secrets, hunt, sentName(upload), upload, period)}`;
