import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOpsToken } from "../../scripts/local/secrets.ts";
import type { Advice } from "../../src/contract/ops.ts";
import { Client, expectProblem } from "./client.ts";
import { manyClues } from "./hunts.ts";

let engine: Engine;
let client: Client;
let opsToken: string;
beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off", METRICS_FLUSH_MS: "200" } });
  client = await Client.of(engine);
  opsToken = await mintOpsToken(engine.secrets);
  await client.publish("measured", manyClues(3));
});
afterAll(() => engine.stop());

async function metrics(): Promise<string> {
  const answer = await client.call("GET", "/metrics", { token: opsToken });
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  return answer.text;
}

/** The value of a series as it stands in the text; 0: it is not there. */
async function sample(series: string): Promise<number> {
  const line = (await metrics()).split("\n").find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

describe("who may read", () => {
  test("[MET-7] an organiser and an ops token may, a player and nobody may not", async () => {
    const player = await client.team("measured", "Reader");
    expect((await client.organise("GET", "/metrics")).status).toBe(200);
    expectProblem(await client.call("GET", "/metrics", { token: player.token }), "unauthenticated");
    expectProblem(await client.call("GET", "/metrics"), "unauthenticated");
  });

  test("[MET-7] [ADV-5] an ops token opens advice, and nothing else", async () => {
    const advice = await client.call<Advice>("GET", "/v1/ops/advice", { token: opsToken });
    expect([advice.status, advice.body]).toEqual([200, { advice: [] }]);
    const player = await client.team("measured", "Asks");
    expectProblem(await client.call("GET", "/v1/ops/advice", { token: player.token }), "unauthenticated");
    for (const path of ["/v1/ops/origin", "/v1/hunts", "/v1/hunts/measured/me", "/v1/hunts/measured/stats"]) {
      expectProblem(await client.call("GET", path, { token: opsToken }), "unauthenticated");
    }
  });
});

describe("what is counted", () => {
  test("[MET-8] each event once, by type and outcome, and what became of it on its way", async () => {
    const before = {
      correct: await sample('hunt_events_total{type="answer",outcome="correct"}'),
      incorrect: await sample('hunt_events_total{type="answer",outcome="incorrect"}'),
      twice: await sample("hunt_event_duplicates_total"),
      joins: await sample("hunt_joins_total"),
    };
    const player = await client.team("measured", "Counted");
    const right = { id: "r", type: "answer", clue: "c0", answer: "right 0" } as const;
    await client.play(player, right, { id: "w", type: "answer", clue: "c1", answer: "wrong" });
    await client.play(player, right);
    expect(await sample('hunt_events_total{type="answer",outcome="correct"}')).toBe(before.correct + 1);
    expect(await sample('hunt_events_total{type="answer",outcome="incorrect"}')).toBe(before.incorrect + 1);
    expect(await sample("hunt_event_duplicates_total")).toBe(before.twice + 1);
    expect(await sample("hunt_joins_total")).toBe(before.joins + 1);
    await client.verify("measured");
    const text = await metrics();
    const sum = (name: string): number =>
      text
        .split("\n")
        .filter((line) => line.startsWith(`${name}{`))
        .reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
    expect(sum("hunt_facts_settled_total")).toBe(sum("hunt_facts_committed_total"));
    expect(sum("hunt_facts_committed_total")).toBeGreaterThanOrEqual(4);
    expect(await sample('hunt_queue_messages_total{result="applied"}')).toBeGreaterThan(0);
    expect(await sample('hunt_origin_calls_total{call="apply",result="ok"}')).toBeGreaterThan(0);
    expect(await sample("hunt_archive_lag_seconds_count")).toBeGreaterThan(0);
    expect(await sample("hunt_leaderboard_lag_seconds_count")).toBeGreaterThan(0);
    expect(await sample('hunt_gate_state{state="closed"}')).toBe(1);
    expect(await sample('hunt_metrics_source_up{source="hubs"}')).toBe(1);
  });

  test("[MET-8] each request by its route's template, errors by their code; nothing a client wrote", async () => {
    const route = "/v1/hunts/{hunt}/leaderboard";
    const good = `hunt_http_requests_total{method="GET",route="${route}",status="2xx"}`;
    const bad = `hunt_http_requests_total{method="GET",route="${route}",status="4xx"}`;
    const before = [await sample(good), await sample(bad), await sample('hunt_errors_total{code="invalid"}')];
    await client.call("GET", "/v1/hunts/measured/leaderboard");
    await client.call("GET", "/v1/hunts/measured/leaderboard?limit=no");
    await client.call("GET", "/v1/hunts/not-there-hunt/leaderboard");
    await client.call("GET", "/a-made-up-path/with-secrets");
    await client.call("GET", "/a-made-up-path/with-secrets", { headers: { "x-made-up": "made-up-header" } });
    expect([
      await sample(good),
      await sample(bad),
      await sample('hunt_errors_total{code="invalid"}'),
    ]).toEqual([(before[0] ?? 0) + 1, (before[1] ?? 0) + 2, (before[2] ?? 0) + 1]);
    expect(
      await sample('hunt_http_requests_total{method="any",route="none",status="4xx"}'),
    ).toBeGreaterThanOrEqual(2);
    const text = await metrics();
    for (const own of ["made-up", "measured", "not-there", "Counted"]) expect(text).not.toContain(own);
  });
});
