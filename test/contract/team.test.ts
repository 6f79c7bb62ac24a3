/** Running a team: captain, name, bracket, code, leaving and being removed, over a whole engine. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, expectProblem, type Player, sleep } from "./client.ts";
import { everyOutcome, manyClues, SECRET_ANSWER, soloHunt } from "./hunts.ts";
import { Socket, ticketOf } from "./socket.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await client.publish("crew", everyOutcome({ teams: { mode: "teams", maxSize: 3 } }));
  await client.publish("alone", soloHunt({ brackets: [{ id: "old", title: "Old" }] }));
});
afterAll(() => engine?.stop());

const asPlayer = (player: Player, method: string, path: string, json?: unknown) =>
  client.call(method, `/v1/hunts/${player.hunt}/team${path}`, { token: player.token, json });

const mate = (first: Player, name: string, code = first.team.joinCode ?? ""): Promise<Player> =>
  client.join(first.hunt, { name, team: { join: code } });

const lookOf = (player: Player) => client.call("GET", `/v1/hunts/${player.hunt}/me`, { token: player.token });

const nameOnBoard = async (hunt: string, team: string): Promise<string | undefined> => {
  for (let tries = 0; tries < 30; tries += 1) {
    const { entries } = await client.board(hunt, "?limit=100");
    const found = entries.find((entry) => entry.team.id === team);
    if (found) return found.team.name;
    await sleep(200);
  }
  return undefined;
};

const eventually = async (check: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 50; tries += 1) {
    if (await check()) return;
    await sleep(200);
  }
  throw new Error("it did not come about");
};

describe("[TE-21] [TE-24] running a team", () => {
  test("the captain is who made it, and hands over; when it leaves, the longest-standing member is", async () => {
    const first = await client.team("crew", "Relay");
    const second = await mate(first, "Two");
    const third = await mate(first, "Three");
    const me = await client.me(second);
    expect(me.team.captain).toBe(first.id);
    expect(me.team.members).toEqual([
      { id: first.id, name: first.name, captain: true },
      { id: second.id, name: "Two" },
      { id: third.id, name: "Three" },
    ]);
    expectProblem(await asPlayer(second, "POST", "/captain", { player: second.id }), "forbidden");
    expectProblem(await asPlayer(first, "POST", "/captain", { player: "p-nobody" }), "not_found");
    expect((await asPlayer(first, "POST", "/captain", { player: third.id })).status).toBe(200);
    // The same wish sent again.
    expect((await asPlayer(first, "POST", "/captain", { player: third.id })).status).toBe(200);
    expect((await client.me(second)).team.captain).toBe(third.id);
    expect((await asPlayer(third, "POST", "/leave")).status).toBe(204);
    expect((await client.me(second)).team.captain).toBe(first.id);
    expectProblem(await lookOf(third), "unauthenticated");
    expectProblem(await asPlayer(third, "POST", "/leave"), "unauthenticated");
    await client.verify("crew");
  });

  test("a new code leads to the team, and the old one to nobody", async () => {
    const first = await client.team("crew", "Coded");
    const second = await mate(first, "Two");
    expectProblem(await asPlayer(second, "POST", "/code"), "forbidden");
    const made = await asPlayer(first, "POST", "/code");
    const { joinCode } = made.body as { joinCode: string };
    expect(joinCode).not.toBe(first.team.joinCode);
    expect((await client.me(second)).team.joinCode).toBe(joinCode);
    const stale = await client.call("POST", "/v1/hunts/crew/players", {
      json: { name: "Late", team: { join: first.team.joinCode } },
    });
    expectProblem(stale, "not_found");
    const third = await mate(first, "Three", joinCode);
    expect(third.team.id).toBe(first.team.id);
  });

  test("[TE-22] the last player cannot leave; who was removed is out at once, and may join again", async () => {
    const first = await client.team("crew", "Thrown");
    expectProblem(await asPlayer(first, "POST", "/leave"), "conflict");
    expectProblem(await asPlayer(first, "DELETE", `/members/${first.id}`), "conflict");
    const second = await mate(first, "Two");
    const socket = await Socket.open(client, "crew", await ticketOf(client, second));
    const watching = await Socket.open(client, "crew", await ticketOf(client, first));
    const ticket = await ticketOf(client, second);
    expectProblem(await asPlayer(second, "DELETE", `/members/${first.id}`), "forbidden");
    expectProblem(await asPlayer(first, "DELETE", "/members/p-nobody"), "not_found");
    expect((await asPlayer(first, "DELETE", `/members/${second.id}`)).status).toBe(204);
    expect((await asPlayer(first, "DELETE", `/members/${second.id}`)).status).toBe(204);
    expect(await socket.next("error")).toMatchObject({ code: "unauthenticated" });
    await watching.next("team");
    await watching.close();
    expectProblem(await lookOf(second), "unauthenticated");
    const events = await client.call("POST", "/v1/hunts/crew/events", {
      token: second.token,
      json: { events: [{ id: "e", type: "answer", clue: "cave", answer: SECRET_ANSWER }] },
    });
    expectProblem(events, "unauthenticated");
    await expect(Socket.open(client, "crew", ticket)).rejects.toThrow();
    const again = await mate(first, "Two");
    expect(again.id).not.toBe(second.id);
    expect((await client.me(again)).team.members.map(({ id }) => id)).toEqual([first.id, again.id]);
    await client.verify("crew");
  });

  test("[TE-23] a name is one team's; the old one is free, and case alone is no other name", async () => {
    const first = await client.team("crew", "Before");
    const second = await mate(first, "Two");
    const other = await client.team("crew", "Occupied");
    expectProblem(await asPlayer(second, "PATCH", "", { name: "Mine" }), "forbidden");
    expectProblem(await asPlayer(first, "PATCH", "", { name: "occupied" }), "conflict");
    expectProblem(await asPlayer(first, "PATCH", "", {}), "invalid");
    expectProblem(await asPlayer(second, "PATCH", "", { name: "Untaken" }), "forbidden");
    expect((await asPlayer(first, "PATCH", "", { name: "BEFORE" })).status).toBe(200);
    const renamed = await asPlayer(first, "PATCH", "", { name: "After" });
    expect(renamed.body).toMatchObject({ team: { id: first.team.id, name: "After" } });
    expect((await client.me(second)).team.name).toBe("After");
    // Both the freed name and the one that was refused can be had.
    expect((await asPlayer(other, "PATCH", "", { name: "before" })).status).toBe(200);
    await client.team("crew", "Untaken");
    await client.team("crew", "occupied");
    expectProblem(await asPlayer(first, "PATCH", "", { name: "Before" }), "conflict");
    // There and back.
    expect((await asPlayer(first, "PATCH", "", { name: "Third" })).status).toBe(200);
    expect((await asPlayer(first, "PATCH", "", { name: "After" })).status).toBe(200);
    expect((await asPlayer(first, "PATCH", "", { name: "Third" })).status).toBe(200);
    await eventually(async () => (await nameOnBoard("crew", first.team.id)) === "Third");
    await client.verify("crew");
  });

  test("[LB-33] a bracket is the captain's before the first solve, and the organisers' after", async () => {
    const first = await client.team("crew", "Movers", "locals");
    expectProblem(await asPlayer(first, "PATCH", "", { bracket: "seniors" }), "invalid");
    const moved = await asPlayer(first, "PATCH", "", { bracket: "visitors" });
    expect(moved.body).toMatchObject({ team: { bracket: "visitors" } });
    await client.playOne(first, { id: "s", type: "answer", clue: "cave", answer: SECRET_ANSWER });
    expectProblem(await asPlayer(first, "PATCH", "", { bracket: "locals" }), "conflict");
    // The same bracket is no change.
    expect((await asPlayer(first, "PATCH", "", { bracket: "visitors" })).status).toBe(200);
    const path = `/v1/hunts/crew/teams/${first.team.id}`;
    expectProblem(await client.organise("PATCH", path, { bracket: "locals" }), "invalid");
    const asked = { bracket: "locals", reason: "asked by the team" };
    expect((await client.organise("PATCH", path, asked)).status).toBe(200);
    const within = async (bracket: string) =>
      (await client.board("crew", `?bracket=${bracket}&limit=100`)).entries.some(
        ({ team }) => team.id === first.team.id,
      );
    await eventually(async () => (await within("locals")) && !(await within("visitors")));
    await client.verify("crew");
  });

  test("organisers rename and remove, and the audit says so; an emptied team has no place and no name", async () => {
    const first = await client.team("crew", "Rude");
    const path = `/v1/hunts/crew/teams/${first.team.id}`;
    const renamed = await client.organise("PATCH", path, { name: "Polite", reason: "a rude name" });
    expect(renamed.body).toMatchObject({ team: { name: "Polite" } });
    expect(await nameOnBoard("crew", first.team.id)).toBeDefined();
    expectProblem(await client.organise("DELETE", `${path}/members/${first.id}`), "invalid");
    expectProblem(await client.organise("DELETE", `${path}/members/p-nobody?reason=why`), "not_found");
    const remove = `${path}/members/${first.id}?reason=cheated`;
    expect((await client.organise("DELETE", remove)).status).toBe(204);
    expect((await client.organise("DELETE", remove)).status).toBe(204);
    expectProblem(await lookOf(first), "unauthenticated");
    const late = await client.call("POST", "/v1/hunts/crew/players", {
      json: { name: "Late", team: { join: first.team.joinCode } },
    });
    expectProblem(late, "not_found");
    const heir = await client.team("crew", "Polite");
    expect(heir.team.id).not.toBe(first.team.id);
    await eventually(async () => {
      const { entries } = await client.board("crew", "?limit=100");
      const ids = entries.map(({ team }) => team.id);
      return ids.includes(heir.team.id) && !ids.includes(first.team.id);
    });
    const audit = await client.organise<{ entries: { action: string; detail: object }[] }>(
      "GET",
      "/v1/hunts/crew/audit",
    );
    const lines = audit.body.entries.filter(({ action }) => action === "alter" || action === "remove");
    expect(lines).toContainEqual(
      expect.objectContaining({
        action: "remove",
        detail: expect.objectContaining({ team: first.team.id, player: first.id, reason: "cheated" }),
      }),
    );
    expect(JSON.stringify(lines)).not.toContain("Polite");
    await client.verify("crew");
  });

  test("who plays alone is called like its team, chooses a bracket, and has no code", async () => {
    const chosen = await client.join("alone", { name: "Chooser", team: { bracket: "old" } });
    expect((await client.me(chosen)).team.bracket).toBe("old");
    await eventually(async () => (await client.me(chosen)).team.bracketRank === 1);
    const wrong = { name: "Wrong", team: { bracket: "young" } };
    expectProblem(await client.call("POST", "/v1/hunts/alone/players", { json: wrong }), "invalid");
    const inTeams = { name: "Wrong", team: { bracket: "locals" } };
    expectProblem(await client.call("POST", "/v1/hunts/crew/players", { json: inTeams }), "invalid");
    const player = await client.join("alone", { name: "Canary Solo" });
    expectProblem(await asPlayer(player, "POST", "/code"), "conflict");
    expectProblem(await asPlayer(player, "POST", "/leave"), "conflict");
    const renamed = await asPlayer(player, "PATCH", "", { name: "Canary Renamed", bracket: "old" });
    expect(renamed.body).toEqual({ team: { id: player.team.id, name: "Canary Renamed", bracket: "old" } });
    const me = await client.me(player);
    expect(me.player.name).toBe("Canary Renamed");
    const facts = await client.export("alone");
    const fact = facts.find(({ type }) => type === "rename");
    expect(fact).toMatchObject({ by: player.id, person: { teamName: "Canary Renamed" } });
    expect(fact).not.toHaveProperty("name");
    await client.verify("alone");
  });

  test("[TE-22] of many who leave and join a full team at once, no seat is lost or doubled", async () => {
    await client.publish("seats", manyClues(1, { teams: { mode: "teams", maxSize: 4 } }));
    const first = await client.team("seats", "Full");
    const members = [first];
    for (const name of ["B", "C", "D"]) members.push(await mate(first, name));
    const leaving = members.slice(1).map((member) => asPlayer(member, "POST", "/leave"));
    const joining = Array.from({ length: 12 }, (_, index) =>
      client.call("POST", "/v1/hunts/seats/players", {
        json: { name: `N${index}`, team: { join: first.team.joinCode } },
      }),
    );
    const left = (await Promise.all(leaving)).filter(({ status }) => status === 204).length;
    const joined = (await Promise.all(joining)).filter(({ status }) => status === 201).length;
    expect(left).toBe(3);
    expect((await client.me(first)).team.members).toHaveLength(4 - left + joined);
    expect(joined).toBeLessThanOrEqual(3);
    await client.verify("seats");
  });
});

interface MadeTeams {
  created: number;
  existing: number;
  rejected: { line: number; code: string }[];
  teams: { id: string; name: string; joinCode: string }[];
}

const makeTeams = (body: string, type = "text/csv", hunt = "made") =>
  client.call<MadeTeams>("PUT", `/v1/hunts/${hunt}/teams`, { token: client.organiserToken, body, type });

describe("[TE-25] teams made beforehand", () => {
  test("the same list again finds the same teams; the first to join is captain; nobody's team has no place", async () => {
    await client.publish("made", everyOutcome({ teams: { mode: "teams", maxSize: 2 } }));
    const taken = await client.team("made", "Taken");
    const list =
      'name,bracket\r\nOne,locals\r\n"Two, too",\r\nNone,seniors\r\n\r\none,\r\ntaken,visitors\r\n';
    const first = await makeTeams(list);
    expect(first.status, first.text).toBe(200);
    expect(first.body).toMatchObject({
      created: 2,
      existing: 1,
      rejected: [
        { line: 4, code: "invalid" },
        { line: 6, code: "conflict" },
      ],
    });
    expect(first.body.teams.map(({ name }) => name)).toEqual(["One", "Two, too", "Taken"]);
    expect(first.body.teams[2]).toMatchObject({ id: taken.team.id, joinCode: taken.team.joinCode });
    const again = await makeTeams(list);
    expect(again.body).toMatchObject({ created: 0, existing: 3, teams: first.body.teams });
    const [one, two] = first.body.teams as [MadeTeams["teams"][number], MadeTeams["teams"][number]];
    const player = await client.join("made", { name: "Ada", team: { join: one.joinCode } });
    expect(player.team.id).toBe(one.id);
    const mate = await client.join("made", { name: "Ben", team: { join: one.joinCode } });
    const me = await client.me(mate);
    expect(me.team).toMatchObject({ name: "One", bracket: "locals", captain: player.id });
    await eventually(async () => {
      const ids = (await client.board("made")).entries.map(({ team }) => team.id);
      return ids.includes(one.id) && ids.includes(taken.team.id) && !ids.includes(two.id);
    });
    const clash = { name: "Eve", team: { create: "ONE" } };
    expectProblem(await client.call("POST", "/v1/hunts/made/players", { json: clash }), "conflict");
    // A bracket is taken until the first solve.
    expect((await makeTeams("bracket,name\nvisitors,One")).body.rejected).toEqual([]);
    await client.playOne(player, { id: "s", type: "answer", clue: "cave", answer: SECRET_ANSWER });
    const late = await makeTeams('{"name":"One","bracket":"locals"}\n{"name":7}', "application/x-ndjson");
    expect(late.body).toMatchObject({
      created: 0,
      existing: 1,
      rejected: [
        { line: 1, code: "conflict" },
        { line: 2, code: "invalid" },
      ],
    });
    expect((await client.me(player)).team.bracket).toBe("visitors");
    await client.verify("made");
  });

  test("a list is bounded, has its header, and is for teams", async () => {
    const many = Array.from({ length: 501 }, (_, index) => `Team ${index}`).join("\n");
    expectProblem(await makeTeams(`name\n${many}`), "payload_too_large");
    expectProblem(await makeTeams("team\nOne"), "invalid");
    expectProblem(await makeTeams("name\nOne", "application/json"), "unsupported_media_type");
    expectProblem(await makeTeams("name\nOne", "text/csv", "alone"), "conflict");
  });
});
