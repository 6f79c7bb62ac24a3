/** What everybody may see of who solved what: the solves of a clue, and a team's page. */
import { boardPage, clueSolvesOf, readBoard, readClueSolves } from "../../cache/kv.ts";
import { langHeaders, langQuery } from "../../contract/languages.ts";
import { clueSolves, clueSolvesQuery, FIRST_MAX, teamPage } from "../../contract/solves.ts";
import { accepted, RequestError } from "../../errors.ts";
import { calling, orRefusal, shardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import { type PlayerClaims, playerIn } from "../auth.ts";
import { declared } from "../declare.ts";
import { spokenIn } from "../headers.ts";
import { huntEntry, huntOf, iso, shardOf, shardOfNamed } from "../hunt.ts";
import { inLanguageOf } from "../language.ts";
import type { App } from "../request.ts";
import { anyone, isOrganiserOf } from "../roles.ts";

export function solvesRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/clues/{clue}/solves",
      summary:
        "Who solved a clue, as `show.solves` says; 403 where it shows nothing, 404 for a clue that the asker does not see",
      role: anyone,
      query: clueSolvesQuery,
      responses: { 200: { description: "How many, and which", schema: clueSolves } },
      errors: ["forbidden", "not_found", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { clue } = c.req.valid("param");
      const { limit } = c.req.valid("query");
      const now = c.get("now");
      const entry = await huntEntry(c.env, hunt, now);
      const organiser = await isOrganiserOf(c, hunt);
      if (!organiser && entry.hunt.solvesShown === undefined) {
        throw new RequestError("forbidden", "in this hunt it is not shown who solved a clue");
      }
      const player = organiser ? undefined : await playerIn(c.env, c.req.header("authorization"), hunt, now);
      const sees = player && (await cluesOf(c.env, player));
      if (sees && !sees.includes(clue)) throw new RequestError("not_found", "no such clue");
      const query = { organiser, anybody: !organiser && sees === undefined };
      const { count, first } = organiser
        ? accepted(await readClueSolves(c.env, hunt, clue, query))
        : await clueSolvesOf(c.env, entry, clue, query, now);
      // What these may see is not for copies that others get.
      if (organiser || player) c.header("Cache-Control", "no-store");
      return c.json(
        {
          count,
          ...(first === undefined
            ? {}
            : {
                first: first
                  .slice(0, Math.min(limit, FIRST_MAX))
                  .map(({ team, at }) => ({ team, at: iso(at) })),
              }),
        },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/teams/{team}",
      summary:
        "A team as everybody may see it, its solves where `show.solves` is `names`; of a hidden or banned one only for its players and organisers",
      role: anyone,
      query: langQuery,
      headers: langHeaders,
      responses: { 200: { description: "The team", schema: teamPage } },
      errors: ["not_found", "unavailable"],
    }),
    async (c) => {
      const hunt = huntOf(c);
      const { team } = c.req.valid("param");
      const now = c.get("now");
      const entry = await huntEntry(c.env, hunt, now);
      const shard = await shardOfNamed(c.env, hunt, team, now);
      const organiser = await isOrganiserOf(c, hunt);
      const player = organiser ? undefined : await playerIn(c.env, c.req.header("authorization"), hunt, now);
      const clues = player && (await cluesOf(c.env, player));
      const { spoken } = inLanguageOf(c, entry.hunt, c.req.valid("query").lang);
      const viewer = organiser ? { organiser: true } : { player: player?.player, gen: player?.gen, clues };
      const page = accepted(
        await calling(async () => shardStub(c.env, hunt, shard).teamPage(team, viewer, spoken?.language)),
      );
      const around = { around: team, limit: 1, offset: 0, organiser };
      const rows = await orRefusal(
        organiser ? readBoard(c.env, hunt, around).then(accepted) : boardPage(c.env, entry, around, now),
      );
      const row = "refused" in rows ? undefined : rows.entries.find((each) => each.team.id === team);
      for (const [name, value] of Object.entries(spokenIn(c, spoken))) c.header(name, value);
      if (organiser || player) c.header("Cache-Control", "no-store");
      return c.json(
        {
          team: page.team,
          ...(row === undefined ? {} : { rank: row.rank }),
          score: page.score,
          ...(page.solves === undefined
            ? {}
            : { solves: page.solves.map(({ at, ...solve }) => ({ ...solve, at: iso(at) })) }),
        },
        200,
      );
    },
  );
}

/** Clues that the player's team sees; undefined for who is no player any more, and is shown what strangers are. */
async function cluesOf(
  env: Env,
  { hunt, team, player, gen }: PlayerClaims,
): Promise<readonly string[] | undefined> {
  const { shard } = shardOf(team);
  const told = await calling(async () => shardStub(env, hunt, shard).hears(team, player, gen));
  if (!("refused" in told)) return told.clues;
  if (told.refused === "unauthenticated" || told.refused === "conflict") return undefined;
  return accepted(told);
}
