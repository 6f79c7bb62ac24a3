/**
 * Tickets for content: a bearer of one may read one content of one hunt for a while.
 * A shard makes them in `/me` for texts that the team may see, so that an edge which
 * has the content needs no call to know who may read it, and a digest alone, known or
 * guessed, opens nothing. All tickets of a period are equal, so that addresses last.
 *
 *     weur-0.t9k3x.Vk1c…: the shard that made it, the period in which it ends, the MAC
 */
import { timingSafeEqual } from "node:crypto";
import { derivedMac } from "../derived-mac.ts";
import { base64url } from "../hmac.ts";
import { currentKey, type Key, keyRing, type Secrets } from "../secrets.ts";

const PURPOSE = "tickets for content";

/** A ticket is good for at least this long, ms. */
const TICKET_LIFE = 24 * 3_600_000;

/** Length of a period, ms. */
const PERIOD = 6 * 3_600_000;

const MAC_BYTES = 16;
const FORM = /^([a-z]{1,8}(?:-[a-z]{1,8})?-\d{1,4})\.([0-9a-z]{1,8})\.([A-Za-z0-9_-]{22})$/;

type Ring = Pick<Secrets, "PLAYER_TOKEN_KEYS">;

/** The period at whose beginning tickets that are made at `now` (epoch ms) end. */
export const periodOf = (now: number): number => Math.ceil((now + TICKET_LIFE) / PERIOD);

export function contentTicket(
  secrets: Ring,
  hunt: string,
  shard: string,
  digest: string,
  period: number,
): string {
  const key = currentKey("PLAYER_TOKEN_KEYS", secrets.PLAYER_TOKEN_KEYS);
  const body = `${shard}.${period.toString(36)}`;
  return `${body}.${macOf(key, hunt, digest, body)}`;
}

/** What a ticket says that is good at `now`; undefined: it opens nothing. */
export function readContentTicket(
  secrets: Ring,
  hunt: string,
  digest: string,
  ticket: string,
  now: number,
): { shard: string; expires: number } | undefined {
  const [, shard = "", period = "", mac = ""] = FORM.exec(ticket) ?? [];
  const expires = Number.parseInt(period, 36) * PERIOD;
  if (!(expires > now)) return undefined;
  const given = Buffer.from(mac);
  const isOurs = keyRing("PLAYER_TOKEN_KEYS", secrets.PLAYER_TOKEN_KEYS).some((key) =>
    timingSafeEqual(Buffer.from(macOf(key, hunt, digest, `${shard}.${period}`)), given),
  );
  return isOurs ? { shard, expires } : undefined;
}

const macOf = ({ bytes }: Key, hunt: string, digest: string, body: string): string =>
  base64url(derivedMac(bytes, PURPOSE).digest(`${hunt}\n${digest}\n${body}`), MAC_BYTES);
