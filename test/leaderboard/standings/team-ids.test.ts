import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TeamIds } from "../../../src/leaderboard/standings/team-ids.ts";

describe("team ids", () => {
  test("[LB-18] every id gets one number and gives its text and name back", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).map((s) => s.toWellFormed());
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 120 }), (pairs) => {
        const ids = new TeamIds();
        const model = new Map<string, { number: number; name: string }>();
        for (const [id, name] of pairs) {
          const known = model.get(id);
          expect(ids.indexOf(id)).toBe(known?.number);
          const number = ids.add(id, name);
          expect(number).toBe(known?.number ?? model.size);
          if (known === undefined) model.set(id, { number, name });
        }
        expect(ids.size).toBe(model.size);
        for (const [id, { number, name }] of model) {
          expect([ids.indexOf(id), ids.idOf(number), ids.nameOf(number)]).toEqual([number, id, name]);
        }
      }),
    );
  });

  test("[LB-18] a hundred thousand teams in several chunks stay apart", () => {
    const ids = new TeamIds();
    for (let i = 0; i < 100_000; i++) ids.add(`weur-${i % 7}-${i.toString(36)}`, `Crew ${i}`);
    for (let i = 0; i < 100_000; i += 997) {
      expect(ids.indexOf(`weur-${i % 7}-${i.toString(36)}`)).toBe(i);
      expect(ids.nameOf(i)).toBe(`Crew ${i}`);
    }
    expect(ids.indexOf("weur-0-nobody")).toBeUndefined();
  });

  test("[LB-18] an id that is empty or too long is refused, and never found", () => {
    const ids = new TeamIds();
    expect(() => ids.add("", "x")).toThrow("bytes");
    expect(() => ids.add("é".repeat(128), "x")).toThrow("bytes");
    expect(() => ids.add("x".repeat(256), "x")).toThrow("bytes");
    expect(() => ids.add("ok", "x".repeat(70_000))).toThrow("name");
    expect(ids.indexOf("é".repeat(128))).toBeUndefined();
    expect(ids.add("é".repeat(127), "⚓")).toBe(0);
    expect(ids.nameOf(0)).toBe("⚓");
  });

  test("[LB-18] what ids begin with does not mix them up, however many beginnings there are", () => {
    const ids = new TeamIds();
    const all = Array.from({ length: 1_200 }, (_, i) => `shard-${i % 400}-${i}-é`);
    all.push("-", "--", "a-b", "a-b-", "-a-b", "shard-0-", "⚓-1-2");
    expect(all.map((id) => ids.add(id, id))).toEqual([...all.keys()]);
    all.forEach((id, number) => {
      expect([ids.indexOf(id), ids.idOf(number), ids.nameOf(number)]).toEqual([number, id, id]);
    });
    for (const id of ["shard-399-0-é", "shard-400-1-é", "0-é", "b", ""])
      expect(ids.indexOf(id)).toBeUndefined();
  });
});
