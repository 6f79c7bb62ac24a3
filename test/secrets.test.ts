import { expect, test } from "vitest";
import { currentKey, keyById, keyRing } from "../src/secrets.ts";

const key = (byte: number, length = 32): string => Buffer.alloc(length, byte).toString("base64url");

test("[SEC-20] the first key of a ring makes new values, each is found by its id", () => {
  const ring = `new:${key(0xfb)}, old:${key(2)}`;
  expect(currentKey("CODE_KEYS", ring)).toEqual({ id: "new", bytes: new Uint8Array(32).fill(0xfb) });
  expect(keyById("CODE_KEYS", ring, "old")?.bytes[0]).toBe(2);
  expect(keyById("CODE_KEYS", ring, "gone")).toBeUndefined();
});

test.each([
  ["missing", undefined],
  ["empty", ""],
  ["without an id", key(1)],
  ["with an id that is none", `A_B:${key(1)}`],
  ["short", `k:${key(1, 31)}`],
  ["not base64url", "k:se!cret"],
])("[SEC-20] a ring that is %s is refused with its name, and without its value", (_, value) => {
  expect(() => keyRing("ANSWER_PEPPERS", value)).toThrow(
    /^the secret ANSWER_PEPPERS (is missing|is malformed: it must be id:base64url\[,id:base64url\]|has a key of 31 bytes \(k\): 32 random ones are the least)$/,
  );
});
