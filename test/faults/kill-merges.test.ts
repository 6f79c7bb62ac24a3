/**
 * The engine killed while teams of several shards are merged, and play: afterwards every player is in the one team that
 * its own came to, and each team has what all that came to it had, once: told from the export's answers, hints, awards
 * and merges alone.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { below, chance } from "../../scripts/lab/measure/chance.ts";
import type { Renewed } from "../../src/contract/sessions.ts";
import type { Teams } from "../../src/contract/teams.ts";
import type { Results } from "../../src/protocol.ts";
import { Client, type ExportedFact, type Player, sleep } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { startByNpm } from "../e2e/npm-start.ts";

const ROUNDS = process.env.FAULTS === "long" ? 8 : 3;
/** Made anew in each round, beside those that are left. */
const TEAMS = 10;
const CLUES = 60;
const HUNT = "united";
const POINTS = 10;
const AWARD = 5;
const COST = 1;

/** When the kill comes after the load began, ms. */
const KILL = { min: 300, max: 1_200 };

/** Looks, half a second each, at merges that go on after a start. */
const LOOKS = 60;

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const random = chance(seed);
let dataDir: string;

beforeAll(async () => {
  process.stdout.write(`kill test of merges: SEED=${seed}\n`);
  dataDir = await mkdtemp(join(tmpdir(), "hunt-kill-merges-"));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const start = () => startByNpm(dataDir, { RESEND_AFTER_MS: "1000", SHARDS_PER_REGION: "3" });

/** What fetch throws when the other side is gone; an assertion is something else. */
const isConnectionLost = (error: unknown): boolean =>
  error instanceof TypeError || (error as { code?: string }).code === "ECONNRESET";

const clue = (more: object = {}) => ({
  hints: [{ id: "h", text: "A hint", cost: COST }],
  ...more,
});

let events = 0;

/** Plays a try; a token that is void because of a merge is renewed. */
async function tryClue(client: Client, player: Player): Promise<void> {
  events += 1;
  const number = below(random, CLUES);
  const event =
    random() < 0.1
      ? { id: `e${events}`, type: "hint", clue: "c0", hint: "h" }
      : { id: `e${events}`, type: "answer", clue: `c${number}`, answer: `right ${number}` };
  const path = `/v1/hunts/${HUNT}`;
  const json = { events: [event] };
  const answer = await client.call<Results>("POST", `${path}/events`, { token: player.token, json });
  expect([200, 401, 503], answer.text).toContain(answer.status);
  if (answer.status !== 401) return;
  const renewed = await client.call<Renewed>("POST", `${path}/sessions/renew`, { token: player.token });
  expect([200, 503], renewed.text).toContain(renewed.status);
  if (renewed.status === 200) player.token = renewed.body.token;
}

const rowsOf = async (client: Client): Promise<Teams["teams"]> =>
  (await client.organise<Teams>("GET", `/v1/hunts/${HUNT}/teams?limit=500`)).body.teams;

/** The teams, when every player is in one. */
async function settled(client: Client, players: number): Promise<Teams["teams"]> {
  for (let look = 0; ; look += 1) {
    const rows = await rowsOf(client);
    const seated = rows.flatMap(({ members }) => members.map(({ id }) => id));
    expect(new Set(seated).size, "nobody is in two teams").toBe(seated.length);
    if (seated.length === players) return rows;
    expect(look, "everybody arrives").toBeLessThan(LOOKS);
    await sleep(500);
  }
}

type Line = ExportedFact & Record<string, unknown>;

/** What each team that is left has, by what players and organisers did to the teams that came to it. */
function expectedOf(facts: readonly Line[]): Map<string, { solves: Map<string, number>; score: number }> {
  const into = new Map(
    facts.filter(({ type }) => type === "merge").map((fact) => [fact.team, fact.into as string]),
  );
  const endOf = (team: string): string => {
    const next = into.get(team);
    return next === undefined ? team : endOf(next);
  };
  const teams = new Map<string, { solves: Map<string, number>; hints: Set<string>; awards: number }>();
  for (const fact of facts) {
    const end = endOf(fact.team);
    const team = teams.get(end) ?? { solves: new Map(), hints: new Set(), awards: 0 };
    teams.set(end, team);
    const at = Date.parse(fact.at);
    if (fact.type === "award") team.awards += fact.points as number;
    if (fact.outcome === "taken") team.hints.add(`${fact.clue} ${fact.hint}`);
    if (fact.outcome !== "correct") continue;
    const of = String(fact.clue);
    team.solves.set(of, Math.min(at, team.solves.get(of) ?? Number.POSITIVE_INFINITY));
  }
  return new Map(
    [...teams].map(([id, { solves, hints, awards }]) => [
      id,
      { solves, score: solves.size * POINTS + awards - hints.size * COST },
    ]),
  );
}

test(`[TE-35] kill -9 while teams are merged loses and doubles no player, no solve, no point (SEED=${seed})`, {
  timeout: 1_800_000,
}, async () => {
  let engine = await start();
  let client = await Client.of(engine);
  const definition = manyClues(CLUES, { teams: { mode: "teams", maxSize: 100 } }) as { clues: object[] };
  await client.publish(HUNT, { ...definition, clues: definition.clues.map((each) => clue(each)) });
  const players: Player[] = [];
  let left: string[] = [];

  for (let round = 1; round <= ROUNDS; round += 1) {
    for (let team = 0; team < TEAMS; team += 1) {
      const captain = await client.team(HUNT, `Team ${round} ${team}`);
      const join = captain.team.joinCode ?? "";
      players.push(captain, await client.join(HUNT, { name: `Mate ${team}`, team: { join } }));
      const award = { points: AWARD, reason: "r" };
      await client.organise("POST", `/v1/hunts/${HUNT}/teams/${captain.team.id}/awards`, award);
      left.push(captain.team.id);
    }
    expect(new Set(left.map((id) => id.split("-").slice(0, 2).join("-"))).size).toBeGreaterThan(1);
    let isOver = false;
    let merges = 0;
    const done: { from: string; into: string }[] = [];
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
    const mergeSome = until(async () => {
      // Most are merged into the first two, so that merges of merges come about.
      const from = left[below(random, left.length)] ?? "";
      const into = left[below(random, random() < 0.6 ? 2 : left.length)] ?? "";
      if (from === into || left.length < 4) return sleep(50);
      const path = `/v1/hunts/${HUNT}/teams/${from}/merge`;
      const answer = await client.organise("POST", path, { into, reason: "a test" });
      expect([200, 404, 409, 503], answer.text).toContain(answer.status);
      if (answer.status === 200) {
        merges += 1;
        done.push({ from, into });
        left = left.filter((id) => id !== from);
      }
      return undefined;
    });
    const loads = [mergeSome, ...players.slice(-24).map((player) => until(() => tryClue(client, player)))];
    await sleep(KILL.min + random() * (KILL.max - KILL.min));
    await engine.killAll();
    isOver = true;
    await Promise.all(loads);

    engine = await start();
    client = await Client.of(engine);
    const rows = await settled(client, players.length);
    left = rows.map(({ id }) => id);
    for (const { from } of done) expect(left, "an acknowledged merge is done").not.toContain(from);
    await client.verify(HUNT);
    const facts = (await client.export(HUNT)) as Line[];
    const expected = expectedOf(facts);
    expect(new Set(left)).toEqual(new Set(expected.keys()));
    for (const { id, score, solves } of rows) {
      const own = expected.get(id);
      expect([id, score, solves]).toEqual([id, own?.score, own?.solves.size]);
    }
    // A few players see the times.
    for (const player of players.slice(-4)) {
      const renewed = await client.call<Renewed>("POST", `/v1/hunts/${HUNT}/sessions/renew`, {
        token: player.token,
      });
      expect(renewed.status, renewed.text).toBe(200);
      player.token = renewed.body.token;
      const me = await client.me(player);
      const seen = me.clues.filter(({ state }) => state === "solved");
      const own = expected.get(me.team.id)?.solves;
      expect(new Map(seen.map(({ id, solvedAt }) => [id, Date.parse(solvedAt ?? "")]))).toEqual(own);
    }
    process.stdout.write(`kill test of merges: round ${round}: ${merges} merges, ${events} events\n`);
  }
  await engine.killAll();
});
