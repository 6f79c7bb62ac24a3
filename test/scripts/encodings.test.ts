/** Files that are no UTF-8: every command that reads one refuses it before anything is sent. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../scripts/hunt/main.ts";
import { otherEncoding } from "../../src/encoding.ts";

let server: Server;
let port: number;
let folder: string;
let bodies: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      bodies.push(Buffer.concat(chunks).toString("utf8"));
      response.end(
        JSON.stringify({
          ...{ lines: 1, accepted: 1, rejected: [], stock: 2, version: 1, warnings: [] },
          ...{ created: 1, existing: 0, teams: [], organisers: [] },
        }),
      );
    });
    request.on("error", () => undefined);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  port = (server.address() as AddressInfo).port;
  folder = mkdtempSync(join(tmpdir(), "hunt-encodings-"));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function hunt(argv: string[], input?: Buffer) {
  bodies = [];
  let text = "";
  const sink = () =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString("utf8");
        done();
      },
    });
  const exit = await main(argv, {
    stdin: Readable.from(input === undefined ? [] : [input]),
    stdout: sink(),
    stderr: sink(),
    env: { PORT: String(port), HUNT_TOKEN: "the-token" },
  });
  return { exit, text };
}

const YAML = `format: 1
title: Caf\u00e9
rounds: [{ id: r, title: R }]
clues: [{ id: a, round: r, title: "\u00c4 – B", kind: answer, answers: [x] }]
prizes: [{ id: p, title: P, stock: 1 }]
`;
const JSON_TEXT = JSON.stringify({ format: 1, title: "Caf\u00e9" });
const CSV = "externalId,name\r\nC-1,Zo\u00eb\r\n";
const PEOPLE = JSON.stringify({
  version: 0,
  organisers: [{ email: "zo\u00eb@example.org", roles: ["viewer"], hunts: ["*"] }],
});
const LINES = `{"externalId":"C-1","name":"Zo\u00eb"}\n`;

/** Windows-1252 has what latin1 has, and a dash where that has a control character. */
const windows1252 = (text: string): Buffer =>
  Buffer.from(Array.from(text, (one) => (one === "–" ? 0x96 : one.charCodeAt(0))));
const utf16be = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();

const ENCODINGS: [string, string, (text: string) => Buffer][] = [
  ["Windows-1252", "Windows-1252", windows1252],
  ["UTF-16LE with its mark", "UTF-16", (text) => Buffer.from(`\ufeff${text}`, "utf16le")],
  ["UTF-16LE without", "UTF-16", (text) => Buffer.from(text, "utf16le")],
  ["UTF-16BE with its mark", "UTF-16", (text) => utf16be(`\ufeff${text}`)],
  ["UTF-16BE without", "UTF-16", utf16be],
];

const READERS: [string, string, string, (path: string) => string[]][] = [
  ["lint", "hunt.yaml", YAML, (path) => ["lint", path]],
  ["lint of JSON", "hunt.json", JSON_TEXT, (path) => ["lint", path]],
  ["publish", "hunt.yaml", YAML, (path) => ["publish", path]],
  ["prizes", "hunt.yaml", YAML, (path) => ["prizes", path]],
  ["stock", "codes.txt", "caf\u00e9-1\n", (path) => ["stock", "h", "p", "1", "--codes", path]],
  ["organisers", "list.json", PEOPLE, (path) => ["organisers", "--put", path]],
  ["make-teams", "teams.csv", "name\r\nZo\u00eb\r\n", (path) => ["make-teams", "h", path]],
  ["registrations of CSV", "players.csv", CSV, (path) => ["registrations", path]],
  ["registrations", "players.ndjson", LINES, (path) => ["registrations", path]],
  ["import", "history.ndjson", LINES, (path) => ["import", "h", path]],
];

describe.each(READERS)("[CLI-1] %s", { timeout: 90_000 }, (_command, name, text, argv) => {
  test.each(ENCODINGS)("refuses %s, with how to save it", async (_encoding, called, encode) => {
    const path = join(folder, name);
    writeFileSync(path, encode(text));
    const refused = await hunt(argv(path));
    expect(refused.exit, refused.text).toBe(2);
    expect(refused.text).toContain(`is not UTF-8: it looks like ${called}`);
    expect(refused.text).toMatch(/save with the encoding UTF-8/);
    if (name.endsWith(".csv")) expect(refused.text).toMatch(/Excel.*CSV UTF-8.*LibreOffice/);
    expect(bodies).toEqual([]);
  });

  test("takes UTF-8 with its mark", async () => {
    const path = join(folder, name);
    writeFileSync(path, `\ufeff${text}`);
    const taken = await hunt(argv(path));
    expect(taken.text).not.toContain("UTF-8");
    expect(taken.exit, taken.text).not.toBe(2);
    if (name === "codes.txt") expect(bodies[0]).toContain('"codes":["caf\u00e9-1"]');
  });
});

describe("[CLI-1] standard input", () => {
  test.each([
    ["lint", ["lint", "-"], YAML],
    ["registrations of CSV", ["registrations", "-", "--csv"], CSV],
    ["import", ["import", "h", "-"], LINES],
  ])("%s refuses it as well", async (_command, argv, text) => {
    for (const [, called, encode] of ENCODINGS) {
      const refused = await hunt(argv, encode(text));
      expect(refused.exit, refused.text).toBe(2);
      expect(refused.text).toContain(`standard input is not UTF-8: it looks like ${called}`);
    }
  });
});

test("[CLI-1] what is no text at all is named, too", async () => {
  const path = join(folder, "players.csv");
  writeFileSync(path, Buffer.from("504b0304140000000800", "hex"));
  expect((await hunt(["registrations", path])).text).toContain("a spreadsheet or another ZIP file");
  expect(otherEncoding(Buffer.from("\u041f\u0440\u0438", "utf8"))).toBeUndefined();
  expect(otherEncoding(Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]))).toContain("Windows-1251");
  expect(otherEncoding(Buffer.from(""))).toBeUndefined();
});
