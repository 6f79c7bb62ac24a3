/** A player's look at its hunt. */
import { meHeaders, meQuery, meTold } from "../../contract/me.ts";
import { accepted, errorOf } from "../../errors.ts";
import { check } from "../../intake/check.ts";
import { calling, shardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import { objectName } from "../../objects/ids.ts";
import { LOOKS_MAX, type Look, languageOf, type ToldPair, toldOf } from "../../objects/looks.ts";
import type { ViewClaims } from "../auth.ts";
import { crowd, declared } from "../declare.ts";
import { Gathered, gatherDeps } from "../gathered.ts";
import { jsonText, spokenIn, unchanged } from "../headers.ts";
import { shardOf } from "../hunt.ts";
import { limitLooks } from "../limits.ts";
import { type App, queryOf, type Request$ } from "../request.ts";
import { player, playerOf, viewerOf } from "../roles.ts";

/** ETags looked at in one header. */
const ETAGS_MAX = 20;

/** Characters of `Accept-Language` that go to the shard: a browser names a few languages. */
const ACCEPTS_MAX = 100;

/** Longest wait for others' looks, ms. */
const PATIENCE = 250;

const looks = new WeakMap<Env, Gathered<Look, ToldPair>>();

function looksOf(env: Env): Gathered<Look, ToldPair> {
  const known = looks.get(env);
  if (known) return known;
  const made = new Gathered<Look, ToldPair>({ callMax: LOOKS_MAX, patience: PATIENCE });
  looks.set(env, made);
  return made;
}

export function meRoutes(app: App): void {
  crowd(
    app,
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/me",
      summary: "The player, the team and its open clues",
      role: player,
      query: meQuery,
      headers: meHeaders,
      responses: {
        200: {
          description:
            "The player's view, and its `ETag`. It stands for the state of the team: neither the time, nor the age of tickets, nor what others move (a place, values and scores where they move, units left) changes it",
          schema: meTold,
        },
        304: { description: "As one of the ETags in `If-None-Match` has it" },
      },
    }),
    async (c) => {
      const now = c.get("now");
      const claims = await playerOf(c).catch(async (error: unknown) => {
        // The crowd is spared the question whether an organiser looks.
        const viewing = await viewerOf(c);
        if (!viewing) throw error;
        return viewing;
      });
      if (!("player" in claims)) return viewed(c, claims);
      const { hunt, team, player, gen } = claims;
      const look = lookOf(c, { team, player, ...(gen === undefined ? {} : { gen }) });
      // After the player's own rate, so that one player's flood takes no more than that of the team's looks.
      limitLooks(c.env, team, now);
      const { shard } = shardOf(team);
      const pair = await looksOf(c.env).ask(
        objectName(hunt, shard),
        look,
        (asked) =>
          calling(
            async () =>
              (await shardStub(c.env, hunt, shard).looks(
                JSON.stringify(asked),
              )) as readonly (readonly string[])[] as ToldPair[],
          ),
        gatherDeps(c.executionCtx),
      );
      const told = toldOf(pair);
      if ("refused" in told) throw errorOf(told);
      const etag = `W/"${told.etag}"`;
      const headers = spokenIn(c, languageOf(told.etag));
      return told.text === undefined
        ? unchanged(c, etag, headers)
        : jsonText(c, told.text, { ETag: etag, ...headers });
    },
  );
}

async function viewed(c: Request$, { hunt, team, incarnation }: ViewClaims): Promise<Response> {
  const { lang } = check(meQuery, queryOf(c));
  limitLooks(c.env, team, c.get("now"));
  const { shard } = shardOf(team);
  const viewing = { incarnation, ...languageAsked(c, lang) };
  const { text, spoken } = accepted(
    await calling(async () => shardStub(c.env, hunt, shard).viewed(team, viewing)),
  );
  return jsonText(c, text, spokenIn(c, spoken));
}

function lookOf(c: Request$, look: Look): Look {
  const has = c.req.header("if-none-match");
  if (has !== undefined) look.has = etagsOf(has);
  const { bodies, since, lang } = c.req.raw.url.includes("?") ? check(meQuery, queryOf(c)) : {};
  Object.assign(look, languageAsked(c, lang));
  if (bodies !== undefined) look.apart = true;
  if (since !== undefined) look.since = etagsOf(since)[0] ?? since;
  return look;
}

/** `lang`: as the query has it. */
function languageAsked(c: Request$, lang: string | undefined): Pick<Look, "lang" | "accepts"> {
  if (lang !== undefined) return { lang };
  const accepts = c.req.header("accept-language");
  return accepts === undefined ? {} : { accepts: accepts.slice(0, ACCEPTS_MAX) };
}

/** The ETags of a list, compared weakly (RFC 9110 §8.8.3.2): what stands between the quotes. */
function etagsOf(text: string): readonly string[] | "*" {
  if (text.trim() === "*") return "*";
  const quoted = [...text.matchAll(/(?:W\/)?"([\x21\x23-\x7e]*)"/g)].slice(0, ETAGS_MAX);
  return quoted.map(([, etag]) => etag ?? "");
}
