/** Running a team in its shard: who is in it after a restart, sockets of who is out, members of a full team. */
import { beforeAll, expect, test } from "vitest";
import { TICKET_HEADER } from "../../src/objects/shard.ts";
import type { ChangedBy, TeamChange } from "../../src/protocol.ts";
import { join, logOf, makeOrigin, publish, restart, setParameters, setPhase, shardOf } from "./workerd.ts";

setParameters({ PAGE_FLUSH_FACTS: 100, SHARDS_PER_REGION: 1 });
beforeAll(makeOrigin);

async function change(hunt: string, team: string, by: ChangedBy, wish: TeamChange) {
  const changed = await shardOf(hunt).changeTeam(team, by, wish);
  if ("refused" in changed) throw new Error(changed.refused);
  return changed;
}

async function mate(hunt: string, name: string, joinCode: string): Promise<string> {
  const joined = await shardOf(hunt).join({ key: `key-${name}`, player: `p-${name}`, name, joinCode });
  if ("refused" in joined) throw new Error(joined.detail);
  return joined.player.id;
}

test("[TE-24] every change of a team folds to the same state, in memory, from pages and from the log", async () => {
  const hunt = "running";
  await publish(hunt, 10, { teams: { mode: "teams", maxSize: 4 }, brackets: [{ id: "pro", title: "Pro" }] });
  await setPhase(hunt, "live");
  const { team, player } = await join(hunt, "one");
  const by = { player: player.id };
  const second = await mate(hunt, "two", team.joinCode ?? "");
  const third = await mate(hunt, "three", team.joinCode ?? "");
  const renamed = await change(hunt, team.id, by, {
    type: "alter",
    name: "Two names",
    nameKey: `rename/${team.id}/1`,
  });
  expect(renamed.freed).toEqual({ name: "one", key: "key-one" });
  const again = await change(hunt, team.id, by, {
    type: "alter",
    name: "Three names",
    nameKey: `rename/${team.id}/2`,
  });
  expect(again.freed).toEqual({ name: "Two names", key: `rename/${team.id}/1` });
  await change(hunt, team.id, by, { type: "alter", bracket: "pro" });
  await change(hunt, team.id, by, { type: "code" });
  await change(hunt, team.id, by, { type: "captain", player: third });
  await change(hunt, team.id, { player: second }, { type: "leave" });
  await change(hunt, team.id, { reason: "why" }, { type: "remove", player: player.id });
  const [made] = (await shardOf(hunt).makeTeams([
    { key: "made/1", name: "Ahead", bracket: "pro", isOwn: true },
  ])) as {
    id: string;
    joinCode: string;
  }[];
  await mate(hunt, "four", made?.joinCode ?? "");
  const look = () => shardOf(hunt).me(team.id, third);
  const before = await look();
  expect(before).toMatchObject({ team: { name: "Three names", bracket: "pro", captain: third } });
  await restart(hunt);
  const after = await look();
  expect({ ...after, serverTime: "", asOf: "" }).toEqual({ ...before, serverTime: "", asOf: "" });
  expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
  const types = new Set((await logOf(hunt)).map(({ type }) => type));
  for (const type of ["leave", "remove", "captain", "code", "rename", "bracket", "make"]) {
    expect(types, type).toContain(type);
  }
  for (const gone of [player.id, second]) {
    expect(await shardOf(hunt).me(team.id, gone)).toMatchObject({ refused: "unauthenticated" });
  }
  expect(await shardOf(hunt).hasMade("key-one", "one")).toMatchObject({ isMade: false, team: team.id });
  expect(await shardOf(hunt).hasMade(`rename/${team.id}/2`, "threenames")).toMatchObject({ isMade: true });
  expect(await shardOf(hunt).hasMade(`rename/${team.id}/1`, "twonames")).toMatchObject({ isMade: false });
});

test("[LIVE-17] the sockets of who was removed are closed with 4401, after an error that says why", async () => {
  const hunt = "closing";
  await publish(hunt, 10, { teams: { mode: "teams", maxSize: 4 } });
  await setPhase(hunt, "live");
  const { team, player } = await join(hunt, "one");
  const second = await mate(hunt, "two", team.joinCode ?? "");
  const claims = {
    id: "t",
    team: team.id,
    player: second,
    expires: Date.now() + 30_000,
    until: Date.now() + 60_000,
  };
  const opened = await shardOf(hunt).fetch("https://shard/live", {
    headers: { Upgrade: "websocket", [TICKET_HEADER]: JSON.stringify(claims) },
  });
  const frames: string[] = [];
  const closed: number[] = [];
  opened.webSocket?.addEventListener("message", ({ data }) => void frames.push(String(data)));
  opened.webSocket?.addEventListener("close", ({ code }) => void closed.push(code));
  opened.webSocket?.accept();
  await change(hunt, team.id, { player: player.id }, { type: "remove", player: second });
  await expect.poll(() => closed).toEqual([4_401]);
  expect(frames.join()).toContain("unauthenticated");
  const late = await shardOf(hunt).fetch("https://shard/live", {
    headers: { Upgrade: "websocket", [TICKET_HEADER]: JSON.stringify({ ...claims, id: "u" }) },
  });
  expect(await late.json()).toMatchObject({ refused: "unauthenticated" });
});
