import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../scripts/hunt/main.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Proof, Root, Roots } from "../../src/contract/proof.ts";
import { hashIn, hashText, leafHash, rootBy } from "../../src/proof/tree.ts";
import { Client, expectProblem, linesOf, type Player, sleep } from "./client.ts";
import { everyOutcome, NEAR_PIER, SECRET_ANSWER } from "./hunts.ts";

const CHECKER = new URL("../../docs/check_proof.py", import.meta.url).pathname;
const hasPython = spawnSync("python3", ["--version"]).status === 0;
if (!hasPython) process.stdout.write("proof: the checker in Python is not tried, there is no python3\n");

let engine: Engine;
let client: Client;
let folder: string;
let teams: Player[];
/** The whole export, of which every line is in a root. */
let exported: string;
let roots: Root[];

async function rootsNow(hunt: string): Promise<Root[]> {
  const answer = await client.call<Roots>("GET", `/v1/hunts/${hunt}/proof`);
  expect(answer.status).toBe(200);
  return answer.body.roots;
}

const proofOf = (hunt: string, shard: string, seq: number | string, token?: string) =>
  client.call<Proof>("GET", `/v1/hunts/${hunt}/proof/${shard}/${seq}`, { token });

const leavesIn = (told: readonly Root[]): number =>
  told.flatMap(({ shards }) => shards).reduce((sum, { leaves }) => sum + leaves, 0);

async function textOf(hunt: string): Promise<string> {
  return (await client.organise<string>("GET", `/v1/hunts/${hunt}/export`)).text;
}

beforeAll(async () => {
  engine = await startEngine({
    vars: {
      RATE_LIMITS: "off",
      SHARDS_PER_REGION: "3",
      ROOT_EVERY_MS: "1000",
      LEADERBOARD_KV_MAX_AGE_MS: "0",
    },
  });
  client = await Client.of(engine);
  folder = mkdtempSync(join(tmpdir(), "hunt-proof-"));
  await client.publish("proven", everyOutcome());
  teams = [];
  for (let index = 0; index < 12; index += 1) {
    const team = await client.team("proven", `Team ${index} – ä`);
    teams.push(team);
    await client.play(
      team,
      {
        id: `a${index}`,
        type: "answer",
        clue: "cave",
        answer: index % 2 === 0 ? SECRET_ANSWER : 'a "wrong,"person":{}\u2028z',
      },
      { id: `b${index}`, type: "checkin", clue: "pier", position: NEAR_PIER },
    );
    if (index % 4 === 3) await sleep(700);
  }
  const path = `/v1/hunts/proven/teams/${teams[0]?.team.id}/awards`;
  await client.organise("POST", path, { points: 1, reason: "a secret reason" });
  exported = await textOf("proven");
  const facts = linesOf(exported).length;
  roots = await rootsNow("proven");
  for (let waited = 0; leavesIn(roots) < facts; waited += 1) {
    expect(waited, "no root has the last facts").toBeLessThan(80);
    await sleep(500);
    roots = await rootsNow("proven");
  }
}, 270_000);
afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("[LOG-22] everybody reads the roots: each follows the one before, their facts are all facts, of every shard", async () => {
  expect(roots.length).toBeGreaterThan(1);
  expect(roots.map(({ previous }) => previous)).toEqual([
    null,
    ...roots.slice(0, -1).map(({ root }) => root),
  ]);
  const covered = new Map<string, number>();
  for (const { shards } of roots) {
    for (const { shard, seq, leaves } of shards) {
      expect(seq - leaves).toBe(covered.get(shard) ?? 0);
      covered.set(shard, seq);
    }
  }
  expect(covered.size).toBeGreaterThan(1);
  expectProblem(await client.call("GET", "/v1/hunts/unknown/proof"), "not_found");
  expectProblem(await client.call("GET", "/v1/hunts/proven/proof?cursor=x"), "invalid");
  expect((await client.call("GET", "/v1/hunts/proven/proof?cursor=7")).body).toEqual({ roots: [] });
});

test("[LOG-22] a recorded result is proven to its team's players and to organisers, and to nobody else", async () => {
  const [one, two] = teams as [Player, Player];
  const [again] = await client.play(one, { id: "a0", type: "answer", clue: "cave", answer: SECRET_ANSWER });
  const { seq } = again as { seq: number };
  const shard = one.team.id.split("-").slice(0, 2).join("-");
  const proven = await proofOf("proven", shard, seq, one.token);
  expect(proven.status, proven.text).toBe(200);
  expect(proven.headers.get("cache-control")).toBe("no-store");
  const { fact, leaf, path, root, at } = proven.body;
  expect(JSON.parse(fact)).toMatchObject({
    shard,
    seq,
    team: one.team.id,
    type: "answer",
    outcome: "correct",
  });
  expect(hashText(leafHash(fact))).toBe(leaf);
  expect(hashText(rootBy(hashIn(leaf) ?? new Uint8Array(), path) ?? new Uint8Array())).toBe(root);
  expect(roots).toContainEqual(expect.objectContaining({ root, at }));
  expect(linesOf(exported)).toContain(fact);
  expect((await proofOf("proven", shard, seq, client.organiserToken)).body).toEqual(proven.body);
  const mate = teams.find(({ team }) => team.id !== one.team.id && team.id.startsWith(`${shard}-`));
  for (const other of [two, mate]) {
    if (other) expectProblem(await proofOf("proven", shard, seq, other.token), "forbidden");
  }
  expectProblem(await proofOf("proven", shard, seq), "unauthenticated");
});

test("[LOG-22] an organiser's act is proven to organisers alone; the person is in no proof", async () => {
  const award = linesOf(exported).find((line) => line.includes("a secret reason")) ?? "";
  const { shard, seq } = JSON.parse(award) as { shard: string; seq: number };
  expectProblem(await proofOf("proven", shard, seq, teams[0]?.token), "forbidden");
  expect((await proofOf("proven", shard, seq, client.organiserToken)).body.fact).toBe(award);
  const join = linesOf(exported).find((line) => line.includes('"type":"join"')) ?? "";
  const joined = JSON.parse(join) as { shard: string; seq: number; person: { name: string } };
  const { fact } = (await proofOf("proven", joined.shard, joined.seq, client.organiserToken)).body;
  expect(join.startsWith(fact.slice(0, -1))).toBe(true);
  expect(fact).not.toContain(joined.person.name);
});

test("[LOG-1] a proof tells nobody how far from a place a check-in was: three of them would tell where it is", async () => {
  const [one] = teams as [Player];
  const [again] = await client.play(one, { id: "b0", type: "checkin", clue: "pier", position: NEAR_PIER });
  const { seq } = again as { seq: number };
  const shard = one.team.id.split("-").slice(0, 2).join("-");
  expect((await proofOf("proven", shard, seq, one.token)).body.fact).not.toContain("distance");
  const line = linesOf(exported)
    .map((text) => JSON.parse(text))
    .find((fact) => fact.shard === shard && fact.seq === seq);
  expect(line.person).toMatchObject({ position: NEAR_PIER, distance: expect.any(Number) });
});

test("[LOG-22] as long as no root has a fact it is 404 with the time to try again; names that are none are 404", async () => {
  const shard = (teams[0] as Player).team.id.split("-").slice(0, 2).join("-");
  const later = await proofOf("proven", shard, 999_999, client.organiserToken);
  expectProblem(later, "not_found");
  expect(Number(later.headers.get("retry-after"))).toBeGreaterThan(0);
  for (const [name, seq] of [
    ["weur-999", 1],
    ["nowhere", 1],
    [shard, 0],
    [shard, "x"],
    [shard, -1],
  ] as const) {
    const answer = await proofOf("proven", name, seq, client.organiserToken);
    expectProblem(answer, "not_found");
    expect(answer.headers.has("retry-after")).toBe(false);
  }
});

// ── The checkers ─────────────────────────────────────────────────────────────

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Runs `hunt proof` as its command line would. */
async function byCommand(hunt: string, path: string, ...more: string[]) {
  const told = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof told) =>
    new Writable({
      write(chunk: Buffer, _, done) {
        told[name] += chunk.toString("utf8");
        done();
      },
    });
  const exit = await main(["proof", hunt, path, "--url", engine.url.href, ...more], {
    stdin: Readable.from([]),
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    env: { HUNT_TOKEN: client.organiserToken },
  });
  return { exit, ...told };
}

function byPython(path: string, pages: string) {
  const { status, stdout, stderr } = spawnSync("python3", [CHECKER, path, pages], { encoding: "utf8" });
  return { exit: status, stdout, stderr };
}

const changed = (edit: (lines: string[]) => void): string => {
  const lines = linesOf(exported);
  edit(lines);
  return lines.map((line) => `${line}\n`).join("");
};

/** Another character for the one at `at`, so that the line is still JSON. */
const other = (line: string, at: number): string =>
  `${line.slice(0, at)}${line.charAt(at) === "7" ? "8" : "7"}${line.slice(at + 1)}`;

describe("[LOG-23] hunt proof and the checker in Python", () => {
  test("pass a whole export, and count what no root has yet", async () => {
    const count = linesOf(exported).length;
    const whole = file("whole.ndjson", exported);
    expect(await byCommand("proven", whole)).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining(`${count} facts proven`),
    });
    const early = await byCommand("proven", whole, "--until", roots[0]?.at ?? "", "--json");
    expect(JSON.parse(early.stdout)).toEqual({
      proven: leavesIn(roots.slice(0, 1)),
      newer: count - leavesIn(roots.slice(0, 1)),
      roots: 1,
    });
    if (!hasPython) return;
    const pages = file("roots.json", JSON.stringify({ roots }));
    expect(byPython(whole, pages)).toMatchObject({
      exit: 0,
      stdout: `${count} facts proven, 0 newer than the last root\n`,
    });
    expect(byPython(whole, `${engine.url.href}v1/hunts/proven/proof`)).toMatchObject({ exit: 0 });
    expect(byPython(whole, file("first.json", JSON.stringify({ roots: roots.slice(0, 1) })))).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining(`${count - leavesIn(roots.slice(0, 1))} newer`),
    });
  });

  test("find one character changed, wherever it is, and hunt proof its line", async () => {
    const pages = file("roots.json", JSON.stringify({ roots }));
    const lines = linesOf(exported);
    for (const [index, line] of lines.entries()) {
      const at = line.search(/"(?:score|attemptsLeft|name|player)":"?[^"]/);
      if (at < 0) continue;
      const broken = file(
        "broken.ndjson",
        changed((all) => all.splice(index, 1, other(line, line.indexOf(":", at) + 2))),
      );
      const found = await byCommand("proven", broken);
      expect(found, line).toMatchObject({ exit: 1, stderr: expect.stringContaining(`line ${index + 1}:`) });
      if (hasPython && index % 5 === 0) expect(byPython(broken, pages).exit, line).toBe(1);
    }
  });

  test("name a gap of the log, of one fact too", async () => {
    const [line] = linesOf(exported);
    const { shard, seq } = JSON.parse(line as string) as { shard: string; seq: number };
    const gap = JSON.stringify({ shard, type: "gap", first: seq, seq });
    const path = file(
      "gap.ndjson",
      changed((lines) => lines.splice(0, 1, gap)),
    );
    const told = await byCommand("proven", path);
    expect(told.exit).toBe(1);
    expect(told.stderr).toContain(`line 1: the log could not give the facts ${seq} to ${seq} of ${shard}`);
    if (hasPython) expect(byPython(path, `${engine.url.href}v1/hunts/proven/proof`).exit).toBe(1);
  });

  test("find a changed person, a line left out, lines exchanged, a shard left out", async () => {
    const pages = file("roots.json", JSON.stringify({ roots }));
    const lines = linesOf(exported);
    const named = lines.findIndex((line) => line.includes(',"person":'));
    const last = lines.length - 1;
    const shardOf = (line = "") => (JSON.parse(line) as { shard: string }).shard;
    const secondShard = lines.findIndex((line) => shardOf(line) !== shardOf(lines[0]));
    const edits: [string, number, (all: string[]) => void][] = [
      [
        "person",
        named,
        (all) => all.splice(named, 1, (all[named] ?? "").replace(/"name":"(.)/, '"name":"#')),
      ],
      ["salt", named, (all) => all.splice(named, 1, (all[named] ?? "").replace(/"salt":"../, '"salt":"##'))],
      ["first line", 0, (all) => all.splice(0, 1)],
      ["inner line", 5, (all) => all.splice(5, 1)],
      ["last line", last, (all) => all.splice(last, 1)],
      ["last line of a shard", secondShard - 1, (all) => all.splice(secondShard - 1, 1)],
      ["a shard", 0, (all) => all.splice(0, secondShard)],
      ["exchanged", 4, (all) => all.splice(4, 2, all[5] ?? "", all[4] ?? "")],
      ["twice", 5, (all) => all.splice(5, 0, all[4] ?? "")],
      ["no JSON", 7, (all) => all.splice(7, 1, "{")],
      ["no fact", 7, (all) => all.splice(7, 1, "null")],
    ];
    for (const [what, index, edit] of edits) {
      const broken = file("broken.ndjson", changed(edit));
      const found = await byCommand("proven", broken);
      expect(found, what).toMatchObject({ exit: 1, stderr: expect.stringContaining(`line ${index + 1}:`) });
      if (hasPython) expect(byPython(broken, pages).exit, what).toBe(1);
    }
  });

  test.skipIf(!hasPython)("the checker has fifty lines and needs the standard library alone", () => {
    const text = execFileSync("cat", [CHECKER], { encoding: "utf8" });
    expect(linesOf(text).length).toBeLessThanOrEqual(50);
    expect(text.match(/^import .*$/gm)).toEqual(["import base64, hashlib, json, sys, urllib.request"]);
  });
});
