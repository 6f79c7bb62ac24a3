/** ChaCha20 against the vectors of RFC 8439, and against OpenSSL's. */
import { createCipheriv, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { chacha20 } from "../src/chacha20.ts";

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

describe("[PD-6] ChaCha20", () => {
  test("gives the key stream of RFC 8439, 2.3.2", () => {
    const key = Uint8Array.from({ length: 32 }, (_, index) => index);
    const stream = new Uint8Array(64);
    chacha20(key, bytesOf("000000090000004a00000000"), stream, 0, 1);
    expect(Buffer.from(stream).toString("hex")).toBe(
      "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4ed2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e",
    );
  });

  test("gives the text of RFC 8439, 2.4.2", () => {
    const key = Uint8Array.from({ length: 32 }, (_, index) => index);
    const text = new TextEncoder().encode(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    );
    chacha20(key, bytesOf("000000000000004a00000000"), text, 0, 1);
    expect(Buffer.from(text).toString("hex")).toBe(
      "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0bf91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d807ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab77937365af90bbf74a35be6b40b8eedf2785e42874d",
    );
  });

  test("is OpenSSL's for every length, from any place, and turns back", () => {
    for (let length = 0; length < 300; length += 7) {
      const [key, nonce, plain] = [randomBytes(32), randomBytes(12), randomBytes(length)];
      const head = randomBytes(5);
      const own = new Uint8Array([...head, ...plain]);
      chacha20(key, nonce, own, head.length);
      const iv = Buffer.concat([Buffer.alloc(4), nonce]);
      const theirs = createCipheriv("chacha20", key, iv).update(plain);
      expect(Buffer.from(own.subarray(5)).equals(theirs), `${length}`).toBe(true);
      expect(Buffer.from(own.subarray(0, 5)).equals(head)).toBe(true);
      chacha20(key, nonce, own, head.length);
      expect(Buffer.from(own.subarray(5)).equals(plain)).toBe(true);
    }
  });

  test("wants a whole key and nonce", () => {
    expect(() => chacha20(new Uint8Array(16), new Uint8Array(12), new Uint8Array(1))).toThrow();
    expect(() => chacha20(new Uint8Array(32), new Uint8Array(8), new Uint8Array(1))).toThrow();
  });
});
