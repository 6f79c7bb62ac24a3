/** Which addresses webhooks may call. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { allowedHosts, isPublicAddress, targetOf } from "../../src/hooks/address.ts";

const NOBODY = allowedHosts("");
const isRefused = (url: string): boolean => "code" in targetOf(url, NOBODY);

test.each([
  [
    "loopback",
    [
      "127.0.0.1",
      "127.1",
      "0x7f.0.0.1",
      "0177.0.0.1",
      "2130706433",
      "0x7f000001",
      "１２７.0.0.1",
      "127.0.0.1.",
      "0.0.0.0",
      "0",
    ],
  ],
  [
    "private",
    ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "0xa000001"],
  ],
  [
    "link-local, and where clouds tell secrets",
    ["169.254.169.254", "2852039166", "[fe80::1]", "[fd00:ec2::254]"],
  ],
  [
    "multicast, reserved, broadcast, documentation",
    ["224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "203.0.113.9"],
  ],
  [
    "IPv6 that is IPv4 within",
    [
      "[::ffff:127.0.0.1]",
      "[::ffff:a00:1]",
      "[64:ff9b::7f00:1]",
      "[2002:7f00:1::]",
      "[2001:0:7f00:1::]",
      "[::127.0.0.1]",
    ],
  ],
  [
    "IPv6 of no public network",
    ["[::1]", "[::]", "[fc00::1]", "[ff02::1]", "[2001:db8::1]", "[fec0::1]", "[3fff::1]", "[100::1]"],
  ],
  [
    "names of a network or a machine",
    ["localhost", "a.localhost", "LOCALHOST.", "printer", "nas.local", "x.internal", "box.home.arpa"],
  ],
])("[HOOK-10] refused: %s", (_, hosts) => {
  for (const host of hosts) expect(isRefused(`https://${host}/x`), host).toBe(true);
});

test("[HOOK-10] public addresses and names are called, over https alone and without a user", () => {
  for (const host of ["example.org", "8.8.8.8", "172.32.0.1", "[2606:4700::1111]", "example.org:8443"]) {
    expect(isRefused(`https://${host}/x`), host).toBe(false);
    expect(isRefused(`http://${host}/x`), host).toBe(true);
  }
  expect(isRefused("https://user:word@example.org/")).toBe(true);
  expect(targetOf("https://example.org/", NOBODY)).toMatchObject({ name: "example.org", isAllowed: false });
});

test("[HOOK-13] WEBHOOK_ALLOW permits a host with its port, over http too, and no other", () => {
  const allowed = allowedHosts("127.0.0.1:8818, receiver:443");
  expect(targetOf("http://127.0.0.1:8818/x", allowed)).toMatchObject({ isAllowed: true });
  expect(targetOf("http://0x7f.1:8818/x", allowed)).toMatchObject({ isAllowed: true });
  expect(targetOf("https://receiver/x", allowed)).toMatchObject({ isAllowed: true });
  for (const url of ["http://127.0.0.1:8819/x", "http://127.0.0.1/x", "http://receiver/x"]) {
    expect("code" in targetOf(url, allowed), url).toBe(true);
  }
});

test("[HOOK-10] any address of a private network is refused, however it is written", () => {
  const byte = fc.nat(255);
  const networks = fc.oneof(
    fc.tuple(fc.constant(10), byte, byte, byte),
    fc.tuple(fc.constant(127), byte, byte, byte),
    fc.tuple(fc.constant(192), fc.constant(168), byte, byte),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), byte, byte),
    fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
  );
  fc.assert(
    fc.property(networks, ([a, b, c, d]) => {
      const number = ((a * 256 + b) * 256 + c) * 256 + d;
      const hex = number.toString(16).padStart(8, "0");
      const spellings = [
        `${a}.${b}.${c}.${d}`,
        String(number),
        `0x${hex}`,
        `0${number.toString(8)}`,
        `${a}.${(b * 256 + c) * 256 + d}`,
        `[::ffff:${a}.${b}.${c}.${d}]`,
        `[64:ff9b::${hex.slice(0, 4)}:${hex.slice(4)}]`,
      ];
      return spellings.every((host) => isRefused(`https://${host}/`));
    }),
  );
});

test("[HOOK-11] of what a resolver tells, only public addresses count as such", () => {
  for (const address of ["8.8.8.8", "2606:4700::1111"]) expect(isPublicAddress(address)).toBe(true);
  for (const address of ["10.0.0.1", "::1", "fe80::1%eth0", "::ffff:10.0.0.1", "", "example.org", "a b"]) {
    expect(isPublicAddress(address), address).toBe(false);
  }
});
