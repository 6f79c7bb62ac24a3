import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSecrets } from "../../scripts/local/secrets.ts";
import {
  isOwnTeamId,
  isReturnCodeOf,
  makeJoinCode,
  makeReturnCode,
  makeTeamId,
  readJoinCode,
  readReturnCode,
} from "../../src/objects/check-part.ts";
import {
  joinCodesIn,
  objectName,
  parseObjectName,
  parseTeamId,
  REGIONS,
  randomText,
  regionOf,
  shardName,
} from "../../src/objects/ids.ts";

import { keyRing } from "../../src/secrets.ts";

const shards = fc
  .tuple(fc.constantFrom(...REGIONS), fc.nat(9_999))
  .map(([region, index]) => shardName(region, index));
const ordinals = fc.oneof(fc.nat(100), fc.nat(2 ** 31 - 1));
const secrets = createSecrets();

/** As an older engine made it: no check part, and as long as its ordinal asks for. */
const olderCode = (shard: string, ordinal: string, random: string): string =>
  `${shard.replace(/-(\d+)$/, "$1").toUpperCase()}-${ordinal}${random}`;

describe("ids carry the way", () => {
  test("[SH-25] a team id says its shard and its place there", () => {
    fc.assert(
      fc.property(shards, ordinals, (shard, ordinal) => {
        const id = makeTeamId(secrets, "a-hunt", shard, ordinal);
        expect(parseTeamId(id)).toEqual({ shard, ordinal });
        expect(id.length).toBeLessThanOrEqual(64);
      }),
    );
    expect(parseTeamId("weur-0-1a-x7k2q"), "of an older engine").toEqual({ shard: "weur-0", ordinal: 46 });
  });

  test("[SH-26] a join code says its shard and team, however it is typed", () => {
    fc.assert(
      fc.property(shards, ordinals, (shard, ordinal) => {
        const code = makeJoinCode(secrets, "a-hunt", shard, ordinal);
        const [place = "", body = ""] = code.split(/-(?=[^-]*$)/);
        const wide = code.replace(/[0-9A-Z]/g, (one) => String.fromCharCode(one.charCodeAt(0) + 0xfee0));
        const lookAlike = `${place}-${body.replaceAll("0", "o").replaceAll("1", "l")}`;
        for (const typed of [
          code,
          code.toLowerCase(),
          `  ${code}\n`,
          code.replaceAll("-", " – "),
          wide,
          lookAlike,
          code.split("").join(" "),
          code.split("").join("\u200b"),
          code.replace(/^[A-Z]+/, (letters) => `${letters} - `),
        ]) {
          expect(readJoinCode(secrets, "a-hunt", typed)).toEqual({ own: { code, shard, ordinal } });
        }
        expect(readJoinCode(secrets, "a-hunt", place.replaceAll("-", "") + body)).toEqual({
          own: { code, shard, ordinal },
        });
      }),
    );
  });

  test("[SH-26] letters of a region's name do not fold", () => {
    for (const [shard, typed] of [
      ["oc-0", (code: string) => code.replace("OC", "0C")],
      ["wnam-1", (code: string) => code.replace("WNAM", "WN4M")],
    ] as const) {
      const code = makeJoinCode(secrets, "a-hunt", shard, 3);
      expect(readJoinCode(secrets, "a-hunt", typed(code))).toEqual({ older: [] });
    }
  });

  test("[SEC-62] a code of an older engine is read at each place where it can be split, its own dash first", () => {
    const read = (typed: string) => {
      const found = readJoinCode(secrets, "a-hunt", typed);
      return "older" in found ? found.older.map(({ code }) => code) : [];
    };
    expect(read("weur0-a3x7k2q")).toEqual(["WEUR0-A3X7K2Q"]);
    expect(read("WEUR1 23X7K2QA")[0]).toBe("WEUR1-23X7K2QA");
    expect(read("WEUR12-3X7K2QA")[0]).toBe("WEUR12-3X7K2QA");
    expect(read("WEUR123X7K2QA")).toEqual(["WEUR1-23X7K2QA", "WEUR12-3X7K2QA"]);
    fc.assert(
      fc.property(
        shards,
        fc.stringMatching(/^[1-9A-HJKMNP-TV-Z][0-9A-HJKMNP-TV-Z]{0,2}$/),
        (shard, ordinal) => {
          const code = olderCode(shard, ordinal, randomText(6));
          expect(read(code)).toContain(code);
          expect(read(code.replace(/-(?=[^-]*$)/, ""))).toContain(code);
        },
      ),
    );
  });

  test("[SEC-62] nobody makes a check part: it is of the engine, the hunt and the rest of the id", () => {
    fc.assert(
      fc.property(shards, fc.nat(1_000), (shard, ordinal) => {
        const id = makeTeamId(secrets, "a-hunt", shard, ordinal);
        const code = makeJoinCode(secrets, "a-hunt", shard, ordinal);
        expect(isOwnTeamId(secrets, "a-hunt", id)).toBe(true);
        for (const [by, hunt] of [
          [secrets, "another"],
          [createSecrets(), "a-hunt"],
        ] as const) {
          expect(isOwnTeamId(by, hunt, id)).toBe(false);
          expect(readJoinCode(by, hunt, code)).not.toHaveProperty("own");
        }
        const changed = id.replace(`-${ordinal.toString(36)}-`, `-${(ordinal + 1).toString(36)}-`);
        expect(isOwnTeamId(secrets, "a-hunt", changed)).toBe(false);
      }),
    );
    const turned = {
      ...secrets,
      CODE_KEYS: `new:${createSecrets().CODE_KEYS.split(":")[1]},${secrets.CODE_KEYS}`,
    };
    const id = makeTeamId(secrets, "a-hunt", "weur-0", 0);
    expect(isOwnTeamId(turned, "a-hunt", id), "all keys of the ring verify").toBe(true);
    expect(isOwnTeamId(secrets, "a-hunt", makeTeamId(turned, "a-hunt", "weur-0", 0))).toBe(false);
  });

  test("[SH-27] an object's name says hunt and shard, a shard's its region", () => {
    fc.assert(
      fc.property(shards, (shard) => {
        expect(parseObjectName(objectName("a-hunt", shard))).toEqual({ hunt: "a-hunt", shard });
        expect(shard.startsWith(`${regionOf(shard)}-`)).toBe(true);
      }),
    );
    expect(() => parseObjectName("no-slash")).toThrow("no shard's name");
  });

  test.each([
    "",
    "x",
    "weur-0",
    "weur-0-0",
    "mars-0-0-abcde",
    "weur-0-0-abcdef",
    "weur-0-0-ABCDE",
    "weur--1-0-abcde",
    "weur-0-0-abcde\n",
    " weur-0-0-abcde",
    "weur-0-123456789-abcde",
    "../weur-0-0-abcde",
  ])("[SH-25] %j is no team id", (text) => {
    expect(parseTeamId(text)).toBeUndefined();
  });

  test.each([
    "",
    "WEUR0",
    "WEUR0-",
    "WEUR0-ABCDEF",
    "MARS0-0ABCDEF",
    "WEUR-0ABCDEF",
    "WEUR0-0ABCDEF!",
    "WEUR0-UABCDEF",
    "WEUR00000-0ABCDEF",
    `WEUR0-${"0".repeat(80)}`,
  ])("[SH-26] %j is no join code", (text) => {
    expect(joinCodesIn(text)).toEqual({ checked: [], older: [] });
  });

  test("[SH-26] any text is a join code or not, without failing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        readJoinCode(secrets, "a-hunt", text);
        parseTeamId(text);
      }),
    );
  });

  test("[SH-28] two codes or ids of the same team differ in what cannot be guessed", () => {
    const codes = Array.from({ length: 1_000 }, () => makeJoinCode(secrets, "a-hunt", "weur-0", 0));
    // 25 random bits: of a thousand, two are alike now and then.
    expect(new Set(codes).size).toBeGreaterThan(990);
    expect(new Set(Array.from({ length: 1_000 }, () => randomText(5))).size).toBeGreaterThan(990);
    expect(randomText(20)).toMatch(/^[0-9A-HJKMNP-TV-Z]{20}$/);
  });
});

describe("return codes", () => {
  const of = { hunt: "a-hunt", team: "", player: "p-one", gen: 0 };

  test("[SEC-150] say the way to the team, however they are typed, and are no join codes", () => {
    fc.assert(
      fc.property(shards, ordinals, fc.nat(3), (shard, ordinal, gen) => {
        const own = { ...of, team: makeTeamId(secrets, "a-hunt", shard, ordinal), gen };
        const code = makeReturnCode(secrets, undefined, own);
        expect(makeReturnCode(secrets, undefined, own)).toBe(code);
        const [place = "", body = ""] = code.split(/(?<=^(?:APAC-)?[A-Z]+\d+)-/);
        for (const typed of [
          code,
          code.toLowerCase(),
          code.replaceAll("-", ""),
          code.split("").join(" "),
          `${place} ${body.replaceAll("0", "O").replaceAll("1", "i")}`,
        ]) {
          const read = readReturnCode(secrets, "a-hunt", typed);
          expect(read, typed).toMatchObject({ shard, ordinal });
          expect(isReturnCodeOf(secrets, read?.code ?? "", own)).toBe(true);
          for (const other of [{ gen: gen + 1 }, { player: "p-two" }, { team: "weur-0-0-abcde" }]) {
            expect(isReturnCodeOf(secrets, read?.code ?? "", { ...own, ...other })).toBe(false);
          }
        }
        expect(readReturnCode(secrets, "other-hunt", code)).toBeUndefined();
        expect(readReturnCode(createSecrets(), "a-hunt", code)).toBeUndefined();
        expect(readJoinCode(secrets, "a-hunt", code)).not.toHaveProperty("own");
        expect(
          readReturnCode(secrets, "a-hunt", makeJoinCode(secrets, "a-hunt", shard, ordinal)),
        ).toBeUndefined();
      }),
    );
    for (const text of ["", "-", "WEUR0", "weur0-000000-000000-000000", "x".repeat(97), "\ud800"]) {
      expect(readReturnCode(secrets, "a-hunt", text)).toBeUndefined();
    }
  });

  test("[SEC-150] stay when a new key comes into the ring, as long as theirs is in it", () => {
    const own = { ...of, team: makeTeamId(secrets, "a-hunt", "weur-0", 7) };
    const [key] = keyRing("CODE_KEYS", secrets.CODE_KEYS);
    const code = makeReturnCode(secrets, key?.id, own);
    const newer = createSecrets().CODE_KEYS;
    const both = { CODE_KEYS: `${newer},${secrets.CODE_KEYS}` };
    expect(makeReturnCode(both, key?.id, own)).toBe(code);
    const read = readReturnCode(both, "a-hunt", code)?.code ?? "";
    expect(isReturnCodeOf(both, read, own)).toBe(true);
    expect(readReturnCode({ CODE_KEYS: newer }, "a-hunt", code)).toBeUndefined();
    // Without its key there is another code, and no error.
    expect(makeReturnCode({ CODE_KEYS: newer }, key?.id, own)).not.toBe(code);
  });
});
