import { describe, expect, test } from "vitest";
import { admit, type JoinRequest } from "../../src/hunt/admit.ts";
import { answer, clue, Game, game, hunt, T0 } from "./build.ts";

const HUNT = hunt([clue("a")], {
  teams: { mode: "teams", maxSize: 2 },
  brackets: [{ id: "locals", title: "Locals" }],
});
const REQUEST: JoinRequest = { key: "k", player: "p", name: "P" };

describe("joining", () => {
  test("[TE-2] makes a team with its data, or adds a member without any", () => {
    const create = { name: "T", bracket: "locals", joinCode: "WEUR0-0ABCDEF" };
    const request = { ...REQUEST, externalId: "x-1", locale: "de", provisional: true } as const;
    const head = {
      at: T0,
      team: "t",
      type: "join",
      player: "p",
      name: "P",
      event: "k",
      externalId: "x-1",
      locale: "de",
      provisional: true,
    };
    expect(admit(HUNT, "live", "t", undefined, { ...request, create }, T0)).toEqual({
      ...head,
      created: create,
    });
    const team = game([clue("a")]).team();
    expect(admit(HUNT, "live", "t", team, request, T0)).toEqual(head);
  });

  test.each([
    ["draft", true],
    ["live", true],
    ["paused", true],
    ["ended", false],
  ] as const)("[TE-3] in a hunt that is %s: %s", (phase, allowed) => {
    const joined = admit(HUNT, phase, "t", undefined, { ...REQUEST, create: { name: "T" } }, T0);
    if (allowed) expect(joined).toMatchObject({ type: "join" });
    else expect(joined).toMatchObject({ refused: "conflict" });
  });

  test("[TE-4] an unknown code is not_found; a full or banned team, conflict; an unknown bracket, invalid", () => {
    expect(admit(HUNT, "live", "", undefined, REQUEST, T0)).toMatchObject({ refused: "not_found" });
    const played = new Game(HUNT);
    expect(played.join("p")).toMatchObject({ seq: 1 });
    expect(played.join("q")).toMatchObject({ seq: 2 });
    expect(played.join("r")).toMatchObject({ refused: "conflict", detail: "the team is full" });
    played.join("s", "u");
    played.organise({ type: "ban", reason: "r" }, T0, "u");
    expect(played.join("w", "u")).toMatchObject({ refused: "conflict", detail: "the team is banned" });
    const create = { name: "V", bracket: "martians" };
    expect(played.join("x", "v", T0, { create })).toMatchObject({ refused: "invalid" });
    expect(played.teams.has("v")).toBe(false);
  });

  test("[TE-5] every member plays for the team", () => {
    const played = game([clue("a"), clue("b")]);
    played.join("q");
    played.play(answer("1", "a", "right"), T0, "p");
    expect(played.play(answer("2", "b", "right"), T0, "q").score).toBe(20);
    expect(played.play(answer("3", "a", "right"), T0, "q").outcome).toBe("already_solved");
  });
});
