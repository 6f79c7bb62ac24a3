/**
 * Placement by a hash, which gives the same shard again: for teams of an import, and
 * for joinings that an engine before idempotency keys were pinned may have placed. Where
 * other new teams go: src/placement. From then on a team's id says it (`ids.ts`).
 */
import { hash53 } from "../hash.ts";
import { REGIONS, type Region, shardName } from "./ids.ts";

/** One of the region's active shards; the same for the same `key`. */
export const hashedPlace = (region: Region, shardsPerRegion: number, key: string): string =>
  shardName(region, hash53(key) % shardsPerRegion);

/** The region of `DEFAULT_REGION`, for requests that come from none. */
export const defaultRegion = (given: string): Region => REGIONS.find((region) => region === given) ?? "weur";
