import { evictDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Result } from "../../src/protocol.ts";
import {
  countRows,
  guess,
  join,
  logOf,
  makeOrigin,
  type Playing,
  play,
  publish,
  setClock,
  setParameters,
  setPhase,
  shardOf,
} from "./workerd.ts";

// Pages after a hundred facts, so that recovery has pages, checkpoints and a tail to put together.
setParameters({ PAGE_FLUSH_FACTS: 100, SHIP_DELAY_MS: 10, REPORT_DELAY_MS: 10 });

/** More than two pages of teams. */
const TEAMS = 150;

beforeAll(makeOrigin);
afterEach(() => {
  vi.restoreAllMocks();
});

/** Guesses of one team in one request; every team's first is right. */
function round(hunt: string, playing: Playing, number: number, count: number): Promise<Result[]> {
  return play(
    playing,
    ...Array.from({ length: count }, (_, index) =>
      guess(
        hunt,
        `r${number}-${index}`,
        number === 0 && index === 0 ? "right" : `guess ${number} ${index}`,
        index === 0 ? "a" : "b",
      ),
    ),
  );
}

test("[SH-15] [SH-16] after evictions pages, checkpoints and the tail of the log give the same state, and every id its result", {
  timeout: 180_000,
}, async () => {
  const hunt = "recovery";
  await publish(hunt);
  await setPhase(hunt, "live");
  const teams: Playing[] = [];
  for (let from = 0; from < TEAMS; from += 50) {
    teams.push(
      ...(await Promise.all(Array.from({ length: 50 }, (_, index) => join(hunt, `t${from + index}`)))),
    );
  }
  const told = new Map<string, Result>();
  for (let number = 0; number < 4; number += 1) {
    // Each round another share of the teams, so that some pages are old and clean when others are new.
    const share = teams.filter((_, index) => number < 2 || index % 3 === number % 3);
    for (let from = 0; from < share.length; from += 25) {
      const slice = share.slice(from, from + 25);
      const results = await Promise.all(slice.map((playing) => round(hunt, playing, number, 12)));
      results.flat().forEach((result, index) => {
        const team = slice[Math.floor(index / 12)]?.team.id;
        if (result.seq !== undefined) told.set(`${team} ${result.id}`, result);
      });
    }
    await evictDurableObject(shardOf(hunt));
    const { facts, teams: counted, mismatches } = await shardOf(hunt).verify();
    expect(mismatches).toEqual([]);
    expect(counted).toBe(TEAMS);
    expect(facts).toBeGreaterThan(TEAMS);
  }
  expect(await countRows(hunt, "page")).toBeGreaterThanOrEqual(3);
  expect(await countRows(hunt, "checkpoint_keyed")).toBeGreaterThanOrEqual(1);

  const log = await logOf(hunt);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  for (const playing of [teams[0], teams[64], teams[149]]) {
    if (!playing) throw new Error("a team is missing");
    const repeated = await round(hunt, playing, 0, 12);
    for (const result of repeated)
      expect(result).toEqual({ ...told.get(`${playing.team.id} ${result.id}`), duplicate: true });
    await evictDurableObject(shardOf(hunt));
    expect(await shardOf(hunt).me(playing.team.id, playing.player.id)).toMatchObject({
      team: { score: 10, solves: 1 },
    });
  }
  expect(await logOf(hunt)).toHaveLength(log.length);
  expect((await shardOf(hunt).stats()) as object).toMatchObject({
    totals: { teams: TEAMS, players: TEAMS },
    seq: log.length,
  });
});

test("[SH-17] pages are read back when touched, and a page that only the tail knows is written in its turn", {
  timeout: 180_000,
}, async () => {
  const hunt = "tail";
  await publish(hunt);
  await setPhase(hunt, "live");
  const quiet = await join(hunt, "quiet");
  const teams = await Promise.all(Array.from({ length: 70 }, (_, index) => join(hunt, `t${index}`)));
  const busy = teams.at(-1);
  if (!busy) throw new Error("a team is missing");
  await play(quiet, guess(hunt, "q", "right"));
  await evictDurableObject(shardOf(hunt));
  // Only the page of `busy` is touched from now on; the quiet team's page is in the tail.
  for (let number = 0; number < 5; number += 1) await round(hunt, busy, number, 60);
  expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
  await evictDurableObject(shardOf(hunt));
  expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
  expect(await countRows(hunt, "page")).toBe(2);
  expect((await play(quiet, guess(hunt, "q", "right")))[0]).toMatchObject({
    outcome: "correct",
    duplicate: true,
  });
});

test("[SH-18] after a restart time conditions, cooldowns and `lastAt` go on from the log's own times", async () => {
  const hunt = "clock";
  let now = Date.UTC(2026, 11, 1, 18);
  setClock(() => now);
  await publish(hunt, 10, {
    attempts: { burst: 1, refillPerMinute: 1, perClue: 0 },
    opens: new Date(now).toISOString(),
  });
  const team = await join(hunt, "one");
  await play(team, guess(hunt, "1"));
  now += 1_000;
  const retryAt = new Date(now + 59_000).toISOString();
  expect((await play(team, guess(hunt, "2", "right")))[0]).toMatchObject({ outcome: "cooldown", retryAt });
  await evictDurableObject(shardOf(hunt));
  expect((await play(team, guess(hunt, "2", "right")))[0]).toMatchObject({ outcome: "cooldown", retryAt });
  now += 59_000;
  expect((await play(team, guess(hunt, "2", "right")))[0]).toMatchObject({ outcome: "correct" });
});
