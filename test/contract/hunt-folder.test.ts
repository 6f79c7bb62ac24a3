/** `hunt push` and `hunt pull`: a hunt as a folder. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../../scripts/hunt/main.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Assets } from "../../src/contract/assets.ts";
import { jpegWithMore, png, SECRET } from "../assets/files.ts";
import { Client } from "./client.ts";

let engine: Engine;
let client: Client;
let folder: string;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  folder = mkdtempSync(join(tmpdir(), "push-"));
});
afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function hunt(...argv: string[]) {
  const texts = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof texts) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        texts[name] += chunk.toString("utf8");
        done();
      },
    });
  const exit = await main(argv, {
    stdin: Readable.from([]),
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    env: { PORT: engine.url.port, HUNT_TOKEN: client.organiserToken, DATA_DIR: join(folder, "data") },
  });
  return { exit, ...texts };
}

const definition = (body: string): string => `format: 1
title: Pushed # a comment that stays
rounds: [{ id: one, title: One }]
clues:
  - { id: a, round: one, title: A, kind: answer, answers: ["yes"], body: "${body}" }
`;

test("[CLI-9] push sends what changed, also pictures that were cleaned, and pull fetches it", async () => {
  const own = join(folder, "pushed");
  mkdirSync(join(own, "assets", "deep"), { recursive: true });
  writeFileSync(join(own, "hunt.yaml"), definition("![p](asset:deep/p.png) ![q](asset:q.jpg)"));
  writeFileSync(join(own, "assets", "deep", "p.png"), png());
  writeFileSync(join(own, "assets", "q.jpg"), jpegWithMore());
  const dry = await hunt("push", own, "--dry-run", "--json");
  expect(JSON.parse(dry.stdout)).toEqual({
    hunt: "pushed",
    files: ["deep/p.png", "q.jpg"],
    delete: [],
    publish: true,
  });
  const first = await hunt("push", own, "--json");
  expect(first.exit, first.stderr).toBe(0);
  expect(JSON.parse(first.stdout)).toEqual({
    hunt: "pushed",
    files: ["deep/p.png", "q.jpg"],
    deleted: [],
    version: 1,
  });
  const again = await hunt("push", own, "--json");
  expect(JSON.parse(again.stdout)).toEqual({ hunt: "pushed", files: [], deleted: [] });

  writeFileSync(join(own, "assets", "deep", "p.png"), png({ side: 5 }));
  rmSync(join(own, "assets", "q.jpg"));
  writeFileSync(join(own, "hunt.yaml"), definition("![p](asset:deep/p.png)"));
  const pruned = await hunt("push", own, "--prune", "--json");
  expect(JSON.parse(pruned.stdout)).toEqual({
    hunt: "pushed",
    files: ["deep/p.png"],
    deleted: ["q.jpg"],
    version: 2,
  });
  const rows = (await client.organise<Assets>("GET", "/v1/hunts/pushed/assets")).body.assets;
  expect(rows.map(({ name }) => name)).toEqual(["deep/p.png"]);

  const other = join(folder, "pulled");
  const pulled = await hunt("pull", "pushed", "--out", other, "--json");
  expect(JSON.parse(pulled.stdout).files).toEqual(["deep/p.png"]);
  expect(readFileSync(join(other, "hunt.yaml"), "utf8")).toBe(readFileSync(join(own, "hunt.yaml"), "utf8"));
  expect(readFileSync(join(other, "assets", "deep", "p.png"))).toEqual(Buffer.from(png({ side: 5 })));
  expect(JSON.parse((await hunt("pull", "pushed", "--out", other, "--json")).stdout).files).toEqual([]);
});

test("[CLI-9] what no hunt can have stops it before anything is sent", async () => {
  const own = join(folder, "wrong");
  mkdirSync(join(own, "assets"), { recursive: true });
  writeFileSync(join(own, "hunt.yaml"), definition("x"));
  writeFileSync(join(own, "assets", "Plan A.png"), png());
  const refused = await hunt("push", own);
  expect(refused.exit).toBe(1);
  expect(refused.stderr).toContain("Plan A.png");
  expect((await hunt("push", join(folder, "nowhere"))).exit).toBe(2);
  expect(refused.stderr).not.toContain(SECRET);
});
