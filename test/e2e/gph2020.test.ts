/** The record of a real hunt (scripts/lab/replay/gph2020.ts), imported and ranked by the engine. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../scripts/hunt/main.ts";
import {
  convert,
  DEFAULT_FOLDER,
  type ImportLine,
  type ReplayHunt,
  type ReplayTeam,
} from "../../scripts/lab/replay/gph2020.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Regraded } from "../../src/contract/regrade.ts";
import { Client, type ExportedFact, linesOf } from "../contract/client.ts";

const FOLDER = resolve(import.meta.dirname, "../..", process.env.GPH2020 ?? DEFAULT_FOLDER);
const isPresent = existsSync(join(FOLDER, "hunt.json"));
if (!isPresent)
  process.stdout.write("gph2020: skipped, the replay's folder is not there (GPH2020 names another)\n");

const CHECKER = resolve(import.meta.dirname, "../../docs/check_proof.py");
const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** Teams that registered after the end, by the data's own account (999 on the board, 951 ranked). */
const TOO_LATE = 48;

interface Imported {
  lines: number;
  accepted: number;
  rejected: { line: number; code: string }[];
}

let engine: Engine;
let client: Client;
let folder: string;

describe.skipIf(!isPresent)("the replay of a real hunt", () => {
  let during: { lines: ImportLine[]; imported: Imported };
  let places: string[];
  /** Before anything is judged again. */
  let facts: number;

  beforeAll(async () => {
    engine = await startEngine({ vars: { RATE_LIMITS: "off", ROOT_EVERY_MS: "1000" } });
    client = await Client.of(engine);
    folder = mkdtempSync(join(tmpdir(), "hunt-replay-"));
  });
  afterAll(async () => {
    await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function replay(
    hunt: string,
    posthunt: boolean,
  ): Promise<{ lines: ImportLine[]; imported: Imported }> {
    const { definition, lines } = convert(FOLDER, { posthunt });
    await client.publish(hunt, { ...definition, hunt }, "draft");
    const answer = await client.call<Imported>("POST", `/v1/hunts/${hunt}/import`, {
      token: client.organiserToken,
      body: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
      type: "application/x-ndjson",
    });
    expect(answer.status, answer.text.slice(0, 500)).toBe(200);
    return { lines, imported: answer.body };
  }

  /** The whole leaderboard as "rank team", once it shows every team. */
  async function placesOf(hunt: string): Promise<string[]> {
    const rows: string[] = [];
    for (let offset = 0; ; offset += 500) {
      const { entries, total } = await client.board(hunt, `?limit=500&offset=${offset}`);
      rows.push(...entries.map(({ rank, team }) => `${rank} ${team.name}`));
      if (offset + 500 >= total) return rows;
    }
  }

  test("[API-61] every line is accepted but the joins after the end", { timeout: 360_000 }, async () => {
    during = await replay("gph2020", false);
    const { lines, imported } = during;
    expect(imported.lines).toBe(lines.length);
    const { teams } = JSON.parse(readFileSync(join(FOLDER, "teams.json"), "utf8")) as { teams: ReplayTeam[] };
    const late = new Set(teams.filter(([, , , beforeEnd]) => !beforeEnd).map(([team]) => team));
    expect(late.size).toBe(TOO_LATE);
    expect(imported.rejected).toHaveLength(TOO_LATE);
    for (const { line, code } of imported.rejected) {
      expect(lines[line - 1]).toMatchObject({ type: "join" });
      expect(late).toContain(lines[line - 1]?.team);
      expect(code).toBe("conflict");
    }
    expect(imported.accepted).toBe(lines.length - TOO_LATE);
  });

  test("[API-61] every right guess of the record was open to its team, and every wrong one within its limit", {
    timeout: 180_000,
  }, async () => {
    const answers = (await client.export("gph2020")).filter(({ type }) => type === "answer");
    const count = (outcome: string) => answers.filter((line) => line.outcome === outcome).length;
    expect({ correct: count("correct"), incorrect: count("incorrect") }).toEqual({
      correct: 8_644,
      incorrect: 19_136,
    });
  });

  test("[API-61] the leaderboard has the order its own export gives by the rules", {
    timeout: 180_000,
  }, async () => {
    await expect
      .poll(async () => (await client.board("gph2020")).total, { timeout: 60_000 })
      .toBe(999 - TOO_LATE);
    const lines = await client.export("gph2020");
    const { final_puzzle } = JSON.parse(readFileSync(join(FOLDER, "hunt.json"), "utf8")) as ReplayHunt;
    const expected = orderOf(lines, final_puzzle);
    await expect.poll(() => placesOf("gph2020"), { timeout: 60_000 }).toEqual(expected);
    places = expected;
    facts = lines.length;
    expect(await client.verify("gph2020")).toMatchObject({ teams: 999 - TOO_LATE });
  });

  test("[COR-13] judged again by the definition that it was played by, nobody moves; by another key what was said moves, and undone nobody did", {
    timeout: 720_000,
  }, async () => {
    const regrade = async (dryRun: boolean): Promise<Regraded> => {
      const told = await client.organise<Regraded>("POST", "/v1/hunts/gph2020/regrade", { dryRun });
      expect(told.status, told.text.slice(0, 500)).toBe(200);
      return told.body;
    };
    const none = { events: 8_644 + 19_136, teamsMoved: 0, changes: [], clues: [], prizes: [] };
    expect(await regrade(true)).toEqual(none);
    expect(await regrade(false)).toEqual(none);
    expect(await placesOf("gph2020")).toEqual(places);

    // The most common wrong answer of the clue with most of them was right, after all.
    const { definition } = convert(FOLDER, { posthunt: false });
    const wrong = new Map<string, number>();
    for (const { clue, answer, outcome } of await client.export("gph2020")) {
      if (outcome !== "incorrect") continue;
      const key = JSON.stringify([clue, answer]);
      wrong.set(key, (wrong.get(key) ?? 0) + 1);
    }
    const [[most] = [""]] = [...wrong].sort(([, a], [, b]) => b - a);
    const [clue, answer] = JSON.parse(most) as [string, string];
    const clues = definition.clues.map((each) =>
      each.id === clue ? { ...each, answers: [...(each.answers ?? []), answer] } : each,
    );
    await client.publish("gph2020", { ...definition, clues, hunt: "gph2020" }, "draft");
    const said = await regrade(true);
    expect(said.teamsMoved).toBeGreaterThan(0);
    const { id = "", ...made } = await regrade(false);
    expect(made).toEqual(said);
    await expect.poll(() => placesOf("gph2020"), { timeout: 60_000 }).not.toEqual(places);
    await client.verify("gph2020");
    const undone = await client.organise("POST", `/v1/hunts/gph2020/regrade/${id}/undo`, {
      reason: "it was not",
    });
    expect(undone.status, undone.text).toBe(200);
    await client.publish("gph2020", { ...definition, hunt: "gph2020" }, "draft");
    await expect.poll(() => placesOf("gph2020"), { timeout: 60_000 }).toEqual(places);
    expect(await regrade(true)).toEqual(none);
    await client.verify("gph2020");
  });

  test("[LOG-23] every line of its export is proven; a changed character, a line left out and two exchanged are found", {
    timeout: 540_000,
  }, async () => {
    const { text } = await client.organise<string>("GET", "/v1/hunts/gph2020/export");
    const lines = linesOf(text).length;
    const path = join(folder, "export.ndjson");
    writeFileSync(path, text);
    const prove = (file: string) => {
      const told: string[] = [];
      const sink = new Writable({
        write(chunk: Buffer, _, done) {
          told.push(chunk.toString("utf8"));
          done();
        },
      });
      const env = { HUNT_TOKEN: client.organiserToken };
      const around = { stdin: Readable.from([]), stdout: sink, stderr: sink, env };
      return main(["proof", "gph2020", file, "--url", engine.url.href], around).then(
        (exit) => `${exit} ${told.join("")}`,
      );
    };
    await expect
      .poll(() => prove(path), { timeout: 270_000, interval: 2_000 })
      .toMatch(new RegExp(`^0 ${lines.toLocaleString("en")} facts proven by`));
    const at = text.lastIndexOf('"outcome":"incorrect"');
    const number = linesOf(text.slice(0, at)).length;
    const pages: string[] = [];
    for (let cursor: string | undefined = "0"; cursor !== undefined; ) {
      const page: { text: string; body: { cursor?: string } } = await client.call<{ cursor?: string }>(
        "GET",
        `/v1/hunts/gph2020/proof?cursor=${cursor}`,
      );
      const place = join(folder, `roots-${cursor}.json`);
      writeFileSync(place, page.text);
      pages.push(place);
      ({ cursor } = page.body);
    }
    const byPython = (): string => {
      const { status, stdout, stderr } = spawnSync("python3", [CHECKER, path, ...pages], {
        encoding: "utf8",
      });
      return `${status} ${stdout}${stderr}`;
    };
    if (hasPython) expect(byPython()).toBe(`0 ${lines} facts proven, 0 newer than the last root\n`);
    const edited = (edit: (all: string[]) => void): string => {
      const all = linesOf(text);
      edit(all);
      return all.map((line) => `${line}\n`).join("");
    };
    const middle = Math.floor(lines / 2);
    const wrong = [
      [
        number,
        "it is not as it was recorded",
        `${text.slice(0, at)}"outcome":"incorrecT"${text.slice(at + 21)}`,
      ],
      [middle + 1, "", edited((all) => all.splice(middle, 1))],
      [middle + 1, "", edited((all) => all.splice(middle, 2, all[middle + 1] ?? "", all[middle] ?? ""))],
    ] as const;
    for (const [line, why, broken] of wrong) {
      writeFileSync(path, broken);
      expect(await prove(path)).toMatch(new RegExp(`^1 .*line ${line}: ${why}`));
      if (hasPython) expect(byPython()).toMatch(/^1 /);
    }
  });

  test("[API-62] solves after the end change no place", { timeout: 360_000 }, async () => {
    const { lines, imported } = await replay("gph2020-late", true);
    expect(lines.length).toBe(during.lines.length + 1_129);
    expect(imported.lines).toBe(lines.length);
    const reasons = new Set(imported.rejected.map(({ line, code }) => `${lines[line - 1]?.type} ${code}`));
    // Teams that never joined cannot answer.
    expect(reasons).toEqual(new Set(["join conflict", "answer not_found"]));
    await expect.poll(() => placesOf("gph2020-late"), { timeout: 60_000 }).toEqual(places);
    expect(await client.export("gph2020-late")).toHaveLength(facts);
    await client.verify("gph2020-late");
  });
});

/** The places by the ranking `finish` (docs/hunt-format.md), from the facts alone. */
function orderOf(lines: readonly ExportedFact[], finish: string): string[] {
  interface Row {
    name: string;
    finished: number;
    solves: number;
    last: number;
    shard: string;
    seq: number;
  }
  const rows = new Map<string, Row>();
  for (const line of lines) {
    const at = Date.parse(line.at);
    const row = rows.get(line.team);
    if (line.type === "join" && !row) {
      const { name } = line.created as { name: string };
      rows.set(line.team, {
        name,
        finished: Infinity,
        solves: 0,
        last: at,
        shard: line.shard,
        seq: line.seq,
      });
    } else if (row && line.outcome === "correct") {
      row.solves += 1;
      row.last = at;
      row.seq = line.seq;
      if (line.clue === finish) row.finished = at;
    }
  }
  const ordered = [...rows.values()].sort((a, b) => {
    if (a.finished !== b.finished) return a.finished - b.finished;
    if (a.finished === Infinity && a.solves !== b.solves) return b.solves - a.solves;
    if (a.finished === Infinity && a.last !== b.last) return a.last - b.last;
    return a.shard < b.shard ? -1 : a.shard > b.shard ? 1 : a.seq - b.seq;
  });
  return ordered.map(({ name }, index) => `${index + 1} ${name}`);
}
