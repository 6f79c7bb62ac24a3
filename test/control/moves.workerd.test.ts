/** Control drives a player's move: whatever stops between two steps, it is finished or undone by the alarm. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { HuntShard } from "../../src/shard/object.ts";
import {
  command,
  control,
  join,
  logOf,
  lookAt,
  makeOrigin,
  outcomeOf,
  type Playing,
  play,
  publish,
  setParameters,
  setPhase,
  shardOf,
} from "../shard/workerd.ts";

setParameters({ SHARDS_PER_REGION: 2 });
beforeAll(makeOrigin);
afterEach(() => {
  vi.restoreAllMocks();
});

const OTHER = "weur-1";
const BY = { actor: "ada", request: "r-7" };

interface Crew {
  hunt: string;
  from: Playing;
  who: Playing;
  to: Playing;
}

async function crew(hunt: string, more: object = {}): Promise<Crew> {
  await publish(hunt, 10, { teams: { mode: "teams", maxSize: 2 }, ...more });
  await setPhase(hunt, "live");
  const from = await join(hunt, "one");
  const joined = await shardOf(hunt).join({
    key: "key-who",
    player: "p-who",
    name: "who",
    joinCode: from.team.joinCode ?? "",
  });
  if ("refused" in joined) throw new Error(joined.detail);
  const to = await join(hunt, "two", OTHER);
  return { hunt, from, who: { ...joined, hunt, shard: "weur-0" }, to };
}

const move = ({ hunt, from, who, to }: Crew, reason = "why") =>
  control(hunt).movePlayer(from.team.id, who.player.id, to.team.id, reason, BY);

const membersOf = async ({ hunt, shard, team }: Playing): Promise<string[]> => {
  const page = await shardOf(hunt, shard).teams(0, 100);
  if ("refused" in page) throw new Error(page.detail);
  return page.teams.find(({ id }) => id === team.id)?.members.map(({ id }) => id) ?? [];
};

const rowsOf = (hunt: string): Promise<number> =>
  runInDurableObject(control(hunt), (_, { storage }) => {
    const [table] = storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'moving'").toArray();
    return table ? storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM moving").one().n : 0;
  });

const newest = async (hunt: string) => (await control(hunt).audit(undefined, 10)).entries[0];

const stepsOf = async (hunt: string): Promise<string[]> =>
  [...(await logOf(hunt)), ...(await logOf(hunt, OTHER))].flatMap((fact) =>
    "move" in fact ? fact.type : [],
  );

/** In exactly one team, and in no seat beside it. */
async function expectOnce({ hunt, from, who, to }: Crew, at: Playing): Promise<void> {
  for (const team of [from, to]) {
    expect((await membersOf(team)).includes(who.player.id)).toBe(team.team.id === at.team.id);
  }
  expect(await rowsOf(hunt)).toBe(0);
  for (const shard of ["weur-0", OTHER]) expect((await shardOf(hunt, shard).verify()).mismatches).toEqual([]);
}

type Step = "keepSeat" | "depart" | "arrive" | "giveUpSeat";

/** The first call of the step comes to `meet`, before its work or after it, and goes on when that has. */
function meetOnce(step: Step, when: "before" | "after", meet: (shard: HuntShard) => Promise<void>): void {
  const holder = HuntShard.prototype as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const original = holder[step];
  let isMet = false;
  vi.spyOn(holder, step).mockImplementation(async function (this: unknown, ...args: unknown[]) {
    if (isMet) return original?.apply(this, args);
    isMet = true;
    if (when === "before") await meet(this as HuntShard);
    const told = await original?.apply(this, args);
    if (when === "after") await meet(this as HuntShard);
    return told;
  });
}

/** The step's shard stops there. */
const stopShardAt = (step: Step, when: "before" | "after"): void =>
  meetOnce(step, when, async (shard) => {
    (shard as unknown as { ctx: DurableObjectState }).ctx.abort("restarted by a test");
    throw new Error("restarted by a test");
  });

/** Moves, and stops control while the step is there. */
async function stopControlAt(step: Step, when: "before" | "after", moving: Crew): Promise<void> {
  let isThere = false;
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  meetOnce(step, when, async () => {
    isThere = true;
    await gate;
  });
  const asked = outcomeOf(async () => move(moving));
  await expect.poll(() => isThere).toBe(true);
  await outcomeOf(() =>
    runInDurableObject(control(moving.hunt), (_, state) => state.abort("restarted by a test")),
  );
  open();
  await asked;
}

test("[TE-26] a move is done once, however often it is asked for, and stands in the audit", async () => {
  const moving = await crew("control-once");
  const [first, second] = await Promise.all([move(moving), move(moving)]);
  expect(first).toMatchObject({ team: { id: moving.to.team.id, name: "two" } });
  expect(second).toEqual(first);
  expect(await move(moving)).toEqual(first);
  expect((await stepsOf("control-once")).sort()).toEqual(["arrive", "depart", "seat"]);
  expect(await newest("control-once")).toMatchObject({
    ...BY,
    action: "move",
    detail: { team: moving.from.team.id, player: "p-who", to: moving.to.team.id, reason: "why" },
  });
  await expectOnce(moving, moving.to);
  // Where it is, there is nothing to do.
  const here = await control("control-once").movePlayer(
    moving.to.team.id,
    "p-who",
    moving.to.team.id,
    "why",
    BY,
  );
  expect(here).toEqual(first);
});

test("[TE-26] what cannot be is refused, and changes nothing", async () => {
  const hunt = "control-refused";
  const moving = await crew(hunt);
  const { from, who, to } = moving;
  const third = await join(hunt, "three");
  const asked = (team: string, player: string, target: string) =>
    control(hunt).movePlayer(team, player, target, "why", BY);
  expect(await asked(from.team.id, "p-nobody", to.team.id)).toMatchObject({ refused: "not_found" });
  expect(await asked(from.team.id, who.player.id, "afr-3-0-abcde")).toMatchObject({ refused: "not_found" });
  expect(await asked(from.team.id, who.player.id, to.team.id.replace("-0-", "-5-"))).toMatchObject({
    refused: "not_found",
  });
  expect((await newest(hunt))?.detail).toMatchObject({ refused: "not_found" });
  expect(await asked(third.team.id, third.player.id, from.team.id)).toMatchObject({
    refused: "conflict",
    detail: "the team is full",
  });
  await expectOnce(moving, from);
  expect(
    await control("control-none").movePlayer(from.team.id, "p-who", to.team.id, "why", BY),
  ).toMatchObject({
    refused: "not_found",
  });
  // It went to another team since.
  await move(moving);
  expect(await asked(from.team.id, who.player.id, third.team.id)).toMatchObject({ refused: "not_found" });
});

describe("[TE-28] a break between two steps", () => {
  test.each([
    ["keepSeat", "before"],
    ["keepSeat", "after"],
    ["depart", "before"],
    ["depart", "after"],
    ["arrive", "before"],
    ["arrive", "after"],
  ] as const)("of the shard, at %s, %s its work: the move is done", async (method, when) => {
    const hunt = `control-${method.toLowerCase()}-${when}`;
    const moving = await crew(hunt);
    stopShardAt(method, when);
    expect(await move(moving)).toMatchObject({ team: { id: moving.to.team.id } });
    await expectOnce(moving, moving.to);
  });

  test.each([
    ["keepSeat", "after"],
    ["depart", "before"],
    ["depart", "after"],
    ["arrive", "before"],
    ["arrive", "after"],
  ] as const)("of control, at %s, %s its work: the alarm goes on", async (method, when) => {
    const hunt = `control-own-${method.toLowerCase()}-${when}`;
    const moving = await crew(hunt);
    await stopControlAt(method, when, moving);
    for (let look = 0; look < 20 && (await rowsOf(hunt)) > 0; look += 1) {
      await runDurableObjectAlarm(control(hunt));
    }
    await expectOnce(moving, moving.to);
    expect((await stepsOf(hunt)).sort()).toEqual(["arrive", "depart", "seat"]);
  });

  test("a seat of which nobody knows whether it is kept is given up, and the move can be sent again", async () => {
    const moving = await crew("control-unknown");
    const kept = vi.spyOn(HuntShard.prototype, "keepSeat");
    const original = kept.getMockImplementation();
    kept.mockImplementation(async () => ({ refused: "unavailable", detail: "restarts" }));
    expect(original).toBeUndefined();
    expect(await move(moving)).toMatchObject({ refused: "unavailable" });
    kept.mockRestore();
    await expectOnce(moving, moving.from);
    expect((await newest("control-unknown"))?.detail).toMatchObject({ refused: "unavailable" });
    expect(await move(moving)).toMatchObject({ team: { id: moving.to.team.id } });
    await expectOnce(moving, moving.to);
  });

  test("a shard that does not respond after the departure: the player arrives when it does again", async () => {
    const moving = await crew("control-gone");
    const arrive = vi.spyOn(HuntShard.prototype, "arrive");
    arrive.mockImplementation(async () => ({ refused: "unavailable", detail: "restarts" }));
    expect(await move(moving)).toMatchObject({ refused: "unavailable" });
    const other = await control("control-gone").movePlayer(
      moving.from.team.id,
      "p-who",
      moving.from.team.id,
      "why",
      BY,
    );
    expect(other).toMatchObject({ refused: "conflict" });
    arrive.mockRestore();
    await runDurableObjectAlarm(control("control-gone"));
    await expectOnce(moving, moving.to);
    const entries = (await control("control-gone").audit(undefined, 10)).entries;
    expect(entries.filter(({ action }) => action === "move").at(-1)?.detail).not.toHaveProperty("refused");
  });

  test("[LOG-6] a row with a flipped bit is mended, and its move goes on", async () => {
    const hunt = "control-flipped";
    const moving = await crew(hunt);
    const arrive = vi.spyOn(HuntShard.prototype, "arrive");
    arrive.mockImplementation(async () => ({ refused: "unavailable", detail: "restarts" }));
    await move(moving);
    arrive.mockRestore();
    await runInDurableObject(control(hunt), (_, { storage }) => {
      const { body } = storage.sql.exec<{ body: string }>("SELECT body FROM moving").one();
      const at = body.indexOf("why");
      const flipped = `${body.slice(0, at)}${String.fromCharCode(body.charCodeAt(at) ^ 1)}${body.slice(at + 1)}`;
      storage.sql.exec("UPDATE moving SET body = ?", flipped);
    });
    await runDurableObjectAlarm(control(hunt));
    await expectOnce(moving, moving.to);
  });
});

test("[TE-30] a win that is taken back is so in the team that the player is in now", async () => {
  const hunt = "control-revoked";
  const prizes = [{ id: "shell", title: "Shell", mode: "first-come", stock: 2 }];
  const moving = await crew(hunt, { prizes });
  await play(moving.who, command(hunt, { id: "c", type: "claim", prize: "shell" }));
  await move(moving);
  expect(await control(hunt).revoke("shell", 0, "why", BY)).toEqual({ team: moving.from.team.id });
  const me = await lookAt({ ...moving.to, player: moving.who.player, gen: 1 });
  expect("refused" in me ? me : me.prizes?.[0]?.wins).toMatchObject([{ event: "c", revoked: true }]);
  const stock = await env.PRIZES.getByName(hunt).stock();
  expect(stock).toMatchObject([{ won: 1 }]);
  await expectOnce(moving, moving.to);
});

test("[TE-33] a hunt that is sealed for its deletion goes on with no move", async () => {
  const hunt = "control-sealed";
  const moving = await crew(hunt);
  const arrive = vi.spyOn(HuntShard.prototype, "arrive");
  arrive.mockImplementation(async () => ({ refused: "unavailable", detail: "restarts" }));
  await move(moving);
  arrive.mockClear();
  await setPhase(hunt, "ended");
  expect(await control(hunt).seal()).not.toHaveProperty("refused");
  await runDurableObjectAlarm(control(hunt));
  expect(arrive).not.toHaveBeenCalled();
  expect(await move(moving)).toMatchObject({ refused: "not_found" });
  expect((await stepsOf(hunt)).sort()).toEqual(["depart", "seat"]);
});
