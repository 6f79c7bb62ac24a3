import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, expectProblem } from "./client.ts";
import { everyOutcome, manyClues } from "./hunts.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

function put(path: string, body: string, type = "application/json", headers: Record<string, string> = {}) {
  return client.call<{ hunt: string; version: number; warnings: object[] }>("PUT", `/v1/hunts/${path}`, {
    token: client.organiserToken,
    body,
    type,
    headers,
  });
}

describe("[API-10] publishing", () => {
  test("answers 201 first, 200 after, with rising versions and ETags", async () => {
    const first = await put("versions", JSON.stringify(manyClues(1)));
    expect(first.status).toBe(201);
    expect(first.body).toEqual({ hunt: "versions", version: 1, warnings: expect.any(Array) });
    expect(first.headers.get("etag")).toBe('"1"');
    const second = await put("versions", JSON.stringify(manyClues(2)));
    expect(second.status).toBe(200);
    expect(second.body.version).toBe(2);
    expect(second.headers.get("etag")).toBe('"2"');
  });

  test.each(["application/yaml", "application/x-yaml", "text/yaml; charset=utf-8"])(
    "takes %s",
    async (type) => {
      const hunt = `yaml-${type.replaceAll(/[^a-z]+/g, "")}`;
      const source = `# kept as it is\n${stringify(everyOutcome({ hunt }))}`;
      expect((await put(hunt, source, type)).status).toBe(201);
      const answer = await client.organise("GET", `/v1/hunts/${hunt}/definition`);
      expect(answer.text).toBe(source);
      expect(answer.headers.get("content-type")).toBe("application/yaml");
      expect(answer.headers.get("etag")).toBe('"1"');
    },
  );

  test("gives JSON back as it came", async () => {
    const source = JSON.stringify(everyOutcome(), null, 3);
    await put("json", source);
    const answer = await client.organise("GET", "/v1/hunts/json/definition");
    expect(answer.text).toBe(source);
    expect(answer.headers.get("content-type")).toBe("application/json");
  });

  test("refuses other media types, and none", async () => {
    for (const type of ["text/plain", "application/xml", "multipart/form-data", "application/json5"]) {
      expectProblem(await put("types", JSON.stringify(manyClues(1)), type), "unsupported_media_type");
    }
    expectProblem(
      await client.call("PUT", "/v1/hunts/types", {
        token: client.organiserToken,
        body: new Uint8Array([123, 125]),
      }),
      "unsupported_media_type",
    );
    expectProblem(await client.organise("GET", "/v1/hunts/types/definition"), "not_found");
  });

  test("refuses a definition for another path", async () => {
    const problem = expectProblem(
      await put("here", JSON.stringify(manyClues(1, { hunt: "there" }))),
      "invalid",
    );
    expect(problem.issues?.map(({ path }) => path)).toContain("hunt");
  });

  test("warns of what is allowed but doubtful", async () => {
    const { warnings } = (await put("doubtful", JSON.stringify(everyOutcome()))).body;
    for (const warning of warnings) {
      expect(warning).toEqual({
        code: expect.any(String),
        path: expect.any(String),
        message: expect.any(String),
      });
    }
    expect(warnings.length).toBeGreaterThan(0); // a hint that costs more than its clue
  });
});

describe("[API-11] an invalid definition", () => {
  test("is refused with every issue at once and changes nothing", async () => {
    await put("kept", JSON.stringify(manyClues(1)));
    const bad = manyClues(3) as { clues: Record<string, unknown>[]; extra?: number };
    bad.extra = 1;
    Object.assign(bad.clues[0] ?? {}, { kind: "riddle" });
    Object.assign(bad.clues[1] ?? {}, { points: -5 });
    Object.assign(bad.clues[2] ?? {}, { opens: { solved: "nothing" } });
    const shape = expectProblem(await put("kept", JSON.stringify(bad)), "invalid");
    expect(shape.issues?.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["extra", "clues.0.kind", "clues.1.points", "clues.2.opens.solved"]),
    );
    const meaning = manyClues(3) as { clues: Record<string, unknown>[] };
    Object.assign(meaning.clues[0] ?? {}, { opens: { solved: "nothing" } });
    Object.assign(meaning.clues[1] ?? {}, { answers: ["...", "!"] });
    Object.assign(meaning.clues[2] ?? {}, { round: "two" });
    const graph = expectProblem(await put("kept", JSON.stringify(meaning)), "invalid");
    expect(new Set(graph.issues?.map(({ path }) => path.split(".").slice(0, 2).join(".")))).toEqual(
      new Set(["clues.0", "clues.1", "clues.2"]),
    );
    const kept = await client.organise("GET", "/v1/hunts/kept/definition");
    expect(kept.headers.get("etag")).toBe('"1"');
  });

  test("names the line of a text that cannot be read", async () => {
    const json = expectProblem(await put("unread", '{"format": 1,\n"title": }'), "bad_request");
    expect(json.issues?.[0]?.message).toContain("line 2");
    const yaml = expectProblem(await put("unread", "format: 1\ntitle: [", "application/yaml"), "bad_request");
    expect(yaml.issues).toMatchObject([{ message: expect.stringContaining("(line 2, column 8)") }]);
    expectProblem(await put("unread", ""), "bad_request");
  });

  test("is not_found when it was never published", async () => {
    for (const path of ["definition", "codes", "teams", "stats", "export", "verify", "audit"]) {
      expectProblem(await client.organise("GET", `/v1/hunts/unread/${path}`), "not_found");
    }
    expectProblem(await client.organise("POST", "/v1/hunts/unread/phase", { phase: "live" }), "not_found");
    expectProblem(
      await client.organise("POST", "/v1/hunts/unread/announcements", { text: "x" }),
      "not_found",
    );
    expectProblem(
      await client.organise("POST", "/v1/hunts/unread/shards", { shardsPerRegion: 3 }),
      "not_found",
    );
  });
});

describe("[API-12] dryRun=true", () => {
  test("checks and changes nothing", async () => {
    const fresh = await put("dry?dryRun=true", JSON.stringify(manyClues(1)));
    expect(fresh.status).toBe(200);
    expectProblem(await client.call("GET", "/v1/hunts/dry"), "not_found");
    expectProblem(await put("dry?dryRun=true", JSON.stringify({ format: 1 })), "invalid");
    await put("dry", JSON.stringify(manyClues(1)));
    expect((await put("dry?dryRun=true", JSON.stringify(manyClues(2)))).status).toBe(200);
    const answer = await client.organise("GET", "/v1/hunts/dry/definition");
    expect(answer.headers.get("etag")).toBe('"1"');
    expect(answer.text).toBe(JSON.stringify(manyClues(1)));
  });

  test("may only be true or false", async () => {
    expectProblem(await put("dry?dryRun=maybe", JSON.stringify(manyClues(1))), "invalid");
  });
});

describe("[API-13] If-Match", () => {
  test("replaces the version it names, and no other", async () => {
    const source = JSON.stringify(manyClues(1));
    expectProblem(
      await put("matched", source, "application/json", { "if-match": '"3"' }),
      "precondition_failed",
    );
    expect((await put("matched", source)).status).toBe(201);
    expect((await put("matched", source, "application/json", { "if-match": '"1"' })).body.version).toBe(2);
    expectProblem(
      await put("matched", source, "application/json", { "if-match": '"1"' }),
      "precondition_failed",
    );
    expect((await put("matched", source, "application/json", { "if-match": "*" })).body.version).toBe(3);
    expectProblem(
      await put("matched", source, "application/json", { "if-match": "3" }),
      "precondition_failed",
    );
  });

  test("lets one of two writers through", async () => {
    await put("raced", JSON.stringify(manyClues(1)));
    const writers = await Promise.all(
      [2, 3, 4].map((clues) =>
        put("raced", JSON.stringify(manyClues(clues)), "application/json", { "if-match": '"1"' }),
      ),
    );
    expect(writers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
  });
});

describe("[API-14] the phase", () => {
  type Step = "live" | "paused" | "ended";
  /** How to reach a phase from draft. */
  const WAYS: Record<string, Step[]> = {
    draft: [],
    live: ["live"],
    paused: ["live", "paused"],
    ended: ["live", "ended"],
  };
  const ALLOWED = ["draft live", "live paused", "live ended", "paused live", "paused ended"];

  for (const [from, way] of Object.entries(WAYS)) {
    for (const to of ["live", "paused", "ended"] as const) {
      const allowed = ALLOWED.includes(`${from} ${to}`);
      test(`${from} → ${to} is ${allowed ? "allowed" : "refused with 409"}`, async () => {
        const hunt = `phase-${from}-${to}`;
        await client.publish(hunt, manyClues(1), "draft");
        for (const step of way) await client.setPhase(hunt, step);
        const answer = await client.organise("POST", `/v1/hunts/${hunt}/phase`, { phase: to });
        if (allowed) expect(answer.body).toEqual({ phase: to });
        else expectProblem(answer, "conflict");
        const shown = await client.call<{ phase: string }>("GET", `/v1/hunts/${hunt}`);
        expect(shown.body.phase).toBe(allowed ? to : from);
      });
    }
  }

  test("is one of three words", async () => {
    await client.publish("phase-words", manyClues(1), "draft");
    for (const body of [
      { phase: "draft" },
      { phase: "LIVE" },
      {},
      { phase: "live", more: 1 },
      [],
      "live",
      null,
    ]) {
      const problem = expectProblem(
        await client.organise("POST", "/v1/hunts/phase-words/phase", body),
        "invalid",
      );
      expect(problem.issues?.length).toBeGreaterThan(0);
    }
  });

  test("is in force for players before the answer", async () => {
    await client.publish("phase-force", manyClues(20), "draft");
    const teams = await Promise.all([..."abcdef"].map((name) => client.team("phase-force", `Team ${name}`)));
    for (const [round, phase] of (["live", "paused", "live", "ended"] as const).entries()) {
      await client.setPhase("phase-force", phase);
      const results = await Promise.all(
        teams.map((team) =>
          client.playOne(team, {
            id: `e${round}`,
            type: "answer",
            clue: `c${round}`,
            answer: `right ${round}`,
          }),
        ),
      );
      expect(new Set(results.map(({ outcome }) => outcome))).toEqual(
        new Set([phase === "live" ? "correct" : phase]),
      );
    }
  });
});

test("[API-15] all hunts are listed with phase, version and teams", async () => {
  await client.publish("listed", manyClues(1, { title: "Listed" }));
  await client.team("listed", "One");
  const find = async () => {
    const { hunts } = (await client.organise<{ hunts: { hunt: string }[] }>("GET", "/v1/hunts")).body;
    expect(hunts.map(({ hunt }) => hunt)).toEqual(hunts.map(({ hunt }) => hunt).sort());
    return hunts.find(({ hunt }) => hunt === "listed");
  };
  await expect.poll(find).toEqual({ hunt: "listed", title: "Listed", phase: "live", version: 1, teams: 1 });
});

test("[API-16] the public half says what everybody may know, and no more", async () => {
  const opens = new Date(Date.now() + 3_600_000).toISOString();
  const closes = new Date(Date.now() + 7_200_000).toISOString();
  await client.publish("public", everyOutcome({ opens, closes }), "draft");
  const answer = await client.call("GET", "/v1/hunts/public");
  expect(answer.body).toEqual({
    hunt: "public",
    title: "Every Outcome",
    description: "A hunt of the tests.",
    phase: "draft",
    scheduled: true,
    opens,
    closes,
    teams: { mode: "teams", maxSize: 2 },
    brackets: [
      { id: "locals", title: "Locals" },
      { id: "visitors", title: "Visitors" },
    ],
    joining: { require: "anyone" },
    clueCount: 6,
    // Of what is open to all at the start.
    rounds: [{ id: "one", title: "One" }],
    push: { key: expect.stringMatching(/^[\w-]{87}$/) },
    serverTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });
});

test("[PH-9] [PH-10] [PH-11] [PH-12] times that end a hunt by mistake, or change nothing, are told", async () => {
  const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  const put = (times: object, query = "") =>
    client.organise<{ warnings?: { code: string }[]; issues?: { path: string; code: string }[] }>(
      "PUT",
      `/v1/hunts/times${query}`,
      everyOutcome(times),
    );
  const codes = (found: { code: string }[] | undefined) => found?.map(({ code }) => code) ?? [];
  const phaseOf = async () => (await client.call<object>("GET", "/v1/hunts/times")).body;
  expect(codes((await put({ closes: hour(-1) })).body.warnings)).toContain("closes-in-past");
  expect(await phaseOf()).toMatchObject({ phase: "draft" });
  expect((await client.organise("POST", "/v1/hunts/times/phase", { phase: "live" })).status).toBe(409);
  expect(codes((await put({ opens: hour(1), closes: hour(2) })).body.warnings)).not.toContain(
    "closes-in-past",
  );
  await expect.poll(phaseOf).toMatchObject({ phase: "draft", scheduled: true });
  await client.setPhase("times", "live");
  await expect.poll(phaseOf).not.toHaveProperty("scheduled");
  const moved = { opens: hour(1.5), closes: hour(2) };
  expect(codes((await put(moved)).body.warnings)).toContain("opens-has-no-effect");
  expect(codes((await put(moved)).body.warnings)).not.toContain("opens-has-no-effect");
  for (const query of ["", "?dryRun=true"]) {
    const refused = await put({ closes: hour(-1) }, query);
    expect(refused.status).toBe(422);
    expect(refused.body.issues).toMatchObject([{ path: "closes", code: "closes-in-past" }]);
  }
  await client.setPhase("times", "paused");
  expect((await put({ closes: hour(-1) })).status).toBe(422);
  await client.setPhase("times", "live");
  expect((await put({ closes: hour(3) })).status).toBe(200);
  expect((await put({ closes: hour(-1) }, "?endNow=true")).status).toBe(200);
  await expect.poll(phaseOf).toMatchObject({ phase: "ended" });
});
