/** What a shard carries and how it comes back: spread over shards, overload, evictions; and the lines of the log. */
import type { ImportLine, Stats } from "../../../../src/contract/data.ts";
import type { Teams } from "../../../../src/contract/teams.ts";
import { medianOf, quantileOf, rising } from "../../measure/statistics.ts";
import { CLUES, definition, each, joinPlayers, play, send, wrong } from "../crowd.ts";
import { between, onEngines, type Subject } from "../engines.ts";

const statsOf = (subject: Subject, hunt: string): Promise<Stats> =>
  subject.organise<Stats>("GET", `/v1/hunts/${hunt}/stats`);

/** Facts of a log that is read back, and the teams that they are of. */
const FACTS = 30_000;
const TEAMS = 500;
const LINES = 10_000;

async function importFacts(subject: Subject): Promise<string> {
  const hunt = await subject.publish(definition, false);
  const start = Date.now() - 10 * 86_400_000;
  for (let from = 0; from < FACTS; from += LINES) {
    const lines = Array.from({ length: LINES }, (_, index): ImportLine => {
      const fact = from + index;
      const at = new Date(start + fact * 20).toISOString();
      const team = `t${fact % TEAMS}`;
      return fact < TEAMS
        ? { at, team, type: "join" }
        : { at, team, type: "answer", clue: `clue-${fact % CLUES}`, answer: `wrong ${fact}` };
    });
    await subject.organise(
      "POST",
      `/v1/hunts/${hunt}/import`,
      lines.map((line) => JSON.stringify(line)).join("\n"),
    );
  }
  await subject.organise("POST", `/v1/hunts/${hunt}/phase`, { phase: "live" });
  return hunt;
}

/** Connections of an overload, and events of a request: far more wait than a shard decides at once. */
const CROWD = 48;
const EVENTS = 100;

export const shardExperiments = [
  onEngines({
    parameter: "SHARDS_PER_REGION",
    condition: "160 teams of ten events each",
    values: [1, 2, 4, 8, 16],
    rounds: 4,
    metrics: [
      { name: "times", what: "load of one shard that all of them carry", unit: "×", better: "more" },
      { name: "calls", what: "calls on objects for a change of the phase", unit: "", better: "less" },
      { name: "rows", what: "rows written for 1,000 events", unit: "", better: "less" },
    ],
    wishes: {
      // A call on every shard for each of an organiser's acts.
      small: [{ metric: "times", most: 1.5 }],
      city: [{ metric: "times", most: 4 }],
      television: [],
    },
    async trial({ subject }) {
      const hunt = await subject.publish(definition);
      const players = await joinPlayers(subject, hunt, 160);
      const before = await statsOf(subject, hunt);
      await each(players.length * 10, 16, async (index) => {
        const player = players[index % players.length];
        if (player) await play(subject, player, [wrong(index)]);
      });
      const after = await statsOf(subject, hunt);
      const facts = after.shards.map(({ seq }) => seq);
      const rowsOf = ({ shards }: Stats): number =>
        shards.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
      const counts = await subject.counts();
      await subject.organise("POST", `/v1/hunts/${hunt}/phase`, { phase: "paused" });
      const told = await subject.counts();
      return {
        times: facts.reduce((sum, count) => sum + count, 0) / Math.max(...facts),
        calls: between(counts, told, (name) =>
          /^objectRequests (?:SHARD|LEADERBOARD)\.configure$/.test(name),
        ),
        rows: ((rowsOf(after) - rowsOf(before)) * 1_000) / (players.length * 10),
      };
    },
  }),
  onEngines({
    parameter: "WAITING_COMMANDS_MAX",
    condition: `${CROWD} connections with ${EVENTS} events a request on one shard, as fast as it answers, for three seconds`,
    values: [200, 800, 2_000, 10_000],
    inTurn: true,
    metrics: [
      {
        name: "wait",
        what: "p99 of the requests that are served, over that of the floor under the same load",
        unit: "×",
        better: "less",
      },
      { name: "refused", what: "requests refused at once (503)", unit: "%", better: "less" },
    ],
    wishes: {
      small: [{ metric: "refused", most: 25 }],
      city: [{ metric: "refused", most: 25 }],
      television: [{ metric: "refused", most: 40 }],
    },
    async trial({ subject, floor }) {
      const hunt = await subject.publish(definition);
      const players = await joinPlayers(subject, hunt, CROWD);
      const list = (index: number) => Array.from({ length: EVENTS }, (_, event) => wrong(index + event));
      const loaded = async (
        call: (index: number) => Promise<boolean>,
      ): Promise<{ p99: number; refused: number }> => {
        const times: number[] = [];
        let refused = 0;
        const end = performance.now() + 3_000;
        await each(CROWD, CROWD, async (index) => {
          while (performance.now() < end) {
            const begun = performance.now();
            if (await call(index)) times.push(performance.now() - begun);
            else {
              refused += 1;
              await new Promise((done) => setTimeout(done, 100));
            }
          }
        });
        return { p99: quantileOf(rising(times), 0.99), refused: (100 * refused) / (refused + times.length) };
      };
      const below = await loaded(async (index) => {
        const body = JSON.stringify({ events: list(index) });
        const response = await fetch(new URL("/rpc", floor.url), {
          method: "POST",
          headers: { "content-type": "application/json" },
          body,
        });
        await response.text();
        return response.ok;
      });
      const served = await loaded(async (index) => {
        const player = players[index];
        const results = player ? await send(subject, player, list(index)) : 0;
        if (typeof results === "number" && results !== 503) throw new Error(`events are refused: ${results}`);
        return typeof results !== "number";
      });
      return { wait: served.p99 / below.p99, refused: served.refused };
    },
  }),
  onEngines({
    parameter: "PAGE_FLUSH_FACTS",
    condition: `a shard with ${FACTS} facts is put out of memory`,
    values: [1_000, 5_000, 20_000, 100_000],
    inTurn: true,
    rounds: 4,
    metrics: [
      { name: "back", what: "until it answers again", unit: "ms", better: "less", overFloor: "rpc" },
      { name: "rows", what: "rows written for 1,000 facts", unit: "", better: "less" },
    ],
    wishes: {
      small: [{ metric: "rows", most: 60 }],
      city: [{ metric: "rows", most: 60 }],
      television: [{ metric: "rows", most: 60 }],
    },
    async trial({ subject }) {
      const hunt = await importFacts(subject);
      const page = await subject.organise<Teams>("GET", `/v1/hunts/${hunt}/teams?limit=5`);
      const team = page.teams[3]?.id ?? "";
      const shard = team.split("-").slice(0, 2).join("-");
      const read = async (): Promise<number> => {
        const begun = performance.now();
        await subject.ask("GET", `/v1/hunts/${hunt}/leaderboard/${team}/history`);
        return performance.now() - begun;
      };
      const { shards } = await statsOf(subject, hunt);
      const rows = shards.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
      const times: number[] = [];
      for (let time = 0; time < 4; time += 1) {
        await read();
        await subject.engine.miniflare.unsafeEvictDurableObject("treasure-hunt-engine", "HuntShard", {
          name: `${hunt}/${shard}`,
        });
        times.push(await read());
      }
      return { back: medianOf(times), rows: (rows * 1_000) / FACTS };
    },
  }),
  onEngines({
    parameter: "LOG_SAMPLE",
    condition: "1,000 requests",
    values: [0, 0.01, 0.1, 1],
    metrics: [
      { name: "lines", what: "requests of 1,000 that leave a line", unit: "", better: "more" },
      { name: "bytes", what: "log of 1,000 requests", unit: "kB", better: "less" },
    ],
    wishes: {
      small: [],
      city: [{ metric: "bytes", most: 50 }],
      television: [{ metric: "bytes", most: 5 }],
    },
    async trial({ subject }) {
      const hunt = await subject.publish(definition);
      const before = subject.lines.length;
      await each(1_000, 16, async () => {
        await subject.ask("GET", `/v1/hunts/${hunt}`);
      });
      // Lines come by another way than responses.
      await new Promise((done) => setTimeout(done, 500));
      const lines = subject.lines.slice(before).filter((line) => line.includes("/v1/hunts/{hunt}"));
      return { lines: lines.length, bytes: lines.reduce((sum, line) => sum + line.length, 0) / 1_000 };
    },
  }),
];
