/**
 * Where a new team goes: the region of the request, and there the less loaded of two
 * shards drawn at random (src/placement). The choice is by chance, so that a
 * joining sent again finds its first shard by what the first try reserved:
 * its idempotency key is pinned with the shard, its team name is held with it.
 */

import { BoundedMap } from "../bounded-map.ts";
import { shardLoads } from "../cache/kv.ts";
import { configOf } from "../config.ts";
import { type Refusal, RequestError } from "../errors.ts";
import type { PublicEntry } from "../objects/control.ts";
import { type Region, shardName } from "../objects/ids.ts";
import { defaultRegion, hashedPlace } from "../objects/placement.ts";
import { placeTeam } from "../placement/place.ts";
import { PlacedSince } from "../placement/since.ts";
import { meter } from "../telemetry/meter.ts";
import type { Repeatable } from "./idempotency.ts";
import type { Asking } from "./request.ts";

/** Hunts of which an isolate knows what it placed. */
const HUNTS_MAX = 1_000;

/** Shards of all hunts that refused this isolate a team. */
const REFUSALS_MAX = 10_000;

/** A shard that refused a team gets none from this isolate for so long, ms. */
const REFUSED_FOR = 10_000;

const placedSince = new BoundedMap<string, PlacedSince>(HUNTS_MAX);

/** When each shard last refused, by hunt and shard; epoch ms. */
const refusals = new BoundedMap<string, number>(REFUSALS_MAX);

/** A shard chosen for a new team. */
export interface Place {
  shard: string;
  /** The team was not made there, by this joining. */
  undo(): void;
}

/** Chooses a shard. No object is asked. */
export async function chooseShard(
  c: Asking,
  entry: PublicEntry,
  repeat: Repeatable | undefined,
): Promise<Place> {
  const { hunt, shardsPerRegion, begun } = entry;
  const region = regionOfRequest(c);
  if (begun === undefined && repeat) {
    // An engine before keys were pinned placed by a hash of the key: where it made a team is where a repeat finds it.
    return { shard: hashedPlace(region, shardsPerRegion, repeat.olderKey), undo: () => undefined };
  }
  const now = c.get("now");
  const figures = await shardLoads(c.env, entry, now);
  const since = placedSince.get(hunt.hunt) ?? placedSince.set(hunt.hunt, new PlacedSince());
  const shards = Array.from({ length: shardsPerRegion }, (_, index) => shardName(region, index));
  const placed = since.since(figures?.at);
  const refuses = (shard: string): boolean => hasRefused(hunt.hunt, shard, now);
  const { shard, by } = placeTeam(shards, { figures, placed, refuses, now }, Math.random);
  meter.add("hunt_placements_total", 1, by);
  since.add(shard, now);
  let isUndone = false;
  return {
    shard,
    undo() {
      if (!isUndone) since.remove(shard);
      isUndone = true;
    },
  };
}

/** Makes a team on the shard; when that refuses it for overload, it gets no more of them for a while. */
export async function notingRefusals<Made extends object>(
  hunt: string,
  shard: string,
  now: number,
  make: () => Promise<Made | Refusal>,
): Promise<Made | Refusal> {
  const note = (): void => void refusals.set(`${hunt}/${shard}`, now);
  try {
    const made = await make();
    if ("refused" in made && made.refused === "overloaded") note();
    return made;
  } catch (error) {
    if (error instanceof RequestError && error.code === "overloaded") note();
    throw error;
  }
}

function hasRefused(hunt: string, shard: string, now: number): boolean {
  const at = refusals.get(`${hunt}/${shard}`);
  return at !== undefined && Math.abs(now - at) < REFUSED_FOR;
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
