/**
 * Flipped bits in everything that a shard stores: each is harmless, mended or
 * told; none is served as truth, and no team stops that it does not concern.
 * `FLIPS=1000 npm test -- test/shard/flips` tries more of them.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { RefoldReport } from "../../src/objects/shard.ts";
import { BROKEN } from "../../src/shard/read-only.ts";
import { type Draw, seeded } from "../hunt/random.ts";
import {
  command,
  guess,
  join,
  makeOrigin,
  type Playing,
  publish,
  restart,
  setParameters,
  setPhase,
  shardOf,
} from "./workerd.ts";

const FLIPS = (env as unknown as { FLIPS: number }).FLIPS;
const TEAMS = 6;
const HUNT = "flips";

const HERE = { lat: 53.25, lng: 9.75, accuracy: 7 };
const PIER = {
  id: "pier",
  round: "r",
  title: "Pier",
  kind: "place",
  points: 5,
  place: { lat: 53.25, lng: 9.75, radius: 60 },
};

/** Numbers that are a row's place: a file has them in its tree, where a flip does not move the row. */
const PLACES: Record<string, string[]> = {
  chained: ["first"],
  page: ["id", "part"],
  checkpoint_keyed: ["last"],
  stored_text: ["name", "part"],
  person_key: ["id"],
};
const TABLES = Object.keys(PLACES);

type Tables = Record<string, Record<string, SqlStorageValue>[]>;

setParameters({ SHARDS_PER_REGION: 1, SHIP_DELAY_MS: 10, PAGE_FLUSH_FACTS: 100 });
beforeAll(makeOrigin);
beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

const dump = () =>
  runInDurableObject(shardOf(HUNT), (_, { storage }) =>
    Object.fromEntries(TABLES.map((table) => [table, storage.sql.exec(`SELECT * FROM ${table}`).toArray()])),
  ) as Promise<Tables>;

/** Puts the rows back, with one of them changed. */
async function put(tables: Tables): Promise<void> {
  await runInDurableObject(shardOf(HUNT), (_, { storage }) => {
    for (const [table, rows] of Object.entries(tables)) {
      storage.sql.exec(`DELETE FROM ${table}`);
      for (const row of rows) {
        const names = Object.keys(row);
        // A text whose bytes are no UTF-8 any more must stay so.
        const places = names.map((name) => (row[name] instanceof Uint8Array ? "CAST(? AS TEXT)" : "?"));
        storage.sql.exec(
          `INSERT INTO ${table} (${names.join(", ")}) VALUES (${places.join(", ")})`,
          ...Object.values(row),
        );
      }
    }
  });
  await restart(HUNT);
}

interface Flip {
  what: string;
  tables: Tables;
  row?: Record<string, SqlStorageValue>;
}

function flipped(tables: Tables, random: Draw): Flip {
  for (;;) {
    const table = TABLES[random(TABLES.length)] as string;
    const rows = tables[table] ?? [];
    if (rows.length === 0) continue;
    const at = random(rows.length);
    const row = rows[at] as Record<string, SqlStorageValue>;
    const columns = Object.keys(row).filter((name) => row[name] !== null && !PLACES[table]?.includes(name));
    const name = columns[random(columns.length)] as string;
    const changed = { ...row, [name]: withFlip(row[name] as SqlStorageValue, random) };
    return {
      what: `${table}.${name} of row ${at}`,
      tables: { ...tables, [table]: rows.map((own) => (own === row ? changed : own)) },
      ...(table === "chained" ? { row } : {}),
    };
  }
}

function withFlip(value: SqlStorageValue, random: Draw): SqlStorageValue {
  // Beyond 2^53 the platform reads no number.
  if (typeof value === "number") return value ^ (1 << random(31));
  const bytes =
    typeof value === "string"
      ? new TextEncoder().encode(value)
      : new Uint8Array((value as ArrayBuffer).slice());
  const bit = random(bytes.length * 8);
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  return (typeof value === "string" ? bytes : bytes.buffer) as SqlStorageValue;
}

interface Truth {
  line: Record<string, unknown>;
  text: string;
}

const linesOf = async (): Promise<Record<string, unknown>[]> => {
  const lines: Record<string, unknown>[] = [];
  for (;;) {
    const more = [...(await shardOf(HUNT).exportFacts(Number(lines.at(-1)?.seq ?? 0)))] as unknown as Record<
      string,
      unknown
    >[];
    if (more.length === 0) return lines;
    lines.push(...more);
  }
};

const meOf = async ({ team, player }: Playing) =>
  (await shardOf(HUNT).me(team.id, player.id)) as unknown as Record<string, unknown>;
const scoreIn = (me: Record<string, unknown>) => (me as { team?: { score: number } }).team?.score;

test(`[LOG-7] of ${FLIPS} flipped bits in a shard's tables none is served as truth`, {
  timeout: 1_800_000,
}, async () => {
  const clue = (id: string) => ({
    id,
    round: "r",
    title: id,
    kind: "answer",
    answers: ["right"],
    points: 10,
  });
  await publish(HUNT, 10, { clues: [clue("a"), clue("b"), PIER] });
  await setPhase(HUNT, "live");
  const teams: Playing[] = [];
  for (let index = 0; index < TEAMS; index += 1) teams.push(await join(HUNT, `Team ${index}`));
  const act = async (playing: Playing, id: string, index: number) => {
    const events = [
      guess(HUNT, id),
      guess(HUNT, `${id}r`, "right", index % 2 ? "a" : "b"),
      command(HUNT, { id: `${id}c`, type: "checkin", clue: "pier", position: HERE }),
    ];
    const text = JSON.stringify(events.slice(0, 1 + (index % 3)));
    await shardOf(HUNT).play(playing.team.id, playing.player.id, text);
  };
  for (let round = 0; round < 24; round += 1)
    for (const [index, own] of teams.entries()) await act(own, `e${round}`, index + round);
  const before = await dump();
  const truths = new Map<number, Truth>();
  for (const { person, ...line } of await linesOf())
    truths.set(line.seq as number, { line, text: JSON.stringify(line) });
  const scores = await Promise.all(teams.map(async (own) => scoreIn(await meOf(own))));
  expect(scores.every((score) => score !== undefined)).toBe(true);
  const came = { harmless: 0, told: 0, stopped: 0 };
  for (let seed = 1; seed <= FLIPS; seed += 1) {
    const random = seeded(seed);
    const flip = flipped(before, random);
    const of = `seed ${seed}: ${flip.what}`;
    await put(flip.tables);
    const report = (await shardOf(HUNT).verify()) as RefoldReport;
    const lines = await linesOf();
    let lost = 0;
    let nameless = 0;
    for (const { person, ...line } of lines) {
      if (line.type === "gap") lost += (line.seq as number) - (line.first as number) + 1;
      else {
        expect(JSON.stringify(line), of).toBe(truths.get(line.seq as number)?.text);
        if (line.personal !== undefined && person === undefined) nameless += 1;
      }
    }
    expect(lines.length - lines.filter(({ type }) => type === "gap").length + lost, of).toBe(truths.size);
    // Whatever is missing is told.
    if (lost + nameless > 0) expect(report.mismatches, of).not.toEqual([]);
    let stopped = 0;
    for (const [index, own] of teams.entries()) {
      const fresh = JSON.stringify([guess(HUNT, "fresh", `w${seed}`, "a"), guess(HUNT, "e0")]);
      const played = await shardOf(HUNT).play(own.team.id, own.player.id, fresh);
      if (typeof played !== "string") {
        expect(played, of).toEqual(BROKEN);
        stopped += 1;
        // By a segment that names it, or by one of which nobody can say whom it names.
        expect(flip.row, of).toBeDefined();
        continue;
      }
      const [one, again] = (JSON.parse(played) as { results: { outcome: string; duplicate?: boolean }[] })
        .results;
      expect(["incorrect", "already_solved"], of).toContain(one?.outcome);
      if (again?.outcome !== "conflict") expect(again, of).toMatchObject({ duplicate: true });
      else expect(lost, of).toBeGreaterThan(0);
      expect(scoreIn(await meOf(own)), `${of}, team ${index}`).toBe(scores[index]);
    }
    expect((await join(HUNT, "Late")).team.id, of).not.toBe(teams.at(-1)?.team.id);
    if (stopped > 0) came.stopped += 1;
    else if (report.mismatches.length > 0) came.told += 1;
    else came.harmless += 1;
  }
  expect(came.stopped + came.told).toBeGreaterThan(0);
});
