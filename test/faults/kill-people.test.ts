/**
 * The engine killed while all at once players join, play, leave, are moved and forgotten, and teams are merged, over
 * several shards, with either origin: afterwards everybody is where the engine said or is nowhere by its own wish, each
 * team has every solve once, who was forgotten is so in every team it was in, and no byte of it is left.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { below, chance } from "../../scripts/lab/measure/chance.ts";
import type { Joined } from "../../src/contract/join.ts";
import type { Renewed } from "../../src/contract/sessions.ts";
import type { Teams } from "../../src/contract/teams.ts";
import { foundIn } from "../bytes.ts";
import { type Answer, Client, type ExportedFact, type Player, sleep } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { startByNpm } from "../e2e/npm-start.ts";

const HUNT = "shuffled";
const ROUNDS = process.env.FAULTS === "long" ? 6 : 2;
const TEAMS = 6;
const MATES = 3;
const MAX_SIZE = 30;
const CLUES = 60;
const POINTS = 10;

/** When the kill comes after the first forgetting, ms. */
const KILL = { min: 300, max: 1_500 };

/** How long what was begun may take after a start, ms. */
const PATIENCE = 60_000;

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const random = chance(seed);
const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** What fetch throws when the other side is gone; an assertion is something else. */
const isConnectionLost = (error: unknown): boolean =>
  error instanceof TypeError || (error as { code?: string }).code === "ECONNRESET";

const pick = <Of>(list: readonly Of[]): Of | undefined => list[below(random, Math.max(1, list.length))];

interface Person {
  player: Player;
  /** Nobody's is part of another's. */
  name: string;
  mail: string;
  /** The team that it is in by all that is known, or was in last. */
  at: string;
  /** `leaving`, `forgetting`: the engine may have heard of it. */
  state: "in" | "leaving" | "left" | "forgetting" | "forgotten";
}

type Line = ExportedFact & Record<string, unknown> & { person?: object };

class Crowd {
  readonly persons: Person[] = [];
  teams: string[] = [];
  readonly mergedInto = new Map<string, string>();
  readonly counts = { joined: 0, moved: 0, merged: 0, left: 0, forgotten: 0, events: 0 };
  client: Client;
  #codes = new Map<string, string>();
  #numbers = 0;

  constructor(client: Client) {
    this.client = client;
  }

  in(...states: Person["state"][]): Person[] {
    return this.persons.filter(({ state }) => states.includes(state));
  }

  endOf(team: string): string {
    const next = this.mergedInto.get(team);
    return next === undefined ? team : this.endOf(next);
  }

  /** A team's first; an engine that has just started may ask to come back. */
  async captain(name: string): Promise<Person> {
    for (const end = Date.now() + 10_000; Date.now() < end; await sleep(200)) {
      const captain = await this.join({ create: name });
      if (captain) return captain;
    }
    throw new Error("a team could not be made");
  }

  async join(team: { create: string } | { join: string }): Promise<Person | undefined> {
    // Nobody's again: a joining that a kill cut off may have taken its name and mail.
    this.#numbers += 1;
    const number = String(this.#numbers + below(random, 3) * 100_000).padStart(7, "0");
    const name = `Canary ${number}`;
    const mail = `canary.${number}@example.org`;
    const json = { name, externalId: `id of ${name}`, fields: { mail }, team };
    const joined = await this.client.call<Joined>("POST", `/v1/hunts/${HUNT}/players`, { json });
    expect([201, 404, 409, 503], joined.text).toContain(joined.status);
    if (joined.status !== 201) return undefined;
    const { player, team: own, token, returnCode } = joined.body;
    const person: Person = {
      player: { hunt: HUNT, ...player, team: own, token, returnCode },
      name,
      mail,
      at: own.id,
      state: "in",
    };
    this.persons.push(person);
    this.#codes.set(own.id, own.joinCode ?? "");
    this.counts.joined += 1;
    return person;
  }

  async joinSome(): Promise<void> {
    await this.join({ join: this.#codes.get(pick(this.teams) ?? "") ?? "" });
    await sleep(20);
  }

  /** A token that is void because of a move or a merge is renewed. */
  async as(person: Person, method: string, path: string, json?: object): Promise<Answer> {
    const call = () =>
      this.client.call(method, `/v1/hunts/${HUNT}${path}`, {
        token: person.player.token,
        ...(json === undefined ? {} : { json }),
      });
    const first = await call();
    if (first.status !== 401) return first;
    const renewed = await this.client.call<Renewed>("POST", `/v1/hunts/${HUNT}/sessions/renew`, {
      token: person.player.token,
    });
    if (renewed.status !== 200) return first;
    person.player.token = renewed.body.token;
    return await call();
  }

  async play(): Promise<void> {
    const person = pick(this.in("in"));
    if (!person) return;
    this.counts.events += 1;
    const clue = below(random, CLUES);
    const event = { id: `e${this.counts.events}`, type: "answer", clue: `c${clue}`, answer: `right ${clue}` };
    const played = await this.as(person, "POST", "/events", { events: [event] });
    expect([200, 401, 503], played.text).toContain(played.status);
  }

  async move(): Promise<void> {
    const person = pick(this.in("in", "forgetting"));
    const to = pick(this.teams);
    if (!person || to === undefined) return;
    const from = this.endOf(person.at);
    const moved = await this.client.organise(
      "POST",
      `/v1/hunts/${HUNT}/teams/${from}/members/${person.player.id}/move`,
      { to, reason: "a test" },
    );
    expect([200, 404, 409, 503], moved.text).toContain(moved.status);
    if (moved.status !== 200) return;
    person.at = to;
    this.counts.moved += 1;
  }

  async merge(): Promise<void> {
    await sleep(150);
    const [from, into] = [pick(this.teams) ?? "", pick(this.teams) ?? ""];
    if (from === into || this.teams.length < 4) return;
    const merged = await this.client.organise("POST", `/v1/hunts/${HUNT}/teams/${from}/merge`, {
      into,
      reason: "a test",
    });
    expect([200, 404, 409, 503], merged.text).toContain(merged.status);
    if (merged.status !== 200) return;
    this.teams = this.teams.filter((id) => id !== from);
    this.mergedInto.set(from, into);
    this.counts.merged += 1;
  }

  async leave(): Promise<void> {
    await sleep(60);
    const person = pick(this.in("in"));
    if (!person) return;
    person.state = "leaving";
    const left = await this.as(person, "POST", "/team/leave");
    expect([204, 401, 409, 503], left.text).toContain(left.status);
    if (left.status === 204) this.counts.left += 1;
    if (left.status !== 503) person.state = left.status === 204 ? "left" : "in";
  }

  async forget(): Promise<void> {
    const person = pick(this.in("in", "left"));
    if (!person) return;
    const before = person.state;
    person.state = "forgetting";
    const asked =
      before === "in" && random() < 0.5
        ? await this.as(person, "DELETE", "/me")
        : await this.client.organise(
            "POST",
            `/v1/hunts/${HUNT}/teams/${person.at}/members/${person.player.id}/forget`,
            { reason: "asked" },
          );
    expect([204, 401, 404, 503], asked.text).toContain(asked.status);
    if (asked.status === 204) this.counts.forgotten += 1;
    if (asked.status !== 503) person.state = asked.status === 204 ? "forgotten" : before;
  }
}

const rowsOf = async (client: Client): Promise<Teams["teams"]> =>
  (await client.organise<Teams>("GET", `/v1/hunts/${HUNT}/teams?limit=500`)).body.teams;

/** What was begun before the kill is at its end; where everybody is. */
async function settled(crowd: Crowd): Promise<{ rows: Teams["teams"]; facts: Line[] }> {
  return await vi.waitFor(
    async () => {
      const rows = await rowsOf(crowd.client);
      const seated = rows.flatMap(({ members }) => members.map(({ id }) => id));
      expect(new Set(seated).size, "nobody is in two teams").toBe(seated.length);
      for (const { members } of rows) expect(members.length).toBeLessThanOrEqual(MAX_SIZE);
      const facts = (await crowd.client.export(HUNT)) as Line[];
      const forgotten = new Set(facts.flatMap(({ type, player }) => (type === "forget" ? [player] : [])));
      for (const { player, name, state } of crowd.persons) {
        const isSeated = seated.includes(player.id);
        const isNamed = facts.some(({ player: of, person }) => of === player.id && person);
        const what = `${name}, ${state}`;
        if (state === "forgotten") expect(forgotten.has(player.id), what).toBe(true);
        if (state === "in" || state === "left" || state === "leaving") {
          expect(forgotten.has(player.id), what).toBe(false);
        }
        if (state === "in") expect(isSeated, what).toBe(true);
        if (state === "left" || forgotten.has(player.id)) expect(isSeated, what).toBe(false);
        expect(isNamed, what).toBe(!forgotten.has(player.id));
      }
      await crowd.client.verify(HUNT);
      return { rows, facts };
    },
    { timeout: PATIENCE, interval: 500 },
  );
}

/** Solves of each team that is left, told from the export's answers and merges alone. */
function solvesOf(facts: readonly Line[]): Map<string, number> {
  const into = new Map(
    facts.filter(({ type }) => type === "merge").map((fact) => [fact.team, fact.into as string]),
  );
  const endOf = (team: string): string => {
    const next = into.get(team);
    return next === undefined ? team : endOf(next);
  };
  const solves = new Map<string, Set<string>>();
  for (const { team, type, outcome, clue } of facts) {
    const own = solves.get(endOf(team)) ?? new Set();
    if (type === "answer" && outcome === "correct") own.add(String(clue));
    solves.set(endOf(team), own);
  }
  return new Map([...solves].map(([team, own]) => [team, own.size]));
}

test.each([
  ["d1", ROUNDS],
  ["postgres", 1],
])(
  `[PD-7] [TE-24] [TE-28] [TE-35] kill -9 while players move, leave and are forgotten and teams merge, origin %s (SEED=${seed})`,
  {
    timeout: 1_800_000,
  },
  async (origin, rounds) => {
    const dataDir = await mkdtemp(join(tmpdir(), "hunt-kill-people-"));
    folders.push(dataDir);
    const start = () =>
      startByNpm(dataDir, { ORIGIN: origin, RESEND_AFTER_MS: "1000", SHARDS_PER_REGION: "3" });
    let engine = await start();
    const crowd = new Crowd(await Client.of(engine));
    await crowd.client.publish(
      HUNT,
      manyClues(CLUES, {
        teams: { mode: "teams", maxSize: MAX_SIZE },
        join: { fields: [{ id: "mail", label: "E-mail", kind: "email", required: true, once: true }] },
      }),
    );

    for (let round = 1; round <= rounds; round += 1) {
      for (let team = 0; team < TEAMS; team += 1) {
        const captain = await crowd.captain(`Team ${round} ${team}`);
        crowd.teams.push(captain.at);
        for (let mate = 0; mate < MATES; mate += 1) {
          await crowd.join({ join: captain.player.team.joinCode ?? "" });
        }
      }
      let isOver = false;
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
      const before = { ...crowd.counts };
      const loads = [
        ...Array.from({ length: 8 }, () => until(() => crowd.play())),
        ...Array.from({ length: 3 }, () => until(() => crowd.move())),
        until(() => crowd.merge()),
        until(() => crowd.leave()),
        until(() => crowd.joinSome()),
        ...Array.from({ length: 2 }, () => until(() => crowd.forget().then(() => sleep(40)))),
      ];
      // A busy machine takes its time over the first.
      for (let waited = 0; crowd.counts.forgotten === before.forgotten && waited < PATIENCE; waited += 50) {
        await sleep(50);
      }
      await sleep(KILL.min + random() * (KILL.max - KILL.min));
      await engine.killAll();
      isOver = true;
      await Promise.all(loads);
      for (const what of ["joined", "moved", "forgotten", "events"] as const) {
        expect(crowd.counts[what], what).toBeGreaterThan(before[what]);
      }

      engine = await start();
      crowd.client = await Client.of(engine);
      const { rows, facts } = await settled(crowd);
      crowd.teams = rows.filter(({ members }) => members.length > 0).map(({ id }) => id);
      for (const fact of facts)
        if (fact.type === "merge") crowd.mergedInto.set(fact.team, fact.into as string);
      const expected = solvesOf(facts);
      for (const { id, score, solves } of rows) {
        expect([id, solves, score]).toEqual([id, expected.get(id), (expected.get(id) ?? 0) * POINTS]);
      }
      // What the engine may have heard is known now.
      const forgotten = new Set(facts.flatMap(({ type, player }) => (type === "forget" ? [player] : [])));
      const at = new Map(
        rows.flatMap(({ id, members }) => members.map((member) => [member.id, id] as const)),
      );
      for (const person of crowd.persons) {
        const now = at.get(person.player.id);
        if (forgotten.has(person.player.id)) person.state = "forgotten";
        else person.state = now === undefined ? "left" : "in";
        person.at = now ?? person.at;
      }
      for (const { player } of crowd.in("forgotten")) {
        const look = await crowd.client.call("GET", `/v1/hunts/${HUNT}/me`, { token: player.token });
        expect(look.status).toBe(401);
        const back = await crowd.client.call("POST", `/v1/hunts/${HUNT}/sessions`, {
          json: { returnCode: player.returnCode },
        });
        expect(back.status).toBe(404);
      }
      process.stdout.write(
        `kill test of people: ${origin}, round ${round}: ${JSON.stringify(crowd.counts)}\n`,
      );
    }

    await crowd.client.organise("POST", `/v1/hunts/${HUNT}/rearchive`, { reason: "a test" });
    await crowd.client.organise("POST", `/v1/hunts/${HUNT}/dead-letters/redrive`, {});
    await vi.waitFor(
      async () => {
        const { body } = await crowd.client.organise<{ shards: { seq: number; archived: number }[] }>(
          "GET",
          `/v1/hunts/${HUNT}/stats`,
        );
        for (const { seq, archived } of body.shards) expect(archived).toBe(seq);
      },
      { timeout: PATIENCE, interval: 300 },
    );
    await crowd.client.verify(HUNT);
    await engine.killAll();
    // It compacts the databases when it starts.
    engine = await start();
    await engine.killAll();
    const gone = crowd.in("forgotten").flatMap(({ name, mail }) => [name, mail]);
    expect(gone.length).toBeGreaterThan(0);
    expect(foundIn(dataDir, Object.fromEntries(gone.map((text) => [text, text])))).toEqual([]);
    expect(foundIn(dataDir, { one: crowd.in("in")[0]?.name ?? "" }).join()).toContain("one in ");
  },
);
