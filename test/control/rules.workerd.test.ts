/** Hunts that an engine with other rules compiled and stored. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { HuntControl } from "../../src/control/object.ts";
import { RULES_VERSION } from "../../src/hunt/rules-version.ts";
import type { Command } from "../../src/protocol.ts";
import { StoredText } from "../../src/stored-text.ts";
import {
  control,
  guess,
  join,
  makeOrigin,
  outcomeOf,
  type Playing,
  play,
  publish,
  restart,
  setParameters,
  setPhase,
  shardOf,
} from "../shard/workerd.ts";

setParameters({ SHARDS_PER_REGION: 2 });
beforeAll(makeOrigin);
afterEach(() => vi.restoreAllMocks());

const SHARDS = ["weur-0", "weur-1"];

type Json = Record<string, unknown>;

/** Changes a stored text of an object. */
const change = (storage: DurableObjectStorage, name: string, by: (value: Json) => Json): void => {
  const texts = new StoredText(storage.sql);
  texts.write(name, JSON.stringify(by(JSON.parse(texts.read(name) ?? "{}") as Json)));
};

/** Makes the hunt's objects as an engine of form 1 left them: digests of other rules, and no version. */
async function age(hunt: string): Promise<void> {
  for (const shard of SHARDS) {
    await runInDurableObject(shardOf(hunt, shard), (_, { storage }) => {
      change(storage, "config", ({ rules: _rules, ...config }) => ({ ...config, v: 1 }));
      change(storage, "compiled", ({ rules: _rules, ...compiled }) => ({
        ...compiled,
        clues: (compiled.clues as Json[]).map((clue) => ({ ...clue, digests: ["of-other-rules"] })),
      }));
    });
    await restart(hunt, shard);
  }
  await runInDurableObject(control(hunt), (_, { storage }) =>
    change(storage, "state", ({ rules: _rules, ...state }) => ({ ...state, v: 1, told: true })),
  );
  await outcomeOf(() => runInDurableObject(control(hunt), (_, state) => state.abort("restarted by a test")));
}

async function open(hunt: string): Promise<Playing[]> {
  await publish(hunt);
  await setPhase(hunt, "live");
  return Promise.all(SHARDS.map((shard) => join(hunt, `of-${shard}`, shard)));
}

const storedRules = (hunt: string, shard: string): Promise<unknown> =>
  runInDurableObject(shardOf(hunt, shard), (_, { storage }) => {
    const text = new StoredText(storage.sql).read("compiled");
    return (JSON.parse(text ?? "{}") as Json).rules;
  });

test("[CTRL-6] a hunt compiled by other rules is compiled anew at the first command, and every shard is told", async () => {
  const hunt = "older-rules";
  const [one] = await open(hunt);
  await age(hunt);
  expect(await play(one as Playing, guess(hunt, "1", "right"))).toMatchObject([{ outcome: "correct" }]);
  await vi.waitFor(async () => expect(await storedRules(hunt, "weur-1")).toBe(RULES_VERSION), 24_000);
  expect(await control(hunt).publicEntry()).toMatchObject({ version: 1 });
});

test("[CTRL-6] as long as control cannot give a hunt of the shard's rules, only answers and scans wait", async () => {
  const hunt = "half-released";
  const [one] = await open(hunt);
  await age(hunt);
  const attach = vi.spyOn(HuntControl.prototype, "attach").mockImplementation(() => {
    throw new Error("unreachable");
  });
  const { team, player } = one as Playing;
  const send = (command: Command) => shardOf(hunt).play(team.id, player.id, JSON.stringify([command]));
  expect(await send(guess(hunt, "1", "right"))).toMatchObject({ refused: "unavailable" });
  expect(await send({ id: "2", type: "hint", clue: "a", hint: "none" })).toEqual(expect.any(String));
  expect(await shardOf(hunt).me(team.id, player.id)).toMatchObject({ team: { score: 0 } });
  attach.mockRestore();
  await restart(hunt);
  expect(await play(one as Playing, guess(hunt, "1", "right"))).toMatchObject([{ outcome: "correct" }]);
});

test("[CTRL-6] a command that was digested by other rules is digested again", async () => {
  const hunt = "older-edge";
  const [one] = await open(hunt);
  const { rules: _, ...older } = guess(hunt, "1", "right") as Command & { type: "answer" };
  const command = { ...older, digests: { letters: "of-other-rules" } };
  expect(await play(one as Playing, command)).toMatchObject([{ outcome: "correct" }]);
});
