/** Playing: a player's events. */
import { publicHunt } from "../../cache/kv.ts";
import { eventsBody, results } from "../../contract/play.ts";
import { errorOf, type Refusal } from "../../errors.ts";
import { COMPARE_MODES, commandOf } from "../../intake/digest.ts";
import { commandsOf, EVENT_BYTES, eventsOf } from "../../intake/events.ts";
import { calling, shardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import { objectName } from "../../objects/ids.ts";
import { PLAYED_MAX } from "../../objects/shard.ts";
import { type Command, type Results, resultsText } from "../../protocol.ts";
import { currentKey, keyById } from "../../secrets.ts";
import type { PlayerClaims } from "../auth.ts";
import { BODY_BYTES, readJsonOfParts } from "../body.ts";
import { crowd, declared } from "../declare.ts";
import { Gathered, gatherDeps } from "../gathered.ts";
import { jsonText } from "../headers.ts";
import { shardOf } from "../hunt.ts";
import { limitEvents, limitedParty, limitFlood, wrongTextsOf } from "../limits.ts";
import type { App, Request$ } from "../request.ts";
import { RequestTimer } from "../request-timer.ts";
import { player, playerOf } from "../roles.ts";

export function playRoutes(app: App): void {
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
      const seat = await playerOf(c, (claims) => limitFlood(c.env, claims.team, c.get("now")));
      const timer = new RequestTimer();
      try {
        const events = eventsOf(await readJsonOfParts(c.req.raw, BODY_BYTES, timer));
        const small = Number(c.req.header("content-length") ?? Number.POSITIVE_INFINITY) <= EVENT_BYTES;
        return jsonText(c, await playEvents(c, seat, events, small, timer));
      } finally {
        timer.end();
      }
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
  claims: PlayerClaims,
  events: readonly unknown[],
  small: boolean,
  timer: RequestTimer,
): Promise<string> {
  const { env } = c;
  const { hunt, team } = claims;
  const now = c.get("now");
  limitEvents(env, team, events.length, now);
  const { pepper, modes } = await digestingOf(env, hunt, now);
  const { commands, join } = commandsOf(events, small, (event) => commandOf(event, hunt, pepper, modes));
  if (commands.length === 0) return resultsText({ results: join([]), asOf: now });
  const party = limitedParty(env, c.req.raw);
  const { shard } = shardOf(team);
  const mayGather = small && !commands.some(({ type }) => type === "claim");
  // As text when it is their turn: before that they are marked as held.
  const play = () => playIn(c, { ...claims, shard, commands: JSON.stringify(commands) }, mayGather && timer);
  const played = party === undefined ? await play() : await playCounted(c, party, hunt, commands, play);
  if (typeof played !== "string") throw errorOf(played);
  if (commands.length === events.length) return played;
  const { results, asOf } = JSON.parse(played) as Results;
  return JSON.stringify({ results: join(results), asOf } satisfies Results);
}

/** A player's commands for a shard. */
interface Ask extends Pick<PlayerClaims, "hunt" | "team" | "player" | "gen"> {
  shard: string;
  /** As JSON text. */
  commands: string;
}

/** Longest wait for others' events, ms: no longer than a shard that is well takes. */
const PATIENCE = 2_000;

const gathered = new WeakMap<Env, Gathered<Ask, string | Refusal | null>>();

function gatheredOf(env: Env): Gathered<Ask, string | Refusal | null> {
  const known = gathered.get(env);
  if (known) return known;
  const made = new Gathered<Ask, string | Refusal | null>({ callMax: PLAYED_MAX, patience: PATIENCE });
  gathered.set(env, made);
  return made;
}

/**
 * Plays commands, with a `timer` together with those of others. A claim may wait for the vault, and
 * nobody waits for somebody else's. What is played twice is recorded once, by its ids.
 */
async function playIn(
  { env, executionCtx }: Request$,
  ask: Ask,
  timer: RequestTimer | false,
): Promise<string | Refusal> {
  if (!timer) return playAlone(env, ask);
  const { hunt, shard } = ask;
  const played = await gatheredOf(env).ask(
    objectName(hunt, shard),
    ask,
    async (asks) =>
      asks.length === 1
        ? [await playAlone(env, ask)]
        : calling(async () => shardStub(env, hunt, shard).playAll(textOf(asks))),
    gatherDeps(executionCtx, timer),
  );
  return played ?? playAlone(env, ask);
}

const playAlone = (env: Env, { hunt, shard, team, player, gen, commands }: Ask): Promise<string | Refusal> =>
  calling(async () => shardStub(env, hunt, shard).play(team, player, commands, gen));

const textOf = (asks: readonly Ask[]): string =>
  `[${asks.map(({ team, player, gen = 0, commands }) => `["${team}",${JSON.stringify(player)},${gen},${commands}]`).join(",")}]`;

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
