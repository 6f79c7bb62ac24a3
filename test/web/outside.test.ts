/** Text from outside the pages: nothing of it throws, and only one file reads it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { me } from "../../src/contract/me.ts";
import { isEvent, isHunt, isMe, isSession } from "../../src/web/player/kept.ts";
import { decoded, encoded, hasTexts, objectIn, parsed } from "../../src/web/shared/outside.ts";

const HOSTILE = ["%", "%E0%A4%A", "%00", "\ud800", "{", "null", "[]", "7", '"x"', "__proto__", "\u0000", ""];

describe("[SEC-106] text from outside", () => {
  test("is decoded, encoded and parsed without an error, whatever it is", () => {
    const any = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...HOSTILE));
    fc.assert(
      fc.property(any, (text) => {
        decoded(text);
        encoded(text);
        parsed(text);
        objectIn(text);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(decoded(encoded(text))).toBe(text);
      }),
    );
    expect(decoded("a%2Fb%")).toBe("a%2Fb%");
    expect(encoded("\ud800")).toBe("%EF%BF%BD");
    for (const none of ["null", "[]", "7", '"x"', "{", undefined]) expect(objectIn(none)).toBeUndefined();
  });

  test("what a device kept is taken only if it is what the page keeps", () => {
    const [example] = (me.meta()?.examples ?? []) as object[];
    expect(isMe(example)).toBe(true);
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) => {
        for (const is of [isMe, isHunt, isSession, isEvent]) is(value);
        expect(isMe({ ...(example as object), clues: value }) ? Array.isArray(value) : true).toBe(true);
      }),
    );
    for (const key of ["player", "team", "phase", "rounds", "clues", "announcements"]) {
      for (const value of [undefined, null, 7, "x", {}, [null], [{}], [7]]) {
        expect(isMe({ ...(example as object), [key]: value }), `${key} ${JSON.stringify(value)}`).toBe(false);
      }
    }
    expect(hasTexts({ a: "x" }, "a")).toBe(true);
    expect(hasTexts({ a: "x" }, "a", "b")).toBe(false);
  });

  test("is read by one file alone", () => {
    const root = join(import.meta.dirname, "../../src/web");
    const found = readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((path) => /\.tsx?$/.test(path) && path !== join("shared", "outside.ts"))
      .filter((path) =>
        /\b(JSON\.parse|decodeURI(Component)?|encodeURI(Component)?)\(/.test(
          readFileSync(join(root, path), "utf8"),
        ),
      );
    expect(found).toEqual([]);
  });
});
