import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Refusal } from "../../src/errors.ts";
import {
  guess,
  holdCommits,
  join,
  logOf,
  makeOrigin,
  type Playing,
  play,
  publish,
  restart,
  setParameters,
  setPhase,
  shardOf,
  wait,
} from "./workerd.ts";

setParameters({
  SHIP_DELAY_MS: 60_000,
  REPORT_DELAY_MS: 10_000,
  WAITING_COMMANDS_MAX: 800,
  TEAM_BYTES_PER_HOUR: 200_000,
  // Bytes and the waiting line are to be what holds a team here.
  TEAM_EVENTS_PER_MINUTE: 100_000,
});
Object.assign(env, { RATE_LIMITS: "on" });

beforeAll(makeOrigin);
afterEach(() => {
  vi.restoreAllMocks();
});

async function live(hunt: string): Promise<void> {
  await publish(hunt);
  await setPhase(hunt, "live");
}

const batch = (hunt: string, name: string, count: number) =>
  Array.from({ length: count }, (_, index) => guess(hunt, `${name}-${index}`, `wrong ${name} ${index}`));

async function refusalOf(playing: Playing, ...commands: ReturnType<typeof guess>[]) {
  const answer = await shardOf(playing.hunt, playing.shard).play(
    playing.team.id,
    playing.player.id,
    JSON.stringify(commands),
  );
  return typeof answer === "string" ? undefined : (answer as Refusal);
}

describe("[SEC-46] a team's flood while commits are slow", () => {
  test("takes half of the line at most: forty others play on, and the flood comes back to its share", async () => {
    await live("flood");
    const flood = await join("flood", "flood");
    const others = await Promise.all(Array.from({ length: 40 }, (_, index) => join("flood", `t${index}`)));
    const { release } = await holdCommits("flood");
    // Far within its bytes, and each request within the platform's size.
    const waiting = Array.from({ length: 30 }, (_, index) =>
      refusalOf(flood, ...batch("flood", `f${index}`, 20)),
    );
    await wait(50);
    const played = others.map((other) =>
      play(other, ...batch("flood", "own", 5), guess("flood", "r", "right")),
    );
    await wait(50);
    release();
    const refused = (await Promise.all(waiting)).filter((refusal) => refusal !== undefined);
    expect(refused).toHaveLength(10);
    for (const refusal of refused) expect(refusal).toMatchObject({ refused: "overloaded" });
    for (const results of await Promise.all(played)) {
      expect(results.map(({ outcome }) => outcome)).toEqual([...Array(5).fill("incorrect"), "correct"]);
    }
    expect((await shardOf("flood").load()).waitingPeak).toBe(400 + 40 * 6);
    expect((await shardOf("flood").verify()).mismatches).toEqual([]);
  });
});

describe("[SEC-44] the bytes of a team", () => {
  test("are counted as they are in the log, and about so again after a restart", async () => {
    await live("bytes");
    const flood = await join("bytes", "flood");
    const other = await join("bytes", "other");
    let refusal: Refusal | undefined;
    for (let round = 0; round < 40 && !refusal; round += 1) {
      const commands = Array.from({ length: 50 }, (_, index) =>
        guess("bytes", `f${round}-${index}`, `${round} ${index} ${"ü".repeat(100)}`),
      );
      refusal = await refusalOf(flood, ...commands);
    }
    expect(refusal).toMatchObject({ refused: "overloaded", retryAfter: expect.any(Number) });
    const facts = (await logOf("bytes")).filter(({ team }) => team === flood.team.id);
    const bytes = facts.reduce((sum, fact) => sum + new TextEncoder().encode(JSON.stringify(fact)).length, 0);
    expect(bytes).toBeGreaterThan(200_000);
    expect(bytes).toBeLessThan(201_000);
    expect(await play(other, guess("bytes", "r", "right"))).toMatchObject([{ outcome: "correct" }]);
    await restart("bytes");
    // What is left is less than a third: a restart is no way to a new hour.
    let again = 0;
    for (let round = 0; round < 60; round += 1) {
      const commands = Array.from({ length: 10 }, (_, index) =>
        guess("bytes", `g${round}-${index}`, `again ${round} ${index} ${"ü".repeat(100)}`),
      );
      if (await refusalOf(flood, ...commands)) break;
      again += 10;
    }
    expect(again).toBeLessThan(facts.length / 2);
    // What was recorded is still a duplicate of itself for who may ask.
    expect(await play(other, guess("bytes", "r", "right"))).toMatchObject([{ duplicate: true }]);
  });

  test("are spent by signing out, renaming and joining too, and not by organisers", async () => {
    const hunt = "beside-play";
    await live(hunt);
    const flood = await join(hunt, "flood");
    const other = await join(hunt, "other");
    const { id } = flood.team;
    let gen: number | undefined;
    let refusal: unknown;
    let voids = 0;
    for (; voids < 3_000 && !refusal; voids += 1) {
      const ended = await shardOf(hunt).endSessions(
        { team: id, player: flood.player.id, gen },
        `key-${voids}`,
      );
      if ("refused" in ended) refusal = ended;
      else gen = ended.gen;
    }
    expect(refusal).toMatchObject({ refused: "overloaded", retryAfter: expect.any(Number) });
    expect(voids).toBeLessThan(2_000);
    const by = { player: flood.player.id, gen };
    const renamed = await shardOf(hunt).changeTeam(id, by, { type: "alter", name: "Flood 2" });
    expect(renamed).toMatchObject({ refused: "overloaded" });
    const { joinCode = "" } = flood.team;
    const joining = { key: "late", player: "p-late", name: "Late", joinCode };
    expect(await shardOf(hunt).join(joining)).toMatchObject({ refused: "overloaded" });
    const changed = await shardOf(hunt).changeTeam(
      id,
      { reason: "rude" },
      { type: "alter", name: "Flood 3" },
    );
    expect(changed).toMatchObject({ team: { name: "Flood 3" } });
    expect(await play(other, guess(hunt, "r", "right"))).toMatchObject([{ outcome: "correct" }]);
    await restart(hunt);
    // About as many bytes as it had.
    const again = await shardOf(hunt).endSessions({ team: id, player: flood.player.id, gen }, "again");
    expect(again).toMatchObject("refused" in again ? { refused: "overloaded" } : { gen: (gen ?? 0) + 1 });
  });
});
