/** What everybody may see of who solved what. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { ClueSolves, TeamPage } from "../../src/contract/solves.ts";
import { Client, expectProblem, type Player } from "./client.ts";
import { manyClues } from "./hunts.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({
    vars: {
      RATE_LIMITS: "off",
      REPORT_DELAY_MS: "10",
      LEADERBOARD_MEMORY_MS: "0",
      LEADERBOARD_KV_MAX_AGE_MS: "0",
      SHARDS_PER_REGION: "2",
    },
  });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

const TITLE = "The Secret Cellar";

/** What each response has of its own. */
const REQUEST = /"requestId":"[^"]*"/;

/** c0 is open from the start, c1 after it, and c2 after that. */
function chain(more: object): object {
  const hunt = manyClues(3, more) as { clues: object[] };
  return {
    ...hunt,
    clues: hunt.clues.map((clue, index) => ({
      ...clue,
      ...(index === 0 ? {} : { opens: { solved: `c${index - 1}` }, title: `${TITLE} ${index}` }),
    })),
  };
}

async function solve(team: Player, clue: number): Promise<void> {
  const result = await client.playOne(team, {
    id: `s${clue}`,
    type: "answer",
    clue: `c${clue}`,
    answer: `right ${clue}`,
  });
  expect(result.outcome).toBe("correct");
}

const seen = <Body>(path: string, token?: string) =>
  client.call<Body>("GET", path, token === undefined ? {} : { token });

const solves = (hunt: string, clue: string, token?: string) =>
  seen<ClueSolves>(`/v1/hunts/${hunt}/clues/${clue}/solves`, token);

const page = (team: Player, token?: string) =>
  seen<TeamPage>(`/v1/hunts/${team.hunt}/teams/${team.team.id}`, token);

/** Solves reach the standings, and what is seen of them, after a moment. */
const eventually = (look: () => Promise<void>) => vi.waitFor(look, { timeout: 30_000, interval: 250 });

const hide = (team: Player) =>
  client.organise("POST", `/v1/hunts/${team.hunt}/teams/${team.team.id}/hide`, { reason: "staff" });

describe("[SEE-20] the solves of a clue", () => {
  test("none: 403 but for organisers, who see how many and who", async () => {
    await client.publish("quiet", chain({}));
    const owls = await client.team("quiet", "Owls");
    await solve(owls, 0);
    expectProblem(await solves("quiet", "c0"), "forbidden");
    expectProblem(await solves("quiet", "c0", owls.token), "forbidden");
    await eventually(async () => {
      const { body } = await solves("quiet", "c0", client.organiserToken);
      expect(body).toMatchObject({ count: 1, first: [{ team: { name: "Owls" } }] });
    });
  });

  test("counts: numbers alone; a clue that the asker does not see is one that does not exist", async () => {
    await client.publish("counted", chain({ show: { solves: "counts" } }));
    const [owls, bats] = [await client.team("counted", "Owls"), await client.team("counted", "Bats")];
    await solve(owls, 0);
    await solve(owls, 1);
    await eventually(async () => expect((await solves("counted", "c0")).body).toEqual({ count: 1 }));
    expect((await solves("counted", "c1", owls.token)).body).toEqual({ count: 1 });
    const missing = await solves("counted", "no-such-clue");
    expectProblem(missing, "not_found");
    for (const [clue, token] of [
      ["c1", undefined],
      ["c1", bats.token],
      ["c2", bats.token],
      ["c2", undefined],
    ] as const) {
      const refused = await solves("counted", clue, token);
      expectProblem(refused, "not_found");
      expect(refused.text.replace(REQUEST, "")).toBe(missing.text.replace(REQUEST, ""));
    }
    // Its page tells no solves either.
    expect((await page(owls)).body).not.toHaveProperty("solves");
    await client.setPhase("counted", "ended");
    await eventually(async () => expect((await solves("counted", "c2")).body).toEqual({ count: 0 }));
  });

  test("names: the first ones in order, without hidden teams, as many as are asked for", async () => {
    await client.publish("named", chain({ show: { solves: "names" } }));
    const teams: Player[] = [];
    for (const name of ["Ants", "Bees", "Cats", "Dogs"]) teams.push(await client.team("named", name));
    for (const team of teams) await solve(team, 0);
    const names = ({ first = [] }: ClueSolves) => first.map(({ team }) => team.name);
    await eventually(async () => {
      const { body } = await solves("named", "c0");
      expect([body.count, names(body)]).toEqual([4, ["Ants", "Bees", "Cats", "Dogs"]]);
    });
    await hide(teams[1] as Player);
    await eventually(async () => {
      const { body } = await seen<ClueSolves>("/v1/hunts/named/clues/c0/solves?limit=2");
      expect([body.count, names(body)]).toEqual([3, ["Ants", "Cats"]]);
    });
    expectProblem(await seen("/v1/hunts/named/clues/c0/solves?limit=101"), "invalid");
    expect((await client.call<{ show?: object }>("GET", "/v1/hunts/named")).body.show).toEqual({
      solves: "names",
    });
  });
});

test("[SEE-21] a team's page: titles only of clues that the asker sees; hidden is 404", async () => {
  await client.publish("paged", chain({ show: { solves: "names" } }));
  const [owls, bats] = [await client.team("paged", "Owls"), await client.team("paged", "Bats")];
  await solve(owls, 0);
  await solve(owls, 1);
  await eventually(async () => expect((await page(owls)).body).toMatchObject({ rank: 1, score: 20 }));
  const own = (await page(owls, owls.token)).body;
  expect(own.solves?.map(({ clue, title, points }) => [clue, title, points])).toEqual([
    ["c0", "Clue 0", 10],
    ["c1", `${TITLE} 1`, 10],
  ]);
  for (const token of [undefined, bats.token]) {
    const told = await page(owls, token);
    expect(told.body.team).toEqual({ id: owls.team.id, name: "Owls" });
    expect(told.body.solves?.map(({ clue, points }) => [clue, points])).toEqual([
      ["c0", 10],
      [undefined, 10],
    ]);
    expect(told.text).not.toContain(TITLE);
  }
  await hide(owls);
  await eventually(async () => void expectProblem(await page(owls, bats.token), "not_found"));
  expect((await page(owls, owls.token)).status).toBe(200);
  expect((await page(owls, client.organiserToken)).body.solves).toHaveLength(2);
  expectProblem(await seen("/v1/hunts/paged/teams/nobody"), "not_found");
});

test("[SEE-22] a freeze holds: later solves are not seen, those taken back since still are", async () => {
  const freeze = new Date(Date.now() + 20_000).toISOString();
  const closes = new Date(Date.now() + 3_600_000).toISOString();
  await client.publish("still", { ...chain({ show: { solves: "names" } }), freeze, closes });
  const [owls, bats] = [await client.team("still", "Owls"), await client.team("still", "Bats")];
  await solve(owls, 0);
  await vi.waitFor(async () => expect((await client.board("still")).frozen).toBe(true), {
    timeout: 60_000,
    interval: 500,
  });
  await solve(bats, 0);
  await client.organise("POST", `/v1/hunts/still/teams/${owls.team.id}/solves/c0/undo`, {
    reason: "a wrong sheet",
  });
  await eventually(async () => {
    const { body } = await solves("still", "c0", client.organiserToken);
    expect(body).toMatchObject({ count: 1, first: [{ team: { name: "Bats" } }] });
  });
  expect((await solves("still", "c0")).body).toMatchObject({ count: 1, first: [{ team: { name: "Owls" } }] });
  expect((await page(bats)).body).toMatchObject({ score: 0, solves: [] });
  expect((await page(owls)).body).toMatchObject({ score: 10, solves: [{ clue: "c0" }] });
});
