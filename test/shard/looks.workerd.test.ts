/** Looks at `/me` in the shard: several in one call, over restarts, bounded. */
import { expect, test } from "vitest";
import type { MeApart } from "../../src/contract/me.ts";
import { type Look, type ToldPair, toldOf } from "../../src/objects/looks.ts";
import { guess, join, type Playing, play, publish, restart, setPhase, shardOf } from "./workerd.ts";

const looks = async (hunt: string, asked: readonly Look[]) =>
  ((await shardOf(hunt).looks(JSON.stringify(asked))) as unknown as ToldPair[]).map(toldOf);

const of = ({ team, player }: Playing, more: Partial<Look> = {}): Look => ({
  team: team.id,
  player: player.id,
  ...more,
});

test("[API-66] each look of a call is told by itself: all, the same, what changed, a refusal", async () => {
  await publish("mixed");
  const [one, two] = [await join("mixed", "One"), await join("mixed", "Two")];
  await setPhase("mixed", "live");
  const [first] = await looks("mixed", [of(one)]);
  if (!first || "refused" in first) throw new Error("no look");
  const stranger = { ...of(one), player: "p-nobody" };
  const told = await looks("mixed", [
    of(one, { has: [first.etag] }),
    stranger,
    of(two),
    { ...stranger, has: "*" },
    of(one, { since: first.etag }),
    of(two, { has: [first.etag] }),
  ]);
  expect(told[0]).toEqual({ etag: first.etag });
  expect(told[1]).toMatchObject({ refused: "forbidden" });
  expect(told[3]).toMatchObject({ refused: "forbidden" });
  expect(JSON.parse((told[2] as { text: string }).text).team.name).toBe("Two");
  expect(JSON.parse((told[4] as { text: string }).text)).toMatchObject({ since: first.etag, clues: [] });
  expect(JSON.parse((told[5] as { text: string }).text).team.name).toBe("Two");
  expect((await looks("mixed", [of(one)]))[0]).toMatchObject({ etag: first.etag });
});

test("[API-63] [API-64] after a restart an ETag stands for the same, and what changed since is everything", async () => {
  await publish("again");
  const one = await join("again", "One");
  await setPhase("again", "live");
  await play(one, guess("again", "e1"), guess("again", "e2", "right"));
  const [before] = await looks("again", [of(one)]);
  if (!before || "refused" in before) throw new Error("no look");
  await restart("again");
  const [same, changes] = await looks("again", [
    of(one, { has: [before.etag] }),
    of(one, { since: before.etag }),
  ]);
  expect(same).toEqual({ etag: before.etag });
  const whole = JSON.parse((changes as { text: string }).text) as MeApart;
  expect(whole).not.toHaveProperty("since");
  expect(whole.clues.map(({ id }) => id)).toEqual(["a", "b"]);
});

test("[API-66] of looks that are long together, a call tells the first, and one at least", async () => {
  const body = "x".repeat(19_000);
  const clue = (id: string) => ({
    id,
    round: "r",
    title: id,
    kind: "answer",
    answers: ["right"],
    points: 1,
    body,
  });
  await publish("large", 10, { clues: Array.from({ length: 60 }, (_, index) => clue(`c${index}`)) });
  const one = await join("large", "One");
  await setPhase("large", "live");
  const asked = [of(one), of(one), of(one, { apart: true })];
  expect(await looks("large", asked)).toHaveLength(1);
  expect(await looks("large", [...asked.slice(2), ...asked.slice(2)])).toHaveLength(2);
});

test("[SEC-142] the shard knows the texts of its version alone", async () => {
  const body = (what: string) => `${what} ${"long ".repeat(200)}`;
  const clues = (what: string) => ({
    clues: [
      { id: "a", round: "r", title: "a", kind: "answer", answers: ["right"], points: 1, body: body(what) },
    ],
  });
  await publish("texts", 10, clues("old"));
  const one = await join("texts", "One");
  await setPhase("texts", "live");
  const digest = async (): Promise<string> => {
    const [told] = await looks("texts", [of(one, { apart: true })]);
    const { clues: seen } = JSON.parse((told as { text: string }).text) as MeApart;
    return seen[0]?.bodyAt?.digest ?? "";
  };
  const old = await digest();
  expect(await shardOf("texts").text(old)).toBe(body("old"));
  await publish("texts", 10, clues("new"));
  await expect.poll(digest).not.toBe(old);
  expect(await shardOf("texts").text(await digest())).toBe(body("new"));
  expect(await shardOf("texts").text(old)).toBeUndefined();
  expect(await shardOf("texts").text("")).toBeUndefined();
});
