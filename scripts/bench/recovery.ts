/** How long a shard with a long log takes to answer after an eviction. */
import { startEngine } from "../engine.ts";
import { BENCH_HUNT, benchDefinition, organise } from "./hunt.ts";

const FACTS = 200_000;
const TEAMS = 5_000;
const ROUNDS = 5;

/** Lines per import request. */
const LINES = 20_000;

export async function measureRecovery(
  dataDir: string,
  say: (line: string) => void,
): Promise<{ name: string; unit: string; value: number; spread: [number, number] }[]> {
  const engine = await startEngine({ dataDir, vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "1" } });
  try {
    await organise(engine, "PUT", `/v1/hunts/${BENCH_HUNT}`, benchDefinition);
    say(`importing ${FACTS} facts of ${TEAMS} teams into one shard`);
    const start = Date.now() - 10 * 86_400_000;
    let lines: string[] = [];
    for (let fact = 0; fact < FACTS; fact += 1) {
      const team = fact % TEAMS;
      const turn = Math.floor(fact / TEAMS);
      const at = new Date(start + fact * 20).toISOString();
      const line =
        turn === 0
          ? { at, team: `t${team}`, type: "join" }
          : {
              at,
              team: `t${team}`,
              type: "answer",
              clue: `clue-${(turn * 7) % 50}`,
              answer: turn % 3 === 0 ? `answer ${(turn * 7) % 50}` : `wrong ${fact}`,
            };
      lines.push(JSON.stringify(line));
      if (lines.length === LINES || fact + 1 === FACTS) {
        await organise(engine, "POST", `/v1/hunts/${BENCH_HUNT}/import`, lines.join("\n"));
        lines = [];
      }
    }
    await organise(engine, "POST", `/v1/hunts/${BENCH_HUNT}/phase`, { phase: "live" });
    const page = (await organise(engine, "GET", `/v1/hunts/${BENCH_HUNT}/teams?limit=5`)) as {
      teams: { id: string }[];
    };
    const team = page.teams[3]?.id ?? "";
    const shard = team.split("-").slice(0, 2).join("-");
    const read = async (): Promise<number> => {
      const sent = performance.now();
      const answer = await fetch(new URL(`/v1/hunts/${BENCH_HUNT}/leaderboard/${team}/history`, engine.url));
      await answer.text();
      if (!answer.ok) throw new Error(`the shard answered ${answer.status}`);
      return performance.now() - sent;
    };
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await read();
      await engine.miniflare.unsafeEvictDurableObject("treasure-hunt-engine", "HuntShard", {
        name: `${BENCH_HUNT}/${shard}`,
      });
      times.push(await read());
      say(`recovery ${round + 1}: ${times.at(-1)?.toFixed(0)} ms`);
    }
    times.sort((a, b) => a - b);
    return [
      {
        name: `recovery, ${FACTS} facts, ${TEAMS} teams`,
        unit: "ms",
        value: times[ROUNDS >> 1] ?? 0,
        spread: [times[0] ?? 0, times.at(-1) ?? 0],
      },
    ];
  } finally {
    await engine.stop();
  }
}
