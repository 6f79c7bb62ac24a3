/** The player's routes: the hunt's page, joining, playing, the standings. */

import type { PublicEntry } from "../cache/entry.ts";
import { boardPage, publicHunt } from "../cache/kv.ts";
import { configOf } from "../config.ts";
import { foldName, registryOf } from "../control/directory.ts";
import { openedAt, phaseAt } from "../control/phase.ts";
import { accepted, RequestError } from "../errors.ts";
import { type Command, EVENTS_MAX, type PlayerEvent, type Result } from "../protocol.ts";
import { currentKey, keyById } from "../secrets.ts";
import { hash53 } from "../shard/recall.ts";
import { parseJoinCode, parseTeamId, REGIONS, type Region, randomText, shardName } from "../shard/routing.ts";
import type { Env } from "../worker.ts";
import { requirePlayer, signPlayerToken } from "./auth.ts";
import { BODY_MAX, check, readJson } from "./body.ts";
import { COMPARE_MODES, commandOf } from "./digest.ts";
import { limitAddress, limitPlayer } from "./limits.ts";
import { calling, shardStub } from "./objects.ts";
import { type App, type Request$, route } from "./openapi.ts";
import {
  answers,
  eventId,
  eventsBody,
  joinBody,
  leaderboardQuery,
  plainAnswer,
  playerEvent,
  slug,
} from "./schemas.ts";

/** Longest event, as JSON bytes. */
const EVENT_MAX = 4_096;

/** A name reserved for longer than this without its team made may be taken over, ms. */
const RESERVATION_MAX = 30_000;

const DAY = 86_400_000;

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
        ...(hunt.prizes.length > 0 ? { prizes: hunt.prizes } : {}),
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
      errors: ["not_found", "conflict", "unavailable"],
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
    },
    async (c) => {
      const { hunt, team, player } = await playerOf(c);
      const events = eventsOf(await readJson(c.req.raw, BODY_MAX));
      const small = Number(c.req.header("content-length") ?? Number.POSITIVE_INFINITY) <= EVENT_MAX;
      const { results, asOf } = await playEvents(c.env, hunt, team, player, events, c.get("now"), small);
      return c.json({ results, asOf: iso(asOf) });
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
    },
    async (c) => {
      await limitAddress(c.env, c.req.raw);
      const { limit, offset, bracket, around } = check(leaderboardQuery, c.req.query());
      const hunt = huntOf(c);
      const now = c.get("now");
      await huntEntry(c.env, hunt, now);
      const page = await boardPage(
        c.env,
        hunt,
        {
          limit,
          offset,
          organiser: false,
          ...(bracket === undefined ? {} : { bracket }),
          ...(around === undefined ? {} : { around }),
        },
        now,
      );
      c.header("Age", String(Math.max(0, Math.floor((now - page.asOf) / 1_000))));
      return c.json({
        hunt,
        asOf: iso(page.asOf),
        frozen: page.frozen,
        total: page.total,
        entries: page.entries.map(({ lastSolveAt, ...entry }) => ({
          ...entry,
          ...(lastSolveAt === undefined ? {} : { lastSolveAt: iso(lastSolveAt) }),
        })),
      });
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

/** The envelope's events, each yet unchecked. Throws `invalid`. */
function eventsOf(body: unknown): unknown[] {
  const events = (body as { events?: unknown } | null)?.events;
  if (Array.isArray(events) && events.length > 0 && events.length <= EVENTS_MAX) return events;
  return check(eventsBody, body).events;
}

/**
 * Checks, digests and plays events; a bad event gets `invalid`, the others are
 * played. `small`: the whole body is no longer than one event may be.
 */
export async function playEvents(
  env: Env,
  hunt: string,
  team: string,
  player: string,
  events: readonly unknown[],
  now: number,
  small: boolean,
): Promise<{ results: Result[]; asOf: number }> {
  const { shard } = shardOf(team);
  const { pepper, modes } = await digestingOf(env, hunt, now);
  const results: (Result | undefined)[] = [];
  const commands: Command[] = [];
  for (const event of events) {
    const checked = checkEvent(event, small);
    results.push(checked.refused);
    if (checked.event) commands.push(commandOf(checked.event, hunt, pepper, modes));
  }
  if (commands.length === 0) return { results: results.filter((result) => result !== undefined), asOf: now };
  const played = accepted(
    await calling(async () => shardStub(env, hunt, shard).play(team, player, commands)),
  );
  const answered = played.results.values();
  return {
    results: results.map((refused) => refused ?? (answered.next().value as Result)),
    asOf: played.asOf,
  };
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

function checkEvent(
  event: unknown,
  small: boolean,
): { event: PlayerEvent; refused?: never } | { refused: Result; event?: never } {
  const plain = small ? plainAnswer(event) : undefined;
  if (plain) return { event: plain };
  const parsed = playerEvent.safeParse(event);
  if (parsed.success && (small || !isTooLarge(event))) return { event: parsed.data as PlayerEvent };
  const id = eventId.safeParse((event as { id?: unknown } | null)?.id);
  const issue = parsed.error?.issues[0];
  const message = issue
    ? `${issue.path.map(String).join(".")}: ${issue.message}`
    : `an event may have ${EVENT_MAX} bytes`;
  return { refused: { id: id.success ? id.data : "", outcome: "invalid", message } };
}

function isTooLarge(event: unknown): boolean {
  try {
    return new TextEncoder().encode(JSON.stringify(event)).byteLength > EVENT_MAX;
  } catch (error) {
    // Parsing knows no depth, writing does: what overflows the stack is far beyond the limit.
    if (error instanceof RangeError) return true;
    throw error;
  }
}

async function joinHunt(c: Request$): Promise<Response> {
  const hunt = huntOf(c);
  const now = c.get("now");
  const entry = await huntEntry(c.env, hunt, now);
  const body = check(joinBody, await readJson(c.req.raw, BODY_MAX));
  const key = c.req.header("idempotency-key");
  if (key !== undefined && !/^[\x21-\x7e]{1,128}$/.test(key)) {
    throw new RequestError("bad_request", "Idempotency-Key must be 1 to 128 printable characters");
  }
  const joining = key === undefined ? crypto.randomUUID() : `key-${key}`;
  const solo = entry.hunt.teams.mode === "solo";
  const { team } = body;
  const create = team && "create" in team ? team : undefined;
  const code = team && "join" in team ? team.join : undefined;
  if (solo && code !== undefined) throw wrongTeam("this hunt is played alone: there is no team to join");
  if (!solo && !team) throw wrongTeam("this hunt is played in teams: create one, or join one by its code");
  const provisional = admitUnregistered(entry, body.externalId);

  const request = {
    key: joining,
    player: `p-${randomText(12).toLowerCase()}`,
    name: body.name,
    ...(body.externalId === undefined ? {} : { externalId: body.externalId }),
    ...(body.locale === undefined ? {} : { locale: body.locale }),
    ...(provisional ? { provisional } : {}),
  };
  let shard: string;
  if (code === undefined) {
    const name = create?.create ?? body.name;
    shard = await placeTeam(c, entry, solo ? undefined : name, joining, key !== undefined);
    Object.assign(request, {
      create: { name, ...(create?.bracket === undefined ? {} : { bracket: create.bracket }) },
    });
  } else {
    const place = parseJoinCode(code);
    if (!place) throw new RequestError("not_found", "no team has this join code");
    ({ shard } = place);
    Object.assign(request, { joinCode: place.code });
  }
  const answer = await calling(async () => shardStub(c.env, hunt, shard).join(request));
  if ("refused" in answer && create && !solo) await releaseName(c.env, hunt, shard, create.create, joining);
  const joined = accepted(answer);
  const end = entry.hunt.closes ?? now + configOf(c.env).PLAYER_TOKEN_DAYS * DAY;
  const claims = { hunt, team: joined.team.id, player: joined.player.id };
  const token = await signPlayerToken(c.env, claims, now, Math.max(end, now) + DAY);
  return c.json({ ...joined, token }, 201);
}

function wrongTeam(message: string): RequestError {
  return new RequestError("invalid", "the content does not have the right form", [
    { path: "team", code: "invalid_team", message },
  ]);
}

/** Hunts for registered players: until the origin has been asked, its policy decides. */
function admitUnregistered(entry: PublicEntry, externalId: string | undefined): true | undefined {
  const { require, whenOriginDown } = entry.hunt.players;
  if (require === "anyone") return undefined;
  if (externalId === undefined) {
    throw new RequestError("invalid", "this hunt is for registered players", [
      { path: "externalId", code: "required", message: "needed to look the player up" },
    ]);
  }
  if (whenOriginDown === "refuse") {
    throw new RequestError("unavailable", "registered players cannot be looked up now");
  }
  return true;
}

/**
 * Chooses the shard of a new team: the region of the request, any of its
 * active shards. A team's name, and a joining key, pin the choice.
 */
async function placeTeam(
  c: Request$,
  entry: PublicEntry,
  name: string | undefined,
  joining: string,
  keyed: boolean,
): Promise<string> {
  const hunt = entry.hunt.hunt;
  const now = c.get("now");
  const index = hash53(keyed ? joining : crypto.randomUUID()) % entry.shardsPerRegion;
  let shard = shardName(regionOfRequest(c), index);
  const reserve = async (reserved: string) =>
    calling(async () =>
      c.env.NAMES.getByName(registryOf(hunt, reserved)).reserve(reserved, { shard, key: joining, at: now }),
    );
  if (keyed) shard = (await reserve(`key/${joining}`)).shard;
  if (name === undefined) return shard;
  const reserved = `name/${foldName(name)}`;
  const holder = await reserve(reserved);
  if (holder.key === joining) return holder.shard;
  const abandoned =
    now - holder.at > RESERVATION_MAX &&
    !(await calling(async () => shardStub(c.env, hunt, holder.shard).hasMade(holder.key, foldName(name))));
  if (abandoned) {
    await calling(async () =>
      c.env.NAMES.getByName(registryOf(hunt, reserved)).release(reserved, holder.key),
    );
    if ((await reserve(reserved)).key === joining) return shard;
  }
  throw new RequestError("conflict", "a team of this name exists already");
}

/** Gives a reserved team name back when its team was refused. */
async function releaseName(
  env: Env,
  hunt: string,
  shard: string,
  name: string,
  joining: string,
): Promise<void> {
  const folded = foldName(name);
  // A used key sent again with another body is refused, too: then its team bears the name.
  if (await calling(async () => shardStub(env, hunt, shard).hasMade(joining, folded))) return;
  const reserved = `name/${folded}`;
  await calling(async () => env.NAMES.getByName(registryOf(hunt, reserved)).release(reserved, joining));
}

/** The region nearest to the player, by the place Cloudflare saw the request come from. */
function regionOfRequest(c: Request$): Region {
  const { continent, longitude, country } =
    (c.req.raw as Request<unknown, IncomingRequestCfProperties>).cf ?? {};
  const east = Number(longitude ?? 0);
  switch (continent) {
    case "NA":
      return east < -100 ? "wnam" : "enam";
    case "SA":
      return "sam";
    case "EU":
      return east < 15 ? "weur" : "eeur";
    case "AF":
      return "afr";
    case "OC":
      return "oc";
    case "AS":
      return MIDDLE_EAST.has(country ?? "") ? "me" : "apac";
    default: {
      const given = configOf(c.env).DEFAULT_REGION;
      return REGIONS.find((region) => region === given) ?? "weur";
    }
  }
}

const MIDDLE_EAST = new Set("AE BH IL IQ IR JO KW LB OM PS QA SA SY TR YE".split(" "));

export function huntOf(c: Request$): string {
  const parsed = slug.safeParse(c.req.param("hunt"));
  if (!parsed.success) throw new RequestError("not_found", "no such hunt");
  return parsed.data;
}

/** The public half of the hunt; throws `not_found`. */
export async function huntEntry(env: Env, hunt: string, now: number): Promise<PublicEntry> {
  return accepted(await calling(() => publicHunt(env, hunt, now)));
}

/** The shard a team id names. A malformed id in a signed token is an organiser's mistake, not a player's. */
export function shardOf(team: string, code: "forbidden" | "not_found" = "forbidden"): { shard: string } {
  const place = parseTeamId(team);
  if (!place) throw new RequestError(code, code === "not_found" ? "no such team" : "the token names no team");
  return place;
}

async function playerOf(c: Request$) {
  const claims = await requirePlayer(c.env, c.req.header("authorization"), huntOf(c), c.get("now"));
  await limitPlayer(c.env, claims.player);
  return claims;
}

export const iso = (at: number): string => new Date(at).toISOString();
