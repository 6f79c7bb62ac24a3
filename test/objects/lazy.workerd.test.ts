/** [SEC-63] An object that was only asked for has written nothing. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { NameRegistry } from "../../src/control/names.ts";
import { KEY_LIFE } from "../../src/objects/names.ts";

const BY = { actor: "eve", request: "r" };

/** Tables of ours, and the alarm. */
async function written(stub: DurableObjectStub): Promise<unknown[]> {
  return runInDurableObject(stub as never, async (_, { storage }: DurableObjectState) => {
    const tables = storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master").toArray();
    const alarm = await storage.getAlarm();
    return [...tables.map(({ name }) => name), ...(alarm === null ? [] : [alarm])];
  });
}

type Touch = (name: string) => { stub: DurableObjectStub; calls: (() => unknown)[] };

const touches: Record<string, Touch> = {
  HuntControl: (name) => {
    const stub = env.CONTROL.getByName(name);
    return {
      stub,
      calls: [
        () => stub.publicEntry(),
        () => stub.definition(),
        () => stub.codes(),
        () => stub.audit(undefined, 10),
        () => stub.shards(),
        () => stub.attach("weur-0"),
        () => stub.recordReading({ action: "export", detail: {} }, BY, 1),
        () => stub.setPhase("live", BY),
        () => stub.announce({ text: "x" }, BY),
        () => stub.grow(2, BY),
        () => stub.crowded({ at: 1, shards: {} }),
        () => stub.beginImport(1, BY),
        () => stub.redrive(undefined, BY),
        () => stub.rearchive("x", BY),
        () => stub.repair("x", BY),
        () => stub.drawSeed(),
        () => stub.vaultConfig(),
        () => stub.publish("title: no hunt", "yaml", { dryRun: false }, BY),
        () => stub.seal(),
      ],
    };
  },
  HuntShard: (name) => {
    const stub = env.SHARD.getByName(`${name}/weur-0`);
    return {
      stub,
      calls: [
        () => stub.me("weur-0-0-abcde", "p"),
        () => stub.history("weur-0-0-abcde", {}),
        () => stub.join({ key: "k", player: "p", name: "Eve", create: { name: "Eve" } }),
        () => stub.hasMade("k", "eve"),
        () => stub.play("weur-0-0-abcde", "p", "[]"),
        () => stub.stats(),
        () => stub.verify(),
        () => stub.exportFacts(0),
        () => stub.scoreFacts(0),
        () => stub.backlog(),
        async () => (await stub.fetch("https://shard/live")).text(),
      ],
    };
  },
  Leaderboard: (name) => {
    const stub = env.LEADERBOARD.getByName(name);
    return {
      stub,
      calls: [
        () => stub.read({ limit: 10, offset: 0, organiser: false }),
        () => stub.teamCount(),
        () => stub.rules(),
        () => stub.organiserRanks(["weur-0-0-abcde"]),
        () => stub.lookPublic("weur-0", "weur-0-0-abcde"),
        () => stub.around("weur-0-0-abcde", { limit: 10, organiser: false }),
        () => stub.dump(0),
      ],
    };
  },
  PrizeVault: (name) => {
    const stub = env.PRIZES.getByName(name);
    return {
      stub,
      calls: [
        () => stub.stock(),
        () => stub.winners("p", { team: "", n: -1 }, 10),
        () => stub.winner("p", 0),
      ],
    };
  },
  DeadLetters: (name) => {
    const stub = env.DEAD_LETTERS.getByName(name);
    return { stub, calls: [() => stub.list(), () => stub.redrive()] };
  },
  NameRegistry: (name) => {
    const stub = env.NAMES.getByName(`${name}/3`);
    return {
      stub,
      calls: [
        () => stub.find("name/x"),
        () => stub.release("name/x", "k"),
        () => stub.olderNames(`${name}/4`, ""),
      ],
    };
  },
  HuntDirectory: (name) => {
    const stub = env.DIRECTORY.getByName(name);
    return {
      stub,
      calls: [
        () => stub.list(),
        () => stub.known(undefined),
        () => stub.gone(undefined),
        () => stub.beginning("h"),
        () => stub.job("d-1"),
        () => stub.deleteHunt("h", "r", BY, 1),
      ],
    };
  },
  LiveBoard: (name) => {
    const stub = env.LIVE_BOARD.getByName(`${name}/live-0`);
    return { stub, calls: [() => stub.show({ phase: "live", words: [] })] };
  },
  MetricsHub: (name) => {
    const stub = env.METRICS.getByName(name);
    return { stub, calls: [] };
  },
};

test.each(Object.keys(touches))(
  "[SEC-63] %s: constructed and asked, it has written nothing",
  async (name) => {
    const touched = touches[name]?.(`untouched-${name.toLowerCase()}`);
    if (!touched) throw new Error("no such object");
    // Whether it refuses or has nothing: an error would restart it.
    for (const call of touched.calls) await call();
    expect(await written(touched.stub)).toEqual([]);
  },
);

test("[SEC-65] joining keys are forgotten after a day, also those that an older engine kept", async () => {
  const stub = env.NAMES.getByName("keys/0");
  const now = Date.now();
  const clock = vi.spyOn(NameRegistry.prototype as unknown as { now(): number }, "now").mockReturnValue(now);
  await stub.reserve("key/key-clear", { shard: "weur-0", key: "key-clear", at: now - 2 * KEY_LIFE });
  await stub.reserve("key/abc", { shard: "weur-0", key: "{}", at: now });
  await stub.reserve("name/owls", { shard: "weur-0", key: "k-1", at: now - 2 * KEY_LIFE });
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(await stub.find("key/key-clear")).toBeUndefined();
  expect(await stub.find("key/abc")).toBeDefined();
  clock.mockReturnValue(now + KEY_LIFE);
  expect(await runDurableObjectAlarm(stub)).toBe(true);
  expect(await stub.find("key/abc")).toBeUndefined();
  expect(await stub.find("name/owls")).toBeDefined();
  expect(await runDurableObjectAlarm(stub), "nothing is left to forget").toBe(false);
  clock.mockRestore();
});
