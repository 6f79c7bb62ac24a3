/** Joining a hunt: the player's body, a place for a new team, names and keys reserved, a token. */

import { z } from "zod";
import { isYoung } from "../../ahead.ts";
import { configOf } from "../../config.ts";
import { type JoinBody, type Joined, joinBody, joined } from "../../contract/join.ts";
import { accepted, RequestError } from "../../errors.ts";
import { foldName } from "../../hunt/admit.ts";
import { calling, registryStub, shardStub } from "../../objects/call.ts";
import type { PublicEntry } from "../../objects/control.ts";
import type { Env } from "../../objects/env.ts";
import { parseJoinCode, type Region, randomText } from "../../objects/ids.ts";
import { defaultRegion, placeFor } from "../../objects/placement.ts";
import type { ShardObject } from "../../objects/shard.ts";
import { type Admission, letIn, type Person, personOf, pin } from "../admission.ts";
import { signPlayerToken } from "../auth.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf } from "../hunt.ts";
import type { App, Asking } from "../request.ts";
import { newcomer } from "../roles.ts";

const idempotent = z.object({
  "idempotency-key": z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, "must be 1 to 128 printable characters")
    .meta({
      description: "The same key and body again find the same player",
      examples: ["0192f3c1-7c1e-7b3a-9d2f-0a6d7b8c9e10"],
    })
    .exactOptional(),
});

/** A name reserved for longer than this without its team made may be taken over, ms. */
const RESERVATION_MAX = 30_000;

const DAY = 86_400_000;

/** What a joining needs to know before it changes anything. */
interface Joining {
  hunt: string;
  entry: PublicEntry;
  now: number;
  body: JoinBody;
  /** Stands for this joining: a repeated request with the same one finds the same player. */
  key: string;
  /** The client chose it, and may send the request again. */
  repeatable: boolean;
  /** The team whose code was given; undefined: a new team is made. */
  place: { code: string; shard: string } | undefined;
  /** Undefined in a hunt that anyone may join. */
  person: Person | undefined;
}

export function joinRoutes(app: App): void {
  app.openapi(
    declared({
      method: "post",
      path: "/v1/hunts/{hunt}/players",
      summary: "Join: make a team, or join one by its code. Idempotency-Key is honoured",
      role: newcomer,
      headers: idempotent,
      json: joinBody,
      responses: { 201: { description: "Joined", schema: joined } },
      errors: ["forbidden", "conflict", "unavailable"],
    }),
    async (c) => {
      const key = c.req.valid("header")["idempotency-key"];
      const joining = await resolve(c, c.req.valid("json"), key);
      return c.json(await join(c, joining), 201);
    },
  );
}

/** Throws `invalid`, `not_found` or `forbidden` for a joining that cannot be. */
async function resolve(c: Asking, body: JoinBody, key: string | undefined): Promise<Joining> {
  const hunt = huntOf(c);
  const now = c.get("now");
  const entry = await huntEntry(c.env, hunt, now);
  const code = body.team && "join" in body.team ? body.team.join : undefined;
  if (isSolo(entry) && code !== undefined) {
    throw wrongTeam("this hunt is played alone: there is no team to join");
  }
  if (!isSolo(entry) && !body.team) {
    throw wrongTeam("this hunt is played in teams: create one, or join one by its code");
  }
  const place = code === undefined ? undefined : parseJoinCode(code);
  if (code !== undefined && !place) throw new RequestError("not_found", "no team has this join code");
  return {
    hunt,
    entry,
    now,
    body,
    key: key === undefined ? crypto.randomUUID() : `key-${key}`,
    repeatable: key !== undefined,
    place,
    person: await personOf(c, entry, body.externalId),
  };
}

async function join(c: Asking, joining: Joining): Promise<Joined> {
  const { hunt, entry, now, body, key, place, person } = joining;
  const somewhere = place?.shard ?? anyShard(c, entry, key);
  // A join code names its shard, so there is nothing to reserve under the idempotency key.
  const pins = joining.repeatable && (person !== undefined || !place);
  const pinned = pins
    ? await pin(c, hunt, key, somewhere, person)
    : { shard: somewhere, admission: letIn(person) };
  const { admission } = pinned;
  const team = place ? undefined : newTeamOf(body, admission);
  const named = team !== undefined && !isSolo(entry);
  const shard =
    place?.shard ?? (named ? await reserveName(c, hunt, team.name, key, pinned.shard) : pinned.shard);

  const request = joinRequestOf(body, key, admission, place, team);
  const outcome = await calling(async () => shardStub(c.env, hunt, shard).join(request));
  if ("refused" in outcome && named) await releaseName(c.env, hunt, shard, team.name, key);
  const { player, team: made } = accepted(outcome);

  const end = entry.hunt.closes ?? now + configOf(c.env).PLAYER_TOKEN_DAYS * DAY;
  const claims = { hunt, team: made.id, player: player.id };
  const token = await signPlayerToken(c.env, claims, now, Math.max(end, now) + DAY);
  return { player, team: made, token };
}

const isSolo = ({ hunt }: PublicEntry): boolean => hunt.teams.mode === "solo";

interface NewTeam {
  name: string;
  bracket?: string;
}

/** A player that plays alone is a team of its own name. */
function newTeamOf({ name, team }: JoinBody, admission: Admission): NewTeam {
  const asked = team && "create" in team ? team : undefined;
  const bracket = asked?.bracket ?? admission.bracket;
  return { name: asked?.create ?? name, ...(bracket === undefined ? {} : { bracket }) };
}

function joinRequestOf(
  { name, externalId, locale }: JoinBody,
  key: string,
  admission: Admission,
  place: Joining["place"],
  team: NewTeam | undefined,
): Parameters<ShardObject["join"]>[0] {
  const spoken = locale ?? admission.locale;
  return {
    key,
    player: `p-${randomText(12).toLowerCase()}`,
    name,
    ...(externalId === undefined ? {} : { externalId }),
    ...(spoken === undefined ? {} : { locale: spoken }),
    ...(admission.provisional ? { provisional: admission.provisional } : {}),
    ...(place ? { joinCode: place.code } : {}),
    ...(team ? { create: team } : {}),
  };
}

function wrongTeam(message: string): RequestError {
  return new RequestError("invalid", "the content does not have the right form", [
    { path: "team", code: "invalid_team", message },
  ]);
}

/** A place for a new team: the region of the request, any of its active shards; by chance, or by the joining key. */
function anyShard(c: Asking, entry: PublicEntry, joining: string): string {
  return placeFor(regionOfRequest(c), entry.shardsPerRegion, joining);
}

/** Reserves a team's name; who holds it already says where the team is. Throws `conflict` when another has it. */
async function reserveName(
  c: Asking,
  hunt: string,
  name: string,
  joining: string,
  shard: string,
): Promise<string> {
  const now = c.get("now");
  const reserved = `name/${foldName(name)}`;
  const registry = () => registryStub(c.env, hunt, reserved);
  const reserve = () => calling(async () => registry().reserve(reserved, { shard, key: joining, at: now }));
  const holder = await reserve();
  if (holder.key === joining) return holder.shard;
  const abandoned =
    !isYoung(holder.at, now, RESERVATION_MAX) &&
    !(await calling(async () => shardStub(c.env, hunt, holder.shard).hasMade(holder.key, foldName(name))));
  if (abandoned) {
    await calling(async () => registry().release(reserved, holder.key));
    if ((await reserve()).key === joining) return shard;
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
  await calling(async () => registryStub(env, hunt, reserved).release(reserved, joining));
}

/** The region nearest to the player, by the place Cloudflare saw the request come from. */
function regionOfRequest(c: Asking): Region {
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
    default:
      return defaultRegion(configOf(c.env).DEFAULT_REGION);
  }
}

const MIDDLE_EAST = new Set("AE BH IL IQ IR JO KW LB OM PS QA SA SY TR YE".split(" "));
