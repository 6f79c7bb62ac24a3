/** Names that an engine before reserved, under another folding. */
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { NameRegistry } from "../../src/control/names.ts";
import { foldName, foldNameBefore } from "../../src/hunt/fold.ts";
import { type Holder, registryOf } from "../../src/objects/names.ts";

// Sixteen objects begin to be.
vi.setConfig({ testTimeout: 20_000 });

const stubOf = (hunt: string, name: string) => env.NAMES.getByName(registryOf(hunt, name));
const holder = (key: string, at = 1_000): Holder => ({ shard: "weur-0", key, at });

/** As an engine before reserved a team's name. */
async function reserveBefore(hunt: string, team: string, key: string, at?: number): Promise<void> {
  const name = `name/${foldNameBefore(team)}`;
  expect(await stubOf(hunt, name).reserve(name, holder(key, at))).toMatchObject({ key });
}

/** As this engine does in a hunt that may have such names. */
async function reserve(hunt: string, team: string, key: string): Promise<string> {
  const name = `team/${foldName(team)}`;
  return (await stubOf(hunt, name).reserve(name, holder(key, 9_000), true)).key;
}

test("[NAME-2] a name of before keeps its place, under whatever it folds to now", async () => {
  await reserveBefore("olden", "Night Owls", "owls");
  await reserveBefore("olden", "Al\u200bpha", "unseen");
  await reserveBefore("olden", "Straße", "street");
  for (const [team, key] of [
    ["Night Owls", "owls"],
    ["nightowls", "owls"],
    ["Alpha", "unseen"],
    ["Al\u200bpha", "unseen"],
    ["STRASSE", "street"],
  ] as const) {
    expect(await reserve("olden", team, "new"), team).toBe(key);
  }
  expect(await reserve("olden", "Somebody", "new")).toBe("new");
  expect(await reserve("olden", "Some body", "newer")).toBe("new");
});

test("[NAME-2] of two that fold to one now, the first holds the name", async () => {
  await reserveBefore("twins", "NightOwls", "second", 2_000);
  await reserveBefore("twins", "Night Owls", "first", 1_000);
  expect(await reserve("twins", "night owls", "new")).toBe("first");
});

test("[NAME-2] however many there are, and whoever asks at once; they are gathered once", async () => {
  const name = `team/${foldName("Crowded 7")}`;
  const key = registryOf("crowded", name);
  const older = "name/crowded 0";
  const there = stubOf("crowded", older);
  for (let index = 0; index < 60; index += 1) await reserveBefore("crowded", `Crowded ${index}`, `k${index}`);
  const asked = vi.spyOn(NameRegistry.prototype, "olderNames");
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => env.NAMES.getByName(key).reserve(name, holder("new"), true)),
  );
  expect(new Set(answers.map((each) => each.key))).toEqual(new Set(["k7"]));
  const calls = asked.mock.calls.length;
  expect(calls).toBe(16);
  await env.NAMES.getByName(key).reserve(name, holder("new"), true);
  expect(asked.mock.calls.length).toBe(calls);
  asked.mockRestore();
  expect((await there.find(older))?.key).toBe("k0");
});

test("[NAME-2] a hunt that began under this folding asks no other registry", async () => {
  const asked = vi.spyOn(NameRegistry.prototype, "olderNames");
  const name = "team/new";
  expect((await stubOf("modern", name).reserve(name, holder("k"))).key).toBe("k");
  expect(asked).not.toHaveBeenCalled();
  asked.mockRestore();
});
