import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  makeJoinCode,
  makeTeamId,
  objectName,
  parseJoinCode,
  parseObjectName,
  parseTeamId,
  REGIONS,
  randomText,
  regionOf,
  shardName,
} from "../../src/objects/ids.ts";

const shards = fc
  .tuple(fc.constantFrom(...REGIONS), fc.nat(9_999))
  .map(([region, index]) => shardName(region, index));
const ordinals = fc.oneof(fc.nat(100), fc.nat(2 ** 31 - 1));

describe("ids carry the way", () => {
  test("[SH-25] a team id says its shard and its place there", () => {
    fc.assert(
      fc.property(shards, ordinals, (shard, ordinal) => {
        const id = makeTeamId(shard, ordinal);
        expect(parseTeamId(id)).toEqual({ shard, ordinal });
        expect(id.length).toBeLessThanOrEqual(64);
      }),
    );
  });

  test("[SH-26] a join code says its shard and team, in any case and with spaces around it", () => {
    fc.assert(
      fc.property(shards, ordinals, (shard, ordinal) => {
        const code = makeJoinCode(shard, ordinal);
        for (const typed of [code, code.toLowerCase(), `  ${code}\n`]) {
          expect(parseJoinCode(typed)).toEqual({ code, shard, ordinal });
        }
      }),
    );
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
  ])("[SH-26] %j is no join code", (text) => {
    expect(parseJoinCode(text)).toBeUndefined();
  });

  test("[SH-26] any text is a join code or not, without failing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        parseJoinCode(text);
        parseTeamId(text);
      }),
    );
  });

  test("[SH-28] two codes or ids of the same team differ in what cannot be guessed", () => {
    expect(new Set(Array.from({ length: 1_000 }, () => makeJoinCode("weur-0", 0))).size).toBe(1_000);
    expect(new Set(Array.from({ length: 1_000 }, () => randomText(5))).size).toBeGreaterThan(990);
    expect(randomText(20)).toMatch(/^[0-9A-HJKMNP-TV-Z]{20}$/);
  });
});
