/** What `hunt import-ctfd` writes, published and replayed on an engine. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Verification } from "../../src/contract/data.ts";
import type { Leaderboard } from "../../src/contract/standings.ts";
import { Bench, EVENING, exportOf, STANDINGS, UPLOADS } from "../scripts/imports/ctfd-export.ts";
import { Client } from "./client.ts";

const bench = new Bench();
let engine: Engine;
let env: Record<string, string>;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  const client = await Client.of(engine);
  env = { PORT: engine.url.port, HUNT_TOKEN: client.organiserToken };
});
afterAll(async () => {
  await engine.stop();
  bench.remove();
});

const hunt = async (...argv: string[]) => {
  const ran = await bench.hunt([...argv, "--json"], env);
  expect(ran.exit, ran.stdout + ran.stderr).toBe(0);
  return JSON.parse(ran.stdout) as unknown;
};

test("[IMP-7] an evening of CTFd's, published and replayed, stands as it stood there", async () => {
  const zip = await bench.file("evening.zip", await exportOf(EVENING, UPLOADS));
  const out = bench.path("evening");
  await hunt("import-ctfd", zip, "--out", out);
  await hunt("push", out);
  const lines = readFileSync(join(out, "replay.ndjson"), "utf8").trimEnd().split("\n").length;
  expect(await hunt("import", "harbour-ctf", join(out, "replay.ndjson"), "--strict")).toEqual({
    lines,
    accepted: lines,
    rejected: [],
  });
  const { teams } = (await hunt("teams", "harbour-ctf")) as { teams: { id: string; name: string }[] };
  const staff = teams.find(({ name }) => name === "Staff");
  await hunt("hide", "harbour-ctf", staff?.id ?? "", "--reason", "hidden in CTFd");
  await expect
    .poll(async () => {
      const { entries } = (await hunt("leaderboard", "harbour-ctf")) as Leaderboard;
      return entries.map(({ team, score, solves }) => ({ team: team.name, score, solves }));
    })
    .toEqual(STANDINGS);
  expect(((await hunt("verify", "harbour-ctf")) as Verification).ok).toBe(true);
});
