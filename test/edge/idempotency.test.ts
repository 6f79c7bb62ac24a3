import { expect, test } from "vitest";
import { createSecrets } from "../../scripts/local/secrets.ts";
import { joiningKey, repeatable } from "../../src/edge/idempotency.ts";

const secrets = createSecrets();
const body = { name: "Ann", team: { create: "Owls", bracket: "family" } };
const LONG = "0192f3c1-7c1e-7b3a-9d2f-0a6d7b8c9e10";

const from = (address: string | undefined): Request =>
  new Request(
    "https://hunt.example",
    address === undefined ? {} : { headers: { "cf-connecting-ip": address } },
  );

const bound = (key: string, address: string | undefined, sent: object = body): string =>
  repeatable(secrets, from(address), "a", key, sent).bound;

test("[SEC-64] a key is bound to the body, in whatever order its keys come", () => {
  const turned = { team: { bracket: "family", create: "Owls" }, name: "Ann" };
  expect(bound(LONG, "192.0.2.1", turned)).toBe(bound(LONG, "192.0.2.1"));
  for (const other of [{ name: "Ann" }, { ...body, locale: "de" }, { ...body, team: { create: "Owls" } }]) {
    expect(bound(LONG, "192.0.2.1", other)).not.toBe(bound(LONG, "192.0.2.1"));
  }
});

test("[SEC-64] a key of fewer than 16 characters is bound to the network: IPv4 /24, IPv6 /56", () => {
  const same: [string, string][] = [
    ["192.0.2.1", "192.0.2.254"],
    ["2001:db8:1:2300::1", "2001:db8:1:23ff:9::7"],
    ["::ffff:192.0.2.9", "192.0.2.1"],
  ];
  for (const [one, other] of same)
    expect(bound("123456789012345", one)).toBe(bound("123456789012345", other));
  const different: [string, string | undefined][] = [
    ["192.0.2.1", "192.0.3.1"],
    ["2001:db8:1:2300::1", "2001:db8:1:2400::1"],
    ["192.0.2.1", undefined],
  ];
  for (const [one, other] of different) {
    expect(bound("123456789012345", one)).not.toBe(bound("123456789012345", other));
    expect(bound("1234567890123456", one)).toBe(bound("1234567890123456", other));
  }
});

test("[SEC-65] what is kept is a keyed digest of the hunt's own", () => {
  const made = repeatable(secrets, from("192.0.2.1"), "a", LONG, body);
  const kept = JSON.stringify([made.names, made.bound, joiningKey(secrets, made, 1_000)]);
  for (const part of [LONG, "0192f3c1", "192.0.2", "Owls"]) expect(kept).not.toContain(part);
  expect(repeatable(secrets, from("192.0.2.1"), "b", LONG, body).names).not.toEqual(made.names);
  expect(repeatable(createSecrets(), from("192.0.2.1"), "a", LONG, body).names).not.toEqual(made.names);
});

test("[SEC-65] a key pinned before the ring turned is found, and stands for the same joining", () => {
  const before = repeatable(secrets, from(undefined), "a", LONG, body);
  const turned = {
    ...secrets,
    CODE_KEYS: `new:${createSecrets().CODE_KEYS.split(":")[1]},${secrets.CODE_KEYS}`,
  };
  const after = repeatable(turned, from(undefined), "a", LONG, body);
  expect(after.names.slice(1)).toEqual(before.names);
  expect(after.bound).toBe(before.bound);
  expect(joiningKey(turned, after, 5)).toBe(joiningKey(secrets, before, 5));
  expect(joiningKey(turned, after, 6)).not.toBe(joiningKey(turned, after, 5));
});
