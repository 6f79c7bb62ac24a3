import { expect, test } from "vitest";
import { RecentWork } from "../../src/shard/recent-work.ts";

const SLOT = 5_000;

test("[ADV-7] the busiest five seconds and the highest line of the last five minutes are told, and forgotten then", () => {
  let now = 1_000 * SLOT;
  const recent = new RecentWork(() => now);
  const burst = (requests: number, events: number, waiting: number): void => {
    for (let request = 0; request < requests; request += 1) recent.came(events, waiting);
  };
  expect(recent.told()).toEqual({ requests: 0, messages: 0, events: 0, waitingPeak: 0, newTeams: 0 });
  burst(100, 5, 40);
  recent.looked();
  recent.madeTeam();
  now += SLOT;
  burst(20, 1, 90);
  expect(recent.told()).toEqual({ requests: 20.2, messages: 0, events: 100, waitingPeak: 90, newTeams: 1 });
  now += 59 * SLOT;
  expect(recent.told()).toEqual({ requests: 4, messages: 0, events: 4, waitingPeak: 90, newTeams: 0 });
  now += SLOT;
  expect(recent.told()).toEqual({ requests: 0, messages: 0, events: 0, waitingPeak: 0, newTeams: 0 });
});

test("[ADV-7] a message of a socket is no request, and a clock that was ahead leaves nothing behind", () => {
  let now = 1_000 * SLOT;
  const recent = new RecentWork(() => now);
  for (let message = 0; message < 50; message += 1) {
    recent.framed();
    recent.came(2, 2);
  }
  expect(recent.told()).toMatchObject({ requests: 0, messages: 10, events: 20 });
  now -= 30 * SLOT;
  expect(recent.told()).toMatchObject({ messages: 0, events: 0, waitingPeak: 0 });
});
