/** The way of facts to the origin, on engines that run: how they are packed, and how fast an origin far away takes them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Stats } from "../../../../src/contract/data.ts";
import { definition, each, joinPlayers, play, wrong } from "../crowd.ts";
import { between, onEngines, type Subject, until } from "../engines.ts";

const PLAYERS = 10;

/** Between two events while they are played at an even pace, ms. */
const PACE = 50;

/** Until the origin has every fact of the hunt, ms. */
async function archived(subject: Subject, hunt: string): Promise<number> {
  const begun = performance.now();
  await until(
    "the archive",
    async () => {
      const { shards } = await subject.organise<Stats>("GET", `/v1/hunts/${hunt}/stats`);
      return shards.every((shard) => shard.archived === shard.seq);
    },
    200,
  );
  return performance.now() - begun;
}

/** What a call on the origin takes in the experiment on its concurrency, ms. */
const FAR = 60;

export const archiveExperiments = [
  onEngines({
    parameter: "SHIP_DELAY_MS",
    condition: "20 events/s for six seconds on one shard; the local queue delivers once a second",
    values: [50, 200, 500, 2_000, 8_000],
    metrics: [
      { name: "messages", what: "queue messages for 1,000 facts", unit: "", better: "less" },
      { name: "lag", what: "age of a fact when the origin has it", unit: "s", better: "less" },
    ],
    wishes: {
      small: [{ metric: "lag", most: 3 }],
      city: [{ metric: "lag", most: 3 }],
      television: [{ metric: "lag", most: 6 }],
    },
    async trial({ subject }) {
      const hunt = await subject.publish(definition);
      const players = await joinPlayers(subject, hunt, PLAYERS);
      await archived(subject, hunt);
      const before = { counts: await subject.counts(), seen: await subject.seen() };
      const sent: Promise<unknown>[] = [];
      for (let index = 0; index < 6_000 / PACE; index += 1) {
        const player = players[index % PLAYERS];
        if (player) sent.push(play(subject, player, [wrong(index)]));
        await sleep(PACE);
      }
      await Promise.all(sent);
      await archived(subject, hunt);
      const after = { counts: await subject.counts(), seen: await subject.seen() };
      const facts = after.seen.facts - before.seen.facts;
      const messages = between(before.counts, after.counts, (name) => name === "queueMessages");
      return {
        messages: (1_000 * messages) / facts,
        lag: (after.seen.ageSum - before.seen.ageSum) / facts / 1_000,
      };
    },
  }),
  onEngines({
    parameter: "ORIGIN_CONCURRENCY",
    condition: `240 events on 32 shards, each a message of its own, for an origin that takes ${FAR} ms more for a call`,
    values: [1, 3, 6, 20],
    vars: { SHARDS_PER_REGION: 32, SHARDS_MAX: 32, SHIP_DELAY_MS: 10, RESEND_AFTER_MS: 600_000 },
    metrics: [
      {
        name: "drained",
        what: "from the last event until the origin has all of them",
        unit: "s",
        better: "less",
      },
      { name: "calls", what: "most calls of the isolate on it at once", unit: "", better: "less" },
    ],
    wishes: {
      small: [{ metric: "calls", most: 6 }],
      city: [{ metric: "calls", most: 6 }],
      // Of each isolate: thousands of them share the origin.
      television: [{ metric: "calls", most: 6 }],
    },
    async trial({ subject }) {
      const hunt = await subject.publish(definition);
      const players = await joinPlayers(subject, hunt, 96);
      await archived(subject, hunt);
      await subject.disturb(FAR);
      await each(240, 12, async (index) => {
        const player = players[index % players.length];
        if (player) await play(subject, player, [wrong(index)]);
      });
      const begun = performance.now();
      await archived(subject, hunt);
      const drained = (performance.now() - begun) / 1_000;
      const { mostInFlight } = await subject.seen();
      await subject.disturb(0);
      return { drained, calls: mostInFlight };
    },
  }),
];
