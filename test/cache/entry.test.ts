import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSecrets } from "../../scripts/local/secrets.ts";
import { CLOCK_SKEW_MAX, personDigest, profileOf, readRegistrationEntry } from "../../src/cache/entry.ts";

const NOW = 1_750_000_000_000;
const KEY = "abc";
const ENTRY = {
  v: 1,
  kind: "registration",
  key: KEY,
  at: NOW - 10,
  value: { locale: "de", bracket: "locals", blocked: true },
  freshUntil: NOW + 10,
  staleUntil: NOW + 20,
};
const read = (value: unknown) => readRegistrationEntry(KEY, JSON.stringify(value) ?? null, NOW);

describe("[CACHE-1] an entry out of KV", () => {
  test.each([
    ["a whole one", ENTRY],
    ["one that says there is none", { ...ENTRY, value: null }],
    ["an empty profile", { ...ENTRY, value: {} }],
    [
      "one of a clock a little ahead",
      { ...ENTRY, at: NOW + CLOCK_SKEW_MAX, freshUntil: NOW + 9_000, staleUntil: NOW + 9_000 },
    ],
  ])("%s is read as it is", (_, entry) => {
    expect(read(entry)).toEqual(entry);
  });

  test.each([
    ["missing", undefined],
    ["of another version", { ...ENTRY, v: 2 }],
    ["without a version", { ...ENTRY, v: undefined }],
    ["of another kind", { ...ENTRY, kind: "board" }],
    ["of another key", { ...ENTRY, key: "abd" }],
    ["from the future", { ...ENTRY, at: NOW + CLOCK_SKEW_MAX + 1, freshUntil: NOW * 2, staleUntil: NOW * 2 }],
    ["without a time", { ...ENTRY, at: undefined }],
    ["with a time as text", { ...ENTRY, freshUntil: String(NOW) }],
    ["fresh before it was written", { ...ENTRY, freshUntil: NOW - 11 }],
    ["stale before it is old", { ...ENTRY, staleUntil: NOW + 9 }],
    ["of a time beyond all bounds", { ...ENTRY, staleUntil: 1e300 }],
    ["without a value", { ...ENTRY, value: undefined }],
    ["with a list for a value", { ...ENTRY, value: [] }],
    ["with a text for a value", { ...ENTRY, value: "registered" }],
    ["with a bracket that is none", { ...ENTRY, value: { bracket: "<b>" } }],
    ["with a locale that is none", { ...ENTRY, value: { locale: 7 } }],
    ["with half a mark", { ...ENTRY, value: { blocked: "no" } }],
    ["with more than it should know", { ...ENTRY, value: { name: "Ann" } }],
    ["a list", [ENTRY]],
    ["null", null],
    ["a number", 7],
  ])("one %s is ignored", (_, entry) => {
    expect(read(entry)).toBeUndefined();
  });

  test("that is no JSON is ignored, whatever it is", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readRegistrationEntry(KEY, text, NOW)).toBeUndefined();
      }),
    );
    const whole = JSON.stringify(ENTRY);
    for (let length = 0; length < whole.length; length += 1) {
      expect(readRegistrationEntry(KEY, whole.slice(0, length), NOW)).toBeUndefined();
    }
  });

  test("with one part replaced is ignored, or still is an entry of this key", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(ENTRY)), fc.jsonValue(), (part, value) => {
        const entry = read({ ...ENTRY, [part]: value });
        if (!entry) return;
        expect(entry).toMatchObject({ v: 1, kind: "registration", key: KEY });
        expect(entry.at).toBeLessThanOrEqual(entry.freshUntil);
        expect(entry.freshUntil).toBeLessThanOrEqual(entry.staleUntil);
      }),
    );
  });
});

describe("[CACHE-2] what is kept of a person", () => {
  test("is what joining needs, and of that only what is well-formed", () => {
    const person = { externalId: "ann@example.org", name: "Ann Example" };
    expect(profileOf({ ...person, locale: "de", bracket: "locals", blocked: true })).toEqual({
      locale: "de",
      bracket: "locals",
      blocked: true,
    });
    expect(profileOf({ ...person, locale: "de_DE.UTF-8", bracket: "Not a slug", blocked: false })).toEqual(
      {},
    );
  });

  test("every profile is read again as it was", () => {
    const text = fc.option(fc.string(), { nil: undefined });
    fc.assert(
      fc.property(text, text, fc.boolean(), (locale, bracket, blocked) => {
        const value = profileOf({
          externalId: "x",
          ...(locale === undefined ? {} : { locale }),
          ...(bracket === undefined ? {} : { bracket }),
          blocked,
        });
        expect(read({ ...ENTRY, value })?.value).toEqual(value);
      }),
    );
  });

  test("is found by a digest that depends on the id and the secret", () => {
    const [one, two] = [createSecrets(), createSecrets()];
    const digest = personDigest(one, "ann@example.org");
    expect(digest).toMatch(/^[\w-]{22}$/);
    expect(personDigest(one, "ann@example.org")).toBe(digest);
    expect(personDigest(one, "Ann@example.org")).not.toBe(digest);
    expect(personDigest(two, "ann@example.org")).not.toBe(digest);
  });
});
