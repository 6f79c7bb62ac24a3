import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { type Answer, Client, expectProblem, linesOf } from "./client.ts";
import { everyOutcome, manyClues, NEAR_PIER, PIER, SECRET_ANSWER } from "./hunts.ts";

interface Imported {
  lines: number;
  accepted: number;
  rejected: { line: number; code: string; message: string }[];
}

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

function importText(hunt: string, body: string): Promise<Answer<Imported>> {
  return client.call("POST", `/v1/hunts/${hunt}/import`, {
    token: client.organiserToken,
    body,
    type: "application/x-ndjson",
  });
}

const importLines = (hunt: string, lines: readonly object[]) =>
  importText(hunt, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));

/** Minutes after noon of a day in the past. */
const at = (minutes: number): string => new Date(Date.UTC(2026, 0, 10, 12, minutes)).toISOString();

describe("[API-50] the export", () => {
  test("is every fact, in (shard, seq) order without gaps, with the client's event ids", async () => {
    await client.publish("exported", everyOutcome());
    const teams = await Promise.all(
      Array.from({ length: 8 }, (_, index) => client.team("exported", `Team ${index}`)),
    );
    for (const team of teams) {
      await client.play(
        team,
        { id: "c", type: "hint", clue: "cave", hint: "free" },
        {
          id: `a-${team.team.id}`,
          type: "answer",
          clue: "cave",
          answer: SECRET_ANSWER,
          at: "2026-01-01T00:00:00Z",
        },
        { id: "b", type: "checkin", clue: "pier", position: NEAR_PIER },
        { id: "d", type: "scan", code: "a wrong code" },
        { id: "e", type: "answer", clue: "end", answer: "locked: not recorded" },
      );
      const path = `/v1/hunts/exported/teams/${team.team.id}/awards`;
      await client.organise("POST", path, { points: 1, reason: "a test" });
    }
    const lines = await client.export("exported");
    expect(lines).toHaveLength(8 * 6);
    const shards = lines.map(({ shard }) => shard);
    expect(shards).toEqual([...shards].sort());
    for (const [shard, own] of Map.groupBy(lines, (line) => line.shard)) {
      expect(
        own.map(({ seq }) => seq),
        shard,
      ).toEqual(own.map((_, index) => index + 1));
      const times = own.map((line) => line.at);
      expect(times).toEqual([...times].sort());
    }
    const [team] = teams;
    const own = lines.filter((line) => line.team === team?.team.id);
    expect(own.map(({ type, outcome }) => [type, outcome])).toEqual([
      ["join", undefined],
      ["hint", "taken"],
      ["answer", "correct"],
      ["checkin", "out_of_range"],
      ["scan", "unknown_code"],
      ["award", undefined],
    ]);
    expect(own[2]).toMatchObject({
      event: `a-${team?.team.id}`,
      player: team?.id,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      clue: "cave",
      points: 100,
      clientAt: "2026-01-01T00:00:00Z",
    });
    expect(JSON.stringify(lines)).not.toContain("a wrong code");
    expect(await client.verify("exported")).toMatchObject({ facts: 48, teams: 8 });
  });

  test("of a hunt nobody joined is empty", async () => {
    await client.publish("unjoined", manyClues(1));
    expect(await client.export("unjoined")).toEqual([]);
    expect(await client.verify("unjoined")).toMatchObject({ facts: 0, teams: 0 });
  });
});

describe("[API-51] the import", () => {
  test("replays each line at its own time, through the same rules", async () => {
    await client.publish("replayed", everyOutcome(), "draft");
    const { body } = await importLines("replayed", [
      { at: at(0), team: "Early", type: "join", player: "Ann", bracket: "locals" },
      { at: at(1), team: "Early", type: "join", player: "Ben" },
      { at: at(2), team: "Early", type: "answer", player: "Ben", clue: "cave", answer: "wrong" },
      { at: at(3), team: "Early", type: "answer", clue: "cave", answer: SECRET_ANSWER },
      { at: at(3), team: "Late", type: "join" },
      { at: at(4), team: "Late", type: "checkin", clue: "pier", position: PIER },
      { at: at(5), team: "Late", type: "hint", clue: "cave", hint: "late" },
      { at: at(90), team: "Late", type: "hint", clue: "cave", hint: "late" },
      { at: at(91), team: "Late", type: "unlock", clue: "vault", reason: "by hand" },
      { at: at(92), team: "Late", type: "answer", clue: "vault", answer: "gold" },
      { at: at(93), team: "Late", type: "award", points: 7, reason: "kindness" },
      { at: at(94), team: "Late", type: "scan", code: "a wrong code" },
    ]);
    expect(body).toEqual({ lines: 12, accepted: 12, rejected: [] });
    const lines = await client.export("replayed");
    expect(lines).toHaveLength(11); // the hint that was not there yet is no fact
    expect(lines.filter(({ type }) => type === "answer").map((line) => [line.at, line.outcome])).toEqual(
      expect.arrayContaining([
        [at(2), "incorrect"],
        [at(3), "correct"],
        [at(92), "correct"],
      ]),
    );
    const { teams } = (await client.organise<{ teams: object[] }>("GET", "/v1/hunts/replayed/teams")).body;
    expect(teams).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "Early", bracket: "locals", score: 100, solves: 1, joinedAt: at(0) }),
        expect.objectContaining({ name: "Late", score: 77, solves: 2 }),
      ]),
    );
    await client.verify("replayed");
  });

  test("tells each rejected line with its number, a code and a reason, and replays the others", async () => {
    await client.publish("partly", everyOutcome(), "draft");
    const text = [
      JSON.stringify({ at: at(0), team: "Good", type: "join", player: "Ann" }),
      "",
      "no json",
      JSON.stringify({ at: "yesterday", team: "Good", type: "answer", clue: "cave", answer: "x" }),
      JSON.stringify({ at: at(1), team: "Good", type: "dance" }),
      JSON.stringify({ at: at(1), team: "Unknown", type: "answer", clue: "cave", answer: "x" }),
      JSON.stringify({
        at: at(2),
        team: "Good",
        type: "answer",
        player: "Stranger",
        clue: "cave",
        answer: "x",
      }),
      JSON.stringify({ at: at(5), team: "Good", type: "answer", clue: "cave", answer: "five" }),
      JSON.stringify({ at: at(4), team: "Good", type: "answer", clue: "cave", answer: "back in time" }),
      JSON.stringify({ at: at(6), team: "Good", type: "join", player: "Ann" }),
      JSON.stringify({ at: at(6), team: "Good", type: "join", player: "Ben" }),
      JSON.stringify({ at: at(6), team: "Good", type: "join", player: "One too many" }),
      JSON.stringify({ at: at(7), team: "Good", type: "unlock", clue: "nothing", reason: "x" }),
      JSON.stringify({ at: at(7), team: "Good", type: "answer", clue: "cave", answer: "x".repeat(9_000) }),
      JSON.stringify({
        at: at(8),
        team: "Good",
        type: "answer",
        clue: "end",
        answer: "locked, but replayed",
      }),
    ].join("\n");
    const { body } = await importText("partly", text);
    expect(body.rejected.map(({ line, code }) => [line, code])).toEqual([
      [3, "bad_request"],
      [4, "invalid"],
      [5, "invalid"],
      [6, "not_found"],
      [7, "not_found"],
      [9, "conflict"],
      [10, "conflict"],
      [12, "conflict"],
      [13, "not_found"],
      [14, "payload_too_large"],
    ]);
    for (const { message } of body.rejected) expect(message).toMatch(/./);
    expect(body.accepted).toBe(4);
    expect(body.lines).toBe(14); // the blank one is none
  });

  test("again is harmless, also after it was cut off", async () => {
    await client.publish("again", manyClues(3), "draft");
    const lines = [
      { at: at(0), team: "A", type: "join" },
      { at: at(1), team: "A", type: "answer", clue: "c0", answer: "wrong" },
      { at: at(2), team: "B", type: "join" },
      { at: at(3), team: "A", type: "answer", clue: "c0", answer: "right 0" },
      { at: at(4), team: "B", type: "award", points: 3, reason: "x" },
      { at: at(5), team: "B", type: "answer", clue: "c1", answer: "right 1" },
    ];
    expect((await importLines("again", lines.slice(0, 4))).body).toMatchObject({ lines: 4, accepted: 4 });
    const before = await client.export("again");
    await importLines("again", lines);
    const after = await client.export("again");
    await importLines("again", lines);
    expect(after).toHaveLength(6);
    expect(after).toEqual(expect.arrayContaining(before));
    expect(await client.export("again")).toEqual(after);
    await client.verify("again");
  });

  test("is refused once the hunt is live, and for a hunt that is not there; a line that is too long or no text spoils no other", async () => {
    const line = { at: at(0), team: "A", type: "join" };
    await client.publish("too-late", manyClues(1), "live");
    expectProblem(await importLines("too-late", [line]), "conflict");
    await client.setPhase("too-late", "ended");
    expectProblem(await importLines("too-late", [line]), "conflict");
    expectProblem(await importLines("not-there", [line]), "not_found");
    await client.publish("bytes", manyClues(1), "draft");
    const good = new TextEncoder().encode(`\n${JSON.stringify(line)}\n`);
    const body = new Uint8Array([0x7b, 0xff, 0xfe, 0x7d, ...good]);
    const call = { token: client.organiserToken, body, type: "application/x-ndjson" };
    expect((await client.call("POST", "/v1/hunts/bytes/import", call)).body).toMatchObject({
      lines: 2,
      accepted: 1,
      rejected: [{ line: 1, code: "bad_request" }],
    });
    expect((await importText("bytes", `${"x".repeat(100_000)}\n${JSON.stringify(line)}`)).body).toMatchObject(
      {
        lines: 2,
        accepted: 1,
        rejected: [{ line: 1, code: "payload_too_large" }],
      },
    );
    expect((await importText("bytes", "")).body).toEqual({ lines: 0, accepted: 0, rejected: [] });
  });

  test("stops when the hunt goes live midway: what came before stays, nothing comes between players' events", async () => {
    await client.publish("midway", manyClues(1), "draft");
    const text = (from: number, count: number): Uint8Array =>
      new TextEncoder().encode(
        Array.from({ length: count }, (_, index) => {
          const points = { type: "award", points: 1, reason: `r${from + index}` };
          return `${JSON.stringify({ at: at(1), team: "A", ...(from + index === 0 ? { type: "join" } : points) })}\n`;
        }).join(""),
      );
    let send: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = controller;
        controller.enqueue(text(0, 1_000));
      },
    });
    const importing = fetch(new URL("/v1/hunts/midway/import", engine.url), {
      method: "POST",
      headers: { authorization: `Bearer ${client.organiserToken}`, "content-type": "application/x-ndjson" },
      body,
      duplex: "half",
    } as RequestInit);
    while ((await client.export("midway")).length < 1_000) await new Promise((done) => setTimeout(done, 20));
    await client.setPhase("midway", "live");
    send?.enqueue(text(1_000, 1_500));
    send?.close();
    const response = await importing;
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({
      code: "conflict",
      detail: expect.stringContaining("live"),
    });
    expect(await client.export("midway")).toHaveLength(1_000);
    await client.verify("midway");
  });

  test("takes a stream of many lines, teams side by side", async () => {
    await client.publish("stream", manyClues(20), "draft");
    const lines: object[] = [];
    for (let team = 0; team < 150; team += 1) lines.push({ at: at(0), team: `Team ${team}`, type: "join" });
    for (let clue = 0; clue < 20; clue += 1) {
      for (let team = 0; team < 150; team += 1) {
        const answer = (team + clue) % 3 === 0 ? `right ${clue}` : "wrong";
        lines.push({ at: at(1 + clue), team: `Team ${team}`, type: "answer", clue: `c${clue}`, answer });
      }
    }
    expect((await importLines("stream", lines)).body).toEqual({
      lines: 3_150,
      accepted: 3_150,
      rejected: [],
    });
    const exported = await client.export("stream");
    expect(exported).toHaveLength(3_150);
    expect(exported.filter(({ outcome }) => outcome === "correct")).toHaveLength(1_000);
    expect(await client.verify("stream")).toMatchObject({ facts: 3_150, teams: 150 });
  });
});

describe("[API-52] codes", () => {
  test("are told to organisers, stay with a new version, and are valid for one hunt only", async () => {
    const codesOf = async (hunt: string) =>
      (
        await client.organise<{ codes: { clue: string; title: string; code: string; url: string }[] }>(
          "GET",
          `/v1/hunts/${hunt}/codes`,
        )
      ).body.codes;
    await client.publish("coded", everyOutcome());
    await client.publish("coded-too", everyOutcome());
    const [code] = await codesOf("coded");
    expect(await codesOf("coded")).toHaveLength(1);
    expect(code).toMatchObject({
      clue: "chest",
      title: "The Chest",
      code: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}$/),
    });
    expect(decodeURIComponent(new URL(code?.url ?? "").hash)).toContain(code?.code);
    expect(linesOf(new URL(code?.url ?? "").pathname)).toEqual(["/play/coded"]);
    await client.publish("coded", everyOutcome({ title: "Another version" }), "draft");
    expect(await codesOf("coded")).toEqual([code]);
    const [other] = await codesOf("coded-too");
    expect(other?.code).not.toBe(code?.code);
    const team = await client.team("coded", "Scanners");
    await client.playOne(team, { id: "a", type: "answer", clue: "cave", answer: SECRET_ANSWER });
    expect(await client.playOne(team, { id: "b", type: "scan", code: other?.code ?? "" })).toMatchObject({
      outcome: "unknown_code",
    });
    expect(await client.playOne(team, { id: "c", type: "scan", code: code?.code ?? "" })).toMatchObject({
      outcome: "correct",
    });
    const { entries } = (
      await client.organise<{ entries: { action: string }[] }>("GET", "/v1/hunts/coded/audit")
    ).body;
    expect(entries.map(({ action }) => action)).toContain("codes");
  });
});
