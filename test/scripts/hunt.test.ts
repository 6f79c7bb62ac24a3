import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { jwtVerify } from "jose";
import { encode } from "uqr";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { main } from "../../scripts/hunt/main.ts";
import { qrModules, qrSvg } from "../../scripts/hunt/qr.ts";
import { secretsOf } from "../../scripts/local/secrets.ts";
import { fingerprintOf, keyRing } from "../../src/secrets.ts";

const DEMO = new URL("../../hunts/harbour-nights.yaml", import.meta.url).pathname;

interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}

interface Scripted {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

let server: Server;
let url: string;
let folder: string;
let seen: Seen[];
/** The responses of the fake engine, in order; the last one again and again. */
let responses: Scripted[];

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      seen.push({ method, url: path, headers, body: Buffer.concat(chunks).toString("utf8") });
      const {
        status = 200,
        headers: told = {},
        body = {},
      } = (responses.length > 1 ? responses.shift() : responses[0]) ?? {};
      response.writeHead(status, told);
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), "hunt-cli-"));
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  seen = [];
  responses = [{}];
});

afterEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
});

/** Runs a command line as `npm run hunt --` would, against the fake engine. */
async function hunt(
  argv: string[],
  { input = "", env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {},
) {
  const texts = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof texts) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        texts[name] += chunk.toString("utf8");
        done();
      },
    });
  const port = new URL(url).port;
  const exit = await main(argv, {
    stdin: Readable.from(input === "" ? [] : [Buffer.from(input)]),
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    env: { PORT: port, HUNT_TOKEN: "the-token", DATA_DIR: join(folder, "data"), ...env },
  });
  return { exit, ...texts };
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const problem = (status: number, code: string, more: object = {}): Scripted => ({
  status,
  headers: { "content-type": "application/problem+json", "retry-after": "0" },
  body: {
    type: `urn:hunt:problem:${code}`,
    title: `Title of ${code}`,
    status,
    code,
    detail: "why",
    requestId: "r-1",
    ...more,
  },
});

// ── Arguments ────────────────────────────────────────────────────────────────

test.each([
  { argv: [], says: "no command is given" },
  { argv: ["dance"], says: 'no command "dance"' },
  { argv: ["stats"], says: "<hunt> is missing; usage: hunt stats <hunt>" },
  { argv: ["stats", "a", "b"], says: '"b" is too much' },
  { argv: ["stats", "a", "--shiny"], says: "Unknown option '--shiny'" },
  { argv: ["stats", "a", "--url"], says: "--url" },
  { argv: ["stats", "a", "--url", "ftp://x"], says: "--url must be an http or https address" },
  { argv: ["phase", "a", "draft"], says: "live, paused, ended or final" },
  { argv: ["award", "a", "t", "1.5"], says: "<points> must be a whole number" },
  { argv: ["shards", "a", "0"], says: "<n> must be a whole number from 1" },
  { argv: ["leaderboard", "a", "--limit", "501"], says: "--limit must be a whole number from 1 to 500" },
  { argv: ["publish", "/nowhere/x.yaml"], says: "there is no file /nowhere/x.yaml" },
  { argv: ["codes", "a", "--carry", "both"], says: "--carry is url or code" },
  { argv: ["delete", "a", "--reason", "over"], says: "--confirm a says that it is meant" },
  { argv: ["delete", "a", "--confirm", "b", "--reason", "over"], says: "--confirm a says that it is meant" },
  { argv: ["delete", "a", "--confirm", "a"], says: "--reason is missing" },
  { argv: ["rehearse", "a", "--at", "soon"], says: "--at must be a time" },
  { argv: ["rehearse", "a", "--end", "--as", "b"], says: "--as says nothing of a rehearsal that ends" },
  { argv: ["rehearse", "a", "--file", "/nowhere/x.yaml"], says: "there is no file /nowhere/x.yaml" },
])("wrong usage is exit code 2 and one line, nothing is sent: $argv", async ({ argv, says }) => {
  const { exit, stdout, stderr } = await hunt(argv);
  expect({ exit, stdout, sent: seen.length }).toEqual({ exit: 2, stdout: "", sent: 0 });
  expect(stderr).toContain(says);
  expect(stderr).not.toContain("    at ");
});

test("every command has a help with an example", async () => {
  const { exit, stdout } = await hunt(["--help"]);
  expect(exit).toBe(0);
  const names = [...stdout.matchAll(/^ {2}([a-z-]+)/gm)].map((match) => match[1] ?? "");
  expect(names).toHaveLength(69);
  for (const name of names) {
    const help = await hunt([name, "--help"]);
    expect(help.exit).toBe(0);
    expect(help.stdout).toContain(`Example\n  npm run hunt -- ${name}`);
  }
});

test("a negative number is an argument, not an option", async () => {
  responses = [{ status: 201, body: { score: 50 } }];
  const { exit, stdout } = await hunt(["award", "h", "t", "-50", "--reason", "-1 for you"]);
  expect({ exit, stdout }).toEqual({ exit: 0, stdout: "t has 50 points now\n" });
  expect(JSON.parse(seen[0]?.body ?? "")).toEqual({ points: -50, reason: "-1 for you" });
  expect(seen[0]?.url).toBe("/v1/hunts/h/teams/t/awards");
});

test("the token is HUNT_TOKEN, --token goes before it, and else one is minted from the local secrets", async () => {
  responses = [{ body: { hunts: [] } }];
  await hunt(["hunts"]);
  await hunt(["hunts", "--token", "other"]);
  await secretsOf(join(folder, "data"));
  await hunt(["hunts"], { env: { HUNT_TOKEN: "" } });
  expect(seen.map(({ headers }) => headers.authorization)).toEqual([
    "Bearer the-token",
    "Bearer other",
    expect.stringMatching(/^Bearer eyJ[\w-]+\.[\w-]+\.[\w-]+$/),
  ]);
});

test("a token made for the local engine is not sent anywhere else", async () => {
  // The second one is a name that anybody can register.
  for (const url of ["https://hunt.example", "http://127.0.0.1.hunt.example"]) {
    const { exit, stderr } = await hunt(["hunts", "--url", url], { env: { HUNT_TOKEN: "" } });
    expect(exit).toBe(2);
    expect(stderr).toContain("give --token");
  }
});

test("a draw whose seed is not published yet is told as that, and not as wrong", async () => {
  const prize = { id: "shell", mode: "odds", odds: 0.1, stock: 1, drawHash: "00" };
  responses = [{ body: { prizes: [prize] } }, { body: prize }];
  const { exit, stdout, stderr } = await hunt(["check-draw", "h"]);
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
  expect(stderr).toContain("not yet: draws can be checked once the hunt has ended");
});

test("[CLI-2] token prints just a token, by the secrets of an engine that has run", async () => {
  await secretsOf(join(folder, "other"));
  const first = await hunt(["token", "--data-dir", join(folder, "other")]);
  const again = await hunt(["token", "--data-dir", join(folder, "other"), "--json"]);
  expect(first.stdout).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/);
  expect(JSON.parse(again.stdout)).toEqual({ token: expect.stringMatching(/^eyJ/) });
  expect(readdirSync(join(folder, "other"))).toEqual(["secrets.json"]);
});

test("[CLI-2] where no engine has run, a token is an error, and nothing is made", async () => {
  for (const [argv, env] of [
    [["token", "--data-dir", join(folder, "nope")], {}],
    [["token"], { DATA_DIR: join(folder, "nope") }],
    [["token", "--data-dir", file("a-file", "x")], {}],
    [["hunts", "--data-dir", join(folder, "nope")], { HUNT_TOKEN: "" }],
  ] as const) {
    const { exit, stdout, stderr } = await hunt([...argv], { env });
    expect({ exit, stdout }, argv.join(" ")).toEqual({ exit: 2, stdout: "" });
    expect(stderr).toMatch(/there is no secrets\.json in .*(?:nope|a-file): no engine has run there/);
  }
  expect(readdirSync(folder)).toEqual(["a-file"]);
  expect(seen).toEqual([]);
});

test("[CLI-3] a deployed engine's token is made from its ring of keys, in a file or from standard input", async () => {
  const { stdout: ring } = await hunt(["ring"]);
  const [key] = keyRing("ORGANISER_TOKEN_KEYS", ring.trim());
  const path = file("ORGANISER_TOKEN_KEYS", ring);
  const made = [await hunt(["token", "--ring", path]), await hunt(["token", "--ring", "-"], { input: ring })];
  for (const { exit, stdout } of made) {
    expect(exit).toBe(0);
    const { protectedHeader, payload } = await jwtVerify(stdout.trim(), key?.bytes ?? new Uint8Array());
    expect(protectedHeader.kid).toBe(key?.id);
    expect(payload).toMatchObject({ aud: "hunt-organiser" });
  }
  const wrong = await hunt(["token", "--ring", file("wrong", "no ring\n")]);
  expect({ exit: wrong.exit, stdout: wrong.stdout }).toEqual({ exit: 2, stdout: "" });
  expect(wrong.stderr).toContain("malformed");
});

test("[CLI-6] a token names its person, roles and hunts, and how long it is good", async () => {
  const { stdout: ring } = await hunt(["ring"]);
  const [key] = keyRing("ORGANISER_TOKEN_KEYS", ring.trim());
  const env = { ORGANISER_TOKEN_KEYS: ring };
  const claimsOf = async (token: string) =>
    (await jwtVerify(token.trim(), key?.bytes ?? new Uint8Array())).payload;
  const words = ["--name", "Ada", "--role", "operator,editor", "--hunts", "one, two", "--days", "7"];
  const made = await claimsOf((await hunt(["token", ...words], { env })).stdout);
  expect(made).toMatchObject({
    aud: "hunt-organiser",
    sub: "Ada",
    roles: ["operator", "editor"],
    hunts: ["one", "two"],
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect((made.exp ?? 0) - (made.iat ?? 0)).toBe(7 * 86_400);
  const usual = await claimsOf((await hunt(["token"], { env })).stdout);
  expect(usual).toMatchObject({ sub: "local", roles: ["owner"], hunts: ["*"] });
  const { stdout: link } = await hunt(["token", "--link", "--url", "https://hunt.example"], { env });
  expect(link).toMatch(/^https:\/\/hunt\.example\/organise#token=eyJ/);
  const monitor = await claimsOf((await hunt(["token", "--ops", "--name", "prometheus"], { env })).stdout);
  expect(monitor).toMatchObject({ aud: "hunt-ops", sub: "prometheus" });
  for (const [argv, says] of [
    [["--role", "king"], "--role must be a list of viewer"],
    [["--role", "judge,judge"], "--role must be"],
    [["--hunts", ""], "--hunts must be"],
    [["--hunts", "No Slug"], "--hunts must be"],
    [["--days", "367"], "--days must be a whole number from 1 to 366"],
    [["--name", " "], "--name must be"],
    [["--ops", "--role", "judge"], "--role says nothing"],
    [["--ops", "--link"], "does not sign in"],
  ] as const) {
    const { exit, stdout, stderr } = await hunt(["token", ...argv], { env });
    expect({ exit, stdout }, argv.join(" ")).toEqual({ exit: 2, stdout: "" });
    expect(stderr).toContain(says);
  }
  const wrong = await hunt(["token"], { env: { ORGANISER_TOKEN_KEYS: "no ring" } });
  expect(wrong.exit).toBe(2);
  expect(wrong.stderr).not.toContain("no ring");
});

test("[CLI-4] an unknown bracket is an error with those that there are", async () => {
  responses = [{ body: { brackets: [{ id: "locals", title: "Locals" }] } }];
  const { exit, stdout, stderr } = await hunt(["leaderboard", "h", "--bracket", "nope"]);
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: "" });
  expect(stderr).toContain('there is no bracket "nope"; known: locals');
});

test("[CLI-4] examples in the help name what the demo has", async () => {
  const demo = readFileSync(DEMO, "utf8");
  for (const command of [
    "winners",
    "stock",
    "withdraw",
    "revoke",
    "unlock",
    "solve",
    "unsolve",
    "announce",
  ]) {
    const { stdout } = await hunt([command, "--help"]);
    const [, example = ""] = /Example\n {2}npm run hunt -- (.*)/.exec(stdout) ?? [];
    const named = ((of): RegExp => {
      if (of === "announce") return /--clue (\S+)/;
      if (of.endsWith("lock") && of !== "stock") return / (\S+) --reason/;
      return of.endsWith("solve") ? / (\S+) --/ : /harbour-nights (\S+)/;
    })(command);
    expect(demo, example).toContain(`id: ${named.exec(example)?.[1]}\n`);
  }
});

test("[CLI-4] one is one: points, teams, lines, units", async () => {
  responses = [{ body: { score: 1 } }];
  expect((await hunt(["award", "h", "t", "1"])).stdout).toContain("t has 1 point now\n");
  responses = [{ body: { lines: 1, accepted: 1, rejected: [] } }];
  expect((await hunt(["import", "h", "-"], { input: "{}" })).stdout).toContain(
    "1 line: 1 accepted, 0 rejected",
  );
  responses = [{ body: { stock: 1 } }];
  expect((await hunt(["stock", "h", "p", "1"])).stdout).toContain("p has 1 unit in all now");
});

test("[SEC-84] ring prints a ring of one new key, whose id names it", async () => {
  const { stdout, exit } = await hunt(["ring"]);
  expect(exit).toBe(0);
  const [key] = keyRing("CODE_KEYS", stdout.trim());
  expect(stdout).toMatch(/^f[0-9a-f]{10}:[\w-]{43}\n$/);
  expect(key?.id).toBe(fingerprintOf(key?.bytes ?? new Uint8Array()));
  expect((await hunt(["ring"])).stdout).not.toBe(stdout);
});

test("a path is relative to where npm was called, not to the project", async () => {
  file("here.yaml", readFileSync(DEMO, "utf8"));
  const { exit } = await hunt(["lint", "here.yaml"], {
    env: { npm_lifecycle_event: "hunt", INIT_CWD: folder },
  });
  expect(exit).toBe(0);
});

// ── Errors of the engine ─────────────────────────────────────────────────────

test("a problem is one line, its issues follow, exit code 1", async () => {
  const issues = [
    { path: "clues.3.opens", code: "unknown-clue", message: "there is no clue x" },
    { path: "", code: "syntax", message: "odd" },
  ];
  responses = [problem(422, "invalid", { issues })];
  const { exit, stdout, stderr } = await hunt(["publish", DEMO]);
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
  expect(stderr).toBe(
    "error: Title of invalid: why\nclues.3.opens  unknown-clue  there is no clue x\n.              syntax        odd\n",
  );
});

test("with --json a problem is on stdout as well", async () => {
  responses = [problem(404, "not_found")];
  const { exit, stdout } = await hunt(["stats", "h", "--json"]);
  expect(exit).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ status: 404, code: "not_found", requestId: "r-1" });
});

test("an error that is no problem document shows the status, not the page", async () => {
  responses = [{ status: 502, body: "<html>nginx</html>" }];
  const { exit, stderr } = await hunt(["stats", "h"]);
  expect(exit).toBe(1);
  expect(stderr).toContain("502");
  expect(stderr).not.toContain("html");
});

test("no engine is exit code 3", async () => {
  const { exit, stderr } = await hunt(["stats", "h", "--url", "http://127.0.0.1:1"]);
  expect(exit).toBe(3);
  expect(stderr).toMatch(/^error: no engine responds at http:\/\/127\.0\.0\.1:1 .*\n$/);
});

test.each([429, 503])("%i is tried again after Retry-After, five times at most", async (status) => {
  responses = [problem(status, "overloaded"), problem(status, "overloaded"), { body: { hunts: [] } }];
  expect((await hunt(["hunts"])).exit).toBe(0);
  expect(seen).toHaveLength(3);
  seen = [];
  responses = [problem(status, "overloaded")];
  expect((await hunt(["hunts", "--quiet"])).exit).toBe(1);
  expect(seen).toHaveLength(6);
});

test("what would count twice is not sent again when it may have been done", async () => {
  responses = [problem(503, "unavailable")];
  expect((await hunt(["award", "h", "t", "5"])).exit).toBe(1);
  expect(seen).toHaveLength(1);
  responses = [problem(503, "overloaded"), { status: 201, body: { score: 5 } }];
  expect((await hunt(["award", "h", "t", "5"])).exit).toBe(0);
});

// ── Lint and publish ─────────────────────────────────────────────────────────

test("lint says path, code, message and line; issues are exit code 1", async () => {
  const path = file(
    "bad.yaml",
    [
      "format: 1",
      "title: Bad",
      "rounds: [{ id: one, title: One }]",
      "clues:",
      "  - { id: a, round: two, title: A, kind: answer, answers: [x] }",
      "  - { id: a, round: one, title: B, kind: answer, answers: [y] }",
      "",
    ].join("\n"),
  );
  const { exit, stdout, stderr } = await hunt(["lint", path]);
  expect(exit).toBe(1);
  expect(stdout).toContain('clues.0.round  unknown-round  there is no round "two" (line 5)\n');
  expect(stdout).toContain('clues.1.id     duplicate-id   the id "a" is given twice (line 6)\n');
  expect(stderr).toBe(`${path}: 2 issues, 0 warnings\n`);
  expect(seen).toEqual([]);
});

const WARNED = [
  "format: 1",
  "title: Warned",
  "rounds: [{ id: one, title: One }]",
  "clues:",
  "  - { id: a, round: one, title: A, kind: answer, answers: [x], points: 5, hints: [{ id: h, text: T, cost: 9 }] }",
  "",
].join("\n");

test("[DEF-5] lint and publish tell shape and meaning together, of the hunt that the definition names", async () => {
  const faulty = readFileSync(DEMO, "utf8")
    .replace("languages: [en, de]", "languages: [en, de]\ncolour: red")
    .replace("solved: admiral", "solved: nobody");
  const path = file("other-name.yaml", faulty);
  const linted = await hunt(["lint", path]);
  expect(linted.exit).toBe(1);
  expect(linted.stdout).toMatch(/^colour +unknown-key +unknown key "colour" \(line \d+\)$/m);
  expect(linted.stdout).toMatch(/^prizes\.0\.requires\.solved +unknown-clue /m);
  expect(linted.stderr).toContain("2 issues, 0 warnings");
  const published = await hunt(["publish", path]);
  expect(published.exit).toBe(1);
  expect(published.stderr).toContain("2 issues");
  const unnamed = await hunt(["publish", file("A Name.yaml", "titel: x\n")]);
  expect(unnamed.exit).toBe(1);
  expect(unnamed.stderr).toContain('unknown key "titel"');
  expect(seen).toEqual([]);
});

test("warnings pass, with --strict they fail; --json has them with their lines", async () => {
  const path = file("warned.yaml", WARNED);
  expect((await hunt(["lint", path])).exit).toBe(0);
  expect((await hunt(["lint", path, "--strict"])).exit).toBe(1);
  const { stdout, stderr } = await hunt(["lint", path, "--json", "--quiet"]);
  expect(JSON.parse(stdout)).toEqual({
    file: path,
    issues: [],
    warnings: [
      {
        path: "clues.0.hints.0.cost",
        code: "hint-costs-more-than-clue",
        message: expect.any(String),
        line: 5,
      },
      { path: "clues.0.hints.0.cost", code: "hint-unaffordable", message: expect.any(String), line: 5 },
    ],
  });
  expect(stderr).toBe("");
});

test("lint reads standard input, YAML or JSON", async () => {
  const json = JSON.stringify({
    format: 1,
    title: "T",
    rounds: [{ id: "one", title: "One" }],
    clues: [{ id: "a", round: "one", title: "A", kind: "answer", answers: ["x"] }],
  });
  expect((await hunt(["lint", "-", "--hunt", "x"], { input: json })).exit).toBe(0);
  expect((await hunt(["lint", "-", "--hunt", "x"], { input: WARNED })).exit).toBe(0);
});

test("publish sends the text as it is, to the hunt the definition names", async () => {
  responses = [{ status: 201, body: { hunt: "harbour-nights", version: 1, warnings: [] } }];
  const { exit, stdout } = await hunt(["publish", DEMO, "--if-match", "3"]);
  expect({ exit, stdout }).toEqual({ exit: 0, stdout: "harbour-nights is published, version 1\n" });
  expect(seen[0]).toMatchObject({
    method: "PUT",
    url: "/v1/hunts/harbour-nights",
    body: readFileSync(DEMO, "utf8"),
  });
  expect(seen[0]?.headers).toMatchObject({ "content-type": "application/yaml", "if-match": '"3"' });
});

test("the hunt's id is --hunt, else the definition's, else the file's name", async () => {
  const path = file("autumn-walk.yaml", WARNED);
  responses = [{ body: { hunt: "x", version: 2, warnings: [] } }];
  await hunt(["publish", path, "--dry-run"]);
  await hunt(["publish", path, "--hunt", "other"]);
  expect(seen.map((request) => request.url)).toEqual([
    "/v1/hunts/autumn-walk?dryRun=true",
    "/v1/hunts/other",
  ]);
  expect((await hunt(["publish", file("Not A Slug.yaml", WARNED)])).exit).toBe(2);
});

// ── Codes ────────────────────────────────────────────────────────────────────

/** Draws the paths of an SVG of ours on a raster again. */
function rasterOf(svg: string, size: number): boolean[][] {
  const path = /<path d="([^"]*)"/.exec(svg)?.[1] ?? "";
  const raster = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  const rest = path.replaceAll(/M(\d+) (\d+)h(\d+)v1h-(\d+)z/g, (_all, x, y, length, back) => {
    expect(back).toBe(length);
    raster[Number(y)]?.fill(true, Number(x), Number(x) + Number(length));
    return "";
  });
  expect(rest).toBe("");
  return raster;
}

test.each([
  { name: "a code", text: "1.k1.lamp.0123456789abcd" },
  { name: "a link", text: "https://hunt.example/play/x#code=a%2Fb" },
  { name: "other scripts", text: "港の夜 🦉" },
  { name: "a long text", text: "x".repeat(1_500) },
])("the SVG draws exactly the modules of the QR code: $name", ({ text }) => {
  const modules = qrModules(text) ?? [];
  const ecc = (["Q", "M", "L"] as const).find((level) => {
    try {
      return encode(text, { ecc: level, border: 0 });
    } catch {
      return undefined;
    }
  });
  expect(modules).toEqual(encode(text, { ecc: ecc ?? "L", border: 0, boostEcc: true }).data);
  expect(rasterOf(qrSvg(modules), modules.length)).toEqual(modules);
  // Four modules of white on each side.
  expect(qrSvg(modules)).toContain(`viewBox="-4 -4 ${modules.length + 8} ${modules.length + 8}"`);
});

test("no QR code holds too long a text", () => {
  expect(qrModules("x".repeat(3_000))).toBeUndefined();
});

const CODES = Array.from({ length: 8 }, (_, index) => ({
  clue: `clue-${index}`,
  title: index === 0 ? '<script>"&' : `Clue ${index}`,
  code: `1.k1.clue-${index}.aaaa`,
  url: `https://hunt.example/play/h#code=1.k1.clue-${index}.aaaa`,
}));

test("codes makes a sheet of one file: six a page, escaped, nothing from elsewhere", async () => {
  responses = [{ body: { codes: CODES } }, { body: { title: "A & B" } }];
  const { exit, stdout } = await hunt([
    "codes",
    "h",
    "--out",
    join(folder, "sheet.html"),
    "--svg",
    join(folder, "svg"),
  ]);
  expect({ exit, lines: stdout.split("\n").length - 1 }).toEqual({ exit: 0, lines: 2 });
  const html = readFileSync(join(folder, "sheet.html"), "utf8");
  expect(html.match(/<section class="page">/g)).toHaveLength(2);
  expect(html.match(/<article class="card">/g)).toHaveLength(8);
  expect(html).toContain("A &amp; B");
  expect(html).toContain("&lt;script&gt;&quot;&amp;");
  expect(html).not.toMatch(/<script|<link|<img|src=|@import|url\(/);
  for (const { clue, url: carried } of CODES) {
    const svg = qrSvg(qrModules(carried) ?? []);
    expect(html).toContain(svg);
    expect(readFileSync(join(folder, "svg", `h-${clue}.svg`), "utf8")).toBe(`${svg}\n`);
  }
});

test("[WEB-138] the sheet wears the hunt's look, its logo in the file", async () => {
  const logo = "/v1/hunts/h/assets/logo.svg?t=ticket";
  const look = { colour: "#ffd400", font: "mono", logo };
  responses = [{ body: { codes: CODES } }, { body: { hunt: "h", title: "Hunt", look } }, { body: "<svg/>" }];
  await hunt(["codes", "h", "--out", join(folder, "sheet.html")]);
  const html = readFileSync(join(folder, "sheet.html"), "utf8");
  expect(seen.at(-1)?.url).toBe(logo);
  const address = `data:image/svg+xml;base64,${Buffer.from("<svg/>").toString("base64")}`;
  expect(html.split(`<img class="logo" src="${address}" alt="">`)).toHaveLength(CODES.length + 1);
  expect(html).toMatch(/h2 \{ color: #[0-9a-f]{6} \}/);
  expect(html).not.toContain("#ffd400");
  expect(html).toContain("font-family: ui-monospace");
  // Another engine may send anything.
  const canary = "#c8102e}</style><script>alert(1)</script>";
  const strange = { colour: canary, font: canary, logo: "https://elsewhere.example/logo.svg" };
  responses = [{ body: { codes: CODES } }, { body: { hunt: "h", title: "Hunt", look: strange } }];
  await hunt(["codes", "h", "--out", join(folder, "sheet.html")]);
  expect(readFileSync(join(folder, "sheet.html"), "utf8")).not.toMatch(/<script|<img|elsewhere/);
});

test("the sheet can leave out the titles and carry the bare codes", async () => {
  responses = [{ body: { codes: CODES.slice(1) } }, { body: { title: "Hunt" } }];
  await hunt([
    "codes",
    "h",
    "--out",
    join(folder, "sheet.html"),
    "--no-titles",
    "--carry",
    "code",
    "--say",
    "<Hier>",
  ]);
  const html = readFileSync(join(folder, "sheet.html"), "utf8");
  expect(html).not.toContain("Clue 1");
  expect(html).toContain("&lt;Hier&gt;");
  expect(html).toContain(qrSvg(qrModules("1.k1.clue-1.aaaa") ?? []));
});

test("a hunt without scan clues has no sheet", async () => {
  responses = [{ body: { codes: [] } }];
  expect((await hunt(["codes", "h", "--out", join(folder, "sheet.html")])).exit).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

// ── Facts ────────────────────────────────────────────────────────────────────

test("import streams the file; rejected lines are told by reason, and fail with --strict", async () => {
  const path = file("lines.ndjson", '{"a":1}\n{"b":2}\n');
  const rejected = [
    { line: 2, code: "invalid", message: "at: missing" },
    { line: 3, code: "invalid", message: "at: bad" },
    { line: 7, code: "conflict", message: "the time goes back" },
  ];
  responses = [{ body: { lines: 10, accepted: 7, rejected } }];
  const { exit, stdout } = await hunt(["import", "h", path]);
  expect(exit).toBe(0);
  expect(stdout).toBe(
    "10 lines: 7 accepted, 3 rejected\n\ninvalid  2 lines\n  line 2  at: missing\n  line 3  at: bad\n\nconflict  1 line\n  line 7  the time goes back\n",
  );
  expect(seen[0]).toMatchObject({ method: "POST", url: "/v1/hunts/h/import", body: '{"a":1}\n{"b":2}\n' });
  expect(seen[0]?.headers["content-type"]).toBe("application/x-ndjson");
  expect((await hunt(["import", "h", path, "--strict"])).exit).toBe(1);
});

test("an import from a file is sent whole again after 503, one from standard input is not", async () => {
  const path = file("lines.ndjson", '{"a":1}\n');
  responses = [problem(503, "overloaded"), { body: { lines: 1, accepted: 1, rejected: [] } }];
  expect((await hunt(["import", "h", path])).exit).toBe(0);
  expect(seen.map(({ body }) => body)).toEqual(['{"a":1}\n', '{"a":1}\n']);
  responses = [problem(503, "overloaded")];
  expect((await hunt(["import", "h", "-"], { input: '{"b":2}\n' })).exit).toBe(1);
  expect(seen.slice(2).map(({ body }) => body)).toEqual(['{"b":2}\n']);
});

test("registrations sends NDJSON as it is, and a row of CSV as the line of its number", async () => {
  const rejected = [{ line: 3, code: "invalid", message: "blocked: bad" }];
  responses = [{ status: 202, body: { lines: 2, accepted: 1, rejected } }];
  const lines = '{"externalId":"u-1"}\n';
  const csv = "externalId,blocked\nu-1,\nu-2,perhaps\n";
  const { exit, stdout } = await hunt(["registrations", file("players.ndjson", lines)]);
  expect({ exit, stdout }).toEqual({
    exit: 0,
    stdout: "2 lines: 1 accepted, 1 rejected\n\ninvalid  1 line\n  line 3  blocked: bad\n",
  });
  expect((await hunt(["registrations", file("players.csv", csv), "--strict"])).exit).toBe(1);
  await hunt(["registrations", "-", "--csv"], { input: csv });
  await hunt(["registrations", "-"], { input: lines });
  expect(new Set(seen.map(({ method, url: path }) => `${method} ${path}`))).toEqual(
    new Set(["POST /v1/registrations"]),
  );
  const made = '\n{"externalId":"u-1"}\n{"externalId":"u-2","blocked":"perhaps"}\n';
  expect(seen.map(({ body }) => body)).toEqual([lines, made, made, lines]);
  expect(await hunt(["registrations", file("bad.csv", "e-mail\nx\n")])).toMatchObject({
    exit: 2,
    stdout: "",
  });
});

test("export writes the lines as they come, to a file only when they are complete", async () => {
  const lines = '{"seq":1}\n{"seq":2}\n';
  responses = [{ body: lines }];
  expect((await hunt(["export", "h"])).stdout).toBe(lines);
  const { stdout } = await hunt(["export", "h", "--out", join(folder, "x.ndjson"), "--json"]);
  expect(JSON.parse(stdout)).toEqual({ facts: 2, bytes: 20, out: join(folder, "x.ndjson") });
  expect(readFileSync(join(folder, "x.ndjson"), "utf8")).toBe(lines);

  responses = [{ headers: { "content-length": "1000" }, body: lines }];
  server.once("request", (request) => setTimeout(() => request.socket.destroy(), 50));
  expect((await hunt(["export", "h", "--out", join(folder, "y.ndjson")])).exit).toBe(3);
  expect(readdirSync(folder)).toEqual(["x.ndjson"]);
});

// ── Looking ──────────────────────────────────────────────────────────────────

test("verify is exit code 1 when something differs, and says what", async () => {
  responses = [{ body: { ok: true, facts: 7, teams: 2, mismatches: [] } }];
  expect(await hunt(["verify", "h"])).toMatchObject({ exit: 0, stdout: "ok: 7 facts, 2 teams\n" });
  responses = [
    {
      body: {
        ok: false,
        facts: 7,
        teams: 2,
        mismatches: [{ where: "shard", shard: "weur-0", what: "the log jumps" }],
      },
    },
  ];
  const { exit, stdout, stderr } = await hunt(["verify", "h"]);
  expect(exit).toBe(1);
  expect(stdout).toContain("shard  weur-0        the log jumps\n");
  expect(stderr).toBe("error: 1 difference in 7 facts, 2 teams\n");
  expect((await hunt(["verify", "h", "--json"])).exit).toBe(1);
});

test("teams follows the pages; --json is one document", async () => {
  const team = {
    id: "weur-0-0-aaaaa",
    name: "\u001b[31mRed\u202e",
    members: [],
    score: 5,
    solves: 1,
    banned: true,
    hidden: false,
  };
  const pages = () => [
    { body: { teams: [team], cursor: "0.1" } },
    { body: { teams: [{ ...team, id: "weur-0-1-bbbbb", name: "Owls", banned: false }] } },
  ];
  responses = pages();
  const { stdout } = await hunt(["teams", "h"]);
  expect(seen.map((request) => request.url)).toEqual([
    "/v1/hunts/h/teams?limit=500",
    "/v1/hunts/h/teams?limit=500&cursor=0.1",
  ]);
  // A name cannot colour the terminal or turn its direction.
  expect(stdout).toContain("banned   [31mRed\n");
  expect(stdout).toContain("weur-0-1-bbbbb");
  responses = pages();
  expect(JSON.parse((await hunt(["teams", "h", "--json"])).stdout).teams).toHaveLength(2);
  responses = pages();
  expect(JSON.parse((await hunt(["teams", "h", "--json", "--find", "OWL"])).stdout).teams).toMatchObject([
    { name: "Owls" },
  ]);
});

test("--quiet leaves the response and drops the rest", async () => {
  responses = [{ body: { phase: "live" } }];
  expect(await hunt(["phase", "h", "live", "--quiet"])).toEqual({ exit: 0, stdout: "", stderr: "" });
  expect((await hunt(["phase", "h", "live"])).stdout).toBe("h is live\n");
  expect(JSON.parse((await hunt(["phase", "h", "live", "--quiet", "--json"])).stdout)).toEqual({
    phase: "live",
  });
});

test("[DEL-8] delete waits until nothing of the hunt is left, and tells what it waits for", async () => {
  const job = {
    job: "d-1",
    hunt: "h",
    state: "running",
    done: 3,
    of: 9,
    begunAt: "2026-06-06T18:30:00.000Z",
  };
  const waitsFor = "origin: the origin is unavailable: open";
  const done = { ...job, state: "done", done: 9 };
  responses = [
    { status: 202, body: { job: "d-1" } },
    { body: job },
    { body: { ...job, waitsFor } },
    { body: done },
  ];
  const told = await hunt(["delete", "h", "--confirm", "h", "--reason", "it is over"]);
  expect(told).toEqual({
    exit: 0,
    stdout: "h is deleted; its id is free\n",
    stderr: `waits for ${waitsFor}\n`,
  });
  expect(seen.map(({ method, url: path }) => `${method} ${path}`)).toEqual([
    "DELETE /v1/hunts/h?confirm=h&reason=it+is+over",
    ...Array.from({ length: 3 }, () => "GET /v1/jobs/d-1"),
  ]);
  responses = [{ status: 202, body: { job: "d-1" } }, { body: { ...job, state: "failed", waitsFor } }];
  expect(await hunt(["delete", "h", "--confirm", "h", "--reason", "over"])).toMatchObject({
    exit: 1,
    stderr: expect.stringContaining("given up at step 3 of 9"),
  });
  responses = [problem(409, "conflict")];
  expect((await hunt(["delete", "h", "--confirm", "h", "--reason", "over"])).exit).toBe(1);
});

test("[DEL-6] audit tells what is of no hunt", async () => {
  responses = [{ body: { entries: [] } }];
  expect((await hunt(["audit", "-", "--json"])).exit).toBe(0);
  expect(seen.map(({ url: path }) => path)).toEqual(["/v1/audit?limit=1000"]);
});

test("[ADV-9] advice prints a line a limit and exits with 1, and with 0 when there is none", async () => {
  const line = {
    limit: "SHARDS_PER_REGION",
    at: 0.811,
    change: "raise SHARDS_PER_REGION to 5: npm run hunt -- shards harbour-nights 5",
    evidence: "shard weur-2 of harbour-nights is at 81 %",
  };
  responses = [{ body: { advice: [line] } }, { body: { advice: [] } }];
  const told = await hunt(["advice", "--url", url, "--token", "t"]);
  expect(told).toMatchObject({
    exit: 1,
    stdout: `SHARDS_PER_REGION 81 %: ${line.evidence}; ${line.change}\n`,
  });
  expect(await hunt(["advice", "--url", url, "--token", "t"])).toMatchObject({
    exit: 0,
    stdout: "",
    stderr: expect.stringContaining("no limit comes near"),
  });
  expect(seen.map(({ url: path }) => path)).toEqual(["/v1/ops/advice", "/v1/ops/advice"]);
});

test("[SIM-3] simulate plays a definition without an engine, the same each time, and compares versions", async () => {
  const small = ["--teams", "20", "--runs", "2", "--lasts", "1h", "--json"];
  const first = await hunt(["simulate", DEMO, ...small]);
  expect(first.exit).toBe(0);
  expect(seen).toEqual([]);
  const report = JSON.parse(first.stdout);
  expect(report).toMatchObject({ hunt: "harbour-nights", runs: 2, teams: 20, finish: "admiral" });
  expect((await hunt(["simulate", DEMO, ...small])).stdout).toBe(first.stdout);
  const compared = await hunt(["simulate", DEMO, "--against", DEMO, ...small]);
  expect(JSON.parse(compared.stdout)).toEqual({ report, against: report, differences: [] });
  const told = await hunt(["simulate", DEMO, "--teams", "20", "--runs", "2", "--paces", "admiral=1h"]);
  expect(told.stdout).toContain("finish (admiral)");
  expect(told.stdout).toMatch(/golden-shell +7 /);
  for (const [wrong, why] of [
    [["--pace", "soon"], "--pace takes a whole number"],
    [["--paces", "nobody=1m"], "there is no clue nobody"],
    [["--teams", "20000", "--runs", "100"], "teams of all runs are from 1 to 200000"],
  ] as const) {
    const refused = await hunt(["simulate", DEMO, ...wrong]);
    expect(refused.exit).toBe(2);
    expect(refused.stderr).toContain(why);
  }
  const broken = join(folder, "broken.yaml");
  writeFileSync(broken, "format: 1\ntitle: Broken\n");
  expect((await hunt(["simulate", broken])).exit).toBe(1);
});
