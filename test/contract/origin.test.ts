/** The origin as organisers see it: its gate and backlog, verification row by row, dead letters. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, expectProblem } from "./client.ts";
import { manyClues } from "./hunts.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "1" }, log: () => undefined });
  client = await Client.of(engine);
});
afterAll(() => engine?.stop());

interface Letters {
  letters: { id: string; error: string; attempts: number; deaths: number; shard?: string; first?: number }[];
  total: number;
}

interface Verification {
  ok: boolean;
  mismatches: { where: string; shard?: string; team?: string; what: string }[];
}

const database = () => engine.miniflare.getD1Database("ORIGIN_DB");
const letters = async (path: string): Promise<Letters> => (await client.organise<Letters>("GET", path)).body;
const backlog = async (): Promise<number> =>
  (await client.organise<{ backlog: { segments: number } }>("GET", "/v1/ops/origin")).body.backlog.segments;

describe("GET /v1/ops/origin", () => {
  test("[ORIGIN-20] tells gate, driver and backlog, to organisers only", async () => {
    await client.publish("ops", manyClues(1));
    const player = await client.team("ops", "One");
    await client.playOne(player, { id: "1", type: "answer", clue: "c0", answer: "right 0" });
    await expect.poll(backlog).toBe(0);
    const answer = await client.organise("GET", "/v1/ops/origin");
    expect(answer.body).toEqual({
      state: "closed",
      since: expect.stringMatching(/^\d{4}-.*Z$/),
      window: { calls: expect.any(Number), failed: 0, slow: expect.any(Number) },
      driver: "d1",
      backlog: { segments: 0, oldestSeconds: 0, unknownShards: 0 },
      lookups: expect.objectContaining({ hits: 0, stale: 0, misses: 0, negative: 0, ignored: 0 }),
    });
    expectProblem(await client.call("GET", "/v1/ops/origin"), "unauthenticated");
    expectProblem(await client.call("GET", "/v1/ops/origin", { token: player.token }), "unauthenticated");
  });

  test("[ORIGIN-21] readiness tells the gate's word, not the origin's", async () => {
    const answer = await client.call<{ dependencies: object }>("GET", "/readyz");
    expect(answer.body).toEqual({
      ok: true,
      dependencies: { objects: true, kv: true, origin: true, secrets: true },
    });
  });
});

describe("verification", () => {
  test("[ORIGIN-22] names each team whose rows differ, and what differs", async () => {
    await client.publish("verified", manyClues(3));
    const teams = [];
    for (const name of ["Ann", "Bob", "Cid", "Dan"]) teams.push(await client.team("verified", name));
    const [ann, bob, cid, dan] = teams;
    if (!ann || !bob || !cid || !dan) throw new Error("four teams joined");
    for (const player of teams) {
      await client.playOne(player, { id: "1", type: "answer", clue: "c0", answer: "right 0" });
    }
    await client.organise("POST", `/v1/hunts/verified/teams/${cid.team.id}/hide`, { reason: "staff" });
    await client.organise("POST", `/v1/hunts/verified/teams/${dan.team.id}/awards`, {
      points: 5,
      reason: "kind",
    });
    await client.verify("verified");

    const db = await database();
    // Two wrongs that the sums do not show.
    for (const [{ team }, wrong] of [
      [ann, 17],
      [bob, 3],
    ] as const) {
      // Each team's score is in a segment's list, where its 10 points stand in one place.
      await db
        .prepare(
          `UPDATE segment SET scores = (
             SELECT json_group_array(json(CASE WHEN value ->> 'team' = ?1
               THEN json_set(value, '$.score', ?2) ELSE value END))
             FROM json_each(segment.scores)
           ) WHERE hunt = 'verified'`,
        )
        .bind(team.id, wrong)
        .run();
    }
    await db.prepare("UPDATE mark SET value = 0 WHERE team = ?").bind(cid.team.id).run();
    const { body } = await client.organise<Verification>("GET", "/v1/hunts/verified/verify");
    expect(body.ok).toBe(false);
    expect(body.mismatches.map(({ where, team }) => `${where} ${team}`).sort()).toEqual(
      [ann, bob, cid].map(({ team }) => `origin ${team.id}`).sort(),
    );
    expect(body.mismatches.find(({ team }) => team === ann.team.id)?.what).toContain('"score":17');
    expect(body.mismatches.find(({ team }) => team === cid.team.id)?.what).toContain('"hidden":false');
  });
});

describe("an origin that lost its rows", () => {
  test("[ORIGIN-26] gets the whole log again", async () => {
    await client.publish("again", manyClues(2));
    for (const name of ["Ann", "Bob"]) {
      const player = await client.team("again", name);
      await client.playOne(player, { id: "1", type: "answer", clue: "c0", answer: "right 0" });
    }
    await client.verify("again");
    const db = await database();
    for (const table of ["segment", "team", "player", "mark"]) {
      await db.prepare(`DELETE FROM ${table} WHERE hunt = 'again'`).run();
    }
    const answer = await client.organise("POST", "/v1/hunts/again/rearchive", { reason: "lost" });
    expect([answer.status, answer.body]).toEqual([202, { facts: 4 }]);
    await client.verify("again");
    expectProblem(await client.call("POST", "/v1/hunts/again/rearchive"), "unauthenticated");
    const repaired = await client.organise("POST", "/v1/hunts/again/repair", { reason: "to be sure" });
    expect([repaired.status, repaired.body]).toEqual([200, { repaired: 0, facts: 0, left: [] }]);
    expectProblem(await client.call("POST", "/v1/hunts/again/repair"), "unauthenticated");
  });
});

describe("dead letters", () => {
  test("[ORIGIN-23] what the origin refuses is listed with its error, and redriven", async () => {
    await client.publish("poisoned", manyClues(2));
    const db = await database();
    await db.exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON team WHEN NEW.name = 'Poison' BEGIN SELECT RAISE(ABORT, 'no such team, please'); END",
    );
    await client.team("poisoned", "Before");
    const poison = await client.team("poisoned", "Poison");
    const after = await client.team("poisoned", "After");
    await client.playOne(after, { id: "1", type: "answer", clue: "c0", answer: "right 0" });
    const path = "/v1/hunts/poisoned/dead-letters";
    await expect.poll(async () => (await letters(path)).total, { timeout: 90_000 }).toBe(1);
    expect(await letters(path)).toEqual({
      letters: [
        {
          id: expect.any(String),
          at: expect.any(String),
          error: expect.stringContaining("no such team, please"),
          attempts: 3,
          deaths: 1,
          shard: poison.team.id.split("-", 2).join("-"),
          first: 2,
          last: 2,
        },
      ],
      total: 1,
    });
    // The others are there.
    const names = await db.prepare("SELECT name FROM team WHERE hunt = 'poisoned' ORDER BY name").all();
    expect(names.results).toEqual([{ name: "After" }, { name: "Before" }]);

    await db.exec("DROP TRIGGER refuse");
    const redriven = await client.organise("POST", `${path}/redrive`, { ids: ["unknown"] });
    expect(redriven.body).toEqual({ redriven: 0 });
    expect((await client.organise("POST", `${path}/redrive`, {})).body).toEqual({ redriven: 1 });
    expect((await letters(path)).total).toBe(0);
    await client.verify("poisoned");
    const audit = await client.organise<{ entries: { action: string }[] }>("GET", "/v1/hunts/poisoned/audit");
    expect(audit.body.entries.map(({ action }) => action)).toContain("redrive");
  });

  test("[ORIGIN-24] what is no message of any hunt is kept apart", async () => {
    const queue = await engine.miniflare.getQueueProducer("FACTS");
    await queue.send("not a message");
    await queue.send({ v: 1, hunt: 7 });
    const path = "/v1/ops/dead-letters";
    await expect.poll(async () => (await letters(path)).total, { timeout: 90_000 }).toBe(2);
    expect((await letters(path)).letters.map(({ error }) => error).sort()).toEqual([
      "Malformed: no hunt, shard or first seq",
      "Malformed: not JSON",
    ]);
    // Sent again, they are what they were.
    expect((await client.organise("POST", `${path}/redrive`, {})).body).toEqual({ redriven: 2 });
    await expect.poll(async () => (await letters(path)).total, { timeout: 90_000 }).toBe(2);
  });

  test("[ORIGIN-25] bad requests are refused", async () => {
    expectProblem(await client.organise("GET", "/v1/hunts/unknown/dead-letters"), "not_found");
    expectProblem(await client.call("GET", "/v1/ops/dead-letters"), "unauthenticated");
    for (const body of [{ ids: "all" }, { ids: [7] }, { id: "x" }, []]) {
      expectProblem(
        await client.organise("POST", "/v1/hunts/poisoned/dead-letters/redrive", body),
        "invalid",
      );
    }
  });
});
