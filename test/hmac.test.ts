/** The keyed digest against Node's own. */
import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { base64url, HmacSha256, sha256 } from "../src/hmac.ts";

test("SHA-256 equals node:crypto's for every text", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 300 })),
      (text) => {
        expect(Buffer.from(sha256(text))).toEqual(createHash("sha256").update(text, "utf8").digest());
      },
    ),
    { numRuns: 300 },
  );
});

test("HMAC-SHA-256 equals node:crypto's for every key and text", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.array(fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 300 })), {
        maxLength: 5,
      }),
      (key, texts) => {
        const mac = new HmacSha256(key);
        for (const text of texts) {
          const wanted = createHmac("sha256", key).update(text).digest();
          expect(Buffer.from(mac.digest(text))).toEqual(wanted);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("texts of every length around a block's end, and long ones", () => {
  const key = new Uint8Array(32).fill(7);
  const mac = new HmacSha256(key);
  for (const length of [...Array.from({ length: 200 }, (_, index) => index), 5_000]) {
    for (const text of ["a".repeat(length), "é".repeat(length), "€".repeat(length)]) {
      expect(base64url(mac.digest(text), 32)).toBe(
        createHmac("sha256", key).update(text).digest("base64url"),
      );
    }
  }
});

test("base64url cuts where it is told", () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => index * 37);
  for (let count = 0; count <= 32; count += 1) {
    expect(base64url(bytes, count)).toBe(Buffer.from(bytes.subarray(0, count)).toString("base64url"));
  }
});
