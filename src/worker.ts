/** The Worker: exports the objects and handles requests and queue batches. */
import type { HuntDirectory, NameRegistry } from "./control/directory.ts";
import type { HuntControl } from "./control/object.ts";
import { makeApp } from "./edge/app.ts";
import type { Leaderboard } from "./leaderboard/object.ts";
import { D1Origin } from "./origin/d1.ts";
import { consume } from "./queue/consumer.ts";
import type { Secrets } from "./secrets.ts";
import type { HuntShard } from "./shard/object.ts";
import { objectName } from "./shard/routing.ts";

export { HuntDirectory, NameRegistry } from "./control/directory.ts";
export { HuntControl } from "./control/object.ts";
export { Leaderboard } from "./leaderboard/object.ts";
export { HuntShard } from "./shard/object.ts";

export interface Env extends Secrets {
  SHARD: DurableObjectNamespace<HuntShard>;
  LEADERBOARD: DurableObjectNamespace<Leaderboard>;
  CONTROL: DurableObjectNamespace<HuntControl>;
  NAMES: DurableObjectNamespace<NameRegistry>;
  DIRECTORY: DurableObjectNamespace<HuntDirectory>;
  CACHE: KVNamespace;
  FACTS: Queue<string>;
  ORIGIN_DB: D1Database;
  PLAYER_RATE: RateLimit;
  ADDRESS_RATE: RateLimit;
}

const app = makeApp();

export default {
  fetch: app.fetch,
  queue(batch, env) {
    return consume(batch, {
      origin: new D1Origin(env.ORIGIN_DB),
      archived: async (hunt, shard, ranges) => {
        await env.SHARD.getByName(objectName(hunt, shard)).archived(ranges);
      },
    });
  },
} satisfies ExportedHandler<Env>;
