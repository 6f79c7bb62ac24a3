/**
 * The shard stops at every step of handling an event. A step is the entry of, or the return from, anything the event passes
 * through; they are counted first, then each is the last of some object.
 */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Result } from "../../src/protocol.ts";
import { CountedSql } from "../../src/shard/counted-sql.ts";
import { SegmentLog } from "../../src/shard/log.ts";
import { HuntShard } from "../../src/shard/object.ts";
import { RecordedIds } from "../../src/shard/recorded-ids.ts";
import { TeamStore } from "../../src/shard/teams.ts";
import {
  guess,
  join,
  logOf,
  makeOrigin,
  outcomeOf,
  play,
  publish,
  restart,
  setParameters,
  setPhase,
  shardOf,
} from "./workerd.ts";

// Longer than a step takes: what follows a commit must not mix with the steps of an event.
setParameters({ SHIP_DELAY_MS: 60_000, REPORT_DELAY_MS: 10_000 });
beforeAll(makeOrigin);
afterEach(() => {
  vi.restoreAllMocks();
});

/** What an event passes through, with where it is found. */
const PASSED: [object, string[]][] = [
  [HuntShard.prototype, ["play", "join"]],
  [TeamStore.prototype, ["get", "apply", "beforeSync"]],
  [RecordedIds.prototype, ["recorded"]],
  [SegmentLog.prototype, ["append", "committed"]],
  [CountedSql.prototype, ["exec"]],
];

/** Watches every step from now on; `at` is told each one's label. */
async function watch(hunt: string, at: (label: string) => void): Promise<void> {
  for (const [prototype, names] of PASSED) {
    for (const name of names) {
      const holder = prototype as Record<string, (...args: unknown[]) => unknown>;
      const original = holder[name];
      if (!original) throw new Error(`there is no ${name}`);
      vi.spyOn(holder, name).mockImplementation(function (this: unknown, ...args: unknown[]): unknown {
        at(`before ${name}`);
        const returned = original.apply(this, args);
        if (!(returned instanceof Promise)) {
          at(`after ${name}`);
          return returned;
        }
        return returned.then((value: unknown) => {
          at(`after ${name}`);
          return value;
        });
      });
    }
  }
  await runInDurableObject(shardOf(hunt), (_, state) => {
    const sync = state.storage.sync.bind(state.storage);
    vi.spyOn(state.storage, "sync").mockImplementation(async () => {
      at("before sync");
      await sync();
      at("after sync");
    });
  });
}

/** Runs `handle` and gives its steps in order. */
async function stepsOf(hunt: string, handle: () => Promise<unknown>): Promise<string[]> {
  const labels: string[] = [];
  await watch(hunt, (label) => labels.push(label));
  await handle();
  const steps = [...labels];
  vi.restoreAllMocks();
  return steps;
}

/** Runs `handle` in an object that stops at its step `last`; gives the answer, if one came all the same. */
async function stoppedAt<Value>(
  hunt: string,
  last: number,
  label: string,
  handle: () => Promise<Value>,
): Promise<{ value: Value } | { error: unknown }> {
  let passed = 0;
  let stopped: string | undefined;
  let stop = (): void => undefined;
  await runInDurableObject(shardOf(hunt), (_, state) => {
    stop = () => state.abort(`stopped ${label}`);
  });
  await watch(hunt, (step) => {
    if (stopped === undefined && passed === last) {
      stopped = step;
      stop();
      throw new Error(`stopped ${step}`);
    }
    passed += 1;
  });
  const answer = await outcomeOf(handle);
  vi.restoreAllMocks();
  // The fault happened, where it was meant to.
  expect(stopped, `step ${last}`).toBe(label);
  return answer;
}

/** Takes timers and alarm from a hunt's shard: every shard's steps are watched, not only the present one's. */
async function quiet(hunt: string): Promise<void> {
  await runInDurableObject(shardOf(hunt), (_, state) => state.storage.deleteAlarm());
  await restart(hunt);
}

async function live(hunt: string): Promise<void> {
  await publish(hunt);
  await setPhase(hunt, "live");
}

test("[REC-7] [FAULT-1] stopped at any step of an event, the shard comes back and the same id has one fact and one outcome", {
  timeout: 360_000,
}, async () => {
  await live("counted");
  const first = await join("counted", "one");
  let told: Result | undefined;
  const steps = await stepsOf("counted", async () => {
    [told] = await play(first, guess("counted", "e", "right"));
  });
  expect(steps).toEqual(
    expect.arrayContaining(["before play", "after append", "before sync", "after sync", "after play"]),
  );
  await quiet("counted");
  for (const [last, label] of steps.entries()) {
    const about = `step ${last}: ${label}`;
    const hunt = `stopped-${last}`;
    await live(hunt);
    const team = await join(hunt, "one");
    const send = () => play(team, guess(hunt, "e", "right"));
    const answer = await stoppedAt(hunt, last, label, send);
    const [again] = await send();
    expect({ ...again, duplicate: undefined }, about).toEqual({ ...told, duplicate: undefined });
    if ("value" in answer) expect(again, about).toEqual({ ...answer.value[0], duplicate: true });
    expect(
      (await logOf(hunt)).filter((fact) => fact.type === "answer"),
      about,
    ).toHaveLength(1);
    expect((await shardOf(hunt).verify()).mismatches, about).toEqual([]);
    await quiet(hunt);
  }
});

test("[REC-8] [FAULT-1] stopped at any step of a joining, the same key makes one team and one player", {
  timeout: 360_000,
}, async () => {
  // The edge chooses a new player id for every request; the key tells that it is the same joining.
  const joining = (player: string) => ({ key: "key", player, name: "Ann", create: { name: "Team" } });
  await live("joined");
  await shardOf("joined").stats();
  const steps = await stepsOf("joined", () => shardOf("joined").join(joining("p-first")));
  expect(steps).toEqual(expect.arrayContaining(["after append", "before sync", "after sync"]));
  await quiet("joined");
  for (const [last, label] of steps.entries()) {
    const about = `step ${last}: ${label}`;
    const hunt = `joining-${last}`;
    await live(hunt);
    await shardOf(hunt).stats(); // its first contact with control is no step of the joining
    const answer = await stoppedAt(
      hunt,
      last,
      label,
      async (): Promise<object> => shardOf(hunt).join(joining("p-first")),
    );
    const again = await shardOf(hunt).join(joining("p-again"));
    if ("value" in answer) expect(again, about).toEqual(answer.value);
    const facts = await logOf(hunt);
    expect(facts, about).toMatchObject([{ type: "join", created: { name: "Team" } }]);
    expect(again, about).toMatchObject({ player: { id: (facts[0] as { player?: string }).player } });
    expect((await shardOf(hunt).verify()).mismatches, about).toEqual([]);
    await quiet(hunt);
  }
});
