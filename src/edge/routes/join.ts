/** Joining a hunt: the player's body, a place for a new team, names and keys reserved, a token. */

import { z } from "zod";
import { isYoung } from "../../ahead.ts";
import { knownShards } from "../../cache/kv.ts";
import { configOf } from "../../config.ts";
import { type JoinBody, type Joined, joinBody, joined } from "../../contract/join.ts";
import { accepted, RequestError } from "../../errors.ts";
import { foldName } from "../../hunt/admit.ts";
import { calling, registryStub, shardStub } from "../../objects/call.ts";
import { readJoinCode } from "../../objects/check-part.ts";
import type { PublicEntry } from "../../objects/control.ts";
import type { Env } from "../../objects/env.ts";
import { type JoinCode, type Region, randomText } from "../../objects/ids.ts";
import { defaultRegion, placeFor } from "../../objects/placement.ts";
import type { Joined as ShardJoined, Joining as ShardJoining } from "../../objects/shard.ts";
import { type Admission, letIn, type Person, personOf, pin } from "../admission.ts";
import { signPlayerToken } from "../auth.ts";
import { declared } from "../declare.ts";
import { huntEntry, huntOf } from "../hunt.ts";
import { type Repeatable, repeatable } from "../idempotency.ts";
import type { App, Asking } from "../request.ts";
import { newcomer } from "../roles.ts";

const idempotent = z.object({
  "idempotency-key": z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, "must be 1 to 128 printable characters")
    .meta({
      description:
        "The same key and body again find the same player, for a day; anything else under it is a conflict",
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
  /** The client may send the request again; undefined: it gave no key for that. */
  repeat: Repeatable | undefined;
  /** The teams that the given code can mean, the likeliest first; undefined: a new team is made. */
  places: readonly JoinCode[] | undefined;
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
      personal: true,
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
  const places = code === undefined ? undefined : await placesOf(c, hunt, code);
  if (places?.length === 0) throw noSuchCode();
  return {
    hunt,
    entry,
    now,
    body,
    repeat: key === undefined ? undefined : repeatable(c.env, c.req.raw, hunt, key, body),
    places,
    person: await personOf(c, entry, body.externalId),
  };
}

/**
 * The teams that a code can mean. Its check part proves that the engine made
 * it; one of an older engine, or a guess, must name a shard that takes part:
 * no other is asked, because to ask a shard is to make it.
 */
async function placesOf(c: Asking, hunt: string, code: string): Promise<readonly JoinCode[]> {
  const read = readJoinCode(c.env, hunt, code);
  if ("own" in read) return [read.own];
  if (read.older.length === 0) return [];
  const shards = await knownShards(c.env, hunt, c.get("now"));
  return read.older.filter(({ shard }) => shards.includes(shard));
}

const noSuchCode = (): RequestError => new RequestError("not_found", "no team has this join code");

async function join(c: Asking, joining: Joining): Promise<Joined> {
  const { hunt, entry, now, body, repeat, places, person } = joining;
  const unique = crypto.randomUUID();
  // An older engine placed by its key: where it made a team is where a repeat finds it.
  const somewhere = places?.[0]?.shard ?? anyShard(c, entry, repeat?.olderKey ?? unique);
  const pinned = repeat
    ? await pin(c, hunt, repeat, somewhere, person)
    : { shard: somewhere, joining: unique, admission: letIn(person) };
  const { admission } = pinned;
  const keys = { key: pinned.joining, ...(repeat ? { olderKey: repeat.olderKey } : {}) };
  const { player, team } = places
    ? await joinTeam(c.env, hunt, places, joinRequestOf(body, keys, admission))
    : await makeTeam(c, joining, newTeamOf(body, admission), keys, pinned);

  const end = entry.hunt.closes ?? now + configOf(c.env).PLAYER_TOKEN_DAYS * DAY;
  const claims = { hunt, team: team.id, player: player.id };
  const token = await signPlayerToken(c.env, claims, now, Math.max(end, now) + DAY);
  return { player, team, token };
}

/** Joins the first of these teams that there is. */
async function joinTeam(
  env: Env,
  hunt: string,
  places: readonly JoinCode[],
  request: ShardJoining,
): Promise<ShardJoined> {
  for (const { shard, code } of places) {
    const outcome = await calling(async () =>
      shardStub(env, hunt, shard).join({ ...request, joinCode: code }),
    );
    if (!("refused" in outcome) || outcome.refused !== "not_found") return accepted(outcome);
  }
  throw noSuchCode();
}

async function makeTeam(
  c: Asking,
  { hunt, entry, body }: Joining,
  create: NewTeam,
  keys: Keys,
  { shard: placed, admission }: { shard: string; admission: Admission },
): Promise<ShardJoined> {
  const named = !isSolo(entry);
  const shard = named ? await reserveName(c, hunt, create.name, keys, placed) : placed;
  const request = { ...joinRequestOf(body, keys, admission), create };
  const outcome = await calling(async () => shardStub(c.env, hunt, shard).join(request));
  if ("refused" in outcome && named) await releaseName(c.env, hunt, shard, create.name, keys);
  return accepted(outcome);
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

/** Under which a shard finds the joining again, also one that an older engine recorded. */
type Keys = Pick<ShardJoining, "key" | "olderKey">;

function joinRequestOf(
  { name, externalId, locale }: JoinBody,
  keys: Keys,
  admission: Admission,
): Omit<ShardJoining, "joinCode" | "create"> {
  const spoken = locale ?? admission.locale;
  return {
    ...keys,
    player: `p-${randomText(12).toLowerCase()}`,
    name,
    ...(externalId === undefined ? {} : { externalId }),
    ...(spoken === undefined ? {} : { locale: spoken }),
    ...(admission.provisional ? { provisional: admission.provisional } : {}),
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
  { key, olderKey }: Keys,
  shard: string,
): Promise<string> {
  const now = c.get("now");
  const reserved = `name/${foldName(name)}`;
  const registry = () => registryStub(c.env, hunt, reserved);
  const reserve = () => calling(async () => registry().reserve(reserved, { shard, key, at: now }));
  const holder = await reserve();
  if (holder.key === key || holder.key === olderKey) return holder.shard;
  const abandoned =
    !isYoung(holder.at, now, RESERVATION_MAX) &&
    !(await calling(async () => shardStub(c.env, hunt, holder.shard).hasMade(holder.key, foldName(name))));
  if (abandoned) {
    await calling(async () => registry().release(reserved, holder.key));
    if ((await reserve()).key === key) return shard;
  }
  throw new RequestError("conflict", "a team of this name exists already");
}

/** Gives a reserved team name back when its team was refused. */
async function releaseName(
  env: Env,
  hunt: string,
  shard: string,
  name: string,
  { key }: Keys,
): Promise<void> {
  const folded = foldName(name);
  // A used key sent again with another body is refused, too: then its team bears the name.
  if (await calling(async () => shardStub(env, hunt, shard).hasMade(key, folded))) return;
  const reserved = `name/${folded}`;
  await calling(async () => registryStub(env, hunt, reserved).release(reserved, key));
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
