/** A CTFd export, built from its layout: a zip with db/<table>.json and uploads/<hash>/<name>. */
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import { main } from "../../../scripts/hunt/main.ts";
import { png } from "../../assets/files.ts";

export type Rows = readonly Record<string, unknown>[];

/** Tables as CTFd writes them; one without rows is an empty file. */
export function exportOf(
  tables: Record<string, Rows>,
  uploads: Record<string, string | Buffer> = {},
): Promise<Buffer> {
  const files: [string, string | Buffer][] = Object.entries(tables).map(([name, results]) => [
    `db/${name}.json`,
    results.length === 0 ? "" : JSON.stringify({ count: results.length, results, meta: {} }),
  ]);
  return zipOf([
    ...files,
    ...Object.entries(uploads).map(([name, text]): [string, string | Buffer] => [`uploads/${name}`, text]),
  ]);
}

export function zipOf(files: readonly (readonly [string, string | Buffer])[]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of files) zip.addBuffer(Buffer.from(content), name, { compress: false });
  zip.end();
  return buffer(zip.outputStream);
}

/** A folder to work in, and the command line. */
export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), "imports-"));

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  async file(name: string, content: Buffer): Promise<string> {
    await writeFile(this.path(name), content);
    return this.path(name);
  }

  async hunt(argv: readonly string[], env: Record<string, string> = {}) {
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
      env: { DATA_DIR: this.path("data"), ...env },
    });
    return { exit, ...texts };
  }
}

const challenge = (id: number, name: string, more: Record<string, unknown> = {}) => ({
  id,
  name,
  description: "",
  connection_info: null,
  next_id: null,
  max_attempts: 0,
  value: 100,
  category: "Warm-up",
  type: "standard",
  state: "visible",
  requirements: null,
  attribution: null,
  logic: "any",
  initial: null,
  minimum: null,
  decay: null,
  position: 0,
  function: "static",
  scheduled_at: null,
  module_id: null,
  ...more,
});

const user = (id: number, name: string, team_id: number | null, more: Record<string, unknown> = {}) => ({
  id,
  oauth_id: null,
  name,
  password: "$bcrypt-sha256$v=2",
  email: `u${id}@example.org`,
  type: "user",
  hidden: 0,
  banned: 0,
  bracket_id: null,
  team_id,
  created: "2026-03-07T08:30:00",
  ...more,
});

const team = (id: number, name: string, more: Record<string, unknown> = {}) => ({
  id,
  name,
  password: "$bcrypt-sha256$v=2",
  hidden: 0,
  banned: 0,
  bracket_id: null,
  captain_id: null,
  created: "2026-03-07T08:00:00",
  ...more,
});

const tried = (
  id: number,
  challenge_id: number,
  [user_id, team_id]: readonly [number, number],
  time: string,
  type: string,
  provided: string,
) => ({ id, challenge_id, user_id, team_id, ip: "192.0.2.7", provided, type, date: `2026-03-07T${time}` });

const ADA = [1, 1] as const;
const BOB = [2, 1] as const;
const EVE = [3, 2] as const;
const JOE = [4, 3] as const;

/** An evening with one of each thing that a CTFd has. */
export const EVENING: Record<string, Rows> = {
  alembic_version: [{ version_num: "5c98d9253f56" }],
  config: [
    { id: 1, key: "ctf_name", value: "Harbour CTF" },
    { id: 2, key: "ctf_description", value: "By the <b>water</b>." },
    { id: 3, key: "user_mode", value: "teams" },
    { id: 4, key: "start", value: String(Date.parse("2026-03-07T09:00:00Z") / 1_000) },
    { id: 5, key: "end", value: String(Date.parse("2026-03-07T17:00:00Z") / 1_000) },
    { id: 6, key: "team_size", value: "4" },
    { id: 7, key: "mail_password", value: "hunter2" },
  ],
  brackets: [{ id: 1, name: "Students", description: "", type: "teams" }],
  challenges: [
    challenge(1, "Café au lait", {
      description:
        "Look at ![the cup](/files/aa11/cup.png) and <u>count</u>.\r\n<br>Then <a href='javascript:alert(1)'>go</a>.",
      connection_info: "nc harbour.example 4000",
      attribution: "by *Ada*",
    }),
    challenge(2, "Any case", {
      value: 200,
      requirements: { prerequisites: [1], anonymize: true },
      max_attempts: 3,
    }),
    challenge(3, "By pattern", { value: 300, category: "Crypto" }),
    challenge(4, "Few texts", { value: 300, category: "Crypto", requirements: '{"prerequisites": [1, 2]}' }),
    challenge(5, "Hidden", { state: "hidden", requirements: { prerequisites: [1] } }),
    challenge(6, "All of them", { logic: "all" }),
    challenge(7, "Without a flag", { value: 50 }),
    challenge(8, "Later", { scheduled_at: "2026-03-07T12:00:00" }),
  ],
  dynamic_challenge: [],
  flags: [
    { id: 1, challenge_id: 1, type: "static", content: "flag{Lait}", data: "" },
    { id: 2, challenge_id: 2, type: "static", content: "flag{Any}", data: "case_insensitive" },
    { id: 3, challenge_id: 3, type: "regex", content: "flag\\{.+\\}", data: "" },
    { id: 4, challenge_id: 4, type: "regex", content: "flag\\{(one|two)\\}", data: "" },
    { id: 5, challenge_id: 5, type: "static", content: "flag{hidden}", data: "" },
    { id: 6, challenge_id: 6, type: "static", content: "flag{left}", data: "" },
    { id: 7, challenge_id: 6, type: "static", content: "flag{right}", data: "" },
    { id: 8, challenge_id: 8, type: "static", content: "flag{later}", data: "" },
  ],
  hints: [
    {
      id: 1,
      challenge_id: 1,
      type: "standard",
      title: "Milk",
      content: "It is **white**.",
      cost: 30,
      requirements: null,
    },
    {
      id: 2,
      challenge_id: 1,
      type: "standard",
      title: null,
      content: "Free.",
      cost: 0,
      requirements: { prerequisites: [1] },
    },
    {
      id: 3,
      challenge_id: 4,
      type: "standard",
      title: null,
      content: "Not one.",
      cost: 30,
      requirements: null,
    },
  ],
  tags: [{ id: 1, challenge_id: 1, value: "coffee" }],
  topics: [{ id: 1, value: "steganography" }],
  challenge_topics: [{ id: 1, challenge_id: 1, topic_id: 1 }],
  files: [
    { id: 1, type: "challenge", location: "aa11/cup.png", challenge_id: 1, page_id: null },
    { id: 2, type: "challenge", location: "bb22/Server Code.py", challenge_id: 1, page_id: null },
    { id: 3, type: "challenge", location: "cc33/gone.txt", challenge_id: 2, page_id: null },
  ],
  pages: [
    {
      id: 1,
      title: "Rules",
      route: "rules",
      content: "Be *kind*.",
      draft: 0,
      hidden: 0,
      auth_required: 0,
      format: "markdown",
    },
    {
      id: 2,
      title: "Draft",
      route: "draft",
      content: "Not yet.",
      draft: 1,
      hidden: 0,
      auth_required: 0,
      format: "markdown",
    },
  ],
  notifications: [{ id: 1, title: "Hello", content: "All", date: "2026-03-07T09:00:00" }],
  users: [
    user(1, "Ada", 1),
    user(2, "Bob", 1, { created: "2026-03-07T08:20:00" }),
    user(3, "Eve", 2),
    user(4, "Joe", 3),
    user(5, "Nobody", null),
  ],
  teams: [
    team(1, "Night Owls", { captain_id: 1, bracket_id: 1 }),
    team(2, "night owls"),
    team(3, "Staff", { hidden: 1 }),
  ],
  submissions: [
    tried(1, 1, ADA, "09:10:00.123456", "incorrect", "flag{lait}"),
    tried(2, 1, BOB, "09:12:00", "correct", "flag{Lait}"),
    tried(3, 2, ADA, "09:20:00", "correct", "FLAG{ANY}"),
    tried(4, 3, ADA, "09:30:00", "correct", "flag{whatever}"),
    tried(5, 1, EVE, "09:40:00", "correct", "flag{Lait}"),
    // It was open to all then.
    tried(6, 4, EVE, "09:50:00", "correct", "flag{two}"),
    tried(7, 6, EVE, "10:00:00", "partial", "flag{left}"),
    tried(8, 6, EVE, "10:01:00", "correct", "flag{right}"),
    tried(9, 2, EVE, "10:05:00", "incorrect", "flag{no}"),
    tried(10, 1, JOE, "10:10:00", "correct", "flag{Lait}"),
    tried(11, 8, ADA, "18:00:00", "correct", "flag{later}"),
    tried(12, 7, ADA, "11:00:00", "correct", "shown to the judge"),
  ],
  solves: [],
  unlocks: [
    { id: 1, user_id: 3, team_id: 2, target: 1, date: "2026-03-07T09:45:00", type: "hints" },
    { id: 2, user_id: 2, team_id: 1, target: 3, date: "2026-03-07T09:25:00", type: "hints" },
  ],
  awards: [
    {
      id: 3,
      user_id: 2,
      team_id: 1,
      type: "standard",
      name: "Hint 3",
      description: "Hint for Few",
      date: "2026-03-07T09:25:00",
      value: -30,
      category: "hints",
      icon: null,
    },
    {
      id: 1,
      user_id: 3,
      team_id: 2,
      type: "standard",
      name: "Hint 1",
      description: "Hint for Café",
      date: "2026-03-07T09:45:00",
      value: -30,
      category: "hints",
      icon: null,
    },
    {
      id: 2,
      user_id: 1,
      team_id: 1,
      type: "standard",
      name: "Best shirt",
      description: "",
      date: "2026-03-07T12:00:00",
      value: 25,
      category: "",
      icon: null,
    },
  ],
  tracking: [{ id: 1, ip: "192.0.2.7" }],
};

export const UPLOADS: Record<string, string | Buffer> = {
  "aa11/cup.png": Buffer.from(png()),
  "bb22/Server Code.py": "print('hello')",
  "dd44/loose.txt": "loose",
};

/** Who should stand where, by the scores that CTFd tells. */
export const STANDINGS = [
  { team: "Night Owls", score: 645, solves: 4 },
  { team: "night owls (2)", score: 470, solves: 3 },
];
