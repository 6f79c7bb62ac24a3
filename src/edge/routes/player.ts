/** The player's routes: the hunt's page, joining, playing, the standings. */
import { boardPage, publicHunt } from "../../cache/kv.ts";
import { accepted, RequestError } from "../../errors.ts";
import { openedAt, phaseAt } from "../../hunt/phase.ts";
import { commandsOf, EVENT_MAX, eventsOf } from "../../intake/check.ts";
import { COMPARE_MODES, commandOf } from "../../intake/digest.ts";
import { calling, leaderboardStub, shardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import type { BoardPage, BoardQuery } from "../../objects/leaderboard.ts";
import { answerText, type PlayAnswer } from "../../protocol.ts";
import { currentKey, keyById } from "../../secrets.ts";
import { isOrganiser, requirePlayer } from "../auth.ts";
import { BODY_MAX, check, readJson } from "../body.ts";
import { huntEntry, huntOf, iso, shardOf } from "../hunt.ts";
import { limitAddress, limitPlayer } from "../limits.ts";
import { type App, type Request$, route } from "../openapi.ts";
import { jsonText } from "../prepare.ts";
import { answers, eventsBody, joinBody, leaderboardQuery } from "../schemas.ts";
import { prizesWithSeed } from "./draws.ts";
import { joinHunt } from "./join.ts";

export function playerRoutes(app: App): void {
  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}",
      summary: "A hunt as everybody may see it",
      auth: "none",
      answers: { 200: { description: "The hunt", schema: answers.hunt } },
      errors: ["not_found"],
    },
    async (c) => {
      await limitAddress(c.env, c.req.raw);
      const now = c.get("now");
      const entry = await huntEntry(c.env, huntOf(c), now);
      const { hunt, phase } = entry;
      const opened = openedAt(phase, hunt);
      return c.json({
        hunt: hunt.hunt,
        title: hunt.title,
        ...(hunt.description === undefined ? {} : { description: hunt.description }),
        phase: phaseAt(phase, hunt, now),
        ...(Number.isFinite(opened) ? { opens: iso(opened) } : {}),
        ...(hunt.closes === undefined ? {} : { closes: iso(hunt.closes) }),
        ...(hunt.freeze === undefined ? {} : { freeze: iso(hunt.freeze) }),
        teams: hunt.teams,
        ...(hunt.brackets.length > 0 ? { brackets: hunt.brackets } : {}),
        clueCount: hunt.clueCount,
        ...(hunt.prizes.length > 0 ? { prizes: await prizesWithSeed(c.env, entry, now) } : {}),
        serverTime: iso(now),
      });
    },
  );

  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/players",
      summary: "Join: make a team, or join one by its code. Idempotency-Key is honoured",
      auth: "none",
      body: { types: ["application/json"], schema: joinBody },
      answers: { 201: { description: "Joined", schema: answers.joined } },
      errors: ["forbidden", "not_found", "conflict", "unavailable"],
    },
    async (c) => {
      await limitAddress(c.env, c.req.raw);
      return joinHunt(c);
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/me",
      summary: "The player, the team and its open clues",
      auth: "player",
      answers: { 200: { description: "The player's view", schema: answers.me } },
    },
    async (c) => {
      const { hunt, team, player } = await playerOf(c);
      const { shard } = shardOf(team);
      const view = await calling(async () => shardStub(c.env, hunt, shard).me(team, player));
      return c.json(accepted(view));
    },
  );

  route(
    app,
    {
      method: "post",
      path: "/v1/hunts/{hunt}/events",
      summary: "Play: 1 to 100 events, each decided by itself",
      auth: "player",
      body: { types: ["application/json"], schema: eventsBody },
      answers: { 200: { description: "A result per event, in order", schema: answers.results } },
      hot: true,
    },
    async (c) => {
      const { hunt, team, player } = await playerOf(c);
      const events = eventsOf(await readJson(c.req.raw, BODY_MAX));
      const small = Number(c.req.header("content-length") ?? Number.POSITIVE_INFINITY) <= EVENT_MAX;
      return jsonText(c, await playEvents(c.env, hunt, team, player, events, c.get("now"), small));
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/leaderboard",
      summary: "The standings",
      auth: "none",
      query: leaderboardQuery,
      answers: { 200: { description: "A page of the standings", schema: answers.leaderboard } },
      errors: ["not_found", "invalid"],
      hot: true,
    },
    async (c) => {
      await limitAddress(c.env, c.req.raw);
      const page = pageQueryOf(c);
      const hunt = huntOf(c);
      const now = c.get("now");
      await huntEntry(c.env, hunt, now);
      // Organisers see through a freeze, so what they see is not for the shared copies.
      const organiser = await isOrganiser(c.env, c.req.header("authorization"), now);
      const query = { ...page, organiser };
      const board = organiser
        ? await calling(async () => leaderboardStub(c.env, hunt).read(query))
        : await boardPage(c.env, hunt, query, now);
      const age = String(Math.max(0, Math.floor((now - board.asOf) / 1_000)));
      return jsonText(c, boardText(hunt, board), { Age: age });
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/hunts/{hunt}/leaderboard/{team}/history",
      summary: "A team's score over time",
      auth: "none",
      answers: { 200: { description: "Rising in time", schema: answers.history } },
      errors: ["not_found"],
    },
    async (c) => {
      await limitAddress(c.env, c.req.raw);
      const hunt = huntOf(c);
      const team = c.req.param("team") ?? "";
      const { shard } = shardOf(team, "not_found");
      await huntEntry(c.env, hunt, c.get("now"));
      const history = accepted(await calling(async () => shardStub(c.env, hunt, shard).history(team)));
      return c.json({ points: history.points.map(({ at, score }) => ({ at: iso(at), score })) });
    },
  );
}

type PageQuery = Omit<BoardQuery, "organiser">;

/** Checked queries by their text: nearly everybody asks for the same few pages. */
const queries = new Map<string, PageQuery>();

/** Queries remembered; all are forgotten when there are more. */
const QUERIES_MAX = 1_000;

/** Longest query remembered, characters. */
const QUERY_LENGTH_MAX = 200;

/** What the request asks of the standings; throws `invalid`. */
function pageQueryOf(c: Request$): PageQuery {
  const { url } = c.req;
  const start = url.indexOf("?");
  const text = start < 0 ? "" : url.slice(start);
  const known = queries.get(text);
  if (known) return known;
  const { limit, offset, bracket, around } = check(leaderboardQuery, c.req.query());
  const query = {
    limit,
    offset,
    ...(bracket === undefined ? {} : { bracket }),
    ...(around === undefined ? {} : { around }),
  };
  if (text.length > QUERY_LENGTH_MAX) return query;
  if (queries.size >= QUERIES_MAX) queries.clear();
  queries.set(text, query);
  return query;
}

/** A page's answer in UTF-8, by the page: isolate memory hands out the same one until it reads anew. */
const boardTexts = new WeakMap<BoardPage, Uint8Array>();
const encoder = new TextEncoder();

function boardText(hunt: string, page: BoardPage): Uint8Array {
  const known = boardTexts.get(page);
  if (known) return known;
  const text = JSON.stringify({
    hunt,
    asOf: iso(page.asOf),
    frozen: page.frozen,
    total: page.total,
    entries: page.entries.map(({ lastSolveAt, ...entry }) => ({
      ...entry,
      ...(lastSolveAt === undefined ? {} : { lastSolveAt: iso(lastSolveAt) }),
    })),
  });
  const bytes = encoder.encode(text);
  boardTexts.set(page, bytes);
  return bytes;
}

/**
 * Checks, digests and plays events; a bad event gets `invalid`, the others are
 * played. `small`: the whole body is no longer than one event may be. Resolves
 * to the answer, JSON of `PlayAnswer`.
 */
export async function playEvents(
  env: Env,
  hunt: string,
  team: string,
  player: string,
  events: readonly unknown[],
  now: number,
  small: boolean,
): Promise<string> {
  const { shard } = shardOf(team);
  const { pepper, modes } = await digestingOf(env, hunt, now);
  const { commands, join } = commandsOf(events, small, (event) => commandOf(event, hunt, pepper, modes));
  if (commands.length === 0) return answerText({ results: join([]), asOf: now });
  const text = JSON.stringify(commands);
  const played = await calling(async () => shardStub(env, hunt, shard).play(team, player, text));
  if (typeof played !== "string") throw new RequestError(played.refused, played.detail);
  if (commands.length === events.length) return played;
  const { results, asOf } = JSON.parse(played) as PlayAnswer;
  return JSON.stringify({ results: join(results), asOf } satisfies PlayAnswer);
}

/** How answers of this hunt are digested. Without the public half: in every mode, the shard sorts it out. */
async function digestingOf(env: Env, hunt: string, now: number) {
  const entry = await publicHunt(env, hunt, now).catch(() => undefined);
  const known = entry && !("refused" in entry) ? entry : undefined;
  const pepper = known && keyById("ANSWER_PEPPERS", env.ANSWER_PEPPERS, known.pepper);
  return {
    pepper: pepper ?? currentKey("ANSWER_PEPPERS", env.ANSWER_PEPPERS),
    modes: known?.hunt.modes ?? COMPARE_MODES,
  };
}

async function playerOf(c: Request$) {
  const claims = await requirePlayer(c.env, c.req.header("authorization"), huntOf(c), c.get("now"));
  await limitPlayer(c.env, claims.player);
  return claims;
}
