/** The Worker: exports the objects and handles requests and queue batches. */
import { makeApp } from "./edge/app.ts";
import type { Env } from "./objects/env.ts";
import { handleBatch } from "./queue/handler.ts";

export { HuntDirectory } from "./control/directory.ts";
export { NameRegistry } from "./control/names.ts";
export { HuntControl } from "./control/object.ts";
export { WebhookOutbox } from "./hooks/object.ts";
export { LiveBoard } from "./leaderboard/live-object.ts";
export { Leaderboard } from "./leaderboard/object.ts";
export { OriginGate } from "./origin/gate/object.ts";
export { PrizeVault } from "./prizes/object.ts";
export { DeadLetters } from "./queue/dead-letters-object.ts";
export { HuntShard } from "./shard/object.ts";
export { MetricsHub } from "./telemetry/object.ts";

const app = makeApp();

export default {
  fetch: app.fetch,
  queue: handleBatch,
} satisfies ExportedHandler<Env>;
