/**
 * Which addresses webhooks may call: https, and nothing that is private, by any spelling. `URL` gives
 * each host one spelling (0x7f.1 is 127.0.0.1, [::FFFF:7f00:1] is [::ffff:7f00:1]), so that one is looked at.
 */

/** An IPv4 network: its first address, and bits that its addresses share. */
type Network = readonly [string, number];

/** What is not of the public internet (IANA's special-purpose registry, and multicast). */
const NOT_PUBLIC: readonly Network[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

/** Only these are handed out as public addresses, … */
const PUBLIC_6: readonly [bigint, number] = [0x2000n << 112n, 3];
/** … but for protocol assignments with Teredo, documentation, and 6to4, which holds IPv4 addresses. */
const NOT_PUBLIC_6: readonly (readonly [bigint, number])[] = [
  [0x2001n << 112n, 23],
  [0x20010db8n << 96n, 32],
  [0x2002n << 112n, 16],
  [0x3fffn << 112n, 20],
];

/** Names that are only known within a network, and what a machine calls itself. */
const LOCAL_NAME =
  /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home|corp|private|arpa|onion|alt)$/;

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

function bits4(address: string): number {
  return address.split(".").reduce((bits, part) => bits * 256 + Number(part), 0);
}

function isPublic4(address: string): boolean {
  const bits = bits4(address);
  return !NOT_PUBLIC.some(([first, shared]) => {
    const size = 2 ** (32 - shared);
    return Math.floor(bits / size) === Math.floor(bits4(first) / size);
  });
}

/** Of an address as `URL` writes it: groups without leading zeros, one run of zeros as `::`. */
function bits6(address: string): bigint {
  const [head = "", tail] = address.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const first = groups(head);
  const last = groups(tail ?? "");
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => "0");
  return [...first, ...zeros, ...last].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

const isIn6 = (bits: bigint, [first, shared]: readonly [bigint, number]): boolean =>
  bits >> BigInt(128 - shared) === first >> BigInt(128 - shared);

function isPublic6(address: string): boolean {
  const bits = bits6(address);
  return isIn6(bits, PUBLIC_6) && !NOT_PUBLIC_6.some((network) => isIn6(bits, network));
}

/** Whether an address (not a name), in any spelling, is of the public internet. */
export function isPublicAddress(address: string): boolean {
  const host = address.includes(":") ? `[${address}]` : address;
  const parsed = URL.parse(`http://${host}/`)?.hostname;
  if (parsed === undefined) return false;
  if (parsed.startsWith("[")) return isPublic6(parsed.slice(1, -1));
  return IPV4.test(parsed) && isPublic4(parsed);
}

export interface Target {
  url: URL;
  /** Of a name: it has to be resolved before each call. */
  name?: string;
  /** The engine's operator permits this host whatever its address is. */
  isAllowed: boolean;
}

export type TargetFault = { code: "webhook-not-https" | "webhook-forbidden"; message: string };

/** The hosts, each with its port, that WEBHOOK_ALLOW names. */
export const allowedHosts = (setting: string): ReadonlySet<string> =>
  new Set(setting.split(",").flatMap((host) => (host.trim() === "" ? [] : [host.trim().toLowerCase()])));

const DEFAULT_PORTS: Record<string, string> = { "https:": "443", "http:": "80" };

/** Where a webhook's address leads, or why it is never called. */
export function targetOf(address: string, allowed: ReadonlySet<string>): Target | TargetFault {
  const url = URL.parse(address);
  if (!url) return { code: "webhook-forbidden", message: "this is no address" };
  const port = url.port === "" ? (DEFAULT_PORTS[url.protocol] ?? "") : url.port;
  if (url.username !== "" || url.password !== "") {
    return { code: "webhook-forbidden", message: "an address with a user's name or password is not called" };
  }
  if (allowed.has(`${url.hostname}:${port}`)) return { url, isAllowed: true };
  if (url.protocol !== "https:") {
    return { code: "webhook-not-https", message: "webhooks are sent over https alone" };
  }
  const host = url.hostname.replace(/\.$/, "");
  if (host.startsWith("[") || IPV4.test(host)) {
    const isPublic = host.startsWith("[") ? isPublic6(host.slice(1, -1)) : isPublic4(host);
    return isPublic ? { url, isAllowed: false } : FORBIDDEN;
  }
  return !host.includes(".") || LOCAL_NAME.test(host) ? FORBIDDEN : { url, name: host, isAllowed: false };
}

export const FORBIDDEN: TargetFault = {
  code: "webhook-forbidden",
  message: "private, local and reserved addresses are not called",
};
