/** A fact that cannot be folded: none gets into the log, and one that is there costs its own team only. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { evolve } from "../../src/hunt/evolve.ts";
import type { NewFact } from "../../src/protocol.ts";
import { Delivery } from "../../src/shard/delivery.ts";
import { SegmentLog } from "../../src/shard/log.ts";
import { RecordedIds } from "../../src/shard/recorded-ids.ts";
import { meter } from "../../src/telemetry/meter.ts";
import {
  command,
  guess,
  join,
  logOf,
  makeOrigin,
  outcomeOf,
  type Playing,
  play,
  publish,
  putSegment,
  restart,
  setParameters,
  setPhase,
  shardOf,
} from "./workerd.ts";

// Nothing is delivered meanwhile unless a test asks: what the queue makes of bad facts is tested elsewhere.
setParameters({
  PAGE_FLUSH_FACTS: 100,
  SHARDS_PER_REGION: 1,
  SHIP_DELAY_MS: 60_000,
  REPORT_DELAY_MS: 10_000,
});
beforeAll(makeOrigin);
beforeEach(() => {
  // Verification ships at once otherwise.
  vi.spyOn(Delivery.prototype, "ship").mockReturnValue(undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const claim = (hunt: string, id: string) => command(hunt, { id, type: "claim", prize: "shell" });

async function start(hunt: string): Promise<[Playing, Playing]> {
  const prizes = [{ id: "shell", title: "Shell", mode: "first-come", stock: 5, perTeam: 3 }];
  await publish(hunt, 10, { prizes });
  await setPhase(hunt, "live");
  return [await join(hunt, "one"), await join(hunt, "other")];
}

/** Puts a fact into the log behind the shard's back, and stops the shard. */
async function insert(hunt: string, fact: object): Promise<void> {
  await runInDurableObject(shardOf(hunt), (_, { storage }) => {
    const { head } = storage.sql.exec<{ head: number }>("SELECT max(last) AS head FROM chained").one();
    const body = JSON.stringify({ seq: head + 1, ...fact });
    putSegment(storage, head + 1, head + 1, body);
  });
  await restart(hunt);
}

test("[SEC-2] a win whose id the shard forgot is not recorded again, and the shard lives on", async () => {
  const hunt = "forgotten";
  const [one, other] = await start(hunt);
  const [won] = await play(one, claim(hunt, "X"));
  expect(won).toMatchObject({ outcome: "won" });
  const before = await logOf(hunt);
  // As if 1.4 million ids had come since.
  const original = RecordedIds.prototype.recorded;
  vi.spyOn(RecordedIds.prototype, "recorded").mockImplementation(function (this: RecordedIds, key) {
    return key.endsWith("\nX") ? undefined : original.call(this, key);
  });
  // The vault gives the same unit for the same id.
  await outcomeOf(() => play(one, claim(hunt, "X")));
  vi.restoreAllMocks();
  expect(await logOf(hunt)).toEqual(before);
  await restart(hunt);
  expect(await play(other, guess(hunt, "1", "right"))).toMatchObject([{ outcome: "correct" }]);
  expect(await play(one, claim(hunt, "X"))).toMatchObject([{ outcome: "won", duplicate: true }]);
  expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
});

test("[SEC-2] a fact that cannot be folded never gets into the log: neither team nor log changes", async () => {
  const hunt = "never";
  const [one] = await start(hunt);
  await play(one, guess(hunt, "1", "right"));
  const log = await logOf(hunt);
  const head = { at: 1, team: one.team.id };
  const played = { ...head, type: "answer", player: one.player.id, event: "2", clue: "a" };
  const bad = [
    { ...played, outcome: "correct", points: 3 },
    { ...head, team: "weur-0-zz-abcde", type: "award", points: 1, reason: "r", score: 0 },
    { ...head, team: "weur-0-zz-abcde", type: "join", player: "q", name: "Q", event: "k" },
    { ...head, team: "nonsense", type: "ban", reason: "r" },
  ];
  // No call makes such a fact: one is put in the place of the next one that does.
  const append = SegmentLog.prototype.append;
  for (const draft of bad) {
    const spy = vi.spyOn(SegmentLog.prototype, "append").mockImplementation(function (
      this: SegmentLog,
      _,
      fold,
    ) {
      return append.call(this, draft as NewFact, fold);
    });
    const sent = await outcomeOf(() => play(one, guess(hunt, "next", "wrong", "b")));
    expect(String("error" in sent && sent.error), draft.type).toMatch(/(fact|join) 4 |a fact names/);
    spy.mockRestore();
  }
  expect(await logOf(hunt)).toEqual(log);
  expect(await play(one, guess(hunt, "next", "wrong", "b"))).toMatchObject([{ outcome: "incorrect" }]);
  expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
});

test.each([
  [
    "a unit won twice",
    (one: Playing) => ({ ...played(one), type: "claim", outcome: "won", prize: "shell", unit: 0 }),
  ],
  [
    "a clue solved twice",
    (one: Playing) => ({ ...played(one), type: "answer", outcome: "correct", clue: "a" }),
  ],
  [
    "a team that nobody made",
    (one: Playing) => ({
      ...played(one),
      team: "weur-0-zz-abcde",
      type: "answer",
      outcome: "incorrect",
      clue: "a",
    }),
  ],
  ["a team of nowhere", (one: Playing) => ({ ...played(one), team: "nonsense", type: "ban", reason: "r" })],
])(
  "[SEC-3] [MET-11] %s is set aside: told, counted, in verify, and every other team plays on",
  async (what, bad) => {
    const hunt = `aside-${what.replaceAll(" ", "-")}`;
    const [one, other] = await start(hunt);
    await play(one, claim(hunt, "X"), guess(hunt, "1", "right"));
    const told = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const counted = vi.spyOn(meter, "add");
    const fact = bad(one);
    await insert(hunt, fact);
    const own = fact.team === one.team.id;
    const seq = (await logOf(hunt)).length;
    const expectAside = async (): Promise<void> => {
      const { mismatches } = await shardOf(hunt).verify();
      expect(mismatches[0]).toMatchObject({ team: fact.team });
      expect(mismatches.every(({ team }) => team === fact.team || team === undefined)).toBe(true);
      const send = await shardOf(hunt).play(
        one.team.id,
        one.player.id,
        JSON.stringify([guess(hunt, `n${Math.random()}`)]),
      );
      if (own) expect(send).toMatchObject({ refused: "unavailable" });
      else expect(send).toEqual(expect.any(String));
      expect(await shardOf(hunt).me(one.team.id, one.player.id)).toMatchObject({ team: { score: 10 } });
    };
    await expectAside();
    const lines = told.mock.calls.map(([line]) => line as { message: string; seq: number });
    expect(
      lines.filter((line) => line.message.includes("cannot be folded") && line.seq === seq),
    ).toHaveLength(1);
    const counts = counted.mock.calls.filter(([name]) => name === "hunt_facts_set_aside_total");
    expect(counts).toEqual([["hunt_facts_set_aside_total", 1, expect.stringMatching(/^\d+$/)]]);
    // Pages are written past it.
    await play(other, ...Array.from({ length: 150 }, (_, index) => guess(hunt, `w${index}`)));
    expect(await play(other, guess(hunt, "r", "right"))).toMatchObject([{ outcome: "correct" }]);
    await restart(hunt);
    await expectAside();
    await join(hunt, "third");
    expect(await play(other, guess(hunt, "r", "right"))).toMatchObject([
      { outcome: "correct", duplicate: true },
    ]);
  },
);

const played = ({ team, player }: Playing) => ({
  at: Date.now(),
  team: team.id,
  player: player.id,
  event: "bad",
});

test("[SEC-2] what evolve refuses it leaves as it was", () => {
  expect(() => evolve(undefined, { seq: 1, at: 1, team: "t", type: "ban", reason: "r" })).toThrow(
    "before its team",
  );
});
