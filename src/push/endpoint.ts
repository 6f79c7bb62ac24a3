/**
 * Which addresses of push services the engine calls: https, a host by its name, the usual port. An address as a
 * number is never one of a push service, and could be one of the engine's own network.
 */

/** Names that mean this machine, or a network of its own (RFC 6761, RFC 6762, RFC 8375, RFC 9476). */
const OWN =
  /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home|corp|private|arpa|test|invalid|example|onion|alt)$/;

/** The host as a URL has it: numbers in any spelling are dotted there, an IPv6 address is in brackets. */
const NUMBER = /^(?:\[.*\]|[\d.]+)$/;

/** Why the address is not called; undefined: it is. `allowed`: hosts (with their port) that are called whatever they are. */
export function refuseEndpoint(endpoint: string, allowed: readonly string[]): string | undefined {
  if (!URL.canParse(endpoint)) return "must be an address";
  const { protocol, hostname, port, username, password } = new URL(endpoint);
  if (username !== "" || password !== "") return "must have no name and no password";
  if (isAllowedIn(endpoint, allowed))
    return /^https?:$/.test(protocol) ? undefined : "must begin with https://";
  if (protocol !== "https:") return "must begin with https://";
  if (port !== "") return "must have no port";
  // A dot at the end means the same host.
  const name = hostname.replace(/\.$/, "");
  if (NUMBER.test(name)) return "must have a host by its name";
  if (!name.includes(".") || OWN.test(name)) return "must have a host of the public internet";
  return undefined;
}

/** The hosts in the parameter PUSH_ALLOW. */
export const allowedIn = (parameter: string): string[] => (parameter === "" ? [] : parameter.split(","));

export const isAllowedIn = (endpoint: string, allowed: readonly string[]): boolean =>
  allowed.includes(new URL(endpoint).host);
