import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { StandingsRules } from "../../src/hunt/score.ts";
import { Board } from "../../src/leaderboard/board.ts";
import type { StoredView } from "../../src/leaderboard/stored-view.ts";
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
