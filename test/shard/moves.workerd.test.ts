/** A player's move between teams, as shards carry out its steps: in one shard, between two, after restarts. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { Move } from "../../src/hunt/move.ts";
import { TICKET_HEADER } from "../../src/objects/shard.ts";
import { PrizeVault } from "../../src/prizes/object.ts";
import type { Fact } from "../../src/protocol.ts";
import {
  command,
  guess,
  join,
  logOf,
  lookAt,
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

setParameters({ PAGE_FLUSH_FACTS: 100, SHARDS_PER_REGION: 2 });
beforeAll(makeOrigin);

const OTHER = "weur-1";
const TEAMS = { teams: { mode: "teams", maxSize: 3 } };

async function start(hunt: string, more: object = TEAMS): Promise<void> {
  await publish(hunt, 10, more);
  await setPhase(hunt, "live");
}

/** Joins the team as one more player. */
async function mate(of: Playing, name: string): Promise<Playing> {
  const joined = await shardOf(of.hunt, of.shard).join({
    key: `key-${name}`,
    player: `p-${name}`,
    name,
    joinCode: of.team.joinCode ?? "",
    externalId: `C-${name}`,
    fields: [{ id: "mail", value: `${name}@example.org` }],
    consents: [{ id: "terms", text: "hash" }],
  });
  if ("refused" in joined) throw new Error(joined.detail);
  return { ...joined, hunt: of.hunt, shard: of.shard };
}

let moves = 0;
const moveOf = (who: Playing, to: Playing): Move => {
  moves += 1;
  return { move: `M${moves}`, player: who.player.id, from: who.team.id, to: to.team.id, reason: "why" };
};

function given<Told extends object>(told: Told): Exclude<Told, { refused: string }> {
  if ("refused" in told) throw new Error(JSON.stringify(told));
  return told as Exclude<Told, { refused: string }>;
}

/** All steps, each by a call of its own; the player as it is then. */
async function moved(who: Playing, to: Playing, move = moveOf(who, to)): Promise<Playing> {
  const { hunt } = who;
  given(await shardOf(hunt, to.shard).keepSeat(move));
  const { leaving } = given(await shardOf(hunt, who.shard).depart(move));
  given(await shardOf(hunt, to.shard).arrive(move, leaving));
  const { joined } = given(await shardOf(hunt, to.shard).whereIs(to.team.id, who.player.id));
  if (!joined) throw new Error("nobody arrived");
  return { ...joined, hunt, shard: to.shard };
}

const ofMoves = (facts: readonly Fact[]): string[] =>
  facts.flatMap((fact) => ("move" in fact ? fact.type : []));

describe.each([
  ["of one shard", "weur-0"],
  ["of two shards", OTHER],
])("between teams %s", (what, shard) => {
  const hunt = `moves-${shard}`;

  test("[TE-26] the player keeps its id and what it gave, and the state is what the log folds to", async () => {
    await start(hunt);
    const one = await join(hunt, "one");
    const who = await mate(one, "who");
    const two = await join(hunt, "two", shard);
    await play(who, guess(hunt, "w1"));
    const there = await moved(who, two);
    expect(there.player).toEqual(who.player);
    expect(there.team.id).toBe(two.team.id);
    expect(there.gen).toBe(1);
    expect(there.returnCode).not.toBe(who.returnCode);
    expect(await lookAt(who), what).toMatchObject({ refused: "unauthenticated" });
    const me = given(await lookAt(there));
    expect(me.team.members.map(({ id }) => id)).toEqual([two.player.id, who.player.id]);
    expect(given(await lookAt(one)).team.members).toHaveLength(1);
    const facts = [...(await logOf(hunt)), ...(shard === OTHER ? await logOf(hunt, OTHER) : [])];
    expect(facts.find(({ type }) => type === "arrive")).toMatchObject({
      name: "who",
      externalId: "C-who",
      fields: [{ id: "mail", value: "who@example.org" }],
      consents: [{ id: "terms", text: "hash" }],
      from: one.team.id,
      gen: 1,
      events: [{ type: "answer", event: "w1", outcome: "incorrect", clue: "a" }],
    });
    for (const each of ["weur-0", shard]) {
      expect((await shardOf(hunt, each).verify()).mismatches).toEqual([]);
      await restart(hunt, each);
      expect((await shardOf(hunt, each).verify()).mismatches).toEqual([]);
    }
    expect({ ...given(await lookAt(there)), serverTime: "", asOf: "" }).toEqual({
      ...me,
      serverTime: "",
      asOf: "",
    });
  });

  test("[TE-28] each step is safe to repeat, also after a restart", async () => {
    const one = await join(hunt, "three");
    const who = await mate(one, "again");
    const two = await join(hunt, "four", shard);
    const move = moveOf(who, two);
    const twice = async <Told extends object>(at: string, call: () => Promise<Told>): Promise<Told> => {
      const first = await call();
      await restart(hunt, at);
      expect(await call()).toEqual(first);
      return first;
    };
    await twice(shard, async () => given(await shardOf(hunt, shard).keepSeat(move)));
    const { leaving } = await twice("weur-0", async () => given(await shardOf(hunt).depart(move)));
    await twice(shard, async () => given(await shardOf(hunt, shard).arrive(move, leaving)));
    // A step that comes late changes nothing.
    given(await shardOf(hunt, shard).giveUpSeat(move));
    const all = [...(await logOf(hunt)), ...(shard === OTHER ? await logOf(hunt, OTHER) : [])];
    const own = all.filter((fact) => "move" in fact && fact.move === move.move);
    expect(ofMoves(own).sort()).toEqual(["arrive", "depart", "seat"]);
    expect(given(await lookAt(two)).team.members).toHaveLength(2);
  });

  test("[TE-28] a seat is kept, so that nobody else has it, and can be given up", async () => {
    const one = await join(hunt, "five");
    const who = await mate(one, "late");
    const two = await join(hunt, "six", shard);
    await mate(two, "fills");
    const move = moveOf(who, two);
    given(await shardOf(hunt, shard).keepSeat(move));
    await expect(mate(two, "nobody")).rejects.toThrow("the team is full");
    expect(await shardOf(hunt, shard).keepSeat({ ...move, move: "X", player: "p-x" })).toMatchObject({
      refused: "conflict",
    });
    given(await shardOf(hunt, shard).giveUpSeat(move));
    given(await shardOf(hunt, shard).giveUpSeat(move));
    await mate(two, `somebody-${shard}`);
    expect(given(await lookAt(who)).team.id).toBe(one.team.id);
  });

  test("[TE-29] the captaincy stays behind; a team that nobody is in is emptied, and its name is free", async () => {
    const one = await join(hunt, "seven");
    const second = await mate(one, "second");
    const two = await join(hunt, "eight", shard);
    await moved(one, two);
    expect(given(await lookAt(second)).team.captain).toBe(second.player.id);
    const move = moveOf(second, two);
    given(await shardOf(hunt, shard).keepSeat(move));
    const departed = given(await shardOf(hunt).depart(move));
    expect(departed.freed).toEqual({ name: "seven", key: "key-seven" });
    // Sent again while its seat waits.
    expect(await shardOf(hunt).depart(move)).toEqual(departed);
    expect(await shardOf(hunt, shard).whereIs(two.team.id, second.player.id, 1)).toMatchObject({
      refused: "unavailable",
    });
    given(await shardOf(hunt, shard).arrive(move, departed.leaving));
    expect(await shardOf(hunt).hasMade("key-seven", "seven")).toMatchObject({ isMade: false });
    const last = (await logOf(hunt))
      .filter(({ type, team }) => type === "depart" && team === one.team.id)
      .at(-1);
    expect(last).toMatchObject({ last: true });
    expect(await shardOf(hunt, one.shard).keepSeat(moveOf(two, one))).toMatchObject({ refused: "conflict" });
  });

  test("[TE-27] tokens lead on from team to team, back as well, and those of before are void", async () => {
    const one = await join(hunt, "nine");
    const who = await mate(one, "wanderer");
    const two = await join(hunt, "ten", shard);
    const there = await moved(who, two);
    const back = await moved(there, one);
    expect(back.gen).toBe(2);
    const where = (team: Playing, gen?: number) =>
      shardOf(hunt, team.shard).whereIs(team.team.id, who.player.id, gen);
    expect(await where(one, 0)).toEqual({ moved: { team: two.team.id, player: who.player.id, gen: 1 } });
    expect(await where(two, 1)).toEqual({ moved: { team: one.team.id, player: who.player.id, gen: 2 } });
    expect(given(await where(one, 2)).joined?.team.id).toBe(one.team.id);
    expect(given(await where(one)).joined?.team.id).toBe(one.team.id);
    expect(await where(two, 0)).toEqual({});
    expect(await shardOf(hunt).seated({ team: one.team.id, player: who.player.id })).toMatchObject({
      refused: "unauthenticated",
    });
    given(
      await shardOf(hunt).changeTeam(
        one.team.id,
        { reason: "why" },
        { type: "remove", player: who.player.id },
      ),
    );
    expect(await where(one)).toEqual({});
    expect(await where(one, 2)).toEqual({});
    for (const each of ["weur-0", shard]) expect((await shardOf(hunt, each).verify()).mismatches).toEqual([]);
  });
});

test("[TE-27] the sockets of who departs are closed with 4401", async () => {
  const hunt = "moves-sockets";
  await start(hunt);
  const one = await join(hunt, "one");
  const who = await mate(one, "who");
  const two = await join(hunt, "two", OTHER);
  const opened = await shardOf(hunt).fetch("https://shard/live", {
    headers: {
      Upgrade: "websocket",
      [TICKET_HEADER]: JSON.stringify({
        id: "t",
        team: one.team.id,
        player: who.player.id,
        expires: Date.now() + 30_000,
        until: Date.now() + 60_000,
      }),
    },
  });
  const closed: number[] = [];
  opened.webSocket?.addEventListener("close", ({ code }) => void closed.push(code));
  opened.webSocket?.accept();
  await moved(who, two);
  await expect.poll(() => closed).toEqual([4_401]);
});

test("[TE-28] who left meanwhile does not depart; a removed last player leaves the kept seat its team", async () => {
  const hunt = "moves-meanwhile";
  await start(hunt);
  const one = await join(hunt, "one");
  const who = await mate(one, "who");
  const two = await join(hunt, "two", OTHER);
  const move = moveOf(who, two);
  given(await shardOf(hunt, OTHER).keepSeat(move));
  const remove = { type: "remove", player: who.player.id } as const;
  given(await shardOf(hunt).changeTeam(one.team.id, { reason: "why" }, remove));
  expect(await shardOf(hunt).depart(move)).toMatchObject({ refused: "not_found" });
  const emptying = { type: "remove", player: two.player.id } as const;
  const emptied = given(await shardOf(hunt, OTHER).changeTeam(two.team.id, { reason: "why" }, emptying));
  expect(emptied.freed).toBeUndefined();
  expect(given(await shardOf(hunt, OTHER).giveUpSeat(move)).freed).toEqual({ name: "two", key: "key-two" });
  expect((await logOf(hunt, OTHER)).at(-1)).toMatchObject({ type: "unseat", last: true });
  for (const each of ["weur-0", OTHER]) expect((await shardOf(hunt, each).verify()).mismatches).toEqual([]);
});

test("[TE-29] a team made beforehand comes to life by an arrival", async () => {
  const hunt = "moves-made";
  await start(hunt);
  const one = await join(hunt, "one");
  const who = await mate(one, "who");
  const [made] = given(
    await shardOf(hunt, OTHER).makeTeams([{ key: "made/1", name: "Ahead", isOwn: true }]),
  ) as { id: string; name: string; joinCode: string }[];
  const team = { ...one, shard: OTHER, team: { id: made?.id ?? "", name: "Ahead" } };
  const there = await moved(who, team);
  expect(given(await lookAt(there)).team.captain).toBe(who.player.id);
  const report = await shardOf(hunt, OTHER).scoreFacts(0);
  expect(report.facts.map(({ type }) => type)).toEqual(["join", "filled"]);
  expect((await logOf(hunt, OTHER)).at(-1)).toMatchObject({ type: "arrive", first: true });
});

test("[TE-26] nobody moves in a hunt that is played alone", async () => {
  const hunt = "moves-solo";
  await start(hunt, { teams: { mode: "solo" } });
  const one = await join(hunt, "one");
  const two = await join(hunt, "two", OTHER);
  expect(await shardOf(hunt, OTHER).keepSeat(moveOf(one, two))).toMatchObject({ refused: "conflict" });
});

test("[TE-31] an event that was recorded in the earlier team is a duplicate in the new one", async () => {
  const hunt = "moves-events";
  await start(hunt);
  const one = await join(hunt, "one");
  const who = await mate(one, "who");
  const two = await join(hunt, "two", OTHER);
  await play(who, guess(hunt, "wrong"), guess(hunt, "right", "right"));
  const there = await moved(who, two);
  const before = (await logOf(hunt, OTHER)).length;
  const again = await play(
    there,
    guess(hunt, "wrong"),
    guess(hunt, "right", "right"),
    guess(hunt, "right", "right", "b"),
  );
  expect(again).toEqual([
    { id: "wrong", outcome: "incorrect", clue: "a", duplicate: true },
    { id: "right", outcome: "correct", clue: "a", duplicate: true },
    { id: "right", outcome: "conflict" },
  ]);
  expect((await logOf(hunt, OTHER)).length).toBe(before);
  // A team-mate's event of the same id is its own.
  expect(await play(two, guess(hunt, "right", "right"))).toMatchObject([{ outcome: "correct" }]);
  expect(await play(there, guess(hunt, "new"))).toMatchObject([{ outcome: "already_solved" }]);
  // Over a second move as well.
  const back = await moved(there, one);
  expect(await play(back, guess(hunt, "wrong"))).toMatchObject([{ outcome: "incorrect", duplicate: true }]);
});

describe("[TE-30] prizes", () => {
  const prize = (more: object) => ({
    ...TEAMS,
    prizes: [{ id: "shell", title: "Shell", mode: "first-come", stock: 10, ...more }],
  });
  const claim = (hunt: string, id: string) => command(hunt, { id, type: "claim", prize: "shell" });

  test("a win is its player's in the new team too, and the limits count it", async () => {
    const hunt = "moves-prizes";
    await start(hunt, prize({ perTeam: 2, perPlayer: 1 }));
    const one = await join(hunt, "one");
    const who = await mate(one, "who");
    const two = await join(hunt, "two", OTHER);
    const third = await mate(two, "third");
    expect(await play(who, claim(hunt, "c1"))).toMatchObject([{ outcome: "won" }]);
    const there = await moved(who, two);
    const me = given(await lookAt(there));
    expect(me.prizes?.[0]?.wins).toMatchObject([
      { event: "c1", player: who.player.id, code: expect.any(String) },
    ]);
    expect(me.prizes?.[0]?.eligible).toBe(false);
    expect(await play(there, claim(hunt, "c1"))).toMatchObject([{ outcome: "won", duplicate: true }]);
    expect(await play(there, claim(hunt, "c2"))).toMatchObject([{ outcome: "already_won" }]);
    expect(await play(two, claim(hunt, "c3"))).toMatchObject([{ outcome: "won" }]);
    // With the one that was carried the team has two.
    expect(await play(third, claim(hunt, "c4"))).toMatchObject([{ outcome: "already_won" }]);
    const vault = env.PRIZES.getByName(hunt);
    const asked = { prize: "shell", team: two.team.id, player: who.player.id, event: "c5" };
    const carried = { byTeam: 1, byPlayer: 1 };
    const told = await vault.claim({ shard: OTHER, revision: 0, claims: [{ ...asked, carried }] });
    expect(told).toMatchObject({ answers: [{ outcome: "already_won" }] });
    for (const each of ["weur-0", OTHER]) expect((await shardOf(hunt, each).verify()).mismatches).toEqual([]);
  });

  test("a departure waits for the claim that is under way: the win goes with the player", async () => {
    const hunt = "moves-claiming";
    await start(hunt, prize({ perTeam: 1 }));
    const one = await join(hunt, "one");
    const who = await mate(one, "who");
    const two = await join(hunt, "two", OTHER);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const original = PrizeVault.prototype.claim;
    const held = vi.spyOn(PrizeVault.prototype, "claim").mockImplementation(async function (
      this: PrizeVault,
      request,
    ) {
      await gate;
      return original.call(this, request);
    });
    const claiming = play(who, claim(hunt, "c1")).catch((error: unknown) => String(error));
    await wait(50);
    const moving = moved(who, two);
    await wait(100);
    expect(ofMoves(await logOf(hunt))).toEqual([]);
    open();
    await claiming;
    const there = await moving;
    held.mockRestore();
    expect(given(await lookAt(there)).prizes?.[0]?.wins).toMatchObject([{ event: "c1" }]);
  });

  test("a win that the vault gave and nobody heard of goes with the player, and is in its team's log", async () => {
    const hunt = "moves-unheard";
    await start(hunt, prize({ perTeam: 1 }));
    const one = await join(hunt, "one");
    const who = await mate(one, "who");
    const two = await join(hunt, "two", OTHER);
    const asked = { prize: "shell", team: one.team.id, player: who.player.id, event: "c1" };
    await env.PRIZES.getByName(hunt).claim({ shard: "weur-0", revision: 0, claims: [asked] });
    const there = await moved(who, two);
    expect(given(await lookAt(there)).prizes?.[0]?.wins).toMatchObject([{ event: "c1" }]);
    expect((await logOf(hunt)).filter(({ type }) => type === "claim")).toHaveLength(1);
  });
});
