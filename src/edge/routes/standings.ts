/** The standings: pages for everybody, and a team's score over time. */

import { BoundedMap } from "../../bounded-map.ts";
import { boardPage, readBoard } from "../../cache/kv.ts";
import { history, type Leaderboard, leaderboard, leaderboardQuery } from "../../contract/standings.ts";
import { accepted, RequestError } from "../../errors.ts";
import { check } from "../../intake/check.ts";
import { calling, shardStub } from "../../objects/call.ts";
import type { BoardPage, BoardQuery } from "../../objects/leaderboard.ts";
import type { Viewer } from "../../objects/shard.ts";
import { playerIn } from "../auth.ts";
import { crowd, declared } from "../declare.ts";
import { jsonText } from "../headers.ts";
import { huntEntry, huntOf, iso, shardOfNamed } from "../hunt.ts";
import { limitAddress } from "../limits.ts";
import { type App, queryOf, type Request$ } from "../request.ts";
import { anyone, isOrganiserOf } from "../roles.ts";

export function standingsRoutes(app: App): void {
  crowd(
    app,
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/leaderboard",
      summary: "The standings",
      role: anyone,
      query: leaderboardQuery,
      responses: { 200: { description: "A page of the standings", schema: leaderboard } },
    }),
    async (c) => {
      await limitAddress(c.env, c.req.raw, c.get("now"));
      const hunt = huntOf(c);
      const page = pageQueryOf(c);
      const now = c.get("now");
      const entry = await huntEntry(c.env, hunt, now);
      if (page.bracket !== undefined && !entry.hunt.brackets.some(({ id }) => id === page.bracket)) {
        throw new RequestError("not_found", "no such bracket");
      }
      // Organisers see through a freeze, so what they see is not for the shared copies.
      const organiser = await isOrganiserOf(c, hunt);
      const query = { ...page, organiser };
      const board = organiser
        ? accepted(await readBoard(c.env, hunt, query))
        : await boardPage(c.env, entry, query, now);
      const age = String(Math.max(0, Math.floor((now - board.asOf) / 1_000)));
      return jsonText(
        c,
        boardText(hunt, board),
        organiser ? { Age: age, "Cache-Control": "no-store" } : { Age: age },
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/leaderboard/{team}/history",
      summary: "A team's score over time; of a hidden or banned one only for its players and organisers",
      role: anyone,
      responses: { 200: { description: "Rising in time", schema: history } },
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { team } = c.req.valid("param");
      const now = c.get("now");
      const shard = await shardOfNamed(c.env, hunt, team, now);
      const authorization = c.req.header("authorization");
      const isBy = await isOrganiserOf(c, hunt);
      const own = isBy ? undefined : await playerIn(c.env, authorization, hunt, now);
      const viewer: Viewer = isBy ? { organiser: true } : { player: own?.player, gen: own?.gen };
      const { points } = accepted(
        await calling(async () => shardStub(c.env, hunt, shard).history(team, viewer)),
      );
      // What these may see is not for copies that others get.
      if (viewer.organiser || viewer.player !== undefined) c.header("Cache-Control", "no-store");
      return c.json({ points: points.map(({ at, score }) => ({ at: iso(at), score })) }, 200);
    },
  );
}

type PageQuery = Omit<BoardQuery, "organiser"> & { around?: string };

/** Checked queries by their text: nearly everybody asks for the same few pages. */
const queries = new BoundedMap<string, PageQuery>(1_000);

/** Longest query remembered, characters. */
const QUERY_LENGTH_MAX = 200;

/** What the request asks of the standings; throws `invalid`. */
function pageQueryOf(c: Request$): PageQuery {
  const { url } = c.req;
  const start = url.indexOf("?");
  const text = start < 0 ? "" : url.slice(start);
  const known = queries.get(text);
  if (known) return known;
  const query = check(leaderboardQuery, queryOf(c));
  return text.length > QUERY_LENGTH_MAX ? query : queries.set(text, query);
}

/** The response's UTF-8 by the page: isolate memory hands out the same page until it reads anew. */
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
  } satisfies Leaderboard);
  const bytes = encoder.encode(text);
  boardTexts.set(page, bytes);
  return bytes;
}
