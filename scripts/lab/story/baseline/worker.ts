/**
 * The engine the story begins with, as small as it can honestly be: it decides
 * answers, keeps scores and ranks teams, correctly, with indexes and
 * transactions, and asks the database for everything, in the request. Its
 * routes are the engine's, so that both get the same load.
 *
 * One object is the application server: it holds the connection pool, which
 * stands for Hyperdrive's own (the local simulation has none, and a request may
 * not use another's connection). Every request to the object is served at once,
 * as by a server's event loop.
 */

import { DurableObject } from "cloudflare:workers";
import { type Context, Hono } from "hono";
import pg from "pg";
import type { JoinBody } from "../../../../src/contract/join.ts";
import type { PlayerEvent } from "../../../../src/contract/play.ts";

/** Generous: the usual defaults are 10 to 15. */
const POOL_MAX = 50;

/** How long a request waits for a connection, and a statement for its end, ms: the defaults of common frameworks. */
const ACQUIRE_TIMEOUT = 30_000;
const STATEMENT_TIMEOUT = 30_000;

/** How long a leaderboard is kept, ms, unless somebody answers before: with players there, somebody does. */
const LEADERBOARD_KEPT = 5_000;

/** Wrong answers of a team on one clue in a minute. */
const ATTEMPTS_PER_MINUTE = 1_000;

interface BaselineEnv {
  SERVER: DurableObjectNamespace<Server>;
  DATABASE: Hyperdrive;
}

type App = { Bindings: { server: Server } };

interface PlayerRow {
  id: string;
  name: string;
  team: string;
  team_name: string;
  score: number;
  phase: string;
}

type AnswerEvent = Extract<PlayerEvent, { type: "answer" }>;

class Refused extends Error {
  readonly status: 401 | 404;

  constructor(status: 401 | 404) {
    super(status === 401 ? "no such player" : "no such hunt");
    this.status = status;
  }
}

const PLAYER = `SELECT player.id, player.name, player.team, team.name AS team_name, team.score, hunt.phase
FROM player JOIN team ON team.id = player.team JOIN hunt ON hunt.id = team.hunt
WHERE player.token = $1 AND team.hunt = $2`;

const CLUE = `SELECT clue.points, array_agg(accepted_answer.answer) AS answers
FROM clue JOIN accepted_answer ON accepted_answer.hunt = clue.hunt AND accepted_answer.clue = clue.id
WHERE clue.hunt = $1 AND clue.id = $2 GROUP BY clue.points`;

const ATTEMPTS = `SELECT count(*)::int AS attempts FROM submission
WHERE team = $1 AND clue = $2 AND NOT correct AND at > now() - interval '1 minute'`;

const LEADERBOARD = `SELECT id, name, score, last_solve_at FROM team WHERE hunt = $1
ORDER BY score DESC, last_solve_at, id LIMIT $2`;

const MY_CLUES = `SELECT clue.id, clue.title, clue.body, clue.points, solve.at AS solved_at,
  (SELECT count(*)::int FROM submission WHERE submission.team = $2 AND submission.clue = clue.id) AS attempts
FROM clue LEFT JOIN solve ON solve.team = $2 AND solve.clue = clue.id WHERE clue.hunt = $1 ORDER BY clue.id`;

export class Server extends DurableObject<BaselineEnv> {
  readonly #pool = new pg.Pool({
    connectionString: this.env.DATABASE.connectionString,
    max: POOL_MAX,
    connectionTimeoutMillis: ACQUIRE_TIMEOUT,
    query_timeout: STATEMENT_TIMEOUT,
    statement_timeout: STATEMENT_TIMEOUT,
  });
  #boards = new Map<string, { until: number; body: object }>();

  constructor(ctx: DurableObjectState, env: BaselineEnv) {
    super(ctx, env);
    // An idle connection that breaks is none of a request's business: the pool opens another.
    this.#pool.on("error", () => undefined);
  }

  override fetch(request: Request): Response | Promise<Response> {
    return app.fetch(request, { server: this });
  }

  async join(hunt: string, name: string): Promise<object> {
    return this.#transaction(async (client) => {
      const team = await one<{ id: string }>(
        client,
        "INSERT INTO team (hunt, name) SELECT id, $2 FROM hunt WHERE id = $1 RETURNING id",
        [hunt, name],
      );
      if (!team) throw new Refused(404);
      const token = crypto.randomUUID();
      const player = await one<{ id: string }>(
        client,
        "INSERT INTO player (team, name, token) VALUES ($1, $2, $3) RETURNING id",
        [team.id, name, token],
      );
      return { player: { id: player?.id, name }, team: { id: team.id, name }, token };
    });
  }

  async play(hunt: string, token: string, events: readonly AnswerEvent[]): Promise<object> {
    return this.#connected(async (client) => {
      const player = await one<PlayerRow>(client, PLAYER, [token, hunt]);
      if (!player) throw new Refused(401);
      const results: object[] = [];
      for (const event of events) results.push(await this.#answer(client, hunt, player, event));
      this.#boards.clear();
      return { results };
    });
  }

  async me(hunt: string, token: string): Promise<object> {
    return this.#connected(async (client) => {
      const player = await one<PlayerRow>(client, PLAYER, [token, hunt]);
      if (!player) throw new Refused(401);
      const clues = await client.query(MY_CLUES, [hunt, player.team]);
      const rank = await one<{ rank: number }>(
        client,
        "SELECT count(*)::int + 1 AS rank FROM team WHERE hunt = $1 AND score > $2",
        [hunt, player.score],
      );
      return {
        player: { id: player.id, name: player.name },
        team: { id: player.team, name: player.team_name, score: player.score, rank: rank?.rank },
        phase: player.phase,
        clues: clues.rows,
      };
    });
  }

  async hunt(hunt: string): Promise<object> {
    return this.#connected(async (client) => {
      const row = await one<{ title: string; phase: string; clues: number }>(
        client,
        "SELECT title, phase, (SELECT count(*)::int FROM clue WHERE clue.hunt = hunt.id) AS clues FROM hunt WHERE id = $1",
        [hunt],
      );
      if (!row) throw new Refused(404);
      return { hunt, title: row.title, phase: row.phase, clueCount: row.clues };
    });
  }

  async leaderboard(hunt: string, limit: number): Promise<object> {
    const key = `${hunt} ${limit}`;
    const kept = this.#boards.get(key);
    if (kept && kept.until > Date.now()) return kept.body;
    return this.#connected(async (client) => {
      const teams = await client.query(LEADERBOARD, [hunt, limit]);
      const total = await one<{ total: number }>(
        client,
        "SELECT count(*)::int AS total FROM team WHERE hunt = $1",
        [hunt],
      );
      const entries = teams.rows.map(({ id, name, score, last_solve_at }, index) => ({
        rank: index + 1,
        team: { id, name },
        score,
        lastSolveAt: last_solve_at,
      }));
      const body = { hunt, total: total?.total, entries };
      this.#boards.set(key, { until: Date.now() + LEADERBOARD_KEPT, body });
      return body;
    });
  }

  async #answer(client: pg.PoolClient, hunt: string, player: PlayerRow, event: AnswerEvent): Promise<object> {
    const { id, clue, answer } = event;
    if (player.phase !== "live") return { id, outcome: "not_open" };
    const found = await one<{ points: number; answers: string[] }>(client, CLUE, [hunt, clue]);
    if (!found) return { id, outcome: "locked" };
    const before = await one(client, "SELECT 1 FROM solve WHERE team = $1 AND clue = $2", [
      player.team,
      clue,
    ]);
    if (before) return { id, outcome: "already_solved" };
    const attempts = await one<{ attempts: number }>(client, ATTEMPTS, [player.team, clue]);
    if ((attempts?.attempts ?? 0) >= ATTEMPTS_PER_MINUTE) return { id, outcome: "cooldown" };
    const correct = found.answers.includes((answer ?? "").trim().toLowerCase());
    await client.query("BEGIN");
    try {
      const recorded = await one<{ id: string }>(
        client,
        `INSERT INTO submission (team, event, player, clue, answer, correct) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (team, event) DO NOTHING RETURNING id`,
        [player.team, id, player.id, clue, answer, correct],
      );
      let score = player.score;
      let solved = false;
      if (recorded && correct) {
        const solve = await client.query(
          "INSERT INTO solve (team, clue) VALUES ($1, $2) ON CONFLICT DO NOTHING",
          [player.team, clue],
        );
        solved = solve.rowCount === 1;
        if (solved) {
          const team = await one<{ score: number }>(
            client,
            "UPDATE team SET score = score + $2, last_solve_at = now() WHERE id = $1 RETURNING score",
            [player.team, found.points],
          );
          score = team?.score ?? score;
        }
      }
      await client.query("COMMIT");
      player.score = score;
      if (!recorded) return { id, outcome: correct ? "correct" : "incorrect", duplicate: true };
      if (correct && !solved) return { id, outcome: "already_solved" };
      return { id, clue, seq: Number(recorded.id), outcome: correct ? "correct" : "incorrect", score };
    } catch (error) {
      await client.query("ROLLBACK").catch(() => undefined); // the connection is given up anyway
      throw error;
    }
  }

  async #connected<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      const result = await work(client);
      client.release();
      return result;
    } catch (error) {
      client.release(!(error instanceof Refused)); // a connection that failed half way is not used again
      throw error;
    }
  }

  async #transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return this.#connected(async (client) => {
      await client.query("BEGIN");
      const result = await work(client);
      await client.query("COMMIT");
      return result;
    });
  }
}

async function one<Row extends pg.QueryResultRow>(
  client: pg.PoolClient,
  sql: string,
  values: unknown[],
): Promise<Row | undefined> {
  return (await client.query<Row>(sql, values)).rows[0];
}

function tokenOf(c: Context<App>): string {
  return c.req.header("authorization")?.replace(/^Bearer /, "") ?? "";
}

const app = new Hono<App>()
  .get("/v1/hunts/:hunt", async (c) => c.json(await c.env.server.hunt(c.req.param("hunt"))))
  .post("/v1/hunts/:hunt/players", async (c) => {
    const { name } = await c.req.json<JoinBody>();
    return c.json(await c.env.server.join(c.req.param("hunt"), name), 201);
  })
  .post("/v1/hunts/:hunt/events", async (c) => {
    const { events } = await c.req.json<{ events: AnswerEvent[] }>();
    return c.json(await c.env.server.play(c.req.param("hunt"), tokenOf(c), events));
  })
  .get("/v1/hunts/:hunt/me", async (c) => c.json(await c.env.server.me(c.req.param("hunt"), tokenOf(c))))
  .get("/v1/hunts/:hunt/leaderboard", async (c) =>
    c.json(await c.env.server.leaderboard(c.req.param("hunt"), Number(c.req.query("limit") ?? 50))),
  )
  .onError((error, c) =>
    error instanceof Refused
      ? c.json({ error: error.message }, error.status)
      : c.json({ error: error.message }, 500),
  );

export default {
  fetch: (request, env) => env.SERVER.getByName("server").fetch(request),
} satisfies ExportedHandler<BaselineEnv>;
