/** `hunt import-ctfd` and `hunt import-ctfcli`: what becomes of what they read, and what they refuse. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { finitePattern } from "../../scripts/hunt/imports/finite-pattern.ts";
import { toMarkdown } from "../../scripts/hunt/imports/markup.ts";
import { Zip } from "../../scripts/hunt/imports/zip-file.ts";
import { png, pngWithMore } from "../assets/files.ts";
import { Bench, EVENING, exportOf, type Rows, UPLOADS, zipOf } from "./imports/ctfd-export.ts";

const bench = new Bench();
afterAll(() => bench.remove());

interface Told {
  hunt: string;
  clues: number;
  files: number;
  lines: number;
  findings: { kind: string; about: string; message: string }[];
}
interface WrittenClue {
  id: string;
  opens?: unknown;
  answers: string[];
  [key: string]: unknown;
}
interface Written {
  clues: WrittenClue[];
  [key: string]: unknown;
}

let runs = 0;

async function imported(zip: Buffer) {
  runs += 1;
  const file = await bench.file(`export-${runs}.zip`, zip);
  const out = bench.path(`out-${runs}`);
  const ran = await bench.hunt(["import-ctfd", file, "--out", out, "--json"]);
  expect(ran.exit, ran.stderr).toBe(0);
  const read = (name: string): string => readFileSync(join(out, name), "utf8");
  const linted = await bench.hunt(["lint", join(out, "hunt.yaml")]);
  expect(linted.exit, linted.stdout + linted.stderr).toBe(0);
  return { out, read, told: JSON.parse(ran.stdout) as Told, hunt: parse(read("hunt.yaml")) as Written };
}

const withTables = (more: Record<string, Rows>) => exportOf({ ...EVENING, ...more }, UPLOADS);

/** The one row that matters, on top of what every challenge has. */
const challenges = (...rows: Record<string, unknown>[]): Rows =>
  rows.map((row, index) => ({ id: index + 1, name: `C${index + 1}`, state: "visible", value: 100, ...row }));
const staticFlags = (count: number): Rows =>
  Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    challenge_id: index + 1,
    type: "static",
    content: `f${index}`,
  }));

describe("a CTFd export", () => {
  test("[IMP-1] becomes a folder that publishing takes, and that reads as if it were written by hand", async () => {
    const { out, read, hunt, told } = await imported(await exportOf(EVENING, UPLOADS));
    expect(told).toMatchObject({ hunt: "harbour-ctf", clues: 8 });
    expect(hunt).toMatchObject({
      title: "Harbour CTF",
      description: "By the **water**.",
      opens: "2026-03-07T09:00:00Z",
      closes: "2026-03-07T17:00:00Z",
      teams: { mode: "teams", maxSize: 4 },
      brackets: [{ id: "students", title: "Students" }],
      rounds: [
        { id: "warm-up", title: "Warm-up" },
        { id: "crypto", title: "Crypto" },
      ],
      pages: [{ id: "rules", title: "Rules", body: "Be *kind*." }],
    });
    const clue = (id: string) => hunt.clues.find((each) => each.id === id);
    expect(clue("cafe-au-lait")).toMatchObject({
      tags: ["coffee"],
      points: 100,
      answers: ["flag{Lait}"],
      compare: "exact",
      attachments: ["asset:cafe-au-lait/cup.png", "asset:cafe-au-lait/server-code.py.zip"],
      hints: [
        { id: "hint-1", text: "**Milk**\n\nIt is **white**.", cost: 30 },
        { id: "hint-2", text: "Free." },
      ],
    });
    expect(clue("cafe-au-lait")?.body).toBe(
      "Look at ![the cup](asset:cafe-au-lait/cup.png) and count.\n\\\nThen go.\n\n```\nnc harbour.example 4000\n```\n\nby *Ada*",
    );
    expect(clue("any-case")).toMatchObject({
      compare: "words",
      opens: { solved: "cafe-au-lait" },
      attempts: { perClue: 3 },
    });
    expect(clue("few-texts")).toMatchObject({
      answers: ["flag{one}", "flag{two}"],
      opens: { all: [{ solved: "cafe-au-lait" }, { solved: "any-case" }] },
    });
    expect(clue("later")?.opens).toEqual({ at: "2026-03-07T12:00:00Z" });
    expect(read("hunt.yaml")).toContain('    answers: [ "flag{one}", "flag{two}" ]\n');
    expect(readFileSync(join(out, "assets/cafe-au-lait/cup.png"))).toEqual(Buffer.from(png()));
    expect(read("assets/uploads/loose.txt")).toBe("loose");
    expect(readdirSync(join(out, "assets", "cafe-au-lait"))).toEqual(["cup.png", "server-code.py.zip"]);
    expect(read("left/pages/draft.md")).toBe("Not yet.");
  });

  test("[IMP-2] what decides an answer and cannot be said opens by hand alone, and everything without a counterpart is named", async () => {
    const { hunt, told, read } = await imported(await exportOf(EVENING, UPLOADS));
    const manual = hunt.clues.filter(({ opens }) => opens === "manual").map(({ id }) => id);
    expect(manual).toEqual(["without-a-flag", "hidden", "all-of-them", "by-pattern"]);
    const of = (about: string, kind: string) =>
      told.findings
        .filter((each) => each.about === about && each.kind === kind)
        .map(({ message }) => message);
    expect(of("clue hidden", "manual")).toEqual([
      "it was hidden",
      'put its condition back when it may open by itself: {"solved":"cafe-au-lait"}',
    ]);
    expect(of("clue by-pattern", "manual")).toEqual(["a flag is the regular expression flag\\{.+\\}"]);
    // What players solved it with, so that what was played can be replayed.
    expect(hunt.clues.find(({ id }) => id === "by-pattern")?.answers).toEqual(["flag{whatever}"]);
    expect(of("clue cafe-au-lait", "left")).toEqual([
      'its topic "steganography", which players did not see',
      "how its text looked: <u>",
      'a link that begins with "javascript:"',
      "hint 2 could be had only after another",
    ]);
    expect(of("clue any-case", "left")).toEqual(["its file cc33/gone.txt is not there"]);
    const lefts = told.findings.filter(({ kind }) => kind === "left").map(({ about }) => about);
    for (const about of [
      "table notifications",
      "table tracking",
      "table users",
      "setting mail_password",
      "page draft",
    ]) {
      expect(lefts).toContain(about);
    }
    expect(of("players without a team", "left")).toEqual(["Nobody"]);
    expect(of("hidden there", "left")[0]).toContain("Staff");
    const report = read("report.md");
    for (const { message } of told.findings) {
      expect(report).toContain(message.replaceAll(/[\\`*_[\]<>|]/g, "\\$&"));
    }
    // Neither a secret of the settings nor of a person.
    expect(report + read("replay.ndjson")).not.toMatch(/hunter2|bcrypt|example\.org|192\.0\.2/);
  });

  test("[IMP-3] a clue whose answer nobody told has one that nobody can know", async () => {
    const zip = await withTables({
      challenges: challenges({}),
      flags: [],
      submissions: [],
      unlocks: [],
      awards: [],
    });
    const [first, second] = [await imported(zip), await imported(zip)];
    const answers = [first, second].map(({ hunt }) => hunt.clues[0]?.answers);
    expect(answers[0]).toHaveLength(1);
    expect(answers[0]).not.toEqual(answers[1]);
    expect(first.hunt.clues[0]?.opens).toBe("manual");
  });

  const dynamic = {
    type: "dynamic",
    function: "logarithmic",
    initial: 500,
    minimum: 100,
    decay: 40,
    value: 320,
  };

  test("[IMP-4] values that all fall alike are the hunt's decay", async () => {
    const zip = await withTables({
      challenges: challenges(dynamic, { ...dynamic, initial: 300, value: 300 }),
      flags: staticFlags(2),
    });
    const { hunt } = await imported(zip);
    expect(hunt.scoring).toEqual({ decay: { kind: "log", minimum: 100, solves: 40 } });
    expect(hunt.clues.map(({ points }) => points)).toEqual([300, 500]);
  });

  test("[IMP-4] a linear fall has its solves, as older exports keep it", async () => {
    const zip = await withTables({
      challenges: challenges({ type: "dynamic", value: 460 }),
      dynamic_challenge: [{ id: 1, initial: 500, minimum: 100, decay: 10, function: "linear" }],
      flags: staticFlags(1),
    });
    expect((await imported(zip)).hunt.scoring).toEqual({
      decay: { kind: "linear", minimum: 100, solves: 40 },
    });
  });

  test("[IMP-4] beside a fixed one they are worth what they were at last, and that is told", async () => {
    const zip = await withTables({ challenges: challenges(dynamic, {}), flags: staticFlags(2) });
    const { hunt, told } = await imported(zip);
    expect(hunt.scoring).toBeUndefined();
    expect(hunt.clues.map(({ points }) => points)).toEqual([100, 320]);
    expect(told.findings.some(({ about, message }) => about === "clue c1" && message.includes("320"))).toBe(
      true,
    );
  });

  test("[IMP-2] what waits for itself opens by hand", async () => {
    const zip = await withTables({
      challenges: challenges(
        { requirements: { prerequisites: [2] } },
        { requirements: { prerequisites: [1, 99] } },
        { requirements: { prerequisites: [2] } },
      ),
      flags: staticFlags(3),
    });
    const { hunt, told } = await imported(zip);
    expect(hunt.clues.map(({ opens }) => opens)).toEqual(["manual", "manual", { solved: "c2" }]);
    expect(told.findings.some(({ message }) => message.includes('"99"'))).toBe(true);
  });

  test("[IMP-1] texts and names of every kind make a hunt all the same", async () => {
    const { hunt, told } = await imported(
      await withTables({
        challenges: challenges(
          { name: "日本", description: `${"x".repeat(30_000)} [a]: javascript:alert(1)` },
          {
            name: "日本",
            description: "[go][a] <script>alert(1)</script>\n\n[a]: javascript:alert(1)",
            value: -5,
          },
          {
            name: "A\u202eB\n",
            description: "![p](http://elsewhere.example/p.png)\n\n```\n<b>kept</b>\n```",
            value: 1e9,
          },
          { name: "", category: null, description: null, value: null },
        ),
        flags: [
          ...staticFlags(3),
          { id: 8, challenge_id: 4, type: "static", content: "x".repeat(600) },
          { id: 9, challenge_id: 4, type: "custom", content: "" },
        ],
      }),
    );
    expect(hunt.clues.map(({ id }) => id)).toEqual(["clue", "clue-2", "clue-3", "a-b"]);
    const text = JSON.stringify(hunt.clues);
    expect(text).toContain("[p](http://elsewhere.example/p.png)");
    expect(text).toContain("<b>kept</b>");
    expect(told.findings.some(({ message }) => message.includes("<script>"))).toBe(true);
    expect(told.findings.some(({ message }) => message.includes("cut at 20000"))).toBe(true);
  });

  test("[IMP-8] what publishing would cut off a file, or refuse of it, goes out whole in a zip", async () => {
    const { out, hunt, told } = await imported(
      await exportOf(
        {
          challenges: challenges({ description: "![seen](/files/a1/seen.png) ![not](/files/b2/not.png)" }),
          flags: staticFlags(1),
          files: [
            { id: 1, type: "challenge", location: "a1/seen.png", challenge_id: 1 },
            { id: 2, type: "challenge", location: "b2/not.png", challenge_id: 1 },
            { id: 3, type: "challenge", location: "c3/empty.txt", challenge_id: 1 },
          ],
        },
        { "a1/seen.png": Buffer.from(pngWithMore()), "b2/not.png": "no picture", "c3/empty.txt": "" },
      ),
    );
    expect(hunt.clues[0]).toMatchObject({
      body: "![seen](asset:c1/seen.png) [not](asset:c1/not.png.zip)",
      attachments: ["asset:c1/seen.png.zip", "asset:c1/not.png.zip", "asset:c1/empty.txt.zip"],
    });
    // Stored or packed: its content is there to the byte.
    const zip = await Zip.open(join(out, "assets/c1/seen.png.zip"), "seen.png.zip");
    expect(await zip.read("seen.png", 100_000)).toEqual(Buffer.from(pngWithMore()));
    zip.close();
    expect(told.findings.filter(({ kind }) => kind === "changed")).toHaveLength(3);
  });

  test("[IMP-6] a folder that has something already is left alone", async () => {
    const file = await bench.file("again.zip", await exportOf(EVENING, UPLOADS));
    const out = bench.path("taken");
    mkdirSync(out);
    writeFileSync(join(out, "mine"), "");
    const ran = await bench.hunt(["import-ctfd", file, "--out", out]);
    expect([ran.exit, ran.stderr]).toEqual([2, expect.stringContaining("is not empty")]);
    expect(readdirSync(out)).toEqual(["mine"]);
  });
});

describe("a zip that is none to be read", () => {
  /** The zip with a name in it replaced by one as long. */
  const renamed = (zip: Buffer, from: string, to: string): Buffer =>
    Buffer.from(zip.toString("latin1").replaceAll(from, to), "latin1");
  const one = [
    ["db/challenges.json", JSON.stringify({ count: 1, results: challenges({}), meta: {} })],
  ] as const;

  test.each<[string, () => Promise<Buffer>, string]>([
    ["no zip", async () => Buffer.from("no zip at all"), "is no zip"],
    ["of something else", () => zipOf([["readme.txt", "hello"]]), "has no db/*.json"],
    [
      "with a way out",
      async () => renamed(await zipOf([...one, ["xx/evil", "x"]]), "xx/evil", "../evil"),
      "../evil",
    ],
    [
      "with a name from the root",
      async () => renamed(await zipOf([...one, ["x/evil", "x"]]), "x/evil", "//evil"),
      "absolute",
    ],
    [
      "with a backslash",
      async () => renamed(await zipOf([...one, ["x/..evil", "x"]]), "x/..evil", "x\\..evil"),
      "invalid",
    ],
    ["with a file twice", () => zipOf([...one, ...one]), "twice"],
    [
      "with a table that is no JSON",
      () => zipOf([["db/challenges.json", "{"]]),
      "db/challenges.json is no JSON",
    ],
    ["with a table of another form", () => zipOf([["db/challenges.json", "[]"]]), "no table of CTFd"],
    [
      "with a row of another form",
      () => exportOf({ challenges: challenges({ value: "much" }) }),
      "db/challenges.json, row 1: value",
    ],
    ["without challenges", () => exportOf({ challenges: [], users: [] }), "no challenges"],
    ["damaged", async () => renamed(await zipOf(one), '"C1"', '"C2"'), "damaged: its checksum differs"],
  ])("[IMP-6] %s", async (_, zip, message) => {
    runs += 1;
    const file = await bench.file(`bad-${runs}.zip`, await zip());
    const out = bench.path(`bad-${runs}`);
    const ran = await bench.hunt(["import-ctfd", file, "--out", out]);
    expect(ran.exit).not.toBe(0);
    expect(ran.stderr).toContain(message);
    expect(readdirSync(bench.folder)).not.toContain(`bad-${runs}`);
    expect(readdirSync(bench.folder)).not.toContain(`bad-${runs}.part`);
  });

  test("[IMP-6] one that says it unpacks to more than is taken", async () => {
    const zip = await zipOf([...one, ["uploads/aa/bomb", "x"]]);
    // The sizes of the last entry in the list of files: 42 bytes before its name.
    const at = zip.lastIndexOf("uploads/aa/bomb") - 46;
    zip.writeUInt16LE(8, at + 10);
    zip.writeUInt32LE(0xffff_fff0, at + 24);
    const more = await zipOf([...one]);
    expect(more.length).toBeLessThan(zip.length);
    const file = await bench.file("bomb.zip", zip);
    const out = bench.path("bomb");
    const ran = await bench.hunt(["import-ctfd", file, "--out", out, "--json"]);
    // Too large for a file of a hunt: it goes beside it, as far as it is what it says, which it is not.
    expect(ran.exit).toBe(1);
    expect(ran.stderr).toContain("bomb");
    expect(readdirSync(bench.folder).filter((name) => name.startsWith("bomb"))).toEqual(["bomb.zip"]);
  });
});

test.each<[string, string[] | undefined]>([
  ["flag\\{abc\\}", ["flag{abc}"]],
  ["flag{abc}", ["flag{abc}"]],
  ["^[Ff]lag_(a|b)?$", ["Flag_", "Flag_a", "Flag_b", "flag_", "flag_a", "flag_b"]],
  ["(?:ab){2}", ["abab"]],
  ["x{1,2}", ["x", "xx"]],
  // CTFd takes the first that matches, and compares that with the text.
  ["a|ab", ["a"]],
  ["(?:a|ab)$", ["a", "ab"]],
  ["(?i)abc", ["abc"]],
  ["(?P<n>a)b", ["ab"]],
  ["a-b\\.c", ["a-b.c"]],
  [".*", undefined],
  ["a+", undefined],
  ["[^a]", undefined],
  ["\\d", undefined],
  ["[0-9]{3}", undefined],
  ["(?=a)a", undefined],
  ["a{,3}", undefined],
  ["(a", undefined],
  ["[a", undefined],
  ["", undefined],
  [`${"(".repeat(500)}${")".repeat(500)}`, undefined],
  [`${"(a|b)".repeat(100)}`, undefined],
])("[IMP-2] the pattern %s stands for so many texts", (pattern, texts) => {
  const found = finitePattern(pattern)?.texts;
  expect(found && [...found].sort()).toEqual(texts);
});

test("[IMP-2] HTML that Markdown has a form for is Markdown, the rest stays and is told", () => {
  expect(
    toMarkdown(
      "<p>One<br/>two</p><ul><li>a</li><li><b>b</b></li></ul><!-- no --><iframe src='x'></iframe> `<b>`",
    ),
  ).toEqual({
    text: "One\\\ntwo\n\n- a\n- **b**\n\n<iframe src='x'></iframe> `<b>`",
    stays: ["iframe"],
    looks: ["comment"],
  });
  expect(
    toMarkdown('<a href="https://a.example/x y" target=_blank>there</a> <img src=/files/a.png alt="A">'),
  ).toMatchObject({
    text: "[there](https://a.example/x%20y) ![A](/files/a.png)",
  });
});

describe("a ctfcli project", () => {
  const write = (folder: string, files: Record<string, string>): void => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  };

  test("[IMP-5] becomes a folder with the same files and a report", async () => {
    const folder = bench.path("my-ctf");
    write(folder, {
      ".ctf/config": "[config]\nurl = https://ctf.example\naccess_token = s3cret\n",
      "web/login/challenge.yml": `name: Login
author: ada
category: web
description: |
  Look at [the source](dist/app.py).
attribution: null
value: 150
type: standard
image: .
host: ssh://root@192.0.2.1
connection_info: https://login.example
healthcheck: writeup/x.sh
solution: { path: writeup/WRITEUP.md, state: solved }
attempts: 5
flags:
  - flag{3xampl3}
  - { type: static, content: "flag{Wat}", data: case_insensitive }
topics: [sql]
tags: [web, easy]
files: [dist/app.py, ./dist/notes.txt]
hints:
  - { content: Costs, cost: 10 }
  - Free
requirements: [Warmup]
next: null
state: visible
version: "0.1"
`,
      "web/login/dist/app.py": "print()",
      "web/login/dist/notes.txt": "notes",
      "web/login/writeup/WRITEUP.md": "It was **easy**.",
      "misc/warmup/challenge.yml": `name: Warmup
category: misc
type: dynamic
extra: { initial: 500, decay: 100, minimum: 50 }
flags: [ { type: regex, content: "(.*)STUFF(.*)", data: case_insensitive } ]
scheduled_at: 2026-06-15T14:00:00+02:00
`,
    });
    const out = bench.path("from-ctfcli");
    const ran = await bench.hunt(["import-ctfcli", folder, "--out", out, "--title", "My CTF", "--json"]);
    expect(ran.exit, ran.stderr).toBe(0);
    expect((await bench.hunt(["lint", join(out, "hunt.yaml")])).exit).toBe(0);
    const hunt = parse(readFileSync(join(out, "hunt.yaml"), "utf8")) as Written;
    expect(hunt).toMatchObject({ hunt: "my-ctf", title: "My CTF" });
    expect(hunt.clues[1]).toMatchObject({
      id: "login",
      round: "web",
      body: "Look at [the source](asset:login/app.py.zip).\n\n<https://login.example>",
      attachments: ["asset:login/app.py.zip", "asset:login/notes.txt"],
      answers: ["flag{3xampl3}", "flag{Wat}"],
      compare: "words",
      opens: { solved: "warmup" },
      attempts: { perClue: 5 },
      solution: "It was **easy**.",
    });
    expect(hunt.clues[0]).toMatchObject({ id: "warmup", points: 500, opens: "manual" });
    const report = readFileSync(join(out, "report.md"), "utf8");
    for (const named of [
      "author: ada",
      "image: .",
      "ssh://root@192.0.2.1",
      "healthcheck",
      "(.\\*)STUFF(.\\*)",
      "sql",
      "2026-06-15T12:00:00Z",
    ]) {
      expect(report).toContain(named);
    }
    expect(report).not.toContain("s3cret");
  });

  test.each<[string, Record<string, string>, string]>([
    ["without a challenge", { "readme.md": "" }, "has no challenge.yml"],
    ["that is no YAML", { "a/challenge.yml": "name: [" }, "a/challenge.yml is no YAML"],
    ["of another form", { "a/challenge.yml": "name: A\nflags: 7" }, "flags"],
    ["without a name", { "a/challenge.yml": "value: 1" }, "name"],
    [
      "with one twice",
      { "a/challenge.yml": "name: A", "b/challenge.yml": "name: A" },
      'two challenges are called "A"',
    ],
    [
      "with a file from outside",
      { "a/challenge.yml": "name: A\nfiles: [../../outside.txt]" },
      "is outside of",
    ],
    ["with a link to the outside", { "a/challenge.yml": "name: A\nfiles: [link.txt]" }, "is outside of"],
    [
      "with aliases of aliases",
      {
        "a/challenge.yml": `name: A\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${"*a,".repeat(9)}]\nc: &c [${"*b,".repeat(9)}]\nd: [${"*c,".repeat(9)}]`,
      },
      "is no YAML",
    ],
  ])("[IMP-6] a project %s is refused", async (_, files, message) => {
    runs += 1;
    writeFileSync(bench.path("outside.txt"), "secret");
    const folder = bench.path(`project-${runs}`);
    write(folder, files);
    if (files["a/challenge.yml"]?.includes("link.txt"))
      symlinkSync(bench.path("outside.txt"), join(folder, "a", "link.txt"));
    const out = bench.path(`refused-${runs}`);
    const ran = await bench.hunt(["import-ctfcli", folder, "--out", out]);
    expect(ran.exit).toBe(1);
    expect(ran.stderr).toContain(message);
    expect(readdirSync(bench.folder)).not.toContain(`refused-${runs}`);
  });
});
