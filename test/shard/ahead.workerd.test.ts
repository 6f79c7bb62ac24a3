/** Every object's clock an hour ahead for ten seconds: all is as usual within 30 s of its coming right. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type Clock, systemClock } from "../../src/clock.ts";
import { HuntControl } from "../../src/control/object.ts";
import { Leaderboard } from "../../src/leaderboard/object.ts";
import { PrizeVault } from "../../src/prizes/object.ts";
import { HuntShard } from "../../src/shard/object.ts";
import {
  command,
  control,
  guess,
  join,
  makeOrigin,
  outcomeOf,
  play,
  publish,
  restart,
  setPhase,
  shardOf,
  wait,
} from "./workerd.ts";

vi.setConfig({ testTimeout: 30_000 });

const HOUR = 3_600_000;
const MINUTE = 60_000;

let now = Date.now();

beforeAll(makeOrigin);
beforeEach(() => {
  now = Date.now();
  vi.spyOn(HuntShard.prototype as unknown as { clock(): Clock }, "clock").mockReturnValue({
    ...systemClock,
    now: () => now,
  });
  for (const { prototype } of [HuntControl, Leaderboard, PrizeVault]) {
    vi.spyOn(prototype as unknown as { now(): number }, "now").mockImplementation(() => now);
  }
});
afterEach(() => vi.restoreAllMocks());

/** An hour ahead for ten seconds. */
async function ahead(act: () => Promise<unknown>): Promise<void> {
  now += HOUR;
  await act();
  now += 10_000;
  now -= HOUR;
}

/** Tries until it holds; in real time, as the objects wait. */
async function within<Value>(ms: number, ask: () => Promise<Value>, holds: (value: Value) => boolean) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await ask();
    if (holds(value) || Date.now() > end) return value;
    await wait(100);
  }
}

const board = (hunt: string) =>
  env.LEADERBOARD.getByName(hunt).read({ offset: 0, limit: 10, organiser: false });
const alarmOf = (stub: DurableObjectStub<undefined>) =>
  runInDurableObject(stub, (_, state) => state.storage.getAlarm());

test("[SEC-37] a team that joined meanwhile is not kept waiting: what opens after a time, and hints", async () => {
  const clues = ["a", "b"].map((id) => ({
    id,
    round: "r",
    title: id,
    kind: "answer",
    answers: ["right"],
    points: 10,
    opens: { after: "1m" },
    hints: [{ id: "h", text: "look", cost: 0, after: "1m" }],
  }));
  await publish("after", 10, { clues });
  await setPhase("after", "live");
  let team: Awaited<ReturnType<typeof join>> | undefined;
  await ahead(async () => {
    team = await join("after", "one");
  });
  if (!team) throw new Error("no team");
  now += 2 * MINUTE;
  expect(await play(team, guess("after", "1", "wrong", "a"))).toMatchObject([{ outcome: "incorrect" }]);
  now += MINUTE;
  expect(await play(team, command("after", { id: "2", type: "hint", clue: "a", hint: "h" }))).toMatchObject([
    { outcome: "taken" },
  ]);
});

test("[SEC-38] a hunt made live meanwhile is live, and what comes after its opening comes", async () => {
  const clue = { id: "a", round: "r", title: "a", kind: "answer", answers: ["right"], points: 10 };
  await publish("byhand", 10, { clues: [{ ...clue, opens: { after: "1m" } }] });
  const team = await join("byhand", "one");
  await ahead(() => setPhase("byhand", "live"));
  const wrong = (id: string) => play(team, guess("byhand", id, `wrong ${id}`, "a"));
  expect(await wrong("1")).toMatchObject([{ outcome: "locked" }]);
  const entry = await within(
    10_000,
    async () => JSON.stringify(await control("byhand").publicEntry()),
    (found) => found.includes(`"openedAt":${now}`),
  );
  expect(JSON.parse(entry)).toMatchObject({ phase: { live: true, openedAt: now } });
  await wait(200);
  now += 2 * MINUTE;
  expect(await wrong("2")).toMatchObject([{ outcome: "incorrect" }]);
});

test("[SEC-38] a version published meanwhile neither opens nor ends the hunt before its time, in shards too", async () => {
  const times = {
    opens: new Date(now - MINUTE).toISOString(),
    closes: new Date(now + HOUR / 2).toISOString(),
  };
  await publish("times", 10, times);
  const team = await join("times", "one");
  const right = (id: string) => play(team, guess("times", id, "right", "a"));
  await ahead(async () => {
    await publish("times", 20, { ...times, closes: new Date(now + HOUR).toISOString() });
    expect(await right("1")).toMatchObject([{ outcome: "ended" }]);
  });
  let asked = 1;
  const ask = () => {
    asked += 1;
    return right(`${asked}`);
  };
  expect(await within(10_000, ask, ([result]) => result?.outcome !== "ended")).toMatchObject([
    { outcome: "correct" },
  ]);
  expect(await control("times").publicEntry()).toMatchObject({ phase: { live: true } });
  const { entries } = await control("times").audit(undefined, 100);
  expect(entries.map(({ action }) => action)).toContain("clock");
});

test("[SEC-37] the vault draws and confirms by the right time again", async () => {
  const window = { from: new Date(now - HOUR).toISOString(), to: new Date(now + HOUR / 2).toISOString() };
  const prize = { id: "z", title: "Z", mode: "first-come", stock: 9, perTeam: 9, window };
  await publish("drawn", 10, { prizes: [prize] });
  await setPhase("drawn", "live");
  const team = await join("drawn", "one");
  const vault = env.PRIZES.getByName("drawn");
  const ask = (event: string) =>
    vault.claim({
      shard: "weur-0",
      revision: 0,
      claims: [{ prize: "z", team: team.team.id, player: "p", event }],
    });
  await ahead(async () => {
    expect(await ask("1")).toMatchObject({ answers: [{ outcome: "not_eligible" }] });
  });
  expect(await ask("2")).toMatchObject({ answers: [{ outcome: "won" }] });
  await ahead(async () => {
    const at = await alarmOf(vault as never);
    if (at !== null) expect(at).toBeLessThan(now);
  });
  await ask("3");
  const alarm = await alarmOf(vault as never);
  if (alarm !== null) expect(alarm - now).toBeLessThan(30_000);
});

test("[SEC-37] alarms that lie an hour ahead are set anew with the next request, and after a restart", async () => {
  await publish("alarms");
  await setPhase("alarms", "live");
  const team = await join("alarms", "one");
  await play(team, guess("alarms", "0"));
  const me = () => shardOf("alarms").me(team.team.id, team.player.id);
  await ahead(async () => {
    await runInDurableObject(shardOf("alarms"), (_, state) => state.storage.deleteAlarm());
    await restart("alarms");
    vi.spyOn(env.FACTS, "sendBatch").mockRejectedValue(new Error("away"));
    await play(team, guess("alarms", "1"));
    expect(((await alarmOf(shardOf("alarms") as never)) ?? 0) - now).toBeGreaterThan(10_000);
  });
  await me();
  const alarm = await alarmOf(shardOf("alarms") as never);
  expect((alarm ?? Number.POSITIVE_INFINITY) - now).toBeLessThanOrEqual(30_000);
});

test("[SEC-37] an incomplete fan-out is repeated though control restarts with its alarm an hour ahead", async () => {
  await publish("told");
  await ahead(async () => {
    const spy = vi.spyOn(Leaderboard.prototype, "configure").mockRejectedValue(new Error("away"));
    expect(await setPhase("told", "live")).toMatchObject({ refused: "unavailable" });
    spy.mockRestore();
    await runInDurableObject(control("told"), async (_, state) => {
      await state.storage.setAlarm(now + 2_000);
      await state.storage.sync();
    });
    await outcomeOf(() =>
      runInDurableObject(control("told"), (_, state) => state.abort("restarted by a test")),
    );
  });
  await control("told").shards();
  expect(((await alarmOf(control("told") as never)) ?? Number.POSITIVE_INFINITY) - now).toBeLessThan(30_000);
});

test("[SEC-37] standings are of the right time, and a freeze shows what was solved before it", async () => {
  const freeze = now + HOUR / 2;
  await publish("frozen", 10, { freeze: new Date(freeze).toISOString() });
  await setPhase("frozen", "live");
  const team = await join("frozen", "one");
  await ahead(async () => {
    await play(team, guess("frozen", "1", "right", "a"));
    expect(
      await within(
        5_000,
        () => board("frozen"),
        ({ total }) => total === 1,
      ),
    ).toMatchObject({
      frozen: true,
      entries: [{ score: 0 }],
    });
  });
  expect(
    await within(
      5_000,
      () => board("frozen"),
      ({ entries }) => entries[0]?.score === 10,
    ),
  ).toMatchObject({
    frozen: false,
    asOf: now,
    entries: [{ score: 10 }],
  });
  // Who solved it since is behind those who solved it meanwhile.
  const second = await join("frozen", "two");
  now += MINUTE;
  await play(second, guess("frozen", "1", "right", "a"));
  const both = await within(
    5_000,
    () => board("frozen"),
    ({ entries }) => entries[1]?.score === 10,
  );
  expect(both.entries.map((entry) => entry.team.name)).toEqual(["one", "two"]);
  for (const { lastSolveAt } of both.entries) expect(lastSolveAt).toBeLessThanOrEqual(now);
  await play(team, guess("frozen", "2", "wrong", "b"));
  now = freeze + MINUTE;
  await play(team, guess("frozen", "3", "right", "b"));
  await wait(600);
  expect(await board("frozen")).toMatchObject({
    frozen: true,
    asOf: freeze,
    entries: [{ score: 10 }, { score: 10 }],
  });
});
