import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { ClaimResponse } from "../../src/objects/prizes.ts";
import type { Result } from "../../src/protocol.ts";
import { HuntShard } from "../../src/shard/object.ts";
import {
  command,
  control,
  grow,
  join,
  logOf,
  makeOrigin,
  play,
  publish,
  restart,
  setPhase,
  shardOf,
  wait,
} from "../shard/workerd.ts";

beforeAll(makeOrigin);
afterEach(() => vi.restoreAllMocks());

const BY = { actor: "ada", request: "r-7" };
const PRIZE = { id: "shell", title: "Shell", mode: "first-come", stock: 2 };
const vault = (hunt: string) => env.PRIZES.getByName(hunt);
const claim = (hunt: string, id: string) => command(hunt, { id, type: "claim", prize: "shell" });

async function start(hunt: string, prize: object = {}): Promise<void> {
  await publish(hunt, 10, { prizes: [{ ...PRIZE, ...prize }] });
  await setPhase(hunt, "live");
}

const ask = async (
  hunt: string,
  team: string,
  event: string,
  { shard = "weur-0", revision = 0 } = {},
): Promise<ClaimResponse> => {
  const answer = await vault(hunt).claim({
    shard,
    revision,
    claims: [{ prize: "shell", team, player: "p", event }],
  });
  if ("refused" in answer) throw new Error(answer.detail);
  return answer;
};

/** Waits until the vault's alarm has had every win recorded. */
async function confirmed(hunt: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const open = await runInDurableObject(
      vault(hunt),
      (_, state) =>
        state.storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM win WHERE confirmed = 0").one().n,
    );
    if (open === 0) return;
    expect(tries, "confirmed in time").toBeLessThan(200);
    await wait(50);
  }
}

test("[PRIZE-4] a win whose answer was lost is recorded by the vault's alarm, once, and the same id gets it", async () => {
  await start("lost");
  const a = await join("lost", "A");
  // The vault gave it, and the shard died before it heard.
  const given = await ask("lost", a.team.id, "k");
  expect(given.answers).toMatchObject([{ outcome: "won", unit: 0 }]);
  await restart("lost");
  await confirmed("lost");
  const facts = (await logOf("lost")).filter(({ type }) => type === "claim");
  expect(facts).toMatchObject([{ outcome: "won", event: "k", unit: 0, prize: "shell" }]);
  expect(await play(a, claim("lost", "k"))).toMatchObject([{ outcome: "won", duplicate: true }]);
  expect(await play(a, claim("lost", "k2"))).toMatchObject([{ outcome: "already_won" }]);
});

test("[PRIZE-4] it is recorded though the hunt has ended and the team is banned, and though the id was used meanwhile", async () => {
  await start("ended");
  const a = await join("ended", "A");
  await ask("ended", a.team.id, "k");
  expect(
    await play(a, command("ended", { id: "k", type: "answer", clue: "a", answer: "wrong" })),
  ).toMatchObject([{ outcome: "incorrect" }]);
  await shardOf("ended").organise(a.team.id, { type: "ban", reason: "" });
  await setPhase("ended", "ended");
  await confirmed("ended");
  const facts = (await logOf("ended")).filter(({ type }) => type === "claim");
  expect(facts).toMatchObject([{ outcome: "won", event: "k.shell", unit: 0 }]);
});

test("[PRIZE-2] [PRIZE-3] the same claim gets the same unit also after an eviction, another one the next", async () => {
  await start("evicted", { perTeam: 2 });
  const a = await join("evicted", "A");
  expect((await ask("evicted", a.team.id, "k")).answers).toMatchObject([{ unit: 0 }]);
  await evictDurableObject(vault("evicted"));
  expect((await ask("evicted", a.team.id, "k")).answers).toMatchObject([{ unit: 0 }]);
  const next = await ask("evicted", a.team.id, "k2");
  expect(next.answers).toMatchObject([{ unit: 1 }]);
  expect(next.left).toEqual({ shell: 0 });
});

test("[PRIZE-17] a drained prize is refused in the shard, but not while a unit may be kept for one of its claims", async () => {
  await start("drained");
  const a = await join("drained", "A");
  const b = await join("drained", "B");
  // A's answer is lost; B takes the last unit: the stock is drained.
  await ask("drained", a.team.id, "k");
  expect(await play(b, claim("drained", "k"))).toMatchObject([{ outcome: "won" }]);
  const calls = vi.spyOn((await import("../../src/prizes/object.ts")).PrizeVault.prototype, "claim");
  expect(await play(a, claim("drained", "k"))).toMatchObject([{ outcome: "won" }]);
  expect(calls).toHaveBeenCalledTimes(1);
  await confirmed("drained");
  const c = await join("drained", "C");
  calls.mockClear();
  for (let index = 0; index < 5; index += 1) {
    expect(await play(c, claim("drained", `k${index}`))).toMatchObject([{ outcome: "sold_out" }]);
  }
  expect(calls.mock.calls.length).toBeLessThanOrEqual(1);
});

test("[SEC-34] claims sent at once use no more attempts than claims sent one after the other", async () => {
  const attempts = { burst: 3, refillPerMinute: 0.001, perClue: 0 };
  await publish("at-once", 10, { attempts, prizes: [{ ...PRIZE, mode: "odds", odds: 0.02, stock: 1_000 }] });
  await setPhase("at-once", "live");
  const teams = await Promise.all(Array.from({ length: 20 }, (_, index) => join("at-once", `t${index}`)));
  const told: Result[][][] = [];
  for (const team of teams) {
    const ids = Array.from({ length: 128 }, (_, index) => `k${index}`);
    told.push(await Promise.all(ids.map((id) => play(team, claim("at-once", id)))));
  }
  const claims = (await logOf("at-once")).filter(({ type }) => type === "claim");
  for (const [index, team] of teams.entries()) {
    const drawn = claims.filter((fact) => fact.team === team.team.id);
    // As one after the other: up to the win, or until the attempts are used up.
    const outcomes = drawn.map((fact) => ("outcome" in fact ? fact.outcome : ""));
    expect(outcomes.slice(0, -1).every((outcome) => outcome === "missed")).toBe(true);
    expect(outcomes.length).toBeLessThanOrEqual(3);
    if (outcomes.at(-1) !== "won") expect(outcomes.length).toBe(3);
    const rest = outcomes.at(-1) === "won" ? "already_won" : "cooldown";
    const counted = (told[index] ?? []).flat().filter(({ outcome }) => outcome === rest);
    expect(counted).toHaveLength(128 - outcomes.length);
  }
}, 90_000);

test("[SEC-34] what is won does not use up an attempt: claims that wait for it are decided as after it", async () => {
  const attempts = { burst: 2, refillPerMinute: 0.001, perClue: 0 };
  const prize = { ...PRIZE, mode: "odds", odds: 1, stock: 50, perTeam: 20, perPlayer: 20 };
  await publish("wins", 10, { attempts, prizes: [prize] });
  await setPhase("wins", "live");
  const team = await join("wins", "one");
  const told = await Promise.all(
    Array.from({ length: 40 }, (_, index) => play(team, claim("wins", `k${index}`))),
  );
  const outcomes = told.flat().map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome === "won")).toHaveLength(20);
  expect(outcomes.filter((outcome) => outcome === "already_won")).toHaveLength(20);
  // The same id while it waits is the same claim.
  const other = await join("wins", "two");
  const twice = await Promise.all(
    Array.from({ length: 8 }, (_, index) => play(other, claim("wins", `k${index >> 1}`))),
  );
  expect(twice.flat().filter((result) => !("duplicate" in result))).toHaveLength(4);
});

test("[SEC-34] claims that wait for one the vault did not decide are refused with it, and their attempts are given back", async () => {
  const attempts = { burst: 1, refillPerMinute: 0.001, perClue: 0 };
  await publish("unheard", 10, { attempts, prizes: [{ ...PRIZE, mode: "odds", odds: 1 }] });
  await setPhase("unheard", "live");
  const team = await join("unheard", "one");
  const { PrizeVault } = await import("../../src/prizes/object.ts");
  const spy = vi.spyOn(PrizeVault.prototype, "claim").mockImplementation(() => {
    throw new Error("away");
  });
  const text = (id: string) => JSON.stringify([claim("unheard", id)]);
  const refused = await Promise.all(
    ["a", "b", "c"].map((id) => shardOf("unheard").play(team.team.id, team.player.id, text(id))),
  );
  expect(refused).toMatchObject([
    { refused: "unavailable" },
    { refused: "unavailable" },
    { refused: "unavailable" },
  ]);
  spy.mockRestore();
  expect(await play(team, claim("unheard", "b"))).toMatchObject([{ outcome: "won" }]);
});

test("[PRIZE-4] a shard that cannot record does not hold up another one", async () => {
  await start("stuck");
  await grow("stuck", 2);
  const a = await join("stuck", "A");
  const b = await join("stuck", "B", "weur-1");
  const record = HuntShard.prototype.recordWins;
  let failing = true;
  vi.spyOn(HuntShard.prototype, "recordWins").mockImplementation(function failed(this: HuntShard, wins) {
    if (failing && wins[0]?.team === a.team.id) throw new Error("no");
    return record.call(this, wins);
  });
  await ask("stuck", a.team.id, "k");
  await ask("stuck", b.team.id, "k", { shard: "weur-1" });
  const won = async (shard: string): Promise<number> =>
    (await logOf("stuck", shard)).filter(({ type }) => type === "claim").length;
  for (let tries = 0; (await won("weur-1")) === 0; tries += 1) {
    expect(tries).toBeLessThan(200);
    await wait(50);
  }
  expect(await won("weur-0")).toBe(0);
  failing = false;
  await confirmed("stuck");
  expect(await won("weur-0")).toBe(1);
});

test("[PRIZE-18] a vault that cannot be reached makes the request retryable, and nothing is lost", async () => {
  await start("away");
  const a = await join("away", "A");
  const { PrizeVault } = await import("../../src/prizes/object.ts");
  const spy = vi.spyOn(PrizeVault.prototype, "claim").mockImplementation(() => {
    throw new Error("away");
  });
  const text = JSON.stringify([
    command("away", { id: "s", type: "answer", clue: "a", answer: "right" }),
    claim("away", "k"),
    command("away", { id: "t", type: "answer", clue: "b", answer: "right" }),
  ]);
  const refused = await shardOf("away").play(a.team.id, a.player.id, text);
  expect(refused).toMatchObject({ refused: "unavailable" });
  spy.mockRestore();
  const answer = await shardOf("away").play(a.team.id, a.player.id, text);
  expect(JSON.parse(answer as string)).toMatchObject({
    results: [{ outcome: "correct", duplicate: true }, { outcome: "won" }, { outcome: "correct" }],
  });
});

test("[PRIZE-7] a vault that missed a configuration asks for it when a claim names a newer one", async () => {
  await start("missed");
  const a = await join("missed", "A");
  const { PrizeVault } = await import("../../src/prizes/object.ts");
  const missed = vi.spyOn(PrizeVault.prototype, "configure").mockReturnValue();
  expect(await control("missed").withdraw("shell", true, "lost", BY)).toEqual({ stock: 2 });
  missed.mockRestore();
  const config = await control("missed").vaultConfig();
  if ("refused" in config) throw new Error(config.detail);
  expect((await ask("missed", a.team.id, "k", { revision: config.revision - 1 })).answers).toMatchObject([
    { outcome: "won" },
  ]);
  const result = await ask("missed", a.team.id, "k2", { revision: config.revision });
  expect(result).toMatchObject({ answers: [{ outcome: "not_eligible" }], revision: config.revision });
});

test("[PRIZE-7] a vault without any configuration asks for it, and one from the future stays", async () => {
  await start("empty");
  const a = await join("empty", "A");
  await runInDurableObject(vault("empty"), (_, state) => {
    state.storage.sql.exec("DELETE FROM stored_text");
  });
  await evictDurableObject(vault("empty"));
  expect((await ask("empty", a.team.id, "k")).answers).toMatchObject([{ outcome: "won" }]);
  await vault("empty").configure({ revision: 1_000_000, seed: "s", prizes: [] });
  await control("empty").withdraw("shell", false, "", BY);
  const result = await ask("empty", a.team.id, "k2");
  expect(result).toMatchObject({ answers: [{ outcome: "not_eligible" }], revision: 1_000_000 });
});
