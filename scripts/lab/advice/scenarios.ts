/** Runs that go wrong, each in its own way, and one that does not. */
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "undici";
import type { JoinBody } from "../../../src/contract/join.ts";
import type { EventsBody, Results } from "../../../src/contract/play.ts";
import type { FaultProxy } from "../faults/proxy.ts";
import { HUNT, joinPlayers, type Organise } from "../story/contestant.ts";
import { openLoop, type Player } from "../story/load.ts";
import { PHASES } from "../story/phases.ts";

/** Where a scenario plays. */
export interface Stage {
  url: URL;
  proxy: FaultProxy;
  organise: Organise;
  /** The run begins now; before that nothing is sampled. */
  begin(): void;
  /** Seconds since the run began. */
  now(): number;
  /** From now on something is wrong. */
  wrong(): void;
  requested(count?: number): void;
  /** A player's request was refused or failed. */
  failed(what: string, at?: number): void;
  hasNoticed(): boolean;
}

export interface Scenario {
  name: string;
  what: string;
  vars: Record<string, string>;
  run(stage: Stage): Promise<void>;
}

/** Players of the story's load. */
const PLAYERS = 60;

/** Requests a second of a load that the engine serves well. */
const RATE = 60;

/** Seconds before something goes wrong. */
const GOOD = 6;

async function load(stage: Stage, players: Player[], rate: number, seconds: number, seed = 1): Promise<void> {
  const began = stage.now();
  const { samples, failures } = await openLoop({
    origin: stage.url.origin,
    hunt: HUNT,
    players,
    rate,
    seconds,
    seed,
  });
  stage.requested(samples.length);
  const [what = ""] = failures.keys();
  for (const { at, ms, ok } of samples) {
    if (!ok) stage.failed(what, Math.round((began + (at + ms) / 1_000) * 100) / 100);
  }
}

/** The story's load, while the database has one fault of the story's phases. */
function ofStory(phase: string, seconds: number): Scenario {
  const fault = PHASES.find(({ name }) => name === phase);
  if (!fault) throw new Error(`the story has no phase ${phase}`);
  return {
    name: phase,
    what: `the story's phase "${phase}": ${fault.what}`,
    vars: {},
    async run(stage) {
      const players = await joinPlayers(stage.url, PLAYERS);
      stage.begin();
      const loading = load(stage, players, RATE, GOOD + seconds);
      await sleep(GOOD * 1_000);
      stage.wrong();
      await fault.begin(stage.proxy);
      await loading;
    },
  };
}

const healthy: Scenario = {
  name: "healthy",
  what: "nothing",
  vars: {},
  async run(stage) {
    const players = await joinPlayers(stage.url, PLAYERS);
    stage.begin();
    await load(stage, players, RATE, 40);
  },
};

const undersized: Scenario = {
  name: "undersized",
  what: "one shard, and ever more players: the load grows by a quarter every five seconds",
  vars: { SHARDS_PER_REGION: "1", WAITING_COMMANDS_MAX: "100" },
  async run(stage) {
    const players = await joinPlayers(stage.url, 200);
    stage.begin();
    stage.wrong();
    for (let rate = 200, seed = 1; rate <= 8_000 && !stage.hasNoticed(); rate *= 1.25, seed += 1) {
      await load(stage, players, rate, 5, seed);
    }
  },
};

const crowded: Scenario = {
  name: "crowded",
  what: "large batches of events from ever more players at once on one shard",
  vars: { SHARDS_PER_REGION: "1" },
  async run(stage) {
    const players = await joinPlayers(stage.url, 80);
    stage.begin();
    stage.wrong();
    for (let crowd = 1; crowd <= players.length && !stage.hasNoticed(); crowd += 1) {
      await Promise.all(
        players.slice(0, crowd).map((player, index) => guess(stage, player, `${crowd}-${index}`, 50)),
      );
      await sleep(300);
    }
  },
};

const sockets: Scenario = {
  name: "sockets",
  what: "every player opens a live socket",
  vars: { SHARDS_PER_REGION: "1", LIVE_SOCKETS_PER_OBJECT: "20" },
  async run(stage) {
    const players = await joinPlayers(stage.url, 24);
    const open: WebSocket[] = [];
    stage.begin();
    stage.wrong();
    for (const player of players) {
      const response = await fetch(new URL(`/v1/hunts/${HUNT}/tickets`, stage.url), {
        method: "POST",
        headers: { authorization: `Bearer ${player.token}` },
      });
      const { ticket } = (await response.json()) as { ticket: string };
      const url = new URL(`/v1/hunts/${HUNT}/live?ticket=${ticket}`, stage.url);
      url.protocol = "ws:";
      const socket = new WebSocket(url);
      stage.requested();
      await new Promise<void>((done) => {
        socket.addEventListener("open", () => done());
        socket.addEventListener("error", () => {
          stage.failed("a live socket is refused");
          done();
        });
      });
      open.push(socket);
      await sleep(400);
    }
    for (const socket of open) socket.close();
  },
};

const bytes: Scenario = {
  name: "bytes",
  what: "a shard's database grows to its limit",
  vars: { SHARDS_PER_REGION: "1", SHARD_FULL_BYTES: "2000000" },
  async run(stage) {
    const players = await joinPlayers(stage.url, 10);
    stage.begin();
    stage.wrong();
    for (let turn = 0; turn < 400 && !stage.hasNoticed(); turn += 1) {
      const player = players[turn % players.length];
      if (player) await guess(stage, player, String(turn), 50, "x".repeat(200));
      await sleep(150);
    }
  },
};

const queue: Scenario = {
  name: "queue",
  what: "the origin takes a little longer than facts come, so that the queue fills",
  vars: { QUEUE_BACKLOG_MAX: "200", ORIGIN_CONCURRENCY: "1", SHIP_DELAY_MS: "10" },
  async run(stage) {
    const players = await joinPlayers(stage.url, PLAYERS);
    stage.begin();
    const loading = load(stage, players, RATE, GOOD + 30);
    await sleep(GOOD * 1_000);
    stage.wrong();
    stage.proxy.add({ type: "latency", latency: 60, jitter: 0 }, "downstream");
    await loading;
  },
};

const flapping: Scenario = {
  name: "flapping",
  what: "the database is cut off for four seconds of every ten",
  vars: { GATE_OPEN_MS: "1000", GATE_OPEN_MAX_MS: "1000", GATE_MIN_CALLS: "5" },
  async run(stage) {
    const players = await joinPlayers(stage.url, PLAYERS);
    stage.begin();
    const loading = load(stage, players, RATE, GOOD + 40);
    await sleep(GOOD * 1_000);
    stage.wrong();
    for (let time = 0; time < 4; time += 1) {
      await stage.proxy.down();
      await sleep(4_000);
      await stage.proxy.heal();
      await sleep(6_000);
    }
    await loading;
  },
};

const cold: Scenario = {
  name: "cold",
  what: "registered players join whom no cache knows, while the origin's responses take ever longer",
  // Beyond the stalls of a busy machine.
  vars: { LOOKUP_LIMIT_MS: "1000" },
  async run(stage) {
    const hunt = "registered";
    await stage.organise("PUT", `/v1/hunts/${hunt}`, {
      format: 1,
      title: "Registered",
      teams: { mode: "solo" },
      players: { require: "registered", whenOriginDown: "refuse" },
      rounds: [{ id: "all", title: "All" }],
      clues: [{ id: "c", round: "all", title: "C", body: "?", kind: "answer", points: 1, answers: ["a"] }],
    });
    await stage.organise("POST", `/v1/hunts/${hunt}/phase`, { phase: "live" });
    const people = Array.from({ length: 400 }, (_, index) => `person-${index}`);
    await stage.organise(
      "POST",
      "/v1/registrations",
      people.map((externalId) => JSON.stringify({ externalId })).join("\n"),
    );
    // They go through the queue.
    await sleep(5_000);
    stage.begin();
    stage.wrong();
    let latency = 0;
    let remove = (): void => undefined;
    const joining: Promise<void>[] = [];
    for (const externalId of people) {
      if (stage.hasNoticed()) break;
      if (stage.now() > GOOD) {
        const wanted = Math.floor((stage.now() - GOOD) * 10);
        if (wanted > latency) {
          latency = wanted;
          remove();
          remove = stage.proxy.add({ type: "latency", latency, jitter: 0 }, "downstream");
        }
      }
      joining.push(
        (async () => {
          const response = await fetch(new URL(`/v1/hunts/${hunt}/players`, stage.url), {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ name: externalId, externalId } satisfies JoinBody),
          });
          stage.requested();
          const text = await response.text();
          if (response.status !== 201) stage.failed(`${response.status} ${codeOf(text)}`);
        })(),
      );
      await sleep(100);
    }
    await Promise.all(joining);
  },
};

/** Of a problem document. */
const codeOf = (text: string): string => /"code":"([^"]*)"/.exec(text)?.[1] ?? text.slice(0, 60);

/** Sends wrong guesses of a player in one request. */
async function guess(stage: Stage, player: Player, id: string, count: number, text = ""): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({
    id: `${id}-${index}`,
    type: "answer" as const,
    clue: `clue-${index % 50}`,
    answer: `wrong ${id} ${index} ${text}`,
  }));
  const response = await fetch(new URL(`/v1/hunts/${HUNT}/events`, stage.url), {
    method: "POST",
    headers: { authorization: `Bearer ${player.token}`, "content-type": "application/json" },
    body: JSON.stringify({ events } satisfies EventsBody),
  });
  stage.requested();
  const body = await response.text();
  if (!response.ok) {
    stage.failed(`${response.status} ${codeOf(body)}`);
    return;
  }
  const { results } = JSON.parse(body) as Results;
  const refused = results.find(({ outcome }) => outcome !== "incorrect");
  if (refused) stage.failed(`an event is ${refused.outcome}`);
}

export const SCENARIOS: readonly Scenario[] = [
  healthy,
  ofStory("slow", 20),
  ofStory("frozen", 15),
  ofStory("dead", 15),
  undersized,
  crowded,
  sockets,
  bytes,
  queue,
  flapping,
  cold,
];
