/** A hunt for the benchmarks: many teams, clues that take any number of attempts. */
import type { Stats } from "../../../src/contract/data.ts";
import type { JoinBody, Joined } from "../../../src/contract/join.ts";
import type { EventsBody, PlayerEvent } from "../../../src/contract/play.ts";
import type { Engine } from "../../local/engine.ts";
import { mintOrganiserToken } from "../../local/secrets.ts";
import type { Call } from "./client.ts";

const CLUES = 50;

export const BENCH_HUNT = "bench";

export const benchDefinition = {
  format: 1,
  hunt: BENCH_HUNT,
  title: "Bench",
  teams: { mode: "solo" },
  attempts: { burst: 1_000_000, refillPerMinute: 1_000_000, perClue: 0 },
  rounds: [{ id: "all", title: "All" }],
  clues: Array.from({ length: CLUES }, (_, index) => ({
    id: `clue-${index}`,
    round: "all",
    title: `Clue ${index}`,
    body: "Say the word.",
    kind: "answer",
    points: 100,
    answers: [`answer ${index}`],
    opens: "start",
  })),
};

/** A call on the engine as its organiser; throws on anything but 2xx. */
export async function organise(
  engine: Engine,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const token = await mintOrganiserToken(engine.secrets);
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(new URL(path, engine.url), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": typeof body === "string" ? "application/x-ndjson" : "application/json",
    },
    ...(body === undefined ? {} : { body: text }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

export interface BenchHunt {
  id: string;
  teams: number;
  /** The next event of the next player: a wrong answer, which is recorded. */
  event(): Call;
  /** `count` such events of one player in one request. */
  batch(count: number): Call;
  /** The body of `event`: also a frame of a team's socket. */
  body(): string;
  /** As `event`, but three in ten are right, as they were in a real hunt; each is recorded. */
  mixedBody(team: number, count: number): string;
  mixed(count: number): Call;
  /** A team's answer to a clue, right or wrong. */
  answer(team: number, clue: number, right: boolean): Call;
  /** The player's token. */
  token(team: number): string;
}

export interface BenchHuntOptions {
  teams: number;
  /** Decay and first-solve bonuses, so that every solve moves scores of others. Default: static. */
  moving?: boolean;
}

/** Players who join at the same time. */
export const JOINING = 32;

/** Publishes the hunt, joins `teams` solo players and starts it. */
export async function openBenchHunt(
  engine: Engine,
  { teams, moving = false }: BenchHuntOptions,
): Promise<BenchHunt> {
  const scoring = moving
    ? { decay: { kind: "linear", minimum: 50, solves: Math.ceil(teams / 2) }, firstSolves: [30, 20, 10] }
    : undefined;
  await organise(engine, "PUT", `/v1/hunts/${BENCH_HUNT}`, {
    ...benchDefinition,
    ...(scoring ? { scoring } : {}),
  });
  await organise(engine, "POST", `/v1/hunts/${BENCH_HUNT}/phase`, { phase: "live" });
  return { ...(await joinPlayers(engine, teams)), id: BENCH_HUNT };
}

/** Joins solo players to the live hunt. */
export async function joinPlayers(engine: Engine, teams: number): Promise<Omit<BenchHunt, "id">> {
  const tokens: string[] = [];
  const numbers = Array.from({ length: teams }, (_, number) => number).values();
  await Promise.all(
    Array.from({ length: JOINING }, async () => {
      for (const number of numbers) {
        const response = await fetch(new URL(`/v1/hunts/${BENCH_HUNT}/players`, engine.url), {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ name: `Player ${number}` } satisfies JoinBody),
        });
        if (!response.ok) throw new Error(`joining: ${response.status} ${await response.text()}`);
        tokens.push(((await response.json()) as Joined).token);
      }
    }),
  );
  let count = 0;
  const wrong = (): PlayerEvent => {
    count += 1;
    return { id: `e-${count}`, type: "answer", clue: `clue-${count % CLUES}`, answer: `wrong ${count}` };
  };
  const headers = tokens.map((token) => ({
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
  }));
  const post = (team: number, events: PlayerEvent[]): Call => ({
    method: "POST",
    path: `/v1/hunts/${BENCH_HUNT}/events`,
    headers: headers[team % headers.length] ?? {},
    body: JSON.stringify({ events } satisfies EventsBody),
  });
  /** Solves of each team so far: it solves its clues in order, from the last one on. */
  const solved = new Map<number, number>();
  const mixedBody = (team: number, size: number): string => {
    const events = Array.from({ length: size }, () => {
      const done = solved.get(team) ?? 0;
      const right = count % 10 < 3 && done < CLUES;
      if (!right) return { ...wrong(), clue: `clue-${CLUES - 1 - Math.min(done, CLUES - 1)}` };
      solved.set(team, done + 1);
      const clue = CLUES - 1 - done;
      return { ...wrong(), clue: `clue-${clue}`, answer: `answer ${clue}` };
    });
    return JSON.stringify({ events } satisfies EventsBody);
  };
  return {
    teams,
    mixedBody,
    mixed(size) {
      const team = Math.floor(count / size) % teams;
      return { ...post(team, []), body: mixedBody(team, size) };
    },
    body: () => JSON.stringify({ events: [wrong()] } satisfies EventsBody),
    event: () => post(count, [wrong()]),
    batch: (size) => post(Math.floor(count / size), Array.from({ length: size }, wrong)),
    answer(team, clue, right) {
      count += 1;
      const answer = right ? `answer ${clue}` : `wrong ${count}`;
      return post(team, [{ id: `e-${count}`, type: "answer", clue: `clue-${clue}`, answer }]);
    },
    token: (team) => tokens[team % tokens.length] ?? "",
  };
}

/** Facts and billed rows of all shards so far. */
export async function shardRows(engine: Engine, hunt: string): Promise<{ facts: number; rows: number }> {
  const stats = (await organise(engine, "GET", `/v1/hunts/${hunt}/stats`)) as Stats;
  return stats.shards.reduce(
    (sum, shard) => ({ facts: sum.facts + shard.seq, rows: sum.rows + shard.rowsWritten }),
    { facts: 0, rows: 0 },
  );
}
