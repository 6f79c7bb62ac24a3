import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { commitmentTo, newSalt, partsOf, whole } from "../../src/people/personal.ts";
import { type Fact, FORGOTTEN_NAME } from "../../src/protocol.ts";

const join: Fact = {
  seq: 1,
  at: 5,
  team: "weur-0-1-abc",
  type: "join",
  player: "p-1",
  name: "Ada",
  event: "k",
  externalId: "C-1",
  locale: "de",
  created: { name: "Owls", joinCode: "WEUR0-1" },
};
const solo: Fact = { ...join, created: { name: "Ada" } };
const checkin: Fact = {
  seq: 2,
  at: 6,
  team: "weur-0-1-abc",
  type: "checkin",
  outcome: "correct",
  player: "p-1",
  event: "e",
  clue: "pier",
  position: { lat: 1.5, lng: 2.5, accuracy: 9 },
  distance: 3,
};
const award: Fact = { seq: 3, at: 7, team: "weur-0-1-abc", type: "award", points: 1, reason: "r", score: 1 };

describe("[LOG-1] what tells who somebody is stands beside the facts", () => {
  test.each([join, solo, checkin])("%o comes apart and together again", (fact) => {
    const parts = partsOf(fact);
    if (!parts) throw new Error("nothing personal was found");
    const text = JSON.stringify(parts.logged);
    for (const personal of ["Ada", "C-1", "1.5", "2.5", "distance"]) expect(text).not.toContain(personal);
    expect(whole(parts.logged, parts.personal)).toEqual({ ...fact, personal: parts.logged.personal });
    expect(parts.personal.player).toBe("p-1");
  });

  test("a team's own name stays in the log, a solo player's does not", () => {
    expect(partsOf(join)?.logged).toMatchObject({ created: { name: "Owls", joinCode: "WEUR0-1" } });
    expect(partsOf(solo)?.logged).toMatchObject({ created: {} });
  });

  test("a fact without anything personal is left as it is", () => expect(partsOf(award)).toBeUndefined());

  test("the commitment is the SHA-256 of the JSON text, and salted", () => {
    const { personal, logged } = partsOf(checkin) ?? {};
    if (!personal) throw new Error("nothing personal was found");
    const hash = createHash("sha256").update(JSON.stringify(personal)).digest("base64url");
    expect(logged?.personal).toBe(hash);
    expect(commitmentTo(personal)).toBe(hash);
    expect(partsOf(checkin)?.logged.personal).not.toBe(hash);
    expect(Buffer.from(newSalt(), "base64url")).toHaveLength(16);
  });

  test("what was forgotten leaves a neutral name and no position", () => {
    const joined = partsOf(solo);
    expect(whole(joined?.logged as Fact, undefined)).toMatchObject({
      name: FORGOTTEN_NAME,
      created: { name: FORGOTTEN_NAME },
    });
    expect(whole(partsOf(checkin)?.logged as Fact, undefined)).not.toHaveProperty("position");
  });
});
