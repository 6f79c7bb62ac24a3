/** Entry tickets as `hunt entry` and the programs of docs/joining.md make them, held against what the engine takes. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { main } from "../../scripts/hunt/main.ts";
import { newRing } from "../../scripts/local/secrets.ts";
import { verifyEntry } from "../../src/edge/entry.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "hunt-entry-"));
afterAll(() => rmSync(folder, { recursive: true }));
const ENTRY_KEYS = `${newRing()},${newRing()}`;

async function hunt(argv: string[], env: NodeJS.ProcessEnv = {}) {
  const told = { out: "", error: "" };
  const sink = (to: keyof typeof told) =>
    new Writable({
      write(chunk: Buffer, _, done) {
        told[to] += chunk.toString();
        done();
      },
    });
  const around = { stdin: Readable.from([]), stdout: sink("out"), stderr: sink("error"), env };
  return { code: await main(["entry", ...argv], around), ...told };
}

const subjectOf = (ticket: string, at = Date.now()) => verifyEntry({ ENTRY_KEYS }, ticket, ["quays"], at);

describe("[JOIN-11] hunt entry", () => {
  test("makes a ticket by the ring of the environment, good for minutes", async () => {
    const { code, out } = await hunt(["quays", "ada"], { ENTRY_KEYS });
    expect(code).toBe(0);
    expect(await subjectOf(out.trim())).toBe("ada");
    await expect(subjectOf(out.trim(), Date.now() + 11 * 60_000)).rejects.toThrow("expired");
    await expect(verifyEntry({ ENTRY_KEYS }, out.trim(), ["docks"], Date.now())).rejects.toThrow("not valid");
  });

  test("by the ring of a file, as a link, for as long as is asked", async () => {
    const file = join(folder, "ring");
    writeFileSync(file, `${ENTRY_KEYS}\n`);
    const argv = ["quays", "ada", "--ring", file, "--minutes", "60", "--link", "https://hunt.example/"];
    const { out } = await hunt(argv);
    const [, ticket = ""] = /^https:\/\/hunt\.example\/play\/quays#entry=(\S+)\n$/.exec(out) ?? [];
    expect(await subjectOf(ticket, Date.now() + 50 * 60_000)).toBe("ada");
  });

  test("without a ring, with a weak one, or for a wrong link it is wrong usage, and shows no key", async () => {
    const weak = "k1:c2hvcnQ";
    for (const told of [
      await hunt(["quays", "ada"]),
      await hunt(["quays", "ada"], { ENTRY_KEYS: weak }),
      await hunt(["quays", "ada", "--link", "hunt.example"], { ENTRY_KEYS }),
    ]) {
      expect(told.code).not.toBe(0);
      expect(told.error).not.toContain("c2hvcnQ");
    }
  });
});

describe("[JOIN-11] the programs of docs/joining.md make tickets", () => {
  const docs = readFileSync(join(import.meta.dirname, "../../docs/joining.md"), "utf8");
  const program = (language: string): string =>
    new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(docs)?.[1] ?? "";
  const env = { ...process.env, ENTRY_KEYS };

  test("JavaScript", async () => {
    const file = join(folder, "ticket.mjs");
    writeFileSync(file, `${program("js")}console.log(ticket("quays", "ada"));`);
    expect(await subjectOf((await run(process.execPath, [file], { env })).stdout.trim())).toBe("ada");
  });

  test("Python", async () => {
    const file = join(folder, "ticket.py");
    writeFileSync(file, `${program("python")}print(ticket("quays", "ada"))`);
    expect(await subjectOf((await run("python3", [file], { env })).stdout.trim())).toBe("ada");
  });

  test("PHP", async (context) => {
    const php = await run("php", ["--version"]).then(
      () => true,
      () => false,
    );
    if (!php) return context.skip("there is no PHP here");
    const file = join(folder, "ticket.php");
    writeFileSync(file, `${program("php")}echo ticket("quays", "ada");`);
    expect(await subjectOf((await run("php", [file], { env })).stdout.trim())).toBe("ada");
  });
});
