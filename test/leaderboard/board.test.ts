import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { StandingsRules } from "../../src/hunt/score.ts";
import { Board } from "../../src/leaderboard/board.ts";
import { BoardSockets } from "../../src/leaderboard/live.ts";
import { BoardPublisher } from "../../src/leaderboard/publish.ts";
import type { StoredView } from "../../src/leaderboard/stored-view.ts";
import type { LivePage } from "../../src/objects/leaderboard.ts";
import type { ScoreFact, ScoreReport } from "../../src/protocol.ts";
import type { StoredText } from "../../src/stored-text.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const rules = (points: number): StandingsRules => ({
  scoring: { ranking: "score", decay: { kind: "none", minimum: 0, solves: 1 }, firstSolves: [] },
  clues: [{ id: "quay", points }],
  brackets: [],
});

const config = (revision: number) => ({
  revision,
  rules: rules(revision),
  phase: { live: true, paused: false },
});

/** A report so large that it is not applied at once. */
const LARGE: ScoreReport = {
  shard: "s",
  after: 0,
  upto: 600,
  facts: Array.from({ length: 600 }, (_, i): ScoreFact => {
    const seq = i + 1;
    return { seq, at: seq, team: `t-${seq}`, type: "join", name: `Crew ${seq}` };
  }),
};

function boardWith(): Board {
  vi.stubGlobal("scheduler", { wait: (ms: number) => new Promise((done) => setTimeout(done, ms)) });
  return new Board({
    clock: systemClock,
    texts: { read: () => undefined, write: () => undefined } as unknown as StoredText,
    snapshots: {} as StoredView,
    shards: async () => [],
    pull: async () => ({ shard: "s", after: 0, upto: 0, facts: [] }),
    solversOf: async () => [],
    changed: () => undefined,
  });
}

test("[LB-21] a reader who waited along with a change of rules finds the standings settled", async () => {
  // Both wait for the report; how many turns later each goes on decides who is first.
  for (let turns = 0; turns < 30; turns += 1) {
    const board = boardWith();
    board.install(config(1));
    await board.rerule();
    const taken = board.take(LARGE);
    board.install(config(2));
    const reruled = board.rerule();
    const pages = [];
    for (let turn = 0; turn <= turns; turn += 1) {
      pages.push(board.page({ offset: 0, limit: 1, organiser: turn % 2 === 0 }));
      await Promise.resolve();
    }
    for (const page of await Promise.all(pages)) expect(page.entries.length).toBeLessThanOrEqual(1);
    await Promise.all([taken, reruled]);
    expect((await board.page({ offset: 0, limit: 1, organiser: true })).total).toBe(600);
  }
});

test("[SEC-39] of two entries on their way to KV the later one stays, also when the earlier comes last", async () => {
  const puts: { text: string; done(): void }[] = [];
  let kv = "";
  let total = 0;
  const publisher = new BoardPublisher({
    clock: { ...systemClock, after: async () => undefined },
    hunt: "h",
    delay: 0,
    config: () => undefined,
    read: async (read) => {
      total += 1;
      const standings = { total: () => total, page: () => [] } as never;
      return read({ standings, frozen: false, asOf: 0 });
    },
    put: (text) =>
      new Promise((resolve) => {
        puts.push({
          text,
          done: () => {
            kv = text;
            resolve();
          },
        });
      }),
  });
  const settle = () => new Promise((done) => setTimeout(done, 5));
  publisher.changed();
  await settle();
  publisher.changed();
  await settle();
  puts[1]?.done();
  await settle();
  puts[0]?.done();
  await settle();
  puts[2]?.done();
  await settle();
  expect(JSON.parse(kv)).toMatchObject({ total: 3 });
  expect(puts).toHaveLength(3);
});

test("[SEC-39] newcomers who all wait for the first page are no more than there is room for", async () => {
  const sockets: object[] = [];
  const socket = () => ({ readyState: 1, send: () => undefined });
  vi.stubGlobal(
    "WebSocketPair",
    class {
      0 = socket();
      1 = socket();
    },
  );
  vi.stubGlobal("WebSocketRequestResponsePair", class {});
  vi.stubGlobal("Response", class {});
  const live = new BoardSockets({
    ctx: {
      getWebSockets: () => sockets,
      acceptWebSocket: (accepted: object) => sockets.push(accepted),
      setWebSocketAutoResponse: () => undefined,
      getWebSocketAutoResponseTimestamp: () => null,
    } as never,
    clock: systemClock,
    socketsMax: 3,
    page: () =>
      new Promise<LivePage>((done) => setTimeout(done, 5, { asOf: 0, frozen: false, total: 0, entries: [] })),
    life: "x",
  });
  const opened = await Promise.all(Array.from({ length: 10 }, () => live.accept(() => ({}), null)));
  expect(opened.filter((each) => "refused" in each)).toHaveLength(7);
  expect(sockets).toHaveLength(3);
});
