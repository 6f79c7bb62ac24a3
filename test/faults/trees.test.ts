/**
 * LOG-9 and LOG-10 in a whole engine: bits flipped in the heads of the blocks of a log's table, by which rows
 * are hidden or statements fail. What is left is served, the rest is told and refused, and a repair brings it back.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { Client, linesOf } from "../contract/client.ts";
import { filesOf, type Kept, type Played, playAll, startOn } from "./flips/play.ts";

const HUNT = "trees";
const BLOCK = 4_096;

let folder: string | undefined;
let whole: string;
let played: Played;
/** Of the shard with the most facts. */
let file: Kept;
let truth: { lines: string[]; scores: number[] };

/** Playing waits as tests alone can: the first one does it. */
let playing: Promise<void> | undefined;

async function playOnce(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), "hunt-trees-"));
  whole = join(folder, "whole");
  // The first one is for single players.
  played = (await playAll(whole, ["single", HUNT]))[1] as Played;
  const files = (await filesOf(whole, [HUNT])).filter(
    ({ hunt, kind }) => hunt === HUNT && kind === "HuntShard",
  );
  file = files.reduce((a, b) => (b.size > a.size ? b : a));
  truth = await within(whole, async (client) => ({
    lines: await exported(client),
    scores: await scoresOf(client),
  }));
}
afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

async function within<Value>(dataDir: string, look: (client: Client) => Promise<Value>): Promise<Value> {
  const engine = await startOn(dataDir);
  try {
    return await look(await Client.of(engine));
  } finally {
    await engine.stop();
  }
}

/** The lines of facts, without persons: names beside lost rows do not come back. */
const exported = async (client: Client): Promise<string[]> =>
  linesOf((await client.organise<string>("GET", `/v1/hunts/${HUNT}/export`)).text).map((line) =>
    line.replace(/,"person":.*/, "}"),
  );

const scoreOf = async (client: Client, token: string): Promise<number> =>
  (await client.call<{ team: { score: number } }>("GET", `/v1/hunts/${HUNT}/me`, { token })).body.team.score;

const scoresOf = (client: Client): Promise<number[]> =>
  Promise.all(played.founders.map(({ token }) => scoreOf(client, token)));

/** All holds but for names and positions beside rows that were lost, which have no other copy. */
async function verifiedBut(client: Client): Promise<void> {
  const { body } = await client.organise<{ mismatches: { what: string }[] }>(
    "GET",
    `/v1/hunts/${HUNT}/verify`,
  );
  expect(body.mismatches.filter(({ what }) => !what.startsWith("names or positions"))).toEqual([]);
}

/** Blocks of the log's tree by number from 1: the root, and its first and its newest leaf. */
function blocksOf(path: string, bytes: Buffer): { root: number; first: number; newest: number } {
  const database = new DatabaseSync(path, { readOnly: true });
  const [row] = database.prepare("SELECT rootpage FROM sqlite_master WHERE name = 'chained'").all();
  database.close();
  const root = Number(row?.rootpage);
  const leaf = (from: number, isFirst: boolean): number => {
    const at = (from - 1) * BLOCK;
    if (bytes[at] === 13) return from;
    const cell = at + bytes.readUInt16BE(at + 12);
    return leaf(bytes.readUInt32BE(isFirst ? cell : at + 8), isFirst);
  };
  return { root, first: leaf(root, true), newest: leaf(root, false) };
}

interface Flip {
  what: string;
  /** The newest rows may be lost, so that the whole shard stands still. */
  isEnd: boolean;
  flip(bytes: Buffer, blocks: ReturnType<typeof blocksOf>): void;
}

const flipType = (bytes: Buffer, block: number): void => {
  const at = (block - 1) * BLOCK;
  bytes[at] = (bytes[at] as number) ^ 2;
};

/** One bit less in the number of rows of the block. */
const hideRows = (bytes: Buffer, block: number): void => {
  const at = (block - 1) * BLOCK + 3;
  const count = bytes.readUInt16BE(at);
  bytes.writeUInt16BE(count & (count - 1), at);
};

const FLIPS: Flip[] = [
  { what: "the first leaf is of no type", isEnd: false, flip: (bytes, { first }) => flipType(bytes, first) },
  { what: "the first leaf hides rows", isEnd: false, flip: (bytes, { first }) => hideRows(bytes, first) },
  {
    what: "the newest leaf is of no type",
    isEnd: true,
    flip: (bytes, { newest }) => flipType(bytes, newest),
  },
  { what: "the newest leaf hides rows", isEnd: true, flip: (bytes, { newest }) => hideRows(bytes, newest) },
  { what: "the root hides leaves", isEnd: false, flip: (bytes, { root }) => hideRows(bytes, root) },
];

test.each(FLIPS)(
  "[LOG-9] [LOG-10] $what: nothing false is told, and a repair brings all back",
  {
    timeout: 720_000,
  },
  async ({ what, isEnd, flip }) => {
    playing ??= playOnce();
    await playing;
    const dataDir = join(folder ?? "", what.replaceAll(" ", "-"));
    await cp(whole, dataDir, { recursive: true });
    const path = join(dataDir, file.path);
    const bytes = await readFile(path);
    flip(bytes, blocksOf(join(whole, file.path), bytes));
    await writeFile(path, bytes);
    const events = (id: string) => ({ events: [{ id, type: "answer", clue: "spare", answer: "spare" }] });
    const play = (client: Client, id: string) =>
      Promise.all(
        played.founders.map(({ token }) =>
          client.call<{ results: { outcome: string }[] }>("POST", `/v1/hunts/${HUNT}/events`, {
            token,
            json: events(id),
          }),
        ),
      );
    await within(dataDir, async (client) => {
      const lines = await exported(client);
      expect(lines.filter((line) => line.includes('"type":"gap"')).length).toBeGreaterThan(0);
      expect(lines.filter((line) => !line.includes('"type":"gap"') && !truth.lines.includes(line))).toEqual(
        [],
      );
      const verified = await client.organise<{ ok: boolean }>("GET", `/v1/hunts/${HUNT}/verify`);
      expect(verified.body.ok).toBe(false);
      expect(verified.text.includes("may be lost")).toBe(isEnd);
      const before = await play(client, "before");
      expect(before.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
      expect(before.some(({ status }) => status === 503)).toBe(true);
      const repaired = await client.organise<{ left: object[]; repaired: number }>(
        "POST",
        `/v1/hunts/${HUNT}/repair`,
        { reason: "a flipped bit" },
      );
      expect(repaired.status, repaired.text).toBe(200);
      expect(repaired.body.left).toEqual([]);
      expect(repaired.body.repaired).toBeGreaterThan(0);
      const after = await play(client, "after");
      expect(after.map(({ status }) => status)).toEqual(after.map(() => 200));
      const again = await exported(client);
      expect(truth.lines.filter((line) => !again.includes(line))).toEqual([]);
      await verifiedBut(client);
    });
    // A second start finds nothing to mend.
    await within(dataDir, async (client) => {
      await verifiedBut(client);
      expect(await scoresOf(client)).toEqual(truth.scores.map((score) => score + 1));
    });
  },
);
