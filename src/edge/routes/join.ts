/** Joining a hunt: the player's body, a place for a new team, names and keys reserved, a token. */

import { configOf } from "../../config.ts";
import { accepted, RequestError } from "../../errors.ts";
import { hash53 } from "../../hash.ts";
import { foldName } from "../../hunt/admit.ts";
import { calling, registryStub, shardStub } from "../../objects/call.ts";
import type { PublicEntry } from "../../objects/control.ts";
import type { Env } from "../../objects/env.ts";
import { parseJoinCode, REGIONS, type Region, randomText, shardName } from "../../objects/ids.ts";
import { letIn, personOf, pin } from "../admission.ts";
import { signPlayerToken } from "../auth.ts";
import { BODY_MAX, check, readJson } from "../body.ts";
import { huntEntry, huntOf } from "../hunt.ts";
import type { Request$ } from "../openapi.ts";
import { joinBody } from "../schemas.ts";

/** A name reserved for longer than this without its team made may be taken over, ms. */
const RESERVATION_MAX = 30_000;

const DAY = 86_400_000;

/** Answers the joining: 201 with player, team and token. */
export async function joinHunt(c: Request$): Promise<Response> {
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
  const place = code === undefined ? undefined : parseJoinCode(code);
  if (code !== undefined && !place) throw new RequestError("not_found", "no team has this join code");

  const person = await personOf(c, entry, body.externalId);
  const somewhere = place?.shard ?? anyShard(c, entry, joining);
  // A code says where its team is: without a look-up, its key has nothing to pin.
  const { shard: pinned, admission } =
    key !== undefined && (person || !place)
      ? await pin(c, hunt, joining, somewhere, person)
      : { shard: somewhere, admission: letIn(person) };
  let shard = place?.shard ?? pinned;

  const locale = body.locale ?? admission.locale;
  const request = {
    key: joining,
    player: `p-${randomText(12).toLowerCase()}`,
    name: body.name,
    ...(body.externalId === undefined ? {} : { externalId: body.externalId }),
    ...(locale === undefined ? {} : { locale }),
    ...(admission.provisional ? { provisional: admission.provisional } : {}),
  };
  if (place) Object.assign(request, { joinCode: place.code });
  else {
    const name = create?.create ?? body.name;
    const bracket = create?.bracket ?? admission.bracket;
    if (!solo) shard = await reserveName(c, hunt, name, joining, shard);
    Object.assign(request, { create: { name, ...(bracket === undefined ? {} : { bracket }) } });
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

/** A place for a new team: the region of the request, any of its active shards; by chance, or by the joining key. */
function anyShard(c: Request$, entry: PublicEntry, joining: string): string {
  return shardName(regionOfRequest(c), hash53(joining) % entry.shardsPerRegion);
}

/** Reserves a team's name; who holds it already says where the team is. Throws `conflict` when another has it. */
async function reserveName(
  c: Request$,
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
    now - holder.at > RESERVATION_MAX &&
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
