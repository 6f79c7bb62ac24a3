/** A locked clue and one that does not exist: the same work, so the same time. Operations are counted, not timed. */
import { describe, expect, test, vi } from "vitest";
import type { Condition } from "../../src/hunt/compiled.ts";
import { indexHunt } from "../../src/hunt/indexed.ts";
import * as normalise from "../../src/hunt/normalise.ts";
import { commandOf } from "../../src/intake/digest.ts";
import type { Command } from "../../src/protocol.ts";
import { redigest } from "../../src/shard/redigest.ts";
import { answer, checkin, clue, Game, HOUR, hint, hunt, MINUTE, T0 } from "./build.ts";

let evaluated = 0;

/** The condition, and each reading of it counts. */
function counted(condition: Condition): Condition {
  return new Proxy(condition, {
    get(target, key) {
      if (key === "op") evaluated += 1;
      return Reflect.get(target, key);
    },
  });
}

const LARGE: Condition = {
  op: "all",
  of: Array.from({ length: 400 }, (_, index) =>
    counted(index === 0 ? { op: "manual" } : { op: "solved", clue: "a" }),
  ),
};

function played(): Game {
  const compiled = hunt([
    clue("a"),
    clue("small", { opens: counted({ op: "solved", clue: "a" }) }),
    clue("large", { opens: counted(LARGE) }),
    clue("late", { opens: counted({ op: "at", time: T0 + HOUR }) }),
  ]);
  const game = new Game(compiled);
  game.join();
  return game;
}

const countOf = (act: () => unknown): number => {
  evaluated = 0;
  act();
  return evaluated;
};

describe("locked or missing", () => {
  test.each<[string, (id: string, clueId: string) => Command]>([
    ["an answer", (id, clueId) => answer(id, clueId, "right")],
    ["a check-in", (id, clueId) => checkin(id, clueId, { lat: 0, lng: 0, accuracy: 1 })],
    ["a hint", (id, clueId) => hint(id, clueId, "h")],
  ])("[SEC-35] %s evaluates as many conditions, whichever it names", (_, event) => {
    const first = (clueId: string) => countOf(() => played().play(event("e", clueId)));
    expect(first("missing")).toBeGreaterThan(400);
    for (const id of ["small", "large", "late"]) expect(first(id)).toBe(first("missing"));
    const game = played();
    game.play(event("0", "missing"));
    for (const [index, id] of ["large", "missing", "small", "late"].entries()) {
      expect(countOf(() => game.play(event(`${index + 1}`, id), T0 + index))).toBe(0);
    }
  });

  test("[SEC-35] events at one moment share the work, also when the team's last fact lies ahead", () => {
    const game = played();
    game.play(answer("0", "a", "wrong"), T0 + HOUR);
    // The clock came right. A request of many events has one moment.
    expect(countOf(() => game.play(answer("1", "missing", "x"), T0))).toBeGreaterThan(400);
    expect(countOf(() => game.play(answer("2", "large", "x"), T0))).toBe(0);
    expect(countOf(() => game.play(answer("3", "large", "x"), T0 + 1))).toBeGreaterThan(400);
  });

  test("[SEC-35] what is remembered holds until the team or the time changes it", () => {
    const game = played();
    const told = (id: string, clueId: string, at: number) =>
      game.play(answer(id, clueId, "wrong"), at).outcome;
    expect(told("1", "small", T0)).toBe("locked");
    expect(game.play(answer("2", "a", "right"), T0 + 1)).toMatchObject({ unlocked: ["small"] });
    expect(told("3", "small", T0 + 2)).toBe("incorrect");
    expect(told("4", "large", T0 + 2)).toBe("locked");
    game.organise({ type: "unlock", clue: "large", reason: "" }, T0 + 3);
    expect(told("5", "large", T0 + 3)).toBe("incorrect");
    expect(told("6", "late", T0 + HOUR - 1)).toBe("locked");
    expect(told("7", "late", T0 + HOUR)).toBe("incorrect");
    // Also when the clock goes back.
    expect(told("8", "late", T0 + MINUTE)).toBe("locked");
  });

  test("[SEC-35] over a socket an answer is digested when it is judged, not before", () => {
    const secrets = { ANSWER_PEPPERS: `p1:${Buffer.alloc(32, 1).toString("base64url")}` } as never;
    const indexed = indexHunt(hunt([clue("a"), clue("b", { opens: { op: "manual" } })]));
    const spy = vi.spyOn(normalise, "normaliseAnswer");
    const pepper = { id: "p1", bytes: Buffer.alloc(32, 1) };
    for (const id of ["b", "missing"]) {
      const event = { id: "e", type: "answer" as const, clue: id, answer: "x" };
      const command = redigest(indexed, commandOf(event, "h", pepper, []), secrets);
      expect(Object.getOwnPropertyDescriptor(command, "digests")?.get).toBeDefined();
    }
    expect(spy).not.toHaveBeenCalled();
    const event = { id: "e", type: "answer" as const, clue: "a", answer: "X" };
    const command = redigest(indexed, commandOf(event, "h", pepper, []), secrets);
    expect(command).toMatchObject({ digests: { letters: expect.any(String) }, pepper: "p1" });
  });
});
