/** The first solvers of a clue, put together from what shards tell. */
import { expect, test } from "vitest";
import { SOLVERS_MAX, Solvers } from "../../src/leaderboard/solvers.ts";
import type { ClueSolver } from "../../src/objects/shard.ts";

const solver = (shard: string, index: number, at: number): ClueSolver => ({
  team: `${shard}-${index}`,
  at,
  seq: index,
});

/** Shards whose teams solved the clue at these times, and how often they were asked. */
function asked(shards: Record<string, ClueSolver[]>) {
  const calls: number[] = [];
  let now = 0;
  const pass = (ms: number): void => {
    now += ms;
  };
  const solvers = new Solvers({
    clock: { now: () => now },
    shards: () => Object.keys(shards),
    solversOf: async (shard, _clue, until, limit) => {
      calls.push(limit);
      return (shards[shard] ?? []).filter(({ at }) => at <= until).slice(0, limit);
    },
  });
  return { solvers, calls, pass };
}

const everybody = { until: Number.POSITIVE_INFINITY, nameOf: (team: string) => team };
const idsOf = (first: { team: { id: string } }[]): string[] => first.map(({ team }) => team.id);

test("[SEE-20] over all shards in the order of times; of one moment in that of ids", async () => {
  const { solvers } = asked({
    b: [solver("b", 1, 5), solver("b", 2, 9)],
    a: [solver("a", 1, 5), solver("a", 2, 7)],
  });
  expect(idsOf(await solvers.first("c", everybody))).toEqual(["a-1", "b-1", "a-2", "b-2"]);
});

test("[SEE-20] who is not shown leaves room for those behind, however many they are", async () => {
  const hidden = 3 * SOLVERS_MAX;
  const of = (shard: string): ClueSolver[] =>
    Array.from({ length: 1_000 }, (_, index) => solver(shard, index, index * 2 + (shard === "a" ? 0 : 1)));
  const { solvers, calls } = asked({ a: of("a"), b: of("b") });
  const nameOf = (team: string): string | undefined =>
    Number(team.split("-")[1]) < hidden ? undefined : team;
  const first = idsOf(await solvers.first("c", { ...everybody, nameOf }));
  expect(first).toHaveLength(SOLVERS_MAX);
  expect(first.slice(0, 3)).toEqual([`a-${hidden}`, `b-${hidden}`, `a-${hidden + 1}`]);
  expect(calls).toEqual([100, 100, 400, 400]);
});

test("[SEE-20] a shard that told as many as it may keeps back what others have behind its last", async () => {
  const many = Array.from({ length: 500 }, (_, index) => solver("a", index, index));
  const { solvers } = asked({ a: many, b: [solver("b", 1, 10_000)] });
  const first = idsOf(await solvers.first("c", everybody));
  expect(first).toHaveLength(SOLVERS_MAX);
  expect(first).not.toContain("b-1");
});

test("[SEE-22] what is later than the freeze is not asked for", async () => {
  const { solvers } = asked({ a: [solver("a", 1, 5), solver("a", 2, 9)] });
  expect(idsOf(await solvers.first("c", { ...everybody, until: 5 }))).toEqual(["a-1"]);
});

test("[SEE-20] who looks at the same time shares an answer, and later ones get a new one", async () => {
  const { solvers, calls, pass } = asked({ a: [solver("a", 1, 5)] });
  await Promise.all([solvers.first("c", everybody), solvers.first("c", everybody)]);
  expect(calls).toHaveLength(1);
  pass(6_000);
  await solvers.first("c", everybody);
  expect(calls).toHaveLength(2);
});
