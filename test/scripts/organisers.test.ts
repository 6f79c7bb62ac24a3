/** `hunt organisers` and `hunt revoke`, against an engine of their own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../scripts/hunt/main.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken } from "../../scripts/local/secrets.ts";
import type { Organisers } from "../../src/contract/organisers.ts";

const ADA = { email: "ada@example.org", roles: ["operator", "editor"], hunts: ["harbour-nights"] };
const BOB = { email: "bob@example.org", roles: ["viewer"], hunts: ["*"] };

let folder: string;
let engine: Engine;
let owner: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hunt-organisers-"));
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  owner = file("owner", `${await mintOrganiserToken(engine.secrets)}\n`);
});
afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function hunt(argv: string[], { input = "", token = owner } = {}) {
  const told = { out: "", error: "" };
  const sink = (to: keyof typeof told) =>
    new Writable({
      write(chunk: Buffer, _, done) {
        told[to] += chunk.toString();
        done();
      },
    });
  const exit = await main([...argv, "--url", engine.url.origin, "--token-file", token], {
    stdin: Readable.from(input === "" ? [] : [Buffer.from(input)]),
    stdout: sink("out"),
    stderr: sink("error"),
    env: {},
  });
  return { exit, ...told };
}

describe("[CLI-7] hunt organisers", () => {
  test("lists, and puts back a list that nobody changed meanwhile", async () => {
    const empty = await hunt(["organisers", "--json"]);
    expect(JSON.parse(empty.out)).toEqual({ version: 0, organisers: [] });
    const path = file("list.json", JSON.stringify({ version: 0, organisers: [ADA] }));
    const put = await hunt(["organisers", "--put", path]);
    expect(put, put.error).toMatchObject({ exit: 0, out: "1 organiser in version 1\n" });
    // The file is of before.
    const late = await hunt(["organisers", "--put", path]);
    expect(late.exit).toBe(1);
    expect(late.error).toContain("the list is at version 1 by now");
    const told = await hunt(["organisers"]);
    expect(told.out).toMatch(/ada@example\.org +operator,editor +harbour-nights/);
    expect(told.error).toContain("version 1");
    const saved = (await hunt(["organisers", "--json"])).out;
    const { version, organisers } = JSON.parse(saved) as Organisers & { version: number };
    const changed = JSON.stringify({ version, organisers: [...organisers, BOB] });
    expect((await hunt(["organisers", "--put", "-"], { input: changed })).out).toContain("version 2");
    const bare = file("bare.json", JSON.stringify({ organisers: [BOB] }));
    expect((await hunt(["organisers", "--put", bare])).error).toContain("give --if-match");
    expect((await hunt(["organisers", "--put", bare, "--if-match", "1"])).exit).toBe(1);
    expect((await hunt(["organisers", "--put", bare, "--if-match", "2"])).out).toContain("version 3");
    expect((await hunt(["organisers", "--put", bare, "--if-match", "*"])).out).toContain("version 4");
  });

  test.each([
    ["no JSON", "organisers:", "is no JSON"],
    [
      "a role that there is not",
      JSON.stringify({ version: 0, organisers: [{ ...ADA, roles: ["king"] }] }),
      "roles",
    ],
    [
      "an address twice",
      JSON.stringify({ version: 0, organisers: [ADA, ADA] }),
      "must name each address once",
    ],
    ["a key too many", JSON.stringify({ version: 0, organisers: [], more: 1 }), 'unknown key "more"'],
  ])("%s is told before anything is sent", async (_what, content, says) => {
    const before = (await hunt(["organisers", "--json"])).out;
    const { exit, error } = await hunt(["organisers", "--put", file("wrong.json", content)]);
    expect(exit).not.toBe(0);
    expect(error).toContain(says);
    expect((await hunt(["organisers", "--json"])).out).toBe(before);
  });

  test("is for owners, and is in the audit", async () => {
    const viewer = file(
      "viewer",
      await mintOrganiserToken(engine.secrets, Date.now(), { name: "vera", roles: ["viewer"] }),
    );
    expect(await hunt(["organisers"], { token: viewer })).toMatchObject({ exit: 1, out: "" });
    expect((await hunt(["audit", "-"])).out).toContain("organisers");
  });
});

describe("[CLI-7] hunt revoke", () => {
  const token = (name: string) => mintOrganiserToken(engine.secrets, Date.now(), { name, roles: ["owner"] });
  const idOf = (jwt: string): string =>
    (JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()) as { jti: string }).jti;
  const opens = async (jwt: string): Promise<number> =>
    (await fetch(new URL("/v1/organisers/me", engine.url), { headers: { authorization: `Bearer ${jwt}` } }))
      .status;

  test("voids a token by its id, and a person with all they have", async () => {
    const [one, other, carl] = await Promise.all([token("ada"), token("ada"), token("carl")]);
    const lost = await hunt(["revoke", "--token-id", idOf(one), "--reason", "lost"]);
    expect(lost, lost.error).toMatchObject({ exit: 0 });
    expect([await opens(one), await opens(other), await opens(carl)]).toEqual([401, 200, 200]);
    const left = await hunt(["revoke", "--person", "ada"]);
    expect(left.out).toBe("what ada has is void everywhere within a minute\n");
    expect([await opens(other), await opens(carl)]).toEqual([401, 200]);
    expect((await hunt(["audit", "-"])).out).toContain("lost");
  });

  test("needs to know what, and one of the two", async () => {
    expect(await hunt(["revoke"])).toMatchObject({ exit: 2, out: "" });
    expect((await hunt(["revoke", "harbour-nights", "dinner"])).error).toContain("name a win");
    const both = await hunt(["revoke", "harbour-nights", "dinner", "3", "--person", "ada"]);
    expect(both.error).toContain("not taken back in one go");
  });
});

test("[CLI-7] a token comes from a file, and is in no message", async () => {
  expect((await hunt(["hunts"], { token: join(folder, "nowhere") })).error).toContain("there is no file");
  const wrong = file("wrong-token", "secret-text\n");
  const refused = await hunt(["organisers"], { token: wrong });
  expect(refused.exit).toBe(1);
  expect(refused.error).toContain("wrong-token");
  expect(refused.out + refused.error).not.toContain("secret-text");
  expect((await hunt(["hunts", "--token", "x"])).error).toContain("one too many");
});
