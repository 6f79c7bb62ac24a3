/** The bindings of the Worker and of every object (wrangler.toml), by the interfaces of this folder. */
import type { Secrets } from "../secrets.ts";
import type { ControlObject } from "./control.ts";
import type { DeadLettersObject } from "./dead-letters.ts";
import type { LeaderboardObject, LiveBoardObject } from "./leaderboard.ts";
import type { MetricsHubObject } from "./metrics.ts";
import type { HuntDirectoryObject, NameRegistryObject } from "./names.ts";
import type { PrizeVaultObject } from "./prizes.ts";
import type { ShardObject } from "./shard.ts";
import type { WebhookOutboxObject } from "./webhooks.ts";

export interface Env extends Secrets {
  /** Of Cloudflare Turnstile, for hunts with `check: turnstile`. */
  TURNSTILE_SECRET?: string;
  /** Of the console at OIDC_ISSUER, where the issuer asks for one. */
  OIDC_CLIENT_SECRET?: string;
  SHARD: DurableObjectNamespace<ShardObject>;
  LEADERBOARD: DurableObjectNamespace<LeaderboardObject>;
  LIVE_BOARD: DurableObjectNamespace<LiveBoardObject>;
  CONTROL: DurableObjectNamespace<ControlObject>;
  NAMES: DurableObjectNamespace<NameRegistryObject>;
  DIRECTORY: DurableObjectNamespace<HuntDirectoryObject>;
  PRIZES: DurableObjectNamespace<PrizeVaultObject>;
  DEAD_LETTERS: DurableObjectNamespace<DeadLettersObject>;
  METRICS: DurableObjectNamespace<MetricsHubObject>;
  WEBHOOKS: DurableObjectNamespace<WebhookOutboxObject>;
  /** A network that reaches public addresses alone, where the engine runs beside others (the local one). */
  WEBHOOK_NET?: Fetcher;
  /** Asked over itty-durable's proxy: `gateOf` (gate.ts). */
  GATE: DurableObjectNamespace;
  /** The pages of src/web. */
  ASSETS: Fetcher;
  CACHE: KVNamespace;
  /** The files of hunts (src/assets). */
  ASSETS_BUCKET: R2Bucket;
  FACTS: Queue<string>;
  DEAD: Queue<string>;
  PUSH: Queue<string>;
  PLAYER_RATE: RateLimit;
  ADDRESS_RATE: RateLimit;
  JOIN_PLACE_RATE: RateLimit;
  WRONG_PLACE_RATE: RateLimit;
  RETURN_PLACE_RATE: RateLimit;
  ORIGIN_DB: D1Database;
  /** With ORIGIN = "postgres". */
  ORIGIN_POSTGRES?: Hyperdrive;
}
