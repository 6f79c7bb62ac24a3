/** Versions: what they drop, and how a hunt is mended that can no longer be compiled. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { verifyHunt } from "../../src/control/verify.ts";
import type { OriginStore } from "../../src/origin/store.ts";
import { deadMessageText } from "../../src/queue/dead-letter.ts";
import { StoredText } from "../../src/stored-text.ts";
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
} from "../shard/workerd.ts";

beforeAll(makeOrigin);
const rings = { ...env };
afterEach(() => {
  vi.restoreAllMocks();
  Object.assign(env, { CODE_KEYS: rings.CODE_KEYS });
});

const BY = { actor: "ada", request: "r-1" };

const stopControl = async (hunt: string): Promise<void> => {
  await outcomeOf(() => runInDurableObject(control(hunt), (_, state) => state.abort("restarted by a test")));
};

const A = { id: "a", round: "r", title: "A", kind: "answer", answers: ["right"] };
const HINT = { id: "h", text: "PAID TEXT", cost: 0 };

test("[SEC-108] a taken hint's text outlives versions, and restarts of control and shard", async () => {
  await publish("dropped", 10, { clues: [{ ...A, hints: [HINT] }] });
  await setPhase("dropped", "live");
  const [ann, bob] = [await join("dropped", "Ann"), await join("dropped", "Bob")];
  await play(ann, command("dropped", { id: "1", type: "hint", clue: "a", hint: "h" }));
  for (let version = 0; version < 2; version += 1) {
    await publish("dropped", 10, { clues: [A] });
    await stopControl("dropped");
    await restart("dropped");
  }
  // A shard that asks control anew gets it as well.
  await publish("dropped", 20, { clues: [A] });
  expect(JSON.stringify(await shardOf("dropped").me(ann.team.id, ann.player.id))).toContain("PAID TEXT");
  expect(JSON.stringify(await shardOf("dropped").me(bob.team.id, bob.player.id))).not.toContain("PAID TEXT");
});

test("[SEC-109] a definition that no longer compiles is refused, and publishing a corrected one mends it", async () => {
  await publish("stricter");
  await runInDurableObject(control("stricter"), (_, { storage }) => {
    new StoredText(storage.sql).write("definition", '{"format":1,"title":"of a laxer engine"}');
  });
  await stopControl("stricter");
  for (const refused of [
    await control("stricter").publicEntry(),
    await setPhase("stricter", "live"),
    await control("stricter").announce({ text: "x" }, BY),
    await control("stricter").attach("weur-0"),
  ]) {
    expect(refused).toMatchObject({ refused: "unavailable", detail: expect.stringContaining("compiles") });
  }
  await publish("stricter");
  expect(await control("stricter").publicEntry()).toMatchObject({ version: 2 });
});

test("[SEC-109] so is one whose code key is gone: a definition that needs no key is published, another says why not", async () => {
  const scan = { id: "s", round: "r", title: "S", kind: "scan" };
  await publish("keyless", 10, { clues: [A, scan] });
  Object.assign(env, { CODE_KEYS: rings.CODE_KEYS.replace(/^[a-z0-9]+/, "other") });
  await stopControl("keyless");
  expect(await control("keyless").publicEntry()).toMatchObject({ refused: "unavailable" });
  expect(await control("keyless").codes()).toMatchObject({ refused: "unavailable" });
  const definition = (clues: object[]) =>
    JSON.stringify({ format: 1, title: "keyless", rounds: [{ id: "r", title: "R" }], clues });
  const again = await control("keyless").publish(definition([A, scan]), "json", { dryRun: false }, BY);
  expect(again).toMatchObject({
    refused: "invalid",
    issues: [{ path: "clues.1.code", code: "code-key-missing" }],
  });
  const own = definition([A, { ...scan, code: "MY-OWN-CODE-1" }]);
  expect(await control("keyless").publish(own, "json", { dryRun: false }, BY)).toMatchObject({ version: 2 });
  expect(await control("keyless").codes()).toEqual([{ clue: "s", title: "S", code: "MY-OWN-CODE-1" }]);
});

test("[SEC-110] teams that keep changing while they are compared are counted in the verdict", async () => {
  await publish("restless");
  await setPhase("restless", "live");
  const ann = await join("restless", "Ann");
  await play(ann, guess("restless", "1", "right"));
  const { origin } = await shardOf("restless").verify();
  let reads = 0;
  const store = {
    sums: async () => origin,
    async teams(_hunt: string, _shard: string, after: string) {
      reads += 1;
      const row = { team: ann.team.id, players: 1, solves: 1, score: reads, banned: false, hidden: false };
      return after === "" ? [row] : [];
    },
  } as unknown as OriginStore;
  vi.spyOn((await import("../../src/shard/object.ts")).HuntShard.prototype, "originTeams").mockImplementation(
    (teams) =>
      teams.map((team) => ({
        team: { team, players: 1, solves: 1, score: -1, banned: false, hidden: false } as never,
        moving: false,
      })),
  );
  const verdict = await verifyHunt(env, store, "restless", ["weur-0"]);
  expect(verdict).toMatchObject({ ok: true, unsettled: 1 });
});

test("[SEC-111] a dead letter stored in a newer engine's envelope is opened when it is sent again, or stays", async () => {
  const letters = () => env.DEAD_LETTERS.getByName("enveloped");
  const inner = JSON.stringify({ v: 1, kind: "registrations", registrations: [] });
  const known = deadMessageText({ error: "e", attempts: 3, body: inner });
  const newer = known.replace('"dead":1', '"dead":99');
  const sent: unknown[] = [];
  vi.spyOn(env.FACTS, "sendBatch").mockImplementation(async (batch) => {
    for (const { body } of batch) sent.push(body);
    return { metadata: {} } as never;
  });
  for (const [id, body] of [
    ["known", known],
    ["newer", newer],
    ["plain", inner],
  ] as const) {
    await letters().store({ id, at: 1, error: "e", attempts: 1, body });
  }
  expect(await letters().redrive()).toBe(2);
  expect(sent).toEqual([inner, inner]);
  expect((await letters().list()).letters.map(({ id }) => id)).toEqual(["newer"]);
});

test("[CODE-7] a hunt that an engine before published keeps the codes that it printed, also of later clues", async () => {
  const scan = (id: string) => ({ id, round: "r", title: id, kind: "scan" });
  const codesOf = async (hunt: string): Promise<string[]> => {
    const codes = await control(hunt).codes();
    return "refused" in codes ? [] : codes.map(({ code }) => code);
  };
  await publish("printed", 10, { clues: [A, scan("s")] });
  const [grouped] = await codesOf("printed");
  expect(grouped).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
  // As it was stored before there were grouped ones.
  await runInDurableObject(control("printed"), (_, { storage }) => {
    const texts = new StoredText(storage.sql);
    const { begun, ...state } = JSON.parse(texts.read("state") ?? "") as { begun: number };
    expect(begun).toBe(2);
    texts.write("state", JSON.stringify(state));
  });
  await stopControl("printed");
  const [before] = await codesOf("printed");
  expect(before).toMatch(/^1\.[a-z0-9]+\.s\.[\w-]{14}$/);
  expect(await control("printed").publicEntry()).not.toHaveProperty("begun");
  await publish("printed", 10, { clues: [A, scan("s"), scan("t")] });
  const [first, second] = await codesOf("printed");
  expect(first).toBe(before);
  expect(second).toMatch(/^1\.[a-z0-9]+\.t\.[\w-]{14}$/);
  await setPhase("printed", "live");
  const ann = await join("printed", "Ann");
  const played = await play(ann, command("printed", { id: "1", type: "scan", code: first ?? "" }));
  expect(JSON.stringify(played)).toContain('"outcome":"correct"');
});
