/** Where a request comes from: the address that was seen, and the network that one party has of it. */
import { configOf } from "../config.ts";

/** Groups of an IPv6 address, and the bits of them that stand for one party: providers give a /56 to a household. */
const GROUPS = 8;
const PARTY_BITS = 56;

/**
 * The address of the client; null: nobody saw one (the request comes from within).
 * Cloudflare sets `CF-Connecting-IP`, whatever a client sends. The local engine
 * has nothing in front that would, but sees the connection: its address counts,
 * unless TRUST_PROXY says that a proxy of the operator's makes the headers.
 */
export function addressOf(env: object, request: Request): string | null {
  const connection = (request as { cf?: { clientIp?: unknown } }).cf?.clientIp;
  if (typeof connection !== "string") return request.headers.get("cf-connecting-ip");
  return (
    (configOf(env).TRUST_PROXY === "on" ? toldBy(request.headers) : undefined) ?? withoutPort(connection)
  );
}

/** What Cloudflare says of an address whose country it does not know, and of one of the Tor network. */
const NO_COUNTRIES = new Set(["XX", "T1"]);

/**
 * The client's country, ISO 3166-1; undefined: unknown. Cloudflare tells it with each request. The local
 * engine knows none, unless TRUST_PROXY says that a proxy of the operator's sets `CF-IPCountry`.
 */
export function countryOf(env: object, request: Request): string | undefined {
  const { clientIp, country } = (request as { cf?: { clientIp?: unknown; country?: unknown } }).cf ?? {};
  const isLocal = typeof clientIp === "string";
  const trusted = configOf(env).TRUST_PROXY === "on" ? request.headers.get("cf-ipcountry") : undefined;
  const told = isLocal ? trusted : country;
  const code = typeof told === "string" ? told.trim().toUpperCase() : "";
  return /^[A-Z]{2}$/.test(code) && !NO_COUNTRIES.has(code) ? code : undefined;
}

/** The client as the nearest proxy tells it: each adds the address it saw at the end of `X-Forwarded-For`. */
function toldBy(headers: Headers): string | undefined {
  const forwarded = headers.get("x-forwarded-for")?.split(",").at(-1);
  for (const told of [headers.get("cf-connecting-ip"), forwarded]) {
    const address = told?.trim();
    if (address) return withoutPort(address);
  }
  return undefined;
}

/** `192.0.2.1:443` and `[2001:db8::1]:443` as the address alone. */
function withoutPort(address: string): string {
  return /^\[(.*)\](?::\d+)?$/.exec(address)?.[1] ?? address.replace(/^([^:]*):\d+$/, "$1");
}

/**
 * What counts as one address: an IPv4 address as it is, an IPv6 address by its
 * first 56 bits, because whoever has one has 2^72 of them. One that carries an
 * IPv4 address (`::ffff:192.0.2.1`) is that. What is neither stays as it is.
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const text = address.split("%")[0] ?? address;
  const tail = /(?:^|:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const plain = tail ? `${text.slice(0, text.lastIndexOf(":") + 1)}${dottedAsGroups(tail)}` : text;
  const groups = groupsOf(plain);
  if (!groups) return address;
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6);
    return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
  }
  const kept = groups.map((group, index) => {
    const bits = Math.min(16, Math.max(0, PARTY_BITS - index * 16));
    return group & (0xffff << (16 - bits)) & 0xffff;
  });
  return `${kept
    .slice(0, Math.ceil(PARTY_BITS / 16))
    .map((group) => group.toString(16))
    .join(":")}::/${PARTY_BITS}`;
}

function dottedAsGroups([, ...parts]: string[]): string {
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** The eight groups of an IPv6 address; undefined: it is none. */
function groupsOf(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [before = [], after = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = GROUPS - before.length - after.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...before, ...Array.from({ length: Math.max(0, missing) }, () => "0"), ...after];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return all.map((group) => Number.parseInt(group, 16));
}
