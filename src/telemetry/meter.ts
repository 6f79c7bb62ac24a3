/** The meter of this isolate. */
import { Meter } from "./metrics.ts";

export const meter = new Meter();

/** Shards in buckets: as a label they stay few. */
const SHARD_BUCKETS = 16;

export function shardBucket(shard: string): string {
  let hash = 0;
  for (let index = 0; index < shard.length; index += 1) {
    hash = (Math.imul(hash, 31) + shard.charCodeAt(index)) | 0;
  }
  return String((hash >>> 0) % SHARD_BUCKETS);
}
