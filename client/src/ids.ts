/** Ids that clients choose: of events, and of requests that may be sent twice. */

/** A UUIDv7: ids made later sort later. */
export function makeId(now: number = Date.now()): string {
  const bytes = randomBytes(16);
  for (let index = 0; index < 6; index += 1) bytes[index] = Math.floor(now / 256 ** (5 - index)) % 256;
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Unlike others in a team; nothing secret. Node.js 18 has no global `crypto`. */
function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  const { crypto } = globalThis as { crypto?: { getRandomValues(into: Uint8Array): unknown } };
  if (crypto) crypto.getRandomValues(bytes);
  else for (let index = 0; index < count; index += 1) bytes[index] = Math.floor(Math.random() * 256);
  return bytes;
}
