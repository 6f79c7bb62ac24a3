/** Push messages by the RFCs' own examples, and against an implementation of its own. */
import { createECDH, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newRing } from "../../scripts/local/secrets.ts";
import { CONTENT_MAX, isFit, sealFor, UnfitKeys } from "../../src/push/seal.ts";
import { authorization, pushKey } from "../../src/push/vapid.ts";
import { faultsOf } from "../../src/secrets.ts";
import { openSealed } from "./service.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));

describe("[PUSH-2] a message is sealed for its device", () => {
  test("as the example of RFC 8291, appendix A", async () => {
    const point = bytes(
      "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
    );
    const jwk = {
      kty: "EC",
      crv: "P-256",
      x: Buffer.from(point.subarray(1, 33)).toString("base64url"),
      y: Buffer.from(point.subarray(33)).toString("base64url"),
    };
    const curve = { name: "ECDH", namedCurve: "P-256" };
    const pair = {
      publicKey: await crypto.subtle.importKey("jwk", jwk, curve, true, []),
      privateKey: await crypto.subtle.importKey(
        "jwk",
        { ...jwk, d: "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw" },
        curve,
        false,
        ["deriveBits"],
      ),
    };
    const device = {
      p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
      auth: "BTBZMqHH6r4Tts7J_aSIgg",
    };
    const sealed = await sealFor(
      device,
      new TextEncoder().encode("When I grow up, I want to be a watermelon"),
      { salt: bytes("DGv6ra1nlYgDCS1FRnbzlw"), pair: pair as never, bare: true },
    );
    expect(Buffer.from(sealed).toString("base64url")).toBe(
      "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
    );
  });

  test("whatever its length, it opens to what it was; lengths do not tell which kind it is", async () => {
    const curve = createECDH("prime256v1");
    curve.generateKeys();
    const auth = randomBytes(16);
    const device = { p256dh: curve.getPublicKey("base64url"), auth: auth.toString("base64url") };
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: CONTENT_MAX }), async (content) => {
        const sealed = await sealFor(device, content);
        expect(sealed.length).toBeLessThanOrEqual(4_096);
        expect(openSealed(Buffer.from(sealed), curve, auth)).toEqual(Buffer.from(content));
      }),
      { numRuns: 50 },
    );
    const short = await Promise.all([3, 100, 500].map((size) => sealFor(device, new Uint8Array(size))));
    expect(new Set(short.map(({ length }) => length)).size).toBe(1);
  });

  test("not for keys that are none", async () => {
    const off = { p256dh: Buffer.alloc(65, 4).toString("base64url"), auth: "BTBZMqHH6r4Tts7J_aSIgg" };
    expect(await isFit(off)).toBe(false);
    await expect(sealFor(off, new Uint8Array(3))).rejects.toThrow(UnfitKeys);
  });
});

describe("[PUSH-3] a message says who sends it", () => {
  test("by the key that the device subscribed with, as long as the ring has it", async () => {
    const [old, young] = [newRing(), newRing()];
    const before = pushKey({ VAPID_KEYS: old });
    const ring = { VAPID_KEYS: `${young},${old}` };
    expect(pushKey(ring)?.publicKey).not.toBe(before?.publicKey);
    const signed = await authorization(
      ring,
      before?.id ?? "",
      "https://push.example.net",
      "https://h.example",
      1e12,
    );
    expect(signed?.endsWith(`k=${before?.publicKey}`)).toBe(true);
    const lost = { VAPID_KEYS: young };
    expect(
      await authorization(lost, before?.id ?? "", "https://push.example.net", "https://h.example", 1e12),
    ).toBe(undefined);
    expect(pushKey({})).toBe(undefined);
  });

  test("a ring with what is no key of P-256 is a fault that is told, and nobody subscribes", () => {
    const rings = Object.fromEntries(
      ["PLAYER_TOKEN_KEYS", "ORGANISER_TOKEN_KEYS", "ANSWER_PEPPERS", "CODE_KEYS"].map((name) => [
        name,
        newRing(),
      ]),
    ) as never as Parameters<typeof faultsOf>[0];
    for (const key of [Buffer.alloc(32, 255), Buffer.alloc(32), Buffer.alloc(33, 1)]) {
      const VAPID_KEYS = `k1:${key.toString("base64url")}`;
      expect(faultsOf({ ...rings, VAPID_KEYS })).toEqual([expect.stringContaining("none of P-256")]);
      expect(pushKey({ VAPID_KEYS })).toBe(undefined);
    }
    expect(faultsOf({ ...rings, VAPID_KEYS: newRing() })).toEqual([]);
  });
});
