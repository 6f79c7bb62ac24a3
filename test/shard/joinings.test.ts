/** The facts by which members came, found in a log over a real SQLite. */
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { joiningsOf } from "../../src/shard/joinings.ts";
import { SegmentLog } from "../../src/shard/log.ts";
import { T0 } from "../hunt/build.ts";
import { seeded } from "../hunt/random.ts";
import { sqlOf } from "./sql.ts";

const SEGMENTS = 300;

let log: SegmentLog;
let read = 0;

beforeEach(() => {
  read = 0;
  const sync = async (): Promise<void> => undefined;
  log = new SegmentLog(sqlOf(new DatabaseSync(":memory:")), sync, systemClock, {
    beforeSync: () => undefined,
    committed: () => undefined,
    failed: (error) => {
      throw error;
    },
    broken: () => undefined,
  });
  const exported = log.exported.bind(log);
  vi.spyOn(log, "exported").mockImplementation((after, limit) => {
    read += 1;
    return exported(after, limit);
  });
});
afterEach(() => vi.restoreAllMocks());

interface Came {
  id: string;
  joinedAt: number;
  mail: string;
}

/** A log of many segments in which now and then somebody joins; `clock` gives the times. */
async function play(clock: (segment: number) => number): Promise<Came[]> {
  const draw = seeded(7);
  const came: Came[] = [];
  for (let segment = 0; segment < SEGMENTS; segment += 1) {
    for (let count = draw(4); count >= 0; count -= 1) {
      const at = clock(segment);
      const id = `p-${came.length}`;
      if (draw(3) === 0) {
        const mail = `${id}@example.org`;
        came.push({ id, joinedAt: at, mail });
        log.append({
          at,
          team: "weur-0-0-abcde",
          type: "join",
          player: id,
          name: "P",
          event: `k${id}`,
          fields: [{ id: "mail", value: mail }],
        });
      } else {
        log.append({ at, team: "weur-0-0-abcde", type: "award", points: 1, reason: "r", score: 0 });
      }
    }
    await log.committed();
  }
  return came;
}

const mailsOf = (members: readonly Came[]): (string | number | boolean | undefined)[] => {
  const found = joiningsOf(log, members);
  return members.map(({ id }) => found.get(id)?.person?.fields?.[0]?.value);
};

describe("[PRIZE-30] what winners gave when they joined", () => {
  test.each([
    ["each at a time of its own", (segment: number) => T0 + segment * 1_000],
    ["many in one millisecond", (segment: number) => T0 + Math.floor(segment / 40)],
    ["all at once", () => T0],
  ])("is found in a long log, %s", async (_name, clock) => {
    const came = await play(clock);
    expect(mailsOf(came)).toEqual(came.map(({ mail }) => mail));
  });

  test("costs a segment or two for each", async () => {
    const came = await play((segment) => T0 + segment * 1_000);
    for (const member of [came[0], came.at(50), came.at(-1)] as Came[]) {
      read = 0;
      expect(mailsOf([member])).toEqual([member.mail]);
      expect(read).toBeLessThanOrEqual(3);
    }
  });

  test("is found where the clock went back, and the whole log is read once for all", async () => {
    const came = await play((segment) => T0 + (segment < 150 ? segment + 3_600 : segment) * 1_000);
    expect(mailsOf(came)).toEqual(came.map(({ mail }) => mail));
    read = 0;
    expect(mailsOf([...came, { id: "nobody", joinedAt: T0 + 5_000, mail: "" }]).at(-1)).toBeUndefined();
    expect(read).toBeLessThan(came.length * 4 + 2 * SEGMENTS);
  });
});
