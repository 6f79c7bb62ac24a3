/**
 * The opening: players wait in draft with their pages and sockets, and at `opens` all look at once.
 * Each does what the player page does (src/web/player): a frame tells that the hunt is live, the page reads
 * the hunt and, within a moment, what changed of its look, then the text of the first clue. After that
 * some solve it, and the bytes of what they read then are counted.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import type { MeApart, MeChanges } from "../../../src/contract/me.ts";
import type { EventsBody } from "../../../src/contract/play.ts";
import type { Chance } from "../measure/chance.ts";
import { chance } from "../measure/chance.ts";
import { medianOf, quantileOf, rising } from "../measure/statistics.ts";
import { openStage, type Stage, type StageOptions } from "./stage.ts";

const CLUES = 75;
/** Characters of a body, about: 1.5 MB in all. */
const BODY = 19_500;

/** The last clue opens with the first one's solve; all others are open from the start. */
const openingDefinition = (opens: number): object => ({
  format: 1,
  title: "Opening",
  opens: new Date(opens).toISOString(),
  teams: { mode: "solo" },
  rounds: [{ id: "all", title: "All" }],
  clues: Array.from({ length: CLUES + 1 }, (_, index) => ({
    id: `clue-${index}`,
    round: "all",
    title: `Clue ${index}`,
    body: `${index}: ${"lanterns along the quay ".repeat(BODY / 24)}`,
    kind: "answer",
    points: 100,
    answers: ["right"],
    opens: index === CLUES ? { solved: "clue-0" } : "start",
  })),
});

/** From the new time of the opening until then, ms: everybody looks once more in it. */
const COUNTDOWN = 15_000;

/** A page that was told looks within this, ms, as the player page does. */
const SPREAD = 400;

/** Longest that a player waits for its first clue, ms. */
const GIVES_UP = 60_000;

/** Players who solve the first clue. */
const SOLVERS = 100;

/** Players who look at the same time while nothing hurries. */
const CALM = 32;

export interface OpeningFigures {
  players: number;
  /** From `opens` until a player has the first clue's text, ms, rising; those who never got it are left out. */
  waits: Float64Array;
  /** From `opens` until a socket told of it, ms, rising. */
  told: Float64Array;
  /** Bytes that a player read from `opens` on until it had its first clue, median. */
  bytes: number;
  /** Bytes of a first look with all its texts. */
  wholeBytes: number;
  /** Bytes that a solver read after its solve, the new clue's text with it, median. */
  bytesAfterSolve: number;
  /** Of responses, by what they were. */
  errors: Map<string, number>;
}

interface Page {
  number: number;
  token: string;
  etag: string;
  bytes: number;
  told?: (at: number) => void;
}

export interface OpeningSettings extends Pick<StageOptions, "players" | "target" | "scratch"> {
  seed: number;
  say(line: string): void;
}

export async function openingOf({ seed, say, ...options }: OpeningSettings): Promise<OpeningFigures> {
  const { players } = options;
  const pages: Page[] = [];
  say(`${players} players join and wait`);
  const stage = await openStage({
    ...options,
    sockets: players,
    definition: openingDefinition(Date.now() + 24 * 3_600_000),
    waits: true,
    heard: (number, frame) => {
      if (frame.includes('"phase":"live"')) pages[number]?.told?.(Date.now());
    },
  });
  const pool = new Pool(stage.origin, { connections: players, pipelining: 1, headersTimeout: GIVES_UP });
  try {
    for (const [number, { token }] of stage.players.entries()) {
      pages.push({ number, token, etag: "", bytes: 0 });
    }
    return await open(new Reader(stage, pool), pages, stage, chance(seed), say);
  } finally {
    await pool.destroy();
    await stage.close();
  }
}

async function open(
  reader: Reader,
  pages: Page[],
  stage: Stage,
  random: Chance,
  say: (line: string) => void,
): Promise<OpeningFigures> {
  const opens = Math.ceil((Date.now() + COUNTDOWN) / 1_000) * 1_000;
  await stage.organise("PUT", `/v1/hunts/${stage.hunt}`, {
    ...openingDefinition(opens),
    hunt: stage.hunt,
  });
  await calmly(pages, (page) => reader.look(page));
  if (Date.now() > opens - 1_000) throw new Error("the players were not ready when the hunt opened");
  reader.errors.clear();
  for (const page of pages) page.bytes = 0;
  say(`the hunt opens in ${((opens - Date.now()) / 1_000).toFixed(1)} s`);
  const told: number[] = [];
  const waits: number[] = [];
  await Promise.all(
    pages.map(async (page) => {
      const heard = new Promise<number>((done) => {
        page.told = done;
      });
      const at = await Promise.race([heard, sleep(opens - Date.now() + GIVES_UP, undefined, { ref: false })]);
      if (at === undefined) return reader.failed("a socket that told nothing");
      told.push(at - opens);
      // The page reads the hunt as well, and waits for neither.
      const hunt = reader.read(page, reader.path);
      await sleep(random() * SPREAD);
      const has = await reader.firstClue(page, opens + GIVES_UP);
      if (has) waits.push(Date.now() - opens);
      await hunt;
    }),
  );
  const bytes = medianOf(pages.map((page) => page.bytes));
  say(`${waits.length} of ${pages.length} have the first clue`);
  const after: number[] = [];
  await calmly(pages.slice(0, SOLVERS), async (page) => {
    page.bytes = 0;
    await reader.solve(page);
    const look = await reader.look(page);
    const opened = look?.clues.find(({ id }) => id === `clue-${CLUES}`)?.bodyAt;
    if (!opened) return reader.failed("a solve that opened nothing");
    await reader.read(page, opened.url);
    after.push(page.bytes);
  });
  const [one] = pages;
  if (!one) throw new Error("an opening needs players");
  one.bytes = 0;
  await reader.read(one, `${reader.path}/me`);
  return {
    players: pages.length,
    waits: rising(waits),
    told: rising(told),
    bytes,
    wholeBytes: one.bytes,
    bytesAfterSolve: medianOf(after),
    errors: reader.errors,
  };
}

/** Does something for every page, some at a time. */
async function calmly(pages: readonly Page[], act: (page: Page) => Promise<unknown>): Promise<void> {
  const rest = pages.values();
  await Promise.all(
    Array.from({ length: CALM }, async () => {
      for (const page of rest) await act(page);
    }),
  );
}

/** The requests of pages. */
class Reader {
  readonly path: string;
  readonly errors = new Map<string, number>();
  readonly #pool: Pool;

  constructor({ hunt }: Stage, pool: Pool) {
    this.path = `/v1/hunts/${hunt}`;
    this.#pool = pool;
  }

  failed(what: string): void {
    this.errors.set(what, (this.errors.get(what) ?? 0) + 1);
  }

  /** The text; or how long to wait before asking again, seconds. Counts the bytes for the page. */
  async read(page: Page, path: string, body?: object): Promise<{ text: string; etag: string } | number> {
    try {
      const response = await this.#pool.request({
        path,
        method: body ? "POST" : "GET",
        headers: {
          // An address of a text has its ticket.
          ...(path.includes("/bodies/") ? {} : { authorization: `Bearer ${page.token}` }),
          ...(body ? { "content-type": "application/json" } : {}),
        },
        body: body ? JSON.stringify(body) : null,
      });
      const bytes = Buffer.from(await response.body.arrayBuffer());
      page.bytes += bytes.length;
      if (response.statusCode < 300) {
        return { text: bytes.toString(), etag: String(response.headers.etag ?? "") };
      }
      this.failed(String(response.statusCode));
      return Number(response.headers["retry-after"] ?? 1);
    } catch (error) {
      this.failed(error instanceof Error && "code" in error ? String(error.code) : String(error));
      return 1;
    }
  }

  /** What changed of the page's look, as the page asks for it. */
  async look(page: Page): Promise<MeApart | MeChanges | undefined> {
    const since = page.etag === "" ? "" : `&since=${encodeURIComponent(page.etag)}`;
    const told = await this.read(page, `${this.path}/me?bodies=apart${since}`);
    if (typeof told === "number") return undefined;
    page.etag = told.etag;
    return JSON.parse(told.text) as MeApart | MeChanges;
  }

  /** Looks until the first clue's text is there; false: not until `until`, epoch ms. */
  async firstClue(page: Page, until: number): Promise<boolean> {
    for (; Date.now() < until; await sleep(1_000 * (1 + Math.random()))) {
      const look = await this.look(page);
      const first = look?.clues.find(({ id }) => id === "clue-0")?.bodyAt;
      if (!first) continue;
      const text = await this.read(page, first.url);
      if (typeof text !== "number" && text.text.startsWith("0: ")) return true;
      // Then all of it is told again.
      page.etag = "";
    }
    return false;
  }

  async solve(page: Page): Promise<void> {
    const events: EventsBody["events"] = [
      { id: `s-${page.number}`, type: "answer", clue: "clue-0", answer: "right" },
    ];
    const told = await this.read(page, `${this.path}/events`, { events } satisfies EventsBody);
    if (typeof told === "number" || !told.text.includes('"correct"'))
      this.failed("an answer that was not right");
  }
}

/** The figures as lines for people. `held`: nobody got an error or went without the first clue. */
export function openingReport(figures: OpeningFigures): { text: string; held: boolean } {
  const { players, waits, told, bytes, wholeBytes, bytesAfterSolve, errors } = figures;
  const ms = (all: Float64Array, share: number): string => `${quantileOf(all, share).toFixed(0)} ms`;
  const share = (of: number): string => `${((of / wholeBytes) * 100).toFixed(2)} %`;
  const lines = [
    "| from `opens` on | median | p99 | last |",
    "| --- | --- | --- | --- |",
    `| a socket tells of it | ${ms(told, 0.5)} | ${ms(told, 0.99)} | ${ms(told, 1)} |`,
    `| a player has the first clue | ${ms(waits, 0.5)} | ${ms(waits, 0.99)} | ${ms(waits, 1)} |`,
    "",
    `players with the first clue: ${waits.length} of ${players}`,
    `errors: ${errors.size === 0 ? "none" : [...errors].map(([what, count]) => `${what} × ${count}`).join(", ")}`,
    `bytes of a look with every text: ${wholeBytes}`,
    `bytes of a player until the first clue: ${bytes} (${share(bytes)} of that)`,
    `bytes of a player after a solve: ${bytesAfterSolve} (${share(bytesAfterSolve)}; at most 5 %)`,
  ];
  const held = errors.size === 0 && waits.length === players && bytesAfterSolve <= wholeBytes * 0.05;
  return { text: lines.join("\n"), held };
}
