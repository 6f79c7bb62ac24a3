/**
 * The engine killed while players are moved between the teams of several shards, and play: afterwards each player
 * is in exactly one seat, where an acknowledged move put it; what was acknowledged is recorded once, and what is sent
 * again, now by another team's token, is not recorded a second time.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { below, chance } from "../../scripts/lab/measure/chance.ts";
import type { Renewed } from "../../src/contract/sessions.ts";
import type { Teams } from "../../src/contract/teams.ts";
import type { PlayerEvent, Result, Results } from "../../src/protocol.ts";
import { Client, type ExportedFact, type Player, sleep } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { startByNpm } from "../e2e/npm-start.ts";

const ROUNDS = process.env.FAULTS === "long" ? 8 : 3;
const TEAMS = 8;
const MATES = 3;
const MAX_SIZE = 6;
const CLUES = 400;
const HUNT = "removed";

/** When the kill comes after the first move, ms. */
const KILL = { min: 100, max: 1_400 };

/** Looks, half a second each, at the first move and at those that go on after a start. */
const LOOKS = 60;

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const random = chance(seed);
let dataDir: string;

beforeAll(async () => {
  process.stdout.write(`kill test of moves: SEED=${seed}\n`);
  dataDir = await mkdtemp(join(tmpdir(), "hunt-kill-moves-"));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const start = () => startByNpm(dataDir, { RESEND_AFTER_MS: "1000", SHARDS_PER_REGION: "3" });

/** What fetch throws when the other side is gone; an assertion is something else. */
const isConnectionLost = (error: unknown): boolean =>
  error instanceof TypeError || (error as { code?: string }).code === "ECONNRESET";

interface Moved {
  player: Player;
  /** Where it is, by the last response; undefined: a move was not acknowledged. */
  at: string | undefined;
}

interface Sent {
  player: Player;
  event: PlayerEvent;
  result?: Result;
}

let events = 0;
const nextEvent = (): PlayerEvent => {
  events += 1;
  const clue = below(random, CLUES);
  const answer = random() < 0.5 ? `right ${clue}` : `wrong ${events}`;
  return { id: `e${events}`, type: "answer", clue: `c${clue}`, answer };
};

const rowsOf = async (client: Client): Promise<Teams["teams"]> =>
  (await client.organise<Teams>("GET", `/v1/hunts/${HUNT}/teams?limit=500`)).body.teams;

/** The team of each player, when every player is in one. */
async function seats(client: Client, players: number): Promise<Map<string, string>> {
  for (let look = 0; ; look += 1) {
    const rows = await rowsOf(client);
    const seated = rows.flatMap(({ id, members }) => members.map((member) => [member.id, id] as const));
    expect(new Set(seated.map(([player]) => player)).size, "nobody is in two teams").toBe(seated.length);
    for (const { members } of rows) expect(members.length).toBeLessThanOrEqual(MAX_SIZE);
    if (seated.length === players) return new Map(seated);
    expect(look, "everybody arrives").toBeLessThan(LOOKS);
    await sleep(500);
  }
}

/** Sends the event; a token that is void because of a move is renewed. Undefined: it is not known what came of it. */
async function send(client: Client, player: Player, event: PlayerEvent): Promise<Result | undefined> {
  const path = `/v1/hunts/${HUNT}`;
  const answer = await client.call<Results>("POST", `${path}/events`, {
    token: player.token,
    json: { events: [event] },
  });
  if (answer.status === 200) return answer.body.results[0];
  expect([401, 503], answer.text).toContain(answer.status);
  if (answer.status === 401) {
    const renewed = await client.call<Renewed>("POST", `${path}/sessions/renew`, { token: player.token });
    expect([200, 503], renewed.text).toContain(renewed.status);
    if (renewed.status === 200) player.token = renewed.body.token;
  }
  return undefined;
}

const factsOf = (facts: readonly ExportedFact[], { player, event }: Sent): ExportedFact[] =>
  facts.filter((fact) => fact.type === "answer" && fact.player === player.id && fact.event === event.id);

test(`[TE-28] [TE-31] kill -9 while players are moved loses and doubles no seat and no event (SEED=${seed})`, {
  timeout: 1_800_000,
}, async () => {
  let engine = await start();
  let client = await Client.of(engine);
  await client.publish(HUNT, manyClues(CLUES, { teams: { mode: "teams", maxSize: MAX_SIZE } }));
  const teams: string[] = [];
  const all: Moved[] = [];
  for (let team = 0; team < TEAMS; team += 1) {
    const captain = await client.team(HUNT, `Team ${team}`);
    teams.push(captain.team.id);
    for (let mate = 0; mate < MATES; mate += 1) {
      const join = captain.team.joinCode ?? "";
      const player = await client.join(HUNT, { name: `Mate ${mate}`, team: { join } });
      all.push({ player, at: captain.team.id });
    }
  }
  expect(new Set(teams.map((id) => id.split("-").slice(0, 2).join("-"))).size).toBeGreaterThan(1);
  const acknowledged: Sent[] = [];

  for (let round = 1; round <= ROUNDS; round += 1) {
    let isOver = false;
    let moves = 0;
    const sent: Sent[] = [];
    const until = async (step: () => Promise<unknown>): Promise<void> => {
      while (!isOver) {
        try {
          await step();
        } catch (error) {
          if (!isConnectionLost(error)) throw error;
          return;
        }
      }
    };
    const loads = all.flatMap((moved, index) => [
      until(async () => {
        const one: Sent = { player: moved.player, event: nextEvent() };
        sent.push(one);
        const result = await send(client, one.player, one.event);
        if (result) one.result = result;
      }),
      // Every other player is moved about.
      ...(index % 2 === 0
        ? [
            until(async () => {
              const from = moved.at;
              // Nobody knows where it is, before the engine is back.
              if (from === undefined) return sleep(50);
              const to = teams[below(random, teams.length)] ?? "";
              moved.at = undefined;
              const answer = await client.organise(
                "POST",
                `/v1/hunts/${HUNT}/teams/${from}/members/${moved.player.id}/move`,
                { to, reason: "a test" },
              );
              expect([200, 409, 503], answer.text).toContain(answer.status);
              if (answer.status !== 503) moved.at = answer.status === 200 ? to : from;
              moves += 1;
              return undefined;
            }),
          ]
        : []),
    ]);
    // A busy machine takes its time over the first.
    for (let look = 0; moves === 0 && look < LOOKS; look += 1) await sleep(500);
    await sleep(KILL.min + random() * (KILL.max - KILL.min));
    await engine.killAll();
    isOver = true;
    await Promise.all(loads);
    expect(moves, `round ${round}`).toBeGreaterThan(0);

    engine = await start();
    client = await Client.of(engine);
    const seated = await seats(client, TEAMS * (MATES + 1));
    for (const { player, at } of all) {
      if (at !== undefined) expect(seated.get(player.id), "an acknowledged move is done").toBe(at);
    }
    for (const moved of all) moved.at = seated.get(moved.player.id);
    // What was not answered is sent again, by the token of now.
    for (const one of sent.filter(({ result }) => !result)) {
      for (let tries = 0; !one.result && tries < 20; tries += 1) {
        const result = await send(client, one.player, one.event);
        if (result) one.result = result;
        else await sleep(200);
      }
      expect(one.result, "it is answered at last").toBeDefined();
    }
    acknowledged.push(...sent);
    const facts = await client.export(HUNT);
    let recorded = 0;
    for (const one of acknowledged) {
      const own = factsOf(facts, one);
      const isRecorded = one.result?.seq !== undefined || one.result?.duplicate === true;
      expect(own.length, JSON.stringify(one)).toBe(isRecorded ? 1 : 0);
      if (isRecorded) expect(own[0]?.outcome).toBe(one.result?.outcome);
      recorded += own.length;
    }
    expect(facts.filter(({ type }) => type === "answer").length).toBe(recorded);
    const solves = facts
      .filter(({ outcome }) => outcome === "correct")
      .map(({ team, clue }) => `${team} ${clue}`);
    expect(new Set(solves).size).toBe(solves.length);
    await client.verify(HUNT);
    process.stdout.write(`kill test of moves: round ${round}: ${moves} moves, ${sent.length} events\n`);
  }
  await engine.killAll();
});
