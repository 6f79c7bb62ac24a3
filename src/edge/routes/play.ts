/** Playing: the player's view and its events. */
import { publicHunt } from "../../cache/kv.ts";
import { type Me, me } from "../../contract/me.ts";
import { eventsBody, results } from "../../contract/play.ts";
import { accepted, errorOf, type Refusal } from "../../errors.ts";
import { COMPARE_MODES, commandOf } from "../../intake/digest.ts";
import { commandsOf, EVENT_BYTES, eventsOf } from "../../intake/events.ts";
import { calling, shardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import { type Command, type Results, resultsText } from "../../protocol.ts";
import { currentKey, keyById } from "../../secrets.ts";
import type { PlayerClaims } from "../auth.ts";
import { BODY_BYTES, readJson } from "../body.ts";
import { crowd, declared } from "../declare.ts";
import { jsonText } from "../headers.ts";
import { shardOf } from "../hunt.ts";
import { limitEvents, limitedParty, limitFlood, wrongTextsOf } from "../limits.ts";
import type { App, Request$ } from "../request.ts";
import { player, playerOf } from "../roles.ts";

export function playRoutes(app: App): void {
  crowd(
    app,
    declared({
      method: "get",
      path: "/v1/hunts/{hunt}/me",
      summary: "The player, the team and its open clues",
      role: player,
      responses: { 200: { description: "The player's view", schema: me } },
    }),
    async (c) => {
      const { hunt, team, player } = await playerOf(c);
      const { shard } = shardOf(team);
      const view = await calling(async () => shardStub(c.env, hunt, shard).me(team, player));
      return jsonText(c, JSON.stringify(accepted(view) satisfies Me));
    },
  );

  crowd(
    app,
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/events",
      summary: "Play: 1 to 100 events, each decided by itself",
      role: player,
      json: eventsBody,
      responses: { 200: { description: "A result per event, in order", schema: results } },
    }),
    async (c) => {
      const { hunt, team, player } = await playerOf(c, (claims) =>
        limitFlood(c.env, claims.team, c.get("now")),
      );
      const events = eventsOf(await readJson(c.req.raw, BODY_BYTES));
      const small = Number(c.req.header("content-length") ?? Number.POSITIVE_INFINITY) <= EVENT_BYTES;
      return jsonText(c, await playEvents(c, { hunt, team, player }, events, small));
    },
  );
}

/**
 * Checks, digests and plays events; a bad event gets `invalid`, the others are
 * played. `small`: the whole body is no longer than one event may be. Resolves
 * to the response's JSON text.
 */
async function playEvents(
  c: Request$,
  { hunt, team, player }: Pick<PlayerClaims, "hunt" | "team" | "player">,
  events: readonly unknown[],
  small: boolean,
): Promise<string> {
  const { env } = c;
  const now = c.get("now");
  limitEvents(env, team, events.length, now);
  const { shard } = shardOf(team);
  const { pepper, modes } = await digestingOf(env, hunt, now);
  const { commands, join } = commandsOf(events, small, (event) => commandOf(event, hunt, pepper, modes));
  if (commands.length === 0) return resultsText({ results: join([]), asOf: now });
  const party = limitedParty(env, c.req.raw);
  const played =
    party === undefined
      ? await playIn(env, hunt, shard, team, player, commands)
      : await playCounted(c, party, hunt, commands, () => playIn(env, hunt, shard, team, player, commands));
  if (typeof played !== "string") throw errorOf(played);
  if (commands.length === events.length) return played;
  const { results, asOf } = JSON.parse(played) as Results;
  return JSON.stringify({ results: join(results), asOf } satisfies Results);
}

function playIn(
  env: Env,
  hunt: string,
  shard: string,
  team: string,
  player: string,
  commands: readonly Command[],
): Promise<string | Refusal> {
  const text = JSON.stringify(commands);
  return calling(async () => shardStub(env, hunt, shard).play(team, player, text));
}

/** Plays commands that come from `party`, and counts those of their texts that were wrong. */
async function playCounted(
  c: Request$,
  party: string,
  hunt: string,
  commands: readonly Command[],
  play: () => Promise<string | Refusal>,
): Promise<string | Refusal> {
  const wrongTexts = wrongTextsOf(c.env);
  const reserved = wrongTexts.reserve(hunt, party, commands, c.get("now"));
  let played: string | Refusal | undefined;
  try {
    played = await play();
  } finally {
    const results = typeof played === "string" ? (JSON.parse(played) as Results).results : undefined;
    // What the platform counts, nobody waits for.
    c.executionCtx.waitUntil(wrongTexts.settle(reserved, results));
  }
  return played;
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
