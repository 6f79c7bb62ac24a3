import { expect, test } from "vitest";
import type { JoinFact } from "../../src/protocol.ts";
import { TotalsCounter } from "../../src/shard/totals.ts";

test("[JOIN-5] 200 sources are counted one by one, the players of others together, and stored so", () => {
  const totals = new TotalsCounter();
  const join = (source?: string): JoinFact => ({
    seq: 1,
    at: 0,
    team: "t",
    type: "join",
    player: "p",
    name: "P",
    event: "e",
    ...(source === undefined ? {} : { source }),
  });
  totals.count(join());
  expect(totals.toJSON()).not.toHaveProperty("sources");
  for (let index = 0; index < 250; index += 1) totals.count(join(`s${index}`));
  totals.count(join("s7"));
  const { sources = [], players } = TotalsCounter.from(totals.toJSON()).toJSON();
  expect(players).toBe(252);
  expect(sources).toHaveLength(201);
  expect(sources.find(({ source }) => source === "s7")?.players).toBe(2);
  expect(sources.find(({ source }) => source === "")?.players).toBe(50);
});
