/** A log is copied into another one segment by segment: the same facts under the same hashes, sealed under its own keys. */
import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { Fact, NewFact } from "../../src/protocol.ts";
import { type CopiedSegment, SegmentLog } from "../../src/shard/log.ts";
import { sqlOf } from "./sql.ts";

const TEAM = "weur-0-0-abc";

interface Copy {
  database: DatabaseSync;
  log: SegmentLog;
  folded: Fact[];
}

function newLog(): Copy {
  const database = new DatabaseSync(":memory:");
  const folded: Fact[] = [];
  const slots = new Map<string, number>();
  const log = new SegmentLog(sqlOf(database), async () => undefined, systemClock, {
    beforeSync: () => undefined,
    committed: () => undefined,
    failed: (error) => {
      throw error;
    },
    broken: () => undefined,
    slotOf: (fact) => ("player" in fact ? slots.get(fact.player ?? "") : undefined),
  });
  return { database, log, folded };
}

const joining = (player: string, name: string): NewFact => ({
  at: 1_000,
  team: TEAM,
  type: "join",
  player,
  name,
  event: `key-${player}`,
  ...(player === "p-1" ? { created: { name: "Owls", joinCode: "WEUR0-0000ABC" } } : {}),
});

const answer = (event: string, text: string): NewFact => ({
  at: 2_000,
  team: TEAM,
  type: "answer",
  outcome: "incorrect",
  player: "p-1",
  event,
  clue: "c",
  answer: text,
});

const take = (into: Copy, segment: CopiedSegment): string | undefined => {
  const { persons, ...chained } = segment;
  return into.log.take(chained, persons, (fact) => into.folded.push(fact));
};

let source: Copy;
let segments: CopiedSegment[];

beforeEach(async () => {
  source = newLog();
  for (const draft of [joining("p-1", "Ada"), joining("p-2", "Ben"), answer("e1", 'a "quoted" ] ü')]) {
    source.log.append(draft, (fact) => source.folded.push({ ...fact }));
    await source.log.committed();
  }
  ({ segments } = source.log.copied(0, 1_000_000));
});

describe("[EXP-14] a log that takes another one's segments", () => {
  test("has the same facts, names and hashes, and goes on behind them", async () => {
    const copy = newLog();
    expect(segments).toHaveLength(3);
    for (const segment of segments) expect(take(copy, segment)).toBeUndefined();
    await copy.log.taken();
    expect(copy.log.head).toBe(3);
    expect(copy.log.durable).toBe(3);
    expect(copy.log.copied(0, 1_000_000)).toEqual({ segments });
    expect(copy.log.exported(0, 10)).toEqual(source.log.exported(0, 10));
    expect(copy.log.lostPersons).toEqual([]);
    expect(copy.folded[0]).toMatchObject({ name: "Ada", created: { name: "Owls" }, slot: 0 });
    copy.log.append(answer("e2", "next"));
    await copy.log.committed();
    expect(copy.log.at(4)).toMatchObject({ event: "e2" });
    expect(copy.log.gaps).toEqual([]);
  });

  test("takes a segment twice, and none that does not follow or was changed", async () => {
    const copy = newLog();
    const [first, second, third] = segments as [CopiedSegment, CopiedSegment, CopiedSegment];
    expect(take(copy, second)).toBe("it does not follow fact 0");
    expect(take(copy, first)).toBeUndefined();
    expect(take(copy, first)).toBeUndefined();
    expect(copy.folded).toHaveLength(1);
    expect(take(copy, third)).toBe("it does not follow fact 1");
    const changed = { ...second, body: second.body.replace('"at":1000', '"at":1001') };
    expect(take(copy, changed)).toBe("its facts are not as they were recorded");
    const renamed = structuredClone(second);
    for (const person of Object.values(renamed.persons)) person.name = "Mallory";
    expect(take(copy, renamed)).toBe("names or positions are not those that its facts commit to");
    const other = { ...second, persons: { ...second.persons, 9: { player: "p", salt: "s" } } };
    expect(take(copy, other)).toBeUndefined(); // of no fact of it, and kept nowhere
    await copy.log.taken();
    expect(copy.log.exported(1, 1)).toEqual(source.log.exported(1, 1));
  });

  test("knows who was forgotten as forgotten, and says so at its next start as well", async () => {
    source.log.keys.delete([1]);
    ({ segments } = source.log.copied(0, 1_000_000));
    expect(segments[1]?.persons).toEqual({});
    const copy = newLog();
    for (const segment of segments) expect(take(copy, segment)).toBeUndefined();
    await copy.log.taken();
    const [, ben] = copy.log.exported(0, 10);
    expect(ben).not.toHaveProperty("person");
    expect(copy.folded[1]).toMatchObject({ name: expect.not.stringContaining("Ben") });
    expect(copy.log.factsOf([...copy.log.segments(0)][1] as never)[0]).toEqual(copy.folded[1]);
    expect(copy.log.lostPersons).toEqual([]);
  });
});

test("[EXP-10] a page of a log ends where it is full, and the next one follows", () => {
  const first = source.log.copied(0, 1);
  expect(first.segments.map(({ first: seq }) => seq)).toEqual([1]);
  expect(source.log.copied(1, 1_000_000).segments.map(({ last }) => last)).toEqual([2, 3]);
  expect(source.log.copied(3, 1_000_000)).toEqual({ segments: [] });
});
