/**
 * LOG-8: bits flipped in the files of a stopped engine's data folder. Whatever the engine then
 * serves is the truth, or it says that it cannot; and it cannot for those alone whom the flip
 * concerns. A start has a flip in a file of each hunt, or one in a file that all have in common.
 * `FLIPS=1000 npm test -- test/faults/flips` tries as many.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { below, type Chance, chance } from "../../scripts/lab/measure/chance.ts";
import type { Engine } from "../../scripts/local/engine.ts";
import { Client, linesOf } from "../contract/client.ts";
import { judge } from "./flips/judge.ts";
import { filesOf, type Kept, type Played, playAll, startOn } from "./flips/play.ts";
import { type Reads, readAll, readHunt } from "./flips/read.ts";

const FLIPS = process.env.FAULTS === "long" ? 1_000 : Number(process.env.FLIPS ?? 9);
/** More in a start when there are many to try. */
const HUNTS = FLIPS > 100 ? 8 : 4;

/** Of so many starts one has a flip in a file of all hunts; the others have one a hunt. */
const SHARED_EVERY = 3;

/** Classes of a hunt's objects, as often as a flip is in one. */
const KINDS = [
  "HuntShard",
  "HuntShard",
  "HuntShard",
  "HuntShard",
  "HuntControl",
  "HuntControl",
  "Leaderboard",
  "PrizeVault",
  "NameRegistry",
];

/** Bytes of a block of SQLite's files, and of the head of one. */
const BLOCK = 4_096;
const HEAD = 12;

/** The same flips each time; `SEED=n` tries others. */
const seed = Number(process.env.SEED ?? 20_261_129);
let folder: string;

beforeAll(async () => {
  process.stdout.write(`flip test: SEED=${seed}\n`);
  folder = await mkdtemp(join(tmpdir(), "hunt-flips-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Flip {
  file: Kept;
  what: string;
}

async function flip(dataDir: string, file: Kept, random: Chance): Promise<Flip> {
  const path = join(dataDir, file.path);
  const bytes = await readFile(path);
  let bit = below(random, bytes.length * 8);
  // Most of a file is free room, zeros that nobody reads.
  if (random() < 0.9) while (bytes[bit >> 3] === 0) bit = below(random, bytes.length * 8);
  // The head of a block says how many rows it has, and where; one flip in it hides some.
  if (random() < 0.15)
    bit = BLOCK * below(random, Math.ceil(bytes.length / BLOCK)) * 8 + below(random, HEAD * 8);
  bit %= bytes.length * 8;
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  await writeFile(path, bytes);
  return { file, what: `bit ${bit} of ${file.kind}, ${file.path}` };
}

/** One of a list. */
const oneOf = <Of>(list: readonly Of[], random: Chance): Of => list[below(random, list.length)] as Of;

interface WentOn {
  /** Ids of the teams that could not, and of their players. */
  refused: string[];
  wrong: string[];
}

/** Every team plays, somebody joins, and two try to who must not. */
async function goOn(client: Client, played: Played, scores: readonly number[]): Promise<WentOn> {
  const { hunt, players, founders, name, externalId, late, isSolo } = played;
  const refused: string[] = [];
  const wrong: string[] = [];
  for (const [index, { token }] of founders.entries()) {
    const events = [
      { id: "fresh", type: "answer", clue: "spare", answer: "spare" },
      { id: `wrong-${index}-0`, type: "answer", clue: "word-0", answer: `wrong ${index}` },
    ];
    const { status, text, body } = await client
      .call<{ results: { outcome: string; duplicate?: boolean }[] }>("POST", `/v1/hunts/${hunt}/events`, {
        token,
        json: { events },
      })
      .catch((error: unknown) => ({ status: 500, text: String(error), body: { results: [] } }) as never);
    if (status > 500) {
      const team = founders[index]?.team.id ?? "";
      refused.push(team, ...players.filter((own) => own.team.id === team).map(({ id }) => id));
    } else if (status !== 200) wrong.push(`team ${index} plays: ${status} ${text}`);
    else {
      const [fresh, again] = body.results;
      if (fresh?.outcome !== "correct") wrong.push(`team ${index}: ${text}`);
      const isKnown = again?.duplicate === true && again.outcome === "incorrect";
      if (!isKnown && again?.outcome !== "conflict") wrong.push(`team ${index} again: ${text}`);
      const me = await client.call<{ team: { score: number } }>("GET", `/v1/hunts/${hunt}/me`, { token });
      if (me.status !== 200 || me.body.team.score !== (scores[index] ?? 0) + 1)
        wrong.push(`team ${index} then: ${me.status} ${me.text.slice(0, 300)}`);
    }
  }
  const join = (own: string, id: string) =>
    client
      .call("POST", `/v1/hunts/${hunt}/players`, {
        json: {
          name: isSolo ? own : "Somebody",
          externalId: id,
          ...(isSolo ? {} : { team: { create: own } }),
        },
      })
      .catch((error: unknown) => ({ status: 500, text: String(error) }));
  const twice = await join(`Another ${hunt}`, externalId);
  const taken = isSolo ? twice : await join(name, late[0]);
  for (const [what, { status, text }] of Object.entries({ twice, taken }))
    if (status !== 409 && status <= 500) wrong.push(`joining ${what}: ${status} ${text}`);
  const { status, text } = await join(`Late ${hunt}`, late[1]);
  if (status !== 201 && status <= 500) wrong.push(`joining late: ${status} ${text}`);
  return { refused, wrong };
}

/** Closes the gaps of the logs, if there are any; tells what is not as it was before the flip. Undefined: there are none. */
async function repair(client: Client, hunt: string, before: string): Promise<string[] | undefined> {
  const exported = async () =>
    (await client.organise<string>("GET", `/v1/hunts/${hunt}/export`).catch(() => undefined))?.text ?? "";
  if (!(await exported()).includes('"type":"gap"')) return undefined;
  const { status, text, body } = await client.organise<{ left: object[] }>(
    "POST",
    `/v1/hunts/${hunt}/repair`,
    {
      reason: "flipped",
    },
  );
  if (status !== 200 || body.left.length > 0) return [`repair: ${status} ${text}`];
  const lines = new Set(linesOf(await exported()).map(factOf));
  const lacking = linesOf(before).filter((line) => !lines.has(factOf(line)));
  const verified = await client.organise<{ ok: boolean }>("GET", `/v1/hunts/${hunt}/verify`);
  const isOk = verified.status === 200 && (verified.body.ok || /names or positions/.test(verified.text));
  return [
    ...lacking.map((line) => `repaired, but not ${line}`),
    ...(isOk ? [] : [`repaired: ${verified.text}`]),
  ];
}

/** A line of an export without its person. */
const factOf = (line: string): string => line.replace(/,"person":.*/, "}");

class Figures {
  readonly #counts = new Map<string, Record<string, number>>();

  count(kind: string, came: "silent" | "told" | "stopped" | "false" | "no start" | "repaired"): void {
    const own = this.#counts.get(kind) ?? {};
    own[came] = (own[came] ?? 0) + 1;
    this.#counts.set(kind, own);
  }

  toString(): string {
    return [...this.#counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, own]) => `${kind}: ${JSON.stringify(own)}`)
      .join("\n");
  }
}

test(`[LOG-8] of ${FLIPS} bits flipped in a data folder none is served as truth (SEED=${seed})`, {
  timeout: 180_000 + FLIPS * 10_000,
}, async () => {
  const random = chance(seed);
  const whole = join(folder, "whole");
  const played = await playAll(
    whole,
    Array.from({ length: HUNTS }, (_, index) => `hunt-${index}`),
  );
  const until = Date.now();
  const files = await filesOf(
    whole,
    played.map(({ hunt }) => hunt),
  );
  const own = files.filter(({ hunt }) => hunt !== undefined);
  const shared = files.filter(({ hunt }) => hunt === undefined);
  const sharedKinds = [...new Set(shared.map(({ kind }) => kind))];
  const figures = new Figures();
  const wrong: string[] = [];
  const fail = (what: string) => {
    wrong.push(what);
    process.stdout.write(`WRONG ${what}\n`);
  };
  const lines = new Map<string, number>();
  const log = (text: string) => {
    const brief = text.replaceAll(/reference = \w+/g, "reference").slice(0, 160);
    lines.set(brief, (lines.get(brief) ?? 0) + 1);
  };

  const copy = async (number: number): Promise<string> => {
    const dataDir = join(folder, `flip-${number}`);
    await cp(whole, dataDir, { recursive: true });
    return dataDir;
  };
  const within = async (dataDir: string, look: (client: Client, engine: Engine) => Promise<void>) => {
    const engine = await startOn(dataDir, log);
    try {
      await look(await Client.of(engine), engine);
    } finally {
      await engine.stop();
    }
  };

  let truth: Reads[] = [];
  let truthOfAll: Reads = new Map();
  await within(await copy(0), async (client) => {
    truth = await Promise.all(played.map((each) => readHunt(client, each, until)));
    truthOfAll = await readAll(client, until);
  });
  const scores = played.map(({ founders }, index) =>
    founders.map(({ id }) => {
      const { team } = JSON.parse(truth[index]?.get(`me ${id}`)?.text ?? "") as { team: { score: number } };
      return team.score;
    }),
  );

  for (let done = 0, start = 1; done < FLIPS; start += 1) {
    const dataDir = await copy(start);
    const flips: Flip[] = [];
    const isShared = start % SHARED_EVERY === 0;
    if (isShared) {
      const kind = oneOf(sharedKinds, random);
      const among = shared.filter((file) => file.kind === kind);
      flips.push(await flip(dataDir, oneOf(among, random), random));
    } else {
      for (const { hunt } of played) {
        const kind = oneOf(KINDS, random);
        const among = own.filter((file) => file.hunt === hunt && file.kind === kind);
        flips.push(await flip(dataDir, oneOf(among, random), random));
      }
    }
    done += flips.length;
    try {
      await within(dataDir, async (client) => {
        const ofAll = await readAll(client, until);
        const seen = await Promise.all(
          played.map(async (each, index) => {
            const reads = await readHunt(client, each, until);
            const { refused, wrong: playedWrong } = await goOn(client, each, scores[index] ?? []);
            const repaired = await repair(client, each.hunt, truth[index]?.get("export")?.text ?? "");
            if (repaired?.length === 0 && !isShared) figures.count(flips[index]?.file.kind ?? "", "repaired");
            playedWrong.push(...(repaired ?? []));
            return { judgement: judge(truth[index] ?? new Map(), { reads, refused }), refused, playedWrong };
          }),
        );
        const all = judge(truthOfAll, { reads: ofAll, refused: [] });
        if (isShared) {
          const [only] = flips as [Flip];
          const { kind } = only.file;
          const told = [...all.told, ...seen.flatMap(({ judgement }) => judgement.told)];
          const untrue = [
            ...all.false,
            ...seen.flatMap(({ judgement, playedWrong }) => [...judgement.false, ...playedWrong]),
          ];
          const stopped = seen.flatMap(({ refused }) => refused).length;
          if (untrue.length > 0) fail(`${only.what}: ${untrue.join("\n   ")}`);
          figures.count(
            kind,
            untrue.length > 0 ? "false" : stopped > 0 ? "stopped" : told.length > 0 ? "told" : "silent",
          );
          if (told.length > 0) process.stdout.write(`${only.what}: ${told.join("\n   ").slice(0, 1_500)}\n`);
          return;
        }
        if (all.false.length > 0 || all.told.some((what) => !/^.v1.(?:hunts|ops.keys): 200/.test(what))) {
          fail(`all, with ${flips.map(({ what }) => what).join("; ")}: ${JSON.stringify(all)}`);
        }
        for (const [index, { judgement, refused, playedWrong }] of seen.entries()) {
          const { file, what } = flips[index] as Flip;
          const untrue = [...judgement.false, ...playedWrong];
          if (untrue.length > 0) fail(`${what}: ${untrue.join("\n   ")}`);
          const came =
            untrue.length > 0
              ? "false"
              : refused.length > 0
                ? "stopped"
                : judgement.told.length > 0
                  ? "told"
                  : "silent";
          figures.count(file.kind, came);
          if (judgement.told.length > 0)
            process.stdout.write(`${what}: ${judgement.told.join("\n   ").slice(0, 1_500)}\n`);
        }
      });
    } catch (error) {
      if (!isShared) {
        for (const { what } of flips) process.stdout.write(`at ${what}\n`);
        throw error;
      }
      figures.count(flips[0]?.file.kind ?? "", "no start");
      process.stdout.write(`${flips[0]?.what}: no start: ${String(error).slice(0, 300)}\n`);
    }
    await rm(dataDir, { recursive: true, force: true });
  }
  process.stdout.write(
    `flip test:\n${[...lines].map(([line, count]) => `${count} × ${line}`).join("\n")}\n${figures}\n`,
  );
  expect(wrong, `SEED=${seed}`).toEqual([]);
});
