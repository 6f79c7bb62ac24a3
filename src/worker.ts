/** The Worker: exports the objects and handles requests and queue batches. */
import type { HuntDirectory, NameRegistry } from "./control/directory.ts";
import type { HuntControl } from "./control/object.ts";
import { makeApp } from "./edge/app.ts";
import type { LiveBoard } from "./leaderboard/live-object.ts";
import type { Leaderboard } from "./leaderboard/object.ts";
import type { GateEnv } from "./origin/gate/object.ts";
import type { OriginBindings } from "./origin/open.ts";
import type { PrizeVault } from "./prizes/object.ts";
import type { DeadLetters } from "./queue/dead-letters-object.ts";
import { handleBatch } from "./queue/handler.ts";
import type { Secrets } from "./secrets.ts";
import type { HuntShard } from "./shard/object.ts";
import type { MeterEnv } from "./telemetry/flush.ts";

export { HuntDirectory, NameRegistry } from "./control/directory.ts";
export { HuntControl } from "./control/object.ts";
export { LiveBoard } from "./leaderboard/live-object.ts";
export { Leaderboard } from "./leaderboard/object.ts";
export { OriginGate } from "./origin/gate/object.ts";
export { PrizeVault } from "./prizes/object.ts";
export { DeadLetters } from "./queue/dead-letters-object.ts";
export { HuntShard } from "./shard/object.ts";
export { MetricsHub } from "./telemetry/object.ts";

export interface Env extends Secrets, GateEnv, OriginBindings, MeterEnv {
  SHARD: DurableObjectNamespace<HuntShard>;
  LEADERBOARD: DurableObjectNamespace<Leaderboard>;
  LIVE_BOARD: DurableObjectNamespace<LiveBoard>;
  CONTROL: DurableObjectNamespace<HuntControl>;
  NAMES: DurableObjectNamespace<NameRegistry>;
  DIRECTORY: DurableObjectNamespace<HuntDirectory>;
  PRIZES: DurableObjectNamespace<PrizeVault>;
  DEAD_LETTERS: DurableObjectNamespace<DeadLetters>;
  ASSETS: Fetcher;
  CACHE: KVNamespace;
  FACTS: Queue<string>;
  DEAD: Queue<string>;
  PLAYER_RATE: RateLimit;
  ADDRESS_RATE: RateLimit;
}

const app = makeApp();

export default {
  fetch: app.fetch,
  queue: handleBatch,
} satisfies ExportedHandler<Env>;
