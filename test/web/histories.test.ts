import { expect, test } from "vitest";
import type { Entry } from "../../src/contract/standings.ts";
import { Histories, type Points } from "../../src/web/board/histories.ts";

const rowsOf = (scores: Record<string, number>): Entry[] =>
  Object.entries(scores).map(([id, score], index) => ({
    rank: index + 1,
    team: { id, name: id },
    score,
    solves: 0,
  }));

function counting(read: (team: string) => Points = () => [{ at: 1, score: 0 }]) {
  const asked: string[] = [];
  const histories = new Histories(async (team) => {
    asked.push(team);
    return read(team);
  });
  return { asked, histories };
}

test("[WEB-50] a history is asked for once; the standings tell how it goes on", async () => {
  const { asked, histories } = counting();
  expect(await histories.follow(rowsOf({ a: 0, b: 0 }), 10)).toBe(true);
  for (let n = 1; n <= 100; n += 1) await histories.follow(rowsOf({ a: n, b: 0 }), 10 + n);
  expect(asked).toEqual(["a", "b"]);
  expect(histories.of("a")).toHaveLength(101);
  expect(histories.of("a").at(-1)).toEqual({ at: 110, score: 100 });
  expect(histories.of("b")).toEqual([{ at: 1, score: 0 }]);
  expect(await histories.follow(rowsOf({ a: 100, b: 0 }), 200)).toBe(false);
});

test("[WEB-50] a team that comes among the first is asked for, and nobody else", async () => {
  const { asked, histories } = counting();
  await histories.follow(rowsOf({ a: 0, b: 0 }), 10);
  await histories.follow(rowsOf({ c: 5, a: 0 }), 20);
  expect(asked).toEqual(["a", "b", "c"]);
  expect(histories.of("b")).toEqual([]);
});

test("[WEB-50] one history is read again at a time, each in its turn", async () => {
  const { asked, histories } = counting();
  await histories.follow(rowsOf({ a: 0, b: 0, c: 0 }), 10);
  asked.length = 0;
  for (let turn = 0; turn < 4; turn += 1) await histories.renewOne();
  expect(asked).toEqual(["a", "b", "c", "a"]);
});

test("[WEB-50] a history that cannot be read leaves what is known", async () => {
  let isAway = false;
  const { histories } = counting(() => {
    if (isAway) throw new Error("away");
    return [{ at: 1, score: 0 }];
  });
  await histories.follow(rowsOf({ a: 0 }), 10);
  isAway = true;
  await histories.follow(rowsOf({ a: 7 }), 20);
  await histories.renewOne();
  expect(histories.of("a")).toEqual([
    { at: 1, score: 0 },
    { at: 20, score: 7 },
  ]);
});
