import { expect, test } from "vitest";
import { changesBetween, isNothing } from "../../src/web/organiser/changes.ts";

const clue = (id: string, more: object = {}) => ({ id, title: id, answers: ["a"], ...more });

test("[WEB-43] what becomes different: clues and prizes by id, and the keys of the head", () => {
  const before = { title: "A", closes: "x", clues: [clue("a"), clue("b"), clue("c")], prizes: [{ id: "p" }] };
  const after = {
    title: "B",
    clues: [clue("d"), clue("c"), clue("b", { points: 2 })],
    prizes: [{ id: "p" }, { id: "q" }],
  };
  expect(changesBetween(before, after)).toEqual({
    clues: { added: ["d"], removed: ["a"], changed: ["b"] },
    prizes: { added: ["q"], removed: [], changed: [] },
    keys: ["title", "closes"],
  });
});

test("[WEB-43] the order of keys and of clues is no change, a nested value is", () => {
  const before = { teams: { mode: "teams", maxSize: 2 }, clues: [clue("a"), clue("b")] };
  const same = { clues: [clue("b"), clue("a")], teams: { maxSize: 2, mode: "teams" } };
  expect(isNothing(changesBetween(before, same))).toBe(true);
  const other = { ...same, teams: { maxSize: 3, mode: "teams" } };
  expect(changesBetween(before, other).keys).toEqual(["teams"]);
});

test.each([[undefined], [null], ["text"], [[]], [{ clues: "none", prizes: [1, { id: 2 }] }]])(
  "[WEB-43] what is no definition (%j) is compared all the same",
  (before) => {
    expect(changesBetween(before, { clues: [clue("a")] }).clues.added).toEqual(["a"]);
  },
);
