/** Which shard a new team lives in. From then on its id says it (`ids.ts`). */
import { hash53 } from "../hash.ts";
import { type Region, shardName } from "./ids.ts";

/** One of the region's active shards; the same for the same `key`. */
export const placeFor = (region: Region, shardsPerRegion: number, key: string): string =>
  shardName(region, hash53(key) % shardsPerRegion);
