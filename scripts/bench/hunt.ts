/** A hunt for the benchmarks: many teams, clues that take any number of attempts. */
import type { Engine } from "../engine.ts";
import { mintOrganiserToken } from "../secrets.ts";
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
  const answer = await fetch(new URL(path, engine.url), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": typeof body === "string" ? "application/x-ndjson" : "application/json",
    },
    ...(body === undefined ? {} : { body: text }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

export interface BenchHunt {
  id: string;
  /** The next event of the next player: a wrong answer, which is recorded. */
  event(): Call;
  /** A body of the same size for the floors. */
  body(): string;
}

/** Publishes the hunt, joins `teams` solo players and starts it. */
export async function openBenchHunt(engine: Engine, { teams }: { teams: number }): Promise<BenchHunt> {
  await organise(engine, "PUT", `/v1/hunts/${BENCH_HUNT}`, benchDefinition);
  const tokens: string[] = [];
  for (let from = 0; from < teams; from += 32) {
    const batch = Array.from({ length: Math.min(32, teams - from) }, async (_, index) => {
      const answer = await fetch(new URL(`/v1/hunts/${BENCH_HUNT}/players`, engine.url), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: `Player ${from + index}` }),
      });
      return ((await answer.json()) as { token: string }).token;
    });
    tokens.push(...(await Promise.all(batch)));
  }
  await organise(engine, "POST", `/v1/hunts/${BENCH_HUNT}/phase`, { phase: "live" });
  let count = 0;
  const body = (): string => {
    count += 1;
    const event = {
      id: `e-${count}`,
      type: "answer",
      clue: `clue-${count % CLUES}`,
      answer: `wrong ${count}`,
    };
    return JSON.stringify({ events: [event] });
  };
  const headers = tokens.map((token) => ({
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
  }));
  return {
    id: BENCH_HUNT,
    body,
    event: () => ({
      method: "POST",
      path: `/v1/hunts/${BENCH_HUNT}/events`,
      headers: headers[count % headers.length] ?? {},
      body: body(),
    }),
  };
}

/** Facts and billed rows of all shards so far. */
export async function shardRows(engine: Engine, hunt: string): Promise<{ facts: number; rows: number }> {
  const stats = (await organise(engine, "GET", `/v1/hunts/${hunt}/stats`)) as {
    shards: { seq: number; rowsWritten: number }[];
  };
  return stats.shards.reduce(
    (sum, shard) => ({ facts: sum.facts + shard.seq, rows: sum.rows + shard.rowsWritten }),
    { facts: 0, rows: 0 },
  );
}
