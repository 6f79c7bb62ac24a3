import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { admit } from "../../src/hunt/admit.ts";
import { joinRefusal } from "../../src/web/player/refusals.ts";

const hunt = { teams: { mode: "teams" as const, maxSize: 1 }, brackets: [] };
const request = { key: "k", player: "p", name: "N" };
const full = { members: [{}], banned: false } as never;
const banned = { members: [], banned: true } as never;

describe("[WEB-26] why a joining was refused", () => {
  test.each([
    ["ended", admit(hunt, "ended", "t", full, request, 0)],
    ["teamFull", admit(hunt, "live", "t", full, request, 0)],
    ["teamBanned", admit(hunt, "live", "t", banned, request, 0)],
    [
      "bracketGone",
      admit(hunt, "live", "t", undefined, { ...request, create: { name: "T", bracket: "x" } }, 0),
    ],
  ])("%s, by the engine's own words", (key, refused) => {
    if (!("refused" in refused)) throw new Error("it was admitted");
    expect(joinRefusal({ status: 409, message: refused.detail, issues: [] }, false)).toBe(key);
  });

  test.each([
    ["teamNameTaken", "edge/team-names.ts", "a team of this name exists already"],
    ["joinTryAgain", "edge/admission.ts", "this idempotency key was used with another body"],
    ["joinTryAgain", "shard/players.ts", "this idempotency key cannot be used"],
    ["playerBlocked", "edge/admission.ts", "this registered player may not take part"],
  ])("%s, by the words in src/%s", (key, file, message) => {
    expect(readFileSync(join(import.meta.dirname, "../../src", file), "utf8")).toContain(`"${message}"`);
    expect(joinRefusal({ status: 409, message, issues: [] }, true)).toBe(key);
  });

  test.each([
    [0, false, "notJoined"],
    [403, true, "notRegistered"],
    [404, false, "teamCodeUnknown"],
    [409, true, "joinedAlready"],
    [422, false, "joinRefused"],
    [503, true, "registryAway"],
    [503, false, "engineAway"],
  ])("status %i, registered %s: %s", (status, registered, key) => {
    expect(joinRefusal({ status, message: "", issues: [] }, registered)).toBe(key);
  });

  test("the part of the body that is not taken", () => {
    const issues = [{ path: "team.create", code: "too-large", message: "x" }];
    expect(joinRefusal({ status: 422, message: "", issues }, false)).toBe("teamNameRefused");
  });
});
