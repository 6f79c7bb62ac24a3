/** A real Prometheus scrapes a loaded engine, and every panel and alert is asked of it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dashboards, expressions } from "../../ops/dashboards.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOpsToken } from "../../scripts/local/secrets.ts";
import { Client } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { Socket } from "../contract/socket.ts";
import { PushService } from "../push/service.ts";

const root = join(import.meta.dirname, "..", "..");
const ops = join(root, "ops");

const installed = (command: string): boolean => spawnSync(command, ["--version"]).status === 0;
const missing = ["prometheus", "promtool"].filter((command) => !installed(command));
if (missing.length > 0) {
  console.warn(`skipped: tests with a real Prometheus, because ${missing.join(" and ")} is not installed`);
}

test("[OPS-1] the dashboards in ops/grafana are what ops/dashboards.ts builds (npm run dashboards)", async () => {
  for (const [name, dashboard] of dashboards()) {
    const kept: unknown = JSON.parse(await readFile(join(ops, "grafana", name), "utf8"));
    expect(kept, name).toEqual(JSON.parse(JSON.stringify(dashboard)));
  }
});

describe.skipIf(missing.length > 0)("with a real Prometheus", () => {
  let engine: Engine;
  let service: PushService;
  let client: Client;
  let token: string;
  let folder: string;
  let prometheus: ChildProcess | undefined;
  let api: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hunt-prometheus-"));
    service = await PushService.start();
    engine = await startEngine({
      vars: { RATE_LIMITS: "off", METRICS_FLUSH_MS: "200", SHARDS_PER_REGION: "2", PUSH_ALLOW: service.host },
    });
    client = await Client.of(engine);
    token = await mintOpsToken(engine.secrets);
    await writeFile(join(folder, "ops-token"), token);
    // As the example scrapes, but oftener, and an engine without TLS.
    const example = await readFile(join(ops, "prometheus", "prometheus.yml"), "utf8");
    const config = example
      .replaceAll("15s", "1s")
      .replace("alerts.yml", join(ops, "prometheus", "alerts.yml"))
      .replace("scheme: https", "scheme: http")
      .replace("hunt.example.com", engine.url.host);
    expect(config).not.toContain("example.com");
    await writeFile(join(folder, "prometheus.yml"), config);
    const port = await freePort();
    api = `http://127.0.0.1:${port}/api/v1`;
    prometheus = spawn(
      "prometheus",
      [
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: "ignore" },
    );
    await load();
  }, 360_000);

  afterAll(async () => {
    prometheus?.kill();
    await engine?.stop();
    await service?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Some seconds of a hunt: joins, right and wrong answers, claims, reads, a socket, announcements and their push messages, requests that are refused. */
  async function load(): Promise<void> {
    await client.publish("scraped", {
      ...manyClues(40),
      prizes: [{ id: "cup", title: "Cup", mode: "first-come", stock: 1_000 }],
    });
    const player = await client.team("scraped", "Loaders");
    const device = { token: player.token, json: service.device().toJSON() };
    expect((await client.call("PUT", "/v1/hunts/scraped/me/push", device)).status).toBe(204);
    const live = await Socket.ofPlayer(client, player);
    for (let second = 0; second < 14; second += 1) {
      const team = await client.team("scraped", `Team ${second}`);
      await client.play(
        team,
        { id: "1", type: "answer", clue: `c${second}`, answer: `right ${second}` },
        { id: "2", type: "answer", clue: `c${second + 1}`, answer: "wrong" },
        { id: "3", type: "claim", prize: "cup" },
      );
      await client.organise("POST", "/v1/hunts/scraped/announcements", { text: `Second ${second}` });
      await client.call("GET", "/v1/hunts/scraped/leaderboard");
      await client.call("GET", "/v1/hunts/nowhere/leaderboard");
      live.send({ events: [{ id: `s${second}`, type: "answer", clue: "c39", answer: `wrong ${second}` }] });
      await sleep(1_000);
    }
    live.drop();
    await client.verify("scraped");
    await sleep(2_500);
  }

  async function ask<T>(path: string): Promise<T> {
    const answer = await fetch(`${api}/${path}`);
    const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string };
    expect(status, `${path}: ${error}`).toBe("success");
    return data;
  }

  test("[OPS-2] the engine is scraped, and promtool finds nothing to say of its text", async () => {
    const { activeTargets } = await ask<{ activeTargets: { health: string; lastError: string }[] }>(
      "targets",
    );
    expect(activeTargets.map(({ health, lastError }) => [health, lastError])).toEqual([["up", ""]]);
    const { text } = await client.call("GET", "/metrics", { token });
    const checked = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
    expect([checked.stdout, checked.stderr, checked.status]).toEqual(["", "", 0]);
  });

  test("[OPS-3] every panel shows something", async () => {
    const empty: string[] = [];
    const all = expressions();
    expect(all.length).toBeGreaterThan(40);
    for (const { panel, expression } of all) {
      const query = encodeURIComponent(expression.replaceAll("$__rate_interval", "15s"));
      const { result } = await ask<{ result: { value: [number, string] }[] }>(`query?query=${query}`);
      const numbers = result.map(({ value }) => Number(value[1])).filter((value) => !Number.isNaN(value));
      if (numbers.length === 0) empty.push(`${panel}: ${expression}`);
    }
    expect(empty).toEqual([]);
  });

  test("[OPS-4] every alert is evaluated without an error, and none fires at a healthy engine", async () => {
    const { groups } = await ask<{
      groups: { rules: { name: string; health: string; state: string; lastError?: string }[] }[];
    }>("rules");
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(8);
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
    expect(rules.filter(({ state }) => state === "firing")).toEqual([]);
  });

  test("[OPS-5] every alert fires when it should, and not when it should not", async () => {
    const file = join(ops, "prometheus", "alerts.test.yml");
    const tested = spawnSync("promtool", ["test", "rules", file], { encoding: "utf8" });
    expect([tested.status, tested.stderr]).toEqual([0, ""]);
    const rules = await readFile(join(ops, "prometheus", "alerts.yml"), "utf8");
    const cases = await readFile(file, "utf8");
    for (const [, alert] of rules.matchAll(/- alert: (\w+)/g)) expect(cases).toContain(`alertname: ${alert}`);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
