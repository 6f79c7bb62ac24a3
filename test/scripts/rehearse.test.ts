/** `hunt rehearse`, against an engine. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../../scripts/hunt/main.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";

let engine: Engine;
let client: Client;
const folder = mkdtempSync(join(tmpdir(), "hunt-rehearse-"));

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await client.publish("evening", { ...manyClues(1), title: "The Evening" });
});
afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function hunt(...argv: string[]): Promise<{ exit: number; stdout: string; stderr: string }> {
  const texts = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof texts): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        texts[name] += chunk.toString("utf8");
        done();
      },
    });
  const exit = await main([...argv, "--url", engine.url.href], {
    stdin: Readable.from([]),
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    env: { HUNT_TOKEN: client.organiserToken, DATA_DIR: folder },
  });
  return { exit, ...texts };
}

test("[REH-8] rehearse makes the rehearsal, of a file as well, and ends it", async () => {
  const at = Date.now() + 86_400_000;
  const made = await hunt("rehearse", "evening", "--at", new Date(at).toISOString(), "--json");
  expect(made).toMatchObject({ exit: 0, stderr: "" });
  const told = JSON.parse(made.stdout) as { hunt: string; url: string; token: string; link: string };
  expect(told.hunt).toBe("evening-rehearsal");
  expect(told.link).toContain(`/organise/evening-rehearsal#token=${told.token}`);
  const look = async (id: string) =>
    client.call<{ title: string; serverTime: string }>("GET", `/v1/hunts/${id}`);
  const { body } = await look(told.hunt);
  expect(Date.parse(body.serverTime)).toBeGreaterThanOrEqual(at);

  const draft = join(folder, "draft.yaml");
  writeFileSync(draft, `# a draft\n${JSON.stringify({ ...manyClues(2), title: "The Draft" })}\n`);
  const again = await hunt("rehearse", "evening", "--file", draft, "--as", "evening-dress");
  expect(again, again.stderr).toMatchObject({ exit: 0 });
  expect(again.stdout).toContain("/play/evening-dress");
  expect((await look("evening-dress")).body.title).toBe("The Draft");
  expect((await look("evening-rehearsal")).status).toBe(404);

  expect(await hunt("rehearse", "evening", "--end")).toEqual({
    exit: 0,
    stdout: "evening has no rehearsal any more\n",
    stderr: "",
  });
  expect((await look("evening-dress")).status).toBe(404);
  expect((await hunt("rehearse", "evening", "--end")).exit).toBe(1);
});
