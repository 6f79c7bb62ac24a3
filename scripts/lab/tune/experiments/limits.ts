/** Limits: what an attacker gets, and what honest players behind one address or in one team lose. */
import { setTimeout as sleep } from "node:timers/promises";
import { PARAMETERS } from "../../../../src/config.ts";
import type { PlayerEvent, Result } from "../../../../src/contract/play.ts";
import type { Team } from "../../../../src/hunt/team.ts";
import type { Command } from "../../../../src/protocol.ts";
import { ShardBudgets } from "../../../../src/shard/budgets.ts";
import { chance } from "../../measure/chance.ts";
import { CLUES, definition, each, eventId, joinPlayers, type Player, send, wrong } from "../crowd.ts";
import { onEngines, type Subject } from "../engines.ts";
import { type Metric, simulated } from "../experiment.ts";

/** Others in each round: an isolate remembers an address for a minute. */
const attacker = (round: number): string => `192.0.2.${round}`;
const school = (round: number): string => `198.51.100.${round}`;

/** An address of the player's own. */
const ownAddress = (index: number): string => `10.1.${(index >> 8) & 255}.${index & 255}`;

/** Texts that get a nudge, each of every clue: a text that is sent again is not recorded again. */
const NEARLY = ["nearly 0", "nearly 1", "nearly 2", "nearly 3"];

/** A hunt in which everything can be tried. */
const triable = {
  ...definition,
  clues: [
    ...definition.clues.map((clue) => ({ ...clue, nudges: [{ match: NEARLY, say: "Nearly." }] })),
    {
      id: "pier",
      round: "all",
      title: "Pier",
      kind: "place",
      points: 10,
      place: { lat: 53.5436, lng: 9.9669, radius: 50, maxAccuracy: 100, maxSpeed: 300 },
    },
  ],
};

/** Limits are on, and the address of a request is the one that it tells. */
const LIMITED = { RATE_LIMITS: "on", TRUST_PROXY: "on" };
const FREE = 1_000_000;

const got = (what: string, unit = "/min"): Metric => ({ name: "got", what, unit, better: "less" });
const lost = (what: string): Metric => ({ name: "lost", what, unit: "%", better: "less" });

const isRecorded = ({ seq }: Result): boolean => seq !== undefined;

/** Sends events in requests of `size`; the results of those that were answered. */
async function sendAll(
  subject: Subject,
  player: Player,
  list: readonly PlayerEvent[],
  size: number,
  address?: string,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < list.length; from += size) {
    const answered = await send(subject, player, list.slice(from, from + size), address);
    if (typeof answered !== "number") results.push(...answered);
    else if (answered !== 503 && answered !== 429) throw new Error(`events are refused: ${answered}`);
  }
  return results;
}

const many = (count: number, event: (index: number) => PlayerEvent): PlayerEvent[] =>
  Array.from({ length: count }, (_, index) => event(index));

const elsewhere = (): PlayerEvent => ({
  id: eventId(),
  type: "checkin",
  clue: "pier",
  position: { lat: 53.6, lng: 9.9669, accuracy: 10 },
});
const nearly = (index: number): PlayerEvent => ({
  id: eventId(),
  type: "answer",
  clue: `clue-${index % CLUES}`,
  answer: NEARLY[Math.floor(index / CLUES) % NEARLY.length] ?? "",
});

/** How many of an impatient player's tries in a row are not judged, and how many of a machine's are recorded. */
async function tries(
  subject: Subject,
  event: (index: number) => PlayerEvent,
): Promise<{ got: number; lost: number }> {
  const hunt = await subject.publish(triable);
  const [machine, impatient] = await joinPlayers(subject, hunt, 2, { addressOf: ownAddress });
  if (!machine || !impatient) throw new Error("two players joined");
  const tried = await sendAll(subject, machine, many(240, event), 10, ownAddress(0));
  const honest = await sendAll(subject, impatient, many(15, event), 1, ownAddress(1));
  return {
    got: tried.filter(isRecorded).length,
    lost: (100 * honest.filter((result) => !isRecorded(result)).length) / honest.length,
  };
}

/** A word that pupils think of: the first ones often, the last ones seldom. */
const guessed = (random: () => number): string => `word ${Math.floor(600 ** random())}`;

const team = (joinedAt: number): Team => ({ id: "t", joinedAt }) as Team;

/** Guesses in the first ten minutes of somebody who makes a new team for every five, 300 teams a minute. */
function throwAway(age: number): { judged: number; waits: number } {
  const budgets = new ShardBudgets(
    {
      RATE_LIMITS: "on",
      CHECKINS_PER_MINUTE: PARAMETERS.CHECKINS_PER_MINUTE.default,
      NUDGES_PER_MINUTE: PARAMETERS.NUDGES_PER_MINUTE.default,
      TEAM_BYTES_PER_HOUR: PARAMETERS.TEAM_BYTES_PER_HOUR.default,
      TEAM_EVENTS_PER_MINUTE: PARAMETERS.TEAM_EVENTS_PER_MINUTE.default,
      TEAM_AGE: age,
      SHARD_FULL_BYTES: PARAMETERS.SHARD_FULL_BYTES.default,
    },
    () => 0,
  );
  const start = 1_800_000_000_000;
  const command = { id: "e", type: "answer", clue: "c", answer: "a", digests: {} } as unknown as Command;
  const isHeld = (joinedAt: number, now: number): boolean =>
    budgets.heldUntil(team(joinedAt), "p", command, now) !== undefined;
  let judged = 0;
  for (let second = 0; second < 600; second += 1) {
    const now = start + second * 1_000;
    // Five teams a second; each guesses as soon as it may.
    for (let made = 0; made <= second; made += 1) {
      const joinedAt = start + made * 1_000;
      const before = made < second && !isHeld(joinedAt, now - 1_000);
      if (!isHeld(joinedAt, now) && !before) judged += 5 * 5;
    }
  }
  let waits = 0;
  while (isHeld(start, start + waits * 1_000)) waits += 1;
  return { judged, waits };
}

export const limitExperiments = [
  onEngines({
    parameter: "JOIN_RATE",
    condition:
      "a machine that makes 1,200 teams from one address, and 300 pupils behind another who join at once",
    values: [30, 100, 300, 1_000],
    vars: LIMITED,
    rounds: 3,
    metrics: [lost("pupils refused in the first minute"), got("throw-away teams of the machine")],
    wishes: {
      small: [{ metric: "got", most: 300 }],
      city: [{ metric: "got", most: 300 }],
      television: [],
    },
    async trial({ subject, round }) {
      const hunt = await subject.publish(definition);
      let made = 0;
      let refused = 0;
      const join = async (name: string, address: string): Promise<boolean> => {
        const { status } = await subject.call("POST", `/v1/hunts/${hunt}/players`, {
          address,
          body: { name },
        });
        if (status !== 201 && status !== 429) throw new Error(`joining: ${status}`);
        return status === 201;
      };
      await Promise.all([
        each(1_200, 8, async (index) => {
          if (await join(`Machine ${index}`, attacker(round))) made += 1;
        }),
        each(300, 8, async (index) => {
          if (!(await join(`Pupil ${index}`, school(round)))) refused += 1;
        }),
      ]);
      return { lost: (100 * refused) / 300, got: made };
    },
  }),
  onEngines({
    parameter: "WRONG_RATE",
    condition:
      "a machine with ten teams that guesses 1,200 words at one clue, and 100 pupils behind one address who guess four times each",
    values: [30, 100, 300, 1_000],
    vars: { ...LIMITED, JOIN_RATE: FREE, TEAM_EVENTS_PER_MINUTE: FREE },
    rounds: 4,
    metrics: [lost("guesses of pupils that are not judged"), got("words the machine has judged")],
    wishes: {
      small: [{ metric: "got", most: 300 }],
      city: [{ metric: "got", most: 300 }],
      television: [],
    },
    async trial({ subject, round, seed }) {
      const random = chance(seed);
      const hunt = await subject.publish(definition);
      const machines = await joinPlayers(subject, hunt, 10, { addressOf: ownAddress });
      const pupils = await joinPlayers(subject, hunt, 100, {
        addressOf: (index) => ownAddress(1_000 + index),
      });
      const outcomes: Result[] = [];
      await each(machines.length, 5, async (index) => {
        const player = machines[index];
        const words = many(120, (word) => ({ ...wrong(0), answer: `guess ${index} ${word}` }));
        if (player) outcomes.push(...(await sendAll(subject, player, words, 10, attacker(round))));
      });
      const honest: Result[] = [];
      await each(pupils.length, 8, async (index) => {
        const player = pupils[index];
        const words = many(4, () => ({ ...wrong(0), answer: guessed(random) }));
        if (player) honest.push(...(await sendAll(subject, player, words, 1, school(round))));
      });
      return {
        got: outcomes.filter(isRecorded).length,
        lost: (100 * honest.filter(({ outcome }) => outcome === "cooldown").length) / honest.length,
      };
    },
  }),
  onEngines({
    parameter: "CHECKINS_PER_MINUTE",
    condition: "a machine that tries 240 places, and a player who tries 15 times in a row",
    values: [5, 20, 60, 200],
    vars: LIMITED,
    rounds: 4,
    metrics: [lost("tries of the player that are not judged"), got("places of the machine that are judged")],
    wishes: {
      small: [{ metric: "got", most: 30 }],
      city: [{ metric: "got", most: 30 }],
      television: [{ metric: "got", most: 30 }],
    },
    trial: ({ subject }) => tries(subject, elsewhere),
  }),
  onEngines({
    parameter: "NUDGES_PER_MINUTE",
    condition: "a machine that sends 240 nearly right answers, and a player who sends 15 in a row",
    values: [5, 20, 60, 200],
    vars: LIMITED,
    rounds: 4,
    metrics: [lost("answers of the player that are not judged"), got("facts that the machine adds")],
    wishes: {
      small: [{ metric: "got", most: 30 }],
      city: [{ metric: "got", most: 30 }],
      television: [{ metric: "got", most: 30 }],
    },
    trial: ({ subject }) => tries(subject, nearly),
  }),
  onEngines({
    parameter: "TEAM_EVENTS_PER_MINUTE",
    condition:
      "a team that floods one shard with 50 events a request, and one whose six phones send 30 gathered events each at once",
    values: [300, 1_000, 3_000, 20_000],
    vars: { ...LIMITED, WRONG_RATE: FREE },
    rounds: 4,
    metrics: [
      lost("events of the honest team that are refused"),
      got("events of the flood that are decided", "/s"),
    ],
    wishes: {
      small: [{ metric: "got", most: 150 }],
      city: [{ metric: "got", most: 150 }],
      television: [{ metric: "got", most: 150 }],
    },
    async trial({ subject }) {
      const hunt = await subject.publish(definition);
      const [flooder, honest] = await joinPlayers(subject, hunt, 2, { addressOf: ownAddress });
      if (!flooder || !honest) throw new Error("two teams joined");
      const seconds = 4;
      const end = performance.now() + seconds * 1_000;
      let decided = 0;
      let refused = 0;
      await Promise.all([
        each(4, 4, async () => {
          while (performance.now() < end) {
            const results = await send(subject, flooder, many(50, wrong), ownAddress(0));
            if (typeof results === "number") await sleep(20);
            else decided += results.length;
          }
        }),
        each(6, 6, async (phone) => {
          const gathered = many(30, (index) => wrong(phone * 30 + index));
          if (typeof (await send(subject, honest, gathered, ownAddress(1))) === "number") refused += 30;
        }),
      ]);
      return { lost: (100 * refused) / 180, got: decided / seconds };
    },
  }),
  onEngines({
    parameter: "TEAM_BYTES_PER_HOUR",
    condition: "a team that fills the log with 4,000 long answers, and one of six that gives 300 short ones",
    values: [50_000, 300_000, 2_000_000, 20_000_000],
    vars: { ...LIMITED, WRONG_RATE: FREE, TEAM_EVENTS_PER_MINUTE: FREE },
    rounds: 3,
    metrics: [lost("answers of the honest team that are refused"), got("long answers in the log", "/h")],
    wishes: {
      small: [{ metric: "got", most: 4_000 }],
      city: [{ metric: "got", most: 4_000 }],
      television: [{ metric: "got", most: 4_000 }],
    },
    async trial({ subject }) {
      const hunt = await subject.publish(definition);
      const [filler, honest] = await joinPlayers(subject, hunt, 2, { addressOf: ownAddress });
      if (!filler || !honest) throw new Error("two teams joined");
      const long = "x".repeat(450);
      const filled = await sendAll(
        subject,
        filler,
        many(4_000, (index) => wrong(index, long)),
        100,
        ownAddress(0),
      );
      const played = await sendAll(subject, honest, many(300, wrong), 5, ownAddress(1));
      return {
        lost: (100 * (300 - played.filter(isRecorded).length)) / 300,
        got: filled.filter(isRecorded).length,
      };
    },
  }),
  onEngines({
    parameter: "SHARD_FULL_BYTES",
    condition: "6,000 long wrong answers of 20 teams, then a right one of 20 others",
    values: [500_000, 2_500_000, 8_000_000_000],
    vars: { RATE_LIMITS: "off" },
    rounds: 3,
    metrics: [
      lost("wrong answers that are not recorded any more"),
      { name: "solves", what: "right answers that are not recorded", unit: "%", better: "less" },
    ],
    wishes: { small: [], city: [], television: [] },
    async trial({ subject }) {
      const hunt = await subject.publish(definition);
      const players = await joinPlayers(subject, hunt, 20);
      // Who has just tried in vain waits on a full shard: these have not.
      const others = await joinPlayers(subject, hunt, 20);
      const long = "x".repeat(450);
      let recorded = 0;
      for (let part = 0; part < 3; part += 1) {
        // A shard looks at its size every ten seconds.
        if (part > 0) await sleep(10_500);
        await each(20, 4, async (index) => {
          const player = players[index % players.length];
          const list = many(100, (event) => wrong(event, long));
          const results = player ? await sendAll(subject, player, list, 100) : [];
          recorded += results.filter(isRecorded).length;
        });
      }
      let solves = 0;
      await each(others.length, 4, async (index) => {
        const player = others[index];
        const event: PlayerEvent = {
          id: eventId(),
          type: "answer",
          clue: `clue-${index}`,
          answer: `answer ${index}`,
        };
        const results = player ? await sendAll(subject, player, [event], 1) : [];
        solves += results.filter(isRecorded).length;
      });
      return {
        lost: (100 * (6_000 - recorded)) / 6_000,
        solves: (100 * (others.length - solves)) / others.length,
      };
    },
  }),
  simulated({
    parameter: "TEAM_AGE",
    condition:
      "the first ten minutes of somebody who makes 300 teams a minute from one address and guesses five times with each",
    values: [0, 60, 180, 600],
    metrics: [
      { name: "judged", what: "guesses that are judged", unit: "", better: "less" },
      { name: "waits", what: "wait of an honest new team", unit: "s", better: "less" },
    ],
    floor: "no limit",
    rounds: 4,
    wishes: {
      small: [{ metric: "waits", most: 0 }],
      city: [{ metric: "waits", most: 60 }],
      television: [{ metric: "waits", most: 0 }],
    },
    trial: (value) => throwAway(value),
    without: () => throwAway(0),
  }),
];
