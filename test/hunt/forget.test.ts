/** The fact that forgets a player: what it makes of a team, and when there is none. */
import { describe, expect, test } from "vitest";
import { admit } from "../../src/hunt/admit.ts";
import { evolve } from "../../src/hunt/evolve.ts";
import { changeTeam, forgetPlayer, hasLeft } from "../../src/hunt/membership.ts";
import { captainOf, encodeTeam, isEmptied, type Team } from "../../src/hunt/team.ts";
import { type Fact, FORGOTTEN_NAME, type NewFact } from "../../src/protocol.ts";

const HUNT = { teams: { mode: "teams" as const, maxSize: 6 }, brackets: [] };

/** A team whose facts follow one another. */
class Played {
  team: Team | undefined;
  #seq = 0;

  add(...drafts: (NewFact | Fact)[]): this {
    for (const draft of drafts) {
      this.#seq += 1;
      this.team = evolve(this.team, { ...draft, seq: this.#seq } as Fact);
    }
    return this;
  }

  get now(): Team {
    if (!this.team) throw new Error("no team yet");
    return this.team;
  }

  forget(player: string, at = 100): this {
    const decided = forgetPlayer(this.now, player, "asked", at);
    if ("refused" in decided) throw new Error(decided.detail);
    return this.add(...decided.facts);
  }
}

const join = (player: string, at: number, more: object = {}): NewFact =>
  ({ at, team: "t", type: "join", player, name: `Name ${player}`, event: `k-${player}`, ...more }) as NewFact;
const founded = (joinCode?: string) =>
  new Played().add(
    join("one", 1, {
      externalId: "C-1",
      created: { name: joinCode === undefined ? "Name one" : "Owls", ...(joinCode ? { joinCode } : {}) },
    }),
  );

describe("[PD-2] [PD-3] a forgotten player", () => {
  test("is in the team no more; the captaincy goes to the longest-standing member", () => {
    const played = founded("X-1").add(join("two", 2), join("three", 3), {
      at: 4,
      team: "t",
      type: "checkin",
      player: "one",
      event: "e",
      outcome: "out_of_range",
      position: { lat: 1, lng: 2, accuracy: 3 },
      behind: 0,
    } as NewFact);
    expect(captainOf(played.now)).toBe("one");
    played.forget("one");
    expect(played.now.members.map(({ id }) => id)).toEqual(["two", "three"]);
    expect(captainOf(played.now)).toBe("two");
    expect(played.now.former).toEqual([
      { id: "one", name: FORGOTTEN_NAME, joinedAt: 1, leftAt: 100, forgotten: true },
    ]);
    expect(hasLeft(played.now, "one")).toBe(true);
    expect(played.now.name).toBe("Owls");
    expect(encodeTeam(played.now)).not.toMatch(/Name one|C-1|"lat"/);
  });

  test("folds to the same team when what was personal is gone from its facts", () => {
    const facts: NewFact[] = [join("two", 2), join("three", 3)];
    const before = founded("X-1")
      .add(...facts)
      .forget("two");
    const after = founded("X-1")
      .add({ ...facts[0], name: FORGOTTEN_NAME } as NewFact, facts[1] as NewFact)
      .forget("two");
    expect(encodeTeam(after.now)).toBe(encodeTeam(before.now));
  });

  test("may have left before; once is enough", () => {
    const played = founded("X-1").add(join("two", 2), { at: 3, team: "t", type: "leave", player: "two" });
    expect(played.now.former).toMatchObject([{ name: "Name two" }]);
    expect(forgetPlayer(played.now, "two", "organiser", 5)).toMatchObject({
      facts: [{ type: "forget", player: "two", gone: true }],
    });
    played.forget("two");
    expect(played.now.former).toEqual([
      { id: "two", name: FORGOTTEN_NAME, joinedAt: 2, leftAt: 3, forgotten: true },
    ]);
    expect(forgetPlayer(played.now, "two", "organiser", 5)).toEqual({ facts: [] });
    expect(forgetPlayer(played.now, "nobody", "organiser", 5)).toMatchObject({ refused: "not_found" });
  });

  test("who played alone leaves a team with a neutral name and its place", () => {
    const played = founded().forget("one");
    expect(played.now.name).toBe(FORGOTTEN_NAME);
    expect(played.now.members).toEqual([]);
    expect(isEmptied(played.now)).toBe(false);
  });

  test("the last of a team leaves it its name and its place, and others may join it", () => {
    const played = founded("X-1").forget("one");
    expect(played.now.name).toBe("Owls");
    expect(isEmptied(played.now)).toBe(false);
    const request = { key: "k", player: "two", name: "Two" };
    const admitted = admit(HUNT, "live", "t", played.now, request, 200);
    expect(admitted).toMatchObject({ type: "join", player: "two" });
    expect(admitted).not.toHaveProperty("first");
    played.add(admitted as NewFact);
    expect(captainOf(played.now)).toBe("two");
    // One emptied by removal has no place, whoever was forgotten before.
    const by = { reason: "r" };
    const removed = changeTeam(HUNT, played.now, by, { type: "remove", player: "two" }, 300, () => "");
    if ("refused" in removed) throw new Error(removed.detail);
    played.add(...removed.facts);
    expect(isEmptied(played.now)).toBe(true);
  });
});
