/** Which shard a new team lives in. From then on its id says it (`ids.ts`). */
import { hash53 } from "../hash.ts";
import { REGIONS, type Region, shardName } from "./ids.ts";

/** One of the region's active shards; the same for the same `key`. */
export const placeFor = (region: Region, shardsPerRegion: number, key: string): string =>
  shardName(region, hash53(key) % shardsPerRegion);

/** The region of `DEFAULT_REGION`, for requests that come from none. */
export const defaultRegion = (given: string): Region => REGIONS.find((region) => region === given) ?? "weur";
