/** Running teams from the command line, against an engine of their own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../scripts/hunt/main.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { TeamsMade } from "../../src/contract/team.ts";
import { Client, type Player } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";

const HUNT = "boats";

let folder: string;
let engine: Engine;
let client: Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hunt-run-team-"));
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  const brackets = ["locals", "visitors"].map((id) => ({ id, title: id }));
  await client.publish(HUNT, manyClues(2, { teams: { mode: "teams", maxSize: 6 }, brackets }));
});
afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true });
});

async function hunt(...argv: string[]) {
  const told = { out: "", error: "" };
  const sink = (to: keyof typeof told) =>
    new Writable({
      write(chunk: Buffer, _, done) {
        told[to] += chunk.toString();
        done();
      },
    });
  const exit = await main([...argv, "--url", engine.url.origin], {
    stdin: Readable.from([]),
    stdout: sink("out"),
    stderr: sink("error"),
    env: { HUNT_TOKEN: client.organiserToken },
  });
  return { exit, ...told };
}

const path = (name: string): string => join(folder, name);

describe("[CLI-8] teams made beforehand", () => {
  test("from CSV: their codes as a list, as CSV and as a sheet; the same list again makes none", async () => {
    writeFileSync(
      path("teams.csv"),
      'name,bracket\r\n"Owls, the first",locals\r\n=Gulls,\r\nSeals,nobodys\r\n',
    );
    const made = await hunt("make-teams", HUNT, path("teams.csv"), "--json");
    expect(made.exit, made.error).toBe(0);
    const { created, rejected, teams } = JSON.parse(made.out) as TeamsMade;
    expect([created, rejected.map(({ line }) => line), teams.map(({ name }) => name)]).toEqual([
      2,
      [4],
      ["Owls, the first", "=Gulls"],
    ]);
    const out = ["--out", path("codes.csv"), "--sheet", path("sheet.html"), "--strict"];
    const again = await hunt("make-teams", HUNT, path("teams.csv"), ...out);
    expect(again.exit).toBe(1);
    expect(again.error).toContain("line 4: ");
    expect(again.error).toContain("0 teams made, 2 there before, 1 line rejected");
    const [owls, gulls] = teams.map(({ joinCode }) => joinCode);
    const link = (code: string | undefined) => `${engine.url.origin}/play/${HUNT}?join=${code}`;
    expect(readFileSync(path("codes.csv"), "utf8")).toBe(
      `\ufeffname,code,link\r\n"Owls, the first",${owls},${link(owls)}\r\n'=Gulls,${gulls},${link(gulls)}\r\n`,
    );
    const sheet = readFileSync(path("sheet.html"), "utf8");
    expect(sheet).toContain("Owls, the first");
    expect(sheet).toContain(owls);
    expect(sheet.match(/<svg xmlns/g)?.length ?? sheet.match(/class="qr"/g)?.length).toBe(2);
    const joined = await client.join(HUNT, { name: "Ann", team: { join: owls ?? "" } });
    expect(joined.team.name).toBe("Owls, the first");
  });
});

describe("[CLI-8] a team and its players", () => {
  let ann: Player;
  let ben: Player;
  let other: Player;
  beforeAll(async () => {
    ann = await client.team(HUNT, "First Boat");
    ben = await client.join(HUNT, { name: "Ben", team: { join: ann.team.joinCode ?? "" } });
    other = await client.team(HUNT, "Second Boat");
  });

  test("another name and bracket", async () => {
    const told = await hunt("alter", HUNT, ann.team.id, "--name", "Barge", "--bracket", "visitors");
    expect(told, told.error).toMatchObject({
      exit: 0,
      out: `${ann.team.id} is called Barge, in the bracket visitors\n`,
    });
    expect((await client.me(ann)).team).toMatchObject({ name: "Barge", bracket: "visitors" });
    expect((await hunt("alter", HUNT, ann.team.id)).exit).toBe(2);
    expect((await hunt("alter", HUNT, ann.team.id, "--name", "Second Boat")).exit).toBe(1);
  });

  test("a return code for who lost everything, by name", async () => {
    const told = await hunt("return", HUNT, ann.team.id, "Ben", "--reason", "a wet phone");
    const code = told.out.trim();
    const back = await client.call<{ player: { id: string } }>("POST", `/v1/hunts/${HUNT}/sessions`, {
      json: { returnCode: code },
    });
    expect(back.status, back.text).toBe(201);
    expect(back.body.player.id).toBe(ben.id);
    const { out } = await hunt("audit", HUNT, "--json");
    expect(out).toContain("a wet phone");
    expect(out).not.toContain(code);
  });

  test("moved to another team, and taken out of it", async () => {
    const moved = await hunt("move", HUNT, ann.team.id, "Ben", other.team.id);
    expect(moved, moved.error).toMatchObject({ exit: 0, out: "Ben is in Second Boat now\n" });
    const removed = await hunt("remove", HUNT, other.team.id, ben.id, "--reason", "asked to");
    expect(removed, removed.error).toMatchObject({ exit: 0 });
    expect((await client.me(other)).team.members).toHaveLength(1);
    const nobody = await hunt("remove", HUNT, other.team.id, "Nobody");
    expect(nobody.exit).toBe(1);
    await client.verify(HUNT);
  });
});
