import { expect, test } from "vitest";
import { Leaves, NOT_YOURS } from "../../src/proof/leaves.ts";
import type { Fact } from "../../src/protocol.ts";

const OWN = "weur-0-0-aaaaa";
const OTHER = "weur-0-1-bbbbb";

const facts = [1, 2, 3, 4].map((seq) => ({
  seq,
  at: seq,
  team: seq < 4 ? OWN : OTHER,
  ...(seq === 2 ? { type: "award", points: 1, score: 1, reason: "r" } : {}),
  ...(seq === 3 ? { type: "reached", points: seq } : {}),
  ...(seq === 1 || seq === 4
    ? { type: "hint", outcome: "taken", player: "p", event: `e${seq}`, clue: "c", hint: "h" }
    : {}),
})) as Fact[];

const leavesOf = (known: readonly Fact[]): Leaves =>
  new Leaves({
    shard: "weur-0",
    now: () => 0,
    segments: (after) =>
      known
        .filter(({ seq }) => seq > after)
        .map((fact) => ({ first: fact.seq, last: fact.seq, body: JSON.stringify(fact) })),
  });

test("[LOG-22] a player is told its team's play alone, an organiser every fact", () => {
  const leaves = leavesOf(facts);
  const whole = { first: 1, size: 4 };
  expect(leaves.prove(1, whole, OWN)).toMatchObject({ line: expect.stringContaining(OWN) });
  for (const seq of [2, 3, 4]) expect(leaves.prove(seq, whole, OWN)).toEqual(NOT_YOURS);
  for (const seq of [1, 2, 3, 4]) expect(leaves.prove(seq, whole)).not.toHaveProperty("refused");
});

test.each([
  ["before the fact", [1, 3, 4]],
  ["where the fact was", [1, 2, 4]],
  ["behind it", [1, 2, 3]],
])("[LOG-22] a gap of the log %s is told as that", (_, left) => {
  const leaves = leavesOf(facts.filter(({ seq }) => left.includes(seq)));
  expect(leaves.prove(3, { first: 1, size: 4 })).toMatchObject({ refused: "unavailable" });
});

test("[LOG-22] players' proofs cost a shard a bounded time a second; what was hashed once is not hashed again", () => {
  const many: Fact[] = Array.from({ length: 64 }, (_, index) => ({ ...(facts[0] as Fact), seq: index + 1 }));
  let now = 0;
  let read = 0;
  const leaves = new Leaves({
    shard: "weur-0",
    now: () => now,
    segments: (after) => {
      read += 1;
      return [
        {
          first: after + 1,
          last: many.length,
          body: many
            .slice(after)
            .map((fact) => JSON.stringify(fact))
            .join(","),
        },
      ];
    },
  });
  const ask = (subtree: number, team?: string) =>
    leaves.prove(subtree * 4 + 2, { first: subtree * 4 + 1, size: 4 }, team);
  for (let subtree = 0; subtree < 4; subtree += 1) expect(ask(subtree, OWN)).not.toHaveProperty("refused");
  expect(ask(4, OWN)).toMatchObject({ refused: "overloaded" });
  read = 0;
  expect(ask(3, OWN)).not.toHaveProperty("refused");
  expect(read).toBe(1);
  // Organisers are few.
  expect(ask(5)).not.toHaveProperty("refused");
  now = 1_000;
  expect(ask(4, OWN)).not.toHaveProperty("refused");
});
